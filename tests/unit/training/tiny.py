"""A corpus, labels and evaluation data of a few invented rows, in the formats of the real ones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.training import rows

ASKED = ("how do i pin a note {}", "where is the lamp number {}?", "can anyone show me page {}")
BROKEN = ("the lamp {} crashes with an error", "page {} does not load, it fails")
SAID = ("good morning number {}", "thanks, that was it {}", "i had soup {} today", "lol {}")
HELD_OUT_DAY = min(rows.HELD_OUT_DAYS)
DAYS = tuple(f"day-made-up-{number}" for number in range(6))
SHARE_ALIKE = "CC-BY-SA-4.0"


def write_lines(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def write_json(folder: Path, file: str, objects: Sequence[Mapping[str, Any]]) -> Path:
    return write_lines(folder / f"{file}.jsonl", [json.dumps(each) for each in objects])


def write_corpus(folder: Path) -> None:
    chat = [f"Hs00\t{ASKED[n % 3].format(n)}\tann: hi || bob: look at {n}" for n in range(9)]
    chat += [f"Ps-1\t{BROKEN[n % 2].format(n)}" for n in range(8)]
    chat += [f"Oc{'+0'[n % 2]}{'02'[n % 2]}{'x' * (n % 3 == 0)}\t{SAID[n % 4].format(n)}" for n in range(12)]
    write_lines(folder / "chat.tsv", [*chat, "Ou00\tline one\\nline two"])
    routes = ("math", "simple_code", "complex_code", "reasoning", "research", "general")
    write_lines(folder / "routes.tsv", [f"{route}\t{route} prompt {n}" for route in routes for n in range(3)])


def write_days(folder: Path, labels: Path) -> None:
    logs = []
    for at, name in enumerate((*DAYS, HELD_OUT_DAY, "day-without-labels")):
        texts = [form.format(at) for form in (*ASKED, *BROKEN, *SAID)]
        messages = [
            {"author": f"user0{n % 3}", "text": text} for n, text in enumerate([*texts, "hm", "hm", "?"])
        ]
        logs.append({"id": name, "messages": messages, "licence": "MIT"})
        if name != "day-without-labels":
            codes = ["0\tH00", "1\tH02", "2\tH01", "3\tP-0", "4\tP-2", "6\tO+0", "7\tO00x", "11\t?00"]
            write_lines(labels / f"{name}.tsv", ["read 0 10", *codes, ""])
    write_json(folder, rows.DAY_LOGS, logs)


def write_data(folder: Path) -> None:
    """Write the files that are read row by row; each holds one row that must not be published."""
    given = {
        "sentiment": ("sentiment", ("neg", "neu", "pos")),
        "toxicity": ("toxicity", ("clean", "toxic")),
        "spam_purpose": ("purpose", ("support", "chatter", "spam")),
        "routing": ("route", ("math", "simple_code", "complex_code", "reasoning", "research", "general")),
    }
    for file, (field, labels) in given.items():
        made = [
            {"id": f"{file}-{n}", "text": f"{label} words of row {n}", field: label, "licence": "MIT"}
            for n, label in enumerate(labels * 12)
        ]
        closed = {"id": f"{file}-closed", "text": "not ours", field: labels[0], "licence": SHARE_ALIKE}
        write_json(folder, file, [*made, closed])


def write_everything(root: Path, patch: pytest.MonkeyPatch) -> Path:
    """Write all of it, have the corpus and the labels read from there, and return the data's folder."""
    patch.setattr(rows, "CORPUS", root / "corpus")
    patch.setattr(rows, "LABELS", root / "labels")
    write_corpus(root / "corpus")
    write_days(root / "data", root / "labels")
    write_data(root / "data")
    return root / "data"
