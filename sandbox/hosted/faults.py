"""What goes wrong on demand, and with which requests."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["status", "overlong", "hang", "cut", "error", "half_json", "garbage", "no_end", "slow"]


@dataclass(slots=True)
class Fault:
    """One fault for the next `times` requests whose path ends with `path`; "" is all of them.

    `kind`: "status" (an HTTP error), "overlong" (the prompt is too long), "hang" (nothing more comes until
    the client leaves), "cut" (the connection breaks), "error" (a failure told amid the stream), "half_json"
    (an event or body ends in its middle), "garbage" (a page of HTML with status 200), "no_end" (a stream
    ends without its last events, vectors lack one), "slow" (`seconds` before each event).

    Attributes:
        after: events of a stream that come before it; an answer that is not streamed has none.
        status: of "status".
        retry_after: the header of that name; "" for none.
        text: the words of the error; "" for usual ones.
        type: the error's type; "" for the usual one.
        seconds: of "slow".

    Raises:
        ValueError: there is no such kind.
    """

    kind: Kind
    path: str = ""
    times: int = 1
    after: int = 0
    status: int = 500
    retry_after: str = ""
    text: str = ""
    type: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no fault named {self.kind!r}; there are {', '.join(get_args(Kind))}")
