"""What must outlive the database: the key of the hashes, and a record of what members had erased.

Both are files beside the database, so that restoring an older database brings nothing back.
"""

import json
import os
import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from bot.domain.errors import StartupError

KEY_FILE, RECORD_FILE = "key", "erasures.jsonl"
KEY_BYTES: Final = 32
HASH_BYTES: Final = 16
ID_BYTES: Final = 8
EVERYWHERE: Final = 0  # in place of a server


class Wish(StrEnum):
    """What a member wanted."""

    ERASE = "erase"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


class Record(NamedTuple):
    """One wish; nobody can tell from it whose it is without the key.

    Attributes:
        number: from 1, without a gap.
        guild_id: the server it is about, `EVERYWHERE` for all of them.
        member: a hash of server and user.
    """

    number: int
    wish: Wish
    guild_id: int
    member: str
    at: datetime


class MemberKey:
    """Turns members into hashes that only this installation can make."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, guild_id: int, user_id: int) -> str:
        """Return the hash of a member of a server, or of somebody `EVERYWHERE`."""
        return blake2b(b"%d/%d" % (guild_id, user_id), digest_size=HASH_BYTES, key=self._key).hexdigest()

    def seal(self, user_id: int) -> str:
        """Return somebody's id so that only this installation can read it; different each time."""
        nonce = secrets.token_bytes(HASH_BYTES)
        return (nonce + self._masked(nonce, _checked(user_id))).hex()

    def open(self, sealed: str) -> int:
        """Return the id that was sealed.

        Raises:
            ValueError: it wasn't with this key.
        """
        held = bytes.fromhex(sealed)
        told = self._masked(held[:HASH_BYTES], held[HASH_BYTES:])
        user_id = int.from_bytes(told[:ID_BYTES], "big")
        if told != _checked(user_id):
            raise ValueError("sealed with another key")
        return user_id

    def _masked(self, nonce: bytes, told: bytes) -> bytes:
        """Return an id hidden by bytes that only the key tells, or hidden ones as they were."""
        mask = blake2b(nonce, digest_size=len(told), key=self._key, person=b"sealed id").digest()
        return bytes(one ^ other for one, other in zip(told, mask, strict=True))


def _checked(user_id: int) -> bytes:
    """Return an id with what shows that it was read rightly."""
    plain = user_id.to_bytes(ID_BYTES, "big")
    return plain + blake2b(plain, digest_size=ID_BYTES).digest()


def load_key(folder: Path, *, needed: bool = False) -> MemberKey:
    """Return the key in a folder, made now unless it is there or `needed`; only this user may read it.

    Raises:
        StartupError: it can't be read or made, or is gone while there are records made with it.
    """
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            if needed or (folder / RECORD_FILE).exists():
                raise StartupError(
                    f"{path} is gone, and without it nobody's opt-out can be told. Fix: put it back from a "
                    f"backup. If there is none: move {folder / RECORD_FILE} away and empty the table "
                    "opt_outs; whoever opted out has to do so again."
                )
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise StartupError(
            f"The key of opt-outs can't be kept in {folder} ({error.strerror}): make that folder writable, "
            "or set privacy.folder."
        ) from None
    if len(key) != KEY_BYTES:
        raise StartupError(f"{path} is damaged: put it back from a backup.")
    return MemberKey(key)


def _make_key(path: Path) -> None:
    """Write a new key whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class RecordFile:
    """The wishes, one JSON object a line; only ever appended to. Its methods wait for the disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD_FILE

    def read(self) -> list[Record]:
        """Return every wish, oldest first; a line that a crash cut off counts as never written.

        Raises:
            StartupError: a line before the last can't be read.
        """
        if not self._path.exists():
            return []
        lines = self._path.read_bytes().split(b"\n")
        whole, rest = lines[:-1], lines[-1]
        try:
            records = [_record(line) for line in whole]
        except (ValueError, KeyError, TypeError):
            raise StartupError(f"{self._path} is damaged: put it back from a backup.") from None
        if rest:
            os.truncate(self._path, len(b"\n".join(whole)) + bool(whole))
        return records

    def append(self, records: Iterable[Record]) -> None:
        """Write wishes down; they are on the disk when this returns."""
        text = "".join(f"{json.dumps(_line(each))}\n" for each in records)
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def _line(record: Record) -> dict[str, object]:
    return {
        "number": record.number,
        "wish": record.wish.value,
        "guild": str(record.guild_id),
        "member": record.member,
        "at": record.at.isoformat(),
    }


def _record(line: bytes) -> Record:
    told = json.loads(line)
    at = datetime.fromisoformat(told["at"])
    return Record(int(told["number"]), Wish(told["wish"]), int(told["guild"]), str(told["member"]), at)
