"""What a plugin's files may hold is told before any of it runs, with the line and what to do."""

from pathlib import Path

import pytest

from bot.plugin_api import API_VERSION, Manifest, ManifestError
from bot.services.plugins.loading import in_order
from bot.services.plugins.reading import PluginSourceError, check_sources
from tests.plugins.support import write_plugin


def check(folder: Path, source: str, more: str = "", **others: str) -> None:
    place = write_plugin(folder, "karma", source, more=more)
    for name, text in others.items():
        (place / f"{name}.py").write_text(text)
    check_sources(place, Manifest.load(place))


@pytest.mark.parametrize(
    "source",
    [
        "from bot.plugin_api import PluginContext",
        "from bot.plugin_api.testing import on_trial",
        "import pydantic\nfrom pydantic import BaseModel",
        "import json, re, asyncio, time\nfrom datetime import datetime\nfrom urllib.parse import quote",
        "from plugins.karma.words import WORDS",
        "from . import words",
    ],
)
def test_a_plugin_may_import_the_api_pydantic_its_own_and_most_of_python(tmp_path: Path, source: str) -> None:
    check(tmp_path, source, words="WORDS = ()")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import os", "plugin.py:1 imports os, which plugins may not"),
        ("import re\nfrom os import environ", "plugin.py:2 imports os"),
        ("import os.path as p", "imports os.path"),
        ("from urllib import request", "imports urllib.request, which plugins may not: use ctx.http"),
        ("def f():\n    import subprocess", "plugin.py:2 imports subprocess"),
        ("from bot.settings import Settings", "nothing of the bot but bot.plugin_api"),
        ("import discord", "nothing of the bot but bot.plugin_api"),
        ("from plugins.other.plugin import setup", "nothing of the bot but bot.plugin_api"),
        ("import numpy", r'name its package in manifest.toml, requires = \["numpy"\]'),
        ("open('x')", r"calls open\(\), which plugins may not: use ctx.store"),
        ("eval('1')", r"calls eval\(\)"),
        ("__import__('os')", r"calls __import__\(\)"),
        ("(lambda: 0).__globals__", "uses __globals__"),
        ("def f(:", "plugin.py:1 is no valid Python"),
    ],
)
def test_ways_around_the_api_are_refused(tmp_path: Path, source: str, problem: str) -> None:
    with pytest.raises(PluginSourceError, match=problem):
        check(tmp_path, source)


def test_every_file_is_read_but_its_tests(tmp_path: Path) -> None:
    check(tmp_path, "", test_karma="import os")
    with pytest.raises(PluginSourceError, match=r"helpers.py:1 imports os"):
        check(tmp_path, "", helpers="import os")


def test_a_package_that_is_missing_comes_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(PluginSourceError, match=r"pip install no-such-package-here"):
        check(tmp_path, "import no_such_package_here", 'requires = ["no-such-package-here"]')
    check(tmp_path, "import numpy", 'requires = ["numpy"]')


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "id: Field required"),
        ("id = ", "not valid TOML"),
        ('permission = ["x"]', "permission: Extra inputs"),
        ('permissions = ["everything"]', "permissions.*messages.read"),
        (f"api_version = {API_VERSION + 1}", f"made for API {API_VERSION + 1}, this bot has {API_VERSION}"),
        ('id = "other"', "the id is 'other', but the folder is 'karma'"),
        ('http_hosts = ["https://api.github.com/"]', "http_hosts"),
    ],
    ids=["empty", "toml", "unknown", "permission", "version", "id", "host"],
)
def test_a_bad_manifest_is_refused_with_what_to_change(tmp_path: Path, text: str, problem: str) -> None:
    place = write_plugin(tmp_path, "karma", "")
    known = (place / "manifest.toml").read_text().splitlines() if text else []
    kept = [line for line in known if line.partition(" =")[0] != text.partition(" =")[0]]
    (place / "manifest.toml").write_text("\n".join([*kept, text]))
    with pytest.raises(ManifestError, match=problem):
        Manifest.load(place)


def manifests(**needs: tuple[str, ...]) -> dict[str, Manifest]:
    return {
        each: Manifest(
            id=each, name=each, version="1", api_version=1, description="d", data_statement="", depends_on=on
        )
        for each, on in needs.items()
    }


def test_plugins_are_loaded_after_what_they_depend_on() -> None:
    order, wrong = in_order(manifests(aa=("cc",), bb=(), cc=("bb",)))
    assert (order, wrong) == (["bb", "cc", "aa"], {})


def test_a_circle_or_what_is_missing_holds_up_only_who_needs_it() -> None:
    order, wrong = in_order(manifests(aa=("bb",), bb=("aa",), cc=("aa",), dd=("gone",), ee=()))
    assert order == ["ee"]
    assert wrong["aa"] == "depends on itself: aa → bb → aa; change depends_on"
    assert wrong["cc"] == "depends on aa, which doesn't run"
    assert wrong["dd"].startswith("depends on gone, which isn't there")
