"""Whom a line speaks to: a mention, "bob: ...", "@bob", or a name that can't be a common word."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from bot.domain.summaries import Line

_MENTION: Final = re.compile(r"<@!?(\d+)>")
_FIRST: Final = re.compile(r"^\s*@?([^\n:,]{2,32}?)\s?[:,](?=\s|$)")
_TOKEN: Final = re.compile(r"@?[^\s,:;.!?()|\"<>]{2,32}")
_LOOKS_LIKE_A_NAME: Final = re.compile(r"\d|_|[a-z][A-Z]|.-")
_SHORTEST: Final = 3  # characters of a name that is looked for amid a line


class Names:
    """The authors of some lines, to be found in what others write."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._ids: dict[str, int] = {}
        for line in lines:
            self._ids[line.author_name.casefold()] = line.author_id
        self._authors = set(self._ids.values())

    def named_in(self, line: Line) -> Sequence[int]:
        """Return the authors that a line speaks to or of, never its own; who is spoken to comes first."""
        found: dict[int, None] = {}
        first = _FIRST.match(line.text)
        if first and (at := self._ids.get(first[1].casefold())) is not None:
            found[at] = None
        for mention in _MENTION.finditer(line.text):
            if int(mention[1]) in self._authors:
                found[int(mention[1])] = None
        known = self._ids
        for token in _TOKEN.findall(line.text):
            marked = token[0] == "@"
            name = token[1:] if marked else token
            id_ = known.get(name.casefold())
            if id_ is not None and (marked or (len(name) >= _SHORTEST and _LOOKS_LIKE_A_NAME.search(name))):
                found[id_] = None
        found.pop(line.author_id, None)
        return tuple(found)
