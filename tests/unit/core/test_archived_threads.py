"""What is known of threads that discord.py has forgotten."""

import pytest

from bot.tools import archived_threads as module
from bot.tools.archived_threads import ArchivedThreads
from sandbox import Sandbox
from tests.conftest import Logged
from tests.sandbox.clients import Recorder
from tests.sandbox.conftest import logged_in


async def unreachable(_thread_id: int) -> None:
    raise ConnectionResetError


async def test_discord_is_asked_once_whether_an_archived_thread_is_private(
    logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sandbox(seed=1) as room:
        await room.guild("Home", bot_permissions=["administrator"])
        help_ = await room.channel("help")
        ada = await room.member("Ada")
        public = await ada.start_thread(None, "open", channel=help_)
        hidden = await ada.start_thread(None, "hidden", channel=help_, private=True)
        for each in (public, hidden):
            await each.edit(archived=True)
        known = ArchivedThreads()
        assert await known.is_private(public.id) is None
        async with logged_in(room, Recorder(), room.token) as client:
            known.client = client
            assert client.get_channel(public.id) is None
            for _ in range(2):
                assert await known.is_private(public.id) is False
                assert await known.is_private(hidden.id) is True
            assert await known.is_private(help_.id) is None
            assert await known.is_private(77) is None
            paths = [each["path"] for each in room.record.of("request") if each["method"] == "GET"]
            asked = [each for each in paths if "/channels/" in each]
            assert len(asked) == 4
            monkeypatch.setattr(module, "KEPT", 1)
            other = await ada.start_thread(None, "other", channel=help_)
            await other.edit(archived=True)
            assert await known.is_private(other.id) is False
            assert len(known._known) == 2
            monkeypatch.setattr(client, "fetch_channel", unreachable)
            assert await known.is_private(78) is None
    assert logged.of("WARNING", "thread 78: ConnectionResetError")
