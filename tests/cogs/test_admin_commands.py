from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.core.client import Bot
from bot.core.places import DiscordPlaces
from bot.db.database import Database
from bot.domain.policy import GuildPolicy
from bot.domain.signal import Intent
from bot.models import AutoReply, Watch
from bot.services.audience import AudienceService
from bot.services.command_sync import CommandSyncService
from bot.services.configuration.service import Configuration
from bot.services.feedback import FeedbackService
from bot.services.guilds import GuildService
from bot.services.reasons import ReasonService
from bot.settings import OrchestratorSettings
from cogs.admin.audit import Audit
from cogs.admin.channels import Channels
from cogs.admin.config import Config
from cogs.admin.sync import CommandSync
from tests.conftest import Logged
from tests.db.support import NOW, signal_row
from tests.discord_payloads import (
    CHANNEL,
    GUILD,
    HIDDEN,
    READ,
    SEND,
    THREAD,
    channel,
    error,
    feed,
    guild,
    hidden,
    make_bot,
    role,
    thread,
)
from tests.fake_interaction import FakeInteraction, use
from tests.fakes import FakeClock

NO_MANAGER = discord.Permissions(send_messages=True)


@pytest.fixture
def guilds(database: Database, clock: FakeClock) -> GuildService:
    return GuildService(database, clock, OrchestratorSettings())


@pytest.fixture
async def places() -> discord.Guild:
    bot, _ = await make_bot()
    everyone = role(GUILD, READ | SEND | discord.Permissions(send_messages_in_threads=True).value)
    feed(bot, "GUILD_CREATE", guild(channel(), hidden(), threads=(thread(),), roles=[everyone]))
    found = bot.get_guild(GUILD)
    assert found is not None
    return found


def caller(guild_id: int = GUILD) -> FakeInteraction:
    return FakeInteraction(guild_id)


class TestConfig:
    @pytest.fixture
    def config(self, guilds: GuildService, database: Database) -> Config:
        return Config(guilds, Configuration(database))

    @pytest.mark.parametrize(
        ("name", "options", "said", "changed"),
        [
            ("autoreply", {"mode": AutoReply.OFF}, "Auto-replies are **off**.", {"auto_reply": False}),
            ("staff", {"channel": None}, "Escalations are off.", {}),
            ("timezone", {"zone": "Asia/Beirut"}, "is **Asia/Beirut**.", {"timezone": "Asia/Beirut"}),
            ("quiet", {"hours": None}, "There are no quiet hours.", {}),
            ("confidence", {"value": 0.75}, "confidence of **0.75**.", {"min_confidence": 0.75}),
            ("confidence", {"value": None}, "confidence of **0.60**.", {}),
            (
                "languages",
                {"languages": "German, fr"},
                "in **English, French, German**.",
                {"languages": frozenset({"de", "fr"})},
            ),
            ("languages", {"languages": "all"}, "in **every language**.", {"languages": frozenset({"all"})}),
            ("languages", {"languages": None}, "in **English**.", {}),
        ],
    )
    async def test_a_setting_is_made_and_told(
        self, config: Config, guilds: GuildService, name: str, options: Any, said: str, changed: Any
    ) -> None:
        assert said in (await use(config, name, caller(), **options)).text
        assert guilds.policy(GUILD) == GuildPolicy(**changed)

    async def test_staff_and_roles_are_named_by_their_mention(
        self, config: Config, guilds: GuildService, places: discord.Guild
    ) -> None:
        staff = await use(config, "staff", caller(), channel=places.get_channel(CHANNEL))
        assert staff.text == f"Escalations go to <#{CHANNEL}>. Everyone can read them there."
        role: Any = SimpleNamespace(id=7, mention="<@&7>")
        ignored = await use(config, "role", caller(), role=role, ignored=True)
        assert ignored.text == "I no longer answer members with <@&7>."
        assert ignored.sent[0]["allowed_mentions"].to_dict() == {"parse": []}
        assert guilds.policy(GUILD) == GuildPolicy(
            staff_channel_id=CHANNEL, suggest_channel_id=CHANNEL, ignored_role_ids=frozenset({7})
        )
        answered = await use(config, "role", caller(), role=role, ignored=False)
        assert answered.text == "I answer members with <@&7>."

    async def test_a_staff_channel_that_is_closed_to_the_bot_is_set_and_the_lack_told(
        self, config: Config, guilds: GuildService, places: discord.Guild
    ) -> None:
        staff = await use(config, "staff", caller(), channel=places.get_channel(HIDDEN))
        lack = "I still need **View Channel** and **Send Messages** there."
        assert staff.text == f"Escalations go to <#{HIDDEN}>. {lack}"
        assert guilds.policy(GUILD).staff_channel_id == HIDDEN

    @pytest.mark.parametrize(
        ("name", "options", "said"),
        [
            ("timezone", {"zone": "Mars"}, "I know no time zone 'Mars'"),
            ("quiet", {"hours": "at night"}, "Write quiet hours as"),
            ("confidence", {"value": 7.0}, "Confidence is a number from 0 to 1"),
            ("languages", {"languages": "de, Klingon"}, "I don't recognise the language 'klingon'"),
        ],
    )
    async def test_a_bad_value_is_refused_with_help(
        self, config: Config, guilds: GuildService, name: str, options: Any, said: str
    ) -> None:
        assert said in (await use(config, name, caller(), **options)).text
        assert guilds.policy(GUILD) == GuildPolicy()

    async def test_zones_are_suggested(self, config: Config) -> None:
        suggest = cast("Any", config)._zones
        choices = await suggest(caller(), "berl")
        assert [each.value for each in choices] == ["Europe/Berlin"]

    async def test_languages_are_suggested_one_after_the_other(self, config: Config) -> None:
        suggest = cast("Any", config)._languages
        choices = await suggest(caller(), "de, Fren")
        assert [(each.name, each.value) for each in choices] == [("de, French", "de, fr")]


class TestChannels:
    @pytest.fixture
    def channels(self, guilds: GuildService) -> Channels:
        return Channels(guilds)

    @pytest.mark.parametrize(
        "choice",
        [
            ("track", Watch.TRACK, "I now watch {}."),
            ("ignore", Watch.IGNORE, "I no longer read or answer in {}."),
            ("reset", Watch.DEFAULT, "I watch {} if everyone can read it."),
        ],
        ids=["track", "ignore", "reset"],
    )
    @pytest.mark.parametrize("place_id", [CHANNEL, THREAD])
    async def test_a_choice_is_made_and_told(
        self,
        channels: Channels,
        guilds: GuildService,
        places: discord.Guild,
        place_id: int,
        choice: tuple[str, Watch, str],
    ) -> None:
        name, watch, said = choice
        place = places.get_channel_or_thread(place_id)
        assert (await use(channels, name, caller(), channel=place)).text == said.format(f"<#{place_id}>")
        assert guilds.watch(place_id) is watch
        parents = {each.id: each.parent_id for each in await guilds.channels(GUILD)}
        assert parents == {place_id: CHANNEL if place_id == THREAD else None}

    async def test_what_it_lacks_in_a_channel_to_watch_is_told(
        self, channels: Channels, guilds: GuildService, places: discord.Guild
    ) -> None:
        told = (await use(channels, "track", caller(), channel=places.get_channel(HIDDEN))).text
        assert told.startswith(f"I now watch <#{HIDDEN}>. I still need **View Channel** and ")
        assert guilds.watch(HIDDEN) is Watch.TRACK

    async def test_a_thread_asks_for_the_permission_to_write_in_threads(
        self, channels: Channels, places: discord.Guild
    ) -> None:
        everyone = places.default_role
        everyone._permissions &= ~discord.Permissions(send_messages_in_threads=True).value
        thread_there = places.get_channel_or_thread(THREAD)
        told = (await use(channels, "track", caller(), channel=thread_there)).text
        assert told.endswith(" I still need **Send Messages In Threads** there.")

    async def test_list_shows_the_choices(self, channels: Channels, places: discord.Guild) -> None:
        await use(channels, "track", caller(), channel=places.get_channel(CHANNEL))
        asking = caller()
        asking.guild = places
        assert (await use(channels, "list", asking)).embed.description == f"<#{CHANNEL}>: watched"

    async def test_a_tip_is_set_and_removed(
        self, channels: Channels, guilds: GuildService, places: discord.Guild
    ) -> None:
        place = places.get_channel(CHANNEL)
        assert "show it from now on" in (await use(channels, "tip", caller(), channel=place, text="Up.")).text
        assert await guilds.tip(CHANNEL) == "Up."
        assert "no pointer" in (await use(channels, "tip", caller(), channel=place, text=None)).text
        assert await guilds.tip(CHANNEL) is None


class TestAudit:
    @pytest.fixture
    async def audit(self, database: Database, places: discord.Guild) -> Audit:
        async with database.transaction() as tx:
            row = signal_row(
                0, guild_id=GUILD, channel_id=CHANNEL, place_id=CHANNEL, intent="help_request",
                rationale="asks how",
            )  # fmt: skip
            await tx.guilds.see(GUILD, "Guild", NOW)
            await tx.signals.add_batch([row])
        audience = AudienceService()
        audience.read_from(DiscordPlaces(cast("Any", places)._state._get_client()))
        return Audit(ReasonService(database, audience), FeedbackService(database, FakeClock()))

    async def test_staff_correct_what_was_judged(self, audit: Audit, database: Database) -> None:
        message = str(signal_row(0)["message_id"])
        told = await use(audit, "correct", caller(), message=message, intent=Intent.PROBLEM_REPORT)
        assert told.text.startswith("Noted: it is **problem report**, and I took it for help request.")
        async with database.reading() as tx:
            [noted] = await tx.feedback.list_for(f"discord:{message}")
        assert (noted.user_id, noted.giver, noted.verdict) == (told.user.id, "staff", "wrong")
        assert (noted.intent, noted.correct_intent) == ("help_request", "problem_report")

    async def test_tells_the_story_of_a_message(self, audit: Audit) -> None:
        message = str(signal_row(0)["message_id"])
        shown = (await use(audit, "message", caller(), message=message)).embed
        assert shown.description == ">>> text 0"

    @pytest.mark.parametrize(
        ("guild_id", "message", "said"),
        [
            (5, str(signal_row(0)["message_id"]), "nothing "),
            (GUILD, "1" * 18, "nothing "),
            (GUILD, "that one", "Give a message link"),
        ],
        ids=["another guild's", "unknown", "no id"],
    )
    async def test_tells_nothing_of_others(
        self, audit: Audit, guild_id: int, message: str, said: str
    ) -> None:
        assert said in (await use(audit, "message", caller(guild_id), message=message)).text
        corrected = await use(audit, "correct", caller(guild_id), message=message, intent=Intent.OTHER)
        assert said in corrected.text


@pytest.mark.parametrize("kind", [Config, Channels, Audit])
async def test_every_command_is_for_managers_in_a_server(
    kind: Any, guilds: GuildService, database: Database
) -> None:
    feedback = FeedbackService(database, FakeClock())
    made: dict[Any, Any] = {
        Audit: lambda: Audit(ReasonService(database, AudienceService()), feedback),
        Config: lambda: Config(guilds, Configuration(database)),
        Channels: lambda: Channels(guilds),
    }
    cog = made[kind]()
    assert cog.__discord_app_commands_guild_only__
    assert cog.__discord_app_commands_default_permissions__ == discord.Permissions(manage_guild=True)
    for command in cog.walk_app_commands():
        for stranger in (FakeInteraction(GUILD, NO_MANAGER), FakeInteraction(None)):
            told = (await use(cog, command.name, stranger)).text
            assert told.startswith("You need the permission **Manage Server** or ")


class FakeTree:
    """A command tree that registers, or fails as told."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.synced = 0
        self.failure: Exception | None = None

    translator = None

    def get_commands(self) -> list[Any]:
        return [SimpleNamespace(to_dict=lambda _tree, name=name: {"name": name}) for name in self.names]

    async def sync(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.synced += 1


class TestSync:
    def cog(
        self, database: Database, tree: FakeTree, application_id: int | None = 9, *, closed: bool = False
    ) -> CommandSync:
        parts = {"tree": tree, "application_id": application_id, "is_closed": lambda: closed}
        bot = cast("Bot", SimpleNamespace(**parts))
        return CommandSync(bot, CommandSyncService(database))

    async def test_commands_are_registered_once(self, database: Database) -> None:
        tree = FakeTree("config")
        cog = self.cog(database, tree)
        await cog.on_ready()
        await cog.on_ready()  # after a reconnect
        await self.cog(database, tree).on_ready()  # after a restart
        assert tree.synced == 1

    async def test_changed_commands_are_registered_again(self, database: Database) -> None:
        await self.cog(database, FakeTree("config")).on_ready()
        changed = FakeTree("config", "channels")
        await self.cog(database, changed).on_ready()
        assert changed.synced == 1

    async def test_a_failure_is_tried_again_at_the_next_connection(
        self, database: Database, logged: Logged
    ) -> None:
        tree = FakeTree("config")
        tree.failure = error(500)
        cog = self.cog(database, tree)
        await cog.on_ready()
        assert logged.of("WARNING", "Could not register")
        tree.failure = None
        await cog.on_ready()
        assert tree.synced == 1

    async def test_a_bot_that_stops_meanwhile_leaves_it_to_the_next_start(self, database: Database) -> None:
        tree = FakeTree("config")
        tree.failure = RuntimeError("Session is closed")
        await self.cog(database, tree, closed=True).on_ready()
        with pytest.raises(RuntimeError):
            await self.cog(database, tree).on_ready()
        tree.failure = None
        await self.cog(database, tree).on_ready()
        assert tree.synced == 1

    async def test_before_the_login_there_is_nothing_to_register(self, database: Database) -> None:
        tree = FakeTree("config")
        await self.cog(database, tree, None).on_ready()
        assert tree.synced == 0
