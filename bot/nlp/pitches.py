"""Phrases of well-known pitches, and of those who warn of them; lower case, each bounded in what it spans."""

import re
from collections.abc import Iterable
from typing import Final

from bot.nlp.words import words_of

# What is promised: the words one of which the phrase always has, and the phrase.
_OFFERS: Final = (
    # gifts
    ("nitro", r"\bfree (?:discord )?nitro\b|\bnitro\b.{0,30}\bfree\b|\bnitro gift\b"),
    (
        "gift gifts",
        r"\b(?:steam|premium|\$?\d{2,4}\$?) gifts?\b|\bgift for (?:yo)?u\b|\bfree gifts?\b|\bgift ?cards?\b",
    ),
    ("free", r"\bfree (?:steam|v-?bucks|crypto|btc|skins?)\b|\bfree\b.{0,20}\brobux\b"),
    ("free", r"\bgiv(?:e|ing) (?:away |out )?my .{1,40}\bfree\b"),
    ("invite invites", r"\binvites? (?:\d+ )?(?:friends )?(?:=|get)\W?.{0,20}\b(?:nitro|robux)\b"),
    ("claim", r"\bclaim (?:your|ur|the|it|free|now|\d+)\b|\bto claim\b"),
    ("airdrop airdrops", r"\bairdrops?\b"),
    ("won selected", r"\byou(?:'ve| have)? (?:\w+ )?(?:won|been selected)\b"),
    ("prize", r"\b(?:cash|guaranteed) prize\b|\bprize guaranteed\b"),
    ("skins knife trade", r"\bskins? giveaway\b|\bsend (?:me )?(?:the |a )?trade\b"),
    # money
    ("earn", r"\bearn (?:\S+ )?[$£€]?\d"),
    ("profit profits return returns", r"\b\d+ ?% (?:profit|returns?|of (?:your|the) profit)\b"),
    ("turned", r"\bturned [$£€]?\d\S* into\b"),
    ("income stake", r"\bpassive income\b|\bstake \d+ get \d+"),
    ("bitcoin crypto forex btc", r"\b(?:bitcoin|crypto|forex|btc) (?:investment|mentor|trader|trading)\b"),
    ("crypto bitcoin", r"\blost (?:your|my) (?:crypto|bitcoin)\b"),
    ("signals vip manager", r"\bsignals group\b|\bvip is free\b|\baccount manager\b"),
    ("recovered", r"\brecovered my (?:\w+ )?(?:bitcoin|crypto|funds)\b"),
    (
        "casino",
        r"\bcasino\b.{0,60}\$\d|\$\d[\d,.]*.{0,60}\bcasino\b|\d\$.{0,60}\bcasino\b|\bcasino\b.{0,60}\d\$",
    ),
    # work
    ("hiring home salary", r"\bwork from home\b|\bwe are hiring\b"),
    ("pay paid usdt usd", r"\b(?:daily|weekly) pay\b|\bpaid (?:daily|weekly|in usdt)\b|\busd daily\b"),
    ("hiring interview form", r"[$€£]\d+/(?:h|hr|hour|day)\b"),
    # goods and services
    ("selling", r"\bselling (?:\w+ ){0,2}(?:accounts?|gold|macbook|iphone|keys)\b"),
    ("buy", r"\bbuy (?:aged|\d+k?) .{0,30}\b(?:accounts|followers)\b"),
    ("sale", r"\b(?:tix|tickets?) (?:4|for) sale\b"),
    ("stock keys", r"\bstock left over\b|\bcheap (?:game )?keys\b"),
    ("boosting", r"\brank boosting\b"),
    ("followers", r"\bfollowers\b.{0,40}\b(?:cheap\w*|panel)\b"),
    ("panel panels", r"\bsmm panel\b|\bcracked panels?\b"),
    ("prescription replica", r"\bno prescription\b|\breplica watch"),
    ("undetected lifetime", r"\b(?:undetected|lifetime)\b.{0,40}(?:\baimbot\b|\besp\b|\bcracked\b|[€$]|\d)"),
    (
        "essay essays assignment assignments",
        r"\b(?:essays?|assignments?)\b.{0,60}\b(?:proctored|exams|thesis)\b",
    ),
    ("exam exams thesis", r"\b(?:thesis|exams?)\b.{0,60}(?:\bproctored\b|\bpay after\b|\ba\+|\bdone\?)"),
    ("assignment assignments", r"\bassignments? due\?"),
    ("commission commissions", r"\b(?:my )?commissions? (?:are )?open\b"),
    ("website", r"\bdo you need (?:a )?website\b"),
    ("dev developer", r"\b(?:full.?stack|blockchain|senior) (?:\w+ )?dev(?:eloper)?\b.{0,120}\bprojects?\b"),
    ("account", r"\baccount access\b"),
    ("tester testers test", r"\bneed (?:a |\d )?(?:beta )?tester|\btest my (?:new )?game\b"),
    # bodies and clicks
    ("onlyfans", r"\bonlyfans\b"),
    ("teen teens 18+ girls leaked leaks", r"\b(?:teens?|18\+|girls) (?:leak\w*|porn|nudes)\b"),
    ("egirls pics sub4sub", r"\begirls\b|\bmore pics (?:on|in) my\b|\bsub4sub\b"),
    ("video", r"\bis this you in (?:the|this) video\b"),
    # fear
    ("reported", r"\baccident\w* reported (?:your|ur|you)\b"),
    ("wallet", r"\b(?:validate|connect|sync) (?:your |ur )?wallet\b"),
    (
        "account",
        r"\baccount (?:was|has been|will be|is) (?:flagged|disabled|limited|suspended|terminated)\b",
    ),
    ("steam vote", r"\bvote for my\b|\blog ?in with steam\b"),
    ("ticket", r"\b(?:open|submit) a (?:support )?ticket to (?:our|the)\b"),
    ("server", r"\b(?:join|come to) my server\b"),
    # text messages
    ("text txt send", r"\b(?:text|txt|send) \w+ to \d{4,6}\b"),
    ("call", r"\bcall (?:now )?0\d{6,}"),
)


def _index() -> dict[str, list[re.Pattern[str]]]:
    found: dict[str, list[re.Pattern[str]]] = {}
    for triggers, phrase in _OFFERS:
        pattern = re.compile(phrase)
        for word in sorted(words_of(triggers)):
            found.setdefault(word, []).append(pattern)
    return found


_BY_WORD: Final = _index()
# Words without which no offer is found, and those that make a bad link worth a look; most messages have none.
BAIT: Final = frozenset(_BY_WORD) | words_of(
    "everyone here invite verify login join quick hurry accidentally click"
)


def offers_in(flat: str, words: Iterable[str]) -> list[str]:
    """Return the offers of a text, each once.

    Args:
        flat: in lower case, with single spaces.
        words: those of `BAIT` it has.
    """
    patterns = dict.fromkeys(pattern for word in sorted(words) for pattern in _BY_WORD.get(word, ()))
    return list(dict.fromkeys(match[0].strip() for pattern in patterns for match in pattern.finditer(flat)))


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


# What makes people act at once, or write to somebody elsewhere.
PULLS: Final = _any(
    r"@everyone\b",
    r"@here\b",
    r"\bfirst (?:come|\d+)\b",
    r"\bonly \d+ (?:left|pieces)\b",
    r"\b\d+ (?:people|members|pieces) only\b",
    r"\b(?:before|until) (?:it |its |it's )?(?:expires?|deleted|full|gone)\b",
    r"\bwithin \d+ ?(?:h|hours?)\b",
    r"\bin \d+ ?h\b",
    r"\bends in\b",
    r"\b(?:for )?today only\b",
    r"\bfree (?:for )?(?:today|tonight)\b",
    r"\bhurry\b",
    r"\bquick\b",
    r"\bseats almost gone\b",
    r"\bor you get banned\b",
    r"\bto avoid termination\b",
    r"\b(?:dm|pm|message|text|write|contact|hmu|add|whisper) (?:me|him|her|them|us|my|hr"
    r"|this admin|the steam admin)\b",
    r"\bdm @",
    r"\bdm (?:for|if)\b",
    r"\b(?:hit|in) (?:my )?dms?\b",
    r"\binterested\?",
    r"\bhmu\b",
    r"\bask me how\b",
    r"\bwhatsapp\b",
    r"\b(?:on |^|\W)telegram @",
    r"\bin (?:my )?bio\b",
    r"\bin profile\b",
    r"\bjoin now\b",
    r"\bno experience\b",
    r"\bno (?:interview|human verification|middleman|ban|ads)\b",
    r"\bpaypal (?:friends|f&f|ready)\b",
    r"\bpromo code\b",
    r"\buse promo\b",
    r"\b(?:works? )?100 ?%",
    r"\blegit proof\b",
    r"\bclaim now\b",
    r"\b[$£€]\d",
    r"\b\d+[$£€]",
    r"\bcall (?:now )?0\d{6,}",
    r"\bto \d{4,6}\b",
    r"\bdiscreet\b",
    r"\bbulk discount\b",
    r"\bcheap(?:est)?\b",
    r"\bpay after\b",
    r"\breviews\b",
    r"\bpw for the zip\b",
    r"\bpassword for the zip\b",
)
# Who warns of a scam quotes it.
WARNING: Final = _any(
    r"\b(?:do not|don'?t|never|dont) (?:\w+ ){0,2}(?:click|open|trust|log ?in|scan|fall|answer"
    r"|reply|install|dm you)",
    r"\b(?:is|are|was|thats|that's|it's|its|a|this|another|known|obvious|new|same|the|nitro"
    r"|crypto|steam) (?:scam|scams|phishing|fake|malware|stealer)\b",
    r"\bscam\b(?: \w+){0,3}\?",
    r"\b(?:scam|spam|phishing) (?:link|site|domain|wave|bot|dm|message)s?\b",
    r"\blook-?alike\b",
    r"\bbeware\b",
    r"\bheads up\b",
    r"\bwatch out\b",
    r"\b(?:is|are) (?:this|that|it|these) (?:\w+ )?(?:legit|real|safe|a scam)\b",
    r"\bgot a dm\b",
    r"\bwe will never\b",
    r"\b(?:report|block|ban|banned|reported|removed|deleted) (?:them|him|it|this|the (?:user"
    r"|bot|account)s?)\b",
    r"\bhxxps?:",
)
