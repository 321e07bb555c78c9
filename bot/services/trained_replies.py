"""Trained answers outside tickets: as written where they are sure, else as material for a model."""

from typing import Final, NamedTuple

from loguru import logger

from bot.db.database import Transaction
from bot.domain.signal import Signal
from bot.models import Outcome, Question
from bot.services.tickets.choosing import TRAINED
from bot.services.tickets.wording import trained
from bot.services.training.knowledge import Band, Candidate, Found, Knowledge

MOST_CHARACTERS: Final = 2_000  # of a message
MOST_MATERIAL: Final = 4  # entries a model is given


class Known(NamedTuple):
    """What the training says to a message.

    Attributes:
        text: the answer as it is written, "" where none is sure enough.
        written_by: "trained #12", "" without `text`.
        material: entries that come near, best first.
        found: the search; None where it was not made.
    """

    text: str = ""
    written_by: str = ""
    material: tuple[str, ...] = ()
    found: Found | None = None


class TrainedReplies:
    """Asks the training before a template or a model answers."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def may_know(self, guild_id: int | None) -> bool:
        """Whether anything is trained in a server, as far as that is known without asking the database."""
        return guild_id is not None and self._knowledge.may_hold(guild_id)

    async def look_up(self, signal: Signal) -> Known:
        """Return what the training says to a message; nothing where it can't be asked."""
        guild_id = signal.message.guild_id
        if guild_id is None or not self.may_know(guild_id):
            return Known()
        try:
            found = await self._knowledge.search(guild_id, signal.message.content)
        except Exception as error:  # noqa: BLE001  (whatever it is, the template is there)
            log = logger.bind(signal=signal.id, guild_id=guild_id)
            log.opt(exception=error).error("The training could not be asked about {}", signal.id)
            return Known()
        if found.band is Band.BELOW:
            return Known(found=found)
        material = tuple(_material(each) for each in found.matches[:MOST_MATERIAL])
        entry = found.matches[0].entry
        text = trained(entry)
        if found.band is Band.TRAINED and len(text) <= MOST_CHARACTERS:
            return Known(text, f"{TRAINED}{entry.id}", material, found)
        return Known(material=material, found=found)

    async def note(self, tx: Transaction, signal: Signal, known: Known, written_by: str | None) -> None:
        """Keep a question and who answered it; a template answers nothing."""
        guild_id = signal.message.guild_id
        if guild_id is None:
            return
        is_answered = written_by is not None and not written_by.startswith("template")
        best = known.found.matches[0] if known.found and known.found.matches else None
        await tx.questions.begin(
            Question(
                key=signal.id,
                guild_id=guild_id,
                signal_id=signal.id,
                message_id=signal.message.message_id,
                band=known.found.band.value if known.found else None,
                outcome=Outcome.ANSWERED if is_answered else Outcome.SILENT,
                entry_id=best.entry.id if best else None,
                score=best.score if best else None,
                written_by=written_by,
                asked_at=signal.created_at,
                finished_at=signal.observed_at or signal.created_at,
            )
        )
        if known.text and best is not None:
            await tx.training.used(guild_id, best.entry.id, signal.observed_at or signal.created_at)


def _material(candidate: Candidate) -> str:
    return f"Question: {candidate.phrasing}\nAnswer: {candidate.entry.answer}"
