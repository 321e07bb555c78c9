"""What a repository holds, as far as it is asked about."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Issue:
    """An issue or, with `head`, a pull request; they share their numbers."""

    number: int
    title: str
    body: str
    created_at: datetime
    updated_at: datetime
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    head: str = ""
    base: str = ""
    merged: bool = False


@dataclass(slots=True)
class Repository:
    """A repository, on its branch `main`.

    Attributes:
        site: where people read it.
        branches: the files of each, by path.
        can_write: whether the token may; it may read in any case.
    """

    name: str
    site: str = "https://github.com"
    has_issues: bool = True
    is_private: bool = False
    can_write: bool = True
    issues: dict[int, Issue] = field(default_factory=dict)
    branches: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"main": {}})

    def add(self, title: str, body: str, now: datetime, labels: list[str] | None = None) -> Issue:
        """Open an issue."""
        number = len(self.issues) + 1
        made = self.issues[number] = Issue(number, title, body, now, now, labels or [])
        return made

    def sha(self, branch: str) -> str:
        """Return what stands for a branch's last commit."""
        files = self.branches[branch]
        told = repr(sorted(files.items())).encode()
        return hashlib.sha1(told, usedforsecurity=False).hexdigest()

    def form(self, issue: Issue) -> dict[str, Any]:
        """Return an issue as the API tells it."""
        page = f"{self.site}/{self.name}/issues/{issue.number}"
        told: dict[str, Any] = {
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "labels": [{"name": each} for each in issue.labels],
            "html_url": page,
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
        }
        if issue.head:
            told["html_url"] = page.replace("/issues/", "/pull/")
            told["pull_request"] = {"url": page}
        return told

    def pull_form(self, pull: Issue) -> dict[str, Any]:
        """Return a pull request as the API tells it."""
        told = self.form(pull)
        del told["pull_request"]
        return told | {"merged": pull.merged, "head": {"ref": pull.head}, "base": {"ref": pull.base}}


def stamp(at: datetime) -> str:
    """Return a time as the API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
