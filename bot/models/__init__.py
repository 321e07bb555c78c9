"""SQLModel tables by topic; importing the package registers them all."""

from bot.models.action import LEAK_PREFIX, Action, ActionStatus
from bot.models.alert import AlertSettings, Incident, IncidentReport, IncidentStatus, Nudge
from bot.models.delivery import DeliveryKind, DeliveryStatus, TicketDelivery
from bot.models.error import ErrorRecord
from bot.models.feedback import Feedback, FeedbackKind, Giver, Verdict
from bot.models.gap import Gap
from bot.models.guild import AutoReply, Channel, Guild, Member, Watch, WatchDefault
from bot.models.kv import KeyValue
from bot.models.llm_call import LlmCall
from bot.models.plugin import PluginGuild, PluginState, PluginValue
from bot.models.privacy import OptOut
from bot.models.question import Outcome, Question
from bot.models.setting import SettingChange
from bot.models.signal import SignalRecord
from bot.models.statistics import (
    CountedMessage,
    DailyChannelStatistics,
    DailyUserStatistics,
    HourlyChannelStatistics,
    MessageReaction,
    MonthlyUserStatistics,
    StatisticsMark,
)
from bot.models.suggestion import Suggestion, SuggestionState
from bot.models.summary import (
    NoteKind,
    Summary,
    SummaryFeedback,
    SummaryKind,
    SummaryNote,
    SummaryPart,
    SummarySource,
    SummaryTopic,
)
from bot.models.summary_run import RunStatus, SummaryPost, SummaryRun, SummarySettings
from bot.models.summons import Summons, SummonsState
from bot.models.ticket import Ticket, TicketCategory, TicketEvent, TicketMessage, TicketSettings
from bot.models.ticket_draft import TicketDraft
from bot.models.training import ChangeKind, TrainingChange, TrainingEntry, TrainingPhrasing

__all__ = [
    "LEAK_PREFIX",
    "Action",
    "ActionStatus",
    "AlertSettings",
    "AutoReply",
    "ChangeKind",
    "Channel",
    "CountedMessage",
    "DailyChannelStatistics",
    "DailyUserStatistics",
    "DeliveryKind",
    "DeliveryStatus",
    "ErrorRecord",
    "Feedback",
    "FeedbackKind",
    "Gap",
    "Giver",
    "Guild",
    "HourlyChannelStatistics",
    "Incident",
    "IncidentReport",
    "IncidentStatus",
    "KeyValue",
    "LlmCall",
    "Member",
    "MessageReaction",
    "MonthlyUserStatistics",
    "NoteKind",
    "Nudge",
    "OptOut",
    "Outcome",
    "PluginGuild",
    "PluginState",
    "PluginValue",
    "Question",
    "RunStatus",
    "SettingChange",
    "SignalRecord",
    "StatisticsMark",
    "Suggestion",
    "SuggestionState",
    "Summary",
    "SummaryFeedback",
    "SummaryKind",
    "SummaryNote",
    "SummaryPart",
    "SummaryPost",
    "SummaryRun",
    "SummarySettings",
    "SummarySource",
    "SummaryTopic",
    "Summons",
    "SummonsState",
    "Ticket",
    "TicketCategory",
    "TicketDelivery",
    "TicketDraft",
    "TicketEvent",
    "TicketMessage",
    "TicketSettings",
    "TrainingChange",
    "TrainingEntry",
    "TrainingPhrasing",
    "Verdict",
    "Watch",
    "WatchDefault",
]
