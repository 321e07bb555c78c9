"""Summaries by a model: what it is shown, what of its answer counts, and what is told of the rest."""

from sandbox.ollama import OllamaSandbox
from tests.services.summaries.support import (
    Workshop,
    cited,
    claim,
    message_id,
    said,
    store,
    texts,
    topic,
    topics,
)


async def test_a_claim_without_its_source_is_never_shown(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *(said(number, f"word{number} of the day") for number in range(6)))
    await store(shop.database, said(10_000, "of another day"))
    ollama.script(
        topics(
            topic(
                "Kept",
                claim("rests on two", 1, 3),
                claim("INVENTED", 99),
                claim("HALF invented", 1, 7),
                claim("FORGOTTEN"),
                claim("NEGATIVE", -1),
                claim("ID of a message", message_id(0)),
                decisions=[claim("decided", 2), claim("UNDECIDED", 0)],
                actions=[{"text": "LEFT OUT"}],
                questions=[claim("open", 6)],
            ),
            topic("EMPTY", claim("NOTHING")),
        )
    )
    digest = await shop.make()
    [kept] = digest.topics
    assert [each.text for each in kept.claims] == ["rests on two", "decided", "open"]
    assert kept.sentences[0].message_ids == (message_id(0), message_id(2))
    assert cited(digest.topics) <= {message_id(number) for number in range(6)}
    assert not any(word in texts(digest) for word in ("INVENTED", "FORGOTTEN", "EMPTY", "LEFT", "HALF"))
    assert set(digest.sources) == cited(digest.topics)
    assert (digest.model, digest.coverage.read, digest.coverage.extracted) == ("small:8k by ollama", 6, 0)
