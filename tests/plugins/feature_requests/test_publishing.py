"""Approved requests become issues on a stand-in for GitHub: one each, whatever goes wrong."""

from datetime import timedelta
from typing import Any, cast

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api import FetchError, LimitError
from bot.plugin_api.testing import GUILD, MEMBER, STAFF, on_trial
from sandbox.github import GitHubSandbox
from sandbox.github.driver import rate_limit, secondary_limit
from tests.plugins.feature_requests.conftest import FOLDER, REVIEW, Desk


async def test_an_approved_request_becomes_an_issue(desk: Desk) -> None:
    await desk.trial.set("labels", "enhancement, community")
    review = await desk.request()
    assert await desk.approve(review) == "Approved: https://github.com/acme/app/issues/1"
    [issue] = desk.repository.issues.values()
    assert issue.title == "Export a board as CSV"
    assert issue.labels == ["enhancement", "community"]
    assert "- [ ] opens in a spreadsheet" in issue.body
    assert str(MEMBER) not in issue.body
    assert "Ada" not in issue.body
    assert [each.link for each in review.content.buttons] == ["https://github.com/acme/app/issues/1"]
    assert desk.told() == ["Approved: https://github.com/acme/app/issues/1"]
    assert "was approved" in desk.told(to=MEMBER)[0]
    with pytest.raises(RuntimeError):  # the button is gone
        await desk.approve(review)


async def test_what_members_write_rings_nobody_and_links_nothing(desk: Desk) -> None:
    words = (
        "@octocat and @acme/team, fixes #12, GH-12, see https://github.com/acme/app/issues/3 <img src=x>"
        " [a](javascript:x) ![p](http://e.example/p.png) <!-- lookout-request x --> deadbeefcafe1234"
        "\n# Big\n1. one"
    )
    review = await desk.request(title="For @octocat #12", want=words)
    await desk.approve(review)
    [issue] = desk.repository.issues.values()
    assert "@octocat" not in issue.body + issue.title
    assert "@acme" not in issue.body
    assert "#12" not in issue.body + issue.title
    assert "GH-12" not in issue.body
    assert "`https://github.com/acme/app/issues/3`" in issue.body
    assert "\\<img" in issue.body
    assert "\\[a\\](javascript" in issue.body
    assert "deadbeefcafe1234" not in issue.body
    assert "\n# Big" not in issue.body
    assert issue.body.count("<!--") == 1 + issue.body.count("\\<!--")


REFUSALS = [
    ({"status": 401}, "doesn't take the token"),
    ({"status": 403}, "needs Issues: read and write"),
    ({"status": 404}, "knows no `acme/app`"),
    ({"status": 410}, "Issues are switched off"),
    ({"status": 422, "body": {"message": "Validation Failed"}}, "as it is (Validation Failed)"),
    ({"status": 451}, "status 451"),
    ({"status": 429, "headers": {"Retry-After": "120"}}, "can be asked again <t:"),
]


@pytest.mark.parametrize(("fault", "told"), REFUSALS, ids=lambda each: str(each)[:20])
async def test_a_refusal_says_the_fix_and_the_request_waits_on(
    desk: Desk, fault: dict[str, Any], told: str
) -> None:
    review = await desk.request()
    desk.github.fail("status", "/issues", method="POST", **fault)
    assert told in (await desk.approve(review))
    assert "Approve" in [each.label for each in review.content.buttons]
    await desk.trial.later(121)
    assert "Approved" in await desk.approve(review)
    assert len(desk.repository.issues) == 1


async def test_a_rate_limit_is_kept_to(desk: Desk) -> None:
    first = await desk.request()
    desk.github.fail(
        "status", "/issues", method="POST", **rate_limit(desk.trial.clock.now() + timedelta(minutes=30))
    )
    assert "asked too much" in await desk.approve(first)
    before = len(desk.github.asked())
    with pytest.raises(UserFacingError, match="asked too much"):
        await desk.approve(first)
    await desk.trial.later(600)
    assert len(desk.github.asked()) == before, "nothing is asked while it pauses"
    await desk.trial.later(1_300)
    assert "Approved" in await desk.approve(first)


LOST = [("status", {"status": 502}), ("cut", {}), ("hang", {}), ("garbage", {}), ("huge", {})]


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize(("kind", "more"), LOST, ids=[each[0] for each in LOST])
async def test_an_answer_that_is_lost_makes_no_second_issue(
    desk: Desk, kind: Any, more: dict[str, Any], is_done: bool
) -> None:
    review = await desk.request()
    desk.github.fail(kind, "/issues", method="POST", late=is_done, **more)
    assert "goes on by itself" in await desk.approve(review)
    assert len(desk.repository.issues) == int(is_done)
    with pytest.raises(RuntimeError):
        await desk.approve(review)
    await desk.trial.later(121)
    assert len(desk.repository.issues) == 1
    assert desk.told() == ["Approved: https://github.com/acme/app/issues/1"]


async def test_a_crash_after_the_issue_was_made_makes_no_second_one(desk: Desk) -> None:
    review = await desk.request()
    desk.github.fail("hang", "/issues", method="POST", late=True)
    await desk.approve(review)
    await desk.trial.service.reload("feature_requests")  # all that is in memory is gone
    await desk.trial.later(121)
    await desk.trial.later(61)
    assert len(desk.repository.issues) == 1
    assert len(desk.github.asked("POST", "/issues")) == 1


async def test_a_redirect_to_a_private_address_is_not_followed(desk: Desk) -> None:
    review = await desk.request()
    desk.github.fail("redirect", "/issues", method="POST", to="http://169.254.169.254/latest/meta-data")
    assert "can't be reached" in await desk.approve(review)


async def test_after_ten_tries_staff_are_asked_again(desk: Desk) -> None:
    review = await desk.request()
    desk.github.fail("status", "/issues", times=100, status=500, method="POST")
    await desk.approve(review)
    for _ in range(12):
        await desk.trial.later(61)
    assert len(desk.github.asked("POST", "/issues")) == 10
    assert "press Approve again" in desk.told()[-1]
    desk.github.heal()
    assert "Approved" in await desk.approve(review)


@pytest.mark.parametrize("repository", ["app", "acme/..", "acme/app/issues", "acme/app?x"])
async def test_a_repository_is_a_name_and_nothing_else(desk: Desk, repository: str) -> None:
    with pytest.raises(UserFacingError, match="can't be that"):
        await desk.trial.set("repository", repository)


async def test_only_repositories_of_the_owner_are_written_to(desk: Desk) -> None:
    other = desk.github.repository("acme/other")
    review = await desk.request()
    await desk.trial.set("repository", "acme/other")
    with pytest.raises(UserFacingError, match="isn't among those the bot may use"):
        await desk.approve(review)
    assert not other.issues
    assert "Approve" in [each.label for each in review.content.buttons]


@pytest.mark.parametrize(("owner", "may"), [(GUILD, True), (GUILD + 1, False)], ids=["this", "another"])
async def test_a_repository_may_be_one_servers_alone(owner: int, may: bool) -> None:
    async with GitHubSandbox() as github:
        repository = github.repository("acme/app")
        options = {"api_url": github.url, "repositories": [f"{owner}:acme/app"]}
        more: dict[str, Any] = {"secrets": {"token": github.token}, "hosts": [github.address]}
        async with on_trial(FOLDER, options=options, **more) as trial:
            await trial.set_staff_channel(REVIEW)
            await trial.set("repository", "acme/app")
            desk = Desk(trial, github, repository)
            review = await desk.request()
            if may:
                assert "Approved" in await desk.approve(review)
            else:
                with pytest.raises(UserFacingError, match="isn't among those the bot may use"):
                    await desk.approve(review)
                assert not github.asked(), "not even to compare"


async def test_two_who_approve_at_once_make_one_issue(desk: Desk) -> None:
    import asyncio

    review = await desk.request()
    done = await asyncio.gather(desk.approve(review), desk.approve(review), return_exceptions=True)
    assert len(desk.repository.issues) == 1
    assert sum(isinstance(each, UserFacingError) for each in done) == 1


async def test_a_pull_request_proposes_a_file(desk: Desk) -> None:
    await desk.trial.set("pull_request", "yes")
    await desk.approve(await desk.request())
    await desk.trial.later(61)
    branch = "request-1-export-a-board-as-csv"
    files = desk.repository.branches[branch]
    assert "# Export a board as CSV" in files["docs/requests/1-export-a-board-as-csv.md"].decode()
    pull = desk.repository.issues[2]
    assert (pull.head, pull.base, pull.body) == (branch, "main", "A proposal for #1.")
    assert desk.told()[-1] == "The proposal's pull request: https://github.com/acme/app/pull/2"


@pytest.mark.parametrize("path", ["/git/refs", "csv.md", "/pulls"], ids=["branch", "file", "pull request"])
async def test_a_pull_request_that_broke_off_goes_on(desk: Desk, path: str) -> None:
    await desk.trial.set("pull_request", "yes")
    review = await desk.request()
    method = "PUT" if path == "csv.md" else "POST"
    desk.github.fail("status", path, method=method, status=502, late=True)
    await desk.approve(review)
    await desk.trial.later(61)
    await desk.trial.later(61)
    assert len([each for each in desk.repository.issues.values() if each.head]) == 1
    assert "pull request: https" in desk.told()[-1]


async def test_a_pull_request_that_may_not_be_opened_is_told_once(desk: Desk) -> None:
    await desk.trial.set("pull_request", "yes")
    review = await desk.request()
    desk.github.fail("status", "/git/refs", status=403, times=5)
    await desk.approve(review)
    await desk.trial.later(61)
    await desk.trial.later(61)
    assert "also Contents and Pull requests" in desk.told()[-1]
    assert len(desk.github.asked("POST", "/git/refs")) == 1


async def test_news_of_an_issue_come_back_once(desk: Desk) -> None:
    review = await desk.request()
    await desk.approve(review)
    issue = desk.repository.issues[1]
    await desk.trial.later(601)
    await desk.trial.later(601)
    statuses = [each["headers"].get("if-none-match") for each in desk.github.asked("GET", "/issues/1")]
    assert statuses[0] is None
    assert statuses[1] is not None, "asked with its tag"
    desk.github.change(issue, labels=["planned"])
    await desk.trial.later(601)
    assert desk.told()[-1] == "Its labels now: planned"
    desk.github.change(issue, state="closed", state_reason="completed")
    await desk.trial.later(601)
    assert desk.told()[-1] == "The issue was closed as done: https://github.com/acme/app/issues/1"
    assert "is done" in desk.told(to=MEMBER)[-1]
    count = len(desk.told())
    await desk.trial.later(601)
    assert len(desk.told()) == count


async def test_a_merged_pull_request_is_told(desk: Desk) -> None:
    await desk.trial.set("pull_request", "yes")
    await desk.approve(await desk.request())
    await desk.trial.later(61)
    desk.github.change(desk.repository.issues[2], state="closed", merged=True)
    await desk.trial.later(661)
    assert desk.told()[-1] == "The pull request was merged."


async def test_an_issue_that_is_gone_is_told_once(desk: Desk) -> None:
    await desk.approve(await desk.request())
    del desk.repository.issues[1]
    await desk.trial.later(601)
    await desk.trial.later(601)
    assert [each for each in desk.told() if "deleted or moved" in each] == [
        "The issue was deleted or moved away: https://github.com/acme/app/issues/1"
    ]


async def test_few_issues_are_looked_at_in_a_run(desk: Desk) -> None:
    for number in range(25):
        await desk.trial.later(600)
        review = await desk.request(
            by=MEMBER + number, title=f"Wish {number} xq{number}", want=f"zz{number} yy"
        )
        await desk.approve(review)
    before = len(desk.github.asked("GET"))
    await desk.trial.later(601)
    assert len(desk.github.asked("GET")) - before <= 20


async def test_a_request_whose_member_is_erased_is_not_opened_after_all(desk: Desk) -> None:
    review = await desk.request()
    desk.github.fail("status", "/issues", method="POST", status=502)
    await desk.approve(review)
    await desk.trial.erase(MEMBER)
    await desk.trial.later(121)
    assert not desk.repository.issues
    assert STAFF


async def test_too_many_posts_are_tried_again_and_are_no_failure(desk: Desk) -> None:
    await desk.request()
    keeping = desk.trial.service.registry.keeping
    [(_, key, place)] = [each for each in await desk.trial.kept(0) if each[1].startswith("place/")]
    await keeping.put("feature_requests", GUILD, 0, key, place | {"message_id": None, "thread_id": None})
    desk.trial.posts.clear()
    desk.trial.desk.failing.append(cast("Any", LimitError("30 times a minute")))
    await desk.trial.later(180)
    assert not desk.trial.posts
    assert desk.trial.failures == 0
    await desk.trial.later(60)
    assert [each.channel_id for each in desk.trial.posts] == [REVIEW]


@pytest.mark.parametrize(("wait", "seconds"), [(None, 60), (300, 300)], ids=["words alone", "with a time"])
async def test_a_secondary_limit_is_no_missing_permission(
    desk: Desk, wait: int | None, seconds: float
) -> None:
    review = await desk.request()
    desk.github.fail("status", "/issues", method="POST", **secondary_limit(wait))
    told = await desk.approve(review)
    assert "asked too much lately" in told
    with pytest.raises(UserFacingError, match="asked too much lately"):
        await desk.approve(review)
    desk.trial.clock.forward(seconds + 1)
    assert "Approved" in await desk.approve(review)
    assert len(desk.repository.issues) == 1


async def test_a_github_that_hangs_does_not_stop_the_plugin(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        review = await desk.request(by=3_000 + number, title=f"Wish number {number}")
        desk.github.fail("status", "/issues", method="POST", status=502)
        await desk.approve(review)
    fetcher = desk.trial.service.registry.entries["feature_requests"].host
    assert fetcher is not None
    asked: list[str] = []

    async def hanging(method: str, *_: object) -> None:
        asked.append(method)
        desk.trial.clock.forward(20)  # as long as a request may take
        raise FetchError("did not answer in time")

    monkeypatch.setattr(fetcher, "request", hanging)
    await desk.trial.later(61)
    assert len(asked) == 2, "after half a minute the rest is left for the next run"
    assert desk.trial.failures == 0
