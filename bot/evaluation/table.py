"""The results in a terminal. Labels and texts come from files: they are shown, never read as markup."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.evaluation.floors import MOST, Verdict
from bot.evaluation.judge import BASELINES
from bot.evaluation.results import Alarm, Result

_MAX_SHOWN: Final = 300  # characters of a message
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_STICKY: Final = "\N{NO-BREAK SPACE}"  # keeps a figure on the line of its name
_NOTHING: Final = "\N{EN DASH}"


def plain(text: str) -> str:
    """Return somebody's text on one line, so that it can't steer the terminal."""
    return _CONTROL.sub(" ", text).encode(errors="replace").decode()


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def figure(value: float, digits: int = 3) -> str:
    """Return a share without its leading zero: ".721"; a dash for NaN."""
    if math.isnan(value):
        return _NOTHING
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def results_table(results: Sequence[Result], verdicts: Sequence[Verdict]) -> Table:
    """Return the table: a line for each task and judge, its broken floors in red."""
    broken = {(v.floor.mode, v.floor.task) for v in verdicts if v.holds is False}
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("task", overflow="fold", max_width=24)
    table.add_column("judge", no_wrap=True)
    for name in ("n", "left\nout", "acc.", "F1"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("precision/recall by class, and more", overflow="fold")
    before = ""
    for result in results:
        style = "red" if (result.mode, result.task) in broken else "dim" if result.mode in BASELINES else ""
        parts = [text for text in (_classes(result), _more(result)) if text]
        table.add_row(
            Text("" if result.task == before else _task(result.task), style="bold"),
            Text(result.mode, style),
            Text(f"{result.n:,}" if "rss_after_mb" not in result.metrics else "", style),
            Text(str(result.left_out or _NOTHING), style),
            *(Text(_share(result.metrics, name), style) for name in ("accuracy", "macro_f1")),
            Text("\n".join(parts), style),
        )
        before = result.task
    return table


def _task(name: str) -> str:
    """Return a task's name; a subset, which follows its whole, without the latter's."""
    group, _, subset = name.partition("/")
    return plain(name if not subset or group == "retrieval" else f"  {subset}")


def _share(metrics: Mapping[str, float], name: str) -> str:
    return figure(metrics[name]) if name in metrics else ""


def _classes(result: Result) -> str:
    return _joined(
        f"{plain(label)} {figure(score.precision, 2)}/{figure(score.recall, 2)}"
        for label, score in result.classes.items()
    )


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part.replace(" ", _STICKY) for part in parts)


_SHARES: Final = {  # metric: words
    "calibration_error": "calib. error",
    "flagged_precision": "flagged P",
    "flagged_recall": "flagged R",
    "flagged_precision_at_recall_0.75": "P at R .75",
    "flagged_recall_at_precision_0.88": "R at P .88",
    "flagged_auroc": "AUROC",
    "top_1": "top-1",
    "out_of_scope_auroc": "AUROC",
    "answer_precision": "answers P",
    "answer_recall": "answers R",
    "rouge_1": "ROUGE-1",
    "word_coverage": "words covered",
    "knowing_the_reference": "knowing the reference",
    "over_best_baseline": "over the best baseline",
    "lead": "lead",
    "longest": "longest",
    "random": "random",
    "textrank": "TextRank",
    "lead_drawn_out": "lead drawn out",
}


def _more(result: Result) -> str:
    metrics = result.metrics
    parts = [f"{words} {figure(metrics[name])}" for name, words in _SHARES.items() if name in metrics]
    parts += [
        f"{name.replace('_', ' ', 1)} {figure(value)}"
        for name, value in metrics.items()
        if name.startswith("rejected_")
    ]
    for baseline in BASELINES:
        over = [metrics.get(f"over_{baseline}{end}", math.nan) for end in ("", "_low", "_high")]
        if not math.isnan(over[0]):
            points = [f"{100 * value:+.1f}" for value in over]
            parts.append(f"F1 over {baseline} {points[0]} [{points[1]}, {points[2]}]")
    if "flagged_share" in metrics:
        parts.append(f"flagged {100 * metrics['flagged_share']:.2f} % ({len(result.alarms):,})")
        parts.append(f"acted on {100 * metrics['acted_on_share']:.2f} %")
    if "messages_per_second" in metrics:
        cores = f"{metrics['cores']:.0f} core{'s' if metrics['cores'] != 1 else ''}"
        parts += [f"{metrics['messages_per_second']:,.0f} messages/s on {cores}"]
        parts += ["made-up lines"] if metrics["made_up_lines"] else []
        parts.append(f"one alone p50 {metrics['p50_us']:,.0f} µs, p95 {metrics['p95_us']:,.0f} µs")
    if "rss_before_mb" in metrics:
        before, after, added = (metrics[f"rss_{name}_mb"] for name in ("before", "after", "added"))
        parts.append(f"{before:.0f} MB before loading, {after:.0f} MB after ({added:+.0f} MB)")
    return _joined(parts)


def print_alarms(console: Console, alarms: Sequence[Alarm]) -> None:
    """Print each message that was flagged as toxic, a line each."""
    for alarm in alarms:
        place = f"{alarm.mode} {figure(alarm.chance, 2)} {alarm.row.id}: "
        console.print(Text(place, style="dim") + Text(_shortened(plain(alarm.row.text))))


def print_verdicts(console: Console, verdicts: Sequence[Verdict], minimum_rows: int) -> None:
    """Name every floor that doesn't hold or couldn't be judged, and count the others."""
    for verdict in verdicts:
        floor = verdict.floor
        most = floor.metric.startswith(MOST)
        name = f"{floor.mode} {plain(floor.task)}: {floor.metric.removeprefix(MOST)}"
        bound = f"{'above' if most else 'below'} {floor.value:g}"
        if verdict.holds is None:
            console.print(
                Text(f"Not judged: {name}, {verdict.n} rows are fewer than {minimum_rows}", "yellow")
            )
        elif math.isnan(verdict.reached):
            console.print(Text(f"Below its floor: {name} was not measured", "red"))
        elif not verdict.holds:
            words = "Above its limit" if most else "Below its floor"
            console.print(Text(f"{words}: {name} is {verdict.reached:.4g}, {bound}", "red"))
    judged = [verdict for verdict in verdicts if verdict.holds is not None]
    if judged:
        console.print(f"{sum(bool(v.holds) for v in judged)} of {len(judged)} floors hold")
