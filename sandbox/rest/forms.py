"""What a message request may contain, checked as Discord checks it, and turned into a draft.

Source: openapi create_message, openapi update_message.
"""

from typing import Any

from sandbox.actions.messages import EPHEMERAL, SETTABLE_FLAGS, Draft
from sandbox.errors import ApiError, invalid_form
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.components import in_message, legacy_with_v2
from sandbox.rest.embeds import embeds, with_attachments
from sandbox.rest.media import unfurl
from sandbox.rest.uploads import ATTACHMENTS, store
from sandbox.world import Channel, Message, User

Json = dict[str, Any]
MAX_CONTENT = 2000
MAX_NONCE = 25
V2 = 1 << 15
_INT64 = 1 << 63
_CONTENT = f.text(MAX_CONTENT)
_KEPT = ("content", "embeds", "components", "attachments")


def content(value: Any, path: str) -> str:
    """Return the text of a message, without the white space around it; a number is taken as text."""
    given = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    return str(_CONTENT(given, path)).strip()


def nonce(value: Any, path: str) -> str | int:
    """Return a nonce: an integer or at most 25 characters. Source: protocol interactions.6."""
    if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64:
        return value
    if not isinstance(value, str):
        raise invalid_form(path, "NONCE_TYPE_INVALID", "Nonce must be a string or an integer.")
    if len(value) > MAX_NONCE:
        raise invalid_form(path, "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length.")
    return value


_MENTIONS = f.table(
    {
        "parse": f.many(f.one_of("users", "roles", "everyone"), 3),
        "users": f.many(f.snowflake, 100),
        "roles": f.many(f.snowflake, 100),
        "replied_user": f.boolean,
    }
)


def allowed_mentions(value: Any, path: str) -> Json:
    """Return allowed_mentions as they were sent; a kind may not be both parsed and listed."""
    found = _MENTIONS(value, path)
    for kind in ("users", "roles"):
        if found.get(kind) and kind in found.get("parse", ()):
            raise invalid_form(
                path,
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
    return {key: value[key] for key in found}


def no_poll(_: Any, path: str) -> None:
    """Refuse a poll: there are none here, and a message without it would be another message."""
    raise invalid_form(path, "POLLS_UNSUPPORTED", "The sandbox has no polls.")


MESSAGE: f.Fields = {
    "content": content,
    "embeds": embeds,
    "components": f.ignored,
    "attachments": ATTACHMENTS,
    "allowed_mentions": allowed_mentions,
    "flags": f.bits,
    "tts": f.boolean,
    "nonce": nonce,
    "enforce_nonce": f.boolean,
    "poll": no_poll,
    "sticker_ids": f.many(f.snowflake, 3),
    "message_reference": f.table(
        {
            "type": f.one_of(0, 1),
            "message_id": f.snowflake,
            "channel_id": f.snowflake,
            "guild_id": f.snowflake,
            "fail_if_not_exists": f.boolean,
        },
        required=("message_id",),
    ),
}


def message_form(call: Call, body: Any = None, path: str = "") -> Json:
    """Return the checked fields of a message form: the body, or the part of it at `path`.

    Raises:
        ApiError: 50035 when something in it is wrong, 50081 for stickers, which there are none of.
    """
    form = f.read(call.form() if body is None else body, MESSAGE, path)
    if form.get("sticker_ids"):
        raise ApiError(400, 50081, "Invalid sticker sent")
    return form


def draft_of(call: Call, channel: Channel, author: User, form: Json, path: str = "") -> Draft:
    """Return a draft of a checked form; `path` says where in the body it stood.

    Raises:
        ApiError: 50006 when it is empty, 50035 when its components are wrong, 50146 a file is missing.
    """
    draft = Draft(channel, author)
    draft.flags = (form.get("flags") or 0) & SETTABLE_FLAGS
    draft.content = form.get("content") or ""
    draft.embeds = form.get("embeds") or []
    draft.components = _components(form, draft.flags, path)
    draft.nonce = form.get("nonce")
    draft.tts = bool(form.get("tts"))
    draft.allowed_mentions = form.get("allowed_mentions")
    if draft.flags & V2 and (draft.content or draft.embeds):
        raise legacy_with_v2()
    notes = form.get("attachments") or []
    if any(note["id"] not in call.uploads for note in notes):
        raise ApiError(400, 50146, "Uploaded file not found.")
    if not (draft.content or draft.embeds or draft.components or call.uploads):
        raise empty()
    draft.attachments = store(call.core, channel, call.uploads, notes)
    with_attachments(draft.embeds, draft.attachments)
    unfurl(call.core, draft.components, draft.attachments, _under(path))
    return draft


def draft_from(call: Call, channel: Channel, author: User, body: Any = None, path: str = "") -> Draft:
    """Return a checked draft of the body's message, or of the part of it at `path`.

    Raises:
        ApiError: 50006 when it is empty, 50035 when something in it is wrong.
    """
    return draft_of(call, channel, author, message_form(call, body, path), path)


def _components(form: Json, flags: int, path: str) -> list[Json]:
    given = form.get("components")
    return [] if given is None else in_message(given, _under(path), v2=bool(flags & V2))


def _under(path: str) -> str:
    return f"{path}.components" if path else "components"


def empty() -> ApiError:
    """Return the error of a message without anything in it."""
    return ApiError(400, 50006, "Cannot send an empty message")


def edit_changes(call: Call, message: Message, body: Any = None, path: str = "") -> Json:
    """Return the checked changes of a message edit: only what the request names; null empties.

    Raises:
        ApiError: 50006 when nothing would be left, 50035 when something is wrong.
    """
    form = message_form(call, body, path)
    changes: Json = {}
    if form.get("flags") is not None:
        keep = ~SETTABLE_FLAGS | EPHEMERAL | V2
        changes["flags"] = (message.flags & keep) | (form["flags"] & SETTABLE_FLAGS & ~EPHEMERAL)
    if "content" in form:
        changes["content"] = form["content"] or ""
    if "embeds" in form:
        changes["embeds"] = form["embeds"] or []
    if "components" in form:
        changes["components"] = _components(form, changes.get("flags", message.flags), path)
    if form.get("attachments") is not None or call.uploads:
        changes["attachments"] = _attachments(call, message, form)
        with_attachments(changes.get("embeds") or [], changes["attachments"])
    if "components" in changes:
        files = changes.get("attachments", message.attachments)
        unfurl(call.core, changes["components"], files, _under(path))
    if form.get("allowed_mentions") is not None:
        changes["allowed_mentions"] = form["allowed_mentions"]
    merged = {key: changes.get(key, getattr(message, key)) for key in _KEPT}
    if changes.get("flags", message.flags) & V2 and (merged["content"] or merged["embeds"]):
        raise legacy_with_v2()
    if not any(merged.values()):
        raise empty()
    return changes


def _attachments(call: Call, message: Message, form: Json) -> list[Json]:
    """Return what an edit leaves: named ones stay, all do when none is named; uploads come after."""
    notes = form.get("attachments")
    named = None if notes is None else {str(note["id"]) for note in notes}
    kept = [item for item in message.attachments if named is None or item["id"] in named]
    channel = call.core.world.channel(message.channel_id)
    return kept + store(call.core, channel, call.uploads, notes or [])
