"""Operations of members who use an application: commands, autocomplete, buttons, selects, forms."""

from typing import Any

from sandbox.actions import interactions as act
from sandbox.actions import messages
from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.ops import commands, components
from sandbox.ops.registry import (
    OperationError,
    Ref,
    number,
    operation,
    the_app,
    the_channel,
    the_message,
    the_user,
)
from sandbox.ops.talking import described
from sandbox.permissions import P
from sandbox.world import Application, Channel, Interaction, Message, User


def _place(core: Core, user: Ref, channel: Ref, guild: Ref = None) -> tuple[Channel, User]:
    where, who = the_channel(core, channel, guild), the_user(core, user)
    if not may(core, where, who) & P.USE_APPLICATION_COMMANDS:
        raise OperationError(f"{who.username!r} may not use commands in {where.name!r}")
    return where, who


@operation
def slash(
    core: Core, user: Ref, command: str, channel: Ref, options: dict[str, Any] | None = None, app: Ref = None
) -> dict[str, Any]:
    """Run a slash command ("channels track") with options by name; return {interaction_id}."""
    place = _place(core, user, channel)
    owner, stored, path = commands.find(core, command, place[0], app)
    commands.check_allowed(core, owner, stored, place)
    data = commands.data_for(core, stored, path, place, options or {})
    return _started(act.start(core, owner, act.COMMAND, place, data))


@operation
def autocomplete(  # noqa: PLR0913 - one command
    core: Core,
    user: Ref,
    command: str,
    channel: Ref,
    *,
    focused: str,
    value: str = "",
    options: dict[str, Any] | None = None,
    app: Ref = None,
) -> dict[str, Any]:
    """Type `value` into a command's option `focused`; return {interaction_id}."""
    place = _place(core, user, channel)
    owner, stored, path = commands.find(core, command, place[0], app)
    commands.check_allowed(core, owner, stored, place)
    data = commands.data_for(core, stored, path, place, (options or {}) | {focused: value}, focused=focused)
    return _started(act.start(core, owner, act.AUTOCOMPLETE, place, data))


@operation
def menu(  # noqa: PLR0913 - a user and a message menu may share their name
    core: Core,
    user: Ref,
    command: str,
    target: Ref,
    channel: Ref = None,
    *,
    app: Ref = None,
    kind: int | None = None,
) -> dict[str, Any]:
    """Use a context menu command on a message or a user (`kind` 3 or 2); return {interaction_id}."""
    message = _target_message(core, target) if kind != commands.USER_MENU else None
    kinds = (commands.USER_MENU,) if message is None else (commands.MESSAGE_MENU,)
    place = _place(core, user, channel if message is None else message.channel_id)
    owner, stored, _ = commands.find(core, command, place[0], app, kinds)
    commands.check_allowed(core, owner, stored, place)
    target_id, resolved = _target(core, place[0], target, message)
    data: dict[str, Any] = {
        "id": stored["id"],
        "name": stored["name"],
        "type": stored["type"],
        "target_id": str(target_id),
        "resolved": resolved,
    }
    if "guild_id" in stored:
        data["guild_id"] = stored["guild_id"]
    return _started(act.start(core, owner, act.COMMAND, place, data))


def _target_message(core: Core, target: Ref) -> Message | None:
    """Return the message a menu is used on, None when its target is a user."""
    known = number(target)
    return None if known is None or known in core.world.users else the_message(core, target)


def _target(core: Core, where: Channel, target: Ref, message: Message | None) -> tuple[int, dict[str, Any]]:
    if message is not None:
        return message.id, {"messages": {str(message.id): messages.event_payload(core, message)}}
    user_id = the_user(core, target).id
    return user_id, commands.resolved_user(core, where, user_id)


@operation
def click(core: Core, user: Ref, message: Ref, label: str) -> dict[str, Any]:
    """Press the button of that label (or custom id); return {interaction_id}."""
    found = the_message(core, message)
    component = components.button(found.components, label)
    data = {"component_type": 2, "custom_id": component["custom_id"], "id": component["id"]}
    return _component(core, user, message, data)


@operation
def choose(core: Core, user: Ref, message: Ref, select: str, values: list[Any]) -> dict[str, Any]:
    """Choose values in the select of that placeholder or custom id; return {interaction_id}."""
    found = the_message(core, message)
    component = components.select(found.components, select)
    data: dict[str, Any] = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component["id"],
    }
    place = core.world.channel(found.channel_id), the_user(core, user)
    data |= components.chosen(core, component, place, values)
    return _component(core, user, message, data)


def _component(core: Core, user: Ref, message: Ref, data: dict[str, Any]) -> dict[str, Any]:
    found, who = the_message(core, message), the_user(core, user)
    if found.visible_to not in (None, who.id):
        raise OperationError("that message is not for this member's eyes")
    where = core.world.channel(found.channel_id)
    app = _app_of(core, found.application_id, found.author.id)
    return _started(act.start(core, app, act.COMPONENT, (where, who), data, found))


def _app_of(core: Core, application_id: int | None, author_id: int) -> Application:
    app = core.world.applications.get(application_id or 0) or core.world.bots.get(author_id)
    if app is None:
        raise OperationError("no application stands behind that message")
    return app


@operation
def submit(core: Core, user: Ref, interaction: Ref, values: dict[str, Any]) -> dict[str, Any]:
    """Fill in and submit the form an interaction was answered with; fields by label or custom id."""
    opened = _interaction(core, interaction)
    if opened.modal is None:
        raise OperationError("that interaction was not answered with a form")
    place = core.world.channel(opened.channel_id), the_user(core, user)
    form = components.filled(core, opened.modal["components"], place, values)
    data = {"custom_id": opened.modal["custom_id"], **form}
    app = core.world.applications[opened.application_id]
    return _started(act.start(core, app, act.MODAL, place, data, opened.message))


def _started(item: Interaction) -> dict[str, Any]:
    return {"interaction_id": item.id}


def _interaction(core: Core, interaction_id: Ref) -> Interaction:
    wanted = number(interaction_id)
    for item in core.world.interactions.values():
        if item.id == wanted:
            return item
    raise OperationError(f"there is no interaction {interaction_id}")


@operation
def interaction(core: Core, interaction: Ref) -> dict[str, Any]:
    """Return how far an interaction got: its answer's type, message, form, choices and followups."""
    item = _interaction(core, interaction)
    where = core.world.channel(item.channel_id)
    made = where.messages.get(item.original_id or 0)
    return {
        "id": item.id,
        "callback": item.callback,
        "ephemeral": item.ephemeral,
        "loading": item.loading,
        "message": described(core, made) if made else None,
        "modal": item.modal,
        "choices": item.choices,
        "followups": [described(core, where.messages[i]) for i in item.followups if i in where.messages],
    }


@operation
def application_of(core: Core, app: Ref = None) -> dict[str, Any]:
    """Return an application's id, bot and token."""
    found = the_app(core, app)
    return {"id": found.id, "name": found.name, "bot_id": found.bot.id, "token": found.token}
