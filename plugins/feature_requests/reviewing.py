"""What staff do: approve, change or reject requests, where they are shown."""

from collections.abc import Sequence
from typing import Final

from bot.plugin_api import (
    Button,
    Call,
    Card,
    DiscordError,
    Form,
    FormField,
    GoneError,
    Level,
    LimitError,
    PluginContext,
    UserFacingError,
)
from plugins.feature_requests.cards import review_buttons, review_card
from plugins.feature_requests.drafts import Drafting, edit_fields, give_words_back, of_edit
from plugins.feature_requests.github import GitHubError
from plugins.feature_requests.keeping import Keeping, Place, Request, State, key
from plugins.feature_requests.publishing import Config, Publisher
from plugins.feature_requests.wording import cut, plain

REASON: Final = 500  # characters


class Reviewing:
    """Shows requests to staff, and handles what they press."""

    def __init__(self, ctx: PluginContext, keeping: Keeping, publisher: Publisher) -> None:
        self._ctx = ctx
        self._keeping = keeping
        self._publisher = publisher

    def register(self) -> None:
        """Add buttons and forms, all for staff."""
        for kind, handler in (("approve", self.approve), ("alter", self.alter), ("reject", self.reject)):
            self._ctx.button(kind, handler, level=Level.SUPPORT)
        self._ctx.form("altered", self.altered, level=Level.SUPPORT)
        self._ctx.form("rejected", self.rejected, level=Level.SUPPORT)

    def channel(self, guild_id: int) -> int:
        """Return where a server's staff decide.

        Raises:
            UserFacingError: nobody has said where.
        """
        found = self._ctx.config(Config, guild_id).review_channel or self._ctx.staff_channel(guild_id)
        if found is None:
            raise UserFacingError(self._ctx.text("no_channel"))
        return found

    async def post(self, guild_id: int, number: int) -> None:
        """Show a new request to staff, with a thread to talk about it.

        Raises:
            DiscordError: it can't be shown.
            LimitError: too much is posted.
        """
        request, place = await self._known(guild_id, number)
        card, buttons = await self._card(guild_id, request, place)
        place.message_id = await self._ctx.messages.post(
            guild_id, place.channel_id, card=card, buttons=buttons
        )
        await self._keeping.put(guild_id, number, place)
        try:
            name = self._ctx.text("thread", number=number)
            place.thread_id = await self._ctx.messages.thread(
                guild_id, place.channel_id, name, message_id=place.message_id
            )
        except (DiscordError, LimitError) as error:
            self._ctx.log.info(f"request {number} has no thread: {error}")
            return
        await self._keeping.put(guild_id, number, place)

    async def refresh(self, guild_id: int, number: int) -> None:
        """Show a request as it is now; where that can't be done, it stays as it was."""
        request, place = (
            await self._keeping.request(guild_id, number),
            await self._keeping.place(guild_id, number),
        )
        if request is None or place is None or place.message_id is None:
            return
        card, buttons = await self._card(guild_id, request, place)
        try:
            await self._ctx.messages.edit(
                guild_id, place.channel_id, place.message_id, card=card, buttons=buttons
            )
        except (DiscordError, LimitError) as error:
            self._ctx.log.info(f"request {number} can't be shown anew: {error}")

    async def tell(self, guild_id: int, place: Place, text: str) -> None:
        """Say something in a request's thread, else where the request stands."""
        for where in (place.thread_id, place.channel_id):
            if where is None:
                continue
            try:
                await self._ctx.messages.post(guild_id, where, text)
            except GoneError:
                continue
            except (DiscordError, LimitError) as error:
                self._ctx.log.info(f"a request's news can't be told in {where}: {error}")
            return

    async def tell_member(self, guild_id: int, request: Request, text: str) -> None:
        """Write to who asked; some take no direct messages, and that is fine."""
        try:
            await self._ctx.messages.direct(guild_id, request.user_id, text)
        except (DiscordError, LimitError) as error:
            self._ctx.log.info(f"who asked for request {request.number} can't be told: {error}")

    async def approve(self, call: Call) -> None:
        """Make an issue of a request."""
        number = self._number(call)
        await call.defer()
        async with self._keeping.locks[call.guild_id]:
            request, place = await self._pending(call.guild_id, number)
            until = await self._keeping.paused_until(call.guild_id)
            if until is not None:
                raise UserFacingError(self._ctx.text("github_paused", when=f"<t:{int(until.timestamp())}:R>"))
            self._publisher.github(call.guild_id, self._ctx.config(Config, call.guild_id).repository)
            await self._keeping.set_state(call.guild_id, number, place, State.CREATING)
            text = await self.go_on(call.guild_id, request, place)
        await call.reply(text)

    async def go_on(self, guild_id: int, request: Request, place: Place) -> str:
        """Make the issue of a request that is being created; return what came of it, for staff."""
        try:
            await self._publisher.publish(guild_id, request, place)
        except (GitHubError, UserFacingError) as error:
            told = self._ctx.text(error.key, **error.values) if isinstance(error, GitHubError) else str(error)
            self._ctx.log.warning(f"request {request.number}: no issue yet: {error}")
            await self.refresh(guild_id, request.number)
            key_ = "will_retry" if place.state is State.CREATING else "approve_again"
            return f"{told}\n{self._ctx.text(key_)}"
        await self.refresh(guild_id, request.number)
        text = self._ctx.text("approved", link=place.link)
        await self.tell(guild_id, place, text)
        await self.tell_member(
            guild_id, request, self._ctx.text("approved_member", title=_title(request), link=place.link)
        )
        return text

    async def alter(self, call: Call) -> None:
        """Show a request as a form."""
        request, _ = await self._pending(call.guild_id, self._number(call))
        fields = edit_fields(self._ctx, request.draft)
        await call.show(Form("altered", self._ctx.text("form_alter", number=call.value), fields, call.value))

    async def altered(self, call: Call) -> None:
        """Keep a request as staff changed it."""
        try:
            draft = of_edit(Drafting(self._ctx), call.written)
            await call.defer()
            async with self._keeping.locks[call.guild_id]:
                request, _ = await self._pending(call.guild_id, self._number(call))
                await self._keeping.change(call.guild_id, request, draft)
        except UserFacingError as error:
            await give_words_back(self._ctx, call, error)
            return
        await self.refresh(call.guild_id, request.number)
        await call.reply(self._ctx.text("altered"))

    async def reject(self, call: Call) -> None:
        """Ask why a request is rejected."""
        await self._pending(call.guild_id, self._number(call))
        field = FormField("reason", self._ctx.text("reason"), long=True, max_length=REASON)
        await call.show(
            Form("rejected", self._ctx.text("form_reject", number=call.value), (field,), call.value)
        )

    async def rejected(self, call: Call) -> None:
        """Reject a request, and tell who asked why."""
        await call.defer()
        number, reason = self._number(call), call.written["reason"].strip()
        async with self._keeping.locks[call.guild_id]:
            request, place = await self._pending(call.guild_id, number)
            await self._keeping.set_state(call.guild_id, number, place, State.REJECTED)
        await self.refresh(call.guild_id, number)
        reason = cut(plain(reason), 2 * REASON)
        await self.tell(call.guild_id, place, self._ctx.text("rejected", reason=reason))
        told = self._ctx.text("rejected_member", title=_title(request), reason=reason)
        await self.tell_member(call.guild_id, request, told)
        await call.reply(self._ctx.text("rejected_done", number=number))

    async def _card(self, guild_id: int, request: Request, place: Place) -> tuple[Card, Sequence[Button]]:
        votes = await self._keeping.votes(guild_id, key(request.number))
        card = review_card(self._ctx, request, place, votes)
        return card, review_buttons(self._ctx, request.number, place)

    async def _known(self, guild_id: int, number: int) -> tuple[Request, Place]:
        request, place = (
            await self._keeping.request(guild_id, number),
            await self._keeping.place(guild_id, number),
        )
        if request is None or place is None:
            raise UserFacingError(self._ctx.text("request_gone"))
        return request, place

    def _number(self, call: Call) -> int:
        if call.number is None:
            raise UserFacingError(self._ctx.text("request_gone"))
        return call.number

    async def _pending(self, guild_id: int, number: int) -> tuple[Request, Place]:
        """Return a request that waits for staff.

        Raises:
            UserFacingError: it is gone, or decided.
        """
        request, place = await self._known(guild_id, number)
        if place.state is not State.PENDING:
            raise UserFacingError(self._ctx.text("decided", state=self._ctx.text(f"state_{place.state}")))
        return request, place


def _title(request: Request) -> str:
    return plain(request.draft.title)
