"""How an owner writes languages."""

import pytest

from bot.domain.errors import UserFacingError
from bot.domain.languages import (
    LANGUAGES,
    MAX_CHOICES,
    describe_languages,
    parse_languages,
    suggest_languages,
)
from bot.nlp import language


def test_every_language_that_is_recognised_can_be_enabled_and_no_other() -> None:
    scripts = {code for *_, code in language._SCRIPTS} - {"cyrillic", "arabic"} | {"ar", "ru"}
    several = {*language._STOP_WORDS, *language._CYRILLIC_LETTERS, *language._ARABIC_LETTERS}
    assert set(LANGUAGES) == (scripts | several) - {"en"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", set()),
        ("de", {"de"}),
        ("German, fr;ITALIAN,", {"de", "fr", "it"}),
        ("English, en, und", set()),
        ("de, all", {"all"}),
    ],
)
def test_names_and_codes_are_understood(text: str, codes: set[str]) -> None:
    assert parse_languages(text) == codes


def test_an_unknown_one_is_named() -> None:
    with pytest.raises(UserFacingError, match=r"the language 'x{40}'"):
        parse_languages(f"de, {'x' * 200}")


def test_choices_are_told_in_words() -> None:
    assert describe_languages(frozenset()) == "English"
    assert describe_languages(frozenset({"fr", "de"})) == "English, French, German"
    assert describe_languages(frozenset({"all"})) == "every language"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("it", ["it"]),
        ("fr, ger", ["fr, de"]),
        ("al", ["all"]),
        ("fr, al", []),
        ("zz", []),
    ],
)
def test_the_last_of_the_list_is_completed(text: str, values: list[str]) -> None:
    assert [value for _, value in suggest_languages(text)] == values


def test_no_more_is_suggested_than_discord_shows() -> None:
    assert len(suggest_languages("")) == MAX_CHOICES
    assert all(len(name) <= 100 for name, _ in suggest_languages("German, " * 12))
