"""Training as files: CSV, JSON and JSON Lines, read and written. Computes only: call it in a thread.

A CSV file names its columns in its first row: question, answer and, if wanted, category, links (separated by
spaces), valid_from, valid_until. Rows with the same answer make one entry. JSON is a list of objects with
these names, that list as "entries", or one object a line; there "questions" may be a list. A question may
also be called text or utterance, an answer response or answer_id. Times without a zone are UTC.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, Final, NamedTuple

from bot.domain.errors import UserFacingError
from bot.services.training.drafts import Draft, parse_moment, snapshot
from bot.texts import text

MAX_BYTES: Final = 5_000_000
MAX_ROWS: Final = 50_000
PART_BYTES: Final = 4_500_000  # of an exported file, so that it can be imported again
COLUMNS: Final = ("question", "answer", "category", "links", "valid_from", "valid_until")
_NAMES: Final = {
    "question": ("questions", "question", "text", "utterance"),
    "answer": ("answer", "response", "answer_id"),
    **{name: (name,) for name in COLUMNS[2:]},
}
# What a spreadsheet would compute; quotes in front are kept apart from the one put there.
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA: Final = re.compile(r"'+[=+\-@\t\r]")


class Row(NamedTuple):
    """What a row of a file says; without a draft it can't be used, and `problem` says why."""

    number: int  # as the file counts: lines or objects, from 1
    draft: Draft | None
    problem: str = ""


def parse(data: bytes, name: str) -> list[Row]:
    """Return the rows of a file; its name's ending says what it is.

    Raises:
        UserFacingError: it can't be read at all; the text says why.
    """
    if len(data) > MAX_BYTES:
        raise UserFacingError(text("training.file_large", megabytes=MAX_BYTES // 1_000_000))
    content = _decoded(data)
    if not content.strip():
        raise UserFacingError(text("training.file_empty"))
    ending = name.lower().rpartition(".")[2]
    if ending in ("json", "jsonl", "ndjson"):
        rows = _json_rows(content)
    elif ending in ("csv", "tsv", "txt"):
        rows = _csv_rows(content)
    else:
        raise UserFacingError(text("training.file_kind"))
    if not rows:
        raise UserFacingError(text("training.file_no_entries"))
    return rows


def render_json(drafts: Iterable[Draft]) -> list[bytes]:
    """Return the entries as one or more JSON files."""
    lines = (json.dumps(snapshot(draft), ensure_ascii=False).encode() for draft in drafts)
    return _parts(lines, b'{"entries": [\n', b",\n", b"\n]}\n")


def render_csv(drafts: Iterable[Draft]) -> list[bytes]:
    """Return the entries as one or more CSV files, a row for each question, of which no formula is run."""
    header = "\ufeff".encode() + _csv_line(COLUMNS)  # without the mark, Excel takes it for another encoding
    return _parts((_csv_entry(draft) for draft in drafts), header, b"", b"")


def _parts(entries: Iterable[bytes], head: bytes, between: bytes, end: bytes) -> list[bytes]:
    parts: list[bytes] = []
    gathered: list[bytes] = []
    size = 0
    for entry in entries:
        if gathered and size + len(entry) > PART_BYTES:
            parts.append(head + between.join(gathered) + end)
            gathered, size = [], 0
        gathered.append(entry)
        size += len(entry) + len(between)
    return [*parts, head + between.join(gathered) + end]


def _csv_entry(draft: Draft) -> bytes:
    kept = snapshot(draft)
    rest = (
        draft.answer, draft.category, " ".join(draft.links),
        kept["valid_from"] or "", kept["valid_until"] or "",
    )  # fmt: skip
    return b"".join(_csv_line((question, *rest)) for question in draft.questions)


def _csv_line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    safe = [f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells]
    csv.writer(out, lineterminator="\r\n").writerow(safe)
    return out.getvalue().encode()


def _decoded(data: bytes) -> str:
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserFacingError(text("training.file_letters"))


def _csv_rows(content: str) -> list[Row]:
    hint = re.match(r"sep=(.)\r?\n", content)  # Excel's own first line
    body = content[hint.end() :] if hint else content
    skipped = 1 if hint else 0
    first = body.partition("\n")[0]
    separator = hint[1] if hint else max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    try:
        header = [cell.strip().casefold() for cell in next(reader)]
        _check_header(header)
        start = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                values = dict(zip(header, map(_unescaped, cells), strict=False))
                rows.append(_row(start + skipped, values))
                _check_count(rows)
            start = reader.line_num + 1
    except csv.Error as error:
        raise UserFacingError(
            text("training.file_no_csv", line=reader.line_num + skipped, error=error)
        ) from None
    return rows


def _check_header(header: Sequence[str]) -> None:
    for name in COLUMNS[:2]:
        if not set(header) & set(_NAMES[name]):
            raise UserFacingError(text("training.file_columns", name=name, columns=", ".join(COLUMNS)))


def _unescaped(cell: str) -> str:
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


def _json_rows(content: str) -> list[Row]:
    try:
        whole = json.loads(content)
    except RecursionError:
        raise UserFacingError(text("training.file_nested")) from None
    except ValueError as error:
        rows = _json_lines(content)
        if not any(row.draft for row in rows):
            raise UserFacingError(text("training.file_no_json", error=error)) from None
        return rows
    if isinstance(whole, dict) and "entries" in whole:
        whole = whole["entries"]
    elif isinstance(whole, dict):
        whole = [whole]
    if not isinstance(whole, list):
        raise UserFacingError(text("training.file_no_list"))
    _check_count(whole)
    return [_object_row(number, value) for number, value in enumerate(whole, 1)]


def _json_lines(content: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(_object_row(number, json.loads(line)))
        except RecursionError:
            rows.append(Row(number, None, text("training.row_nested")))
        except ValueError:
            rows.append(Row(number, None, text("training.row_no_json")))
        _check_count(rows)
    return rows


def _object_row(number: int, value: Any) -> Row:
    if not isinstance(value, dict):
        return Row(number, None, text("training.row_no_object"))
    return _row(number, {str(name).casefold(): item for name, item in value.items()})


def _row(number: int, values: Mapping[str, Any]) -> Row:
    try:
        found = {name: list(_texts(name, values)) for name in COLUMNS}
        first = {name: next(iter(texts), "") for name, texts in found.items()}
        draft = Draft(
            tuple(found["question"]),
            first["answer"],
            first["category"],
            tuple(link for each in found["links"] for link in each.split()),
            parse_moment(first["valid_from"], UTC),
            parse_moment(first["valid_until"], UTC, ends=True),
        )
    except UserFacingError as error:
        return Row(number, None, str(error))
    return Row(number, draft)


def _texts(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a row says under any of a column's names."""
    given = next((values[each] for each in _NAMES[name] if values.get(each) is not None), "")
    for item in given if isinstance(given, list) else [given]:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise UserFacingError(text("training.row_no_text", name=name))
        yield str(item)


def _check_count(rows: Sequence[Any]) -> None:
    if len(rows) > MAX_ROWS:
        raise UserFacingError(text("training.file_rows", most=f"{MAX_ROWS:,}"))
