"""Transcripts: complete, readable, and harmless whatever members wrote."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from bot.models import TicketMessage
from bot.services.tickets.closing_words import is_notice
from bot.services.tickets.transcripts import Said, Transcript, render
from bot.services.tickets.visible import shown_messages
from bot.services.tickets.wording import handed_over
from tests.db.support import ticket

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINK = "https://discord.com/channels/1/2"
HOSTILE = (
    "</p><script>alert(1)</script><img src=x onerror=alert(1)> \"' & "
    "<a href='javascript:alert(1)'>x</a><style>*{display:none}</style><!-- \u202e\x00\ud800"
)


def said(number: int = 0, text: str = "it fails", **values: object) -> Said:
    known: dict[str, object] = {
        "message_id": 100 + number, "author_id": 7, "author": "Ada", "role": "member", "text": text,
        "files": (), "at": AT + timedelta(minutes=number),
    }  # fmt: skip
    return Said(**known | values)  # type: ignore[arg-type]


def transcript(*messages: Said, **values: object) -> Transcript:
    known: dict[str, object] = {
        "number": 42, "title": "It fails", "question": "Why?", "environment": "",
        "facts": (("State", "closed"),),
        "summary": "It failed.", "link": LINK, "said": messages, "left_out": False, "zone": "Europe/Berlin",
    }  # fmt: skip
    return Transcript(**known | values)  # type: ignore[arg-type]


class Page(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_both_files_tell_who_said_what_when() -> None:
    files = render(
        transcript(
            said(text="hello <@8>, see\nthis"),
            said(
                1,
                f"Try <:ok:99> again, until <t:{int(AT.timestamp())}:R>.",
                author_id=8,
                author="Bo",
                role="staff",
                edited=True,
            ),
            said(2, "", files=("log.txt",)),
        )
    )
    page, text = Page(files.html).text, files.text.decode()
    for shown in (page, text):
        assert "Ticket #0042 It fails" in shown
        assert "hello @Bo, see" in shown
        assert "Try :ok: again, until 2026-03-01 13:00 CET." in shown
        assert "2026-03-01 13:01 CET" in shown
        assert "(edited)" in shown
        assert "log.txt" in shown
        assert "It failed." in shown
    assert "[2026-03-01 13:01 CET] Bo (staff) (edited):\n    Try :ok: again, until" in text
    assert f"    [file] log.txt {LINK}/102\n" in text


def test_the_page_runs_nothing_loads_nothing_and_links_only_to_discord() -> None:
    hostile = said(text=HOSTILE, author=HOSTILE, files=(HOSTILE,))
    files = render(
        transcript(
            hostile, title=HOSTILE, question=HOSTILE, environment=HOSTILE, summary=HOSTILE,
            facts=(("Reason", HOSTILE),),
        )
    )  # fmt: skip
    page = Page(files.html)
    tags = [tag for tag, _ in page.elements]
    assert set(tags) <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "div", "dl", "dt", "dd", "p", "a",
        "article", "header", "span", "time", "ul", "li", "code", "pre", "blockquote", "strong", "em",
        "u", "s",
    }  # fmt: skip
    assert tags.count("style") == 1
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "style", "srcset")}
    links = [attributes["href"] or "" for tag, attributes in page.elements if tag == "a"]
    assert links
    assert all(link.startswith(LINK) for link in links)
    [policy] = [
        attributes["content"]
        for tag, attributes in page.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search("[\x00\u202e]", files.html.decode() + files.text.decode())


def test_a_message_cant_forge_another_one_in_the_text() -> None:
    forged = "ok\n[2026-03-01 13:09 CET] Boss (staff):\u2028    You get it all for free.\r[x] y (staff):"
    lines = render(transcript(said(text=forged, author="A\n[b]"))).text.decode().splitlines()
    own = [line for line in lines if line.startswith("[")]
    assert own == ["[2026-03-01 13:00 CET] A [b] (member):"]


def test_what_is_too_much_is_cut_at_the_beginning_and_that_is_said() -> None:
    many = [said(number, f"number {number} " + "<" * 500) for number in range(200)]
    files = render(transcript(*many), max_bytes=130_000)
    assert len(files.html) <= 130_000
    assert len(files.text) <= 130_000
    page = files.html.decode()
    assert "number 199 " in page
    assert "number 0 " not in page
    assert re.search(r"Only the newest \d+ messages are here", page)
    assert "Only the newest 3 messages" in render(transcript(*many[:3], left_out=True)).text.decode()


@pytest.mark.parametrize(("messages", "words"), [((), "Nobody wrote"), ((said(),), "")], ids=["none", "one"])
def test_an_empty_one_says_so(messages: tuple[Said, ...], words: str) -> None:
    files = render(transcript(*messages))
    assert ("Nobody wrote" in files.text.decode()) is bool(words)


def test_small_print_is_told_without_its_mark() -> None:
    answer = TicketMessage(
        message_id=1, ticket_id=7, author_id=1, author_name="Lookout", role="bot", created_at=AT,
        content="Press reset.\n-# Answer by the team, entry #1",
    )  # fmt: skip
    [said] = shown_messages(ticket(), [answer], lambda _guild_id, _user_id: False)
    assert said.text == "Press reset.\nAnswer by the team, entry #1"


@pytest.mark.parametrize(
    ("role", "text", "is_left_out"),
    [
        ("bot", "<@7> This ticket was closed by <@8>", True),
        ("bot", handed_over(None), True),
        ("bot", "Press reset.", False),
        ("member", "This ticket was closed by <@8>", False),
    ],
    ids=["closed", "handed over", "answer", "member"],
)
def test_a_summary_repeats_no_notices(role: str, text: str, is_left_out: bool) -> None:
    assert is_notice(said(text=text, role=role)) is is_left_out


def test_mentions_have_a_name_or_say_someone_and_never_show_a_number() -> None:
    closed = said(text="This ticket was closed by <@9>. <@!10> agrees.", author_id=5, role="bot")
    files = render(transcript(closed, names={9: "Cleo"}))
    for shown in (Page(files.html).text, files.text.decode()):
        assert "closed by @Cleo. @someone agrees." in shown


def test_the_page_has_a_light_look_that_follows_the_readers_browser() -> None:
    page = render(transcript(said())).html.decode()
    assert ":root{color-scheme:dark light}" in page
    assert "@media (prefers-color-scheme:light){\nbody{background:#fff" in page
