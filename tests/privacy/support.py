"""A member of whom everything there is is kept, in any of two servers, and a look at every column."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Text, cast, select
from sqlmodel import SQLModel

from bot.db.database import Database
from bot.domain.summaries import Claim, Topic
from bot.models import (
    AlertSettings,
    Channel,
    CountedMessage,
    DailyUserStatistics,
    ErrorRecord,
    Incident,
    KeyValue,
    Member,
    MessageReaction,
    MonthlyUserStatistics,
    Nudge,
    PluginValue,
    SettingChange,
    Suggestion,
    Summary,
    SummaryFeedback,
    SummaryNote,
    SummaryPart,
    SummaryPost,
    SummarySettings,
    SummarySource,
    SummaryTopic,
    Summons,
    TicketEvent,
    TrainingChange,
    TrainingEntry,
    TrainingPhrasing,
)
from bot.models.summary import claims_of
from bot.models.types import metadata
from bot.nlp.retrieval.normalise import normalise
from bot.services.maintenance import TOLD
from bot.services.training.drafts import same_key
from tests.db.alert_rows import incident_report
from tests.db.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    MESSAGE,
    NOW,
    action,
    delivery,
    feedback,
    question,
    signal_row,
    ticket,
    ticket_draft,
    ticket_message,
)

OTHER_GUILD = GUILD + 50
OTHER = MEMBER + 1  # somebody else, of whom nothing may go
MARKER = "zorblatt"  # in everything they say, and in nothing else
THEIRS = f"my {MARKER} burns when I press start"
OTHERS = "quokkas"  # in everything that others say
MENTION = f"<@{MEMBER}> look, {OTHERS} for user {MEMBER}"


class Numbers:
    """Ids that nobody else has, for each server its own."""

    def __init__(self, guild_id: int) -> None:
        self._base = MESSAGE + (guild_id - GUILD) * 1_000

    def message(self, number: int) -> int:
        return self._base + number


async def fill(database: Database, guild_id: int) -> None:
    """Have a server keep everything there can be of the member, beside what it keeps of others."""
    numbers = Numbers(guild_id)
    async with database.transaction() as tx:
        await tx.guilds.see(guild_id, "Guild", NOW)
        await tx.signals.add_batch(_signals(guild_id, numbers))
        session = tx.signals._session
        for row in _rows(guild_id, numbers):
            session.add(row)
            await session.flush()
        await _tickets(tx, guild_id, numbers)
        await _training(tx, guild_id)
        await _summaries(session, guild_id, numbers)
        opened = Incident(
            guild_id=guild_id, opened_at=NOW, last_at=NOW, channel_id=CHANNEL, resolved_by=MEMBER
        )
        reports = [
            incident_report(0, message_id=numbers.message(0)),
            incident_report(1, message_id=numbers.message(9), author_id=OTHER),
        ]
        await tx.incidents.open(opened, reports)


def _signals(guild_id: int, numbers: Numbers) -> list[dict[str, Any]]:
    def row(number: int, **values: Any) -> dict[str, Any]:
        return signal_row(message_id=numbers.message(number), **{"guild_id": guild_id} | values)

    embeds = [{"title": f"About {MARKER}"}]
    return [
        row(0, content=THEIRS, embeds=embeds, author_name=MARKER, intent="help_request"),
        row(1, content=THEIRS, embeds=None, author_name=MARKER, stage="plan"),
        row(2, content=f"it is {MARKER}", embeds=None, author_name=MARKER, reply_to_id=numbers.message(9)),
        row(
            9,
            content=MENTION,
            embeds=None,
            author_id=OTHER,
            author_name="Bob",
            mentions=[f"user:{MEMBER}", "bot"],
        ),
    ]


def _rows(guild_id: int, numbers: Numbers) -> list[SQLModel]:
    asked, others = f"discord:{numbers.message(0)}", f"discord:{numbers.message(9)}"
    reaction: dict[str, Any] = {"emoji": "x", "guild_id": guild_id, "kind": "check"}
    by_day: dict[str, Any] = {"guild_id": guild_id, "channel_id": CHANNEL, "date": date(2026, 3, 1)}
    day = date(2026, 3, 1)
    figures: dict[str, Any] = {"messages": 3, "mood": 30}
    rows: list[SQLModel] = [
        AlertSettings(guild_id=guild_id),
        Member(guild_id=guild_id, user_id=MEMBER, name=MARKER, first_seen_at=NOW),
        Member(guild_id=guild_id, user_id=OTHER, name="Bob", first_seen_at=NOW),
        action(
            signal_id=asked, guild_id=guild_id, content=f"Hi {MARKER}", status="sent",
            reference_id=numbers.message(0),
        ),
        action(
            signal_id=f"discord:{numbers.message(1)}", guild_id=guild_id, content=f"Hi {MARKER}",
            reference_id=numbers.message(1),
        ),
        action(signal_id=others, guild_id=guild_id, content=OTHERS, status="sent"),
        action(signal_id=f"leak/{asked}", guild_id=guild_id, kind="warn_leak", content=f"Hi {MARKER}"),
        feedback(signal_id=asked, guild_id=guild_id, message_id=numbers.message(50), user_id=OTHER),
        feedback(signal_id=others, guild_id=guild_id, message_id=numbers.message(51)),
        question(key=asked, guild_id=guild_id, signal_id=asked, answer=f"Have you tried {MARKER}?"),
        MessageReaction(message_id=numbers.message(9), user_id=MEMBER, **reaction),
        MessageReaction(message_id=numbers.message(0), user_id=OTHER, **reaction),
        DailyUserStatistics(user_id=MEMBER, **by_day, **figures),
        DailyUserStatistics(user_id=OTHER, **by_day, **figures),
        MonthlyUserStatistics(guild_id=guild_id, month=day, user_id=MEMBER, **figures),
        Nudge(guild_id=guild_id, place_id=CHANNEL, message_ids=[str(numbers.message(0))], created_at=NOW),
        SummarySettings(guild_id=guild_id, admin_ids=[str(MEMBER), str(OTHER)]),
        Summons(
            guild_id=guild_id, signal_id=others, place_id=CHANNEL, message_id=numbers.message(9),
            user_id=MEMBER, created_at=NOW,
        ),
        Suggestion(
            signal_id=f"discord:{numbers.message(1)}", guild_id=guild_id, channel_id=CHANNEL,
            proposed=f"Hi {MARKER}", posted=MARKER, decided_by=MEMBER, created_at=NOW,
        ),
        PluginValue(
            plugin="p", guild_id=guild_id, user_id=MEMBER, key="k", value={"said": MARKER}, changed_at=NOW
        ),
        PluginValue(plugin="p", guild_id=guild_id, key="n", value={"by": MEMBER}, changed_at=NOW),
        SettingChange(guild_id=guild_id, key="summaries.admins", old=[str(MEMBER)], by_id=MEMBER, at=NOW),
        ErrorRecord(
            reference=f"e{guild_id % 100}", guild_id=guild_id, place="x", kind="y",
            about=f"for {MEMBER}", first_at=NOW, last_at=NOW,
        ),
        SummaryPost(guild_id=guild_id, local_date=day, target_id=MEMBER, part=0, created_at=NOW),
        SummaryPart(
            key=f"part of {guild_id}", guild_id=guild_id, place_ids=[str(CHANNEL)], first_id=1, last_id=2**62,
            topics=[{"title": MARKER}], model="small", created_at=NOW,
        ),
        KeyValue(scope=str(guild_id), key=f"seen/{MEMBER}", value={"at": "now"}),
        Channel(id=numbers.message(70), guild_id=guild_id, name=f"#0001 {MARKER} fails"),
        KeyValue(scope=TOLD, key=f"{guild_id}/{CHANNEL}/{MEMBER}", value={}),
        KeyValue(scope="pings", key=str(guild_id), value={"by": MEMBER}),
        ticket_draft(key=f"draft {guild_id}", guild_id=guild_id, opener_name=MARKER, question=THEIRS),
        ticket_draft(
            key=f"other {guild_id}", guild_id=guild_id, opener_id=OTHER, actor_id=MEMBER, question=OTHERS
        ),
    ]  # fmt: skip
    for number, user_id in ((0, MEMBER), (9, OTHER)):
        rows.append(
            CountedMessage(
                message_id=numbers.message(number),
                guild_id=guild_id,
                user_id=user_id,
                channel_id=CHANNEL,
                date=day,
                hour=1,
                mood=10,
                feeling=0,
                asks=True,
                replies=False,
                helped=False,
            )
        )
    return rows


async def _tickets(tx: Any, guild_id: int, numbers: Numbers) -> None:
    session = tx.signals._session
    own = await tx.tickets.add(
        ticket(
            1,
            guild_id=guild_id,
            key=f"form:{guild_id}1",
            thread_id=numbers.message(70),
            opener_name=MARKER,
            title=f"{MARKER} fails",
            question=THEIRS,
            environment=MARKER,
            summary=f"{MARKER} was solved",
            claimed_by=OTHER,
            rating=1,
        )
    )
    other = await tx.tickets.add(
        ticket(
            2,
            guild_id=guild_id,
            key=f"form:{guild_id}2",
            thread_id=numbers.message(71),
            opener_id=OTHER,
            opener_name="Bob",
            question=OTHERS,
            claimed_by=MEMBER,
            closed_by=MEMBER,
            state="closed",
            closed_at=NOW,
            close_reason=f"closed for {MEMBER}",
            summary=f"{MARKER} helped",
        )
    )
    for each, number, said in ((own, 20, THEIRS), (other, 30, THEIRS)):
        mine: dict[str, Any] = {"author_name": MARKER, "attachments": [{"filename": f"{MARKER}.txt"}]}
        await tx.ticket_messages.add(
            ticket_message(each.id, message_id=numbers.message(number), content=said, **mine)
        )
        bob = ticket_message(
            each.id,
            message_id=numbers.message(number + 1),
            author_id=OTHER,
            author_name="Bob",
            content=MENTION,
        )
        await tx.ticket_messages.add(bob)
        note = {"text": f"{OTHERS}: they said “{THEIRS}”, see <@{MEMBER}>"}
        for kind, actor, detail in (
            ("note", OTHER, note), ("lesson", None, {"answer": MARKER}), ("claimed", MEMBER, None),
            ("rating_comment", MEMBER, {"text": MARKER}),
        ):  # fmt: skip
            session.add(TicketEvent(ticket_id=each.id, kind=kind, actor_id=actor, detail=detail, at=NOW))
        asked = question(
            key=f"{each.id}/{numbers.message(number)}", guild_id=guild_id, ticket_id=each.id,
            message_id=numbers.message(number), answer=f"Try {MARKER}",
        )  # fmt: skip
        session.add(asked)
        session.add(delivery(each.id, status="sent", message_id=numbers.message(number + 5)))
        await session.flush()


async def _training(tx: Any, guild_id: int) -> None:
    """Entries: made of their reply, asked as they did, taught by them, and of others alone."""
    session = tx.signals._session
    for answer, phrasing, author, source in (
        (THEIRS, f"how {OTHERS}", OTHER, MEMBER),
        (f"{OTHERS} alone", THEIRS, OTHER, None),
        ("my own advice", "what do you advise", MEMBER, MEMBER),
        (f"{OTHERS} with {MENTION}", f"why {OTHERS}", OTHER, None),
    ):
        entry = TrainingEntry(
            guild_id=guild_id, answer=answer, source_author_id=source, created_by=author, created_at=NOW,
            updated_by=author, updated_at=NOW,
        )  # fmt: skip
        session.add(entry)
        await session.flush()
        normal = normalise(phrasing)
        session.add(
            TrainingPhrasing(
                entry_id=entry.id, guild_id=guild_id, text=phrasing, normal=normal, same_key=same_key(normal)
            )
        )
        after = {"questions": [phrasing], "answer": answer}
        session.add(
            TrainingChange(
                guild_id=guild_id,
                entry_id=entry.id,
                batch="b",
                actor_id=author,
                kind="add",
                after=after,
                at=NOW,
            )
        )
    await session.flush()


async def _summaries(session: Any, guild_id: int, numbers: Numbers) -> None:
    mine, bobs = numbers.message(0), numbers.message(9)
    claims = (Claim(f"It is {MARKER}", (mine,)), Claim(f"It is {OTHERS}", (bobs,)))
    topic = Topic("Start", claims, message_ids=(mine, bobs))
    for reader, day in ((None, date(2026, 3, 1)), (MEMBER, None)):
        made = Summary(
            guild_id=guild_id, kind="daily" if reader is None else "asked", local_date=day, reader_id=reader,
            reading="short", starts_at=NOW, ends_at=NOW + timedelta(1), place_ids=[str(CHANNEL)],
            created_at=NOW,
        )  # fmt: skip
        session.add(made)
        await session.flush()
        session.add(
            SummaryTopic(
                summary_id=made.id,
                position=0,
                title=topic.title,
                claims=claims_of(topic),
                message_ids=[str(mine), str(bobs)],
            )
        )
        for message_id, author_id in ((mine, MEMBER), (bobs, OTHER)):
            session.add(
                SummarySource(
                    summary_id=made.id,
                    message_id=message_id,
                    place_id=CHANNEL,
                    channel_id=CHANNEL,
                    author_id=author_id,
                )
            )
        session.add(SummaryFeedback(summary_id=made.id, user_id=MEMBER, helpful=True, created_at=NOW))
        session.add(
            SummaryNote(summary_id=made.id, kind="report", user_id=MEMBER, text=MARKER, created_at=NOW)
        )
        session.add(
            SummaryNote(summary_id=made.id, kind="report", user_id=OTHER, text=OTHERS, created_at=NOW)
        )
    await session.flush()


async def holding(database: Database, *needles: str) -> dict[str, list[str]]:
    """Return, for each needle, the table.column that hold it anywhere, of every table there is."""
    found: dict[str, list[str]] = {needle: [] for needle in needles}
    async with database.reading() as tx:
        connection = await tx.signals._session.connection()
        for name, table in sorted(metadata.tables.items()):
            columns = [cast(column, Text) for column in table.columns if column.type.python_type is not bytes]
            rows = (await connection.execute(select(*columns))).all()
            names = [column.name for column in table.columns if column.type.python_type is not bytes]
            for row in rows:
                for column, value in zip(names, row, strict=True):
                    for needle in needles:
                        if value is not None and needle in str(value):
                            found[needle].append(f"{name}.{column}")
    return found
