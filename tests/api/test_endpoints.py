import asyncio
import json
import math
from datetime import UTC, datetime

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.api import app as app_module
from tests.api.conftest import World

BIG = 1_290_000_000_000_000_001


async def test_healthz_says_ok(client: aiohttp.ClientSession, open_api: str) -> None:
    async with client.get(f"{open_api}/healthz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"ok": True}


@pytest.mark.parametrize(
    "missing",
    [None, "gateway", "database", "training"],
    ids=["all well", "gateway away", "database not writable", "training not read yet"],
)
async def test_readyz_tells_what_is_missing(
    world: World, client: aiohttp.ClientSession, open_api: str, missing: str | None
) -> None:
    state = world.state
    state.gateway_connected, state.database_writable = missing != "gateway", missing != "database"
    state.training_loaded = missing != "training"
    async with client.get(f"{open_api}/readyz") as answer:
        assert answer.status == (503 if missing else 200)
        assert await answer.json() == {
            "ready": missing is None,
            "gateway": missing != "gateway",
            "database": missing != "database",
            "training": missing != "training",
            "queue_depth": 3,
        }


async def test_readyz_answers_503_when_the_check_hangs(
    world: World,
    client: aiohttp.ClientSession,
    open_api: str,
    monkeypatch: pytest.MonkeyPatch,
    log: list[str],
) -> None:
    monkeypatch.setattr(app_module, "READY_DEADLINE", 0.05)

    async def hang() -> None:
        await asyncio.Event().wait()

    world.on_readiness = hang
    async with client.get(f"{open_api}/readyz") as answer:
        assert answer.status == 503
        unknown = dict.fromkeys(("gateway", "database", "training", "queue_depth"))
        assert await answer.json() == {"ready": False, **unknown}
    assert "readiness check took over" in "".join(log)

    world.on_readiness = None
    async with client.get(f"{open_api}/readyz") as answer:
        assert answer.status == 200


async def test_readyz_answers_503_when_the_check_fails(
    world: World, client: aiohttp.ClientSession, open_api: str, log: list[str]
) -> None:
    async def fail() -> None:
        raise RuntimeError("database password hunter2 refused")

    world.on_readiness = fail
    async with client.get(f"{open_api}/readyz") as answer:
        assert answer.status == 503
        assert "hunter2" not in await answer.text()
    assert "RuntimeError" in "".join(log)


async def test_readyz_asked_by_many_at_once_checks_once(
    world: World, client: aiohttp.ClientSession, open_api: str
) -> None:
    checks, release, asked = 0, asyncio.Event(), asyncio.Event()

    async def count() -> None:
        nonlocal checks
        checks += 1
        asked.set()
        await release.wait()

    world.on_readiness = count
    first = asyncio.create_task(client.get(f"{open_api}/readyz"))
    await asyncio.wait_for(asked.wait(), 5)
    others = [asyncio.create_task(client.get(f"{open_api}/readyz")) for _ in range(4)]
    async with client.get(f"{open_api}/healthz"):
        pass
    release.set()
    answers = await asyncio.gather(first, *others)
    for answer in answers:
        assert answer.status == 200
        answer.release()
    assert checks == 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_may_use_head(client: aiohttp.ClientSession, open_api: str, path: str) -> None:
    async with client.head(f"{open_api}{path}") as answer:
        assert answer.status == 200
        assert await answer.read() == b""


async def test_metrics_are_prometheus_text(
    world: World, client: aiohttp.ClientSession, open_api: str
) -> None:
    world.metrics.ingested(7)
    async with client.get(f"{open_api}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == world.metrics.content_type
        families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    assert families["signals_ingested"].samples[0].value == 7


@pytest.mark.parametrize("key", [f"discord:{BIG}", str(BIG)], ids=["signal id", "bare message id"])
async def test_story_is_found_and_its_ids_are_strings(
    world: World, client: aiohttp.ClientSession, open_api: str, key: str
) -> None:
    world.stories[f"discord:{BIG}"] = {
        "id": f"discord:{BIG}",
        "message": {"message_id": BIG, "thread_id": None, "reply_to_id": 5, "backfilled": False},
        "actions": [{"id": 1, "nonce_of": BIG, "part": 0}],
        "action_ids": (1, 2),
        "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "score": math.nan,
        "content": "half a pair \ud83d and مرحبا",
    }
    async with client.get(f"{open_api}/signals/{key}") as answer:
        assert answer.status == 200
        story = json.loads((await answer.read()).decode())
    assert story == {
        "id": f"discord:{BIG}",
        "message": {"message_id": str(BIG), "thread_id": None, "reply_to_id": "5", "backfilled": False},
        "actions": [{"id": "1", "nonce_of": str(BIG), "part": 0}],
        "action_ids": ["1", "2"],
        "created_at": "2026-01-02T03:04:05+00:00",
        "score": None,
        "content": "half a pair ? and مرحبا",
    }


@pytest.mark.parametrize("key", ["discord:1", "1", "٣", "..%2F..", "x" * 3_000, "%00", "<script>"])
async def test_unknown_signal_is_a_404_that_says_so(
    client: aiohttp.ClientSession, open_api: str, key: str
) -> None:
    async with client.get(f"{open_api}/signals/{key}") as answer:
        assert answer.status == 404
        assert "error" in await answer.json()


async def test_slow_story_ends_at_its_deadline(
    world: World,
    client: aiohttp.ClientSession,
    open_api: str,
    monkeypatch: pytest.MonkeyPatch,
    log: list[str],
) -> None:
    monkeypatch.setattr(app_module, "STORY_DEADLINE", 0.05)

    async def hang() -> None:
        await asyncio.Event().wait()

    world.on_story = hang
    async with client.get(f"{open_api}/signals/1") as answer:
        assert answer.status == 503
        assert "later" in (await answer.json())["error"]
    assert "discord:1" in "".join(log)


async def test_crash_answers_with_a_reference_and_logs_the_rest(
    world: World, client: aiohttp.ClientSession, open_api: str, log: list[str]
) -> None:
    async def fail() -> None:
        raise RuntimeError("hunter2")

    world.on_story = fail
    async with client.get(f"{open_api}/signals/1") as answer:
        body = await answer.json()
        assert answer.status == 500
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert body.keys() == {"error", "reference"}
    assert "hunter2" not in json.dumps(body)
    logged = "".join(log)
    assert body["reference"] in logged
    assert "RuntimeError: hunter2" in logged
    assert len(log) == 1


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/healthz/", "/docs", "/redoc", "/openapi.json", "/signals/"]
)
async def test_unknown_page_is_a_json_404(client: aiohttp.ClientSession, open_api: str, path: str) -> None:
    async with client.get(f"{open_api}{path}", allow_redirects=False) as answer:
        assert answer.status == 404
        assert await answer.json() == {"error": f"No such page: {path}"}


async def test_wrong_method_is_a_json_405(client: aiohttp.ClientSession, open_api: str) -> None:
    async with client.post(f"{open_api}/metrics") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET"
        assert await answer.json() == {"error": "Method Not Allowed"}


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/nowhere"])
async def test_answers_carry_security_headers_and_no_banner(
    client: aiohttp.ClientSession, open_api: str, path: str
) -> None:
    async with client.get(f"{open_api}{path}") as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers
