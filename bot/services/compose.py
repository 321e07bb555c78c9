"""The text of what the orchestrator says, as actions that are still to be stored."""

from bot.db.database import Database, Transaction
from bot.domain.markdown import escape_markdown
from bot.domain.policy import Decision, closed
from bot.domain.signal import PlanKind, Signal
from bot.models import Action, Suggestion
from bot.services.actions import action_of
from bot.services.guilds import GuildService
from bot.services.replies import Replies
from bot.services.reply_writing import TEMPLATE, ReplyWriting
from bot.services.trained_replies import Known, TrainedReplies

REPLY, SUGGEST, ESCALATE, TELL_OWNER = "reply", "suggest", "escalate", "tell_owner"
MODEL = "model"  # the source of what a language model wrote


class Composer:
    """Writes replies, staff alerts and notes to the owner from the templates.

    A trained answer goes before the template, and so does a model's, if there is one.
    """

    def __init__(
        self,
        replies: Replies,
        guilds: GuildService,
        writing: ReplyWriting | None = None,
        trained: TrainedReplies | None = None,
    ) -> None:
        """Make the composer; without `writing` and `trained` every reply is a template."""
        self._replies = replies
        self._guilds = guilds
        self._writing = writing if writing and writing.is_on else None
        self._trained = trained

    def takes_time(self, signal: Signal) -> bool:
        """Whether the reply to `signal` takes `write`: a model or the training is asked first."""
        knows = self._trained is not None and self._trained.may_know(signal.message.guild_id)
        return knows or self._writing is not None

    def closed(self, signal: Signal) -> str:
        """Return why nothing is answered any more where `signal` was said, "" while answers are given."""
        return closed(self._guilds.policy(signal.message.guild_id))

    async def compose(self, tx: Transaction, signal: Signal, decision: Decision) -> list[Action]:
        """Return what `decision` has the bot say: staff first, so that the member is told the truth."""
        message = signal.message
        if decision.plan is PlanKind.REPLY:
            reply = await self.answer(tx, signal)
            await self.note(tx, signal, reply, Known())
            return [reply]
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
        return self._to_staff(signal, await self._answer(tx, signal, signal.observer.intent.value))

    async def write(self, database: Database, signal: Signal) -> tuple[Action, Known]:
        """Return the answer to what `signal` asks, and what the training says to it.

        It is the trained one where that is sure enough, else a model's, else the template. No transaction is
        open while training and model are asked.
        """
        trained = await self._trained.look_up(signal) if self._trained else Known()
        async with database.reading() as tx:
            tip = await self._tip(tx, signal)
            guild_id = signal.message.guild_id
            guild = await tx.guilds.get(guild_id) if guild_id else None
        draft = self._reply(signal, signal.observer.intent.value, tip)
        if trained.text:
            values = {"content": trained.text, "written_by": trained.written_by, "source": trained.written_by}
            return self._to_staff(signal, draft.sqlmodel_update(values)), trained
        if self._writing is None:
            return self._to_staff(signal, draft), trained
        known = (*trained.material, tip or self._replies.default_tip)
        text, writer = await self._writing.write(signal, draft.content, known, guild.name if guild else "")
        source = draft.source if writer.startswith(TEMPLATE) else MODEL
        written = draft.sqlmodel_update({"content": text, "written_by": writer, "source": source})
        return self._to_staff(signal, written), trained

    async def note(self, tx: Transaction, signal: Signal, reply: Action, known: Known) -> None:
        """Keep the question that `reply` is for, in the transaction that stores the reply.

        A reply that goes to staff first is also kept as what was suggested to them.
        """
        if reply.kind == SUGGEST:
            assert reply.guild_id is not None  # suggested in servers alone
            await tx.suggestions.begin(
                Suggestion(
                    signal_id=signal.id,
                    guild_id=reply.guild_id,
                    channel_id=reply.channel_id,
                    proposed=reply.content,
                    source=reply.source,
                    created_at=reply.created_at,
                )
            )
        if self._trained is not None:
            await self._trained.note(tx, signal, known, reply.written_by)

    def missing_permission(self, signal: Signal, action: Action) -> Action:
        """Return the note that tells the owner which permission `action` lacked."""
        text = self._write(
            "missing_permission", signal, channel=f"<#{action.channel_id}>",
            reason=action.detail.removeprefix("missing permission: "),
        )  # fmt: skip
        return action_of(signal, TELL_OWNER, text, action.channel_id, None)

    async def _answer(self, tx: Transaction, signal: Signal, template: str) -> Action:
        return self._reply(signal, template, await self._tip(tx, signal))

    def _reply(self, signal: Signal, template: str, tip: str | None) -> Action:
        text = self._write(template, signal, **({"tip": tip} if tip else {}))
        reply = action_of(signal, REPLY, text, signal.message.place_id, signal.message.message_id)
        variant = self._replies.variant(template, signal.message.message_id >> 22)
        return reply.sqlmodel_update({"source": f"{template}/{variant}"})

    def _to_staff(self, signal: Signal, reply: Action) -> Action:
        """Return a reply as it goes out here: to the member, or to staff, who decide about it."""
        policy = self._guilds.policy(signal.message.guild_id)
        if not policy.suggests or policy.suggest_channel_id is None:
            return reply
        draft = action_of(signal, SUGGEST, reply.content, policy.suggest_channel_id, None)
        return draft.sqlmodel_update({"written_by": reply.written_by, "source": reply.source})

    @staticmethod
    async def _tip(tx: Transaction, signal: Signal) -> str | None:
        """Return the owner's pointer for the place; without one its channel's, else its category's."""
        message = signal.message
        if message.thread_id:
            thread = await tx.channels.get(message.place_id)
            if thread is not None and thread.tip:
                return thread.tip
        channel = await tx.channels.get(message.channel_id)
        if channel is None or channel.tip or channel.parent_id is None:
            return channel.tip if channel is not None else None
        category = await tx.channels.get(channel.parent_id)
        return category.tip if category is not None else None

    def _write(self, template: str, signal: Signal, **values: str) -> str:
        name = escape_markdown(signal.message.author_name) or "there"
        return self._replies.write(template, signal.message.message_id >> 22, member=name, **values)
