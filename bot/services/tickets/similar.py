"""Solved tickets like the one somebody is about to open: only those that they may read."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from bot.db.database import Database
from bot.db.tickets import SolvedTicket
from bot.domain.audience import Person
from bot.domain.tickets import question_text
from bot.models import Ticket
from bot.services.audience import AudienceService, KnownThread
from bot.services.meaning import Meaning

MAX_COMPARED: Final = 1_000  # the newest solved tickets
ENCODE_SECONDS: Final = 1.5  # somebody waits; what comes later serves the next
LINKS: Final = 3  # in a brief
MAX_TEXT: Final = 600  # characters; what comes after them rarely tells one question from another


class Similar(NamedTuple):
    """A solved ticket, and how like the question it is."""

    ticket: SolvedTicket
    likeness: float  # cosine


class SimilarTickets:
    """Compares questions with those of solved tickets."""

    def __init__(self, database: Database, meaning: Meaning, audience: AudienceService) -> None:
        self._database = database
        self._meaning = meaning
        self._audience = audience

    async def similar(self, guild_id: int, text: str, reader: Person, limit: int = 3) -> Sequence[Similar]:
        """Return up to `limit` solved tickets like `text` that `reader` may read, most alike first."""
        async with self._database.reading() as tx:
            solved = await tx.tickets.solved(guild_id, MAX_COMPARED)
        return await self._most_alike(text, self._readable(solved, reader), limit)

    async def links(self, ticket: Ticket, channel_id: int) -> Sequence[str]:
        """Return links to solved tickets like `ticket` that everyone who reads the channel may read."""
        async with self._database.reading() as tx:
            solved = await tx.tickets.solved(ticket.guild_id, MAX_COMPARED)
        threads = [
            KnownThread(each.thread_id, each.parent_id, is_private=False)
            for each in solved
            if not each.is_private and each.id != ticket.id
        ]
        may = self._audience.readable_sources(channel_id, threads)
        readable = [each for each in solved if each.thread_id in may]
        similar = await self._most_alike(question_text(ticket.title, ticket.question), readable, LINKS)
        base = f"https://discord.com/channels/{ticket.guild_id}"
        return [f"[#{each.ticket.number}]({base}/{each.ticket.thread_id})" for each in similar]

    async def _most_alike(self, text: str, readable: Sequence[SolvedTicket], limit: int) -> Sequence[Similar]:
        if not readable or not text.strip():
            return []
        texts = [text[:MAX_TEXT], *(question_text(each.title, each.question)[:MAX_TEXT] for each in readable)]
        compared = await self._meaning.vectors(texts, ENCODE_SECONDS)
        question, others = compared.vectors[0], compared.vectors[1:]
        cosines = await asyncio.to_thread(np.matmul, others, question)
        order = np.argsort(-cosines, kind="stable")[:limit]
        return [
            Similar(readable[row], float(cosines[row]))
            for row in order
            if cosines[row] >= compared.likeness.alike
        ]

    async def close(self) -> None:
        """Stop encoding."""
        await self._meaning.close()

    def _readable(self, solved: Sequence[SolvedTicket], reader: Person) -> Sequence[SolvedTicket]:
        """Return those the reader may read now; a private one is for its member alone, whoever asks."""
        threads = {
            each.id: KnownThread(each.thread_id, each.parent_id, each.is_private)
            for each in solved
            if not each.is_private or each.opener_id == reader.user_id
        }
        own = frozenset(each.thread_id for each in solved if each.is_private and each.id in threads)
        reader = Person(reader.user_id, reader.guild_id, reader.role_ids, reader.thread_ids | own)
        may = self._audience.readable_sources(reader, threads.values())
        return [each for each in solved if each.id in threads and each.thread_id in may]
