"""A guild in which things break, and a Discord that takes what alerts post."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.db.database import Database
from bot.domain.audience import GuildRoles, Place, PlaceKind, Role
from bot.domain.signal import Intent
from bot.domain.snowflake import snowflake_at
from bot.models import Nudge
from bot.services.alert_settings import AlertSettingsService
from bot.services.audience import AudienceService
from bot.services.guilds import GuildService
from bot.services.incidents.rendering import Alert
from bot.services.incidents.watching import IncidentWatch
from bot.services.meaning import Meaning
from bot.services.summaries.collecting import Collecting
from bot.services.tools import ToolError
from bot.services.unanswered.finding import Unanswered
from bot.services.unanswered.nudging import Nudging
from bot.settings import OrchestratorSettings
from tests.db.support import signal_row
from tests.fakes import FakeClock
from tests.services.summaries.support import BOT_ROOM, GENERAL, GUILD, HELP, READ, Layout, see

STAFF = BOT_ROOM  # where staff read
ROLE = 1_400_000_000_000_000_401
MEMBER = 1_400_000_000_000_001_000
LOGIN = (
    "I can't log in, the login page fails with error 500",
    "the login page crashes with error 500 for me",
    "login fails: I get error 500 on the login page",
    "error 500 when I try to log in on the login page",
    "the login page doesn't load, it fails with an error 500",
)
UNRELATED = (
    "the video player crashes when I go fullscreen",
    "my invoice shows the wrong amount",
    "uploading a photo ends in a timeout",
    "the mobile app won't open on my old phone",
    "search returns nothing at all",
    "dark mode makes buttons unreadable",
    "the export to CSV produces an empty file",
    "notifications arrive twice since yesterday",
    "my microphone is silent in the voice room",
    "zooming freezes the map",
    "the newsletter has broken links",
    "password reset mails never arrive",
)


class Desk:
    """A channel for alerts, and places where helpers are called."""

    def __init__(self) -> None:
        self.shown: dict[int, Alert] = {}  # by message id, as they say now
        self.posts = 0
        self.edits = 0
        self.calls: list[tuple[int, tuple[str, ...]]] = []  # place and questions
        self.fails: list[ToolError] = []  # the next tries, before anything is posted
        self.cut: list[ToolError] = []  # likewise, after it was

    async def post(self, channel_id: int, alert: Alert, nonce: str) -> int:
        assert channel_id == STAFF
        assert 0 < len(nonce) <= 25
        self._fail(self.fails)
        self.posts += 1
        self.shown[9_000 + self.posts] = alert
        self._fail(self.cut)
        return 9_000 + self.posts

    async def find(self, _channel_id: int, incident_id: int, _since: datetime) -> int | None:
        return next((id_ for id_, each in self.shown.items() if each.incident_id == incident_id), None)

    async def edit(self, _channel_id: int, message_id: int, alert: Alert) -> None:
        self._fail(self.fails)
        self.edits += 1
        self.shown[message_id] = alert

    async def call(self, nudge: Nudge, role_id: int, _nonce: str) -> int:
        assert role_id == ROLE
        self._fail(self.fails)
        self.calls.append((nudge.place_id, tuple(nudge.message_ids)))
        self._fail(self.cut)
        return 8_000 + len(self.calls)

    async def find_call(self, nudge: Nudge) -> int | None:
        wanted = (nudge.place_id, tuple(nudge.message_ids))
        return 8_001 + self.calls.index(wanted) if wanted in self.calls else None

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.shown.values()]

    def _fail(self, script: list[ToolError]) -> None:
        if script:
            raise script.pop(0)


def a_layout() -> Layout:
    """Three channels that everybody reads, and a role of helpers."""
    places = [Place(each, GUILD, PlaceKind.TEXT) for each in (GENERAL, HELP, STAFF)]
    return Layout(places, GuildRoles(GUILD, 1, {GUILD: Role(READ), ROLE: Role(0)}))


@dataclass
class Town:
    """Everything that alerts need, in a guild whose three channels everybody reads."""

    database: Database
    clock: FakeClock
    guilds: GuildService
    settings: AlertSettingsService
    collecting: Collecting
    meaning: Meaning
    unanswered: Unanswered
    layout: Layout = field(default_factory=a_layout)
    desk: Desk = field(default_factory=Desk)
    said: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin anew, as after a restart."""
        self.watch = IncidentWatch(
            self.database,
            self.clock,
            guilds=self.guilds,
            settings=self.settings,
            collecting=self.collecting,
            meaning=self.meaning,
            desk=self.desk,
        )
        self.nudging = Nudging(
            self.database,
            self.clock,
            guilds=self.guilds,
            settings=self.settings,
            unanswered=self.unanswered,
            desk=self.desk,
        )

    async def say(self, *texts: str, **values: Any) -> list[int]:
        """Have as many members write, a second after each other; return the messages' ids."""
        rows = []
        intent = values.pop("intent", Intent.PROBLEM_REPORT)
        place_id = values.pop("place_id", GENERAL)
        for text in texts:
            self.said += 1
            self.clock.advance(1)
            known: dict[str, Any] = {
                "message_id": snowflake_at(self.clock.now()) + self.said,
                "author_id": MEMBER + self.said,
                "guild_id": GUILD,
                "content": text,
                "intent": intent,
                "purpose": "support",
                "created_at": self.clock.now(),
            }
            rows.append(signal_row(place_id=place_id, **known | values))
        async with self.database.transaction() as tx:
            await tx.signals.add_batch(rows)
        return [row["message_id"] for row in rows]

    async def erase(self, message_id: int, place_id: int = GENERAL) -> None:
        """Delete a message, as the bot does when Discord says so."""
        names = ("id", "source", "guild_id", "channel_id", "thread_id", "place_id", "message_id")
        row = signal_row(message_id=message_id, guild_id=GUILD, place_id=place_id)
        now = self.clock.now()
        gone = {name: row[name] for name in names} | {"created_at": now, "ingested_at": now}
        async with self.database.transaction() as tx:
            await tx.signals.erase_batch([gone], now)


async def a_town(database: Database, clock: FakeClock) -> Town:
    guilds = GuildService(database, clock, OrchestratorSettings())
    await see(database, GENERAL, HELP, STAFF)
    await guilds.load()
    await guilds.set_staff_channel(GUILD, STAFF)
    audience, settings = AudienceService(), AlertSettingsService(database, clock)
    collecting = Collecting(database, guilds, audience)
    unanswered = Unanswered(database, clock, settings, collecting)
    town = Town(database, clock, guilds, settings, collecting, Meaning(None), unanswered)
    audience.read_from(town.layout)
    return town
