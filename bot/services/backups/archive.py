"""A backup as a file: a compressed archive whose first part, manifest.json, says what is in it. Blocks."""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.domain.errors import BackupError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
MAX_MANIFEST: Final = 1_000_000  # bytes
LEVEL: Final = 6  # of gzip
_BLOCK: Final = 1 << 20  # bytes
_NAME: Final = re.compile(r"(?:database\.(?:sqlite|dump)|(?:config|data)/[^\\:\0]+)")
_DAMAGED: Final = "Fix: restore another backup."


class Kept(BaseModel):
    """A file of a backup."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=500)
    size: int = Field(ge=0)  # bytes
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @field_validator("name")
    @classmethod
    def _inside(cls, name: str) -> str:
        if not _NAME.fullmatch(name) or any(part in ("", ".", "..") for part in name.split("/")):
            raise ValueError("is no name of a file in a backup")
        return name


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(extra="forbid")

    format: int = Field(ge=1)
    lookout: str = Field(max_length=50)  # the version that made it
    database: Literal["sqlite", "postgresql"]
    revision: str = Field(max_length=50)  # of the schema
    created_at: datetime
    files: list[Kept] = Field(max_length=10_000)

    @property
    def database_file(self) -> str:
        """The name of the part that is the database."""
        return "database.sqlite" if self.database == "sqlite" else "database.dump"


def write_archive(target: IO[bytes], manifest: Manifest, files: Iterable[tuple[str, Path]]) -> Manifest:
    """Write the files, under the names given, to `target`; return the manifest with what they are.

    Raises:
        OSError: the disk is full, or a file can't be read.
    """
    pairs = list(files)
    full = manifest.model_copy(update={"files": [describe(name, path) for name, path in pairs]})
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=target) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive,
    ):
        text = full.model_dump_json(indent=2).encode()
        archive.addfile(_member(MANIFEST, len(text), full.created_at), io.BytesIO(text))
        for kept, (_, path) in zip(full.files, pairs, strict=True):
            with path.open("rb") as source:
                archive.addfile(_member(kept.name, kept.size, full.created_at), source)
    target.flush()
    os.fsync(target.fileno())
    return full


def describe(name: str, path: Path) -> Kept:
    """Return a file's size and digest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Kept(name=name, size=file.tell(), sha256=digest)


def read_manifest(path: Path) -> Manifest:
    """Return what a backup says of itself, which nothing has checked yet.

    Raises:
        BackupError: it is none, or of a newer kind.
    """
    with _opened(path) as archive:
        return _manifest(path, archive)


def unpack(path: Path, folder: Path, check: Callable[[Manifest], None]) -> Manifest:
    """Unpack a backup into `folder`, each file checked against the manifest, and return that.

    Args:
        path: the backup.
        folder: an empty one.
        check: asked about the manifest before anything is written.

    Raises:
        BackupError: it is no backup, or damaged, or was changed.
        OSError: the disk is full.
    """
    with _opened(path) as archive:
        manifest = _manifest(path, archive)
        check(manifest)
        missing = {each.name: each for each in manifest.files}
        while (member := archive.next()) is not None:
            kept = missing.pop(member.name, None)
            if kept is None or not member.isreg() or member.size != kept.size:
                raise BackupError(f"{path} isn't as its manifest says: {member.name[:80]}. {_DAMAGED}")
            _extract(path, archive, member, folder / PurePosixPath(kept.name), kept)
    if missing or manifest.database_file not in {each.name for each in manifest.files}:
        raise BackupError(f"{path} isn't whole: {next(iter(missing), 'the database')} is missing. {_DAMAGED}")
    return manifest


def _extract(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path, kept: Kept) -> None:
    source = archive.extractfile(member)
    assert source is not None  # a regular file
    digest, written = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        while block := source.read(_BLOCK):
            digest.update(block)
            written += out.write(block)
    if digest.hexdigest() != kept.sha256 or written != kept.size:
        raise BackupError(f"{path} is damaged or was changed: {kept.name} has another checksum. {_DAMAGED}")


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupError(
            f"Can't read {path}: {error.strerror}. Fix: name a file that `python run.py backup` wrote."
        ) from error
    with file:
        try:
            with tarfile.open(mode="r|gz", fileobj=file) as archive:
                yield archive
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BackupError(f"{path} is no backup of Lookout, or damaged ({error}). {_DAMAGED}") from error


def _manifest(path: Path, archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MAX_MANIFEST:
        raise BackupError(f"{path} is no backup of Lookout. Fix: name one that `python run.py backup` wrote.")
    source = archive.extractfile(first)
    assert source is not None  # a regular file
    text = source.read()
    try:
        about = json.loads(text)
        if isinstance(about, dict) and isinstance(about.get("format"), int) and about["format"] > FORMAT:
            raise BackupError(
                f"{path} was made by a newer Lookout ({str(about.get('lookout'))[:50]}). Fix: update."
            )
        return Manifest.model_validate_json(text)
    except (ValueError, ValidationError) as error:
        raise BackupError(f"{path} has a manifest that can't be read. {_DAMAGED}") from error


def _member(name: str, size: int, made: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    member.mtime = int(made.timestamp())
    return member
