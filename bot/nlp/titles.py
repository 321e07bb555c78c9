"""Names a topic: by its opening question where that is short, else by words that tell it from others."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Final, NamedTuple

from bot.domain.signal import Intent
from bot.domain.summaries import Line
from bot.nlp.salience import JOINING, TALK
from bot.nlp.words import words_of

LONGEST: Final = 70  # characters of a title
_QUESTION_WORDS: Final = (4, 12)  # of a question that is a title itself
_PHRASE: Final = 3  # words of a phrase, at most
_PHRASES: Final = 3  # of a title
_FEW: Final = 3  # messages, whose words a title is; of more it is nobody's
_RAREST: Final = 2.0  # more doesn't count: what only one topic has is often said only once
_CODE: Final = re.compile(r"```.*?(?:```|$)|`([^`\n]*)`", re.DOTALL)
_NOT_WORDS: Final = re.compile(r"https?://\S+|<[@#:a/][^>\n]{0,80}>|\{\w+\}|</?\w+:?\w*>")
_MARKUP: Final = re.compile(r"[*~|`>#\[\]\\]+|(?<![^\W_])_+|_+(?![^\W_])")  # "a_b" is a name, "_a_" is markup
_CUT_OUT: Final = re.compile(r"\[redacted: [a-z ]{1,40}\]")
_BEFORE_STOP: Final = re.compile(r" ?<[@#:a/][^>\n]{0,80}>(?=[,.!?;:])")  # a mention; nothing of it stays
_MARKED: Final = re.compile(r"[*~|`<>#\[\]\\_{]|://")  # else none of the above is in a text
_WORD: Final = re.compile(r"[^\W_](?:[\w'’.+-]*[^\W_])?[+#]*")  # noqa: RUF001 - an apostrophe too
_BREAK: Final = re.compile(r"[^\w\s'’.+#-]+|\.\s|\s-+\s")  # noqa: RUF001
_GREETING: Final = re.compile(
    r"^(?:(?:hi+|hey+|hello|yo|morning|good (?:morning|evening|afternoon)|ok(?:ay)?|so|well|um+|btw|sorry"
    r"|quick question"
    r"|question|please|guys|all|everyone|everybody|there|folks)\b[\s,.!:;-]*)+",
    re.IGNORECASE,
)
_EMPTY: Final = (
    JOINING
    | TALK
    | words_of(
        "it has have having before be's ain't able again already always another anyone anybody anything back"
        " because best better both came come day days"
        " didn't doing doesn't don't done down each either else enough even ever every everyone everything"
        " few first"
        " found getting gets give haha happen happens help hope i'm im isn't its keep last least left less"
        " let like"
        " little lol long look looking looks lot made make makes making many means more most much need needs"
        " never"
        " new next nothing off often old once only onto open other others our out over own people point"
        " pretty problem"
        " question read run running same seem seems since something someone somebody still stop stuff such"
        " sure take"
        " than them themselves thought through time times today together tomorrow took try trying two under"
        " until up"
        " use used using wait want wanted wants wasn't way week were whole within without wont won't work"
        " working"
        " works worked would wouldn't wrong yesterday yet your yours hmm ah oh oops link code dont doesnt"
        " cant can't"
        " couldn't isnt thats whats ive youre theres id ill didnt these those us being does having put set"
        " tried"
        " tell told says saying asked ask idea issue issues error line file lines files it's"
        " redacted"
    )
)


def plain(text: str) -> str:
    """Return a text without markup, mentions, addresses and code blocks, on one line."""
    if not _MARKED.search(text):
        return " ".join(text.split())
    text = _CODE.sub(lambda found: found[1] or " ", text)
    text = _BEFORE_STOP.sub("", _CUT_OUT.sub("(redacted)", text))
    return " ".join(_MARKUP.sub(" ", _NOT_WORDS.sub(" ", text)).split())


def phrases_of(text: str) -> set[str]:
    """Return the runs of telling words in a text, lower-cased, of one to three words."""
    found: set[str] = set()
    for part in _BREAK.split(plain(text)):
        run: list[str] = []
        for word in [*_WORD.findall(part.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")), ""]:
            if word and word not in _EMPTY and "'" not in word and not word.isdecimal() and len(word) > 1:
                run.append(word)
                continue
            if run:
                found.update(run)
                for size in range(2, min(_PHRASE, len(run)) + 1):
                    found.update([" ".join(run[at : at + size]) for at in range(len(run) - size + 1)])
                run = []
    return found


def counted(lines: Iterable[Line], names: Set[str]) -> Counter[str]:
    """Return in how many of some lines each phrase stands, without those that hold a lower-cased name."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(phrases_of(line.text))
    for phrase in [each for each in counts if not names.isdisjoint(each.split())]:
        del counts[phrase]
    return counts


class Title(NamedTuple):
    """A title, "" when there are no words for one.

    Attributes:
        message_ids: the messages whose words it is, where they are few.
    """

    text: str
    message_ids: tuple[int, ...] = ()


def title_of(
    lines: Sequence[Line], counts: Mapping[str, int], topics_with: Mapping[str, int], topics: int
) -> Title:
    """Return a title of at most 70 characters, without markup.

    What was said in a single message is in it only where nothing was said in more of them.

    Args:
        lines: the topic's, oldest first.
        counts: its phrases, from `counted`.
        topics_with: in how many topics each phrase stands.
        topics: how many there are.
    """
    question = _question(lines)
    if question:
        return Title(question, (lines[0].message_id,))
    scored = sorted(
        ((_score(phrase, count, topics_with, topics), phrase) for phrase, count in counts.items()),
        key=lambda pair: (-pair[0], pair[1]),
    )
    chosen: list[str] = []
    words: set[str] = set()
    for _, phrase in scored:
        stems = {word[:5] for word in phrase.split()}
        if chosen and counts[phrase] == 1:
            continue
        if words.isdisjoint(stems) and len(", ".join([*chosen, phrase])) <= LONGEST:
            chosen.append(phrase)
            words |= stems
        if len(chosen) == _PHRASES:
            break
    if not chosen:
        return _first_words(lines)
    parts, ids = [], set[int]()
    for phrase in chosen:
        written, holding = _as_written(phrase, lines)
        parts.append(written)
        ids |= set(holding if len(holding) <= _FEW else ())
    title = ", ".join(parts)
    return Title(title[:1].upper() + title[1:], tuple(sorted(ids)))


def _score(phrase: str, count: int, topics_with: Mapping[str, int], topics: int) -> float:
    rare = min(_RAREST, math.log(1 + topics / (1 + topics_with.get(phrase, 0))))
    return (count if count > 1 else 0.5) * rare * (1 + 0.6 * phrase.count(" "))


def _as_written(phrase: str, lines: Sequence[Line]) -> tuple[str, list[int]]:
    """Return a phrase as most of its writers put it ("GitLab", not "gitlab"), and the messages it is in."""
    pattern = re.compile(r"\s+".join(map(re.escape, phrase.split())), re.IGNORECASE)
    found = [(line.message_id, match[0]) for line in lines if (match := pattern.search(plain(line.text)))]
    ways = Counter(" ".join(way.split()) for _, way in found)
    return max(ways, key=lambda way: (ways[way], way)) if ways else phrase, [id_ for id_, _ in found]


def _question(lines: Sequence[Line]) -> str:
    """Return what opened the topic, if it was a short question."""
    line = lines[0]
    if line.intent == Intent.OTHER.value:
        return ""
    text = plain(line.text)
    for sentence in re.split(r"(?<=[.!])\s+", text):
        asked = _GREETING.sub("", sentence).strip(" ,:;-")
        if asked.endswith("?") and asked.count("?") == 1 and len(asked) <= LONGEST:
            least, most = _QUESTION_WORDS
            if least <= len(asked.split()) <= most and phrases_of(asked):
                return asked[:1].upper() + asked[1:]
    return ""


def _first_words(lines: Sequence[Line]) -> Title:
    for line in lines:
        text = _GREETING.sub("", plain(line.text)).strip()
        if text:
            if len(text) > LONGEST:
                text = text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(" ,") + "…"
            return Title(text, (line.message_id,))
    return Title("")
