"""A chart drawn anew for a narrow screen: the same marks, each row's name and number above them.

A picture as wide as a page cannot be read on a telephone. What a figure has drawn is written as
HTML: names in full and numbers as text that keeps its size, the marks of a row as a strip, what
runs over time as a small plot. A figure whose picture cannot be set out so has a `small` one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import groupby
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

WIDTH, EDGE = 340, 6  # of a drawing, in pixels, and what is left free at its sides
LOW, HIGH, PLOT = 12, 22, 110  # heights of a row of one lane or more, and of a plot over time
LETTER = 5.6  # width of a letter of a scale
MARGIN = 34  # at the left of a plot over time
OPEN = 18  # rows of panels after which the others are folded; a plot counts as six
ROW = '<div class="row">'
PALE = "#BDBDBD"
Scale = Callable[[float], float]


class Mark(NamedTuple):
    """One thing drawn: a dot where both ends are one, else a line or a bar."""

    x: float
    y: float
    to_x: float
    to_y: float
    face: str
    edge: str
    size: float
    shape: str = "o"


def write(figure: Figure, title: str, note: str) -> str:
    """Write what a figure has drawn, below its title, if it has one, and above its note."""
    panels = [written for ax in figure.axes if (written := _write_panel(ax))]
    told, rows = [], 0
    for head, body in panels:
        opened = " open" * (rows < OPEN)
        rows += body.count(ROW) or OPEN // 3
        panel = f"<details{opened}><summary>{escape(head)}</summary>{body}</details>"
        told.append(panel if head else body)
    return (
        f'<div class="narrow">{f"<p><b>{escape(title)}</b></p>" * bool(title)}'
        f"{''.join(told)}<p><small>{escape(note)}</small></p></div>"
    )


def _write_panel(ax: Axes) -> tuple[str, str] | None:
    """Return the title of a panel and what is in it, None where it is empty."""
    head = (ax.get_title(loc="left") or ax.get_title()).replace("\n", ", ")
    if not ax.axison:
        body = _write_texts(ax)
    else:
        body = (_write_rows if hasattr(ax, "names") else _write_plot)(ax)
        signs = escape(ax.get_xlabel().replace("   ", " · "))
        body += f"<p><small>{signs}</small></p>" * bool(signs)
    return (head, body) if body else None


def _write_texts(ax: Axes) -> str:
    """Write a panel that is words, a paragraph for each that begins in bold; pale ones struck."""
    lines: list[str] = []
    for text in ax.texts:
        said = f"{escape(text.get_text())} "
        said = f"<s>{said}</s>" if text.get_color() == PALE else said
        if text.get_fontweight() == "bold" or not lines:
            said = f"</p><p><b>{said}</b><br>" if text.get_fontweight() == "bold" else f"<p>{said}"
        lines.append(said)
    return "".join(lines).removeprefix("</p>") + "</p>" * bool(lines)


def _write_rows(ax: Axes) -> str:
    """Write each row: its name, the numbers beside it, and its marks."""
    low, high = ax.get_xlim()
    high = getattr(ax, "reach", high)
    across = _scale(low, high, EDGE, WIDTH - EDGE)
    marks = list(_find_marks(ax))
    lanes = {round(mark.y % 1, 1) for mark in marks if mark.y == mark.to_y}
    height = LOW if lanes <= {0.0, 1.0} else HIGH
    zero = "".join(f"M{across(x):.0f} 0V{height}" for x in _references(ax))
    rows = []
    for place, name in enumerate(ax.names):
        own = [mark for mark in marks if round((mark.y + mark.to_y) / 2) == place]
        told = [text for text in ax.texts if round(text.xy[1]) == place]
        if own or told:
            down = _scale(place - 0.5, place + 0.5, 0, height)
            said = " ".join(
                f'<span style="color:{one.get_color()}">{escape(one.get_text())}</span>'
                for one in sorted(told, key=lambda one: one.xy[1])
            )
            behind = _path(PALE, 1, zero) * bool(zero)
            rows.append(
                f"{ROW}<span>{escape(name)}</span> {said}</div>"
                + _svg(height, behind + _draw(own, across, down))
            )
    return "".join(rows) + _svg(14, _write_scale(ax, across, 11)) if rows else ""


def _write_plot(ax: Axes) -> str:
    """Write a plot of two scales, which stand at its left and below it."""
    across = _scale(*ax.get_xlim(), MARGIN, WIDTH - EDGE)
    down = _scale(*ax.get_ylim(), PLOT, 8)
    lines = [
        line for line in sorted(ax.lines, key=Line2D.get_zorder) if line.get_linestyle() != "None"
    ]
    drawn = "".join(
        _path(_hex(line.get_color()), line.get_linewidth() * 1.4, _polyline(line, across, down))
        for line in lines
    )
    levels = [
        f'<text x="{MARGIN - 6}" y="{down(y) + 3:.0f}" text-anchor="end">{escape(told)}</text>'
        for y, told in _ticks(ax.yaxis, ax.get_ylim())
    ]
    drawn += _draw(list(_find_marks(ax)), across, down) + "".join(levels)
    return _svg(PLOT + 18, drawn + _write_scale(ax, across, PLOT + 14))


def _polyline(line: Line2D, across: Scale, down: Scale) -> str:
    points = np.column_stack([line.get_xdata(orig=False), line.get_ydata(orig=False)])
    path, broken = [], True
    for x, y in points.astype(float):
        if math.isfinite(x + y):
            path.append(f"{'M' if broken else 'L'}{across(x):.0f} {down(y):.0f}")
        broken = not math.isfinite(x + y)
    return "".join(path)


def _scale(low: float, high: float, first: float, last: float) -> Scale:
    width = (high - low) or 1
    return lambda value: first + (value - low) / width * (last - first)


def _references(ax: Axes) -> Iterator[float]:
    """Yield where a line runs through all rows."""
    for line in ax.lines:
        if line.get_transform() != ax.transData:
            yield float(line.get_xdata(orig=False)[0])


def _ticks(axis: object, ends: tuple[float, float]) -> list[tuple[float, str]]:
    told = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
    low, high = sorted(ends)
    return [(x, text.get_text()) for x, text in told if low <= x <= high and text.get_text()]


def _write_scale(ax: Axes, across: Scale, y: float) -> str:
    """Write the numbers of a scale, those left out that would run into one another."""
    written, free = [], 0.0
    for x, told in _ticks(ax.xaxis, ax.get_xlim()):
        half = len(told) * LETTER / 2
        middle = min(max(across(x), half), WIDTH - half)
        if middle - half >= free:
            written.append(
                f'<text x="{middle:.0f}" y="{y}" text-anchor="middle">{escape(told)}</text>'
            )
            free = middle + half + LETTER
    return "".join(written)


def _find_marks(ax: Axes) -> Iterator[Mark]:
    """Yield dots, lines and bars, those behind first."""
    artists = [*ax.collections, *ax.patches, *ax.lines]
    for artist in sorted(artists, key=lambda one: one.get_zorder()):
        if isinstance(artist, LineCollection):
            yield from _lines(artist)
        elif isinstance(artist, Patch):
            y, ends = artist.get_y() + artist.get_height() / 2, artist.get_x()
            told = _hex(artist.get_facecolor()), _hex(artist.get_edgecolor())
            yield Mark(ends, y, ends + artist.get_width(), y, *told, 8, "bar")
        elif isinstance(artist, Line2D):
            yield from _signs(artist, ax)
        else:
            yield from _dots(artist)


def _lines(artist: LineCollection) -> Iterator[Mark]:
    colours, widths = artist.get_colors(), artist.get_linewidths()
    for number, segment in enumerate(artist.get_segments()):
        if len(segment) == 2 and np.isfinite(segment).all():
            colour = _hex(colours[number % len(colours)])
            width = widths[number % len(widths)] * 1.4
            yield Mark(*segment[0], *segment[1], colour, colour, width, "line")


def _dots(artist: object) -> Iterator[Mark]:
    faces, edges = artist.get_facecolors(), artist.get_edgecolors()
    sizes = artist.get_sizes()
    for number, (x, y) in enumerate(np.ma.filled(artist.get_offsets(), np.nan)):
        if math.isfinite(x + y):
            face = _hex(faces[number % len(faces)])
            edge = _hex(edges[number % len(edges)]) if len(edges) else face
            yield Mark(x, y, x, y, face, edge, math.sqrt(sizes[number % len(sizes)]) * 1.4)


def _signs(line: Line2D, ax: Axes) -> Iterator[Mark]:
    """Yield the markers of a line."""
    shape = str(line.get_marker())
    if shape == "None" or line.get_transform() != ax.transData:
        return
    colour = _hex(line.get_color())
    face = "#ffffff" if line.get_fillstyle() == "none" else colour
    shape = "half" if line.get_fillstyle() == "left" else shape
    for x, y in zip(line.get_xdata(orig=False), line.get_ydata(orig=False), strict=True):
        if math.isfinite(float(x) + float(y)):
            size = line.get_markersize() * 1.4
            yield Mark(float(x), float(y), float(x), float(y), face, colour, size, shape)


def _hex(colour: object) -> str:
    """Return a colour as it is on white."""
    red, green, blue, alpha = to_rgba(colour)
    return to_hex([1 - alpha + alpha * part for part in (red, green, blue)])


def _draw(marks: Iterable[Mark], across: Scale, down: Scale) -> str:
    """Draw marks, those that look alike and follow one another as one path."""
    drawn = []
    for (shape, face, edge, size), alike in groupby(
        marks, key=lambda mark: (mark.shape, mark.face, mark.edge, round(mark.size, 1))
    ):
        places = [(across(m.x), down(m.y), across(m.to_x), down(m.to_y)) for m in alike]
        if shape in ("v", "^"):
            side = 1 if shape == "^" else -1
            path = "".join(
                f"M{x - 4:.0f} {y + 3 * side:.0f}h8l-4 {-7 * side}z" for x, y, *_ in places
            )
            drawn.append(f'<path d="{path}" fill="{face}"></path>')
            continue
        path = "".join(f"M{x:.0f} {y:.0f}L{to_x:.0f} {to_y:.0f}" for x, y, to_x, to_y in places)
        cap = "butt" if shape in ("bar", "line") else "round"
        drawn.append(_path(edge if shape != "bar" else face, size, path, cap))
        if face != edge and shape == "bar":
            drawn.append(_frame(places, size, edge))
        elif face != edge or shape == "half":
            drawn.append(_path("#ffffff", size - 2.4, path, cap))
        if shape == "half":
            half = "".join(f"M{x:.0f} {y - 3:.0f}a3 3 0 0 0 0 6z" for x, y, *_ in places)
            drawn.append(f'<path d="{half}" fill="{edge}"></path>')
    return "".join(drawn)


def _frame(places: list[tuple[float, float, float, float]], size: float, edge: str) -> str:
    path = "".join(
        f"M{x:.0f} {y - size / 2:.0f}H{to_x:.0f}v{size:.0f}H{x:.0f}z" for x, y, to_x, _ in places
    )
    return f'<path d="{path}" fill="none" stroke="{edge}"></path>'


def _path(colour: str, width: float, path: str, cap: str = "butt") -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.1f}" '
        f'stroke-linecap="{cap}"></path>'
    )


def _svg(height: float, drawn: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" aria-hidden="true">{drawn}</svg>' if drawn else ""
