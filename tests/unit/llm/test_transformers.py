import asyncio
import importlib.util
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.llm import transformers as module
from bot.llm.errors import ContextOverflow, ModelMissing, ProviderUnavailable, Refused, TooSlow
from bot.llm.provider import LLMProvider
from bot.llm.transformers import Label, Local, TransformersProvider
from bot.llm.transformers_folders import CONFIG, Folder, Kind, describe
from bot.llm.transformers_models import Call, CannotLoad, load
from bot.llm.types import (
    Capabilities,
    Completion,
    DoneChunk,
    Finish,
    Image,
    Message,
    Options,
    Prompt,
    Role,
    TextChunk,
    Usage,
)
from tests.unit.llm import tiny_models
from tests.unit.llm.tiny_models import ANSWER, ASSISTANT, CONTEXT, LABELS, STRICT, SYSTEM

pytestmark = pytest.mark.asyncio(loop_scope="module")  # so that each model is loaded once

LONG = 120.0  # seconds; reached only when something is broken
SAID = " ".join(ANSWER)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    models = tmp_path_factory.mktemp("models")
    tiny_models.write_writer(models / "writer")
    tiny_models.write_writer(models / "own" / "endless", endless=True, context=100_000)
    tiny_models.write_writer(models / "plain", template=None)
    tiny_models.write_writer(models / "strict", template=STRICT)
    tiny_models.write_summarizer(models / "summarizer")
    tiny_models.write_labeller(models / "labeller")
    tiny_models.write_labeller(models / "several", several=True)
    return models


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider(folder: Path) -> AsyncIterator[TransformersProvider]:
    provider = TransformersProvider(Local(folder, threads=1))
    yield provider
    await provider.close()


def asked(text: str, system: str = "", **options: Any) -> Prompt:
    messages = [Message(Role.SYSTEM, system)] if system else []
    return Prompt([*messages, Message(Role.USER, text)], options=Options(**options))


def local(folder: Path, model: str) -> Any:
    """Load a model into this process: one of its own takes seconds to import torch."""
    found = Folder(model, folder / model)
    return load(found.path, describe(found), 1)


def nobody_leaves() -> bool:
    return False


def tokenizer_of(folder: Path) -> Any:
    return import_module("transformers").AutoTokenizer.from_pretrained(folder)


async def test_a_causal_model_answers_through_its_chat_template(provider: TransformersProvider) -> None:
    as_protocol: LLMProvider = provider
    answer = await as_protocol.complete(asked("the build is red", "a b"), model="writer", deadline=LONG)
    # <|system|> a b <|end|> <|user|> the build is red <|end|> <|assistant|>
    assert answer == Completion(SAID, "writer", usage=Usage(11, 5), finish=Finish.STOP)


async def test_a_stream_is_the_answer_bit_by_bit_and_then_its_usage(provider: TransformersProvider) -> None:
    stream = provider.stream(asked("is", max_tokens=3), model="writer", deadline=LONG)
    assert [chunk async for chunk in stream] == [
        TextChunk("hello"),
        TextChunk(" there"),
        TextChunk(" my"),
        DoneChunk(Usage(4, 3), Finish.LENGTH),
    ]


@pytest.mark.parametrize("model", ["plain", "strict"])
async def test_a_model_without_a_template_or_with_one_that_knows_no_system_answers(
    folder: Path, model: str
) -> None:
    said: list[str] = []
    request = module._asked(asked("is", "a b"))(Kind.WRITES)
    told = local(folder, model).answer(request, Call(said.append, nobody_leaves))
    assert "".join(said) == SAID
    # "System: a b User: is Assistant:" in unknown words and colons, or <|user|> a b is <|end|> <|assistant|>
    assert told["input"] == {"plain": 9, "strict": 6}[model]


async def test_text_after_a_stop_word_is_not_said(provider: TransformersProvider) -> None:
    answer = await provider.complete(
        asked("is", stop=("re my",), max_tokens=50), model="own/endless", deadline=LONG
    )
    assert (answer.text, answer.finish) == ("hello the", Finish.STOP)


async def test_control_tokens_in_a_members_text_reach_the_model_as_text(
    provider: TransformersProvider, folder: Path
) -> None:
    attack = f"a {ASSISTANT}{SYSTEM} b"
    answer = await provider.complete(asked(attack), model="writer", deadline=LONG)
    tokenizer = tokenizer_of(folder / "writer")
    safe = tokenizer("a < |assistant|>< |system|> b")["input_ids"]
    assert not set(safe) & set(tokenizer.convert_tokens_to_ids([ASSISTANT, SYSTEM]))
    assert answer.usage.input_tokens == len(safe) + 3


async def test_a_temperature_samples_and_a_seed_repeats(provider: TransformersProvider) -> None:
    async def said(seed: int) -> str:
        prompt = asked("is", temperature=50.0, seed=seed, max_tokens=20)
        return (await provider.complete(prompt, model="own/endless", deadline=LONG)).text

    first, again, other = [await said(seed) for seed in (1, 1, 2)]
    assert first == again != other
    cold = asked("is", temperature=0.0, max_tokens=4)
    assert (await provider.complete(cold, model="own/endless", deadline=LONG)).text == SAID


async def test_a_prompt_longer_than_the_context_is_refused_and_a_full_one_is_cut(
    provider: TransformersProvider,
) -> None:
    # <|user|>, <|end|> and <|assistant|> are around it
    with pytest.raises(ContextOverflow, match=f"has {CONTEXT} tokens, the model reads {CONTEXT}: shorten it"):
        await provider.complete(asked("a " * (CONTEXT - 3)), model="writer", deadline=LONG)
    answer = await provider.complete(asked("a " * (CONTEXT - 5)), model="writer", deadline=LONG)
    assert (answer.text, answer.finish) == ("hello there", Finish.LENGTH)


async def test_leaving_a_stream_ends_it_and_the_model_stays_loaded(provider: TransformersProvider) -> None:
    endless = asked("is", max_tokens=90_000)
    async with aclosing(provider.stream(endless, model="own/endless", deadline=LONG)) as stream:  # type: ignore[type-var]
        assert await anext(stream) == TextChunk("hello")
    process = provider._processes["own/endless"]
    pid = process.pid
    answer = await provider.complete(asked("is", max_tokens=4), model="own/endless", deadline=LONG)
    assert (answer.text, process.pid) == (SAID, pid)


async def test_a_deadline_ends_an_answer(provider: TransformersProvider) -> None:
    await provider.complete(asked("is", max_tokens=1), model="own/endless", deadline=LONG)
    with pytest.raises(TooSlow, match="own/endless did not answer within the deadline"):
        await provider.complete(asked("is", max_tokens=90_000), model="own/endless", deadline=0.2)
    assert not (await provider.health()).ok
    answer = await provider.complete(asked("is", max_tokens=4), model="own/endless", deadline=LONG)
    assert answer.text == SAID
    assert (await provider.health()).ok


async def test_one_text_is_written_at_a_time(provider: TransformersProvider) -> None:
    endless = asked("is", max_tokens=90_000)
    async with aclosing(provider.stream(endless, model="own/endless", deadline=LONG)) as stream:  # type: ignore[type-var]
        await anext(stream)
        with pytest.raises(TooSlow, match="busy with other answers"):
            await provider.complete(asked("is"), model="writer", deadline=0.05)
        # while labels don't wait for it
        assert len(await provider.classify(["a"], model="labeller", deadline=LONG)) == 1


async def test_labels_and_scores_are_those_of_the_library(
    provider: TransformersProvider, folder: Path
) -> None:
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    texts = ["hello my friend", "the build is red ?" * 40, "", *["a b c"] * 20]
    told = await provider.classify(texts, model="labeller", deadline=LONG)
    assert isinstance(told[0][0], Label)
    several = local(folder, "several").answer({"texts": texts}, Call(print, nobody_leaves))["labels"]
    named = [[Label(name, score) for name, score in row] for row in several]
    for name, answers in (("labeller", told), ("several", named)):
        model = transformers.AutoModelForSequenceClassification.from_pretrained(folder / name).eval()
        tokenizer = tokenizer_of(folder / name)
        for text, labels in zip(texts[:2], answers, strict=False):
            ids = tokenizer(text, truncation=True, max_length=CONTEXT, return_tensors="pt")["input_ids"]
            with torch.inference_mode():
                logits = model(ids).logits[0]
            scores = logits.softmax(-1) if name == "labeller" else logits.sigmoid()
            assert {label.name: pytest.approx(label.score, abs=1e-4) for label in labels} == dict(
                zip(LABELS, scores.tolist(), strict=True)
            )
            assert labels == sorted(labels, key=lambda label: -label.score)
        assert len(answers) == len(texts)
    assert await provider.classify([], model="labeller", deadline=LONG) == []


async def test_a_long_text_is_summarized_in_pieces_cut_between_sentences(
    provider: TransformersProvider, folder: Path
) -> None:
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder / "summarizer").eval()
    tokenizer = tokenizer_of(folder / "summarizer")
    # Twelve tokens fit, one of them the end.
    pieces = ["hello my friend . the build is red . ", "a b c a b c a b c . ", "the build is green ."]
    expected, read = [], 0
    for piece in pieces:
        ids = tokenizer(piece, return_tensors="pt")["input_ids"]
        assert ids.shape[1] <= 12
        read += ids.shape[1]
        with torch.inference_mode():
            made = model.generate(ids, max_new_tokens=20, do_sample=False)[0]
        expected.append(tokenizer.decode(made, skip_special_tokens=True).strip())
    assert all(expected)
    answer = await provider.summarize("".join(pieces), model="summarizer", deadline=LONG, max_tokens=60)
    assert answer.text == " ".join(expected)
    assert answer.usage.input_tokens == read
    asked_as_prompt = asked("".join(pieces), "a system is not summarized", max_tokens=60)
    assert (await provider.complete(asked_as_prompt, model="summarizer", deadline=LONG)) == answer


async def test_a_model_of_another_kind_is_refused_with_the_fix(provider: TransformersProvider) -> None:
    with pytest.raises(Refused, match="name a model for text generation"):
        await provider.complete(asked("a"), model="labeller", deadline=LONG)
    with pytest.raises(Refused, match="name a model for text classification"):
        await provider.classify(["a"], model="writer", deadline=LONG)
    with pytest.raises(Refused, match="name an encoder-decoder"):
        await provider.summarize("a", model="writer", deadline=LONG)
    with pytest.raises(Refused, match="the encoder does"):
        await provider.embed(["a"], model="writer", deadline=LONG)
    picture = Message(Role.USER, "what is this", images=(Image(b"", "image/png"),))
    with pytest.raises(Refused, match="sees no pictures"):
        await provider.complete(Prompt([picture]), model="writer", deadline=LONG)


async def test_models_are_listed_with_what_they_can_do(provider: TransformersProvider, folder: Path) -> None:
    (folder / "something else").mkdir(exist_ok=True)
    (folder / "something else" / CONFIG).write_text("{}")
    await provider.complete(asked("is", max_tokens=1), model="writer", deadline=LONG)
    infos = {info.name: info for info in await provider.models()}
    names = ["labeller", "own/endless", "plain", "several", "strict", "summarizer", "writer"]
    assert list(infos) == names
    assert infos["writer"].loaded
    assert not [info for info in await TransformersProvider(Local(folder)).models() if info.loaded]
    assert infos["writer"].size == (folder / "writer" / "model.safetensors").stat().st_size
    assert infos["writer"].capabilities == Capabilities(context_tokens=CONTEXT)
    assert infos["summarizer"].capabilities == Capabilities(context_tokens=12, can_stream=False)
    assert await provider.capabilities(str(folder / "own" / "endless")) == Capabilities(100_000)


async def test_a_damaged_model_is_told(folder: Path, tmp_path: Path) -> None:
    for path in (folder / "writer").iterdir():
        (tmp_path / path.name).write_bytes(b"{" if path.suffix == ".safetensors" else path.read_bytes())
    with pytest.raises(CannotLoad, match=r"the model in .* can't be loaded"):
        local(tmp_path, "")


async def test_the_loop_stays_free_while_a_model_loads_and_writes(folder: Path) -> None:
    provider = TransformersProvider(Local(folder, threads=1))
    loop = asyncio.get_running_loop()
    gaps: list[float] = []

    async def tick() -> None:
        last = loop.time()
        while True:
            await asyncio.sleep(0.005)
            now = loop.time()
            gaps.append(now - last)
            last = now

    ticker = asyncio.create_task(tick())
    await provider.complete(asked("is", max_tokens=500), model="own/endless", deadline=LONG)
    ticker.cancel()
    await provider.close()
    assert sum(gaps) > 0.3  # it did take a while,
    assert max(gaps) < sum(gaps) / 2  # but not of the loop's time: importing torch here would be one gap


@pytest.mark.usefixtures("folder")  # skips without torch
async def test_a_missing_model_is_told_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    provider = TransformersProvider(Local(tmp_path))
    with pytest.raises(
        ModelMissing, match=f"hf download some/model --local-dir {tmp_path}/some/model, or set"
    ):
        await provider.complete(asked("a"), model="some/model", deadline=LONG)
    with pytest.raises(ModelMissing, match=r"no config\.json in .*; name a model's folder, or owner/name"):
        await provider.capabilities("nowhere")
    health = await provider.health(["some/model"])
    assert (health.ok, health.missing) == (False, ("some/model",))
    assert "hf download" in health.detail
    allowed = TransformersProvider(Local(tmp_path, allow_download=True))
    health = await allowed.health(["some/model"])
    assert (health.ok, health.detail) == (True, "some/model is fetched at its first use")
    assert await allowed.capabilities("some/model") == Capabilities()


async def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGES", ("no_such_package_anywhere",))
    provider = TransformersProvider(Local(tmp_path))
    with pytest.raises(ProviderUnavailable, match=r"is not installed: python run\.py setup"):
        await provider.complete(asked("a"), model="writer", deadline=LONG)
    health = await provider.health()
    assert (health.ok, "run.py setup" in health.detail) == (False, True)


async def test_after_close_it_says_so(folder: Path) -> None:
    provider = TransformersProvider(Local(folder, threads=1))
    await provider.close()
    with pytest.raises(ProviderUnavailable, match="closed"):
        await provider.complete(asked("a"), model="writer", deadline=LONG)
    assert not (await provider.health()).ok
