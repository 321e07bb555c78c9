"""Table `llm_calls`: what language models were asked, who answered, and what it took; never a text."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, JSON_OR_NULL, UtcDateTime


class LlmCall(SQLModel, table=True):
    """One question of a feature, with everything that was tried to answer it."""

    __tablename__ = "llm_calls"

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    task: str = Field(sa_type=String(16))
    guild_id: int | None = Field(default=None, sa_type=BigInteger)  # None: of no guild alone
    provider: str = Field(sa_type=String(16))  # who answered, "embedded" for no model; "" when nobody did
    model: str = Field(default="", sa_type=String(200))
    outcome: str = Field(sa_type=String(16))
    # Links that were asked or passed over before: [{"provider", "model", "reason"}].
    skipped: list[Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
    input_tokens: int = 0  # of the answer
    output_tokens: int = 0
    # Of hosted providers, links that failed included: what the day's ceilings count.
    billed_tokens: int = Field(default=0, sa_type=BigInteger)
    cost: float = 0.0  # US dollars
    milliseconds: int = 0
    background: bool = False  # asked by a job nobody waits for
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)  # when it was asked
