"""How long a body Ollama may send where it is read as a whole; streams are bounded by who reads them.

Imported with the first client: httpx takes a while.
"""

from collections.abc import AsyncIterator
from typing import cast

import httpx

from bot.llm.errors import BadOutput

MOST_BYTES = 64 * 2**20  # vectors of 4,096 numbers for a thousand texts


async def bound(response: httpx.Response) -> None:
    """Have the reading of a body fail where it grows too long; a hook for responses."""
    if "ndjson" not in response.headers.get("content-type", ""):
        response.stream = _Bounded(cast("httpx.AsyncByteStream", response.stream))


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for part in self._stream:
            length += len(part)
            if length > MOST_BYTES:
                raise BadOutput("Ollama sends more than any answer has: does OLLAMA_HOST name an Ollama?")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
