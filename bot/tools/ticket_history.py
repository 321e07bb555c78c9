"""Messages of tickets' threads, from Discord's payloads."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.snowflake import snowflake_time
from bot.domain.tickets import Role
from bot.services.tickets.ports import Heard

WRITTEN = (0, 19, 20, 23)  # message types that somebody wrote: plain, reply, a command's answer
MAX_FILE_NAME = 200  # characters

Payload = Mapping[str, Any]


def is_written(payload: Payload) -> bool:
    """Whether somebody wrote it: Discord's own notices are none of a conversation."""
    return payload.get("type", 0) in WRITTEN


def heard(payload: Payload, role: Role) -> Heard:
    """Return a message of a person or bot who has this role in tickets."""
    author, member = payload["author"], payload.get("member") or {}
    edited = payload.get("edited_timestamp")
    files = [
        {
            "id": str(each["id"]),
            "filename": str(each["filename"])[:MAX_FILE_NAME],
            "size": each["size"],
            "content_type": each.get("content_type"),
        }
        for each in payload.get("attachments") or ()
    ]
    message_id = int(payload["id"])
    return Heard(
        message_id,
        int(author["id"]),
        str(member.get("nick") or author.get("global_name") or author["username"]),
        role.value,
        str(payload.get("content") or ""),
        files or None,
        snowflake_time(message_id),
        datetime.fromisoformat(edited).astimezone(UTC) if edited else None,
    )
