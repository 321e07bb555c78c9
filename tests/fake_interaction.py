"""An interaction that keeps Discord's rules, and calls commands as a member would."""

from types import SimpleNamespace
from typing import Any

import discord
from discord import app_commands

MAX_EMBED, MAX_DESCRIPTION, MAX_TITLE, MAX_NAME, MAX_VALUE, MAX_FIELDS = 6_000, 4_096, 256, 256, 1_024, 25


def check_embed(embed: discord.Embed) -> None:
    """Refuse what Discord refuses: https://discord.com/developers/docs/resources/message#embed-object."""
    assert len(embed) <= MAX_EMBED, f"embed of {len(embed)} characters"
    assert len(embed.title or "") <= MAX_TITLE
    assert len(embed.description or "") <= MAX_DESCRIPTION, f"description of {len(embed.description or '')}"
    assert len(embed.fields) <= MAX_FIELDS
    for field in embed.fields:
        assert 1 <= len(field.name or "") <= MAX_NAME
        assert 1 <= len(field.value or "") <= MAX_VALUE, f"{field.name}: {len(field.value or '')} characters"


class FakeInteraction:
    """Records answers, and refuses what Discord would refuse."""

    def __init__(
        self, guild_id: int | None = 1, permissions: discord.Permissions | None = None, fails: int = 0
    ) -> None:
        self.id = 99
        self.noted: list[tuple[str, str, int | None]] = []  # faults: their kind, place and server
        self.client = SimpleNamespace(
            is_closed=lambda: False, services=SimpleNamespace(errors=SimpleNamespace(note=self._note))
        )
        self.type = discord.InteractionType.application_command
        self.guild_id = guild_id
        self.guild: Any = None
        self.user = SimpleNamespace(id=4_711, guild=SimpleNamespace(id=guild_id), roles=[])
        self.permissions = discord.Permissions(manage_guild=True) if permissions is None else permissions
        self.command: Any = None
        self.sent: list[dict[str, Any]] = []
        self.response = self.followup = self
        self._done = self._deferred_ephemeral = False
        self._fails = fails  # the HTTP status of every answer, 0 when they work

    @property
    def text(self) -> str:
        """The one text that was sent; it must be ephemeral."""
        [only] = self.sent
        assert only["ephemeral"]
        return str(only["content"])

    @property
    def embed(self) -> discord.Embed:
        """The one embed that was sent; it must be ephemeral."""
        [only] = self.sent
        assert only["ephemeral"]
        assert isinstance(only["embed"], discord.Embed)
        return only["embed"]

    def _note(self, error: Exception, place: str, guild_id: int | None) -> str:
        self.noted.append((type(error).__name__, place, guild_id))
        return "3fa2b81c07"

    def is_done(self) -> bool:
        return self._done

    async def send_message(self, content: str | None = None, **kwargs: Any) -> None:
        self._answer_once()
        self._send(content, {"ephemeral": False, **kwargs})

    async def defer(self, *, ephemeral: bool = False) -> None:
        self._answer_once()
        self._deferred_ephemeral = ephemeral

    async def send(self, content: str | None = None, **kwargs: Any) -> None:
        assert self._done, "a followup needs a response or a defer before it"
        self._send(content, {**kwargs, "ephemeral": self._deferred_ephemeral or kwargs.get("ephemeral")})

    def _send(self, content: str | None, kwargs: dict[str, Any]) -> None:
        if self._fails:
            response: Any = SimpleNamespace(status=self._fails, reason="")
            raise discord.HTTPException(response, "Unknown interaction")
        assert content is None or 1 <= len(content) <= 2_000
        if "embed" in kwargs:
            check_embed(kwargs["embed"])
        self.sent.append({"content": content, **kwargs})

    def _answer_once(self) -> None:
        if self._done:
            raise discord.InteractionResponded(self)  # type: ignore[arg-type]
        self._done = True


async def use(
    group: Any, name: str, interaction: FakeInteraction | None = None, **options: Any
) -> FakeInteraction:
    """Use a cog's command as discord.py runs it: its checks, then its callback, errors to the handler."""
    from bot.core.errors import on_app_command_error

    interaction = interaction or FakeInteraction()
    [command] = [each for each in group.walk_app_commands() if each.name == name]
    assert isinstance(command, app_commands.Command)
    made: Any = interaction
    try:
        if not await command._check_can_run(made):
            raise app_commands.CheckFailure
        await command._do_call(made, options)
    except app_commands.AppCommandError as error:
        await on_app_command_error(made, error)
    return interaction
