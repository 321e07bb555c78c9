"""Erasing a member: a part for each kind of what is kept."""

from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.privacy.messages import MessageErasing
from bot.db.privacy.tickets import TicketErasing
from bot.db.privacy.traces import TraceErasing
from bot.db.privacy.training import TrainingErasing


class ErasureRepository:
    """The parts, on one open session; they flush, and never commit."""

    def __init__(self, session: AsyncSession) -> None:
        self.messages = MessageErasing(session)
        self.tickets = TicketErasing(session)
        self.training = TrainingErasing(session)
        self.traces = TraceErasing(session)
