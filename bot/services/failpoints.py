"""Named points of the road at which a crash harness can kill the process; nothing happens otherwise.

`LOOKOUT_FAIL_POINT=name` (or `name:3` for the third time it is passed) makes the process kill itself there.
"""

import os
import signal

FAIL_POINTS = (
    "ingest.before_commit",
    "ingest.in_edit",  # an edit is written, not yet committed
    "ingest.in_erase",  # a deletion likewise
    "ingest.after_commit",
    "observer.after_refine",  # judged again, nothing written yet
    "observer.before_commit",
    "observer.after_commit",
    "plan.before_commit",
    "plan.after_commit",
    "resume.after_claim",  # killed before, and now again while taking it up
    "action.before_send",
    "action.after_send",  # posted, not yet recorded
    "action.after_record",
    "action.between",  # staff told, member not yet
    "owner.before_commit",  # a reply was forbidden: about to tell the owner
    "owner.after_commit",
    "signal.after_finish",
    "gap.after_open",
    "gap.in_page",  # a page is stored, not yet noted as read
    "gap.after_page",
    "gap.before_close",
    "judging.after_answer",  # a language model was asked, nothing written yet
    "reply.after_write",  # a language model wrote the reply, its action is not inserted yet
)
TICKET_FAIL_POINTS = (
    "ticket.after_row",  # written down, no thread yet
    "ticket.before_card",  # a private thread is made, and empty
    "ticket.after_thread",  # made, not yet recorded
    "hearing.before_commit",
    "hearing.after_commit",  # a message is stored, nobody has begun to answer it
    "answer.after_decide",  # what is to be said is written down, not said
    "answer.after_post",  # said, not yet recorded
    "handover.after_commit",  # left to staff, who don't know
    "handover.before_call",  # the turn to ping is taken
    "handover.after_call",  # called, not yet recorded
    "closing.after_commit",  # closed, and nobody told
    "closing.before_show",  # rated or about to be; its thread is still open
    "delivery.after_begin",  # its row is there, its post is not
    "delivery.after_post",  # posted, not yet recorded
    "closing.before_end",  # all is delivered, not yet noted as done
)
SUMMARY_FAIL_POINTS = (
    "summary.after_begin",  # its run is there, nothing is made
    "summary.after_make",  # made, not yet stored
    "summary.after_keep",  # stored, not posted
    "summary.after_row",  # a message's row is there, the message is not
    "summary.after_post",  # posted, not yet recorded
    "alarm.after_row",  # what staff are told of a fall in sentiment, likewise
    "alarm.after_post",
    "summary.before_finish",  # all is posted, not yet noted as done
)
ALERT_FAIL_POINTS = (
    "nudge.after_row",  # a call to helpers is begun
    "nudge.after_post",  # posted, not yet recorded
    "incident.after_open",  # found, staff don't know
    "incident.after_post",  # posted, not yet recorded
    "incident.after_edit",  # staff's message has grown, not yet recorded
)

ASIDE_FAIL_POINTS = (  # beside the main road
    "suggestion.after_decide",  # staff want it posted: written down, not begun
    "suggestion.after_dismiss",  # staff don't want it posted, and its card doesn't tell
    "suggestion.after_settle",  # posted, and noted; its card doesn't tell
    "suggestion.after_show",  # its card tells it, not yet recorded
    "summons.after_row",  # a member called, nothing is done about it
    "summons.after_read",  # the message is stored
    "summons.after_commit",  # it is to be judged anew, nobody does
    "leak.before_row",  # a secret was cut out of what is stored, and nothing else is written down
    "leak.after_row",  # a warning is begun
)

_armed, _, _nth = os.environ.get("LOOKOUT_FAIL_POINT", "").partition(":")
_left = int(_nth or 1)


def fail_point(name: str) -> None:
    """Kill the process when the environment asks for it at `name`."""
    if _armed == name:
        _count_down()


def _count_down() -> None:
    global _left  # noqa: PLW0603  (armed once per process, from its environment)
    _left -= 1
    if _left == 0:
        os.write(2, f"killed at {_armed}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
