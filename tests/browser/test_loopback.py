"""Chromium leaves loopback for nothing, and a test in which it tried to fails."""

import pytest
from playwright.async_api import Browser

from tests.browser import loopback

pytestmark = pytest.mark.asyncio(loop_scope="session")
# An address for documentation (RFC 5737), and a name that Chromium itself takes for this machine.
FAR = {"address": "http://192.0.2.1/", "name": "http://lookout.localhost/"}


@pytest.mark.parametrize("url", FAR.values(), ids=FAR)
async def test_a_far_host_is_unknown_and_asking_for_it_is_written_down(browser: Browser, url: str) -> None:
    context = await loopback.new_context(browser)
    page = await context.new_page()
    async with page.expect_event("requestfailed") as failed:
        await page.evaluate("url => fetch(url, { mode: 'no-cors' }).catch(() => 0)", url)
    assert (await failed.value).failure == "net::ERR_NAME_NOT_RESOLVED"
    await page.evaluate("url => new Promise(done => new WebSocket(url).onerror = done)", url)
    await context.close()
    assert loopback.taken() == f"Chromium to {url}\nChromium to {url.replace('http', 'ws')}\n"
