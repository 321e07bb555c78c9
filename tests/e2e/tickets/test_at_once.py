"""What happens at the same time: claims from two places, and tickets beside one that has to wait."""

import asyncio

from sandbox import Sandbox
from sandbox.handles import Channel
from sandbox.ollama import OllamaSandbox, Rule
from sandbox.ollama.answers import Answer, Asked
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home
from tests.e2e.test_language_model import AtPace
from tests.e2e.test_ticket_answers import a_ticket, answers, queued, said
from tests.e2e.tickets.test_whole_life import BLINKS, RESET, a_desk, model


async def test_claims_and_answers_at_the_same_time(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with OllamaSandbox(["llama3.2:3b"]) as ollama:
        began, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(_: Asked) -> Answer:
            began.set()
            return Answer("Which lamp is it?", wait=go_on.wait)

        ollama.script(Rule(BLINKS, slowly), "Which printer?")
        async with running_bot(discord, llm=model(ollama), clock=AtPace()) as bot:
            desk = await a_desk(home, bot)
            slow = await a_ticket(desk, home.alice, "Lamp", BLINKS)
            await asyncio.wait_for(began.wait(), 10)
            people = [await home.person(f"p{number}") for number in range(9)]
            await asyncio.gather(*(desk.open(who, "Printer", RESET, settled=False) for who in people))
            threads = [Channel(row[3], "", discord) for row in desk.rows()[1:]]
            for thread in threads:
                [answer] = await answers(desk, thread, 1)
                assert answer.content.startswith("Press reset.")
            assert await said(desk, slow) == []
            go_on.set()
            [back] = await answers(desk, slow, 1)
            assert back.content == "Which lamp is it?"
            assert [len(await said(desk, thread)) for thread in threads] == [1] * 9

            await home.alice.click(back, "Talk to a person")
            [queue] = await queued(desk)
            card = (await slow.history())[0]
            claims = await asyncio.gather(
                desk.sam.click(queue, "Claim"),
                desk.kim.click(card, "Claim"),
                home.owner.slash("claim", channel=slow),
            )
            holder = desk.rows()[0][2]
            won = "Ticket #0001 is yours."
            lost = f"<@{holder}> has this ticket already."
            assert sorted(each.content for each in claims) == sorted([won, lost, lost])
