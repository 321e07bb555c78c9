"""`/get-image`: a member's own pictures, page by page; what they post, others see."""

from bot.plugin_api import (
    Button,
    Call,
    Card,
    CardField,
    File,
    Level,
    PluginContext,
    Style,
    UserFacingError,
)
from plugins.image_generation.keeping import Gallery, Kept

_UNSEEN_MARKUP = "\\*_~`|>[]()#"


class Showing:
    """Shows pictures, and handles the buttons under them."""

    def __init__(self, ctx: PluginContext, gallery: Gallery) -> None:
        self._ctx = ctx
        self._gallery = gallery

    def register(self) -> None:
        """Add the buttons."""
        for kind, handler in (
            ("page", self.page), ("post", self.post), ("delete", self.delete), ("remove", self.remove),
        ):  # fmt: skip
            self._ctx.button(kind, handler)

    async def gallery(self, call: Call) -> None:
        """Show the newest picture of the caller's."""
        pictures = await self._shown_here(call)
        if not pictures:
            raise UserFacingError(self._ctx.text("no_pictures"))
        await call.defer()
        number = int(call.options.get("number") or 1)
        if not 1 <= number <= len(pictures):
            raise UserFacingError(self._ctx.text("no_such_number", count=len(pictures)))
        kept, data = await self._own(call, pictures[number - 1].id)
        await call.reply(
            card=self._card(kept, self._place(pictures, kept)),
            buttons=self._buttons(kept, pictures),
            files=[self.file(kept, data)],
        )

    async def show_new(self, call: Call, kept: Kept, data: bytes) -> None:
        """Show a picture that was just drawn."""
        buttons = self._buttons(kept, [])
        await call.revise(card=self._card(kept, ""), buttons=buttons, files=[self.file(kept, data)])

    async def page(self, call: Call) -> None:
        """Turn to another of the caller's pictures."""
        kept, data = await self._own(call, call.value)
        pictures = await self._shown_here(call)
        await call.update(
            card=self._card(kept, self._place(pictures, kept)),
            buttons=self._buttons(kept, pictures),
            files=[self.file(kept, data)],
        )

    async def post(self, call: Call) -> None:
        """Show a picture to everybody in the channel."""
        kept, data = await self._own(call, call.value)
        await call.defer(private=False)
        name = _plain(call.user_name)
        card = Card(text=_plain(kept.prompt)[:3_000], footer=self._ctx.text("by_ai"), image=kept.file)
        message_id = await call.reply(
            self._ctx.text("posted_by", name=name), card=card, files=[self.file(kept, data)],
            buttons=[Button("remove", self._ctx.text("delete"), kept.id, Style.SECONDARY)], private=False,
        )  # fmt: skip
        if message_id is not None:
            await self._gallery.note_post(call.guild_id, kept.id, call.channel_id, message_id)

    async def delete(self, call: Call) -> None:
        """Delete a picture of the caller's, also where it was posted."""
        if not await self._gallery.delete(call.guild_id, call.user_id, call.value):
            raise UserFacingError(self._ctx.text("gone"))
        await call.update(self._ctx.text("deleted"))

    async def remove(self, call: Call) -> None:
        """Delete a posted picture: its member's, or the staff's to do."""
        owner = await self._gallery.owner_of(call.guild_id, call.value)
        if call.level < Level.SUPPORT and owner != call.user_id:
            raise UserFacingError(self._ctx.text("not_yours"))
        await call.defer()
        if owner == call.user_id:
            await self._gallery.delete(call.guild_id, owner, call.value)
        elif call.message is None or not await self._gallery.take_back(
            call.guild_id, call.value, call.message.message_id
        ):  # staff take the post away; the picture is still its member's
            raise UserFacingError(self._ctx.text("gone"))
        await call.reply(self._ctx.text("deleted"))

    def file(self, kept: Kept, data: bytes, name: str = "") -> File:
        """Return a picture as a file, with words for those who don't see it."""
        return File(name or kept.file, data, self._ctx.text("alt", prompt=kept.drawn or kept.prompt)[:1_000])

    async def _own(self, call: Call, picture_id: str) -> tuple[Kept, bytes]:
        """Return a picture of the caller's.

        Raises:
            UserFacingError: it is gone or another's, or may not be shown here.
        """
        found = await self._gallery.picture(call.guild_id, call.user_id, picture_id)
        if found is None:
            raise UserFacingError(self._ctx.text("gone"))
        if found[0].is_mature and not call.is_age_restricted:
            raise UserFacingError(self._ctx.text("adults_only"))
        return found

    async def _shown_here(self, call: Call) -> list[Kept]:
        pictures = await self._gallery.pictures(call.guild_id, call.user_id)
        return [each for each in pictures if call.is_age_restricted or not each.is_mature]

    def _card(self, kept: Kept, place: str) -> Card:
        fields: tuple[CardField, ...] = ()
        if kept.drawn:
            fields = (CardField(self._ctx.text("improved"), _plain(kept.drawn)[:1_000]),)
        footer = " · ".join(
            part for part in (place, self._ctx.text("by_ai"), self._ctx.text("yours")) if part
        )
        return Card(text=_plain(kept.prompt)[:3_000], fields=fields, footer=footer, image=kept.file)

    def _buttons(self, kept: Kept, pictures: list[Kept]) -> list[Button]:
        ids = [each.id for each in pictures]
        at = ids.index(kept.id) if kept.id in ids else 0
        turning = []
        if at > 0:
            turning.append(Button("page", self._ctx.text("newer"), ids[at - 1]))
        if at + 1 < len(ids):
            turning.append(Button("page", self._ctx.text("older"), ids[at + 1]))
        return [
            *turning,
            Button("post", self._ctx.text("post"), kept.id, Style.PRIMARY),
            Button("delete", self._ctx.text("delete"), kept.id, Style.DANGER),
        ]

    @staticmethod
    def _place(pictures: list[Kept], kept: Kept) -> str:
        ids = [each.id for each in pictures]
        return f"{ids.index(kept.id) + 1}/{len(ids)}" if kept.id in ids else ""


def _plain(text: str) -> str:
    """Return a text as Discord shows it letter by letter."""
    return "".join(f"\\{each}" if each in _UNSEEN_MARKUP else each for each in text)
