"""A Discord on the loopback: gateway, REST, faults, and a driver that plays the members.

It knows nothing of the bot under test and imports no Discord library, so any bot in any language can be
pointed at it. In tests: `async with Sandbox() as discord:`. Alone: `python -m sandbox`.
"""

from sandbox.driver import Sandbox

__all__ = ["Sandbox"]
