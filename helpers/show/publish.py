"""One verb that publishes: a number is shown, opened to its sentences, exported and traced at once.

A notebook opens its corpus as a `Page`. What it counts it hands to the page together with the rows
that it was counted from: the page shows a chart or a table, lets each line open the sentences
behind it, and, where the notebook has a folder to write to, writes the table as CSV, the chart as
PNG and SVG, and every number with its rows to `trace.csv`. A table without rows says "None".
`evidence.html`, the appendix, opens every published number to all rows behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import HTML, display
from matplotlib.axes import Axes

from helpers.corpus.build import open_corpus
from helpers.measure import counting, evidence, select
from helpers.measure.shares import measure_room, measure_shares, name_leaders, name_leaders_by
from helpers.show import browse, charts, drawing, forms, grids, reader
from helpers.show.appendix import write_appendix, write_ledger, write_rows
from helpers.show.reader import Evidence, Markup
from helpers.store import schema, tables

NONE = "None: there is nothing of this kind in these articles."
OPENED = (
    "<details><summary>The sentences behind {what}</summary>"
    '<div style="margin-left:1.2em">{lines}</div></details>'
)


@dataclass
class Page:
    """The articles that a notebook speaks of, and what it has published about them.

    `articles` are the chosen ones, `folder` holds the tables they come from; `roles` are the block
    roles counted, `top` the rows shown, and `out` the folder written to ("" writes nothing).
    `incomplete` are those chosen of which only a part was read, counted or not.
    """

    folder: str | Path
    articles: pd.DataFrame
    roles: Sequence[str] = ()
    top: int = 15
    out: str | Path = ""
    incomplete: pd.DataFrame = field(default_factory=lambda: schema.empty("articles"))
    published: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        grids.use()

    def read(self, name: str, columns: list[str] | None = None, light: bool = False):
        """Read the rows of a table that lie in the articles and in the counted roles."""
        roles = self.roles if "role" in schema.TABLES[name].columns.names else ()
        return select.read_rows(name, self.folder, self.articles, roles, columns, light)

    def sentences(
        self, rows: pd.DataFrame, told: Sequence[str] = (), top: int | None = None, name: str = ""
    ) -> Evidence:
        """Return the sentences behind the first `top` rows (0: all), exported where named."""
        opened = reader.evidence(rows, self.folder, self.top if top is None else top, told)
        if name:
            self.export(name, opened)
        return opened

    def export(self, name: str, frame: pd.DataFrame) -> None:
        """Write a frame as `<out>/<name>.csv` where there is a folder to write to."""
        self.published[name] = frame
        tables.export(frame, name, self.out)

    def table(
        self,
        name: str,
        counts: pd.DataFrame,
        rows: pd.DataFrame | None = None,
        top: int | None = None,
        shown: pd.DataFrame | None = None,
        nothing: str = NONE,
        **how,
    ) -> None:
        """Publish a table; each of the rows shown opens the sentences among `rows` behind it.

        Parameters
        ----------
        name
            Under which it is exported and traced.
        counts, rows
            The table, and what it was counted from; None where no rows stand behind it.
        top
            How many rows are shown; 0 shows all, None as many as everywhere on the page.
        shown
            What is shown in place of these rows: the same numbers, set out to be read.
        nothing
            What a table without rows says; with "" it is shown as it is.
        how
            What `evidence.trace_all` needs to know: of, by, keys, counted, and articles where rows
            are not of this corpus only.

        Raises
        ------
        EvidenceError
            When a number is not what its rows give.
        """
        top = self.top if top is None else top
        if shown is None:
            shown = counts.head(top) if top else counts
        if len(shown) or not nothing:
            more = len(counts) - len(shown) if list(shown) == list(counts) else 0
            file = f"{name}.csv" if str(self.out) else "give a larger top"
            n = _say_n(rows, how.get("of"))
            display(Markup(grids.write(shown, more, file, n)))
        else:
            display(HTML(f"<p>{nothing}</p>"))
        self.export(name, counts)
        if rows is not None and len(counts):
            display(self.open(name, counts, rows, **how))

    def chart(
        self,
        name: str,
        ax: Axes,
        counts: pd.DataFrame | None = None,
        rows: pd.DataFrame | None = None,
        title: str = "",
        n: str = "",
        picture: str = "",
        **how,
    ) -> None:
        """Publish a table as the chart drawn on `ax`, under a title that says the finding.

        `n` says what was counted ("n = 40 articles"), by default how many `rows` or `of` are. The
        picture has the name of the table where none is given; without `counts` it is all that is
        published. Else see `table`.
        """
        drawing.show(ax, title, n or _say_n(rows, how.get("of")), picture or name, self.out)
        if counts is not None:
            self.export(name, counts)
        if rows is not None and len(counts):
            display(self.open(name, counts, rows, **how))

    def dots(
        self,
        name: str,
        counts: pd.DataFrame,
        rows: pd.DataFrame,
        label: str,
        says: str,
        count: str = "articles",
        drawn: pd.DataFrame | None = None,
        **how,
    ) -> None:
        """Publish shares as a dot chart whose title is what it `says` of the largest.

        `counts` has share, low, high, n and `count`, the number that stands beside each share;
        `drawn` are those of its rows that are drawn, by default all. Else see `chart`.
        """
        drawn = counts if drawn is None else drawn
        how = {"title": f"{says}: {name_leaders(drawn, label)}"} | how
        ax = charts.plot_shares(drawn.head(self.top), label, count)
        self.chart(name, ax, counts, rows, **how)

    def panels(
        self,
        name: str,
        counts: pd.DataFrame,
        rows: pd.DataFrame,
        label: str,
        by: str,
        says: str,
        count: str = "articles",
        behind: str = "",
        **how,
    ) -> None:
        """Publish shares as a panel of dots for each `by`; the title names the first in each.

        `behind` is the name of a table published before, whose shares of the same labels are drawn
        in grey. Else see `dots`.
        """
        how = {"title": f"{says}: {name_leaders_by(counts, label, by)}", "by": [by]} | how
        grey = self.published[behind] if behind else None
        grey = grey[grey[label].isin(counts[label])].head(self.top) if behind else None
        ax = charts.plot_share_panels(counts, label, by, count, grey)
        self.chart(name, ax, counts, rows, **how)

    def shares(
        self,
        name: str,
        rows: pd.DataFrame,
        column: str,
        says: str,
        by: str = "",
        leave_out: str = "",
        **how,
    ) -> None:
        """Measure what part of the rows each value of `column` has, and publish it.

        With `by` there is a panel for each of its values, and all together in grey behind it. A
        value to `leave_out` is in the table and not in the chart. See `dots`, `panels` and
        `shares.measure_shares`.
        """
        counts, whole = measure_shares(rows, column, by), measure_shares(rows, column)
        if by:
            ax = charts.plot_share_panels(counts, column, by, "count", whole.head(self.top))
            how = {"title": f"{says}: {name_leaders_by(counts, column, by)}", "by": [by]} | how
            self.chart(name, ax, counts, rows, **how)
        else:
            how["drawn"] = counts[counts[column] != leave_out]
            self.dots(name, counts, rows, column, says, "count", **how)

    def room(self, name: str, rows: pd.DataFrame, column: str, says: str) -> None:
        """Publish the shares of `column` twice, by statements and by the words these run to.

        The title is what it `says` of those with most words.
        """
        counts = measure_room(rows, column)
        by_words = counts["measure"] == "words"
        title = f"{says}: {name_leaders(counts[by_words], column)}"
        ax = charts.plot_share_panels(counts, column, "measure", "count")
        self.chart(name, ax, counts, title=title, n=_say_n(rows))
        words = {"by": ["measure"], "counted": {"count": evidence.WORDS, "n": evidence.WORDS}}
        if len(counts):
            said, spoken = (rows.assign(measure=unit) for unit in ("attributions", "words"))
            numbers, lengths = "the numbers of statements", "the numbers of words"
            display(self.open(name, counts[~by_words], said, numbers, by=["measure"]))
            display(self.open(f"{name} (words)", counts[by_words], spoken, lengths, **words))

    def files(self, name: str) -> None:
        """Publish what was read from which file of the corpus, whatever articles are chosen.

        The files with problems are lines that open to what is wrong and what to do.
        """
        told = tables.read_manifest(self.folder)
        articles = tables.read_table("articles", self.folder, ["path", "complete"])
        problems = counting.add_file(tables.read_table("problems", self.folder))
        counts = counting.count_files(articles, problems, told.get("announced", {}))
        display(reader.write_files(counts, problems, told.get("notes", []), self.top))
        self.export(name, counts)

    def quotations(self, rows: pd.DataFrame, title: str, about: Sequence[str] = ()) -> None:
        """Publish rows of `quoted.list_quotations`: a list to search, a workbook and a CSV.

        In JupyterLab the list itself is shown; elsewhere the first rows of it, and where it is.
        """
        for sentence in about:
            display(HTML(f"<p>{escape(sentence)}</p>"))
        self.published[browse.NAME] = rows
        if str(self.out):
            browse.write(rows, self.folder, self.out, title, about)
        if forms.can_edit():
            display(browse.show(rows, self.folder, title))
        else:
            display(rows[list(browse.SHOWN)].head(self.top))

    def close(self) -> pd.DataFrame:
        """Write `evidence.html`, where each traced number opens; return what was published.

        Also says where that was written to.
        """
        traced = write_appendix(self.out, self.folder)
        display(HTML(f"<p>{_say_where(self.out, traced)}</p>"))
        rows = [(name, len(frame)) for name, frame in self.published.items()]
        return pd.DataFrame(rows, columns=["table", "rows"])

    def open(
        self,
        name: str,
        counts: pd.DataFrame,
        rows: pd.DataFrame,
        what: str = "these numbers",
        articles: pd.DataFrame | None = None,
        **how,
    ) -> Markup:
        """Trace a table to the rows behind it; return its first rows as lines that open these.

        They stand under a line that says `what` they are behind, and need no script and no kernel:
        they open in JupyterLab, in a saved notebook and in a report. The parameters and errors are
        those of `table`.
        """
        if articles is None:
            articles = self._sources(rows if how.get("of") is None else how["of"])
        shown = counts if str(self.out) else counts.head(self.top)
        ledgers = evidence.trace_all(shown, rows, articles, name, **how)
        first = next(ledgers)
        if str(self.out):
            write_ledger([first, *ledgers], self.out)
        lines = write_rows(first[first["row"] < self.top], self.folder)[name]
        return Markup(OPENED.format(what=what, lines="\n".join(lines)))

    def _sources(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Read the files behind the articles; their texts where `rows` are whole articles."""
        columns = ["article_id", "path", "sha256"]
        columns += [] if "end" in rows or "text" in rows else ["text"]
        return tables.read_table("articles", self.folder, columns)


def _say_n(rows: pd.DataFrame | None, of: pd.DataFrame | None = None) -> str:
    """Say how many articles or statements were counted; "" where no rows are given."""
    whole = rows if of is None else of
    if whole is None:
        return ""
    return f"n = {len(whole):,} {'statements' if 'end' in whole else 'articles'}"


def _say_where(out: str | Path, traced: bool) -> str:
    """Say where the tables and figures of a page are; an absolute folder by its name alone."""
    if not str(out):
        return "Nothing was written, as <code>out</code> is empty."
    folder = Path(out).name if Path(out).is_absolute() else Path(out).as_posix()
    again = (
        ", <code>trace.csv</code> counts each number again, and <code>evidence.html</code> opens it"
    )
    return f"Tables and figures are in <code>{escape(folder)}/</code>{again * traced}."


def open_page(
    corpus: str | Path,
    outlets: Sequence[str] = (),
    since: str = "",
    until: str = "",
    roles: Sequence[str] = (),
    top: int = 15,
    out: str | Path = "",
    incomplete: bool = False,
    codebook: str | Path = "",
    texts: bool = False,
) -> Page:
    """Open a corpus for a notebook, building its tables where they are missing or out of date.

    The parameters are those that all notebooks have; articles of which only a part was read are
    among the articles only with `incomplete`, and how many these are is shown. `codebook` is that
    of `corpus.open_corpus`, which see for the errors raised. With `texts` the articles come with
    their texts. Raises ValueError for a `top` that is no whole number from 1 and for an
    `incomplete` that is neither true nor false.
    """
    if not isinstance(top, int) or isinstance(top, bool) or top < 1:
        raise ValueError(f"top: expected a whole number of 1 or more, not {top!r}")
    drawing.use_style()
    folder = open_corpus(corpus, codebook)
    articles = tables.read_table("articles", folder, light=not texts)
    chosen = articles.pipe(tables.keep, outlet=outlets).pipe(tables.keep_dates, since, until)
    counted, partial = select.keep_whole(chosen, incomplete), chosen[chosen["complete"] == "no"]
    if len(partial):
        display(HTML(f"<p>{_say_incomplete(len(partial), len(chosen), incomplete)}</p>"))
    return Page(folder, counted, roles, top, out, partial)


def _say_incomplete(partial: int, chosen: int, counted: bool) -> str:
    """Say how many articles are here only in part, and what was done with them."""
    told = (
        f"Of {partial:,} of {chosen:,} articles only a part is here; <code>corpus_overview</code>"
    )
    done = "not counted"
    return f"{told} says why. They are {'among those below' if counted else done}."
