"""What is kept: members' words and votes under the members, how each request stands under none."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from bot.plugin_api import LimitError, PluginContext
from plugins.feature_requests.drafts import Draft

DRAFT, REQUEST, PLACE, VOTE, COUNTER, PAUSE = "draft", "request/", "place/", "vote/", "counter", "pause"
DRAFTS_KEPT, DECIDED_KEPT = timedelta(days=7), timedelta(days=90)
LISTED: Final = 10_000


class State(StrEnum):
    """How a request stands."""

    PENDING = "pending"  # staff are asked
    CREATING = "creating"  # staff approved; whether there is an issue isn't known yet
    APPROVED = "approved"  # it is an issue
    CLOSED = "closed"  # its issue is
    REJECTED = "rejected"
    LOST = "lost"  # its issue is gone


DONE: Final = (State.CLOSED, State.REJECTED, State.LOST)


class Place(BaseModel):
    """How a request stands and where; nothing of who wrote it.

    Attributes:
        changed_at: when the state did.
        marker: stands in the issue's text, so that it is found again.
        began_at: when an issue was first asked for.
        attempts: how often.
        pull_state: "" for none wanted, wanted, open, merged, closed or failed.
        retry_at: when to go on.
    """

    state: State = State.PENDING
    changed_at: datetime
    channel_id: int
    message_id: int | None = None
    thread_id: int | None = None
    marker: str
    repository: str = ""
    began_at: datetime | None = None
    retry_at: datetime | None = None
    attempts: int = 0
    issue: int | None = None
    link: str = ""
    labels: list[str] = []
    tag: str = ""
    branch: str = ""
    pull: int | None = None
    pull_state: str = ""
    pull_tag: str = ""
    pull_attempts: int = 0

    @property
    def waits(self) -> bool:
        """Whether staff are asked."""
        return self.state is State.PENDING


class Request(NamedTuple):
    """A request of a member."""

    number: int
    user_id: int
    user_name: str
    draft: Draft


class Keeping:
    """Reads and writes requests.

    Attributes:
        locks: held, by server, by who changes how a request stands.
    """

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self.locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def draft(self, guild_id: int, user_id: int) -> dict[str, Any] | None:
        """Return a member's draft: `id`, `at`, `by_ai`, `draft`."""
        found: dict[str, Any] | None = await self._ctx.store.get(guild_id, DRAFT, user_id=user_id)
        return found

    async def keep_draft(
        self, guild_id: int, user_id: int, draft_id: str, draft: Draft, *, by_ai: bool
    ) -> None:
        """Keep a member's draft in place of the one before."""
        kept = {
            "id": draft_id,
            "at": self._ctx.now().isoformat(),
            "by_ai": by_ai,
            "draft": draft.model_dump(),
        }
        await self._ctx.store.put(guild_id, DRAFT, kept, user_id=user_id)

    async def drop_draft(self, guild_id: int, user_id: int) -> bool:
        """Forget a member's draft; return whether there was one."""
        return await self._ctx.store.delete(guild_id, DRAFT, user_id=user_id)

    async def add(self, guild_id: int, user_id: int, user_name: str, draft: Draft, place: Place) -> int:
        """Keep a new request; return its number.

        Raises:
            LimitError: too much is kept in the server; nothing of it is left.
        """
        async with self.locks[guild_id]:
            number = 1 + int(await self._ctx.store.get(guild_id, COUNTER) or 0)
            await self._ctx.store.put(guild_id, COUNTER, number)
        try:
            await self.change(guild_id, Request(number, user_id, user_name, draft), draft)
            await self.put(guild_id, number, place)
        except LimitError:
            await self.forget(guild_id, number)
            raise
        return number

    async def request(self, guild_id: int, number: int) -> Request | None:
        """Return a request, None where its member's data was deleted."""
        found = await self._ctx.store.entries(guild_id, REQUEST + key(number), limit=1)
        return _request(*found[0]) if found else None

    async def requests(self, guild_id: int) -> list[Request]:
        """Return all requests."""
        found = await self._ctx.store.entries(guild_id, REQUEST, limit=LISTED)
        return [_request(*each) for each in found]

    async def change(self, guild_id: int, request: Request, draft: Draft) -> None:
        """Put other words in a request's place."""
        kept = {"by": request.user_name, "draft": draft.model_dump()}
        await self._ctx.store.put(guild_id, REQUEST + key(request.number), kept, user_id=request.user_id)

    async def place(self, guild_id: int, number: int) -> Place | None:
        """Return how a request stands, None for no such request."""
        found = await self._ctx.store.get(guild_id, PLACE + key(number))
        return None if found is None else Place.model_validate(found)

    async def places(self, guild_id: int) -> dict[int, Place]:
        """Return how all requests stand, by number."""
        found = await self._ctx.store.entries(guild_id, PLACE, user_id=0, limit=LISTED)
        return {int(each.removeprefix(PLACE)): Place.model_validate(value) for _, each, value in found}

    async def put(self, guild_id: int, number: int, place: Place) -> None:
        """Keep how a request stands."""
        await self._ctx.store.put(guild_id, PLACE + key(number), place.model_dump(mode="json"))

    async def set_state(self, guild_id: int, number: int, place: Place, state: State) -> None:
        """Keep that a request stands otherwise now."""
        place.state, place.changed_at = state, self._ctx.now()
        await self.put(guild_id, number, place)

    async def is_known(self, guild_id: int, marker: str) -> bool:
        """Return whether there is a request with that marker."""
        return any(place.marker == marker for place in (await self.places(guild_id)).values())

    async def forget(self, guild_id: int, number: int) -> None:
        """Forget a request and its votes."""
        for prefix in (REQUEST, PLACE, VOTE):
            for user_id, each, _ in await self._ctx.store.entries(guild_id, prefix + key(number)):
                await self._ctx.store.delete(guild_id, each, user_id=user_id)

    async def vote(self, guild_id: int, user_id: int, about: str) -> bool:
        """Count a member's vote; return False where it is counted already."""
        return await self._ctx.store.add(guild_id, VOTE + about, True, user_id=user_id)

    async def votes(self, guild_id: int, about: str) -> int:
        """Return how many members voted."""
        return len(await self._ctx.store.entries(guild_id, VOTE + about, limit=LISTED))

    async def paused_until(self, guild_id: int) -> datetime | None:
        """Return until when GitHub isn't asked, None where it may be."""
        found = await self._ctx.store.get(guild_id, PAUSE)
        until = datetime.fromisoformat(found) if found else None
        return until if until is not None and until > self._ctx.now() else None

    async def pause(self, guild_id: int, until: datetime) -> None:
        """Keep that GitHub isn't asked before then."""
        await self._ctx.store.put(guild_id, PAUSE, until.isoformat())

    async def clear(self, guild_id: int) -> None:
        """Forget what is older than it is kept."""
        now = self._ctx.now()
        for user_id, each, value in await self._ctx.store.entries(guild_id, DRAFT, limit=LISTED):
            if datetime.fromisoformat(value["at"]) < now - DRAFTS_KEPT:
                await self._ctx.store.delete(guild_id, each, user_id=user_id)
        for number, place in (await self.places(guild_id)).items():
            if place.state in DONE and place.changed_at < now - DECIDED_KEPT:
                await self.forget(guild_id, number)


def _request(user_id: int, name: str, kept: dict[str, Any]) -> Request:
    draft = Draft.model_validate(kept["draft"])
    return Request(int(name.removeprefix(REQUEST)), user_id, str(kept["by"]), draft)


def key(number: int) -> str:
    """Return a number as it stands in keys: none begins another."""
    return f"{number:06d}"


def of_issue(number: int) -> str:
    """Return what votes for an issue of GitHub's own are kept under."""
    return f"issue-{key(number)}"
