"""The HTTP API: one module per topic, each a list of routes."""

from sandbox.rest import (
    channels,
    commands,
    executions,
    guilds,
    interactions,
    members,
    messages,
    pins,
    reactions,
    roles,
    threads,
    users,
    webhooks,
)
from sandbox.rest.routing import ROUTER

__all__ = [
    "ROUTER",
    "channels",
    "commands",
    "executions",
    "guilds",
    "interactions",
    "members",
    "messages",
    "pins",
    "reactions",
    "roles",
    "threads",
    "users",
    "webhooks",
]
