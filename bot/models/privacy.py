"""Table `opt_outs`: who wants nothing kept of them, as hashes that only this installation can make."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from bot.models.types import UtcDateTime


class OptOut(SQLModel, table=True):
    """One member's wish; nobody can tell from it whose it is without the key, which isn't in the database."""

    __tablename__ = "opt_outs"

    # No foreign key: it holds should the bot come back to the server. 0: everywhere.
    guild_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    member: str = Field(primary_key=True, sa_type=String(32))
    at: datetime = Field(sa_type=UtcDateTime)
