import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlp.links import MAX_LINKS, MAX_TEXT, bare_hosts_in, links_in

PIECES = (
    "https://",
    "http://",
    "hxxp://",
    "[",
    "](",
    ")",
    "<",
    ">",
    "a.b",
    "evil.ru",
    ".",
    "/",
    "@",
    " ",
    "\n",
    "й",
    "😀",
    "xn--",
)


def hosts(text: str) -> list[str]:
    return [link.host for link in links_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://a.example/x, then", ["a.example"]),
        ("(https://a.example).", ["a.example"]),
        ("<https://a.example>", ["a.example"]),
        ("HTTPS://A.Example/X", ["a.example"]),
        ("https://a.example!!! https://b.example? https://a.example/y", ["a.example", "b.example"]),
        ("**https://a.example**", ["a.example"]),
        ("https://discord.com@evil.ru/x", ["discord.com@evil.ru"]),
        ("http://10.0.0.1:8080/", ["10.0.0.1:8080"]),
        ("https://a.example?next=https://b.example", ["a.example"]),
        ("https://a.example\\@b.example", ["a.example"]),
        ("hxxps://evil.ru and hxxp://evil.ru", []),
        ("ftp://a.example", []),
        ("https://", []),
        ("", []),
    ],
)
def test_hosts_of_links(text: str, expected: list[str]) -> None:
    assert hosts(text) == expected


@pytest.mark.parametrize(
    ("text", "host", "shown"),
    [
        ("[steamcommunity.com/gift](https://evil.ru/1)", "evil.ru", "steamcommunity.com"),
        ("[https://discord.com](<https://evil.ru> 'hi')", "evil.ru", "discord.com"),
        ("[click here](https://evil.ru)", "evil.ru", ""),
        ("[www.docs.example.com](https://docs.example.com)", "docs.example.com", ""),
        ("[example.com](https://docs.example.com)", "docs.example.com", ""),
        ("[main.py](https://code.example)", "code.example", ""),
    ],
)
def test_masked_links_show_another_host(text: str, host: str, shown: str) -> None:
    assert [(link.host, link.shown) for link in links_in(text)] == [(host, shown)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go to evil.ru/x now", ["evil.ru"]),
        ("dlscord-nitro.claim.click", ["dlscord-nitro.claim.click"]),
        ("boost [dot] gg", ["boost.gg"]),
        ("main.py README.md node.js 1.2.3 e.g. a.b@evil.ru @evil.ru https://evil.ru", []),
    ],
)
def test_bare_hosts(text: str, expected: list[str]) -> None:
    assert [link.host for link in bare_hosts_in(text)] == expected


def test_at_most_so_many() -> None:
    many = " ".join(f"https://h{n}.example" for n in range(100))
    assert len(links_in(many)) == MAX_LINKS
    assert len(bare_hosts_in(" ".join(f"h{n}.com" for n in range(100)))) == MAX_LINKS


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=60).map("".join)))
def test_never_raises_and_hosts_are_bare(text: str) -> None:
    for link in [*links_in(text), *bare_hosts_in(text)]:
        assert link.host
        assert link.host == link.host.lower()
        assert "/" not in link.host


@pytest.mark.parametrize("piece", [*PIECES, "[a](", "https://[", "a.", "[dot]", "[a](https://"])
def test_time_grows_with_length_only(piece: str) -> None:
    text = (piece * MAX_TEXT)[:MAX_TEXT]
    began = time.process_time()
    links_in(text)
    bare_hosts_in(text)
    assert time.process_time() - began < 0.25  # seconds; measured below 0.02
