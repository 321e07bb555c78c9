"""Media of components: the message's own files, or addresses elsewhere, as Discord shows them.

Source: openapi create_message, docs components/reference#unfurled-media-item-structure.
"""

from typing import Any

from sandbox.core import Core
from sandbox.errors import ApiError, invalid_form
from sandbox.rest.components import FILE, THUMBNAIL

Json = dict[str, Any]
_OWN = "attachment://"
_TOLD = ("url", "proxy_url", "width", "height", "content_type")


def unfurl(core: Core, components: list[Json], attachments: list[Json], path: str) -> None:
    """Fill in what is known of the media in checked components; `path` says where in the body they stand.

    Raises:
        ApiError: 50035 for a file the message doesn't have.
    """
    for index, item in enumerate(components):
        _fill(core, item, attachments, f"{path}.{index}")


def _fill(core: Core, item: Json, attachments: list[Json], path: str) -> None:
    unfurl(core, item.get("components") or [], attachments, f"{path}.components")
    if "accessory" in item:
        _fill(core, item["accessory"], attachments, f"{path}.accessory")
    for index, picture in enumerate(item.get("items") or ()):
        picture["media"] = _shown(core, picture["media"], attachments, f"{path}.items.{index}.media")
    if item["type"] == THUMBNAIL:
        item["media"] = _shown(core, item["media"], attachments, f"{path}.media")
    elif item["type"] == FILE:
        file = _named(item["file"]["url"], attachments)
        if file is None:
            raise _not_there(f"{path}.file")
        shown = _shown(core, item["file"], attachments, f"{path}.file")
        item |= {"file": shown, "name": file["filename"], "size": file["size"]}


def _shown(core: Core, media: Json, attachments: list[Json], path: str) -> Json:
    """Return a media item with its addresses and, of an own file, its type and size."""
    url, number = media["url"], str(core.ids.make())
    file = _named(url, attachments)
    if file is not None:
        told = {key: file[key] for key in _TOLD if key in file}
        return {"id": number, **told, "attachment_id": file["id"]}
    if url.startswith(_OWN):
        raise _not_there(path)
    return {"id": number, "url": url, "proxy_url": url}


def _named(url: str, attachments: list[Json]) -> Json | None:
    """Return the file an address means: attachment://name, or where it lies already."""
    return next((file for file in attachments if url in (_OWN + file["filename"], file["url"])), None)


def _not_there(path: str) -> ApiError:
    return invalid_form(
        f"{path}.url",
        "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        "The referenced attachment was not found",
    )
