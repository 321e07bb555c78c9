"""Acts on what the rules catch: holds, deletes, times out, and tells staff in one notice."""

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta

from bot.plugin_api import (
    DiscordError,
    GoneError,
    Level,
    LimitError,
    MemberSeen,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageObserved,
    NotAllowedError,
    PluginContext,
)
from plugins.spam_guard.cases import FAIR, POOR, Case, Cases, Notice, Notices
from plugins.spam_guard.rules import (
    Config,
    Lately,
    Memory,
    Steps,
    Verdict,
    Written,
    fingerprint,
    judge,
    steps_for,
)

TOGETHER = timedelta(seconds=60)  # what is caught within stands in one notice
LATE = timedelta(days=1)  # for which it is still tried to show a notice
MINUTE = timedelta(minutes=1)
MAX_TEXT = 4_000  # characters that are held
NOBODY = 0


class Guard:
    """Hears every message, and acts on spam."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._diary = ctx.log
        self.cases = Cases(ctx)
        self.notices = Notices(ctx)
        self.memory = Memory()
        self._open: dict[int, Notice] = {}  # by guild: the one that still grows
        self._caught_up: set[int] = set()  # guilds whose notices all show what they should
        self._unshown: set[int] = set()  # guilds whose open notice has more than it shows
        self._records: dict[int, dict[str, float]] = {}  # by guild: how often each kind was right
        self._lately: dict[int, deque[datetime]] = {}  # by guild: when it acted

    async def heard(self, event: MessageObserved) -> None:
        """Judge a message and act."""
        written = self._written(event)
        await self._judged(event, written, self.memory.add(event.guild_id, written))

    async def edited(self, event: MessageEdited) -> None:
        """Judge what a message was changed to: by itself, for an edit is no further message."""
        await self._judged(event, self._written(event), ())

    async def deleted(self, event: MessageDeleted) -> None:
        """Tell staff that what was only told, or could not be taken down, is gone by now."""
        for case in await self.cases.of_message(event.guild_id, event.message_id):
            if case.is_gone or not (case.is_dry or case.done == "failed"):
                continue
            await self.cases.put(event.guild_id, replace(case, is_gone=True))
            notice = await self.cases.notice(event.guild_id, str(case.notice))
            if notice is not None:
                await self.show(event.guild_id, notice)

    def _written(self, event: Message) -> Written:
        return Written(
            event.author_id,
            event.channel_id,
            event.content,
            self._ctx.now(),
            event.purpose,
            event.confidence,
            event.reason,
            event.mentions,
        )

    async def _judged(self, event: Message, written: Written, lately: Lately) -> None:
        config = self._ctx.config(Config, event.guild_id)
        verdict = judge(written, lately, config)
        if verdict is None or verdict.score < config.hold_at or await self._is_exempt(event, config):
            return
        try:
            await self._catch(event, verdict, config)
        except LimitError as error:  # as many values are kept as may be
            self._diary.warning(f"{event.link}: left as it is: {error}")
            await self._leave(event.guild_id, event, config)

    async def flush(self, guild_id: int) -> None:
        """Show what the open notice doesn't show yet, and close it when its time is over.

        Also, once, what older ones don't show: the bot ended before it could, or it could not be posted.
        """
        if guild_id not in self._caught_up:
            self._caught_up.add(guild_id)
            await self._catch_up(guild_id)
        notice = self._open.get(guild_id)
        if notice is None:
            return
        if guild_id in self._unshown:
            await self._show(guild_id, notice)
        if self._ctx.now() - datetime.fromisoformat(notice.at) >= TOGETHER:
            self._open.pop(guild_id, None)

    async def _catch_up(self, guild_id: int) -> None:
        for notice in await self.cases.notices(guild_id):
            is_recent = self._ctx.now() - datetime.fromisoformat(notice.at) < LATE
            if is_recent and notice.shown < len(notice.cases):
                await self.show(guild_id, notice)

    async def show(self, guild_id: int, notice: Notice) -> None:
        """Show a notice as it is now, after staff did something."""
        self._records.pop(guild_id, None)
        own = self._open.get(guild_id)
        await self._show(guild_id, own if own is not None and own.id == notice.id else notice)

    async def end_time_out(self, guild_id: int, case: Case) -> None:
        """End a member's time-out.

        Raises:
            DiscordError: it can't be ended.
        """
        await self._ctx.members.time_out(guild_id, case.user_id, 0, "spam guard: ended by staff")
        await self._ctx.store.delete(guild_id, "timed_until", user_id=case.user_id)

    async def _is_exempt(self, event: Message, config: Config) -> bool:
        if {event.channel_id, event.parent_id} & set(config.exempt_channels):
            return True
        try:
            member = await self._ctx.members.get(event.guild_id, event.author_id)
        except GoneError:  # they left, or were banned: no member of staff any more
            member = MemberSeen(Level.EVERYONE, frozenset())
        except DiscordError as error:
            self._diary.warning(f"{event.link}: left alone, as it isn't known who wrote it: {error}")
            return True
        return member.level is not Level.EVERYONE or bool(member.role_ids & set(config.exempt_roles))

    async def _catch(self, event: Message, verdict: Verdict, config: Config) -> None:
        guild_id, mark = event.guild_id, fingerprint(event.content)
        if await self.cases.is_fine(guild_id, mark) or await self.cases.of_message(
            guild_id, event.message_id
        ):
            return
        if not self._has_room(guild_id, config):
            await self._leave(guild_id, event, config)
            return
        steps, is_dry = await self._steps(event, verdict, config)
        notice = self._notice(guild_id, event.message_id, config, is_dry=is_dry)
        case = Case(
            event.message_id,
            event.channel_id,
            event.author_id,
            event.author_name[:100],
            self._ctx.now().isoformat(),
            verdict.kind.value,
            round(verdict.score, 3),
            verdict.reason,
            mark,
            notice.id,
            is_dry,
            steps.message,
            steps.time_out,
            text=event.content[:MAX_TEXT] if steps.message == "hold" and not is_dry else None,
        )
        if not await self.cases.open(guild_id, case):
            if not notice.cases:
                self._open.pop(guild_id, None)
            return
        if not is_dry:
            done = await self._act(guild_id, case, steps, config)
            if done != case:
                await self.cases.put(guild_id, done)
        notice.cases.append(event.message_id)
        self._diary.info(
            f"{event.link}: {verdict.kind.value}, {steps.message}{' (dry run)' if is_dry else ''}"
        )
        self._unshown.add(guild_id)
        if len(notice.cases) & (len(notice.cases) - 1) == 0:  # 1, 2, 4, 8 ...: a raid edits it a few times
            await self._show(guild_id, notice)
        else:
            await self.cases.put_notice(guild_id, notice)

    async def _steps(self, event: Message, verdict: Verdict, config: Config) -> tuple[Steps, bool]:
        """Return what is to be done, and whether it is only told: always, or by the kind's record."""
        earlier = await self.cases.strikes(event.guild_id, event.author_id, config.strike_days)
        steps = steps_for(verdict, earlier, config)
        if event.guild_id not in self._records:
            self._records[event.guild_id] = await self.cases.precision(event.guild_id)
        record = self._records[event.guild_id].get(verdict.kind.value, 1.0)
        if record < FAIR:
            steps = replace(steps, message="hold", time_out=False)
        return steps, config.dry_run or record < POOR

    def _has_room(self, guild_id: int, config: Config) -> bool:
        now, lately = self._ctx.now(), self._lately.setdefault(guild_id, deque())
        while lately and now - lately[0] >= MINUTE:
            lately.popleft()
        if len(lately) >= config.actions_per_minute:
            return False
        lately.append(now)
        return True

    async def _leave(self, guild_id: int, event: Message, config: Config) -> None:
        """Count what is left as it is; the notice says so."""
        notice = self._notice(guild_id, event.message_id, config, is_dry=config.dry_run)
        notice.left += 1
        self._unshown.add(guild_id)
        if notice.left == 1:
            await self._show(guild_id, notice)

    def _notice(self, guild_id: int, message_id: int, config: Config, *, is_dry: bool) -> Notice:
        """Return the notice that grows, a new one where it is too old or about something else."""
        now, notice = self._ctx.now(), self._open.get(guild_id)
        if (
            notice is not None
            and notice.is_dry == is_dry
            and now - datetime.fromisoformat(notice.at) < TOGETHER
        ):
            return notice
        channel = config.staff_channel or self._ctx.staff_channel(guild_id) or NOBODY
        notice = self._open[guild_id] = Notice(message_id, now.isoformat(), channel, is_dry=is_dry)
        return notice

    async def _show(self, guild_id: int, notice: Notice) -> None:
        config = self._ctx.config(Config, guild_id)
        self._unshown.discard(guild_id)
        if notice.channel_id == NOBODY:
            self._diary.warning(f"server {guild_id}: {self._ctx.text('no_channel')}")
            return
        if not await self.notices.show(guild_id, notice, config.time_out_minutes, config.actions_per_minute):
            self._caught_up.discard(guild_id)

    async def _act(self, guild_id: int, case: Case, steps: Steps, config: Config) -> Case:
        """Carry the steps out; return the case as it is then."""
        reason = f"spam guard: {case.reason}"
        try:
            await self._ctx.members.delete_message(guild_id, case.channel_id, case.message_id, reason)
        except DiscordError as error:
            await self._tell_once(guild_id, case.channel_id, error, config)
            return replace(case, done="failed", text=None, time_out=False)
        await self._ctx.store.delete(guild_id, f"told/{case.channel_id}")
        if not steps.time_out:
            return case
        return replace(case, time_out=await self._time_out(guild_id, case, reason, config))

    async def _time_out(self, guild_id: int, case: Case, reason: str, config: Config) -> bool:
        """Time a member out, once for as long as it lasts; return whether they are."""
        until = await self._ctx.store.get(guild_id, "timed_until", user_id=case.user_id)
        if until and datetime.fromisoformat(until) > self._ctx.now():
            return True
        seconds = config.time_out_minutes * 60
        try:
            await self._ctx.members.time_out(guild_id, case.user_id, seconds, reason)
        except DiscordError as error:
            await self._tell_once(guild_id, case.channel_id, error, config)
            return False
        until = (self._ctx.now() + timedelta(seconds=seconds)).isoformat()
        await self._ctx.store.put(guild_id, "timed_until", until, user_id=case.user_id)
        return True

    async def _tell_once(self, guild_id: int, channel_id: int, error: DiscordError, config: Config) -> None:
        self._diary.warning(f"could not act in channel {channel_id} of server {guild_id}: {error}")
        staff = config.staff_channel or self._ctx.staff_channel(guild_id)
        if not isinstance(error, NotAllowedError) or staff is None:
            return
        if not await self._ctx.store.add(guild_id, f"told/{channel_id}", str(error)):
            return
        try:
            await self._ctx.messages.post(
                guild_id, staff, self._ctx.text("not_allowed", channel=channel_id, why=error)
            )
        except (DiscordError, LimitError) as failed:
            self._diary.warning(f"staff of {guild_id} can't be told: {failed}")
