"""The models themselves, in the child's process: one that writes, one that summarizes, one that labels."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bot.llm.transformers_folders import CONFIG, Described, Kind
from bot.llm.transformers_text import Cutter, TokenText, alternating, defuse, pack_sentences
from bot.llm.types import Finish

Request = Mapping[str, Any]
_MAX_THREADS: Final = 4
_BATCH: Final = 16  # texts that are labelled together
_LEAST: Final = 16  # tokens of a piece's summary


class CannotLoad(Exception):  # noqa: N818 - a state, named as what it is
    """A package or a file is missing or damaged; the message says the fix."""


class TooLong(Exception):  # noqa: N818
    """The prompt leaves no room for an answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way: where text goes, and whether anybody still waits for it."""

    say: Callable[[str], None]
    is_cancelled: Callable[[], bool]


class Local:
    """What the three have in common."""

    def __init__(self, folder: Path, described: Described, threads: int, auto_class: str) -> None:
        """Load a model, which takes seconds to minutes.

        Raises:
            CannotLoad: the text says the fix.
        """
        try:
            # By name, so that types are checked alike with and without them.
            torch, transformers = map(import_module, ("torch", "transformers"))
        except ImportError as error:
            raise CannotLoad(f"{error.name} is not installed: python run.py setup") from error
        torch.set_num_threads(_usable_threads(threads))
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True
            )
            model: Any = getattr(transformers, auto_class).from_pretrained(
                str(folder),
                local_files_only=True,
                use_safetensors=True,  # the older format runs code when it is opened
                dtype="auto" if self._device == "cuda" else torch.float32,
            )
            self._model: Any = model.to(self._device).eval()
        except Exception as error:  # the libraries raise their own, and Exception itself
            raise CannotLoad(f"the model in {folder} can't be loaded: {error}") from error
        self._torch: Any = torch
        self._described = described
        added = [token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special]
        self._control = sorted({*self._tokenizer.all_special_tokens, *added})

    def _tensor(self, ids: Sequence[int]) -> Any:
        return self._torch.tensor([list(ids)], device=self._device)

    def _end_ids(self) -> set[int]:
        told = self._model.generation_config.eos_token_id
        return set(told if isinstance(told, list) else [] if told is None else [told])

    def _generate(self, ids: Sequence[int], call: Call, cutter: Cutter | None, **settings: Any) -> list[int]:
        """Return what the model gives for `ids`; stops when nobody waits or the cutter found its end."""
        torch = self._torch

        def should_stop(tokens: Any, _scores: Any, **_: Any) -> Any:
            stop = call.is_cancelled() or (cutter is not None and cutter.found)
            return torch.full((tokens.shape[0],), stop, device=tokens.device, dtype=torch.bool)

        tokens = self._tensor(ids)
        ends = self._end_ids()
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                stopping_criteria=[should_stop],
                pad_token_id=self._pad_id(ends),
                **settings,
            )
        return [int(token) for token in made[0]]

    def _pad_id(self, ends: set[int]) -> int | None:
        told = self._tokenizer.pad_token_id
        return min(ends, default=None) if told is None else int(told)

    def _decode(self, ids: Sequence[int]) -> str:
        return str(
            self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )


class Writer(Local):
    """A causal model: it goes on with a conversation."""

    def answer(self, request: Request, call: Call) -> dict[str, Any]:
        """Say an answer bit by bit and return its usage and why it ended.

        Raises:
            TooLong: the prompt leaves no room.
        """
        ids = self._prompt(request["messages"], request["thinking"])
        room = self._described.context_tokens - len(ids)
        if room < 1:
            raise TooLong(
                f"the prompt has {len(ids)} tokens, the model reads {self._described.context_tokens}:"
                " shorten it, or use a model with a longer context"
            )
        most = min(int(request["max_tokens"]), room)
        cutter = Cutter(request["stop"], call.say)
        stream = _Stream(TokenText(self._decode), cutter, self._end_ids())
        if request["seed"] is not None:
            self._torch.manual_seed(request["seed"])
        self._generate(
            ids,
            call,
            cutter,
            streamer=stream,
            max_new_tokens=most,
            num_beams=1,
            **_sampling(request["temperature"]),
        )
        stream.close()
        ended = stream.has_ended or cutter.found
        return {
            "input": len(ids),
            "output": stream.count,
            "finish": Finish.STOP if ended else Finish.LENGTH,
        }

    def _prompt(self, messages: Sequence[Mapping[str, str]], thinking: bool | None) -> list[int]:
        """Return the tokens of a conversation, up to where the answer begins."""
        turns = [
            {"role": each["role"], "content": defuse(each["content"], self._control)} for each in messages
        ]
        if not self._tokenizer.chat_template:
            text = "".join(f"{turn['role'].capitalize()}: {turn['content']}\n\n" for turn in turns)
            return [int(each) for each in self._tokenizer(f"{text}Assistant:")["input_ids"]]
        switches = {} if thinking is None else {"enable_thinking": thinking}
        template_error = import_module("jinja2").TemplateError
        try:
            text = self._render(turns, switches)
        except template_error:  # many templates know no system, or want the two to take turns
            text = self._render(alternating(turns), switches)
        tokens = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return [int(each) for each in tokens]

    def _render(self, turns: Sequence[Mapping[str, str]], switches: Mapping[str, bool]) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                list(turns), tokenize=False, add_generation_prompt=True, **switches
            )
        )


class Summarizer(Local):
    """An encoder-decoder: a text in, its summary out; a long text goes through in pieces."""

    def answer(self, request: Request, call: Call) -> dict[str, Any]:
        """Say the summary of each piece in turn and return usage and why it ended."""
        text = defuse(request["text"], self._control)
        pieces = self._pieces(text)
        most = int(request["max_tokens"])
        read = written = 0
        finish = Finish.STOP
        for index, ids in enumerate(pieces):
            if call.is_cancelled() or most - written < 1:
                finish = Finish.LENGTH
                break
            share = max(_LEAST, (most - written) // (len(pieces) - index))
            made = self._summarize(ids, call, min(share, most - written))
            read += len(ids)
            written += len(made)
            if not self._end_ids() & set(made):
                finish = Finish.LENGTH
            words = self._decode(made).strip()
            if words:
                call.say(f" {words}" if index else words)
        return {"input": read, "output": written, "finish": finish}

    def _summarize(self, ids: Sequence[int], call: Call, most: int) -> list[int]:
        """Return a piece's summary, without the token that starts it."""
        least = self._model.generation_config.min_length or 0
        made = self._generate(
            ids,
            call,
            None,
            max_new_tokens=most,
            min_length=min(least, len(ids) // 2, most),  # else a model invents to fill it
            do_sample=False,
        )
        return made[1:]

    def _pieces(self, text: str) -> list[list[int]]:
        """Return a text as tokens, cut between sentences so that each piece fits."""

        def tokens_of(part: str) -> list[int]:
            return [int(token) for token in self._tokenizer(self._described.prefix + part)["input_ids"]]

        return pack_sentences(text, tokens_of, self._described.context_tokens)


class Labeller(Local):
    """A classifier: texts in, labels with their scores out."""

    def answer(self, request: Request, call: Call) -> dict[str, Any]:
        """Return for each text its labels and scores, best first; what is too long is cut."""
        texts = [defuse(text, self._control) for text in request["texts"]]
        size = _BATCH if self._tokenizer.pad_token_id is not None else 1
        labels: list[list[tuple[str, float]]] = []
        read = 0
        for start in range(0, len(texts), size):
            if call.is_cancelled():
                break
            encoded = self._tokenizer(
                texts[start : start + size],
                padding=size > 1,
                truncation=True,
                max_length=self._described.context_tokens,
                return_tensors="pt",
            ).to(self._device)
            with self._torch.inference_mode():
                scores = self._scores(self._model(**encoded).logits.float())
            read += int(encoded["attention_mask"].sum())
            labels.extend(self._named(row) for row in scores.tolist())
        return {"input": read, "output": 0, "finish": Finish.STOP, "labels": labels}

    def _scores(self, logits: Any) -> Any:
        several = self._model.config.problem_type == "multi_label_classification"
        return logits.sigmoid() if several or logits.shape[-1] == 1 else logits.softmax(-1)

    def _named(self, row: Sequence[float]) -> list[tuple[str, float]]:
        names = self._model.config.id2label
        return sorted(((names[at], score) for at, score in enumerate(row)), key=lambda each: -each[1])


class _Stream:
    """What `generate` hands its tokens to, the prompt's first."""

    def __init__(self, text: TokenText, cutter: Cutter, ends: set[int]) -> None:
        self.count = 0
        self.has_ended = False
        self._text = text
        self._cutter = cutter
        self._ends = ends
        self._is_prompt = True

    def put(self, value: Any) -> None:
        """Take the next token."""
        if self._is_prompt:
            self._is_prompt = False
            return
        for token in value.flatten().tolist():
            self.count += 1
            self.has_ended = token in self._ends
            self._cutter.add(self._text.add(token))

    def end(self) -> None:
        """Do nothing: `close` says the rest, also where `generate` is cut short."""

    def close(self) -> None:
        """Say what was held back."""
        self._cutter.add(self._text.rest())
        self._cutter.close()


def _usable_threads(wanted: int) -> int:
    """Return how many threads to compute with; 0 means as many as there are cores, 4 at the most."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return wanted or min(cores, _MAX_THREADS)


def _sampling(temperature: float | None) -> dict[str, Any]:
    """Return how the next token is chosen; None leaves it to the model's own settings."""
    if temperature is None:
        return {}
    return {"do_sample": True, "temperature": temperature} if temperature > 0 else {"do_sample": False}


_CLASSES: Final[Mapping[Kind, tuple[type[Writer | Summarizer | Labeller], str]]] = {
    Kind.WRITES: (Writer, "AutoModelForCausalLM"),
    Kind.SUMMARIZES: (Summarizer, "AutoModelForSeq2SeqLM"),
    Kind.LABELS: (Labeller, "AutoModelForSequenceClassification"),
}


def load(folder: Path, described: Described, threads: int) -> Writer | Summarizer | Labeller:
    """Load the model of a folder.

    Raises:
        CannotLoad: the text says the fix.
    """
    model, auto_class = _CLASSES[described.kind]
    return model(folder, described, threads, auto_class)


def fetch(repo: str, folder: Path) -> None:
    """Fetch a model from the hub; its folder appears when everything is there. Blocks for minutes.

    Raises:
        CannotLoad: the hub doesn't give it.
    """
    if (folder / CONFIG).is_file():
        return
    part = folder.with_name(f"{folder.name}.part")  # goes on where it was cut off
    try:
        hub: Any = import_module("huggingface_hub")  # comes with transformers
        hub.snapshot_download(
            repo,
            local_dir=part,
            allow_patterns=["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"],
        )
        part.rename(folder)
    except Exception as error:  # the hub's client raises its own, the HTTP library's and OSError
        raise CannotLoad(
            f"{repo} can't be fetched from the hub ({type(error).__name__}): check the name and the"
            f" connection, or put the model into {folder}"
        ) from error
