"""How a message sounds: VADER's score, computed the way the library does, only faster, and made fit for chat.

The lexicon, the emoji names and the word lists are the library's (vaderSentiment 3.3, Hutto and Gilbert
2014); the rules are written anew, because the library spends most of its time on words that say nothing.
Its oddities are kept: `compound` equals the library's score to the last digit, which a test proves.
`chat_score` leaves out words that say little about feelings among people who talk shop or ask politely.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from string import punctuation
from typing import Final

from bot.domain.signal import Sentiment
from bot.nlp.words import words_of

NEGATIVE_FROM: Final = -0.2  # VADER's authors say 0.05, for tweets; chat is drier
POSITIVE_FROM: Final = 0.2

_NORMALISER: Final = 15  # VADER's alpha
_SHORT: Final = 2  # characters; what is left of an emoticon without its punctuation
_MAX_EXCLAMATIONS: Final = 4
_EXCLAMATION: Final = 0.292
_QUESTION: Final = 0.18
_MANY_QUESTIONS: Final = 3
_MAX_QUESTION_EMPHASIS: Final = 0.96
_REACH: Final = 3  # words before a word that can change its weight
_NOT_FEELINGS: Final = words_of(
    # manners and small talk
    "please help helps helping helped like want wants wanted sure yes yeah no ok okay hi share"
    " shared lol lmao haha hope"
    " fine well care interest interested interesting free true play playing leave stop stops"
    " stopped matter"
    # the trade's own words
    " create created creating kill kills killed killing dead die dies died error errors critical"
    " fatal fail abort block"
    " blocked blocks blocking problem problems trouble issue issues warning warnings wrong number"
    " security secure root"
    " value valued important ready support supported supports save saved clean cut cancel drop"
    " dropped alert missing miss"
    " hard reject rejected attack expose exposed force forced weird strange odd natural solution"
    " solved solve resolved"
    " resolve top demand demands fire limited noob easy easier ease smart better best"
)
_LONGER_IN_LOWER_CASE: Final = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"  # the only such character
_MODIFIERS: Final = words_of(  # words of rules and idioms; each idiom has one of them
    "no so this least never without doubt or nor enough kind sort shit bomb ass stop right death die heart"
)
_KIND_OF: Final = ["kind", "of"]
_FADING: Final = (1.0, 1.0, 0.95, 0.9)  # of a booster, by distance
_NEVER_SO: Final = 1.25


@dataclass(frozen=True, slots=True)
class _Tables:
    lexicon: dict[str, float]
    emoji: dict[str, str]  # one code point to its name
    boosters: dict[str, float]
    negations: frozenset[str]
    idioms: dict[str, float]
    capitals: float
    negation_factor: float
    modifiers: frozenset[str]  # words without which a lexicon word keeps its own weight


@cache
def _tables() -> _Tables:
    # reading the lexicon takes 15 ms and 3 MB: not at import
    from vaderSentiment import vaderSentiment as library  # noqa: N813

    analyzer = library.SentimentIntensityAnalyzer()
    return _Tables(
        lexicon=analyzer.lexicon,
        emoji={key: name for key, name in analyzer.emojis.items() if len(key) == 1},
        boosters=library.BOOSTER_DICT,
        negations=frozenset(library.NEGATE),
        idioms=library.SPECIAL_CASES,
        capitals=library.C_INCR,
        negation_factor=library.N_SCALAR,
        modifiers=frozenset(library.BOOSTER_DICT) | frozenset(library.NEGATE) | _MODIFIERS,
    )


@cache
def _chat_tables() -> _Tables:
    tables = _tables()
    lexicon = {word: weight for word, weight in tables.lexicon.items() if word not in _NOT_FEELINGS}
    return replace(tables, lexicon=lexicon)


def label(score: float) -> Sentiment:
    """Return the label of a chat score."""
    if score <= NEGATIVE_FROM:
        return Sentiment.NEGATIVE
    return Sentiment.POSITIVE if score >= POSITIVE_FROM else Sentiment.NEUTRAL


def compound(text: str) -> float:
    """Return VADER's compound score of `text`, from -1 (negative) to 1 (positive)."""
    return _compound(text, *_split(text), _tables())


def compound_of(text: str, lowered: list[str], bare: list[str]) -> float:
    """Do the same for a text split already; see `chat_score_of`."""
    return _compound(text, lowered, bare, _tables())


def chat_score(text: str) -> float:
    """Return VADER's score of `text` without the words that aren't feelings in chat."""
    return chat_score_of(text, *_split(text))


def chat_score_of(text: str, lowered: list[str], bare: list[str]) -> float:
    """Do the same for a text split already.

    Args:
        text: the text as written.
        lowered: `text.lower().split()`.
        bare: the same words without the ASCII punctuation around them.
    """
    return _compound(text, lowered, bare, _chat_tables())


def _split(text: str) -> tuple[list[str], list[str]]:
    lowered = text.lower().split()
    return lowered, [word.strip(punctuation) for word in lowered]


def _compound(text: str, lowered: list[str], bare: list[str], tables: _Tables) -> float:
    if not text.isascii():
        if not tables.emoji.keys().isdisjoint(text):
            text = _name_emoji(text, tables.emoji)
            lowered, bare = _split(text)
        if _LONGER_IN_LOWER_CASE in text:  # the rule below is about the length of the word as written
            words = [
                short if len(short := word.strip(punctuation)) > _SHORT else word for word in text.split()
            ]
            return _score(text, [word.lower() for word in words], tables)
    lexicon = tables.lexicon.keys()
    if lexicon.isdisjoint(bare) and lexicon.isdisjoint(lowered):
        return 0.0
    return _score(text, [b if len(b) > _SHORT else w for b, w in zip(bare, lowered, strict=True)], tables)


def _name_emoji(text: str, names: dict[str, str]) -> str:
    """Return `text` with emoji spelled out, spaced as the library spaces them."""
    parts: list[str] = []
    after_space = True
    for character in text:
        name = names.get(character)
        if name is None:
            parts.append(character)
            after_space = character == " "
        else:
            parts.append(name if after_space else " " + name)
            after_space = False
    return "".join(parts)


def _score(text: str, lowered: list[str], tables: _Tables) -> float:
    """Return the score of `text` by its lower-case words, stripped as VADER strips them."""
    found = [at for at, word in enumerate(lowered) if word in tables.lexicon and word not in tables.boosters]
    if not found:
        return 0.0
    words = text.split()
    shouting = not text.islower() and 0 < sum(map(str.isupper, words)) < len(words)
    cased = words if shouting else None
    if tables.modifiers.isdisjoint(lowered) and "n't" not in text.lower():
        weights = {at: _loud(tables.lexicon[lowered[at]], cased, at, tables) for at in found}
    else:
        weights = {
            at: _weight(cased, lowered, at, tables) for at in found if lowered[at : at + 2] != _KIND_OF
        }
    if "but" in lowered:
        _weigh_around_but(weights, lowered.index("but"))
    total = float(sum(weights.values()))
    if total > 0:
        total += _emphasis(text)
    elif total < 0:
        total -= _emphasis(text)
    return round(max(-1.0, min(1.0, total / math.sqrt(total * total + _NORMALISER))), 4)


def _loud(weight: float, words: list[str] | None, at: int, tables: _Tables) -> float:
    """Return `weight` increased for a word in capitals; `words` is None where case says nothing."""
    if words is None or not words[at].isupper():
        return weight
    return weight + (tables.capitals if weight > 0 else -tables.capitals)


def _weight(words: list[str] | None, lowered: list[str], at: int, tables: _Tables) -> float:
    """Return what the lexicon word at `at` weighs among its neighbours."""
    lexicon = tables.lexicon
    weight = _loud(_own_weight(lowered, at, tables), words, at, tables)
    for distance in range(1, min(at, _REACH) + 1):
        before = lowered[at - distance]
        if before in lexicon:
            continue
        boost = tables.boosters.get(before)
        if boost is not None:
            if weight < 0:
                boost *= -1
            if words is not None and words[at - distance].isupper():  # by the sign of what it boosts
                boost += tables.capitals if weight > 0 else -tables.capitals
            weight += boost * _FADING[distance]
        weight = _negate(weight, lowered, at, distance, tables)
        if distance == _REACH:
            weight = _apply_idioms(weight, lowered, at, tables)
    if at and lowered[at - 1] == "least" and (at == 1 or lowered[at - 2] not in {"at", "very"}):
        weight *= tables.negation_factor
    return weight


def _own_weight(lowered: list[str], at: int, tables: _Tables) -> float:
    word = lowered[at]
    weight = tables.lexicon[word]
    if word == "no" and at < len(lowered) - 1 and lowered[at + 1] in tables.lexicon:
        weight = 0.0
    near = lowered[max(0, at - _REACH) : at]
    if "no" in near and ("no" in near[-2:] or lowered[at - 1] in {"or", "nor"}):
        weight = tables.lexicon[word] * tables.negation_factor
    return weight


def _negate(weight: float, lowered: list[str], at: int, distance: int, tables: _Tables) -> float:
    """Apply a negation `distance` words before; "never so" strengthens, "without doubt" doesn't negate."""
    before = lowered[at - distance]
    if distance > 1:
        nearer = lowered[at - distance + 1 : at]
        so = not {"so", "this"}.isdisjoint(nearer)
        # at distance 3 the library's "or" binds so that "so" or "this" right before the word is enough
        if (before == "never" and so) or (distance == _REACH and nearer[-1] in {"so", "this"}):
            return weight * _NEVER_SO
        if before == "without" and "doubt" in nearer:
            return weight
    if before in tables.negations or "n't" in before:
        return weight * tables.negation_factor
    return weight


def _apply_idioms(weight: float, lowered: list[str], at: int, tables: _Tables) -> float:
    """Apply idioms around a word that has at least three words before it."""
    idioms = tables.idioms
    three, two, one, zero = lowered[at - 3 : at + 1]
    before = (f"{three} {two} {one}", f"{three} {two}", f"{two} {one}")
    for phrase in (f"{one} {zero}", f"{two} {one} {zero}", before[2], before[0], before[1]):
        if phrase in idioms:
            weight = idioms[phrase]
            break
    after = lowered[at + 1 : at + 3]
    for count in range(1, len(after) + 1):
        weight = idioms.get(" ".join((zero, *after[:count])), weight)
    for phrase in before:
        weight += tables.boosters.get(phrase, 0.0)
    return weight


def _weigh_around_but(weights: dict[int, float], but: int) -> None:
    """Halve what comes before "but" and strengthen what comes after.

    As in the library, of several equal weights only the first is changed, each time one of them is met.
    """
    values = {at: weight for at, weight in weights.items() if weight}
    for at in tuple(values):
        value = values[at]
        first = next(index for index, other in values.items() if other == value)
        if first != but:
            values[first] = value * (0.5 if first < but else 1.5)
    weights.update(values)


def _emphasis(text: str) -> float:
    emphasis = min(text.count("!"), _MAX_EXCLAMATIONS) * _EXCLAMATION
    questions = text.count("?")
    if questions > _MANY_QUESTIONS:
        return emphasis + _MAX_QUESTION_EMPHASIS
    return emphasis + (questions * _QUESTION if questions > 1 else 0)
