"""The output gate for an answer that is shown while it is written."""

import re
from typing import Final

from bot.llm.gate import MARGIN, MAX_RAW, Blocked, Examiner, Passed, Reason, Verdict
from bot.llm.traces import may_be_trace, turn_at

# characters at the end that are never shown: a leak that stands in fewer is found before its first letter is
# seen; of one that takes more (a prompt's words in any order, letters far apart) the beginning may have been
HELD: Final = 400
STEP: Final = 120  # characters that must have come before it is looked at again
_LONGEST_TAG: Final = 220
_LONGEST_LINK: Final = 2_700


class StreamGate:
    """Lets an answer through as it comes, `HELD` characters late and in whole words.

    All that was shown is the beginning of what `close` passes. Where what comes later changes what was shown
    (a closing tag of thinking that was never opened, a leak), `close` refuses: take back what was shown.
    """

    def __init__(self, examiner: Examiner, *, thinks: bool = False) -> None:
        """Make a gate for one answer.

        Args:
            examiner: of the prompt that is answered.
            thinks: whether the model may write its thinking into the answer: then nothing is shown before it
                has closed it.
        """
        self._examiner = examiner
        self._thinks = thinks
        self._raw = ""
        self._looked_at = 0  # characters of it
        self._safe = ""  # gives nothing away
        self._blocked: Blocked | None = None
        self.shown = ""

    def feed(self, chunk: str) -> str:
        """Take more of the answer; return what may be shown now in addition to `shown`, often nothing."""
        if self._blocked:
            return ""
        self._raw = (self._raw + chunk)[:MAX_RAW]
        if len(self._raw) - self._looked_at < STEP:
            return ""
        self._looked_at = len(self._raw)
        cut = _settled(self._raw, self._thinks)
        whole = self._examiner.clean(self._raw)
        if isinstance(whole, Blocked):
            return ""
        if whole.text != self._safe:
            self._blocked = self._examiner.leak(whole.text)
            self._safe = whole.text
        verdict = self._examiner.clean(self._raw[:cut]) if cut and not self._blocked else None
        return self._show(verdict, whole) if isinstance(verdict, Passed) else ""

    def close(self) -> Verdict:
        """Return the verdict on the whole answer; what is not yet in `shown` is to be shown now."""
        if self._blocked:
            return self._blocked
        verdict = self._examiner.check(self._raw)
        if isinstance(verdict, Passed) and not verdict.text.startswith(self.shown):
            return Blocked(Reason.CHANGED)
        return verdict

    def _show(self, verdict: Passed, whole: Passed) -> str:
        text = verdict.text
        if verdict.capped or len(text) > self._examiner.limit - MARGIN:
            return ""
        if not text.startswith(self.shown) or not whole.text.startswith(text):
            return ""
        more = text[len(self.shown) :]
        self.shown = text
        return more


def _settled(raw: str, thinks: bool) -> int:
    """Return up to where nothing that follows changes the meaning; 0 for nowhere."""
    end = len(raw) - HELD
    if end <= 0 or may_be_trace(raw) or "<|" in raw or (thinks and not re.search(r"</\w+>|◁/think▷", raw)):
        return 0
    turn = turn_at(raw)
    cut = min(end, turn) if turn >= 0 else end
    if raw.count("```", 0, cut) % 2:
        cut = raw.rfind("```", 0, cut)
    cut = min(cut, *(_before_open(raw, cut, *pair) for pair in _PAIRS), _brace(raw, cut))
    return max(raw.rfind(" ", 0, cut), raw.rfind("\n", 0, cut), 0)


_PAIRS: Final = (("<", ">", _LONGEST_TAG), ("[", ")", _LONGEST_LINK), ("`", "`", _LONGEST_TAG))


def _before_open(raw: str, cut: int, opening: str, closing: str, longest: int) -> int:
    """Return where the last `opening` stands when it isn't closed before `cut`, else `cut`."""
    at = raw.rfind(opening, max(0, cut - longest), cut)
    if at < 0 or (opening != closing and raw.find(closing, at, cut) >= 0):
        return cut
    if opening == closing:
        return at if raw.count(opening, 0, cut) % 2 else cut
    return at


def _brace(raw: str, cut: int) -> int:
    """Return where the outermost brace that is open at `cut` stands, else `cut`."""
    depth, start = 0, cut
    for match in re.finditer(r"[{}]", raw[:cut]):
        if match.group() == "{":
            start = match.start() if depth == 0 else start
            depth += 1
        else:
            depth = max(0, depth - 1)
    return start if depth else cut
