"""The precision/coverage curve of flagged messages, as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from bot.evaluation.data import Dataset
from bot.evaluation.judge import INTENT, Judge
from bot.evaluation.metrics import Bools, Floats, precision_recall_curve
from bot.evaluation.tasks import LABELLINGS, flagged_scores, is_flagged
from bot.nlp.sentiment import compound

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TASK: Final = next(task for task in LABELLINGS if task.name == INTENT)
_STYLES: Final = {  # colours that the colour-blind can tell apart (Okabe and Ito)
    "VADER": ("#999999", ":"),
    "light": ("#0072b2", "-"),
    "full": ("#009e73", "-"),
}
_INCHES: Final = (8.0, 5.5)
_DPI: Final = 120


class Line(NamedTuple):
    """One judge's scores."""

    name: str
    scores: Floats  # (n,), how likely each message is a help request or problem report
    said: Bools | None  # (n,), those that it flags at its own threshold; None where it has none


def draw_curve(path: Path, data: Dataset, judges: Sequence[Judge]) -> int:
    """Write the picture and return the number of messages it rests on; 0, and no picture, without any.

    Raises:
        OSError: the file can't be written.
        ValueError: its ending names no kind of picture.
    """
    found = data.rows(_TASK.file, _TASK.gold)
    if found is None or not found.rows:
        return 0
    texts, contexts = [row.text for row in found.rows], [row.context for row in found.rows]
    # VADER knows no intent: taken at its word, the more negative, the more likely a complaint
    lines = [Line("VADER", -np.array([compound(text) for text in texts]), None)]
    for judge in judges:
        if INTENT in judge.heads:
            prediction = judge.predict(INTENT, texts, contexts)
            lines.append(Line(judge.name, flagged_scores(prediction), is_flagged(prediction.chosen)))
    _picture(path, is_flagged([row.gold for row in found.rows]), lines)
    return len(texts)


def _picture(path: Path, positive: Bools, lines: Sequence[Line]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)  # no window, wherever this runs
    axes = figure.add_subplot()
    share = 100 * float(positive.mean())
    axes.axhline(share, color="#cccccc", linewidth=1)
    axes.annotate(
        f"everything flagged: {share:.0f} %", (1, share), (0, 3), textcoords="offset points", color="#777777"
    )
    for line in lines:
        _draw(axes, positive, line)
    axes.set_xlabel("Coverage: help requests and problem reports that are flagged (%)")
    axes.set_ylabel("Precision: flagged messages that are one of the two (%)")
    axes.set_title(
        f"Flagged messages in real chat, {len(positive)} labelled by hand ({int(positive.sum())} to flag)"
    )
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 101)
    axes.grid(visible=True, color="#eeeeee")
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", title="dot: what it flags by its own threshold", frameon=True)
    figure.savefig(path)


def _draw(axes: "Axes", positive: Bools, line: Line) -> None:
    precisions, recalls = precision_recall_curve(positive, line.scores)
    colour, dashes = _STYLES.get(line.name, ("#cc79a7", "-"))
    label = "VADER (the more negative, the surer)" if line.name == "VADER" else line.name
    # Between two thresholds there is none: precision is the next one's, not what lies on a straight line.
    axes.step(100 * recalls, 100 * precisions, dashes, where="pre", color=colour, label=label, linewidth=2)
    if line.said is not None and line.said.any():
        hits = float(np.sum(positive & line.said))
        x, y = 100 * hits / positive.sum(), 100 * hits / line.said.sum()
        axes.plot([x], [y], "o", color=colour, markersize=8, markeredgecolor="white")
