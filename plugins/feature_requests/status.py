"""What happens to requests with time: begun work goes on, GitHub's news come back, what is orphaned goes."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from bot.plugin_api import DiscordError, LimitError, PluginContext, UserFacingError
from plugins.feature_requests.github import MISSING, GitHub, GitHubError, PausedError, RefusedError
from plugins.feature_requests.keeping import Keeping, Place, Request, State
from plugins.feature_requests.publishing import Publisher, labels_of
from plugins.feature_requests.reviewing import Reviewing
from plugins.feature_requests.wording import plain

ASKED_PER_RUN: Final = 20  # requests whose issue is looked at
BEGUN: Final = timedelta(minutes=2)  # after which what was begun and not ended was interrupted
LONG: Final = timedelta(seconds=30)  # for one run: well within the deadline, whatever GitHub does
Step = Callable[[int, int, Request, Place], Awaitable[None]]


class Status:
    """Runs every minute for each server."""

    def __init__(
        self,
        ctx: PluginContext,
        keeping: Keeping,
        publisher: Publisher,
        reviewing: Reviewing,
        poll: timedelta,
    ) -> None:
        self._ctx = ctx
        self._keeping = keeping
        self._publisher = publisher
        self._reviewing = reviewing
        self._poll = poll
        self._looked: dict[tuple[int, int], datetime] = {}

    async def run(self, guild_id: int) -> None:
        """Go on with what is due in a server."""
        requests = {each.number: each for each in await self._keeping.requests(guild_id)}
        places = await self._keeping.places(guild_id)
        await self.sweep(guild_id)
        began = self._ctx.now()
        for number, place in places.items():
            request = requests.get(number)
            if request is not None:
                await self._go_on(guild_id, request, place)
            if self._ctx.now() - began > LONG:  # GitHub hangs; the rest is for the next minute
                return
        if await self._keeping.paused_until(guild_id) is not None:
            return
        now = self._ctx.now()
        due = [
            number
            for number, place in places.items()
            if number in requests
            and place.state is State.APPROVED
            and now - self._looked.get((guild_id, number), now - self._poll) >= self._poll
        ]
        due.sort(
            key=lambda number: self._looked.get((guild_id, number), datetime.min.replace(tzinfo=now.tzinfo))
        )
        for number in due[:ASKED_PER_RUN]:
            self._looked[guild_id, number] = now
            if not await self._look(guild_id, requests[number], places[number]):
                return

    async def sweep(self, guild_id: int) -> None:
        """Delete what staff are shown of requests whose member's data was deleted."""
        known = {each.number for each in await self._keeping.requests(guild_id)}
        for number, place in (await self._keeping.places(guild_id)).items():
            if number in known:
                continue
            try:
                if place.message_id is not None:
                    await self._ctx.messages.delete(guild_id, place.channel_id, place.message_id)
            except DiscordError as error:
                self._ctx.log.warning(f"request {number}: its message can't be deleted yet: {error}")
                continue
            self._looked.pop((guild_id, number), None)
            await self._keeping.forget(guild_id, number)

    async def _go_on(self, guild_id: int, request: Request, place: Place) -> None:
        """Do what was begun and broke off."""
        now = self._ctx.now()
        if place.state is State.PENDING and place.message_id is None and now - place.changed_at >= BEGUN:
            try:
                await self._reviewing.post(guild_id, request.number)
            except (DiscordError, LimitError) as error:
                self._ctx.log.warning(f"request {request.number} can't be shown to staff: {error}")
        is_due = now >= (place.retry_at or place.changed_at + BEGUN)
        if place.state is State.CREATING and is_due and await self._keeping.paused_until(guild_id) is None:
            async with self._keeping.locks[guild_id]:
                current = await self._keeping.place(guild_id, request.number)
                if current is not None and current.state is State.CREATING:
                    told = await self._reviewing.go_on(guild_id, request, current)
                    if current.waits:
                        await self._reviewing.tell(guild_id, current, told)
        if place.state is State.APPROVED and place.pull_state == "wanted":
            await self._propose(guild_id, request, place)

    async def _propose(self, guild_id: int, request: Request, place: Place) -> None:
        if await self._keeping.paused_until(guild_id) is not None:
            return
        try:
            await self._publisher.propose(guild_id, request, place)
        except (GitHubError, UserFacingError) as error:
            self._ctx.log.warning(f"request {request.number}: no pull request: {error}")
            if place.pull_state == "failed" and isinstance(error, GitHubError):
                why = self._ctx.text(error.key, **error.values)
                await self._reviewing.tell(guild_id, place, self._ctx.text("pull_failed", why=why))
            return
        link = place.link.replace(f"/issues/{place.issue}", f"/pull/{place.pull}")
        await self._reviewing.tell(guild_id, place, self._ctx.text("pull_open", link=link))

    async def _look(self, guild_id: int, request: Request, place: Place) -> bool:
        """Look at an issue and its pull request; return whether GitHub may be asked on."""
        try:
            github = self._publisher.github(guild_id, place.repository)
            await self._look_at_issue(guild_id, request, place, github)
            if place.pull is not None and place.pull_state == "open":
                await self._look_at_pull(guild_id, request, place, github)
        except PausedError as error:
            await self._keeping.pause(guild_id, error.until)
            return False
        except RefusedError as error:
            if error.status in MISSING:
                await self._keeping.set_state(guild_id, request.number, place, State.LOST)
                await self._news(guild_id, request, place, "issue_lost")
                return True
            self._ctx.log.warning(f"issue {place.issue} can't be looked at: {error}")
            return False
        except (GitHubError, UserFacingError) as error:
            self._ctx.log.info(f"issue {place.issue} can't be looked at: {error}")
            return False
        return True

    async def _look_at_issue(self, guild_id: int, request: Request, place: Place, github: GitHub) -> None:
        issue, tag = await github.changed(f"/issues/{place.issue}", place.tag)
        if issue is None:
            return
        labels, before, place.tag = labels_of(issue), place.labels, tag
        place.labels = labels
        if issue.get("state") == "closed":
            await self._keeping.set_state(guild_id, request.number, place, State.CLOSED)
            key = "closed_not_planned" if issue.get("state_reason") == "not_planned" else "closed"
            await self._news(guild_id, request, place, key)
            told = self._ctx.text(f"{key}_member", title=plain(request.draft.title), link=place.link)
            await self._reviewing.tell_member(guild_id, request, told)
            return
        await self._keeping.put(guild_id, request.number, place)
        if labels != before:
            listed = ", ".join(plain(each) for each in labels) or self._ctx.text("no_labels")
            await self._reviewing.tell(guild_id, place, self._ctx.text("labelled", labels=listed))

    async def _look_at_pull(self, guild_id: int, request: Request, place: Place, github: GitHub) -> None:
        pull, tag = await github.changed(f"/pulls/{place.pull}", place.pull_tag)
        if pull is None:
            return
        place.pull_tag = tag
        if pull.get("merged") or pull.get("merged_at"):
            place.pull_state = "merged"
        elif pull.get("state") == "closed":
            place.pull_state = "closed"
        await self._keeping.put(guild_id, request.number, place)
        if place.pull_state != "open":
            await self._reviewing.tell(guild_id, place, self._ctx.text(f"pull_{place.pull_state}"))

    async def _news(self, guild_id: int, request: Request, place: Place, key: str) -> None:
        await self._reviewing.tell(guild_id, place, self._ctx.text(key, link=place.link))
        await self._reviewing.refresh(guild_id, request.number)
