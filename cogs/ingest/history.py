"""A channel's past, read for the recovery service."""

from collections.abc import Sequence

import aiohttp
import discord

from bot.core.client import Bot
from bot.domain.arrival import Arrival, Change
from bot.services.recovery import UnreachableError, UnreadableError
from cogs.ingest.client import DiscordIngestClient, Payload


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
        try:
            place = self._bot.get_channel(place_id) or await self._bot.fetch_channel(place_id)
            if not isinstance(place, discord.abc.GuildChannel | discord.Thread):
                raise UnreadableError("not a channel of a server")
            page: list[Payload] = list(await self._bot.http.logs_from(place_id, limit, after=message_id))
        except (discord.NotFound, discord.Forbidden, discord.InvalidData) as error:
            raise UnreadableError(f"not readable: {error}") from error
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
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
        return arrivals, _id(page[-1]) if len(page) == limit else None


def _id(payload: Payload) -> int:
    return int(payload["id"])
