# ruff: noqa: RUF001  (the dotless i is Turkish)
"""Which language a message is written in, well enough to choose a reply's language. No model, no I/O.

Scripts decide where one script means one language; otherwise the stop words do. Short or mixed texts are
"und": a wrong language is worse than none.
"""

from typing import Final

UNKNOWN: Final = "und"

_STOP_WORDS: Final[dict[str, str]] = {
    "en": "the and you that this with for not are have what how but from they was your can is it my to"
    " of i do does in on when any if there get im i'm don't it's why would could should just an be"
    " at we he she who where which then thanks please help hello hi yes me so or some has had use"
    " using like know need want out up now new time work works about all one as by no yeah good"
    " try think see got make here will than too very way only also been into something anyone"
    " still because really sure right well much more them their those these such same go going"
    " come back after before over off down first last people thing things",
    "es": "el los las que por para con una como pero está esta muy más qué cómo hola gracias tengo"
    " puedo cuando donde mi del al se lo necesito ayuda alguien hay porque también sí estoy es yo"
    " y hacer funciona",
    "fr": "le les des est et vous je pas que qui dans pour avec sur une mais c'est ce cette nous j'ai"
    " bonjour merci quelqu'un comment pourquoi ne il elle ça suis mon ma être faire aide oui quand"
    " où marche",
    "de": "der die das und ist nicht ich ein eine mit für auf wie aber kann mir mein auch wenn hat den"
    " dem zu wir ihr bitte danke jemand habe wo warum es geht bei nach noch nur oder hilfe kein"
    " keine",
    "pt": "não você uma com para por mas está isso muito obrigado como alguém tem eu meu minha os um"
    " ele ela em são também já quando onde ajuda consigo posso porque fazer estou olá do da no na",
    "it": "il che non per una con sono ma come questo è gli della di anche grazie ciao qualcuno ho mi"
    " perché quando dove posso fare più ha sto aiuto funziona lo la si del nel un",
    "nl": "het een niet van ik je dat is en op met voor maar wat hoe kan heb iemand er zijn als deze"
    " mijn ook naar bij nog wel geen waarom waar hulp dank bedankt de te",
    "pl": "nie jest się na to że jak ale czy mam mogę dla co tak jestem ktoś proszę dzięki gdzie"
    " dlaczego już tylko przez mnie po od pomoc działa z w i",
    "tr": "bir ve bu için ne var değil çok ben nasıl ama mı mi da de gibi yok neden teşekkürler lütfen"
    " merhaba bana olarak kadar daha yardım edebilir çalışmıyor",
    "sv": "och det att är inte jag som en på för med har kan hur men den till av om ett vad någon hjälp"
    " tack varför",
}
_LETTERS: Final[dict[str, str]] = {  # letters that hardly any other of these languages writes
    "ñ": "es",
    "¿": "es",
    "¡": "es",
    "ß": "de",
    "ã": "pt",
    "õ": "pt",
    "ł": "pl",
    "ą": "pl",
    "ę": "pl",
    "ś": "pl",
    "ż": "pl",
    "ź": "pl",
    "ć": "pl",
    "ń": "pl",
    "ğ": "tr",
    "ı": "tr",
    "ş": "tr",
    "å": "sv",
    "œ": "fr",
    "ù": "fr",
}
_SCRIPTS: Final[tuple[tuple[int, int, str], ...]] = (  # Unicode 15 blocks, sorted
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "ar"),
    (0x0750, 0x077F, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0E00, 0x0E7F, "th"),
    (0x1100, 0x11FF, "ko"),
    (0x3040, 0x30FF, "ja"),
    (0x3400, 0x4DBF, "zh"),
    (0x4E00, 0x9FFF, "zh"),
    (0xAC00, 0xD7AF, "ko"),
    (0xFB1D, 0xFB4F, "he"),
    (0xFB50, 0xFDFF, "ar"),
    (0xFE70, 0xFEFF, "ar"),
)
_FIRST_SCRIPT: Final = "\u0370"
_SAMPLE: Final = 400  # characters; more than enough to tell
_MIN_HITS: Final = 2  # stop words
_MIN_SCORE: Final = 1.5  # stop words, those of several languages in part
_PUNCTUATION: Final = ".,!?;:()[]\"'`*_~«»„“”…¿¡"
_ENGLISH: Final = frozenset(_STOP_WORDS["en"].split())


def _index() -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for language, words in _STOP_WORDS.items():
        for word in words.split():
            index[word] = (*index.get(word, ()), language)
    return index


_LANGUAGES_OF: Final = _index()
_FOREIGN: Final = _LANGUAGES_OF.keys() - _ENGLISH


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of `text`'s language, or "und" when it is too short or unclear."""
    sample = text if len(text) <= _SAMPLE else text[:_SAMPLE]
    return language_of(sample, {word.strip(_PUNCTUATION) for word in sample.lower().split()})


def language_of(text: str, words: set[str]) -> str:
    """Do the same for a text whose lower-case words without punctuation are known already."""
    english = len(_ENGLISH & words)
    if text.isascii():
        if english >= _MIN_HITS and english > len(_FOREIGN & words):
            return "en"
    else:
        script = _script(text[:_SAMPLE])
        if script is not None:
            return script
    if not english and _FOREIGN.isdisjoint(words) and text.isascii():
        return UNKNOWN
    return _by_stop_words(text, words)


def _by_stop_words(text: str, words: set[str]) -> str:
    """Return the language with the most stop words; a word of several languages counts for each in part."""
    hits: dict[str, float] = {}
    for word in sorted(_LANGUAGES_OF.keys() & words):
        languages = _LANGUAGES_OF[word]
        for language in languages:
            hits[language] = hits.get(language, 0.0) + 1 / len(languages)
    if not text.isascii():
        for letter in sorted(_LETTERS.keys() & set(text.lower())):
            language = _LETTERS[letter]
            hits[language] = hits.get(language, 0.0) + 1
    if not hits:
        return UNKNOWN
    best, runner_up = sorted((*hits.items(), ("", 0.0)), key=lambda item: (-item[1], item[0]))[:2]
    return best[0] if best[1] >= _MIN_SCORE and best[1] > runner_up[1] else UNKNOWN


def _script(text: str) -> str | None:
    """Return the language of a script other than Latin when that script has most of the letters."""
    counts: dict[str, int] = {}
    letters = 0
    for character in text:
        if character < _FIRST_SCRIPT:
            letters += character.isalpha()
            continue
        code = ord(character)
        for low, high, language in _SCRIPTS:
            if low <= code <= high:
                counts[language] = counts.get(language, 0) + 1
                letters += 1
                break
    if not counts or sum(counts.values()) * 2 <= letters:
        return None
    if "ja" in counts:  # kana among Chinese characters
        return "ja"
    best = max(sorted(counts), key=counts.__getitem__)
    return _cyrillic(text) if best == "cyrillic" else best


def _cyrillic(text: str) -> str:
    lowered = set(text.lower())
    if lowered & set("іїєґ"):
        return "uk"
    return "ru"
