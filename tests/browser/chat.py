"""The chat page in a person's words, found by roles and names as assistive technology finds them."""

import re
from pathlib import Path

from playwright.async_api import ConsoleMessage, Locator, Page, expect

DEADLINE = 30_000.0  # ms for anything to appear; several tests share the machine
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
        if self._phone:  # where Enter begins a new line
            await self.page.get_by_role("button", name="Send", exact=True).click()
        else:
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

    async def open_people(self) -> Locator:
        """Open the list of whom to look as."""
        if self._phone:
            await self.page.get_by_role("button", name="Channels", exact=True).click()
        await self.page.get_by_role("button", name=re.compile("Viewing as")).click()
        people = self.page.get_by_role("dialog", name="View as")
        await expect(people).to_be_visible()
        return people

    async def become(self, name: str) -> None:
        """Look at the page as somebody else."""
        people = await self.open_people()
        await people.get_by_role("button", name=re.compile(rf"\b{name}\b")).click()
        await expect(people).to_be_hidden()

    async def command(self, name: str, **options: str) -> None:
        """Choose a slash command in the picker, fill in its options (but for numbers from a list), run it."""
        await self.box.press_sequentially(f"/{name}")
        command = self.page.get_by_role("listbox", name="Commands").get_by_role("option")
        await expect(command.first).to_contain_text(f"/{name}")
        await self.page.keyboard.press("Enter")
        form = self.page.get_by_role("form", name=f"Command /{name}")
        await expect(form).to_be_visible()
        for option, value in options.items():
            field = form.get_by_role("combobox", name=re.compile(f"^{option}"))
            optional = form.get_by_role("button", name=option, exact=True)
            await expect(field.or_(optional)).to_be_visible()
            if await optional.is_visible():
                await optional.click()
            await field.press_sequentially(value)
            if not value.isdigit():
                choice = self.page.get_by_role("listbox", name=option).get_by_role("option")
                await expect(choice.first).to_contain_text(value)
                await self.page.keyboard.press("Enter")
        await form.get_by_role("button", name=f"Run /{name}").click()
        await expect(form).to_be_hidden()

    async def act(self, message: Locator, what: str) -> None:
        """Press a button of a message's toolbar."""
        await message.hover()
        await message.get_by_role("toolbar").get_by_role("button", name=what, exact=True).click()
