"""What a handler of a command, menu, button or form gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.plugin_api.parts import Button, Card, File, Form, Level, SeenMessage

Option = str | int | float | bool | None


class Written(dict[str, str]):
    """What was written into a form; "" for a field that was not sent, as some clients do with empty ones."""

    def __missing__(self, name: str) -> str:
        """Return what stands in a field that was not sent."""
        return ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is shown."""

    text: str = ""
    card: Card | None = None
    buttons: Sequence[Button] = ()
    files: Sequence[File] = ()
    plugin: str = ""  # filled in by the bot: whose buttons they are


class Answering(Protocol):
    """How a call is answered; the bot has one for Discord, the test harness one that writes down."""

    async def defer(self, *, private: bool) -> None:
        """Have Discord say that the answer comes."""
        ...

    async def reply(self, content: Content, *, private: bool) -> int | None:
        """Answer; return the message's id where it is known."""
        ...

    async def update(self, content: Content) -> None:
        """Change the message the pressed button stands under."""
        ...

    async def revise(self, content: Content) -> None:
        """Change the first answer."""
        ...

    async def show(self, form: Form) -> None:
        """Show a form."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody used a command, a menu, a button or a form of the plugin.

    Attributes:
        guild_id: where; everything a plugin adds is used in servers only.
        channel_id: the channel or thread.
        level: what the caller may do here.
        options: of a command, by name; None for those left out; secrets in texts are redacted.
        value: of a button or form: what it was made with.
        written: of a form: the texts by field name, "" for what was not sent; secrets are redacted.
            Discord's clients check lengths, but rely on nothing: refuse with `UserFacingError`.
        is_age_restricted: whether the channel is for adults alone.
        message: of a message's menu that message; of a button the message it stands under.
        member_id: of a member's menu whom it is about.
    """

    guild_id: int
    channel_id: int
    user_id: int
    user_name: str
    level: Level
    answering: Answering = field(repr=False)
    options: Mapping[str, Option] = field(default_factory=dict)
    is_age_restricted: bool = False
    value: str = ""
    written: Mapping[str, str] = field(default_factory=Written)
    message: SeenMessage | None = None
    member_id: int | None = None

    @property
    def number(self) -> int | None:
        """The value of a button or form as a whole number, None where it is none."""
        return int(self.value) if self.value.isascii() and self.value.isdecimal() else None

    def text(self, name: str) -> str:
        """Return a text option, "" when it was left out."""
        return str(self.options.get(name) or "")

    async def defer(self, *, private: bool = True) -> None:
        """Say that the answer takes a while: needed before anything that takes longer than 2 seconds."""
        await self.answering.defer(private=private)

    async def reply(
        self,
        text: str = "",
        *,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
        files: Sequence[File] = (),
        private: bool = True,
    ) -> int | None:
        """Answer; again for one more message. `private`: only the caller sees it.

        After `defer` its `private` holds for the first answer.

        Returns:
            The message's id where Discord told it.
        """
        return await self.answering.reply(Content(text, card, buttons, files), private=private)

    async def update(
        self,
        text: str = "",
        *,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
        files: Sequence[File] = (),
    ) -> None:
        """Change the message that the pressed button stands under to exactly this."""
        await self.answering.update(Content(text, card, buttons, files))

    async def revise(
        self,
        text: str = "",
        *,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
        files: Sequence[File] = (),
    ) -> None:
        """Change the first answer to exactly this, also one that only the caller sees.

        After `defer` it is the answer; after `update` it changes the same message again.
        """
        await self.answering.revise(Content(text, card, buttons, files))

    async def show(self, form: Form) -> None:
        """Show a form; only as the first answer to a command or button."""
        await self.answering.show(form)
