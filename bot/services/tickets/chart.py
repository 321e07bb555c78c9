"""A picture of ticket statistics, by matplotlib, which is imported when one is drawn; without it none is."""

import io
from typing import TYPE_CHECKING, Any, Final

from bot.abilities import PICTURES, abilities_off
from bot.services.tickets.statistics import TicketStatistics
from bot.texts import text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which people with any colour vision tell apart, on Discord's dark grey.
BLUE, ORANGE, GREEN, GREY = "#56B4E9", "#E69F00", "#009E73", "#8E9297"
BACKGROUND, TEXT, LINES = "#2B2D31", "#DBDEE1", "#4E5058"
ANSWERERS: Final = ("training", "llm", "staff", None)  # who answers first, None for nobody yet
MINUTE, HOUR = 60, 3_600  # seconds
DAY = 24 * HOUR
MAX_LABELS: Final = 7  # on an axis of days
MAX_BARS: Final = 45  # days; lines show more
MAX_ALT: Final = 1_024  # characters of a description; Discord refuses more


def why_no_picture() -> str:
    """Return why none can be drawn here, "" where it can; imports nothing."""
    return abilities_off().get(PICTURES, "")


def draw(found: TicketStatistics) -> bytes:
    """Return the picture, a PNG; takes a second the first time, so call it in a thread, one at a time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)  # inches
    figure = Figure(figsize=(10, 6.4), dpi=110, facecolor=BACKGROUND, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2, gridspec_kw={"width_ratios": (3, 2)})
    _draw_counts(axes[0][0], found)
    _draw_durations(axes[1][0], found)
    _draw_answerers(axes[0][1], found)
    _draw_ratings(axes[1][1], found)
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=BACKGROUND, metadata={"Software": None})
    return file.getvalue()


def describe(found: TicketStatistics) -> str:
    """Return what the picture shows, for those who can't see it."""
    first, last = found.days[0].date, found.days[-1].date
    busiest = max(found.days, key=lambda day: day.opened)
    answered = [
        text("ticket_statistics.alt_answerer", count=found.answered_by.get(key, 0), who=answerer(key))
        for key in ANSWERERS
    ]
    ratings = [
        text("ticket_statistics.alt_stars", count=found.ratings.get(stars, 0), stars=stars)
        for stars in range(1, 6)
    ]
    parts = [
        text("ticket_statistics.alt", first=first, last=last),
        text(
            "ticket_statistics.alt_opened",
            opened=found.total.opened,
            day=busiest.date,
            count=busiest.opened,
        ),
        _described(text("ticket_statistics.alt_answer"), found.response.median, found.response.p90),
        _described(text("ticket_statistics.alt_solved"), found.resolution.median, found.resolution.p90),
        text("ticket_statistics.alt_answered", by=", ".join(answered)),
        text("ticket_statistics.alt_ratings", ratings=", ".join(ratings)),
    ]
    return " ".join(parts)[:MAX_ALT]


def answerer(key: str | None) -> str:
    """Return in words who answered first."""
    return text(f"ticket_statistics.by_{key}") if key else text("ticket_statistics.by_nobody")


def duration(seconds: float) -> str:
    """Return a duration as people say it: "45 s", "12 min", "3.5 h", "2.1 days"."""
    if 0 < seconds < 1:
        return text("ticket_statistics.duration_short")
    if seconds < MINUTE:
        return text("ticket_statistics.duration_seconds", count=f"{seconds:.0f}")
    if seconds < HOUR:
        return text("ticket_statistics.duration_minutes", count=f"{seconds / MINUTE:.0f}")
    if seconds < 2 * DAY:
        return text("ticket_statistics.duration_hours", count=f"{seconds / HOUR:.3g}")
    return text("ticket_statistics.duration_days", count=f"{seconds / DAY:.3g}")


def _described(name: str, median: float | None, p90: float | None) -> str:
    if median is None or p90 is None:
        return text("ticket_statistics.alt_none", what=name)
    return text("ticket_statistics.alt_spread", what=name, median=duration(median), most=duration(p90))


def _draw_counts(axes: "Axes", found: TicketStatistics) -> None:
    _style(axes, text("ticket_statistics.chart_counts"))
    places = range(len(found.days))
    opened, solved = [day.opened for day in found.days], [day.solved for day in found.days]
    if len(found.days) > MAX_BARS:
        axes.plot(places, opened, color=BLUE, label=text("ticket_statistics.chart_opened"), linewidth=1.2)
        axes.plot(
            places,
            solved,
            color=ORANGE,
            label=text("ticket_statistics.chart_solved"),
            linewidth=1.2,
            linestyle="--",
        )
    else:
        axes.bar(
            [place - 0.2 for place in places],
            opened,
            0.4,
            color=BLUE,
            label=text("ticket_statistics.chart_opened"),
        )
        axes.bar(
            [place + 0.2 for place in places],
            solved,
            0.4,
            color=ORANGE,
            label=text("ticket_statistics.chart_solved"),
            hatch="//",
        )
    axes.set_ylim(0, max(*opened, *solved, 1) * 1.1)
    axes.yaxis.set_major_locator(_whole_numbers())
    _show_days(axes, found)


def _draw_durations(axes: "Axes", found: TicketStatistics) -> None:
    _style(axes, text("ticket_statistics.chart_durations"))
    rows: list[tuple[str, list[float | None], dict[str, Any]]] = [
        (
            text("ticket_statistics.chart_answer"),
            [day.response.median for day in found.days],
            {"color": BLUE},
        ),
        (
            text("ticket_statistics.chart_solved"),
            [day.resolution.median for day in found.days],
            {"color": ORANGE, "linestyle": "--"},
        ),
    ]
    marker = "" if len(found.days) > MAX_BARS else "o"
    for name, seconds, look in rows:
        known = [(place, max(each, 1)) for place, each in enumerate(seconds) if each is not None]
        if known:
            axes.plot(
                *zip(*known, strict=True), label=name, marker=marker, markersize=4, linewidth=1.5, **look
            )
    if axes.lines:
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(_no_ticks())
        low, high = axes.get_ylim()
        ticks: list[float] = [1, 10, MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY, 30 * DAY]
        shown = [tick for tick in ticks if low / 2 <= tick <= high * 2] or [low, high]
        axes.set_yticks(shown, [duration(tick) for tick in shown])
    _show_days(axes, found)


def _draw_answerers(axes: "Axes", found: TicketStatistics) -> None:
    _style(axes, text("ticket_statistics.chart_answerers"), grid="x")
    counts = [found.answered_by.get(key, 0) for key in ANSWERERS]
    bars = axes.barh([answerer(key) for key in ANSWERERS], counts, color=[GREEN, ORANGE, BLUE, GREY])
    axes.bar_label(bars, padding=4, color=TEXT, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, max(*counts, 1) * 1.15)
    axes.xaxis.set_major_locator(_whole_numbers())


def _draw_ratings(axes: "Axes", found: TicketStatistics) -> None:
    _style(
        axes,
        text("ticket_statistics.ratings") if found.ratings else text("ticket_statistics.chart_no_ratings"),
    )
    counts = [found.ratings.get(stars, 0) for stars in range(1, 6)]
    bars = axes.bar([str(stars) for stars in range(1, 6)], counts, color=GREEN)
    axes.bar_label(bars, padding=2, color=TEXT, fontsize=9)
    axes.set_ylim(0, max(*counts, 1) * 1.15)
    axes.yaxis.set_major_locator(_whole_numbers())


def _show_days(axes: "Axes", found: TicketStatistics) -> None:
    step = -(-len(found.days) // MAX_LABELS)
    places = range(0, len(found.days), step)
    axes.set_xticks(list(places), [f"{found.days[place].date:%d %b}" for place in places])
    axes.set_xlim(-0.7, len(found.days) - 0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            fontsize=8, frameon=False, labelcolor=TEXT, ncols=2, loc="lower right", bbox_to_anchor=(1, 1),
            borderaxespad=0,
        )  # fmt: skip


def _style(axes: "Axes", title: str, grid: Any = "y") -> None:
    axes.set_title(title, color=TEXT, fontsize=11, loc="left")
    axes.set_facecolor(BACKGROUND)
    axes.tick_params(colors=TEXT, labelsize=8, length=0)
    axes.grid(axis=grid, color=LINES, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=6, integer=True, min_n_ticks=1)
