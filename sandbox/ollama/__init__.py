"""An Ollama on the loopback: no model, but its whole protocol, with words that a script or rules write.

In tests: `async with OllamaSandbox(models=["gemma3:27b"]) as ollama:`. Alone: `python -m sandbox.ollama`.
"""

from sandbox.ollama.answers import Answer, Asked
from sandbox.ollama.driver import OllamaSandbox
from sandbox.ollama.faults import Fault
from sandbox.ollama.latency import Latency
from sandbox.ollama.models import Model
from sandbox.scripted import Rule

__all__ = ["Answer", "Asked", "Fault", "Latency", "Model", "OllamaSandbox", "Rule"]
