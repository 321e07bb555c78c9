"""Pictures of figures, by matplotlib, which is imported when one is drawn; without it none is."""

import io
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from bot.abilities import PICTURES, abilities_off
from bot.domain.statistics import Figures
from bot.texts import counted, text

if TYPE_CHECKING:  # none of it is needed where pictures are drawn in a process of their own
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bot.services.statistics.activity import Activity

# Okabe and Ito's palette, which people with any colour vision tell apart, on Discord's dark grey.
BLUE, ORANGE, GREEN, RED, GREY = "#56B4E9", "#E69F00", "#009E73", "#D55E00", "#8E9297"
BACKGROUND, TEXT, LINES = "#2B2D31", "#DBDEE1", "#4E5058"
MAX_LABELS: Final = 5  # on an axis of days
MAX_BARS: Final = 45  # days; more are weeks
FEWEST: Final = 5  # days for which there is room
MAX_CHANNELS: Final = 6
MAX_NAME: Final = 14  # characters of a channel's name
MAX_ALT: Final = 1_024  # characters of a description; Discord refuses more
WEEK: Final = 7
# Inches, small beside the letters: Discord shows a picture at 400 by 300 at the most, a phone at less.
SMALL: Final = (4.8, 3.6)
LARGE: Final = (6.0, 4.5)  # of four charts
DOTS: Final = 160  # per inch

ByDay = Sequence[tuple[date, Figures]]


def why_no_picture() -> str:
    """Return why none can be drawn here, "" where it can; imports nothing."""
    return abilities_off().get(PICTURES, "")


def draw_activity(found: "Activity", names: Sequence[str]) -> bytes:
    """Return a picture (PNG) of messages by day, hour and channel; `names` are those of its channels.

    It takes a second the first time, so call it in a thread, one at a time.
    """
    figure = _figure(LARGE)
    axes = figure.subplots(2, 2)
    _draw_days(axes[0][0], found.by_day)
    _draw_hours(axes[1][0], found.by_hour)
    _draw_channels(axes[0][1], [each.messages for _, each in found.channels], names)
    _draw_feelings(axes[1][1], found.total)
    return _png(figure)


def draw_sentiment(by_day: ByDay) -> bytes:
    """Return a picture (PNG) of the sentiment of the last 7 of some days and of all; in a thread, too."""
    parts = _week_and_all(by_day)
    figure = _figure(SMALL)  # one above the other
    axes = figure.subplots(len(parts), 1, sharey=True, squeeze=False)
    limit = min(1.05, max(0.25, *(abs(each.average) * 1.25 for _, each in by_day)))
    for place, days in enumerate(parts):
        _draw_average(
            axes[place][0], days, text("statistics.chart_sentiment", days=counted(len(days), "day")), limit
        )
    return _png(figure)


def describe_activity(found: "Activity", names: Sequence[str]) -> str:
    """Return what the picture of activity shows, for those who can't see it."""
    busiest = max(found.by_day, key=lambda each: each[1].messages)
    hour = max(range(24), key=lambda each: found.by_hour[each])
    channels = [f"{name} {each.messages:,}" for name, (_, each) in zip(names, found.channels, strict=True)]
    parts = [
        text(
            "statistics.alt_charts",
            count=f"{found.total.messages:,}",
            first=found.days.first,
            last=found.days.last,
        ),
        text("statistics.alt_days", day=busiest[0], count=f"{busiest[1].messages:,}"),
        text("statistics.alt_hours", hour=hour, count=f"{found.by_hour[hour]:,}"),
        text(
            "statistics.alt_channels",
            channels=", ".join(channels[:MAX_CHANNELS]) or text("statistics.alt_none"),
        ),
        _feelings_described(found.total),
    ]
    return " ".join(parts)[:MAX_ALT]


def describe_sentiment(by_day: ByDay) -> str:
    """Return what the picture of sentiment shows, for those who can't see it."""
    parts = []
    for days in _week_and_all(by_day):
        told = [each for each in days if each[1].messages]
        if not told:
            parts.append(text("statistics.alt_nothing", days=counted(len(days), "day")))
            continue
        total = sum((each for _, each in told), Figures())
        low, high = (pick(told, key=lambda each: each[1].average) for pick in (min, max))
        parts.append(
            text(
                "statistics.alt_sentiment",
                days=counted(len(days), "day"),
                average=f"{total.average:+.2f}",
                low=f"{low[1].average:+.2f}",
                low_day=low[0],
                high=f"{high[1].average:+.2f}",
                high_day=high[0],
            )
        )
    return " ".join(parts)[:MAX_ALT]


def _week_and_all(by_day: ByDay) -> list[ByDay]:
    """Return the last week and all days; only these where there are no more."""
    return [by_day[-WEEK:], by_day] if len(by_day) > WEEK else [by_day]


def _feelings_described(total: Figures) -> str:
    shares = [f"{name} {total.share(part):.0%}" for name, part, _ in _feelings(total)]
    return text("statistics.alt_feelings", shares=", ".join(shares))


def _feelings(total: Figures) -> list[tuple[str, int, str]]:
    return [
        (text("statistics.chart_positive"), total.positive, BLUE),
        (text("statistics.chart_neutral"), total.neutral, GREY),
        (text("statistics.chart_negative"), total.negative, ORANGE),
    ]


def _figure(size: tuple[float, float]) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)  # inches
    figure = Figure(figsize=size, dpi=DOTS, facecolor=BACKGROUND, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def _png(figure: "Figure") -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=BACKGROUND, metadata={"Software": None})
    return file.getvalue()


def _draw_days(axes: "Axes", by_day: ByDay) -> None:
    weekly = len(by_day) > MAX_BARS
    _style(axes, text("statistics.chart_weeks") if weekly else text("statistics.chart_days"))
    if weekly:  # the newest day ends a whole week; what is left over at the beginning is no week
        start = len(by_day) % WEEK
        weeks = [by_day[place : place + WEEK] for place in range(start, len(by_day), WEEK)]
        by_day = [(week[0][0], sum((each for _, each in week), Figures())) for week in weeks]
    axes.bar(range(len(by_day)), [each.messages for _, each in by_day], 0.8, color=BLUE)
    _count_on(axes.yaxis)
    _show_days(axes, [day for day, _ in by_day])


def _draw_hours(axes: "Axes", by_hour: Sequence[int]) -> None:
    _style(axes, text("statistics.chart_hours"))
    axes.bar(range(24), by_hour, 0.8, color=GREEN)
    axes.set_xticks(range(0, 24, 6), [f"{hour:02}:00" for hour in range(0, 24, 6)])
    axes.set_xlim(-0.7, 23.7)
    _count_on(axes.yaxis)


def _draw_channels(axes: "Axes", counts: Sequence[int], names: Sequence[str]) -> None:
    shown = [_short(name) for name in names[:MAX_CHANNELS]]
    title = text("statistics.chart_channels") if shown else text("statistics.chart_no_channels")
    _style(axes, title, grid="x")
    places = range(len(shown))
    bars = axes.barh(places, counts[: len(shown)], color=BLUE)
    axes.set_yticks(list(places), shown, parse_math=False)
    axes.bar_label(bars, [f"{count:,}" for count in counts[: len(shown)]], padding=4, color=TEXT, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, max(*counts, 1, 1) * 1.2)
    _count_on(axes.xaxis)


def _draw_feelings(axes: "Axes", total: Figures) -> None:
    _style(axes, "Sentiment", grid="x")
    parts = _feelings(total)
    bars = axes.barh([name for name, _, _ in parts], [total.share(part) for _, part, _ in parts])
    for bar, (_, _, colour) in zip(bars, parts, strict=True):
        bar.set_color(colour)
    axes.bar_label(
        bars, [f"{total.share(part):.0%}" for _, part, _ in parts], padding=4, color=TEXT, fontsize=8
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])


def _draw_average(axes: "Axes", by_day: ByDay, title: str, limit: float) -> None:
    _style(axes, title)
    axes.axhline(0, color=GREY, linewidth=1)
    places = [place for place, (_, each) in enumerate(by_day) if each.messages]
    averages = [by_day[place][1].average for place in places]
    axes.plot(places, averages, color=BLUE, marker="o", markersize=3.5, linewidth=1.5)
    axes.fill_between(places, averages, 0, color=BLUE, alpha=0.15, linewidth=0)
    axes.set_ylim(-limit, limit)
    axes.locator_params(axis="y", nbins=4)
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:+.1f}" if round(value, 1) else "0")
    if not places:
        axes.set_title(f"{title}: no messages", color=TEXT, fontsize=9, loc="left")
    _show_days(axes, [day for day, _ in by_day])


def _show_days(axes: "Axes", days: Sequence[date]) -> None:
    step = max(1, -(-len(days) // MAX_LABELS))
    places = range(0, len(days), step)
    axes.set_xticks(list(places), [f"{days[place]:%d %b}" for place in places])
    spare = max(0, FEWEST - len(days)) / 2  # so that one day is no wall
    axes.set_xlim(-0.7 - spare, len(days) - 0.3 + spare)


def _short(name: str) -> str:
    """Return a name as the picture's font has it: other characters would be boxes."""
    plain = "".join(letter for letter in name if letter.isprintable() and ord(letter) < _LAST_DRAWN)
    plain = "#" + plain.lstrip("#").strip("-_ |")
    if plain == "#":
        return "(other letters)"
    return plain if len(plain) <= MAX_NAME else plain[: MAX_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


_LAST_DRAWN: Final = 0x0530  # DejaVu Sans has Latin, Greek and Cyrillic


def _style(axes: "Axes", title: str, grid: Any = "y") -> None:
    axes.set_title(title, color=TEXT, fontsize=9, loc="left")
    axes.set_facecolor(BACKGROUND)
    axes.tick_params(colors=TEXT, labelsize=8, length=0)
    axes.grid(axis=grid, color=LINES, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _count_on(axis: Any) -> None:
    """Label an axis with a few whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    axis.set_major_formatter(lambda value, _place: f"{value:,.0f}")
