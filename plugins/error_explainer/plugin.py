"""Explains a stack trace that a member posts, in one short reply."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, Field

from bot.plugin_api import (
    Call,
    DecisionMade,
    DiscordError,
    Level,
    LimitError,
    Material,
    MemberErased,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageObserved,
    PluginContext,
)
from plugins.error_explainer.causes import cause_of
from plugins.error_explainer.traces import Frame, Trace, find_trace

DONE, LAST, TURN = "done/", "last", "all"  # keys of the store
KEPT: Final = timedelta(days=7)
WAITING: Final = 500  # traces whose decision is still to come
PER_SERVER, PER_SERVER_SECONDS = 15, 600.0
SHOWN_MESSAGE, SHOWN_PATH, ASKED_FRAMES = 160, 3, 12
MAX_FILE: Final = 60_000  # bytes
TEXT_FILES: Final = (".txt", ".log", ".out", ".trace", ".md")
NAMES: Final = {
    "python": "Python", "node": "JavaScript", "java": "Java", "csharp": "C#", "go": "Go", "rust": "Rust",
    "php": "PHP", "ruby": "Ruby",
}  # fmt: skip


class Config(BaseModel):
    """What a server's managers set with /plugins config."""

    channels: list[int] = Field([], description="Where traces are explained; nowhere until it is set")
    cooldown_minutes: int = Field(10, ge=0, le=1_440, description="Between two explanations to a member")
    use_ai: bool = Field(True, description="Ask the language model, where there is one")


class Explanation(BaseModel):
    """What a model fills in; what failed and where is read from the trace."""

    likely_cause: str = Field(min_length=10, max_length=400)
    next_step: str = Field(min_length=10, max_length=400)


class Waiting(NamedTuple):
    """A trace whose decision is still to come; `claimed` where the bot leaves it to the plugin."""

    event: Message
    trace: Trace
    claimed: bool


class Explainer:
    """Decides what is explained, and explains it."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._diary = ctx.log
        self._waiting: OrderedDict[int, Waiting] = OrderedDict()

    async def heard(self, event: MessageObserved) -> None:
        """Explain what the bot has no say in; all else waits for its decision."""
        trace = await self._trace_in(event)
        if trace is None:
            return
        if event.intent == "other":
            await self._explain(event, trace)
        else:
            self._keep(event, trace)

    async def wants(self, event: MessageObserved) -> bool:
        """Whether to answer instead of the bot: only where it is certain that something will be said.

        So the server's turn is taken now: what is beyond the limits is left to the bot.
        """
        known = self._waiting.get(event.message_id)
        if known is not None and known.claimed:
            return True
        trace = await self._trace_in(event)
        if trace is None or cause_of(trace) is None:
            return False
        guild_id, user_id = event.guild_id, event.author_id
        note = await self._ctx.store.get(guild_id, f"{DONE}{event.message_id}", user_id=user_id)
        if note and note["reply"]:
            return True  # it is answered
        if self._has_claim(event) or not await self._may(event) or not await self._has_turn(guild_id):
            return False
        self._keep(event, trace, claimed=True)
        return True

    async def decided(self, event: DecisionMade) -> None:
        """Explain what is left to the plugin; where the bot answers after all, take back what was said."""
        kept = self._waiting.pop(event.message_id, None)
        if event.plan != "noop":
            await self._take_back(event.guild_id, event.channel_id, event.message_id)
        elif kept is not None and (event.is_open or event.left_to == self._ctx.manifest.id):
            await self._explain(kept.event, kept.trace, claimed=kept.claimed)
            return
        if kept is not None and kept.claimed:
            await self._ctx.store.give_back_turn(event.guild_id, TURN)

    async def edited(self, event: MessageEdited) -> None:
        """Explain a trace that is there only now; take back what was said of one that is gone."""
        waits = self._waiting.pop(event.message_id, None)
        trace = await self._trace_in(event)
        if waits is not None:
            if trace is not None:
                self._keep(event, trace, claimed=waits.claimed)
            elif waits.claimed:
                await self._ctx.store.give_back_turn(event.guild_id, TURN)
            return
        notes = await self._ctx.store.entries(event.guild_id, f"{DONE}{event.message_id}")
        if any(trace is None or note["kind"] != trace.kind[:100] for _, _, note in notes):
            await self._take_back(event.guild_id, event.channel_id, event.message_id)
        if trace is not None and not notes and event.intent == "other":
            await self._explain(event, trace)

    async def deleted(self, event: MessageDeleted) -> None:
        """Delete the reply to a message that is gone."""
        waits = self._waiting.pop(event.message_id, None)
        if waits is not None and waits.claimed:
            await self._ctx.store.give_back_turn(event.guild_id, TURN)
        await self._take_back(event.guild_id, event.channel_id, event.message_id)

    async def recent(self, call: Call) -> None:
        """Show staff what was explained."""
        entries = [each for _, _, each in await self._ctx.store.entries(call.guild_id, DONE)]
        entries = sorted((each for each in entries if each["reply"]), key=lambda each: each["at"])[-15:]
        lines = [
            self._ctx.text(
                "recent_line",
                link=each["link"],
                kind=f"`{_plain(each['kind'])}`",
                language=NAMES[each["language"]],
                by=self._ctx.text("by_ai" if each["by_ai"] else "by_rules"),
            )
            for each in reversed(entries)
        ]
        if not lines:
            await call.reply(self._ctx.text("recent_none"))
            return
        title = self._ctx.text("recent_title")
        await call.reply("\n".join([f"**{title}**", *lines])[:2_000])

    async def clear(self, guild_id: int) -> None:
        """Forget what is older than a week."""
        oldest = self._ctx.now() - KEPT
        for user_id, key, each in await self._ctx.store.entries(guild_id, DONE, limit=10_000):
            if datetime.fromisoformat(each["at"]) < oldest:
                await self._ctx.store.delete(guild_id, key, user_id=user_id)
        for user_id, key, at in await self._ctx.store.entries(guild_id, LAST, limit=10_000):
            if datetime.fromisoformat(at) < oldest:
                await self._ctx.store.delete(guild_id, key, user_id=user_id)

    async def erased(self, event: MemberErased) -> None:
        """Forget what a member wrote that waits for a decision."""
        own = [key for key, waits in self._waiting.items() if waits.event.author_id == event.user_id]
        for key in own:
            del self._waiting[key]

    def _keep(self, event: Message, trace: Trace, *, claimed: bool = False) -> None:
        known = self._waiting.get(event.message_id)
        claimed = claimed or (known is not None and known.claimed)
        self._waiting[event.message_id] = Waiting(event, trace, claimed)
        if len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)

    def _has_claim(self, event: Message) -> bool:
        """Whether another trace of the member's is about to be explained, after which they have to wait."""
        if not self._ctx.config(Config, event.guild_id).cooldown_minutes:
            return False
        who = event.guild_id, event.author_id
        waiting = self._waiting.values()
        return any(each.claimed and (each.event.guild_id, each.event.author_id) == who for each in waiting)

    async def _has_turn(self, guild_id: int) -> bool:
        """Take one of the server's turns; return whether there was one."""
        try:
            wait = await self._ctx.store.take_turn(
                guild_id, TURN, times=PER_SERVER, seconds=PER_SERVER_SECONDS
            )
        except LimitError:  # as many values are kept as may be
            return False
        return not wait

    async def _trace_in(self, event: Message) -> Trace | None:
        channels = self._ctx.config(Config, event.guild_id).channels
        if event.channel_id not in channels and event.parent_id not in channels:
            return None
        if event.message_id in self._waiting:
            return self._waiting[event.message_id].trace
        found = find_trace(event.content)
        if found is not None:
            return found
        for file in event.attachments[:2]:
            if file.size > MAX_FILE or not file.name.lower().endswith(TEXT_FILES):
                continue
            where = event.guild_id, event.channel_id, event.message_id
            try:
                text = await self._ctx.messages.attachment_text(*where, file.name, max_bytes=MAX_FILE)
            except DiscordError as error:
                self._diary.info(f"{event.link}: its file can't be read: {error}")
                return None
            found = find_trace(text) if text else None
            if found is not None:
                return found
        return None

    async def _may(self, event: Message) -> bool:
        """Whether the member gets an explanation now; nothing is taken."""
        minutes = self._ctx.config(Config, event.guild_id).cooldown_minutes
        last = await self._ctx.store.get(event.guild_id, LAST, user_id=event.author_id)
        if last and self._ctx.now() - datetime.fromisoformat(last) < timedelta(minutes=minutes):
            return False
        try:
            return not (await self._ctx.members.get(event.guild_id, event.author_id)).is_ignored
        except DiscordError:
            return False

    async def _explain(self, event: Message, trace: Trace, *, claimed: bool = False) -> None:
        """Explain a trace within the limits; one that is claimed keeps to them already."""
        guild_id, user_id, key = event.guild_id, event.author_id, f"{DONE}{event.message_id}"
        if not claimed and not await self._may(event):
            return
        note: dict[str, Any] = {
            "at": self._ctx.now().isoformat(), "link": event.link, "channel": event.channel_id, "reply": None,
            "kind": trace.kind[:100], "language": trace.language, "by_ai": False,
        }  # fmt: skip
        try:
            if not await self._ctx.store.add(guild_id, key, note, user_id=user_id):
                return
        except LimitError as error:  # as many values are kept as may be
            self._diary.warning(f"{event.link}: not explained: {error}")
            return
        if not claimed and not await self._has_turn(guild_id):
            return
        text, by_ai = await self._words(event, trace)
        if not text:
            return
        try:
            reply = await self._ctx.messages.post(guild_id, event.channel_id, text, reply_to=event.message_id)
        except (DiscordError, LimitError) as error:
            self._diary.warning(f"{event.link}: the explanation can't be posted: {error}")
            return
        await self._ctx.store.put(guild_id, key, note | {"reply": reply, "by_ai": by_ai}, user_id=user_id)
        await self._ctx.store.put(guild_id, LAST, self._ctx.now().isoformat(), user_id=user_id)
        self._diary.info(
            f"{event.link}: explained {trace.language} {trace.kind} ({'AI' if by_ai else 'rules'})"
        )

    async def _words(self, event: Message, trace: Trace) -> tuple[str, bool]:
        """Return the explanation and whether a model wrote it; "" where nothing useful can be said."""
        ctx = self._ctx
        if ctx.config(Config, event.guild_id).use_ai:
            asked = ctx.text("instructions", language=NAMES[trace.language])
            found = await ctx.llm.fill(event.guild_id, Explanation, asked, [Material(as_material(trace))])
            if found is not None:
                return self._body(trace, _line(found.likely_cause), _line(found.next_step), "label_ai"), True
        known = cause_of(trace)
        if known is None:
            return "", False
        cause, _, next_step = ctx.text(known.key, **known.values).partition("\n")
        return self._body(trace, cause, next_step, "label_rules"), False

    def _body(self, trace: Trace, cause: str, next_step: str, label: str) -> str:
        ctx = self._ctx
        kind, message = _plain(trace.kind)[:100], _plain(trace.message)[:SHOWN_MESSAGE]
        place = self._place(trace.own) if trace.own else ""
        if place:
            key = "where" if message else "where_silent"
            where = ctx.text(key, kind=kind, place=place, message=message)
        else:
            where = ctx.text("where_library", kind=kind, message=message or kind)
        return ctx.text("body", where=where, cause=cause, next=next_step, label=ctx.text(label))

    def _place(self, frame: Frame) -> str:
        path = "/".join(_plain(frame.path).replace("\\", "/").split("/")[-SHOWN_PATH:])[-100:]
        function = _plain(frame.function)[:60]
        key = "place_function" if function and not function.startswith("<") else "place"
        return self._ctx.text(key, path=path, line=frame.line, function=function)

    async def _take_back(self, guild_id: int, channel_id: int, message_id: int) -> None:
        for user_id, key, note in await self._ctx.store.entries(guild_id, f"{DONE}{message_id}"):
            if not note["reply"]:
                continue
            try:
                await self._ctx.messages.delete(guild_id, note["channel"], note["reply"])
            except DiscordError as error:
                self._diary.warning(f"{note['link']}: the explanation can't be deleted: {error}")
                continue
            await self._ctx.store.put(guild_id, key, note | {"reply": None}, user_id=user_id)


def as_material(trace: Trace) -> str:
    """Return what a model gets to see: the error and its places, nothing else the member wrote."""
    lines = [f"{trace.kind}: {trace.message}" if trace.message else trace.kind]
    for frame in trace.frames[:ASKED_FRAMES]:
        owner = "own" if frame.is_own else "library"
        lines.append(f"{owner}: {frame.path or '?'}:{frame.line or '?'} {frame.function}".rstrip())
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return what a member wrote as it may stand in code or bold: never markup."""
    return " ".join(text.replace("`", "'").replace("*", "").split())


def _line(text: str) -> str:
    """Return a model's words in one line, without a frame of their own."""
    return " ".join(text.replace("```", "").split())


async def setup(ctx: PluginContext) -> None:
    """Register everything."""
    explainer = Explainer(ctx)
    ctx.on(MessageObserved, explainer.heard)
    ctx.on(DecisionMade, explainer.decided)
    ctx.on(MessageEdited, explainer.edited)
    ctx.on(MessageDeleted, explainer.deleted)
    ctx.on(MemberErased, explainer.erased)
    ctx.answers(explainer.wants)
    ctx.command("explained-errors", "What was explained lately", explainer.recent, level=Level.SUPPORT)
    ctx.daily("clear", "04:30", explainer.clear)


async def delete_user_data(ctx: PluginContext, guild_id: int | None, user_id: int) -> None:
    """Nothing beside what stands in `ctx.store` under the member's id."""
