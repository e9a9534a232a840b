"""Charts of who speaks, how, of whom and through whom: each draws a frame on Axes, as `charts` do.

Where there are few statements each is one mark.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as MatplotlibPath
from matplotlib.ticker import MaxNLocator

from helpers.measure.counting import name_day
from helpers.measure.shares import MINIMUM, UNTOLD
from helpers.show.charts import plot_counts
from helpers.show.drawing import (
    BLUE,
    GREY,
    INK,
    LABEL_WIDTH,
    LIGHT,
    NOTHING,
    ORANGE,
    PALE,
    ROW,
    draw_lines,
    jitter,
    make_axes,
    name_rows,
    number_axis,
    percent,
    plain,
    plot,
    rows_height,
    say_nothing,
    signed,
    write_beside,
)
from helpers.store import schema

DIVERGING = LinearSegmentedColormap.from_list("tone", [ORANGE, "#E6E6E6", BLUE])
MARKS = {  # of one statement: shape, how it is filled, colour, and the sign in the legend
    "direct": ("o", "full", BLUE, "●"),
    "mixed": ("o", "left", BLUE, "◐"),
    "indirect": ("o", "none", BLUE, "○"),
    "negative": ("v", "full", ORANGE, "▼"),
    "neutral": ("o", "full", GREY, "●"),
    "positive": ("^", "full", BLUE, "▲"),
    "not sure": ("o", "none", GREY, "○"),
}
TONES = (*schema.POLARITIES, "not sure")
LETTERS, LETTER_SIZE = 90, 8  # of a line of a statement: how many, and in points
LETTER = 0.602 * LETTER_SIZE  # how wide one is in DejaVu Sans Mono
MOST_DRAWN = 450  # letters of a statement
MOST_SAID = 28  # letters beside a row beyond which signs stand for words in all
MOST_MARKS = 40  # statements of a row beyond which they are a bar


@plot("One mark a statement", "")
def plot_marks(frame: pd.DataFrame, label: str, kinds: Sequence[str], width: int = 40) -> Axes:
    """Draw every statement of each row as one mark, told apart by its kind, in the rows' order.

    `kinds` are columns with the number of statements of each kind, named in MARKS. When a row has
    more than 40 statements all rows are bars. Long words beside the rows are signs.
    """
    ax = make_axes(rows_height(len(frame) * 1.1) + 0.12)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    numbers = frame[list(kinds)].to_numpy(dtype=int)
    most = numbers.sum(axis=1).max()
    said = [_say_kinds(row, kinds, ", ") for row in numbers]
    if max(map(len, said)) > MOST_SAID:
        said = [_say_kinds(row, [MARKS[kind][3] for kind in kinds], "  ") for row in numbers]
    for place, row in enumerate(numbers):
        at = 0
        for number, kind in zip(row, kinds, strict=True):
            shape, fill, colour, _ = MARKS[kind]
            if most <= MOST_MARKS:
                how = {"marker": shape, "fillstyle": fill, "color": colour, "markersize": 5}
                marks = np.arange(at, at + number) + 0.5
                ax.plot(marks, [place] * number, lw=0, mew=0.9, mfcalt="white", **how)
            else:
                face = colour if fill == "full" else LIGHT if fill == "left" else "white"
                ax.barh(place, number, 0.6, at, facecolor=face, edgecolor=colour, linewidth=0.6)
            at += number
        write_beside(ax, at, place, said[place])
    name_rows(ax, frame[label], width)
    ax.reach = max(most, 8)  # the rest is for the words
    number_axis(ax, ax.reach * 1.7)
    if most <= MOST_MARKS:
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
    ax.set_xlabel("   ".join(f"{MARKS[kind][3]} {kind}" for kind in kinds), loc="left")
    return ax


def _say_kinds(numbers: Sequence[int], names: Sequence[str], between: str) -> str:
    told = zip(numbers, names, strict=True)
    return between.join(f"{number:,} {name}" for number, name in told if number)


def plot_targets(frame: pd.DataFrame, row: str = "speaker", top: int = 15) -> Axes:
    """Draw who speaks how of whom (`attitudes.measure_targets`): a grid, or one mark a statement.

    A grid where at least half of its cells can be told; else the pairs with most statements. With
    no `row` the targets alone.
    """
    if not row:
        return plot_marks(_add_unsure(frame).head(top), "target", TONES)
    drawn, names, heads = _largest_cells(frame, row, top, 7)
    told = (drawn["abstained"] == "").sum()
    if min(len(names), len(heads)) > 1 and told * 2 >= len(names) * len(heads):
        return plot_target_grid(frame, row, top)
    return _plot_pairs(frame, row, top)


def _plot_pairs(frame: pd.DataFrame, row: str, top: int) -> Axes:
    pairs = _add_unsure(frame[~frame[row].isin(UNTOLD)].head(top))
    pairs = pairs.assign(pair=pairs[row].astype("str") + " → " + pairs["target"].astype("str"))
    return plot_marks(pairs, "pair", TONES, 48)


def _add_unsure(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{TONES[-1]: frame["count"] - frame["judged"]})


@plot(
    "Dot chart of where each appears and where it speaks",
    "Only statements whose speaker was resolved to a name.",
)
def plot_voice(frame: pd.DataFrame, label: str, top: int = 15) -> Axes:
    """Draw for the first entities the articles they appear in and the articles they speak in.

    Needs articles, speaking and words, in the order of the rows; the words spoken are written. Of
    too few articles to tell anything by the words are drawn, of those who speak most.
    """
    if not frame.empty and frame["articles"].max() < MINIMUM:
        return _plot_words(frame, label, top)
    frame = frame.head(top)
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
    name_rows(ax, frame[label])
    ax.set_xlim(-0.02 * frame["articles"].max(), frame["articles"].max() * 1.01)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.set_xlabel("articles: ● speaks   ○ appears", loc="left")
    return ax


def _plot_words(frame: pd.DataFrame, label: str, top: int) -> Axes:
    spoken = frame[frame["words"] > 0].sort_values("words", ascending=False, kind="stable")
    drawn = spoken.head(top)
    ax = make_axes(rows_height(len(drawn)) + 0.12)
    ax.figure.kind, ax.figure.explained = "Bar chart of the words that each speaks", ""
    if drawn.empty:
        return say_nothing(ax, "None of those named speaks.")
    ax.barh(range(len(drawn)), drawn["words"], height=0.62, color=BLUE)
    for place, words in enumerate(drawn["words"]):
        write_beside(ax, words, place, f"{words:,} words")
    name_rows(ax, drawn[label])
    number_axis(ax, drawn["words"].max())
    return ax


@plot("Dot chart of tone", "Small dots are statements, large ones means with 95% intervals.")
def plot_tone(frame: pd.DataFrame, label: str, points: pd.DataFrame) -> Axes:
    """Draw every statement's tone around a grey zero, one line a row, in the order of the rows.

    Where a row has a mean it is a large dot on its interval: orange where all of that is negative,
    blue where it is positive, else grey. `points` are the statements: rows with `label` and tone.
    """
    ax = make_axes(rows_height(len(frame) * 1.15) + 0.15)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    colours = np.select([frame["high"] < 0, frame["low"] > 0], [ORANGE, BLUE], GREY)
    draw_lines(ax, frame, "tone", colours)
    if frame["tone"].isna().all():
        ax.figure.explained = "Dots are statements: too few of anybody for a mean."
    told = frame[[label, "tone", "attributions"]].itertuples(index=False, name=None)
    for place, (name, tone, number) in enumerate(told):
        spread = points.loc[points[label] == name, "tone"].dropna()
        sides = np.select([spread < -0.05, spread > 0.05], [ORANGE, BLUE], GREY)
        shift = jitter(len(spread), 0.22) if len(spread) > 1 else np.zeros(1)
        ax.scatter(spread, place + shift, s=11, color=sides, alpha=0.5, lw=0, zorder=1)
        mean = "" if np.isnan(tone) else f"mean {signed(tone, 2)} "
        write_beside(ax, 1, place, f"{mean}(n = {number:,})")
    name_rows(ax, frame[label])
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
    drawn, names, heads = _largest_cells(frame, row, top, across)
    ax = make_axes(rows_height(len(names) * 1.6) + 0.3)
    if drawn.empty:
        return say_nothing(ax, NOTHING)
    ax.figure.small = _plot_pairs(frame, row, top).figure
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
        ax.text(head, place, text, ha="center", va="center", fontsize=7.2, color=ink)
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


def _largest_cells(
    frame: pd.DataFrame, row: str, top: int, across: int
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return the cells of the largest targets and of those who speak most of them, and these."""
    heads = _largest(frame, "target", "judged", across)
    names = _largest(frame[frame["target"].isin(heads)], row, "judged", top)
    return frame[frame[row].isin(names) & frame["target"].isin(heads)], names, heads


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
    pairs = rows["speaker"] + " → " + rows["relay"]
    state = rows["relay_ownership"] == "state"
    listed = plot_counts(rows.assign(pair=pairs, state=state), "pair", value, "state")
    outlets = rows.groupby("relay")[value].sum().sort_values(ascending=False, kind="stable")
    known_first = rows.sort_values("relay_ownership", key=lambda owner: owner == "unknown")
    owners = known_first.groupby("relay")["relay_ownership"].first()
    rows = rows.iloc[pd.Index(outlets.index).get_indexer(rows["relay"]).argsort(kind="stable")]
    speakers = rows.groupby("speaker", sort=False)[value].sum()
    height = max(len(speakers), len(outlets))
    ax = make_axes(0.3 + ROW * 1.15 * max(height, 3))
    ax.figure.small = listed.figure
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


@plot(
    "The words of one statement in each of its versions",
    "Pale: words of the fullest version that are left out; others put in are not drawn.",
)
def plot_versions(frame: pd.DataFrame, top: int = 6) -> Axes:
    """Draw who kept which words of a statement (`origins.align_versions`), the earliest first."""
    rows = frame.head(top)
    said = plain(rows["said"].iloc[0], MOST_DRAWN) if len(rows) else ""
    lines = textwrap.wrap(said, LETTERS)
    ax = make_axes(rows_height(len(rows) * (len(lines) + 1) * 0.7))
    if rows.empty:
        return say_nothing(ax, NOTHING)
    ax.set_axis_off()
    ax.set_ylim(len(rows) * (len(lines) + 1.4), 0)
    for number, row in enumerate(rows.itertuples()):
        top_line = number * (len(lines) + 1.4) + 0.5
        day = "undated" if pd.isna(row.published) else name_day(row.published)
        told = f"{plain(row.outlet, 40)}, {day}: {percent(row.kept)} of the words"
        _write_at(ax, 0, top_line, told, fontweight="bold", color=INK, fontsize=8)
        kept = np.zeros(len(said) + 1, bool)
        for first, last in row.spans:
            kept[first:last] = True
        _write_words(ax, top_line + 1, said, lines, kept)
    return ax


def _write_words(ax: Axes, y: float, said: str, lines: list[str], kept: np.ndarray) -> None:
    """Write a text line by line, what is kept in ink and the rest pale."""
    at = 0
    for line in lines:
        at = said.index(line, at)
        ends = np.flatnonzero(np.diff(kept[at : at + len(line)])) + 1
        for first, last in itertools.pairwise([0, *ends.tolist(), len(line)]):
            colour = INK if kept[at + first] else LIGHT
            how = {"family": "monospace", "fontsize": LETTER_SIZE, "color": colour}
            _write_at(ax, first * LETTER, y, line[first:last], **how)
        at, y = at + len(line), y + 1


def _write_at(ax: Axes, points: float, y: float, text: str, **style: object) -> None:
    place = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    ax.annotate(text, (0, y), (points, 0), va="center", **place, **style).set_in_layout(False)


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
