"""The languages a guild may enable: their codes, their names, and how an owner writes several."""

from typing import Final

from bot.domain.errors import UserFacingError
from bot.domain.policy import ALL_LANGUAGES, ANSWERED_LANGUAGES

# ISO 639-1. What `bot.nlp.language` can tell apart from English; a test compares them.
LANGUAGES: Final = {
    "am": "Amharic", "ar": "Arabic", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "es": "Spanish", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "hy": "Armenian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "km": "Khmer", "kn": "Kannada",
    "ko": "Korean", "lo": "Lao", "mk": "Macedonian", "ml": "Malayalam", "my": "Burmese", "nl": "Dutch",
    "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "si": "Sinhala", "sr": "Serbian", "sv": "Swedish", "ta": "Tamil", "te": "Telugu", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_CODES: Final = {name.lower(): code for code, name in LANGUAGES.items()} | {code: code for code in LANGUAGES}
_ENGLISH: Final = {*ANSWERED_LANGUAGES, "english"}  # answered anyway
MAX_CHOICES: Final = 25  # Discord shows no more, and of each
MAX_NAME: Final = 100  # characters


def parse_languages(text: str) -> frozenset[str]:
    """Return the codes in a list such as "de, French" ("all": that alone); English is answered anyway.

    Raises:
        UserFacingError: it names a language that isn't among `LANGUAGES`.
    """
    names = [part.strip().lower() for part in text.replace(";", ",").split(",")]
    names = [name for name in names if name and name not in _ENGLISH]
    if ALL_LANGUAGES in names:
        return frozenset((ALL_LANGUAGES,))
    unknown = [name for name in names if name not in _CODES]
    if unknown:
        raise UserFacingError(
            f"I don't recognise the language {unknown[0][:40]!r}. Write names or codes with commas between, "
            "as `German, fr`, or `all`."
        )
    return frozenset(_CODES[name] for name in names)


def describe_languages(codes: frozenset[str]) -> str:
    """Return what is answered, in words: "English, German"."""
    if ALL_LANGUAGES in codes:
        return "every language"
    return ", ".join(["English", *sorted(LANGUAGES.get(code, code) for code in codes)])


def suggest_languages(text: str) -> list[tuple[str, str]]:
    """Return (name, value) for what the owner may be about to write: the last of the list completed."""
    *before, last = [part.strip() for part in text.split(",")]
    begun, wanted = [part for part in before if part], last.lower()
    found = [
        (code, name) for code, name in LANGUAGES.items() if name.lower().startswith(wanted) or code == wanted
    ]
    found.sort(key=lambda pair: (pair[0] != wanted, pair[1]))
    choices = [(", ".join([*begun, name]), ", ".join([*begun, code])) for code, name in found]
    if not begun and ALL_LANGUAGES.startswith(wanted):
        choices.insert(0, ("every language", ALL_LANGUAGES))
    return [(name, value) for name, value in choices if len(name) <= MAX_NAME][:MAX_CHOICES]
