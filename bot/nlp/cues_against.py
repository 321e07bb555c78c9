"""What people write who answer, ask back, say thanks or joke; see `bot.nlp.cue_rows`."""

from typing import Final

from bot.nlp.cue_rows import GAP, Row, Side

_INSPECT: Final = (
    r"(?:paste|post|show|share|give|send|try|run|check|clarify|elaborate|provide"
    r"|copy|describe|upload|confirm|be more)"
)

CUES_AGAINST: Final[tuple[Row, ...]] = (
    # answers and helpers' questions
    Row(
        "you u & have did do are were had has can what",
        Side.AGAINST,
        2.6,
        r"\b(?<!how )(?<!where )(?:have|did|do|are|were|had|has) (?:you|u) (?!(?:guys )?(?:know|have"
        r" (?:any|a) (?:idea|suggestion)|recommend|support))\w+"
        r"|\bwhat (?:do|did|are|were|kind) (?:you|u|of) (?!recommend)|\b(?:do|did|can) (?:you|u) see\b",
    ),
    Row(
        "you you'll you'd & can can't could should need have must might may want probably just"
        " don't haven't cannot",
        Side.AGAINST,
        2.0,
        r"\byou(?:'?ll| will| would|'d)? (?:can(?:'?t|not)?|could|should|need|have to|must|might|may"
        r"|want|probably|just|don'?t need|haven'?t|don'?t have)\b"
        r"(?! help)",
    ),
    Row(
        "you u & can could would what",
        Side.AGAINST,
        2.6,
        rf"\b(?:can|could|would) (?:you|u)"
        rf" (?:please |pls |also |maybe"
        rf" )?{_INSPECT}\b|\bwhat (?:\w+ )?are"
        rf" you\b",
    ),
    Row(
        "version browser os distro mean",
        Side.AGAINST,
        1.6,
        r"\b(?:what|which) (?:\w+ )?(?:version|browser|os|distro)\b.{0,30}\b(?:you|your)\b|\bwhat"
        r" (?:do|did) (?:you|u) mean"
        r"|\bwhat version\b(?! (?:should|do|can) i)",
    ),
    Row(
        "try use check pastebin websearch google see install get run just read look",
        Side.AGAINST,
        1.6,
        rf"^ (?:{GAP}:? |@\S+ |[\w-]+[:,] |(?:so|then|ok|well|maybe|just|yeah|yes|no|nope|or|please"
        rf"|also)[,:]? )*"
        r"(?:try|use|check|pastebin|websearch|google|see|install|get|run|just|read|look|don'?t|make"
        r" sure|go to|ask|take)\b(?! again)",
    ),
    Row(
        "sounds depends because probably try maybe guess think should imo afaik perhaps typically",
        Side.AGAINST,
        1.2,
        r"\bsounds like\b|\bdepends (?:on|how)\b|\b(?:that'?s|it'?s|is) (?:probably |usually"
        r" )?because\b|\b(?:i'?d|i would) (?:use|try|guess|suggest|say)\b"
        r"|\bi (?:guess|suggest|suspect|recommend)\b|\bshould (?:work|be fine|do it|help)\b|\bmaybe"
        r" try\b|\btry (?:to|it|that|the|with|running|using)\b"
        r"|\b(?:imo|afaik|typically)\b",
    ),
    # solved, thanks, jokes
    Row(
        "fixed solved resolved sorted works worked working nevermind nvm mind figured",
        Side.AGAINST,
        3.2,
        r"\b(?<!not )(?<!n't )(?<!be )(?<!can i get )(?:fixed|solved|resolved|sorted) (?:it|that|this"
        r"|the|my|now|by|out)\b|^ (?:fixed|solved|resolved)\b"
        r"|\b(?:is|was|got|all|now) (?:fixed|solved|resolved|sorted)\b|\bworks? (?:now|fine|again"
        r"|great|perfectly|for me|here|like)\b(?! (?:except|but))"
        r"|\b(?<!not )(?<!n't )working (?:now|again|fine)\b|\b(?:it|that|this) worked\b|\bnever"
        r" ?mind\b|\bnvm\b|\bfigured (?:it|that) out\b|\bgot it (?:working|to work)\b",
    ),
    Row(
        "thanks thank thx ty tnx cheers ohk",
        Side.AGAINST,
        2.0,
        r"^ (?:\S+ ){0,2}(?:thanks|thank you|thx|ty|tnx|cheers)\b(?! in advance)|\b(?:thanks|thank"
        r" you) for\b|\bthat (?:helped|fixed|solved|did)\b",
    ),
    Row(
        "issue issues problem problems error errors trouble",
        Side.AGAINST,
        2.2,
        r"\b(?:don'?t|do not|didn'?t|doesn'?t|never|without|no more|no) (?:have |had |has |get |see "
        r"|seen )?(?:(?:the|this|that|any|a|such|more) )*"
        r"(?:issues?|problems?|errors?|trouble)\b|\b(?:think i|i) (?:got|found|see|know) the"
        r" (?:problem|issue|error)\b",
    ),
    Row(
        "same",
        Side.AGAINST,
        1.6,
        r"\b(?:i )?had (?:the|this|that) (?:exact )?(?:same )?(?:\w+"
        r" )?(?:once|before|too|yesterday|last|and|;|,)|\bhad the"
        r" same\b(?!.*\?)",
    ),
    Row("lol lmao haha hahaha rofl lmfao xd kidding joking", Side.AGAINST, 0.8, ""),
    Row(
        "if & you it that u",
        Side.AGAINST,
        0.8,
        r"\bif (?:you|it|that|u) (?:get|see|have|fails?"
        r"|doesn'?t|does|are|is|do|still|want|need|run)\b",
    ),
    Row("released announcing announcement changelog posted merged deployed", Side.AGAINST, 1.5, ""),
    Row(
        "he she they he's she's they're",
        Side.AGAINST,
        0.7,
        r"\b(?:he|she|they)(?:'s|'re| is| are| has| was| wants| gets| needs)\b",
    ),
    Row(
        "feature would it'd can should & request nice great cool awesome option have ever able support",
        Side.AGAINST,
        1.3,
        r"\b(?:feature request|would be (?:nice|great|cool|awesome)|it'?d be (?:nice|great)|can we"
        r" have (?:a|an)|would it ever|should (?:be able to|support|have) )\b",
    ),
)
