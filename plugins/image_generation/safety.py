"""What isn't drawn, by rules over a prompt's words. English mostly: the service's own filter comes on top."""

import re
import unicodedata
from enum import StrEnum
from typing import Final

_LEET: Final = str.maketrans("013457@$!", "oieastasi")


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(text.split())})\b")


_SEXUAL: Final = _words(
    r"nudes? naked nudity topless bottomless undress(?:ed|ing)? unclothed porn\w* xxx sex sexy sexual\w*"
    r" erotic\w* hentai nsfw orgasm\w* genital\w* penis vagina nipples? breasts boobs? fetish\w* bdsm"
    r" masturbat\w* lingerie seductive\w* strip(?:ping|per|tease) blowjob intercourse nackt nu nue"
    r" desnud[oa]s? lewd"
)
_MINOR: Final = _words(
    r"child(?:ren)? kids? minors? underage\w* toddlers? bab(?:y|ies) infants? preteens? teens? teenag\w+"
    r" loli(?:s|ta|con)? shota\w* schoolgirls? schoolboys? school-?girls? school-?boys? pupils? boys? girls?"
    r" youngsters? juveniles? daughters? sons? nieces? nephews? kindergart\w+ jail-?bait kinder"
    r" enfants? niñ[oa]s?"
)
_AGE: Final = re.compile(
    r"\b(?:[1-9]|1[0-7])\s*-?\s*(?:years?|yrs?|yo|y/o|jahre)\b|\b(?:age[ds]?|turning)\s+(?:[1-9]|1[0-7])\b"
)
_GORE: Final = _words(
    r"gore gory dismember\w* decapitat\w* behead\w* disembowel\w* mutilat\w* entrails tortur\w+"
    r" bloodbath corpses? severed suicide self-?harm\w* snuff"
)
_HATE: Final = _words(r"swastikas? nazis? hitler ss-runes? kkk ku-klux-klan lynch\w* blackface holocaust")
_REAL: Final = _words(
    r"celebrit\w+ deepfakes? president actress actor singer politician prime-minister influencer photos?"
    r" photograph\w* photorealistic realistic selfie paparazzi"
)
_OURS: Final = re.compile(
    r"\b(?:my|our|his|her|their)\s+(?:ex|wife|husband|girlfriend|boyfriend|friend|teacher"
    r"|boss|neighbou?r|classmate|colleague|co-?worker|crush|mother|mom|sister|brother|roommate)\b"
)
_NAME: Final = re.compile(r"\b[A-ZÀ-Þ][\w'-]+\s+(?:[A-Z]\.\s+)?[A-ZÀ-Þ][\w'-]+")
_NEVER: Final = _words(r"loli(?:con|ta)? shotacon jail-?bait")
_FAKE: Final = re.compile(r"\bdeep\s*fakes?\b")
_SPACED: Final = re.compile(r"\b(?:\w[\s._*-]){2,}\w\b")


class Verdict(StrEnum):
    """Why a prompt isn't drawn; `MATURE` is for age-restricted channels whose server allows it."""

    MINORS = "minors"
    PERSON = "person"
    HATE = "hate"
    MATURE = "mature"


def judge(prompt: str) -> Verdict | None:
    """Return why a prompt may not be drawn, None where nothing speaks against it."""
    texts = _readings(prompt)

    def has(*patterns: re.Pattern[str]) -> bool:
        return any(pattern.search(each) for pattern in patterns for each in texts)

    sexual = has(_SEXUAL)
    if has(_NEVER) or (sexual and has(_MINOR, _AGE)):
        return Verdict.MINORS
    if has(_FAKE) or (sexual and (has(_REAL, _OURS) or _NAME.search(prompt) is not None)):
        return Verdict.PERSON
    if has(_HATE):
        return Verdict.HATE
    return Verdict.MATURE if sexual or has(_GORE) else None


def _readings(prompt: str) -> tuple[str, ...]:
    """Return a prompt as it is read: plainly, without disguises, and with spaced words closed up."""
    flat = unicodedata.normalize("NFKC", prompt)
    flat = "".join(each for each in flat if unicodedata.category(each) != "Cf").casefold()
    bare = "".join(each for each in unicodedata.normalize("NFD", flat) if not unicodedata.combining(each))
    closed = _SPACED.sub(lambda match: re.sub(r"[\s._*-]", "", match[0]), bare)
    return flat, bare, bare.translate(_LEET), closed, closed.translate(_LEET)
