"""docs/SANDBOX_COVERAGE.md: what of Discord the sandbox has, after which source, and tested by what."""

from collections.abc import Iterator, Mapping

from tests.sandbox.citations import Collected, RawTest

# What each line of the protocol page is about, in a few words.
ABOUT = {
    "pointing.1": "addresses a client is pointed at, and given at log-in",
    "gateway.1": "hello, heartbeats both ways",
    "gateway.2": "transport compression",
    "gateway.3": "log-in: READY, guilds, sequence numbers",
    "gateway.4": "resume, invalid session, request to reconnect",
    "gateway.5": "unanswered heartbeats: a zombie",
    "gateway.6": "close codes",
    "gateway.7": "intents, message content, payload and rate limits, member chunks",
    "gateway.8": "the bot's own messages as events",
    "rest.1": "unknown keys and nulls in requests",
    "rest.2": "roles of members, reactions",
    "rest.3": "rate limits: headers, buckets, 429",
    "rest.4": "server errors and repeated posts: nonces",
    "rest.5": "errors and their codes",
    "rest.6": "replies",
    "rest.7": "threads of messages, forum posts",
    "rest.8": "uploads; answers on demand",
    "interactions.1": "time limits of interactions",
    "interactions.2": "callback types, payloads",
    "interactions.3": "deferred answers, ephemeral messages",
    "interactions.4": "bulk overwrite of commands",
    "interactions.5": "the content type of answers",
    "interactions.6": "nonces",
}
_NAMED = 4  # behaviours named in one cell

_HEAD = """# What of Discord the sandbox covers

Written by `python -m tests.sandbox.citations --write`; a test fails when it is out of date. Every line
is tested by raw clients, plain HTTP and a plain websocket, whose tests name the source of what they check:
a line of the protocol page (`gateway.3`: section Gateway, third bullet), an operation of Discord's API
description, or a place in Discord's public documentation. Every request and answer in the bot's
end-to-end tests is checked against the description, too.
"""


def table(found: Collected, operations: Mapping[str, str]) -> str:
    """Return the whole document; `operations` are the description's, by "METHOD template"."""
    tests = sum(1 for test in found.tests if test.cites)
    counts = f"{tests} raw tests, {len(found.routes)} routes, {len(ABOUT)} lines of the protocol page.\n"
    parts = [
        _HEAD,
        counts,
        "## Behaviour\n",
        *_protocol(found),
        "## Behaviour after Discord's documentation\n",
        *_documentation(found),
        "## Routes\n",
        *_routes(found, operations),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _protocol(found: Collected) -> Iterator[str]:
    yield from ("| Line | About | Tested by | In |", "| --- | --- | --- | --- |")
    for name, about in ABOUT.items():
        yield f"| {name} | {about} | {_told(found.cited.get(f'protocol {name}', []))} |"
    yield ""


def _documentation(found: Collected) -> Iterator[str]:
    pages: dict[str, list[RawTest]] = {}
    for source, tests in found.cited.items():
        kind, _, place = source.partition(" ")
        if kind == "docs":
            pages[place] = tests
    yield from ("| Place | Tested by | In |", "| --- | --- | --- |")
    for place in sorted(pages):
        yield f"| {place} | {_told(pages[place])} |"
    yield ""


def _told(tests: list[RawTest]) -> str:
    """Return two cells: what the tests say, and their files."""
    words = "; ".join(test.words for test in tests[:_NAMED])
    if len(tests) > _NAMED:
        words += f"; {len(tests) - _NAMED} more"
    return f"{words or 'nothing'} | {', '.join(sorted({test.file for test in tests}))}"


def _routes(found: Collected, operations: Mapping[str, str]) -> Iterator[str]:
    families: dict[str, list[str]] = {}
    for route in operations:
        families.setdefault(route.split("/")[1], []).append(route)
    served = {str(route) for route in found.routes}
    for family, described in sorted(families.items()):
        there = [route for route in described if is_served(route, served)]
        yield f"### {family}: {len(there)} of {len(described)}\n"
        if there:
            yield from ("| Route | Operation | Raw tests |", "| --- | --- | --- |")
            for route in sorted(there, key=_by_address):
                count = len(found.cited.get(f"openapi {operations[route]}", []))
                yield f"| {route} | {operations[route]} | {count} |"
            yield ""
        if missing := sorted(operations[route] for route in described if route not in there):
            yield f"Not there: {', '.join(missing)}.\n"


def is_served(route: str, served: set[str]) -> bool:
    """Whether a described route is there, itself or (@me, @original) as a value of another's parameter."""
    return route in served or any(
        route.replace(word, place) in served
        for word, place in (("@original", "{message_id}"), ("@me", "{user_id}"))
        if word in route
    )


def _by_address(route: str) -> tuple[str, str]:
    method, _, address = route.partition(" ")
    return address, method
