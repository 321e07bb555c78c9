"""The small tags that need only words and a few patterns: toxicity, urgency, spam, technical talk."""

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
_SEVERAL: Final = 2  # bait words that need no link
_BARE_LINK: Final = 2  # words; a link and hardly more

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

_BAIT: Final = words_of(
    "nitro gift gifts airdrop giveaway claim earn profit profits crypto"
    " bitcoin btc eth investment forex steam skins skin onlyfans nudes 18+"
    " leaks teen whatsapp telegram free prize prizes guaranteed cash voucher urgent call txt"
    " winner win won reward bonus"
    " casino dm usdt income trading"
)
# a host that spells "discord" right is fine (there are many documentation sites) unless bait is glued to it
_LOOKALIKE: Final = re.compile(
    r"://(?:[\w-]{1,63}\.){0,4}?(?:"
    r"[\w-]{0,20}discord[\w-]{0,20}(?:nitro|gift|free|promo|airdrop|bonus)[\w-]{0,20}"
    r"|[\w-]{0,20}(?:nitro|gift|free|promo)[\w-]{0,10}discord[\w-]{0,20}"
    r"|[\w-]{0,20}(?!discord)d[il1!]{1,3}[s5c]{1,3}[ck]?[o0]{1,3}(?:r|rn|n)[dcl]{1,3}[\w-]{0,20}"
    r"|(?!steamcommunity\.)ste[ar]{0,2}n?m{0,2}c?[o0]m{1,3}[un]{1,3}[ilt1]{1,3}t?y[\w-]{0,20}"
    r"|[\w-]{0,20}(?:free-?nitro|nitro-?(?:gift|free|drop|boost|discord))[\w-]{0,20}"
    r")\.[a-z]{2,12}\b",
    re.IGNORECASE,
)
_SCAM: Final = re.compile(
    r"\bfree (?:discord )?nitro\b|\bnitro (?:for )?free\b|\bfree (?:steam|robux|v-?bucks|gift"
    r"|crypto|btc)|\bclaim (?:your|ur|the|it|free|now)\b"
    r"|\bearn (?:\S+ )?\$?\d|\b\d+% (?:profit|returns?)\b|\bt\.me/|\bwa\.me/|\bairdrop\b"
    r"|\bonlyfans\b|\bgift (?:card|for you)\b|\b(?:dm|message) me (?:for|to|on)\b"
    r"|\bfirst \d+ (?:people|members|users)\b|\byou(?:'ve| have)? (?:\w+ )?won\b|\b(?:text|txt"
    r"|send) \w+ to \d{4,6}\b"
    r"|\bcall (?:now )?0\d{6,}|\b(?:cash|guaranteed) prize\b|\bprize guaranteed\b|\b(?:teen|18\+)"
    r" (?:leaks?|porn|nudes)\b|\$\d+"
    r" (?:gift|steam|free)\b|\bsteam (?:gift|card)\b"
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


def is_spam(text: str, words: set[str]) -> bool:
    """Tell whether a message is obvious bait: bait words with a link, or several in a well-known pitch."""
    baited = not _BAIT.isdisjoint(words)
    if "://" in text:
        if _LOOKALIKE.search(text):
            return baited or len(words) <= _BARE_LINK or "everyone" in words
        return baited and _SCAM.search(text.lower()) is not None
    return baited and len(_BAIT & words) >= _SEVERAL and _SCAM.search(text.lower()) is not None
