"""The demo's parts, without the sandbox and the bot."""

import io
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from bot.demo import main
from bot.demo.daily import judge_summary
from bot.demo.environment import admin_token, bot_environment
from bot.demo.errors import DemoError
from bot.demo.language import (
    EXPLAINED,
    MARK,
    MODEL,
    Words,
    environment_of,
    find_ollama,
    offer,
    require_ollama,
    script,
)
from bot.demo.player import Played
from bot.demo.screen import Screen, plain
from bot.demo.script import Expected, Line, Outcome
from bot.demo.stage import seed_of
from bot.demo.story import AUDITED, KEPT_OUT, STORY
from bot.settings import LlmSettings, load_settings
from sandbox.ollama import OllamaSandbox
from tests.unit.test_demo_check import story_of

READY = {
    "token": "abc",
    "application_id": 1,
    "api_url": "http://127.0.0.1:1/api/v10",
    "gateway_url": "ws://127.0.0.1:1/",
    "cdn_url": "http://127.0.0.1:1/cdn",
    "services": {
        "github": {"url": "http://127.0.0.1:2", "address": "127.0.0.1:2", "token": "t", "repository": "a/b"},
        "pictures": {"url": "http://127.0.0.1:3/v1", "address": "127.0.0.1:3", "key": "k"},
    },
}
ROOT = Path(__file__).parents[2]
BOT, MESSAGE, REPLY, HELP, OTHER = 1, 10, 20, 100, 200


def test_nothing_of_the_owner_decides_where_the_demos_bot_connects_or_writes(tmp_path: Path) -> None:
    mine = {
        "DISCORD_TOKEN": "real",
        "LOOKOUT_DISCORD__API_URL": "http://elsewhere",
        "LOOKOUT_DATABASE__URL": "postgresql://real",
        "ADMIN_HOST": "0.0.0.0",
        "lookout_log__level": "ERROR",
        "LOOKOUT_ORCHESTRATOR__AUTO_REPLY": "false",
        "PATH": "/bin",
    }
    made = bot_environment(READY, tmp_path, mine)
    assert not {
        "DISCORD_TOKEN",
        "LOOKOUT_DISCORD__API_URL",
        "LOOKOUT_DATABASE__URL",
        "lookout_log__level",
    } & set(made)
    assert made["DISCORD_BOT_TOKEN"] == READY["token"]
    assert made["ADMIN_HOST"] == "127.0.0.1"
    assert str(tmp_path) in made["DATABASE_URL"]
    assert made["LOOKOUT_ORCHESTRATOR__AUTO_REPLY"] == "false"
    assert made["PATH"] == "/bin"


def test_plugins_ask_the_stand_ins_with_nothing_of_the_owners(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    options = "{image_generation: {service: openrouter}, feature_requests: {repositories: [real/real]}}"
    (config / "settings.yaml").write_text(f"plugins: {{enabled: false, options: {options}}}")
    file = tmp_path / ".env"
    file.write_text("LOOKOUT_PLUGIN_FEATURE_REQUESTS_TOKEN=real\n")
    mine = {
        "LOOKOUT_PLUGIN_IMAGE_GENERATION_KEY": "real",
        "LOOKOUT_PLUGIN_OTHER_KEY": "real",
        "LOOKOUT_PLUGINS__HOSTS__IMAGE_GENERATION": "real",
    }
    made = bot_environment(READY, tmp_path, mine)
    assert "LOOKOUT_PLUGIN_OTHER_KEY" not in made
    plugins = load_settings(config, made, file).plugins
    assert plugins.enabled
    assert "real" not in str(
        [plugins, *(each.get_secret_value() for each in (plugins.secrets or {}).values())]
    )
    assert plugins.hosts == {"feature_requests": ("127.0.0.1:2",), "image_generation": ("127.0.0.1:3",)}
    assert plugins.options["feature_requests"]["repositories"] == "a/b"
    assert plugins.options["image_generation"]["service"] == "openai"
    assert plugins.files_folder.is_relative_to(tmp_path)


def test_no_language_model_is_asked_but_the_one_of_the_demo(tmp_path: Path) -> None:
    mine = {
        "LLM_PROVIDER": "anthropic",
        "LLM_API_KEY": "sk-mine",
        "LOOKOUT_LLM__CHAINS__REPLY": "openai",
        "LOOKOUT_LLM__MODELS__REPLY": "dear",
        "lookout_llm__ollama_host": "http://elsewhere:1",
    }

    def links(made: dict[str, str]) -> set[tuple[tuple[str, str], ...]]:
        llm = load_settings(tmp_path / "none", made, None).llm
        return {llm.links(task) for task in LlmSettings().chains.model_dump()}

    assert links(bot_environment(READY, tmp_path, mine)) == {()}
    url = "http://127.0.0.1:9"
    scripted = bot_environment(READY, tmp_path, mine, environment_of(Words.SCRIPTED, url))
    assert links(scripted) == {(("ollama", MODEL),)}
    assert load_settings(tmp_path / "none", scripted, None).llm.ollama_host == url


async def test_an_ollama_that_answers_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    async with OllamaSandbox() as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.url)
        assert await find_ollama() == ollama.url
        assert "--llm ollama" in offer(ollama.url)
        llm = LlmSettings(ollama_host=ollama.url, ollama_model="llama3.2:3b")
        assert (await require_ollama(llm)).startswith("Language model: llama3.2:3b, by Ollama ")
        with pytest.raises(DemoError, match="ollama pull made-up"):
            await require_ollama(LlmSettings(ollama_host=ollama.url, ollama_model="made-up"))
    assert await find_ollama() == ""
    with pytest.raises(DemoError, match="start it"):
        await require_ollama(llm)


def test_every_scripted_word_says_that_it_is() -> None:
    assert all(rule["answer"].startswith(MARK) for rule in json.loads(script()))
    assert "scripted" in EXPLAINED


def test_the_scripted_words_answer_the_question_and_not_what_was_said_before_it() -> None:
    prompt = (ROOT / "config" / "prompts" / "reply.md").read_text("utf-8")
    for rule in json.loads(script()):
        assert prompt.rpartition(rule["after"])[2].split() == ["{question}"]


def test_the_owners_admin_token_is_used_because_it_cannot_be_unset(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("ADMIN_TOKEN=from-the-file\n")
    assert admin_token({}, file) == "from-the-file"
    assert admin_token({"ADMIN_TOKEN": "mine"}, file) == "mine"
    assert admin_token({}, tmp_path / "none") is None


def test_everybody_and_every_place_of_the_story_exists() -> None:
    people = {person.name for person in (STORY.owner, *STORY.people)}
    places = {place.name for place in STORY.places} | {name for _, _, name in STORY.threads}
    keys = [line.key for line in STORY.lines if line.key]
    assert {line.author for line in STORY.lines} <= people
    assert {line.place for line in STORY.lines} <= places
    assert {name for line in STORY.lines for name in re.findall(r"@(\w+)", line.text)} <= people
    assert {line.reply_to for line in STORY.lines if line.reply_to} <= set(keys)
    assert len(keys) == len(set(keys))
    assert AUDITED in keys
    assert STORY.desk is not None
    assert {STORY.desk.forum, STORY.desk.panel} <= places
    assert STORY.daily is not None
    assert STORY.daily.channel in places
    everything = " ".join(line.text for line in STORY.lines)
    assert all(hidden in everything for hidden in KEPT_OUT)
    assert STORY.desk.role in {
        role for each in STORY.people if each.name == STORY.desk.teacher for role in each.roles
    }


def test_the_bot_may_in_the_forum_of_tickets_what_these_take() -> None:
    (forum,) = [each for each in seed_of(STORY)["guilds"][0]["channels"] if each["name"] == "tickets"]
    assert forum["overwrites"] == [
        {"target": "everyone", "deny": ["send_messages"]},
        {"target": "bot", "allow": ["send_messages", "manage_threads", "manage_channels"]},
    ]


def test_only_staff_and_the_bot_see_the_staff_channel() -> None:
    (channel,) = [each for each in seed_of(STORY)["guilds"][0]["channels"] if each["name"] == "staff"]
    assert [rule["target"] for rule in channel["overwrites"]] == ["everyone", "Staff", "bot"]
    assert channel["overwrites"][0]["deny"] == ["view_channel"]


def test_a_text_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in plain("\x1b[2J\x9b31m boo")
    assert plain("two\nlines") == "two\nlines"
    assert len(plain("x" * 5000)) == 600


@pytest.mark.parametrize("width", [30, 80])
def test_a_pipe_gets_no_colour_and_no_line_is_too_long(width: int) -> None:
    stream = io.StringIO()
    screen = Screen(Console(file=stream, width=width, highlight=False, markup=False))
    screen.title("The [bold]Guild[/]", "light")
    screen.message("Ada", "#help", "how do I [red]escape[/red] from here? " * 5)
    screen.decision(story_of())
    screen.reply("#help", "Like this.")
    screen.totals("Sums", [("one", "word " * 30), ("another", "2")])
    shown = stream.getvalue()
    assert "\x1b" not in shown
    assert "[bold]" in shown
    assert max(len(line) for line in shown.splitlines()) <= width
    assert not any(line.endswith(" ") for line in shown.splitlines())


@pytest.mark.parametrize(
    "argv", [["--speed", "-1"], ["--speed", "fast"], ["--speed", "nan"], ["--line", "0"], ["--nonsense"]]
)
def test_wrong_options_exit_2_and_say_why(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert "error:" in capsys.readouterr().err


def test_help_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "--transcript" in capsys.readouterr().out


def test_a_transcript_is_looked_for_where_run_py_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "day.jsonl").write_text("no JSON\n")
    monkeypatch.setenv("LOOKOUT_CALLED_FROM", str(tmp_path))
    assert main(["--transcript", "day.jsonl"]) == 1
    assert "can't be read" not in capsys.readouterr().err


def test_a_bad_transcript_is_one_line_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--transcript", str(tmp_path / "none.jsonl")]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "none.jsonl: can't be read" in shown.err


def test_a_pipe_that_nobody_reads_any_more_ends_it_like_ctrl_c() -> None:
    code = """
import signal, sys
from bot.demo.screen import Screen, console_for
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
screen = Screen(console_for(sys.stdout))
try:
    while True:
        screen.say("still here")
except KeyboardInterrupt:
    screen.say("unheard")
    sys.exit(130)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        deadline = threading.Timer(20, child.kill)
        deadline.start()
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
        deadline.cancel()
    assert child.returncode == 130


def test_a_summary_rests_on_what_was_said_and_tells_nothing_hidden() -> None:
    said = [
        Played(Line("ann", "help", "It is broken", expected, ""), number, HELP, None)
        for number, expected in ((501, Expected()), (502, Expected(Outcome.UNSEEN)))
    ]

    def wrong(text: str) -> list[str]:
        verdicts = judge_summary({"embeds": [{"description": text}]}, said, ["budget"])
        return [each for verdict in verdicts for each in verdict.wrong]

    link = "[1](https://discord.com/channels/1/2/{})"
    assert wrong(f"It is broken {link.format(501)}") == []
    assert wrong("It is broken") == ["it has none"]
    assert wrong(f"It is broken {link.format(502)}") == ["502 was not to be in it"]
    assert wrong(f"The budget {link.format(501)}") == ["it says 'budget'"]
