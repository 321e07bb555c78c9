"""The container files and .ci/run name only what exists; their own commands are run where a test can."""

import ast
import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import run
from bot.settings import Settings
from bot.settings_sources import FLAT_NAMES

ROOT = Path(run.__file__).parent


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """The instructions, each with its arguments on one line."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], " ".join(line.split()[1:])) for line in lines]


@pytest.fixture(scope="module")
def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (ROOT / "compose.yaml").read_text("utf-8")
    )
    return loaded


def arguments(dockerfile: list[tuple[str, str]], instruction: str) -> list[str]:
    return [rest for name, rest in dockerfile if name == instruction]


def test_every_file_the_image_copies_exists_and_is_let_through(dockerfile: list[tuple[str, str]]) -> None:
    ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_through = [line[1:].rstrip("/") for line in ignore if line.startswith("!")]
    assert "*" in ignore
    sources = [source.rstrip("/") for rest in arguments(dockerfile, "COPY") for source in rest.split()[:-1]]
    assert "run.py" in sources
    for source in sources:
        assert (ROOT / source).exists()
        assert any(Path(source).match(pattern) for pattern in let_through), source


def test_set_up_in_the_image_has_every_file_that_run_py_reads(dockerfile: list[tuple[str, str]]) -> None:
    before_setup = []
    for name, rest in dockerfile:
        if name == "RUN" and "run.py setup" in rest:
            break
        before_setup += rest.split()[:-1] if name == "COPY" else []
    needed = {
        run.FILES[group] for light in (True, False) for group in run.wanted_groups("setup", light=light)
    }
    assert needed <= set(before_setup)
    assert "python run.py setup" in arguments(dockerfile, "RUN")  # test_run.py runs it
    assert arguments(dockerfile, "ENTRYPOINT") == ['["python", "run.py"]']


def test_image_is_light_by_default_and_not_run_by_root(dockerfile: list[tuple[str, str]]) -> None:
    assert arguments(dockerfile, "ARG") == ["LIGHT=1"]
    assert f"{run.LIGHT}=${{LIGHT}}" in arguments(dockerfile, "ENV")[0]
    assert arguments(dockerfile, "USER") == ["10001:10001"]
    assert dockerfile.index(("USER", "10001:10001")) > max(
        i for i, (name, _) in enumerate(dockerfile) if name == "RUN"
    )
    assert arguments(dockerfile, "VOLUME") == ["/app/data"]
    for path in (Settings().database.path, Settings().log.folder):
        assert path.is_relative_to("data")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give a folder away"
)
def test_the_data_folder_is_given_to_the_user_of_the_image(
    dockerfile: list[tuple[str, str]], tmp_path: Path
) -> None:
    (command,) = (rest for rest in arguments(dockerfile, "RUN") if "chown" in rest)
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    owner = (tmp_path / "data").stat()
    assert arguments(dockerfile, "USER") == [f"{owner.st_uid}:{owner.st_gid}"]


class _Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_healthcheck_tells_a_healthy_bot_from_another(
    dockerfile: list[tuple[str, str]], port: int, monkeypatch: pytest.MonkeyPatch, status: int, healthy: bool
) -> None:
    monkeypatch.setattr(_Health, "status", status)
    command = json.loads(arguments(dockerfile, "HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[0] == "python"
    ast.parse(command[2])
    environment = {**os.environ, "ADMIN_PORT": str(port)}
    done = subprocess.run(
        [sys.executable, *command[1:]], env=environment, capture_output=True, timeout=30, check=False
    )
    assert (done.returncode == 0) is healthy
    assert f"or {Settings().api.port}" in command[2]


def test_compose_builds_the_bot_and_puts_ollama_beside_it(
    compose: dict[str, dict[str, dict[str, object]]], dockerfile: list[tuple[str, str]]
) -> None:
    bot, ollama = compose["services"]["lookout"], compose["services"]["ollama"]
    assert str(ollama["image"]).startswith("ollama/ollama")
    environment = bot["environment"]
    assert isinstance(environment, dict)
    assert environment["OLLAMA_HOST"] == "http://ollama:11434"
    assert environment.keys() <= FLAT_NAMES.keys()
    volumes = [volume for service in (bot, ollama) for volume in _texts(service["volumes"])]
    named = {volume.partition(":")[0] for volume in volumes if not volume.startswith(".")}
    assert named == compose["volumes"].keys()
    mounted = [volume.partition(":") for volume in volumes if volume.startswith(".")]
    assert all((ROOT / source).exists() for source, _, _ in mounted)
    assert f"lookout-data:{arguments(dockerfile, 'VOLUME')[0]}" in volumes
    grace = int(str(bot["stop_grace_period"]).rstrip("s"))
    assert grace > Settings().shutdown.drain_seconds


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]


def test_extras_for_postgres_are_those_of_the_tests() -> None:
    extra = run.read_requirements((ROOT / "requirements-postgres.txt").read_text("utf-8"))
    assert set(extra) <= set(run.requirements_of("test"))


def test_ci_runs_the_test_command_and_every_check() -> None:
    script = ROOT / ".ci/run"
    text = script.read_text("utf-8")
    assert os.access(script, os.X_OK)
    commands = [shlex.split(line) for line in re.findall(r'"\$python" run\.py (.*)', text)]
    assert [command[0] for command in commands] == ["test", *["python"] * 4]
    assert commands[0][:2] == ["test", "$@"]  # README's command, and what one gives it: --cov
    for tool in ("ruff check", "ruff format --check", "mypy", "importlinter"):
        assert tool in text
    coverage = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    assert coverage["run"] == {"branch": True, "source": ["bot", "cogs", "plugins"]}
    assert coverage["report"]["fail_under"] >= 90
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    assert subprocess.run([bash, "-n", str(script)], check=False).returncode == 0
