"""Which requests and reports nobody has answered.

Within its conversation an ask is closed by what somebody else says to it, be it a question back, and by
thanks or "found it" of whoever asked; not by "no idea" or "same here". In doubt it counts as answered: a
list of unanswered questions that were answered is of no use.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.domain.summaries import Line
from bot.nlp.addressing import Names
from bot.nlp.conversations import ASKS, conversations
from bot.nlp.encoder import Vectors
from bot.nlp.hashed import HashedEncoder
from bot.nlp.salience import words_in

_DIM: Final = 512
_SHORTEST: Final = 4  # words of an ask that can stand alone
_ANSWERS: Final = 2  # words from which what another says can be an answer
_PARTNER: Final = 300.0  # seconds for which a line that names nobody is for whom its author spoke with
_FOLLOW_UP: Final = 3_600.0  # for which whoever was answered goes on in the same talk
_NO_ANSWER: Final = re.compile(
    r"^(?:\W*@?[\w.-]{2,32}[:,] )?\W*(?:(?:sorry|hmm+|um+)\W+)?(?:(?:i )?(?:have )?no (?:idea|clue)"
    r"|(?:i )?(?:do ?n[o']?t|dunno|donno)(?: really)?(?: know)?(?: either| sorry)?\W*$"
    r"|(?:i'?m )?not sure(?: either)?\W*$|same (?:here|problem|question|issue|for me)|me too|me neither|\+1\b"
    r"|i (?:also )?have (?:the|that) same|(?:i )?(?:would |also )+(?:like|want) to know|wondering the same"
    r"|interested (?:in this )?too|bump\b|hi+\b|hello\b|hey\b|welcome\b|lol\b|good (?:morning|evening)"
    r"|.{0,30}\bcongrat|(?!ye[sp]|yup|no\b)\S{1,3}$)",
    re.IGNORECASE,
)
_SHORT_ANSWER: Final = re.compile(
    r"https?://|^\W*(?:yes|yep|yup|no|nope|sure|exactly|correct)\W*$", re.IGNORECASE
)
_CLOSES: Final = re.compile(
    r"(?<!not )(?<!n't )\b(?:(?:solved|sorted|resolved|fixed) (?:it|now|that)\b|(?:solved|sorted|fixed)\W*$)"
    r"|\b(?:that|this|it|which) (?:fixed|solved|worked|works|did it|did the trick)\b(?! not)(?!\s*\?)"
    r"|\b(?:works|working) (?:now|again|fine|great|perfectly)\b"
    r"|\b(?:got it|found (?:it|the (?:problem|issue|solution|answer))|figured (?:it )?out|figured that out)\b"
    r"|\bnever ?mind\b|\bnvm\b|\bmy (?:bad|mistake|fault|error)\b|\bwrong (?:channel|chan|room|window)\b",
    re.IGNORECASE,
)
_THANKS: Final = re.compile(
    r"\b(?:thanks?(?: you)?|thank|thx|ty|tysm|tnx|cheers|appreciated?)\b", re.IGNORECASE
)
_IN_ADVANCE: Final = re.compile(r"\b(?:in advance|for any (?:help|hints?))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A request or report that nobody has answered.

    Attributes:
        message_id: of the message that says most of it.
        message_ids: of all in which its author asked, oldest first.
        text: of that message.
        asked_at: the first of them.
        conversation: the ids of everything said there, oldest first.
    """

    message_id: int
    message_ids: tuple[int, ...]
    author_id: int
    channel_id: int
    thread_id: int | None
    text: str
    asked_at: datetime
    conversation: tuple[int, ...]


def open_questions(lines: Sequence[Line], vectors: Vectors | None = None) -> tuple[OpenQuestion, ...]:
    """Return what nobody has answered, oldest first; computes, so call it in a thread.

    Args:
        lines: of some channels, in any order; all that was said there since, or answers are missed.
        vectors: an encoder's of the texts, shape (n, dim); None to compare words.
    """
    if not lines:
        return ()
    if vectors is None:
        vectors = HashedEncoder(_DIM).encode_now([line.text for line in lines])
    return open_in(lines, conversations(lines, vectors))


def open_in(lines: Sequence[Line], talks: Sequence[Sequence[int]]) -> tuple[OpenQuestion, ...]:
    """Return the same of lines that have been told apart already."""
    talk_of = {at: number for number, talk in enumerate(talks) for at in talk}
    places: dict[int, list[int]] = {}
    for at in sorted(talk_of, key=lambda at: (lines[at].at, lines[at].message_id)):
        places.setdefault(lines[at].place_id, []).append(at)
    found = []
    for members in places.values():
        place = _Place(lines, members, talk_of)
        for pending in place.pending():
            best = max(pending, key=lambda at: (len(words_in(lines[at].text)), -at))
            if len(words_in(lines[best].text)) >= _SHORTEST:
                found.append(_question(lines, best, pending, talks[talk_of[best]]))
    return tuple(sorted(found, key=lambda question: (question.asked_at, question.message_id)))


def _question(lines: Sequence[Line], best: int, pending: Sequence[int], talk: Sequence[int]) -> OpenQuestion:
    line = lines[best]
    return OpenQuestion(
        line.message_id,
        tuple(lines[at].message_id for at in pending),
        line.author_id,
        line.channel_id,
        line.thread_id,
        line.text,
        lines[pending[0]].at,
        tuple(lines[at].message_id for at in talk),
    )


class _Place:
    """Goes through a channel's lines and keeps which asks nothing has closed yet."""

    def __init__(self, lines: Sequence[Line], members: Sequence[int], talk_of: Mapping[int, int]) -> None:
        self._lines, self._members, self._talk_of = lines, members, talk_of
        self._names = Names(lines[at] for at in members)
        self._authors = {lines[at].message_id: lines[at].author_id for at in members}
        self._pending: dict[tuple[int, int], list[int]] = {}  # asks by author and talk
        self._answered: dict[int, datetime] = {}  # author: when
        self._spoke: dict[int, datetime] = {}  # author: when last
        self._partner: dict[
            int, tuple[int, datetime]
        ] = {}  # whom an author last spoke with by name, and when

    def pending(self) -> list[list[int]]:
        """Return the asks that stay open, those of one author in one talk together."""
        for at in self._members:
            self._read(at)
        return list(self._pending.values())

    def _read(self, at: int) -> None:
        line = self._lines[at]
        author, talk = line.author_id, self._talk_of[at]
        asks = line.intent in ASKS
        if is_closed_by(line.text) and not (asks and "?" in line.text):
            self._close(author, line.at)
        elif asks and not self._is_follow_up(author, line.at):
            self._pending.setdefault((author, talk), []).append(at)
        replied = None if line.reply_to_id is None else self._authors.get(line.reply_to_id)
        named = set(self._names.named_in(line)) if replied is None else {replied}
        for one in named:
            self._partner[author], self._partner[one] = (one, line.at), (author, line.at)
        askers = {asker for asker, _ in self._pending} - {author}
        told = askers & named
        if told and _may_answer(line, asks=asks, told=True):
            for asker in told:
                self._close(asker, line.at)
        elif askers and not named and _may_answer(line, asks=asks, told=False):  # asked once for all of them
            for asker in askers:
                if not self._is_for_another(author, asker, line.at):
                    self._close(asker, line.at, talk)
        self._spoke[author] = line.at

    def _close(self, asker: int, at: datetime, talk: int | None = None) -> None:
        """Take away what somebody asked, in one talk or all."""
        gone = [key for key in self._pending if key[0] == asker and talk in {None, key[1]}]
        for key in gone:
            del self._pending[key]
            self._answered[asker] = at

    def _is_follow_up(self, author: int, at: datetime) -> bool:
        """Whether somebody who was answered goes on asking: that is talk, not a question left alone."""
        answered = self._answered.get(author)
        return answered is not None and (at - answered).total_seconds() <= _FOLLOW_UP

    def _is_for_another(self, author: int, asker: int, at: datetime) -> bool:
        """Whether a line that names nobody is for whom its author has just been speaking with by name."""
        partner = self._partner.get(author)
        if partner is None or partner[0] == asker or (at - partner[1]).total_seconds() > _PARTNER:
            return False
        return partner[1] >= self._spoke.get(asker, partner[1])


def is_closed_by(text: str) -> bool:
    """Whether whoever asked says with it that it is settled: thanks, "found it", "never mind"."""
    if _CLOSES.search(text):
        return True
    return _THANKS.search(text) is not None and _IN_ADVANCE.search(text) is None


def _may_answer(line: Line, *, asks: bool, told: bool) -> bool:
    if _NO_ANSWER.search(line.text):
        return False
    if told:
        return True
    if asks or line.text.rstrip().endswith(("?", "？")):  # noqa: RUF001 - the Chinese mark
        return False
    return len(words_in(line.text)) >= _ANSWERS or _SHORT_ANSWER.search(line.text) is not None
