"""Services that draw, on the loopback: OpenAI's images and OpenRouter's chat completions with pictures.

In tests: `async with PicturesSandbox() as pictures:`; `pictures.openai_url`, `pictures.openrouter_url`.
"""

from sandbox.pictures.driver import PicturesSandbox

__all__ = ["PicturesSandbox"]
