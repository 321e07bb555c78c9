"""What calls of the plugin API raise."""

from bot.domain.errors import BotError, UserFacingError

__all__ = [
    "BotError",
    "DiscordError",
    "FetchError",
    "FullError",
    "GoneError",
    "LimitError",
    "NotAllowedError",
    "NotEnabledError",
    "OptionsError",
    "PermissionDeniedError",
    "UserFacingError",
]


class PermissionDeniedError(BotError):
    """A plugin used something its manifest doesn't ask for."""


class NotEnabledError(BotError):
    """A plugin acted in a server that has not switched it on."""


class OptionsError(BotError):
    """What whoever runs the bot has set for a plugin can't be that; the text says what to change."""


class LimitError(BotError):
    """A plugin posts too much or keeps too much; what it asked for was not done."""


class FullError(LimitError):
    """A server keeps as many values or files of a plugin as it may.

    Where a handler lets it pass, who called is told so and whoever runs the bot once; it is no failure.
    """


class DiscordError(BotError):
    """Discord didn't do it: gone, forbidden or out of reach; the text says which."""


class NotAllowedError(DiscordError):
    """The bot lacks a permission there; the text names it."""


class GoneError(DiscordError):
    """The message, place or member is no longer there."""


class FetchError(BotError):
    """An address was refused, or didn't answer as it should."""
