"""Charts of shares and counts, side by side and over time: each draws a frame on Axes.

`drawing` gives them their style and their words. Each `plot_*` returns Axes and leaves the frame
as it is; of nothing it draws a sentence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.show.drawing import (
    BLUE,
    CLUSTERS,
    GREY,
    INK,
    LIGHT,
    MINIMUM,
    NOTHING,
    PALE,
    jitter,
    make_axes,
    name_rows,
    number_axis,
    percent,
    percent_axis,
    plain,
    plot,
    rows_height,
    say_nothing,
    signed,
    small_multiples,
    write_beside,
)

A_FEW_DAYS = pd.Timedelta(days=4)


@plot("Dot chart", "{lines}")
def plot_shares(
    frame: pd.DataFrame,
    label: str,
    count: str = "articles",
) -> Axes:
    """Draw each row's share as a dot on its interval, the largest at the top.

    Needs share, low and high; `count` is the column whose number stands in brackets. Rows whose
    `n` is below 5 are not drawn and say so.
    """
    rows = frame.sort_values("share", ascending=False, kind="stable")
    ax = make_axes(rows_height(len(rows)))
    if rows["share"].notna().sum() == 0:
        return say_nothing(ax, NOTHING)
    _draw_shares(ax, rows, count)
    name_rows(ax, rows[label].tolist())
    percent_axis(ax, rows["high"].max())
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
            write_beside(ax, edge, place, f"{percent(share)} ({number:,})")
    for place, n in zip(places[few], rows.loc[few, "n"] if few.any() else [], strict=True):
        write_beside(ax, 0, place, f"too few to draw (n = {n:,.0f})", color=GREY)


@plot("Dot charts, one panel for each {by}", "{lines}{grey}")
def plot_share_panels(
    frame: pd.DataFrame,
    label: str,
    by: str,
    count: str = "articles",
    behind: pd.DataFrame | None = None,
) -> Axes:
    """Draw shares in one panel for each `by`, the same rows in the same order in each.

    Rows stand in the order of `behind`, whose shares are drawn in grey behind each panel, or of
    their largest share. The panels' titles give `n` where all rows share it. Returns the first
    panel's Axes.
    """
    drawn = frame.dropna(subset=["share"])
    if drawn.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    order = behind[label] if behind is not None else drawn.groupby(label)["share"].max()
    if behind is None:
        order = order.sort_values(ascending=False, kind="stable").index
    order = list(order)
    groups = [(name, group) for name, group in drawn.groupby(by, sort=True)]
    width = 2 if len(groups) in (2, 4) else min(3, len(groups))
    panels = small_multiples(len(groups), width, rows_height(len(order)), sharex=True)
    for place, (ax, (name, group)) in enumerate(zip(panels, groups, strict=False)):
        rows = group.set_index(label).reindex(order)
        if behind is not None:
            ax.scatter(behind["share"], range(len(order)), s=34, color=LIGHT, zorder=1)
            rows["edge"] = np.fmax(rows["high"], behind["share"].to_numpy())
        rows[count] = rows[count].fillna(0).astype(int)
        _draw_shares(ax, rows, count)
        name_rows(ax, order, 24)
        ax.tick_params(axis="y", labelleft=place % width == 0)
        percent_axis(ax, drawn["high"].max())
        first = group["n"].iloc[0]
        n = f", n = {first:,}" if (group["n"] == first).all() else ""
        ax.set_title(plain(name, (40 if n else 75) // width) + n)
    return panels[0]


@plot("Dot charts, one panel for each {by}", "{lines}")
def plot_ranked_panels(
    frame: pd.DataFrame,
    label: str,
    by: str,
    top: int = 8,
    count: str = "articles",
) -> Axes:
    """Draw the `top` shares of each `by` in a panel of its own, each sorted by itself.

    Returns the first panel's Axes.
    """
    drawn = frame.dropna(subset=["share"])
    if drawn.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    sizes = drawn.groupby(by)[count].sum().sort_values(ascending=False, kind="stable")
    groups = [
        drawn[drawn[by] == name].sort_values("share", ascending=False, kind="stable").head(top)
        for name in sizes.index
    ]
    rows = max(map(len, groups))
    panels = small_multiples(len(groups), min(2, len(groups)), rows_height(rows), sharex=True)
    for ax, group in zip(panels, groups, strict=False):
        _draw_shares(ax, group, count)
        name_rows(ax, group[label].tolist(), 24)
        ax.set_ylim(rows - 0.4, -0.6)
        percent_axis(ax, drawn["high"].max())
        ax.set_title(plain(group[by].iloc[0], 30))
    return panels[0]


@plot("Dot chart of shares as counted and as corrected", CLUSTERS)
def plot_corrected(frame: pd.DataFrame, label: str) -> Axes:
    """Draw each row's share as the program has it, grey, and below it as corrected, blue.

    Needs the columns of `correction.measure_corrected`, in the order of the rows.
    """
    ax = make_axes(rows_height(len(frame) * 1.4) + 0.12)
    if frame.empty:
        return say_nothing(ax, NOTHING)
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
                write_beside(ax, edge, place + shift, percent(number), color=colour)
    name_rows(ax, frame[label].tolist())
    percent_axis(ax, np.nanmax(frame[[side[2] for side in sides]].to_numpy(dtype=float)))
    drawn = ["grey, above: as the program has it", "blue, below: corrected"][: len(sides)]
    ax.set_xlabel("   ".join(drawn), loc="left")
    return ax


@plot(
    "Dot chart of Krippendorff's alpha",
    "Lines are 95% intervals, articles resampled; grey: .667 and .8.",
)
def plot_alpha(frame: pd.DataFrame, label: str = "variable") -> Axes:
    """Draw each variable's alpha on its interval, with lines at .667 and .8 (Krippendorff).

    Where alpha is undefined its `note` stands instead.
    """
    ax = make_axes(rows_height(len(frame)) + 0.12)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    for line in (0.667, 0.8):
        ax.axvline(line, color=PALE, linewidth=1, zorder=0)
    columns = [label, "alpha", "low", "high", "units", "note"]
    for place, row in enumerate(frame[columns].itertuples(index=False, name=None)):
        _, alpha, low, high, units, note = row
        if np.isnan(alpha):
            write_beside(ax, 0, place, f"{note} (n = {units:,})", color=GREY)
            continue
        ax.hlines(place, max(low, 0), high, color=BLUE, linewidth=1.4, alpha=0.6)
        ax.scatter([max(alpha, 0)], [place], s=22, color=BLUE, zorder=3, clip_on=False)
        write_beside(ax, 1, place, f"{signed(alpha, 2).lstrip('+')} (n = {units:,})")
    name_rows(ax, frame[label].tolist())
    ax.set_xlim(-0.02, 1.01)
    ax.set_xticks([0, 0.25, 0.5, 0.667, 0.8, 1], ["0", ".25", ".5", ".667", ".8", "1"])
    return ax


@plot(
    "Dot chart of accuracy beside that of others",
    "Blue: this program with 95% intervals; grey dots: other tools; open: people.",
)
def plot_beside(frame: pd.DataFrame, nothing: str = NOTHING) -> Axes:
    """Draw this program's figures, blue with their interval, beside others' in percent.

    Needs the columns of `accuracy.join_peers`; one line is one measure of one corpus. Other tools
    are grey dots, people an open one; the best tool's figure stands in brackets.
    """
    lines = list(frame.groupby(["corpus", "measure"], sort=False))
    ax = make_axes(rows_height(len(lines) * 1.25) + 0.12)
    if not lines:
        return say_nothing(ax, nothing)
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
        write_beside(ax, 100, place, told)
    name_rows(ax, [f"{corpus}, {measure}" for (corpus, measure), _ in lines], 44)
    ax.set_xlim(-2, 101)
    ax.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    return ax


@plot(
    "Charts of the share right against confidence",
    "In bins of confidence. Lines are 95% Wilson intervals.",
)
def plot_calibration(frame: pd.DataFrame, nothing: str = NOTHING) -> Axes:
    """Draw the share right against confidence, one panel per corpus; returns the first's Axes.

    Needs the columns of `accuracy.measure_calibration`; bins of fewer than 5 are left out.
    """
    groups = [(n, rows[rows["n"] >= MINIMUM]) for n, rows in frame.groupby("corpus", sort=False)]
    if not groups:
        return say_nothing(make_axes(rows_height(0)), nothing)
    panels = small_multiples(len(groups), min(3, len(groups)), 1.75, sharex=True, sharey=True)
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


@plot("Bar chart", "{blue}")
def plot_counts(
    frame: pd.DataFrame,
    label: str,
    value: str,
    highlight: str = "",
) -> Axes:
    """Draw a number of each row as a bar from zero, the largest at the top.

    Where the true-or-false column `highlight` is given, only its rows are blue.
    """
    rows = frame.sort_values(value, ascending=False, kind="stable")
    ax = make_axes(rows_height(len(rows)))
    if rows.empty:
        return say_nothing(ax, NOTHING)
    chosen = rows[highlight] if highlight else pd.Series(True, index=rows.index)
    ax.barh(range(len(rows)), rows[value], height=0.62, color=np.where(chosen, BLUE, LIGHT))
    shared = rows["share"] if "share" in rows else [None] * len(rows)
    for place, (number, share) in enumerate(zip(rows[value], shared, strict=True)):
        write_beside(
            ax, number, place, f"{number:,}" + ("" if share is None else f" ({percent(share)})")
        )
    name_rows(ax, rows[label].tolist())
    number_axis(ax, rows[value].max())
    return ax


@plot("Line charts, one panel for each {by}", "Grey: the others.")
def plot_timeline(
    frame: pd.DataFrame,
    by: str,
    time: str = "week",
    value: str = "articles",
) -> Axes:
    """Draw a number over time, one panel for each `by`, the others in grey behind it.

    Returns the first panel's Axes.
    """
    wide = frame.pivot_table(index=time, columns=by, values=value, aggfunc="sum")
    if wide.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    names = wide.sum().sort_values(ascending=False, kind="stable").index
    columns = min(2, len(names))
    panels = small_multiples(len(names), columns, 1.15, sharex=True, sharey=True)
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


@plot(
    "Line charts, one panel for each {by}",
    "Lines are 95% intervals. Fewer than {minimum} are not drawn.",
)
def plot_share_timeline(
    frame: pd.DataFrame, by: str, time: str = "month", minimum: int = 5
) -> Axes:
    """Draw a share over time on its interval, one panel for each `by`, the others in grey behind.

    Needs share, low, high and n. Where n is below `minimum` nothing is drawn and the line breaks.
    Returns the first panel's Axes.
    """
    drawn = frame.assign(share=frame["share"].where(frame["n"] >= minimum))
    sizes = drawn.groupby(by)["n"].sum().sort_values(ascending=False, kind="stable")
    if drawn["share"].notna().sum() == 0:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    wide = drawn.pivot_table(index=time, columns=by, values="share", dropna=False)
    columns = min(2, len(sizes))
    panels = small_multiples(len(sizes), columns, 1.15, sharex=True, sharey=True)
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


def _months(ax: Axes) -> ConciseDateFormatter:
    months = ConciseDateFormatter(ax.xaxis.get_major_locator(), show_offset=False)
    months.formats[2] = "%d %b"
    return months


@plot(
    "Dot chart of how far shares moved",
    "Lines are 95% intervals of the difference; grey where they reach zero.",
)
def plot_moves(frame: pd.DataFrame, label: str, nothing: str = NOTHING) -> Axes:
    """Draw how far each share moved as a dot on its interval around 0, largest rise at the top.

    Needs moved, low, high, before and now; what moved clearly is blue, the rest grey.
    """
    rows = frame.dropna(subset=["moved"]).sort_values("moved", ascending=False, kind="stable")
    ax = make_axes(rows_height(len(rows)))
    if rows.empty:
        return say_nothing(ax, nothing)
    places = np.arange(len(rows))
    colours = np.where((rows["low"] > 0) | (rows["high"] < 0), BLUE, GREY)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    ax.hlines(places, rows["low"], rows["high"], color=colours, linewidth=1.2, alpha=0.55)
    ax.scatter(rows["moved"], places, s=20, color=colours, zorder=3, clip_on=False)
    for place, row in zip(places, rows.itertuples(), strict=True):
        write_beside(ax, row.high, place, f"{percent(row.before)} to {percent(row.now)}")
    name_rows(ax, rows[label].tolist())
    reach = max(rows["high"].max(), -rows["low"].min(), 0.01) * 1.02
    ax.set_xlim(-reach, reach)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(lambda move, _: f"{signed(move * 100, 0)} pts")
    return ax


@plot("Dot strips, one for each {by}", "Ticks are medians.")
def plot_spread(frame: pd.DataFrame, value: str, by: str) -> Axes:
    """Draw every row's number as a small dot in the line of its group, the median as a tick."""
    groups = [(name, group[value].dropna()) for name, group in frame.groupby(by, sort=True)]
    groups = [(name, numbers) for name, numbers in groups if len(numbers)]
    ax = make_axes(rows_height(len(groups) * 1.7))
    if not groups:
        return say_nothing(ax, NOTHING)
    highest = max(numbers.max() for _, numbers in groups)
    for place, (_, numbers) in enumerate(groups):
        ax.scatter(numbers, place + jitter(len(numbers), 0.2), s=9, color=BLUE, alpha=0.45, lw=0)
        median = numbers.median()
        ax.vlines(median, place - 0.32, place + 0.32, color=INK, linewidth=1.6)
        write_beside(ax, highest, place, f"median {median:,.0f}")
    name_rows(ax, [f"{plain(name, 28)}, n = {len(numbers):,}" for name, numbers in groups])
    number_axis(ax, highest * 1.02)
    return ax
