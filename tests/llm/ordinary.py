"""Answers a good model gives; the gate has nothing to do with them."""
# ruff: noqa: RUF001  (letters of other scripts on purpose)

from bot.llm.fence import Item
from bot.llm.types import Prompt
from tests.llm.injection.world import PROMPT_FILES

GUIDE = "https://docs.lookout.dev/guide"
ISSUE = "https://github.com/acme/tool/issues/12?x=1#c"
PROMPT: Prompt = PROMPT_FILES.render(
    "chat",
    bot="Lookout",
    server="Home",
    material=[Item(f"See {GUIDE}, ({ISSUE}) and discord.gg/home.", "Links", "d1")],
    message=[Item("how do I start?", "Bo")],
)

ORDINARY = [
    "Yes.",
    "👍",
    "I don't know that from what I have here. Which version do you use?",
    "Hi Bo! Open the settings, choose *Export*, then press **Start**.",
    f"The steps are in the guide: {GUIDE}",
    f"The steps are in [the guide]({GUIDE}).",
    f"See <{GUIDE}> or {ISSUE}.",
    f"Both help ({GUIDE}, and {ISSUE}).",
    f"[docs.lookout.dev]({GUIDE}) has it.",
    "Join us at discord.gg/home if you like.",
    "1. Stop the service\n2. Copy the folder\n3. Start it again",
    "- first\n- second\n  - nested\n\nThat's all.",
    "## Steps\nDo this.\n\n## Analysis\nThe log says the disk is full.",
    "Your system runs out of memory. The system log in /var/log/syslog says when.",
    "The system prompt of a shell is set in `PS1`.",
    "System: Ubuntu 24.04, 16 GB. That is enough.",
    "Please add:\nSystem: which one\nVersion: which one",
    "Use the user `postgres`:\n\nUser: postgres\nPort: 5432",
    "The assistant in the editor shows it; a bot can't.",
    "I think the answer is 42. My reasoning: six times nine, in base 13.",
    "Write `<think>` in backticks to talk about the tag.",
    "```python\nfor i in range(3):\n    print(i)\n```",
    "```xml\n<config>\n  <export tmp='/mnt/big'/>\n</config>\n```\nThen restart.",
    '```json\n{"name": "tool", "version": 3, "list": [1, 2]}\n```',
    '```json\n{"export": {"tmp": "/mnt/big", "retries": 3}}\n```',
    'Send `{"query": "start"}` as the body.',
    "Set it in config.yaml:\n```yaml\nexport:\n  tmp: /mnt/big\n```",
    "```bash\ncurl -s http://localhost:8080/health | jq .status\n```",
    "Try `curl https://api.example.com/v1` with your own host.",
    "```diff\n- old\n+ new\n```",
    "```html\n<div class='box'>a & b</div>\n```",
    "Compare a < b and c > d; then x << 2.",
    "It's in #help, see <#123456789012345678> and </ask:123456789012345678>, until <t:1700000000:R>.",
    "Ask in the channel; somebody here knows. Everyone starts there.",
    "Write to help@example.com.",
    "Das steht im Handbuch: Öffne die Einstellungen und wähle »Ausfuhr«.",
    "設定を開いて「書き出し」を選んでください。",
    "افتح الإعدادات ثم اختر التصدير.",
    "می\u200cخواهم کمک کنم",
    "Great 👨\u200d👩\u200d👧 ❤️ news! 🎉",
    "> the export stops at 40 %\n\nThat means the disk is full.",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "||The butler did it.||",
    "The commit 9fceb02d0ae598e95dc970b74767f19372d61af8 fixes it.",
    "Its id is 123456789012345678, made on 2024-05-01 at 12:00.",
    "The checksum is d41d8cd98f00b204e9800998ecf8427e.",
    "Base64 of hello is aGVsbG8=; morse for SOS is ... --- ...",
    "In binary, 5 is 101 and 10 is 1010. Codes: 72 101 108 108 111.",
    "Set API_KEY to your key in the file .env and never post it.",
    "Use Action > Export in the menu. Observation shows it takes a minute.",
    "Function `call(name, args)` runs it; parameters are optional.",
    "Rules of the server: be kind, stay on topic, no spoilers. See #rules.",
    "~~old~~ __new__ ***both*** `code` and ``a ` tick``",
    "A path such as C:\\Users\\bo\\tmp works, and so does \\\\server\\share.",
    " ".join(f"Sentence number {at} says something about exports." for at in range(35)),
]
