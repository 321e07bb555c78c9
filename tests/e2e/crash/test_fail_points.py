"""No fail point of the code is unknown to the harness."""

import re

from bot.services.failpoints import (
    ALERT_FAIL_POINTS,
    ASIDE_FAIL_POINTS,
    FAIL_POINTS,
    SUMMARY_FAIL_POINTS,
    TICKET_FAIL_POINTS,
)
from tests.e2e.crash.child import ROOT


def test_every_fail_point_in_the_code_has_a_name_the_harness_knows() -> None:
    sources = [
        path.read_text("utf-8") for folder in ("bot", "cogs") for path in (ROOT / folder).rglob("*.py")
    ]
    calls = [call for source in sources for call in re.findall(r"fail_point\(([^()]+)\)", source)]
    named = {name for call in calls for name in re.findall(r'"([^"]+)"', call)}
    others = (*TICKET_FAIL_POINTS, *SUMMARY_FAIL_POINTS, *ALERT_FAIL_POINTS, *ASIDE_FAIL_POINTS)
    assert named == {*FAIL_POINTS, *others}
