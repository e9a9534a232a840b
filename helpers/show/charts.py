"""Charts of shares, counts, differences and time: each draws a frame on Axes.

`voices` has those of who speaks, how and of whom. `drawing` gives them their style and their
words. Each `plot_*` returns Axes and leaves the frame as it is; of nothing it draws a sentence, of
several panels it returns the first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.measure.select import name_value
from helpers.measure.shares import SMALL, UNTOLD, find_comparable, has_interval, in_words
from helpers.show.drawing import (
    BARE,
    BLUE,
    CLUSTERS,
    GREY,
    INK,
    LABEL_WIDTH,
    LIGHT,
    MINIMUM,
    NOTHING,
    PALE,
    PANELS,
    SOME_BARE,
    draw_lines,
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
MOST_STRIPS = 12


@plot("Dot chart", "{lines}")
def plot_shares(frame: pd.DataFrame, label: str, count: str = "articles", top: int = 15) -> Axes:
    """Draw the `top` largest shares, each a dot on its interval, and what is unknown last.

    Needs share, low, high, n and `count`, the number that stands in brackets. Where no row has an
    interval that says anything (`shares.has_interval`), the numbers are drawn as bars; where some
    have none, these are open dots. Of many outlets those that can be compared are drawn, and
    the others are one row.
    """
    rows = _in_order(_gather_outlets(frame, label, count, top), label)
    ax = make_axes(rows_height(len(rows)))
    if rows["share"].notna().sum() == 0:
        return say_nothing(ax, NOTHING)
    name_rows(ax, rows[label])
    if has_interval(rows).any():
        _draw_shares(ax, rows, label, count)
        percent_axis(ax, rows["high"].where(has_interval(rows), rows["share"]).max())
    else:
        _draw_bars(ax, rows, label, count)
    return ax


def _gather_outlets(frame: pd.DataFrame, label: str, count: str, top: int) -> pd.DataFrame:
    """Return the first rows; of many outlets those with an interval, and the others as one row."""
    if label != "outlet" or len(frame) <= PANELS:
        return frame.head(top or None)
    sure = frame[has_interval(frame)].head((top or len(frame)) - 1)
    rest = frame.drop(index=sure.index)
    number = "count" if count == "n" else count
    if not np.allclose(rest[number] / rest["n"], rest["share"], equal_nan=True):
        return sure  # numbers that are no parts of n have no sum
    summed = {name: rest[name].sum() for name in (number, "n")}
    others = {label: f"{len(rest)} others", "share": summed[number] / max(summed["n"], 1)}
    row = pd.DataFrame([{**summed, **others, "low": 0.0, "high": 1.0}])
    return pd.concat([sure, row], ignore_index=True) if len(rest) else sure


def _in_order(frame: pd.DataFrame, label: str, value: str = "share") -> pd.DataFrame:
    """Sort rows from the largest; what is unknown or other comes last."""
    return _untold_last(frame.sort_values(value, ascending=False, kind="stable"), label)


def _untold_last(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    return frame.sort_values(label, key=lambda names: names.isin(UNTOLD), kind="stable")


def _draw_bars(ax: Axes, rows: pd.DataFrame, label: str, count: str) -> None:
    """Draw numbers too small for any interval as bars, and say of how many they are."""
    ax.figure.kind, ax.figure.explained = "Bar chart", BARE
    colours = np.where(rows[label].isin(UNTOLD), LIGHT, BLUE)
    numbers = rows["count" if count == "n" else count]
    ax.barh(range(len(rows)), numbers, height=0.62, color=colours)
    told = zip(numbers, rows["n"], rows["share"], strict=True)
    for place, (number, n, share) in enumerate(told):
        part = f" ({percent(share)})" if n >= MINIMUM else ""
        write_beside(ax, number, place, f"{number:,.0f} of {n:,.0f}{part}" if n else "0")
    number_axis(ax, numbers.max())


def _draw_shares(ax: Axes, rows: pd.DataFrame, label: str, count: str) -> None:
    sure = has_interval(rows)
    colours = np.where(rows[label].isin(UNTOLD) | ~sure, GREY, BLUE)
    ends = {name: rows[name].where(sure) for name in ("low", "high")}
    draw_lines(ax, rows.assign(share=rows["share"].where(sure), **ends), "share", colours)
    bare = ~sure & rows["share"].notna()
    if bare.any():
        ax.figure.few = SOME_BARE
        ax.scatter(
            rows.loc[bare, "share"],
            np.flatnonzero(bare),
            s=20,
            facecolor="white",
            edgecolor=GREY,
            zorder=3,
            clip_on=False,
        )
    edges = np.fmax(np.fmax(ends["high"], rows["share"]), rows.get("edge", rows["share"]))
    held = rows["count" if count == "n" else count]
    told = zip(rows["share"], edges, rows[count], held, rows["n"], sure, strict=True)
    digits = int(rows["share"].max() < SMALL)
    for place, (share, edge, number, hits, n, is_sure) in enumerate(told):
        if not np.isnan(share):
            part = (
                f"{percent(share, digits)} ({number:,})" if is_sure else f"{hits:,.0f} of {n:,.0f}"
            )
            write_beside(ax, edge, place, part)


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
    their largest share. The panels' titles give `n` where all rows share it. Outlets come in order
    of size; those too small to compare, and those after the eighth, are one panel.
    """
    drawn = _gather_small(frame.dropna(subset=["share"]), label, by, count)
    if drawn.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    if behind is not None:
        behind = _untold_last(behind, label)
    largest = drawn.groupby(label, as_index=False)["share"].max()
    order = list((_in_order(largest, label) if behind is None else behind)[label])
    groups = list(drawn.groupby(by, sort=drawn[by].dtype == "category", observed=True))
    width = 2 if len(groups) in (2, 4) else min(3, len(groups))
    bare = not has_interval(drawn).any()
    left = frame.loc[~frame[by].isin(drawn[by]) & (by != "outlet"), by].drop_duplicates()
    panels = small_multiples(len(groups), width, rows_height(len(order)), sharex=True)
    for place, (ax, (name, group)) in enumerate(zip(panels, groups, strict=False)):
        rows = group.set_index(label, drop=False).reindex(order).assign(**{label: order})
        if bare:
            ax.figure.explained = ""
            rows["share"] = rows["share"].where(rows[count] > 0)
        elif behind is not None:
            ax.scatter(behind["share"], range(len(order)), s=34, color=LIGHT, zorder=1)
            rows["edge"] = behind["share"].to_numpy()
        rows[count] = rows[count].fillna(0).astype(int)
        _draw_shares(ax, rows, label, count)
        name_rows(ax, pd.Series(order, name=label, dtype=object), 24)
        ax.tick_params(axis="y", labelleft=place % width == 0)
        percent_axis(ax, drawn["high"].where(has_interval(drawn), drawn["share"]).max())
        first = group["n"].iloc[0]
        n = f"\nn = {first:,.0f}" if (group["n"] == first).all() else ""
        ax.set_title(plain(name_value(name, by), 75 // width) + n)
    if len(left):
        figure = panels[0].figure
        gone = f" Left out, fewer than {MINIMUM} or of one article: {', '.join(left)}."
        figure.few = getattr(figure, "few", "") + gone
    return panels[0]


def _gather_small(frame: pd.DataFrame, label: str, by: str, count: str) -> pd.DataFrame:
    """Put the largest outlets first, and one sum for the rest of many, which has no interval.

    Of other groups those too small to compare are left out.
    """
    large = find_comparable(frame, by)
    if by != "outlet":
        kept = frame[frame[by].isin(large)] if large else frame
        return kept if kept[by].dtype == "category" else kept.sort_values(by, kind="stable")
    every = frame[by].nunique()
    if every > PANELS or len(large) < every:
        large = large[: PANELS - 1]
    rest = frame[~frame[by].isin(large)]
    kept = frame[frame[by].isin(large)].sort_values(by, key=lambda name: name.map(large.index))
    if rest.empty:
        return kept
    summed = rest.groupby(label, sort=False)[list(dict.fromkeys([count, "n"]))].sum()
    others = {by: f"{rest[by].nunique()} others", "low": np.nan, "high": np.nan}
    summed = summed.assign(share=summed[count] / summed["n"], **others).reset_index()
    return pd.concat([kept, summed], ignore_index=True)


@plot("Dot charts, one panel for each {by}", "{lines}")
def plot_ranked_panels(
    frame: pd.DataFrame, label: str, by: str, top: int = 8, count: str = "articles", each: str = ""
) -> Axes:
    """Draw the `top` shares of each `by` in a panel of its own, each sorted by itself.

    Where no share has an interval, bars of the numbers in `each` (or else `count`) are drawn.
    """
    drawn = frame.dropna(subset=["share"])
    if drawn.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    bare = not has_interval(drawn).any()
    each = each or count
    sizes = drawn.groupby(by)[count].sum().sort_values(ascending=False, kind="stable")
    ranked = drawn.sort_values(each if bare else "share", ascending=False, kind="stable")
    groups = [ranked[ranked[by] == name].head(top) for name in sizes.index]
    rows = max(map(len, groups))
    panels = small_multiples(len(groups), min(2, len(groups)), rows_height(rows), sharex=True)
    for ax, group in zip(panels, groups, strict=False):
        if bare:
            _draw_numbers(ax, group[each], BLUE)
            ax.figure.kind, ax.figure.explained = "Bar charts, one panel for each {by}", ""
        else:
            _draw_shares(ax, group, label, count)
        name_rows(ax, group[label], 24)
        ax.set_ylim(rows - 0.4, -0.6)
        if bare:
            number_axis(ax, drawn[each].max())
        else:
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
    highest = _draw_both(ax, frame, ("share", "corrected"), label, percent)[1]
    percent_axis(ax, highest)
    return ax


@plot("Dot chart of differences as counted and as corrected", "Lines are 95% intervals.")
def plot_contrasts(frame: pd.DataFrame, label: str = "of") -> Axes:
    """Draw each difference or change as the program has it, grey, and as corrected, blue.

    Needs the columns of `correction.measure_contrasts`, in the order of the rows.
    """
    frame = frame.dropna(subset=["counted", "low"])
    ax = make_axes(rows_height(len(frame) * 1.4) + 0.12)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    furthest = frame[["low", "high", "dsl_low", "dsl_high"]].abs().max().max()
    points = functools.partial(_points, digits=0 if furthest >= 0.1 else 1)
    ends = _draw_both(ax, frame, ("counted", "dsl"), label, points, LABEL_WIDTH + 14)
    reach = max(*map(abs, ends), 0.01) * 1.02
    ax.set_xlim(-reach, reach)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(lambda move, _: f"{points(move)} pts")
    return ax


def _points(move: float, digits: int) -> str:
    return signed(move * 100, digits)


def _draw_both(
    ax: Axes,
    frame: pd.DataFrame,
    names: tuple[str, str],
    label: str,
    write: Callable[[float], str],
    width: int = LABEL_WIDTH,
) -> tuple[float, float]:
    """Draw the first of two columns grey, above, and the second blue; return how far they reach."""
    counted, corrected = names
    known = frame[corrected].notna().any()
    blue = {"low": frame[f"{corrected}_low"], "high": frame[f"{corrected}_high"]}
    drawn = [(frame, counted, GREY, -0.17, "grey, above: as the program has it")]
    if known:
        drawn.append((frame.assign(**blue), corrected, BLUE, 0.17, "blue, below: corrected"))
    for rows, value, colour, shift, _ in drawn:
        draw_lines(ax, rows, value, colour, shift)
        for place, (edge, number) in enumerate(zip(rows["high"], rows[value], strict=True)):
            if not np.isnan(number):
                write_beside(ax, edge, place + shift, write(number), color=colour)
    name_rows(ax, frame[label], width)
    ax.set_xlabel("   ".join(said for *_, said in drawn), loc="left")
    return min(rows["low"].min() for rows, *_ in drawn), max(
        rows["high"].max() for rows, *_ in drawn
    )


@plot(
    "Dot chart of Krippendorff's alpha",
    "Lines are 95% intervals, articles resampled; grey: .667 and .8.",
)
def plot_alpha(frame: pd.DataFrame) -> Axes:
    """Draw each variable's alpha on its interval, with lines at .667 and .8 (Krippendorff).

    Where alpha is undefined its `note` stands instead.
    """
    ax = make_axes(rows_height(len(frame)) + 0.12)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    for line in (0.667, 0.8):
        ax.axvline(line, color=PALE, linewidth=1, zorder=0)
    known = frame["alpha"].notna()
    drawn = frame[["alpha", "low", "high"]].clip(lower=0).where(known, np.nan)
    draw_lines(ax, drawn, "alpha")
    for place, row in enumerate(frame.itertuples()):
        if np.isnan(row.alpha):
            write_beside(ax, 0, place, f"{row.note} (n = {row.units:,})", color=GREY)
        else:
            told = signed(row.alpha, 2).lstrip("+")
            write_beside(ax, 1, place, f"{told} (n = {row.units:,})")
    name_rows(ax, frame["variable"].map(in_words).tolist())
    ax.set_xlim(-0.02, 1.01)
    ax.set_xticks([0, 0.25, 0.5, 0.667, 0.8, 1])
    ax.xaxis.set_major_formatter(lambda alpha, _: f"{alpha:g}".removeprefix("0") or "0")
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
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g} %" if value == 100 else f"{value:g}")
    return ax


@plot(
    "Charts of the share right against confidence",
    "In bins of confidence. Lines are 95% Wilson intervals.",
)
def plot_calibration(frame: pd.DataFrame, nothing: str = NOTHING) -> Axes:
    """Draw the share right against confidence, one panel per corpus.

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
def plot_counts(frame: pd.DataFrame, label: str, value: str, highlight: str = "") -> Axes:
    """Draw a number of each row as a bar from zero, the largest at the top.

    Where the true-or-false column `highlight` is given, only its rows are blue.
    """
    rows = _in_order(frame, label, value)
    ax = make_axes(rows_height(len(rows)))
    if rows.empty:
        return say_nothing(ax, NOTHING)
    chosen = (rows[highlight] if highlight else True) & ~rows[label].isin(UNTOLD)
    _draw_numbers(ax, rows[value], np.where(chosen, BLUE, LIGHT), rows.get("share"))
    name_rows(ax, rows[label])
    number_axis(ax, rows[value].max())
    return ax


def _draw_numbers(
    ax: Axes, numbers: pd.Series, colour: object, parts: pd.Series | None = None
) -> None:
    """Draw each number as a bar and write it beside it, with the part that it is where given."""
    ax.barh(range(len(numbers)), numbers, height=0.62, color=colour)
    told = numbers if parts is None else zip(numbers, parts, strict=True)
    for place, number in enumerate(told):
        said = f"{number:,}" if parts is None else f"{number[0]:,} ({percent(number[1])})"
        write_beside(ax, numbers.iloc[place], place, said)


@plot("Line charts, one panel for each {by}", "Grey: the others.")
def plot_timeline(
    frame: pd.DataFrame, by: str, time: str = "week", value: str = "articles"
) -> Axes:
    """Draw a number over time, one panel for each `by`, the others in grey behind it."""
    wide = frame.pivot_table(index=time, columns=by, values=value, aggfunc="sum")
    if wide.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    sizes = wide.sum().sort_values(ascending=False, kind="stable")
    panels = _draw_over_time(wide, sizes, minticks=3)
    for ax in panels:
        ax.set_ylim(0, wide.to_numpy()[np.isfinite(wide.to_numpy())].max() * 1.08)
        ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
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
    """
    drawn = frame.assign(share=frame["share"].where(frame["n"] >= minimum))
    able = drawn[drawn["share"].notna()][by].unique()
    sizes = drawn[drawn[by].isin(able)].groupby(by)["n"].sum()
    sizes = sizes.sort_values(ascending=False, kind="stable")
    if drawn["share"].notna().sum() == 0:
        few = f"Nowhere {minimum} or more in one {time}." if len(drawn) else NOTHING
        return say_nothing(make_axes(rows_height(0)), few)
    if drawn[time].min() == drawn[time].max():
        return say_nothing(make_axes(rows_height(0)), f"All in one {time}: nothing to compare.")
    wide = drawn.pivot_table(index=time, columns=by, values="share", dropna=False)
    panels = _draw_over_time(wide, sizes, minticks=2)
    for ax, name in zip(panels, sizes.index, strict=False):
        rows = drawn[(drawn[by] == name) & drawn["share"].notna()]
        sure = rows[has_interval(rows)]
        ax.vlines(sure[time], sure["low"], sure["high"], BLUE, lw=1.2, alpha=0.55)
        ax.set_ylim(0, min(1.0, drawn["high"].where(drawn["share"].notna()).max() * 1.02))
        ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return panels[0]


def _draw_over_time(wide: pd.DataFrame, sizes: pd.Series, minticks: int) -> list[Axes]:
    """Draw each column in a panel over time, the others in grey behind it, the largest first."""
    panels = small_multiples(len(sizes), min(2, len(sizes)), 1.15, sharex=True, sharey=True)
    for ax, name in zip(panels, sizes.index, strict=False):
        for other in wide.columns.drop(name):
            ax.plot(wide.index, wide[other], color=PALE, linewidth=1.2, zorder=1)
        ax.plot(wide.index, wide[name], color=BLUE, marker="o", ms=2.8, lw=1.4, clip_on=False)
        who = plain(name_value(name, sizes.index.name), 30)
        ax.set_title(f"{who}, n = {sizes[name]:,.0f}")
        ax.set_xlim(wide.index.min() - A_FEW_DAYS, wide.index.max() + A_FEW_DAYS)
        ax.tick_params(axis="y", labelcolor=GREY, labelsize=7.5)
        ax.xaxis.set_major_locator(AutoDateLocator(minticks=minticks, maxticks=6))
        months = ConciseDateFormatter(ax.xaxis.get_major_locator(), show_offset=False)
        months.formats[2] = "%d %b"
        ax.xaxis.set_major_formatter(months)
    return panels


@plot(
    "Dot chart of how far shares moved",
    "Lines are 95% intervals of the difference; grey where they reach zero.",
)
def plot_moves(frame: pd.DataFrame, label: str, nothing: str = NOTHING) -> Axes:
    """Draw how far each share moved as a dot on its interval around 0, largest rise at the top.

    Needs the columns of `comparisons.compare_shares`; what moved clearly is blue, the rest grey.
    """
    rows = frame.dropna(subset=["moved"]).sort_values("moved", ascending=False, kind="stable")
    ax = make_axes(rows_height(len(rows)))
    if rows.empty:
        return say_nothing(ax, nothing)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    draw_lines(ax, rows, "moved", np.where((rows["low"] > 0) | (rows["high"] < 0), BLUE, GREY))
    for place, row in enumerate(rows.itertuples()):
        write_beside(ax, row.high, place, f"{percent(row.before)} to {percent(row.now)}")
    name_rows(ax, rows[label])
    reach = max(rows["high"].max(), -rows["low"].min(), 0.01) * 1.02
    ax.set_xlim(-reach, reach)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(lambda move, _: f"{signed(move * 100, 0)} pts")
    return ax


@plot("Dot strips, one for each {by}", "Ticks are medians.")
def plot_spread(frame: pd.DataFrame, value: str, by: str) -> Axes:
    """Draw every row's number as a small dot in the line of its group, the median as a tick.

    The largest groups come first; those after the eleventh are one line.
    """
    rows = frame.dropna(subset=[value])
    sizes = rows[by].value_counts()
    large = list(sizes.index[: len(sizes) if len(sizes) <= MOST_STRIPS else MOST_STRIPS - 1])
    others = f"{len(sizes) - len(large)} others"
    named = rows[by].astype("str").where(rows[by].isin(large), others)
    groups = list(rows.groupby(named.rename(by), sort=False)[value])
    groups.sort(key=lambda group: (group[0] == others, -len(group[1])))
    ax = make_axes(rows_height(len(groups) * 1.7))
    if not groups:
        return say_nothing(ax, NOTHING)
    highest = max(numbers.max() for _, numbers in groups)
    for place, (_, numbers) in enumerate(groups):
        ax.scatter(numbers, place + jitter(len(numbers), 0.2), s=9, color=BLUE, alpha=0.45, lw=0)
        median = numbers.median()
        ax.vlines(median, place - 0.32, place + 0.32, color=INK, linewidth=1.6)
        write_beside(ax, highest, place, f"median {median:,.0f}")
    name_rows(
        ax, [f"{plain(name_value(name, by), 28)}, n = {len(numbers):,}" for name, numbers in groups]
    )
    number_axis(ax, highest * 1.02)
    return ax
