"""all-MiniLM-L6-v2 in this process: for the encoder's worker, for training and for evaluation.

The bot itself never loads it in its own process, because that holds the interpreter for seconds: see
`bot.nlp.worker_process`.
"""

import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.nlp.minilm_weights import PARTS

MAX_TOKENS: Final = 128  # what the model was trained with; the rest of a text is left out
_PASS: Final = 256  # tokens that go through the model together; attention grows with the square
_SMALLEST_PASS: Final = 64  # tokens worth a thread of their own
MAX_THREADS: Final = 4
_INNER: Final = 3  # the layer after which heads read; of a smaller model the last


def usable_threads(wanted: int = 0) -> int:
    """Return how many threads to encode with; 0 means as many as there are cores, 4 at the most."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return wanted or min(cores, MAX_THREADS)


def pack(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Return which texts, by their place, share a pass: neighbours of `room` tokens, or one longer."""
    passes: list[list[int]] = []
    left = 0
    for place, length in enumerate(lengths):
        if not passes or length > left:
            passes.append([])
            left = room
        passes[-1].append(place)
        left -= length
    return passes


class MiniLM:
    """The mean of a text's last hidden states, with length 1; for trained heads an inner layer's mean too.

    Texts go through the model end to end in one row, each seeing itself alone: padding them to one length
    would cost an eighth more. Each thread has rows of its own. Torch's threads within one operation wait for
    each other at every layer, which costs nearly all speed as soon as anything else runs on the machine.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load the model, which takes seconds; torch's own threads are set to one in the whole process.

        Args:
            folder: holds config.json, tokenizer.json and model.safetensors of a BERT.
            threads: to encode with; 0 for the machine's cores, 4 at the most.

        Raises:
            EncoderUnavailable: torch or transformers is missing, or the files are damaged.
        """
        try:
            # By name, so that types are checked alike with and without them.
            torch, tokenizers, transformers = map(import_module, ("torch", "tokenizers", "transformers"))
        except ImportError as error:
            raise EncoderUnavailable(f"{error.name} is not installed: python run.py setup") from error
        torch.set_num_threads(1)
        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()  # it lists the pooler, which is left out
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._model: Any = transformers.BertModel.from_pretrained(
                str(folder), local_files_only=True, add_pooling_layer=False, dtype=torch.float32
            ).eval()
            layers = self._model.encoder.layer
            layers[min(_INNER, len(layers)) - 1].register_forward_hook(self._keep_inner)
        except Exception as error:  # tokenizers raises Exception itself
            raise EncoderUnavailable(f"the model in {folder} can't be loaded: {error}") from error
        self._tokenizer.enable_truncation(min(MAX_TOKENS, self._model.config.max_position_embeddings))
        self._tokenizer.no_padding()
        self.dim: int = self._model.config.hidden_size
        self.width = PARTS * self.dim
        self._torch: Any = torch
        self._inner = threading.local()
        self._threads = usable_threads(threads)
        self._pool = ThreadPoolExecutor(self._threads, "minilm", lambda: torch.set_num_threads(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def encode_now(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of `texts` in their order, shape (n, dim); blank ones are zeros."""
        return self.features_now(texts)[:, : self.dim].copy()

    def features_now(self, texts: Sequence[str]) -> Vectors:
        """Return what trained heads read, shape (n, width); blank texts are zeros.

        A row is the vector of `encode_now` and then the mean of the text's hidden states after layer 3, [CLS]
        and [SEP] among them, which has no certain length.
        """
        vectors = np.zeros((len(texts), self.width), np.float32)
        filled = [index for index, text in enumerate(texts) if text.strip()]
        if not filled:
            return vectors
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch([texts[index] for index in filled])]
        lengths = [len(tokens) for tokens in ids]
        room = min(_PASS, max(_SMALLEST_PASS, -(-sum(lengths) // self._threads)))
        passes = pack(lengths, room)
        encoded = self._pool.map(self._encode_pass, ([ids[place] for place in row] for row in passes))
        vectors[filled] = np.concatenate(list(encoded))
        return vectors

    def _encode_pass(self, ids: list[list[int]]) -> Vectors:
        """Return the features of some texts' tokens."""
        torch = self._torch
        lengths = torch.tensor([len(tokens) for tokens in ids])
        tokens = torch.tensor([token for text in ids for token in text])
        positions = torch.tensor([position for text in ids for position in range(len(text))])
        text_of = torch.repeat_interleave(torch.arange(len(ids)), lengths)
        seen = text_of.unsqueeze(0) == text_of.unsqueeze(1)
        # Added to the attention's scores: nothing within a text, the least number between two.
        mask = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)
        with torch.inference_mode():
            hidden = self._model(
                input_ids=tokens.unsqueeze(0),
                position_ids=positions.unsqueeze(0),
                attention_mask=mask.unsqueeze(0).unsqueeze(0),
            ).last_hidden_state[0]
            states = torch.cat((hidden, self._inner.states[0]), dim=1)
            sums = torch.zeros(len(ids), self.width).index_add_(0, text_of, states)
            means = sums / lengths.unsqueeze(1)
            means[:, : self.dim] = torch.nn.functional.normalize(means[:, : self.dim], dim=1)
        features: Vectors = means.numpy()
        return features

    def _keep_inner(self, _layer: object, _inputs: object, output: Any) -> None:
        """Keep a layer's states for the pass in this thread.

        The library's output_hidden_states would keep every layer's, and its first version 5 replaces methods
        of the shared model meanwhile, so that threads get each other's.
        """
        self._inner.states = output[0] if isinstance(output, tuple) else output
