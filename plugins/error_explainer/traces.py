"""Recognises stack traces in what members write. Precise rather than eager: no frames, no trace.

What is quoted ("> ") is somebody else's: no pattern takes it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

MAX_LINES: Final = 1_000
MAX_LINE: Final = 1_000  # characters of a line that are looked at
MAX_MESSAGE: Final = 400

_FENCE: Final = re.compile(r"^\s{0,4}```\s?[\w+#-]{0,20}$")
_PREFIX: Final = re.compile(  # of docker compose and of loggers
    r"^(?:[\w./-]{1,60} {1,40}\| ?|\[?\d{4}-\d\d-\d\d[T ][\d:.,+Z]{5,20}\]? (?:\[?[A-Z]{4,8}\]?:? )?)"
)
_HOME: Final = re.compile(
    r"(?i)(?:\b[a-z]:[\\/]+(?:users|documents and settings)[\\/]+|/home/|/users/)"
    r"(?:[^\\/\n\"'():,]{1,64}(?=[\\/])|[^\\/\s\"'():,]{1,64})"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in the code; `is_own` where it is the member's and not of a library."""

    path: str
    line: int | None
    function: str = ""
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Trace:
    """A stack trace.

    Attributes:
        language: python, node, java, csharp, go, rust, php or ruby.
        kind: the error's type, as it was written; in Go and Rust "panic".
        message: what it says, one line.
        frames: the innermost first.
    """

    language: str
    kind: str
    message: str
    frames: tuple[Frame, ...]

    @property
    def own(self) -> Frame | None:
        """The member's own innermost place, None where all belong to libraries."""
        return next((each for each in self.frames if each.is_own), None)


def find_trace(text: str) -> Trace | None:
    """Return the stack trace in a text, None where there is none; paths in home folders are shortened."""
    lines = list(_lines(text))
    for parse in _PARSERS:
        found = parse(lines)
        if found is not None:
            return found
    return None


def _lines(text: str) -> Iterator[str]:
    for count, line in enumerate(text.splitlines()):
        if count >= MAX_LINES:
            return
        if _FENCE.match(line):
            continue
        plain = line[:MAX_LINE].rstrip().removeprefix("```").removesuffix("```").rstrip()
        yield _HOME.sub("~", _PREFIX.sub("", plain, count=1))


def _short(message: str) -> str:
    message = " ".join(message.split())
    return message if len(message) <= MAX_MESSAGE else f"{message[: MAX_MESSAGE - 1]}…"


def _has(path: str, parts: Sequence[str]) -> bool:
    plain = path.replace("\\", "/")
    return any(each in plain for each in parts)


# Python

_PY_HEAD: Final = "Traceback (most recent call last):"
_PY_FRAME: Final = re.compile(r'^\s+(?:\| )?File "([^"]{1,300})", line (\d{1,7})(?:, in (.{1,120}))?$')
_PY_END: Final = re.compile(r"^([A-Za-z_][\w.]{1,120}?)(?:: (.*))?$")
_PY_LIBRARY: Final = ("site-packages/", "dist-packages/", "/lib/python3", "<frozen", "\\Lib\\", "/Lib/")
_PY_SYNTAX: Final = frozenset({"SyntaxError", "IndentationError", "TabError"})


def _python(lines: Sequence[str]) -> Trace | None:
    """Return the last traceback: of chained ones that is what reached the top."""
    found = None
    start = next((i for i, line in enumerate(lines) if _PY_HEAD in line), None)
    frames: list[Frame] = []
    open_ = start is not None
    for line in lines[start + 1 if start is not None else 0 :]:
        if _PY_HEAD in line:
            frames, open_ = [], True
            continue
        frame = _PY_FRAME.match(line)
        if frame:
            path = frame[1]
            frames.append(Frame(path, int(frame[2]), frame[3] or "", not _has(path, _PY_LIBRARY)))
            continue
        end = _PY_END.match(line) if frames else None
        if end and (open_ or end[1] in _PY_SYNTAX) and _is_python_type(end[1], end[2]):
            found = Trace("python", end[1], _short(end[2] or ""), tuple(reversed(frames)))
            frames, open_ = [], False
    return found


def _is_python_type(name: str, message: str | None) -> bool:
    last = name.rpartition(".")[2]
    return last[:1].isupper() and (message is not None or last.endswith(("Error", "Exception", "Interrupt")))


# Frames that begin with "at": Node, Java, C#

_JAVA_FRAME: Final = re.compile(
    r"^\s*at (?:[\w.@-]{1,80}/{1,2}){0,3}([\w$.<>-]{3,250})"
    r"\((?:([\w$-]{1,100}\.(?:java|kt|scala|groovy)):(\d{1,7})"
    r"|Native Method|Unknown Source|[\w$-]{1,100}\.java)\)"
)
_CS_FRAME: Final = re.compile(
    r"^\s*at ([\w.<>`\[\],|+]{3,250}?)\s?\((?:[^)]{0,300})\)(?: in (.{1,300}?):line (\d{1,7}))?$"
)
_NODE_FRAME: Final = re.compile(
    r"^\s*at (?:(?:async )?(.{1,150}?) \()?"
    r"((?:file:/{2,3}|node:|webpack[\w-]*:/{2,3}|https?://|[A-Za-z]:[\\/])?[^\s():]{1,300})"
    r":(\d{1,7}):(\d{1,7})\)?(?: \{)?$"
)
_NODE_ANONYMOUS: Final = re.compile(r"^\s*at (?:async )?[\w.<>\[\] ]{1,150}(?: \(<anonymous>\)| \(native\))$")
_NODE_HEAD: Final = re.compile(
    r"^(?:Uncaught |Unhandled(?:PromiseRejection)?(?:Warning)?:? ?|.{0,20}\(in promise\) )?"
    r"((?:[A-Z][\w$]{0,60}(?:Error|Exception)|Error|[A-Z][A-Za-z]{2,40})(?: \[[A-Z_]{2,60}\])?)(?:: (.*))?$"
)
_JAVA_HEAD: Final = re.compile(
    r"^(?:Exception in thread \"[^\"]{0,100}\" |Caused by: |.{0,80}? )?"
    r"((?:[a-z][\w]{0,40}\.){1,10}[A-Z][\w$]{2,100})(?:: (.*))?$"
)
_CS_HEAD: Final = re.compile(
    r"^(?:Unhandled [Ee]xception[.:] )?(?: *---> )?([A-Z][\w.]{2,150}Exception)(?: \([^)]{1,40}\))?: (.*)$"
)
_JAVA_LIBRARY: Final = (
    "java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.",
    "org.springframework.", "org.apache.", "org.hibernate.", "org.eclipse.", "org.junit.",
    "com.google.", "com.fasterxml.", "com.zaxxer.", "io.netty.", "io.ktor.", "reactor.", "okhttp3.",
    "retrofit2.", "android.", "androidx.", "dalvik.", "com.android.", "net.minecraft.", "com.mojang.",
    "org.bukkit.", "net.dv8tion.", "org.slf4j.", "ch.qos.",
)  # fmt: skip
_CS_LIBRARY: Final = (
    "System.",
    "Microsoft.",
    "Newtonsoft.",
    "Discord.",
    "UnityEngine.",
    "Npgsql.",
    "DSharpPlus.",
)
_NODE_LIBRARY: Final = (
    "node_modules/",
    "node:",
    "internal/",
    "(internal",
    "<anonymous>",
    "chrome-extension://",
)


def _java(lines: Sequence[str]) -> Trace | None:
    """Return the trace with its root cause, which is the last "Caused by"."""
    found: tuple[str, str] | None = None
    frames: list[Frame] = []
    for index, line in enumerate(lines):
        frame = _JAVA_FRAME.match(line)
        if frame is None:
            continue
        if index and _JAVA_FRAME.match(lines[index - 1]) is None:
            head = _head(_JAVA_HEAD, lines, index)
            if head is not None:
                cause = head[0].startswith("Caused by")
                if found is None or cause:
                    found, frames = (head[1], head[2]), frames if not cause else []
        method = frame[1]
        own = frame[2] is not None and not method.startswith(_JAVA_LIBRARY)
        frames.append(Frame(frame[2] or "", int(frame[3]) if frame[3] else None, method, own))
    return Trace("java", found[0], found[1], tuple(frames)) if found and frames else None


def _csharp(lines: Sequence[str]) -> Trace | None:
    start = next((i for i, line in enumerate(lines) if _CS_FRAME.match(line)), None)
    if start is None:
        return None
    heads = [each for line in lines[max(0, start - 6) : start] if (each := _CS_HEAD.match(line.strip()))]
    if not heads:
        return None
    inner = [
        each
        for line in lines[:start]
        for each in re.findall(r"---> ([A-Z][\w.]{2,150}Exception): (.{0,400})", line)
    ]
    kind, message = inner[-1] if inner else (heads[-1][1], heads[-1][2])
    frames = []
    for line in lines[start:]:
        frame = _CS_FRAME.match(line)
        if frame:
            own = frame[2] is not None and not frame[1].startswith(_CS_LIBRARY)
            frames.append(Frame(frame[2] or "", int(frame[3]) if frame[3] else None, frame[1], own))
    named = any(each.path for each in frames) or kind.startswith(("System.", "Microsoft."))
    return Trace("csharp", kind, _short(message), tuple(frames)) if named else None


def _node(lines: Sequence[str]) -> Trace | None:
    start = next((i for i, line in enumerate(lines) if _NODE_FRAME.match(line)), None)
    if start is None:
        return None
    head = _head(_NODE_HEAD, lines, start)
    if head is None:
        return None
    frames: list[Frame] = []
    for line in lines[start:]:
        frame = _NODE_FRAME.match(line)
        if frame is None:
            if _NODE_ANONYMOUS.match(line):
                continue
            if frames and not line.strip().startswith("at "):
                break
            continue
        path = re.sub(r"^file:/{2}", "", frame[2])
        frames.append(Frame(path, int(frame[3]), frame[1] or "", not _has(path, _NODE_LIBRARY)))
    kind = head[1].partition(" [")[0]
    return Trace("node", kind, head[2], tuple(frames))


def _head(pattern: re.Pattern[str], lines: Sequence[str], start: int) -> tuple[str, str, str] | None:
    """Return (the line, type, message) of the nearest head above the first frame, ten lines up at most."""
    for index in range(start - 1, max(-1, start - 11), -1):
        head = pattern.match(lines[index].strip())
        if head and _is_error(head[1], head[2]):
            message = " ".join([head[2] or "", *lines[index + 1 : start]])
            return lines[index].strip(), head[1], _short(message)
    return None


def _is_error(name: str, message: str | None) -> bool:
    last = name.partition(" [")[0].rpartition(".")[2]
    return last.endswith(("Error", "Exception", "Throwable", "Failure")) or (
        "." in name and message is not None
    )


# Go and Rust

_GO_HEAD: Final = re.compile(r"^(?:panic|fatal error): (.{1,400})$")
_GO_ROUTINE: Final = re.compile(r"^goroutine \d{1,9} \[[^\]]{1,80}\]:$")
_GO_FILE: Final = re.compile(r"^\s+(\S{1,300}\.go):(\d{1,7})(?: \+0x[0-9a-f]{1,16})?$")
_GO_LIBRARY: Final = ("/go/src/", "/pkg/mod/", "/libexec/src/", "/usr/lib/go")
_RUST_NEW: Final = re.compile(
    r"^thread '([^']{0,80})'(?: \(\d{1,10}\))? panicked at ([^\s:']{1,300}):(\d{1,7}):\d{1,6}:$"
)
_RUST_OLD: Final = re.compile(
    r"^thread '([^']{0,80})' panicked at '(.{0,400})', (\S{1,300}):(\d{1,7}):\d{1,6}$"
)
_RUST_AT: Final = re.compile(r"^\s+at (\S{1,300}\.rs):(\d{1,7}):\d{1,6}$")
_RUST_LIBRARY: Final = ("/rustc/", ".cargo/registry", "/library/std/", "/library/core/", ".rustup/")


def _go(lines: Sequence[str]) -> Trace | None:
    head = next((found for line in lines if (found := _GO_HEAD.match(line))), None)
    if head is None or not any(_GO_ROUTINE.match(line) for line in lines):
        return None
    frames = []
    for before, line in pairwise(lines):
        file = _GO_FILE.match(line)
        if file:
            function = before.strip().removeprefix("created by ")
            if function.endswith(")"):  # its arguments
                function = function.rpartition("(")[0]
            frames.append(Frame(file[1], int(file[2]), function, not _has(file[1], _GO_LIBRARY)))
    return Trace("go", "panic", _short(head[1]), tuple(frames)) if frames else None


def _rust(lines: Sequence[str]) -> Trace | None:
    for index, line in enumerate(lines):
        new, old = _RUST_NEW.match(line), _RUST_OLD.match(line)
        if new:
            message = lines[index + 1] if index + 1 < len(lines) else ""
            path, number = new[2], int(new[3])
        elif old:
            message, path, number = old[2], old[3], int(old[4])
        else:
            continue
        first = Frame(path, number, "", not _has(path, _RUST_LIBRARY))
        rest = [found for each in lines[index + 1 :] if (found := _RUST_AT.match(each))]
        frames = [Frame(each[1], int(each[2]), "", not _has(each[1], _RUST_LIBRARY)) for each in rest]
        return Trace("rust", "panic", _short(message), (first, *frames))
    return None


# PHP and Ruby

_PHP_HEAD: Final = re.compile(
    r"^(?:PHP )?(?:Fatal error: {1,3})?Uncaught ([\w\\]{3,150}): (.{0,400}?)"
    r" in (\S{1,300}\.php)(?::| on line )(\d{1,7})$"
)
_PHP_FRAME: Final = re.compile(r"^#\d{1,4} (\S{1,300}\.php)\((\d{1,7})\): (.{1,200})$")
_RUBY_HEAD: Final = re.compile(
    r"^\s*([^\s:]{1,300}(?:\.rb|\.ru|\.rake|Rakefile|Gemfile|irb\)|-e)):(\d{1,7}):"
    r"in [`'](.{1,120}?)': (.{0,400}) \(([A-Z][\w:]{2,120})\)$"
)
_RUBY_FROM: Final = re.compile(r"^\s+(?:\d{1,4}: )?from ([^\s:]{1,300}):(\d{1,7}):in [`'](.{1,120})'$")
_RUBY_LIBRARY: Final = ("/gems/", "/lib/ruby/", "<internal", "/rubygems/")


def _php(lines: Sequence[str]) -> Trace | None:
    head = next((found for line in lines if (found := _PHP_HEAD.match(line.strip()))), None)
    if head is None:
        return None
    frames = [Frame(head[3], int(head[4]), "", not _has(head[3], ("/vendor/",)))]
    for line in lines:
        frame = _PHP_FRAME.match(line.strip())
        if frame:
            function = frame[3].partition("(")[0]
            frames.append(Frame(frame[1], int(frame[2]), function, not _has(frame[1], ("/vendor/",))))
    return Trace("php", head[1], _short(head[2]), tuple(frames))


def _ruby(lines: Sequence[str]) -> Trace | None:
    for index, line in enumerate(lines):
        head = _RUBY_HEAD.match(line)
        if head is None:
            continue
        frames = [Frame(head[1], int(head[2]), head[3], not _has(head[1], _RUBY_LIBRARY))]
        for each in lines[index + 1 :]:
            frame = _RUBY_FROM.match(each)
            if frame:
                frames.append(Frame(frame[1], int(frame[2]), frame[3], not _has(frame[1], _RUBY_LIBRARY)))
        return Trace("ruby", head[5], _short(head[4]), tuple(frames))
    return None


_PARSERS: Final[tuple[Callable[[Sequence[str]], Trace | None], ...]] = (
    _python, _java, _csharp, _node, _go, _rust, _php, _ruby,
)  # fmt: skip
