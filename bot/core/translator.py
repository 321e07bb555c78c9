"""Names and descriptions of commands in other languages: config/messages/<language>/commands.yaml.

English is what the code says. A key is the command's name with dots, then what of it is meant, as in
`summary.now.description` or `summary.channel.options.hours.name`.
"""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.texts import FOLDER, SOURCE, catalogue

_NAMES = (Location.command_name, Location.group_name, Location.parameter_name)


class CatalogueTranslator(app_commands.Translator):
    """Looks the words up in the catalogue; what a language lacks stays English."""

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
        return catalogue(language).get(f"commands.{key}") if key else None


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
        return f"{option.command.qualified_name.replace(' ', '.')}.options.{option.name}.{what}"
    if context.location in (Location.choice_name, Location.other):
        return ""
    return f"{context.data.qualified_name.replace(' ', '.')}.{what}"
