"""The bot's decisions in words: the same in the terminal and beside the messages of the chat page."""

from collections.abc import Mapping
from datetime import datetime

from bot.demo.links import Json

BOT = "Lookout"
FEELINGS = {"neg": "negative", "neu": "neutral", "pos": "positive"}
URGENCIES = {"high": "urgent", "med": "soon", "low": ""}
PLANS = {"reply": "answer", "noop": "keep quiet", "escalate": "call the staff"}
OUTCOMES = {"responded": "answered", "skipped": "left alone", "escalated": "handed to the staff"}
TONES = {"responded": "good", "skipped": "info", "escalated": "warn"}
IN_TICKET = "in a ticket"  # the reason for keeping quiet where the ticket's own answers speak
GONE_WRONG = frozenset({"forbidden", "failed", "expired"})  # an action's status
TOXIC = 0.5


def is_flagged(story: Json) -> bool:
    """Whether the message asks something of the bot."""
    return bool(story["observer"]["intent"] != "other")


def tags_of(story: Json) -> str:
    """Return the bot's labels of a message in one line."""
    tags, observer = story["nano_tags"], story["observer"]
    words = [tags["purpose"], FEELINGS.get(tags["sentiment"], tags["sentiment"])]
    if urgency := URGENCIES.get(tags["urgency"], tags["urgency"]):
        words.append(urgency)
    if tags["toxicity"] >= TOXIC:
        words.append(f"toxic {tags['toxicity']:.2f}")
    return f"{' · '.join(words)} · {intent_of(story)} ({observer['confidence']:.2f})"


def intent_of(story: Json) -> str:
    """Return what the message asks."""
    return str(story["observer"]["intent"]).replace("_", " ") if is_flagged(story) else "nothing asked"


def plan_of(story: Json) -> str:
    """Return what the bot decided, and why."""
    decided = story["orchestrator"]
    plan = PLANS.get(decided["plan"] or "", decided["plan"] or "not decided yet")
    return f"{plan} ({decided['reason']})" if decided["reason"] else plan


def timeline_of(story: Json) -> str:
    """Return when each stage was reached, in milliseconds after the bot got the message."""
    times = story["times"]
    start = datetime.fromisoformat(times["ingested"])
    parts = [f"received {start.astimezone():%H:%M:%S}"]
    for name in ("observed", "decided", "finished"):
        if times[name]:
            after = (datetime.fromisoformat(times[name]) - start).total_seconds() * 1000
            parts.append(f"{name} +{after:.0f} ms")
    return ", ".join(parts)


def audit_rows(story: Json) -> list[tuple[str, str]]:
    """Return the whole story of a message as names and values."""
    message = story["message"]
    rows = [
        ("signal", story["id"]),
        ("message", f"{message['author_name']}: {message['content']}"),
        ("where", message["link"]),
        ("language", story["language"]),
        ("tags", tags_of(story)),
        ("why", story["observer"]["rationale"]),
        ("plan", plan_of(story)),
        ("status", story["orchestrator"]["status"]),
    ]
    for action in story["actions"]:
        answered = f", in reply to {action['reference_id']}" if action["reference_id"] else ""
        done = f"{action['kind']}: {action['status']} as message {action['message_id']}{answered}"
        tries = f"tries {action['attempts']}, repeated by Discord's wish {action['retries']}"
        rows += [(f"action {action['id']}", done), ("", f"{tries}, nonce {action['nonce']}")]
    return [*rows, ("times", timeline_of(story))]


def note_of(story: Json, places: Mapping[int, str], said: str) -> Json:
    """Return what the chat page shows beside a message.

    Args:
        story: as the admin API tells it.
        places: channels by id, as people read them; those of the message and of its actions.
        said: what was written; the note tells when something else was stored.
    """
    tags, message = story["nano_tags"], story["message"]
    rows = [
        ("purpose", tags["purpose"]),
        ("feeling", FEELINGS.get(tags["sentiment"], tags["sentiment"])),
        ("urgency", URGENCIES.get(tags["urgency"], tags["urgency"]) or "none"),
        ("toxicity", f"{tags['toxicity']:.2f}"),
        ("intent", intent_of(story)),
        ("confidence", f"{story['observer']['confidence']:.2f}"),
    ]
    if story["observer"]["rationale"]:
        rows.append(("why", story["observer"]["rationale"]))
    rows += [("plan", plan_of(story))] if story["orchestrator"]["plan"] or is_flagged(story) else []
    rows += [("action", _action(action, places)) for action in story["actions"]]
    if message["content"] != said:
        rows.append(("stored as", message["content"]))
    rows += [("language", story["language"]), ("where", places[_place_of(message)])]
    rows += [("stage", story["stage"]), ("times", timeline_of(story))]
    return {"title": _title(story), "tone": _tone(story), "rows": rows}


def unseen_note(why: str) -> Json:
    """Return what the chat page shows beside a message the bot doesn't have."""
    return {"title": "not observed", "tone": "quiet", "rows": [("why", why)]}


def places_of(story: Json) -> set[int]:
    """Return the ids of the channels that `note_of` names."""
    return {_place_of(story["message"]), *(int(action["channel_id"]) for action in story["actions"])}


def _place_of(message: Json) -> int:
    return int(message["thread_id"] or message["channel_id"])


def _action(action: Json, places: Mapping[int, str]) -> str:
    text = f"{action['kind']} in {places[int(action['channel_id'])]}: {action['status']}"
    if action["detail"]:
        text += f" ({action['detail']})"
    return f"{text}, {action['attempts']} tries" if action["attempts"] > 1 else text


def _title(story: Json) -> str:
    status = story["orchestrator"]["status"]
    if not _is_handled(story):
        return intent_of(story)
    if story["orchestrator"]["reason"] == IN_TICKET:
        return f"{intent_of(story)}: {IN_TICKET}"
    waiting = "acting" if story["stage"] == "act" else "deciding"
    return f"{intent_of(story)}: {OUTCOMES.get(status, waiting) if story['stage'] == 'done' else waiting}"


def _is_handled(story: Json) -> bool:
    """Whether there is more to say than that nothing was asked; what is toxic is handled, too."""
    return is_flagged(story) or story["orchestrator"]["status"] in {"responded", "escalated"}


def _tone(story: Json) -> str:
    if any(action["status"] in GONE_WRONG for action in story["actions"]):
        return "bad"
    return TONES.get(story["orchestrator"]["status"], "info") if _is_handled(story) else "quiet"
