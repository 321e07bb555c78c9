"""The loopback Ollama, by raw requests: answers fit Ollama's own description, errors are in its words."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from sandbox.ollama import Answer, Latency, Model, OllamaSandbox, Rule
from sandbox.ollama.answers import SCRIPTED
from sandbox.ollama.memory import seconds_of
from sandbox.ollama.schema import smallest
from tests.sandbox.clocks import Clock
from tests.sandbox.ollama_openapi import answer_schema, problems

MODELS = (
    "gemma3:27b", "llama3.2:3b", "qwen3:4b", "gpt-oss:20b", "all-minilm",
    Model("deepseek-r1:old", thinking="inline"),
)  # fmt: skip
HELLO = {"messages": [{"role": "user", "content": "hello there"}]}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
NDJSON = "application/x-ndjson"


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaSandbox]:
    async with OllamaSandbox(MODELS) as sandbox:
        yield sandbox


async def post(
    ollama: OllamaSandbox, path: str, body: Any = None, method: str = "POST", **headers: str
) -> tuple[int, list[Any]]:
    """Return status and lines of an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, ollama.url + path, json=body, headers=headers) as reply,
    ):
        return reply.status, [json.loads(line) for line in (await reply.text()).splitlines()]


async def chat(ollama: OllamaSandbox, model: str = "gemma3:27b", **more: Any) -> dict[str, Any]:
    status, (answer,) = await post(ollama, "/api/chat", {"model": model, "stream": False} | HELLO | more)
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("model", MODELS[:4])
async def test_chat_fits_the_description(ollama: OllamaSandbox, model: str) -> None:
    ollama.script(Answer("yes", thinking="hm", tool_calls=(("f", {"a": 1}),)))
    assert problems(answer_schema("post", "/api/chat"), await chat(ollama, model)) == []
    _, lines = await post(ollama, "/api/chat", {"model": model} | HELLO)
    assert len(lines) > 2
    for line in lines:
        assert problems(answer_schema("post", "/api/chat", NDJSON), line) == []
        assert problems("ChatResponse", line) == []
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]


@pytest.mark.parametrize("stream", [True, False])
async def test_generate_fits_the_description(ollama: OllamaSandbox, *, stream: bool) -> None:
    ollama.script(Answer("yes indeed", thinking="hm"))
    body = {"model": "qwen3:4b", "prompt": "well?", "system": "Be brief.", "stream": stream}
    _, lines = await post(ollama, "/api/generate", body)
    schema = answer_schema("post", "/api/generate", NDJSON if stream else "application/json")
    assert [problem for line in lines for problem in problems(schema, line)] == []
    assert "".join(line["response"] for line in lines) == "yes indeed"
    assert "".join(line.get("thinking", "") for line in lines) == "hm"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/version", None),
        ("GET", "/api/tags", None),
        ("GET", "/api/ps", None),
        ("POST", "/api/show", {"model": "gemma3:27b"}),
        ("POST", "/api/embed", {"model": "all-minilm", "input": ["a", "b"]}),
        ("POST", "/api/pull", {"model": "gemma3:4b", "stream": False}),
    ],
)
async def test_answers_about_models_fit_the_description(
    ollama: OllamaSandbox, method: str, path: str, body: Any
) -> None:
    await chat(ollama)
    status, (answer,) = await post(ollama, path, body, method)
    assert status == 200
    schema = answer_schema(method.lower(), path)
    assert problems(schema, answer) == []
    entries = {"/api/tags": "ModelSummary", "/api/ps": "Ps"}
    for entry in answer["models"] if path in entries else ():
        assert problems(entries[path], entry) == []


async def test_a_pull_fits_the_description_and_brings_the_model(ollama: OllamaSandbox) -> None:
    _, lines = await post(ollama, "/api/pull", {"model": "gemma3:4b"})
    assert [problem for line in lines for problem in problems("StatusEvent", line)] == []
    assert [lines[0]["status"], lines[-1]["status"]] == ["pulling manifest", "success"]
    done = [line["completed"] for line in lines if "completed" in line]
    assert len(done) == 16
    await chat(ollama, "gemma3:4b")
    _, lines = await post(ollama, "/api/pull", {"model": "nowhere"})
    assert lines[-1] == {"error": "pull model manifest: file does not exist"}
    status, (answer,) = await post(ollama, "/api/pull", {"model": "nowhere", "stream": False})
    assert (status, answer) == (500, lines[-1])
    ollama.offer("nowhere")
    assert (await post(ollama, "/api/pull", {"model": "nowhere"}))[1][-1] == {"status": "success"}


THINK = {"model": "gemma3:27b", "think": True} | HELLO
REFUSALS: list[tuple[str, dict[str, Any], int, str]] = [
    ("/api/chat", {"model": "phi4"} | HELLO, 404, "model 'phi4' not found"),
    ("/api/generate", {"model": "phi4", "prompt": "?"}, 404, "model 'phi4' not found"),
    ("/api/show", {"model": "phi4"}, 404, "model 'phi4' not found"),
    ("/api/embed", {"model": "phi4", "input": "?"}, 404, 'model "phi4" not found, try pulling it first'),
    ("/api/chat", HELLO, 400, "model is required"),
    ("/api/chat", THINK, 400, '"gemma3:27b" does not support thinking'),
    ("/api/chat", THINK | {"model": "qwen3:4b", "think": "high"}, 400, 'think value "high" is not supported'),
    ("/api/chat", {"model": "gemma3:27b", "tools": TOOLS} | HELLO, 400, "gemma3:27b does not support tools"),
    ("/api/chat", {"model": "all-minilm"} | HELLO, 400, '"all-minilm" does not support chat'),
    ("/api/generate", {"model": "qwen3:4b", "prompt": "?", "images": ["aGk="]}, 400, "not support vision"),
    ("/api/chat", {"model": "qwen3:4b", "keep_alive": "5 m"} | HELLO, 400, "invalid duration"),
    ("/api/embed", {"model": "all-minilm", "input": "x" * 9_999, "truncate": False}, 400, "context length"),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: f"{case[0]}-{case[3][:24]}")
async def test_refusals_are_in_ollamas_words(
    ollama: OllamaSandbox, case: tuple[str, dict[str, Any], int, str]
) -> None:
    path, body, expected, words = case
    status, (answer,) = await post(ollama, path, body)
    assert status == expected
    assert words in answer["error"]
    assert problems("ErrorResponse", answer) == []


async def test_what_is_no_json_object_is_a_bad_request(ollama: OllamaSandbox) -> None:
    assert (await post(ollama, "/api/chat", [1]))[0] == 400
    async with aiohttp.ClientSession() as session, session.post(f"{ollama.url}/api/chat", data="{") as reply:
        assert reply.status == 400


async def test_a_deleted_model_is_gone(ollama: OllamaSandbox) -> None:
    await chat(ollama)
    async with aiohttp.ClientSession() as session:
        for expected in (200, 404):
            async with session.delete(f"{ollama.url}/api/delete", json={"model": "gemma3:27b"}) as reply:
                assert reply.status == expected
        async with session.get(ollama.url) as reply:
            assert await reply.text() == "Ollama is running"
    assert (await post(ollama, "/api/ps", method="GET"))[1] == [{"models": []}]


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
async def test_foreign_pages_may_not_ask(ollama: OllamaSandbox, header: dict[str, str]) -> None:
    assert (await post(ollama, "/api/tags", method="GET", **header))[0] in {403, 421}
    assert ollama.requests == []


# Words


async def test_unscripted_words_say_that_they_are_scripted(ollama: OllamaSandbox) -> None:
    content = (await chat(ollama))["message"]["content"]
    assert content.startswith(SCRIPTED)
    assert "hello" not in content


async def test_rules_answer_by_first_match_and_as_often_as_they_say(ollama: OllamaSandbox) -> None:
    async def slowly(asked: Any) -> str:
        await asyncio.sleep(0)
        return f"late {asked.prompt}"

    ollama.script(
        Rule("HELLO", "once", times=1),
        Rule(lambda asked: asked.model == "qwen3:4b", {"a": [1]}),
        Rule("there", slowly),
    )
    ollama.when("", lambda asked: f"{len(asked.images)} {asked.system}")
    said = [
        (await chat(ollama, model))["message"]["content"]
        for model in ("gemma3:27b", "gemma3:27b", "qwen3:4b")
    ]
    assert said == ["once", "late hello there", '{"a": [1]}']
    messages = [
        {"role": "system", "content": "Rules."},
        {"role": "user", "content": "?", "images": ["aGk="]},
    ]
    assert (await chat(ollama, messages=messages))["message"]["content"] == "1 Rules."


SCHEMAS: list[Any] = [
    {"type": "object", "properties": {"a": {"type": "string", "minLength": 2}, "b": {}}, "required": ["a"]},
    {"type": "object", "properties": {"n": {"type": "integer", "exclusiveMinimum": 3}}, "required": ["n"]},
    {"type": "object", "properties": {"n": {"type": "number", "maximum": -0.5}}, "required": ["n"]},
    {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2},
    {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}], "$defs": {"node": {"type": "object"}}},
    {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                    "kind": {"const": "node"},
                    "ok": {"type": "boolean"},
                    "all": {"allOf": [{"type": "integer", "minimum": 2}]},
                },
                "required": ["next", "kind", "ok", "all"],
            }
        },
    },
    {"type": ["string", "null"]},
]


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_an_unscripted_answer_to_a_schema_is_its_smallest_instance(
    ollama: OllamaSandbox, schema: Any
) -> None:
    Draft202012Validator(schema).validate(smallest(schema))
    said = json.loads((await chat(ollama, format=schema))["message"]["content"])
    assert said == smallest(schema)


async def test_format_json_is_answered_with_json(ollama: OllamaSandbox) -> None:
    assert json.loads((await chat(ollama, format="json"))["message"]["content"]) == {}


@pytest.mark.parametrize(
    ("model", "think", "thinks"),
    [
        ("qwen3:4b", None, True), ("qwen3:4b", False, False), ("gpt-oss:20b", "low", True),
        ("gpt-oss:20b", False, True), ("gemma3:27b", None, False),
    ],
)  # fmt: skip
async def test_thinking_is_told_by_those_that_can(
    ollama: OllamaSandbox, model: str, think: Any, *, thinks: bool
) -> None:
    ollama.script(Answer("yes", thinking="hm hm"))
    message = (await chat(ollama, model, **({} if think is None else {"think": think})))["message"]
    assert message.get("thinking") == ("hm hm" if thinks else None)
    assert message["content"] == "yes"


async def test_a_model_that_thinks_inline_puts_tags_in_front(ollama: OllamaSandbox) -> None:
    ollama.script(Answer("yes", thinking="hm"))
    assert (await chat(ollama, "deepseek-r1:old"))["message"]["content"] == "<think>\nhm\n</think>\n\nyes"


# Memory and time


async def test_models_are_loaded_kept_and_unloaded() -> None:
    clock = Clock()
    async with OllamaSandbox(MODELS, clock=clock) as ollama:

        async def running() -> dict[str, Any]:
            _, (answer,) = await post(ollama, "/api/ps", method="GET")
            return {model["name"]: model for model in answer["models"]}

        await chat(ollama)
        await chat(ollama, "qwen3:4b", keep_alive="1h", options={"num_ctx": 8_192})
        await chat(ollama, "gpt-oss:20b", keep_alive=-1)
        await chat(ollama, "llama3.2:3b", keep_alive=0)
        found = await running()
        assert list(found) == ["gemma3:27b", "qwen3:4b", "gpt-oss:20b"]
        assert [found[name]["context_length"] for name in found] == [4_096, 8_192, 4_096]
        assert found["gemma3:27b"]["expires_at"] == "2023-11-14T22:35:00+00:00"
        clock.time += 301
        assert list(await running()) == ["qwen3:4b", "gpt-oss:20b"]
        await chat(ollama, "qwen3:4b", options={"num_ctx": 8_192})
        await chat(ollama, "qwen3:4b", options={"num_ctx": 4_096})
        await chat(ollama)
        assert ollama.loads[-3:] == [("llama3.2:3b", 4_096), ("qwen3:4b", 4_096), ("gemma3:27b", 4_096)]
        clock.time += 1e7
        assert list(await running()) == ["gpt-oss:20b"]


async def test_a_request_that_says_nothing_loads_or_unloads(ollama: OllamaSandbox) -> None:
    assert (await chat(ollama, messages=[]))["done_reason"] == "load"
    assert ollama.loads == [("gemma3:27b", 4_096)]
    unload = {"model": "gemma3:27b", "keep_alive": 0}
    _, (answer,) = await post(ollama, "/api/generate", unload)
    assert answer["done_reason"] == "unload"
    assert (await post(ollama, "/api/ps", method="GET"))[1] == [{"models": []}]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (None, 300.0),
        (0, 0.0),
        (90, 90.0),
        (-1, float("inf")),
        ("5m", 300.0),
        ("1h30m", 5_400.0),
        ("-1s", float("inf")),
    ],
)
def test_keep_alive_is_a_number_or_gos_notation(given: Any, seconds: float) -> None:
    assert seconds_of(given) == seconds


async def test_delays_are_told_and_repeatable_by_their_seed(ollama: OllamaSandbox) -> None:
    clock, waits = Clock(), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.time += seconds

    runs = []
    for seed in (1, 1, 2):
        waits.clear()
        latency = Latency(load=20, first=1, line=0.1, spread=0.5, seed=seed)
        async with OllamaSandbox(MODELS, latency=latency, clock=clock) as slow:
            slow.server.talk.sleep = sleep
            slow.script("one two three")
            answer = await chat(slow)
        assert answer["load_duration"] == pytest.approx(waits[0] * 1e9, rel=1e-6)
        assert answer["total_duration"] == pytest.approx(sum(waits) * 1e9, rel=1e-6)
        runs.append(tuple(waits))
    assert len(runs[0]) == 5
    assert runs[0] == runs[1] != runs[2]


async def test_the_record_says_how_each_request_ended(ollama: OllamaSandbox) -> None:
    await chat(ollama)
    ollama.fail("status", times=2, status=429, retry_after=3)
    for _ in range(2):
        assert (await post(ollama, "/api/chat", HELLO))[0] == 429
    ollama.fail("cut", path="*")
    with pytest.raises(aiohttp.ClientError):
        await post(ollama, "/api/chat", {"model": "gemma3:27b"} | HELLO)
    ollama.fail("hang")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await chat(ollama)
    await ollama.wait_for(lambda entry: entry.get("outcome") == "left")
    assert ollama.ends() == ["answered", "429", "429", "cut", "left"]
    assert [entry["path"] for entry in ollama.requests] == ["/api/chat"] * 5
    ollama.fail("hang")
    ollama.heal()
    await chat(ollama)


def test_an_unknown_fault_is_told() -> None:
    with pytest.raises(ValueError, match="no fault named 'hagn'; there are hang, cut"):
        OllamaSandbox().fail("hagn")  # type: ignore[arg-type]


async def test_others_could_reach_it_nowhere_but_on_loopback() -> None:
    with pytest.raises(ValueError, match="no loopback address"):
        await OllamaSandbox(address=("0.0.0.0", 0)).start()


async def test_a_scripts_mistake_is_a_server_error(ollama: OllamaSandbox, logged: Any) -> None:
    ollama.script(lambda asked: asked.nonsense)
    status, (answer,) = await post(ollama, "/api/chat", {"model": "gemma3:27b", "stream": False} | HELLO)
    assert (status, answer) == (500, {"error": "the loopback Ollama failed"})
    assert logged.of("ERROR", "/api/chat")
