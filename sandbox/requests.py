"""What a client asks for over the gateway once it is identified: members, sounds, channel information."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox import frames, payloads
from sandbox.intents import Intent
from sandbox.sessions import Session
from sandbox.world import Guild, Member

if TYPE_CHECKING:
    from sandbox.core import Core

CHUNK = 1000
MAX_FOUND = 100
MAX_NONCE = 32
REQUEST_MEMBERS = 8


class Requests:
    """Answers the requests of every session of one sandbox."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._whole: dict[tuple[int, int], float] = {}  # by bot and guild: when all members were asked for

    def members(self, session: Session, data: Any) -> None:
        """Answer op 8 with GUILD_MEMBERS_CHUNK events that carry its nonce.

        All members take the members intent: there is no answer without it.

        Source: protocol gateway.7, docs events/gateway-events#request-guild-members.

        Raises:
            MalformedError: the payload is none of this kind.
            InvalidRequestError: neither `query` nor `user_ids` is there.
        """
        wanted = frames.members(data)
        guild = self._guild(session, wanted.guild_id)
        if guild is None:
            return
        more: dict[str, Any] = {"not_found": []}
        if isinstance(wanted.nonce, str) and len(wanted.nonce.encode()) <= MAX_NONCE:
            more["nonce"] = wanted.nonce
        if wanted.presences and session.intents & Intent.GUILD_PRESENCES:
            more["presences"] = []
        if wanted.ids is not None:
            found, more["not_found"] = by_ids(guild, wanted.ids)
        elif wanted.query:
            found = by_prefix(guild, wanted.query, wanted.limit)
        elif not self._may_have_all(session, guild, wanted.limit, more.get("nonce")):
            return
        else:
            found = list(guild.members.values())[: wanted.limit or None]
        self._chunks(session, guild, found, more)

    def _may_have_all(self, session: Session, guild: Guild, limit: int, nonce: str | None) -> bool:
        """Whether a session gets a guild's members without naming any; one that asks too often is told."""
        if not session.intents & Intent.GUILD_MEMBERS:
            return False
        wait = self._wait(session, guild) if limit == 0 else 0.0
        if wait:
            meta = {"guild_id": str(guild.id)} | ({"nonce": nonce} if nonce is not None else {})
            limited = {"opcode": REQUEST_MEMBERS, "retry_after": wait, "meta": meta}
            self._core.hub.send(session, "RATE_LIMITED", limited)
        return not wait

    def _wait(self, session: Session, guild: Guild) -> float:
        """Return the seconds until all members may be asked for again; 0, and counted, when they may be now.

        Source: docs change-log#introducing-rate-limit-when-requesting-all-guild-members,
        docs events/gateway-events#rate-limited.
        """
        key = session.app.id, guild.id
        now = self._core.clock.monotonic()
        latest = self._whole.get(key)
        if latest is not None and now - latest < self._core.member_request_interval:
            return round(self._core.member_request_interval - (now - latest), 3)
        self._whole[key] = now
        return 0.0

    def _chunks(self, session: Session, guild: Guild, found: list[Member], more: dict[str, Any]) -> None:
        """Send members, up to 1,000 a chunk; nobody is one empty chunk."""
        pieces = [found[start : start + CHUNK] for start in range(0, len(found), CHUNK)] or [[]]
        for index, piece in enumerate(pieces):
            chunk = {
                "guild_id": str(guild.id),
                "members": [payloads.member(person) for person in piece],
                "chunk_index": index,
                "chunk_count": len(pieces),
            }
            self._core.hub.send(session, "GUILD_MEMBERS_CHUNK", chunk | more)

    def sounds(self, session: Session, data: Any) -> None:
        """Answer op 31: no guild has soundboard sounds.

        Source: docs events/gateway-events#request-soundboard-sounds.
        """
        for guild_id in frames.guilds_for_sounds(data):
            if guild := self._guild(session, guild_id):
                sounds = {"guild_id": str(guild.id), "soundboard_sounds": []}
                self._core.hub.send(session, "SOUNDBOARD_SOUNDS", sounds)

    def channel_info(self, session: Session, data: Any) -> None:
        """Answer op 43: no voice channel has a status or a session.

        Source: docs events/gateway-events#request-channel-info.
        """
        if guild := self._guild(session, frames.guild_for_channel_info(data)):
            self._core.hub.send(session, "CHANNEL_INFO", {"guild_id": str(guild.id), "channels": []})

    def _guild(self, session: Session, guild_id: int) -> Guild | None:
        """Return a guild the session's bot is in and its shard carries."""
        guild = self._core.world.guilds.get(guild_id)
        inside = guild is not None and session.app.bot.id in guild.members and session.serves(guild.id)
        return guild if inside else None


def by_ids(guild: Guild, ids: Sequence[int]) -> tuple[list[Member], list[str]]:
    """Return up to 100 members by id, and the ids that are nobody's."""
    wanted = dict.fromkeys(ids)
    found = [guild.members[item] for item in wanted if item in guild.members]
    return found[:MAX_FOUND], [str(item) for item in wanted if item not in guild.members]


def by_prefix(guild: Guild, query: str, limit: int) -> list[Member]:
    """Return up to `limit` members, at most 100, whose name or nick starts with the query."""
    start = query.lower()
    matching = [
        member
        for member in guild.members.values()
        if any(name and name.lower().startswith(start) for name in (member.user.username, member.nick))
    ]
    return matching[: min(limit or MAX_FOUND, MAX_FOUND)]
