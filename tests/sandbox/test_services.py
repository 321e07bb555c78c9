"""The stand-ins for GitHub and for what draws, held to what the services publish.

https://docs.github.com/en/rest (version 2022-11-28),
https://platform.openai.com/docs/api-reference/images and
https://openrouter.ai/docs/api/reference/errors
"""

import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.github import GitHubSandbox
from sandbox.github.driver import rate_limit, secondary_limit
from sandbox.pictures import PicturesSandbox

ISSUE = {"number", "title", "body", "state", "state_reason", "labels", "html_url", "created_at", "updated_at"}
Ask = tuple[int, dict[str, str], Any]


class Client:
    """Asks a stand-in as any client does."""

    def __init__(self, session: aiohttp.ClientSession, base: str, key: str) -> None:
        self._session = session
        self._base = base
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": "test"}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Ask:
        async with self._session.request(
            method, self._base + path, json=body, headers=self._headers | headers
        ) as answer:
            told = await answer.json() if answer.content_type == "application/json" else None
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, told


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(trust_env=False) as session:
        yield session


@pytest.fixture
async def github() -> AsyncIterator[GitHubSandbox]:
    async with GitHubSandbox() as github:
        yield github


@pytest.fixture
def client(session: aiohttp.ClientSession, github: GitHubSandbox) -> Client:
    github.repository("acme/app")
    return Client(session, f"{github.url}/repos/acme/app", github.token)


class TestGitHub:
    async def test_an_issue_is_made_with_201_and_has_the_published_fields(self, client: Client) -> None:
        status, _, issue = await client.ask("POST", "/issues", {"title": "A", "body": "b", "labels": ["x"]})
        assert status == 201
        assert issue.keys() >= ISSUE
        assert issue["labels"] == [{"name": "x"}]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", issue["created_at"])
        assert issue["html_url"] == "https://github.com/acme/app/issues/1"

    async def test_what_is_not_valid_is_422_and_says_which_field(self, client: Client) -> None:
        status, _, told = await client.ask("POST", "/issues", {"body": "no title"})
        assert (status, told["message"]) == (422, "Validation Failed")
        assert told["errors"] == [{"resource": "Issue", "field": "title", "code": "missing_field"}]

    async def test_lists_come_in_pages_with_links_to_the_next(self, client: Client) -> None:
        for number in range(5):
            await client.ask("POST", "/issues", {"title": f"Issue {number}"})
        seen, path = [], "/issues?state=open&per_page=2&page=1"
        while path:
            _, headers, part = await client.ask("GET", path)
            seen.append([each["number"] for each in part])
            found = re.search(r'<[^>]*/repos/acme/app([^>]*)>; rel="next"', headers.get("link", ""))
            path = found[1] if found else ""
        assert seen == [[5, 4], [3, 2], [1]]

    async def test_what_is_unchanged_is_304_by_its_etag(self, client: Client) -> None:
        await client.ask("POST", "/issues", {"title": "A"})
        _, headers, _ = await client.ask("GET", "/issues/1")
        status, again, body = await client.ask("GET", "/issues/1", **{"If-None-Match": headers["etag"]})
        assert (status, again["etag"], body) == (304, headers["etag"], None)

    @pytest.mark.parametrize(
        ("change", "method", "path", "status"),
        [
            ({"token": "other"}, "GET", "", 401),
            ({}, "GET", "/issues/9", 404),
            ({"has_issues": False}, "POST", "/issues", 410),
            ({"can_write": False}, "POST", "/issues", 403),
        ],
        ids=["bad token", "missing", "issues off", "read only"],
    )
    async def test_refusals_have_their_status_and_a_message(
        self,
        client: Client,
        github: GitHubSandbox,
        change: dict[str, Any],
        method: str,
        path: str,
        status: int,
    ) -> None:
        for name, value in change.items():
            setattr(github if name == "token" else github.repositories["acme/app"], name, value)
        found, _, told = await client.ask(method, path, {"title": "A"} if method == "POST" else None)
        assert found == status
        assert told["message"]

    async def test_limits_are_told_as_published(self, client: Client, github: GitHubSandbox) -> None:
        github.fail("status", **rate_limit(github.clock.now()))
        status, headers, _ = await client.ask("GET", "")
        assert (status, headers["x-ratelimit-remaining"]) == (403, "0")
        assert headers["x-ratelimit-reset"].isdecimal()
        github.fail("status", **secondary_limit())
        status, headers, told = await client.ask("GET", "")
        assert status == 403
        assert "secondary rate limit" in told["message"]
        assert not {"retry-after", "x-ratelimit-remaining"} & headers.keys()

    async def test_a_branch_or_file_that_is_there_is_422(self, client: Client) -> None:
        _, _, ref = await client.ask("GET", "/git/ref/heads/main")
        made = {"ref": "refs/heads/new", "sha": ref["object"]["sha"]}
        assert [(await client.ask("POST", "/git/refs", made))[0] for _ in range(2)] == [201, 422]
        file = {"message": "m", "content": base64.b64encode(b"x").decode(), "branch": "new"}
        assert [(await client.ask("PUT", "/contents/a.md", file))[0] for _ in range(2)] == [201, 422]
        pull = {"title": "P", "head": "new", "base": "main"}
        assert [(await client.ask("POST", "/pulls", pull))[0] for _ in range(2)] == [201, 422]


class TestPictures:
    @pytest.fixture
    async def pictures(self) -> AsyncIterator[PicturesSandbox]:
        async with PicturesSandbox() as pictures:
            yield pictures

    async def test_openai_draws_as_base64_and_refuses_what_the_model_does_not_know(
        self, session: aiohttp.ClientSession, pictures: PicturesSandbox
    ) -> None:
        client = Client(session, pictures.openai_url, pictures.key)
        asked = {"model": "gpt-image-1", "prompt": "a cat", "n": 1, "size": "1024x1024"}
        status, _, told = await client.ask("POST", "/images/generations", asked)
        assert status == 200
        assert isinstance(told["created"], int)
        assert base64.b64decode(told["data"][0]["b64_json"]) == pictures.picture
        unknown = asked | {"response_format": "b64_json"}
        status, _, told = await client.ask("POST", "/images/generations", unknown)
        assert (status, told["error"].keys()) == (400, {"message", "type", "param", "code"})
        other = Client(session, pictures.openai_url, "other")
        status, _, told = await other.ask("POST", "/images/generations", asked)
        assert (status, told["error"]["code"]) == (401, "invalid_api_key")

    async def test_openrouter_draws_in_a_message_and_fails_amid_an_answer_with_200(
        self, session: aiohttp.ClientSession, pictures: PicturesSandbox
    ) -> None:
        client = Client(session, pictures.openrouter_url, pictures.key)
        messages = [{"role": "user", "content": "a cat"}]
        asked = {"model": "some/model", "messages": messages, "modalities": ["image", "text"]}
        status, _, told = await client.ask("POST", "/chat/completions", asked)
        [image] = told["choices"][0]["message"]["images"]
        assert image["image_url"]["url"].startswith("data:image/png;base64,")
        assert (status, image["type"], told["usage"]["cost"]) == (200, "image_url", 0.03)
        pictures.midway = 502
        status, _, told = await client.ask("POST", "/chat/completions", asked)
        assert (status, told["error"]["code"]) == (200, 502)
