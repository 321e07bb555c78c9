"""Reads a folder of JSON Lines files; what is missing is missing, what is broken is named."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bot.nlp.training_rows import message_id, row_key, text_key

DAY_LOGS = "day_logs"
_ENDING = ".jsonl"
_RETRIEVAL, _KB, _QUERIES = "retrieval_", "_kb", "_queries"


class DataError(Exception):
    """A file can't be used; the text is one line that names the file and the line."""


class Row(NamedTuple):
    """One labelled text."""

    file: str  # without folder and ending
    id: str
    text: str
    gold: str  # its label; "" where the file has none
    subset: str = ""
    context: tuple[str, ...] = ()  # the lines before it, oldest first, as `name: text`

    @property
    def keys(self) -> tuple[int, int]:
        """The keys by which training remembers it: as this row, and by its text wherever it stands."""
        return row_key(self.file, self.id, self.text), text_key(self.text)


class Rows(NamedTuple):
    """What is left of a file to be scored."""

    rows: tuple[Row, ...]
    trained: tuple[Row, ...] = ()  # those that training has seen

    @property
    def left_out(self) -> int:
        """How many are not scored because training has seen them."""
        return len(self.trained)


@dataclass(frozen=True)
class Dataset:
    """A folder with evaluation data, without the rows that were trained on.

    Attributes:
        folder: where the files are; need not exist.
        trained_rows: keys (`row_key`) of the rows never to be scored.
    """

    folder: Path
    trained_rows: frozenset[int] = frozenset()
    _read: dict[tuple[str, str], Rows | None] = field(default_factory=dict)

    def rows(self, file: str, label: str) -> Rows | None:
        """Return the rows of `file` with the value of field `label` as gold; None when there is no such file.

        Raises:
            DataError: a line can't be read, or lacks `id`, `text` or `label`.
        """
        return self._remembered(file, label, lambda path: _labelled(path, label))

    def messages(self) -> Rows | None:
        """Return every message of the days' logs, unlabelled; None when there are none.

        Raises:
            DataError: a line can't be read.
        """
        return self._remembered(DAY_LOGS, "", _messages)

    def retrieval_sets(self) -> list[str]:
        """Return the names X of which there are both retrieval_X_kb and retrieval_X_queries."""
        paths = self.folder.glob(f"{_RETRIEVAL}*{_KB}{_ENDING}")
        names = (path.name.removeprefix(_RETRIEVAL).removesuffix(_KB + _ENDING) for path in paths)
        return sorted(name for name in names if self._path(f"{_RETRIEVAL}{name}{_QUERIES}").is_file())

    def knowledge(self, name: str) -> tuple[Row, ...]:
        """Return the entries of a retrieval set, the answer's id as gold; () when there are none.

        Raises:
            DataError: a line can't be read.
        """
        path = self._path(f"{_RETRIEVAL}{name}{_KB}")
        return tuple(_labelled(path, "answer_id")) if path.is_file() else ()

    def queries(self, name: str) -> Rows | None:
        """Return the queries of a retrieval set: gold is the answer's id, subset the scope ("in", ...).

        Raises:
            DataError: a line can't be read.
        """

        def read(path: Path) -> Iterator[Row]:
            return _labelled(path, "answer_id", subset="scope", optional="scope")

        return self._remembered(f"{_RETRIEVAL}{name}{_QUERIES}", "answer_id", read)

    def objects(self, file: str) -> list[tuple[str, Mapping[str, Any]]] | None:
        """Return the objects of a file, each with its place for messages; None when there is no such file.

        Raises:
            DataError: a line can't be read.
        """
        path = self._path(file)
        return list(_objects(path)) if path.is_file() else None

    def _path(self, file: str) -> Path:
        return self.folder / (file + _ENDING)

    def _remembered(self, file: str, label: str, read: Callable[[Path], Iterator[Row]]) -> Rows | None:
        if (file, label) not in self._read:
            path = self._path(file)
            self._read[file, label] = self._unseen(tuple(read(path))) if path.is_file() else None
        return self._read[file, label]

    def _unseen(self, rows: Sequence[Row]) -> Rows:
        if not self.trained_rows:
            return Rows(tuple(rows))
        seen = [not self.trained_rows.isdisjoint(row.keys) for row in rows]
        return Rows(
            tuple(row for row, trained in zip(rows, seen, strict=True) if not trained),
            tuple(row for row, trained in zip(rows, seen, strict=True) if trained),
        )


def _objects(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each line's object with its place, for messages."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                where = f"{path}:{number}"
                if line.strip():
                    yield where, _object(line, where)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason} after {error.start} bytes)") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise DataError(f"{where}: is not JSON: {error}") from None
    except RecursionError:
        raise DataError(f"{where}: is nested too deeply") from None
    if not isinstance(value, dict):
        raise DataError(f"{where}: is not an object")
    return value


def _labelled(path: Path, label: str, subset: str = "subset", optional: str = "") -> Iterator[Row]:
    """Yield the rows of a file. A null label is "" where the field named `optional` is there."""
    for where, value in _objects(path):
        gold = value.get(label)
        if gold is None and not (optional and value.get(optional)):
            raise DataError(f"{where}: has no {label!r}")
        context = value.get("context") or ()
        if not isinstance(context, list | tuple):
            raise DataError(f"{where}: 'context' is not a list of lines")
        yield Row(
            file=path.stem,
            id=_text(value, "id", where),
            text=_text(value, "text", where),
            gold="" if gold is None else str(gold),
            subset=str(value.get(subset) or ""),
            context=tuple(map(str, context)),
        )


def _messages(path: Path) -> Iterator[Row]:
    for where, value in _objects(path):
        log = _text(value, "id", where)
        messages = value.get("messages")
        if not isinstance(messages, list):
            raise DataError(f"{where}: has no list of 'messages'")
        for index, message in enumerate(messages):
            if not isinstance(message, dict):
                raise DataError(f"{where}: message {index} is not an object")
            text = _text(message, "text", f"{where}, message {index}")
            yield Row(path.stem, message_id(log, index), text, "", log)


def _text(value: Mapping[str, Any], name: str, where: str) -> str:
    text = value.get(name)
    if isinstance(text, str) or (name == "id" and isinstance(text, int)):
        return str(text)
    raise DataError(f"{where}: has no {name!r}")
