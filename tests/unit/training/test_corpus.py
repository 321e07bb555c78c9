"""The committed corpus and labels."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlp import heads
from bot.nlp.training_rows import text_key
from bot.training.recipes import gather
from bot.training.rows import CORPUS, HELD_OUT_DAYS, LABELS, corpus_samples, read_labels

SAMPLES = list(corpus_samples())
CHAT = [sample for sample in SAMPLES if not sample.route]
_EVERYBODYS = 5  # words; what has fewer, such as "glad to hear it", is written by everybody


def test_every_line_is_as_it_should_be_and_there_are_enough() -> None:
    assert len(CHAT) >= 2_000
    assert {sample.source for sample in SAMPLES} == {f"corpus/{path.stem}" for path in CORPUS.glob("*.tsv")}
    for sample in SAMPLES:
        assert sample.text.strip() == sample.text != ""
        assert all(line.strip() for line in sample.context)


def test_every_route_is_known_and_each_has_prompts() -> None:
    counts = Counter(sample.route for sample in SAMPLES if sample.route)
    assert set(counts) == set(heads.LABELS[heads.ROUTE])
    assert min(counts.values()) >= 50


def test_every_label_occurs() -> None:
    for head in heads.EVERY_MESSAGE:
        assert {getattr(sample, head) for sample in CHAT} - {""} == set(heads.LABELS[head])


def test_no_text_is_there_twice_with_the_same_lines_before() -> None:
    texts = Counter((s.text.lower(), s.context) for s in SAMPLES if " " in s.text)  # "hm" is said often
    assert [text for text, n in texts.items() if n > 1] == []


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def test_no_text_is_one_of_the_evaluation(eval_data: Path) -> None:
    own = {_folded(sample.text) for sample in SAMPLES}
    own |= {_folded(line.partition(": ")[2]) for sample in SAMPLES for line in sample.context}
    own = {text for text in own if len(text.split()) >= _EVERYBODYS}
    found = set()
    for path in eval_data.glob("*.jsonl"):
        with path.open(encoding="utf-8") as file:
            for line in file:
                found |= {text for text in _strings(json.loads(line)) if _folded(text) in own}
    assert found == set()


def test_labels_are_as_they_should_be_and_the_days_held_out_have_some() -> None:
    paths = sorted(LABELS.glob("*.tsv"))
    assert len(paths) >= 14
    assert {path.stem for path in paths} >= HELD_OUT_DAYS
    for path in paths:
        labels = read_labels(path)
        assert min(labels) >= 0
        assert any(codes[0] in "HP" for codes in labels.values())


def test_every_label_is_of_a_message_of_its_day(eval_data: Path) -> None:
    with (eval_data / "day_logs.jsonl").open(encoding="utf-8") as file:
        days = {day["id"]: len(day["messages"]) for day in map(json.loads, file)}
    for path in LABELS.glob("*.tsv"):
        assert max(read_labels(path)) < days[path.stem]


def test_labels_hold_no_texts() -> None:
    for path in LABELS.glob("*.tsv"):
        for line in path.read_text("utf-8").splitlines():
            assert re.fullmatch(r"read \d+ \d+|\d+\t[HPO?][-+0][012]x?|", line), path.name


def test_the_rows_written_down_are_those_that_are_trained_on(eval_data: Path) -> None:
    samples = gather(eval_data)
    keys = {key for sample in samples for key in sample.keys}
    keys |= {text_key(sample.text) for sample in samples} - {0}
    assert set(map(int, np.load(heads.FOLDER / "trained_rows.npy"))) == keys
