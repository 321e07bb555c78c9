"""What a message request may contain, checked as Discord checks it, and turned into a draft."""

import mimetypes
from typing import Any
from urllib.parse import quote

from sandbox.actions.messages import SETTABLE_FLAGS, Draft
from sandbox.core import Core
from sandbox.errors import ApiError, invalid_form
from sandbox.rest.call import Call, Upload, snowflake
from sandbox.world import Channel, Message, User

MAX_CONTENT = 2000
MAX_EMBEDS = 10
MAX_EMBED_TEXT = 6000
MAX_NONCE = 25
MAX_ROWS = 5
V2 = 1 << 15
_TYPE_NAMES: dict[type, str] = {str: "STRING", int: "NUMBER", bool: "BOOLEAN", list: "LIST"}
_EMBED_LIMITS = {"title": 256, "description": 4096}


def draft_from(call: Call, channel: Channel, author: User, body: dict[str, Any] | None = None) -> Draft:
    """Return a checked draft of the body's message.

    Raises:
        ApiError: 50006 when it is empty, 50035 when something in it is wrong.
    """
    form = call.form() if body is None else body
    draft = Draft(channel, author)
    draft.flags = int(form.get("flags") or 0) & SETTABLE_FLAGS
    draft.content = content_of(form)
    draft.embeds = embeds_of(form)
    draft.components = components_of(form, v2=bool(draft.flags & V2))
    draft.attachments = store_uploads(call.core, channel, call.uploads, form.get("attachments"))
    draft.nonce = nonce_of(form)
    draft.tts = bool(form.get("tts"))
    draft.allowed_mentions = allowed_of(form)
    if not (
        draft.content or draft.embeds or draft.components or draft.attachments or form.get("sticker_ids")
    ):
        raise ApiError(400, 50006, "Cannot send an empty message")
    return draft


def content_of(form: dict[str, Any]) -> str:
    """Return the content, "" for null."""
    content = form.get("content")
    if content is None:
        return ""
    if not isinstance(content, str | int | float):
        raise invalid_form("content", "STRING_TYPE_CONVERT", "Could not interpret value as string.")
    text = str(content)
    if len(text) > MAX_CONTENT:
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    return text.strip()


def embeds_of(form: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the embeds as stored, each of type rich."""
    embeds = _list(form, "embeds")
    if len(embeds) > MAX_EMBEDS:
        raise invalid_form("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_EMBEDS} or fewer in length.")
    total = 0
    for index, embed in enumerate(embeds):
        for key, limit in _EMBED_LIMITS.items():
            text = str(embed.get(key) or "")
            total += len(text)
            if len(text) > limit:
                raise invalid_form(
                    f"embeds.{index}.{key}", "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length."
                )
        total += sum(
            len(str(f.get("name", ""))) + len(str(f.get("value", ""))) for f in embed.get("fields") or ()
        )
    if total > MAX_EMBED_TEXT:
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return [_stored_embed(embed) for embed in embeds]


def _stored_embed(embed: dict[str, Any]) -> dict[str, Any]:
    stored = {key: value for key, value in embed.items() if value is not None} | {"type": "rich"}
    stored["fields"] = [field | {"inline": bool(field.get("inline"))} for field in embed.get("fields") or ()]
    if not stored["fields"]:
        del stored["fields"]
    return stored


def components_of(form: dict[str, Any], *, v2: bool = False) -> list[dict[str, Any]]:
    """Return the components; without the V2 flag at most five action rows."""
    components = _list(form, "components")
    if not v2 and len(components) > MAX_ROWS:
        raise invalid_form("components", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_ROWS} or fewer in length.")
    for index, component in enumerate(components):
        if "type" not in component:
            raise invalid_form(f"components.{index}.type", "BASE_TYPE_REQUIRED", "This field is required")
        if not v2 and component["type"] != 1:
            raise invalid_form(f"components.{index}.type", "UNION_TYPE_CHOICES", "Value of field must be 1.")
    return components


def _list(form: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list of objects out of a form, [] for null."""
    value = form.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid_form(name, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise invalid_form(
                f"{name}.{index}", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
            )
    return value


def check_types(form: dict[str, Any], **expected: type) -> None:
    """Check that fields, where present and not null, are of a type.

    Raises:
        ApiError: 50035.
    """
    for name, kind in expected.items():
        value = form.get(name)
        wrong_bool = isinstance(value, bool) and kind is not bool
        if value is not None and (wrong_bool or not isinstance(value, kind)):
            label = _TYPE_NAMES[kind]
            raise invalid_form(
                name, f"{label}_TYPE_CONVERT", f"Could not interpret value as {label.lower()}."
            )


def nonce_of(form: dict[str, Any]) -> str | int | None:
    """Return the nonce: an integer or at most 25 characters. Source: protocol interactions.6."""
    nonce = form.get("nonce")
    if nonce is None or (isinstance(nonce, int) and not isinstance(nonce, bool)):
        return nonce
    if not isinstance(nonce, str):
        raise invalid_form("nonce", "NONCE_TYPE_INVALID", "Nonce must be a string or an integer.")
    if len(nonce) > MAX_NONCE:
        raise invalid_form("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length.")
    return nonce


def allowed_of(form: dict[str, Any]) -> dict[str, Any] | None:
    """Return allowed_mentions; a kind may not be both parsed and listed."""
    allowed = form.get("allowed_mentions")
    if allowed is None:
        return None
    if not isinstance(allowed, dict):
        raise invalid_form(
            "allowed_mentions", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
        )
    for kind in ("users", "roles"):
        if allowed.get(kind) and kind in (allowed.get("parse") or ()):
            raise invalid_form(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
    return allowed


def store_uploads(
    core: Core, channel: Channel, uploads: dict[int, Upload], described: list[dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """Keep uploaded files on the CDN and return their attachment objects, matched by `attachments[n].id`."""
    notes = {str(item.get("id")): item for item in described or ()}
    stored = []
    for number, upload in sorted(uploads.items()):
        note = notes.get(str(number), {})
        name = str(note.get("filename") or upload.filename or f"file{number}")
        stored.append(attach(core, channel, upload._replace(filename=name), note.get("description")))
    return stored


def attach(core: Core, channel: Channel, upload: Upload, description: str | None = None) -> dict[str, Any]:
    """Put one file on the CDN and return its attachment object."""
    attachment_id = core.ids.make()
    kind = upload.content_type or mimetypes.guess_type(upload.filename)[0] or "application/octet-stream"
    path = f"attachments/{channel.id}/{attachment_id}/{quote(upload.filename, safe='')}"
    core.world.files[path] = (kind, upload.content)
    url = f"{core.urls['cdn_url']}/{path}"
    body: dict[str, Any] = {
        "id": str(attachment_id),
        "filename": upload.filename,
        "size": len(upload.content),
        "url": url,
        "proxy_url": url,
        "content_type": kind,
    }
    if description:
        body["description"] = description
    return body


def edit_changes(call: Call, message: Message, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the checked changes of a message edit: only what the request names; null empties.

    Raises:
        ApiError: 50006 when nothing would be left, 50035 when something is wrong.
    """
    form = call.form() if body is None else body
    changes: dict[str, Any] = {}
    if form.get("flags") is not None:
        changes["flags"] = (message.flags & ~SETTABLE_FLAGS) | (int(form["flags"]) & SETTABLE_FLAGS)
        changes["flags"] |= message.flags & (1 << 6)
    if "content" in form:
        changes["content"] = content_of(form)
    if "embeds" in form:
        changes["embeds"] = embeds_of(form)
    if "components" in form:
        v2 = bool(changes.get("flags", message.flags) & V2)
        changes["components"] = components_of(form, v2=v2)
    if form.get("attachments") is not None or call.uploads:
        channel = call.core.world.channel(message.channel_id)
        kept_ids = {str(snowflake(item.get("id"), "attachments")) for item in form.get("attachments") or ()}
        kept = [item for item in message.attachments if "attachments" not in form or item["id"] in kept_ids]
        changes["attachments"] = kept + store_uploads(
            call.core, channel, call.uploads, form.get("attachments")
        )
    if form.get("allowed_mentions") is not None:
        changes["allowed_mentions"] = allowed_of(form)
    merged = [changes.get(k, getattr(message, k)) for k in ("content", "embeds", "components", "attachments")]
    if not any(merged):
        raise ApiError(400, 50006, "Cannot send an empty message")
    return changes
