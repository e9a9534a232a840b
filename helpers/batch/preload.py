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
import matplotlib.pyplot  # noqa: F401
import nbclient  # noqa: F401
import nbformat
import pandas as pd
import papermill  # noqa: F401
import pyarrow.compute  # noqa: F401
import pyarrow.dataset  # noqa: F401

from helpers.batch import pages, plan, run  # noqa: F401
from helpers.batch.jobs import Outcome
from helpers.measure import attitudes, comparisons, counting, sourcing  # noqa: F401
from helpers.show import charts, concordance, forms, publish, reader  # noqa: F401
from helpers.store.paths import engine_hashes
from helpers.study import accuracy, study  # noqa: F401


def _draw_once() -> None:
    """Draw a chart in memory, so that fonts and letters are known."""
    row = {"name": ["A name, 0123456789 %"], "share": 0.5, "low": 0.4, "high": 0.6, "articles": 1}
    figure = charts.plot_shares(pd.DataFrame(row), label="name").figure
    for kind in ("png", "svg"):
        figure.savefig(io.BytesIO(), format=kind)


def _warm() -> None:
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.validate(page)
    pages.render_page(page, Outcome("name", "title", "notebook"), "batch", {})
    engine_hashes()
    _draw_once()
    gc.collect()
    gc.freeze()  # else collecting in each fork would copy the memory it shares


_warm()
