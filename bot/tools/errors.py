"""Discord's errors in the words of the tools' port."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, UnreachableError
from bot.texts import text

ARCHIVED, NO_DM, TOO_MANY = 50083, 50007, 429


def lacking(place: discord.abc.GuildChannel | discord.Thread, needed: tuple[str, ...]) -> str:
    """Return the permissions of `needed` that the bot has not in a place, in words; "" when it has all."""
    have = place.permissions_for(place.guild.me)
    missing = [name.replace("_", " ").title() for name in needed if not getattr(have, name)]
    return ", ".join(missing)


@contextmanager
def translated(
    place: discord.abc.GuildChannel | discord.Thread | None = None, needed: tuple[str, ...] = ()
) -> Iterator[None]:
    """Turn what discord.py raises into a `ToolError`; `needed` are the permissions that may be lacking.

    Raises:
        NotPermittedError: the bot may not.
        TargetGoneError: what it is about no longer exists.
        UnreachableError: Discord doesn't answer.
        RefusedError: Discord will never take it.
    """
    try:
        yield
    except discord.Forbidden as error:
        if error.code == NO_DM:
            raise NotPermittedError(text("tools.direct_closed")) from error
        missing = lacking(place, needed) if place is not None else ""
        raise NotPermittedError(missing or "View Channel") from error
    except discord.NotFound as error:
        raise TargetGoneError(f"gone: {error.text}"[:200]) from error
    except (discord.DiscordServerError, discord.RateLimited, aiohttp.ClientError, OSError) as error:
        raise UnreachableError(str(error) or type(error).__name__) from error
    except discord.HTTPException as error:
        if error.status == TOO_MANY:
            raise UnreachableError(str(error)) from error
        raise RefusedError(error.text[:200] or str(error)) from error
    except discord.InvalidData as error:
        raise TargetGoneError(text("tools.something_else")) from error
