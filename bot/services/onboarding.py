"""How a server begins: one welcome, and what its wizard proposes and stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.db.database import Database
from bot.models import Watch, WatchDefault
from bot.services.clock import Clock
from bot.services.guilds import ChannelSeen, GuildService

SCOPE: Final = "onboarding"  # of key-value pairs, by guild
_BEGUN, _UNHEARD = "begun", "unheard"  # when a welcome was about to be said; nobody could be told
STAFF_WORDS: Final = ("support", "staff", "helper", "moderator", "mod", "team", "admin")
# Where a language is spoken in one time zone, or mostly; others are left to their admins.
ZONES: Final = {
    "bg": "Europe/Sofia", "cs": "Europe/Prague", "da": "Europe/Copenhagen", "de": "Europe/Berlin",
    "el": "Europe/Athens", "en-GB": "Europe/London", "es-ES": "Europe/Madrid", "fi": "Europe/Helsinki",
    "fr": "Europe/Paris", "hi": "Asia/Kolkata", "hr": "Europe/Zagreb", "hu": "Europe/Budapest",
    "it": "Europe/Rome", "ja": "Asia/Tokyo", "ko": "Asia/Seoul", "lt": "Europe/Vilnius",
    "nl": "Europe/Amsterdam", "no": "Europe/Oslo", "pl": "Europe/Warsaw", "pt-BR": "America/Sao_Paulo",
    "ro": "Europe/Bucharest", "sv-SE": "Europe/Stockholm", "th": "Asia/Bangkok", "tr": "Europe/Istanbul",
    "uk": "Europe/Kyiv", "vi": "Asia/Ho_Chi_Minh", "zh-CN": "Asia/Shanghai", "zh-TW": "Asia/Taipei",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """A channel or role that may be proposed."""

    id: int
    name: str
    is_public: bool = False  # a channel that everyone reads


@dataclass(frozen=True, slots=True)
class Begun:
    """A welcome that is to be said, and since when; not for the first time, somebody may have said it."""

    since: datetime
    is_first: bool


class OnboardingService:
    """Remembers who was welcomed and which pages of the wizard were passed."""

    def __init__(self, database: Database, clock: Clock, guilds: GuildService) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds

    async def begin_welcome(self, guild_id: int) -> Begun | None:
        """Note that a server's one welcome is about to be said; None when it was, or isn't needed."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if await tx.kv.add(SCOPE, str(guild_id), {_BEGUN: now.isoformat()}):
                return Begun(now, is_first=True)
            value = await tx.kv.get(SCOPE, str(guild_id)) or {}
        return Begun(datetime.fromisoformat(value[_BEGUN]), is_first=False) if _BEGUN in value else None

    async def end_welcome(self, guild_id: int, *, heard: bool) -> None:
        """Note that it was said, or that nobody can be told: then `/setup` says it."""
        async with self._database.transaction() as tx:
            value = await tx.kv.get(SCOPE, str(guild_id)) or {}
            value = {name: each for name, each in value.items() if name != _BEGUN}
            now = {"welcomed": self._clock.now().isoformat(), **({} if heard else {_UNHEARD: True})}
            await tx.kv.put(SCOPE, str(guild_id), value | now)

    async def catch_up(self, guild_id: int) -> bool:
        """Return whether a server's welcome is still to be said, which its admin now reads."""
        async with self._database.transaction() as tx:
            value = await tx.kv.get(SCOPE, str(guild_id)) or {}
            if _UNHEARD not in value:
                return False
            del value[_UNHEARD]
            await tx.kv.put(SCOPE, str(guild_id), value)
            return True

    async def passed(self, guild_id: int) -> frozenset[str]:
        """Return the pages on which somebody has chosen, or agreed."""
        async with self._database.reading() as tx:
            value = await tx.kv.get(SCOPE, str(guild_id))
        return frozenset((value or {}).get("pages", ()))

    async def pass_page(self, guild_id: int, page: str) -> None:
        """Note that what a page shows is chosen now: nothing is proposed there any more."""
        async with self._database.transaction() as tx:
            value = await tx.kv.get(SCOPE, str(guild_id)) or {}
            pages = sorted({*value.get("pages", ()), page})
            await tx.kv.put(SCOPE, str(guild_id), {**value, "pages": pages})

    async def watch_these(
        self, guild_id: int, chosen: Sequence[ChannelSeen], offered: Sequence[ChannelSeen]
    ) -> None:
        """Have these channels and categories watched, and no others of those that were offered as chosen."""
        wanted = {each.id for each in chosen}
        for each in chosen:
            if self._guilds.watch(each.id) is not Watch.TRACK:
                await self._guilds.set_watch(guild_id, each, Watch.TRACK)
        for each in offered:
            if each.id not in wanted and self._guilds.watch(each.id) is Watch.TRACK:
                await self._guilds.set_watch(guild_id, each, Watch.DEFAULT)

    async def watch_by_default(self, guild_id: int, choice: WatchDefault) -> None:
        """Choose what is watched of the channels for which nothing was chosen."""
        await self._guilds.set_watch_default(guild_id, choice)


def propose_role(roles: Sequence[Option]) -> int | None:
    """Return the role that looks like staff's by its name; None when none does."""
    return _named_like_staff(roles)


def propose_channel(channels: Sequence[Option]) -> int | None:
    """Return the channel that looks like staff's: by its name, and not everyone reads it; else None."""
    return _named_like_staff([each for each in channels if not each.is_public])


def _named_like_staff(options: Sequence[Option]) -> int | None:
    for word in STAFF_WORDS:
        for each in options:
            words = each.name.casefold().replace("-", " ").replace("_", " ").split()
            if word in words or f"{word}s" in words:
                return each.id
    return None
