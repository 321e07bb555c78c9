"""What people read stands in the catalogue, not in the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bot", "cogs", "plugins")
ELSEWHERE = (
    "bot/cli.py", "bot/demo/", "bot/doctor.py", "bot/evaluation/", "bot/training/",  # for the terminal
    "bot/domain/",  # pure: knows no catalogue
    "bot/llm/",  # for the log and the doctor
    "bot/plugin_api/",
)  # fmt: skip
CALLS = frozenset(
    (
        "Button", "ConflictError", "Embed", "Label", "NotFoundError", "Select", "SelectOption",
        "TargetGoneError", "TextInput", "UserFacingError", "add_field", "button", "edit", "edit_message",
        "edit_original_response", "left_to_staff", "select", "send", "send_message", "set_footer",
        "tell_staff", "warn_owner",
    )
)  # fmt: skip
READ = frozenset(("content", "description", "label", "name", "placeholder", "text", "title", "value"))
MOST_WORDS = 2


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Return what a file tells people in words of its own, with the line of each."""
    for node in ast.walk(ast.parse(source)):
        told: list[ast.expr] = []
        if isinstance(node, ast.Call) and _name(node) in CALLS:
            told = [*node.args, *(each.value for each in node.keywords if each.arg in READ)]
        elif isinstance(node, ast.ClassDef):
            told = [each.value for each in node.keywords if each.arg == "title"]
        for argument in told:
            for words in _literals(argument):
                if sum(_is_word(each) for each in words.split()) > MOST_WORDS:
                    yield argument.lineno, words


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    if isinstance(call.func, ast.Subscript):  # a generic class
        return _name(ast.Call(call.func.value, [], []))
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _literals(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        return  # what it is given is looked at by itself
    if isinstance(node, ast.Constant):
        yield node.value if isinstance(node.value, str) else ""
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _literals(child)


def _is_word(part: str) -> bool:
    return any(letter.isalpha() for letter in part) and "://" not in part


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_sentence_is_in_the_code(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    found = [
        f"{name}:{line}: {words}"
        for path in paths
        if not (name := path.relative_to(ROOT).as_posix()).startswith(ELSEWHERE)
        for line, words in sentences(path.read_text("utf-8"))
    ]
    assert not found, "put them into config/messages/en and use text(...)"


@pytest.mark.parametrize(
    "source",
    [
        'raise UserFacingError("There is no ticket.")',
        'raise UserFacingError(f"Ticket {number} is closed already.")',
        'await interaction.response.send_message("It is done." if done else other)',
        'await interaction.followup.send(content="The panel " + "is posted here")',
        'embed.add_field(name=text("topic.key"), value=value or "nothing was found")',
        'discord.ui.TextInput[Any](placeholder="In a few words")',
        'class Form(Modal, title="How was the help?"): pass',
    ],
    ids=["error", "f_string", "either", "added", "default", "generic", "class"],
)
def test_a_sentence_in_the_code_is_found(source: str) -> None:
    assert list(sentences(source))


@pytest.mark.parametrize(
    "source",
    [
        'raise UserFacingError(text("topic.key", name="somebody of another place"))',
        'logger.info("It has been done already")',
        'discord.ui.Button(label=text("topic.key"), custom_id="one two three four")',
        'embed.add_field(name="\\u200b", value=f"https://discord.com/channels/{guild_id}/{channel_id}")',
    ],
    ids=["catalogue", "log", "custom_id", "link"],
)
def test_what_nobody_reads_is_left_alone(source: str) -> None:
    assert not list(sentences(source))
