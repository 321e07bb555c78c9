import aiohttp
import pytest
from starlette.datastructures import Headers

from bot.api.app import create_app
from bot.api.dependencies import ApiDependencies
from bot.api.guard import loopback_refusal, token_matches
from tests.api.conftest import EVERYWHERE, TOKEN, World

PROTECTED = ["/metrics", "/signals/1"]


@pytest.mark.parametrize("path", PROTECTED)
async def test_right_token_opens(
    world: World, client: aiohttp.ClientSession, guarded_api: str, path: str
) -> None:
    world.stories["discord:1"] = {"id": "discord:1"}
    for scheme in ("Bearer", "bearer"):
        async with client.get(
            f"{guarded_api}{path}", headers={"Authorization": f"{scheme} {TOKEN}"}
        ) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        ["Bearer wrong"],
        [f"Bearer {TOKEN[:-1]}"],
        [f"Bearer {TOKEN}x"],
        [f"Basic {TOKEN}"],
        [TOKEN],
        [f"Bearer {TOKEN}", "Bearer wrong"],
    ],
    ids=["none", "empty", "scheme only", "blank", "wrong", "short", "long", "basic", "bare", "two"],
)
async def test_anything_else_is_a_401_that_looks_the_same(
    client: aiohttp.ClientSession, guarded_api: str, values: list[str]
) -> None:
    headers = [("Authorization", value) for value in values]
    for path in PROTECTED:
        async with client.get(f"{guarded_api}{path}", headers=headers) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert await answer.json() == {
                "error": "Send the admin token: Authorization: Bearer <ADMIN_TOKEN>"
            }


async def test_probes_need_no_token_and_names_are_not_checked(
    client: aiohttp.ClientSession, guarded_api: str
) -> None:
    for path in ("/healthz", "/readyz"):
        async with client.get(f"{guarded_api}{path}", headers={"Host": "bot.example.org"}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("sent", "expected", "same"),
    [
        (b"abc", b"abc", True),
        ("tökén".encode(), "tökén".encode(), True),
        ("tökén".encode("latin-1"), "tökén".encode(), False),
        (b"\xff\xfe", b"abc", False),
        (b"", b"abc", False),
        (None, b"abc", False),
    ],
    ids=["equal", "equal beyond ASCII", "other encoding", "not text", "empty", "missing"],
)
def test_tokens_are_compared_as_bytes(sent: bytes | None, expected: bytes, same: bool) -> None:
    assert token_matches(sent, expected) is same


@pytest.mark.parametrize("token", [None, "", "  \t"])
def test_blank_token_is_no_token(world: World, token: str | None) -> None:
    app = create_app(ApiDependencies(metrics=world.metrics, health=world, stories=world, admin_token=token))
    assert app.state.has_token is False


def test_dependencies_never_show_the_token(world: World) -> None:
    deps = ApiDependencies(metrics=world.metrics, health=world, stories=world, admin_token=TOKEN)
    assert TOKEN not in repr(deps)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8080"]
)
def test_loopback_names_pass(host: str) -> None:
    assert loopback_refusal(Headers({"host": host})) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8080",
        "localhost:80@evil.example",
        "192.168.1.5",
        EVERYWHERE,
        "localhost:",
        "localhost\n",
        "",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert loopback_refusal(Headers({"host": host})) is not None


def test_missing_and_second_names_are_refused() -> None:
    assert loopback_refusal(Headers({})) is not None
    assert loopback_refusal(Headers(raw=[(b"host", b"localhost"), (b"host", b"localhost")])) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"origin": "http://[localhost"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    ],
    ids=["other site", "opaque", "other port", "malformed", "image or script", "script of another port"],
)
def test_other_pages_are_refused(headers: dict[str, str]) -> None:
    assert loopback_refusal(Headers({"host": "localhost:8080", **headers})) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:8080"},
    ],
    ids=["a link that was clicked", "typed", "own page"],
)
def test_links_and_own_pages_pass(headers: dict[str, str]) -> None:
    assert loopback_refusal(Headers({"host": "localhost:8080", **headers})) is None


async def test_rebound_name_is_refused_on_every_page_without_token(
    client: aiohttp.ClientSession, open_api: str
) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/signals/1", "/nowhere"):
        async with client.get(f"{open_api}{path}", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "ADMIN_TOKEN" in (await answer.json())["error"]


async def test_other_page_is_refused_and_own_page_served_without_token(
    client: aiohttp.ClientSession, open_api: str
) -> None:
    for origin, status in (("https://evil.example", 403), (open_api, 200)):
        async with client.get(f"{open_api}/metrics", headers={"Origin": origin}) as answer:
            assert answer.status == status
