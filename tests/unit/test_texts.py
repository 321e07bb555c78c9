"""The catalogue: every text that is asked for is there, and every text that is there is asked for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import texts
from bot.domain.errors import StartupError
from bot.texts import catalogue, placeholders, text

ROOT = Path(__file__).resolve().parents[2]


def calls(name: str = "text") -> Iterator[tuple[str, ast.Call]]:
    """Every `text(...)`, or other function of the catalogue, in the program, with where it stands."""
    for folder in ("bot", "cogs", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            source = path.read_text("utf-8")
            if "from bot.texts import" not in source:
                continue  # a function of its own of that name
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def counted_things() -> Iterator[tuple[str, str]]:
    """Every `counted(number, "thing")` of texts, with where it stands."""
    for where, call in calls("counted"):
        thing = call.args[1]
        assert isinstance(thing, ast.Constant), f"{where}: name the thing"
        yield where, str(thing.value)


def keys_of(call: ast.Call) -> set[str]:
    """What a call may ask for: its key, or all that begin as its f-string does."""
    key = call.args[0]
    if isinstance(key, ast.Constant):
        return {str(key.value)} & catalogue("en").keys()
    assert isinstance(key, ast.JoinedStr), "name the key, or begin with its topic"
    start = key.values[0]
    assert isinstance(start, ast.Constant)
    assert "." in str(start.value)
    return {each for each in catalogue("en") if each.startswith(str(start.value))}


def test_every_text_that_is_asked_for_is_there_with_its_placeholders() -> None:
    for where, call in calls():
        keys = keys_of(call)
        assert keys, f"{where} asks for a text that isn't in config/messages/en"
        if any(each.arg is None for each in call.keywords):
            continue  # **values: known only when it runs
        given = {str(each.arg) for each in call.keywords}
        for key in keys:
            assert placeholders(catalogue("en")[key]) <= given, f"{where}: {key}"


def test_what_is_counted_has_a_word_for_one_and_for_many() -> None:
    for where, thing in counted_things():
        for key in (f"counted.{thing}_one", f"counted.{thing}_many"):
            assert placeholders(catalogue("en").get(key, "")) == {"number"}, f"{where}: {key}"


def test_every_text_is_asked_for() -> None:
    asked = set().union(*(keys_of(call) for _where, call in calls()))
    for _where, thing in counted_things():
        asked |= {f"counted.{thing}_one", f"counted.{thing}_many"}
    unused = sorted(catalogue("en").keys() - asked)
    assert not unused


def test_values_are_not_taken_for_placeholders(folder: Path) -> None:
    write(folder, "en", hello="Hello {name}, {other}")
    assert text("topic.hello", name="{other}", other="x") == "Hello {other}, x"


def test_what_a_language_lacks_is_told_in_english(folder: Path) -> None:
    write(folder, "en", hello="Hello", bye="Bye")
    write(folder, "de", hello="Hallo")
    texts.speak("de")
    assert (text("topic.hello"), text("topic.bye")) == ("Hallo", "Bye")


@pytest.mark.parametrize(
    ("german", "told"),
    [
        ({"hello": "Hallo {nam}"}, "knows no {nam}; it may use {name}"),
        ({"hallo": "Hallo"}, "there is no text 'topic.hallo'"),
        ({"hello": 3}, "hello must be a text"),
    ],
    ids=["placeholder", "key", "number"],
)
def test_a_wrong_text_is_named_at_the_start(folder: Path, german: dict[str, object], told: str) -> None:
    write(folder, "en", hello="Hello {name}")
    write(folder, "de", **german)
    with pytest.raises(StartupError) as raised:
        texts.speak("de")
    assert told in str(raised.value)


def test_an_unknown_language_is_refused_with_those_there_are(folder: Path) -> None:
    write(folder, "en", hello="Hello")
    with pytest.raises(StartupError, match="there are: en"):
        texts.speak("fr")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty catalogue."""
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    monkeypatch.setattr(texts, "_language", "en")
    catalogue.cache_clear()
    yield tmp_path
    catalogue.cache_clear()


def write(folder: Path, language: str, **content: object) -> None:
    """Write one topic of a language."""
    (folder / language).mkdir(exist_ok=True)
    lines = [f"{key}: {value if isinstance(value, int) else repr(value)}" for key, value in content.items()]
    (folder / language / "topic.yaml").write_text("\n".join(lines), "utf-8")
