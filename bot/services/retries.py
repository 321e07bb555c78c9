"""How often Discord had to be asked again for the action under way; tools count, the action log reads."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Retries:
    """How many answers of one action were 429 or 5xx."""

    count: int = 0


current_retries: ContextVar[Retries | None] = ContextVar("current_retries", default=None)
