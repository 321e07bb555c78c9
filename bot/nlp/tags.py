"""The small tags that need only words and a few patterns: toxicity, urgency, technical talk."""

import codecs
import re
from typing import Final

from bot.domain.signal import Urgency
from bot.nlp.words import words_of

_SLUR: Final = 0.9
_DIRECTED: Final = 0.85
_INSULT: Final = 0.6
_SELF: Final = 0.1
_CURSE: Final = 0.15

# kept unreadable on purpose: nobody should have to read slurs to maintain this file
_SLURS: Final = words_of(
    codecs.decode(
        "avttre avttref avttn snttbg snttbgf snt sntf xvxr xvxrf puvax fcvp fcvpf genaal genaavrf e"
        "rgneq ergneqf ergneqrq jrgonpx cnxv qlxr",
        "rot13",
    )
)
_STRONG_INSULTS: Final = words_of(
    "idiot idiots moron morons imbecile asshole assholes bastard"
    " bastards bitch bitches cunt cunts dickhead dickheads douchebag"
    " scumbag twat wanker wankers shithead fuckface dumbass"
    " dumbasses whore slut"
)
_CURSES: Final = words_of("fuck fucking fucked shit bullshit wtf fuckin motherfucker stfu fucker crap")
_TRIGGERS: Final = (
    _STRONG_INSULTS
    | _CURSES
    | words_of(
        "loser losers pathetic worthless stupid dumb clown clowns trash garbage disgusting"
        " ugly waste ignorant fool fools imbeciles kys shut die hell hate suck screw kill"
        " yourself"
    )
)
_WORD: Final = (
    "idiot|moron|imbecile|asshole|bastard|bitch|cunt|dickhead|douchebag|scumbag|twat|wanker|loser"
    "|pathetic|worthless"
    "|stupid|dumb|dumbass|clown|trash|garbage|disgusting|ugly|piece of shit|whore|slut|waste of"
    " space|ignorant|fool"
)
_AT_A_PERSON: Final = re.compile(
    rf"\b(?:you|u|ur|you'?re|he|she|they|he'?s|she'?s|they'?re)(?: are| r| is)? (?:all )?(?:an? "
    rf"|such an? |so |just |really |fucking |fuckin"
    rf" |fkn |bloody |absolute |complete |total |the |one |damn )*(?:{_WORD})s?\b(?! (?:question"
    rf"|idea|error|bug|thing|way|mistake)s?\b)"
    rf"|^ (?:{_WORD})s?!*$|\bfuck (?:you|u|off|yourself)\b|\bkill (?:yourself|urself)\b|\bkys\b"
    rf"|\bshut (?:the fuck )?up\b|\bstfu\b"
    r"|\bgo (?:and )?(?:die|to hell)\b|\bi hate you\b(?! (?:guys|all) for)|\bsuck my\b|\byou"
    r" suck\b|\bscrew you\b"
)
_AT_ONESELF: Final = re.compile(
    r"\b(?:i'?m|i am|i feel|i was|im|me|myself|makes me) (?:\w+ ){0,3}(?:idiot|moron|dumbass"
    r"|asshole|bastard)"
)

_URGENT_WORDS: Final = words_of(
    "urgent urgently asap emergency outage immediately critical hacked"
    " compromised breach down lost wiped deleted production prod"
    " corrupted"
)
_URGENT: Final = re.compile(
    r"(?<!not )(?<!n't )(?<!nothing )(?<!isn't that )\b(?:urgent|urgently|asap|emergency)\b"
    r"|\b(?:prod|production|live site|live server|everything|whole site"
    r"|(?:whole |entire )?server|site|service) (?:is|are|went|has been|was|just went) (?:all "
    r"|completely |totally )?(?:down|offline|dead|broken)\b"
    r"|\bprod(?:uction)? (?:down|outage)\b|\boutage in prod\w*|\bdata loss\b|\b(?:lost|wiped"
    r"|deleted) (?:all|everything|(?:the|our|my) (?:whole |entire )?"
    r"(?:database|data|backups?|files|server))\b|\b(?:was|been|got|were|is) (?:hacked"
    r"|compromised)\b|\bsecurity breach\b"
)
_SOON: Final = words_of(
    "stuck blocked deadline blocking blocker desperate desperately hurry tonight quickly broken crash"
)

_TECHNICAL: Final = words_of(
    "install installed update updated upgrade config configure configuration version server client file"
    " files folder directory command terminal driver drivers kernel package packages script code"
    " function class module library api token database sql query docker container image images network"
    " port ports router dns ip ssh http https url link browser firefox chrome windows linux ubuntu"
    " debian mac android app application bot plugin extension setting settings permission permissions"
    " user users account login password channel role roles error errors bug log logs debug build"
    " compile"
    " test tests python java javascript node npm git github repo branch commit wifi usb disk drive"
    " partition boot grub ram cpu gpu memory screen monitor keyboard mouse sound audio video default"
    " option options root sudo apt wiki page template component service host hosts wallet nodes sync"
    " mining key keys email feature issue issues fix data type types value values string array object"
    " property method variable instance backup cache proxy domain website site web css html json"
    " xml try"
    " tried using check paste pastebin run running works working fixed crash gui ssd hdd ui tool tools"
    " search classes"
)


def is_technical(words: set[str]) -> bool:
    """Tell whether people talk shop here."""
    return not _TECHNICAL.isdisjoint(words)


def toxicity_of(flat: str, words: set[str]) -> float:
    """Return how likely a message attacks someone, from 0 to 1; strong words about things don't count."""
    if not _SLURS.isdisjoint(words):
        return _SLUR
    if _TRIGGERS.isdisjoint(words):
        return 0.0
    if _AT_A_PERSON.search(flat):
        return _DIRECTED
    if not _STRONG_INSULTS.isdisjoint(words):
        return _SELF if _AT_ONESELF.search(flat) else _INSULT
    return 0.0 if _CURSES.isdisjoint(words) else _CURSE


def urgency_of(flat: str, words: set[str]) -> Urgency:
    """Return how soon the message wants an answer, by its own words."""
    if not _URGENT_WORDS.isdisjoint(words) and _URGENT.search(flat):
        return Urgency.HIGH
    return Urgency.LOW if _SOON.isdisjoint(words) else Urgency.MEDIUM
