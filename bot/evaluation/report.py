"""The results as JSON."""

import json
import math
from collections.abc import Sequence
from typing import Any

from bot.evaluation.floors import Verdict
from bot.evaluation.results import Result


def as_json(data: str, results: Sequence[Result], verdicts: Sequence[Verdict]) -> str:
    """Return everything that was measured; what couldn't be is null."""
    content = {
        "data": data,
        "results": [_result(result) for result in results],
        "floors": [
            {**verdict.floor._asdict(), "reached": verdict.reached, "n": verdict.n, "holds": verdict.holds}
            for verdict in verdicts
        ],
    }
    return json.dumps(_without_nan(content), indent=1)


def _result(result: Result) -> dict[str, Any]:
    return {
        "task": result.task,
        "mode": result.mode,
        "n": result.n,
        "left_out": result.left_out,
        "metrics": result.metrics,
        "classes": {label: score._asdict() for label, score in result.classes.items()},
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
