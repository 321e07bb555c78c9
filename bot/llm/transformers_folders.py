"""What models there are as folders, and what their files tell of them without loading anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from bot.llm.errors import ModelMissing
from bot.llm.types import Capabilities, ModelInfo, Thinking

CONFIG: Final = "config.json"
_UNTOLD: Final = 512  # tokens, where neither model nor tokenizer says; T5 was trained with so many
_UNLIMITED: Final = 10_000_000  # tokenizers without a limit tell a number far above
_LENGTHS: Final = ("max_position_embeddings", "n_positions", "n_ctx", "max_source_positions")


class Kind(StrEnum):
    """What a model does with a text."""

    WRITES = "writes"
    SUMMARIZES = "summarizes"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Folder:
    """A model's place.

    Attributes:
        name: as it is asked for.
        repo: what to fetch into `path` at the first use; "" when it is there.
    """

    name: str
    path: Path
    repo: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """What a folder's files tell."""

    kind: Kind
    context_tokens: int
    prefix: str = ""  # what a summarizer wants in front of every text

    @property
    def capabilities(self) -> Capabilities:
        """Return it as providers declare it; a summarizer reads any length, a piece at a time."""
        return Capabilities(
            context_tokens=self.context_tokens,
            can_stream=self.kind is Kind.WRITES,
            thinking=Thinking.NONE,
        )


def find_folder(name: str, models_folder: Path, *, allow_download: bool) -> Folder:
    """Return the folder of a model: `name` as a path, else below `models_folder`, else to be fetched there.

    Raises:
        ModelMissing: there is none, and it may not or can't be fetched.
    """
    own = Path(name).expanduser()
    for path in (own, models_folder / own):
        if (path / CONFIG).is_file():
            return Folder(name, path.resolve())
    is_hub_name = name.count("/") == 1 and not own.is_absolute() and not own.is_dir() and ".." not in name
    target = (models_folder / own).resolve()
    if not is_hub_name:
        raise ModelMissing(
            name,
            f"no {CONFIG} in {own.absolute()} or {target}; name a model's folder, or owner/name on the hub",
        )
    if not allow_download:
        raise ModelMissing(name, f"hf download {name} --local-dir {target}, or set allow_download")
    return Folder(name, target, repo=name)


def describe(folder: Folder) -> Described:
    """Return what the files of a folder tell.

    Raises:
        ModelMissing: its config.json is no model's.
    """
    config = _read(folder.path / CONFIG)
    if "model_type" not in config:
        raise ModelMissing(
            folder.name, f"{folder.path / CONFIG} is not a model's: delete the folder and fetch it again"
        )
    inner = config.get("text_config")  # of models that also see
    context = _context(config, inner if isinstance(inner, dict) else {}, folder.path)
    architectures = [str(each) for each in config.get("architectures") or ()]
    if any(each.endswith("ForSequenceClassification") for each in architectures):
        return Described(Kind.LABELS, context)
    if config.get("is_encoder_decoder"):
        return Described(Kind.SUMMARIZES, context, _prefix(config))
    return Described(Kind.WRITES, context)


def list_models(models_folder: Path, loaded: Mapping[str, bool]) -> list[ModelInfo]:
    """Return the models below a folder, as `name` or `owner/name`, and those in `loaded`, in order."""
    below = {
        path.parent.relative_to(models_folder).as_posix()
        for pattern in (f"*/{CONFIG}", f"*/*/{CONFIG}")
        for path in models_folder.glob(pattern)
    }
    infos = []
    for name in sorted(below | set(loaded)):
        try:
            folder = find_folder(name, models_folder, allow_download=False)
            capabilities = describe(folder).capabilities
        except ModelMissing:  # a folder of something else, or one that is gone
            continue
        size = sum(path.stat().st_size for path in folder.path.glob("*.safetensors"))
        infos.append(ModelInfo(name, capabilities, size or None, loaded.get(name, False)))
    return infos


def _context(config: Mapping[str, Any], inner: Mapping[str, Any], folder: Path) -> int:
    """Return how many tokens a model reads."""
    for source in (config, inner):
        for key in _LENGTHS:
            if isinstance(source.get(key), int) and source[key] > 0:
                return int(source[key])
    told = _read(folder / "tokenizer_config.json").get("model_max_length")
    return int(told) if isinstance(told, int | float) and 0 < told < _UNLIMITED else _UNTOLD


def _prefix(config: Mapping[str, Any]) -> str:
    """Return what the model was trained to see before a text to be summarized, such as "summarize: "."""
    told = config.get("task_specific_params")
    task = told.get("summarization") if isinstance(told, dict) else None
    return str(task.get("prefix", "")) if isinstance(task, dict) else ""


def _read(path: Path) -> dict[str, Any]:
    """Return a JSON object, an empty one where there is none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
