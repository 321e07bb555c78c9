"""A plugin's own texts: messages.yaml in its folder, other languages in messages.<language>.yaml."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from bot.domain.yaml_text import load_yaml
from bot.plugin_api.errors import BotError
from bot.texts import SOURCE, fill, placeholders, spoken

_FILE, _TRANSLATED = "messages.yaml", "messages.{language}.yaml"


class WordingError(BotError):
    """A file of texts is wrong; the text says what to change."""


class Wording:
    """The texts of one plugin."""

    def __init__(self, folder: Path) -> None:
        """Read them.

        Raises:
            WordingError: a file is no mapping of texts, or a translation has what English hasn't.
        """
        self._texts = {SOURCE: _read(folder / _FILE)}
        known = self._texts[SOURCE]
        language = spoken()
        if language == SOURCE:
            return
        name = _TRANSLATED.format(language=language)
        translated = self._texts[language] = _read(folder / name)
        for key, template in translated.items():
            if key not in known:
                raise WordingError(f"{name}: there is no text {key!r} in {_FILE}; remove it")
            unknown = placeholders(template) - placeholders(known[key])
            if unknown:
                raise WordingError(f"{name}: {key} knows no {{{min(unknown)}}}")

    def of(self, key: str, values: Mapping[str, object]) -> str:
        """Return a text in the bot's language, else in English.

        Raises:
            KeyError: there is none, or a placeholder has no value.
        """
        template = self._texts.get(spoken(), {}).get(key)
        return fill(self._texts[SOURCE][key] if template is None else template, values)


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        content = load_yaml(path.read_text("utf-8")) or {}
    except OSError as error:
        raise WordingError(f"{path.name} can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise WordingError(f"{path.name} is not valid YAML in UTF-8: {error}") from None
    if not isinstance(content, dict) or not all(
        isinstance(key, str) and isinstance(each, str) for key, each in content.items()
    ):
        raise WordingError(f"{path.name} must be a mapping of texts, such as `title: Welcome`")
    return {key: template.strip() for key, template in content.items()}
