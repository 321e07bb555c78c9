"""GitHub's REST API (version 2022-11-28), as far as requests need it: https://docs.github.com/en/rest."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.plugin_api import FetchError, PluginContext, Response

NOT_MODIFIED, MISSING, GONE, WRONG = 304, (404, 410), 410, 422
TOO_MANY: Final = 429
LIMITS: Final = (403, TOO_MANY)
SERVER_ERROR: Final = 500
PAGE, MOST_PAGES = 100, 10
LONGEST_PAUSE: Final = timedelta(hours=2)  # whatever an answer says
USUAL_PAUSE: Final = timedelta(minutes=1)
_KNOWN: Final = {
    401: "github_401",
    403: "github_403",
    404: "github_404",
    410: "github_410",
    422: "github_422",
}
Json = dict[str, Any]


class GitHubError(Exception):
    """GitHub didn't do it; `key` is the text that says why and what to do."""

    def __init__(self, key: str, status: int = 0, **values: str) -> None:
        super().__init__(f"{key} {values}")
        self.key = key
        self.status = status
        values["status"] = str(status)
        self.values = values


class RefusedError(GitHubError):
    """It was not done, for certain."""


class PausedError(RefusedError):
    """Too much was asked; nothing is asked before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("github_paused", when=f"<t:{int(until.timestamp())}:R>")
        self.until = until


class UnsureError(GitHubError):
    """No answer, or none that can be read: it may have been done."""


class GitHub:
    """One repository, with one token."""

    def __init__(self, ctx: PluginContext, api_url: str, repository: str, token: str, seconds: float) -> None:
        self._ctx = ctx
        self._api_url = api_url.rstrip("/")
        self._token = token
        self._seconds = seconds
        self.repository = repository

    async def about(self) -> Json:
        """Return the repository: `default_branch`, `private`."""
        return _object(await self._ask("GET", ""))

    async def open_issues(self, pages: int) -> list[Json]:
        """Return the newest open issues, pull requests left out."""
        found: list[Json] = []
        for page in range(1, pages + 1):
            part = _list(await self._ask("GET", f"/issues?state=open&per_page={PAGE}&page={page}"))
            found += [each for each in part if "pull_request" not in each]
            if len(part) < PAGE:
                break
        return found

    async def find_issue(self, marker: str, since: datetime) -> Json | None:
        """Return the issue with `marker` in its text among those changed since then, None for none.

        Raises:
            UnsureError: there are too many to be sure.
        """
        start = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for page in range(1, MOST_PAGES + 1):
            query = f"state=all&sort=created&direction=desc&since={start}&per_page={PAGE}&page={page}"
            part = _list(await self._ask("GET", f"/issues?{query}"))
            for each in part:
                if marker in str(each.get("body") or ""):
                    return each
            if len(part) < PAGE:
                return None
        raise UnsureError("github_too_many")

    async def open_issue(self, title: str, body: str, labels: list[str]) -> Json:
        """Open an issue and return it."""
        made = _object(await self._ask("POST", "/issues", {"title": title, "body": body, "labels": labels}))
        if not isinstance(made.get("number"), int):
            raise UnsureError("github_garbage")
        return made

    async def changed(self, path: str, tag: str) -> tuple[Json | None, str]:
        """Return what stands at `path` and its tag; None where it is as it was when it had `tag`."""
        answer = await self._ask("GET", path, tag=tag)
        if answer.status == NOT_MODIFIED:
            return None, tag
        return _object(answer), answer.headers.get("etag", "")

    async def propose(self, branch: str, path: str, text: str, title: str, body: str) -> Json:
        """Open a pull request that adds a file on a branch of its own; what is done already stays."""
        base = str((await self.about()).get("default_branch") or "main")
        owner = self.repository.partition("/")[0]
        found = _list(await self._ask("GET", f"/pulls?head={owner}:{branch}&state=all"))
        if found:
            return found[0]
        start = _object(await self._ask("GET", f"/git/ref/heads/{base}"))
        ref = {"ref": f"refs/heads/{branch}", "sha": start.get("object", {}).get("sha")}
        await self._unless_there("POST", "/git/refs", ref)
        coded = base64.b64encode(text.encode()).decode()
        await self._unless_there(
            "PUT", f"/contents/{path}", {"message": title, "content": coded, "branch": branch}
        )
        asked = {"title": title, "head": branch, "base": base, "body": body}
        made = _object(await self._ask("POST", "/pulls", asked))
        if not isinstance(made.get("number"), int):
            raise UnsureError("github_garbage")
        return made

    async def _unless_there(self, method: str, path: str, body: Json) -> None:
        """Make something; that it is there already is what was wanted."""
        try:
            await self._ask(method, path, body)
        except RefusedError as error:
            if error.status != WRONG:
                raise

    async def _ask(self, method: str, path: str, body: Json | None = None, tag: str = "") -> Response:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        if tag:
            headers["If-None-Match"] = tag
        url = f"{self._api_url}/repos/{self.repository}{path}"
        try:
            answer = await self._ctx.http.request(
                method, url, headers=headers, json=body, seconds=self._seconds
            )
        except FetchError as error:
            raise UnsureError("github_unreachable", why=str(error)) from error
        if answer.ok or answer.status == NOT_MODIFIED:
            return answer
        until = self._pause(answer)
        if until is not None:
            raise PausedError(until)
        if answer.status >= SERVER_ERROR:
            raise UnsureError("github_down", answer.status)
        key = _KNOWN.get(answer.status, "github_other")
        raise RefusedError(key, answer.status, repository=self.repository, why=_why(answer))

    def _pause(self, answer: Response) -> datetime | None:
        """Return until when nothing may be asked, None where that isn't why it was refused.

        https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: a secondary limit may
        be told by its message alone.
        """
        status, headers = answer.status, answer.headers
        if status not in LIMITS:
            return None
        now, wait = self._ctx.now(), headers.get("retry-after", "")
        reset = headers.get("x-ratelimit-reset", "")
        until = None
        if wait.isascii() and wait.isdigit():
            until = now + timedelta(seconds=min(int(wait), LONGEST_PAUSE.total_seconds()))
        elif headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
            until = datetime.fromtimestamp(min(int(reset), 2**33), UTC)
        elif status == TOO_MANY or "rate limit" in _why(answer).lower():
            until = now + USUAL_PAUSE
        return None if until is None else max(now + timedelta(seconds=1), min(until, now + LONGEST_PAUSE))


def _object(answer: Response) -> Json:
    found = _json(answer)
    if not isinstance(found, dict):
        raise UnsureError("github_garbage")
    return found


def _list(answer: Response) -> list[Json]:
    found = _json(answer)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UnsureError("github_garbage")
    return found


def _json(answer: Response) -> object:
    try:
        return answer.json()
    except FetchError as error:
        raise UnsureError("github_garbage") from error


def _why(answer: Response) -> str:
    try:
        told = answer.json()
    except FetchError:
        return ""
    return str(told.get("message", ""))[:200] if isinstance(told, dict) else ""
