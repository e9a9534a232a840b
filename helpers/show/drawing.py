"""How every chart looks and what it says: style, panels, labels, words, alt text, files.

Figures are 6.3 inches wide. One blue carries the finding, grey the context; tones run from orange
(negative) through grey to blue (positive). Both colours are from Okabe and Ito's palette. Texts
from articles are drawn as written, never read as mathematics.
"""

from __future__ import annotations

import functools
import inspect
import re
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
import PIL.Image
from IPython.display import Image, display
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from PIL.PngImagePlugin import PngInfo

from helpers.measure.select import name_value
from helpers.measure.shares import MINIMUM as MINIMUM
from helpers.measure.shares import SMALL
from helpers.measure.shares import percent as percent
from helpers.show import small
from helpers.store import tables
from helpers.store.paths import TEMPLATES

WIDTH = 6.3
ROW = 0.21
DPI = 180
SCREEN_DPI = 100
PANELS, COLOURS = 9, 32
LABEL_WIDTH = 36
TITLE_LINES = 2
BLUE, ORANGE = "#0072B2", "#D55E00"
INK, GREY = "#222222", "#6B6B6B"
LIGHT, PALE = "#BDBDBD", "#E2E2E2"
WILSON = "Lines are 95% Wilson intervals."
CLUSTERS = "Lines are 95% intervals, articles as clusters."
NOTHING = "Nothing to count in these articles."
BARE = f"No intervals: these need several articles, and {MINIMUM} of what is counted."
SOME_BARE = f" Open dots have no interval: fewer than {MINIMUM}, or one article."


@functools.cache
def _style() -> dict[str, object]:
    style = dict(mpl.rc_params_from_file(TEMPLATES / "charts.mplstyle", False, False))
    known = set(font_manager.get_font_names())
    return style | {"font.family": [font for font in style["font.family"] if font in known]}


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


def plot(kind: str, legend: str) -> Callable[..., Callable[..., Axes]]:
    """Give a function that draws its style, its kind of chart and what explains the drawing.

    Both are written with the function's arguments in braces ("one panel for each {by}"); `{lines}`
    says what the lines are, `{grey}` what is drawn in grey `behind`, `{blue}` what `highlight` is.
    What a function has drawn in another way it says itself, as `kind` and `explained` of the
    figure; `few` is what it adds.
    """

    def decorate(function: Callable[..., Axes]) -> Callable[..., Axes]:
        @functools.wraps(function)
        def styled(*args: object, **kwargs: object) -> Axes:
            given = inspect.signature(function).bind(*args, **kwargs)
            given.apply_defaults()
            told = given.arguments
            words = {
                "lines": WILSON if told.get("count") == "articles" else CLUSTERS,
                "grey": "" if told.get("behind") is None else " Grey: all together.",
                "blue": f"Blue: {told.get('highlight')}." if told.get("highlight") else "",
            }
            with _styled():
                ax = function(*args, **kwargs)
            figure = ax.figure
            said = getattr(figure, "kind", kind), getattr(figure, "explained", legend)
            figure.kind, figure.explained = (text.format_map(told | words) for text in said)
            figure.explained += getattr(figure, "few", "")
            return ax

        return styled

    return decorate


def make_axes(height: float) -> Axes:
    """Make one panel as high as that, in inches."""
    return make_panels(1, 1, height)[0]


def make_panels(rows: int, columns: int, height: float, **shared: object) -> list[Axes]:
    """Make a figure of panels, row by row."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.04)
    return list(figure.subplots(rows, columns, squeeze=False, **shared).flat)


def small_multiples(wanted: int, columns: int, height: float, **shared: object) -> list[Axes]:
    """Make at most nine panels; when more are wanted the last says how many are not drawn."""
    shown = min(wanted, PANELS)
    rows = -(-shown // columns)
    panels = make_panels(rows, columns, rows * (height + 0.12), **shared)
    for spare in panels[shown:]:
        spare.set_axis_off()
    for ax in panels[:shown]:
        ax.tick_params(labelbottom=True)
    if wanted > PANELS:
        say_nothing(panels[PANELS - 1], f"{wanted - PANELS + 1} more are in the table")
        return panels[: PANELS - 1]
    return panels[:shown]


def rows_height(rows: float) -> float:
    """Return the height of a chart with so many rows, in inches."""
    return 0.45 + ROW * max(rows, 3)


def say_nothing(ax: Axes, sentence: str) -> Axes:
    """Write a sentence where nothing can be drawn, and let a figure know that it is all of it."""
    ax.set_axis_off()
    ax.figure.nothing = sentence if len(ax.figure.axes) == 1 else ""
    ax.text(0.5, 0.5, sentence, ha="center", va="center", color=GREY, transform=ax.transAxes)
    return ax


def plain(text: object, width: int = 0) -> str:
    """Put a text on one line without control characters, shortened to `width` if given."""
    kept = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in str(text))
    line = re.sub(" +", " ", kept).strip()
    return line if not width or len(line) <= width else line[: width - 1].rstrip() + "…"


def signed(number: float, digits: int) -> str:
    """Write a number with its sign; what rounds to zero has none."""
    written = f"{number:+.{digits}f}"
    return written.replace("-", "−") if float(written) else written[1:]


def draw_lines(
    ax: Axes, rows: pd.DataFrame, value: str, colour: object = BLUE, shift: float = 0.0
) -> None:
    """Draw a number of each row as a dot on its interval, one line a row."""
    places = np.arange(len(rows)) + shift
    ax.hlines(places, rows["low"], rows["high"], color=colour, linewidth=1.2, alpha=0.55)
    ax.scatter(rows[value], places, s=20, color=colour, zorder=3, clip_on=False)


def name_rows(ax: Axes, names: Sequence[str] | pd.Series, width: int = LABEL_WIDTH) -> None:
    """Write names at the left, the first at the top; a column of outlets as readers know them."""
    column = getattr(names, "name", "")
    ax.names = [plain(name_value(name, column)) or "(none given)" for name in names]
    ax.set_yticks(range(len(names)), [plain(name, width) for name in ax.names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def write_beside(ax: Axes, x: float, y: float, text: str, **style: object) -> None:
    """Write a value just right of a point, where no line can run through it."""
    ax.annotate(
        text, (x, y), (6, 0), textcoords="offset points", va="center", **{"fontsize": 7.5, **style}
    )


def jitter(number: int, width: float) -> np.ndarray:
    """Spread points evenly without chance: the golden ratio's multiples never bunch."""
    return (np.arange(number) * 0.6180339887 % 1 - 0.5) * 2 * width


def percent_axis(ax: Axes, highest: float) -> None:
    """Let an axis run from nothing to the highest share, in percent."""
    ax.set_xlim(-0.02 * min(1.0, highest), min(1.0, highest) * 1.01)
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=int(highest < SMALL)))


def number_axis(ax: Axes, highest: float) -> None:
    """Let an axis run from zero to the highest number."""
    ax.set_xlim(0, max(highest, 1) * 1.01)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")


def show(ax: Axes, title: str, n: str, name: str = "", out: str | Path = "") -> None:
    """Write a chart's title above it and its note below, display it once with its alt text.

    The note is `n` ("n = 40 articles") and what `plot` explains of the kind of chart; the alt text
    is all of it in words. With `out`, also writes `<out>/<name>.png` and `<out>/<name>.svg`: the
    same file for the same chart, with the alt text inside. What a narrow screen shows in its place
    (`small.write`) goes with the picture, as `small` of its metadata. Raises ValueError when `n`
    does not say n, or a chart is to be written without a name.
    """
    if "n = " not in n:
        raise ValueError("a chart needs its n: write “n = …”")
    if str(out) and not name:
        raise ValueError("a chart that is written to a folder needs a name")
    figure = ax.figure
    title, note = plain(title), plain(f"{n.rstrip('.')}. {figure.explained}")
    alt = f"{figure.kind}. {title.rstrip('.')}. {note}"
    with _styled():
        _add_words(figure, title, note)
        figure.canvas.draw()  # places everything once, for both files
        figure.set_layout_engine("none")
        picture = _to_png(figure, {"Title": title, "Description": alt, "Software": "Attributed"})
        if str(out):
            tables.write_bytes(picture, Path(out) / f"{name}.png")
            tables.write_text(_to_svg(figure, title, alt), Path(out) / f"{name}.svg")
        drawn = getattr(figure, "small", figure)
        told = small.write(drawn, title, plain(f"{n.rstrip('.')}. {drawn.explained}"))
    width = round(figure.get_figwidth() * SCREEN_DPI)
    display(Image(picture, format="png", width=width, alt=alt, metadata={"small": told}))
    figure.clear()


def _add_words(figure: Figure, title: str, note: str) -> None:
    width = figure.get_figwidth() - 0.1
    title = _wrap(figure, title, width, TITLE_LINES, fontsize=10, fontweight="bold")
    note = _wrap(figure, note, width, fontsize=7.5)
    lines = 0.2 * (title.count("\n") + 1) + 0.15 * (note.count("\n") + 1)
    figure.set_figheight(figure.get_figheight() + lines)
    figure.suptitle(title, x=0.008, ha="left", fontsize=10, fontweight="bold")
    figure.supxlabel(note, x=0.008, ha="left", fontsize=7.5, color=GREY)


def _wrap(figure: Figure, text: str, inches: float, most: int = 0, **style: object) -> str:
    """Break a text into lines that fit, measured in the font that draws it, `most` of them."""
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
    if most and len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1].rstrip(',;:').rpartition(' ')[0]} …"]
    return "\n".join(lines)


def _to_png(figure: Figure, told: dict[str, str]) -> bytes:
    """Draw a figure in as many colours as it needs to be read, a third of the size of all."""
    drawn = PIL.Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    words = PngInfo()
    for name, text in told.items():
        words.add_itxt(name, text)
    written = BytesIO()
    drawn = drawn.quantize(COLOURS, dither=PIL.Image.Dither.NONE)
    drawn.save(written, "png", optimize=True, pnginfo=words, dpi=(DPI, DPI))
    return written.getvalue()


def _to_svg(figure: Figure, title: str, alt: str) -> str:
    written = StringIO()
    FigureCanvasSVG(figure).print_svg(written, metadata={"Title": title, "Date": None})
    head, mark, rest = written.getvalue().partition("</title>")
    return f"{head}{mark}\n <desc>{escape(alt)}</desc>{rest}"
