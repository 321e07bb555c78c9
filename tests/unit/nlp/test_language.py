# ruff: noqa: RUF001  (letters of other scripts on purpose)
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlp.language import UNKNOWN, detect_language

SENTENCES = {
    "en": "hey all, I can't connect to the server since the update, any ideas what I should check?",
    "es": "hola, no puedo conectar con el servidor desde la actualización, ¿alguien sabe por qué?",
    "fr": "bonjour, je ne peux pas me connecter au serveur, est-ce que quelqu'un sait pourquoi ?",
    "de": "hallo, ich kann mich seit dem Update nicht mehr mit dem Server verbinden, weiß jemand warum?",
    "pt": "olá, não consigo conectar no servidor depois da atualização, alguém sabe o que é isso?",
    "it": "ciao, non riesco a collegarmi al server dopo la modifica, qualcuno sa perché?",
    "nl": "hoi, ik kan niet met de server verbinden sinds de update, weet iemand hoe dat kan?",
    "pl": "cześć, nie mogę się połączyć z serwerem, czy ktoś wie dlaczego?",
    "tr": "merhaba, sunucuya bağlanamıyorum, neden olduğunu bilen var mı, bana yardım edebilir misiniz?",
    "sv": "hej, jag kan inte ansluta till servern, är det någon som vet varför?",
    "ru": "привет, не могу подключиться к серверу после обновления, кто-нибудь знает почему?",
    "uk": "привіт, не можу підключитися до сервера після оновлення, хтось знає чому?",
    "ar": "مرحبا، لا أستطيع الاتصال بالخادم بعد التحديث، هل يعرف أحد السبب؟",
    "he": "שלום, אני לא מצליח להתחבר לשרת אחרי העדכון, מישהו יודע למה?",
    "hi": "नमस्ते, अपडेट के बाद मैं सर्वर से कनेक्ट नहीं कर पा रहा हूँ",
    "ja": "こんにちは、更新後にサーバーに接続できません。誰か助けてください",
    "ko": "안녕하세요, 업데이트 후 서버에 연결할 수 없습니다",
    "zh": "你好，更新之后我无法连接服务器，有人知道为什么吗",
    "el": "γεια σας, δεν μπορώ να συνδεθώ",
    "th": "สวัสดีครับ เชื่อมต่อเซิร์ฟเวอร์ไม่ได้",
}


@pytest.mark.parametrize(("language", "text"), SENTENCES.items(), ids=SENTENCES)
def test_a_sentence_is_recognised(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", " ", "ok", "403", "lol", "x" * 300, "\x00", "😀😀", "¿?"], ids=repr)
def test_too_little_to_tell_is_unknown(text: str) -> None:
    assert detect_language(text) == UNKNOWN


def test_a_foreign_name_does_not_make_a_sentence_foreign() -> None:
    assert detect_language("I asked Владимир about the server and he said that it is fine") == "en"


def test_case_does_not_matter() -> None:
    assert detect_language(SENTENCES["de"].upper().replace("SS", "ß")) == "de"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=300))
def test_any_text_gets_a_short_code_always_the_same(text: str) -> None:
    code = detect_language(text)
    assert code == detect_language(text)
    assert code == UNKNOWN or (len(code) == 2 and code.isascii() and code.islower())


def test_real_english_chat_is_english_or_too_short(day_log_lines: list[str]) -> None:
    codes = [detect_language(line) for line in day_log_lines if len(line) > 60]
    assert codes.count("en") / len(codes) > 0.85
    assert sum(code not in {"en", UNKNOWN} for code in codes) / len(codes) < 0.01
