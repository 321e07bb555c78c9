"""Discord's markup as HTML: what it means is kept, and nothing that was written becomes anything else."""

from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.services.tickets.markup import to_html

NAMES = {8: "Bo", 9: "<b>**Eve**</b>"}
ALLOWED = {
    "strong": set(), "em": set(), "u": set(), "s": set(), "code": set(), "pre": set(), "blockquote": set(),
    "span": {"class", "tabindex"}, "a": {"href", "rel", "target"},
}  # fmt: skip
PIECES = (
    "**", "*", "***", "_", "__", "~~", "||", "`", "``", "```", "> ", ">>> ", "\n", "\\", " ", "a", "b_c",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '" onmouseover="alert(1)', "' x='", "&amp;",
    "[x](javascript:alert(1))", "[x](https://e.org/)", '[x](https://e.org/"onclick=)', "https://e.org/a_b",
    "<https://e.org>", "<javascript:alert(1)>", "JaVaScRiPt:alert(1)", "data:text/html,x", "](https://",
    "<@9>",
    "<@!8>", "<@7>", "<t:0>", "<:ok:1>", "http://a\u202e", "\x00", "</pre>", "</blockquote>", "<!--",
)  # fmt: skip


def html(text: str) -> str:
    return to_html(text, lambda user_id: NAMES.get(user_id, ""), ZoneInfo("UTC"))


class Checked(HTMLParser):
    """Fails on an element that is not allowed or not closed in its order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert set(dict(attrs)) <= ALLOWED[tag]
        href = dict(attrs).get("href")
        assert href is None or href.startswith(("http://", "https://"))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**a** *b* _c_ __d__ ~~e~~", "<strong>a</strong> <em>b</em> <em>c</em> <u>d</u> <s>e</s>"),
        ("***a*** **b *c* d**", "<strong><em>a</em></strong> <strong>b <em>c</em> d</strong>"),
        ("||it was **her**||", '<span class="spoiler" tabindex="0">it was <strong>her</strong></span>'),
        ("`a*b*` ``a`b``", "<code>a*b*</code> <code>a`b</code>"),
        ("see\n```py\nif a < b:\n    **no**\n```\nthere", "see<pre>if a &lt; b:\n    **no**</pre>there"),
        ("> a\n> *b*\nc", "<blockquote>a\n<em>b</em></blockquote>c"),
        ("a\n>>> b\nc", "a<blockquote>b\nc</blockquote>"),
        ("snake_case_name, 2 * 3 * 4, **open", "snake_case_name, 2 * 3 * 4, **open"),
        (r"\*not\* \`so\`", "*not* `so`"),
        ("<@8> <@!9> <@7>", (
            '<span class="mention">@Bo</span> '
            '<span class="mention">@&lt;b&gt;**Eve**&lt;/b&gt;</span> &lt;@7&gt;'
        )),
        ("<:ok:12> <t:0:R>", ":ok: 1970-01-01 00:00 UTC"),
    ],
    ids=[
        "marks", "nested", "spoiler", "code", "block", "quote", "to the end", "plain", "escaped", "names",
        "rest",
    ],
)  # fmt: skip
def test_what_was_marked_is_shown_so(text: str, shown: str) -> None:
    assert html(text) == shown


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://e.org/a_b_c?d=1&e=2).", ["https://e.org/a_b_c?d=1&e=2"]),
        ("<https://e.org>, **http://f.org**", ["https://e.org", "http://f.org"]),
        ("[https://bank.org](https://e.org/p)", ["https://e.org/p"]),
        ("[x](javascript:alert(1)) [x](data:text/html,1) <javascript:alert(1)> [x](ftp://e.org)", []),
    ],
    ids=["bare", "brackets", "words", "others"],
)
def test_links_lead_to_web_pages_alone_and_say_where(text: str, urls: list[str]) -> None:
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for name, value in attrs if name == "href")

    Links().feed(html(text))
    assert found == urls
    assert all(url in Checked(html(text)).text for url in urls)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=24).map("".join))
@example("**" * 30 + "a" + "**" * 30)
@example("||*a||*")
def test_nothing_written_becomes_an_element_attribute_or_script(text: str) -> None:
    page = Checked(html(text))
    for word in ("alert(1)", "onerror"):  # it is all there, as text
        assert (word in page.text) == (word in text)


def test_marks_within_marks_end_somewhere() -> None:
    deep = "".join(f"{mark}a " for mark in ("**", "__", "~~", "||") * 50)
    assert Checked(html(deep + deep[::-1])).text
