"""Plugins that do harm, each in its way, and one that works."""

KEY = "k3y-that-nobody-may-read"

HEAD = """
from bot.plugin_api import Call, MessageObserved, PluginContext

"""
GOOD = (
    HEAD
    + """
async def setup(ctx: PluginContext) -> None:
    async def heard(event: MessageObserved) -> None:
        if event.content.startswith("ping"):
            await ctx.messages.post(event.guild_id, event.channel_id, "pong", reply_to=event.message_id)

    async def hello(call: Call) -> None:
        await call.reply("hello")

    ctx.on(MessageObserved, heard)
    ctx.command("hello", "Says hello", hello)
"""
)


def listener(body: str) -> str:
    """Return a plugin that does this with each message that says its word."""
    lines = "\n".join(f"            {line}" for line in body.strip().splitlines())
    return f"""{HEAD}
import asyncio
import time

kept = []

async def setup(ctx: PluginContext) -> None:
    async def heard(event: MessageObserved) -> None:
        if ctx.manifest.id in event.content:
{lines}

    ctx.on(MessageObserved, heard)
"""


RAISES = listener("raise RuntimeError('broken')")
SLEEPS = listener("await asyncio.sleep(1e9)")
STUBBORN = listener("""
while True:
    try:
        await asyncio.sleep(1e9)
    except asyncio.CancelledError:
        pass
""")
SPINS = listener("while True: pass")
BLOCKS = listener("time.sleep(1000)")
BLOCKS_IN_A_TASK = listener("""
async def block() -> None:
    time.sleep(1000)
kept.append(asyncio.create_task(block()))
""")
ASKS = listener("await ctx.members.time_out(event.guild_id, event.author_id, 60, 'why not')")
ALLOCATES = listener("kept.append(b'x' * 400_000_000)")
ALLOCATES_SLOWLY = listener("while True: kept.append(b'x' * 1_000_000)")
TELLS = listener("""
print('the key is', ctx.secret('key'))
await ctx.messages.post(event.guild_id, event.channel_id, ctx.secret('key'))
""")
FLOODS = listener("""
for number in range(100):
    await ctx.messages.post(event.guild_id, event.channel_id, f'flood {number}')
""")
EXITS = listener("raise SystemExit(3)")
ALL = {
    "raises": RAISES,
    "sleeps": SLEEPS,
    "stubborn": STUBBORN,
    "spins": SPINS,
    "blocks": BLOCKS,
    "asks": ASKS,
    "allocates": ALLOCATES,
    "tells": TELLS,
    "floods": FLOODS,
    "exits": EXITS,
}
