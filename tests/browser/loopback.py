"""Keeps Chromium on loopback: no other host is known to it, and asking for one fails the test."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Request, WebSocket

from tests.only_loopback.plugin import tell
from tests.only_loopback.sitecustomize import RECORD, is_loopback

# Of addresses too: the rules come before anything is looked up.
ARGUMENT = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


async def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Open what a person has of a browser; a request from it that would leave loopback fails the test."""
    context = await browser.new_context(**options)
    context.on("request", _check)
    context.on("page", _watch_sockets)
    return context


def taken() -> str:
    """Return what was written down, for a test that is about it: it won't fail by that."""
    record = Path(os.environ[RECORD])
    told = record.read_text()
    record.write_text("")
    return told


def _watch_sockets(page: Page) -> None:
    page.on("websocket", _check)


def _check(asked: Request | WebSocket) -> None:
    if not is_loopback(urlsplit(asked.url).hostname):
        tell(f"Chromium to {asked.url}")
