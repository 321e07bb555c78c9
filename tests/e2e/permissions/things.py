"""What can be called about: real tickets, answers, entries, faults and the like, of one server."""

import asyncio
import base64
import re
import sqlite3
from datetime import UTC, datetime
from typing import Any

from sandbox.handles import Channel, Member, Message
from tests.e2e.harness import Home, Running
from tests.e2e.permissions.table import CANARY
from tests.e2e.test_tickets import Desk

HELP = f"how do I install the {CANARY} driver on my machine?"
SPAMMERS = 5  # whose messages stand in one notice
SPAM = "Free Nitro for everyone! Claim your gift now: https://dlscord-gift.com/claim"
ENTRIES, FAULTS, SUGGESTED = 12, 9, 9  # more than a page of each
MAY = ("MANAGE_CHANNELS", "MANAGE_THREADS", "MANAGE_MESSAGES", "MODERATE_MEMBERS")
_INCIDENT = (
    "insert into incidents (guild_id, status, opened_at, last_at, channel_id, is_settled)"
    " values (?, 'open', ?, ?, ?, 0)"
)


async def some_things(desk: Desk, other: Home, member: Member) -> dict[str, Any]:
    """Make them; of tickets and answers three each, of which the second one is the member's."""
    home, discord = desk.home, desk.home.discord
    facts: dict[str, Any] = {
        "alice": home.alice.id,
        "kim": desk.kim.id,
        "help": home.help.id,
        "member": member.id,
        "guild": home.guild.id,
    }
    for each in (home.guild, other.guild):
        spare = await discord.channel("spare", guild=each)
        await discord.role("spare", guild=each)
        if each is other.guild:
            await discord.role("support", guild=each)
        if each is home.guild:
            facts |= {"spare": spare.id, "support": desk.role.id}
    for who, prefix in ((home.alice, ""), (member, "own_"), (desk.kim, "third_")):
        facts |= {f"{prefix}{name}": each for name, each in (await _a_ticket(desk, who)).items()}
    facts |= {"entry": await _entries(desk), "suggested": (found := await _suggestions(desk))[0]}
    facts |= {"suggested_too": found[1], "suggested_last": found[2]}
    await home.owner.slash("summary now", channel=home.chat, options={"public": True})
    made = "select id from summaries where guild_id = ?"
    [(facts["summary"],)] = await desk.bot.until("the summary", lambda: desk.bot.rows(made, home.guild.id))
    facts["incident"] = await asyncio.to_thread(_an_incident, desk.bot, home)
    return facts


async def _a_ticket(desk: Desk, who: Member) -> dict[str, Any]:
    home, bot = desk.home, desk.bot
    await desk.opened(who, f"My {CANARY} fails")
    message = await who.say(HELP, home.chat)
    reply = await home.discord.wait_for_reply(to=message)
    [*_, (ticket,)] = bot.rows("select id from tickets where guild_id = ? order by id", home.guild.id)
    [(question,)] = bot.rows("select id from questions where ticket_id = ?", ticket)
    return {"message": message.id, "reply": reply, "ticket": ticket, "question": question}


async def _entries(desk: Desk) -> int:
    """Teach more than a page; return the first entry."""
    lines = [f"Where is {CANARY} number {each} kept?,On shelf {each}.,birds" for each in range(ENTRIES)]
    table = "\n".join(["question,answer,category", *lines]).encode()
    file = {"filename": "entries.csv", "content_b64": base64.b64encode(table).decode()}
    answer = await desk.sam.slash("train import", channel=desk.home.chat, options={"file": file})
    report = answer.message or await answer.followup()
    await desk.sam.click(report, "Import now")
    query = "select min(id) from training_entries where guild_id = ? having count(*) = ?"
    [(first,)] = await desk.bot.until(
        "the entries", lambda: desk.bot.rows(query, desk.home.guild.id, ENTRIES)
    )
    return int(first)


async def _suggestions(desk: Desk) -> list[int]:
    """Have answers proposed to staff; return what they would answer."""
    home = desk.home
    await home.owner.slash("config staff", channel=home.chat, options={"channel": "spare"})
    await home.owner.slash("config autoreply", channel=home.chat, options={"mode": "suggest"})
    said: list[Message] = [
        await home.bob.say(HELP.replace("driver", f"driver {each}"), home.help) for each in range(SUGGESTED)
    ]
    for each in said:
        story = await desk.bot.story(each)
        assert story["orchestrator"]["status"] == "suggested", story["orchestrator"]
    return [each.id for each in said]


def _an_incident(bot: Running, home: Home) -> int:
    """Have a fault reported, as far as the database is told."""
    now = datetime.now(UTC).isoformat(" ").removesuffix("+00:00")
    with sqlite3.connect(bot.database, timeout=10) as connection:
        made = connection.execute(_INCIDENT, (home.guild.id, now, now, home.chat.id)).lastrowid
    connection.close()
    return int(made or 0)


def some_faults(people: Any) -> str:
    """Have more than a page of faults; return the reference of the last one."""
    errors, reference = people.client.services.errors, ""
    for each in range(FAULTS):
        try:
            raise RuntimeError(f"the {CANARY} broke")
        except RuntimeError as error:
            reference = errors.note(error, f"/part {each}", people.home.guild.id)
    return reference


async def some_spam(home: Home, bot: Running, staff: Channel) -> str:
    """Have messages held; return the notice that staff are shown of all of them."""
    options = {"plugin": "spam_guard", "key": "dry_run", "value": "no"}
    await home.owner.slash("plugins config", channel=home.chat, options=options)
    for each in range(SPAMMERS):
        await (await home.person(f"spammer{each}")).say(SPAM, home.chat)
    held = "select count(*) from plugin_values where plugin = 'spam_guard' and key like 'case/%'"
    await bot.until("the messages to be held", lambda: bot.rows(held) == [(SPAMMERS,)])

    def notice() -> str:
        shown = home.discord.core.world.channels[staff.id].messages.values()
        found = re.search(r"plugin:spam_guard:read:(\d+)", str([each.components for each in shown]))
        return found[1] if found else ""

    return str(await bot.until("the notice", notice))


async def a_picture(home: Home, bot: Running, member: Member) -> dict[str, Any]:
    """Have a member draw and post a picture; return its id, and the message."""
    await member.slash("generate-image", channel=home.chat, options={"prompt": "a lamp"})
    kept = "select key from plugin_values where plugin = 'image_generation' and key like 'picture/%'"
    [(key,)] = await bot.until("the picture", lambda: bot.rows(kept))
    shown = await member.slash("get-image", channel=home.chat)
    await member.click(shown.message or await shown.followup(), "Post here")
    channel = home.discord.core.world.channels[home.chat.id]
    picture = str(key).partition("/")[2]

    def posted() -> Any:
        there = channel.messages.values()
        return next((each for each in there if f"remove:{picture}" in str(each.components)), None)

    return {"picture": picture, "posted": await bot.until("the post", posted)}
