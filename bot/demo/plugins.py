"""Has the owner switch the bundled plugins on after the show, and tries a visible part of each."""

from collections.abc import Awaitable, Callable
from typing import Final

from bot.demo.check import Verdict
from bot.demo.errors import DemoError
from bot.demo.links import Json
from bot.demo.screen import Screen
from bot.demo.stage import Stage

HELP: Final = "help"  # where traces are explained
TALK: Final = "general"
GUEST_TRIES: Final = (
    "All four plugins are on: /request-feature and /generate-image, a stack trace in #help, spam in #general"
    " (#staff is told what would be done). GitHub and the image service are stand-ins on this machine."
)
TRACE: Final = (
    "```\nTraceback (most recent call last):\n"
    '  File "/home/mira/lamp/main.py", line 12, in start\n    from flask import Flask\n'
    "ModuleNotFoundError: No module named 'flask'\n```"
)
SPAM: Final = "Free Nitro for everyone! Claim your gift now: https://dlscord-gift.com/claim"
WISH: Final = {
    "title": "Fade in with the sunrise",
    "want": "The lamp gets brighter for half an hour before I wake up.",
    "done": "It starts by itself",
}


async def switch_on(stage: Stage, screen: Screen) -> None:
    """Switch the plugins on and set what they need.

    Raises:
        DemoError: the bot did not do it.
    """
    owner, channel = stage.conversation.owner, stage.conversation.staff_channel
    repository = stage.ready["services"]["github"]["repository"]
    for plugin, key, value in (
        ("error_explainer", "channels", f"<#{stage.places[HELP]}>"),
        ("feature_requests", "repository", repository),
        ("image_generation", "", ""),
        ("spam_guard", "", ""),
    ):
        told = await stage.slash(owner.name, "plugins enable", channel, {"plugin": plugin})
        if " is on in this server" not in told["content"]:
            log = stage.folder / "bot.log"
            raise DemoError(f"/plugins enable {plugin} was answered with {told['content']!r}", log)
        if key:
            await stage.slash(
                owner.name, "plugins config", channel, {"plugin": plugin, "key": key, "value": value}
            )
    screen.message(owner.display, f"#{channel}", "/plugins enable, for each of the four that come along")
    screen.say(GUEST_TRIES)


async def try_each(stage: Stage) -> list[Verdict]:
    """Return whether members see what each plugin is for."""
    return [
        await _tried("a posted stack trace is explained", _explained(stage)),
        await _tried("spam is told to the staff, and left where it is: a dry run", _told_of_spam(stage)),
        await _tried("a feature request is drafted, sent, approved, and an issue", _requested(stage)),
        await _tried("a described picture is drawn, for who asked alone", _drawn(stage)),
    ]


async def _tried(text: str, trying: Awaitable[list[str]]) -> Verdict:
    try:
        return Verdict(text, await trying)
    except DemoError as error:
        return Verdict(text, [str(error)])


async def _explained(stage: Stage) -> list[str]:
    said = await stage.act("say", author="mira", channel=stage.places[HELP], content=TRACE)
    answer = await _posted(
        stage,
        HELP,
        "an explanation",
        lambda each: _replies_to(each, int(said["id"])) and bool(each["content"]),
    )
    return [] if "Likely cause" in answer["content"] else [f"it says {answer['content']!r}"]


async def _told_of_spam(stage: Stage) -> list[str]:
    said = await stage.act("say", author="otto", channel=stage.places[TALK], content=SPAM)
    staff = stage.conversation.staff_channel
    await _posted(stage, staff, "a notice about spam", lambda each: "would be held" in str(each["embeds"]))
    there = await stage.control.call("history", channel=stage.places[TALK])
    return [] if any(each["id"] == said["id"] for each in there) else ["it was taken down"]


async def _requested(stage: Stage) -> list[str]:
    guest, staff = "lea", stage.conversation.staff_channel
    asked = await stage.control.call(
        "slash", user=guest, command="request-feature", channel=stage.places[TALK], options={}
    )
    form = int(asked["interaction_id"])

    async def shown() -> Json | None:
        told: Json = await stage.control.call("interaction", interaction=form)
        return told if told["modal"] else None

    await stage.until("a form", shown)
    sent = await stage.control.call("submit", user=guest, interaction=form, values=WISH)
    draft = await stage.answer(int(sent["interaction_id"]), "a draft")
    pressed = await stage.control.call("click", user=guest, message=int(draft["id"]), label="Submit")
    await stage.answer(int(pressed["interaction_id"]), "thanks for the request")
    card = await _posted(stage, staff, "the request", _is_first_request)
    owner = stage.conversation.owner.name
    approved = await stage.control.call("click", user=owner, message=int(card["id"]), label="Approve")
    answer = await stage.answer(int(approved["interaction_id"]), "an approval")
    return [] if answer["content"].startswith("Approved: ") else [f"staff are told {answer['content']!r}"]


async def _drawn(stage: Stage) -> list[str]:
    asked = await stage.control.call(
        "slash", user="lea", command="generate-image", channel=stage.places[TALK],
        options={"prompt": "a lamp on a red table"},
    )  # fmt: skip
    interaction = int(asked["interaction_id"])

    async def drawn() -> Json | None:
        message: Json | None = (await stage.control.call("interaction", interaction=interaction))["message"]
        return message if message and message["attachments"] else None

    shown = await stage.until("a picture", drawn)
    others = await stage.control.call("sees", user="otto", channel=stage.places[TALK])
    return ["others see it"] if any(each["id"] == shown["id"] for each in others) else []


async def _posted(stage: Stage, place: str, what: str, wanted: Callable[[Json], bool]) -> Json:
    """Return the newest message of the bot in a place that is wanted, once it is there."""

    async def look() -> Json | None:
        found = await stage.control.call("history", channel=stage.places[place])
        own = [each for each in found if int(each["author"]["id"]) == stage.bot_id and wanted(each)]
        return own[-1] if own else None

    return await stage.until(what, look)


def _is_first_request(message: Json) -> bool:
    """Whether staff are shown the first request, in whosever words."""
    return any(str(each.get("title", "")).startswith("#1 ") for each in message["embeds"])


def _replies_to(message: Json, message_id: int) -> bool:
    reference = message.get("message_reference") or {}
    return str(reference.get("message_id")) == str(message_id)
