"""One verb that publishes: a number is shown, opened to its sentences, exported and traced at once.

A notebook opens its corpus as a `Page`. What it counts it hands to the page together with the rows
that it was counted from: the page shows a chart or a table, lets each line open the sentences
behind it, and, where the notebook has a folder to write to, writes the table as CSV, the chart as
PNG and SVG, and every number with its rows to `trace.csv`. A table without rows says "None".
Sentences that a notebook says of what it found stand together at its top, each with a link to
where it is shown: the bottom line. `evidence.html`, the appendix, opens every published number to
all rows behind it.
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
from helpers.measure import counting, evidence, findings, select
from helpers.measure.shares import (
    MINIMUM,
    count_of,
    find_comparable,
    hardly_known,
    has_interval,
    measure_room,
    measure_shares,
    name_leaders,
    name_leaders_by,
    name_most,
)
from helpers.show import browse, charts, drawing, forms, grids, pairs, reader, voices
from helpers.show.appendix import anchor, write_appendix, write_ledger, write_rows
from helpers.show.reader import Evidence, Markup
from helpers.store import schema, tables

NONE = "None: there is nothing of this kind in these articles."
OPENED = (
    f'<details class="{reader.PLAIN}">'
    "<summary>The sentences behind {what}</summary>"
    '<div style="margin-left:1.2em">{lines}</div></details>'
)

LINES = 10  # that open under a chart or table; `evidence.html` has all of them
PAIRS = 8  # of those who speak and whom they mean, whose statements are shown
BOTTOM = (
    '<div class="bottom-line" style="border-left:4px solid #0072B2; padding:0.1em 0 0.1em 1em; '
    'max-width:46em; line-height:1.5">{told}<p style="color:#595959">{about}</p></div>'
)
OVERVIEW = '<a href="corpus_overview.ipynb">corpus_overview</a>'
ALONE = f"Nothing to compare: fewer than two outlets have {MINIMUM} or more, from two articles."


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
    about: str = ""
    published: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        grids.use()
        forms.fold_code()
        self._write_bottom_line(update=False)

    def say(self, finding: str, name: str) -> None:
        """Add a sentence to the bottom line, with a link to where the table `name` is shown.

        A sentence that is "" is none.
        """
        if not finding:
            return
        if name not in self.published:
            raise ValueError(f"no table {name!r} is published that {finding!r} could point at")
        self.findings.append((finding, name))

    def tell(self, sentence: str) -> None:
        """Show a sentence where it stands, if there is one."""
        if sentence:
            display(HTML(f"<p>{escape(sentence)}</p>"))

    def _write_bottom_line(self, update: bool) -> None:
        items = "".join(
            f'<li>{escape(finding)} <a href="#{anchor(name)}" aria-label="below: {escape(name)}">'
            "below</a></li>"
            for finding, name in self.findings
        )
        told = f"<ul>{items}</ul>" if items else ""
        html = BOTTOM.format(told=told, about=self.about)
        display(HTML(html), display_id=f"bottom-line-{id(self)}", update=update)

    def read(
        self,
        name: str,
        columns: list[str] | None = None,
        light: bool = False,
        guesses: bool = False,
    ) -> pd.DataFrame:
        """Read the rows of a table that lie in the articles and in the counted roles.

        Who and what speaks is "unclear" where it is less likely right than wrong, but with
        `guesses`, and how much that is stands in the bottom line (`select.set_unclear_apart`).
        """
        roles = self.roles if "role" in schema.TABLES[name].columns.names else ()
        rows = select.read_rows(name, self.folder, self.articles, roles, columns, light)
        if name == "attributions" and not guesses:
            rows = select.set_unclear_apart(rows)
            self.about += escape(findings.say_unclear(rows))
        return rows

    def read_if(self, asked: bool, name: str, columns: list[str]) -> pd.DataFrame:
        """Read columns of a table as `read` does, or, where they are not asked for, no row."""
        if asked:
            return self.read(name, columns)
        return select.join_articles(schema.empty(name)[columns], self.articles)

    def sentences(
        self, rows: pd.DataFrame, told: Sequence[str] = (), top: int | None = None, name: str = ""
    ) -> Evidence:
        """Return the sentences behind the first `top` rows (0: all), exported where named."""
        opened = reader.evidence(rows, self.folder, self.top if top is None else top, told)
        if name:
            self.export(name, opened)
        return opened

    def pairs(self, name: str, aimed: pd.DataFrame) -> None:
        """Show who says what about whom: of the pairs with most statements the first of each.

        `aimed` are the rows of `attitudes.add_judged`, in the order in which they are to be read.
        """
        chosen = pairs.choose_pairs(pairs.add_verdict(aimed), min(self.top, PAIRS))
        self._mark(name)
        told = ["speaker", "target", "verdict"]
        opened = self.sentences(chosen, told, 0, name)
        display(pairs.write_pairs(chosen, opened.drop(columns=told[:2])))

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
            What a table without rows says.
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
        self._mark(name)
        if isinstance(shown, forms.Desk):
            display(shown)  # as itself: it is decided on
        elif len(shown):
            more = len(counts) - len(shown) if list(shown) == list(counts) else 0
            file = f"{name}.csv" if str(self.out) else "give a larger top"
            n = _say_n(rows, how.get("of"))
            display(Markup(grids.write(shown, more, file, n)))
        else:
            self.tell(nothing)
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
        nothing: str = NONE,
        **how,
    ) -> None:
        """Publish a table as the chart drawn on `ax`, under a title that says the finding.

        Where the table has no rows there is no picture, only the sentence `nothing`; where nothing
        of it can be drawn, what the chart says.

        `n` says what was counted ("n = 40 articles"), by default how many `rows` or `of` are. The
        picture has the name of the table where none is given; without `counts` it is all that is
        published. Else see `table`.
        """
        self._mark(name)
        empty = counts is not None and counts.empty
        if empty or getattr(ax.figure, "nothing", ""):
            self.tell(nothing if empty else ax.figure.nothing)
        else:
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
        few: Sequence[str] = (),
        **how,
    ) -> None:
        """Publish shares as a dot chart whose title is what it `says` of the largest.

        `counts` has share, low, high, n and `count`, the number that stands beside each share;
        `drawn` are those of its rows that are drawn, by default all. `few` is for when no share has
        an interval: what is then said, the column of numbers that are drawn as bars, or columns of
        kinds of statements that are drawn one by one (`voices.plot_marks`). Else see `chart`.
        """
        drawn = counts if drawn is None else drawn
        if label == "outlet" and len(drawn) and not drawn["share"].fillna(0).any():
            self.note(name, counts, rows, f"{says}: none of {drawn['n'].sum():,}.", **how)
            return
        if label == "outlet" and len(drawn) > drawing.PANELS and not has_interval(drawn).any():
            self.note(name, counts, rows, ALONE, **how)
            return
        if few and len(drawn) and not has_interval(drawn).any():
            said, number, *kinds = few
            drawn = drawn.drop(columns="share").sort_values(number, ascending=False, kind="stable")
            how = {"title": f"{said}: {name_most(drawn, label, number)}"} | how
            drawn = drawn.head(self.top)
            ax = voices.plot_marks(drawn, label, kinds) if kinds else None
            ax = ax or charts.plot_counts(drawn, label, number)
        else:
            how = {"title": f"{says}: {name_leaders(drawn, label)}"} | how
            ax = charts.plot_shares(drawn, label, count, self.top)
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
        in grey. Outlets of which no two can be compared are not drawn. Else see `dots`.
        """
        if by == "outlet" and len(find_comparable(counts, by)) < 2:
            self.note(name, counts, rows, ALONE, by=[by], **how)
            return
        how = {"title": f"{says}: {name_leaders_by(counts, label, by)}", "by": [by]} | how
        if len(set(counts[label])) == 1:
            only = select.name_value(counts[label].iloc[0], label)
            how["title"] = f"In {only}, the only one"
            self.chart(name, charts.plot_shares(counts, by, count), counts, rows, **how)
            return
        drawn = counts
        if label == "outlet":
            drawn = counts[counts[label].isin(find_comparable(counts, label)[: self.top])]
            how["title"] = f"{says}: {name_leaders_by(drawn, label, by)}"
        grey = self.published[behind] if behind else None
        grey = grey[grey[label].isin(counts[label])].head(self.top) if behind else None
        ax = charts.plot_share_panels(drawn, label, by, count, grey)
        self.chart(name, ax, counts, rows, **how)

    def shares(
        self,
        name: str,
        rows: pd.DataFrame,
        column: str,
        says: str,
        by: str = "",
        leave_out: str = "",
        most: int = 0,
        **how,
    ) -> None:
        """Measure what part of the rows each value of `column` has, and publish it.

        With `by` there is a panel for each of its values, and all together in grey behind it; where
        no two of them can be compared, these alone are drawn. A value to `leave_out` is in the
        table and not in the chart, nor are with `by` those after the first `most`. See `dots`,
        `panels` and `shares.measure_shares`.
        """
        counts, whole = measure_shares(rows, column, by), measure_shares(rows, column)
        alone = by and len(find_comparable(counts, by)) < 2
        if alone and any(whole.equals(told) for told in self.published.values()):
            self.note(name, counts, rows, ALONE, by=[by], **how)
        elif alone:
            how = {"title": f"{says}: {name_leaders(whole, column)}", "by": [by]} | how
            self.chart(name, charts.plot_shares(whole, column, "count"), counts, rows, **how)
        elif by:
            ax = charts.plot_share_panels(
                counts, column, by, "count", whole.head(min(self.top, most or self.top))
            )
            how = {"title": f"{says}: {name_leaders_by(counts, column, by)}", "by": [by]} | how
            self.chart(name, ax, counts, rows, **how)
        elif hardly_known(counts, column):
            said = f"{says}: {name_leaders(counts, column)}, and so not drawn."
            self.note(name, counts, rows, said, **how)
        else:
            how["drawn"] = counts[counts[column] != leave_out]
            self.dots(name, counts, rows, column, says, "count", **how)

    def note(
        self,
        name: str,
        counts: pd.DataFrame,
        rows: pd.DataFrame,
        said: str,
        title: str = "",
        nothing: str = NONE,
        picture: str = "",
        **how,
    ) -> None:
        """Publish numbers with a sentence in place of a picture, `said` or its `title` if given.

        Of no numbers it says `nothing`. Else see `table`.
        """
        self._mark(name)
        self.tell((title or said) if len(counts) else nothing)
        self.export(name, counts)
        if len(counts):
            display(self.open(name, counts, rows, **how))

    def _mark(self, name: str) -> None:
        """Put the place to which the bottom line points before a chart or table."""
        display(HTML(f'<span id="{anchor(name)}"></span>'))

    def room(self, name: str, rows: pd.DataFrame, column: str, says: str) -> None:
        """Publish the shares of `column` twice, by statements and by the words these run to.

        The title is what it `says` of those with most words.
        """
        counts = measure_room(rows, column)
        by_words = counts["measure"] == "words"
        title = f"{says}: {name_leaders(counts[by_words], column)}"
        drawn = counts.replace({"measure": {"attributions": "statements"}})
        ax = charts.plot_share_panels(drawn, column, "measure", "count")
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
        self._mark(browse.NAME)
        self.published[browse.NAME] = rows
        for sentence in about:
            self.say(sentence, browse.NAME)
        if str(self.out):
            browse.write(rows, self.folder, self.out, title, about)
        if forms.can_edit():
            display(browse.show(rows, self.folder, title))
        else:
            display(rows[list(browse.SHOWN)].head(self.top))

    def close(self) -> None:
        """Write `evidence.html`, where each traced number opens, and the bottom line at the top.

        Also says what was published, and where that is.
        """
        traced = write_appendix(self.out, self.folder)
        display(HTML(f"<p>{_say_where(self.out, traced)}</p>"))
        told = (f"{escape(name)} ({len(frame):,})" for name, frame in self.published.items())
        display(HTML(f"<p>Tables, each with its rows: {', '.join(told)}.</p>"))
        self._write_bottom_line(update=True)
        forms.go_to_top()

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
        few = first[first["row"] < min(self.top, LINES)]
        lines = write_rows(few, self.folder)[name]
        return Markup(OPENED.format(what=what, lines="\n".join(lines)))

    def _sources(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Read the files behind the articles; their texts where `rows` are whole articles."""
        columns = ["article_id", "path", "sha256"]
        columns += [] if "end" in rows or "text" in rows else ["text"]
        return tables.read_table("articles", self.folder, columns)


def _say_n(rows: pd.DataFrame | None, of: pd.DataFrame | None = None) -> str:
    """Say how many articles, statements or mentions were counted; "" where no rows are given."""
    whole = rows if of is None else of
    if whole is None:
        return ""
    if "end" not in whole:
        what = ("article",)
    elif "form" in whole or "speaker" in whole:
        what = ("statement",)
    elif "speaks" in whole:
        what = ("mention or statement", "mentions and statements")
    else:
        what = ("mention",) if "entity_id" in whole else ("place in the text", "places in the text")
    return f"n = {count_of(len(whole), *what)}"


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
    about = [_say_articles(counted)]
    if len(partial):
        about.append(_say_incomplete(len(partial), len(chosen), incomplete))
    if problems := len(tables.read_table("problems", folder, ["article_id"])):
        about.append(f"{count_of(problems, 'problem')} in reading the corpus.")
    about = f"{' '.join(about)} Described in {OVERVIEW}."
    return Page(folder, counted, roles, top, out, partial, about)


def _say_articles(articles: pd.DataFrame) -> str:
    """Say how many articles of which outlets and days a notebook is about."""
    outlets = articles["outlet"].unique()
    whose = (
        select.name_value(outlets[0], "outlet")
        if len(outlets) == 1
        else count_of(len(outlets), "outlet")
    )
    undated = int(articles["published"].isna().sum())
    told = f"About {count_of(len(articles), 'article')} of {escape(whose)}, "
    if articles.empty or undated == len(articles):
        return f"{told}undated." if len(articles) else "There is no article to count."
    return f"{told}{counting.name_period(articles)}{f', {undated:,} undated' * (undated > 0)}."


def _say_incomplete(partial: int, chosen: int, counted: bool) -> str:
    """Say how many articles are here only in part, and what was done with them."""
    told = f"Of {partial:,} of {chosen:,} articles only a part is here: they are "
    return told + ("counted." if counted else "not counted.")
