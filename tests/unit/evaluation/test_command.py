"""The command as a person meets it: what it prints, writes and exits with."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from bot.evaluation import command, main
from bot.evaluation import judge as ask
from bot.evaluation.command import DATA
from bot.evaluation.judge import Judge, ModeMissing
from bot.nlp.training_rows import row_key
from tests.unit.evaluation.fakes import ToldJudge, write_rows

LABELS = ("help_request", "problem_report", "other")


class Install(Protocol):
    def __call__(self, light: Judge | None, full: Judge | None = None) -> None: ...


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a few rows; the terminal is 100 columns wide."""
    monkeypatch.setenv("COLUMNS", "100")
    texts = {"how do i do it?": "help_request", "it crashes here": "problem_report", "lol": "other"}
    write_rows(tmp_path, "intent_chat_hand", [{"text": t, "intent": i} for t, i in texts.items()] * 20)
    return tmp_path


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put judges in the places of light and full, or none."""

    def put(light: Judge | None, full: Judge | None = None) -> None:
        def load(name: str) -> Judge:
            found = {"light": light, "full": full}.get(name)
            if found is not None:
                return found
            if name in ask.MODES:
                raise ModeMissing("it is not installed")
            return ask.load_judge(name)

        monkeypatch.setattr(command, "load_judge", load)

    return put


def told(chances: tuple[float, float, float]) -> ToldJudge:
    texts = ("how do i do it?", "it crashes here", "lol")
    return ToldJudge(LABELS, dict.fromkeys(texts, chances), heads=frozenset({ask.INTENT}))


def test_a_table_fits_and_names_what_is_missing(
    folder: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(told((0.1, 0.1, 0.8)))
    assert main(["--data", str(folder), "--task", "intent", "--task", "sentiment"]) == 1
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    assert "Without full: it is not installed." in printed
    assert "could be asked: sentiment." in printed
    (line,) = (line for line in printed.splitlines() if line.strip().startswith("intent "))
    assert line.split()[:3] == ["intent", "light", "60"]


def test_without_a_judge_for_a_task_it_goes_on(
    folder: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(None)
    assert main(["--data", str(folder), "--task", "intent"]) == 0
    printed = capsys.readouterr().out
    assert "Without light: it is not installed." in printed
    assert "could be asked: intent." in printed


def test_below_a_floor_it_exits_1_and_names_it(
    folder: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(told((0.1, 0.1, 0.8)))
    assert main(["--data", str(folder), "--task", "intent", "--mode", "light"]) == 1
    assert "Below its floor: light intent: macro_f1 is 0.1667, below 0.8" in capsys.readouterr().out


def test_rows_trained_on_are_neither_scored_nor_judged(
    folder: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    seen, unseen = told((0.1, 0.1, 0.8)), told((0.8, 0.1, 0.1))
    texts = ("how do i do it?", "it crashes here", "lol") * 20
    seen.trained_rows = frozenset(row_key("intent_chat_hand", f"r{at}", texts[at]) for at in range(21))
    unseen.name = "full"
    install(seen, unseen)
    assert main(["--data", str(folder), "--task", "intent"]) == 0
    printed = capsys.readouterr().out
    assert "Not judged: light intent: macro_f1, 39 rows are fewer than 40" in printed
    for mode in ("light", "full"):  # both on the same rows
        (line,) = (line for line in printed.splitlines() if f" {mode} " in line and ": " not in line)
        assert line.split(mode)[1].split()[:2] == ["39", "21"]


def test_json_goes_to_a_file_or_alone_to_stdout(
    folder: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(told((0.8, 0.1, 0.1)))
    code = main(["--data", str(folder), "--task", "intent", "--json", "-"])
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 1
    by_mode = {result["mode"]: result for result in content["results"]}
    assert by_mode["light"]["metrics"]["accuracy"] == pytest.approx(1 / 3)
    assert by_mode["light"]["classes"]["help_request"]["recall"] == 1
    assert content["floors"][0]["holds"] is False
    main(["--data", str(folder), "--task", "intent", "--json", str(folder / "out.json")])
    assert json.loads((folder / "out.json").read_text("utf-8")) == content


def test_what_could_not_be_measured_is_null(folder: Path, install: Install) -> None:
    judge = told((0.1, 0.1, 0.8))
    judge.trained_rows = frozenset({row_key("intent_chat_hand", "r0", "lol")})
    install(judge)
    write_rows(folder, "intent_chat_hand", [{"text": "lol", "intent": "other"}])
    path = folder / "out.json"
    assert main(["--data", str(folder), "--task", "intent", "--json", str(path)]) == 0
    result = json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)["results"][0]
    assert (result["n"], result["left_out"], result["metrics"]["macro_f1"]) == (0, 1, None)


def test_without_a_folder_it_says_so_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "no"), "--task", "intent", "--task", "retrieval"]) == 0
    printed = capsys.readouterr().out
    assert "No evaluation data at" in printed
    assert "No retrieval in" in printed


def test_files_are_relative_to_where_the_caller_stands(
    folder: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(told((0.1, 0.1, 0.8)))
    monkeypatch.setenv(command.CALLED_FROM, str(folder.parent))
    assert main(["--data", folder.name, "--task", "intent", "--json", f"{folder.name}/x.json"]) == 1
    assert json.loads((folder / "x.json").read_text("utf-8"))["results"][0]["n"] == 60


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--task", "nonsense"], "no task 'nonsense' here; there are intent,"),
        (["--mode", "full"], "mode full: it is not installed"),
        (["--mode", "nonsense"], "invalid choice"),
        (["--json", "no/such/folder/x.json", "--task", "urgency"], "No such file or directory"),
    ],
    ids=["task", "mode", "unknown mode", "json"],
)
def test_what_cannot_be_done_exits_2_and_says_why(
    folder: Path,
    install: Install,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    complaint: str,
) -> None:
    install(None)
    (folder / "intent_chat_hand.jsonl").unlink()
    assert main(["--data", str(folder), *words]) == 2
    assert complaint in capsys.readouterr().err.replace("\n", " ")


def test_a_broken_line_exits_2_and_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(folder, "intent_chat_hand", [{"text": "hi", "intent": "other"}, {"text": "hi"}])
    assert main(["--data", str(folder), "--task", "intent"]) == 2
    assert "intent_chat_hand.jsonl:2: has no 'intent'" in capsys.readouterr().err.replace("\n", "")


def test_listed_messages_cannot_steer_the_terminal(
    folder: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "you are an idiot [red]\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}"
    install(ToldJudge((ask.CLEAN, ask.TOXIC), {text: (0.15, 0.85)}, heads=frozenset({ask.TOXICITY})))
    write_rows(folder, "day_logs", [{"id": "d", "messages": [{"text": text}]}])
    assert main(["--data", str(folder), "--task", "false_alarms", "--list"]) == 0
    printed = capsys.readouterr().out
    assert "light .85 d:0: you are an idiot [red] [2J" in printed
    assert "\x1b" not in printed
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in printed


def test_ctrl_c_ends_it_without_a_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "results_table", interrupt)
    assert main(["--data", str(folder), "--task", "intent"]) == 130


def test_the_curve_is_a_picture(folder: Path, install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    install(told((0.4, 0.5, 0.1)))
    picture = folder / "curve.png"
    main(["--data", str(folder), "--task", "intent", "--curve", str(picture)])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "60 messages" in capsys.readouterr().out.replace("\n", " ")
    (folder / "intent_chat_hand.jsonl").unlink()
    assert main(["--data", str(folder), "--task", "intent", "--curve", str(picture)]) == 0
    assert "No curve" in capsys.readouterr().out
    assert main(["--data", str(folder), "--task", "intent", "--curve", str(folder / "x.nonsense")]) == 0


def test_without_matplotlib_only_the_curve_is_refused(
    folder: Path, install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert main(["--data", str(folder), "--task", "intent"]) == 0
    assert main(["--data", str(folder), "--task", "intent", "--curve", "x.png"]) == 2
    assert "requirements-train.txt" in capsys.readouterr().err


def test_intent_is_measured_on_the_messages_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    if not (DATA / "intent_chat_hand.jsonl").is_file():
        pytest.skip(f"{DATA} is not there")
    main(["--task", "intent", "--json", "-"])
    content = json.loads(capsys.readouterr().out)
    found = {(result["task"], result["mode"]): result for result in content["results"]}
    assert ("intent", "light") in found
    for result in found.values():
        assert result["n"] + result["left_out"] > 100
