"""Counts what discord.py retries by itself, so that the action log can tell."""

from types import SimpleNamespace

import aiohttp

from bot.services.metrics import Metrics
from bot.services.retries import current_retries

TOO_MANY, SERVER_ERROR = 429, 500


def retry_trace(metrics: Metrics) -> aiohttp.TraceConfig:
    """Return a trace for discord.py's `http_trace` that counts answers of 429 and 5xx."""

    async def on_end(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        status = params.response.status
        if status == TOO_MANY or status >= SERVER_ERROR:
            metrics.retried(status)
            retries = current_retries.get()
            if retries is not None:
                retries.count += 1

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(on_end)
    return trace
