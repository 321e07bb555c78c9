"""Names and descriptions of commands in other languages: config/messages/<language>/commands.yaml.

English is what the code says. A key is the command's name with dots, then what of it is meant, as in
`summary.now.description` or `summary.channel.options.hours.name`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location
from loguru import logger

from bot.texts import FOLDER, SOURCE, catalogue

_NAMES = (Location.command_name, Location.group_name, Location.parameter_name)
_TOPIC: Final = "commands."
_TYPED: Final = re.compile(r"[-_'\w]{1,32}")  # Discord's rule for what people type
MENU_NAME: Final = 32  # characters
DESCRIPTION: Final = 100  # characters


class CatalogueTranslator(app_commands.Translator):
    """Looks the words up in the catalogue; what a language lacks, or Discord wouldn't take, stays English."""

    def __init__(self) -> None:
        """See which languages there are; there may be none."""
        found = {locale: language_of(locale) for locale in discord.Locale}
        self.languages = {locale: language for locale, language in found.items() if language is not None}

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: Any
    ) -> str | None:
        """Return the words in a language, None where there are none."""
        language = self.languages.get(locale)  # discord.py asks for every word in each of its languages
        if language is None:
            return None
        key = key_of(context)
        words = catalogue(language).get(f"{_TOPIC}{key}")
        is_menu = isinstance(context.data, app_commands.ContextMenu)
        return words if words is not None and fits(key, words, is_menu=is_menu) else None


def language_of(locale: discord.Locale) -> str | None:
    """Return the folder of a language of Discord's: the very one, else that of the language alone."""
    for name in (locale.value, locale.value.partition("-")[0]):
        if name != SOURCE and (FOLDER / name / "commands.yaml").is_file():
            return name
    return None


def key_of(context: Any) -> str:
    """Return the key of what is translated, "" for what isn't in the catalogue."""
    what = "name" if context.location in _NAMES else "description"
    if context.location in (Location.parameter_name, Location.parameter_description):
        option: app_commands.Parameter = context.data
        return f"{_dotted(option.command)}.options.{option.name}.{what}"
    if context.location in (Location.choice_name, Location.other):
        return ""
    return f"{_dotted(context.data)}.{what}"


def fits(key: str, words: str, *, is_menu: bool) -> bool:
    """Whether Discord takes the words: one that it doesn't would have it refuse every command."""
    if key.endswith(".description"):
        return 0 < len(words) <= DESCRIPTION
    if is_menu:
        return 0 < len(words) <= MENU_NAME
    return bool(_TYPED.fullmatch(words)) and words == words.lower()


def mistakes(tree: app_commands.CommandTree[Any]) -> Iterator[str]:
    """Yield what is wrong with the translations that are there, in words for whoever runs the bot."""
    known = dict(_known(tree))
    for path in sorted(FOLDER.glob("*/commands.yaml")):
        language = path.parent.name
        where = f"config/messages/{language}/commands.yaml"
        for name, words in catalogue(language).items():
            key = name.removeprefix(_TOPIC)
            if key == name:
                continue
            if key not in known:
                yield f"{where}: no command or option is called {key!r}"
            elif not fits(key, words, is_menu=known[key]):
                yield f"{where}: Discord doesn't take {key}: {words!r}"


def warn_of_mistakes(tree: app_commands.CommandTree[Any]) -> None:
    """Log them: a plugin that isn't loaded now may be meant, so nothing stops for it."""
    for mistake in mistakes(tree):
        logger.warning("{}; it stays English", mistake)


def _known(tree: app_commands.CommandTree[Any]) -> Iterator[tuple[str, bool]]:
    """Yield every key there can be, with whether it is a menu's."""
    for command in tree.walk_commands():
        base = _dotted(command)
        yield from ((f"{base}.{what}", False) for what in ("name", "description"))
        for option in command.parameters if isinstance(command, app_commands.Command) else ():
            yield from ((f"{base}.options.{option.name}.{what}", False) for what in ("name", "description"))
    for kind in (discord.AppCommandType.message, discord.AppCommandType.user):
        yield from ((f"{_dotted(menu)}.name", True) for menu in tree.walk_commands(type=kind))


def _dotted(command: Any) -> str:
    return str(command.qualified_name).replace(" ", ".")
