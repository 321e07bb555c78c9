"""Embeds: their fields and limits, and how they are stored.

Source: openapi create_message, docs resources/message#embed-object-embed-limits.
"""

from typing import Any

from sandbox.errors import invalid_form
from sandbox.rest import fields as f

Json = dict[str, Any]
MAX_EMBEDS = 10
MAX_TEXT = 6000

_PICTURE = f.table({"url": f.url})
_FIELD = f.table(
    {"name": f.text(256, 1), "value": f.text(1024, 1), "inline": f.boolean}, required=("name", "value")
)
_EMBED = f.many(
    f.table(
        {
            "title": f.text(256),
            "description": f.text(4096),
            "url": f.url,
            "timestamp": f.iso_text,
            "color": f.whole(0, 0xFFFFFF),
            "footer": f.table({"text": f.text(2048), "icon_url": f.url}),
            "image": _PICTURE,
            "thumbnail": _PICTURE,
            "author": f.table({"name": f.text(256), "url": f.url, "icon_url": f.url}),
            "fields": f.many(_FIELD, 25),
        }
    ),
    MAX_EMBEDS,
)


def embeds(value: Any, path: str) -> list[Json]:
    """Return the embeds as stored, each of type rich; empty ones vanish.

    Raises:
        ApiError: 50035.
    """
    found = [_stored(item) for item in _EMBED(value, path)]
    if sum(_size(item) for item in found) > MAX_TEXT:
        raise invalid_form(path, "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_TEXT}")
    return [item for item in found if len(item) > 1]


def _stored(embed: Json) -> Json:
    stored = {key: value for key, value in embed.items() if value not in ({}, [], "")} | {"type": "rich"}
    if "fields" in stored:
        stored["fields"] = [field | {"inline": field.get("inline", False)} for field in stored["fields"]]
    return stored


def _size(embed: Json) -> int:
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get("footer", {}).get("text", ""), embed.get("author", {}).get("name", "")]
    for field in embed.get("fields", ()):
        texts += [field["name"], field["value"]]
    return sum(len(item) for item in texts)


def with_attachments(items: list[Json], attachments: list[Json]) -> None:
    """Point `attachment://name` in embeds at the message's own files."""
    urls = {f"attachment://{item['filename']}": item["url"] for item in attachments}
    for embed in items if urls else ():
        for part in ("image", "thumbnail", "footer", "author"):
            for key in ("url", "icon_url"):
                named = embed.get(part, {}).get(key)
                if named in urls:
                    embed[part][key] = urls[named]
