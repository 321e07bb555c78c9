"""Who may do what, as `expected.yaml` says: the one place where a person writes it down."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("expected.yaml")
CANARY = "kestrel"  # in everything of the server that strangers may not read
CALLERS = {
    "bot_owner": "runs the bot",
    "owner": "owns the server",
    "manager": "Manage Server",
    "admin": "admin role",
    "staff": "staff role",
    "member": "member",
    "abroad": "of another server",
    "chief": "owns another server",
    "direct": "direct message",
}


@dataclass(frozen=True)
class Row:
    """One way to use something, and who may.

    Attributes:
        name: of the command, or the class of the button, form or view.
        who: the callers it works for.
        case: what is special about this way; "" for nothing.
        given: a command's options, a form's fields.
        id: of a button or form, with what is in braces to be filled in; the label of a view's part.
        opens: how a view or a form that isn't kept is shown.
        writes: the tables that are written when it works.
        posts: whether the bot posts something when it works.
        tells: words that are in an answer when it works.
        shows_form: whether everybody for whom it works is shown a form.
    """

    name: str
    who: frozenset[str]
    case: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    opens: Mapping[str, Any] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
    posts: bool = False
    tells: str = ""
    shows_form: bool = False

    @property
    def title(self) -> str:
        """What stands in the matrix."""
        return f"{self.name}, {self.case}" if self.case else self.name


@cache
def _content() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def rows(section: str) -> Sequence[Row]:
    """Return the rows of a section, in the order of the file."""
    return tuple(_rows(section))


def unknown() -> Sequence[str]:
    """Return the patterns of what is told of things that aren't there."""
    found: Sequence[str] = _content()["unknown"]
    return found


def refused_elsewhere() -> frozenset[str]:
    """Return the keys of refusals that stand in other topics than `checks`."""
    return frozenset(_content()["refusals"])


def refused_by_plugins() -> tuple[str, ...]:
    """Return the words in which plugins refuse."""
    return tuple(_words_of_plugin(*key.split(".")) for key in _content()["refusals_of_plugins"])


def _words_of_plugin(plugin: str, key: str) -> str:
    texts = FILE.parents[3] / "plugins" / plugin / "messages.yaml"
    return str(yaml.safe_load(texts.read_text(encoding="utf-8"))[key])


def reasons() -> Mapping[str, str]:
    """Return why some classes of parts have no rows."""
    found: Mapping[str, str] = _content()["not_walked"]
    return found


def _rows(section: str) -> Iterator[Row]:
    for name, ways in _content()[section].items():
        for way in [ways] if isinstance(ways, str | dict) else ways:
            more: dict[str, Any] = {"who": way} if isinstance(way, str) else dict(way)
            yield Row(
                name, _callers(more.pop("who")), more.pop("case", ""), more.pop("with", {}),
                id=more.pop("id", ""), opens=more.pop("opens", {}),
                writes=frozenset(more.pop("writes", "").split()), posts=more.pop("posts", False),
                tells=more.pop("tells", ""), shows_form=more.pop("form", False),
            )  # fmt: skip
            assert not more, f"{FILE.name}: {name} says {more}, which nobody reads"


def _callers(words: str) -> frozenset[str]:
    """Return the callers an audience stands for: its name, or several with +."""
    audiences = _content()["audiences"]
    found: set[str] = set()
    for word in filter(None, map(str.strip, words.split("+"))):
        assert word in audiences or word in CALLERS, f"{FILE.name}: nobody is called {word!r}"
        found |= _callers(audiences[word]) if word in audiences else {word}
    return frozenset(found)
