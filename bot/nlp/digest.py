"""What happened, without a language model: topics with extracts, decisions, things to do and open questions.

Every claim is a message as it was written, or a sentence of it, with its author's name in front and its id
behind.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Final, NamedTuple

from bot.domain.summaries import Claim, Line, Reading, Topic
from bot.nlp.conversations import ASKS, conversations
from bot.nlp.encoder import Vectors
from bot.nlp.hashed import HashedEncoder
from bot.nlp.outcomes import outcomes_of
from bot.nlp.questions import OpenQuestion, is_closed_by, open_in
from bot.nlp.salience import FITTED, Chooser, Unit, units_of, words_in
from bot.nlp.titles import counted, plain, title_of
from bot.nlp.topics import joined

_DIM: Final = 512
_CUT: Final = re.compile(r"(?:\s*…)+\s+…\s*")
_LONGEST_CLAIM: Final = 280  # characters, the author's name included
_LEAST_LINES: Final = 3  # of a topic in which nothing came of anything
_VOTED: Final = 2  # members who reacted, from which a single line is worth telling
_ANSWER_WORDS: Final = 4
_COMPARED: Final = 1_500  # lines of a topic that are weighed; of more the longest


class Amount(NamedTuple):
    """How much is said: topics, and of each the sentences and the claims of every other kind."""

    topics: int
    sentences: int
    others: int


# Extracts are to be read: whole sentences where they are not very long, rather than clauses.
_READABLE: Final = replace(FITTED, unit=26, longest=34, costs=0.12, place=0.4)
_LEAST_WORDS: Final = 5  # of a sentence, where there are such
AMOUNTS: Final[Mapping[Reading, Amount]] = {
    Reading.SHORT: Amount(6, 3, 3),
    Reading.DETAILED: Amount(12, 5, 6),
}


def extract_topics(
    lines: Sequence[Line], vectors: Vectors | None = None, reading: Reading = Reading.SHORT
) -> tuple[Topic, ...]:
    """Return the topics of some lines, most important first; computes for seconds, so call it in a thread.

    Args:
        lines: messages in any order.
        vectors: an encoder's of the texts, shape (n, dim); None to compare words.
        reading: how much to say.
    """
    lines = [line for line in lines if line.text.strip()] if vectors is None else lines
    if not lines:
        return ()
    near = HashedEncoder(_DIM).encode_now([line.text for line in lines]) if vectors is None else vectors
    talks = conversations(lines, near)
    names = {line.author_name.lower() for line in lines}
    drafts = [
        _Draft(lines, members, names) for members in joined(lines, talks, near, encoded=vectors is not None)
    ]
    _deal_out(drafts, open_in(lines, talks))
    amount = AMOUNTS[reading]
    chosen = sorted((draft for draft in drafts if draft.is_worth_telling()), key=_Draft.rank)[: amount.topics]
    shared = Counter(phrase for draft in drafts for phrase in draft.phrases)
    topics = (draft.topic(amount, shared, len(drafts)) for draft in chosen)
    return tuple(topic for topic in topics if topic.sentences)


def _deal_out(drafts: Iterable["_Draft"], questions: Iterable[OpenQuestion]) -> None:
    """Give each topic its open questions."""
    of = {line.message_id: draft for draft in drafts for line in draft.lines}
    for question in questions:
        of[question.message_id].questions.append(question)


class _Draft:
    """A topic in the making."""

    def __init__(self, lines: Sequence[Line], members: Sequence[int], names: Set[str]) -> None:
        self.lines = [lines[at] for at in members]
        self.questions: list[OpenQuestion] = []
        self.decisions: list[Claim] = []
        self.actions: list[Claim] = []
        for line in self.lines:
            outcomes = outcomes_of(line.text)
            self.decisions += [_claim(line, sentence) for sentence in outcomes.decisions[:1]]
            self.actions += [_claim(line, sentence) for sentence in outcomes.actions[:1]]
        self.phrases = counted(self.lines, names)

    def is_worth_telling(self) -> bool:
        """Whether there is more to it than a greeting."""
        if (
            len(self.lines) >= _LEAST_LINES
            and sum(len(words_in(line.text)) for line in self.lines[:50]) > 2 * _LEAST_LINES
        ):
            return True
        return bool(self.decisions or self.questions) or max(line.votes for line in self.lines) >= _VOTED

    def rank(self) -> tuple[float, int]:
        """Return what sorts the most important first: who took part, how much was said, what came of it."""
        members = len({line.author_id for line in self.lines})
        words = sum(min(40, len(words_in(line.text))) for line in self.lines)
        votes = sum(line.votes for line in self.lines)
        weight = math.log2(1 + words / 10) * (1 + math.log2(members)) + math.log2(1 + votes)
        weight += 1.5 * min(3, len(self.decisions)) + min(3, len(self.actions)) + min(3, len(self.questions))
        return -weight, self.lines[0].message_id

    def topic(self, amount: Amount, shared: Mapping[str, int], topics: int) -> Topic:
        """Return it told."""
        title = title_of(self.lines, self.phrases, shared, topics)
        return Topic(
            title=title.text,
            title_ids=title.message_ids,
            sentences=tuple(self._sentences(amount.sentences)),
            decisions=tuple(_best(self.decisions, amount.others)),
            actions=tuple(_best(self.actions, amount.others)),
            questions=tuple(self._open(amount.others)),
            message_ids=tuple(line.message_id for line in self.lines),
        )

    def _sentences(self, most: int) -> list[Claim]:
        """Return what says most of it, without what is told as a decision, something to do or open."""
        told = {id_ for claim in [*self.decisions, *self.actions] for id_ in claim.message_ids}
        told |= {id_ for question in self.questions for id_ in question.message_ids}
        source = _unlike([line for line in self.lines if line.message_id not in told] or self.lines)
        if len(source) > _COMPARED:
            longest = sorted(source, key=lambda line: (-min(200, len(line.text)), line.message_id))[
                :_COMPARED
            ]
            kept = {line.message_id for line in longest}
            source = [line for line in source if line.message_id in kept]
        answers = _answered(self.lines)
        units = units_of([plain_lines(line.text) for line in source], _READABLE)
        units = [unit for unit in units if len(unit.words) >= _LEAST_WORDS] or units
        units = [_weighed(unit, source[unit.line], answers) for unit in units]
        few = min(most, max(1, 1 + len(self.lines) // 3))
        chooser = Chooser(units, [source[unit.line].author_id for unit in units], _READABLE)
        taken: set[int] = set()
        while len(taken) < few:
            at = chooser.take_best()
            if at is None:
                break
            taken.add(units[at].line)
        return [
            _claim(
                source[line],
                _CUT.sub(
                    " … ",
                    " … ".join(units[at].text for at in sorted(chooser.chosen) if units[at].line == line),
                ),
            )
            for line in sorted(taken)
        ]

    def _open(self, most: int) -> list[Claim]:
        names = {line.message_id: line.author_name for line in self.lines}
        return [
            Claim(_told(names[question.message_id], question.text), question.message_ids)
            for question in self.questions[:most]
        ]


def plain_lines(text: str) -> str:
    """Return a text without markup, its line breaks kept as ends of sentences."""
    return (
        "\n".join(filter(None, (plain(part) for part in text.split("\n")))) if "\n" in text else plain(text)
    )


def _unlike(lines: Iterable[Line]) -> list[Line]:
    """Return lines in their order, without those that say word for word what an earlier one said."""
    first: dict[str, Line] = {}
    for line in lines:
        first.setdefault(plain(line.text).casefold(), line)
    return list(first.values())


def _answered(lines: Sequence[Line]) -> set[int]:
    """Return the ids of answers that got thanks or a reply that says it is solved."""
    by_id = {line.message_id: line for line in lines}
    found = set()
    last: dict[int, Line] = {}  # what another said last to whoever asked
    askers: set[int] = set()
    for line in lines:
        if line.intent in ASKS:
            askers.add(line.author_id)
        elif line.author_id in askers and is_closed_by(line.text):
            answer = by_id.get(line.reply_to_id or -1) or last.get(line.author_id)
            if answer is not None and answer.author_id != line.author_id:
                found.add(answer.message_id)
        if len(words_in(line.text)) >= _ANSWER_WORDS:
            last.update({asker: line for asker in askers if asker != line.author_id})
    return found


def _weighed(unit: Unit, line: Line, answers: set[int]) -> Unit:
    """Return a unit with what members gave it: votes, and thanks for an answer."""
    extra = 0.4 * math.log2(1 + line.votes) + (0.8 if line.message_id in answers else 0.0)
    return unit._replace(worth=unit.worth + extra) if extra else unit


def _best(claims: Sequence[Claim], most: int) -> list[Claim]:
    """Return the last of what was decided or promised, each text once, in the order of saying."""
    unique = {claim.text.casefold(): claim for claim in claims}
    return list(unique.values())[-most:]


def _claim(line: Line, text: str) -> Claim:
    return Claim(_told(line.author_name, text), (line.message_id,))


def _told(name: str, text: str) -> str:
    flat = f"{plain(name)}: {plain(text)}"
    return (
        flat
        if len(flat) <= _LONGEST_CLAIM
        else flat[: _LONGEST_CLAIM - 1].rsplit(" ", 1)[0].rstrip(" ,;") + "…"
    )
