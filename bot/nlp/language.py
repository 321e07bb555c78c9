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
    " come back after before over off down first last people thing things a even always never without"
    " again ever each both few many most our us may might must shall let again doesn't isn't can't"
    " won't cant dont doesnt didn't didnt wont i'll i'd you're that's there's what's whats were being",
    "es": "el los las que por para con una como pero está esta muy más qué cómo hola gracias tengo"
    " puedo cuando donde mi del al se lo necesito ayuda alguien hay porque también sí estoy es yo"
    " y hacer funciona le les nos te su un en de la si ya cuál quién dónde cuándo tiene tienes"
    " puede pueden quiero hace ser fue son este esto eso todo todos nada algo bien mejor siempre"
    " nunca ahora hoy mañana buenas buenos desde hasta sin sobre entre otro otra aquí soy era ha he",
    "fr": "le les des est et vous je pas que qui dans pour avec sur une mais c'est ce cette nous j'ai"
    " bonjour merci quelqu'un comment pourquoi ne il elle ça suis mon ma être faire aide oui quand"
    " où marche la un du de en au aux se sa ses son tu te moi toi lui leur on y si plus très bien"
    " tout tous rien jamais toujours peut peux fait ont sont était aussi encore depuis sans chez"
    " salut ici quel quelle d'un d'une qu'il n'est t'as j'en",
    "de": "der die das und ist nicht ich ein eine mit für auf wie aber kann mir mein auch wenn hat den"
    " dem zu wir ihr bitte danke jemand habe wo warum es geht bei nach noch nur oder hilfe kein"
    " keine er sie du man dich dir mich uns euch sich im am vom zum zur von aus an bin bist sind"
    " war wird werden hab haben muss soll will einen einem einer meine deine dein schon immer mal"
    " doch dann da hier jetzt heute gestern morgen wer was welche wieder mehr sehr alles nichts",
    "pt": "não você uma com para mas está isso muito obrigado como alguém tem eu meu minha os um"
    " ele ela em são também já quando onde ajuda consigo posso porque fazer estou olá do da no na"
    " o de que e se por ao pelo pela pra pro mais bem nada tudo todo todos só foi ser ter vou vai"
    " tá até sem aqui esse essa este esta qual quem minhas meus nos nas dos das às bom boa tarde"
    " oi obrigada hoje ontem amanhã sempre nunca ainda depois preciso quero sei deu dá gente",
    "it": "il che non per una con sono ma come questo è gli della di anche grazie ciao qualcuno ho mi"
    " perché quando dove posso fare più ha sto aiuto funziona lo la si del nel un i le al alla"
    " dal da dei delle nella sul sulla ti ci vi ne se e ed o cosa chi quale quanto molto tutto tutti"
    " niente sempre mai ora oggi ieri domani già ancora solo bene io tu lui lei noi mio mia tuo"
    " fa hai hanno era essere può sa sai devo voglio qui",
    "nl": "het een niet van ik je dat is en op met voor maar wat hoe kan heb iemand er zijn als deze"
    " mijn ook naar bij nog wel geen waarom waar hulp dank bedankt de te in die dit wie hij zij"
    " ze we wij jij jou jouw hun ons u zo dan toch al meer weer moet wil gaat doet doe ga weet"
    " hebben heeft was werd worden om aan uit over door tot iets niks niets alles altijd nooit"
    " vandaag morgen gisteren even eens hier daar nu zou kunnen",
    "pl": "nie jest się na to że jak ale czy mam mogę dla co tak jestem ktoś proszę dzięki gdzie"
    " dlaczego już tylko przez mnie po od pomoc działa z w i a o do za mi ja ty on ona my wy są był"
    " było będzie ma masz można trzeba wie kiedy kto który która jeszcze bardzo wszystko nic zawsze"
    " nigdy teraz dzisiaj dziś wczoraj jutro coś bo bez przy pod nad też tego tej ten ta te tym"
    " mój moja moje sobie ci go jej ich albo lub żeby cześć siema",
    "tr": "bir ve bu için ne var değil çok ben nasıl ama mı mi da de gibi yok neden teşekkürler lütfen"
    " merhaba bana olarak kadar daha yardım edebilir çalışmıyor mu mü şu o sen biz siz onlar beni"
    " seni benim senin en ya ki ile ise her hiç şey şimdi bugün dün yarın sonra önce nerede nereye"
    " kim hangi kaç evet hayır oldu olur oluyor olan olmuyor yapıyor sadece artık hep bile tamam"
    " selam arkadaşlar acaba biri birisi böyle öyle bunu onu",
    "sv": "och det att är inte jag som en på för med har kan hur men den till av om ett vad någon hjälp"
    " tack varför du vi ni han hon de dem mig dig oss er sig min mitt mina din ditt var vill ska"
    " skulle måste blir blev får fick från eller när då nu här där så mycket bara också alla allt"
    " ingen inget inga aldrig alltid idag igår imorgon hej vem vilken finns gör göra hade sedan",
    "da": "og det at er ikke jeg som en på for med har kan hvordan men den til af om et hvad nogen"
    " hjælp tak hvorfor du vi han hun de dem mig dig os jer sig min mit mine din dit vil skal skulle"
    " må bliver blev får fik fra eller når så nu her der meget bare også alle alt ingen aldrig altid"
    " hej hvem hvilken hvor gør havde siden efter noget virker lige",
    "no": "og det at er ikke jeg som en på for med har kan hvordan men den til av om et hva noen"
    " hjelp takk hvorfor du vi han hun de dem meg deg oss dere seg min mitt mine din ditt vil skal"
    " skulle må blir ble får fikk fra eller når så nå her der mye bare også alle alt ingen aldri"
    " alltid hei hvem hvilken hvor gjør hadde siden etter noe virker ikkje eg",
    "fi": "ja on ei se että en mutta kun niin mitä miten miksi missä joku kiitos minä sinä hän me te he"
    " mun sun mulla sulla minun sinun oon olen olet ovat oli ollut jos vain nyt kaikki mitään aina"
    " koskaan tänään eilen huomenna vielä myös tai sitten tämä tuo nämä siitä voiko voi pitää saa"
    " moi hei kuka mikä joka kanssa ennen apua osaa toimi",
    "hu": "a az és nem hogy egy van de is meg ez mi én te ő mit miért hogyan hol ki valaki köszönöm"
    " köszi kérem szia sziasztok nekem neked csak már még most ma tegnap holnap mindig soha ha vagy"
    " lesz volt vagyok nincs kell lehet tud tudja tudom amikor mert után előtt minden semmi nagyon"
    " jó segítség segíteni",
    "cs": "je se na to že jak ale nebo jsem jsi jsme jste jsou být byl byla bylo mám máš má nemám"
    " prosím díky děkuji ahoj čau kde proč kdy kdo co který která které už jen taky také jestli"
    " protože když pro při od do po za ze ve s z v k i a o u mi mě ti tě mu ho ji nám vám nás vás"
    " můj moje tvůj ten ta ty tu tam tady teď dnes dneska včera zítra něco nic všechno někdo nikdo"
    " vždy nikdy není nejde nefunguje můžu může můžete bych by pomoc ještě moc jde",
    "ro": "și si în nu este sunt că ca la de pe cu un o din pentru sau dar mai ce cum unde când cine"
    " care am ai are avem au fost fi să mă te ne vă îmi îți își mi-a nu-mi mea meu ta tău lui ei noi"
    " voi eu tu el ea asta ăsta acum azi ieri mâine cineva ceva nimic tot toate foarte bine doar"
    " deja dacă după până merge poate pot vreau trebuie știe știu salut bună mulțumesc mersi ajutor"
    " ajută de-a a al ale",
    "id": "yang dan di ini itu untuk dengan dari ke tidak nggak gak ga enggak bukan saya aku kamu kita"
    " kami mereka dia ada apa siapa kenapa mengapa bagaimana gimana mana kapan bisa mau sudah udah"
    " belum akan lagi juga aja saja kalau kalo karena tapi atau jadi sama banget dong sih nih deh ya"
    " kok terus masih semua sekarang tadi besok kemarin tolong bantu terima kasih makasih halo punya"
    " pakai buat cara harus pada seperti oleh kalian gue lo",
    "vi": "là và của có không được cho với này đó các những một người mình tôi bạn em anh chị ở đi đến"
    " từ trong ngoài trên dưới khi nào gì sao thế nhé ạ vậy thì mà nhưng hay hoặc cũng đã đang sẽ rồi"
    " chưa lại ra vào lên xuống làm biết muốn phải cần nên giúp ai đâu tại vì bị hơn rất quá lắm nữa"
    " cảm ơn xin chào mọi nó chúng ta nếu để như bao nhiêu",
}
# Letters that few of these languages write; one of several counts for each in part.
_LETTERS_OF: Final[dict[str, str]] = {
    "es": "ñ¿¡áíóú",
    "fr": "œùçàèêâîôûë",
    "de": "ßäöü",
    "pt": "ãõçáâêíóú",
    "it": "àèìòù",
    "pl": "łąęśżźćńó",
    "tr": "ğışçöü",
    "sv": "åäö",
    "da": "åæø",
    "no": "åæø",
    "fi": "äö",
    "hu": "őűáíóöúü",
    "cs": "ěřůčšžťďňýáíú",
    "ro": "ăâîșțţş",
    "vi": "ơưđăạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹâêô",
}
_SCRIPTS: Final[tuple[tuple[int, int, str], ...]] = (  # Unicode 15 blocks, sorted
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "arabic"),
    (0x0750, 0x077F, "arabic"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"),
    (0x0E00, 0x0E7F, "th"),
    (0x0E80, 0x0EFF, "lo"),
    (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"),
    (0x1100, 0x11FF, "ko"),
    (0x1200, 0x137F, "am"),
    (0x1780, 0x17FF, "km"),
    (0x3040, 0x30FA, "ja"),  # without the middle dot, of which faces are made
    (0x30FC, 0x30FF, "ja"),
    (0x3130, 0x318F, "ko"),
    (0x3400, 0x4DBF, "zh"),
    (0x4E00, 0x9FFF, "zh"),
    (0xAC00, 0xD7AF, "ko"),
    (0xFB1D, 0xFB4F, "he"),
    (0xFB50, 0xFDFF, "arabic"),
    (0xFE70, 0xFEFF, "arabic"),
)
# Of languages that share a script: letters that only one of them writes, then its commonest words.
_CYRILLIC_LETTERS: Final = {  # the first that fits
    "be": "ў",
    "uk": "іїєґ",
    "ru": "ыэё",
    "mk": "ѓќѕ",
    "sr": "ђћјљњџ",
    "bg": "ъ",
}
_CYRILLIC_WORDS: Final = {
    "uk": "та що як ще але чи це від вже мене мені можу не будь ласка дякую привіт коли де хто був була"
    " було буде немає треба дуже після тільки якщо щось його цей ця тебе собі",
    "ru": "и что как еще но или это от уже меня мне могу пожалуйста спасибо привет когда где кто был была"
    " было будет нет надо очень после только если его этот эта тебя себе у вас кто-нибудь почему",
    "bg": "и да се съм си са за от как какво защо моля това ще но или някой може имам няма много кога къде"
    " който благодаря здравейте вече само ако го ми ли",
}
_ARABIC_LETTERS: Final = {"ur": "ٹڈڑںے", "fa": "پچژگیک"}
_CLOSE: Final = frozenset(("ja", "ko", "zh"))  # a letter of theirs says as much as two of others
_MIN_LETTERS: Final = 3  # of a script; fewer are a face or a symbol
_FIRST_SCRIPT: Final = "\u0370"
_SAMPLE: Final = 400  # characters; more than enough to tell
_MIN_HITS: Final = 2  # English stop words more than foreign ones
_MIN_SCORE: Final = 1.5  # stop words, those of several languages in part
_PUNCTUATION: Final = ".,!?;:()[]\"'`*_~«»„“”…¿¡"
_ENGLISH: Final = frozenset(_STOP_WORDS["en"].split())


def _index(parts_of: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """Return for each word or letter the languages that have it."""
    index: dict[str, tuple[str, ...]] = {}
    for language, parts in parts_of.items():
        for part in dict.fromkeys(parts):
            index[part] = (*index.get(part, ()), language)
    return index


_LANGUAGES_OF: Final = _index({language: words.split() for language, words in _STOP_WORDS.items()})
_LETTERS: Final = _index({language: list(letters) for language, letters in _LETTERS_OF.items()})
_CYRILLIC_SETS: Final = {code: frozenset(words.split()) for code, words in _CYRILLIC_WORDS.items()}
_FOREIGN: Final = _LANGUAGES_OF.keys() - _ENGLISH


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of `text`'s language, or "und" when it is too short or unclear."""
    sample = text if len(text) <= _SAMPLE else text[:_SAMPLE]
    return language_of(sample, {word.strip(_PUNCTUATION) for word in sample.lower().split()})


def language_of(text: str, words: set[str]) -> str:
    """Do the same for a text whose lower-case words without punctuation are known already."""
    english = len(_ENGLISH & words)
    if text.isascii():
        if english >= len(_FOREIGN & words) + _MIN_HITS:
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
    found = [_LANGUAGES_OF[word] for word in sorted(_LANGUAGES_OF.keys() & words)]
    if not text.isascii():
        found += [_LETTERS[letter] for letter in sorted(_LETTERS.keys() & set(text.lower()))]
    for languages in found:
        for language in languages:
            hits[language] = hits.get(language, 0.0) + 1 / len(languages)
    if not hits:
        return UNKNOWN
    best, runner_up = sorted((*hits.items(), ("", 0.0)), key=lambda item: (-item[1], item[0]))[:2]
    return best[0] if best[1] >= _MIN_SCORE and best[1] > runner_up[1] else UNKNOWN


def _script(text: str) -> str | None:
    """Return the language of a script other than Latin when that script has most of the letters."""
    counts: dict[str, int] = {}
    latin = 0
    for character in text:
        if character < _FIRST_SCRIPT:
            latin += character.isalpha()
            continue
        code = ord(character)
        for low, high, language in _SCRIPTS:
            if low <= code <= high:
                counts[language] = counts.get(language, 0) + (2 if language in _CLOSE else 1)
                break
    total = sum(counts.values())
    if total < _MIN_LETTERS or total <= latin:
        return None
    best = max(sorted(counts), key=counts.__getitem__)
    if best == "zh" and "ja" in counts:  # kana among Chinese characters
        return "ja"
    if best == "cyrillic":
        return _cyrillic(text.lower())
    if best == "arabic":
        return next((code for code, own in _ARABIC_LETTERS.items() if not set(own).isdisjoint(text)), "ar")
    return best


def _cyrillic(lowered: str) -> str:
    """Return which Cyrillic language it is by its letters, else by its words, else the most written one."""
    for language, letters in _CYRILLIC_LETTERS.items():
        if not set(letters).isdisjoint(lowered):
            return language
    words = {word.strip(_PUNCTUATION) for word in lowered.split()}
    return max(_CYRILLIC_WORDS, key=lambda code: len(_CYRILLIC_SETS[code] & words) + 1.5 * (code == "ru"))
