"""Anthropic's Messages and OpenAI's chat completions on the loopback: whole protocols, with scripted words.

In tests: `async with HostedSandbox() as hosted:`; `hosted.anthropic_url`, `hosted.openai_url`.
"""

from sandbox.hosted.answers import Answer, Asked
from sandbox.hosted.driver import HostedSandbox
from sandbox.hosted.faults import Fault
from sandbox.scripted import Rule

__all__ = ["Answer", "Asked", "Fault", "HostedSandbox", "Rule"]
