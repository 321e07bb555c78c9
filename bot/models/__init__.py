"""SQLModel tables by topic; importing the package registers them all."""

from bot.models.action import Action, ActionStatus
from bot.models.feedback import Feedback, FeedbackKind, Giver, Verdict
from bot.models.gap import Gap
from bot.models.guild import AutoReply, Channel, Guild, Member, Watch
from bot.models.kv import KeyValue
from bot.models.llm_call import LlmCall
from bot.models.signal import SignalRecord

__all__ = [
    "Action",
    "ActionStatus",
    "AutoReply",
    "Channel",
    "Feedback",
    "FeedbackKind",
    "Gap",
    "Giver",
    "Guild",
    "KeyValue",
    "LlmCall",
    "Member",
    "SignalRecord",
    "Verdict",
    "Watch",
]
