"""Attachments: files of a request put on the CDN, matched with what the form says of them.

Source: protocol rest.8, docs reference#uploading-files.
"""

import mimetypes
from typing import Any
from urllib.parse import quote

from sandbox.core import Core
from sandbox.errors import ApiError, too_large
from sandbox.images import size_of
from sandbox.rest import fields as f
from sandbox.rest.call import Upload
from sandbox.world import Channel

Json = dict[str, Any]
MAX_FILE = 10 * 1024 * 1024
MAX_FILES = 10
IS_SPOILER = 1 << 3

ATTACHMENTS = f.many(
    f.table(
        {
            "id": f.snowflake,
            "filename": f.text(1024, 1),
            "description": f.text(1024),
            "title": f.text(1024),
            "is_spoiler": f.boolean,
        },
        required=("id",),
    ),
    MAX_FILES,
)


def store(core: Core, channel: Channel, uploads: dict[int, Upload], notes: list[Json]) -> list[Json]:
    """Keep uploaded files on the CDN and return their attachment objects, matched by `attachments[n].id`.

    Raises:
        ApiError: 30015 more than ten, 40005 one of more than 10 MiB.
    """
    if len(uploads) > MAX_FILES:
        raise ApiError(400, 30015, "Maximum number of attachments in a message reached (10)")
    by_number = {note["id"]: note for note in notes}
    return [
        attach(core, channel, upload, by_number.get(number)) for number, upload in sorted(uploads.items())
    ]


def attach(core: Core, channel: Channel, upload: Upload, note: Json | None = None) -> Json:
    """Put one file on the CDN and return its attachment object; `note` may name, describe and hide it.

    Raises:
        ApiError: 40005 more than 10 MiB.
    """
    if len(upload.content) > MAX_FILE:
        raise too_large()
    told = note or {}
    name = told.get("filename") or upload.filename or "file"
    attachment_id = core.ids.make()
    kind = upload.content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    path = f"attachments/{channel.id}/{attachment_id}/{quote(name, safe='')}"
    core.world.files[path] = (kind, upload.content)
    url = f"{core.urls['cdn_url']}/{path}"
    body: Json = {
        "id": str(attachment_id),
        "filename": name,
        "size": len(upload.content),
        "url": url,
        "proxy_url": url,
        "content_type": kind,
    }
    size = size_of(upload.content)
    if size is not None:
        body["width"], body["height"] = size
    if told.get("is_spoiler") or name.startswith("SPOILER_"):
        body["flags"] = IS_SPOILER
    return body | {key: told[key] for key in ("description", "title") if told.get(key)}
