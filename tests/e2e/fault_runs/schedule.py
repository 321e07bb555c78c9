"""What happens in a run: members' doings and troubles, all of it settled by the seed."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

HOME, SECOND = "Home", "Second"
HIDDEN, IGNORED = "staff", "ignored"  # the bot sees both and must read neither
PEOPLE = ("alice", "bob", "carol", "dave")
LENGTH = (25, 50)  # steps of a run
CODES = (1000, 4000, 4008, 4009)
HELP_SHARE = 0.3  # of what is said asks for help
FEW_EVENTS = 25  # kept for a resume in some runs, so that who is away for long must identify again
HELP = (
    "How do I rotate the signing key of project {}? Can anyone help me?",
    "I keep getting error 500 when I export report {}, what is wrong?",
)
CHATTER = (
    "Had a lovely walk along the river today, {} ducks.",
    "Good morning everybody, coffee number {} is ready.",
)


class Kind(StrEnum):
    """What a step does; the first ones are members' doings, the others troubles."""

    SAY = "say"
    BURST = "burst"
    ASK = "ask"  # someone new asks for help, and it goes on when the bot tries to answer
    EDIT = "edit"
    DELETE = "delete"
    DELETE_MANY = "delete_many"
    OUTSIDER = "outsider"  # another bot or a webhook says something
    THREAD = "thread"
    POST = "post"
    CHANNEL = "channel"
    REMOVE = "remove"
    GUILD = "guild"
    CUT = "cut"
    CLOSE = "close"
    RECONNECT = "reconnect"
    INVALIDATE = "invalidate"
    FORGET = "forget"
    ZOMBIE = "zombie"
    EVENTS = "events"
    SLOW = "slow"
    LIMIT = "limit"
    FAIL = "fail"
    DROP = "drop"
    CHAOS = "chaos"
    OWN_EVENTS = "own_events"
    CALM = "calm"  # all faults end


DOINGS = tuple(Kind)[: list(Kind).index(Kind.CUT)]
TROUBLES = tuple(Kind)[len(DOINGS) : -1]
HISTORY, POSTING = "GET /channels/*/messages", "POST /channels/*/messages"


class Pause(StrEnum):
    """What is waited for after a step."""

    NOTHING = "nothing"
    TURNS = "some turns of the event loop"
    CONNECTED = "a connected client"
    HEARD = "a client that has heard everything"


@dataclass(frozen=True)
class Step:
    """One thing that happens; `args` are JSON."""

    kind: Kind
    args: dict[str, Any] = field(default_factory=dict)
    pause: Pause = Pause.NOTHING
    turns: int = 0

    @property
    def label(self) -> str:
        """Return the kind with what distinguishes its sorts, for counting."""
        sorts = [str(self.args[name]) for name in _SORTS.get(self.kind, ()) if name in self.args]
        return " ".join([self.kind, *sorts])

    def __str__(self) -> str:
        args = ", ".join(f"{name}={value!r}" for name, value in self.args.items())
        then = "" if self.pause is Pause.NOTHING else f"  ... {self.pause}"
        return f"{self.kind}({args}){then}" + (f" ({self.turns})" if self.turns else "")


_SORTS: dict[Kind, tuple[str, ...]] = {
    Kind.CUT: ("resumable",),
    Kind.CLOSE: ("code", "resumable"),
    Kind.INVALIDATE: ("resumable",),
    Kind.EVENTS: ("sort",),
    Kind.SLOW: ("sort",),
    Kind.LIMIT: ("route", "scope"),
    Kind.FAIL: ("route", "when"),
    Kind.DROP: ("route",),
    Kind.OWN_EVENTS: ("order",),
    Kind.OUTSIDER: ("sort",),
}


@dataclass(frozen=True)
class Schedule:
    """One run's steps, and what the sandbox is like while they are taken."""

    seed: int
    bare: bool
    steps: tuple[Step, ...]
    replay_limit: int = 20_000
    identify_interval: float = 0.0  # seconds between two identifications, where the sandbox minds

    @property
    def has_zombies(self) -> bool:
        """Whether heartbeats must be frequent."""
        return any(step.kind is Kind.ZOMBIE for step in self.steps)

    def __str__(self) -> str:
        lines = [f"replay_limit={self.replay_limit}, identify_interval={self.identify_interval}"]
        return "\n".join([*lines, *(f"{number:3} {step}" for number, step in enumerate(self.steps, 1))])


def schedule(seed: int, *, bare: bool = False) -> Schedule:
    """Return the schedule of a seed: always the same one.

    Args:
        seed: what it is made from.
        bare: only troubles that leave the session resumable and each event single, in order.
    """
    return _Writer(seed, bare=bare).write()


def counts(schedules: Iterable[Schedule]) -> Counter[str]:
    """Return how often each sort of step occurs."""
    return Counter(step.label for each in schedules for step in each.steps)


@dataclass
class _Place:
    guild: str
    kind: str  # channel, forum or thread
    parent: str | None = None


class _Writer:
    """Writes one schedule; knows which places and messages there are at each step."""

    def __init__(self, seed: int, *, bare: bool) -> None:
        self._seed = seed
        self._bare = bare
        self._rng = random.Random(f"{seed} {bare}")  # noqa: S311 - repeatable, not secret
        self._places = {
            "help": _Place(HOME, "channel"),
            "chat": _Place(HOME, "channel"),
            "talk": _Place(HOME, "thread", "chat"),
            "ideas": _Place(HOME, "forum"),
            HIDDEN: _Place(HOME, "channel"),
            IGNORED: _Place(HOME, "channel"),
        }
        self._messages: dict[int, str] = {}  # by number: the place, of those that are still there
        self._starters: set[int] = set()  # messages that have a thread
        self._count = 0

    def write(self) -> Schedule:
        rng = self._rng
        steps: list[Step] = []
        for _ in range(rng.randint(*LENGTH)):
            options = self._troubles() if rng.random() < 0.4 else self._doings()
            kinds, weights = zip(*options.items(), strict=True)
            kind = rng.choices(kinds, weights)[0]
            steps.append(self._with_pause(kind, getattr(self, f"_{kind}")()))
        return Schedule(
            self._seed,
            self._bare,
            tuple(steps),
            replay_limit=20_000 if self._bare or rng.random() < 0.8 else FEW_EVENTS,
            identify_interval=0.3 if not self._bare and rng.random() < 0.1 else 0.0,
        )

    def _with_pause(self, kind: Kind, args: dict[str, Any]) -> Step:
        rng = self._rng
        pause = rng.choices(list(Pause), (5, 3, 2, 2))[0]
        return Step(kind, args, pause, rng.randint(1, 40) if pause is Pause.TURNS else 0)

    def _doings(self) -> dict[Kind, int]:
        found = {Kind.SAY: 10, Kind.BURST: 4, Kind.OUTSIDER: 1, Kind.THREAD: 2, Kind.POST: 1, Kind.CHANNEL: 1}
        if not self._bare:
            found |= {Kind.ASK: 5}
        if self._messages:
            found |= {Kind.EDIT: 4, Kind.DELETE: 3, Kind.DELETE_MANY: 1}
        if any(name.startswith("channel") for name in self._places):
            found |= {Kind.REMOVE: 1}
        if not any(place.guild == SECOND for place in self._places.values()):
            found |= {Kind.GUILD: 1}
        return found

    def _troubles(self) -> dict[Kind, int]:
        if self._bare:
            return {
                Kind.CUT: 4, Kind.CLOSE: 4, Kind.RECONNECT: 2, Kind.INVALIDATE: 2, Kind.ZOMBIE: 1,
                Kind.SLOW: 2, Kind.CALM: 1,
            }  # fmt: skip
        return {
            Kind.CUT: 4, Kind.CLOSE: 4, Kind.RECONNECT: 2, Kind.INVALIDATE: 3, Kind.FORGET: 2, Kind.ZOMBIE: 1,
            Kind.EVENTS: 3, Kind.SLOW: 2, Kind.LIMIT: 5, Kind.FAIL: 4, Kind.DROP: 2, Kind.CHAOS: 1,
            Kind.OWN_EVENTS: 1, Kind.CALM: 2,
        }  # fmt: skip

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _line(self) -> dict[str, Any]:
        number = self._number()
        place = self._rng.choice([name for name, each in self._places.items() if each.kind != "forum"])
        texts = HELP if self._rng.random() < HELP_SHARE else CHATTER
        self._messages[number] = place
        text = self._rng.choice(texts).format(number)
        return {"number": number, "who": self._who(place), "place": place, "text": text}

    def _who(self, place: str) -> str:
        """Return who speaks: where others see nothing only the owner can."""
        person = self._rng.choice(PEOPLE)
        return "owner" if HIDDEN in (place, self._places[place].parent) else person

    def _say(self) -> dict[str, Any]:
        before = list(self._messages)
        line = self._line()
        there = [number for number in before if self._messages[number] == line["place"]]
        return line | ({"reply_to": self._rng.choice(there)} if there and self._rng.random() < 0.2 else {})

    def _burst(self) -> dict[str, Any]:
        return {"lines": [self._line() for _ in range(self._rng.randint(5, 40))]}

    def _ask(self) -> dict[str, Any]:
        number = self._number()
        self._messages[number] = "help"
        return {"number": number, "text": self._rng.choice(HELP).format(number)}

    def _edit(self) -> dict[str, Any]:
        number = self._rng.choice(list(self._messages))
        texts = [
            self._rng.choice(CHATTER + HELP).format(self._number()) for _ in range(self._rng.randint(1, 3))
        ]
        return {"number": number, "texts": texts}

    def _delete(self) -> dict[str, Any]:
        number = self._rng.choice(list(self._messages))
        del self._messages[number]
        return {"number": number}

    def _delete_many(self) -> dict[str, Any]:
        place = self._rng.choice(list(self._messages.values()))
        there = [number for number, each in self._messages.items() if each == place]
        doomed = sorted(self._rng.sample(there, min(len(there), self._rng.randint(2, 6))))
        for number in doomed:
            del self._messages[number]
        return {"place": place, "numbers": doomed}

    def _outsider(self) -> dict[str, Any]:
        text = self._rng.choice(HELP).format(self._number())
        place = self._rng.choice([each for each in self._spots("channel") if each != HIDDEN])
        return {"sort": self._rng.choice(("bot", "webhook")), "place": place, "text": text}

    def _spots(self, kind: str) -> list[str]:
        return [name for name, place in self._places.items() if place.kind == kind]

    def _thread(self) -> dict[str, Any]:
        parent = self._rng.choice(self._spots("channel"))
        name = f"thread{self._number()}"
        free = [number for number, place in self._messages.items() if place == parent]
        free = [number for number in free if number not in self._starters]
        starter = self._rng.choice(free) if free and self._rng.random() < 0.5 else None
        if starter is not None:
            self._starters.add(starter)
        self._places[name] = _Place(self._places[parent].guild, "thread", parent)
        return {"name": name, "who": self._who(parent), "parent": parent, "number": starter}

    def _post(self) -> dict[str, Any]:
        number, forum = self._number(), self._rng.choice(self._spots("forum"))
        name = f"post{number}"
        self._places[name] = _Place(self._places[forum].guild, "thread", forum)
        self._messages[number] = name
        text = self._rng.choice(CHATTER + HELP).format(number)
        return {"name": name, "who": self._who(forum), "forum": forum, "number": number, "text": text}

    def _channel(self) -> dict[str, Any]:
        guild = self._rng.choice(sorted({place.guild for place in self._places.values()}))
        name = f"channel{self._number()}"
        self._places[name] = _Place(guild, "channel")
        return {"name": name, "guild": guild}

    def _remove(self) -> dict[str, Any]:
        doomed = self._rng.choice([name for name in self._places if name.startswith("channel")])
        gone = {doomed} | {name for name, place in self._places.items() if place.parent == doomed}
        self._places = {name: place for name, place in self._places.items() if name not in gone}
        self._messages = {number: place for number, place in self._messages.items() if place not in gone}
        return {"name": doomed}

    def _guild(self) -> dict[str, Any]:
        self._places["lobby"] = _Place(SECOND, "channel")
        return {"name": SECOND, "channel": "lobby"}

    def _cut(self) -> dict[str, Any]:
        return {"resumable": self._resumable(0.6)}

    def _close(self) -> dict[str, Any]:
        return {"code": self._rng.choice(CODES), "resumable": self._resumable(0.6)}

    def _resumable(self, share: float) -> bool:
        return self._bare or self._rng.random() < share

    def _reconnect(self) -> dict[str, Any]:
        return {}

    _forget = _calm = _reconnect

    def _invalidate(self) -> dict[str, Any]:
        return {"resumable": self._resumable(0.5)}

    def _zombie(self) -> dict[str, Any]:
        return {"lines": [self._line() for _ in range(self._rng.randint(1, 6))]}

    def _events(self) -> dict[str, Any]:
        sort = self._rng.choice(("duplicate_events", "reorder", "drop_sockets"))
        chance = self._rng.choice((0.1, 0.3, 0.6))
        return {"sort": sort, "chance": chance / 10 if sort == "drop_sockets" else chance}

    def _slow(self) -> dict[str, Any]:
        return {
            "sort": self._rng.choice(("event_latency", "latency")),
            "seconds": self._pick(0.005, 0.02, 0.05),
        }

    def _pick(self, *values: float) -> float:
        return self._rng.choice(values)

    def _route(self) -> dict[str, Any]:
        return {"route": self._rng.choice((HISTORY, POSTING)), "times": self._rng.randint(1, 6)}

    def _limit(self) -> dict[str, Any]:
        return self._route() | {"scope": self._rng.choice(("user", "shared", "global"))}

    def _fail(self) -> dict[str, Any]:
        status = self._rng.choice((500, 502, 503, 504))
        return self._route() | {"status": status, "when": self._rng.choice(("before", "after"))}

    def _drop(self) -> dict[str, Any]:
        return self._route()

    def _chaos(self) -> dict[str, Any]:
        return {"chance": self._pick(0.05, 0.2, 0.4)}

    def _own_events(self) -> dict[str, Any]:
        return {"order": self._rng.choice(("before", "after"))}
