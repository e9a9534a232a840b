"""The pages of a batch: an executed notebook as an offline page, and the index over all runs."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import pandas as pd
from lxml import html
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from PIL import Image
from traitlets.config import Config

from helpers import __version__
from helpers.batch import plan
from helpers.batch.jobs import BEFORE, Figure, Outcome, Run, read_parameters
from helpers.measure import comparisons, quoted, select
from helpers.show import browse, charts, drawing, small
from helpers.show.reader import DIRECTIONS, isolate
from helpers.store import tables
from helpers.store.paths import TEMPLATES
from helpers.store.tables import write_text

SAFETY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
NO_ALT = "A figure without a description"
NBCONVERT_NO_ALT = "No description has been provided for this image"
PAPERMILL_BANNER = "papermill-error-cell-tag"
TAG = re.compile(r"(<[^>]*>)")
HEADING = re.compile(r"^#\s+(.+?)\s*#*$", re.MULTILINE)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER = re.compile(r"[-+−]?[\d,.  ]*\d%?|NaN|NaT|–|")
MOST_OPEN = 6  # runs whose cards are shown unfolded
MOST_DRAWN = 40  # selections of articles beyond which only their table is shown
THUMBNAIL, COLOURS = 720, 64  # width in pixels and colours of a picture on the index
IDS = ("entity_id", "speaker_id", "target_id", "attribution_id")
MANY = 7  # columns from which a table is set smaller
SHORT, LONG = 20, 60  # characters: a short cell is kept on one line, a long one is kept wide
KINDS = {
    ".csv": "table",
    ".xlsx": "workbook",
    ".png": "figure file",
    ".svg": "figure file",
    ".html": "page",
}
EVIDENCE = "evidence.html"
NAV = '<nav aria-label="Report">'
QUOTATIONS = {
    "quotations.html": "a page to search",
    "quotations.xlsx": "workbook",
    "quotations.csv": "CSV",
}
OPENED = "opened"  # the tag of the cell below whose output the parameters stand
ACTIVE = "//script|//iframe|//object|//embed|//link|//base|//form|//meta|//style[@scoped]"


def first_heading(notebook: NotebookNode) -> str:
    """Return the first `# heading` of a notebook as plain text, or ""."""
    for cell in notebook.cells:
        match = HEADING.search(cell.source) if _is_prose(cell) else None
        if match:
            return re.sub(r"[*`]", "", match[1])
    return ""


def first_figure(notebook: NotebookNode) -> Figure | None:
    """Return the first PNG a notebook displayed with its alt sentence, or None."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).get("image/png")
            if png:
                told = output.metadata.get("image/png", {})
                drawn = _clean(told.get("small", ""))
                return Figure("".join(png.split()), told.get("alt") or NO_ALT, drawn)
    return None


def make_thumbnail(figure: Figure) -> Figure:
    """Return a figure small enough for a page that shows hundreds; one not readable as it is."""
    png = "" if figure.small else _fewer_colours(figure.png, THUMBNAIL)
    return Figure(png, figure.alt, figure.small)


def _fewer_colours(png: str, width: int = 0) -> str:
    """Return a picture in a third of the bytes and no wider than `width`.

    One that cannot be read stays as it is.
    """
    try:
        picture = Image.open(BytesIO(base64.b64decode(png))).convert("RGB")
    except (OSError, ValueError):
        return png
    if width:
        picture.thumbnail((width, 2 * width))
    small = BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    written = base64.b64encode(small.getvalue()).decode()
    return written if width or len(written) < len(png) else png


@functools.cache
def _exporter() -> HTMLExporter:
    """Return the exporter of pages, whose templates are read once."""
    config = Config(
        HTMLExporter={
            "template_name": "report",
            "extra_template_basedirs": [str(TEMPLATES)],
            "exclude_anchor_links": True,
            "embed_images": True,
        }
    )
    return HTMLExporter(config=config)


def render_page(notebook: NotebookNode, outcome: Outcome, batch: str, links: dict[str, str]) -> str:
    """Return an executed notebook as one HTML page that needs no network and runs no script.

    `links` gives the page to link to in place of a notebook's file name; other links to files
    beside the notebook become plain text, since those files are not beside the page.
    """
    about = dict(
        outcome=outcome,
        batch=batch,
        parameters=list(_list_parameters(notebook, outcome)),
        opened=any(OPENED in cell.metadata.get("tags", []) for cell in notebook.cells),
        evidence=next((f for f in outcome.files if f.endswith(f"/{EVIDENCE}")), ""),
        quotations={
            kind: file
            for name, kind in QUOTATIONS.items()
            for file in outcome.files
            if file.endswith(f"/{name}")
        },
        safety=SAFETY,
        no_alt=NO_ALT,
        version=__version__,
        quote=quote,
    ) | {say.__name__: say for say in SAYS}
    page, _ = _exporter().from_notebook_node(_keep_shown(notebook), resources={"report": about})
    return _finish(page, links)


def link_back(outcome: Outcome, folder: Path) -> None:
    """Let the pages that a run wrote beside its tables lead back to its report."""
    for file in outcome.files:
        if Path(file).name in (EVIDENCE, *QUOTATIONS) and file.endswith(".html"):
            up = "../" * file.count("/")
            page = (folder / file).read_text(encoding="utf-8")
            back = f'{NAV}<a href="{up}{quote(outcome.name)}.html">← Back to the report</a>'
            write_text(page.replace(f"{NAV}</nav>", f"{back}</nav>", 1), folder / file)


def say_time(seconds: float) -> str:
    """Say a duration in words: "8 s", "2 min 05 s", "1 h 12 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else "less than 1 s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def say_date(moment: datetime) -> str:
    """Say a moment in words: "3 November 2026, 09:05"."""
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def say_value(value: Any) -> str:
    """Write a parameter's value for a reader: text as it is, lists with commas, else as JSON."""
    if isinstance(value, str):
        return value or "(empty)"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or "(empty)"
    return json.dumps(value, ensure_ascii=False)


def say_files(files: list[str]) -> str:
    """Say how many tables and figures there are: "3 tables, 4 figure files"."""
    kinds = Counter(KINDS.get(Path(file).suffix, "file") for file in files)
    return ", ".join(
        f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in sorted(kinds.items())[::-1]
    )


SAYS = (say_time, say_date, say_value, say_files)


def _is_prose(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and PAPERMILL_BANNER not in cell.metadata.get("tags", [])


def _keep_shown(notebook: NotebookNode) -> NotebookNode:
    """Drop papermill's banners and the first heading: the page has its own of both.

    The table of what a notebook reads and writes, which stands below its heading, goes with it.
    """
    shown = deepcopy(notebook)
    for output in [one for cell in shown.cells for one in cell.get("outputs", [])]:
        if png := output.get("data", {}).get("image/png"):
            output.data["image/png"] = _fewer_colours("".join(png.split()))
    shown.cells = [
        cell for cell in shown.cells if PAPERMILL_BANNER not in cell.metadata.get("tags", [])
    ]
    for cell in shown.cells:
        if _is_prose(cell) and HEADING.search(cell.source):
            lines = HEADING.sub("", cell.source, count=1).splitlines()
            cell.source = "\n".join(line for line in lines if line[:1] != "|").strip()
            break
    return shown


def _list_parameters(notebook: NotebookNode, outcome: Outcome) -> Iterator[dict[str, Any]]:
    """One row for each parameter: name, value in this run, whether the run set it, meaning."""
    for parameter in read_parameters(notebook).values():
        value = outcome.parameters.get(parameter.name, parameter.default)
        if parameter.name in ("out", BEFORE) and value:
            value = f"{Path(value).name}/"
        yield {
            "name": parameter.name,
            "value": say_value(value),
            "is_set": parameter.name != "out" and value != parameter.default,
            "help": parameter.help,
        }


def _finish(page: str, links: dict[str, str]) -> str:
    """Make an exported page safe, and its tables readable and reachable by keyboard."""
    parser = html.HTMLParser(huge_tree=True, encoding="utf-8")
    tree = html.document_fromstring(page.encode("utf-8"), parser=parser)
    content = tree.get_element_by_id("content")
    _remove_active(content)
    for link in content.xpath(".//a[@href]"):
        _settle_link(link, links)
    for picture in content.xpath(f'.//img[@alt="{NBCONVERT_NO_ALT}"]'):
        picture.set("alt", NO_ALT)
    for picture in content.xpath(".//img[not(@src)]"):
        picture.tag, picture.text = "em", f"(picture left out: {picture.attrib.pop('alt', '')})"
    for number, table in enumerate(content.xpath(".//table[not(ancestor::table)]"), start=1):
        _merge_index_names(table)
        _drop_ids(table)
        _label_cells(table)
        _let_wrap(table)
        _wrap(table, f"Table {number}")
    for block in content.xpath(".//pre"):
        block.set("tabindex", "0")
    return _isolate(html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>"))


def _isolate(page: str) -> str:
    """Keep what overrides of direction turn round within the text of one element."""
    if not DIRECTIONS.intersection(page):
        return page
    pieces = TAG.split(page)
    pieces[::2] = map(isolate, pieces[::2])
    return "".join(pieces)


def _clean(written: str) -> str:
    """Return HTML without what could run, load or redirect."""
    if not written:
        return ""
    content = html.fragment_fromstring(written, create_parent="div")
    _remove_active(content)
    return html.tostring(content, encoding="unicode")


def _remove_active(content: html.HtmlElement) -> None:
    """Remove what could run, load or redirect; the page's policy forbids most of it as well."""
    for element in content.xpath("." + ACTIVE.replace("|", "|.")):
        element.drop_tree()
    for element in content.iter(html.etree.Element):
        for name, value in element.attrib.items():
            kind = name.rpartition(":")[2]
            loads = kind in ("src", "srcset", "poster", "background") and _scheme(value) != "data"
            leads = kind == "href" and _scheme(value) not in ("", "http", "https", "mailto")
            if name.startswith("on") or loads or leads:
                del element.attrib[name]


def _scheme(address: str) -> str:
    """Return "https" for "https://…", as browsers do: without white space and in small letters."""
    match = re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\x00-\x20]", "", address).lower())
    return match[1] if match else ""


def _settle_link(link: html.HtmlElement, links: dict[str, str]) -> None:
    address = link.get("href")
    if _scheme(address) or address.startswith(("#", "//")):
        return
    page = links.get(re.split("[?#]", address)[0].rpartition("/")[2])
    if page:
        link.set("href", page)
    else:
        link.drop_tag()


def _merge_index_names(table: html.HtmlElement) -> None:
    """Pandas heads its index in a row of its own; put these names into the row above."""
    rows = table.xpath("./thead/tr")
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return
    pairs = [(upper, lower.text_content().strip()) for upper, lower in zip(*rows, strict=True)]
    if any(name and upper.text_content().strip() for upper, name in pairs):
        return
    for upper, name in pairs:
        upper.text = name or upper.text
    rows[1].drop_tree()


def _drop_ids(table: html.HtmlElement) -> None:
    """Leave out the columns of ids that only programs need; the exported tables have them."""
    head = table.xpath("./thead/tr")
    if len(head) != 1 or table.xpath(".//*[@colspan or @rowspan]"):
        return
    names = [cell.text_content().strip() for cell in head[0]]
    for place in reversed([at for at, name in enumerate(names) if name in IDS]):
        for row in table.xpath(".//tr"):
            row[place].drop_tree()


def _let_wrap(table: html.HtmlElement) -> None:
    """Set a table of many columns smaller, and let the names of columns break at underscores."""
    head = table.xpath("./thead/tr[1]/*")
    if len(head) >= MANY:
        table.classes.add("dense")
    for cell in head:
        first, *rest = (cell.text or "").split("_")
        if rest and not len(cell):
            cell.text = f"{first}_"
            for place, part in enumerate(rest, start=1):
                spot = html.Element("wbr")
                spot.tail = part + ("_" if place < len(rest) else "")
                cell.append(spot)


def _label_cells(table: html.HtmlElement) -> None:
    """Give header cells a scope, and columns of numbers a class; empty corners are no headers."""
    table.attrib.pop("border", None)
    for cell in table.xpath(".//th"):
        if not cell.text_content().strip():
            cell.tag = "td"
        else:
            cell.set("scope", "col" if cell.xpath("ancestor::thead") else "row")
    for row in table.xpath(".//tr"):
        row.attrib.pop("style", None)
    for cell in table.xpath(".//th|.//td"):
        words = cell.text_content().strip()
        length = len(words)
        if DATE.fullmatch(words):
            cell.classes.add("date")
        if length <= SHORT or length > LONG:
            cell.classes.add("short" if length <= SHORT else "long")
    if table.xpath(".//*[@colspan or @rowspan]"):
        return
    rows = table.xpath(".//tbody/tr")
    for column in zip(*(row.xpath("./td|./th") for row in table.xpath(".//tr")), strict=False):
        words = [cell.text_content().strip() for cell in column if cell.getparent() in rows]
        if any(words) and all(NUMBER.fullmatch(word) for word in words):
            for cell in column:
                cell.classes.add("number")


def _wrap(table: html.HtmlElement, label: str) -> None:
    """Put a table into an area that scrolls by itself and can be reached with the keyboard."""
    area = html.Element("div", {"class": "scroll", "role": "group", "tabindex": "0"})
    area.set("aria-label", label)
    tail, table.tail = table.tail, None
    table.getparent().replace(table, area)
    area.append(table)
    area.tail = tail


# --------------------------------------------------------------------- the page over a batch


def write_index(
    runs: list[Run], found: list[Outcome], corpora: dict[str, str], began: datetime, folder: Path
) -> bool:
    """Write `index.html` over all runs; `corpora` names each run's folder of tables."""
    finished = {outcome.name: outcome for outcome in found if outcome.finished}
    chosen: dict[tuple, Run] = {}
    for run in runs:
        if run.name in finished and corpora.get(run.name):
            part = finished[run.name].parameters["corpus"] if run.subset else corpora[run.name]
            read = str(folder / part)  # a part lies in the folder of the reports
            chosen.setdefault(_selection(run, read), run)
    compared = {corpora.get(run.name, "") for run in runs if BEFORE in run.defaults}
    for tables_folder in filter(None, compared):
        plan.keep_snapshot(folder, tables_folder)
    written = write_quotations(chosen, folder)
    page = render_index(runs[0].batch, found, began, _headline(chosen), written)
    write_text(page, folder / "index.html")
    return True


@dataclass(frozen=True)
class Headline:
    """The headline measures of each selection of articles: small multiples and their numbers."""

    figure: Figure | None
    rows: list[dict[str, str]]  # selection, measure, share, interval, n, as shown


def render_index(
    batch: str,
    outcomes: list[Outcome],
    began: datetime,
    headline: Headline | None = None,
    quotations: dict[str, list[str]] | None = None,
) -> str:
    """Return the page over a batch: headline measures, the runs with figure and links.

    `quotations` gives the files with every statement of each corpus. Of many runs only the titles
    are in sight; their figures and parameters are folded away.
    Runs that were made for values of one column also stand in a table of notebooks by values.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, TEMPLATES / "report"]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for say in SAYS:
        environment.filters[say.__name__] = say
    environment.filters["link"] = quote
    page = environment.get_template("index.html.j2").render(
        batch=batch,
        outcomes=outcomes,
        headline=headline,
        quotations=quotations or {},
        groups=_group(outcomes),
        grid=_make_grid(outcomes),
        closed=len(outcomes) > MOST_OPEN,
        resumed=sum(outcome.resumed for outcome in outcomes),
        failed=[outcome for outcome in outcomes if outcome.error],
        finished=sum(outcome.finished for outcome in outcomes),
        seconds=sum(outcome.seconds for outcome in outcomes if not outcome.resumed),
        began=began,
        safety=SAFETY,
        version=__version__,
    )
    return _isolate(page)


def _group(outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    """Return the runs of each notebook, in the order of their first run."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.notebook, []).append(outcome)
    return groups


def _make_grid(outcomes: list[Outcome]) -> dict[str, dict[str, Outcome]]:
    """Return, for each value that runs were made for, its run of each notebook."""
    grid: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        if outcome.of:
            grid.setdefault(outcome.of, {}).setdefault(outcome.notebook, outcome)
    return grid


def _selection(run: Run, corpus: str) -> tuple:
    """Return what decides which statements a run is about."""
    outlets, roles = (tuple(run.given(name) or ()) for name in ("outlets", "roles"))
    days = (run.given(name) or "" for name in ("since", "until"))
    return corpus, outlets, *days, roles, bool(run.given("incomplete"))


def _headline(chosen: dict[tuple, Run]) -> Headline | None:
    """Measure each selection and draw one small panel a measure; None without any selection."""
    corpora = {selection[0] for selection in chosen}
    measured, named = [], Counter()
    for selection, run in chosen.items():
        build = comparisons.read_build(*selection)
        name = _name(run, *selection[1:4])
        if len(corpora) > 1 and not run.stands_for:
            name = f"{build.manifest.get('corpus') or Path(selection[0]).name}: {name}"
        named[name] += 1
        name += f" ({named[name]})" * (named[name] > 1)  # two corpora may be called one name
        measured.append(comparisons.measure_headlines(build).assign(selection=name))
    if not measured:
        return None
    shares = pd.concat(measured, ignore_index=True)
    figure = _draw(shares) if shares["selection"].nunique() <= MOST_DRAWN else None
    return Headline(figure, list(_say(shares)))


def write_quotations(chosen: dict[tuple, Run], folder: Path) -> dict[str, list[str]]:
    """Write every statement that the runs are about, for each corpus; return the files of each.

    They are in `quotations/`, or in a folder of it where there are several corpora.
    """
    corpora: dict[str, list[pd.DataFrame]] = {}
    for place, outlets, since, until, roles, incomplete in chosen:
        articles = tables.read_table("articles", place)
        articles = select.keep_articles(articles, outlets, since, until, incomplete)
        said = select.read_rows("attributions", place, articles, roles)
        corpora.setdefault(place, []).append(quoted.list_quotations(said, articles))
    written: dict[str, list[str]] = {}
    for place, lists in corpora.items():
        rows = pd.concat(lists).drop_duplicates("attribution_id").reset_index(drop=True)
        name = tables.read_manifest(place).get("corpus") or Path(place).name
        inside = [browse.NAME] + [plan.make_slug(Path(place).name, 80)] * (len(corpora) > 1)
        back = "../" * len(inside) + "index.html"
        about = [f"Corpus: {name}.", *quoted.say_quotations(rows)]
        out = folder.joinpath(*inside)
        files = browse.write(rows, place, out, "Who said what?", about, back)
        written[name] = ["/".join([*inside, file]) for file in files]
    return written


def _name(run: Run, outlets: tuple, since: str, until: str) -> str:
    """Name a selection of articles as a reader would."""
    if run.stands_for:
        return ", ".join(value or "none" for value in run.stands_for.values())
    days = " to ".join(filter(None, (since, until)))
    named = ", ".join(filter(None, (" and ".join(outlets), days))) or "all articles"
    return f"{named}, those here in part too" if run.given("incomplete") else named


def _draw(shares: pd.DataFrame) -> Figure:
    """Draw one panel a measure, one row a selection; those too small to compare are left out."""
    large = shares.groupby("selection")["n"].transform("max") >= drawing.MINIMUM
    shares = shares[large] if large.any() else shares
    axes = charts.plot_share_panels(shares, "selection", "measure", count="count")
    figure = axes.figure
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=drawing.DPI)
    drawn = small.write(figure, "", "Of many selections those too small to compare are left out.")
    selections = shares["selection"].nunique()
    alt = (
        f"Dot charts of {shares['measure'].nunique()} shares in {selections} "
        f"selection{'' if selections == 1 else 's'} of articles, the numbers in the table below."
    )
    return Figure(base64.b64encode(picture.getvalue()).decode(), alt, drawn)


def _say(shares: pd.DataFrame) -> Iterator[dict[str, str]]:
    for row in shares.itertuples():
        none = row.n == 0
        low, high = drawing.percent(row.low), drawing.percent(row.high)
        yield {
            "selection": row.selection,
            "measure": row.measure,
            "share": "" if none else drawing.percent(row.share),
            "interval": "" if none else f"{low} to {high}",
            "n": f"{row.n:,} {row.of}",
        }
