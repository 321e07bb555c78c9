"""What a bare client should have heard is taken from what happened, not from what was sent."""

import pytest

from sandbox import Sandbox
from tests.e2e.fault_runs.bare import unlike


async def test_edits_deletions_and_threads_that_nobody_is_told_of_are_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Sandbox() as discord:
        await discord.guild("Home")
        channel = await discord.channel("help")
        alice = await discord.member("alice")
        monkeypatch.setattr(discord.core.hub, "emit", lambda *_, **__: None)
        mark = discord.record.last
        said = await alice.say("one", channel)
        await alice.edit(said, "two")
        await alice.start_thread(said, "talk")
        await alice.delete(said)
        (line,) = unlike(discord, mark, {})[:1]
    told = [("said", "one"), ("edited", "two"), ("edited", "two"), ("deleted", "")]
    missed = [(what, said.id, text) for what, text in told]
    assert line.startswith(f"in {channel.id}: {{'missed': {missed}"), line
