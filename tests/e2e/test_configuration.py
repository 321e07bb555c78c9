"""`/config` and `/channels` as owner, admins and members use them, and what they change at once."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.e2e.harness import Home, Running, a_home, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, Any] = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}

HELP = "how do I install the driver on my machine?"
CHANGES = "select key, old, new, by_id from setting_changes where guild_id = ? order by id"


async def config(who: Any, home: Home, name: str, **options: Any) -> str:
    """Run a subcommand; return all that was answered, which nobody else sees."""
    answer = await who.slash(f"config {name}", channel=home.chat, options=options)
    assert answer.ephemeral
    shown = [each for each in (answer.message, *answer.followups) if each is not None]
    return "\n".join(f"{each.content} {each.embeds}" for each in shown)


def let_all_see_commands(city: Sandbox, *homes: Home) -> None:
    """As an owner does under Integrations: who may use them is then for the bot alone to say."""
    for home in homes:
        rule = {"id": str(home.guild.id), "type": 1, "permission": True}
        city.app.command_permissions[home.guild.id, city.app.id] = [rule]


async def test_a_setting_is_set_shown_reset_and_its_history_told(town: Home, watchman: Running) -> None:
    told = await config(town.owner, town, "set", key="replies.confidence", value="1")
    assert "**Answers from confidence** is now 1.00." in told
    assert "**Answers from confidence:** 1.00" in await config(town.owner, town, "show")
    assert "Reminder: 24 h" in await config(town.owner, town, "show")
    topic = await config(town.owner, town, "show", topic="replies")
    assert "`replies.confidence`" in topic
    assert "How sure I must be" in topic
    message = await town.alice.say(HELP, town.help)
    story = await watchman.story(message)
    assert story["orchestrator"]["reason"] == "not confident enough"
    told = await config(town.owner, town, "reset", key="replies.confidence")
    assert "has its default again: 0.60" in told
    history = await config(town.owner, town, "history", key="replies.confidence")
    assert "**Replies · " in history
    assert "1.00 → default" in history
    assert "default → 1.00" in history
    assert f"<@{town.owner.id}>" in history
    by = [row[3] for row in watchman.rows(CHANGES, town.guild.id)]
    assert by == [town.owner.id] * 2


async def test_every_topic_is_shown_in_one_answer(town: Home, watchman: Running) -> None:
    shown = await config(town.owner, town, "show")
    for topic in ("This server", "Replies", "Tickets", "Daily summary", "Alerts", "Figures"):
        assert topic in shown


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("replies.confidense", "0.5", "Did you mean `replies.confidence`?"),
        ("replies.mode", "of", "Did you mean `off`?"),
        ("server.staff_channel", "hlp", "Did you mean `help`?"),
        ("tickets.max_open", "99", "The nearest is `50`"),
    ],
)
async def test_what_is_wrong_is_answered_with_the_nearest(
    town: Home, watchman: Running, key: str, value: str, told: str
) -> None:
    assert told in await config(town.owner, town, "set", key=key, value=value)
    assert watchman.rows(CHANGES, town.guild.id) == []


async def test_keys_and_values_are_suggested_to_managers_alone(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    let_all_see_commands(city, town)

    async def typed(who: Any, option: str, value: str, **options: Any) -> list[str]:
        found = await who.autocomplete("config set", option, value, channel=town.chat, options=options)
        return [each["value"] for each in found]

    known = ["replies.confidence", "replies.fitted_confidence"]
    assert [each for each in await typed(town.owner, "key", "confidence") if each in known] == known
    assert await typed(town.owner, "value", "hel", key="server.staff_channel") == [str(town.help.id)]
    assert await typed(town.owner, "value", "berl", key="server.timezone") == ["Europe/Berlin"]
    assert await typed(town.owner, "value", "", key="alerts.nudge") == ["on", "off"]
    assert await typed(town.alice, "key", "confidence") == []
    assert await typed(town.alice, "value", "hel", key="server.staff_channel") == []


async def test_a_forms_change_is_in_the_history_with_who_sent_it(town: Home, watchman: Running) -> None:
    message = (await town.owner.slash("setup", channel=town.chat, step="tickets")).message
    assert message is not None
    form = await town.owner.click(message, "Categories")
    await town.owner.submit(form, {"One a line": "Billing | Money"})
    await town.owner.slash("setsummary style", channel=town.chat, options={"style": "detailed"})
    await town.owner.slash("alerts unanswered", channel=town.chat, options={"hours": 8})
    await town.owner.slash("setmystats", channel=town.chat, options={"allowed": False})
    ignored = {"channel": town.help}
    await town.owner.slash("channels ignore", channel=town.chat, options=ignored)
    expected = [
        ("tickets.categories", town.owner.id),
        ("summaries.style", town.owner.id),
        ("alerts.unanswered_hours", town.owner.id),
        ("statistics.own", town.owner.id),
        (f"channels.{town.help.id}.watch", town.owner.id),
    ]

    def noted() -> list[tuple[Any, ...]]:
        return [(row[0], row[3]) for row in watchman.rows(CHANGES, town.guild.id)]

    await watchman.until("all of them", lambda: noted() == expected)
    history = await config(town.owner, town, "history")
    assert "Billing" in history
    assert f"<#{town.help.id}> watch: default → ignore" in history


async def test_a_long_history_has_pages(town: Home, watchman: Running) -> None:
    for number in range(12):
        await config(town.owner, town, "set", key="tickets.max_open", value=str(number + 5))
    answer = await town.owner.slash("config history", channel=town.chat, options={"key": "tickets.max_open"})
    page = answer.message or answer.followups[0]
    assert str(page.embeds).count("→") == 10
    older = await town.owner.click(page, "Older")
    assert older.message is not None
    assert str(older.message.embeds).count("→") == 2


async def test_the_admin_role_may_what_managers_may_but_not_say_who_is_admin(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    role = await city.role("Keepers", guild=town.guild)
    keeper = await town.person("keeper", roles=[role])
    let_all_see_commands(city, town)
    assert "Manage Server" in await config(keeper, town, "show")
    told = await config(town.owner, town, "set", key="server.admin_role", value="keepers")
    assert "Integrations" in told
    assert "Settings of this server" in await config(keeper, town, "show")
    assert "is now off" in await config(keeper, town, "set", key="replies.mode", value="off")
    told = await config(keeper, town, "set", key="server.admin_role", value="none")
    assert "Only who has the permission **Manage Server**" in told
    assert "Only who has" in await config(keeper, town, "reset", key="server.admin_role")
    message = (
        await keeper.slash("setup", channel=town.chat, step="tickets")
    ).message  # buttons and forms hold it, too
    assert message is not None
    form = await keeper.click(message, "Categories")
    await keeper.submit(form, {"One a line": "Billing"})
    names = "select count(*) from ticket_categories where guild_id = ?"
    await watchman.until("stored", lambda: watchman.rows(names, town.guild.id) == [(1,)])
    assert "Manage Server" in await config(town.alice, town, "show")


async def test_the_admin_role_of_one_server_is_nobody_in_another(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    other = await a_home(city, "Elsewhere")
    role = await city.role("Keepers", guild=town.guild)
    keeper = await city.member("wanderer", guild=town.guild, roles=[role])
    abroad = await city.member("wanderer", guild=other.guild)
    assert abroad.id == keeper.id
    let_all_see_commands(city, town, other)
    await config(town.owner, town, "set", key="server.admin_role", value="keepers")
    assert "Settings of this server" in await config(keeper, town, "show")
    assert "Manage Server" in await config(abroad, other, "show")


async def test_a_deleted_role_or_channel_leaves_the_settings(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    await config(town.owner, town, "set", key="server.staff_channel", value=f"<#{town.help.id}>")
    await town.help.delete()
    expected = ("server.staff_channel", f'"{town.help.id}"', None, None)
    await watchman.until("cleaned", lambda: expected in watchman.rows(CHANGES, town.guild.id))
    assert "Staff channel: nothing is escalated" in await config(town.owner, town, "show")


async def test_a_categorys_choice_holds_for_its_channels_without_their_own(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    category = await city.channel("games", type="category", guild=town.guild)
    inside = await city.channel("chess", guild=town.guild, parent=category)
    own = await city.channel("rules", guild=town.guild, parent=category)
    await town.owner.slash("channels ignore", channel=town.chat, options={"channel": category})
    await town.owner.slash("channels track", channel=town.chat, options={"channel": own})
    tip = {"channel": category, "text": "Read the rules of the club."}
    await town.owner.slash("channels tip", channel=town.chat, options=tip)
    ignored = await town.alice.say("hello there", inside)
    asked = await town.alice.say(HELP, own)
    reply = await city.wait_for_reply(to=asked)
    await fence(town, watchman)
    assert not await watchman.stored(ignored)
    assert "Read the rules of the club." in reply.content
    answer = await town.owner.slash("channels list", channel=town.chat)
    listed = str([each.embeds for each in (answer.message, *answer.followups) if each])
    assert "category **games**: ignored" in listed
