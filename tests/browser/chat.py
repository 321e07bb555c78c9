"""The chat page in a person's words, found by roles and names as assistive technology finds them."""

import re
from pathlib import Path

from playwright.async_api import ConsoleMessage, Locator, Page, expect

DEADLINE = 15_000.0  # ms for anything to appear; several tests share the machine
ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "browser"

expect.set_options(timeout=DEADLINE)


class Chat:
    """One page, as one member at a time.

    Attributes:
        problems: what the browser complained of: errors in its console and uncaught ones.
    """

    def __init__(self, page: Page, *, phone: bool) -> None:
        self.page = page
        self.problems: list[str] = []
        self._phone = phone
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type}: {message.text}")

    async def is_ready(self) -> None:
        """Wait until a channel is shown."""
        await expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    async def shot(self, name: str) -> Path:
        """Keep a picture of what is seen."""
        path = ARTIFACTS / f"{name}.png"
        await self.page.screenshot(path=path, animations="disabled")
        return path

    async def go(self, place: str) -> None:
        """Open a channel, thread or post by its name."""
        if self._phone:
            await self.page.get_by_role("button", name="Channels", exact=True).click()
        await self.place(place).click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(place)

    def place(self, name: str) -> Locator:
        """Return a channel's button in the list."""
        channels = self.page.get_by_role("navigation", name="Channels")
        return channels.get_by_role("button", name=re.compile(rf"^{re.escape(name)}, "))

    @property
    def box(self) -> Locator:
        """The box to write in."""
        return self.page.get_by_role("combobox", name=re.compile("^Message "))

    async def say(self, text: str) -> Locator:
        """Write a message and return it, once it is there."""
        await self.box.fill(text)
        await self.page.keyboard.press("Enter")
        await expect(self.box).to_have_value("")
        return self.message(text)

    def message(self, text: str) -> Locator:
        """Return the newest message that holds a text in its own words, not in what it replies to."""
        words = self.page.locator(".message-body").filter(has_text=text)
        return self.page.locator("[data-id]").filter(has=words).last

    def reply_to(self, text: str) -> Locator:
        """Return the message that replies to one with this text."""
        line = self.page.locator(".reply-line").filter(has_text=text)
        return self.page.locator("[data-id]").filter(has=line).last

    @property
    def noted(self) -> Locator:
        """The panel with what the bot noted."""
        return self.page.get_by_role("dialog" if self._phone else "complementary", name="What the bot noted")

    async def rows(self) -> dict[str, str]:
        """Return the rows of the note that is shown."""
        names = await self.noted.locator("dt").all_inner_texts()
        return dict(zip(names, await self.noted.locator("dd").all_inner_texts(), strict=True))

    async def become(self, name: str) -> None:
        """Look at the page as somebody else."""
        if self._phone:
            await self.page.get_by_role("button", name="Channels", exact=True).click()
        await self.page.get_by_role("button", name=re.compile("Viewing as")).click()
        people = self.page.get_by_role("dialog", name="View as")
        await people.get_by_role("button", name=re.compile(rf"\b{name}\b")).click()
        await expect(people).to_be_hidden()

    async def type_command(self, text: str, *options: str) -> None:
        """Choose a slash command in the picker and run it with its options in their order."""
        await self.box.press_sequentially(f"/{text}")
        command = self.page.get_by_role("listbox", name="Commands").get_by_role("option")
        await expect(command.first).to_contain_text(f"/{text}")
        await self.page.keyboard.press("Enter")
        form = self.page.get_by_role("form", name=f"Command /{text}")
        await expect(form).to_be_visible()
        for option in options:
            await self.page.keyboard.type(option)
            choice = self.page.get_by_role("listbox").get_by_role("option")
            await expect(choice.first).to_contain_text(option)
            await self.page.keyboard.press("Enter")
        await self.page.keyboard.press("Enter")
        await expect(form).to_be_hidden()

    async def act(self, message: Locator, what: str) -> None:
        """Press a button of a message's toolbar."""
        await message.hover()
        await message.get_by_role("toolbar").get_by_role("button", name=what, exact=True).click()
