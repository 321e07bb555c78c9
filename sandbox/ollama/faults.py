"""What goes wrong on demand, and with which requests."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["hang", "cut", "error", "status", "half_json", "garbage", "no_done"]


@dataclass(slots=True)
class Fault:
    """One fault for the next `times` requests to `path`.

    `kind`: "hang" (nothing more comes until the client leaves), "cut" (the connection breaks), "error" (a
    line with `error`, as Ollama tells a failure amid an answer), "status" (an HTTP error), "half_json" (a
    line ends in its middle), "garbage" (bytes that are no JSON), "no_done" (it ends without its last line).

    Attributes:
        after: lines of a stream that come before it; an answer that is not streamed has none.
        status: of "status".
        retry_after: seconds, told in the header of that name; None for no header.
        text: Ollama's words; "" for its usual ones.

    Raises:
        ValueError: there is no such kind.
    """

    kind: Kind
    path: str = "/api/chat"
    times: int = 1
    after: int = 0
    status: int = 500
    retry_after: float | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no fault named {self.kind!r}; there are {', '.join(get_args(Kind))}")

    @property
    def words(self) -> str:
        """What its `error` says."""
        usual = {
            429: "too many requests",
            503: "server busy, please try again.  maximum pending requests exceeded",
        }
        return self.text or usual.get(self.status, "llama runner process has terminated: signal: killed")
