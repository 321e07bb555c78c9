from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlp.domains import LIKELY, judge_domain, phishing_probabilities
from bot.nlp.hosts import in_latin, is_known, parse_host, registrable_of
from bot.nlp.known_hosts import KNOWN
from bot.nlp.lookalike import Name, folded, read_twice
from tests.unit.nlp.conftest import EVAL
from tests.unit.nlp.posted_hosts import POSTED

FLAGRANT: Final = 0.8

HOSTS: Final = st.one_of(
    st.text(max_size=300),
    st.text("abcdilmnorstuw01.-:@/[]%", max_size=300),
    st.builds("xn--{}.{}".format, st.text("abcxyz0189-", max_size=70), st.sampled_from(("com", "ru", "рф"))),
)


@pytest.mark.parametrize(
    ("host", "imitated"),
    [
        ("dlscord-gift-zone.com", "discord.com"),
        ("discorrcl.click", "discord.com"),
        ("free-disocrd.ru", "discord.com"),
        ("steamcornmunitiy-trade.com", "steamcommunity.com"),
        ("STEAMCOMNUNLTI.XYZ", "steamcommunity.com"),
        ("dicsord-hypesquad-form.com", "discord.com"),
        ("rob1ox-robux.com", "roblox.com"),
    ],
)
def test_misspelled_services_are_named(host: str, imitated: str) -> None:
    judgement = judge_domain(host)
    assert judgement.probability >= FLAGRANT
    assert judgement.imitates == imitated
    assert f"imitates {judgement.imitates}" in judgement.reason
    assert judgement.reason.split()[0] == host.lower()


@pytest.mark.parametrize(
    "host",
    [
        "discord.com.gift-login.ru",
        "login.steamcommunity.com.trade.xyz",
        "discord.com@evil.ru",
        "www.paypal.com-x.tk",
    ],
)
def test_a_real_domain_shown_in_front_deceives(host: str) -> None:
    judgement = judge_domain(host)
    assert judgement.probability >= FLAGRANT
    assert judgement.imitates is not None
    assert judgement.imitates in host
    assert judgement.reason.startswith(f"shows {judgement.imitates} but belongs to ")


@pytest.mark.parametrize(
    "host", ["d\u0456scord.com", "xn--dscord-pvf.com", "st\u0435amcommunity.com", "p\u0430yp\u0430l.com"]
)
def test_foreign_letters_that_spell_a_name_deceive(host: str) -> None:
    judgement = judge_domain(host)
    assert judgement.probability >= FLAGRANT
    assert "foreign letters" in judgement.reason


@pytest.mark.parametrize(
    "host",
    [
        *(
            "discord.com",
            "cdn.discordapp.com",
            "discord.gg",
            "www.steamcommunity.com",
            "DISCORD.COM.",
            "discord.js.org",
        ),
        *(
            "canary.discord.com:443",
            "gist.github.com",
            "docs.python.org",
            "de.wikipedia.org",
            "store.steampowered.com",
        ),
    ],
)
def test_the_real_ones_are_known(host: str) -> None:
    assert judge_domain(host).probability < 0.05


@pytest.mark.parametrize(
    "host",
    [
        "someone.github.io",
        "my-notes.netlify.app",
        "127.0.0.1:8080",
        "192.168.0.1",
        "[::1]:80",
        "bit.ly",
        "steam-server:80",
    ],
)
def test_what_says_nothing_is_not_phishing(host: str) -> None:
    assert judge_domain(host).probability < LIKELY


def test_a_name_below_a_hosting_site_is_not_the_sites_own() -> None:
    assert not is_known(parse_host("discord-nitro.github.io"))
    assert judge_domain("dlscord-nitro-gift.github.io").probability >= FLAGRANT


def test_fans_may_use_a_services_name() -> None:
    for host in ("discordtreehouse.com", "discord-bot-guide.readthedocs.io", "my-discord-notes.org"):
        assert judge_domain(host).imitates is None


def test_few_alarms_on_what_people_post() -> None:
    judged = [judge_domain(host) for host in POSTED if not is_known(parse_host(host))]
    assert len(judged) > 300
    flagrant = [one for one in judged if one.imitates and one.probability >= FLAGRANT]
    assert len(flagrant) / len(judged) <= 0.02
    assert sum(one.probability >= LIKELY for one in judged) / len(judged) <= 0.13


def test_no_alarm_on_links_of_real_chat(day_log_lines: list[str]) -> None:
    from bot.nlp.links import links_in

    hosts = {link.host for line in day_log_lines for link in links_in(line)}
    assert len(hosts) > 100
    assert [host for host in sorted(hosts) if judge_domain(host).probability >= LIKELY] == []


@given(HOSTS)
def test_never_raises_and_stays_a_probability(host: str) -> None:
    judgement = judge_domain(host)
    assert 0 <= judgement.probability <= 1
    assert len(judgement.reason.split()) <= 10
    assert judgement.imitates is None or judgement.probability >= LIKELY


@given(st.sampled_from(sorted(KNOWN)))
def test_every_listed_site_is_its_own_registration(host: str) -> None:
    assert judge_domain(host).probability < LIKELY


@pytest.mark.parametrize(
    ("host", "registrable"),
    [
        ("a.b.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("a.b.github.io", "b.github.io"),
        ("x.s3.amazonaws.com", "x.s3.amazonaws.com"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_registered_part_is_found(host: str, registrable: str) -> None:
    assert registrable_of(host) == registrable


def fewest_errors(name: str, text: str) -> int:
    """The textbook table: optimal string alignment of `name` with any part of `text`."""
    rows = [[0] * (len(text) + 1)]
    for i, letter in enumerate(name, 1):
        row = [i]
        for j, other in enumerate(text, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == text[j - 2] and name[i - 2] == other:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return min(rows[-1])


@given(st.text("abcd", min_size=2, max_size=12), st.text("abcd", max_size=30), st.integers(1, 4))
def test_names_are_found_as_the_textbook_does(name: str, text: str, allowed: int) -> None:
    expected = min(fewest_errors(name, text), allowed + 1)
    assert Name(name, allowed).errors_in(text, frozenset(text)) == expected


def test_readings() -> None:
    assert folded("d1sc0rd") == folded("dlscord") == folded("discord")
    assert folded("steamcommunity") in read_twice("stearncommunity")[1]
    assert in_latin("d\u0456sc\u043erd\u0301") == "discord"


def test_probabilities_come_as_one_array() -> None:
    chances = phishing_probabilities(["github.com", "dlscord-nitro.ru"])
    assert chances.shape == (2,)
    assert chances[0] < LIKELY <= chances[1]
    assert phishing_probabilities([]).shape == (0,)


@pytest.fixture(scope="module")
def data() -> Path:
    pytest.importorskip("sklearn")
    if not (EVAL / "phishing_domains.jsonl").exists():
        pytest.skip(f"{EVAL} is not there")
    return EVAL


def test_unseen_domains_are_told_apart(data: Path) -> None:
    from bot.training.domains import cross_validated, load, macro_f1

    rows = load(data)
    assert macro_f1(rows.labels, cross_validated(rows, grouped=True)) >= 0.95


def test_training_repeats_the_committed_weights(data: Path) -> None:
    from bot.nlp.domains import WEIGHTS
    from bot.training.domains import train

    trained = train(data)
    with np.load(WEIGHTS, allow_pickle=False) as committed:
        assert set(committed) == set(trained)
        np.testing.assert_allclose(
            committed["weights"].astype(float), trained["weights"].astype(float), atol=0.01
        )
        np.testing.assert_array_equal(committed["trained_rows"], trained["trained_rows"])


def test_near_identical_domains_are_one_group() -> None:
    pytest.importorskip("sklearn")
    from bot.training.domains import groups

    found = groups(
        [
            "steamcommunlty.ru",
            "steam-community.com",
            "steamcomunity.xyz",
            "elsewhere.org",
            "www.elsewhere.net",
        ]
    )
    assert found.tolist() == [0, 0, 0, 3, 3]
