"""Has every caller use something, and says where it didn't go as the table says.

Those go first for whom it must not work: nothing may be written, and strangers may read nothing of this
server. Then those of another server who may use it there: nothing of this server may be written. At last
those for whom it works here, and what the table says of it must be seen.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

from tests.e2e.facts import LOOK_EVERY
from tests.e2e.permissions.callers import STRANGERS, People
from tests.e2e.permissions.calling import Told
from tests.e2e.permissions.table import CANARY, Row

LONGEST = 200
AGAIN = 4  # tries until nothing is written beside
Use = Callable[[str], Awaitable[Told]]


async def walk(people: People, row: Row, use: Use) -> list[str]:
    """Return a line for each thing that is not as the row says; none when all is well."""
    refused = [each for each in people.places if each not in row.who]
    elsewhere = [each for each in people.places if each in row.who and each in STRANGERS]
    here = [each for each in people.places if each in row.who and each not in STRANGERS]
    await people.quiet()
    wrong: list[str] = []
    for callers, guild_id, whose in (
        (refused, None, "for those who may not"),
        (elsewhere, people.home.guild.id, "of a server that strangers aren't in"),
    ):
        mark = people.journal.mark()
        wrong += _unlike(row, callers, await _all(use, callers))
        written = people.journal.written(mark, guild_id)
        for _ in range(AGAIN):  # what was done before may go on; what these do is done each time
            if not written:
                break
            await asyncio.sleep(LOOK_EVERY)
            mark = people.journal.mark()
            await _all(use, callers)
            written &= people.journal.written(mark, guild_id)
        if written:
            wrong.append(f"{row.title} wrote {', '.join(sorted(written))} {whose}")
    mark, began = people.journal.mark(), people.discord.record.last
    told = await _all(use, here)
    wrong += _unlike(row, here, told)
    wrong += [each async for each in _unseen(people, row, told, (mark, began))]
    return wrong


async def _all(use: Use, callers: Sequence[str]) -> list[Told]:
    return await asyncio.gather(*(use(each) for each in callers))


def _unlike(row: Row, callers: Sequence[str], told: Sequence[Told]) -> Iterator[str]:
    for caller, each in zip(callers, told, strict=True):
        should, is_stranger = caller in row.who, caller in STRANGERS
        is_refusal = each.is_refusal or (is_stranger and each.is_unknown)
        if (each.is_failure and not is_refusal) or is_refusal == should:
            wanted = "work" if should else "be refused"
            yield f"{row.title} should {wanted} for {caller}: {each.words[:LONGEST] or 'no answer'!r}"
        elif is_stranger and CANARY in each.words.casefold():
            yield f"{row.title} tells {caller} of a server they aren't in: {each.words[:LONGEST]!r}"
        elif should and row.shows_form and each.form is None:
            yield f"{row.title} shows {caller} no form: {each.words[:LONGEST]!r}"


async def _unseen(
    people: People, row: Row, told: Sequence[Told], since: tuple[int, int]
) -> AsyncIterator[str]:
    """Yield what should have come of it and hasn't."""
    mark, began = since
    if row.tells and not any(people.filled(row.tells) in each.words for each in told):
        yield f"{row.title} tells nobody {row.tells!r}: {told[0].words[:LONGEST]!r}"

    def is_done() -> bool:
        return row.writes <= people.journal.written(mark) and (not row.posts or people.posted(began))

    try:
        await people.bot.until(row.title, is_done)
    except AssertionError:
        missing = row.writes - people.journal.written(mark)
        yield f"{row.title}: nothing came of it, {', '.join(sorted(missing)) or 'no post'} missing"
