"""What the judge of domains reads off a host: its n-grams, the names it comes near, how it is built."""

from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.nlp.hosts import Host, chosen_part, shown_in_front
from bot.nlp.known_hosts import BRANDS, HOSTING, SHORTENERS
from bot.nlp.lookalike import Name, folded, read_twice
from bot.nlp.words import words_of

BITS: Final = 14
BUCKETS: Final = 1 << BITS
_SIZES: Final = (2, 3, 4, 5)  # characters of an n-gram
_LENGTH_STEP: Final = 4

_FEW, _SOME, _MANY = 6, 9, 12  # letters of a name from which 1, 2, 3 errors still leave it recognizable
_NAMES: Final = tuple(
    Name(text, sum(len(text) >= limit for limit in (_FEW, _SOME, _MANY)) + (text == "discord"))
    for text in BRANDS
)
# What is glued to names in bait, and what the imitated services call their own.
BAIT: Final = words_of(
    "gift gifts gifting nitro boost free drop drops airdrop giveaway promo bonus claim reward rewards"
    " prize win code codes generator skin skins trade tradeoffer offer case cases premium login signin"
    " signup verify verification auth account secure support event events form forms apply exam academy"
    " moderator moderators partner official subscribe vote captcha wallet connect mint token swap cs2 navi"
    " beta app apps join invite register"
)
# Those that a site made by fans doesn't carry beside the name.
GLUED: Final = words_of(
    "gift gifts gifting nitro boost free drop drops airdrop giveaway promo bonus claim reward rewards"
    " prize generator skin skins trade tradeoffer offer premium login signin verify verification auth"
    " account secure exam academy moderator moderators official captcha wallet hypesquad"
)
_BAIT_FROM: Final = 4  # letters; shorter ones count only as whole words


class Features(NamedTuple):
    """The features of one host.

    Attributes:
        buckets: of `BUCKETS`; (n,), a bucket may occur twice.
        values: (n,).
        near: names found, with the errors they have, fewest first.
        bait: words of `BAIT` in it.
        front: the real domain shown before its own, "" if none.
    """

    buckets: NDArray[np.int64]
    values: NDArray[np.float64]
    near: tuple[tuple[str, int], ...]
    bait: tuple[str, ...]
    front: str


def near_names(host: Host) -> tuple[tuple[str, int], ...]:
    """Return the names a host comes near, each with its errors, fewest first, longest of them first."""
    found: dict[str, int] = {}
    for reading in set(read_twice(chosen_part(host).replace("-", ""))):
        letters = frozenset(reading)
        for name in _NAMES:
            errors = name.errors_in(reading, letters)
            if errors <= name.allowed and errors < found.get(name.text, name.allowed + 1):
                found[name.text] = errors
    return tuple(sorted(found.items(), key=lambda item: (item[1], -len(item[0]))))


def bait_in(host: Host) -> tuple[str, ...]:
    """Return the bait words of a host in the order they stand there."""
    chosen = chosen_part(host)
    tokens = set(chosen.replace("-", ".").split("."))
    flat = folded(chosen)
    places = {
        word: flat.find(folded(word))
        for word in BAIT
        if word in tokens or (len(word) >= _BAIT_FROM and folded(word) in flat)
    }
    return tuple(sorted(places, key=lambda word: (places[word], -len(word))))


def features_of(host: Host) -> Features:
    """Return the features of a host: n-grams weigh 1 / sqrt(their number), all else 1."""
    text = f"^{host.plain}$"
    reading = f"<{read_twice(host.plain)[1]}>"
    grams = {text[at : at + size] for size in _SIZES for at in range(len(text) - size + 1)}
    grams |= {"~" + reading[at : at + size] for size in _SIZES[1:] for at in range(len(reading) - size + 1)}
    near, bait, front = near_names(host), bait_in(host), shown_in_front(host)
    built = _built(host, near, bait, front)
    keys = [*sorted(grams), *built]
    buckets = np.fromiter((crc32(key.encode()) >> (32 - BITS) for key in keys), np.int64, len(keys))
    values = np.ones(len(keys))
    values[: len(grams)] = 3 / max(1, len(grams)) ** 0.5
    return Features(buckets, values, near, bait, front)


def _built(host: Host, near: tuple[tuple[str, int], ...], bait: tuple[str, ...], front: str) -> list[str]:
    """Return how a host is built, as words no n-gram can be."""
    own, _, suffix = host.registrable.partition(".")
    depth = host.name.count(".") - host.registrable.count(".")
    said = {
        f"ending {suffix}",
        f"ending {suffix.rpartition('.')[2]}",
        f"length {min(len(own) // _LENGTH_STEP, 8)}",
        f"depth {min(depth, 3)}",
        f"hyphens {min(own.count('-'), 3)}",
        f"digits {min(sum(map(str.isdigit, own)), 3)}",
        f"bait {min(len(bait), 3)}",
        f"letters {min(int(10 * len(set(own)) / max(1, len(own))), 10)}",
        f"names {min(len(near), 2)}",
    }
    said |= {f"token {token}" for token in host.plain.replace("-", ".").split(".")[:8]}
    for name, errors in near:
        said |= {f"near {name} {errors}", f"near {errors}"}
        if bait:
            said.add("near and bait")
    if near and depth:
        said.add("near below")
    flags = {
        "foreign letters": host.name != host.plain,
        "address": host.is_address,
        "port": bool(host.port),
        "user": bool(host.user),
        "front": bool(front),
        "shortener": host.registrable in SHORTENERS,
        "hosting": suffix in HOSTING,
    }
    return sorted(said | {flag for flag, holds in flags.items() if holds})
