"""The prompts: templates an owner can edit, filled so that what members wrote stays material."""

import difflib
import re
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from bot.domain.errors import StartupError
from bot.llm.fence import Bounds, Fence, Item, safe_name
from bot.llm.types import Message, Prompt, Role

_SLOT: Final = re.compile(r"\{(\w+)\}")
_PART: Final = re.compile(r"^# (system|user)[ \t]*$", re.MULTILINE)
_WORDS: Final = re.compile(r"[\w ,.()-]{1,60}")
_RULES: Final = "rules"
MAX_LENGTH: Final = 6_000  # characters of a part: small models read little


class Kind(StrEnum):
    """What goes into a slot."""

    DATA = "data"  # what others wrote: fenced, in the user part alone
    NAME = "name"  # a name chosen by an owner or staff
    WORDS = "words"  # a number or a few words chosen by the bot's own code
    BUILT_IN = "built-in"  # filled here


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a template."""

    kind: Kind
    required: bool = True  # the template must have it, and whoever renders must give it
    bounds: Bounds = field(default_factory=Bounds)  # of data


_BUILT_IN: Final = Slot(Kind.BUILT_IN)
_NAME: Final = Slot(Kind.NAME)
_OPTIONAL_NAME: Final = Slot(Kind.NAME, required=False)
_WORDS_SLOT: Final = Slot(Kind.WORDS)
_MATERIAL: Final = Slot(Kind.DATA, required=False, bounds=Bounds(each=2_500, total=10_000))
_HISTORY: Final = Slot(Kind.DATA, required=False, bounds=Bounds(each=600, total=4_000))
_ONE: Final = Slot(Kind.DATA, bounds=Bounds(each=3_000, total=3_000))
_ENTRIES: Final = Bounds(each=4_500, total=12_000)
_ALL: Final = Bounds(each=4_000, total=1_000_000)  # whoever renders sees to it that the model can read it
_TICKET: Final = Slot(Kind.DATA, required=False, bounds=Bounds(each=2_000, total=12_000))

SLOTS: Final[Mapping[str, Mapping[str, Slot]]] = {
    "observe": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "messages": Slot(Kind.DATA, bounds=Bounds(each=800, total=12_000, must_all=True)),
    },
    "reply": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "server": _OPTIONAL_NAME,
        "material": _MATERIAL,
        "history": _HISTORY,
        "question": _ONE,
    },
    "summarize": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "channel": _OPTIONAL_NAME,
        "language": _WORDS_SLOT,
        "sentences": _WORDS_SLOT,
        "messages": Slot(Kind.DATA, bounds=Bounds(each=1_000, total=16_000)),
    },
    "digest": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "language": _WORDS_SLOT,
        "topics": _WORDS_SLOT,
        "messages": Slot(Kind.DATA, bounds=_ALL),
    },
    "merge": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "language": _WORDS_SLOT,
        "topics": _WORDS_SLOT,
        "notes": Slot(Kind.DATA, bounds=_ALL),
    },
    "teach": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "messages": Slot(Kind.DATA, bounds=Bounds(each=1_500, total=16_000)),
    },
    "explain": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "language": _WORDS_SLOT,
        "subject": _ONE,
        "material": _MATERIAL,
    },
    "plugin": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "material": Slot(Kind.DATA, required=False, bounds=Bounds(each=4_000, total=16_000)),
    },
    "route": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "options": Slot(Kind.DATA, bounds=Bounds(each=300, total=8_000, must_all=True)),
        "message": _ONE,
    },
    "chat": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "server": _OPTIONAL_NAME,
        "material": _MATERIAL,
        "history": _HISTORY,
        "message": _ONE,
    },
    "answer": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "server": _OPTIONAL_NAME,
        "entries": Slot(Kind.DATA, bounds=_ENTRIES),
        "history": _TICKET,
        "question": _ONE,
    },
    "clarify": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "server": _OPTIONAL_NAME,
        "history": _TICKET,
        "question": _ONE,
    },
    "open": {
        _RULES: _BUILT_IN,
        "bot": _NAME,
        "server": _OPTIONAL_NAME,
        "entries": Slot(Kind.DATA, required=False, bounds=_ENTRIES),
        "history": _TICKET,
        "question": _ONE,
    },
}
_RULES_SLOTS: Final = {"bot": _OPTIONAL_NAME, "fence": _BUILT_IN, "canary": _BUILT_IN}

Value = str | int | Sequence[Item]


@dataclass(frozen=True, slots=True)
class _Template:
    system: str
    user: str


def new_nonce() -> str:
    """Return what nobody can guess, for one prompt."""
    return _letters(16)


def new_canary() -> str:
    """Return the private mark of a process."""
    return _letters(20)


def _letters(count: int) -> str:
    """Return letters alone: the gate knows them even in a shifted alphabet."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(count))


class Prompts:
    """The templates of a folder, checked; renders them.

    Attributes:
        texts: the templates' own words, their slots not filled.
    """

    def __init__(self, folder: Path, canary: str, nonce: Callable[[], str] = new_nonce) -> None:
        """Read the templates.

        Args:
            folder: with a file for each of `SLOTS`, and rules.md.
            canary: the private mark, which the output gate knows too.
            nonce: makes a new one for each prompt.

        Raises:
            StartupError: a file is missing or malformed, or a slot unknown, missing or in the wrong part.
        """
        self._nonce = nonce
        self._canary = canary
        self._rules = _load(folder / f"{_RULES}.md", _RULES_SLOTS, ("system",)).system
        self._templates = {
            name: _load(folder / f"{name}.md", slots, ("system", "user")) for name, slots in SLOTS.items()
        }
        parts = (part for each in self._templates.values() for part in (each.system, each.user))
        self.texts = (self._rules, *parts)

    def wording(self, name: str) -> str:
        """Return the words of the prompt `name` with its rules, the slots not filled."""
        template = self._templates[name]
        return f"{self._rules}\n{template.system}\n{template.user}"

    def render(self, name: str, *, mentioned: Mapping[int, str] | None = None, **slots: Value) -> Prompt:
        """Return the prompt `name` with its slots filled.

        Args:
            name: one of `SLOTS`.
            mentioned: names of the users and roles whose mentions the material may have.
            slots: what goes in: `Item`s for data, text for the rest; what isn't required may be left out.

        Raises:
            ValueError: a slot is unknown, missing or not of its kind.
        """
        kinds = SLOTS[name]
        if unknown := slots.keys() - {each for each, slot in kinds.items() if slot.kind is not Kind.BUILT_IN}:
            raise ValueError(f"prompt {name} has no slot {', '.join(sorted(unknown))}")
        fence = Fence(self._nonce(), mentioned or {})
        values = {
            each: _filled(f"{name}.{each}", slot, slots.get(each), fence)
            for each, slot in kinds.items()
            if slot.kind is not Kind.BUILT_IN
        }
        values[_RULES] = _fill(
            self._rules, {"bot": values["bot"], "fence": fence.nonce, "canary": self._canary}
        )
        template = self._templates[name]
        return Prompt(
            (
                Message(Role.SYSTEM, _fill(template.system, values)),
                Message(Role.USER, _fill(template.user, values)),
            )
        )


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Fill in one pass: what goes in is never looked at for slots."""
    return _SLOT.sub(lambda match: values.get(match[1], match[0]), template)


def _filled(name: str, slot: Slot, value: Value | None, fence: Fence) -> str:
    if value is None and slot.required:
        raise ValueError(f"slot {name} is missing")
    if slot.kind is Kind.DATA:
        if isinstance(value, str | int):
            raise ValueError(f"slot {name} takes items")
        return fence.around(value or (), slot.bounds)
    if value is not None and not isinstance(value, str | int):
        raise ValueError(f"slot {name} takes text")
    if slot.kind is Kind.NAME:
        return safe_name(str(value or ""))
    if not _WORDS.fullmatch(str(value)):
        raise ValueError(f"slot {name} takes a few plain words")
    return str(value)


def _load(path: Path, slots: Mapping[str, Slot], parts: Sequence[str]) -> _Template:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise StartupError(f"Can't read {path}: {error.strerror}. Restore it from the repository.") from None
    except UnicodeDecodeError:
        raise StartupError(f"{path} is not encoded as UTF-8. Save it as UTF-8 in your editor.") from None
    pieces = _PART.split(text)[1:]  # what comes before the first part is a note to the owner
    found = tuple(pieces[::2])
    if found != tuple(parts):
        wanted = " and then ".join(f'a line "# {part}"' for part in parts)
        raise StartupError(f"{path}: needs {wanted}, each once; it has {', '.join(found) or 'none'}.")
    texts = {part: body.strip() for part, body in zip(found, pieces[1::2], strict=True)}
    for part, body in texts.items():
        _check_part(path, part, body, slots)
    _check_required(path, texts, slots)
    return _Template(texts["system"], texts.get("user", ""))


def _check_part(path: Path, part: str, body: str, slots: Mapping[str, Slot]) -> None:
    if not body:
        raise StartupError(f"{path}: the {part} part is empty.")
    if len(body) > MAX_LENGTH:
        raise StartupError(f"{path}: the {part} part has {len(body):,} characters; {MAX_LENGTH:,} at most.")
    for name in _SLOT.findall(body):
        slot = slots.get(name)
        if slot is None:
            near = difflib.get_close_matches(name, slots, 1, 0.0)[0]
            raise StartupError(
                f"{path}: the {part} part uses {{{name}}}, which doesn't exist. Did you mean {{{near}}}?"
            )
        if (slot.kind is Kind.DATA) != (part == "user") and slot.kind in {Kind.DATA, Kind.BUILT_IN}:
            right = "user" if slot.kind is Kind.DATA else "system"
            raise StartupError(f"{path}: {{{name}}} belongs into the {right} part, not the {part} part.")


def _check_required(path: Path, texts: Mapping[str, str], slots: Mapping[str, Slot]) -> None:
    for name, slot in slots.items():
        count = sum(_SLOT.findall(body).count(name) for body in texts.values())
        part = "user" if slot.kind is Kind.DATA else "system"
        if not count and slot.required:
            raise StartupError(f"{path}: {{{name}}} is missing; put it back into the {part} part.")
        if count > 1 and slot.kind is Kind.DATA:
            raise StartupError(f"{path}: {{{name}}} is there {count} times; once is enough.")
