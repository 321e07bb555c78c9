"""Errors every layer may raise; the text of a `UserFacingError` is safe to show in Discord."""


class BotError(Exception):
    """Base class of every error this project raises on purpose."""


class StartupError(BotError):
    """The bot can't start; the text is one line for the owner that says the fix."""


class BackupError(BotError):
    """A backup can't be made, read or restored; the text is one line for the owner that says the fix."""


class UserFacingError(BotError):
    """An expected failure whose message is shown to the member as it is."""


class NotFoundError(UserFacingError):
    """Something the member named does not exist, or is not theirs to see."""
