"""The service that draws: OpenAI's images, a server like it, or OpenRouter's chat completions."""

import base64
import binascii
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, Field

from bot.plugin_api import FetchError, PluginContext, Response
from plugins.image_generation.pictures import MAX_BYTES, Picture, PictureError, checked

_BASES: Final = {"openai": "https://api.openai.com/v1", "openrouter": "https://openrouter.ai/api/v1"}
_BLOCKED: Final = ("moderation_blocked", "content_policy_violation", "content_filter")
_KNOWN: Final = {
    401: "bad_key",
    402: "no_credit",
    403: "bad_key",
    404: "no_model",
    408: "late",
    413: "long_prompt",
}
FLAGGED, TOO_MANY, SERVER_ERROR = 403, 429, 500
MOST_COST: Final = 1_000  # US dollars; what is told beyond is nonsense


Json = dict[str, Any]


class Owners(BaseModel):
    """What whoever runs the bot sets, under plugins.options.image_generation."""

    service: Literal["openai", "openrouter"] = "openai"
    base_url: str = Field(
        "", pattern=r"^$|^https?://[^\s?#]+$"
    )  # of a server like OpenAI's; "" for the service's
    model: str = Field("gpt-image-1", min_length=1, max_length=100)
    size: str = Field("1024x1024", pattern=r"^\d{2,4}x\d{2,4}$|^auto$")
    price: float = Field(0.05, ge=0, le=10)  # US dollars a picture, where the service doesn't tell
    daily_usd: float = Field(2.0, ge=0)  # in a server on a day
    daily_usd_total: float = Field(10.0, ge=0)  # in all servers together
    seconds: float = Field(110, gt=0, le=200)


class ServiceError(Exception):
    """Nothing was drawn; `key` is the text that says why.

    Attributes:
        may_cost: whether the service may ask for money all the same.
    """

    def __init__(self, key: str, *, may_cost: bool = False, **values: str) -> None:
        super().__init__(f"{key} {values}")
        self.key = key
        self.may_cost = may_cost
        self.values = values


class Drawn(NamedTuple):
    """A picture, and what it cost in US dollars; None where the service doesn't tell."""

    picture: Picture
    cost: float | None


class Service:
    """Asks for pictures."""

    def __init__(self, ctx: PluginContext, owners: Owners) -> None:
        self._ctx = ctx
        self._owners = owners
        self._base = (owners.base_url or _BASES[owners.service]).rstrip("/")

    async def draw(self, prompt: str) -> Drawn:
        """Return what was drawn.

        Raises:
            ServiceError: nothing that can be shown.
        """
        key = self._ctx.secret("key")
        if not key:
            raise ServiceError("no_key")
        is_chat = self._owners.service == "openrouter"
        path = "/chat/completions" if is_chat else "/images/generations"
        body = self._chat(prompt) if is_chat else self._images(prompt)
        answer = await self._ask("POST", f"{self._base}{path}", body, {"Authorization": f"Bearer {key}"})
        told = _object(answer)
        failure = _failure(told)
        if failure is not None:  # OpenRouter's status is 200 once the model has begun
            code = failure.get("code")
            raise self._refused(failure, code if isinstance(code, int) else SERVER_ERROR)
        try:
            coded, link = _of_chat(told) if is_chat else _of_images(told)
        except (KeyError, IndexError, TypeError, AttributeError):
            raise ServiceError("no_picture", may_cost=True) from None
        data = await self._fetched(link) if link else _decoded(coded)
        try:
            return Drawn(checked(data), _cost(told))
        except PictureError as error:
            raise ServiceError("bad_picture", may_cost=True, why=str(error)) from None

    def _images(self, prompt: str) -> dict[str, Any]:
        body = {"model": self._owners.model, "prompt": prompt, "n": 1, "size": self._owners.size}
        if self._owners.model.startswith("dall-e"):  # others send the picture itself, or don't know the word
            body["response_format"] = "b64_json"
        return body

    def _chat(self, prompt: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": prompt}]
        return {"model": self._owners.model, "messages": messages, "modalities": ["image", "text"]}

    async def _fetched(self, link: str) -> bytes:
        """Return the picture at an address: only at hosts the manifest or the owner names."""
        return (await self._ask("GET", link, None, {})).body

    async def _ask(self, method: str, url: str, body: Any, headers: dict[str, str]) -> Response:
        try:
            answer = await self._ctx.http.request(
                method, url, headers=headers, json=body, seconds=self._owners.seconds
            )
        except FetchError as error:
            self._ctx.log.warning(f"nothing was drawn: {error}")
            raise ServiceError("unreachable", may_cost=True) from error
        if answer.ok:
            return answer
        failure = _failure(_json(answer)) or {}
        raise self._refused(failure, answer.status, answer.headers.get("retry-after", ""))

    def _refused(self, error: Json, status: int, wait: str = "") -> ServiceError:
        return _refusal(error, status, wait, is_chat=self._owners.service == "openrouter")


def _refusal(error: Json, status: int, wait: str, *, is_chat: bool) -> ServiceError:
    """Return what a failure means, told by status or, where the model had begun, amid the answer."""
    code, words = str(error.get("code")), str(error.get("message", ""))
    # OpenRouter's 403 says that the words were flagged: https://openrouter.ai/docs/api/reference/errors
    if code in _BLOCKED or "safety system" in words or (is_chat and status == FLAGGED):
        return ServiceError("blocked")
    if status == TOO_MANY:
        if code == "insufficient_quota":
            return ServiceError("no_credit")
        seconds = min(int(wait), 86_400) if wait.isascii() and wait.isdigit() else 60
        return ServiceError("too_many", seconds=f"{max(1, seconds)}")
    if status >= SERVER_ERROR:
        return ServiceError("down", may_cost=True, status=str(status))
    return ServiceError(_KNOWN.get(status, "refused"), status=str(status), why=words[:200])


def _failure(told: object) -> Json | None:
    """Return the error that an answer tells of: of all of it, or of its one choice."""
    if not isinstance(told, dict):
        return None
    choices = told.get("choices")
    inner = choices[0] if isinstance(choices, list) and choices else None
    for each in (told, inner):
        error = each.get("error") if isinstance(each, dict) else None
        if isinstance(error, dict):
            return error
    return None


def _json(answer: Response) -> object:
    try:
        return answer.json()
    except FetchError:
        return None


def _object(answer: Response) -> Json:
    told = _json(answer)
    if not isinstance(told, dict):
        raise ServiceError("garbage", may_cost=True)
    return told


def _of_images(told: dict[str, Any]) -> tuple[str, str]:
    drawn = told["data"][0]
    return str(drawn.get("b64_json") or ""), "" if drawn.get("b64_json") else str(drawn["url"])


def _of_chat(told: dict[str, Any]) -> tuple[str, str]:
    """Return the picture of OpenRouter's answer, an address with the data in it, or a link."""
    url = str(told["choices"][0]["message"]["images"][0]["image_url"]["url"])
    if url.startswith("data:"):
        return url.partition(",")[2], ""
    return "", url


def _decoded(coded: str) -> bytes:
    if len(coded) > MAX_BYTES * 4 // 3 + 4:
        raise ServiceError("bad_picture", may_cost=True, why="it is too large")
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError("garbage", may_cost=True) from None


def _cost(told: dict[str, Any]) -> float | None:
    usage = told.get("usage")
    cost = usage.get("cost") if isinstance(usage, dict) else None
    if not isinstance(cost, int | float) or isinstance(cost, bool):
        return None
    return float(cost) if 0 <= cost < MOST_COST else None
