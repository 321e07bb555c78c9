"""The admin API: is the bot well, what does it count, what became of one message."""

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.responses import JSONResponse
from loguru import logger
from starlette.exceptions import HTTPException as StarletteHTTPException

from bot.api.dependencies import ApiDependencies, HealthSource, Readiness
from bot.api.encoding import StoryResponse
from bot.api.guard import BearerGuard, Guard
from bot.domain.signal import signal_id

READY_DEADLINE = 6.0  # seconds; the check itself gives the database five
STORY_DEADLINE = 10.0  # seconds
SNOWFLAKE = re.compile(r"[0-9]{1,20}")
PROBE_METHODS = ["GET", "HEAD"]  # probes such as `wget --spider` send HEAD


def create_app(deps: ApiDependencies) -> FastAPI:
    """Return the application; `app.state.has_token` tells `ApiServer` whether it may leave loopback."""
    token = (deps.admin_token or "").strip() or None
    app = FastAPI(title="Lookout", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.has_token = token is not None
    app.add_middleware(Guard, loopback_only=token is None)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.include_router(_probes(deps.health))
    app.include_router(_protected(deps, BearerGuard(token)))
    return app


def _probes(health: HealthSource) -> APIRouter:
    """Return what anyone may ask."""
    router = APIRouter()

    @router.api_route("/healthz", methods=PROBE_METHODS)
    async def healthz() -> JSONResponse:
        return JSONResponse({"ok": True})

    check = _ReadinessCheck(health)

    @router.api_route("/readyz", methods=PROBE_METHODS)
    async def readyz() -> JSONResponse:
        return _readiness_answer(await check.run())

    return router


def _protected(deps: ApiDependencies, guard: BearerGuard) -> APIRouter:
    """Return what only the owner may ask."""
    router = APIRouter(dependencies=[Depends(guard)])

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(deps.metrics.render(), headers={"content-type": deps.metrics.content_type})

    @router.get("/signals/{key}")
    async def signal(key: Annotated[str, Path()]) -> Response:
        wanted = signal_id("discord", int(key)) if SNOWFLAKE.fullmatch(key) else key
        try:
            async with asyncio.timeout(STORY_DEADLINE):
                story = await deps.stories.story(wanted)
        except TimeoutError:
            logger.warning("Admin API: the story of {!r} took over {} s", wanted, STORY_DEADLINE)
            raise HTTPException(503, "The database takes too long, try again later") from None
        if story is None:
            raise HTTPException(404, f"No signal {wanted!r}: it was never stored, or its retention has ended")
        return StoryResponse(story)

    return router


class _ReadinessCheck:
    """Asks a health source once at a time: anyone may call /readyz, and the check writes to the database."""

    def __init__(self, health: HealthSource) -> None:
        self._health = health
        self._running: asyncio.Task[Readiness | None] | None = None

    async def run(self) -> Readiness | None:
        """Return the outcome of the check under way, or of a new one; None when it can't be found out."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._check(), name="readiness")
        return await asyncio.shield(self._running)

    async def _check(self) -> Readiness | None:
        try:
            async with asyncio.timeout(READY_DEADLINE):
                return await self._health.readiness()
        except TimeoutError:
            logger.warning("Admin API: the readiness check took over {} s", READY_DEADLINE)
        except Exception:
            logger.exception("Admin API: the readiness check failed")
        return None


def _readiness_answer(state: Readiness | None) -> JSONResponse:
    """Return the answer to /readyz; what is not known is null, and then the bot is not ready."""
    ready = (
        state is not None and state.gateway_connected and state.database_writable and state.training_loaded
    )
    content = {
        "ready": ready,
        "gateway": state and state.gateway_connected,
        "database": state and state.database_writable,
        "training": state and state.training_loaded,
        "queue_depth": state and state.queue_depth,
    }
    return JSONResponse(content, 200 if ready else 503)


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer every refusal, unknown routes and methods among them, as {"error": ...}."""
    if not isinstance(error, StarletteHTTPException):
        raise error
    text = f"No such page: {request.scope['path']}" if error.detail == "Not Found" else error.detail
    return JSONResponse({"error": text}, error.status_code, headers=dict(error.headers or {}))
