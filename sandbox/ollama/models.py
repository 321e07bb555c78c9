"""The models of the loopback Ollama: what the real ones say of themselves, without their weights."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

ThinkingKind = Literal["none", "boolean", "level", "inline"]
MODIFIED = "2025-10-03T23:34:03.409490317-07:00"
GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """What `/api/tags` and `/api/show` tell of a model.

    Attributes:
        size: bytes on disk.
        context: tokens.
        thinking: "level" takes low, medium and high; "inline" thinks in its content, between tags, and
            has no capability for it.
        tells: whether `/api/show` names capabilities and context; old servers don't.
    """

    name: str
    size: int = 2 * GB
    family: str = "llama"
    parameters: str = "3.2B"
    context: int = 131_072
    capabilities: tuple[str, ...] = ("completion", "tools")
    thinking: ThinkingKind = "none"
    embedding_length: int = 64
    tells: bool = True

    @property
    def digest(self) -> str:
        """The digest of its manifest, 64 hex digits."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def all_capabilities(self) -> tuple[str, ...]:
        """The capabilities with "thinking" where it is switched."""
        switched = self.thinking in {"boolean", "level"} and "thinking" not in self.capabilities
        return (*self.capabilities, "thinking") if switched else self.capabilities

    def details(self) -> dict[str, Any]:
        """Return the details every list shows."""
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameters,
            "quantization_level": "Q4_K_M",
        }

    def summary(self) -> dict[str, Any]:
        """Return the entry of `/api/tags`."""
        names = {"name": self.name, "model": self.name}
        return names | {
            "modified_at": MODIFIED, "size": self.size, "digest": self.digest, "details": self.details(),
        }  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """Return the answer of `/api/show`."""
        info: dict[str, Any] = {"general.architecture": self.family}
        answer: dict[str, Any] = {
            "license": "none: there are no weights",
            "modelfile": f"FROM {self.name}",
            "parameters": "temperature 1",
            "template": "{{ .Prompt }}",
            "details": self.details(),
            "model_info": info,
            "modified_at": MODIFIED,
        }
        if self.tells:
            info[f"{self.family}.context_length"] = self.context
            info[f"{self.family}.embedding_length"] = self.embedding_length
            answer["capabilities"] = list(self.all_capabilities)
        return answer


def full_name(name: str) -> str:
    """Return the name with its tag, which is "latest" where none is given."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


_KNOWN = (
    Model("gemma3:27b", 17_396_941_792, "gemma3", "27.4B", 131_072, ("completion", "vision")),
    Model("gemma3:4b", 3_338_801_804, "gemma3", "4.3B", 131_072, ("completion", "vision")),
    Model("gemma3:1b", 815_319_791, "gemma3", "999.89M", 32_768, ("completion",)),
    Model("llama3.2:3b", 2_019_393_189, "llama", "3.2B", 131_072),
    Model("llama3.2:1b", 1_321_098_329, "llama", "1.2B", 131_072),
    Model("qwen3:4b", 2_497_293_931, "qwen3", "4.0B", 262_144, thinking="boolean"),
    Model("qwen3:8b", 5_225_388_164, "qwen3", "8.2B", 40_960, thinking="boolean"),
    Model("gpt-oss:20b", 13_793_441_244, "gptoss", "20.9B", 131_072, thinking="level"),
    Model("all-minilm:latest", 45_960_996, "bert", "23M", 512, ("embedding",), embedding_length=384),
    Model("nomic-embed-text:latest", 274_302_450, "nomic-bert", "137M", 2_048, ("embedding",)),
)
LIBRARY = {model.name: model for model in _KNOWN}  # what can be pulled


def model_of(model: str | Model) -> Model:
    """Return the model itself, a known one by its name, or one that is made up."""
    if isinstance(model, Model):
        return model
    name = full_name(model)
    return LIBRARY.get(name) or Model(name)
