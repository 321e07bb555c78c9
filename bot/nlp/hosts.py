"""What a host is made of: its letters as the eye reads them, and the part somebody registered."""

import re
import unicodedata
from typing import Final, NamedTuple

from bot.nlp.known_hosts import BRANDS, HOSTING, KNOWN, SUFFIXES

MAX_HOST: Final = 253  # characters, RFC 1035
_IP: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]{2,45}\]|0x[0-9a-f]{1,8}|\d{8,10}")
_END: Final = re.compile(r"[/?#\\\s]")
# Letters that look like Latin ones and aren't (Unicode TR39's confusables, those that hosts may have).
_TWINS: Final = str.maketrans(
    {
        twin: latin
        for latin, twins in {
            "a": "\u0430\u03b1\u0251",
            "b": "\u0432\u044c",
            "c": "\u0441\u03f2",
            "d": "\u0501\u0257",
            "e": "\u0435\u03b5",
            "g": "\u0261\u0581",
            "h": "\u04bb\u043d",
            "i": "\u0456\u03b9\u0131\u0269",
            "j": "\u0458",
            "k": "\u043a\u03ba",
            "l": "\u04cf\u217c\u013c",
            "m": "\u043c",
            "n": "\u043f\u03b7\u0578",
            "o": "\u043e\u03bf\u0585",
            "p": "\u0440\u03c1",
            "r": "\u0433\u027e",
            "s": "\u0455",
            "t": "\u0442\u03c4",
            "u": "\u03c5\u057d\u0446",
            "v": "\u0475\u03bd",
            "w": "\u03c9\u051d",
            "x": "\u0445\u03c7",
            "y": "\u0443\u03b3",
            "z": "\u1d22",
        }.items()
        for twin in twins
    }
)


class Host(NamedTuple):
    """A host taken apart.

    Attributes:
        name: lower case, without port, user and "www."; labels of xn-- are decoded.
        plain: the same in the Latin letters it looks like.
        registrable: the part that somebody registered, such as `example.co.uk`.
        user: what stands before an "@", "" if nothing does.
        is_address: an IP address.
    """

    name: str
    plain: str
    registrable: str
    user: str
    port: str
    is_address: bool


def parse_host(text: str) -> Host:
    """Return the parts of a host, of `user@host:port` or of an address with a path; never raises."""
    text = text.strip().lower()
    if "://" in text[:16]:
        text = text.split("://", 1)[1]
    text = _END.split(text[: 2 * MAX_HOST], maxsplit=1)[0]
    user, _, name = text.rpartition("@")
    if (cut := _IP.fullmatch(name.rpartition(":")[0] or name)) is not None:
        return Host(cut[0], cut[0], cut[0], user, name[cut.end() + 1 :], is_address=True)
    name, _, port = name.partition(":")
    name = name[:MAX_HOST].strip(".").removeprefix("www.")
    if "xn--" in name:
        name = ".".join(_decoded(label) for label in name.split("."))
    plain = name if name.isascii() else in_latin(name)
    return Host(name, plain, registrable_of(name), user, port, is_address=False)


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, ValueError, OverflowError):
        return label


def in_latin(text: str) -> str:
    """Return `text` with letters of other scripts and accents as the Latin letters they look like."""
    text = unicodedata.normalize("NFKD", text.translate(_TWINS))
    return "".join(char for char in text if not unicodedata.combining(char)).lower()


def registrable_of(name: str) -> str:
    """Return the part of a host that somebody registered, or got from a site that gives names away."""
    labels = name.rsplit(".", 3)
    for count in (3, 2):
        suffix = ".".join(labels[-count:])
        if suffix in SUFFIXES or suffix in HOSTING:
            return ".".join(labels[-count - 1 :]) if len(labels) > count else suffix
    return ".".join(labels[-2:])


def chosen_part(host: Host) -> str:
    """Return what the owner of a host chose, in Latin letters: all but the ending, `.com` or `.github.io`."""
    ending = host.registrable.partition(".")[2]
    return host.plain.removesuffix(f".{ending}") if ending else host.plain


def is_known(host: Host) -> bool:
    """Tell whether a host belongs to a well-known site."""
    return host.name in KNOWN or (host.registrable in KNOWN and host.registrable not in HOSTING)


# The real domains of what is imitated, longest first, and the words to look for.
OFFICIAL: Final = tuple(
    sorted({*BRANDS.values(), "discord.gg", "discordapp.com", "discord.gift"}, key=len, reverse=True)
)


def shown_in_front(host: Host) -> str:
    """Return the real domain that a host carries before its own, as discord.com.example.ru does, or ""."""
    if host.user:
        shown = parse_host(host.user.rpartition(":")[0] or host.user)
        if is_known(shown):
            return shown.name
    padded = f".{host.plain.replace('-', '.')}."
    for domain in OFFICIAL:
        at = padded.find(f".{domain}.")
        if at >= 0 and at + len(domain) + 2 < len(padded):
            return domain
    return ""
