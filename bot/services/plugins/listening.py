"""What happens on the road and elsewhere, as events for plugins."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from bot.domain.arrival import Change
from bot.domain.policy import Decision
from bot.domain.signal import Signal, Stage
from bot.models import Ticket
from bot.models.signal import signal_from_row
from bot.plugin_api.events import (
    DecisionMade,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageObserved,
    TicketClosed,
    TicketOpened,
)
from bot.plugin_api.parts import Attachment

REMEMBERED = 5_000  # messages: Discord tells of one again after some reconnections

MessageT = TypeVar("MessageT", bound=Message)
Step = tuple[Change, list[dict[str, Any]]]


class Heard:
    """Turns stored messages into events, each once."""

    def __init__(self) -> None:
        self._told: OrderedDict[int, None] = OrderedDict()
        self._edits: OrderedDict[int, int] = OrderedDict()  # a hash of what was told last, by message

    def stored(self, steps: Sequence[Step], guilds: Collection[int]) -> list[MessageObserved]:
        """Return the new messages of guilds that need no further look."""
        return [
            event_of(signal_from_row(row), MessageObserved)
            for change, rows in steps
            if change is Change.CREATE
            for row in rows
            if row["guild_id"] in guilds
            and row["stage"] == Stage.DONE
            and not row["backfilled"]
            and self._is_new(row["message_id"])
        ]

    def observed(self, signals: Sequence[Signal], guilds: Collection[int]) -> list[MessageObserved]:
        """Return the messages of guilds that have been looked at."""
        return [
            event_of(each, MessageObserved)
            for each in signals
            if each.message.guild_id in guilds
            and not each.backfilled
            and self._is_new(each.message.message_id)
        ]

    def edited(self, steps: Sequence[Step], guilds: Collection[int]) -> list[MessageEdited]:
        """Return the messages of guilds that were edited; what Discord tells of again is left out."""
        return [
            event_of(signal_from_row(row), MessageEdited)
            for change, rows in steps
            if change is Change.EDIT
            for row in rows
            if row["guild_id"] in guilds and not row["backfilled"] and self._is_other(row)
        ]

    def _is_other(self, row: dict[str, Any]) -> bool:
        """Whether an edit changes what was told of its message last, as far as that is remembered."""
        files = [each.get("id") for each in row["attachments"] or ()]
        now, before = hash((row["content"], *files)), self._edits.pop(row["message_id"], None)
        self._edits[row["message_id"]] = now
        if len(self._edits) > REMEMBERED:
            self._edits.popitem(last=False)
        return now != before

    def _is_new(self, message_id: int) -> bool:
        if message_id in self._told:
            return False
        self._told[message_id] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True


def deleted(steps: Sequence[Step], guilds: Collection[int]) -> list[MessageDeleted]:
    """Return the messages of guilds that were deleted."""
    return [
        MessageDeleted(guild_id=row["guild_id"], channel_id=row["place_id"], message_id=row["message_id"])
        for change, rows in steps
        if change is Change.DELETE
        for row in rows
        if row["guild_id"] in guilds
    ]


def event_of(signal: Signal, event_type: type[MessageT]) -> MessageT:
    """Return a message of a guild as plugins hear of it."""
    message, tags, seen = signal.message, signal.nano_tags, signal.observer
    assert message.guild_id is not None
    return event_type(
        guild_id=message.guild_id,
        channel_id=message.place_id,
        parent_id=message.channel_id,
        message_id=message.message_id,
        author_id=message.author_id,
        author_name=message.author_name,
        content=message.content,
        reply_to_id=message.reply_to_id,
        intent=seen.intent.value,
        confidence=seen.confidence,
        purpose=tags.purpose.value,
        sentiment=tags.sentiment.value,
        urgency=tags.urgency.value,
        toxicity=tags.toxicity,
        language=signal.language,
        reason=seen.rationale,
        mentions=tuple(message.mentions),
        attachments=tuple(
            Attachment(
                str(each.get("filename", "")), int(each.get("size") or 0), each.get("content_type") or ""
            )
            for each in message.attachments
        ),
    )


def decided(decisions: Sequence[tuple[Signal, Decision]], guilds: Collection[int]) -> list[DecisionMade]:
    """Return what was decided about messages of guilds."""
    return [
        DecisionMade(
            guild_id=signal.message.guild_id,
            channel_id=signal.message.place_id,
            message_id=signal.message.message_id,
            author_id=signal.message.author_id,
            plan=decision.plan.value,
            reason=decision.reason,
            intent=signal.observer.intent.value,
            confidence=signal.observer.confidence,
            left_to=decision.left_to,
            is_open=decision.is_open,
        )
        for signal, decision in decisions
        if signal.message.guild_id is not None and signal.message.guild_id in guilds
    ]


def opened(ticket: Ticket) -> TicketOpened:
    """Return that a ticket has its thread."""
    return TicketOpened(
        guild_id=ticket.guild_id,
        ticket_id=ticket.id,
        number=ticket.number,
        thread_id=ticket.thread_id,
        member_id=ticket.opener_id,
        is_private=ticket.is_private,
    )


def closed(ticket: Ticket) -> TicketClosed:
    """Return that a ticket was closed."""
    return TicketClosed(
        guild_id=ticket.guild_id,
        ticket_id=ticket.id,
        number=ticket.number,
        thread_id=ticket.thread_id,
        member_id=ticket.opener_id,
        reason=ticket.close_reason,
    )
