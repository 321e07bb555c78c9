"""The settings of the database."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, field_validator

from bot.settings_types import Section


class DatabaseSettings(Section):
    """Where the bot keeps what it knows: a SQLite file, or the server `url` names."""

    path: Path = Path("data/lookout.db")
    url: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _known_kind(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not _driver_url(url.get_secret_value()):
            raise ValueError("must start with sqlite:/// (and a file) or postgresql://")
        return url

    @property
    def sqlalchemy_url(self) -> str:
        """The address with an asynchronous driver; may hold a password."""
        return (
            _driver_url(self.url.get_secret_value())
            if self.url
            else f"sqlite+aiosqlite:///{self.path.as_posix()}"
        )

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file, None on PostgreSQL."""
        kind, _, rest = self.sqlalchemy_url.partition(":///")
        return Path(rest.partition("?")[0]) if kind == "sqlite+aiosqlite" else None

    @property
    def folder(self) -> Path:
        """Where what belongs to the database, and isn't in it, is kept."""
        return (self.sqlite_path or self.path).parent

    def secrets(self) -> list[str]:
        """Return the passwords in the address, for the log to mask."""
        return _passwords_in(self.url.get_secret_value()) if self.url else []

    def describe(self) -> str:
        """Return which database this is, without its password."""
        if self.sqlite_path:
            return f"SQLite file {self.sqlite_path}"
        parts = urlsplit(self.sqlalchemy_url)
        return f"PostgreSQL at {parts.hostname}:{parts.port or 5432}{parts.path}"


def _driver_url(url: str) -> str:
    """Return `url` with its asynchronous driver, "" when it is of no kind the bot knows."""
    kind, _, rest = url.partition("://")
    if kind in {"sqlite", "sqlite+aiosqlite"} and re.match(r"/[^:?]", rest):
        return f"sqlite+aiosqlite://{rest}"
    if kind in {"postgres", "postgresql", "postgresql+asyncpg"} and rest:
        # Hosted servers hand out libpq's name for what asyncpg calls ssl.
        rest = re.sub(r"([?&])sslmode=", r"\1ssl=", rest)
        return f"postgresql+asyncpg://{rest}"
    return ""


def _passwords_in(url: str) -> list[str]:
    """Return the passwords of a database's address, as they stand there and decoded."""
    parts = urlsplit(url)
    query = (pair.partition("=") for pair in parts.query.split("&"))
    found = [parts.password or "", *(value for key, _, value in query if "password" in key)]
    return list(dict.fromkeys(form for text in found if text for form in (text, unquote(text))))
