"""Charts fit for print: each `plot_*` draws a frame on Axes, `show` adds its words and alt text.

Figures are 6.3 inches wide. One blue carries the finding, grey the context; tones run from orange
(negative) through grey to blue (positive). Both colours are from Okabe and Ito's palette. Texts
from articles are drawn as written, never read as mathematics.
"""

from __future__ import annotations

import functools
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from xml.sax.saxutils import escape

import matplotlib as mpl
import numpy as np
import pandas as pd
from IPython.display import Image, display
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as MatplotlibPath
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.store import tables

WIDTH = 6.3
ROW = 0.21
DPI = 200
SCREEN_DPI = 100
PANELS = 9
MINIMUM = 5
LABEL_WIDTH = 36
A_FEW_DAYS = pd.Timedelta(days=4)
BLUE, ORANGE = "#0072B2", "#D55E00"
INK, GREY, LIGHT, PALE = "#222222", "#6B6B6B", "#BDBDBD", "#E2E2E2"
DIVERGING = LinearSegmentedColormap.from_list("tone", [ORANGE, "#E6E6E6", BLUE])
SEQUENTIAL = LinearSegmentedColormap.from_list("count", ["#E3EEF5", BLUE])
NOTHING = "Nothing to count in these articles."
TOO_FEW = "Too few to draw: no pair has enough statements."
FONTS = ("DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", "Noto Sans Arabic", "Noto Emoji")
STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titleweight": "normal",
    "axes.labelsize": 7.5,
    "axes.labelcolor": GREY,
    "axes.edgecolor": LIGHT,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 8,
    "xtick.color": LIGHT,
    "xtick.labelcolor": GREY,
    "ytick.color": LIGHT,
    "ytick.labelcolor": INK,
    "ytick.left": False,
    "text.color": INK,
    "text.parse_math": False,
    "svg.hashsalt": "attributed",
    "savefig.facecolor": "white",
}


# ---------------------------------------------------------------------------------------- style


@functools.cache
def _style() -> dict[str, object]:
    known = set(font_manager.get_font_names())
    return {**STYLE, "font.family": [font for font in FONTS if font in known]}


def use_style() -> None:
    """Set this suite's style for charts and tables that a notebook's reader adds.

    The functions of this module bring the style themselves. In tables, texts from articles keep
    their dollar signs: they are not read as mathematics.
    """
    mpl.rcParams.update(_style())
    pd.set_option("display.html.use_mathjax", False)
    pd.set_option("display.max_colwidth", 160)
    pd.set_option("display.precision", 3)


@contextmanager
def _styled() -> Iterator[None]:
    with mpl.rc_context(_style()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        yield


def _plot(function: Callable[..., Axes]) -> Callable[..., Axes]:
    @functools.wraps(function)
    def styled(*args: object, **kwargs: object) -> Axes:
        with _styled():
            return function(*args, **kwargs)

    return styled


def _axes(ax: Axes | None, height: float) -> Axes:
    return ax if ax is not None else _panels(1, 1, height)[0]


def _panels(rows: int, columns: int, height: float, **shared: object) -> list[Axes]:
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.04)
    return list(figure.subplots(rows, columns, squeeze=False, **shared).flat)


def _rows_height(rows: int) -> float:
    return 0.45 + ROW * max(rows, 3)


def _nothing(ax: Axes, sentence: str) -> Axes:
    ax.set_axis_off()
    ax.text(0.5, 0.5, sentence, ha="center", va="center", color=GREY, transform=ax.transAxes)
    return ax


def plain(text: object, width: int = 0) -> str:
    """Put a text on one line without control characters, shortened to `width` if given."""
    kept = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in str(text))
    line = re.sub(" +", " ", kept).strip()
    return line if not width or len(line) <= width else line[: width - 1].rstrip() + "…"


def percent(share: float) -> str:
    """Write a share as a whole percentage; what is neither 0 nor 1 is not rounded to them."""
    if np.isnan(share):
        return "no part"
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _name_rows(ax: Axes, names: Sequence[object], width: int = LABEL_WIDTH) -> None:
    ax.set_yticks(range(len(names)), [plain(name, width) or "(none given)" for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def _write(ax: Axes, x: float, y: float, text: str, **style: object) -> None:
    """Write a value just right of a point, where no line can run through it."""
    ax.annotate(
        text, (x, y), (6, 0), textcoords="offset points", va="center", **{"fontsize": 7.5, **style}
    )


# --------------------------------------------------------------------------------------- shares


@_plot
def plot_shares(
    frame: pd.DataFrame,
    label: str,
    count: str = "articles",
    ax: Axes | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw each row's share as a dot on its interval, the largest at the top.

    Needs share, low and high; `count` is the column whose number stands in brackets. Rows whose
    `n` is below 5 are not drawn and say so.
    """
    rows = frame.sort_values("share", ascending=False, kind="stable")
    ax = _axes(ax, _rows_height(len(rows)))
    if rows["share"].notna().sum() == 0:
        return _nothing(ax, nothing)
    _draw_shares(ax, rows, count)
    _name_rows(ax, rows[label].tolist())
    _percent_axis(ax, rows["high"].max())
    return ax


def _draw_shares(ax: Axes, rows: pd.DataFrame, count: str) -> None:
    places = np.arange(len(rows))
    few = (rows["n"] < MINIMUM).to_numpy() if "n" in rows else np.zeros(len(rows), dtype=bool)
    drawn = ["share", "low", "high"]
    rows = rows.assign(**{name: rows[name].mask(few) for name in drawn})
    ax.hlines(places, rows["low"], rows["high"], color=BLUE, linewidth=1.2, alpha=0.55)
    ax.scatter(rows["share"], places, s=20, color=BLUE, zorder=3, clip_on=False)
    edges = rows["edge"] if "edge" in rows else rows["high"]
    for place, share, edge, number in zip(places, rows["share"], edges, rows[count], strict=True):
        if not np.isnan(share):
            _write(ax, edge, place, f"{percent(share)} ({number:,})")
    for place, n in zip(places[few], rows.loc[few, "n"] if few.any() else [], strict=True):
        _write(ax, 0, place, f"too few to draw (n = {n:,.0f})", color=GREY)


def _percent_axis(ax: Axes, highest: float) -> None:
    ax.set_xlim(-0.02 * min(1.0, highest), min(1.0, highest) * 1.01)
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))


@_plot
def plot_share_panels(
    frame: pd.DataFrame,
    label: str,
    by: str,
    count: str = "articles",
    behind: pd.DataFrame | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw shares in one panel for each `by`, the same rows in the same order in each.

    Rows stand in the order of `behind`, whose shares are drawn in grey behind each panel, or of
    their largest share. The panels' titles give `n` where all rows share it. Returns the first
    panel's Axes.
    """
    drawn = frame.dropna(subset=["share"])
    if drawn.empty:
        return _nothing(_axes(None, _rows_height(0)), nothing)
    order = behind[label] if behind is not None else drawn.groupby(label)["share"].max()
    if behind is None:
        order = order.sort_values(ascending=False, kind="stable").index
    order = list(order)
    groups = [(name, group) for name, group in drawn.groupby(by, sort=True)]
    width = 2 if len(groups) in (2, 4) else min(3, len(groups))
    panels = _small_multiples(len(groups), width, _rows_height(len(order)), sharex=True)
    for place, (ax, (name, group)) in enumerate(zip(panels, groups, strict=False)):
        rows = group.set_index(label).reindex(order)
        if behind is not None:
            ax.scatter(behind["share"], range(len(order)), s=34, color=LIGHT, zorder=1)
            rows["edge"] = np.fmax(rows["high"], behind["share"].to_numpy())
        rows[count] = rows[count].fillna(0).astype(int)
        _draw_shares(ax, rows, count)
        _name_rows(ax, order, 24)
        ax.tick_params(axis="y", labelleft=place % width == 0)
        _percent_axis(ax, drawn["high"].max())
        first = group["n"].iloc[0]
        n = f", n = {first:,}" if (group["n"] == first).all() else ""
        ax.set_title(plain(name, (40 if n else 75) // width) + n)
    return panels[0]


@_plot
def plot_ranked_panels(
    frame: pd.DataFrame,
    label: str,
    by: str,
    top: int = 8,
    count: str = "articles",
    nothing: str = NOTHING,
) -> Axes:
    """Draw the `top` shares of each `by` in a panel of its own, each sorted by itself.

    Returns the first panel's Axes.
    """
    drawn = frame.dropna(subset=["share"])
    if drawn.empty:
        return _nothing(_axes(None, _rows_height(0)), nothing)
    sizes = drawn.groupby(by)[count].sum().sort_values(ascending=False, kind="stable")
    groups = [
        drawn[drawn[by] == name].sort_values("share", ascending=False, kind="stable").head(top)
        for name in sizes.index
    ]
    rows = max(map(len, groups))
    panels = _small_multiples(len(groups), min(2, len(groups)), _rows_height(rows), sharex=True)
    for ax, group in zip(panels, groups, strict=False):
        _draw_shares(ax, group, count)
        _name_rows(ax, group[label].tolist(), 24)
        ax.set_ylim(rows - 0.4, -0.6)
        _percent_axis(ax, drawn["high"].max())
        ax.set_title(plain(group[by].iloc[0], 30))
    return panels[0]


def _small_multiples(wanted: int, columns: int, height: float, **shared: object) -> list[Axes]:
    """Make at most nine panels; when more are wanted the last says how many are not drawn."""
    shown = min(wanted, PANELS)
    rows = -(-shown // columns)
    panels = _panels(rows, columns, rows * (height + 0.12), **shared)
    for spare in panels[shown:]:
        spare.set_axis_off()
    for ax in panels[:shown]:
        ax.tick_params(labelbottom=True)
    if wanted > PANELS:
        _nothing(panels[PANELS - 1], f"{wanted - PANELS + 1} more are in the table")
        return panels[: PANELS - 1]
    return panels[:shown]


@_plot
def plot_corrected(
    frame: pd.DataFrame, label: str, ax: Axes | None = None, nothing: str = NOTHING
) -> Axes:
    """Draw each row's share as the program has it, grey, and below it as corrected, blue.

    Needs the columns of `correction.measure_corrected`, in the order of the rows.
    """
    ax = _axes(ax, _rows_height(len(frame) * 1.4) + 0.12)
    if frame.empty:
        return _nothing(ax, nothing)
    places = np.arange(len(frame))
    sides = (("share", "low", "high", GREY, -0.17, "program"),)
    if frame["corrected"].notna().any():
        ends = ("corrected", "corrected_low", "corrected_high")
        sides += ((*ends, BLUE, 0.17, "corrected"),)
    for share, low, high, colour, shift, _ in sides:
        ax.hlines(places + shift, frame[low], frame[high], color=colour, linewidth=1.2, alpha=0.6)
        ax.scatter(frame[share], places + shift, s=18, color=colour, zorder=3, clip_on=False)
        for place, edge, number in zip(places, frame[high], frame[share], strict=True):
            if not np.isnan(number):
                _write(ax, edge, place + shift, percent(number), color=colour)
    _name_rows(ax, frame[label].tolist())
    _percent_axis(ax, np.nanmax(frame[[side[2] for side in sides]].to_numpy(dtype=float)))
    drawn = ["grey, above: as the program has it", "blue, below: corrected"][: len(sides)]
    ax.set_xlabel("   ".join(drawn), loc="left")
    return ax


@_plot
def plot_alpha(
    frame: pd.DataFrame, label: str = "variable", ax: Axes | None = None, nothing: str = NOTHING
) -> Axes:
    """Draw each variable's alpha on its interval, with lines at .667 and .8 (Krippendorff).

    Where alpha is undefined its `note` stands instead.
    """
    ax = _axes(ax, _rows_height(len(frame)) + 0.12)
    if frame.empty:
        return _nothing(ax, nothing)
    for line in (0.667, 0.8):
        ax.axvline(line, color=PALE, linewidth=1, zorder=0)
    columns = [label, "alpha", "low", "high", "units", "note"]
    for place, row in enumerate(frame[columns].itertuples(index=False, name=None)):
        _, alpha, low, high, units, note = row
        if np.isnan(alpha):
            _write(ax, 0, place, f"{note} (n = {units:,})", color=GREY)
            continue
        ax.hlines(place, max(low, 0), high, color=BLUE, linewidth=1.4, alpha=0.6)
        ax.scatter([max(alpha, 0)], [place], s=22, color=BLUE, zorder=3, clip_on=False)
        _write(ax, 1, place, f"{_signed(alpha, 2).lstrip('+')} (n = {units:,})")
    _name_rows(ax, frame[label].tolist())
    ax.set_xlim(-0.02, 1.01)
    ax.set_xticks([0, 0.25, 0.5, 0.667, 0.8, 1], ["0", ".25", ".5", ".667", ".8", "1"])
    return ax


@_plot
def plot_beside(frame: pd.DataFrame, nothing: str = NOTHING) -> Axes:
    """Draw this program's figures, blue with their interval, beside others' in percent.

    Needs the columns of `accuracy.join_peers`; one line is one measure of one corpus. Other tools
    are grey dots, people an open one; the best tool's figure stands in brackets.
    """
    lines = list(frame.groupby(["corpus", "measure"], sort=False))
    ax = _axes(None, _rows_height(len(lines) * 1.25) + 0.12)
    if not lines:
        return _nothing(ax, nothing)
    for place, (_, rows) in enumerate(lines):
        ours = rows[rows["kind"] == "this program"]
        people = rows[rows["kind"] == "people"]
        tools = rows[rows["kind"].isin(["measured", "published"])]
        ax.scatter(tools["value"], [place] * len(tools), s=16, color=LIGHT, zorder=2)
        ax.scatter(people["value"], [place] * len(people), s=22, facecolor="white", edgecolor=GREY)
        ax.hlines([place] * len(ours), ours["low"], ours["high"], color=BLUE, lw=1.4, alpha=0.6)
        ax.scatter(ours["value"], [place] * len(ours), s=22, color=BLUE, zorder=4)
        told = f"{ours['value'].iloc[0]:.0f}" if len(ours) else ""
        told += f" (best tool {tools['value'].max():.0f})" if len(tools) else ""
        _write(ax, 100, place, told)
    _name_rows(ax, [f"{corpus}, {measure}" for (corpus, measure), _ in lines], 44)
    ax.set_xlim(-2, 101)
    ax.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    return ax


@_plot
def plot_calibration(frame: pd.DataFrame, nothing: str = NOTHING) -> Axes:
    """Draw the share right against confidence, one panel per corpus; returns the first's Axes.

    Needs the columns of `accuracy.measure_calibration`; bins of fewer than 5 are left out.
    """
    groups = [(n, rows[rows["n"] >= MINIMUM]) for n, rows in frame.groupby("corpus", sort=False)]
    if not groups:
        return _nothing(_axes(None, _rows_height(0)), nothing)
    panels = _small_multiples(len(groups), min(3, len(groups)), 1.75, sharex=True, sharey=True)
    for ax, (name, rows) in zip(panels, groups, strict=False):
        ax.plot([0, 1], [0, 1], color=LIGHT, linewidth=1, zorder=0)
        ax.vlines(rows["confidence"], rows["low"], rows["high"], color=BLUE, lw=1.2, alpha=0.55)
        ax.scatter(rows["confidence"], rows["right"], s=18, color=BLUE, zorder=3, clip_on=False)
        ax.set_title(f"{plain(name, 24)}, n = {rows['n'].sum():,}")
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(-0.02, 1.02)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.set_xlabel("confidence; upward: share right", loc="left")
    return panels[0]


# --------------------------------------------------------------------------------------- counts


@_plot
def plot_counts(
    frame: pd.DataFrame,
    label: str,
    value: str,
    highlight: str = "",
    ax: Axes | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw a number of each row as a bar from zero, the largest at the top.

    Where the true-or-false column `highlight` is given, only its rows are blue.
    """
    rows = frame.sort_values(value, ascending=False, kind="stable")
    ax = _axes(ax, _rows_height(len(rows)))
    if rows.empty:
        return _nothing(ax, nothing)
    chosen = rows[highlight] if highlight else pd.Series(True, index=rows.index)
    ax.barh(range(len(rows)), rows[value], height=0.62, color=np.where(chosen, BLUE, LIGHT))
    shared = rows["share"] if "share" in rows else [None] * len(rows)
    for place, (number, share) in enumerate(zip(rows[value], shared, strict=True)):
        _write(ax, number, place, f"{number:,}" + ("" if share is None else f" ({percent(share)})"))
    _name_rows(ax, rows[label].tolist())
    _number_axis(ax, rows[value].max())
    return ax


def _number_axis(ax: Axes, highest: float) -> None:
    ax.set_xlim(0, max(highest, 1) * 1.01)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")


@_plot
def plot_timeline(
    frame: pd.DataFrame,
    by: str,
    time: str = "week",
    value: str = "articles",
    ax: Axes | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw a number over time, one panel for each `by`, the others in grey behind it.

    Returns the first panel's Axes; `ax` is used when there is one panel only.
    """
    wide = frame.pivot_table(index=time, columns=by, values=value, aggfunc="sum")
    if wide.empty:
        return _nothing(_axes(ax, _rows_height(0)), nothing)
    names = wide.sum().sort_values(ascending=False, kind="stable").index
    columns = min(2, len(names))
    alone = ax is not None and len(names) == 1
    panels = (
        [ax] if alone else _small_multiples(len(names), columns, 1.15, sharex=True, sharey=True)
    )
    for ax, name in zip(panels, names, strict=False):
        for other in wide.columns.drop(name):
            ax.plot(wide.index, wide[other], color=PALE, linewidth=1.2, zorder=1)
        ax.plot(wide.index, wide[name], color=BLUE, marker="o", ms=2.6, lw=1.4, clip_on=False)
        ax.set_title(f"{plain(name, 30)}, n = {wide[name].sum():,.0f}")
        ax.set_xlim(wide.index.min() - A_FEW_DAYS, wide.index.max() + A_FEW_DAYS)
        ax.set_ylim(0, wide.to_numpy()[np.isfinite(wide.to_numpy())].max() * 1.08)
        ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        ax.tick_params(axis="y", labelcolor=GREY, labelsize=7.5)
        ax.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))
        ax.xaxis.set_major_formatter(_months(ax))
    return panels[0]


@_plot
def plot_share_timeline(
    frame: pd.DataFrame, by: str, time: str = "month", minimum: int = 5, nothing: str = NOTHING
) -> Axes:
    """Draw a share over time on its interval, one panel for each `by`, the others in grey behind.

    Needs share, low, high and n. Where n is below `minimum` nothing is drawn and the line breaks.
    Returns the first panel's Axes.
    """
    drawn = frame.assign(share=frame["share"].where(frame["n"] >= minimum))
    sizes = drawn.groupby(by)["n"].sum().sort_values(ascending=False, kind="stable")
    if drawn["share"].notna().sum() == 0:
        return _nothing(_axes(None, _rows_height(0)), nothing)
    wide = drawn.pivot_table(index=time, columns=by, values="share", dropna=False)
    columns = min(2, len(sizes))
    panels = _small_multiples(len(sizes), columns, 1.15, sharex=True, sharey=True)
    for ax, name in zip(panels, sizes.index, strict=False):
        for other in wide.columns.drop(name):
            ax.plot(wide.index, wide[other], color=PALE, linewidth=1.2, zorder=1)
        rows = drawn[drawn[by] == name].sort_values(time)
        known = rows["share"].notna()
        ax.vlines(
            rows[time][known], rows["low"][known], rows["high"][known], BLUE, lw=1.2, alpha=0.55
        )
        ax.plot(rows[time], rows["share"], color=BLUE, marker="o", ms=3, lw=1.4, clip_on=False)
        ax.set_title(f"{plain(name, 30)}, n = {sizes[name]:,}")
        ax.set_xlim(wide.index.min() - A_FEW_DAYS, wide.index.max() + A_FEW_DAYS)
        ax.set_ylim(0, min(1.0, drawn["high"].where(drawn["share"].notna()).max() * 1.02))
        ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.tick_params(axis="y", labelcolor=GREY, labelsize=7.5)
        ax.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=6))
        ax.xaxis.set_major_formatter(_months(ax))
    return panels[0]


@_plot
def plot_moves(
    frame: pd.DataFrame, label: str, ax: Axes | None = None, nothing: str = NOTHING
) -> Axes:
    """Draw how far each share moved as a dot on its interval around 0, largest rise at the top.

    Needs moved, low, high, before and now; what moved clearly is blue, the rest grey.
    """
    rows = frame.dropna(subset=["moved"]).sort_values("moved", ascending=False, kind="stable")
    ax = _axes(ax, _rows_height(len(rows)))
    if rows.empty:
        return _nothing(ax, nothing)
    places = np.arange(len(rows))
    colours = np.where((rows["low"] > 0) | (rows["high"] < 0), BLUE, GREY)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    ax.hlines(places, rows["low"], rows["high"], color=colours, linewidth=1.2, alpha=0.55)
    ax.scatter(rows["moved"], places, s=20, color=colours, zorder=3, clip_on=False)
    for place, row in zip(places, rows.itertuples(), strict=True):
        _write(ax, row.high, place, f"{percent(row.before)} to {percent(row.now)}")
    _name_rows(ax, rows[label].tolist())
    reach = max(rows["high"].max(), -rows["low"].min(), 0.01) * 1.02
    ax.set_xlim(-reach, reach)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(lambda move, _: f"{_signed(move * 100, 0)} pts")
    return ax


def _months(ax: Axes) -> ConciseDateFormatter:
    months = ConciseDateFormatter(ax.xaxis.get_major_locator(), show_offset=False)
    months.formats[2] = "%d %b"
    return months


@_plot
def plot_spread(
    frame: pd.DataFrame, value: str, by: str, ax: Axes | None = None, nothing: str = NOTHING
) -> Axes:
    """Draw every row's number as a small dot in the line of its group, the median as a tick."""
    groups = [(name, group[value].dropna()) for name, group in frame.groupby(by, sort=True)]
    groups = [(name, numbers) for name, numbers in groups if len(numbers)]
    ax = _axes(ax, _rows_height(len(groups) * 1.7))
    if not groups:
        return _nothing(ax, nothing)
    highest = max(numbers.max() for _, numbers in groups)
    for place, (_, numbers) in enumerate(groups):
        ax.scatter(numbers, place + _jitter(len(numbers), 0.2), s=9, color=BLUE, alpha=0.45, lw=0)
        median = numbers.median()
        ax.vlines(median, place - 0.32, place + 0.32, color=INK, linewidth=1.6)
        _write(ax, highest, place, f"median {median:,.0f}")
    _name_rows(ax, [f"{plain(name, 28)}, n = {len(numbers):,}" for name, numbers in groups])
    _number_axis(ax, highest * 1.02)
    return ax


def _jitter(number: int, width: float) -> np.ndarray:
    """Spread points evenly without chance: the golden ratio's multiples never bunch."""
    return (np.arange(number) * 0.6180339887 % 1 - 0.5) * 2 * width


@_plot
def plot_voice(
    frame: pd.DataFrame, label: str, ax: Axes | None = None, nothing: str = NOTHING
) -> Axes:
    """Draw for each entity the articles it appears in and the articles it speaks in.

    Needs articles, speaking and words, in the order of the rows; the words spoken are written.
    """
    ax = _axes(ax, _rows_height(len(frame)) + 0.12)
    if frame.empty:
        return _nothing(ax, nothing)
    places = np.arange(len(frame))
    ax.hlines(places, frame["speaking"], frame["articles"], color=LIGHT, linewidth=1.2)
    ax.scatter(frame["articles"], places, s=22, facecolor="white", edgecolor=GREY, zorder=3)
    ax.scatter(frame["speaking"], places, s=22, color=BLUE, zorder=4)
    told = frame[["articles", "speaking", "words"]].itertuples(index=False)
    for place, (articles, speaking, words) in enumerate(told):
        spoken = f", {words:,} words" if words else ""
        _write(ax, articles, place, f"{speaking:,} of {articles:,}{spoken}", color=GREY)
    _name_rows(ax, frame[label].tolist())
    ax.set_xlim(-0.02 * frame["articles"].max(), frame["articles"].max() * 1.01)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.set_xlabel("articles: ● speaks   ○ appears", loc="left")
    return ax


# ----------------------------------------------------------------------------------------- tone


@_plot
def plot_tone(
    frame: pd.DataFrame,
    label: str,
    points: pd.DataFrame | None = None,
    ax: Axes | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw each row's mean tone with its interval around a grey zero, in the order of the rows.

    The mean is orange where the whole interval is negative, blue where it is positive and grey
    where it holds zero. Rows without a tone say that they have too few attributions. `points`
    (rows with `label` and tone) are drawn as small dots: the spread behind the mean.
    """
    ax = _axes(ax, _rows_height(len(frame) * 1.15) + 0.15)
    if frame.empty:
        return _nothing(ax, nothing)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    columns = [label, "tone", "low", "high", "attributions"]
    for place, row in enumerate(frame[columns].itertuples(index=False, name=None)):
        name, tone, low, high, number = row
        if np.isnan(tone):
            _write(ax, 0, place, f"too few to draw (n = {number:,})", color=GREY)
            continue
        if points is not None:
            spread = points.loc[points[label] == name, "tone"].dropna()
            shift = _jitter(len(spread), 0.22)
            ax.scatter(spread, place + shift, s=6, color=LIGHT, lw=0, zorder=1)
        colour = ORANGE if high < 0 else BLUE if low > 0 else GREY
        ax.hlines(place, low, high, color=colour, linewidth=1.6, zorder=2)
        ax.scatter([tone], [place], s=24, color=colour, zorder=3)
        _write(ax, 1, place, f"{_signed(tone, 2)} (n = {number:,})")
    _name_rows(ax, frame[label].tolist())
    ax.set_xlim(-1.02, 1.02)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1 negative", "−0.5", "0", "+0.5", "positive +1"])
    return ax


@_plot
def plot_grid(
    frame: pd.DataFrame,
    row: str,
    column: str,
    value: str,
    count: str = "count",
    diverging: bool = False,
    top: int = 12,
    across: int = 7,
    ax: Axes | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw a number for each pair of `row` and `column` as a shaded cell with its number in it.

    Of the pairs with a value, the `across` columns with the largest `count` are drawn and the
    `top` rows of these. A diverging grid (values from -1 to 1) writes the value and n. A cell
    without a value has too few and shows only its n.
    """
    enough = frame.dropna(subset=[value])
    heads = _largest(enough, column, count, across)
    names = _largest(enough[enough[column].isin(heads)], row, count, top)
    drawn = frame[frame[row].isin(names) & frame[column].isin(heads)]
    ax = _axes(ax, _rows_height(len(names) * 1.25) + 0.25)
    if drawn.empty:
        return _nothing(ax, nothing if frame.empty else TOO_FEW)
    scale = Normalize(-1, 1) if diverging else Normalize(0, max(drawn[value].max(), 1))
    colours = DIVERGING if diverging else SEQUENTIAL
    for place, head, number, n in zip(
        drawn[row].map(names.index),
        drawn[column].map(heads.index),
        drawn[value].astype(float),
        drawn[count],
        strict=True,
    ):
        face = "white" if np.isnan(number) else colours(scale(number))
        edge = LIGHT if np.isnan(number) else "white"
        corner = (head - 0.47, place - 0.46)
        ax.add_patch(Rectangle(corner, 0.94, 0.92, facecolor=face, edgecolor=edge))
        text = f"n = {n:,}" if np.isnan(number) else _cell_text(number, n, diverging)
        ink = GREY if np.isnan(number) else _readable_on(face)
        ax.text(head, place, text, ha="center", va="center", fontsize=7, color=ink)
    _name_cells(ax, names, heads)
    return ax


def _name_cells(ax: Axes, names: list[str], heads: list[str]) -> None:
    """Write the rows' names at the left of a grid and the columns' above it."""
    _name_rows(ax, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(-0.5, max(len(heads), 4) - 0.5)
    width = 12 if len(heads) > 4 else 20
    ax.set_xticks(range(len(heads)), [_fold(head, width) for head in heads])
    ax.tick_params(axis="x", top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.tick_params(axis="x", labelcolor=INK, length=0)
    ax.spines["bottom"].set_visible(False)


@_plot
def plot_target_grid(
    frame: pd.DataFrame,
    row: str = "speaker",
    top: int = 12,
    across: int = 7,
    ax: Axes | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw who speaks how of whom (`attitudes.measure_targets`): rows speak, columns are meant.

    `row` is the column of those who speak. The targets, and of these the speakers, with the most
    judged statements are drawn. A judged cell
    runs from orange (negative) through grey to blue, with its balance and judged statements. A
    cell that abstains is hatched and says why, with its statements; where nothing was said, there
    is no cell.
    """
    heads = _largest(frame, "target", "judged", across)
    names = _largest(frame[frame["target"].isin(heads)], row, "judged", top)
    drawn = frame[frame[row].isin(names) & frame["target"].isin(heads)]
    ax = _axes(ax, _rows_height(len(names) * 1.6) + 0.3)
    if drawn.empty:
        return _nothing(ax, nothing)
    scale = Normalize(-1, 1)
    columns = [row, "target", "balance", "count", "judged", "abstained"]
    for speaker, target, balance, count, judged, why in drawn[columns].itertuples(index=False):
        place, head = names.index(speaker), heads.index(target)
        silent = bool(why)
        face = "white" if silent else DIVERGING(scale(balance))
        hatch = {"hatch": "////", "edgecolor": PALE} if silent else {"edgecolor": "white"}
        corner = (head - 0.47, place - 0.46)
        ax.add_patch(Rectangle(corner, 0.94, 0.92, facecolor=face, linewidth=0.6, **hatch))
        text = f"{why}\nn = {count:,}" if silent else f"{_signed(balance, 1)}\nn = {judged:,}"
        ink = GREY if silent else _readable_on(face)
        text = text.replace("instruments disagree", "split")
        ax.text(head, place, text, ha="center", va="center", fontsize=6.5, color=ink)
    _name_cells(ax, names, heads)
    return ax


@_plot
def plot_instruments(
    frame: pd.DataFrame, label: str, ax: Axes | None = None, nothing: str = NOTHING
) -> Axes:
    """Draw each row's mean tone by each instrument (`attitudes.measure_instruments`).

    The rows come in their order in the frame; instruments are told apart by shape and named in a
    legend. A row has only those instruments that have enough statements.
    """
    names = list(dict.fromkeys(frame[label]))
    instruments = list(dict.fromkeys(frame["instrument"]))
    ax = _axes(ax, _rows_height(len(names) * 1.5) + 0.35)
    if frame["tone"].notna().sum() == 0:
        return _nothing(ax, nothing if frame.empty else "Too few statements to draw.")
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    shifts = np.linspace(-0.24, 0.24, len(instruments))
    for shift, instrument, shape, colour in zip(
        shifts, instruments, ("o", "s", "D"), (GREY, INK, BLUE), strict=False
    ):
        rows = frame[frame["instrument"] == instrument].dropna(subset=["tone"])
        places = rows[label].map(names.index).astype(float) + shift
        ax.hlines(places, rows["low"], rows["high"], color=colour, linewidth=1.1)
        ax.scatter(rows["tone"], places, s=16, marker=shape, color=colour, label=instrument)
    _name_rows(ax, names)
    ax.set_xlim(-1.02, 1.02)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1 negative", "−0.5", "0", "+0.5", "positive +1"])
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, handletextpad=0.2)
    return ax


def _largest(frame: pd.DataFrame, name: str, count: str, most: int) -> list[str]:
    sizes = frame.groupby(name)[count].sum().sort_values(ascending=False, kind="stable")
    return list(sizes.index[:most])


def _cell_text(number: float, n: int, diverging: bool) -> str:
    return f"{_signed(number, 1)} ({n:,})" if diverging else f"{number:,.0f}"


def _signed(number: float, digits: int) -> str:
    written = f"{number:+.{digits}f}"
    return written.replace("-", "−") if float(written) else written[1:]


def _readable_on(face: tuple[float, ...]) -> str:
    """Choose dark or white ink by relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in face[:3]]
    return INK if np.dot(linear, [0.2126, 0.7152, 0.0722]) > 0.22 else "white"


def _fold(text: object, width: int, lines: int = 4) -> str:
    folded = textwrap.wrap(plain(text), width, max_lines=lines, placeholder="…")
    return "\n".join(folded)


# --------------------------------------------------------------------------------------- relays


@_plot
def plot_relays(
    frame: pd.DataFrame,
    value: str = "attributions",
    top: int = 15,
    ax: Axes | None = None,
    nothing: str = NOTHING,
) -> Axes:
    """Draw who speaks through whom: speakers on the left, the outlets that carried them right.

    Needs speaker, relay, relay_ownership and `value`; the `top` pairs with the largest value are
    drawn, and the rest as those of "others". A band is as wide as its number; what went through a
    state's outlet is blue, the rest grey, and every outlet's owner stands beside its name.
    """
    rows = _gather(frame, value, top)
    if rows.empty:
        return _nothing(_axes(ax, _rows_height(0)), nothing)
    outlets = rows.groupby("relay").agg(
        relay_ownership=("relay_ownership", lambda owners: min(owners, key=_known_first)),
        number=(value, "sum"),
    )
    outlets = outlets.sort_values("number", ascending=False, kind="stable").reset_index()
    order = {relay: place for place, relay in enumerate(outlets["relay"])}
    rows = rows.iloc[rows["relay"].map(order).argsort(kind="stable")]
    speakers = list(dict.fromkeys(rows["speaker"]))
    height = max(len(speakers), len(outlets))
    ax = _axes(ax, 0.3 + ROW * 1.15 * max(height, 3))
    left = dict(zip(speakers, _spaced(len(speakers), height), strict=True))
    right = dict(zip(outlets["relay"], _spaced(len(outlets), height), strict=True))
    widest = rows[value].max()
    for speaker, relay, ownership, number in rows[
        ["speaker", "relay", "relay_ownership", value]
    ].itertuples(index=False):
        colour = BLUE if ownership == "state" else LIGHT
        width = 1 + 6 * number / widest
        ax.add_patch(_band(left[speaker], right[relay], width, colour))
    told = rows.groupby("speaker", sort=False)[value].sum()
    for speaker, place in left.items():
        text = f"{plain(speaker, LABEL_WIDTH)}  {told[speaker]:,}"
        ax.text(-0.02, place, text, ha="right", va="center", fontsize=8)
    for relay, ownership, number in outlets.itertuples(index=False):
        text = f"{number:,}  {plain(relay, 30)}{f' ({ownership})' if ownership else ''}"
        ax.text(1.02, right[relay], text, ha="left", va="center", fontsize=8)
    ax.set_xlim(-1.05, 2.05)
    ax.set_ylim(height - 0.4, -0.6)
    ax.set_axis_off()
    return ax


def _gather(frame: pd.DataFrame, value: str, top: int) -> pd.DataFrame:
    """Sum each pair of speaker and relay; the pairs after the first `top` become "others"."""
    keys = ["speaker", "relay", "relay_ownership"]
    rows = frame.groupby(keys, as_index=False)[value].sum()
    rows = rows.sort_values([value, "speaker"], ascending=[False, True])
    shown, rest = rows.head(top), rows.iloc[top:].assign(speaker="others")
    known = rest["relay"].isin(shown["relay"])
    rest = rest.assign(
        relay=rest["relay"].where(known, "other outlets"),
        relay_ownership=rest["relay_ownership"].where(known, ""),
    )
    return pd.concat([shown, rest.groupby(keys, as_index=False)[value].sum()], ignore_index=True)


def _known_first(ownership: str) -> tuple[bool, str]:
    return ownership == "unknown", ownership


def _spaced(number: int, height: int) -> np.ndarray:
    """Spread the shorter of two columns over the height of the longer."""
    step = height / number
    return np.arange(number) * step + (step - 1) / 2


def _band(left: float, right: float, width: float, colour: str) -> PathPatch:
    """Return a curve from the left column to the right one."""
    points = [(0.0, left), (0.45, left), (0.55, right), (1.0, right)]
    path = MatplotlibPath(points, [MatplotlibPath.MOVETO, *[MatplotlibPath.CURVE4] * 3])
    return PathPatch(
        path, fill=False, edgecolor=colour, linewidth=width, alpha=0.75, capstyle="butt"
    )


# ----------------------------------------------------------------------------------------- show


def show(ax: Axes, title: str, note: str, alt: str, name: str = "", out: str | Path = "") -> None:
    """Write a chart's title above it and its note below, display it once with its alt text.

    With `out`, also writes `<out>/<name>.png` and `<out>/<name>.svg`: the same file for the same
    chart, with the alt text inside. Raises ValueError when a chart has no alt text, or is to be
    written without a name.
    """
    if not alt.strip():
        raise ValueError("a chart needs an alt text: its type, its subject, its finding")
    if not _says_n(ax.figure, note):
        raise ValueError("a chart needs its n: write “n = …” into its note")
    if str(out) and not name:
        raise ValueError("a chart that is written to a folder needs a name")
    title, alt = plain(title), plain(alt)
    with _styled():
        figure = ax.figure
        _add_words(figure, title, plain(note))
        figure.draw_without_rendering()  # places everything once, for both files
        figure.set_layout_engine("none")
        picture = BytesIO()
        told = {"Title": title, "Description": alt, "Software": "Attributed"}
        figure.canvas.print_png(picture, metadata=told)
        if str(out):
            tables.write_bytes(picture.getvalue(), Path(out) / f"{name}.png")
            tables.write_text(_to_svg(figure, title, alt), Path(out) / f"{name}.svg")
    width = round(figure.get_figwidth() * SCREEN_DPI)
    display(Image(picture.getvalue(), format="png", width=width, alt=alt))
    figure.clear()


def _says_n(figure: Figure, note: str) -> bool:
    """Whether the note, or a text of every panel that draws something, tells n."""
    panels = [ax for ax in figure.axes if ax.axison]
    told = [[ax.get_title(loc="left"), *(text.get_text() for text in ax.texts)] for ax in panels]
    told = [
        [*texts, *(label.get_text() for label in ax.get_yticklabels())]
        for texts, ax in zip(told, panels, strict=True)
    ]
    return "n = " in note or all(any("n = " in text for text in texts) for texts in told)


def _add_words(figure: Figure, title: str, note: str) -> None:
    width = figure.get_figwidth() - 0.1
    title = _wrap(figure, title, width, fontsize=10, fontweight="bold")
    note = _wrap(figure, note, width, fontsize=7.5)
    lines = 0.2 * (title.count("\n") + 1) + 0.15 * (note.count("\n") + 1)
    figure.set_figheight(figure.get_figheight() + lines)
    figure.suptitle(title, x=0.008, ha="left", fontsize=10, fontweight="bold")
    figure.supxlabel(note, x=0.008, ha="left", fontsize=7.5, color=GREY)


def _wrap(figure: Figure, text: str, inches: float, **style: object) -> str:
    """Break a text into lines that fit, measured in the font that draws it."""
    probe = figure.text(0, 0, "", **style)
    renderer = figure.canvas.get_renderer()
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        probe.set_text(longer)
        if lines[-1] and probe.get_window_extent(renderer).width > inches * figure.dpi:
            lines.append(word)
        else:
            lines[-1] = longer
    probe.remove()
    return "\n".join(lines)


def _to_svg(figure: Figure, title: str, alt: str) -> str:
    written = StringIO()
    FigureCanvasSVG(figure).print_svg(written, metadata={"Title": title, "Date": None})
    head, mark, rest = written.getvalue().partition("</title>")
    return f"{head}{mark}\n <desc>{escape(alt)}</desc>{rest}"
