"""What was asked for before: requests of the server, and open issues of its repository."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.plugin_api import Button, PluginContext, Style
from plugins.feature_requests.drafts import Draft
from plugins.feature_requests.github import GitHub, GitHubError, PausedError
from plugins.feature_requests.keeping import Keeping, State, key, of_issue
from plugins.feature_requests.wording import cut, plain

SHOWN, REQUESTS, ISSUE_PAGES = 3, 600, 3
FRESH: Final = timedelta(minutes=5)
COMPARED: Final = (State.PENDING, State.CREATING, State.APPROVED, State.CLOSED)


@dataclass(frozen=True, slots=True)
class Known:
    """Something that was asked for; `about` is what votes for it are kept under."""

    about: str
    words: str
    line: str


class Likeness:
    """Finds what is alike. Issues of a private repository are not for members: they are left out."""

    def __init__(self, ctx: PluginContext, keeping: Keeping) -> None:
        self._ctx = ctx
        self._keeping = keeping
        self._issues: dict[str, tuple[datetime, list[tuple[int, str, str, str]]]] = {}  # by repository

    async def find(self, guild_id: int, draft: Draft, github: GitHub | None) -> list[Known]:
        """Return up to three things alike, most alike first."""
        known = await self._requests(guild_id)
        own = {place.issue for place in (await self._keeping.places(guild_id)).values()}
        if github is not None and await self._keeping.paused_until(guild_id) is None:
            for number, title, body, link in await self._open_issues(guild_id, github):
                if number not in own:
                    line = f"• [{cut(plain(title), 80)}](<{link}>)"
                    known.append(Known(of_issue(number), f"{title}. {body}"[:1_000], line))
        found = await self._ctx.texts.alike(draft.words, [each.words for each in known])
        return [known[each.position] for each in found[:SHOWN]]

    def shown(self, alike: list[Known]) -> tuple[str, list[Button]]:
        """Return what a member is told of them, and a button to vote for each."""
        if not alike:
            return "", []
        lines = [self._ctx.text("alike"), *(each.line for each in alike)]
        buttons = [
            Button("vote", self._ctx.text("vote", what=_short(each.about)), each.about, Style.PRIMARY)
            for each in alike
        ]
        return "\n".join(lines), buttons

    async def _requests(self, guild_id: int) -> list[Known]:
        places = await self._keeping.places(guild_id)
        known = []
        for request in (await self._keeping.requests(guild_id))[-REQUESTS:]:
            place = places.get(request.number)
            if place is None or place.state not in COMPARED:
                continue
            if place.link:
                line = f"• [#{request.number} {cut(plain(request.draft.title), 80)}](<{place.link}>)"
            else:  # nobody of staff has read its words yet
                line = "• " + self._ctx.text("alike_pending", number=request.number)
            known.append(Known(key(request.number), request.draft.words[:1_000], line))
        return known

    async def _open_issues(self, guild_id: int, github: GitHub) -> list[tuple[int, str, str, str]]:
        now = self._ctx.now()
        at, found = self._issues.get(github.repository, (now - FRESH, []))
        if now - at < FRESH:
            return found
        try:
            if (await github.about()).get("private") is False:
                found = [
                    (
                        each["number"],
                        str(each.get("title") or ""),
                        str(each.get("body") or ""),
                        str(each["html_url"]),
                    )
                    for each in await github.open_issues(ISSUE_PAGES)
                    if isinstance(each.get("number"), int)
                    and str(each.get("html_url", "")).startswith("https://")
                ]
            else:
                found = []
        except GitHubError as error:
            if isinstance(error, PausedError):
                await self._keeping.pause(guild_id, error.until)
            self._ctx.log.info(f"Open issues of {github.repository} can't be compared: {error}")
        self._issues[github.repository] = (now, found)
        return found


def _short(about: str) -> str:
    return f"#{about.rpartition('-')[2].lstrip('0')}"
