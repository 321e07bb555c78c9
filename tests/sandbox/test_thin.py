import asyncio
import discord as dpy
from sandbox import Sandbox
from tests.sandbox.pointing import pointed_at

async def test_reply():
    async with Sandbox() as discord:
        await discord.guild("Home")
        ch = await discord.channel("help")
        alice = await discord.member("alice")
        class C(dpy.Client):
            async def on_message(self, m):
                if m.author.bot: return
                await m.reply("hi " + m.content)
        with pointed_at(discord):
            c = C(intents=dpy.Intents.all())
            t = asyncio.create_task(c.start(discord.token))
            await discord.wait_connected()
            m = await alice.say("hello", ch)
            r = await discord.wait_for_reply(to=m)
            assert r.content == "hi hello"
            await c.close()
            await t
        for e in discord.record: print({k: (str(v)[:150]) for k,v in e.items()})
