"""The cues that speak for or against a help request or a problem report.

Each cue has trigger words; its pattern only runs where one of them is among the message's words, so a message
without any costs one set intersection. Weights are in logits, by hand: 2 is about as good as a plain request.
Patterns see lower-case text with single spaces in which mentions, links and code blocks are a `GAP`.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple

GAP: Final = "\N{CURRENCY SIGN}"


class Side(IntEnum):
    """What a cue speaks for; the value is its place in sums."""

    ASK = 0
    FAIL = 1
    AGAINST = 2  # an answer, a helper's question, thanks, a joke


class Cue(NamedTuple):
    """A pattern and its weight; without a pattern the trigger word itself is the cue."""

    side: Side
    weight: float
    also: frozenset[str]  # one of these words must occur too; empty: no such condition
    search: Callable[[str], re.Match[str] | None] | None


class Found(NamedTuple):
    """A cue that occurs in a text, as it is written there."""

    side: Side
    weight: float
    text: str


_WHO: Final = r"(?:any|some) ?(?:one|body)"
_ME: Final = r"(?:i|we|you|u|one|someone)"
_NOT: Final = (
    r"(?:not|isn'?t|aren'?t|wasn'?t|doesn'?t|does not|don'?t|do not|didn'?t|did not|won'?t|will not|wouldn'?t"
    r"|no longer|stopped|stops|refuses to|fails to|never)"
)
_WORKS: Final = (
    r"(?:work|works|working|worked|start|starting|load|loading|boot|booting|connect|connecting|show|showing|updat\w+"
    r"|run|running|compile|build|open|opening|respond|responding|appear|appearing|install|mount|sync|syncing|save"
    r"|saving|detect\w*|recogni[sz]\w+|display\w*|trigger\w*|fire|firing|chang\w+|render\w*|play|playing|print\w*"
    r"|find|launch\w*|log|send\w*|receiv\w+|register\w*|see|complete)\b"
)
_STATUS_CODES: Final = " ".join(map(str, (*range(400, 432), 451, *range(500, 512), *range(520, 527))))
_TROUBLE: Final = (
    r"(?:errors?|exceptions?|issues?|problems?|trouble|troubles|failures?|traceback|crash(?:es)?|bugs?|4[0-3]\d|5[0-2]\d"
    r"|forbidden|unauthori[sz]ed|timeouts?|refused|denied|undefined|null|nan|warnings?|difficult(?:y|ies))\b"
)
_FAULT_NOUN: Final = (
    r"(?:errors?|exceptions?|issues?|problems?|trouble|bugs?|difficult(?:y|ies)|crash(?:es)?)"
)
_INSPECT: Final = r"(?:paste|post|show|share|give|send|try|run|check|clarify|elaborate|provide|copy|describe|upload|confirm|be more)"

# triggers, side, weight, pattern ("" for the word itself)
_CUES: Final[tuple[tuple[str, Side, float, str], ...]] = (
    # who asks everybody
    ("anyone anybody someone somebody one body & can could would will may might does do did has have is was", Side.ASK, 2.2,
     rf"\b(?:can|could|would|will|may|might|does|do|did|has|have|is|was) {_WHO}\b(?! (?:can|could|should)\b)"),
    ("anyone anybody somebody someone one", Side.ASK, 2.2,
     rf"(?:^ |[,.!?:;] ?|\b(?:hi|hello|hey|so|all|guys|please) ){_WHO} (?:here |else |that |who )?"
     r"(?:knows?|help|have|has|had|got|able|can|could|tried|familiar|experienced?|use[sd]?|seen|using)\b"),
    ("any", Side.ASK, 1.9,
     r"\bany (?:good |other )?(?:ideas?|suggestions?|help|advice|tips|pointers?|clues?|thoughts|examples?|hints?"
     r"|resources|way to|workarounds?|solutions?|fix|recommendations?|guides?|docs)\b"),
    ("help", Side.ASK, 2.2,
     r"\b(?:please|pls|plz|plx|kindly|need|needs|want|some|get|can you|could you|can u|could u|someone) (?:\w+ ){0,2}?help\b"
     r"|\bhelp (?:me|us|please|pls|plz|needed|wanted)\b|\bhelp (?:\w+ ){0,3}appreciated\b|^ help\b"),
    ("advice advise suggestions suggestion guidance assistance support", Side.ASK, 1.5,
     r"\b(?:some|offer|need|give|looking for|share|your|got|have) (?:\w+ )?(?:advice|suggestions?|guidance|assistance)\b"
     r"|\bplease (?:advise|suggest)\b|\b(?:doing|contact|reach) support\b"),
    ("appreciated advance", Side.ASK, 1.0, r"\bappreciated\b|\b(?:thanks|thank you|thx) in advance\b"),
    ("question", Side.ASK, 1.6,
     r"\b(?:quick|simple|dumb|stupid|silly|noob|newbie|basic|have a|have another|got a|general) question\b|^ question\b"),
    # how, where, what, which, why
    ("how", Side.ASK, 2.3,
     rf"\bhow (?:do|can|could|would|should|did|to|might|does one|hard is it to) (?:{_ME} )?(?!you think|you mean|you know)\w+"),
    ("how", Side.ASK, 1.2, rf"\bhow {_ME} (?:can|could|should|would)?\b|\bhow (?:much|many|long|often|does|is|are) \w+"),
    ("how", Side.AGAINST, 2.5,
     r"\bhow(?: are|'s| is| goes| do) (?:you doing|you\b(?! \w)|it going|it goes|everyone|things|life|do$|u\b(?! \w))"
     r"|\bhow (?:cool|nice|cute|funny|dare|about|come you)\b|\bhow do you do\b|\bhow goes\b|\bhow did (?:you|it|that) "),
    ("how", Side.AGAINST, 2.2,
     r"\b(?:that'?s|this is|here'?s|here is|explains?|shows?|see|on|about|describes?|depends on|learned|remember) how\b"),
    ("where", Side.ASK, 2.0, rf"\bwhere (?:do|can|could|should|would|might|to) (?:{_ME} )?\w+"),
    ("where", Side.ASK, 1.4, r"\bwhere (?:is|are|does|did) (?:the|my|that|this|it|all)\b"),
    ("what what's whats", Side.ASK, 1.9,
     r"\bwhat(?:'?s| is| are| would be)? (?:the|a) (?:\w+ )?(?:best|right|correct|proper|recommended|easiest|difference"
     r"|fastest|way|command|minimum|limitations?|default|name|point|equivalent|syntax)\b"
     r"|\bwhat (?:do|should|can|could|will|would|must|am|else) (?:i|we)\b"),
    ("what what's whats", Side.ASK, 1.0, r"\bwhat(?:'?s| is| are| does)\b"),
    ("what which", Side.ASK, 1.5,
     r"\b(?:what|which) (?:\w+ )?(?:commands?|packages?|tools?|settings?|files?|librar\w+|versions?|drivers?|permissions?"
     r"|ports?|channels?|role|platform|option|one|distro|software|program|plugins?|ips?)\b(?! (?:are|do|did) (?:you|u)\b)"),
    ("which", Side.ASK, 1.3, r"\bwhich (?:\w+ ){0,3}(?:should|do|can|would) (?:i|we|you recommend)\b"),
    ("why", Side.ASK, 1.2,
     r"\bwhy (?:is|are|does|do|did|am|was|can'?t|won'?t|isn'?t|doesn'?t|don'?t|aren'?t|i'm|my|the|it|this)\b"),
    ("why who what what's whats", Side.AGAINST, 3.0,
     r"\bwhy (?:do|does|did|is|are|would) (?:\w+ ){1,3}(?:have to|so|such|always|even bother)\b|\bwhy would (?:any|some|you|u)"
     r"|\bwho (?:cares|knows|needs|would)\b|\bwhat (?:could|can) (?:possibly|go wrong)|\bwhat'?s (?:up|new|not to)\b|\bwhy not\b"),
    # may I, is there, is it
    ("there & a an any some anything another other no anyone something", Side.ASK, 2.2,
     r"\b(?:is|are|was|isn'?t) there (?:actually |already |maybe )?(?:a|an|any|some|anything|another|other|no|anyone|something)\b"
     r"|\bthere is (?:a|any) way to\b"),
    ("possible normal safe correct ok okay intentional supposed allowed hard", Side.ASK, 2.0,
     r"\b(?:is|would) (?:it|this|that) (?:even |also |still )?(?:be )?"
     r"(?:possible|normal|safe|correct|ok|okay|intentional|supposed|allowed|hard)\b|\bwhat am i supposed\b"),
    ("can could should may shall must & i we", Side.ASK, 1.5, r"\b(?:can|could|should|may|shall|must) (?:i|we)\b(?! help)"),
    ("do did would & i we", Side.ASK, 1.5, r"\b(?:do|did|would) (?:i|we) (?:need|have|really|just|run|use|put|want)\b"),
    ("please pls plz guys tell explain help recommend suggest fix look & you u", Side.ASK, 1.2,
     r"\b(?:can|could|would) (?:you|u) (?:please|pls|plz|guys|tell me|explain|help|recommend|suggest|fix|look)\b"),
    ("know & do does did need like", Side.ASK, 1.7, r"\b(?:do|does|did) (?:you|u|any of you|you guys|it) know\b|\bneed to know\b|\blike to know\b"),
    ("tell show explain point direct guide teach & me us", Side.ASK, 1.3,
     r"\b(?:tell|show|explain|point|direct|guide|teach)(?: to)? (?:me|us)\b"),
    # wishes
    ("wondering wonder curious", Side.ASK, 1.8, r"\bwonder(?:ing)? (?:if|how|whether|what|why|where|about|is)\b|\bcurious (?:if|how)\b"),
    ("looking searching", Side.ASK, 1.7,
     r"\b(?:i'?m|i am|we'?re|im|am|was) (?:\w+ )?(?:looking|searching) (?:for|to|into)\b|^ (?:\w+ ){0,2}looking (?:for|to)\b"),
    ("trying tried & i i'm im we're i've", Side.ASK, 1.0, r"\b(?:i'?m|i am|we'?re|im|i was|i'?ve been|been) (?:just )?trying\b|\bi (?:just )?tried to\b"),
    ("want need like hoping & i we i'd we'd", Side.ASK, 0.9,
     r"\b(?:i|we) (?:want|need) to\b|\b(?:i'?d|i would|we'?d) like to\b|\bi was hoping\b"),
    ("know understand figure find remember sure idea see & how why what where any if which", Side.ASK, 1.3,
     r"\bi (?:don'?t|do not|can'?t|cannot|couldn'?t|can not|have no|have to) (?:really |seem to |even )?"
     r"(?:know|understand|figure|find|remember|idea|see) (?:out )?(?:how|why|what|where|any|if|which)\b"
     r"|\bnot (?:quite |really )?sure (?:how|why|what|where)\b|\bno idea (?:how|why|what|where)\b"),
    # what fails
    ("not isn't isnt aren't arent wasn't wasnt doesn't doesnt don't dont didn't didnt won't wont wouldn't wouldnt longer"
     " stopped stops refuses fails never does", Side.FAIL, 1.9,
     rf"\b{_NOT} (?:(?:even|seem|seems|to|really|be|getting|it|be able|properly|actually) )*{_WORKS}"),
    ("can't cant cannot couldn't couldnt unable able", Side.FAIL, 1.4,
     r"\b(?<!you )(?<! u )(?<!people )(?:can'?t|cannot|couldn'?t|unable to|not able to|wasn'?t able to)"
     r" (?:(?:even|seem|to|be) )*(?:get|connect|install|log|access|open|find|see|start|make|run|join|use|send|upload|download"
     r"|update|boot|mount|figure|browse|reach|build|login|sign|load|add|create|delete|remove|import|compile|enable)"
     r"(?! how| why| what| where)\b"),
    ("error errors exception exceptions issue issues problem problems trouble troubles failure failures traceback crash"
     " crashes bug bugs forbidden unauthorized unauthorised timeout timeouts refused denied undefined null nan warning"
     " warnings difficulty difficulties " + _STATUS_CODES, Side.FAIL, 2.2,
     r"\b(?:gett?(?:ing|s)?|got|giv(?:es?|ing)|gave|throw(?:s|ing)?|threw|return(?:s|ing)?|say(?:s|ing)?|said|see(?:ing)?"
     r"|receiv(?:es?|ing)|hit(?:ting)?|facing|having|ha[vd]e?|has|run(?:ning)? into|encounter(?:s|ing)?|experiencing|shows?"
     rf"|results? in|keep(?:s|ing)?) (?:(?!no\b)[\w\"'`-]+ ){{0,4}}?[\"'`]?{_TROUBLE}"),
    ("error exception fatal failed denied refused found timed traceback panic fault such resolve valueerror typeerror"
     " keyerror undefined forbidden unauthorized unexpected unhandled segfault segmentation", Side.FAIL, 1.2,
     r"\b(?:error|exception|fatal|failed|panic):|\btraceback \(|\bfailed to\b|\b(?:permission|access|connection) (?:denied|refused)\b"
     r"|\bnot found\b|\btimed out\b|\bno such (?:file|module)\b|\bcould ?n[o']t (?:resolve|find|connect|load|open|be)\b"
     r"|\bunexpected (?:token|end|error)\b|\bunhandled\b|\bsegmentation fault\b|\b\w+error:"),
    ("problem problems trouble issue issues error errors bug bugs difficulty difficulties", Side.FAIL, 1.9,
     rf"\b{_FAULT_NOUN} (?:with|when|while|getting|installing|creating|after|on|running|since|trying|in|uploading|connecting)\b"
     r"|\b(?:what(?:'?s| is)|is there|there'?s|there is|have|having|had|any) (?:the|a|an|any|known|some|this|odd|weird|same|strange)?"
     r" ?(?:known |odd |weird |strange )?(?:problems?|trouble|issues?|bugs?)\b"),
    ("wrong happening", Side.FAIL, 1.5,
     r"\bwhat(?:'?s| is| am i| did i| could be| might be) (?:\w+ )?(?:wrong|happening|doing wrong)\b|\b(?:some|any)thing(?:'?s| is)? (?:\w+ )?wrong\b"
     r"|\bwent wrong\b|\bgoing wrong\b"),
    ("keeps keep", Side.FAIL, 1.6, r"\bkeeps? (?:on )?\w+ing\b|\bkeeps? (?:getting|failing)\b"),
    ("stuck", Side.FAIL, 1.5, r"\b(?:i'?m|im|am|is|it'?s|gets?|got|getting|be|being|been) (?:\w+ )?stuck\b|\bstuck (?:on|at|in|with)\b"),
    ("down broken dead offline hosed borked corrupted", Side.FAIL, 1.7,
     r"\b(?:is|are|was|seems?|went|goes|been|gone|looks|appears to be|'s) (?:the )?(?:\w+ )?(?:down|broken|dead|offline|hosed|borked|corrupt\w*)\b"
     r"(?! (?:to|by|into|for))"),
    ("nothing luck no lost missing disappeared empty", Side.FAIL, 1.5,
     r"\bnothing (?:happens|works|shows|appears|changes|is happening)\b|\b(?:no|little) luck\b|\b(?:i|have|seem to have) lost my\b"
     r"|\bmy (?:\w+ )?(?:\w+ )?(?:is|are|has|have) (?:gone|missing|disappeared|empty|vanished)\b"),
    ("broke breaks broken crash crashes crashing crashed freezes freezing froze hangs hanging fails failing failed segfault"
     " segfaults malfunctioning corrupted pending bug crashloop", Side.FAIL, 1.0, ""),
    ("crashes crashing freezes hangs fails failing broke broken crashed", Side.FAIL, 0.9,
     r"\b(?:my|it|the|this|everything|always|just|app|server|build|has|have|update|and|but) (?:\w+ )?"
     r"(?:crashe[sd]|crashing|freezes|hangs|fails|failing|broken?)\b"),
    # answers and helpers' questions
    ("you u & have did do are were had has can what", Side.AGAINST, 2.6,
     r"\b(?<!how )(?<!where )(?:have|did|do|are|were|had|has) (?:you|u) (?!(?:guys )?(?:know|have (?:any|a) (?:idea|suggestion)|recommend|support))\w+"
     r"|\bwhat (?:do|did|are|were|kind) (?:you|u|of) (?!recommend)|\b(?:do|did|can) (?:you|u) see\b"),
    ("you you'll you'd & can can't could should need have must might may want probably just don't haven't cannot", Side.AGAINST, 2.0,
     r"\byou(?:'?ll| will| would|'d)? (?:can(?:'?t|not)?|could|should|need|have to|must|might|may|want|probably|just|don'?t need|haven'?t|don'?t have)\b"
     r"(?! help)"),
    ("you u & can could would what", Side.AGAINST, 2.6, rf"\b(?:can|could|would) (?:you|u) (?:please |pls |also |maybe )?{_INSPECT}\b|\bwhat (?:\w+ )?are you\b"),
    ("version browser os distro mean", Side.AGAINST, 1.6,
     r"\b(?:what|which) (?:\w+ )?(?:version|browser|os|distro)\b.{0,30}\b(?:you|your)\b|\bwhat (?:do|did) (?:you|u) mean"
     r"|\bwhat version\b(?! (?:should|do|can) i)"),
    ("try use check pastebin websearch google see install get run just read look", Side.AGAINST, 1.6,
     rf"^ (?:{GAP}:? |@\S+ |[\w-]+[:,] |(?:so|then|ok|well|maybe|just|yeah|yes|no|nope|or|please|also)[,:]? )*"
     r"(?:try|use|check|pastebin|websearch|google|see|install|get|run|just|read|look|don'?t|make sure|go to|ask|take)\b(?! again)"),
    ("sounds depends because probably try maybe guess think should imo afaik perhaps typically", Side.AGAINST, 1.2,
     r"\bsounds like\b|\bdepends (?:on|how)\b|\b(?:that'?s|it'?s|is) (?:probably |usually )?because\b|\b(?:i'?d|i would) (?:use|try|guess|suggest|say)\b"
     r"|\bi (?:guess|suggest|suspect|recommend)\b|\bshould (?:work|be fine|do it|help)\b|\bmaybe try\b|\btry (?:to|it|that|the|with|running|using)\b"
     r"|\b(?:imo|afaik|typically)\b"),
    # solved, thanks, jokes
    ("fixed solved resolved sorted works worked working nevermind nvm mind figured", Side.AGAINST, 3.2,
     r"\b(?<!not )(?<!n't )(?<!be )(?<!can i get )(?:fixed|solved|resolved|sorted) (?:it|that|this|the|my|now|by|out)\b|^ (?:fixed|solved|resolved)\b"
     r"|\b(?:is|was|got|all|now) (?:fixed|solved|resolved|sorted)\b|\bworks? (?:now|fine|again|great|perfectly|for me|here|like)\b(?! (?:except|but))"
     r"|\b(?<!not )(?<!n't )working (?:now|again|fine)\b|\b(?:it|that|this) worked\b|\bnever ?mind\b|\bnvm\b|\bfigured (?:it|that) out\b|\bgot it (?:working|to work)\b"),
    ("thanks thank thx ty tnx cheers ohk", Side.AGAINST, 2.0,
     r"^ (?:\S+ ){0,2}(?:thanks|thank you|thx|ty|tnx|cheers)\b(?! in advance)|\b(?:thanks|thank you) for\b|\bthat (?:helped|fixed|solved|did)\b"),
    ("issue issues problem problems error errors trouble", Side.AGAINST, 2.2,
     r"\b(?:don'?t|do not|didn'?t|doesn'?t|never|without|no more|no) (?:have |had |has |get |see |seen )?(?:(?:the|this|that|any|a|such|more) )*"
     r"(?:issues?|problems?|errors?|trouble)\b|\b(?:think i|i) (?:got|found|see|know) the (?:problem|issue|error)\b"),
    ("same", Side.AGAINST, 1.6, r"\b(?:i )?had (?:the|this|that) (?:exact )?(?:same )?(?:\w+ )?(?:once|before|too|yesterday|last|and|;|,)|\bhad the same\b(?!.*\?)"),
    ("lol lmao haha hahaha rofl lmfao xd kidding joking", Side.AGAINST, 0.8, ""),
    ("if & you it that u", Side.AGAINST, 0.8, r"\bif (?:you|it|that|u) (?:get|see|have|fails?|doesn'?t|does|are|is|do|still|want|need|run)\b"),
    ("released announcing announcement changelog posted merged deployed", Side.AGAINST, 1.5, ""),
    ("he she they he's she's they're", Side.AGAINST, 0.7, r"\b(?:he|she|they)(?:'s|'re| is| are| has| was| wants| gets| needs)\b"),
    ("feature would it'd can should & request nice great cool awesome option have ever able support", Side.AGAINST, 1.3,
     r"\b(?:feature request|would be (?:nice|great|cool|awesome)|it'?d be (?:nice|great)|can we have (?:a|an)|would it ever|should (?:be able to|support|have) )\b"),
)  # fmt: skip


def _compile(pattern: str) -> re.Pattern[str]:
    """Compile `pattern`; where every alternative starts at a word, look for the space before it, which is faster."""
    alternatives: list[str] = [""]
    depth = 0
    for character in pattern:
        depth += (character == "(") - (character == ")")
        if character == "|" and not depth:
            alternatives.append("")
        else:
            alternatives[-1] += character
    if all(alternative.startswith(r"\b") for alternative in alternatives):
        pattern = f" (?:{'|'.join(alternative[2:] for alternative in alternatives)})"
    return re.compile(pattern)


def _index(sides: set[Side]) -> dict[str, tuple[Cue, ...]]:
    index: dict[str, tuple[Cue, ...]] = {}
    for words, side, weight, pattern in _CUES:
        if side in sides:
            triggers, _, also = words.partition("&")
            cue = Cue(side, weight, frozenset(also.split()), _compile(pattern).search if pattern else None)
            for trigger in triggers.split():
                index[trigger] = (*index.get(trigger, ()), cue)
    return index


_FOR: Final = _index({Side.ASK, Side.FAIL})
_AGAINST: Final = _index({Side.AGAINST})


def find_cues(flat: str, words: list[str], distinct: set[str]) -> list[Found]:
    """Return the cues of a message, each once; those against only where there are some for.

    Args:
        flat: the message in lower case with single spaces, one before it; see the module's text.
        words: its words without the punctuation around them.
        distinct: the same as a set.
    """
    if _FOR.keys().isdisjoint(distinct):
        return []
    found = _find(_FOR, flat, words, distinct)
    return found + _find(_AGAINST, flat, words, distinct) if found else found


def _find(index: dict[str, tuple[Cue, ...]], flat: str, words: list[str], distinct: set[str]) -> list[Found]:
    found: dict[str, Found] = {}
    tried: set[int] = set()
    for word in words:
        if word not in index:
            continue
        for cue in index[word]:
            _, weight, also, search = cue
            if id(cue) in tried:
                continue
            tried.add(id(cue))
            if also and also.isdisjoint(distinct):
                continue
            text = word
            if search is not None:
                match = search(flat)
                if match is None:
                    continue
                text = match.group().strip()
            if text not in found or found[text].weight < weight:
                found[text] = Found(cue.side, weight, text)
    return list(found.values())
