"""`python run.py backup` and `restore`: everything, as one file; `export` and `import`: one server."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import typer

from bot.app_backups import place_of
from bot.app_portable import alone, look_up, reading
from bot.domain.errors import BackupError, StartupError
from bot.services.backups.files import BY_HAND, free_name, put
from bot.services.backups.making import check_target, make_backup
from bot.services.backups.restoring import Restored, restore
from bot.services.clock import SystemClock
from bot.services.portable.document import Document, read_document
from bot.services.portable.exporting import channel_ids, export_guild, only_guild, role_ids
from bot.services.portable.importing import Imported, import_guild
from bot.settings import Settings, load_settings

MEGABYTE: Final = 1_000_000
FAILED, INTERRUPTED = 1, 130  # exit codes
CALLED_FROM: Final = "LOOKOUT_CALLED_FROM"  # set by run.py, which works in its own folder: the caller's
CONFIG: Final = Path(__file__).resolve().parent.parent / "config"


def run_backup(file: str | None, *, config: bool, replace: bool) -> int:
    """Make a backup and say where it is; return the exit code."""
    try:
        settings = load_settings()
        now = datetime.now(UTC)
        target = _target(settings, file, now)
        place = place_of(settings, CONFIG if config else None)
        made = asyncio.run(make_backup(place, target, now, replace=replace))
    except (BackupError, StartupError) as error:
        return _failed("back up", error)
    except KeyboardInterrupt:
        typer.echo("Stopped: no backup was made.", err=True)
        return INTERRUPTED
    typer.echo(f"{made.path} ({_size(made.size)}, schema {made.manifest.revision})")
    has_config = any(each.name.startswith("config/") for each in made.manifest.files)
    typer.echo(
        f"In it: the {settings.database.describe()}{' and config/' if has_config else ''}. "
        "Not in it: .env with the token and keys, privacy/ with the key of opt-outs, and logs. "
        "Keep copies of .env and privacy/ yourself, in another place."
    )
    if target.parent.absolute() == settings.backups_folder.absolute():
        days = settings.retention.backups_days
        typer.echo(
            f"The bot deletes it after {days} days (retention.backups_days). "
            "Name a file elsewhere to keep one for longer."
        )
    return 0


def run_restore(file: str, *, config: bool) -> int:
    """Put a backup back and say what became of it; return the exit code."""
    try:
        settings = load_settings()
        place = place_of(settings, CONFIG if config else None)
        folder = settings.backups_folder.absolute()
        done = asyncio.run(restore(place, called(file), folder, datetime.now(UTC)))
    except (BackupError, StartupError) as error:
        return _failed("restore", error)
    except KeyboardInterrupt:
        typer.echo(
            "Stopped. Look with `python run.py doctor` whether the database is as you want it.", err=True
        )
        return INTERRUPTED
    typer.echo(_told(done, settings))
    return 0


def run_export(file: str, guild_id: int | None, *, replace: bool) -> int:
    """Write a server's settings and training to `file`; return the exit code."""
    try:
        target = called(file)
        check_target(target, replace)
        document = asyncio.run(_export(load_settings(), guild_id))
        text = document.model_dump_json(indent=2)
        beside = target.with_name(f".{target.name}.writing")
        try:
            beside.write_text(text + "\n", "utf-8")
            put(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        return _failed("export", BackupError(f"{error.strerror}: {error.filename}. Fix: name another file."))
    except (BackupError, StartupError) as error:
        return _failed("export", error)
    missing = len(channel_ids(document)) - len(document.names.channels)
    missing += len(role_ids(document)) - len(document.names.roles)
    typer.echo(f"{target}: {document.server.name}, {len(document.training)} trained entries.")
    if missing:
        typer.echo(
            f"The names of {missing} channels, threads or roles aren't in it, so only the same server finds "
            "them again. With DISCORD_BOT_TOKEN set, those of channels and roles are looked up."
        )
    return 0


def run_import(file: str, guild_id: int | None) -> int:
    """Set a server as `file` says and tell what found no place; return the exit code."""
    try:
        source = called(file)
        document = read_document(source)
        done = asyncio.run(_import(load_settings(), document, guild_id))
    except OSError as error:
        return _failed("import", BackupError(f"{error.strerror}: {error.filename}. Fix: name another file."))
    except (BackupError, StartupError) as error:
        return _failed("import", error)
    typer.echo(f"Imported from {document.server.name}: {', '.join(done.parts)}.")
    if done.training is not None:
        new, old = done.training.new, done.training.unchanged
        typer.echo(f"Questions: {new} new, {old} there already. `/train undo` takes the new ones back.")
    for line in done.left_out:
        typer.echo(f"Left out: {line}")
    typer.echo("Now start the bot: python run.py")
    return 0


async def _export(settings: Settings, guild_id: int | None) -> Document:
    async with reading(settings.database) as database:
        if guild_id is None:
            guild_id = await only_guild(database)
        known = await look_up(settings.discord, guild_id)
        return await export_guild(database, guild_id, known, datetime.now(UTC))


async def _import(settings: Settings, document: Document, guild_id: int | None) -> Imported:
    target = guild_id if guild_id is not None else int(document.server.id)
    clock = SystemClock()
    known = await look_up(settings.discord, target)
    async with alone(settings.database, clock) as database:
        return await import_guild(database, clock, target, document, known)


def called(text: str) -> Path:
    """Return a file named on the command line."""
    return Path(os.environ.get(CALLED_FROM, ""), text).absolute()


def _target(settings: Settings, file: str | None, now: datetime) -> Path:
    """Return where a backup goes: the file named, or one in the folder named or in that of the settings."""
    path = called(file) if file else settings.backups_folder.absolute()
    if file and not path.is_dir():
        return path
    if not file:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BackupError(
                f"Can't make the folder {path}: {error.strerror}. Fix: set backup.folder."
            ) from error
    return free_name(path, BY_HAND, now)


def _told(done: Restored, settings: Settings) -> str:
    made = done.manifest
    lines = [
        f"Restored the {settings.database.describe()} as it was at {made.created_at:%Y-%m-%d %H:%M} UTC."
    ]
    if done.migrated:
        lines.append(f"It had schema {made.revision} and was upgraded.")
    if done.kept is not None:
        lines.append(f"What was there before is in {done.kept}.")
    if done.config:
        lines.append(f"Put back in config/: {', '.join(done.config)}.")
    elif any(each.name.startswith("config/") for each in made.files):
        lines.append("config/ was left as it is; --config puts that of the backup back, too.")
    lines.append("What members had erased since is erased again at the start.")
    return "\n".join([*lines, "Now start the bot: python run.py"])


def _failed(what: str, error: Exception) -> int:
    typer.echo(f"Can't {what}: {error}", err=True)
    return FAILED


def _size(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{size / 1_000:.1f} KB"
