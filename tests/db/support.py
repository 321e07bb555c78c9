"""Rows for the repository tests; each call names only what its test is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.db.database import Database
from bot.domain.signal import Intent, Stage
from bot.models import (
    Action,
    DeliveryKind,
    ErrorRecord,
    Feedback,
    FeedbackKind,
    Gap,
    Giver,
    LlmCall,
    PluginValue,
    Question,
    SignalRecord,
    Ticket,
    TicketDelivery,
    TicketDraft,
    TicketMessage,
    Verdict,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
GUILD = 1_400_000_000_000_000_001  # snowflakes of today, above 2**53
CHANNEL = 1_400_000_000_000_000_101
MEMBER = 1_400_000_000_000_000_201
MESSAGE = 1_400_000_000_000_000_301


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def signal_row(number: int = 0, **values: Any) -> dict[str, Any]:
    """The row of the `number`th message, with the columns that the road stores."""
    message_id = values.pop("message_id", MESSAGE + number)
    place_id = values.pop("place_id", CHANNEL)
    return {
        "id": f"discord:{message_id}",
        "source": "discord",
        "guild_id": GUILD,
        "channel_id": place_id,
        "thread_id": None,
        "place_id": place_id,
        "message_id": message_id,
        "reply_to_id": None,
        "author_id": MEMBER,
        "author_name": "Ada",
        "content": f"text {number}",
        "attachments": None,
        "embeds": None,
        "mentions": None,
        "created_at": NOW,
        "ingested_at": NOW,
        "edited_at": None,
        "intent": Intent.OTHER,
        "rationale": "",
        "stage": Stage.DONE,
        **values,
    }


def tombstone(number: int = 0, **values: Any) -> dict[str, Any]:
    """What is known of a deleted message: its key and its place."""
    row = signal_row(number, **values)
    names = ("id", "source", "guild_id", "channel_id", "thread_id", "place_id", "message_id")
    return {name: row[name] for name in names} | {"created_at": NOW, "ingested_at": NOW}


def action(number: int = 0, **values: Any) -> Action:
    """An action that answers the `number`th message."""
    known: dict[str, Any] = {
        "signal_id": f"discord:{MESSAGE + number}",
        "kind": "reply",
        "part": 0,
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "reference_id": MESSAGE + number,
        "nonce": "a" * 24,
        "content": "What did you try?",
        "created_at": NOW,
    }
    return Action(**known | values)


def feedback(number: int = 0, **values: Any) -> Feedback:
    """A reaction of the member to the answer to their `number`th message."""
    known: dict[str, Any] = {
        "guild_id": GUILD,
        "signal_id": f"discord:{MESSAGE + number}",
        "kind": FeedbackKind.REACTION.value,
        "message_id": MESSAGE + 1_000 + number,
        "user_id": MEMBER,
        "giver": Giver.ASKER.value,
        "verdict": Verdict.WRONG.value,
        "intent": Intent.HELP_REQUEST.value,
        "confidence": 0.75,
        "created_at": NOW,
    }
    return Feedback(**known | values)


def error_record(number: int = 0, **values: Any) -> ErrorRecord:
    """Return a fault; each number is another one."""
    known: dict[str, Any] = {
        "reference": f"{number:010x}",
        "guild_id": GUILD,
        "place": "/audit message",
        "kind": "RuntimeError",
        "first_at": later(number),
        "last_at": later(number),
    }
    return ErrorRecord(**known | values)


def llm_call(**values: Any) -> LlmCall:
    """A reply of a hosted model for the guild."""
    known: dict[str, Any] = {
        "task": "reply",
        "guild_id": GUILD,
        "provider": "anthropic",
        "model": "large",
        "outcome": "answered",
        "input_tokens": 100,
        "output_tokens": 20,
        "billed_tokens": 120,
        "cost": 0.25,
        "milliseconds": 900,
        "created_at": NOW,
    }
    return LlmCall(**known | values)


def ticket(number: int = 1, **values: Any) -> Ticket:
    """The member's `number`th ticket, in a thread of its own."""
    known: dict[str, Any] = {
        "guild_id": GUILD,
        "number": number,
        "key": f"form:{number}",
        "thread_id": CHANNEL + 1_000 + number,
        "parent_id": CHANNEL,
        "opener_id": MEMBER,
        "opener_name": "Ada",
        "title": "It fails",
        "question": "It fails when I start it.",
        "opened_at": NOW,
    }
    return Ticket(**known | values)


def ticket_message(ticket_id: int, number: int = 0, **values: Any) -> TicketMessage:
    """The `number`th message of a ticket."""
    known: dict[str, Any] = {
        "message_id": MESSAGE + number,
        "ticket_id": ticket_id,
        "author_id": MEMBER,
        "author_name": "Ada",
        "role": "member",
        "content": f"text {number}",
        "created_at": NOW,
    }
    return TicketMessage(**known | values)


def delivery(ticket_id: int, **values: Any) -> TicketDelivery:
    """The transcript of a ticket's first closing, not yet posted."""
    known: dict[str, Any] = {
        "ticket_id": ticket_id,
        "closing": 0,
        "kind": DeliveryKind.LOG.value,
        "created_at": NOW,
    }
    return TicketDelivery(**known | values)


def question(number: int = 0, **values: Any) -> Question:
    """The `number`th question of the member."""
    known: dict[str, Any] = {"key": f"1/{number}", "guild_id": GUILD, "asked_at": NOW}
    return Question(**known | values)


def ticket_draft(number: int = 0, **values: Any) -> TicketDraft:
    """A ticket the member has written but not opened."""
    known: dict[str, Any] = {
        "key": f"form:{number}",
        "guild_id": GUILD,
        "opener_id": MEMBER,
        "opener_name": "Ada",
        "title": "It fails",
        "question": "It fails when I start it.",
        "created_at": NOW,
    }
    return TicketDraft(**known | values)


def gap(from_id: int, to_id: int, channel_id: int = CHANNEL, guild_id: int = GUILD) -> Gap:
    return Gap(
        guild_id=guild_id,
        channel_id=channel_id,
        from_id=from_id,
        to_id=to_id,
        reason="restart",
        created_at=NOW,
    )


async def store(database: Database, *rows: dict[str, Any]) -> None:
    async with database.transaction() as tx:
        await tx.signals.add_batch(rows)


async def stored(database: Database, number: int = 0) -> SignalRecord:
    """Read the `number`th message anew, in a transaction of its own."""
    async with database.reading() as tx:
        record = await tx.signals.get(f"discord:{MESSAGE + number}")
    assert record is not None
    return record


def plugin_value(key: str = "count", user_id: int = MEMBER, **values: Any) -> PluginValue:
    """Return something that a plugin keeps."""
    known: dict[str, Any] = {"plugin": "karma", "guild_id": GUILD, "value": 1, "changed_at": NOW}
    return PluginValue(**(known | values), key=key, user_id=user_id)


async def see_guild(database: Database, *channel_ids: int, guild_id: int = GUILD) -> None:
    """Store the guild and its channels."""
    async with database.transaction() as tx:
        await tx.guilds.see(guild_id, "Guild", NOW)
        rows = [
            {"id": id_, "guild_id": guild_id, "parent_id": None, "name": "general"} for id_ in channel_ids
        ]
        await tx.channels.see(rows)
