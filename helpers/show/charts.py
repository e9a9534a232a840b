"""Charts: each draws a frame on Axes, shares and counts first, then who speaks, how, of whom.

`drawing` gives them their style and their words. Each `plot_*` returns Axes and leaves the frame
as it is; of nothing it draws a sentence, of several panels it returns the first.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as MatplotlibPath
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.show.drawing import (
    BLUE,
    CLUSTERS,
    GREY,
    INK,
    LABEL_WIDTH,
    LIGHT,
    MINIMUM,
    NOTHING,
    ORANGE,
    PALE,
    ROW,
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

DIVERGING = LinearSegmentedColormap.from_list("tone", [ORANGE, "#E6E6E6", BLUE])
A_FEW_DAYS = pd.Timedelta(days=4)


def _draw_lines(
    ax: Axes, rows: pd.DataFrame, value: str, colour: object = BLUE, shift: float = 0.0
) -> None:
    """Draw a number of each row as a dot on its interval, one line a row."""
    places = np.arange(len(rows)) + shift
    ax.hlines(places, rows["low"], rows["high"], color=colour, linewidth=1.2, alpha=0.55)
    ax.scatter(rows[value], places, s=20, color=colour, zorder=3, clip_on=False)


@plot("Dot chart", "{lines}")
def plot_shares(frame: pd.DataFrame, label: str, count: str = "articles") -> Axes:
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
    few = rows["n"] < MINIMUM
    rows = rows.assign(**{name: rows[name].mask(few) for name in ("share", "low", "high")})
    _draw_lines(ax, rows, "share")
    edges = rows["edge"] if "edge" in rows else rows["high"]
    told = zip(rows["share"], edges, rows[count], rows["n"], few, strict=True)
    for place, (share, edge, number, n, too_few) in enumerate(told):
        if too_few:
            write_beside(ax, 0, place, f"too few to draw (n = {n:,.0f})", color=GREY)
        elif not np.isnan(share):
            write_beside(ax, edge, place, f"{percent(share)} ({number:,})")


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
    their largest share. The panels' titles give `n` where all rows share it.
    """
    drawn = frame.dropna(subset=["share"])
    if drawn.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    largest = drawn.groupby(label)["share"].max().sort_values(ascending=False, kind="stable")
    order = list(largest.index if behind is None else behind[label])
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
    frame: pd.DataFrame, label: str, by: str, top: int = 8, count: str = "articles"
) -> Axes:
    """Draw the `top` shares of each `by` in a panel of its own, each sorted by itself."""
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
    corrected = frame.assign(share=frame["corrected"])
    corrected[["low", "high"]] = frame[["corrected_low", "corrected_high"]]
    drawn = [(frame, GREY, -0.17, "grey, above: as the program has it")]
    if frame["corrected"].notna().any():
        drawn.append((corrected, BLUE, 0.17, "blue, below: corrected"))
    for rows, colour, shift, _ in drawn:
        _draw_lines(ax, rows, "share", colour, shift)
        for place, (edge, number) in enumerate(zip(rows["high"], rows["share"], strict=True)):
            if not np.isnan(number):
                write_beside(ax, edge, place + shift, percent(number), color=colour)
    name_rows(ax, frame[label].tolist())
    percent_axis(ax, max(rows["high"].max() for rows, *_ in drawn))
    ax.set_xlabel("   ".join(said for *_, said in drawn), loc="left")
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
    known = frame["alpha"].notna()
    drawn = frame[["alpha", "low", "high"]].clip(lower=0).where(known, np.nan)
    _draw_lines(ax, drawn, "alpha")
    for place, row in enumerate(frame.itertuples()):
        if np.isnan(row.alpha):
            write_beside(ax, 0, place, f"{row.note} (n = {row.units:,})", color=GREY)
        else:
            told = signed(row.alpha, 2).lstrip("+")
            write_beside(ax, 1, place, f"{told} (n = {row.units:,})")
    name_rows(ax, frame[label].tolist())
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
    rows = frame.sort_values(value, ascending=False, kind="stable")
    ax = make_axes(rows_height(len(rows)))
    if rows.empty:
        return say_nothing(ax, NOTHING)
    chosen = rows[highlight] if highlight else pd.Series(True, index=rows.index)
    ax.barh(range(len(rows)), rows[value], height=0.62, color=np.where(chosen, BLUE, LIGHT))
    for place, number in enumerate(rows[value]):
        share = f" ({percent(rows['share'].iloc[place])})" if "share" in rows else ""
        write_beside(ax, number, place, f"{number:,}{share}")
    name_rows(ax, rows[label].tolist())
    number_axis(ax, rows[value].max())
    return ax


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
    sizes = drawn.groupby(by)["n"].sum().sort_values(ascending=False, kind="stable")
    if drawn["share"].notna().sum() == 0:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    wide = drawn.pivot_table(index=time, columns=by, values="share", dropna=False)
    panels = _draw_over_time(wide, sizes, minticks=2)
    for ax, name in zip(panels, sizes.index, strict=False):
        rows = drawn[(drawn[by] == name) & drawn["share"].notna()]
        ax.vlines(rows[time], rows["low"], rows["high"], BLUE, lw=1.2, alpha=0.55)
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
        ax.set_title(f"{plain(name, 30)}, n = {sizes[name]:,.0f}")
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
    _draw_lines(ax, rows, "moved", np.where((rows["low"] > 0) | (rows["high"] < 0), BLUE, GREY))
    for place, row in enumerate(rows.itertuples()):
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
    groups = list(frame.dropna(subset=[value]).groupby(by, sort=True)[value])
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


# --------------------------------------------------------------- who speaks, how and of whom


@plot(
    "Dot chart of where each appears and where it speaks",
    "Only statements whose speaker was resolved to a name.",
)
def plot_voice(frame: pd.DataFrame, label: str) -> Axes:
    """Draw for each entity the articles it appears in and the articles it speaks in.

    Needs articles, speaking and words, in the order of the rows; the words spoken are written.
    """
    ax = make_axes(rows_height(len(frame)) + 0.12)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    places = np.arange(len(frame))
    ax.hlines(places, frame["speaking"], frame["articles"], color=LIGHT, linewidth=1.2)
    ax.scatter(frame["articles"], places, s=22, facecolor="white", edgecolor=GREY, zorder=3)
    ax.scatter(frame["speaking"], places, s=22, color=BLUE, zorder=4)
    told = frame[["articles", "speaking", "words"]].itertuples(index=False)
    for place, (articles, speaking, words) in enumerate(told):
        spoken = f", {words:,} words" if words else ""
        write_beside(ax, articles, place, f"{speaking:,} of {articles:,}{spoken}", color=GREY)
    name_rows(ax, frame[label].tolist())
    ax.set_xlim(-0.02 * frame["articles"].max(), frame["articles"].max() * 1.01)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.set_xlabel("articles: ● speaks   ○ appears", loc="left")
    return ax


@plot("Dot chart of mean tone", "Dots are statements. Lines: 95%, articles resampled.")
def plot_tone(frame: pd.DataFrame, label: str, points: pd.DataFrame | None = None) -> Axes:
    """Draw each row's mean tone with its interval around a grey zero, in the order of the rows.

    Orange where the whole interval is negative, blue where it is positive, else grey; rows without
    a tone say so. `points` (rows with `label` and tone) are small dots: the spread behind the mean.
    """
    ax = make_axes(rows_height(len(frame) * 1.15) + 0.15)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    colours = np.select([frame["high"] < 0, frame["low"] > 0], [ORANGE, BLUE], GREY)
    _draw_lines(ax, frame, "tone", colours)
    told = frame[[label, "tone", "attributions"]].itertuples(index=False, name=None)
    for place, (name, tone, number) in enumerate(told):
        if np.isnan(tone):
            write_beside(ax, 0, place, f"too few to draw (n = {number:,})", color=GREY)
            continue
        if points is not None:
            spread = points.loc[points[label] == name, "tone"].dropna()
            shift = jitter(len(spread), 0.22)
            ax.scatter(spread, place + shift, s=6, color=LIGHT, lw=0, zorder=1)
        write_beside(ax, 1, place, f"{signed(tone, 2)} (n = {number:,})")
    name_rows(ax, frame[label].tolist())
    _tone_axis(ax)
    return ax


def _tone_axis(ax: Axes) -> None:
    """Let an axis run from negative to positive."""
    ax.set_xlim(-1.02, 1.02)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1])
    ends = {-1: "−1 negative", 1: "positive +1"}
    ax.xaxis.set_major_formatter(
        lambda tone, _: ends.get(tone) or (signed(tone, 1) if tone else "0")
    )


@plot("Grid of those who speak and those they speak about", "Hatched: too little to tell.")
def plot_target_grid(
    frame: pd.DataFrame, row: str = "speaker", top: int = 12, across: int = 7
) -> Axes:
    """Draw who speaks how of whom (`attitudes.measure_targets`): rows speak, columns are meant.

    `row` is the column of those who speak. The targets, and of these the speakers, with the most
    judged statements are drawn: from orange (negative) through grey to blue, with the balance and
    the judged statements. A cell that abstains is hatched and says why, with its statements.
    """
    heads = _largest(frame, "target", "judged", across)
    names = _largest(frame[frame["target"].isin(heads)], row, "judged", top)
    drawn = frame[frame[row].isin(names) & frame["target"].isin(heads)]
    ax = make_axes(rows_height(len(names) * 1.6) + 0.3)
    if drawn.empty:
        return say_nothing(ax, NOTHING)
    scale = Normalize(-1, 1)
    for cell in drawn.rename(columns={row: "who"}).itertuples():
        place, head = names.index(cell.who), heads.index(cell.target)
        face = "white" if cell.abstained else DIVERGING(scale(cell.balance))
        hatch = {"hatch": "////", "edgecolor": PALE} if cell.abstained else {"edgecolor": "white"}
        corner = (head - 0.47, place - 0.46)
        ax.add_patch(Rectangle(corner, 0.94, 0.92, facecolor=face, linewidth=0.6, **hatch))
        text, ink = f"{cell.abstained}\nn = {cell.count:,}", GREY
        if not cell.abstained:
            text, ink = f"{signed(cell.balance, 1)}\nn = {cell.judged:,}", _readable_on(face)
        text = text.replace("instruments disagree", "split")
        ax.text(head, place, text, ha="center", va="center", fontsize=6.5, color=ink)
    name_rows(ax, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(-0.5, max(len(heads), 4) - 0.5)
    width = 12 if len(heads) > 4 else 20
    folded = [textwrap.wrap(plain(head), width, max_lines=4, placeholder="…") for head in heads]
    ax.set_xticks(range(len(heads)), map("\n".join, folded))
    ax.tick_params(axis="x", top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.tick_params(axis="x", labelcolor=INK, length=0)
    ax.spines["bottom"].set_visible(False)
    return ax


@plot(
    "Dot chart of mean tone by each instrument",
    "Each from −1 to 1. Lines: 95%, articles resampled.",
)
def plot_instruments(frame: pd.DataFrame, label: str) -> Axes:
    """Draw each row's mean tone by each instrument (`attitudes.measure_instruments`).

    The rows come in their order in the frame; instruments are told apart by shape and named in a
    legend. A row has only those instruments that have enough statements.
    """
    names = list(dict.fromkeys(frame[label]))
    instruments = list(dict.fromkeys(frame["instrument"]))
    ax = make_axes(rows_height(len(names) * 1.5) + 0.35)
    if frame["tone"].notna().sum() == 0:
        return say_nothing(ax, NOTHING if frame.empty else "Too few statements to draw.")
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    shifts = np.linspace(-0.24, 0.24, len(instruments))
    for shift, instrument, shape, colour in zip(
        shifts, instruments, ("o", "s", "D"), (GREY, INK, BLUE), strict=False
    ):
        rows = frame[frame["instrument"] == instrument].dropna(subset=["tone"])
        places = rows[label].map(names.index).astype(float) + shift
        ax.hlines(places, rows["low"], rows["high"], color=colour, linewidth=1.1)
        ax.scatter(rows["tone"], places, s=16, marker=shape, color=colour, label=instrument)
    name_rows(ax, names)
    _tone_axis(ax)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, handletextpad=0.2)
    return ax


def _largest(frame: pd.DataFrame, name: str, count: str, most: int) -> list[str]:
    sizes = frame.groupby(name)[count].sum().sort_values(ascending=False, kind="stable")
    return list(sizes.index[:most])


def _readable_on(face: tuple[float, ...]) -> str:
    """Choose dark or white ink by relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in face[:3]]
    return INK if np.dot(linear, [0.2126, 0.7152, 0.0722]) > 0.22 else "white"


@plot(
    "Bands from speakers to the outlets that carried their words",
    "Blue: an outlet that a state owns. Left: statements of each speaker.",
)
def plot_relays(frame: pd.DataFrame, value: str = "attributions", top: int = 15) -> Axes:
    """Draw who speaks through whom: speakers on the left, the outlets that carried them right.

    Needs speaker, relay, relay_ownership and `value`; the pairs after the `top` largest are those
    of "others". A band is as wide as its number; what went through a state's outlet is blue.
    """
    rows = _gather(frame, value, top)
    if rows.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    outlets = rows.groupby("relay")[value].sum().sort_values(ascending=False, kind="stable")
    known_first = rows.sort_values("relay_ownership", key=lambda owner: owner == "unknown")
    owners = known_first.groupby("relay")["relay_ownership"].first()
    rows = rows.iloc[pd.Index(outlets.index).get_indexer(rows["relay"]).argsort(kind="stable")]
    speakers = rows.groupby("speaker", sort=False)[value].sum()
    height = max(len(speakers), len(outlets))
    ax = make_axes(0.3 + ROW * 1.15 * max(height, 3))
    left, right = (
        dict(zip(side.index, _spaced(len(side), height), strict=True))
        for side in (speakers, outlets)
    )
    for row in rows.itertuples():
        colour = BLUE if row.relay_ownership == "state" else LIGHT
        width = 1 + 6 * getattr(row, value) / rows[value].max()
        ax.add_patch(_band(left[row.speaker], right[row.relay], width, colour))
    for speaker, number in speakers.items():
        text = f"{plain(speaker, LABEL_WIDTH)}  {number:,}"
        ax.text(-0.02, left[speaker], text, ha="right", va="center", fontsize=8)
    for relay, number in outlets.items():
        owner = f" ({owners[relay]})" if owners[relay] else ""
        text = f"{number:,}  {plain(relay, 30)}{owner}"
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


def _spaced(number: int, height: int) -> np.ndarray:
    """Spread the shorter of two columns over the height of the longer."""
    step = height / number
    return np.arange(number) * step + (step - 1) / 2


def _band(left: float, right: float, width: float, colour: str) -> PathPatch:
    """Return a curve from the left column to the right one."""
    points = [(0.0, left), (0.45, left), (0.55, right), (1.0, right)]
    path = MatplotlibPath(points, [MatplotlibPath.MOVETO, *[MatplotlibPath.CURVE4] * 3])
    return PathPatch(path, fill=False, edgecolor=colour, linewidth=width, alpha=0.75)
