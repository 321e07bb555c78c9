"""Chat texts from a seed: no two alike, with the lengths and the feelings of real chat.

The numbers were measured on 9,756 messages of fourteen public days of chat: the quantiles of their lengths,
and the share of words, and so of messages, that VADER has an opinion on (44 to 46 % of the messages).
"""

from bisect import bisect_right
from collections.abc import Iterator
from random import Random

# Length in characters at every twentieth of the messages, then at 98, 99, 99.5 and 100 %.
_SHARES = (*(step / 20 for step in range(20)), 0.98, 0.99, 0.995, 1.0)
_LENGTHS = (
    *(1, 4, 9, 13, 17, 22, 26, 31, 35, 40, 45, 50, 56, 62, 71, 81, 94, 110, 134, 171),
    *(231, 285, 338, 1499),
)
FEELING_WORD_SHARE = 0.071  # of the words drawn; some are cut, so 0.063 of the words sent, as in real chat
HELP_SHARE = 0.08
QUESTION_SHARE = 0.14  # with the help requests among them, a fifth of all messages ask something

_PLAIN = """
/etc/nginx/nginx.conf about administrator after again all also always and another any application
approximately apt-get architecture around as at authentication back background be because been before being
between bot both branch browser build but by cache call certificate channel check class click client code
command common compilation config configuration connection container container's copy could current
dashboard data database day dependencies deploy deployment different directory disk docker documentation
does done down driver each else enough environment even every everything exactly example expect extension
few file filesystem first folder for from full function game get give go going got guess had half has have
here host hour how https://example.org/docs/setup idea image in index input install install-package instead
instructions into is it javascript just kernel key know kubernetes last later less let level library line
link linux list little load local localhost:8080 log long look made main make many map maybe me mean memory
menu message middleware mine minute mode module month more morning most mouse move much my name need network
never new next node not nothing now of off often old on once one only open option or originally other our
out output over own package package.json page part partition patch path people permissions phone place
plugin port post process production profile project pull push put query quite ram rather read real release
remote repo repository request restart result right role root run same say screen script second see send
server service set setup she should show side since size small so some somebody something soon source stack
stage start state step still string such sudo switch sync system tab table take team temporarily test text
than that the their them then there these they thing think this those though thread through time to today
together token told too tool traceback tried try two type typescript under until up update upstream use user
using version version-2.4.1 very voice wait was watch way we web week were what when where which while who
why will window with without word work would year yesterday yet you your zone
""".split()  # noqa: SIM905
_FEELING = """
amazing angry annoying awesome awful bad best better boring broken care cool crazy cute damn disappointed easy
enjoy fail fine free friend fun funny glad good great haha happy hate hell help hope interesting kill lol lost
love lucky mad nice no ok perfect please pretty problem sad safe share sick smart sorry strong stupid sure
terrible thank thanks true ugly useful warm weird welcome well wow wrong wtf
""".split()  # noqa: SIM905
_HELP = (
    "can anyone help me with {words}?",
    "how do I {words}?",
    "does anyone know why {words}?",
    "I need help, {words}",
    "hey, is there a way to {words}?",
    "I get a {number} error when I {words}",
    "{words} is not working since the update",
    "it crashes every time with code {number}, {words}",
    "the app keeps freezing after {words}",
    "getting 'connection refused' on port {number}, {words}",
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def texts(count: int, seed: int, help_share: float = HELP_SHARE) -> Iterator[str]:
    """Yield `count` texts, no two alike; the same seed gives the same texts."""
    random = Random(seed)  # noqa: S311  # not for secrets
    seen: set[str] = set()
    for number in range(count):
        text = _text(random, help_share)
        if text in seen:
            text = _distinguished(text, number)
        while text in seen:
            text += random.choice(_DIGITS)
        seen.add(text)
        yield text


def length_at(share: float) -> int:
    """Return the length in characters that `share` (0 to 1) of real messages stay below."""
    upper = min(bisect_right(_SHARES, share), len(_SHARES) - 1)
    low, high = _SHARES[upper - 1], _SHARES[upper]
    part = (share - low) / (high - low)
    return round(_LENGTHS[upper - 1] + part * (_LENGTHS[upper] - _LENGTHS[upper - 1]))


def _text(random: Random, help_share: float) -> str:
    length = length_at(random.random())
    if random.random() < help_share:
        template = random.choice(_HELP)
        words = _words(random, max(12, length - len(template)))
        return template.format(words=words, number=random.randrange(100, 10_000))
    text = _words(random, length)
    if random.random() < QUESTION_SHARE:
        text = f"{text[:-1]}?"
    return text


def _words(random: Random, length: int) -> str:
    chosen: list[str] = []
    missing = length
    while missing > 0:
        word = random.choice(_FEELING if random.random() < FEELING_WORD_SHARE else _PLAIN)
        chosen.append(word)
        missing -= len(word) + 1
    return " ".join(chosen)[:length].rstrip() or "k"


def _distinguished(text: str, number: int) -> str:
    """Return the text with its end replaced by its number, so that its length stays."""
    mark = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        mark = _DIGITS[digit] + mark
    return f"{text[: max(0, len(text) - len(mark) - 1)]} {mark}".strip()
