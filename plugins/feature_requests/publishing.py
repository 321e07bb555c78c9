"""Makes issues of approved requests: one each, whatever breaks off in between."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

from bot.plugin_api import PluginContext, UserFacingError
from plugins.feature_requests.drafts import Draft
from plugins.feature_requests.github import GitHub, GitHubError, PausedError, RefusedError
from plugins.feature_requests.keeping import Keeping, Place, Request, State, key
from plugins.feature_requests.wording import for_github, slug, title_for_github

MARKER: Final = "<!-- lookout-request {marker} -->"
RETRY: Final = timedelta(minutes=1)  # GitHub's lists lag behind for a moment
LOOK_BACK: Final = timedelta(minutes=10)  # clocks differ
MOST_ATTEMPTS: Final = 10


class Config(BaseModel):
    """What a server's managers set with /plugins config."""

    repository: str = Field(
        "", pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_.-]{0,99}[A-Za-z0-9_-]$",
        description="Where issues are opened: owner/name",
    )  # fmt: skip
    review_channel: int | None = Field(None, description="Where staff decide; none: the staff channel")
    labels: list[str] = Field([], description="Labels of the issues", max_length=10)
    pull_request: bool = Field(False, description="Also propose a file docs/requests/… by a pull request")
    use_ai: bool = Field(True, description="Have the language model draft, where there is one")


def _listed(value: object) -> object:
    """Return a list that the environment has as one text, by commas."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class Owners(BaseModel):
    """What whoever runs the bot sets, under plugins.options.feature_requests."""

    api_url: str = Field("https://api.github.com", pattern=r"^https?://[^\s?#]+$")
    repositories: Annotated[list[str], BeforeValidator(_listed)] = []  # the token is used for these alone
    seconds: float = Field(20, gt=0, le=60)  # for one request to GitHub
    poll_minutes: int = Field(10, ge=5, le=1_440)


class Publisher:
    """Opens issues and pull requests."""

    def __init__(self, ctx: PluginContext, keeping: Keeping, owners: Owners) -> None:
        self._ctx = ctx
        self._keeping = keeping
        self._owners = owners
        self._allowed = frozenset(each.lower() for each in owners.repositories)

    def github(self, guild_id: int, repository: str) -> GitHub:
        """Return a repository for a server: one that all may use, or that one.

        Raises:
            UserFacingError: it can't be used; the text says what to set.
        """
        if not repository:
            raise UserFacingError(self._ctx.text("no_repository"))
        name = repository.lower()
        if not {name, f"{guild_id}:{name}"} & self._allowed:
            raise UserFacingError(self._ctx.text("repository_not_allowed", repository=repository))
        token = self._ctx.secret("token")
        if not token:
            raise UserFacingError(self._ctx.text("no_token"))
        return GitHub(self._ctx, self._owners.api_url, repository, token, self._owners.seconds)

    def github_of(self, guild_id: int) -> GitHub | None:
        """Return a server's repository, None where it can't be used."""
        try:
            return self.github(guild_id, self._ctx.config(Config, guild_id).repository)
        except UserFacingError:
            return None

    async def publish(self, guild_id: int, request: Request, place: Place) -> None:
        """Make an issue of a request that is being created, or find the one that was made of it before.

        Where it was refused the request waits for staff again; where that isn't known it stays as it is.

        Raises:
            GitHubError: there is no issue yet; says why.
            UserFacingError: the repository can't be used any more.
        """
        config = self._ctx.config(Config, guild_id)
        try:
            await self._open(guild_id, request, place, config)
        except (RefusedError, UserFacingError) as error:
            if isinstance(error, PausedError):
                await self._keeping.pause(guild_id, error.until)
            await self._keeping.set_state(guild_id, request.number, place, State.PENDING)
            raise
        except GitHubError:
            if place.attempts >= MOST_ATTEMPTS:
                await self._keeping.set_state(guild_id, request.number, place, State.PENDING)
                raise
            place.retry_at = self._ctx.now() + RETRY
            await self._keeping.put(guild_id, request.number, place)
            raise
        place.retry_at = None
        if config.pull_request:
            place.pull_state, place.branch = "wanted", f"request-{place.issue}-{slug(request.draft.title)}"
        await self._keeping.set_state(guild_id, request.number, place, State.APPROVED)

    async def propose(self, guild_id: int, request: Request, place: Place) -> None:
        """Open the pull request of an approved request.

        Raises:
            GitHubError: there is none yet; says why.
            UserFacingError: the repository can't be used any more.
        """
        place.pull_attempts += 1
        if place.pull_attempts >= MOST_ATTEMPTS:
            place.pull_state = "failed"
        await self._keeping.put(guild_id, request.number, place)
        title = title_for_github(request.draft.title)
        text = f"# {for_github(title)}\n\n{self.body(request.draft, 0)}\n"
        path = f"docs/requests/{place.issue}-{slug(request.draft.title)}.md"
        try:
            pull = await self.github(guild_id, place.repository).propose(
                place.branch, path, text, f"Propose: {title}", self._ctx.text("pull_body", number=place.issue)
            )
        except RefusedError as error:
            if isinstance(error, PausedError):
                await self._keeping.pause(guild_id, error.until)
            else:
                place.pull_state = "failed"
                await self._keeping.put(guild_id, request.number, place)
            raise
        place.pull, place.pull_state = int(pull["number"]), "open"
        await self._keeping.put(guild_id, request.number, place)

    def body(self, draft: Draft, votes: int) -> str:
        """Return a request as GitHub shows it: nothing says who asked for it."""
        parts = [for_github(draft.description)]
        if draft.user_story:
            parts += [f"### {self._ctx.text('user_story')}", for_github(draft.user_story)]
        if draft.acceptance_criteria:
            listed = [f"- [ ] {' '.join(for_github(each).split())}" for each in draft.acceptance_criteria]
            parts += [f"### {self._ctx.text('criteria')}", "\n".join(listed)]
        if votes:
            parts.append(self._ctx.text("voted", votes=votes))
        return "\n\n".join(parts)

    async def _open(self, guild_id: int, request: Request, place: Place, config: Config) -> None:
        place.repository = place.repository if place.attempts else config.repository
        github, found = self.github(guild_id, place.repository), None
        if place.attempts:
            assert place.began_at is not None
            found = await github.find_issue(self._marker(place), place.began_at - LOOK_BACK)
        if found is None:
            place.attempts += 1
            place.began_at = place.began_at or self._ctx.now()
            await self._keeping.put(guild_id, request.number, place)  # before it is asked for
            votes = await self._keeping.votes(guild_id, key(request.number))
            body = f"{self.body(request.draft, votes)}\n\n{self._ctx.text('origin')}\n{self._marker(place)}"
            try:
                found = await github.open_issue(title_for_github(request.draft.title), body, config.labels)
            except RefusedError:  # nothing was made, so nothing is to be looked for, and elsewhere is as good
                place.attempts -= 1
                place.began_at = place.began_at if place.attempts else None
                raise
        place.issue = int(found["number"])
        link = str(found.get("html_url", ""))
        place.link = link if link.startswith("https://") else ""
        place.labels = labels_of(found)

    @staticmethod
    def _marker(place: Place) -> str:
        return MARKER.format(marker=place.marker)


def labels_of(issue: dict[str, object]) -> list[str]:
    """Return the names of an issue's labels."""
    listed = issue.get("labels")
    named = (
        [each.get("name") if isinstance(each, dict) else each for each in listed]
        if isinstance(listed, list)
        else []
    )
    return sorted(str(each)[:50] for each in named if each)[:20]
