"""What each part of a conversation is worth in a summary, and which parts are worth most together.

A summary is worth the words it covers (Gillick and Favre 2009, "A Scalable Global Model for Summarization";
Lin and Bilmes 2011, "A Class of Submodular Functions for Document Summarization"): words that keep coming
back are worth more, those of talk itself ("I", "yeah") nothing, and each counts less every time it comes
again. What is long costs. Gains only fall as parts are chosen, so the best is found without looking at all
of them anew.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from bot.nlp.words import words_of

WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # noqa: RUF001 - an apostrophe too
_NOISE: Final = re.compile(
    r"https?://\S+|<[@#:a][^>\s]{0,80}>|\{\w+\}|```|`"
)  # addresses, mentions, emojis, marks
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - Chinese marks
_CLAUSE: Final = re.compile(r"(?<=[,;:–—])\s+|\s+(?=(?:and|but|because|so|which|or)\s)")  # noqa: RUF001
# Whoever opens a subject says so, ...
_OPENS: Final = re.compile(
    r"\b(?:agenda|topics?|(?:re-?)?introductions?|announcements?|reminders?|updates?|action items?|next up"
    r"|next (?:is|item|topic|one|on)|main topic|mov(?:e|ing) (?:on|to|into|over))\b",
    re.IGNORECASE,
)
# ... or may mean to.
_MAY_OPEN: Final = re.compile(
    r"\b(?:let'?s (?:talk|start|discuss|begin|go|look|move)"
    r"|(?:we'll|we will|going to|gonna|like to|want(?:ed)? to) (?:talk|discuss|go over|start|look|cover"
    r"|review)"
    r"|discuss(?:ed|ion)?|presentation|overview|today|this meeting|purpose|over to|propos(?:al|ed?))\b",
    re.IGNORECASE,
)
_NEXT: Final = words_of("next item moving move topic topics agenda today other up it we'll let's start main")
_SAYS_WHAT: Final = 2  # words beside those
# Of talk itself: who speaks and listens, courtesies, what can be said of everything.
TALK: Final = words_of(
    "i you me my your we us our i'm you're i'll you'll we'll we're i've you've i'd you'd let's yeah yes yep"
    " no oh"
    " ok okay um uh mm mm-hmm hmm hm well right so just know think like mean really gonna wanna gotta kind"
    " sort"
    " bit thing things stuff please thanks thank hello hi hey bye sure good great nice fine maybe actually"
    " basically see say said get got go going do does did don't doesn't didn't can could should will would"
    " might"
    " what how why when where there here this that's it's there's very much too also then now one if or any"
    " some"
    " all is are am be been lol haha lmao"
)
# Of any sentence, those that tell of something included.
JOINING: Final = words_of(
    "the to a and of in on for with about as by from an at was were has had he she they his her their that"
    " which"
    " who into after because but not"
)


@dataclass(frozen=True, slots=True)
class Weighing:
    """What counts how much; chosen by cross-validation, see docs/JUDGEMENT.md.

    Attributes:
        unit: words, above which a message is cut between its sentences.
        longest: words, above which a sentence is cut between its clauses.
        opening: words more, after one that says what comes.
        word: a word's worth; again, more for each time it is said, in the logarithm.
        joining: the worth of a word such as "the"; talk, of one such as "yeah".
        repeated: what is left of a word's worth each time it comes again; repeated_joining, of that one's.
        costs: of each word.
        speaker: the worth of somebody heard for the first time, where few talk.
        few: who talk at most before it falls.
        place: the worth of being first; place_lines: after so many it is a third, in a long talk after
            this share of its lines (place_share), because a talk begins with what it will be about.
        opens: the worth of a line that says what comes; may_open, of one that may mean to.
        reopened: what is left of that each time the same word has said so before.
        empty: what it costs to say nothing, such as "hi".
    """

    unit: int = 14
    longest: int = 20
    opening: int = 10
    word: float = 0.1
    again: float = 0.1
    joining: float = 0.5
    talk: float = 0.0
    repeated: float = 0.7
    repeated_joining: float = 0.9
    costs: float = 0.22
    speaker: float = 0.6
    few: int = 5
    place: float = 1.0
    place_lines: float = 1.0
    place_share: float = 0.15
    opens: float = 2.0
    may_open: float = 0.6
    reopened: float = 0.5
    empty: float = 1.5


FITTED: Final = Weighing()


class Unit(NamedTuple):
    """A line, or a part of a long one.

    Attributes:
        line: its line's index.
        words: lower-cased, without addresses and mentions.
        worth: beside its words'.
        opening: how much of that is for saying what comes.
        opener: the word that says so, lower-cased; empty when none does.
    """

    line: int
    text: str
    words: tuple[str, ...]
    worth: float = 0.0
    opening: float = 0.0
    opener: str = ""


def words_in(text: str) -> tuple[str, ...]:
    """Return the words of a text, lower-cased, without addresses, mentions and marks."""
    return tuple(WORD.findall(_NOISE.sub(" ", text).lower().replace("’", "'")))  # noqa: RUF001


def units_of(texts: Sequence[str], weighing: Weighing = FITTED) -> list[Unit]:
    """Return what can be chosen of lines, in their order; nothing of a line without words."""
    units = []
    fades = max(weighing.place_lines, weighing.place_share * len(texts))
    for line, text in enumerate(texts):
        parts = _parts(text, weighing)
        for part in parts:
            words = words_in(part)
            if words:
                opening, opener = _opening(part, words, weighing)
                worth = opening
                if all(word in TALK or word in JOINING for word in words):
                    worth -= weighing.empty
                worth += weighing.place * math.exp(-line / fades)
                units.append(Unit(line, part, words, worth, opening, opener))
    return units


def _opening(part: str, words: Sequence[str], weighing: Weighing) -> tuple[float, str]:
    """Return what it is worth that a part says what comes, and which word says so; 0 and "" for none."""
    said = {word for word in words if word not in TALK and word not in JOINING and word not in _NEXT}
    if len(said) >= _SAYS_WHAT:
        for pattern, worth in ((_OPENS, weighing.opens), (_MAY_OPEN, weighing.may_open)):
            if found := pattern.search(part):
                return worth, found[0].lower()
    return 0.0, ""


def _parts(text: str, weighing: Weighing) -> list[str]:
    """Return a message's sentences, together as far as `unit` words go."""
    if len(text) <= weighing.unit and "\n" not in text:  # so many characters are no more words
        return [text.strip()]
    parts: list[str] = []
    held: list[str] = []
    count = 0
    for sentence in _SENTENCE.split(text):
        clauses = _clauses(sentence.strip(), weighing.longest)
        for clause in clauses:
            size = len(WORD.findall(clause))
            most = weighing.unit + (weighing.opening if held and _OPENS.search(held[0]) else 0)
            if held and count + size > most:
                parts.append(" ".join(held))
                held, count = [], 0
            if clause:
                held.append(clause)
                count += size
    if held:
        parts.append(" ".join(held))
    return parts


def _clauses(sentence: str, longest: int) -> list[str]:
    """Return a sentence whole, or where it is too long in pieces, with "…" where they were cut."""
    if len(WORD.findall(sentence)) <= longest:
        return [sentence]
    pieces: list[str] = []
    held: list[str] = []
    count = 0
    for clause in _CLAUSE.split(sentence):
        size = len(WORD.findall(clause))
        if held and count + size > longest:
            pieces.append(" ".join(held))
            held, count = [], 0
        held.append(clause)
        count += size
    pieces.append(" ".join(held))
    last = len(pieces) - 1
    return [f"{'… ' * (at > 0)}{piece}{' …' * (at < last)}" for at, piece in enumerate(pieces)]


def worths(units: Sequence[Unit], weighing: Weighing = FITTED) -> dict[str, float]:
    """Return what each word of the units is worth the first time it is said."""
    seen: Counter[str] = Counter()
    for unit in units:
        seen.update(set(unit.words))
    found = {}
    for word, count in seen.items():
        if word in JOINING:
            found[word] = weighing.joining
        elif word in TALK or (len(word) == 1 and word.isascii()):
            found[word] = weighing.talk
        else:
            found[word] = weighing.word + weighing.again * math.log2(1 + count)
    return found


class Chooser:
    """Chooses units one by one, each for what it adds to those chosen before."""

    def __init__(
        self,
        units: Sequence[Unit],
        speakers: Sequence[object],
        weighing: Weighing = FITTED,
        word_worths: Mapping[str, float] | None = None,
    ) -> None:
        self.chosen: list[int] = []
        self._units, self._speakers, self._weighing = units, speakers, weighing
        self._worths = worths(units, weighing) if word_worths is None else word_worths
        self._said: Counter[str] = Counter()
        self._heard: Counter[object] = Counter()
        self._opened: Counter[str] = Counter()
        self._left = set(range(len(units)))
        self._voice = weighing.speaker * min(1.0, weighing.few / max(1, len(set(speakers))))
        self._waiting = [(-self.gain(at), at) for at in self._left]
        heapq.heapify(self._waiting)

    def gain(self, at: int) -> float:
        """Return what a unit would add."""
        unit, weighing = self._units[at], self._weighing
        total = unit.worth - weighing.costs * len(unit.words)
        total += self._voice * 0.3 ** self._heard[self._speakers[at]]
        if unit.opener:
            total -= unit.opening * (1 - weighing.reopened ** self._opened[unit.opener])
        here: Counter[str] = Counter()
        for word in unit.words:
            times = self._said[word] + here[word]
            here[word] += 1
            left = weighing.repeated_joining if word in JOINING else weighing.repeated
            total += self._worths[word] * left**times
        return total

    def take_best(self) -> int | None:
        """Choose what adds most, the earlier of equals; return its place, None when nothing is left."""
        while self._waiting:
            _, at = heapq.heappop(self._waiting)
            if at not in self._left:
                continue
            now = (-self.gain(at), at)
            if not self._waiting or now <= self._waiting[0]:
                self.take(at)
                return at
            heapq.heappush(self._waiting, now)
        return None

    def take(self, at: int) -> None:
        """Choose a unit."""
        self.chosen.append(at)
        self._left.discard(at)
        self._said.update(self._units[at].words)
        self._heard[self._speakers[at]] += 1
        self._opened[self._units[at].opener] += 1

    def has_left(self, at: int) -> bool:
        """Whether a unit is still to be had."""
        return at in self._left
