"""Trains the judge of domains (`bot.nlp.domains`) and measures it by cross-validation.

python -m bot.training.domains DATA_DIR     figures, then bot/nlp/weights/domains.npz
"""

import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.domain_features import BUCKETS, Features, features_of
from bot.nlp.domains import LIKELY, WEIGHTS, judge_with
from bot.nlp.hosts import parse_host
from bot.nlp.known_hosts import HOSTING, KNOWN, SERVICES
from bot.nlp.lookalike import folded
from bot.nlp.training_rows import row_key

FILE: Final = "phishing_domains"
PHISHING: Final = "phishing"
LICENCES: Final = frozenset({"MIT", "CC-BY-4.0"})
SEED: Final = 20_260
FOLDS: Final = 5
_C: Final = 3.0  # chosen by cross-validation among 0.1, 0.3, 1, 3, 10 (flat from 1 on)
_EXTRA: Final = 0.2  # weight of a well-known site, chosen so too among 0.2 and 0.5
_LONG: Final = 6  # letters from which labels that differ by one count as near-identical


class Rows(NamedTuple):
    """Hosts and whether they are phishing."""

    hosts: tuple[str, ...]
    labels: NDArray[np.int64]
    keys: tuple[int, ...]


def load(data_dir: Path) -> Rows:
    """Return the rows of the file whose licence allows training."""
    with (data_dir / f"{FILE}.jsonl").open(encoding="utf-8") as file:
        rows = [row for line in file if (row := json.loads(line))["licence"] in LICENCES]
    return Rows(
        tuple(row["text"] for row in rows),
        np.array([row["label"] == PHISHING for row in rows], dtype=np.int64),
        tuple(row_key(FILE, row["id"], row["text"]) for row in rows),
    )


def known_hosts() -> tuple[str, ...]:
    """Return the well-known sites, sorted, that are examples of what isn't phishing.

    The imitated services' own domains are none: only the list tells them from look-alikes.
    """
    return tuple(sorted(KNOWN - SERVICES - HOSTING))


@cache
def _features(host: str) -> Features:
    return features_of(parse_host(host))


def matrix(hosts: Sequence[str]) -> Any:
    """Return the features of n hosts as a sparse matrix, (n, BUCKETS)."""
    from scipy.sparse import csr_matrix

    features = [_features(host) for host in hosts]
    starts = np.cumsum([0, *(len(one.buckets) for one in features)])
    values = np.concatenate([one.values for one in features])
    buckets = np.concatenate([one.buckets for one in features])
    return csr_matrix((values, buckets, starts), shape=(len(hosts), BUCKETS))


def fit(hosts: Sequence[str], labels: NDArray[np.int64], extra: Sequence[str]) -> Any:
    """Return a logistic regression fitted on hosts and on `extra`, which are benign and weigh less."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_C, max_iter=3_000, random_state=SEED)
    share = np.concatenate((np.ones(len(hosts)), np.full(len(extra), _EXTRA)))
    answers = np.concatenate((labels, np.zeros(len(extra), np.int64)))
    return model.fit(matrix([*hosts, *extra]), answers, sample_weight=share)


def train(data_dir: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of `weights/domains.npz`: weights, intercept, keys of the rows trained on.

    Raises:
        FileNotFoundError: the file is not in `data_dir`.
    """
    rows = load(data_dir)
    model = fit(rows.hosts, rows.labels, known_hosts())
    return {**_arrays(model), "trained_rows": np.array(sorted(rows.keys), dtype=np.uint64)}


def _arrays(model: Any) -> dict[str, NDArray[Any]]:
    return {
        "weights": model.coef_[0].astype(np.float16),
        "intercept": np.array(model.intercept_[0], dtype=np.float32),
    }


def groups(hosts: Sequence[str]) -> NDArray[np.int64]:
    """Return a number for each host, the same for near-identical ones, (n,).

    Hosts are near-identical whose registered label, without hyphens and with letters and digits that look
    alike made one, differs by a letter at most (added, left out or exchanged); chains of such count as one.
    """
    first: dict[str, int] = {}
    parent = list(range(len(hosts)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for at, host in enumerate(hosts):
        label = folded(parse_host(host).registrable.partition(".")[0].replace("-", ""))
        keys = {label}
        if len(label) >= _LONG:
            keys |= {label[:i] + label[i + 1 :] for i in range(len(label))}
        for key in keys:
            here, there = root(at), root(first.setdefault(key, at))
            parent[max(here, there)] = min(here, there)
    return np.array([root(at) for at in range(len(hosts))], dtype=np.int64)


def cross_validated(rows: Rows, *, grouped: bool, seed: int = SEED) -> NDArray[np.float64]:
    """Return each row's probability from a head that has seen neither it nor its near-identical ones, (n,).

    Stratified; well-known sites are judged by the list, as the bot does it.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    of = groups(rows.hosts) if grouped else None
    chances = np.zeros(len(rows.hosts))
    for learnt, asked in kind(FOLDS, shuffle=True, random_state=seed).split(rows.hosts, rows.labels, of):
        left_out = {rows.hosts[at] for at in asked}
        extra = [host for host in known_hosts() if host not in left_out]
        model = fit([rows.hosts[at] for at in learnt], rows.labels[learnt], extra)
        arrays = _arrays(model)
        weights = arrays["weights"].astype(np.float64)
        for at in asked:
            chances[at] = judge_with(rows.hosts[at], weights, float(arrays["intercept"])).probability
    return chances


def macro_f1(labels: NDArray[np.int64], chances: NDArray[np.float64]) -> float:
    """Return the mean of both classes' F1 at the judge's threshold."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, chances >= LIKELY, average="macro"))


def main(data_dir: Path) -> None:
    """Print the figures of cross-validation, then write the weights."""
    rows = load(data_dir)
    for grouped in (False, True):
        figures = [
            macro_f1(rows.labels, cross_validated(rows, grouped=grouped, seed=SEED + at)) for at in range(3)
        ]
        name = "grouped" if grouped else "stratified"
        sys.stdout.write(
            f"{name}: macro-F1 {' '.join(f'{figure:.4f}' for figure in figures)} (n {len(rows.hosts)})\n"
        )
    WEIGHTS.parent.mkdir(exist_ok=True)
    np.savez_compressed(WEIGHTS, allow_pickle=False, **train(data_dir))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
