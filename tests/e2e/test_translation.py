"""Commands in another language, as Discord gets them."""

from pathlib import Path
from typing import Any

import pytest

from bot import texts
from bot.core import translator
from sandbox import Sandbox
from tests.e2e.conftest import BotFactory

GERMAN = """
help.name: "hilfe"
help.description: "Zeigt, was du hier mit mir tun kannst."
help.options.command.name: "befehl"
audit.recent.name: "neueste"
Why.did.you.do.that?.name: "Warum hast du das getan?"
halp.name: "hilfe"
status.name: "Zustand!"
"""


async def test_discord_gets_the_words_of_a_language_and_the_log_its_mistakes(
    discord: Sandbox, running_bot: BotFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").symlink_to(texts.FOLDER / "en")
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "commands.yaml").write_text(GERMAN, "utf-8")
    for module in (texts, translator):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    async with running_bot(discord) as bot:
        await bot.until("the commands", lambda: discord.app.commands)
        told: dict[str, Any] = {each["name"]: each for each in discord.app.commands[None].values()}
        assert bot.log.said("no command or option is called 'halp.name'; it stays English")
        assert bot.log.said("Discord doesn't take status.name: 'Zustand!'; it stays English")
    shown = told["help"]
    assert shown["name_localizations"] == {"de": "hilfe"}
    assert shown["description_localizations"] == {"de": "Zeigt, was du hier mit mir tun kannst."}
    assert shown["options"][0]["name_localizations"] == {"de": "befehl"}
    [recent] = [each for each in told["audit"]["options"] if each["name"] == "recent"]
    assert recent["name_localizations"] == {"de": "neueste"}
    assert told["Why did you do that?"]["name_localizations"] == {"de": "Warum hast du das getan?"}
    assert not told["status"]["name_localizations"]
