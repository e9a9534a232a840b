"""Charts of who is heard, in what tone, about whom and through whom: each draws a frame on Axes."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as MatplotlibPath
from matplotlib.ticker import MaxNLocator

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
    jitter,
    make_axes,
    name_rows,
    plain,
    plot,
    rows_height,
    say_nothing,
    signed,
    write_beside,
)

DIVERGING = LinearSegmentedColormap.from_list("tone", [ORANGE, "#E6E6E6", BLUE])


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
def plot_tone(
    frame: pd.DataFrame,
    label: str,
    points: pd.DataFrame | None = None,
) -> Axes:
    """Draw each row's mean tone with its interval around a grey zero, in the order of the rows.

    The mean is orange where the whole interval is negative, blue where it is positive and grey
    where it holds zero. Rows without a tone say that they have too few attributions. `points`
    (rows with `label` and tone) are drawn as small dots: the spread behind the mean.
    """
    ax = make_axes(rows_height(len(frame) * 1.15) + 0.15)
    if frame.empty:
        return say_nothing(ax, NOTHING)
    ax.axvline(0, color=LIGHT, linewidth=1, zorder=0)
    columns = [label, "tone", "low", "high", "attributions"]
    for place, row in enumerate(frame[columns].itertuples(index=False, name=None)):
        name, tone, low, high, number = row
        if np.isnan(tone):
            write_beside(ax, 0, place, f"too few to draw (n = {number:,})", color=GREY)
            continue
        if points is not None:
            spread = points.loc[points[label] == name, "tone"].dropna()
            shift = jitter(len(spread), 0.22)
            ax.scatter(spread, place + shift, s=6, color=LIGHT, lw=0, zorder=1)
        colour = ORANGE if high < 0 else BLUE if low > 0 else GREY
        ax.hlines(place, low, high, color=colour, linewidth=1.6, zorder=2)
        ax.scatter([tone], [place], s=24, color=colour, zorder=3)
        write_beside(ax, 1, place, f"{signed(tone, 2)} (n = {number:,})")
    name_rows(ax, frame[label].tolist())
    ax.set_xlim(-1.02, 1.02)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1 negative", "−0.5", "0", "+0.5", "positive +1"])
    return ax


@plot("Grid of those who speak and those they speak about", "Hatched: too little to tell.")
def plot_target_grid(
    frame: pd.DataFrame,
    row: str = "speaker",
    top: int = 12,
    across: int = 7,
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
    ax = make_axes(rows_height(len(names) * 1.6) + 0.3)
    if drawn.empty:
        return say_nothing(ax, NOTHING)
    scale = Normalize(-1, 1)
    columns = [row, "target", "balance", "count", "judged", "abstained"]
    for speaker, target, balance, count, judged, why in drawn[columns].itertuples(index=False):
        place, head = names.index(speaker), heads.index(target)
        silent = bool(why)
        face = "white" if silent else DIVERGING(scale(balance))
        hatch = {"hatch": "////", "edgecolor": PALE} if silent else {"edgecolor": "white"}
        corner = (head - 0.47, place - 0.46)
        ax.add_patch(Rectangle(corner, 0.94, 0.92, facecolor=face, linewidth=0.6, **hatch))
        text = f"{why}\nn = {count:,}" if silent else f"{signed(balance, 1)}\nn = {judged:,}"
        ink = GREY if silent else _readable_on(face)
        text = text.replace("instruments disagree", "split")
        ax.text(head, place, text, ha="center", va="center", fontsize=6.5, color=ink)
    _name_cells(ax, names, heads)
    return ax


def _name_cells(ax: Axes, names: list[str], heads: list[str]) -> None:
    """Write the rows' names at the left of a grid and the columns' above it."""
    name_rows(ax, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(-0.5, max(len(heads), 4) - 0.5)
    width = 12 if len(heads) > 4 else 20
    ax.set_xticks(range(len(heads)), [_fold(head, width) for head in heads])
    ax.tick_params(axis="x", top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.tick_params(axis="x", labelcolor=INK, length=0)
    ax.spines["bottom"].set_visible(False)


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
    ax.set_xlim(-1.02, 1.02)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1 negative", "−0.5", "0", "+0.5", "positive +1"])
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, handletextpad=0.2)
    return ax


def _largest(frame: pd.DataFrame, name: str, count: str, most: int) -> list[str]:
    sizes = frame.groupby(name)[count].sum().sort_values(ascending=False, kind="stable")
    return list(sizes.index[:most])


def _readable_on(face: tuple[float, ...]) -> str:
    """Choose dark or white ink by relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in face[:3]]
    return INK if np.dot(linear, [0.2126, 0.7152, 0.0722]) > 0.22 else "white"


def _fold(text: object, width: int, lines: int = 4) -> str:
    folded = textwrap.wrap(plain(text), width, max_lines=lines, placeholder="…")
    return "\n".join(folded)


@plot(
    "Bands from speakers to the outlets that carried their words",
    "Blue: an outlet that a state owns. Left: statements of each speaker.",
)
def plot_relays(
    frame: pd.DataFrame,
    value: str = "attributions",
    top: int = 15,
) -> Axes:
    """Draw who speaks through whom: speakers on the left, the outlets that carried them right.

    Needs speaker, relay, relay_ownership and `value`; the `top` pairs with the largest value are
    drawn, and the rest as those of "others". A band is as wide as its number; what went through a
    state's outlet is blue, the rest grey, and every outlet's owner stands beside its name.
    """
    rows = _gather(frame, value, top)
    if rows.empty:
        return say_nothing(make_axes(rows_height(0)), NOTHING)
    outlets = rows.groupby("relay").agg(
        relay_ownership=("relay_ownership", lambda owners: min(owners, key=_known_first)),
        number=(value, "sum"),
    )
    outlets = outlets.sort_values("number", ascending=False, kind="stable").reset_index()
    order = {relay: place for place, relay in enumerate(outlets["relay"])}
    rows = rows.iloc[rows["relay"].map(order).argsort(kind="stable")]
    speakers = list(dict.fromkeys(rows["speaker"]))
    height = max(len(speakers), len(outlets))
    ax = make_axes(0.3 + ROW * 1.15 * max(height, 3))
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
