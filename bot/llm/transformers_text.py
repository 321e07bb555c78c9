"""Text on its way into a local model and out of it; knows nothing of any library."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

_REPLACEMENT: Final = "\ufffd"  # what half a character is decoded to
_BORDER: Final = re.compile(r"(?<=[.!?…])[\"')\]]*\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - Chinese marks


def defuse(text: str, control: Sequence[str]) -> str:
    """Return `text` with what a tokenizer would read as its control tokens broken up.

    A tokenizer makes no difference between a template's "<|im_start|>" and a member's.
    """
    for token in control:
        if len(token) > 1:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        elif token:
            text = text.replace(token, " ")
    return text


def alternating(turns: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return a conversation in which user and assistant take turns, the user first.

    What the system or a tool says goes to the user's side, and neighbours of one side are joined.
    """
    merged: list[dict[str, str]] = []
    for turn in turns:
        role = "assistant" if turn["role"] == "assistant" else "user"
        if merged and merged[-1]["role"] == role:
            merged[-1]["content"] += f"\n\n{turn['content']}"
        elif merged or role == "user":
            merged.append({"role": role, "content": turn["content"]})
    return merged


class TokenText:
    """Text out of tokens as they come, never half a character.

    A token's text depends on its neighbours (spaces, characters in several tokens), so each is decoded
    together with those said last.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._said = 0  # tokens whose text was returned

    def add(self, token: int) -> str:
        """Return what can be said now that `token` is there, often nothing."""
        self._ids.append(token)
        new = self._new()
        if not new or new.endswith(_REPLACEMENT):
            return ""
        del self._ids[: self._said]
        self._said = len(self._ids)
        return new

    def rest(self) -> str:
        """Return what was held back."""
        new = self._new()
        self._ids, self._said = [], 0
        return new

    def _new(self) -> str:
        return self._decode(self._ids)[len(self._decode(self._ids[: self._said])) :]


class Cutter:
    """Passes text on up to the first of some ends, which is left out.

    Attributes:
        found: one of the ends came.
    """

    def __init__(self, ends: Sequence[str], say: Callable[[str], None]) -> None:
        self.found = False
        self._ends = [end for end in ends if end]
        self._say = say
        self._held = ""

    def add(self, text: str) -> None:
        """Take more text and say what can't be the beginning of an end."""
        if self.found or not text:
            return
        self._held += text
        places = [at for end in self._ends if (at := self._held.find(end)) >= 0]
        if places:
            self.found = True
            self._let_go(min(places))
            self._held = ""
        else:
            self._let_go(len(self._held) - self._doubtful())

    def close(self) -> None:
        """Say what was held back."""
        self._let_go(len(self._held))

    def _let_go(self, count: int) -> None:
        if count:
            self._say(self._held[:count])
            self._held = self._held[count:]

    def _doubtful(self) -> int:
        """Return the length of what may become an end."""
        longest = min(max(map(len, self._ends), default=1) - 1, len(self._held))
        for length in range(longest, 0, -1):
            if any(end.startswith(self._held[-length:]) for end in self._ends):
                return length
        return 0


def sentences_of(text: str) -> list[str]:
    """Return the sentences and lines of a text with the space behind them: joined they are the text."""
    borders = [0, *(found.end() for found in _BORDER.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(borders) if start < end]


def pack_sentences(text: str, tokens_of: Callable[[str], list[int]], room: int) -> list[list[int]]:
    """Return a text's tokens in pieces of at most `room`, cut between sentences wherever that is possible."""
    frame = len(tokens_of(""))  # what is put around every text
    parts: list[str] = []
    left = 0
    for sentence in sentences_of(text):
        length = len(tokens_of(sentence)) - frame
        if not parts or length > left:
            parts.append("")
            left = room - frame
        parts[-1] += sentence
        left -= length
    return [piece for part in parts if part.strip() for piece in _fitting(part, tokens_of, room)]


def _fitting(text: str, tokens_of: Callable[[str], list[int]], room: int) -> list[list[int]]:
    """Return the tokens of a text, halved near a space until they fit."""
    ids = tokens_of(text)
    if len(ids) <= room or len(text) == 1:
        return [ids[:room]]
    middle = len(text) // 2
    space = text.rfind(" ", 1, middle + 1)
    cut = space if space > 0 else middle
    return [*_fitting(text[:cut], tokens_of, room), *_fitting(text[cut:], tokens_of, room)]
