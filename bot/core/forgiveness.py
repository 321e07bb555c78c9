"""One odd gateway event must not cost the connection: discord.py ends it when an event lacks a field."""

from collections.abc import Callable
from typing import Any

import discord
from loguru import logger

NEEDED = frozenset(("READY", "RESUMED"))  # without them there is no session to go on with
Parser = Callable[[Any], None]


def forgive_odd_events(client: discord.Client) -> None:
    """Have events that can't be parsed logged and left out, so that the next ones are still read."""
    parsers: dict[str, Parser] = client._connection.parsers  # noqa: SLF001 - discord.py offers no other place
    for event, parse in parsers.items():
        if event not in NEEDED:
            parsers[event] = _forgiving(event, parse)


def _forgiving(event: str, parse: Parser) -> Parser:
    def parse_or_log(data: Any) -> None:
        try:
            parse(data)
        except Exception as error:  # noqa: BLE001 - whatever an odd event does
            logger.opt(exception=error).error("Left out a {} event that can't be read", event)

    return parse_or_log
