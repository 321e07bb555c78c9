"""What is recognised as a stack trace, and what is not."""

import time
from pathlib import Path

import pytest
import yaml

from plugins.error_explainer.causes import KEYS, cause_of
from plugins.error_explainer.traces import find_trace
from tests.plugins.error_explainer import samples


@pytest.mark.parametrize(
    ("text", "language", "kind", "path", "line", "cause"),
    [
        (samples.PYTHON, "python", "ModuleNotFoundError", "~/app/main.py", 12, "python_module"),
        (samples.NODE, "node", "TypeError", "~/bot/index.js", 31, "null_member"),
        (samples.NODE_MODULE, "node", "Error", "/app/server.js", 1, "node_module"),
        (samples.JAVA, "java", "java.lang.NullPointerException", "Names.kt", 42, "java_null"),
        (samples.CSHARP, "csharp", "System.NullReferenceException", "~\\src\\Program.cs", 12, "null_access"),
        (samples.GO, "go", "panic", "~/x/store.go", 9, "index"),
        (samples.RUST, "rust", "panic", "src/main.rs", 4, "rust_none"),
        (samples.RUST_OLD, "rust", "panic", "src/count.rs", 7, "rust_overflow"),
        (samples.PHP, "php", "Error", "/var/www/shop.php", 12, "null_access"),
        (samples.RUBY, "ruby", "NoMethodError", "app.rb", 3, "null_member"),
    ],
    ids=["python", "node", "node-module", "java", "csharp", "go", "rust", "rust-old", "php", "ruby"],
)
def test_a_trace_is_read_down_to_the_members_own_frame(
    text: str, language: str, kind: str, path: str, line: int, cause: str
) -> None:
    trace = find_trace(text)
    assert trace is not None
    assert (trace.language, trace.kind) == (language, kind)
    assert trace.own is not None
    assert (trace.own.path, trace.own.line) == (path, line)
    known = cause_of(trace)
    assert known is not None
    assert known.key == cause


@pytest.mark.parametrize("text", samples.NO_TRACES.values(), ids=samples.NO_TRACES.keys())
def test_what_is_no_trace_is_left_alone(text: str) -> None:
    assert find_trace(text) is None
    assert find_trace(f"```\n{text}\n```") is None


def test_the_exception_that_reached_the_top_counts() -> None:
    first = samples.PYTHON.split("```py\n")[1].removesuffix("\n```")
    then = first.replace("ModuleNotFoundError: No module named 'flask'", "KeyError: 'token'")
    text = f"{first}\n\nDuring handling of the above exception, another exception occurred:\n\n{then}"
    trace = find_trace(text)
    assert trace is not None
    assert (trace.kind, trace.message) == ("KeyError", "'token'")
    assert len(trace.frames) == 2


def test_an_inner_exception_of_csharp_is_the_cause() -> None:
    trace = find_trace(
        "System.AggregateException: One or more errors occurred.\n"
        " ---> System.FormatException: Input string was not in a correct format.\n"
        "   at System.Number.Throw()\n   at Shop.Cart.Total() in /src/Cart.cs:line 8"
    )
    assert trace is not None
    assert trace.kind == "System.FormatException"
    assert trace.own is not None
    assert trace.own.line == 8


@pytest.mark.parametrize("prefix", ["web-1  | ", "2026-03-01 12:00:00,123 ERROR "], ids=["compose", "logger"])
def test_prefixes_of_logs_are_looked_through(prefix: str) -> None:
    lines = samples.PYTHON.split("```py\n")[1].removesuffix("\n```").splitlines()
    assert find_trace("\n".join(prefix + line for line in lines)) is not None


@pytest.mark.parametrize(
    "path",
    ["/home/secret/x.py", "/Users/secret/x.py", "C:\\Users\\secret name\\x.py", "c:/users/secret/x.py"],
    ids=["linux", "mac", "windows", "slashes"],
)
def test_names_in_home_folders_are_taken_out_everywhere(path: str) -> None:
    head = "Traceback (most recent call last):"
    trace = find_trace(f'{head}\n  File "{path}", line 1, in f\nFileNotFoundError: no file: {path}')
    assert trace is not None
    assert "secret" not in repr(trace)
    assert trace.frames[0].path.startswith("~")


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["Traceback (most recent call last):"] * 3_000),
        "TypeError: x\n" + "    at a.b.c.d (" * 5_000,
        "\n".join(["    at " + "a" * 900] * 900),
        "Uncaught " + "A" * 50_000 + "Error: x\n    at f (a.js:1:1)",
        "\n".join(["app.rb:3:in `" + "x'" * 400] * 900),
        "\n".join(["/home/" * 160] * 900),
    ],
    ids=["heads", "one line", "long frames", "long type", "ruby", "homes"],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    started = time.process_time()
    find_trace(text)
    assert time.process_time() - started < 1.0


def test_every_cause_has_its_words_in_two_lines_and_every_word_is_used() -> None:
    texts = yaml.safe_load(Path("plugins/error_explainer/messages.yaml").read_text("utf-8"))
    for key in KEYS:
        assert len(texts[key].strip().splitlines()) == 2, key
    source = Path("plugins/error_explainer/plugin.py").read_text("utf-8")
    assert [key for key in texts if key not in KEYS and f'"{key}"' not in source] == []
