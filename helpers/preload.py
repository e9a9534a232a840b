"""All that a run needs, imported once by the process from which runs are forked.

Importing must start no thread, open no socket and read no article: a fork copies memory but not
threads. What is only computed once is computed here as well: fonts, hashes, the notebook schema.
"""

from __future__ import annotations

import contextlib
import gc
import io

with contextlib.redirect_stderr(io.StringIO()):  # the debugger, which every kernel imports, warns
    import ipykernel.debugger  # noqa: F401
import ipykernel.kernelapp  # noqa: F401
import matplotlib_inline.backend_inline  # noqa: F401
import nbclient  # noqa: F401
import nbformat
import papermill  # noqa: F401
import pyarrow.compute  # noqa: F401
import pyarrow.dataset  # noqa: F401
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from helpers import charts, explore, measures, overview, plan, report, runs  # noqa: F401
from helpers.corpus import engine_hashes


def _draw_once() -> None:
    """Draw a figure in memory, so that fonts and letters are known."""
    with charts.mpl.rc_context(charts._style()):
        for canvas, kind in ((FigureCanvasAgg, "png"), (FigureCanvasSVG, "svg")):
            figure = Figure(layout="constrained")
            canvas(figure)
            axes = figure.subplots()
            axes.set_title("A title, in bold", fontweight="bold")
            axes.set_xlabel("0123456789 %")
            figure.savefig(io.BytesIO(), format=kind)


def _warm() -> None:
    nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
    engine_hashes()
    _draw_once()
    gc.collect()
    gc.freeze()  # else collecting in each fork would copy the memory it shares


_warm()
