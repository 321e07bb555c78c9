"""Joins conversations that are about the same, wherever they were held, into topics."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np

from bot.domain.summaries import Line
from bot.nlp.clusters import clusters
from bot.nlp.conversations import conversations
from bot.nlp.encoder import Vectors
from bot.nlp.hashed import HashedEncoder
from bot.nlp.salience import JOINING, TALK, words_in

_DIM: Final = 512
_FARTHEST: Final = 0.79  # the mean distance between conversations of one topic, by words ...
_FARTHEST_ENCODED: Final = 0.53  # ... and with an encoder that knows meanings
_MOST: Final = 1_200  # conversations that are compared; smaller ones stay topics of their own
_LONGEST_WORD: Final = 40
_WINDOW: Final = 8  # lines before and after that are compared to see whether the subject changed
_PAUSE: Final = 1_200.0  # seconds of silence after which a talk may have come to something else


def topics(lines: Sequence[Line], vectors: Vectors | None = None) -> list[list[int]]:
    """Return the indices of each topic's lines, oldest first; the largest topic first.

    Args:
        lines: messages in any order.
        vectors: an encoder's of the texts, shape (n, dim); None to compare words.
    """
    if not lines:
        return []
    near = HashedEncoder(_DIM).encode_now([line.text for line in lines]) if vectors is None else vectors
    return joined(lines, conversations(lines, near), near, encoded=vectors is not None)


def joined(
    lines: Sequence[Line], talks: Sequence[list[int]], vectors: Vectors, *, encoded: bool
) -> list[list[int]]:
    """Return the same of lines that have been told apart into conversations.

    Args:
        lines: messages in any order.
        talks: the indices of each conversation's lines.
        vectors: of the texts, shape (n, dim).
        encoded: whether these know meanings, so that they count beside the words.
    """
    talks = [piece for talk in talks for part in _parts(lines, talk) for piece in _pieces(part, vectors)]
    sizes = [sum(len(words_in(lines[at].text)) for at in talk) for talk in talks]
    order = sorted(range(len(talks)), key=lambda place: (-sizes[place], place))
    compared, alone = order[:_MOST], order[_MOST:]
    about = _by_words(lines, [talks[place] for place in compared])
    farthest = _FARTHEST
    if encoded:
        meant = np.stack([_mean(vectors[talks[place]]) for place in compared])
        about = np.hstack((about, meant)) * np.float32(math.sqrt(0.5))
        farthest = _FARTHEST_ENCODED
    groups = [[compared[row] for row in rows] for rows in clusters(about, farthest)]
    found = [
        sorted(
            (at for place in group for at in talks[place]),
            key=lambda at: (lines[at].at, lines[at].message_id),
        )
        for group in [*groups, *([place] for place in alone)]
    ]
    return sorted(found, key=lambda members: (-len(members), lines[members[0]].at, members[0]))


def _parts(lines: Sequence[Line], talk: Sequence[int]) -> list[list[int]]:
    """Return a conversation cut at its pauses; what goes on about the same is joined again by its words."""
    parts: list[list[int]] = []
    here: set[int] = set()
    for at in talk:
        line = lines[at]
        quiet = not parts or (line.at - lines[parts[-1][-1]].at).total_seconds() > _PAUSE
        if (quiet and line.reply_to_id not in here and line.thread_id is None) or not parts:
            parts.append([])
            here = set()
        parts[-1].append(at)
        here.add(line.message_id)
    return parts


def _pieces(part: Sequence[int], vectors: Vectors) -> list[list[int]]:
    """Return a long talk cut where its subject changes (Hearst 1997, "TextTiling")."""
    count = len(part)
    if count < 3 * _WINDOW:
        return [list(part)]
    sums = np.vstack(
        (np.zeros((1, vectors.shape[1])), np.cumsum(vectors[list(part)], axis=0, dtype=np.float64))
    )
    gaps = np.arange(_WINDOW, count - _WINDOW + 1)
    before, after = sums[gaps] - sums[gaps - _WINDOW], sums[gaps + _WINDOW] - sums[gaps]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    alike = (before * after).sum(axis=1) / np.where(lengths > 0, lengths, 1)
    # How far down it goes on both sides from the nearest peaks within a window.
    peaks = [
        alike[max(0, at - _WINDOW) : at + 1].max() + alike[at : at + _WINDOW + 1].max()
        for at in range(len(gaps))
    ]
    depths = np.array(peaks) - 2 * alike
    least = float(depths.mean() + depths.std() / 2)
    cuts: list[int] = []
    for at in np.argsort(-depths, kind="stable"):
        if depths[at] <= least:
            break
        if all(abs(int(gaps[at]) - cut) >= _WINDOW for cut in cuts):
            cuts.append(int(gaps[at]))
    borders = [0, *sorted(cuts), count]
    return [list(part[start:end]) for start, end in pairwise(borders)]


def _mean(rows: Vectors) -> Vectors:
    mean = rows.mean(axis=0)
    length = float(np.linalg.norm(mean))
    unit: Vectors = np.asarray(mean / length if length else mean, np.float32)
    return unit


def _by_words(lines: Sequence[Line], talks: Sequence[Sequence[int]]) -> Vectors:
    """Return tf-idf rows of length 1 of what each conversation talks about, hashed into columns."""
    counts = [
        Counter(
            word
            for at in talk
            for word in words_in(lines[at].text)
            if word not in TALK and word not in JOINING and 1 < len(word) <= _LONGEST_WORD
        )
        for talk in talks
    ]
    seen: Counter[str] = Counter()
    for words in counts:
        seen.update(words.keys())
    rows = np.zeros((len(talks), _DIM), np.float32)
    for row, words in enumerate(counts):
        for word, count in words.items():
            code = crc32(word.encode())
            weight = (1 + math.log(count)) * math.log(1 + len(talks) / seen[word])
            rows[row, code % _DIM] += weight if code >> 31 else -weight
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
