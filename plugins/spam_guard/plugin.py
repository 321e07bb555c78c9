"""Acts on spam by the server's rules; only tells staff what it would do until it is let."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from bot.plugin_api import (
    Call,
    Card,
    DiscordError,
    File,
    Form,
    FormField,
    Level,
    LimitError,
    MemberErased,
    MessageDeleted,
    MessageEdited,
    MessageObserved,
    PluginContext,
    UserFacingError,
)
from plugins.spam_guard.acting import Guard
from plugins.spam_guard.cases import Case, Cases, Notice, Notices, figures, plain
from plugins.spam_guard.rules import Config

__all__ = ["Config", "delete_user_data", "setup"]
ALL = "all"
READ = 900  # characters of each held text that are shown
SHOWN = 3_900
Chosen = dict[int, Case]


class Desk:
    """What staff do about what was caught."""

    def __init__(self, ctx: PluginContext, guard: Guard) -> None:
        self._ctx = ctx
        self._guard = guard
        self._cases = guard.cases
        self._diary = ctx.log

    async def pressed(self, do: Callable[[Call, Chosen], Awaitable[None]], kind: str, call: Call) -> None:
        """Do it for the one case there is, or ask for which."""
        notice = await self._notice(call)
        if len(notice.cases) > 1:
            label = self._ctx.text("which_label")
            field = FormField("which", label, text=ALL, max_length=100)
            await call.show(Form(kind, self._ctx.text("which_title"), (field,), call.value))
            return
        await self._do(do, call, notice, await self._open(call.guild_id, notice))

    async def chosen(self, do: Callable[[Call, Chosen], Awaitable[None]], call: Call) -> None:
        """Do it for the cases somebody named."""
        notice = await self._notice(call)
        cases = await self._open(call.guild_id, notice)
        which = call.written["which"].strip().casefold()
        if which != ALL:
            numbers = {int(each) for each in re.findall(r"\d{1,4}", which)}
            if not numbers or not numbers <= set(range(1, len(notice.cases) + 1)):
                raise UserFacingError(self._ctx.text("which_wrong"))
            cases = {number: each for number, each in cases.items() if number in numbers}
        await self._do(do, call, notice, cases)

    async def read(self, call: Call) -> None:
        """Show what was held, to who asks alone."""
        notice = await self._notice(call)
        cases = await self._cases.of_notice(call.guild_id, notice)
        held = {number: each for number, each in cases.items() if each.text is not None}
        if not held:
            raise UserFacingError(self._ctx.text("gone"))
        parts = [self._shown(number, each, READ) for number, each in held.items()]
        text = "\n".join(parts)
        files = []
        if len(text) > SHOWN or any(len(each.text or "") > READ for each in held.values()):
            whole = "\n\n".join(f"{number}. {each.user_id}\n{each.text}" for number, each in held.items())
            files = [File("held.txt", whole.encode())]
        while len(text) > SHOWN:
            parts.pop()
            text = "\n".join(parts)
        await call.reply(card=Card(text=text), files=files)

    async def release(self, call: Call, cases: Chosen) -> None:
        """Post what was held, and end what was done to its author."""
        count, failed = 0, []
        for each in cases.values():
            try:
                if each.text is not None:
                    shown = self._ctx.text("released", name=plain(each.name)[:60], text="").strip()
                    card = Card(text=each.text) if each.text.strip() else None
                    await self._ctx.messages.post(call.guild_id, each.channel_id, shown, card=card)
                if each.time_out:
                    await self._guard.end_time_out(call.guild_id, each)
            except (DiscordError, LimitError) as error:
                failed.append(str(error))
                continue
            count += 1
            await self._settle(call.guild_id, each, "released")
        left = self._ctx.text("released_left", count=len(failed), why=failed[0]) if failed else ""
        await call.reply(self._ctx.text("released_done", count=count, left=left))

    async def confirm(self, call: Call, cases: Chosen) -> None:
        """Note that it was spam, and delete what is kept of it."""
        for each in cases.values():
            await self._settle(call.guild_id, each, "confirmed")
        await call.reply(self._ctx.text("confirmed_done", count=len(cases)))

    async def no_spam(self, call: Call, cases: Chosen) -> None:
        """Note that it was none."""
        for each in cases.values():
            await self._settle(call.guild_id, each, "no_spam")
        await call.reply(self._ctx.text("no_spam_done"))

    async def end(self, call: Call, cases: Chosen) -> None:
        """End the time-outs; what was held stays held."""
        for each in cases.values():
            if each.time_out:
                try:
                    await self._guard.end_time_out(call.guild_id, each)
                except DiscordError as error:
                    raise UserFacingError(self._ctx.text("ended_failed", why=error)) from error
                await self._cases.put(call.guild_id, replace(each, time_out=False))
        await call.reply(self._ctx.text("ended_done"))

    async def figures(self, call: Call) -> None:
        """Show how often it was right."""
        text, config = self._ctx.text, self._ctx.config(Config, call.guild_id)
        found = figures(await self._cases.all(call.guild_id))
        lines = [
            text("figures_line", kind=text(f"kind_{kind.value}"), count=count, right=right, wrong=wrong)
            for kind, (count, right, wrong) in found.items()
        ]
        mode = text("figures_mode" if config.dry_run else "figures_mode_on")
        await call.reply("\n".join([text("figures_title"), *(lines or [text("figures_none")]), mode]))

    async def clear(self, guild_id: int) -> None:
        """Forget what is old."""
        held_days = self._ctx.config(Config, guild_id).held_days
        for notice_id in await self._cases.clear(guild_id, held_days):
            notice = await self._cases.notice(guild_id, str(notice_id))
            if notice is not None:
                await self._guard.show(guild_id, notice)

    async def _do(
        self, do: Callable[[Call, Chosen], Awaitable[None]], call: Call, notice: Notice, cases: Chosen
    ) -> None:
        if not cases:
            raise UserFacingError(self._ctx.text("gone"))
        await call.defer()
        await do(call, cases)
        self._diary.info(f"server {call.guild_id}: staff dealt with {len(cases)} of notice {notice.id}")
        await self._guard.show(call.guild_id, notice)

    async def _notice(self, call: Call) -> Notice:
        await self._guard.flush(call.guild_id)
        notice = await self._cases.notice(call.guild_id, call.value)
        if notice is None:
            raise UserFacingError(self._ctx.text("gone"))
        return notice

    async def _open(self, guild_id: int, notice: Notice) -> Chosen:
        cases = await self._cases.of_notice(guild_id, notice)
        return {number: each for number, each in cases.items() if not each.state and each.done != "failed"}

    async def _settle(self, guild_id: int, case: Case, state: str) -> None:
        case = replace(case, state=state, text=None, time_out=case.time_out and state == "confirmed")
        await self._cases.put(guild_id, case)
        if case.was_wrong:
            await self._cases.set_fine(guild_id, case.mark)

    def _shown(self, number: int, case: Case, most: int) -> str:
        written = (case.text or "").replace("```", "'''")[:most]
        text = f"```\n{written}\n```" if written.strip() else self._ctx.text("read_nothing")
        return self._ctx.text(
            "read_line",
            number=number,
            who=f"{plain(case.name)[:60]} (`{case.user_id}`)",
            channel=case.channel_id,
            text=text,
        )


async def setup(ctx: PluginContext) -> None:
    """Register everything."""
    guard = Guard(ctx)
    desk = Desk(ctx, guard)

    async def erased(event: MemberErased) -> None:
        guard.memory.forget(event.user_id)

    ctx.on(MessageObserved, guard.heard)
    ctx.on(MessageEdited, guard.edited)
    ctx.on(MessageDeleted, guard.deleted)
    ctx.on(MemberErased, erased)
    for kind, do in {
        "release": desk.release,
        "confirm": desk.confirm,
        "no_spam": desk.no_spam,
        "end": desk.end,
    }.items():
        ctx.button(kind, partial(desk.pressed, do, kind), level=Level.SUPPORT)
        ctx.form(kind, partial(desk.chosen, do), level=Level.SUPPORT)
    ctx.button("read", desk.read, level=Level.SUPPORT)
    ctx.command(
        "spam-guard",
        "What the spam guard caught, and how often it was right",
        desk.figures,
        level=Level.SUPPORT,
    )
    ctx.every("flush", 60, guard.flush)
    ctx.daily("clear", "04:45", desk.clear)


async def delete_user_data(ctx: PluginContext, guild_id: int | None, user_id: int) -> None:
    """Take a member out of what staff were shown; what stood in `ctx.store` is gone already."""
    cases, notices = Cases(ctx), Notices(ctx)
    for each in ctx.guilds if guild_id is None else [guild_id]:
        config = ctx.config(Config, each)
        for notice in await cases.notices(each):
            found = await cases.of_notice(each, notice)
            if len(found) < len(notice.cases) and notice.message_id:
                await notices.show(each, notice, config.time_out_minutes, config.actions_per_minute)
