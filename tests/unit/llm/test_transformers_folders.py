import json
from pathlib import Path
from typing import Any

import pytest

from bot.llm import transformers_models
from bot.llm.errors import ModelMissing
from bot.llm.transformers_folders import Described, Folder, Kind, describe, find_folder
from bot.llm.transformers_models import CannotLoad, fetch


def write(folder: Path, config: Any, tokenizer: Any = None) -> Folder:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    if tokenizer is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    return Folder("model", folder)


@pytest.mark.parametrize(
    ("config", "tokenizer", "described"),
    [
        (
            {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 4096},
            None,
            Described(Kind.WRITES, 4096),
        ),
        ({"n_positions": 1024}, {"model_max_length": 77}, Described(Kind.WRITES, 1024)),
        ({"text_config": {"max_position_embeddings": 131072}}, None, Described(Kind.WRITES, 131072)),
        (
            {
                "is_encoder_decoder": True,
                "task_specific_params": {"summarization": {"prefix": "summarize: "}},
            },
            {"model_max_length": 1000},
            Described(Kind.SUMMARIZES, 1000, "summarize: "),
        ),
        (
            {"is_encoder_decoder": True, "task_specific_params": None},
            {"model_max_length": 1e30},
            Described(Kind.SUMMARIZES, 512),
        ),
        (
            {"architectures": ["BertForSequenceClassification"], "max_position_embeddings": 512},
            None,
            Described(Kind.LABELS, 512),
        ),
        ({"architectures": None}, [], Described(Kind.WRITES, 512)),
    ],
    ids=["llama", "gpt-2", "sees too", "t5", "endless tokenizer", "classifier", "nothing told"],
)
def test_a_folders_files_tell_what_a_model_does(
    tmp_path: Path, config: dict[str, Any], tokenizer: Any, described: Described
) -> None:
    assert describe(write(tmp_path, {"model_type": "any", **config}, tokenizer)) == described


@pytest.mark.parametrize("config", ["{", "[]", "{}"])
def test_a_folder_without_a_models_config_is_told(tmp_path: Path, config: str) -> None:
    with pytest.raises(ModelMissing, match=r"config\.json is not a model's: delete the folder"):
        describe(write(tmp_path, config))


def test_a_folder_is_found_below_the_models_folder_or_by_its_whole_path(tmp_path: Path) -> None:
    write(tmp_path / "models" / "own" / "model", {})
    models = tmp_path / "models"
    place = models / "own" / "model"
    assert find_folder("own/model", models, allow_download=True) == Folder("own/model", place)
    assert find_folder(str(place), tmp_path, allow_download=False) == Folder(str(place), place)


@pytest.mark.parametrize("name", ["plain", "a/b/c", "/absolute/path", "../up", "own/"])
def test_what_is_no_name_on_the_hub_is_never_fetched(tmp_path: Path, name: str) -> None:
    (tmp_path / "models").mkdir()
    if name == "own/":
        name = f"{tmp_path}/models"
    with pytest.raises(ModelMissing, match="name a model's folder, or owner/name on the hub"):
        find_folder(name, tmp_path / "models", allow_download=True)


def test_the_hub_is_named_only_when_allowed(tmp_path: Path) -> None:
    found = find_folder("owner/model", tmp_path, allow_download=True)
    assert found == Folder("owner/model", tmp_path / "owner" / "model", repo="owner/model")
    with pytest.raises(ModelMissing, match=r"hf download owner/model --local-dir .* or set allow_download"):
        find_folder("owner/model", tmp_path, allow_download=False)


def test_a_fetched_model_appears_when_it_is_whole_and_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Hub:
        @staticmethod
        def snapshot_download(repo: str, *, local_dir: Path, allow_patterns: list[str]) -> None:
            asked.append(repo)
            assert not [pattern for pattern in allow_patterns if pattern.endswith((".py", ".bin", ".pkl"))]
            write(local_dir, {})
            if len(asked) == 1:
                raise OSError("cut off")

    monkeypatch.setattr(transformers_models, "import_module", {"huggingface_hub": Hub}.__getitem__)
    folder = tmp_path / "owner" / "model"
    with pytest.raises(CannotLoad, match=r"owner/model can't be fetched from the hub \(OSError\): check"):
        fetch("owner/model", folder)
    assert not folder.exists()
    fetch("owner/model", folder)
    fetch("owner/model", folder)
    assert (folder / "config.json").exists()
    assert asked == ["owner/model"] * 2
