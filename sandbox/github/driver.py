"""GitHub's REST API, version 2022-11-28, as tests drive it: https://docs.github.com/en/rest."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.github.repository import Issue, Repository
from sandbox.ids import Clock
from sandbox.stand_in import Answer, Asked, Handler, Refused, StandIn

TOKEN = "github_pat_sandbox_0123456789"  # noqa: S105 - of the stand-in alone
MOST_TITLE = 256
PAGE = 100


class GitHubSandbox(StandIn):
    """GitHub, running.

    Attributes:
        token: the one that is accepted.
        repositories: by "owner/name".
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.token = TOKEN
        self.repositories: dict[str, Repository] = {}

    @property
    def url(self) -> str:
        """What takes the place of https://api.github.com."""
        return f"http://{self.address}"

    def repository(self, name: str = "acme/app", **more: Any) -> Repository:
        """Make a repository."""
        made = self.repositories[name] = Repository(name, **more)
        return made

    def change(self, issue: Issue, **changes: Any) -> None:
        """Change an issue or pull request as somebody on GitHub does."""
        for name, value in changes.items():
            setattr(issue, name, value)
        issue.updated_at = self.clock.now()

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return what it answers."""
        repo = "/repos/{owner}/{repo}"
        return [
            ("GET", repo, self._about),
            ("GET", f"{repo}/issues", self._issues),
            ("POST", f"{repo}/issues", self._open_issue),
            ("GET", f"{repo}/issues/{{number}}", self._issue),
            ("GET", f"{repo}/git/ref/heads/{{branch}}", self._branch),
            ("POST", f"{repo}/git/refs", self._make_branch),
            ("GET", f"{repo}/contents/{{path:.+}}", self._file),
            ("PUT", f"{repo}/contents/{{path:.+}}", self._make_file),
            ("GET", f"{repo}/pulls", self._pulls),
            ("POST", f"{repo}/pulls", self._open_pull),
            ("GET", f"{repo}/pulls/{{number}}", self._pull),
        ]

    def admit(self, asked: Asked) -> None:
        """Refuse who has no token or no name.

        Raises:
            Refused: they may not ask.
        """
        headers = asked.request.headers
        if not headers.get("User-Agent"):
            raise Refused(403, {"message": "Request forbidden by administrative rules."})
        if headers.get("Authorization") != f"Bearer {self.token}":
            raise Refused(401, {"message": "Bad credentials"})
        if asked.request.method != "GET" and not self._repo(asked).can_write:
            raise Refused(403, {"message": "Resource not accessible by personal access token"})

    def _repo(self, asked: Asked) -> Repository:
        found = self.repositories.get(f"{asked.part('owner')}/{asked.part('repo')}")
        if found is None:
            raise Refused(404, {"message": "Not Found"})
        return found

    async def _about(self, asked: Asked) -> Answer:
        repo = self._repo(asked)
        told = {"full_name": repo.name, "default_branch": "main", "private": repo.is_private}
        return web.json_response(told)

    async def _issues(self, asked: Asked) -> Answer:
        repo = self._repo(asked)
        since = asked.query("since")
        after = datetime.fromisoformat(since) if since else None
        state = asked.query("state", "open")
        found = [
            each
            for each in repo.issues.values()
            if state in {"all", each.state}
            and (after is None or each.updated_at.replace(microsecond=0) >= after)
        ]
        if asked.query("direction", "desc") == "desc":
            found.reverse()
        size, page = int(asked.query("per_page", "30")), int(asked.query("page", "1"))
        if not 1 <= size <= PAGE:
            size = PAGE
        shown = [repo.form(each) for each in found[(page - 1) * size : page * size]]
        answer = _tagged(asked, shown)
        if len(found) > page * size:
            query = asked.request.url.update_query(page=str(page + 1))
            last = asked.request.url.update_query(page=str(-(-len(found) // size)))
            answer.headers["Link"] = f'<{query}>; rel="next", <{last}>; rel="last"'
        return answer

    async def _open_issue(self, asked: Asked) -> Answer:
        repo, title = self._repo(asked), asked.body.get("title")
        if not repo.has_issues:
            raise Refused(410, {"message": "Issues are disabled for this repo"})
        if not isinstance(title, str) or not title.strip() or len(title) > MOST_TITLE:
            raise invalid("Issue", "title", "missing_field")
        made = repo.add(title, str(asked.body.get("body") or ""), self.clock.now(), asked.body.get("labels"))
        return web.json_response(repo.form(made), status=201)

    async def _issue(self, asked: Asked) -> Answer:
        repo = self._repo(asked)
        return _tagged(asked, repo.form(_numbered(repo, asked)))

    async def _branch(self, asked: Asked) -> Answer:
        repo, branch = self._repo(asked), asked.part("branch")
        if branch not in repo.branches:
            raise Refused(404, {"message": "Not Found"})
        return web.json_response({"ref": f"refs/heads/{branch}", "object": {"sha": repo.sha(branch)}})

    async def _make_branch(self, asked: Asked) -> Answer:
        repo = self._repo(asked)
        ref, sha = str(asked.body["ref"]), asked.body["sha"]
        branch = ref.removeprefix("refs/heads/")
        if branch in repo.branches:
            raise Refused(422, {"message": "Reference already exists"})
        start = next((each for each in repo.branches if repo.sha(each) == sha), None)
        if start is None:
            raise Refused(422, {"message": "Object does not exist"})
        repo.branches[branch] = dict(repo.branches[start])
        return web.json_response({"ref": ref, "object": {"sha": sha}}, status=201)

    async def _file(self, asked: Asked) -> Answer:
        repo, path = self._repo(asked), asked.part("path")
        files = repo.branches.get(asked.query("ref", "main"))
        if files is None or path not in files:
            raise Refused(404, {"message": "Not Found"})
        coded = base64.b64encode(files[path]).decode()
        return web.json_response({"path": path, "sha": "0" * 40, "content": coded, "encoding": "base64"})

    async def _make_file(self, asked: Asked) -> Answer:
        repo, path = self._repo(asked), asked.part("path")
        files = repo.branches.get(asked.body.get("branch", "main"))
        if files is None:
            raise Refused(404, {"message": "Branch not found"})
        if path in files and "sha" not in asked.body:
            raise Refused(422, {"message": 'Invalid request.\n\n"sha" wasn\'t supplied.'})
        files[path] = base64.b64decode(asked.body["content"], validate=True)
        return web.json_response({"content": {"path": path}}, status=201)

    async def _pulls(self, asked: Asked) -> Answer:
        repo, head = self._repo(asked), asked.query("head").partition(":")[2]
        state = asked.query("state", "open")
        pulls = [each for each in repo.issues.values() if each.head and state in {"all", each.state}]
        return web.json_response([repo.pull_form(each) for each in pulls if head in {"", each.head}])

    async def _open_pull(self, asked: Asked) -> Answer:
        repo, body = self._repo(asked), asked.body
        head, base = str(body["head"]), str(body["base"])
        if head not in repo.branches or base not in repo.branches:
            raise invalid("PullRequest", "head", "invalid")
        if repo.branches[head] == repo.branches[base]:
            raise Refused(
                422, {"message": "Validation Failed", "errors": [{"message": "No commits between"}]}
            )
        if any(each.head == head and each.state == "open" for each in repo.issues.values()):
            told = [{"message": f"A pull request already exists for {head}."}]
            raise Refused(422, {"message": "Validation Failed", "errors": told})
        made = repo.add(str(body["title"]), str(body.get("body") or ""), self.clock.now())
        made.head, made.base = head, base
        return web.json_response(repo.pull_form(made), status=201)

    async def _pull(self, asked: Asked) -> Answer:
        repo = self._repo(asked)
        found = _numbered(repo, asked)
        if not found.head:
            raise Refused(404, {"message": "Not Found"})
        return _tagged(asked, repo.pull_form(found))


def invalid(resource: str, field: str, code: str) -> Refused:
    """Return what is answered to a request that is wrong."""
    errors = [{"resource": resource, "field": field, "code": code}]
    return Refused(422, {"message": "Validation Failed", "errors": errors})


def secondary_limit(wait: int | None = None) -> dict[str, Any]:
    """Return what makes a fault one of the secondary limits, which are often told by their words alone."""
    return {
        "status": 403,
        "headers": {} if wait is None else {"Retry-After": str(wait)},
        "body": {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."},
    }


def rate_limit(reset: datetime) -> dict[str, Any]:
    """Return what makes a fault one of the rate limit: `github.fail("status", **rate_limit(at))`."""
    return {
        "status": 403,
        "headers": {
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(reset.astimezone(UTC).timestamp())),
        },
        "body": {"message": "API rate limit exceeded for user ID 1."},
    }


def _numbered(repo: Repository, asked: Asked) -> Issue:
    number = asked.part("number")
    found = repo.issues.get(int(number)) if number.isdigit() else None
    if found is None:
        raise Refused(404, {"message": "Not Found"})
    return found


def _tagged(asked: Asked, value: Any) -> Answer:
    """Return an answer with its ETag, or 304 where the client has it."""
    text = json.dumps(value)
    tag = f'W/"{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()}"'
    if asked.request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    return web.Response(text=text, content_type="application/json", headers={"ETag": tag})
