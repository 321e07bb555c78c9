"""What draws, as tests drive it.

https://platform.openai.com/docs/api-reference/images/create and
https://openrouter.ai/docs/features/multimodal/image-generation
"""

import base64
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.ids import Clock
from sandbox.images import face
from sandbox.stand_in import Answer, Asked, Handler, Refused, StandIn

KEY = "sk-pictures-0123456789abcdef"
PAINTED = "/painted.png"


class PicturesSandbox(StandIn):
    """Both services, running.

    Attributes:
        key: the one that is accepted.
        picture: what is drawn, whatever was asked for.
        draw: draws what was asked for, instead of `picture`.
        links: whether OpenAI's answer is an address instead of the picture.
        cost: told by OpenRouter, in dollars.
        blocked: words for which a prompt is refused.
        is_silent: OpenRouter answers with words alone.
        midway: the code of a failure that OpenRouter tells amid an answer.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.key = KEY
        self.picture = face(7)
        self.draw: Callable[[str], bytes] = lambda _prompt: self.picture
        self.links = False
        self.cost: float | None = 0.03
        self.blocked = "forbidden"
        self.is_silent = False
        self.midway: int | None = None

    @property
    def openai_url(self) -> str:
        """The base of OpenAI's paths."""
        return f"http://{self.address}/openai/v1"

    @property
    def openrouter_url(self) -> str:
        """The base of OpenRouter's paths."""
        return f"http://{self.address}/openrouter/api/v1"

    def prompts(self) -> list[str]:
        """Return what was asked to be drawn, oldest first."""
        bodies = [each["body"] for each in self.asked("POST")]
        return [each.get("prompt") or each["messages"][-1]["content"] for each in bodies]

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return what it answers."""
        return [
            ("POST", "/openai/v1/images/generations", self._generate),
            ("POST", "/openrouter/api/v1/chat/completions", self._complete),
            ("GET", PAINTED, self._painted),
        ]

    def admit(self, asked: Asked) -> None:
        """Refuse who has no key; a picture's address needs none.

        Raises:
            Refused: they may not ask.
        """
        key = asked.request.headers.get("Authorization")
        if asked.request.method == "POST" and key != f"Bearer {self.key}":
            raise Refused(401, _failure("Incorrect API key provided", "invalid_api_key"))

    async def _generate(self, asked: Asked) -> Answer:
        body = asked.body
        if str(body.get("model")).startswith("gpt-image") and "response_format" in body:
            raise Refused(400, _failure("Unknown parameter: 'response_format'.", "unknown_parameter"))
        if self.blocked in str(body["prompt"]):
            raise Refused(
                400, _failure("Your request was rejected by the safety system.", "moderation_blocked")
            )
        drawn: dict[str, Any] = {"b64_json": base64.b64encode(self.draw(str(body["prompt"]))).decode()}
        if self.links:
            drawn = {"url": f"http://{self.address}{PAINTED}"}
        return web.json_response({"created": 1_767_225_600, "data": [drawn]})

    async def _complete(self, asked: Asked) -> Answer:
        body = asked.body
        if "image" not in body.get("modalities", ()):
            raise Refused(400, _failure("No endpoints found that support the requested modalities", 404))
        coded = base64.b64encode(self.picture).decode()
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{coded}"}}
        message: dict[str, Any] = {"role": "assistant", "content": "Here it is."}
        if not self.is_silent:
            message["images"] = [image]
        usage = {} if self.cost is None else {"usage": {"cost": self.cost}}
        if self.midway is not None:  # the status is 200 once the model has begun
            return web.json_response({"id": "gen-1", "error": {"code": self.midway, "message": "It failed."}})
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response({"id": "gen-1", "model": body.get("model"), "choices": [choice], **usage})

    async def _painted(self, asked: Asked) -> Answer:
        return web.Response(body=self.picture, content_type="image/png")


def _failure(words: str, code: str | int) -> dict[str, Any]:
    """Return an error as OpenAI (the code is a word) or OpenRouter (it is the status) tells it."""
    if isinstance(code, int):
        return {"error": {"message": words, "code": code}}
    return {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": code}}
