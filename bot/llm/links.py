"""Links in an answer: those the material has may stay; others could carry what was read to a stranger."""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

_URL: Final = re.compile(r"https?://[^\s<>\"'`|\\\]]{1,2000}", re.IGNORECASE)
_MASKED: Final = re.compile(
    r"(?P<image>!?)\[(?P<text>[^\[\]]{0,300})\]"
    r"\(\s{0,9}<?(?P<target>[^\s<>()]{1,2000}(?:\([^\s<>()]{0,200}\)[^\s<>()]{0,200}){0,3})>?"
    r"(?:\s{1,9}[^()\n]{0,300})?\)"
)
_INVITE: Final = re.compile(
    r"(?<![\w.])((?:www\.)?discord(?:app)?)\.((?:gg|com/invite)/[\w-]{2,40})", re.IGNORECASE
)
_HOST: Final = re.compile(r"(?<![\w@.])(?:[\w-]{1,63}\.){1,6}[a-z]{2,24}(?![\w.]*\()", re.IGNORECASE)
_SCHEME: Final = re.compile(r"http(?=s?://)", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"https?://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_NOWHERE: Final = re.compile(  # nobody listens there
    r"(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1\]|10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}"
    r"|(?:[\w-]{1,63}\.){0,5}(?:example(?:\.(?:com|org|net))?|test|invalid|localhost))(?::\d{1,5})?",
    re.IGNORECASE,
)
_TRAILING: Final = ".,;:!?*_~\u2026\u3002\uff0c"
_CODE_NAMES: Final = frozenset(
    {"py", "js", "ts", "md", "json", "yaml", "yml", "toml", "txt", "sh", "html", "css"}
)


class Links(StrEnum):
    """What becomes of a link the material doesn't have."""

    DEFANG = "defang"  # hxxps://: can be read, not clicked
    DROP = "drop"
    KEEP = "keep"


class LinkRule:
    """Which links may stay, and what becomes of others."""

    def __init__(self, rule: Links = Links.DEFANG, hosts: Collection[str] = ()) -> None:
        """Make the rule; any link to one of `hosts` may stay."""
        self._rule = rule
        self._hosts = frozenset(host.lower() for host in hosts)

    def apply(self, text: str, known: Collection[str]) -> str:
        """Return `text` with only `known` links live, no images, and no link that shows another place.

        Args:
            text: an answer.
            known: what `links_of` returned for the material.
        """

        def masked(match: re.Match[str]) -> str:
            target, words = match["target"], match["text"].strip()
            if match["image"]:
                return words
            if not self._may_stay(target, known):
                return f"{words} ({self._defused(target)})" if self._rule is Links.DEFANG and words else words
            return target if not words or _shows_other_host(words, target) else match.group()

        def bare(match: re.Match[str]) -> str:
            url = trimmed(match.group())
            kept = url if self._may_stay(url, known) else self._defused(url)
            return kept + match.group()[len(url) :]

        text = _URL.sub(bare, _MASKED.sub(masked, text))
        if self._rule is Links.KEEP:
            return text
        return _INVITE.sub(
            lambda match: (
                match[0] if self._may_stay(f"https://{match[0]}", known) else f"{match[1]}[.]{match[2]}"
            ),
            text,
        )

    def _may_stay(self, url: str, known: Collection[str]) -> bool:
        parts = _AUTHORITY.fullmatch(url)
        if parts is None:
            return False
        host = parts["authority"].lower()
        return (
            self._rule is Links.KEEP
            or normal(url) in known
            or host in self._hosts
            or _NOWHERE.fullmatch(host) is not None
        )

    def _defused(self, url: str) -> str:
        return "[link removed]" if self._rule is Links.DROP else _SCHEME.sub("hxxp", url)


def links_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the links `texts` have, in the form `LinkRule.apply` compares."""
    found: set[str] = set()
    for text in texts:
        found.update(normal(trimmed(match.group())) for match in _URL.finditer(text))
        found.update(normal(f"https://{match[0]}") for match in _INVITE.finditer(text))
    return frozenset(found)


def normal(url: str) -> str:
    """Return `url` so that equal ones are equal: scheme and host in small letters, no slash at the end."""
    parts = _AUTHORITY.fullmatch(url)
    if parts is None:
        return url
    return f"//{parts['authority'].lower()}{parts['rest']}".rstrip("/")


def trimmed(url: str) -> str:
    """Return `url` without what follows it in a sentence."""
    while True:
        shorter = url.rstrip(_TRAILING)
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter == url:
            return url
        url = shorter


def _shows_other_host(words: str, target: str) -> bool:
    parts = _AUTHORITY.fullmatch(target)
    host = parts["authority"].lower().rpartition("@")[2].partition(":")[0] if parts else ""
    shown = [match.group().lower() for match in _HOST.finditer(words)]
    return any(
        each.removeprefix("www.") != host.removeprefix("www.") and each.rpartition(".")[2] not in _CODE_NAMES
        for each in shown
    )
