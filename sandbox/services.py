"""The services that the bundled plugins ask, on the loopback: GitHub and what draws pictures."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Final, Self

from sandbox.github import GitHubSandbox
from sandbox.images import face
from sandbox.pictures import PicturesSandbox

REPOSITORY: Final = "acme/lamps"
SITE: Final = "https://github.example"  # nothing is there: nobody is sent to somebody else's repository


class Services:
    """Both, running: `async with Services() as services:`."""

    def __init__(self) -> None:
        self.github = GitHubSandbox()
        self.pictures = PicturesSandbox()
        self._stack = AsyncExitStack()
        self.github.repository(REPOSITORY, site=SITE)
        self.pictures.draw = lambda prompt: face(sum(prompt.encode()))

    async def __aenter__(self) -> Self:
        for each in (self.github, self.pictures):
            await self._stack.enter_async_context(each)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def told(self) -> dict[str, Any]:
        """Return where they are, and what they take."""
        github, pictures = self.github, self.pictures
        return {
            "github": {
                "url": github.url,
                "address": github.address,
                "token": github.token,
                "repository": REPOSITORY,
            },
            "pictures": {"url": pictures.openai_url, "address": pictures.address, "key": pictures.key},
        }
