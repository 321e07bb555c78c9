"""A part of GitHub's REST API on the loopback: issues, branches, files and pull requests.

In tests: `async with GitHubSandbox() as github:`; `github.url` takes the place of https://api.github.com.
"""

from sandbox.github.driver import GitHubSandbox
from sandbox.github.repository import Issue, Repository

__all__ = ["GitHubSandbox", "Issue", "Repository"]
