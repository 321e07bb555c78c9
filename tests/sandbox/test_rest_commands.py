"""Application commands over HTTP: validated, localised, and who may use them."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.ops import OperationError
from tests.sandbox.raw import Http, Socket, code, ids

PING = {"name": "ping", "description": "Ping."}


def _option(name: str, **more: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "text", **more}


CHOICE = {"name": "x", "value": "x"}


def _with(*options: dict[str, Any]) -> dict[str, Any]:
    return PING | {"options": list(options)}


@pytest.mark.cites(
    "openapi create_application_command", "docs interactions/application-commands#application-command-object"
)
@pytest.mark.parametrize(
    ("form", "path"),
    [
        ({"name": "Ping", "description": "x"}, ["name"]),
        ({"name": "p" * 33, "description": "x"}, ["name"]),
        ({"name": "ping"}, ["description"]),
        ({"name": "ping", "description": "x" * 101}, ["description"]),
        (_with(_option("a"), _option("b", required=True)), ["options", "1"]),
        (_with(_option("a"), _option("a")), ["options", "1", "name"]),
        (_with(*(_option(f"o{n}") for n in range(26))), ["options"]),
        (_with(_option("a", choices=[{"name": "x"}])), ["options", "0", "choices", "0", "value"]),
        (_with(_option("a", autocomplete=True, choices=[CHOICE])), ["options", "0", "autocomplete"]),
        (_with({"type": 1, "name": "s", "description": "x"}, _option("a")), ["options", "1", "type"]),
        (_with(_option("a", type=99)), ["options", "0", "type"]),
        (PING | {"name_localizations": {"xx": "ping"}}, ["name_localizations"]),
        (_with(*(_option(f"o{n}", choices=[CHOICE | {"value": "v" * 100}] * 25) for n in range(5))), []),
    ],
)
async def test_wrong_commands_say_where(
    room: Sandbox, http: Http, form: dict[str, Any], path: list[str]
) -> None:
    reply = await http("POST", f"/applications/{room.application_id}/commands", form)
    assert code(reply) == (400, 50035)
    node = reply.json["errors"]
    for part in path:
        node = node[part]
    assert node["_errors"][0]["message"]
    assert await room.commands() == []


@pytest.mark.cites("openapi bulk_set_application_commands", "docs topics/opcodes-and-status-codes#json")
async def test_bulk_overwrite_changes_all_or_nothing(room: Sandbox, http: Http) -> None:
    path = f"/applications/{room.application_id}/commands"
    await http("PUT", path, [PING])
    assert code(await http("PUT", path, [PING, PING])) == (400, 50035)
    assert code(await http("PUT", path, [PING, {"name": "x"}])) == (400, 50035)
    many = [PING | {"name": f"c{n}"} for n in range(101)]
    assert code(await http("PUT", path, many)) == (400, 30032)
    assert [command["name"] for command in await room.commands()] == ["ping"]
    assert len((await http("PUT", path, many[:100])).json) == 100
    assert code(await http("POST", path, PING)) == (400, 30032)


@pytest.mark.cites("openapi list_application_commands", "openapi update_application_command")
async def test_localised_texts_are_kept_and_listed_on_request(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    path = f"/applications/{room.application_id}/commands"
    made = (await http("POST", path, PING | {"name_localizations": {"de": "klopfen"}})).json
    assert made["name_localizations"] == {"de": "klopfen"}
    assert "name_localizations" not in (await http("GET", path)).json[0]
    full = (await http("GET", f"{path}?with_localizations=true")).json[0]
    assert full["name_localizations"] == {"de": "klopfen"}
    edited = await http("PATCH", f"{path}/{made['id']}", {"description": "Knock."})
    assert (edited.json["description"], edited.json["name"]) == ("Knock.", "ping")
    await http("POST", path, PING | {"name": "other"})
    assert code(await http("PATCH", f"{path}/{made['id']}", {"name": "other"})) == (400, 50035)
    assert (await http("DELETE", f"{path}/{made['id']}")).status == 204
    assert code(await http("GET", f"{path}/{made['id']}")) == (404, 10063)
    conforms(room.record)


@pytest.mark.cites(
    "docs interactions/application-commands#permissions",
    "openapi get_guild_application_command_permissions",
    "openapi list_guild_application_command_permissions",
)
async def test_command_permissions_are_shown_told_and_obeyed(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    guild, channel = await ids(room)
    base = f"/applications/{room.application_id}/guilds/{guild}/commands"
    made = (await http("POST", f"/applications/{room.application_id}/commands", PING)).json
    alice, sam = await room.member("alice"), await room.member("sam", roles=[await room.role("staff")])
    quiet = await room.channel("quiet")
    assert code(await http("GET", f"{base}/{made['id']}/permissions")) == (404, 10066)
    rules = [
        {"target": "everyone", "allow": False},
        {"target": "staff", "allow": True},
        {"target": "quiet", "allow": False},
    ]
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        await room.call("set_command_permissions", command="ping", rules=rules)
        told = await socket.until("APPLICATION_COMMAND_PERMISSIONS_UPDATE")
    shown = (await http("GET", f"{base}/{made['id']}/permissions")).json
    assert shown == told == (await http("GET", f"{base}/permissions")).json[0]
    assert [rule["permission"] for rule in shown["permissions"]] == [False, True, False]
    await room.call("slash", user=sam.id, command="ping", channel=channel)
    with pytest.raises(OperationError, match="doesn't see"):
        await room.call("slash", user=alice.id, command="ping", channel=channel)
    with pytest.raises(OperationError, match="doesn't see"):
        await room.call("slash", user=sam.id, command="ping", channel=quiet.id)
    await room.call("set_command_permissions", command="ping", rules=[])
    await room.call("slash", user=alice.id, command="ping", channel=quiet.id)
    conforms(room.record)


@pytest.mark.cites(
    "docs interactions/application-commands#permissions",
    "docs topics/opcodes-and-status-codes#json",
    "openapi set_guild_application_command_permissions",
)
async def test_permissions_are_not_for_bots_to_set(room: Sandbox, http: Http) -> None:
    guild, _ = await ids(room)
    path = f"/applications/{room.application_id}/guilds/{guild}/commands/1/permissions"
    assert code(await http("PUT", path, {"permissions": []})) == (403, 20001)
    async with Http(room.api_url, None) as anyone:
        headers = {"Authorization": "Bearer something"}
        assert code(await anyone("PUT", path, {"permissions": []}, headers=headers)) == (401, 0)
