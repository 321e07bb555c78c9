"""Sentences that tell of a decision, or of what somebody will do; found by how they are put."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - Chinese marks
_MARKS: Final = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|^[ \t]*>[^\n]*", re.DOTALL | re.MULTILINE
)  # code and quotes
_LONGEST: Final = 60  # words of a sentence that says one thing
_SHORTEST: Final = 4

_DECIDED: Final = re.compile(
    r"\b(?:let'?s|let us) (?:go (?:with|for|ahead)|use|keep|stick (?:with|to)|drop|postpone|move (?:to|it"
    r"|this)"
    r"|switch|ship|merge|settle on|do it (?:this|that))\b"
    r"|\bwe(?:'ve| have)? (?:now |just |all )*(?:decided|agreed|settled|chosen|voted|resolved)\b"
    r"|\b(?:it|that)(?:'s| is| was| has been) (?:decided|settled|agreed)\b"
    r"|\b(?:i|they|he|she|group|team|staff|committee|everyone|everybody)(?:'ve| have| has)? (?:all )?decided"
    r" (?:to|on|that|against|not)\b"
    r"|^\W*(?:ok(?:ay)?\W+)?(?:agreed|decided|decision|resolved|resolution)\s*[:,.\-–—]"  # noqa: RUF001
    r"|\bagreed (?:to|that|on)\b|\bconsensus (?:is|was|that)\b"
    r"|\b(?:final|the) decision (?:is|was)\b"
    r"|\bwe(?:'re| are) (?:going with|switching to|moving to|dropping|sticking (?:with|to)|keeping)\b"
    r"|\bwe(?:'ll| will) (?:go with|use|keep|drop|stick (?:with|to)|switch|move (?:to|it)|postpone|skip|ship"
    r"|release"
    r"|settle on|close)\b"
    r"|\b(?:going|gone|went) with (?:the|option|plan|version|a|an)\b|\bsettled on\b"
    r"|\bthe (?:vote|motion|proposal) (?:has )?(?:passed|carried|was (?:accepted|rejected|approved))\b"
    r"|\b(?:was|is|has been|have been|got) (?:approved|rejected|accepted|postponed|cancelled|canceled)\b",
    re.IGNORECASE,
)
_UNDECIDED: Final = re.compile(
    r"\?\s*$|\b(?:not|n't|never|nothing|hasn't|haven't|yet to be|before|if|unless|whether|should|could|would"
    r"|might"
    r"|maybe|perhaps)\b.{0,25}\b(?:decided?|agreed?|settled|resolved|approved|use|go|going|keep|drop"
    r"|switch)\b"
    r"|\b(?:if|when|once|until|unless) (?:we|it|they|you|i)\b.{0,30}\b(?:decided?|agreed?|approved)\b",
    re.IGNORECASE,
)
_WORK: Final = (
    r"(?:add|announce|apply|arrange|ask|assign|backport|book|bring|build|call|check|clean|close|collect"
    r"|contact"
    r"|convert|coordinate|create|debug|deploy|design|document|draft|email|e-mail|enable|escalate|file|fill"
    r"|finali[sz]e"
    r"|find out|finish|fix|follow up|forward|get back|handle|implement|inform|install|investigate|invite"
    r"|let .{1,20} know"
    r"|look (?:into|at|for|up)|mail|make|measure|merge|migrate|move|notify|open|order|organi[sz]e|ping|post"
    r"|prepare"
    r"|present|propose|publish|push|put|raise|record|release|remind|remove|rename|replace|report|request"
    r"|rerun"
    r"|research|reset|restart|review|revert|rewrite|roll|run|schedule|send|set up|setup|share|sort|start"
    r"|submit"
    r"|summari[sz]e|take (?:care|that|this|it|over)|talk to|tell|test|track|translate|update|upgrade|upload"
    r"|verify|write)"
)
_PROMISED: Final = re.compile(
    rf"\b(?:i'?ll|i will|i(?:'m| am) going to|i(?:'m| am) gonna|we'll|we will)"
    rf" (?:(?:also|then|now|go|try to|make sure to|probably|definitely|just|go ahead and) )*{_WORK}\b"
    rf"|\blet me {_WORK}\b(?! (?:know|you))",
    re.IGNORECASE,
)
_ASSIGNED: Final = re.compile(
    rf"^\W*(?:(?:@|<@!?)?[\w.>-]{{2,32}}[,:]? )?(?:can|could|would|will) (?:you|someone|somebody|anyone"
    rf"|one of you)"
    rf" (?:please |pls |also |kindly )*{_WORK}\b.*\b(?:by|before|until|till|today|tonight|tomorrow|asap"
    rf"|this week|next week"
    rf"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|eod)\b"
    r"|^\W*(?:to-?do|to do|action(?: items?)?|ai|follow-?up|next steps?)\s*[:\-–—]"  # noqa: RUF001
    rf"|\b(?:needs?|has|have) to {_WORK}\b.*\b(?:by|before|until) (?:monday|tuesday|wednesday|thursday"
    rf"|friday|saturday"
    r"|sunday|tomorrow|tonight|the end|next|eod|\d)"
    rf"|^\W*(?:@[\w.-]{{2,32}}|<@!?\d+>)[,:]? (?:please|pls) {_WORK}\b"
    rf"|\b(?:someone|somebody) (?:should|needs? to|has to|must) {_WORK}\b"
    r"|\baction(?: item)? (?:for|on|to)\b|\bis (?:assigned|volunteering|responsible) (?:to|for)\b"
    rf"|\b\w+ (?:will|is going to) (?:take care of|follow up|{_WORK})\b.*\b(?:by|before|until) \w+",
    re.IGNORECASE,
)
_IDLE: Final = re.compile(
    r"\?\s*$|\b(?:if|unless|when|once) (?:you|it|that|this|they|i)\b|\bi'?ll (?:try|see|be|never|have to"
    r"|need)\b"
    r"|\b(?:won't|will not|not going to|never)\b|\blet me (?:know|see|guess|think)\b"
    r"|\bput (?:it|that) (?:this way|that way|another way|like|differently)\b"
    r"|\b(?:thanks|thank you|thx|tnx|cheers)\b",
    re.IGNORECASE,
)


class Outcomes(NamedTuple):
    """What a message says was decided, and what is to be done; its own sentences."""

    decisions: tuple[str, ...]
    actions: tuple[str, ...]


def outcomes_of(text: str) -> Outcomes:
    """Return the sentences of a message that tell of decisions and things to do; not in code or quotes."""
    decisions, actions = [], []
    for sentence in _sentences(text):
        if _DECIDED.search(sentence) and not _UNDECIDED.search(sentence):
            decisions.append(sentence)
        elif _is_action(sentence):
            actions.append(sentence)
    return Outcomes(tuple(decisions), tuple(actions))


def _is_action(sentence: str) -> bool:
    if _ASSIGNED.search(sentence):
        return True
    small = sentence.lower()  # a promise has one of these, and looking for them is quick
    if "ll" not in small and "go" not in small and "let me" not in small:
        return False
    return _PROMISED.search(sentence) is not None and _IDLE.search(sentence) is None


def _sentences(text: str) -> Sequence[str]:
    plain = _MARKS.sub(" ", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    parts = (" ".join(part.split()) for part in _SENTENCE.split(plain))
    return [part for part in parts if _SHORTEST <= len(part.split()) <= _LONGEST]
