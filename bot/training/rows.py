"""What the heads are trained on: the corpus written for this project, labelled days, and evaluation rows.

The corpus (`corpus/*.tsv`) is committed with its texts. Of the days' logs only labels are (`labels/*.tsv`, by
index); their texts, and all other rows, are read from the evaluation data, those whose licence allows it.
Held out, never trained on and left to `run.py evaluate`: the hand-labelled chat, four whole days, a tenth of
every other file, and what its owners allow for evaluation only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from bot.domain.signal import Intent, Purpose, Sentiment, Urgency
from bot.nlp.heads import LABELS as NAMES
from bot.nlp.heads import ROUTE
from bot.nlp.training_rows import message_id, row_key

HERE: Final = Path(__file__).parent
CORPUS: Final = HERE / "corpus"
LABELS: Final = HERE / "labels"
DAY_LOGS: Final = "day_logs"
ROUTES: Final = "routes"
HELD_OUT_DAYS: Final = frozenset(
    {
        "day-docker-2017-01-06-323",
        "day-gitter-2017-03-15-175",
        "day-mediawiki-2007-09-14-831",
        "day-ubuntu-2014-12-21-1430",
    }
)
HELD_OUT_FILES: Final = frozenset({"intent_chat_hand"})
_EVERY: Final = 10  # of the other files, one row in so many is held out
_NOT_FOR_TRAINING: Final = ("SA", "NC", "evaluation")  # in a licence: share alike, non-commercial, ...
_CONTEXT: Final = 3

_INTENTS: Final = {"H": Intent.HELP_REQUEST, "P": Intent.PROBLEM_REPORT, "O": Intent.OTHER}
_PURPOSES: Final = {"s": Purpose.SUPPORT, "c": Purpose.CHATTER, "p": Purpose.SPAM}
_SENTIMENTS: Final = {"+": Sentiment.POSITIVE, "0": Sentiment.NEUTRAL, "-": Sentiment.NEGATIVE}
_URGENCIES: Final = {"0": Urgency.LOW, "1": Urgency.MEDIUM, "2": Urgency.HIGH}
_UNKNOWN: Final = {"u": ""}  # a purpose that can't be told is not trained
_TOXIC: Final = {"x": "toxic", "": "clean"}
_OPEN: Final = "?"  # an intent that can't be told is not trained


class CorpusError(Exception):
    """A row breaks its file's format; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One text with what is known of it; "" for what isn't.

    Attributes:
        source: the file it is from, for a corpus "corpus/NAME".
        group: rows of one group are never on both sides of a cross-validation.
        keys: by which evaluation knows it; several for a line repeated in its day, none for the corpus.
        context: the lines before it, oldest first, as "author: text".
    """

    text: str
    source: str
    group: str
    keys: tuple[int, ...] = ()
    context: tuple[str, ...] = ()
    author: str = ""
    intent: str = ""
    purpose: str = ""
    sentiment: str = ""
    urgency: str = ""
    toxicity: str = ""
    route: str = ""
    licence: str = ""

    @property
    def is_corpus(self) -> bool:
        """Whether it was written for this project."""
        return self.source.startswith("corpus/")


def corpus_samples() -> Iterator[Sample]:
    """Yield the corpus.

    Raises:
        CorpusError: a line is not as it should be.
    """
    for path in sorted(CORPUS.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                yield _route_sample(line) if path.stem == ROUTES else _chat_sample(line, path.stem)
            except (KeyError, IndexError, ValueError) as error:
                raise CorpusError(f"{path.name}:{number}: {error!r} in {line[:60]!r}") from None


def _route_sample(line: str) -> Sample:
    route, text = line.split("\t")
    if route not in NAMES[ROUTE]:
        raise ValueError("no such route")
    return Sample(_unescaped(text), "corpus/routes", f"corpus:{crc32(text.encode())}", route=route)


def _chat_sample(line: str, name: str) -> Sample:
    codes, text, *before = line.split("\t")
    if len(before) > 1:
        raise ValueError("more than three columns")
    intent, purpose, sentiment, urgency = tuple(codes[:4])
    return Sample(
        _unescaped(text),
        f"corpus/{name}",
        f"corpus:{crc32(text.encode())}",
        context=tuple(before[0].split(" || ")) if before else (),
        intent=_INTENTS[intent],
        purpose=(_PURPOSES | _UNKNOWN)[purpose],
        sentiment=_SENTIMENTS[sentiment],
        urgency=_URGENCIES[urgency],
        toxicity=_TOXIC[codes[4:]],
    )


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n")


def read_labels(path: Path) -> dict[int, str]:
    """Return the codes of a day's log by index: intent, sentiment, urgency and perhaps x.

    Raises:
        CorpusError: a line is not as it should be.
    """
    found: dict[int, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            if line.startswith("read "):
                _, first, last = line.split()
                for index in range(int(first), int(last) + 1):
                    found.setdefault(index, "O00")
            elif line:
                place, codes = line.split("\t")
                found[int(place)] = _checked(codes)
        except ValueError as error:
            raise CorpusError(f"{path.name}:{number}: {error}") from None
    return found


def _checked(codes: str) -> str:
    known = ({*_INTENTS, _OPEN}, set(_SENTIMENTS), set(_URGENCIES))
    if len(codes) < len(known) or codes[len(known) :] not in _TOXIC:
        raise ValueError(f"{codes!r} are not intent, sentiment, urgency and perhaps x")
    for code, allowed in zip(codes, known, strict=False):  # what follows is checked above
        if code not in allowed:
            raise ValueError(f"{code!r} is no code")
    return codes


def day_samples(data_dir: Path, *, held_out: bool) -> Iterator[Sample]:
    """Yield the labelled lines, each text of a day once, of the days held out or of the others.

    Raises:
        CorpusError: a label or a log is not as it should be.
    """
    for _, log in _objects(data_dir / f"{DAY_LOGS}.jsonl", ("id", "messages", "licence")):
        name = str(log["id"])
        labels = LABELS / f"{name}.tsv"
        if (name in HELD_OUT_DAYS) is not held_out or not labels.is_file():
            continue
        messages = log["messages"]
        keys: dict[str, list[int]] = {}
        for index, message in enumerate(messages):
            text = message["text"]
            keys.setdefault(text, []).append(row_key(DAY_LOGS, message_id(name, index), text))
        for index, codes in sorted(read_labels(labels).items()):
            if index >= len(messages):
                raise CorpusError(f"{labels.name}: the day has no message {index}")
            text = messages[index]["text"]
            if codes[0] not in _INTENTS or text not in keys:
                continue
            before = messages[max(0, index - _CONTEXT) : index]
            yield Sample(
                text,
                DAY_LOGS,
                name,
                tuple(keys.pop(text)),
                tuple(f"{line['author']}: {line['text']}" for line in before),
                messages[index]["author"],
                intent=_INTENTS[codes[0]],
                sentiment=_SENTIMENTS[codes[1]],
                urgency=_URGENCIES[codes[2]],
                toxicity=_TOXIC[codes[3:]],
                licence=str(log["licence"]),
            )


def file_samples(data_dir: Path, file: str, field: str) -> Iterator[Sample]:
    """Yield the rows of an evaluation file that may be trained on; `field` is the one with the label.

    Raises:
        CorpusError: a row is not as it should be.
    """
    for where, row in _objects(data_dir / f"{file}.jsonl", ("id", "text", "licence", field)):
        row_id, text = str(row["id"]), str(row["text"])
        if row[field] not in NAMES[field]:
            raise CorpusError(f"{where}: {row[field]!r} is no {field}")
        licence = str(row["licence"])
        if not is_held_out(file, row_id) and may_train(licence):
            key = row_key(file, row_id, text)
            sample = Sample(text, file, f"{file}:{row_id}", (key,), licence=licence)
            yield replace(sample, **{field: str(row[field])})  # type: ignore[arg-type]


def is_held_out(file: str, row_id: str) -> bool:
    """Tell whether a row is left to the evaluation."""
    return file in HELD_OUT_FILES or crc32(row_id.encode()) % _EVERY == 0


def may_train(licence: str) -> bool:
    """Tell whether a licence allows weights to be published under the project's own."""
    return not any(word in licence for word in _NOT_FOR_TRAINING)


def _objects(path: Path, fields: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each line's object with its place, for messages; all of them have `fields`."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            where = f"{path.name}:{number}"
            try:
                value = json.loads(line)
            except ValueError as error:
                raise CorpusError(f"{where}: is not JSON: {error}") from None
            lacking = [field for field in fields if field not in value]
            if lacking:
                raise CorpusError(f"{where}: has no {lacking[0]!r}")
            yield where, value
