from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.core.checks import is_manager, is_support, managers_only, require_manager
from bot.core.errors import on_app_command_error
from bot.domain.errors import NotFoundError, UserFacingError
from bot.services.support_roles import SupportRoles
from tests.conftest import Logged
from tests.fake_interaction import FakeInteraction

MANAGER = discord.Permissions(manage_guild=True)
ADMINISTRATOR = discord.Permissions(administrator=True)
EVERYTHING_ELSE = discord.Permissions(
    discord.Permissions.all().value & ~(MANAGER.value | ADMINISTRATOR.value)
)


def caused_by(cause: Exception) -> app_commands.AppCommandError:
    error = app_commands.AppCommandError("failed")
    error.__cause__ = cause
    return error


async def told(error: app_commands.AppCommandError, interaction: FakeInteraction | None = None) -> str:
    interaction = interaction or FakeInteraction()
    await on_app_command_error(interaction, error)  # type: ignore[arg-type]
    return interaction.text


class TestErrors:
    @pytest.mark.parametrize("kind", [UserFacingError, NotFoundError])
    async def test_an_expected_one_is_told_as_it_is(self, kind: type[Exception], logged: Logged) -> None:
        assert await told(caused_by(kind("Write it otherwise."))) == "Write it otherwise."
        assert logged.of("ERROR") == []

    async def test_a_failed_check_says_so(self, logged: Logged) -> None:
        assert await told(app_commands.CheckFailure("secret reason")) == "You may not use this command here."
        assert logged.of("ERROR") == []

    @pytest.mark.parametrize(
        ("value", "named"), [(SimpleNamespace(mention="<#5>"), "<#5>"), ("general", "that")]
    )
    async def test_a_channel_we_do_not_see_is_named(self, value: object, named: str, logged: Logged) -> None:
        transformer: Any = SimpleNamespace(_error_display_name="channel")
        error = app_commands.TransformerError(value, discord.AppCommandOptionType.channel, transformer)
        assert await told(error) == f"I can't see {named} here. Let my role view it, then try again."
        assert logged.of("ERROR") == []

    async def test_a_bug_is_logged_with_a_reference_and_tells_nothing_else(self, logged: Logged) -> None:
        interaction = FakeInteraction()
        text = await told(caused_by(RuntimeError("password=hunter2")), interaction)
        assert text == "Something went wrong on my side. Reference: `3fa2b81c07`"
        assert interaction.noted == [("RuntimeError", "application command of a message", 1)]
        assert logged.of("ERROR", "interaction 99")

    async def test_what_a_stop_cuts_off_is_no_error_of_ours(self, logged: Logged) -> None:
        interaction = FakeInteraction()
        interaction.client = SimpleNamespace(is_closed=lambda: True)
        cut = caused_by(RuntimeError("Session is closed"))
        await on_app_command_error(interaction, cut)  # type: ignore[arg-type]
        assert interaction.sent == []
        assert logged.of("ERROR") == []
        assert logged.of("WARNING", "interaction 99")

    async def test_after_a_defer_the_answer_is_a_followup(self) -> None:
        interaction = FakeInteraction()
        await interaction.defer(ephemeral=True)
        assert await told(caused_by(UserFacingError("No.")), interaction) == "No."

    async def test_an_answer_that_comes_too_late_is_logged(self, logged: Logged) -> None:
        interaction = FakeInteraction(fails=404)
        await on_app_command_error(interaction, caused_by(UserFacingError("No.")))  # type: ignore[arg-type]
        assert logged.of("WARNING", "Could not answer interaction 99")


class TestManagers:
    @pytest.mark.parametrize(
        ("guild_id", "permissions", "may"),
        [
            (1, MANAGER, True),
            (1, ADMINISTRATOR, True),
            (1, EVERYTHING_ELSE, False),
            (1, discord.Permissions.none(), False),
            (None, MANAGER, False),
        ],
        ids=["manage server", "administrator", "all others", "none", "direct message"],
    )
    def test_only_they_may(self, guild_id: int | None, permissions: discord.Permissions, may: bool) -> None:
        caller = FakeInteraction(guild_id, permissions)
        assert is_manager(caller) is may  # type: ignore[arg-type]
        if may:
            require_manager(caller)  # type: ignore[arg-type]
        else:
            with pytest.raises(UserFacingError, match="Manage Server"):
                require_manager(caller)  # type: ignore[arg-type]

    async def test_others_are_told_why_a_command_refuses_them(self) -> None:
        @app_commands.command()
        @managers_only()
        async def probe(interaction: discord.Interaction) -> None:
            raise AssertionError("must not run")

        caller = FakeInteraction(permissions=EVERYTHING_ELSE)
        with pytest.raises(app_commands.AppCommandError) as caught:
            await probe._check_can_run(caller)  # type: ignore[arg-type]
        told_why = "You need the permission **Manage Server** or this server's admin role for this."
        assert await told(caught.value, caller) == told_why


class TestSupport:
    @pytest.mark.parametrize(
        ("guild_id", "permissions", "may"),
        [
            (1, MANAGER, True),
            (1, ADMINISTRATOR, True),
            (1, EVERYTHING_ELSE, False),
            (None, MANAGER, False),
        ],
        ids=["manage server", "administrator", "all others", "direct message"],
    )
    def test_managers_may_without_the_role(
        self, guild_id: int | None, permissions: discord.Permissions, may: bool
    ) -> None:
        assert is_support(FakeInteraction(guild_id, permissions)) is may  # type: ignore[arg-type]

    def test_the_role_is_forgotten_when_it_is_no_longer_chosen(self) -> None:
        roles = SupportRoles()
        roles.choose(1, 5)
        roles.choose(2, 6)
        assert (roles.staff_role_id(1), roles.staff_role_id(2), roles.staff_role_id(3)) == (5, 6, None)
        roles.choose(1, None)
        roles.choose(3, None)
        assert (roles.staff_role_id(1), roles.staff_role_id(2)) == (None, 6)
