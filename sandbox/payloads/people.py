"""Users, members and roles as JSON."""

from typing import Any

from sandbox.ids import iso
from sandbox.world import Application, Member, Role, User

Json = dict[str, Any]


def user(account: User) -> Json:
    """Return a user object."""
    body: Json = {
        "id": str(account.id),
        "username": account.username,
        "avatar": account.avatar,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": account.global_name,
        "primary_guild": None,
    }
    if account.bot:
        body["bot"] = True
    return body


def own_user(account: User) -> Json:
    """Return the user object an account gets of itself."""
    return user(account) | {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}


def partial_member(member: Member) -> Json:
    """Return a member without its user, as messages carry it."""
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": iso(member.timeout_until) if member.timeout_until else None,
        "flags": 0,
        "joined_at": iso(member.joined_at),
        "nick": member.nick,
        "pending": False,
        "premium_since": None,
        "roles": [str(role) for role in member.roles],
        "mute": False,
        "deaf": False,
    }


def member(person: Member) -> Json:
    """Return a full guild member."""
    return partial_member(person) | {"user": user(person.user)}


def role(item: Role) -> Json:
    """Return a role object."""
    body: Json = {
        "id": str(item.id),
        "name": item.name,
        "description": None,
        "permissions": str(item.permissions),
        "position": item.position,
        "color": item.color,
        "colors": {"primary_color": item.color, "secondary_color": None, "tertiary_color": None},
        "hoist": item.hoist,
        "managed": item.managed,
        "mentionable": item.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if item.bot_id is not None:
        body["tags"] = {"bot_id": str(item.bot_id)}
    return body


def application(app: Application, guild_count: int) -> Json:
    """Return the application object its own bot sees."""
    return {
        "id": str(app.id),
        "name": app.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "verify_key": app.public_key,
        "flags": app.privileged,
        "flags_new": str(app.privileged),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(app.owner),
        "approximate_guild_count": guild_count,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "bot_public": True,
        "bot_require_code_grant": False,
        "bot": user(app.bot),
        "rpc_origins": [],
    }
