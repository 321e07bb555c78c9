"""Commands in another language, made here."""

from pathlib import Path
from typing import Any

import discord
import pytest

from bot import texts
from bot.core import translator as module
from bot.core.client import Bot
from bot.core.translator import CatalogueTranslator

WORDS = """
summary.description: "Was gesagt wurde."
summary.now.name: "jetzt"
summary.now.description: "Fasst die letzten 24 Stunden zusammen."
summary.channel.options.hours.description: "Wie weit zurück"
Catch.me.up.from.here.name: "Ab hier zusammenfassen"
"""


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "commands.yaml").write_text(WORDS, "utf-8")
    for each in (texts, module):
        monkeypatch.setattr(each, "FOLDER", tmp_path)
    texts.catalogue.cache_clear()


@pytest.mark.usefixtures("german")
async def test_commands_are_told_in_the_languages_there_are(bot: Bot) -> None:
    translator = bot.tree.translator
    assert isinstance(translator, CatalogueTranslator)
    assert translator.languages == {discord.Locale.german: "de"}


async def test_where_all_is_english_no_word_is_asked_for(bot: Bot) -> None:
    assert bot.tree.translator is None  # else discord.py asks for each word in all it knows


@pytest.mark.usefixtures("german")
async def test_what_the_catalogue_has_is_told_and_the_rest_stays_english(bot: Bot) -> None:
    try:
        translator = CatalogueTranslator()
        told: dict[str, Any] = {
            each.name: await each.get_translated_payload(bot.tree, translator)
            for each in bot.tree.get_commands()
        }
    finally:
        texts.catalogue.cache_clear()
    summary = told["summary"]
    assert summary["description_localizations"] == {"de": "Was gesagt wurde."}
    options = {each["name"]: each for each in summary["options"]}
    assert options["now"]["name_localizations"] == {"de": "jetzt"}
    [hours] = [each for each in options["channel"]["options"] if each["name"] == "hours"]
    assert hours["description_localizations"] == {"de": "Wie weit zurück"}
    assert not options["week"].get("name_localizations")
    assert told["Catch me up from here"]["name_localizations"] == {"de": "Ab hier zusammenfassen"}
    assert not told["status"].get("description_localizations")
