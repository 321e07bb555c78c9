"""A member at the page of a small server whose bot knows some commands."""

import asyncio
import re
from typing import Any

from playwright.async_api import FilePayload, Locator, Page, expect

from sandbox import Sandbox
from sandbox.handles import Member
from tests.sandbox.raw import Http, Socket

TOPICS = ["Rules", "Roles", "Refunds", "Opening hours"]
STRING, INTEGER, ROLE, ATTACHMENT = 3, 4, 8, 11


def option(kind: int, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "description": f"The {name}", **more}


def upload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


COMMANDS: list[dict[str, Any]] = [
    {
        "name": "config",
        "description": "Settings",
        "options": [
            option(1, "staff", options=[option(ROLE, "role", required=True), option(STRING, "note")]),
            option(1, "length", options=[option(INTEGER, "words", required=True, max_value=200)]),
        ],
    },
    {
        "name": "find",
        "description": "Look it up",
        "options": [option(STRING, "topic", required=True, autocomplete=True)],
    },
    {"name": "read", "description": "Read it", "options": [option(ATTACHMENT, "file", required=True)]},
    {"name": "silent", "description": "Never answers"},
    {"name": "Explain", "type": 3},
]


async def answer(room: Sandbox, http: Http, socket: Socket) -> None:
    """Be the bot: offer topics, answer every command but /silent."""
    while True:
        item = await asyncio.wait_for(_next(socket), None)
        data = item["data"]
        reply: dict[str, Any] = {"type": 4, "data": {"content": f"{data['name']} it is"}}
        if item["type"] == 4:
            typed = data["options"][0]["value"].lower()
            fits = [{"name": topic, "value": f"id-{topic}"} for topic in TOPICS if typed in topic.lower()]
            reply = {"type": 8, "data": {"choices": fits}}
        if data["name"] != "silent":
            await http("POST", f"/interactions/{item['id']}/{item['token']}/callback", reply)


async def _next(socket: Socket) -> Any:
    while True:
        try:
            return await socket.until("INTERACTION_CREATE")
        except TimeoutError:
            continue


class Desk:
    """A member at the page."""

    def __init__(self, room: Sandbox, page: Page, me: Member, other: Member) -> None:
        self.room, self.page, self.me, self.other = room, page, me, other

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("combobox", name=re.compile("^Message [#“]"))

    def message(self, text: str) -> Locator:
        return self.page.locator("li.message", has_text=text)

    async def become(self, name: str) -> None:
        """Look at the page as somebody else."""
        viewing = re.compile(f"^Viewing as {name}")
        await self.page.get_by_role("button", name=re.compile("^Viewing as")).click()
        await self.page.get_by_role("dialog", name="View as").get_by_role("button", name=name).click()
        await expect(self.page.get_by_role("button", name=viewing)).to_be_visible()

    async def mine(self, **fields: Any) -> Any:
        """Wait for the record of a message of the member at the page."""
        wanted = {"author_id": self.me.id, **fields}
        return await self.room.wait_for(
            lambda e: e["kind"] == "message" and all(e[key] == value for key, value in wanted.items())
        )

    async def started(self, name: str) -> Any:
        """Wait for an interaction; return its data."""
        entry = await self.room.wait_for(
            lambda e: e["kind"] == "interaction" and e["data"]["name"] == name and e["type"] == 2
        )
        return entry["data"]
