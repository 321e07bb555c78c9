"""Thinking that a server leaves in the answer, between <think> and </think>."""

OPENING, CLOSING = "<think>", "</think>"


class ThinkTags:
    """Parts a streamed answer into thinking and text; tags may come in pieces.

    Only thinking at the start counts: further on, the tags are somebody's words.
    """

    def __init__(self) -> None:
        self._held = ""
        self._is_thinking = False
        self._is_text = False
        self._after_tag = False

    def feed(self, piece: str) -> list[tuple[bool, str]]:
        """Return what is clear so far, each with whether it is thinking."""
        if self._is_text:
            text = piece.lstrip() if self._after_tag else piece
            self._after_tag = self._after_tag and not text
            return [(False, text)] if text else []
        self._held += piece
        if not self._is_thinking:
            start = self._held.lstrip()
            if OPENING.startswith(start[: len(OPENING)]) and len(start) < len(OPENING):
                return []
            if not start.startswith(OPENING):
                return self._to_text(self._held)
            self._is_thinking, self._held = True, start.removeprefix(OPENING)
        thinking, tag, rest = self._held.partition(CLOSING)
        if tag:
            self._after_tag = not rest.strip()
            return [(True, thinking)] * bool(thinking) + self._to_text(rest.lstrip())
        kept = _overlap(self._held)
        clear, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return [(True, clear)] if clear else []

    def finish(self) -> list[tuple[bool, str]]:
        """Return what was held back."""
        held, self._held = self._held, ""
        return [(self._is_thinking, held)] if held and not self._is_text else []

    def _to_text(self, text: str) -> list[tuple[bool, str]]:
        self._is_text, self._is_thinking, self._held = True, False, ""
        return [(False, text)] if text else []


def _overlap(text: str) -> int:
    """Return how many last characters may begin the closing tag."""
    return next((size for size in range(len(CLOSING) - 1, 0, -1) if text.endswith(CLOSING[:size])), 0)


def split_thinking(text: str) -> tuple[str, str]:
    """Return the thinking and the text of a whole answer.

    Some servers leave out the opening tag, because it belongs to their prompt: then all before the closing
    one counts.
    """
    head, tag, rest = text.partition(CLOSING)
    if tag and OPENING not in head:
        return head.strip(), rest.lstrip()
    tags = ThinkTags()
    parts = [*tags.feed(text), *tags.finish()]
    return "".join(p for thinks, p in parts if thinks).strip(), "".join(
        p for thinks, p in parts if not thinks
    )
