"""What members do: write a request, look at its draft, send it, vote for another's."""

import re
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from bot.plugin_api import Call, DiscordError, Form, LimitError, PluginContext, UserFacingError
from plugins.feature_requests.cards import draft_buttons, draft_card
from plugins.feature_requests.drafts import (
    Draft,
    Drafting,
    edit_fields,
    give_words_back,
    of_edit,
    request_fields,
)
from plugins.feature_requests.keeping import Keeping, Place, State
from plugins.feature_requests.likeness import Likeness
from plugins.feature_requests.publishing import Config, Publisher
from plugins.feature_requests.reviewing import Reviewing

TIMES, HOUR = 10, 3_600.0
REQUEST, SUBMIT = "request-feature", "submit-feature"
ISSUE: Final = re.compile(r"issue-\d{6,12}")  # what votes for an issue of GitHub's own are kept under
MAX_TOXICITY: Final = 0.9  # what attacks somebody isn't handed on


class Asking:
    """Handles the members' commands, buttons and forms."""

    def __init__(
        self, ctx: PluginContext, keeping: Keeping, publisher: Publisher, reviewing: Reviewing
    ) -> None:
        self._ctx = ctx
        self._keeping = keeping
        self._publisher = publisher
        self._reviewing = reviewing
        self._drafting = Drafting(ctx)
        self._likeness = Likeness(ctx, keeping)
        self._submitting: set[tuple[int, int]] = set()  # servers and members

    def register(self) -> None:
        """Add commands, the menu, buttons and forms."""
        ctx = self._ctx
        ctx.command(REQUEST, "Ask for a feature: a form, then a draft for you to check", self.open_form)
        ctx.command(SUBMIT, "Send the draft of your feature request to the staff", self.submit)
        ctx.message_menu("Request this feature", self.from_message)
        ctx.form("ask", self.written)
        ctx.form("changed", self.changed)
        for kind, handler in (
            ("submit", self.submit), ("change", self.change), ("discard", self.discard), ("vote", self.vote),
        ):  # fmt: skip
            ctx.button(kind, handler)

    async def open_form(self, call: Call) -> None:
        """Show the form of a request."""
        self._reviewing.channel(call.guild_id)
        await call.show(Form("ask", self._ctx.text("form_title"), request_fields(self._ctx)))

    async def from_message(self, call: Call) -> None:
        """Draft a request from a message of the member's own: others' words aren't theirs to publish."""
        assert call.message is not None
        if call.message.author_id != call.user_id:
            raise UserFacingError(self._ctx.text("not_your_message"))
        await self._draft(call, self._drafting.of_message(call.message.content))

    async def written(self, call: Call) -> None:
        """Draft a request from what was written into the form."""
        try:
            await self._draft(call, call.written)
        except UserFacingError as error:
            await give_words_back(self._ctx, call, error)

    async def change(self, call: Call) -> None:
        """Show the draft as a form."""
        draft, _ = await self._own_draft(call)
        await call.show(
            Form("changed", self._ctx.text("form_edit"), edit_fields(self._ctx, draft), call.value)
        )

    async def changed(self, call: Call) -> None:
        """Keep the draft as the member changed it, and show it again."""
        try:
            await self._own_draft(call)
            draft = of_edit(self._drafting, call.written)
        except UserFacingError as error:
            await give_words_back(self._ctx, call, error)
            return
        await call.defer()
        await self._show(call, draft, by_ai=False)

    async def discard(self, call: Call) -> None:
        """Forget the draft."""
        await self._own_draft(call)
        await self._keeping.drop_draft(call.guild_id, call.user_id)
        await call.update(self._ctx.text("discarded"))

    async def submit(self, call: Call) -> None:
        """Hand the draft to the staff."""
        who = call.guild_id, call.user_id
        draft, draft_id = await self._own_draft(call)
        if who in self._submitting:
            raise UserFacingError(self._ctx.text("no_draft"))  # pressed twice
        self._submitting.add(who)
        try:
            await self._submit(call, draft, draft_id)
        finally:
            self._submitting.discard(who)

    async def _submit(self, call: Call, draft: Draft, draft_id: str) -> None:
        """Make a request of a draft; the draft goes last, so that it is never lost."""
        await call.defer()
        channel_id = self._reviewing.channel(call.guild_id)
        if await self._ctx.texts.toxicity(f"{draft.title}\n{draft.description}") >= MAX_TOXICITY:
            raise UserFacingError(self._ctx.text("toxic"))
        if await self._keeping.is_known(call.guild_id, draft_id):  # the bot ended before the draft went
            await self._keeping.drop_draft(call.guild_id, call.user_id)
            raise UserFacingError(self._ctx.text("no_draft"))
        await self._take_turn(call, SUBMIT)
        place = Place(changed_at=self._ctx.now(), channel_id=channel_id, marker=draft_id)
        try:
            number = await self._keeping.add(call.guild_id, call.user_id, call.user_name, draft, place)
        except LimitError as error:
            await self._ctx.store.give_back_turn(call.guild_id, SUBMIT, user_id=call.user_id)
            raise UserFacingError(self._ctx.text("full")) from error
        try:
            await self._reviewing.post(call.guild_id, number)
        except (DiscordError, LimitError) as error:
            self._ctx.log.warning(f"request {number} can't be shown to staff: {error}")
            await self._keeping.forget(call.guild_id, number)
            await self._ctx.store.give_back_turn(call.guild_id, SUBMIT, user_id=call.user_id)
            raise UserFacingError(self._ctx.text("not_submitted", channel=f"<#{channel_id}>")) from error
        await self._keeping.drop_draft(call.guild_id, call.user_id)
        await call.reply(self._ctx.text("submitted", number=number))

    async def vote(self, call: Call) -> None:
        """Count a vote for what was asked for before; the draft of it is needed no more."""
        about = call.value
        number = call.number
        if number is None and not ISSUE.fullmatch(about):
            raise UserFacingError(self._ctx.text("vote_too_late"))
        if number is not None:
            place = await self._keeping.place(call.guild_id, number)
            if place is None or place.state in {State.REJECTED, State.LOST}:
                raise UserFacingError(self._ctx.text("vote_too_late"))
        await call.defer()
        if not await self._keeping.vote(call.guild_id, call.user_id, about):
            raise UserFacingError(self._ctx.text("voted_already"))
        if number is not None:
            await self._reviewing.refresh(call.guild_id, number)
        await self._keeping.drop_draft(call.guild_id, call.user_id)
        await call.reply(self._ctx.text("vote_counted"))

    async def _draft(self, call: Call, written: Mapping[str, str]) -> None:
        self._reviewing.channel(call.guild_id)
        draft = self._drafting.by_rules(written)
        await self._take_turn(call, REQUEST)
        await call.defer()
        made = None
        if self._ctx.config(Config, call.guild_id).use_ai:
            await self._keep(call, _new_id(), draft, by_ai=False)  # a model takes a while
            made = await self._drafting.by_model(call.guild_id, written)
        await self._show(call, made or draft, by_ai=made is not None)

    async def _show(self, call: Call, draft: Draft, *, by_ai: bool) -> None:
        draft_id = _new_id()
        await self._keep(call, draft_id, draft, by_ai=by_ai)
        github = self._publisher.github_of(call.guild_id)
        alike, votes = self._likeness.shown(await self._likeness.find(call.guild_id, draft, github))
        text = self._ctx.text("check_draft") if not alike else f"{self._ctx.text('check_draft')}\n\n{alike}"
        buttons = [*draft_buttons(self._ctx, draft_id), *votes]
        await call.reply(text, card=draft_card(self._ctx, draft, by_ai=by_ai), buttons=buttons)

    async def _keep(self, call: Call, draft_id: str, draft: Draft, *, by_ai: bool) -> None:
        """Keep a member's draft.

        Raises:
            UserFacingError: the server keeps as much as it may.
        """
        try:
            await self._keeping.keep_draft(call.guild_id, call.user_id, draft_id, draft, by_ai=by_ai)
        except LimitError as error:
            raise UserFacingError(self._ctx.text("full")) from error

    async def _own_draft(self, call: Call) -> tuple[Draft, str]:
        """Return the caller's draft and its id: that of the button, or the newest for a command.

        Raises:
            UserFacingError: it is gone.
        """
        kept = await self._keeping.draft(call.guild_id, call.user_id)
        if kept is None or call.value not in {"", kept["id"]}:
            raise UserFacingError(self._ctx.text("no_draft"))
        return Draft.model_validate(kept["draft"]), str(kept["id"])

    async def _take_turn(self, call: Call, name: str) -> None:
        try:
            wait = await self._ctx.store.take_turn(
                call.guild_id, name, user_id=call.user_id, times=TIMES, seconds=HOUR
            )
        except LimitError as error:
            raise UserFacingError(self._ctx.text("full")) from error
        if wait:
            at = int(self._ctx.now().timestamp() + wait)
            raise UserFacingError(self._ctx.text("too_often", times=TIMES, when=f"<t:{at}:R>"))


def _new_id() -> str:
    return uuid4().hex[:12]
