"""What a model is asked and what comes back, by the real client over a socket."""

import base64
import json

import pytest

from bot.llm.errors import ContextOverflow, ModelMissing, Refused
from bot.llm.ollama import OllamaProvider
from bot.llm.types import Finish, Image, Message, Prompt, Role, ToolCall, ToolSpec, Usage
from sandbox.ollama import Answer, Model, OllamaSandbox
from tests.llm.ollama.asking import ask, prompt, with_options

HOW = pytest.mark.parametrize("how", ["complete", "stream"])
PNG = Image(b"\x89PNG not much of a picture", "image/png")
SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["help", "other"]}, "sure": {"type": "number", "minimum": 0.5}},
    "required": ["label", "sure"],
}
WEATHER = ToolSpec(
    "weather",
    "The weather somewhere",
    {
        "type": "object",
        "properties": {
            "place": {"type": "string", "description": "A town"},
            "when": {"type": "object", "properties": {"day": {"type": "integer", "minimum": 1}}},
        },
        "required": ["place"],
    },
)


@HOW
async def test_an_answer_comes_whole_with_what_it_took(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    ollama.script(Answer("  Restart the router,\nthen tell us. ", prompt_tokens=31, output_tokens=9))
    answer = await ask(provider, how)
    assert answer.text.strip() == "Restart the router,\nthen tell us."
    assert (answer.usage, answer.finish) == (Usage(31, 9), Finish.STOP)
    assert (answer.thinking, answer.tool_calls, answer.model) == ("", (), "gemma3:27b")


@HOW
async def test_everything_asked_reaches_the_model(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    await ask(provider, how, with_options(max_tokens=77, temperature=0.25, seed=5, stop=("END", "###")))
    (body,) = ollama.bodies()
    assert body["model"] == "gemma3:27b"
    assert [(m["role"], m["content"]) for m in body["messages"]] == [
        ("system", "Be brief."), ("user", "can you help me?"),
    ]  # fmt: skip
    assert body["options"] == {
        "num_ctx": 4_096, "num_predict": 77, "temperature": 0.25, "seed": 5, "stop": ["END", "###"],
    }  # fmt: skip
    assert body["keep_alive"] == 300
    assert body["stream"] == (how == "stream")
    assert not {"think", "format"} & body.keys()


async def test_a_stream_comes_piece_by_piece(ollama: OllamaSandbox, provider: OllamaProvider) -> None:
    ollama.script(Answer(pieces=("one", " two", " three")))
    texts = [chunk async for chunk in provider.stream(prompt(), model="gemma3:27b", deadline=10)]
    assert [getattr(chunk, "text", None) for chunk in texts] == ["one", " two", " three", None]


@HOW
async def test_an_answer_cut_at_its_limit_says_so(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    ollama.script("one two three four five six")
    answer = await ask(provider, how, with_options(max_tokens=3))
    assert (answer.text, answer.finish) == ("one two three", Finish.LENGTH)


@HOW
async def test_an_answer_ends_at_a_stop_word(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    ollama.script("yes END and more")
    answer = await ask(provider, how, with_options(stop=("END",)))
    assert (answer.text.strip(), answer.finish) == ("yes", Finish.STOP)


@HOW
async def test_a_schema_shapes_the_answer(ollama: OllamaSandbox, provider: OllamaProvider, how: str) -> None:
    answer = await ask(provider, how, prompt(schema=SCHEMA))
    assert json.loads(answer.text) == {"label": "help", "sure": 0.5}
    assert ollama.bodies()[0]["format"] == SCHEMA


@HOW
async def test_pictures_reach_a_model_that_sees(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    await ask(provider, how, Prompt([Message(Role.USER, "what is it?", images=(PNG,))]))
    (image,) = ollama.bodies()[0]["messages"][0]["images"]
    assert base64.b64decode(image) == PNG.data


@HOW
async def test_a_tool_is_called_and_its_result_told(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    ollama.script(Answer(tool_calls=(("weather", {"place": "Oslo"}), ("weather", {"place": "Bergen"}))))
    first = await ask(provider, how, prompt(tools=[WEATHER]), model="llama3.2:3b")
    assert first.finish is Finish.TOOL_CALLS
    assert [call.arguments for call in first.tool_calls] == [{"place": "Oslo"}, {"place": "Bergen"}]
    assert len({call.id for call in first.tool_calls}) == 2
    told = [
        Message(Role.ASSISTANT, "", tool_calls=first.tool_calls),
        Message(Role.TOOL, "rain", tool_call_id=first.tool_calls[0].id),
    ]
    ollama.script("It rains in Oslo.")
    second = await ask(provider, how, Prompt(told, tools=[WEATHER]), model="llama3.2:3b")
    assert second.text == "It rains in Oslo."
    assistant, tool = ollama.bodies()[1]["messages"]
    assert assistant["tool_calls"][0]["function"] == {"name": "weather", "arguments": {"place": "Oslo"}}
    assert (tool["role"], tool["content"], tool["tool_name"]) == ("tool", "rain", "weather")


async def test_what_the_client_leaves_out_of_a_tool_is_in_its_words(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    await ask(provider, "complete", prompt(tools=[WEATHER]), model="llama3.2:3b")
    (tool,) = ollama.bodies()[0]["tools"]
    sent = tool["function"]["parameters"]
    assert sent["required"] == ["place"]
    assert sent["properties"]["place"] == {"type": "string", "description": "A town"}
    assert '"day": {"type": "integer", "minimum": 1}' in sent["properties"]["when"]["description"]


@pytest.mark.parametrize(
    ("asked", "model", "words"),
    [
        (prompt(tools=[WEATHER]), "gemma3:27b", "can't call tools: choose a model that can"),
        (Prompt([Message(Role.USER, "?", images=(PNG,))]), "llama3.2:3b", "can't see pictures"),
        (prompt(schema=SCHEMA), "all-minilm", "can't answer in a schema"),
        (prompt(), "gpt-oss:120b-cloud", "runs on ollama.com, not on your machine"),
    ],
    ids=["tools", "pictures", "schema", "cloud"],
)
@HOW
async def test_what_a_model_cannot_do_is_refused_before_it_is_asked(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, asked: Prompt, model: str, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        await ask(provider, how, asked, model=model)
    assert ollama.bodies() == []


@HOW
async def test_a_model_that_is_not_pulled_says_the_command(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    with pytest.raises(ModelMissing, match="gemma3:4b is not there: run `ollama pull gemma3:4b`"):
        await ask(provider, how, model="gemma3:4b")
    assert ollama.bodies() == []


async def test_a_model_deleted_meanwhile_is_missing_and_asked_about_anew(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    await ask(provider, "complete", model="llama3.2:3b")
    ollama.server.library.delete("llama3.2:3b")
    with pytest.raises(ModelMissing):
        await ask(provider, "stream", model="llama3.2:3b")
    ollama.server.library.there["llama3.2:3b"] = Model("llama3.2:3b", context=9_000)
    assert (await provider.capabilities("llama3.2:3b")).context_tokens == 9_000


async def test_a_model_pulled_anew_is_asked_about_anew(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    await provider.capabilities("llama3.2:3b")
    ollama.offer(Model("llama3.2:3b", context=9_000))
    async for _ in provider.pull("llama3.2:3b"):
        pass
    assert (await provider.capabilities("llama3.2:3b")).context_tokens == 9_000


@HOW
async def test_a_prompt_that_does_not_fit_is_not_sent(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    with pytest.raises(ContextOverflow, match="tiny:1b reads 2048: shorten"):
        await ask(provider, how, prompt("word " * 1_000), model="tiny:1b")
    assert ollama.bodies() == []


async def test_vectors_come_one_for_each_text(ollama: OllamaSandbox, provider: OllamaProvider) -> None:
    vectors = await provider.embed(["a", "b", "a"], model="all-minilm", deadline=10)
    assert [len(vector) for vector in vectors] == [384] * 3
    assert vectors[0] == vectors[2] != vectors[1]
    assert ollama.bodies("/api/embed")[0]["input"] == ["a", "b", "a"]
    assert await provider.embed([], model="all-minilm", deadline=10) == []
    assert len(ollama.bodies("/api/embed")) == 1


async def test_vectors_of_a_missing_model_say_the_command(provider: OllamaProvider) -> None:
    with pytest.raises(ModelMissing, match="`ollama pull nomic-embed-text`"):
        await provider.embed(["a"], model="nomic-embed-text", deadline=10)


async def test_a_tool_call_from_before_is_sent_with_its_text(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    said = [
        Message(Role.ASSISTANT, "I look.", tool_calls=(ToolCall("call_1", "weather", {"place": "Rome"}),))
    ]
    await ask(provider, "complete", Prompt(said), model="llama3.2:3b")
    (message,) = ollama.bodies()[0]["messages"]
    assert (message["content"], message["tool_calls"][0]["function"]["name"]) == ("I look.", "weather")
