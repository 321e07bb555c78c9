"""JSON as the admin API sends it: ids as strings, times in ISO 8601, nothing that a reader would reject."""

import json
import math
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

MAX_SAFE_INTEGER = 2**53 - 1  # beyond this a JavaScript reader rounds


class StoryResponse(JSONResponse):
    """A JSON answer made of whatever records a story holds."""

    def render(self, content: Any) -> bytes:
        """Return `content` as UTF-8; half a surrogate pair (Discord may send one) becomes a question mark."""
        plain = stringify_ids(jsonable_encoder(content))
        return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def stringify_ids(value: Any, *, is_id: bool = False) -> Any:
    """Return JSON values with every id, and every integer too large for a double, as a string; NaN as None.

    Ids are what stands under `id`, `*_id` or `*_ids`.
    """
    match value:
        case dict():
            return {key: stringify_ids(item, is_id=_names_id(key)) for key, item in value.items()}
        case list():
            return [stringify_ids(item, is_id=is_id) for item in value]
        case bool():
            return value
        case int() if is_id or abs(value) > MAX_SAFE_INTEGER:
            return str(value)
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _names_id(key: str) -> bool:
    return key in {"id", "ids"} or key.endswith(("_id", "_ids"))
