"""Splits the thinking that some models put in front of their answer, between tags, from the answer."""

from collections.abc import Iterator

from bot.llm.types import TextChunk, ThinkingChunk

OPEN, CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Takes an answer in pieces, however they are cut, and returns its text and thinking.

    Only tags in front of the answer count: one that the answer talks about stays in it.
    """

    def __init__(self) -> None:
        self._held = ""  # not decided yet: white space in front, or the beginning of a tag
        self._state = "start"  # then "thinking", and "text" for good

    def feed(self, piece: str) -> Iterator[TextChunk | ThinkingChunk]:
        """Yield what a piece decides."""
        self._held += piece
        while self._held:
            before = self._state
            if before == "text":
                text, self._held = self._held, ""
                yield TextChunk(text)
            elif before == "start":
                self._start()
            else:
                thought = self._think()
                if thought:
                    yield ThinkingChunk(thought)
            if self._state == before:
                return

    def end(self) -> Iterator[TextChunk | ThinkingChunk]:
        """Yield what is still held when the answer is over."""
        held, self._held = self._held, ""
        if held and self._state == "thinking":
            yield ThinkingChunk(held)
        elif held.strip():
            yield TextChunk(held)

    def _start(self) -> None:
        begin = self._held.lstrip()
        if begin.startswith(OPEN):
            self._held, self._state = begin[len(OPEN) :], "thinking"
        elif not OPEN.startswith(begin):
            self._held, self._state = begin, "text"

    def _think(self) -> str:
        thought, tag, rest = self._held.partition(CLOSE)
        if tag:
            self._held, self._state = rest, "start"
            return thought
        kept = next((n for n in range(len(CLOSE) - 1, 0, -1) if thought.endswith(CLOSE[:n])), 0)
        cut = len(thought) - kept
        self._held = thought[cut:]
        return thought[:cut]


def split(text: str) -> tuple[str, str]:
    """Return a whole answer's text and thinking.

    Some servers leave out the opening tag, because it belongs to their prompt: then all before the closing
    one counts. A stream can't know that beforehand.
    """
    head, tag, rest = text.partition(CLOSE)
    if tag and OPEN not in head:
        return rest.lstrip(), head
    splitter = ThinkSplitter()
    chunks = [*splitter.feed(text), *splitter.end()]
    return (
        "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk)),
        "".join(chunk.text for chunk in chunks if isinstance(chunk, ThinkingChunk)),
    )
