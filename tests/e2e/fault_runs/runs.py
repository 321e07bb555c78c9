"""One run: a bot, or a bare discord.py client, through a schedule; then peace, and the judgement."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from tests.e2e.fault_runs.bare import Listener, listening, unlike
from tests.e2e.fault_runs.haste import hasty, prepare
from tests.e2e.fault_runs.judge import Happened, Stored, Verdict, away, judge
from tests.e2e.fault_runs.schedule import Schedule, schedule
from tests.e2e.fault_runs.town import Town
from tests.e2e.harness import Running, a_bot

SETTLE_DEADLINE = 15.0  # seconds until everything must be done once there is peace
REPLY_DEADLINE = 10.0
LAST_WORDS = "How do I install the driver on my new machine? Can anyone help me?"
OVERRIDES: dict[str, Any] = {
    "orchestrator": {
        "channel_throttle_seconds": 0,
        "user_cooldown_seconds": 0,
        "followup_window_minutes": 0,
        "repeat_window_minutes": 0,
        "repeat_count": 1000,
    },
}
# What discord.py logs as an error when a connection can't be made or kept; it tries again by itself.
EXPECTED_ERRORS = ("Attempting a reconnect in",)


@dataclass
class Outcome:
    """What a run came to."""

    schedule: Schedule
    verdict: Verdict = field(default_factory=Verdict)
    errors: list[str] = field(default_factory=list)  # deadlines missed, errors logged
    figures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def faults(self) -> list[str]:
        """Return everything wrong with it."""
        return [*self.errors, *self.verdict.faults()]


@contextmanager
def _noting(outcome: Outcome) -> Iterator[None]:
    """Make of a deadline missed or of an error logged one of the run's faults."""
    started = time.monotonic()
    try:
        yield
    except (AssertionError, TimeoutError) as error:
        outcome.errors.append(f"{type(error).__name__}: {error}")
    finally:
        outcome.seconds = time.monotonic() - started


async def play(seed: int, folder: Path, template: Path) -> Outcome:
    """Let the bot live through the schedule of `seed`, with its data in `folder`."""
    outcome = Outcome(schedule(seed))
    with _noting(outcome), hasty(outcome.schedule):
        async with Sandbox(seed=seed) as discord:
            await prepare(discord, outcome.schedule)
            town = Town(discord)
            await town.build()
            async with a_bot(discord, folder, template, OVERRIDES) as bot:
                bot.expect_errors(*EXPECTED_ERRORS)
                await bot.until("the commands", lambda: bool(discord.app.commands))
                await town.ignore()
                try:
                    await _live(town, bot, outcome)
                    assert await bot.stop() == 0, "the bot's exit code"
                finally:
                    outcome.verdict = _judged(town, bot, outcome.verdict.away)
                    _count(outcome, discord)
    return outcome


async def _live(town: Town, bot: Running, outcome: Outcome) -> None:
    for step in outcome.schedule.steps:
        await town.take(step)
    await town.calm_down()
    question = await town.ask("zoe", LAST_WORDS)
    await town.discord.wait_for_reply(to=question, timeout=REPLY_DEADLINE)

    async def is_quiet() -> bool:
        status, health = await bot.get("/readyz")
        return status == 200 and health["queue_depth"] == 0 and _judged(town, bot, []).settled()

    await bot.until("everything to be done", is_quiet, SETTLE_DEADLINE)
    outcome.verdict.away = away(town.discord)


def _judged(town: Town, bot: Running, gone: list[str]) -> Verdict:
    verdict = judge(Happened.in_(town), Stored.read(bot.database))
    verdict.away = gone
    return verdict


async def play_bare(seed: int) -> Outcome:
    """Let a bare discord.py client hear the schedule of `seed`."""
    outcome = Outcome(schedule(seed, bare=True))
    with _noting(outcome), hasty(outcome.schedule):
        async with Sandbox(seed=seed) as discord:
            await prepare(discord, outcome.schedule)
            town, client = Town(discord), Listener()
            await town.build()
            async with listening(discord, client):
                mark = discord.record.last
                for step in outcome.schedule.steps:
                    await town.take(step)
                await town.calm_down()
                await client.has_heard(await town.ask("zoe", LAST_WORDS))
                outcome.verdict.away = away(discord)
                outcome.errors += unlike(discord, mark, client.heard)
                _count(outcome, discord)
    return outcome


def _count(outcome: Outcome, discord: Sandbox) -> None:
    for entry in discord.record:
        if entry["kind"] == "connection" and entry["event"] in ("ready", "resumed", "invalid_session"):
            outcome.figures[entry["event"]] += 1
        elif entry["kind"] == "message":
            outcome.figures["replies" if entry["via"] == "rest" else "messages"] += 1
        elif entry["kind"] == "request" and entry["fault"] is not None:
            outcome.figures[f"requests {entry['fault']}"] += 1
        elif entry["kind"] == "gateway_out":
            outcome.figures["events"] += 1
            outcome.figures["events twice"] += "duplicate" in entry
            outcome.figures["events late"] += "reordered" in entry
