"""What every part of one sandbox shares: the world, the clock, ids, the record, faults and the hub."""

import asyncio
import random
import secrets
from collections.abc import Coroutine
from typing import Any

from loguru import logger

from sandbox.buckets import Buckets
from sandbox.faults import Faults
from sandbox.hub import Hub
from sandbox.ids import Clock, Snowflakes, SystemClock, opaque
from sandbox.record import Record
from sandbox.starts import Starts
from sandbox.world import Application, World


class Core:
    """The shared parts and settings of one sandbox.

    Attributes:
        heartbeat_interval: seconds between a client's heartbeats.
        identify_interval: seconds between two IDENTIFYs of the same bucket.
        max_concurrency: buckets, that is shards that may identify at the same time.
        session_starts: IDENTIFYs a day allows.
        guilds_per_shard: guilds a session may have before sharding is required.
        member_request_interval: seconds between two requests for all members of the same guild.
        session_timeout: seconds a session waits for its client to resume.
        interaction_deadline: seconds an application has to acknowledge an interaction.
        interaction_lifetime: seconds an interaction token is good for.
        nonce_window: seconds in which the same nonce means the same message.
        replay_limit: events kept per session for a resume.
        rate_limits: "generous" (500 a second in every bucket) or "discord" (`sandbox.buckets.PROFILES`).
        rate: requests every bucket allows instead, and per how many seconds; `rates` by route name.
        join_messages: whether a member who joins is announced in the guild's system channel.
        shards: what /gateway/bot recommends.
        urls: api_url, gateway_url and cdn_url once the server listens.
    """

    def __init__(
        self, seed: int | None = 0, clock: Clock | None = None, record_limit: int | None = None
    ) -> None:
        """Make tokens and faults repeatable by a seed; without one (None) no token can be guessed."""
        self.clock: Clock = clock or SystemClock()
        self.rng: random.Random = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311
        self.ids = Snowflakes(self.clock)
        self.world = World()
        self.record = Record(self.clock, record_limit)
        self.faults = Faults(seed or 0)
        self.hub = Hub(self.world, self.record, self.faults, lambda: self.session_timeout)
        self.starts = Starts(self)
        self.heartbeat_interval = 41.25
        self.identify_interval = 5.0
        self.max_concurrency = 1
        self.session_starts = 1000
        self.guilds_per_shard = 2500
        self.member_request_interval = 30.0
        self.session_timeout = 300.0
        self.interaction_deadline = 3.0
        self.interaction_lifetime = 900.0
        self.nonce_window = 300.0
        self.replay_limit = 20_000
        self.rate_limits = "generous"
        self.rate: tuple[int, float] | None = None
        self.rates: dict[str, tuple[int, float]] = {}
        self.buckets = Buckets(self)
        self.join_messages = False
        self.shards = 1
        self.requests = 0
        self.urls = {"api_url": "", "gateway_url": "", "cdn_url": ""}
        self.main_app: Application | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def opaque(self, length: int) -> str:
        """Return a fresh string of letters and digits."""
        return opaque(self.rng, length)

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside, keep hold of it, and log its failure."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.opt(exception=task.exception()).error("A sandbox task failed")

    async def settle(self) -> None:
        """Cancel what still runs beside."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
