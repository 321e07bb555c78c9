"""A writer as a process of its own: moves one from left to right, for ever."""

import asyncio
import json
import sys

from sqlalchemy import text

from bot.db.engine import create_engine


async def move(url: str) -> None:
    engine = create_engine(url)
    statement = text("UPDATE kv SET value = :value WHERE scope = 'test' AND key = :key")
    amount = 0
    while True:
        amount += 1
        async with engine.begin() as connection:
            for key, value in (("left", amount), ("right", -amount)):
                await connection.execute(statement, {"key": key, "value": json.dumps({"is": str(value)})})
        if amount == 1:
            print("moving", flush=True)  # noqa: T201  (to the test)


asyncio.run(move(sys.argv[1]))
