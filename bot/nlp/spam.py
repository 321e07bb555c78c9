"""Tells spam: look-alike domains, strange links with bait, and well-known pitches without a link.

A pitch has an *offer* (free nitro, easy money, a cheap service) and a *pull* (a strange link, a deadline,
"write me on Telegram"). One alone is ordinary: servers give things away, and people ask each other to write.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from bot.nlp.domains import judge_domain
from bot.nlp.hosts import is_known, parse_host
from bot.nlp.known_hosts import CONTACTS
from bot.nlp.links import MAX_TEXT, Link, bare_hosts_in, links_in
from bot.nlp.pitches import BAIT, PULLS, WARNING, offers_in

MAX_REASON_WORDS: Final = 12
SPAM: Final = 0.5  # probability from which a message is treated as spam


class Spam(NamedTuple):
    """What is thought of a message.

    Attributes:
        probability: that it is spam, 0 to 1.
        reason: what it rests on, in the message's own words, `MAX_REASON_WORDS` at most.
    """

    probability: float
    reason: str


_NONE: Final = Spam(0.0, "")
_LOOKALIKE: Final = 0.8  # probability from which a link that imitates a service is enough
_SURE, _LIKELY, _MAYBE = 0.97, 0.9, 0.7
_PITCH: Final = 2  # offers or pulls that leave no doubt

_INVITE: Final = re.compile(r"discord(?:\.gg|(?:app)?\.com/invite)/[\w-]{2,}")
_QUOTED: Final = re.compile(
    r"```[\s\S]*?(?:```|\Z)|`[^`\n]{1,400}`|\"[^\"\n]{8,400}\"|\u201c[^\u201c\u201d\n]{8,400}\u201d|^> .*$",
    re.MULTILINE,
)
_OWN_WORDS: Final = 3  # beside a quotation, from which that is quoted by somebody
_REASSURING: Final = re.compile(r"\b(?:not|no|isn'?t) (?:a )?(?:scam|fake|spam|phishing)\b")


def spam_of(text: str, words: set[str]) -> Spam:
    """Return how likely a message is spam, and why.

    Args:
        text: as it was written.
        words: its words in lower case without signs around them (`bot.nlp.classifier`).
    """
    linked = "://" in text
    if not linked and BAIT.isdisjoint(words):
        return _NONE
    return _weighed(_own_words(text[:MAX_TEXT]), words, linked=linked)


def _weighed(text: str, words: set[str], *, linked: bool) -> Spam:
    links = links_in(text) if linked else []
    found = _link_alone(links)
    if found is _NONE:
        baited = words & BAIT
        if not baited:
            return _NONE
        flat = _flat(text)
        bare = bare_hosts_in(text) if "." in text or "dot" in text else []
        found = _named(bare)
        if found is _NONE:
            found = _pitch(flat, [*links, *bare], offers_in(flat, baited))
    if found is _NONE or _is_warning(_flat(text)):
        return _NONE
    return found


def _flat(text: str) -> str:
    return " ".join(text.lower().split()).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _own_words(text: str) -> str:
    """Return `text` without quotations and code, unless there is hardly anything else in it."""
    if (
        '"' not in text
        and "`" not in text
        and "> " not in text
        and "\N{LEFT DOUBLE QUOTATION MARK}" not in text
    ):
        return text
    rest = _QUOTED.sub(" ", text)
    return rest if len(rest.split()) >= _OWN_WORDS else text


def _is_warning(flat: str) -> bool:
    return WARNING.search(flat) is not None and _REASSURING.search(flat) is None


def _link_alone(links: Sequence[Link]) -> Spam:
    """Return what the links say by themselves."""
    for link in links:
        judgement = judge_domain(link.host)
        host = parse_host(link.host)
        if (
            link.shown
            and not is_known(host)
            and (is_known(parse_host(link.shown)) or judgement.probability >= SPAM)
        ):
            return Spam(_SURE, f"link shows {_short(link.shown)} but leads to {_short(host.name)}")
        if judgement.imitates and judgement.probability >= _LOOKALIKE:
            return Spam(judgement.probability, f"link to {judgement.reason}")
    return _NONE


class _Strange(NamedTuple):
    """The links that lead to no well-known site: the first of them, and how odd the oddest is."""

    host: str
    odd: float


def _strange(links: Sequence[Link]) -> _Strange:
    odd = [link for link in links if _is_strange(link.host)]
    if not odd:
        return _Strange("", 0.0)
    return _Strange(odd[0].host, max(judge_domain(link.host).probability for link in odd))


def _is_strange(host: str) -> bool:
    parts = parse_host(host)
    return parts.registrable in CONTACTS or not is_known(parts)


def _named(links: Sequence[Link]) -> Spam:
    """Return what look-alikes say that can't be clicked."""
    for link in links:
        judgement = judge_domain(link.host)
        if judgement.imitates and judgement.probability >= _LOOKALIKE:
            return Spam(judgement.probability, f"names {judgement.reason}")
    return _NONE


def _pitch(flat: str, links: Sequence[Link], offers: Sequence[str]) -> Spam:
    """Return what offers, pulls and strange links say together."""
    strange = _strange(links)
    if not offers and strange.odd < SPAM:
        return _NONE
    pulls = list(dict.fromkeys(match[0].strip() for match in PULLS.finditer(flat)))
    leads = f"with a link to {_short(strange.host)}"
    if not offers:
        return Spam(_MAYBE, f"'{_short(pulls[0])}' {leads}") if pulls else _NONE
    if strange.host:
        return Spam(_SURE if strange.odd >= SPAM else _LIKELY, f"'{_short(offers[0])}' {leads}")
    if _INVITE.search(flat):
        return Spam(_LIKELY, f"'{_short(offers[0])}' with an invitation")
    if pulls or len(offers) >= _PITCH:
        score = _LIKELY if len(offers) + len(pulls) > _PITCH else _MAYBE
        return Spam(score, f"'{_short(offers[0])}' and '{_short((pulls or offers[1:])[0])}'")
    return _NONE


def _short(quoted: str) -> str:
    """Return at most four words of a quotation and forty characters."""
    return " ".join(quoted.split()[:4])[:40]
