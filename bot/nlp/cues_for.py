"""What people write who need help or report a problem; see `bot.nlp.cue_rows`."""

from typing import Final

from bot.nlp.cue_rows import Row, Side

_WHO: Final = r"(?:any|some) ?(?:one|body)"
_ME: Final = r"(?:i|we|you|u|one|someone)"
_NOT: Final = (
    r"(?:not|isn'?t|aren'?t|wasn'?t|doesn'?t|does not|don'?t|do not|didn'?t|did not|won'?t|will"
    r" not|wouldn'?t"
    r"|no longer|stopped|stops|refuses to|fails to|never)"
)
_WORKS: Final = (
    r"(?:work|works|working|worked|start|starting|load|loading|boot|booting|connect|connecting"
    r"|show|showing|updat\w+"
    r"|run|running|compile|build|open|opening|respond|responding|appear|appearing|install|mount"
    r"|sync|syncing|save"
    r"|saving|detect\w*|recogni[sz]\w+|display\w*|trigger\w*|fire|firing|chang\w+|render\w*|play"
    r"|playing|print\w*"
    r"|find|launch\w*|log|send\w*|receiv\w+|register\w*|see|complete)\b"
)
_STATUS_CODES: Final = " ".join(map(str, (*range(400, 432), 451, *range(500, 512), *range(520, 527))))
_TROUBLE: Final = (
    r"(?:errors?|exceptions?|issues?|problems?|trouble|troubles|failures?|traceback|crash(?:es)?"
    r"|bugs?|4[0-3]\d|5[0-2]\d"
    r"|forbidden|unauthori[sz]ed|timeouts?|refused|denied|undefined|null|nan|warnings?"
    r"|difficult(?:y|ies))\b"
)
_FAULT_NOUN: Final = (
    r"(?:errors?|exceptions?|issues?|problems?|trouble|bugs?|difficult(?:y|ies)|crash(?:es)?)"
)

CUES_FOR: Final[tuple[Row, ...]] = (
    # who asks everybody
    Row(
        "anyone anybody someone somebody one body & can could would will may might does do did has"
        " have is was",
        Side.ASK,
        2.2,
        rf"\b(?:can|could|would|will|may|might|does|do|did|has|have|is|was) {_WHO}\b(?! (?:can|could"
        rf"|should)\b)",
    ),
    Row(
        "anyone anybody somebody someone one",
        Side.ASK,
        2.2,
        rf"(?:^ |[,.!?:;] ?|\b(?:hi|hello|hey|so|all|guys|please) ){_WHO} (?:here |else |that |who )?"
        r"(?:knows?|help|have|has|had|got|able|can|could|tried|familiar|experienced?|use[sd]?|seen"
        r"|using)\b",
    ),
    Row(
        "any",
        Side.ASK,
        1.9,
        r"\bany (?:good |other )?(?:ideas?|suggestions?|help|advice|tips|pointers?|clues?|thoughts"
        r"|examples?|hints?"
        r"|resources|way to|workarounds?|solutions?|fix|recommendations?|guides?|docs)\b",
    ),
    Row(
        "help",
        Side.ASK,
        2.2,
        r"\b(?:please|pls|plz|plx|kindly|need|needs|want|some|get|can you|could you|can u|could u"
        r"|someone) (?:\w+ ){0,2}?help\b"
        r"|\bhelp (?:me|us|please|pls|plz|needed|wanted)\b|\bhelp (?:\w+ ){0,3}appreciated\b|^ help\b",
    ),
    Row(
        "advice advise suggestions suggestion guidance assistance support",
        Side.ASK,
        1.5,
        r"\b(?:some|offer|need|give|looking for|share|your|got|have) (?:\w+ )?(?:advice|suggestions?"
        r"|guidance|assistance)\b"
        r"|\bplease (?:advise|suggest)\b|\b(?:doing|contact|reach) support\b",
    ),
    Row("appreciated advance", Side.ASK, 1.0, r"\bappreciated\b|\b(?:thanks|thank you|thx) in advance\b"),
    Row(
        "question",
        Side.ASK,
        1.6,
        r"\b(?:quick|simple|dumb|stupid|silly|noob|newbie|basic|have a|have another|got a|general)"
        r" question\b|^ question\b",
    ),
    # how, where, what, which, why
    Row(
        "how",
        Side.ASK,
        2.3,
        rf"\bhow (?:do|can|could|would|should|did|to|might|does one|hard is it to) (?:{_ME} )?(?!you"
        rf" think|you mean|you know)\w+",
    ),
    Row(
        "how",
        Side.ASK,
        1.2,
        rf"\bhow {_ME} (?:can|could|should|would)?\b|\bhow (?:much|many|long"
        rf"|often|does|is|are) \w+",
    ),
    Row(
        "how",
        Side.AGAINST,
        2.5,
        r"\bhow(?: are|'s| is| goes| do) (?:you doing|you\b(?! \w)|it going|it goes|everyone|things"
        r"|life|do$|u\b(?! \w))"
        r"|\bhow (?:cool|nice|cute|funny|dare|about|come you)\b|\bhow do you do\b|\bhow goes\b|\bhow"
        r" did (?:you|it|that) ",
    ),
    Row(
        "how",
        Side.AGAINST,
        2.2,
        r"\b(?:that'?s|this is|here'?s|here is|explains?|shows?|see|on|about|describes?|depends on"
        r"|learned|remember) how\b",
    ),
    Row("where", Side.ASK, 2.0, rf"\bwhere (?:do|can|could|should|would|might|to) (?:{_ME} )?\w+"),
    Row("where", Side.ASK, 1.4, r"\bwhere (?:is|are|does|did) (?:the|my|that|this|it|all)\b"),
    Row(
        "what what's whats",
        Side.ASK,
        1.9,
        r"\bwhat(?:'?s| is| are| would be)? (?:the|a) (?:\w+ )?(?:best|right|correct|proper"
        r"|recommended|easiest|difference"
        r"|fastest|way|command|minimum|limitations?|default|name|point|equivalent|syntax)\b"
        r"|\bwhat (?:do|should|can|could|will|would|must|am|else) (?:i|we)\b",
    ),
    Row("what what's whats", Side.ASK, 1.0, r"\bwhat(?:'?s| is| are| does)\b"),
    Row(
        "what which",
        Side.ASK,
        1.5,
        r"\b(?:what|which) (?:\w+ )?(?:commands?|packages?|tools?|settings?|files?|librar\w+"
        r"|versions?|drivers?|permissions?"
        r"|ports?|channels?|role|platform|option|one|distro|software|program|plugins?|ips?)\b(?!"
        r" (?:are|do|did) (?:you|u)\b)",
    ),
    Row("which", Side.ASK, 1.3, r"\bwhich (?:\w+ ){0,3}(?:should|do|can|would) (?:i|we|you recommend)\b"),
    Row(
        "why",
        Side.ASK,
        1.2,
        r"\bwhy (?:is|are|does|do|did|am|was|can'?t|won'?t|isn'?t|doesn'?t|don'?t|aren'?t|i'm|my|the"
        r"|it|this)\b",
    ),
    Row(
        "why who what what's whats",
        Side.AGAINST,
        3.0,
        r"\bwhy (?:do|does|did|is|are|would) (?:\w+ ){1,3}(?:have to|so|such|always|even bother)\b"
        r"|\bwhy would (?:any|some|you|u)"
        r"|\bwho (?:cares|knows|needs|would)\b|\bwhat (?:could|can) (?:possibly|go wrong)|\bwhat'?s"
        r" (?:up|new|not to)\b|\bwhy not\b",
    ),
    # may I, is there, is it
    Row(
        "there & a an any some anything another other no anyone something",
        Side.ASK,
        2.2,
        r"\b(?:is|are|was|isn'?t) there (?:actually |already |maybe )?(?:a|an|any|some|anything"
        r"|another|other|no|anyone|something)\b"
        r"|\bthere is (?:a|any) way to\b",
    ),
    Row(
        "possible normal safe correct ok okay intentional supposed allowed hard",
        Side.ASK,
        2.0,
        r"\b(?:is|would) (?:it|this|that) (?:even |also |still )?(?:be )?"
        r"(?:possible|normal|safe|correct|ok|okay|intentional|supposed|allowed|hard)\b|\bwhat am i"
        r" supposed\b",
    ),
    Row(
        "can could should may shall must & i we",
        Side.ASK,
        1.5,
        r"\b(?:can|could|should|may|shall|must) (?:i|we)\b(?! help)",
    ),
    Row(
        "do did would & i we",
        Side.ASK,
        1.5,
        r"\b(?:do|did|would) (?:i|we) (?:need|have|really"
        r"|just|run|use|put|want)\b",
    ),
    Row(
        "please pls plz guys tell explain help recommend suggest fix look & you u",
        Side.ASK,
        1.2,
        r"\b(?:can|could|would) (?:you|u) (?:please|pls|plz|guys|tell me|explain|help|recommend"
        r"|suggest|fix|look)\b",
    ),
    Row(
        "know & do does did need like",
        Side.ASK,
        1.7,
        r"\b(?:do|does|did) (?:you|u|any of you|you"
        r" guys|it) know\b|\bneed to know\b|\blike"
        r" to know\b",
    ),
    Row(
        "tell show explain point direct guide teach & me us",
        Side.ASK,
        1.3,
        r"\b(?:tell|show|explain|point|direct|guide|teach)(?: to)? (?:me|us)\b",
    ),
    # wishes
    Row(
        "wondering wonder curious",
        Side.ASK,
        1.8,
        r"\bwonder(?:ing)? (?:if|how|whether|what|why"
        r"|where|about|is)\b|\bcurious (?:if|how)\b",
    ),
    Row(
        "looking searching",
        Side.ASK,
        1.7,
        r"\b(?:i'?m|i am|we'?re|im|am|was) (?:\w+ )?(?:looking|searching) (?:for|to|into)\b|^ (?:\w+"
        r" ){0,2}looking (?:for|to)\b",
    ),
    Row(
        "trying tried & i i'm im we're i've",
        Side.ASK,
        1.0,
        r"\b(?:i'?m|i am|we'?re|im|i was|i'?ve been|been) (?:just )?trying\b|\bi (?:just )?tried"
        r" to\b",
    ),
    Row(
        "want need like hoping & i we i'd we'd",
        Side.ASK,
        0.9,
        r"\b(?:i|we) (?:want|need) to\b|\b(?:i'?d|i would|we'?d) like to\b|\bi was hoping\b",
    ),
    Row(
        "know understand figure find remember sure idea see & how why what where any if which",
        Side.ASK,
        1.3,
        r"\bi (?:don'?t|do not|can'?t|cannot|couldn'?t|can not|have no|have to) (?:really |seem to "
        r"|even )?"
        r"(?:know|understand|figure|find|remember|idea|see) (?:out )?(?:how|why|what|where|any|if|which)\b"
        r"|\bnot (?:quite |really )?sure (?:how|why|what|where)\b|\bno idea (?:how|why|what|where)\b",
    ),
    # what fails
    Row(
        "not isn't isnt aren't arent wasn't wasnt doesn't doesnt don't dont didn't didnt won't"
        " wont wouldn't wouldnt longer"
        " stopped stops refuses fails never does",
        Side.FAIL,
        1.9,
        rf"\b{_NOT} (?:(?:even|seem|seems|to|really|be|getting|it|be able|properly|actually) )*{_WORKS}",
    ),
    Row(
        "can't cant cannot couldn't couldnt unable able",
        Side.FAIL,
        1.4,
        r"\b(?<!you )(?<! u )(?<!people )(?:can'?t|cannot|couldn'?t|unable to|not able to|wasn'?t able to)"
        r" (?:(?:even|seem|to|be) )*(?:get|connect|install|log|access|open|find|see|start|make|run"
        r"|join|use|send|upload|download"
        r"|update|boot|mount|figure|browse|reach|build|login|sign|load|add|create|delete|remove"
        r"|import|compile|enable)"
        r"(?! how| why| what| where)\b",
    ),
    Row(
        "error errors exception exceptions issue issues problem problems trouble troubles failure"
        " failures traceback crash"
        " crashes bug bugs forbidden unauthorized unauthorised timeout timeouts refused denied"
        " undefined null nan warning"
        " warnings difficulty difficulties " + _STATUS_CODES,
        Side.FAIL,
        2.2,
        r"\b(?:gett?(?:ing|s)?|got|giv(?:es?|ing)|gave|throw(?:s|ing)?|threw|return(?:s|ing)?|say(?:s"
        r"|ing)?|said|see(?:ing)?"
        r"|receiv(?:es?|ing)|hit(?:ting)?|facing|having|ha[vd]e?|has|run(?:ning)? into|encounter(?:s"
        r"|ing)?|experiencing|shows?"
        rf"|results? in|keep(?:s|ing)?) (?:(?!no\b)[\w\"'`-]+ ){{0,4}}?[\"'`]?{_TROUBLE}",
    ),
    Row(
        "error exception fatal failed denied refused found timed traceback panic fault such"
        " resolve valueerror typeerror"
        " keyerror undefined forbidden unauthorized unexpected unhandled segfault segmentation",
        Side.FAIL,
        1.2,
        r"\b(?:error|exception|fatal|failed|panic):|\btraceback \(|\bfailed to\b|\b(?:permission"
        r"|access|connection) (?:denied|refused)\b"
        r"|\bnot found\b|\btimed out\b|\bno such (?:file|module)\b|\bcould ?n[o']t (?:resolve|find"
        r"|connect|load|open|be)\b"
        r"|\bunexpected (?:token|end|error)\b|\bunhandled\b|\bsegmentation fault\b|\b\w+error:",
    ),
    Row(
        "problem problems trouble issue issues error errors bug bugs difficulty difficulties",
        Side.FAIL,
        1.9,
        rf"\b{_FAULT_NOUN} (?:with|when|while|getting|installing|creating|after|on|running|since"
        rf"|trying|in|uploading|connecting)\b"
        r"|\b(?:what(?:'?s| is)|is there|there'?s|there is|have|having|had|any) (?:the|a|an|any|known"
        r"|some|this|odd|weird|same|strange)?"
        r" ?(?:known |odd |weird |strange )?(?:problems?|trouble|issues?|bugs?)\b",
    ),
    Row(
        "wrong happening",
        Side.FAIL,
        1.5,
        r"\bwhat(?:'?s| is| am i| did i| could be| might be) (?:\w+ )?(?:wrong|happening|doing"
        r" wrong)\b|\b(?:some|any)thing(?:'?s| is)? (?:\w+ )?wrong\b"
        r"|\bwent wrong\b|\bgoing wrong\b",
    ),
    Row("keeps keep", Side.FAIL, 1.6, r"\bkeeps? (?:on )?\w+ing\b|\bkeeps? (?:getting|failing)\b"),
    Row(
        "stuck",
        Side.FAIL,
        1.5,
        r"\b(?:i'?m|im|am|is|it'?s|gets?|got|getting|be|being|been)"
        r" (?:\w+ )?stuck\b|\bstuck (?:on|at|in|with)\b",
    ),
    Row(
        "down broken dead offline hosed borked corrupted",
        Side.FAIL,
        1.7,
        r"\b(?:is|are|was|seems?|went|goes|been|gone|looks|appears to be|'s) (?:the )?(?:\w+"
        r" )?(?:down|broken|dead|offline|hosed|borked|corrupt\w*)\b"
        r"(?! (?:to|by|into|for))",
    ),
    Row(
        "nothing luck no lost missing disappeared empty",
        Side.FAIL,
        1.5,
        r"\bnothing (?:happens|works|shows|appears|changes|is happening)\b|\b(?:no|little) luck\b"
        r"|\b(?:i|have|seem to have) lost my\b"
        r"|\bmy (?:\w+ )?(?:\w+ )?(?:is|are|has|have) (?:gone|missing|disappeared|empty|vanished)\b",
    ),
    Row(
        "broke breaks broken crash crashes crashing crashed freezes freezing froze hangs hanging"
        " fails failing failed segfault"
        " segfaults malfunctioning corrupted pending bug crashloop",
        Side.FAIL,
        1.0,
        "",
    ),
    Row(
        "crashes crashing freezes hangs fails failing broke broken crashed",
        Side.FAIL,
        0.9,
        r"\b(?:my|it|the|this|everything|always|just|app|server|build|has|have|update|and|but) (?:\w+ )?"
        r"(?:crashe[sd]|crashing|freezes|hangs|fails|failing|broken?)\b",
    ),
)
