"""Opens the ticket desk before the show, by the bot's own commands, as owner and staff would."""

from bot.demo.errors import DemoError
from bot.demo.links import Json
from bot.demo.screen import Screen
from bot.demo.script import Desk
from bot.demo.stage import Stage


async def open_desk(stage: Stage, desk: Desk, screen: Screen) -> None:
    """Set tickets up, post their panel and teach the first answers.

    Raises:
        DemoError: the bot did not do it.
    """
    owner, staff_channel = stage.conversation.owner, stage.conversation.staff_channel
    role = stage.ready["ids"]["guilds"][stage.conversation.guild]["roles"][desk.role]
    setup = await stage.slash(owner.name, "setup", staff_channel, {"step": "tickets"})
    for select, chosen in (
        ("Forum for tickets", stage.places[desk.forum]),
        ("Staff role", role),
        ("Log channel for staff", stage.places[staff_channel]),
    ):
        await _choose(stage, int(setup["id"]), select, chosen)
    screen.message(owner.display, f"#{staff_channel}", f"/setup: tickets in #{desk.forum}, for {desk.role}")
    await stage.slash(owner.name, "ticket_panel", desk.panel, {})
    screen.message(owner.display, f"#{desk.panel}", "/ticket_panel")
    teacher = stage.conversation.display(desk.teacher)
    for question, answer in desk.lessons:
        options = {"question": question, "answer": answer}
        told = await stage.slash(desk.teacher, "train add", staff_channel, options)
        if not told["embeds"]:  # an entry is shown as one
            raise DemoError(f"/train add was answered with {told['content']!r}", stage.folder / "bot.log")
        screen.message(teacher, f"#{staff_channel}", f"/train add question: {question}")
    screen.say(desk.hint)


async def _choose(stage: Stage, message_id: int, select: str, chosen: int) -> None:
    """Choose in the answer to /setup, and wait until it shows that."""
    user = stage.conversation.owner.name
    await stage.control.call("choose", user=user, message=message_id, select=select, values=[chosen])

    async def shown() -> Json | None:
        message: Json = await stage.control.call("message", message=message_id)
        return message if str(chosen) in str(message["embeds"]) else None

    await stage.until(f"the choice in {select!r}", shown)
