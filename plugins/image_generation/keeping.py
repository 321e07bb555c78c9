"""What is kept: pictures and prompts under their members, where posts stand and what was spent under none."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel

from bot.plugin_api import DiscordError, LimitError, PluginContext, UserFacingError
from plugins.image_generation.pictures import Picture

PICTURE, POSTED, SPENT = "picture/", "posted/", "spent/"
MOST_PICTURES: Final = 50  # of a member
SPENDING_KEPT: Final = timedelta(days=40)


class Kept(BaseModel):
    """A picture of a member.

    Attributes:
        id: begins with the time it was made, so that ids are in order.
        drawn: the prompt that was sent, where it isn't the member's own.
        is_mature: it is for age-restricted channels alone.
        file: "" once it was too old.
    """

    id: str
    at: datetime
    prompt: str
    drawn: str = ""
    is_mature: bool = False
    file: str = ""


class Gallery:
    """Reads and writes pictures."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    async def add(self, guild_id: int, user_id: int, kept: Kept, picture: Picture) -> None:
        """Keep a picture; of more than 50 the oldest go.

        Raises:
            LimitError: too much is kept in the server.
        """
        kept.file = f"{kept.id}.{picture.ending}"
        await self._ctx.files.put(guild_id, kept.file, picture.data, user_id=user_id)
        try:
            await self._put(guild_id, user_id, kept)
        except LimitError:
            await self._ctx.files.delete(guild_id, kept.file, user_id=user_id)
            raise
        for old in (await self.pictures(guild_id, user_id))[MOST_PICTURES:]:
            await self.delete(guild_id, user_id, old.id)

    async def pictures(self, guild_id: int, user_id: int) -> list[Kept]:
        """Return a member's pictures, the newest first."""
        found = await self._ctx.store.entries(guild_id, PICTURE, user_id=user_id)
        kept = [Kept.model_validate(value) for _, _, value in found]
        return sorted((each for each in kept if each.file), key=lambda each: each.id, reverse=True)

    async def picture(self, guild_id: int, user_id: int, picture_id: str) -> tuple[Kept, bytes] | None:
        """Return one of a member's own pictures, None where it is gone or another's."""
        found = await self._ctx.store.get(guild_id, PICTURE + picture_id, user_id=user_id)
        kept = Kept.model_validate(found) if found else None
        data = await self._ctx.files.get(guild_id, kept.file, user_id=user_id) if kept and kept.file else None
        return (kept, data) if kept is not None and data is not None else None

    async def delete(self, guild_id: int, user_id: int, picture_id: str) -> bool:
        """Delete a picture and where it was posted; return whether there was one of that member's."""
        found = await self._ctx.store.get(guild_id, PICTURE + picture_id, user_id=user_id)
        if found is None:
            return False
        if found["file"]:
            await self._ctx.files.delete(guild_id, found["file"], user_id=user_id)
        await self._ctx.store.delete(guild_id, PICTURE + picture_id, user_id=user_id)
        await self.sweep(guild_id)
        return True

    async def note_post(self, guild_id: int, picture_id: str, channel_id: int, message_id: int) -> None:
        """Keep where a picture was posted."""
        where = {"channel": channel_id, "message": message_id}
        await self._ctx.store.put(guild_id, f"{POSTED}{picture_id}/{message_id}", where)

    async def take_back(self, guild_id: int, picture_id: str, message_id: int) -> bool:
        """Delete one post of a picture; return whether it was known.

        Raises:
            DiscordError: it can't be deleted.
        """
        key = f"{POSTED}{picture_id}/{message_id}"
        where = await self._ctx.store.get(guild_id, key)
        if where is not None:
            await self._ctx.messages.delete(guild_id, where["channel"], where["message"])
            await self._ctx.store.delete(guild_id, key)
        return where is not None

    async def owner_of(self, guild_id: int, picture_id: str) -> int | None:
        """Return whose a picture is."""
        found = await self._ctx.store.entries(guild_id, PICTURE + picture_id)
        return next((user_id for user_id, key, _ in found if key == PICTURE + picture_id), None)

    async def sweep(self, guild_id: int) -> None:
        """Delete posts of pictures that nobody has any more; what can't be deleted is tried again."""
        entries = await self._ctx.store.entries(guild_id, PICTURE, limit=10_000)
        known = {key.removeprefix(PICTURE) for _, key, _ in entries}
        for _, key, where in await self._ctx.store.entries(guild_id, POSTED, limit=10_000):
            if key.removeprefix(POSTED).partition("/")[0] in known:
                continue
            try:
                await self._ctx.messages.delete(guild_id, where["channel"], where["message"])
            except DiscordError as error:
                self._ctx.log.warning(f"a posted picture can't be deleted yet: {error}")
                continue
            await self._ctx.store.delete(guild_id, key)

    async def clear(self, guild_id: int, keep: timedelta) -> None:
        """Forget pictures older than that; of those that were posted it stays whose they are."""
        now, posts = self._ctx.now(), await self._ctx.store.entries(guild_id, POSTED, limit=10_000)
        posted = {key.removeprefix(POSTED).partition("/")[0] for _, key, _ in posts}
        for user_id, _, value in await self._ctx.store.entries(guild_id, PICTURE, limit=10_000):
            kept = Kept.model_validate(value)
            if now - kept.at < keep or not kept.file:
                continue
            if kept.id not in posted:
                await self.delete(guild_id, user_id, kept.id)
                continue
            await self._ctx.files.delete(guild_id, kept.file, user_id=user_id)
            await self._put(guild_id, user_id, Kept(id=kept.id, at=kept.at, prompt=""))
        oldest = (now - SPENDING_KEPT).date().isoformat()
        for _, key, _ in await self._ctx.store.entries(guild_id, SPENT):
            if key.removeprefix(SPENT) < oldest:
                await self._ctx.store.delete(guild_id, key)

    async def _put(self, guild_id: int, user_id: int, kept: Kept) -> None:
        await self._ctx.store.put(guild_id, PICTURE + kept.id, kept.model_dump(mode="json"), user_id=user_id)


class Purse:
    """What a server spends on a day (UTC): set aside before a picture is asked for, so that none slips by."""

    def __init__(self, ctx: PluginContext, total: float) -> None:
        """Take what may be spent in all servers together on a day, in dollars."""
        self._ctx = ctx
        self._total = total
        self._all: dict[str, float] = {}  # by day: what all servers spent; of the newest alone
        self._lock = asyncio.Lock()

    async def take(self, guild_id: int, dollars: float, ceiling: float) -> str:
        """Set money aside; return the day it is counted for.

        Raises:
            UserFacingError: the server's ceiling, or that of all, would be passed.
        """
        day = self._ctx.now().date().isoformat()
        async with self._lock:
            spent = await self._spent(guild_id, day)
            if spent["usd"] + dollars > ceiling + 1e-9:
                raise UserFacingError(self._ctx.text("spent"))
            if await self._of_all(day) + dollars > self._total + 1e-9:
                raise UserFacingError(self._ctx.text("spent_all"))
            await self._put(guild_id, day, spent["usd"] + dollars, spent["pictures"] + 1)
            self._all[day] += dollars
        return day

    async def _of_all(self, day: str) -> float:
        if day not in self._all:
            self._all = {day: sum([(await self._spent(each, day))["usd"] for each in self._ctx.guilds])}
        return self._all[day]

    async def settle(self, guild_id: int, day: str, taken: float, cost: float, *, drawn: bool) -> None:
        """Count what it did cost instead of what was set aside."""
        async with self._lock:
            spent = await self._spent(guild_id, day)
            pictures = spent["pictures"] - (0 if drawn else 1)
            await self._put(guild_id, day, max(0.0, spent["usd"] - taken + cost), max(0, pictures))
            if day in self._all:
                self._all[day] = max(0.0, self._all[day] - taken + cost)

    async def today(self, guild_id: int) -> dict[str, Any]:
        """Return today's `usd` and `pictures`."""
        return await self._spent(guild_id, self._ctx.now().date().isoformat())

    async def _spent(self, guild_id: int, day: str) -> dict[str, Any]:
        found: dict[str, Any] | None = await self._ctx.store.get(guild_id, SPENT + day)
        return found or {"usd": 0.0, "pictures": 0}

    async def _put(self, guild_id: int, day: str, dollars: float, pictures: int) -> None:
        await self._ctx.store.put(guild_id, SPENT + day, {"usd": round(dollars, 6), "pictures": pictures})
