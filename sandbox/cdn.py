"""The CDN: attachments with their types, and drawn faces and icons, as a browser wants them.

Source: docs reference#image-formatting, docs reference#signed-attachment-cdn-urls.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

from aiohttp import web

from sandbox.core import Core
from sandbox.images import face

_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp")
_DRAWN = re.compile(
    r"(?:embed/avatars/(\d{1,2})|(?:avatars|icons|app-icons|role-icons)/(\d{1,20})/\w+)\.\w{3,4}"
)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_DAY = "public, max-age=86400"


class Cdn:
    """Serves the files of one sandbox; query strings (signatures, sizes) are accepted and mean nothing."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer with a file, a part of it, or 404."""
        path = request.rel_url.raw_path.removeprefix("/cdn/")
        found = self._core.world.files.get(path)
        drawn = _DRAWN.fullmatch(path)
        if found is None and drawn is not None:
            found = ("image/png", _picture(int(drawn[1] or drawn[2])))
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        if found is None:
            return web.Response(
                status=404, body=b"404: Not Found", content_type="text/plain", headers=headers
            )
        kind, content = found
        headers |= {"Content-Type": _clean(kind), "Accept-Ranges": "bytes", "Cache-Control": _DAY}
        headers["Content-Disposition"] = _disposition(kind, path)
        return _part(content, request.headers.get("Range", ""), headers)


def _part(content: bytes, wanted: str, headers: dict[str, str]) -> web.Response:
    """Return the content, or the one range of it that is asked for."""
    found = _RANGE.fullmatch(wanted)
    if found is None or not (found[1] or found[2]):
        return web.Response(body=content, headers=headers)
    size = len(content)
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(size - 1, int(found[2])) if found[1] and found[2] else size - 1
    if first > last:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return web.Response(status=206, body=content[first : last + 1], headers=headers)


def _clean(kind: str) -> str:
    """Return a content type fit for a header, whatever the uploader named."""
    plain = kind.partition(";")[0].strip()
    return plain if re.fullmatch(r"[\w.+-]+/[\w.+-]+", plain, re.ASCII) else "application/octet-stream"


def _disposition(kind: str, path: str) -> str:
    """Return how a browser shows a file: pictures in place, everything else as a download."""
    how = "inline" if _clean(kind) in _INLINE else "attachment"
    name = re.sub(r"[^\w. -]", "_", unquote(path.rpartition("/")[2]), flags=re.ASCII)
    return f'{how}; filename="{name}"'


@lru_cache(maxsize=256)
def _picture(seed: int) -> bytes:
    return face(seed)
