"""What must hold of the citations; each check returns its complaints."""

from collections.abc import Collection, Mapping

from tests.sandbox.citations import Collected, is_well_formed

# Routes that the description lacks, each with the reason it is here.
UNDESCRIBED_ROUTES: dict[str, str] = {}

# Bullets of the protocol page that speak of discord.py's side alone.
NOT_IN_THE_CODE = {
    "protocol rest.2": "the shape of payloads: the description has it too",
}


def misspelt(found: Collected) -> list[str]:
    """Return what is no source at all."""
    return [
        f"{where}: {source!r} is no source: protocol SECTION.N, openapi OPERATION or docs PAGE#ANCHOR"
        for source, where in _everything(found)
        if not is_well_formed(source)
    ]


def unresolved(found: Collected, bullets: Collection[str], operations: Collection[str]) -> list[str]:
    """Return the sources that don't exist."""
    known = {"protocol": set(bullets), "openapi": {f"openapi {name}" for name in operations}}
    return [
        f"{where}: there is no {source}"
        for source, where in _everything(found)
        if (kind := source.partition(" ")[0]) in known and source not in known[kind]
    ]


def undescribed(found: Collected, operations: Mapping[str, str]) -> list[str]:
    """Return the routes that are neither described nor excepted, and exceptions that are none."""
    routes = {str(route) for route in found.routes}
    return [
        f"{route.file}: {route} is not described"
        for route in found.routes
        if str(route) not in operations and str(route) not in UNDESCRIBED_ROUTES
    ] + [
        f"{name} needs no exception"
        for name in UNDESCRIBED_ROUTES
        if name in operations or name not in routes
    ]


def untested_routes(found: Collected, operations: Mapping[str, str]) -> list[str]:
    """Return the described routes that no raw test cites."""
    return [
        f"{route.file}: {route} is cited by no raw test: openapi {operations[str(route)]}"
        for route in found.routes
        if str(route) in operations and f"openapi {operations[str(route)]}" not in found.cited
    ]


def untested_bullets(found: Collected, bullets: Collection[str]) -> list[str]:
    """Return the protocol page's bullets that no raw test cites."""
    return [f"{name} is cited by no raw test" for name in bullets if name not in found.cited]


def unfollowed_bullets(found: Collected, bullets: Collection[str]) -> list[str]:
    """Return the protocol page's bullets that no code cites."""
    cited = {source for source, _ in found.sources}
    return [
        f"{name} is cited by no code" for name in bullets if name not in cited and name not in NOT_IN_THE_CODE
    ]


def untested_sources(found: Collected) -> list[str]:
    """Return what the code cites and no raw test does."""
    return [
        f"{file}, {name}: {source} is cited by no raw test"
        for source, (file, name) in found.sources
        if source not in found.cited
    ]


def _everything(found: Collected) -> list[tuple[str, str]]:
    code = [(source, f"{file}, {name}") for source, (file, name) in found.sources]
    return code + [
        (source, f"tests/sandbox/{test.file}, {test.name}") for test in found.tests for source in test.cites
    ]
