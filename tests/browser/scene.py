"""A small server without a bot's answers, and what a page of it may never do."""

from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Page

from sandbox import Sandbox
from sandbox.handles import Member


@dataclass
class Scene:
    """A page somebody looks at, the sandbox behind it, and everything the page did meanwhile."""

    discord: Sandbox
    page: Page
    ann: Member
    bob: Member
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def shows(self, text: str) -> None:
        await self.page.get_by_text(text, exact=True).last.wait_for()

    async def embed(self, **changes: Any) -> None:
        bot = self.discord.bot_user.id
        await self.discord.call("say", author=bot, channel="general", content="", embeds=[changes])


HARM = """() => {
  const room = document.querySelector(".messages");
  const bad = [];
  if ("pwned" in window) bad.push("a script ran");
  for (const element of room.querySelectorAll("*")) {
    const tag = element.tagName.toLowerCase();
    if (["script", "iframe", "object", "embed", "link", "style", "form", "base"].includes(tag)) bad.push(tag);
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name === "srcdoc") bad.push(`${tag} ${name}`);
      if (name === "href" && !/^https?:/.test(value)) bad.push(`href ${value}`);
    }
  }
  if (room.scrollWidth > room.clientWidth) bad.push("wider than the room");
  if (document.documentElement.scrollWidth > innerWidth) bad.push("wider than the window");
  return bad;
}"""


async def assert_harmless(scene: Scene) -> None:
    assert await scene.page.evaluate(HARM) == []
    assert scene.problems == []
    assert [
        url for url in scene.asked if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:"))
    ] == []
