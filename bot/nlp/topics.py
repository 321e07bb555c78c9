"""Joins conversations that are about the same, wherever they were held, into topics."""

import math
from collections import Counter
from collections.abc import Sequence
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
_FARTHEST: Final = 0.72  # the mean distance between conversations of one topic, by words ...
_FARTHEST_ENCODED: Final = 0.6  # ... and with an encoder that knows meanings
_MOST: Final = 1_200  # conversations that are compared; smaller ones stay topics of their own
_LONGEST_WORD: Final = 40
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
    return joined(lines, conversations(lines, near), vectors)


def joined(lines: Sequence[Line], talks: Sequence[list[int]], vectors: Vectors | None) -> list[list[int]]:
    """Return the same of lines that have been told apart into conversations."""
    talks = [part for talk in talks for part in _parts(lines, talk)]
    sizes = [sum(len(words_in(lines[at].text)) for at in talk) for talk in talks]
    order = sorted(range(len(talks)), key=lambda place: (-sizes[place], place))
    compared, alone = order[:_MOST], order[_MOST:]
    about = _by_words(lines, [talks[place] for place in compared])
    farthest = _FARTHEST
    if vectors is not None:
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
