"""What the guard keeps: a case per message it caught, and the notices staff are shown."""

import asyncio
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bot.plugin_api import Button, Card, DiscordError, LimitError, PluginContext, Style
from plugins.spam_guard.rules import Kind

CASE, NOTICE, FINE = "case/", "notice/", "fine/"  # keys of the store begin so
LISTED: Final = 12  # cases that a notice lists
KEPT: Final = timedelta(days=30)
FINE_KEPT: Final = timedelta(days=90)
JUDGED: Final = 5  # verdicts of staff from which a kind's record counts
FAIR, POOR = 0.8, 0.5  # precision below which a kind times nobody out, and is only told to staff


@dataclass(frozen=True, slots=True)
class Case:
    """A message that was caught; it stands under its author's id.

    Attributes:
        done: hold, delete, "" for nothing, failed.
        state: released, confirmed, no_spam or expired; "" while staff have said nothing.
        text: what was held; None where nothing is kept.
        mark: the text's fingerprint.
        is_gone: its author or somebody else deleted it since.
    """

    message_id: int
    channel_id: int
    user_id: int
    name: str
    at: str
    kind: str
    score: float
    reason: str
    mark: str
    notice: int
    is_dry: bool = False
    done: str = ""
    time_out: bool = False
    state: str = ""
    text: str | None = None
    is_gone: bool = False

    @property
    def was_wrong(self) -> bool:
        """Whether staff said that it was no spam."""
        return self.state in {"released", "no_spam"}


@dataclass(slots=True)
class Notice:
    """A message to staff about what was caught within a short while; its id is that of the first case.

    Attributes:
        shown: how many of the cases stand in the message.
    """

    id: int
    at: str
    channel_id: int
    message_id: int = 0
    is_dry: bool = False
    cases: list[int] = field(default_factory=list)
    left: int = 0
    shown: int = 0


class Cases:
    """The guard's records in the plugin's store."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._store = ctx.store

    async def open(self, guild_id: int, case: Case) -> bool:
        """Keep a new case; False where the message has one already."""
        return await self._store.add(guild_id, f"{CASE}{case.message_id}", asdict(case), user_id=case.user_id)

    async def put(self, guild_id: int, case: Case) -> None:
        """Keep what became of a case."""
        await self._store.put(guild_id, f"{CASE}{case.message_id}", asdict(case), user_id=case.user_id)

    async def of_message(self, guild_id: int, message_id: int) -> list[Case]:
        """Return the case of a message, if there is one."""
        return [Case(**value) for _, _, value in await self._store.entries(guild_id, f"{CASE}{message_id}")]

    async def of_notice(self, guild_id: int, notice: Notice, limit: int | None = None) -> dict[int, Case]:
        """Return the cases of a notice by their number from 1; those that were erased are left out."""
        found = {}
        for number, message_id in enumerate(notice.cases[:limit], 1):
            for case in await self.of_message(guild_id, message_id):
                found[number] = case
        return found

    async def all(self, guild_id: int, user_id: int | None = None) -> list[Case]:
        """Return every case, or a member's."""
        rows = await self._store.entries(guild_id, CASE, user_id=user_id, limit=10_000)
        return [Case(**value) for _, _, value in rows]

    async def strikes(self, guild_id: int, user_id: int, days: int) -> int:
        """Return how often a member was caught lately, and rightly as far as is known."""
        since = self._ctx.now() - timedelta(days=days)
        return sum(
            not each.was_wrong and not each.is_dry and datetime.fromisoformat(each.at) > since
            for each in await self.all(guild_id, user_id)
        )

    async def precision(self, guild_id: int) -> dict[str, float]:
        """Return, by kind, how much of what staff judged was spam, where they judged enough."""
        judged: dict[str, list[bool]] = {}
        for each in await self.all(guild_id):
            if each.was_wrong or each.state == "confirmed":
                judged.setdefault(each.kind, []).append(not each.was_wrong)
        return {kind: sum(each) / len(each) for kind, each in judged.items() if len(each) >= JUDGED}

    async def is_fine(self, guild_id: int, mark: str) -> bool:
        """Whether staff said of that very text that it is no spam."""
        return await self._store.get(guild_id, f"{FINE}{mark}") is not None

    async def set_fine(self, guild_id: int, mark: str) -> None:
        """Remember that a text is no spam."""
        await self._store.put(guild_id, f"{FINE}{mark}", self._ctx.now().isoformat())

    async def notice(self, guild_id: int, notice_id: str) -> Notice | None:
        """Return a notice."""
        found = await self._store.get(guild_id, f"{NOTICE}{notice_id}")
        return Notice(**found) if found else None

    async def notices(self, guild_id: int) -> list[Notice]:
        """Return all notices."""
        return [Notice(**value) for _, _, value in await self._store.entries(guild_id, NOTICE)]

    async def put_notice(self, guild_id: int, notice: Notice) -> None:
        """Keep a notice."""
        await self._store.put(guild_id, f"{NOTICE}{notice.id}", asdict(notice))

    async def clear(self, guild_id: int, held_days: int) -> list[int]:
        """Forget what is old; return the notices that have changed by it."""
        now, changed = self._ctx.now(), set[int]()
        for each in await self.all(guild_id):
            age = now - datetime.fromisoformat(each.at)
            if age > KEPT:
                await self._store.delete(guild_id, f"{CASE}{each.message_id}", user_id=each.user_id)
            elif each.text is not None and age > timedelta(days=held_days):
                await self.put(guild_id, replace(each, text=None, state=each.state or "expired"))
                changed.add(each.notice)
        for user_id, key, until in await self._store.entries(guild_id, "timed_until", limit=10_000):
            if datetime.fromisoformat(until) < now:
                await self._store.delete(guild_id, key, user_id=user_id)
        for notice in await self.notices(guild_id):
            if now - datetime.fromisoformat(notice.at) > KEPT:
                await self._store.delete(guild_id, f"{NOTICE}{notice.id}")
        for _, key, at in await self._store.entries(guild_id, FINE, limit=10_000):
            if now - datetime.fromisoformat(at) > FINE_KEPT:
                await self._store.delete(guild_id, key)
        return sorted(changed)


class Notices:
    """What staff see."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._diary = ctx.log
        self._cases = Cases(ctx)
        self._turn = asyncio.Lock()

    async def show(self, guild_id: int, notice: Notice, minutes: int, limit: int) -> bool:
        """Post a notice, or change it to what is so now; return whether it stands there.

        Args:
            guild_id: where.
            notice: what is to stand there.
            minutes: that a time-out lasts.
            limit: of actions in a minute.
        """
        async with self._turn:  # one who presses at once must not have it posted again
            return await self._show(guild_id, notice, minutes, limit)

    async def _show(self, guild_id: int, notice: Notice, minutes: int, limit: int) -> bool:
        if not notice.message_id:
            await self._cases.put_notice(guild_id, notice)  # staff may press before the post is confirmed
        count = len(notice.cases)
        cases = await self._cases.of_notice(guild_id, notice, LISTED)
        card, buttons = self._card(guild_id, notice, cases, minutes, limit), self._buttons(notice, cases)
        try:
            if notice.message_id:
                await self._ctx.messages.edit(
                    guild_id, notice.channel_id, notice.message_id, card=card, buttons=buttons
                )
            else:
                notice.message_id = await self._ctx.messages.post(
                    guild_id, notice.channel_id, card=card, buttons=buttons
                )
        except (DiscordError, LimitError) as error:
            self._diary.warning(f"staff of {guild_id} can't be told: {error}")
            await self._cases.put_notice(guild_id, notice)
            return False
        notice.shown = count
        await self._cases.put_notice(guild_id, notice)
        return True

    def _card(self, guild_id: int, notice: Notice, cases: dict[int, Case], minutes: int, limit: int) -> Card:
        text = self._ctx.text
        lines = []
        for number in range(1, min(len(notice.cases), LISTED) + 1):
            case = cases.get(number)
            if case is None:
                lines.append(text("line_erased", number=number))
                continue
            lines.append(
                text(
                    "line",
                    number=number,
                    who=f"{plain(case.name)[:60]} (`{case.user_id}`)",
                    channel=case.channel_id,
                    reason=plain(case.reason)[:120],
                    score=round(case.score * 100),
                    done=self._done(guild_id, case, minutes),
                )
            )
        if len(notice.cases) > LISTED:
            lines.append(text("more", count=len(notice.cases) - LISTED))
        if notice.left:
            lines.append(text("left", count=notice.left, limit=limit))
        return Card(
            text("title_dry" if notice.is_dry else "title"),
            "\n".join(lines)[:4_000],
            footer=text("undo_dry" if notice.is_dry else "undo").replace("**", ""),
            colour=0xE67E22,
        )

    def _done(self, guild_id: int, case: Case, minutes: int) -> str:
        text = self._ctx.text
        what = text(f"done_{case.done}{'_time_out' if case.time_out else ''}", minutes=minutes)
        if case.is_dry:
            link = f"https://discord.com/channels/{guild_id}/{case.channel_id}/{case.message_id}"
            what = text("done_dry", what=what, link=link)
        parts = [what, text("gone_since") if case.is_gone else ""]
        parts.append(text(f"done_{case.state}") if case.state else "")
        return " · ".join(part for part in parts if part)

    def _buttons(self, notice: Notice, cases: dict[int, Case]) -> list[Button]:
        open_ = [each for each in cases.values() if not each.state and each.done != "failed"]
        value = str(notice.id)

        def button(kind: str, style: Style = Style.SECONDARY) -> Button:
            return Button(kind, self._ctx.text(f"button_{kind}"), value, style)

        if not open_:
            return []
        if notice.is_dry:
            return [button("confirm", Style.DANGER), button("no_spam", Style.SUCCESS)]
        found = []
        if any(each.text is not None for each in open_):
            found += [button("read"), button("release", Style.SUCCESS)]
        found.append(button("confirm", Style.DANGER))
        if any(each.time_out for each in open_):
            found.append(button("end"))
        return found


def plain(text: str) -> str:
    """Return what a member wrote without what would be markup."""
    return " ".join("".join(" " if each in "*_~`|<>[]()\\#" else each for each in text).split())


def figures(cases: list[Case]) -> dict[Kind, tuple[int, int, int]]:
    """Return, by kind, how many were caught, confirmed and wrong."""
    found = {}
    for kind in Kind:
        own = [each for each in cases if each.kind == kind]
        if own:
            right = sum(each.state == "confirmed" for each in own)
            found[kind] = len(own), right, sum(each.was_wrong for each in own)
    return found
