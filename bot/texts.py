"""What people read of the bot, from one catalogue: config/messages/<language>/<topic>.yaml.

A text is named by its topic and key, as in `privacy.opted_out`. Another language is a folder beside `en`;
what it lacks is told in English.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from bot.domain.errors import StartupError
from bot.domain.yaml_text import load_yaml

FOLDER = Path(__file__).resolve().parent.parent / "config" / "messages"
SOURCE = "en"  # the language every text exists in
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_language = SOURCE


def text(key: str, /, **values: object) -> str:
    """Return a text with its placeholders filled. Values are shown as they are: escape what members wrote.

    Raises:
        KeyError: no such text, or a placeholder without its value.
    """
    template = catalogue(_language).get(key)
    if template is None:
        template = catalogue(SOURCE)[key]
    return fill(template, values)


def counted(number: int, thing: str) -> str:
    """Return such as "1 entry" or "2 entries": the text `counted.<thing>_one`, or `_many`."""
    return text(f"counted.{thing}_{'one' if number == 1 else 'many'}", number=f"{number:,}")


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a text with its placeholders filled.

    Raises:
        KeyError: one has no value.
    """
    return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), template)


def spoken() -> str:
    """Return the language of the texts, such as "en"."""
    return _language


def speak(language: str) -> None:
    """Use the texts of a language from now on; every one of them is checked.

    Raises:
        StartupError: there is none, or one of its files is wrong; the text says the fix.
    """
    global _language  # noqa: PLW0603  (one language for the whole process, as with gettext)
    for key, template in catalogue(language).items():
        source = catalogue(SOURCE).get(key)
        if key.startswith("commands."):
            continue  # their English is in the code
        if source is None:
            raise StartupError(f"config/messages/{language}: there is no text {key!r}; remove it.")
        unknown = placeholders(template) - placeholders(source)
        if unknown:
            raise StartupError(
                f"config/messages/{language}: {key} knows no {{{min(unknown)}}}; "
                f"it may use {', '.join(f'{{{name}}}' for name in sorted(placeholders(source))) or 'none'}."
            )
    _language = language


def placeholders(template: str) -> set[str]:
    """Return the names that a text wants filled."""
    return set(_PLACEHOLDER.findall(template))


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return every text of a language by its key.

    Raises:
        StartupError: there is no such language, or one of its files is wrong.
    """
    files = sorted((FOLDER / language).glob("*.yaml"))
    if not files:
        known = ", ".join(sorted(each.name for each in FOLDER.iterdir() if each.is_dir()))
        raise StartupError(f"There are no texts in {language!r}; there are: {known}.")
    return {f"{path.stem}.{key}": template for path in files for key, template in _read(path).items()}


def _read(path: Path) -> dict[str, str]:
    name = path.relative_to(FOLDER)
    try:
        content = load_yaml(path.read_text("utf-8")) or {}
    except OSError as error:
        raise StartupError(f"Can't read config/messages/{name}: {error.strerror}.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise StartupError(f"config/messages/{name} is not valid YAML in UTF-8: {error}") from None
    if not isinstance(content, dict):
        raise StartupError(f"config/messages/{name} must be a mapping such as `title: Welcome`.")
    for key, template in content.items():
        if not isinstance(key, str) or not isinstance(template, str):
            raise StartupError(f"config/messages/{name}: {key} must be a text.")
    return {key: template.strip() for key, template in content.items()}
