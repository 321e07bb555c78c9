"""The text of what the orchestrator says, as actions that are still to be stored."""

from bot.db.database import Transaction
from bot.domain.markdown import escape_markdown
from bot.domain.policy import Decision
from bot.domain.signal import PlanKind, Signal
from bot.models import Action
from bot.services.actions import action_of
from bot.services.guilds import GuildService
from bot.services.replies import Replies

REPLY, ESCALATE, TELL_OWNER = "reply", "escalate", "tell_owner"


class Composer:
    """Writes replies, staff alerts and notes to the owner from the templates."""

    def __init__(self, replies: Replies, guilds: GuildService) -> None:
        self._replies = replies
        self._guilds = guilds

    async def compose(self, tx: Transaction, signal: Signal, decision: Decision) -> list[Action]:
        """Return what `decision` has the bot say: staff first, so that the member is told the truth."""
        message = signal.message
        if decision.plan is PlanKind.REPLY:
            return [await self.answer(tx, signal)]
        staff_channel_id = self._guilds.policy(message.guild_id).staff_channel_id
        assert staff_channel_id is not None  # the policy escalates only where there is one
        alert = self._write(
            "staff_alert", signal, reason=decision.reason, link=message.link, channel=f"<#{message.place_id}>"
        )
        actions = [action_of(signal, ESCALATE, alert, staff_channel_id, None)]
        if decision.aloud:
            actions.append(await self._answer(tx, signal, "passed_on"))
        return actions

    async def answer(self, tx: Transaction, signal: Signal) -> Action:
        """Return the ordinary answer to what `signal` asks."""
        return await self._answer(tx, signal, signal.observer.intent.value)

    def missing_permission(self, signal: Signal, action: Action) -> Action:
        """Return the note that tells the owner which permission `action` lacked."""
        text = self._write(
            "missing_permission", signal, channel=f"<#{action.channel_id}>",
            reason=action.detail.removeprefix("missing permission: "),
        )  # fmt: skip
        return action_of(signal, TELL_OWNER, text, action.channel_id, None)

    async def _answer(self, tx: Transaction, signal: Signal, template: str) -> Action:
        message = signal.message
        channel = await tx.channels.get(message.place_id)
        tip = channel.tip if channel else None
        if not tip and message.thread_id:
            parent = await tx.channels.get(message.channel_id)
            tip = parent.tip if parent else None
        text = self._write(template, signal, **({"tip": tip} if tip else {}))
        return action_of(signal, REPLY, text, message.place_id, message.message_id)

    def _write(self, template: str, signal: Signal, **values: str) -> str:
        name = escape_markdown(signal.message.author_name) or "there"
        return self._replies.write(template, signal.message.message_id >> 22, member=name, **values)
