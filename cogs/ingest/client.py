"""Discord's message payloads to arrivals. Listens and parses, never posts.

Works on the JSON that Discord documents instead of discord.py's objects: building those takes longer than all
the rest that happens to a message here. https://discord.com/developers/docs/resources/message#message-object
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.arrival import Arrival, Change

Payload = Mapping[str, Any]

DEFAULT, REPLY = 0, 19  # message types that members write
_MAX_DIGITS = 19  # of an id; the database has 63 bits for it, enough until 2084
_MAX_EMBEDS = 10
_MAX_EMBED_TEXT, _MAX_FILE_NAME = 1_000, 200  # characters


class DiscordIngestClient:
    """Turns message payloads (of gateway events and of history) into `Arrival`s."""

    def __init__(self, own_id: int) -> None:
        self._own_id = str(own_id)

    def wants(self, payload: Payload) -> bool:
        """Whether a person wrote it: no bot, no webhook, no system notice."""
        return (
            payload["type"] in (DEFAULT, REPLY)
            and not payload["author"].get("bot", False)
            and payload.get("webhook_id") is None
            and len(payload["id"]) <= _MAX_DIGITS
        )

    def arrival(
        self,
        payload: Payload,
        guild_id: int | None,
        parent_id: int | None,
        *,
        change: Change = Change.CREATE,
        backfilled: bool = False,
        muted: bool = False,
    ) -> Arrival:
        """Return the arrival of a message that `wants` let through.

        Args:
            payload: the message object.
            guild_id: where it was written; None in a direct message.
            parent_id: the channel of the thread it was written in; None outside of threads.
            change: what happened to it.
            backfilled: it was read from history.
            muted: its author has an ignored role.
        """
        place_id = int(payload["channel_id"])
        author = payload["author"]
        reference = payload.get("message_reference") if payload["type"] == REPLY else None
        reply_to = reference.get("message_id") if reference else None
        edited_at = payload.get("edited_timestamp")
        return Arrival(
            change,
            guild_id,
            parent_id or place_id,
            place_id if parent_id is not None else None,
            int(payload["id"]),
            int(reply_to) if reply_to else None,
            int(author["id"]),
            _name(payload, author),
            payload["content"],
            _attachments(payload["attachments"]) if payload.get("attachments") else None,
            _embeds(payload["embeds"]) if payload.get("embeds") else None,
            self._mentions(payload),
            datetime.fromisoformat(edited_at).astimezone(UTC) if edited_at else None,
            backfilled,
            muted,
            reply_to is not None and self._answers_us(payload),
        )

    def _answers_us(self, payload: Payload) -> bool:
        answered = payload.get("referenced_message")
        return answered is not None and answered["author"]["id"] == self._own_id

    def _mentions(self, payload: Payload) -> list[str] | None:
        users, roles = payload.get("mentions"), payload.get("mention_roles")
        everyone = payload.get("mention_everyone")
        if not (users or roles or everyone):
            return None
        found = ["bot" if user["id"] == self._own_id else f"user:{user['id']}" for user in users or ()]
        found += [f"role:{role_id}" for role_id in roles or ()]
        return found + (["everyone"] if everyone else [])


def _name(payload: Payload, author: Payload) -> str:
    """Return how the author is shown: nickname, else display name, else user name."""
    member = payload.get("member")
    name = (member.get("nick") if member else None) or author.get("global_name") or author["username"]
    return str(name)


def _attachments(attachments: list[Payload]) -> list[dict[str, Any]]:
    # No address: Discord's are signed and expire, and the file is none of ours to keep.
    return [
        {
            "id": str(each["id"]),
            "filename": str(each["filename"])[:_MAX_FILE_NAME],
            "size": each["size"],
            "content_type": each.get("content_type"),
        }
        for each in attachments
    ]


def _embeds(embeds: list[Payload]) -> list[dict[str, Any]]:
    found = []
    for embed in embeds[:_MAX_EMBEDS]:
        fields = {name: embed.get(name) for name in ("title", "description", "url")}
        found.append({name: str(value)[:_MAX_EMBED_TEXT] for name, value in fields.items() if value})
    return found
