"""Finds the links of a message: what can be clicked, and hosts written without "https://"."""

import re
from typing import Final, NamedTuple

from bot.nlp.hosts import parse_host, registrable_of
from bot.nlp.known_hosts import ENDINGS

MAX_TEXT: Final = 4_000  # characters read, the most a message can have
MAX_LINKS: Final = 16
_URL: Final = re.compile(r"https?://([^\s<>\"'`|)\]}]{1,2000})", re.IGNORECASE)
_MASKED: Final = re.compile(
    r"\[([^\[\]\n]{1,200})\]\(<?https?://([^\s<>)]{1,2000})>?(?:\s[^)\n]{0,200})?\)", re.IGNORECASE
)
_SHOWN_HOST: Final = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_BARE: Final = re.compile(
    r"(?<![\w@/.:-])((?:[\w-]{1,63}\.){1,5}([a-z]{2,10}))(?![\w@-]|\.\w)(/\S{0,200})?", re.IGNORECASE
)
_DOTS: Final = re.compile(r"\s?[(\[]dot[)\]]\s?", re.IGNORECASE)
_TRAILING: Final = ".,;:!?*_~"


class Link(NamedTuple):
    """A link in a message.

    Attributes:
        host: with port and `user@` if there are any, lower case; without path.
        shown: the other host that the text of a masked link names, "" if none.
        clickable: False for a host without "https://".
    """

    host: str
    shown: str
    clickable: bool


def links_in(text: str) -> list[Link]:
    """Return the links one can click, in their order, each host once, `MAX_LINKS` at most.

    People write hxxp:// to make a link harmless; so it is none.
    """
    text = text[:MAX_TEXT]
    if "://" not in text:
        return []
    found: dict[str, Link] = {}
    if "](" in text:
        for match in _MASKED.finditer(text):
            host = host_of(match[2])
            found.setdefault(host, Link(host, _other_host(match[1], host), clickable=True))
        text = _MASKED.sub(" ", text)
    for match in _URL.finditer(text):
        host = host_of(match[1])
        found.setdefault(host, Link(host, "", clickable=True))
        if len(found) >= MAX_LINKS:
            break
    found.pop("", None)
    return list(found.values())[:MAX_LINKS]


def bare_hosts_in(text: str) -> list[Link]:
    """Return hosts written without "https://", `evil.example/x`; names of files aren't taken for hosts."""
    text = text[:MAX_TEXT]
    if "dot" in text:
        text = _DOTS.sub(".", text)
    found: dict[str, Link] = {}
    for match in _BARE.finditer(text):
        host = match[1].lower()
        if match[2].lower() in ENDINGS and not host.replace(".", "").isdigit():
            found.setdefault(host, Link(host, "", clickable=False))
            if len(found) >= MAX_LINKS:
                break
    return list(found.values())


def host_of(address: str) -> str:
    """Return the host of an address without its "https://", in lower case, without what ends a sentence."""
    for sign in "/?#\\":
        address = address.partition(sign)[0]
    return address.rstrip(_TRAILING).lower()


def _other_host(label: str, host: str) -> str:
    """Return the host that a masked link's text names, "" if it names none or the one it leads to."""
    match = _SHOWN_HOST.search(label.lower())
    if match is None or match[0].rpartition(".")[2] not in ENDINGS:
        return ""
    same = registrable_of(match[0].removeprefix("www.")) == parse_host(host).registrable
    return "" if same else match[0]
