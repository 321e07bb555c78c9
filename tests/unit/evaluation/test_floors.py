"""The committed floors and what is below them."""

import math
from pathlib import Path

from bot.evaluation.floors import Floor, Floors, check, read_floors
from bot.evaluation.judge import BASELINES, MODES
from bot.evaluation.results import Result
from bot.evaluation.summaries import SUMMARIZINGS
from bot.evaluation.tasks import LABELLINGS


def result(task: str = "intent", n: int = 100, **metrics: float) -> Result:
    return Result(task, "light", n, 0, metrics)


def floors(**values: float) -> Floors:
    return Floors(40, tuple(Floor("light", "intent", name, value) for name, value in values.items()))


def test_a_floor_holds_or_not() -> None:
    found = check(floors(macro_f1=0.7, accuracy=0.7), [result(macro_f1=0.69, accuracy=0.7)])
    assert [(verdict.floor.metric, verdict.holds) for verdict in found] == [
        ("macro_f1", False),
        ("accuracy", True),
    ]


def test_a_limit_is_kept_or_not() -> None:
    found = check(
        floors(most_flagged_share=0.005, most_calibration_error=0.05),
        [result(flagged_share=0.0051, calibration_error=0.05)],
    )
    assert [verdict.holds for verdict in found] == [False, True]


def test_few_rows_are_not_judged() -> None:
    assert [v.holds for v in check(floors(macro_f1=0.7), [result(n=39, macro_f1=0.1)])] == [None]
    assert [v.holds for v in check(floors(macro_f1=0.7), [result(n=40, macro_f1=0.1)])] == [False]


def test_a_figure_that_is_not_there_is_below_its_floor_but_a_task_that_was_not_run_is_not() -> None:
    assert [v.holds for v in check(floors(macro_f1=0.7), [result(accuracy=1)])] == [False]
    assert [v.holds for v in check(floors(macro_f1=0.7), [result(macro_f1=math.nan)])] == [False]
    assert check(floors(macro_f1=0.7), [result("sentiment", macro_f1=0.1)]) == []


def test_the_committed_file_names_only_what_exists() -> None:
    committed = read_floors()
    assert committed.minimum_rows == 40
    known = {task.name for task in (*LABELLINGS, *SUMMARIZINGS)} | {"false_alarms", "throughput", "memory"}
    assert set(committed.minimum_of) <= known
    for floor in committed.floors:
        assert floor.mode in {*MODES, *BASELINES}
        assert floor.task.split("/")[0] in known | {"retrieval"}, floor
        assert floor.value > 0


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "floors.yaml"
    path.write_text("minimum_rows: 5\nfloors:\n  full:\n    intent: {macro_f1: 1}\n", "utf-8")
    assert read_floors(path) == Floors(5, (Floor("full", "intent", "macro_f1", 1.0),))
