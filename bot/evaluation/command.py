"""The command line of the evaluation."""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import CalledProcessError

from rich.console import Console

from bot.evaluation.curve import draw_curve
from bot.evaluation.data import DataError, Dataset
from bot.evaluation.floors import FLOORS_FILE, check, read_floors
from bot.evaluation.judge import BASELINES, MODES, Judge, ModeMissing, load_judge
from bot.evaluation.report import as_json
from bot.evaluation.results import Result
from bot.evaluation.table import plain, print_alarms, print_verdicts, results_table
from bot.evaluation.tasks import all_tasks

CALLED_FROM = "LOOKOUT_CALLED_FROM"  # set by run.py, which works in its own folder: the caller's
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "eval" / "dev"
BELOW, WRONG, INTERRUPTED = 1, 2, 130  # exit codes


class UsageError(Exception):
    """What was asked can't be done here; the text is one line that says the fix."""


def run_command(argv: list[str]) -> int:
    """Run `evaluate` with its options; return the exit code."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else WRONG
    try:
        return _evaluate(options)
    except (UsageError, DataError) as error:
        _console(sys.stderr).print(plain(str(error)), soft_wrap=True)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py evaluate",
        description="Measure how well the bot judges, on messages that other people wrote and labelled."
        " Exit code 1: a figure is below its floor.",
    )
    parser.add_argument(
        "--data",
        type=_path,
        default=DATA,
        metavar="DIR",
        help=f"folder with JSON Lines files (default: {DATA})",
    )
    parser.add_argument(
        "--mode", choices=[*MODES, "all"], help="judges beside the baselines (default: what is installed)"
    )
    parser.add_argument(
        "--task", action="append", metavar="NAME", help="only this task; may be given again (default: all)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE, - for the standard output")
    parser.add_argument(
        "--curve", type=_path, metavar="FILE.png", help="draw precision against coverage of flagged messages"
    )
    parser.add_argument(
        "--list", action="store_true", help="print the day logs' lines that were called toxic"
    )
    return parser


def _path(text: str) -> Path:
    return Path(os.environ.get(CALLED_FROM, ""), text)


def _console(stream: object) -> Console:
    """Return a console; what the stream's encoding can't say becomes a question mark."""
    if stream in {sys.stdout, sys.stderr} and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return Console(stderr=stream is sys.stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)


def _evaluate(options: argparse.Namespace) -> int:
    console = _console(sys.stderr if options.json == "-" else sys.stdout)
    if options.curve and importlib.util.find_spec("matplotlib") is None:
        raise UsageError("--curve needs matplotlib: pip install -r requirements-train.txt")
    if options.data.exists() and not options.data.is_dir():
        raise UsageError(f"{options.data} is not a folder")
    judges = _load(options.mode, console)
    data = Dataset(options.data, frozenset().union(*(judge.trained_rows for judge in judges)))
    if not options.data.is_dir():
        console.print(
            f"No evaluation data at {options.data}: going on without (--data DIR says where it is)."
        )
    results = _run(options.task, data, judges, console)
    floors = read_floors(FLOORS_FILE)
    verdicts = check(floors, results)
    if results:
        console.print(results_table(results, verdicts))
    if options.list:
        print_alarms(console, [alarm for result in results for alarm in result.alarms])
    print_verdicts(console, verdicts, floors.minimum_rows)
    if options.curve:
        _draw(options.curve, data, judges, console)
    if options.json:
        _write(options.json, as_json(str(options.data), results, verdicts))
    return BELOW if any(verdict.holds is False for verdict in verdicts) else 0


def _load(mode: str | None, console: Console) -> list[Judge]:
    """Return the baselines and the judges of a mode, None or "all" for what is installed.

    Raises:
        UsageError: the mode asked for is not there.
    """
    judges = [load_judge(name) for name in BASELINES]
    for name in [mode] if mode in MODES else MODES:
        try:
            judges.append(load_judge(name))
        except ModeMissing as error:
            if mode is not None and mode != "all":
                raise UsageError(f"mode {name}: {error}") from None
            console.print(f"Without {name}: {error}.")
    return judges


def _run(wanted: list[str] | None, data: Dataset, judges: Sequence[Judge], console: Console) -> list[Result]:
    tasks = all_tasks(data)
    if wanted:
        for name in wanted:
            there = any(_is(task, name) for task in tasks)
            if not there and _is(name, "retrieval"):  # of which the folder says what there is
                console.print(plain(f"No {name} in {data.folder}."))
            elif not there:
                raise UsageError(f"no task {name!r} here; there are {', '.join(tasks)}")
        tasks = {task: run for task, run in tasks.items() if any(_is(task, name) for name in wanted)}
    results: list[Result] = []
    nothing = []
    progress = _console(sys.stderr)
    for name, run in tasks.items():
        with progress.status(plain(f"{name} ..."), speed=0.5):
            try:
                found = list(run(data, judges))
            except CalledProcessError as error:
                raise UsageError(
                    f"{name}: measuring failed with exit code {error.returncode}, see above"
                ) from None
        results += found
        if not found:
            nothing.append(name)
    if nothing:
        console.print(plain(f"Without rows, or without a judge that could be asked: {', '.join(nothing)}."))
    return results


def _is(task: str, wanted: str) -> bool:
    """Tell whether a task is the one asked for, or one of its group: "retrieval" is "retrieval/X" too."""
    return task == wanted or task.startswith(wanted + "/")


def _draw(path: Path, data: Dataset, judges: Sequence[Judge], console: Console) -> None:
    try:
        n = draw_curve(path, data, judges)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None
    console.print(
        f"{path}: {n} messages" if n else "No curve: there are no messages labelled with an intent."
    )


def _write(place: str, text: str) -> None:
    if place == "-":
        sys.stdout.write(text + "\n")
        return
    try:
        _path(place).write_text(text + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}") from None
