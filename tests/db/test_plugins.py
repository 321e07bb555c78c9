from bot.db.database import Database
from tests.db.support import GUILD, MEMBER, NOW, later, plugin_value, see_guild


async def test_values_are_replaced_counted_listed_and_deleted(database: Database) -> None:
    await see_guild(database)
    async with database.transaction() as tx:
        await tx.plugins.put(plugin_value("a/1", value={"x": 1}))
        await tx.plugins.put(plugin_value("a/1", value=[2], changed_at=later(1)))
        await tx.plugins.put(plugin_value("a/1", 0, value=None))
        await tx.plugins.put(plugin_value("a%", 0))
        assert await tx.plugins.add(plugin_value("b"))
        assert not await tx.plugins.add(plugin_value("b", value=9))
        await tx.plugins.put(plugin_value("b", plugin="other"))
    async with database.reading() as tx:
        row = await tx.plugins.value("karma", GUILD, MEMBER, "a/1")
        assert row is not None
        assert (row.value, row.changed_at) == ([2], later(1))
        assert await tx.plugins.count("karma", GUILD) == 4
        listed = await tx.plugins.values("karma", GUILD, None, "a", 10)
        assert [(each.user_id, each.key) for each in listed] == [(0, "a%"), (0, "a/1"), (MEMBER, "a/1")]
        assert [each.key for each in await tx.plugins.values("karma", GUILD, None, "a%", 10)] == ["a%"]
        assert len(await tx.plugins.values("karma", GUILD, MEMBER, "", 1)) == 1
    async with database.transaction() as tx:
        assert await tx.plugins.forget("karma", GUILD, MEMBER, "b")
        assert not await tx.plugins.forget("karma", GUILD, MEMBER, "b")


async def test_states_and_guilds_change_in_part(database: Database) -> None:
    await see_guild(database)
    async with database.transaction() as tx:
        await tx.plugins.set_state("karma", is_off=True)
        await tx.plugins.set_state("karma", suspended_at=NOW, why="late")
        await tx.plugins.set_guild("karma", GUILD, is_on=True)
        await tx.plugins.set_guild("karma", GUILD, config={"a": 1})
    async with database.reading() as tx:
        [state] = await tx.plugins.states()
        assert (state.is_off, state.suspended_at, state.why) == (True, NOW, "late")
        [guild] = await tx.plugins.guilds()
        assert (guild.is_on, guild.config) == (True, {"a": 1})


async def test_what_plugins_keep_goes_with_the_guild(database: Database) -> None:
    await see_guild(database)
    async with database.transaction() as tx:
        await tx.plugins.set_guild("karma", GUILD, is_on=True)
        await tx.plugins.put(plugin_value())
        await tx.guilds.change(GUILD, {"left_at": NOW})
        assert await tx.guilds.delete_left(GUILD, later(60))
        assert not await tx.plugins.guilds()
        assert await tx.plugins.count("karma", GUILD) == 0
