"""A channel's past, read for the recovery service."""

from collections.abc import Sequence

import aiohttp
import discord

from bot.core.client import Bot
from bot.domain.arrival import Arrival, Change
from bot.services.recovery import UnreachableError, UnreadableError
from cogs.ingest.client import DiscordIngestClient


class DiscordHistory:
    """Reads pages of a channel's or thread's history."""

    def __init__(self, bot: Bot, client: DiscordIngestClient) -> None:
        self._bot = bot
        self._client = client

    async def after(self, place_id: int, message_id: int, limit: int) -> tuple[Sequence[Arrival], int | None]:
        """Return what members wrote after `message_id`, oldest first, and the last id of a full page.

        Raises:
            UnreadableError: the channel is gone or forbidden.
            UnreachableError: no answer.
        """
        place = self._bot.get_channel(place_id)
        try:
            if place is None:
                place = await self._bot.fetch_channel(place_id)
            if not isinstance(place, discord.abc.Messageable):
                raise UnreadableError("not a channel with messages")
            page = [
                m
                async for m in place.history(limit=limit, after=discord.Object(message_id), oldest_first=True)
            ]
        except (discord.NotFound, discord.Forbidden, discord.InvalidData) as error:
            raise UnreadableError(f"not readable: {error}") from error
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
        arrivals = [self._arrival(message) for message in page if self._client.wants(message)]
        return arrivals, page[-1].id if len(page) == limit else None

    def _arrival(self, message: discord.Message) -> Arrival:
        change = Change.EDIT if message.edited_at else Change.CREATE
        return self._client.arrival(message, change=change, backfilled=True)
