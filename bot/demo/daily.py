"""Has the owner set the daily summary up before the show, and staff post one of what was said after it."""

import re
from collections.abc import Collection, Iterable

from bot.demo.check import Verdict
from bot.demo.errors import DemoError
from bot.demo.links import Json
from bot.demo.player import Played
from bot.demo.screen import Screen
from bot.demo.script import Daily, Outcome
from bot.demo.stage import Stage

_LINK = re.compile(r"/channels/\d+/\d+/(\d+)\)")


async def set_up_daily(stage: Stage, daily: Daily, screen: Screen) -> None:
    """Have the summary posted in its channel every day.

    Raises:
        DemoError: the bot did not do it.
    """
    owner, staff_channel = stage.conversation.owner, stage.conversation.staff_channel
    options = {"channel": stage.places[daily.channel], "time": daily.time}
    told = await stage.slash(owner.name, "setsummary channel", staff_channel, options)
    if not told["embeds"]:  # the settings are shown as one
        raise DemoError(f"/setsummary was answered with {told['content']!r}", stage.folder / "bot.log")
    screen.message(
        owner.display,
        f"#{staff_channel}",
        f"/setsummary channel channel: #{daily.channel} time: {daily.time}",
    )
    screen.say(daily.hint)


async def post_summary(stage: Stage, daily: Daily, screen: Screen) -> Json:
    """Post what was said until now, with the real command, and return the message.

    Raises:
        DemoError: the bot did not do it.
    """
    owner = stage.conversation.owner
    begun = await stage.slash(owner.name, "summary now", daily.channel, {"public": True})

    async def shown() -> Json | None:
        message: Json = await stage.control.call("message", message=int(begun["id"]))
        return message if message["embeds"] else None

    posted = await stage.until("a summary", shown)
    screen.message(owner.display, f"#{daily.channel}", "/summary now public: True")
    screen.reply(f"#{daily.channel}", f"{posted['embeds'][0]['title']}: what was said, with links")
    return posted


def judge_summary(posted: Json, said: Iterable[Played], hidden: Collection[str]) -> list[Verdict]:
    """Return whether a summary rests on what was said and stands, and tells nothing of what is `hidden`."""
    text = str(posted["embeds"])
    known = {played.message_id for played in said if played.line.expected.outcome is not Outcome.UNSEEN}
    linked = {int(each) for each in _LINK.findall(text)}
    strange = sorted(linked - known)
    return [
        Verdict(
            f"the summary has links to {len(linked)} of the messages, and to nothing else",
            [f"{each} was not to be in it" for each in strange] or ([] if linked else ["it has none"]),
        ),
        Verdict(
            "the summary says nothing of the staff channel, of what was deleted, or of the secret",
            [f"it says {each!r}" for each in hidden if each in text],
        ),
    ]
