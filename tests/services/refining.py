"""Messages for the second judge, and what the metrics say it made of them."""

from typing import Any

from bot.domain.signal import Stage
from tests.services.road import Road

UNSURE: dict[str, Any] = {"intent": "other", "confidence": 0.6, "content": "same here since the update"}
SAID: dict[str, Any] = {"intent": "other", "stage": Stage.DONE}


def refined(road: Road) -> dict[str, int]:
    """Return the metric's counts by outcome."""
    lines = [
        line for line in road.metrics.render().decode().splitlines() if line.startswith("refined_total{")
    ]
    return {line.split('"')[1]: int(float(line.split()[-1])) for line in lines}
