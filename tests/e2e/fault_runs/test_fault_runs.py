"""Seeded troubles of every kind: connected in the end, nothing lost, nothing twice."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fault_runs import campaign
from tests.e2e.fault_runs.judge import Happened, Stored, judge
from tests.e2e.fault_runs.runs import Outcome, play, play_bare
from tests.e2e.fault_runs.schedule import Kind, counts, schedule

RUNS = 200
AT_LEAST = 20  # times that each sort of step occurs in so many runs
SORTS = 49  # of steps; a bare client has fewer
BARE_SORTS = 23
SMALL, SMALL_BARE = range(1, 9), range(1, 11)
SEEDS = range(1, RUNS + 1)


def _check(outcome: Outcome) -> None:
    faults = outcome.faults()
    assert not faults, "\n".join([f"seed {outcome.schedule.seed}", *faults, str(outcome.schedule)])


@pytest.mark.parametrize("seed", SMALL)
async def test_the_bot_stores_everything_once_whatever_happens(
    seed: int, tmp_path: Path, sqlite_template: Path
) -> None:
    _check(await play(seed, tmp_path, sqlite_template))


@pytest.mark.parametrize("seed", SMALL_BARE)
async def test_a_bare_client_hears_everything_once_while_its_session_can_be_resumed(seed: int) -> None:
    _check(await play_bare(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
async def test_campaign(seed: int, tmp_path: Path, sqlite_template: Path) -> None:
    _check(await play(seed, tmp_path, sqlite_template))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
async def test_bare_campaign(seed: int) -> None:
    _check(await play_bare(seed))


class TestSchedules:
    @pytest.mark.parametrize("bare", [False, True], ids=["bot", "bare"])
    def test_a_seed_has_one_schedule(self, bare: bool) -> None:
        assert all(str(schedule(seed, bare=bare)) == str(schedule(seed, bare=bare)) for seed in SEEDS)
        assert len({str(schedule(seed, bare=bare)) for seed in SEEDS}) == RUNS

    @pytest.mark.parametrize(("bare", "sorts"), [(False, SORTS), (True, BARE_SORTS)], ids=["bot", "bare"])
    def test_every_sort_of_trouble_occurs_often(self, bare: bool, sorts: int) -> None:
        found = counts(schedule(seed, bare=bare) for seed in SEEDS)
        assert len(found) == sorts
        assert {label: number for label, number in found.items() if number < AT_LEAST} == {}

    def test_a_bare_clients_session_stays_resumable_and_its_events_single(self) -> None:
        steps = [step for seed in SEEDS for step in schedule(seed, bare=True).steps]
        assert all(step.args.get("resumable", True) for step in steps)
        assert not {step.kind for step in steps} & {Kind.FORGET, Kind.EVENTS, Kind.CHAOS}

    def test_some_runs_forget_events_early_and_some_make_identifying_wait(self) -> None:
        schedules = [schedule(seed) for seed in SEEDS]
        assert sum(each.replay_limit < 100 for each in schedules) >= AT_LEAST
        assert sum(each.identify_interval > 0 for each in schedules) >= AT_LEAST // 2


ROW = {
    "content": "hello", "author_name": "alice", "place_id": 7, "deleted_at": None,
    "stage": "done", "status": "ignored",
}  # fmt: skip
TOMB = ROW | {"content": "", "author_name": "", "deleted_at": "2026-03-01"}


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ({1: [ROW], 2: [TOMB]}, set()),
        ({1: [ROW]}, set()),
        ({}, {"lost"}),
        ({1: [ROW | {"content": "hullo"}]}, {"lost"}),
        ({1: [TOMB]}, {"lost"}),
        ({1: [ROW | {"place_id": 8}]}, {"stray"}),
        ({1: [ROW], 2: [ROW]}, {"kept"}),
        ({1: [ROW], 2: [TOMB | {"author_name": "alice"}]}, {"kept"}),
        ({1: [ROW, ROW]}, {"twice"}),
        ({1: [ROW], 3: [TOMB]}, {"stray"}),
        ({1: [ROW | {"stage": "plan"}]}, {"stuck"}),
    ],
)
def test_the_judge_finds_what_is_wrong_with_the_rows(rows: dict[int, Any], kinds: set[str]) -> None:
    happened = Happened(texts={1: "hello"}, places={1: 7}, deleted={2})
    verdict = judge(happened, Stored(rows, []))
    assert {kind for kind, lines in vars(verdict).items() if lines} == kinds


@pytest.mark.parametrize(
    ("replies", "kinds"), [({1: 1, 2: 1}, set()), ({1: 2}, {"twice"}), ({3: 1}, {"stray"})]
)
def test_the_judge_finds_what_is_wrong_with_the_replies(
    replies: dict[int | None, int], kinds: set[str]
) -> None:
    happened = Happened(texts={1: "hello"}, places={1: 7}, deleted={2})
    happened.replies.update(replies)
    verdict = judge(happened, Stored({1: [ROW]}, []))
    assert {kind for kind, lines in vars(verdict).items() if lines} == kinds


def test_the_judge_wants_nothing_of_a_guild_the_bot_had_not_heard_of() -> None:
    happened = Happened(texts={1: "hello"}, places={1: 7}, early={1})
    assert judge(happened, Stored({}, [])).faults() == []
    assert judge(happened, Stored({}, ["gap in 7: missed"])).stuck == ["gap in 7: missed"]


@pytest.mark.parametrize("option", ["--runs", "--parallel"])
def test_a_campaign_of_nothing_is_refused(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fault_runs", option, "0"])
    with pytest.raises(SystemExit):
        campaign.main()
    assert f"argument {option}: 0 is less than 1" in capsys.readouterr().err
