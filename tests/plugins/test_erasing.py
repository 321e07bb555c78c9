"""A plugin that can't delete a member's data now does it later, and nobody's id lies around until then."""

from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api.testing import GUILD, MEMBER, Trial
from bot.services.plugins import erasing
from bot.services.plugins.erasing import SCOPE
from bot.services.privacy.records import MemberKey
from tests.plugins.support import HEADER, Run, command, write_plugin

DELETES = """
async def delete_user_data(ctx, guild_id, user_id):
    if await ctx.store.get(GUILD, 'broken'):
        await ctx.store.put(GUILD, 'tries', 1 + (await ctx.store.get(GUILD, 'tries') or 0))
        raise KeyError
    await ctx.store.put(GUILD, f'deleted {guild_id}', user_id)
""".replace("GUILD", str(GUILD))
KEEPS = {"top": DELETES, "statement": "Keeps."}
DAY = 86_400.0


async def waiting(trial: Trial) -> list[Any]:
    async with trial.service.registry.database.reading() as tx:
        return list(await tx.kv.list_of(SCOPE, 100))


async def kept(trial: Trial) -> dict[str, Any]:
    return {key: value for _, key, value in await trial.kept()}


async def put(trial: Trial, key: str, value: Any, user_id: int = 0) -> None:
    await trial.service.registry.keeping.put("karma", GUILD, user_id, key, value)


async def test_one_that_is_off_deletes_when_it_runs_again(run: Run) -> None:
    async with run("", "storage", **KEEPS) as trial:
        await put(trial, "said", "something", MEMBER)
        await trial.service.registry.switch_off("karma", off=True)
        await trial.service.erasing.erase(GUILD, MEMBER)
        await trial.service.erasing.erase(GUILD, MEMBER)
        await trial.later(DAY)
        assert await kept(trial) == {}
        [noted] = await waiting(trial)
        assert str(MEMBER) not in f"{noted.key} {noted.value}"
        assert trial.service.troubles() == ["karma has still to delete data of 1 member(s)"]
        await trial.service.registry.switch_off("karma", off=False)
        await trial.later(60)
        assert await kept(trial) == {f"deleted {GUILD}": MEMBER}
        assert await waiting(trial) == []
        await trial.later(60)
        assert trial.service.troubles() == []


async def test_one_that_is_suspended_deletes_after_its_reload(run: Run) -> None:
    async with run("", "storage", **KEEPS) as trial:
        entry = trial.service.registry.entries["karma"]
        assert entry.host is not None
        host, entry.host, entry.is_suspended = entry.host, None, True
        await trial.service.erasing.erase(None, MEMBER)
        assert len(await waiting(trial)) == 1
        entry.host = host
        await trial.service.reload("karma")
        await trial.later(60)
        assert await kept(trial) == {"deleted None": MEMBER}
        assert await waiting(trial) == []


async def test_one_that_fails_is_asked_ever_more_seldom_and_the_owner_is_told(run: Run) -> None:
    told: list[str] = []

    async def tell(text: str, _subject: str) -> None:
        told.append(text)

    async with run("", "storage", **KEEPS) as trial:
        trial.service.registry.notices.tell = tell
        await put(trial, "broken", 1)
        await trial.service.erasing.erase(GUILD, MEMBER)
        assert (await kept(trial))["tries"] == 1
        await trial.later(59)
        assert (await kept(trial))["tries"] == 1
        await trial.later(1)
        assert (await kept(trial))["tries"] == 2
        assert told == []
        await trial.later(119)
        assert (await kept(trial))["tries"] == 2
        await trial.later(1)
        await trial.service.registry.notices.send()
        assert (await kept(trial))["tries"] == 3
        assert len(told) == 1
        assert "data of 1 member(s)" in told[0]
        assert str(MEMBER) not in told[0]
        await trial.service.registry.keeping.forget("karma", GUILD, 0, "broken")
        await trial.later(240)
        assert (await kept(trial))[f"deleted {GUILD}"] == MEMBER
        assert await waiting(trial) == []


async def test_of_one_that_never_runs_the_owner_is_told_after_a_week(run: Run) -> None:
    async with run("", "storage", **KEEPS) as trial:
        await trial.service.registry.switch_off("karma", off=True)
        await trial.service.erasing.erase(GUILD, MEMBER)
        notices = trial.service.registry.notices
        await trial.later(7 * DAY - 1)
        assert not notices._pending
        await trial.later(2)
        assert ["and doesn't run" in each for each in notices._pending.values()] == [True]


async def test_one_that_was_removed_owes_nothing_after_a_while(run: Run) -> None:
    async with run("", "storage", **KEEPS) as trial:
        await trial.service.registry.switch_off("karma", off=True)
        await trial.service.erasing.erase(GUILD, MEMBER)
        del trial.service.registry.entries["karma"]
        await trial.later(30 * DAY - 1)
        assert len(await waiting(trial)) == 1
        await trial.later(2)
        assert await waiting(trial) == []


async def test_what_waits_is_bounded_and_the_oldest_goes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "MOST", 2)
    async with run("", "storage", **KEEPS) as trial:
        await trial.service.registry.switch_off("karma", off=True)
        for member in range(3):
            await trial.service.erasing.erase(GUILD, MEMBER + member)
            trial.clock.forward(1)
        key = trial.service.erasing.key
        left = {key.open(row.value["member"]) for row in await waiting(trial)}
        assert left == {MEMBER + 1, MEMBER + 2}


async def test_members_whose_deletion_fails_keep_none_of_the_others(run: Run) -> None:
    top = DELETES.replace("if await ctx.store.get", "if user_id < 5 and await ctx.store.get")
    async with run("", "storage", top=top, statement="Keeps.") as trial:
        await put(trial, "broken", 1)
        await trial.service.registry.switch_off("karma", off=True)
        for member in range(1, 8):
            await trial.service.erasing.erase(None, member)
        await trial.service.registry.switch_off("karma", off=False)
        for _ in range(4):
            await trial.later(600)
        key = trial.service.erasing.key
        assert {key.open(row.value["member"]) for row in await waiting(trial)} == {1, 2, 3, 4}


async def test_who_keeps_nothing_owes_nothing(run: Run, tmp_path: Path) -> None:
    async with run("", "storage") as trial:
        write_plugin(tmp_path, "zebra", f"{HEADER}async def setup(ctx):\n    pass\n")
        trial.service.registry.find_new()
        await trial.service.registry.switch_off("karma", off=True)
        await trial.service.erasing.erase(GUILD, MEMBER)
        await trial.service.erasing.erase(GUILD + 1, MEMBER)
        assert await waiting(trial) == []


async def test_nothing_is_kept_of_who_opted_out(run: Run) -> None:
    body = command(
        "await ctx.store.take_turn(call.guild_id, 'do', user_id=call.user_id, times=5, seconds=60)"
    )
    async with run(body, "storage", "commands.add", **KEEPS) as trial:
        registry = trial.service.registry
        registry.keeping.opted_out = registry.files.opted_out = lambda _guild, user_id: user_id == MEMBER
        with pytest.raises(UserFacingError, match="opted out of being stored"):
            await trial.command("do")
        for keeps in (registry.keeping.put, registry.keeping.add):
            with pytest.raises(UserFacingError, match="opted out"):
                await keeps("karma", GUILD, MEMBER, "k", 1)
            await keeps("karma", GUILD, MEMBER + 1, "k", 1)
            await keeps("karma", GUILD, 0, "k", 1)
        with pytest.raises(UserFacingError, match="opted out"):
            await registry.files.put("karma", GUILD, MEMBER, "a.txt", b"x")
        assert {user for user, _, _ in await trial.kept()} == {0, MEMBER + 1}
        assert trial.failures == 0


def test_a_sealed_id_is_read_by_this_installation_alone() -> None:
    key = MemberKey(b"k" * 32)
    one, other = key.seal(MEMBER), key.seal(MEMBER)
    assert one != other
    assert key.open(one) == key.open(other) == MEMBER
    with pytest.raises(ValueError, match="another key"):
        MemberKey(b"x" * 32).open(one)
