"""The encoder's features of the training texts, kept in data/cache so that only new texts are encoded."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np

from bot.nlp.encoder import Vectors
from bot.nlp.minilm import MiniLM
from bot.nlp.minilm_weights import SHA256, find_weights

FOLDER: Final = Path(__file__).resolve().parents[2] / "data" / "cache"
_PORTION: Final = 512
Tell = Callable[[str], None]


def features_of(texts: Sequence[str], tell: Tell, folder: Path = FOLDER) -> Vectors:
    """Return the encoder's features of `texts`, shape (n, width).

    Raises:
        EncoderUnavailable: the model is not installed.
    """
    path = folder / f"features-{SHA256[:8]}.npz"
    known: dict[int, int] = {}
    rows = np.empty((0, 0), np.float32)
    if path.is_file():
        with np.load(path, allow_pickle=False) as data:
            known = {int(key): at for at, key in enumerate(data["keys"])}
            rows = data["rows"]
    new = [text for text in dict.fromkeys(texts) if _key(text) not in known]
    if new:
        encoded = _encode(new, tell)
        rows = np.concatenate((rows, encoded)) if known else encoded
        known |= {_key(text): len(known) + at for at, text in enumerate(new)}
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, allow_pickle=False, keys=np.array(list(known), np.uint64), rows=rows)
    found: Vectors = rows[[known[_key(text)] for text in texts]]
    return found


def _encode(texts: Sequence[str], tell: Tell) -> Vectors:
    weights = find_weights(None, FOLDER.parent / "models", allow_download=False)
    parts = []
    with MiniLM(weights.folder) as model:
        for at in range(0, len(texts), _PORTION):
            parts.append(model.features_now(texts[at : at + _PORTION]))
            tell(f"encoded {min(at + _PORTION, len(texts))} of {len(texts)} texts")
    return np.concatenate(parts)


def _key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
