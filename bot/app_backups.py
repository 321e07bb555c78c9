"""Builds what makes and restores backups, for the bot and for the command line."""

from functools import partial
from pathlib import Path

from bot.services.backups.automatic import BackupService, make_apart
from bot.services.backups.making import Place
from bot.services.clock import Clock
from bot.settings import Settings


def place_of(settings: Settings, config: Path | None) -> Place:
    """Return what the settings say is to be backed up, with `config` if there is one."""
    path = settings.database.sqlite_path
    return Place(settings.database.sqlalchemy_url, path.absolute() if path else None, config)


def backup_service(settings: Settings, clock: Clock, config: Path) -> BackupService:
    """Return what makes backups by itself, if the settings say so, and deletes old ones."""
    folder = settings.backups_folder.absolute()
    place = place_of(settings, config)
    make = partial(make_apart, place) if settings.backs_up_by_itself else None
    home = place.sqlite.parent if place.sqlite is not None else None
    return BackupService(clock, folder, make, settings.backup.keep, settings.retention.backups_days, home)
