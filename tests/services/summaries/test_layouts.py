"""Nobody gets a word of what they can't read, on generated servers, with what was made for others at hand."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bot.db.database import Database
from bot.domain.audience import GuildRoles, Overwrite, Person, Place, Role
from bot.llm.types import Completion, Prompt
from tests.services.summaries.support import (
    Layout,
    Workshop,
    claim,
    said,
    see,
    seen,
    store,
    texts,
    topic,
    topics,
    workshop,
)
from tests.services.writing_bench import writer_over
from tests.unit.llm.chain_support import Bench, ScriptedProvider, Step
from tests.unit.test_audience import (
    ADA,
    ADMIN,
    BITS,
    BOT,
    EVERYTHING,
    GUILD,
    OWNER,
    PLAIN,
    PRIVATE,
    PUBLIC,
    TEXT,
    USERS,
    VOICE,
    everyone_reads,
    reads,
)

LAYOUTS = 200
NAMED = (OWNER, ADA)  # the third user stands for whoever is named nowhere
KINDS = (TEXT, TEXT, TEXT, VOICE, PUBLIC, PRIVATE)
IDS = tuple(range(201, 201 + len(KINDS)))
PARENT_OF = {205: 201, 206: 202}


class Teller(ScriptedProvider):
    """A model that tells all it is shown, word for word."""

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        shown = seen(prompt.messages[1].text)
        claims = [claim(each.text, each.number) for each in shown]
        told = topics(*(topic("All", *claims[at : at + 3]) for at in range(0, len(claims), 3)))
        self.then(Step(json.dumps(told)))
        return await super().complete(prompt, model=model, deadline=deadline)


class Dice:
    """Draws servers."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to make up servers

    def one_of(self, *each: Any) -> Any:
        return self._random.choice(each)

    def pair(self, each: Sequence[Any]) -> list[Any]:
        return self._random.sample(each, 2)

    def some(self, *each: Any) -> set[Any]:
        return {one for one in each if self._random.random() < 0.4}

    def bits(self) -> int:
        return int(self.one_of(EVERYTHING, 0, sum(self.some(*BITS))))

    def roles(self) -> GuildRoles:
        given = {role: Role(self.one_of(0, 0, self.bits()), role == BOT) for role in PLAIN}
        everyone = Role(self.one_of(EVERYTHING, EVERYTHING, self.bits()))
        return GuildRoles(GUILD, OWNER, {GUILD: everyone, **given, ADMIN: Role(8)})

    def places(self) -> list[Place]:
        made: dict[int, Place] = {}
        for id_, kind in zip(IDS, KINDS, strict=True):
            if id_ in PARENT_OF:
                joined = self.one_of(None, frozenset(self.some(*NAMED)))
                made[id_] = Place(id_, GUILD, kind, parent=made[PARENT_OF[id_]], member_ids=joined)
                continue
            targets = self.some(*PLAIN) | self.one_of({GUILD}, set())
            rules = {each: Overwrite(self.bits(), self.bits()) for each in targets}
            named = self.one_of(set(), set(), self.some(*NAMED))
            own = {each: Overwrite(self.bits(), self.bits()) for each in named}
            made[id_] = Place(id_, GUILD, kind, rules, own)
        return list(made.values())


def told(digest_texts: str) -> set[int]:
    """Return the places of which something is told."""
    return {id_ for id_ in IDS if f"of{id_}" in digest_texts}


async def opened(database: Database, bench: Bench) -> Workshop:
    shop = await workshop(database, bench.clock, writer_over(bench, Teller(bench.clock, "ollama")))
    await see(
        database, *IDS, guild_id=GUILD, **{f"t{thread}": parent for thread, parent in PARENT_OF.items()}
    )
    rows = []
    for at, id_ in enumerate(IDS):
        for number in (at, at + 20):
            row = said(
                number, f"word{number} of{id_}", id_, guild_id=GUILD, channel_id=PARENT_OF.get(id_, id_)
            )
            rows.append(row | {"thread_id": id_ if id_ in PARENT_OF else None})
    await store(database, *rows)
    return shop


async def test_nobody_gets_a_word_of_what_they_can_not_read(database: Database, bench: Bench) -> None:
    shop = await opened(database, bench)
    seldom: Counter[bool] = Counter()
    for number in range(LAYOUTS):
        dice = Dice(number)
        places, roles = dice.places(), dice.roles()
        shop.audience.read_from(Layout(places, roles))
        to = dice.one_of(*places)
        digest = await shop.make(guild_id=GUILD, destination=to.id)
        may = {each.id for each in places if everyone_reads(to, each, roles)}
        assert told(texts(digest)) == may, number
        assert {each.place_id for each in digest.sources.values()} == may
        assert digest.coverage.total == 2 * len(may)
        seldom.update(each.id in may for each in places)
        if number % 8:
            continue
        user, held = dice.one_of(*USERS), dice.some(*PLAIN)
        digest = await shop.make(guild_id=GUILD, destination=Person(user, GUILD, frozenset(held)))
        assert told(texts(digest)) == {
            each.id
            for each in places
            if reads(user, tuple(held), each, roles, user in (each.member_ids or ()), past=True)
        }, number
        both = tuple(Person(each, GUILD, frozenset(dice.some(*PLAIN))) for each in dice.pair(USERS))
        digest = await shop.make(guild_id=GUILD, destination=both)
        assert told(texts(digest)) == {
            each.id
            for each in places
            if all(
                reads(
                    who.user_id,
                    tuple(who.role_ids),
                    each,
                    roles,
                    who.user_id in (each.member_ids or ()),
                    past=True,
                )
                for who in both
            )
        }, f"{number}: what all who get it directly may read"
    assert min(seldom.values()) > 200
    calls = len(bench.log.calls)
    assert 20 < calls < LAYOUTS  # what was made for one audience is used for others that read the same
