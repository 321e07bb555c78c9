"""Commands in another language, made here."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import texts
from bot.core import translator as module
from bot.core.client import Bot
from bot.core.translator import CatalogueTranslator, mistakes

WORDS = """
summary.description: "Was gesagt wurde."
summary.now.name: "jetzt"
summary.now.description: "Fasst die letzten 24 Stunden zusammen."
summary.channel.options.hours.description: "Wie weit zurück"
Catch.me.up.from.here.name: "Ab hier zusammenfassen"
"""


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Writes the commands' file of a language."""
    (tmp_path / "de").mkdir()
    for each in (texts, module):
        monkeypatch.setattr(each, "FOLDER", tmp_path)

    def write(words: str) -> None:
        (tmp_path / "de" / "commands.yaml").write_text(words, "utf-8")
        texts.catalogue.cache_clear()

    write(WORDS)
    yield write
    texts.catalogue.cache_clear()


@pytest.mark.usefixtures("german")
async def test_commands_are_told_in_the_languages_there_are(bot: Bot) -> None:
    translator = bot.tree.translator
    assert isinstance(translator, CatalogueTranslator)
    assert translator.languages == {discord.Locale.german: "de"}


async def test_where_all_is_english_no_word_is_asked_for(bot: Bot) -> None:
    assert bot.tree.translator is None  # else discord.py asks for each word in all it knows


async def payloads(bot: Bot) -> dict[str, Any]:
    translator = CatalogueTranslator()
    return {
        each.name: await each.get_translated_payload(bot.tree, translator) for each in bot.tree.get_commands()
    }


def test_the_translations_that_come_with_the_bot_name_what_there_is(bot: Bot) -> None:
    assert list(mistakes(bot.tree)) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('summary.nou.name: "jetzt"', "no command or option is called 'summary.nou.name'"),
        ('summary.channel.options.hour.name: "h"', "is called 'summary.channel.options.hour.name'"),
        ('summary.now.title: "jetzt"', "is called 'summary.now.title'"),
        ('summary.now.name: "Jetzt"', "Discord doesn't take summary.now.name: 'Jetzt'"),
        ('summary.now.name: "jetzt gleich"', "doesn't take summary.now.name"),
        (f'summary.now.description: "{"x" * 101}"', "doesn't take summary.now.description"),
        (f'Catch.me.up.from.here.name: "{"x" * 33}"', "doesn't take Catch.me.up.from.here.name"),
    ],
    ids=["command", "option", "what", "capital", "space", "description", "menu"],
)
async def test_a_mistake_is_named_and_stays_english(
    bot: Bot, german: Callable[[str], None], line: str, told: str
) -> None:
    german(f'summary.description: "Was gesagt wurde."\n{line}')
    [mistake] = mistakes(bot.tree)
    assert mistake.startswith("config/messages/de/commands.yaml: ")
    assert told in mistake
    summary = (await payloads(bot))["summary"]
    assert summary["description_localizations"] == {"de": "Was gesagt wurde."}
    [now] = [each for each in summary["options"] if each["name"] == "now"]
    assert not now.get("name_localizations")
    assert not now.get("description_localizations")


@pytest.mark.usefixtures("german")
async def test_what_the_catalogue_has_is_told_and_the_rest_stays_english(bot: Bot) -> None:
    assert list(mistakes(bot.tree)) == []
    told = await payloads(bot)
    summary = told["summary"]
    assert summary["description_localizations"] == {"de": "Was gesagt wurde."}
    options = {each["name"]: each for each in summary["options"]}
    assert options["now"]["name_localizations"] == {"de": "jetzt"}
    [hours] = [each for each in options["channel"]["options"] if each["name"] == "hours"]
    assert hours["description_localizations"] == {"de": "Wie weit zurück"}
    assert not options["week"].get("name_localizations")
    assert told["Catch me up from here"]["name_localizations"] == {"de": "Ab hier zusammenfassen"}
    assert not told["status"].get("description_localizations")
