"""Tells look-alike domains of popular services from the places people really link to.

A list of well-known sites comes first, then rules that need no learning (a real domain shown in front of
another, foreign letters that spell a name), then a linear head over `bot.nlp.domain_features`. Its weights
are data (`weights/domains.npz`), made by `bot.training.domains`.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.domain_features import GLUED, Features, features_of
from bot.nlp.hosts import Host, chosen_part, is_known, parse_host
from bot.nlp.known_hosts import BRANDS, CHEAP, HOSTING, SHORTENERS

WEIGHTS: Final = Path(__file__).parent / "weights" / "domains.npz"
LIKELY: Final = 0.5
_KNOWN: Final = 0.01
_SURE: Final = 0.98
_NUMBER: Final = 0.2  # addresses and short links say nothing about what is behind them
_CACHED: Final = 4_096
_LETTERS_PER_ERROR: Final = 6  # of a name that is still meant when misspelled
_READABLE: Final = 40  # characters of a host in a reason


class DomainJudgement(NamedTuple):
    """What is thought of a domain.

    Attributes:
        probability: that it was made for phishing, 0 to 1.
        reason: why, in a few words of its own letters.
        imitates: the real domain it is to be taken for.
    """

    probability: float
    reason: str
    imitates: str | None


@cache
def _weights() -> tuple[NDArray[np.float64], float]:
    """Return the weights of the buckets and the intercept."""
    with np.load(WEIGHTS, allow_pickle=False) as data:
        return data["weights"].astype(np.float64), float(data["intercept"])


@lru_cache(_CACHED)
def judge_domain(host: str) -> DomainJudgement:
    """Return what is thought of a host; never raises.

    Args:
        host: as it stands in a link, in upper or lower case, with or without port, `user@` or path.
    """
    return judge_with(host)


def forget_words() -> None:
    """Let go of what is remembered of hosts."""
    judge_domain.cache_clear()


def judge_with(
    host: str, weights: NDArray[np.float64] | None = None, intercept: float = 0.0
) -> DomainJudgement:
    """Return what is thought of a host with other weights than the committed ones (training measures so)."""
    parts = parse_host(host)
    if not parts.name or (is_known(parts) and not parts.user):
        return DomainJudgement(_KNOWN, "well-known site" if parts.name else "no host", None)
    if "." not in parts.name and not parts.user:
        return DomainJudgement(_KNOWN, "no public host", None)
    if parts.is_address or (parts.registrable in SHORTENERS and parts.registrable not in HOSTING):
        return DomainJudgement(_NUMBER, "a bare address" if parts.is_address else "a short link", None)
    features = features_of(parts)
    if features.front:
        own = parts.registrable[:_READABLE]
        return DomainJudgement(_SURE, f"shows {features.front} but belongs to {own}", features.front)
    name = next((name for name, errors in features.near if errors == 0), "")
    if name and parts.name != parts.plain and name not in parts.name:
        return DomainJudgement(_SURE, f"spells {BRANDS[name]} with foreign letters", BRANDS[name])
    if weights is None:
        weights, intercept = _weights()
    return judged(parts, features, probability_of(features, weights, intercept))


def probability_of(features: Features, weights: NDArray[np.float64], intercept: float) -> float:
    """Return the linear head's probability of phishing."""
    total = float(weights[features.buckets] @ features.values) + intercept
    return float(1 / (1 + np.exp(-np.clip(total, -30, 30))))


def judged(host: Host, features: Features, probability: float) -> DomainJudgement:
    """Return the judgement with its reason."""
    shown = host.name[:_READABLE]
    if probability < LIKELY:
        return DomainJudgement(probability, f"{shown} looks ordinary", None)
    meant = imitated(host, features)
    if meant:
        return DomainJudgement(probability, f"{shown} imitates {meant}", meant)
    if features.near:
        return DomainJudgement(probability, f"{shown} is named like {BRANDS[features.near[0][0]]}", None)
    if features.bait:
        return DomainJudgement(probability, f"{shown} carries '{features.bait[0]}'", None)
    return DomainJudgement(probability, f"{shown} is built like phishing domains", None)


def imitated(host: Host, features: Features) -> str:
    """Return the domain that a host is to be taken for, "" if it only carries a service's name.

    Many sites that fans make do: the name spelled right, among words that are no bait. What deceives
    misspells it, adds bait, has a cheap ending, or is the bare name under another ending.
    """
    chosen = chosen_part(host).replace("-", "")
    cheap = host.registrable.rpartition(".")[2] in CHEAP
    for name, errors in sorted(features.near, key=lambda item: -len(item[0])):
        bait = not GLUED.isdisjoint(set(features.bait) - {name})
        misspelled = bool(errors) or name not in chosen
        bare = chosen == name and BRANDS[name].startswith(f"{name}.")
        if bait or (errors * _LETTERS_PER_ERROR <= len(name) if misspelled else cheap or bare):
            return BRANDS[name]
    return ""


def phishing_probabilities(hosts: Sequence[str]) -> NDArray[np.float64]:
    """Return the probability of phishing for each of n hosts, (n,): what `run.py evaluate` asks for."""
    return np.array([judge_domain(host).probability for host in hosts], dtype=np.float64)
