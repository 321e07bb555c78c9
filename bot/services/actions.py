"""The action log: one row per message to Discord, before and after, so that nothing is sent twice."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from loguru import logger

from bot.db.database import Database
from bot.domain.signal import Signal
from bot.models import Action, ActionStatus
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.retries import Retries, current_retries
from bot.services.tools import NotPermittedError, Sent, Tool, ToolError, UnreachableError

SAFE_AGE = timedelta(minutes=2)  # for how long Discord surely knows a nonce again
SEND_DEADLINE = 25.0  # seconds for one try; below a worker's lease
FIRST_PAUSE = 1.0  # seconds before the second try
NONCE_BYTES = 12  # 24 hex characters; Discord takes at most 25


def nonce_for(subject: str) -> str:
    """Return the nonce of what is said about a subject: the same for the same, always."""
    return blake2b(subject.encode(), digest_size=NONCE_BYTES).hexdigest()


def nonce_of(signal_id: str, kind: str, part: int) -> str:
    """Return the nonce of an action."""
    return nonce_for(f"{signal_id}/{kind}/{part}")


def action_of(signal: Signal, kind: str, content: str, channel_id: int, reference_id: int | None) -> Action:
    """Return the pending action that says `content`, not stored yet; `created_at` is still to be set."""
    return Action(
        signal_id=signal.id,
        kind=kind,
        part=0,
        guild_id=signal.message.guild_id,
        channel_id=channel_id,
        reference_id=reference_id,
        nonce=nonce_of(signal.id, kind, 0),
        content=content,
        status=ActionStatus.PENDING.value,
        created_at=signal.ingested_at,
    )


class ActionLog:
    """Carries out stored actions with the tool of their kind, and writes down what came of them."""

    def __init__(self, database: Database, tools: Mapping[str, Tool], clock: Clock) -> None:
        self._database = database
        self._tools = tools
        self._clock = clock

    async def execute(self, action: Action, signal: Signal, *, interrupted: bool) -> Action:
        """Carry out a pending action and return its final row.

        Args:
            action: its row.
            signal: what it answers.
            interrupted: an earlier try may have reached Discord: look there first.
        """
        retries = Retries(action.retries)
        token = current_retries.set(retries)
        try:
            return await self._execute(action, signal, retries, interrupted=interrupted)
        finally:
            current_retries.reset(token)

    async def _execute(
        self, action: Action, signal: Signal, retries: Retries, *, interrupted: bool
    ) -> Action:
        log = logger.bind(signal=signal.id, guild_id=action.guild_id)
        tool = self._tools[action.kind]
        attempts, pause = action.attempts, FIRST_PAUSE
        while True:
            attempts += 1
            before = retries.count
            try:
                async with asyncio.timeout(SEND_DEADLINE):
                    sent = await self._try(tool, action, signal, interrupted=interrupted)
            except (UnreachableError, TimeoutError) as error:
                if retries.count == before:
                    retries.count += 1  # no answer at all
                if self._age(action) + timedelta(seconds=pause) < SAFE_AGE:
                    log.warning("Discord did not take action {} ({}); trying again", action.id, _told(error))
                    await self._clock.sleep(pause)
                    interrupted, pause = True, pause * 2
                    continue
                outcome: dict[str, Any] = {
                    "status": ActionStatus.FAILED,
                    "detail": f"unreachable: {_told(error)}",
                }
            except NotPermittedError as error:
                outcome = {"status": ActionStatus.FORBIDDEN, "detail": str(error)}
            except ToolError as error:
                outcome = {"status": ActionStatus.SKIPPED, "detail": str(error)}
            except Exception as error:  # noqa: BLE001  (it may have posted, so it is not tried again)
                log.opt(exception=error).error("Action {} failed", action.id)
                outcome = {
                    "status": ActionStatus.FAILED,
                    "detail": f"internal error: {type(error).__name__}",
                }
            else:
                outcome = self._outcome(sent)
            break
        fail_point("action.after_send")
        outcome |= {"attempts": attempts, "retries": retries.count, "finished_at": self._clock.now()}
        outcome["status"], outcome["detail"] = str(outcome["status"].value), outcome.get("detail", "")[:300]
        async with self._database.transaction() as tx:
            await tx.actions.finish(action.id, outcome)
        fail_point("action.after_record")
        log.info("Action {} {}: {} {}", action.id, action.kind, outcome["status"], outcome["detail"])
        return action.sqlmodel_update(outcome)

    async def _try(self, tool: Tool, action: Action, signal: Signal, *, interrupted: bool) -> Sent | None:
        if interrupted:
            found = await tool.find(action, signal)
            if found is not None:
                return Sent(found)
            if self._age(action) >= SAFE_AGE:
                return None
        fail_point("action.before_send")
        return await tool.send(action, signal)

    @staticmethod
    def _outcome(sent: Sent | None) -> dict[str, Any]:
        if sent is None:
            return {"status": ActionStatus.EXPIRED, "detail": "interrupted, and too old to send safely"}
        return {"status": ActionStatus.SENT, "message_id": sent.message_id}

    def _age(self, action: Action) -> timedelta:
        return self._clock.now() - action.created_at


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
