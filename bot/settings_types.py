"""What the sections of the settings are made of."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict


def _url(*schemes: str) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be an address that starts with {' or '.join(f'{s}://' for s in schemes)}")
        return value.rstrip("/")

    return AfterValidator(check)


HttpUrl = Annotated[str | None, _url("http", "https")]
WebSocketUrl = Annotated[str | None, _url("ws", "wss")]


class Section(BaseModel):
    """One section of config/settings.yaml; its comments there say what each setting means."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
