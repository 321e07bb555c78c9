"""Message content: what an application without the message content intent gets to see of a message."""

from typing import Any

from sandbox.world import Application

Json = dict[str, Any]
EMPTY: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def shown(app: Application, body: Json, *, granted: bool, in_guild: bool) -> Json:
    """Return a message as an application sees it: with the intent (`granted`) or in a DM, as it is.

    Otherwise its own messages and those that mention it are whole, and every other one is empty. A message it
    replies to is judged by itself.

    Source: protocol gateway.7, docs events/gateway#message-content-intent.
    """
    if granted or not in_guild:
        return body
    seen = body if _is_meant(app, body) else without_content(body)
    referenced = body.get("referenced_message")
    if referenced:
        inner = shown(app, referenced, granted=False, in_guild=True)
        if inner is not referenced:
            seen = seen | {"referenced_message": inner}
    return seen


def _is_meant(app: Application, body: Json) -> bool:
    bot_id = str(app.bot.id)
    return body["author"]["id"] == bot_id or any(user["id"] == bot_id for user in body["mentions"])


def without_content(body: Json) -> Json:
    """Return a message with the fields emptied that hold what a user wrote; a poll is left out."""
    bare = body | {name: value for name, value in EMPTY.items() if name in body}
    bare.pop("poll", None)
    if "message_snapshots" in bare:
        bare["message_snapshots"] = [
            item | {"message": without_content(item["message"])} for item in bare["message_snapshots"]
        ]
    return bare
