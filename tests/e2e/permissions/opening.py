"""Shows what isn't kept: parts of answers that one member sees, and forms that are sent once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sandbox.world import Message
from tests.e2e.permissions.callers import STRANGERS, People
from tests.e2e.permissions.calling import Told, filled, part_of, press, press_part, send, send_form, use
from tests.e2e.permissions.table import Row
from tests.e2e.permissions.walking import Use, walk

ASKER = "owner"  # whose answers the others get hold of
ROLES = {"admin", "staff"}  # who have their rights by a role that can be taken
Given = Mapping[str, Any]


async def opened(people: People, caller: str, how: Given) -> Told:
    """Return the answer that a caller is given: to a command, a button or a form."""
    given = {name: people.filled(each) for name, each in how.get("with", {}).items()}
    if "command" in how:
        return await use(people, caller, how["command"], given)
    if "button" in how:
        return await press(people, caller, people.filled(how["button"]))
    return await send(people, caller, people.filled(how["form"]), given)


def by_opening(found: Sequence[Row]) -> Iterable[tuple[Given, list[Row]]]:
    """Return rows by how what they are about is shown; those that follow each other share an answer."""
    for _, group in groupby(found, key=lambda each: (each.name, str(each.opens))):
        same = list(group)
        yield same[0].opens, same


async def shown_to(people: People, callers: Iterable[str], how: Given) -> dict[str, Message]:
    """Return each caller's own answer."""
    callers = list(callers)
    told = await asyncio.gather(*(opened(people, each, how) for each in callers))
    bare = [f"{caller}: {each.words}" for caller, each in zip(callers, told, strict=True) if not each.message]
    assert not bare, f"{how} shows nothing: {bare}"
    return {caller: each.message for caller, each in zip(callers, told, strict=True) if each.message}


async def walk_kept(people: People, found: Sequence[Row]) -> list[str]:
    """Walk rows about buttons that last, in answers of one's own: who has none presses the asker's."""
    wrong: list[str] = []
    for row in found:
        shown = await shown_to(people, row.who, row.opens)
        wrong += await walk(people, row, presses(people, row, shown))
    return wrong


def presses(people: People, row: Row, shown: Mapping[str, Message]) -> Use:
    """Return what presses a part: in one's own answer, or in the asker's for those who have none."""

    values = row.given.get("values")
    parts = {whose: part_of(people, whose, under, row.id, values) for whose, under in shown.items()}

    async def use_it(caller: str) -> Told:
        whose = caller if caller in shown else ASKER
        part, chosen = parts[whose]
        return await press_part(people, caller, shown[whose], part, chosen)

    return use_it


async def walk_views(people: People, found: Sequence[Row]) -> list[str]:
    """Walk rows about parts of answers: for who asked alone, and not once their role was taken."""
    wrong: list[str] = []
    for how, same in by_opening(found):
        allowed = [each for each in people.places if each in same[0].who]
        people.clock.after_cooldowns()
        shown = await shown_to(people, allowed, how)
        wrong += await _after_the_role(people, same[0], presses(people, same[0], shown))
        for row in same:
            theirs = {each: shown[ASKER] for each in allowed if each not in (ASKER, *STRANGERS)}
            others = [await presses(people, row, {ASKER: shown[ASKER]})(each) for each in theirs]
            wrong += [
                f"{row.title} works for {caller} in an answer to somebody else: {each.words!r}"
                for caller, each in zip(theirs, others, strict=True)
                if not each.is_refusal
            ]
            wrong += await walk(people, row, presses(people, row, shown))
    return wrong


async def _after_the_role(people: People, row: Row, use_it: Use) -> list[str]:
    """Return what still works for those whose role was taken since they asked."""
    wrong = []
    for caller in sorted(row.who & ROLES):
        async with people.without_roles(caller):
            told = await use_it(caller)
        if not told.is_refusal:
            wrong.append(f"{row.title} works for {caller} after their role was taken: {told.words!r}")
    return wrong


async def walk_forms(people: People, found: Sequence[Row]) -> list[str]:
    """Walk rows about forms that are sent once: each caller sends their own, or the asker's."""
    wrong: list[str] = []
    for how, same in by_opening(found):
        allowed = [each for each in people.places if each in same[0].who]
        people.clock.after_cooldowns()
        answers = "button" not in how  # else the form is shown at once
        shown = await shown_to(people, allowed, how) if answers else {}
        for row in same:

            async def use_it(caller: str, row: Row = row, shown: Mapping[str, Message] = shown) -> Told:
                whose = caller if caller in row.who else ASKER
                if shown:
                    told, under = await presses(people, row, shown)(whose), shown[whose]
                else:
                    told, under = await opened(people, whose, row.opens), people.board(caller)
                assert told.form is not None, f"{row.title} shows {whose} no form: {told.words}"
                written = filled(
                    people, whose, told.form, {k: people.filled(v) for k, v in row.given.items()}
                )
                return await send_form(people, caller, written, under)

            wrong += await walk(people, row, use_it)
    return wrong
