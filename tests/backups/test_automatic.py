"""What happens by itself: one backup a day, and old ones go."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app_backups import backup_service
from bot.domain.errors import BackupError
from bot.services.backups.automatic import BackupService, make_apart
from bot.services.backups.files import MAKING, RESTORING, work_folder
from bot.services.backups.making import Place
from bot.settings import BackupSettings, DatabaseSettings, Settings
from tests.backups.support import parts
from tests.conftest import Logged
from tests.fakes import FakeClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Maker:
    """Writes empty files in place of backups."""

    def __init__(self) -> None:
        self.made: list[Path] = []
        self.error = ""

    async def __call__(self, target: Path, now: datetime) -> None:
        if self.error:
            raise BackupError(self.error)
        target.touch()
        self.made.append(target)


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def service(maker: Maker, clock: FakeClock, tmp_path: Path) -> BackupService:
    return BackupService(clock, tmp_path, maker, keep=3, days=30)


async def test_there_is_one_a_day_and_the_newest_are_kept(
    service: BackupService, maker: Maker, clock: FakeClock, tmp_path: Path
) -> None:
    for _ in range(24 * 5):
        await service.look()
        clock.advance(3_600)
    assert len(maker.made) == 5
    assert sorted(tmp_path.iterdir()) == maker.made[-3:]


async def test_a_restart_makes_no_second_one(
    service: BackupService, maker: Maker, clock: FakeClock, tmp_path: Path
) -> None:
    await service.look()
    clock.advance(3_600)
    await BackupService(clock, tmp_path, maker, keep=3, days=30).look()
    assert len(maker.made) == 1


async def test_a_clock_that_was_wrong_does_not_stop_them(
    service: BackupService, maker: Maker, tmp_path: Path
) -> None:
    (tmp_path / "lookout-daily-20360101T000000Z.tar.gz").touch()
    await service.look()
    assert len(maker.made) == 1


async def test_any_backup_goes_after_its_time_and_other_files_stay(clock: FakeClock, tmp_path: Path) -> None:
    old = f"{NOW - timedelta(days=31):%Y%m%dT%H%M%SZ}"
    new = f"{NOW - timedelta(days=29):%Y%m%dT%H%M%SZ}"
    mine = ["notes.txt", "before-the-move.tar.gz", f"{old}.tar.gz"]
    for stamp in (old, new):
        for name in (
            f"lookout-{stamp}.tar.gz",
            f"lookout-before-restore-{stamp}.tar.gz",
            f"lookout-{stamp}.db",
        ):
            (tmp_path / name).touch()
        (tmp_path / f"lookout-before-restore-{stamp}.files").mkdir()
        (tmp_path / f"lookout-before-restore-{stamp}.files" / "lookout.db").touch()
    for name in mine:
        (tmp_path / name).touch()
    await BackupService(clock, tmp_path, None, keep=3, days=30).look()
    left = {path.name for path in tmp_path.iterdir()}
    assert set(mine) <= left
    assert {name for name in left if old in name} == {f"{old}.tar.gz"}
    assert len([name for name in left if new in name]) == 4


async def test_a_failure_is_said_once_and_tried_again(
    service: BackupService, maker: Maker, clock: FakeClock, logged: Logged
) -> None:
    maker.error = "The disk is full. Fix: free some space."
    for _ in range(3):
        await service.look()
        clock.advance(3_600)
    assert len(logged.of("ERROR", "The disk is full. Fix: free some space.")) == 1
    maker.error = ""
    await service.look()
    assert len(maker.made) == 1


async def test_a_process_of_its_own_makes_it(sqlite_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "b.tar.gz"
    await make_apart(Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, None), target, NOW)
    assert "database.sqlite" in parts(target)


async def test_what_that_process_says_is_told(tmp_path: Path) -> None:
    path = tmp_path / "missing.db"
    with pytest.raises(BackupError, match="There is no database"):
        await make_apart(Place(f"sqlite+aiosqlite:///{path}", path, None), tmp_path / "b.tar.gz", NOW)


@pytest.mark.parametrize(
    ("settings", "makes"),
    [
        pytest.param(lambda path: Settings(database=DatabaseSettings(path=path)), True, id="sqlite"),
        pytest.param(
            lambda path: Settings(
                database=DatabaseSettings(path=path),
                backup=BackupSettings(automatic=False, folder=path.parent),
            ),
            False,
            id="switched off",
        ),
    ],
)
async def test_the_settings_decide(
    settings: Callable[[Path], Settings], makes: bool, sqlite_file: Path, clock: FakeClock, tmp_path: Path
) -> None:
    service = backup_service(settings(sqlite_file), clock, tmp_path / "no config")
    await service.look()
    assert bool(list(tmp_path.glob("backups/lookout-daily-*.tar.gz"))) == makes


def test_postgresql_has_backups_of_its_own_unless_told() -> None:
    database = DatabaseSettings.model_validate({"url": "postgresql://u@h/d"})
    assert not Settings(database=database).backs_up_by_itself
    assert Settings(database=database, backup=BackupSettings(automatic=True)).backs_up_by_itself
    assert Settings(database=database).backups_folder == Path("data/backups")


async def test_what_a_killed_restore_left_is_removed(maker: Maker, clock: FakeClock, tmp_path: Path) -> None:
    home, backups = tmp_path / "data", tmp_path / "backups"
    left = [home / RESTORING, backups / MAKING]
    for each in left:
        each.mkdir(parents=True)
        (each / "database.sqlite").write_text("what members wrote")
    service = BackupService(clock, backups, maker, keep=3, days=30, home=home)
    with work_folder(home, RESTORING) as work:
        (work / "database.sqlite").touch()
        await service.look()
        assert (work / "database.sqlite").exists(), "one that is at work keeps its own"
        assert not left[1].exists()
    left[0].mkdir()
    await service.look()
    assert list(home.iterdir()) == []
