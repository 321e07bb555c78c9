"""Settings as people write them. Pure: text and names in, a value or the nearest right one out."""

import difflib
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from bot.domain.errors import UserFacingError
from bot.domain.languages import suggest_languages
from bot.domain.markdown import escape_markdown
from bot.services.configuration.settings import Kind, Named, Names, Setting
from bot.services.summaries.settings import DAYS, parse_days
from bot.services.zones import suggest_zones
from bot.texts import text

MOST = 25  # choices that Discord shows
LONGEST = 100  # characters of one
YES, NO = ("on", "yes", "true", "1"), ("off", "no", "false", "0")
NOTHING = ("none", "-", "nothing", "empty", "default")
_ID = re.compile(r"<(?:#|@&)(\d{1,20})>|(\d{15,20})")


def parse(setting: Setting, written: str, names: Names) -> Any:
    """Return the value that was written; what only its service can judge is handed on as text.

    Raises:
        UserFacingError: it is none; the text says what is, and the nearest.
    """
    plain = written.strip()
    if plain.casefold() in NOTHING and setting.kind not in (Kind.CHOICE, Kind.BOOL):
        if not setting.none:
            raise UserFacingError(text("config.needed", name=setting.name))
        return None
    read = _READ.get(setting.kind)
    return plain if read is None else read(setting, plain, names)


def suggest(setting: Setting, written: str, names: Names) -> list[tuple[str, str]]:
    """Return (name, value) of what somebody may be about to write, the likeliest first."""
    propose = _PROPOSE.get(setting.kind)
    found = [] if propose is None else propose(setting, written, names)
    if setting.kind in _LISTS:
        return found
    if setting.none and "none".startswith(written.strip().casefold()):
        found = [*found[: MOST - 1], (f"none: {setting.none}", "none")]
    return [(name[:LONGEST], value) for name, value in found if len(value) <= LONGEST][:MOST]


def nearest(written: str, known: Sequence[str]) -> str | None:
    """Return which of `known` was most likely meant, None where nothing comes near."""
    plain = {each.casefold(): each for each in known}
    wanted = written.strip().casefold()
    found = difflib.get_close_matches(wanted, list(plain), 1, 0.4)
    if found:
        return plain[found[0]]
    return next((each for key, each in plain.items() if wanted and wanted in key), None)


def _yes(plain: str) -> bool:
    if plain.casefold() in YES:
        return True
    if plain.casefold() in NO:
        return False
    raise UserFacingError(text("config.no_switch", value=_shown(plain)))


def _choice(plain: str, choices: Sequence[str]) -> str:
    for each in choices:
        if each.casefold() == plain.casefold():
            return each
    near = nearest(plain, choices)
    meant = text("config.did_you_mean", value=near) if near else ""
    listed = ", ".join(f"`{each}`" for each in choices)
    raise UserFacingError(text("config.no_choice", value=_shown(plain), choices=listed, meant=meant).strip())


def _number(setting: Setting, plain: str) -> float | int:
    whole = setting.kind is Kind.WHOLE
    try:
        value = int(plain) if whole else float(plain.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        kind = text("config.whole_number") if whole else text("config.number")
        raise UserFacingError(text("config.no_number", value=_shown(plain), kind=kind))
    if setting.bounds is not None:
        low, high = setting.bounds
        if not low <= value <= high:
            near = min(max(value, low), high)
            raise UserFacingError(
                text("config.out_of_bounds", name=setting.name, low=low, high=high, near=near)
            )
    return value


def _channel(setting: Setting, plain: str, names: Names) -> int:
    if setting.kind is Kind.CHANNELS:
        return _named(plain, names.channels, "channel")
    chosen = _named(plain, names.channels, "channel")
    wanted = setting.channel_types(names.guild_id)
    kind = next(each.type for each in names.channels if each.id == chosen)
    if kind not in wanted:
        raise UserFacingError(text("config.wrong_channel", channel=f"<#{chosen}>", kind=" or ".join(wanted)))
    return chosen


def _named(plain: str, known: Sequence[Named], kind: str) -> int:
    match = _ID.fullmatch(plain)
    if match is not None:
        wanted = int(match[1] or match[2])
        if any(each.id == wanted for each in known):
            return wanted
        is_role = kind == "role"
        raise UserFacingError(
            text("config.no_such_role_here") if is_role else text("config.no_such_channel_here")
        )
    name = plain.lstrip("#@").casefold()
    same = [each for each in known if each.name.casefold() == name]
    if len(same) == 1:
        return same[0].id
    if same:
        shown, is_role = _shown(plain), kind == "role"
        raise UserFacingError(
            text("config.many_roles", name=shown) if is_role else text("config.many_channels", name=shown)
        )
    near = nearest(name, [each.name for each in known])
    meant = text("config.did_you_mean", value=_shown(near)) if near else ""
    shown = _shown(plain)
    if kind == "role":
        raise UserFacingError(text("config.no_role", name=shown, meant=meant).strip())
    raise UserFacingError(text("config.no_channel", name=shown, meant=meant).strip())


def _usable(setting: Setting, names: Names) -> list[tuple[str, str]]:
    wanted = setting.channel_types(names.guild_id)
    return [(f"#{each.name}", str(each.id)) for each in names.channels if each.type in wanted]


def _real(names: Names) -> list[tuple[str, str]]:
    return [(f"@{each.name}", str(each.id)) for each in names.roles if each.id != names.guild_id]


def _completed(written: str, known: Sequence[str]) -> list[tuple[str, str]]:
    return _ranked(written, [(each, each) for each in known])


def _ranked(written: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    wanted = written.strip().casefold().lstrip("#@")
    found = [pair for pair in pairs if wanted in pair[0].casefold()]
    return sorted(found, key=lambda pair: not pair[0].casefold().lstrip("#@").startswith(wanted))


def _last_completed(written: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return choices that complete the last of a list; what was chosen before isn't offered again."""
    *before, last = written.split(",")
    begun = [each.strip() for each in before if each.strip()]
    left = [pair for pair in pairs if pair[1] not in begun and pair[0] not in begun]
    found = _ranked(last, left)
    joined = [(", ".join([*begun, name]), ", ".join([*begun, value])) for name, value in found]
    return [pair for pair in joined if len(pair[0]) <= LONGEST and len(pair[1]) <= LONGEST][:MOST]


def _parts(plain: str, between: str = r"[,;]") -> list[str]:
    return [each.strip() for each in re.split(between, plain) if each.strip()]


def _shown(plain: str | None) -> str:
    return escape_markdown((plain or "")[:60])


Pairs = list[tuple[str, str]]
_LISTS = (Kind.CHOICES, Kind.CHANNELS, Kind.ROLES)
_READ: dict[Kind, Callable[[Setting, str, Names], Any]] = {
    Kind.BOOL: lambda _setting, plain, _names: _yes(plain),
    Kind.CHOICE: lambda setting, plain, _names: _choice(plain, setting.choices),
    Kind.CHOICES: lambda setting, plain, _names: [_choice(each, setting.choices) for each in _parts(plain)],
    Kind.WHOLE: lambda setting, plain, _names: _number(setting, plain),
    Kind.SHARE: lambda setting, plain, _names: _number(setting, plain),
    Kind.DAYS: lambda _setting, plain, _names: parse_days(plain),
    Kind.LINES: lambda _setting, plain, _names: "\n".join(_parts(plain, r"[;\n]")),
    Kind.CHANNEL: _channel,
    Kind.CHANNELS: lambda setting, plain, names: [
        str(_channel(setting, each, names)) for each in _parts(plain)
    ],
    Kind.ROLE: lambda _setting, plain, names: _named(plain, names.roles, "role"),
    Kind.ROLES: lambda _setting, plain, names: {_named(each, names.roles, "role") for each in _parts(plain)},
}
_PROPOSE: dict[Kind, Callable[[Setting, str, Names], Pairs]] = {
    Kind.BOOL: lambda _setting, written, _names: _completed(written, ("on", "off")),
    Kind.CHOICE: lambda setting, written, _names: _completed(written, setting.choices),
    Kind.CHOICES: lambda setting, written, _names: _last_completed(
        written, [(each, each) for each in setting.choices]
    ),
    Kind.ZONE: lambda _setting, written, _names: [(zone, zone) for zone in suggest_zones(written)],
    Kind.LANGUAGES: lambda _setting, written, _names: suggest_languages(written),
    Kind.DAYS: lambda _setting, written, _names: _completed(written, ("daily", "Mon-Fri", "Sat-Sun", *DAYS)),
    Kind.TIME: lambda _setting, written, _names: _completed(written, [f"{hour:02}:00" for hour in range(24)]),
    Kind.CHANNEL: lambda setting, written, names: _ranked(written, _usable(setting, names)),
    Kind.CHANNELS: lambda _setting, written, names: _last_completed(
        written, [(f"#{each.name}", str(each.id)) for each in names.channels]
    ),
    Kind.ROLE: lambda _setting, written, names: _ranked(written, _real(names)),
    Kind.ROLES: lambda _setting, written, names: _last_completed(written, _real(names)),
}
