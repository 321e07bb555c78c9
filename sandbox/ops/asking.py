"""Operations as they come over HTTP, to the control API and the chat page: arguments as JSON."""

from typing import Any

from sandbox.bodies import plain
from sandbox.core import Core
from sandbox.ops.registry import OperationError, perform


def asked(core: Core, name: str, raw: bytes) -> Any:
    """Run an operation whose arguments are a JSON object (nothing: none).

    Raises:
        OperationError: there is no such operation, or its arguments are wrong.
        ApiError: Discord wouldn't let the member do that.
    """
    try:
        args = plain(raw) if raw else {}
    except (ValueError, RecursionError) as error:
        raise OperationError(f"that is no JSON: {error}") from None
    if not isinstance(args, dict):
        raise OperationError("arguments are a JSON object")
    return perform(core, name, args)
