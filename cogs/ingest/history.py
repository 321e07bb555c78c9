"""A channel's past, read for the recovery service."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import aiohttp
import discord
from loguru import logger

from bot.core.client import Bot
from bot.domain.arrival import Arrival, Change
from bot.services.recovery import UnreachableError, UnreadableError
from cogs.ingest.client import DiscordIngestClient, Payload
from cogs.ingest.places import Place, WatchedPlaces


class DiscordHistory:
    """Reads pages of a channel's or thread's history."""

    def __init__(self, bot: Bot, client: DiscordIngestClient, places: WatchedPlaces) -> None:
        self._bot = bot
        self._client = client
        self._places = places
        self._guilds = bot.services.guilds
        self._ingest = bot.services.ingest

    async def after(self, place_id: int, message_id: int, limit: int) -> tuple[Sequence[Arrival], int | None]:
        """Return what members wrote after `message_id`, oldest first, and the last id of a full page.

        Raises:
            UnreadableError: the channel is gone, forbidden or no longer watched.
            UnreachableError: no answer.
        """
        with _translated():
            place = await self._place(place_id)
            page: list[Payload] = list(await self._bot.http.logs_from(place_id, limit, after=message_id))
        page.sort(key=_id)  # Discord gives the newest first
        parent_id = place.parent_id if isinstance(place, discord.Thread) else None
        arrivals = [
            self._client.arrival(
                payload,
                place.guild.id,
                parent_id,
                change=Change.EDIT if payload.get("edited_timestamp") else Change.CREATE,
                backfilled=True,
            )
            for payload in page
            if self._client.wants(payload)
        ]
        arrivals = await self._with_muted(place.guild.id, arrivals)
        return arrivals, _id(page[-1]) if len(page) == limit else None

    async def one(self, place_id: int, message_id: int) -> Arrival | None:
        """Return a message as an edit, so that no cursor moves; None when no member wrote it.

        Raises:
            UnreadableError: it or the channel is gone, forbidden or not watched.
            UnreachableError: no answer.
        """
        with _translated():
            place = await self._place(place_id)
            payload: Payload = await self._bot.http.get_message(place_id, message_id)
        if not self._client.wants(payload):
            return None
        parent_id = place.parent_id if isinstance(place, discord.Thread) else None
        arrival = self._client.arrival(
            payload, place.guild.id, parent_id, change=Change.EDIT, backfilled=True
        )
        ignored = self._guilds.policy(place.guild.id).ignored_role_ids
        return (await self._muting(place.guild.id, [arrival], [arrival]))[0] if ignored else arrival

    async def _place(self, place_id: int) -> Place:
        place = self._bot.get_channel(place_id) or await self._bot.fetch_channel(place_id)
        if not isinstance(place, discord.abc.GuildChannel | discord.Thread):
            raise UnreadableError("not a channel of a server")
        if not self._places.spot_of(place).watched:
            raise UnreadableError("not watched")
        return place

    async def _with_muted(self, guild_id: int, arrivals: list[Arrival]) -> list[Arrival]:
        """Mark what members with an ignored role ask: history doesn't tell roles, so Discord is asked."""
        ignored = self._guilds.policy(guild_id).ignored_role_ids
        if not ignored or not arrivals:
            return arrivals
        asking = [each for each, asks in zip(arrivals, self._ingest.asks(arrivals), strict=True) if asks]
        return await self._muting(guild_id, arrivals, asking)

    async def _muting(
        self, guild_id: int, arrivals: list[Arrival], asking: Sequence[Arrival]
    ) -> list[Arrival]:
        ignored = self._guilds.policy(guild_id).ignored_role_ids
        muted: set[int] = set()
        for author_id in {each.author_id for each in asking}:
            try:
                member = await self._bot.http.get_member(guild_id, author_id)
                if any(int(role_id) in ignored for role_id in member["roles"]):
                    muted.add(author_id)
            except discord.NotFound:
                continue  # has left, and has no roles
            except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
                logger.warning("The roles of a member can't be read, so they get no answer: {}", error)
                muted.add(author_id)
        return [each._replace(muted=True) if each.author_id in muted else each for each in arrivals]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (discord.NotFound, discord.Forbidden, discord.InvalidData) as error:
        raise UnreadableError(f"not readable: {error}") from error
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnreachableError(str(error) or type(error).__name__) from error


def _id(payload: Payload) -> int:
    return int(payload["id"])
