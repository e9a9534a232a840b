"""A corpus whose every field carries what must not run: all that is shown of it and handed on."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path

import pytest
import yaml
from attack_fixture import REPORT, Attack, how_many
from ipywidgets import Widget
from openpyxl import load_workbook
from test_browser import Watched, browser, watched  # noqa: F401

from helpers.batch.pool import Options, run_batch
from helpers.corpus import build as corpus
from helpers.corpus import bundle, decisions
from helpers.show import concordance, forms, publish
from helpers.store.paths import NOTEBOOKS, PROJECT
from helpers.store.storage import from_bytes
from helpers.store.tables import read_table
from helpers.study import desk, sheets

pytestmark = [pytest.mark.browser, pytest.mark.attack]
CANARIES = (
    "<script>canary()</script>", "<img src=x onerror=canary()>", "</script><svg onload=canary()>",
    "[a](javascript:canary())", "&lt;script&gt;canary()&lt;/script&gt;", "![x](http://a.invalid/x)",
    '=HYPERLINK("http://a.invalid/x")', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "＝1+1",
    "\x1b[31mred", "\u202etxt.exe", "{{ 7*7 }}", "${canary()}", "`canary()`", "$5 and $7",
    "<a href='javascript:canary()'>x</a>", "<style>@import 'http://a.invalid/x'</style>",
)  # fmt: skip
FIRST = ("quotations", "entity_counts")
FORMULA = re.compile(r"[\t\r ]*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?%?", re.I)
HEAR = "window.ran = 0; window.canary = () => { window.ran += 1 }"
LINKS = "all => all.map(a => a.href).filter(a => a.toLowerCase().startsWith('javascript:'))"


def write_corpus(folder: Path) -> Path:
    """Write tables of articles, one for each canary, named by it too where a file may be."""
    folder.mkdir(parents=True)
    for number, one in enumerate(CANARIES):
        name = re.sub(r"[/\0]", "_", one)[:60]
        text = (
            f"Ada {one} Kell of the {one} Council said on Monday that “we paid {one} for it.” "
            f"“The {one} boats are awful,” Mayor Bo Marr told {one}. Bo Marr blamed Ada Kell.\n\n"
            f"SMITH{one}: The Northern Ferry Company declined to comment, a spokesman said."
        )
        fields = ("outlet", "title", "author", "url", "section", "id", f"more {one}")
        row = {"text": text, "published": f"2026-03-{number + 1:02}"}
        row |= {field: f"{one} {field} {number % 3}" for field in fields}
        with (folder / f"{name} {number}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, row)
            writer.writeheader()
            writer.writerow(row)
    return folder


def live_cells(file: Path) -> list[str]:
    """Return the cells of a CSV file that a spreadsheet would run."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    return [one for one in cells if FORMULA.match(one) and not NUMBER.fullmatch(one.strip())]


def broken_page(watched: Watched, file: Path) -> list[str]:  # noqa: F811
    """Say what ran, was asked for or leads to a script on a page, all of it opened."""
    watched.requests.clear()
    watched.page.goto(file.as_uri(), wait_until="load")
    watched.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    watched.page.wait_for_timeout(200)
    ran = watched.page.evaluate("window.ran")
    links = watched.page.locator("a[href]").evaluate_all(LINKS)
    asked = [one for one in watched.requests if not one.startswith(("data:", "file:", "blob:"))]
    outside = [one for one in watched.requests if one.startswith("file:") and "nowhere" in one]
    return [f"{ran} ran"] * bool(ran) + [*map("link {}".format, links), *asked, *outside]


def shown_by_widgets(folder: Path, out: Path) -> list[str]:
    """Return what the desks and look-ups of JupyterLab show as HTML, a decision kept and undone."""
    page = publish.open_page(str(folder), texts=True)
    attributions = page.read("attributions")
    entities = read_table("entities", folder)
    proposed = forms.propose_merges(entities, page.read("mentions"))
    opened = forms.open_desk(proposed, page.sentences(proposed), page.folder)
    named = entities.head(1).assign(name=entities["entity"], action="rename", target=CANARIES[1])
    decisions.add_decisions(opened.path, named)
    forms.edit(opened, page.folder)
    key, _ = sheets.draw_statements(attributions, page.articles, 20, [])
    coding = desk.Desk(key, page.articles, out).to_widgets()
    coding.children[0].value = CANARIES[0]
    texts = concordance.Texts(page.folder, page.articles)
    forms.look_up(texts, page.articles, CANARIES[1], concordance.WORD).to_widgets()
    forms.look_up(texts, page.articles, "boats", concordance.WORD).to_widgets()
    known = Widget.get_manager_state()["state"].values()
    assert not any(one["state"].get("description_allow_html") for one in known)
    return [one["state"]["value"] for one in known if one["model_name"] == "HTMLModel"]


def live_in_workbook(file: Path) -> list[str]:
    """Return the cells of a workbook that are formulas."""
    sheets = load_workbook(file)
    return [str(c.value) for one in sheets for row in one for c in row if c.data_type == "f"]


def check_that_it_hears(watched: Watched, folder: Path) -> None:  # noqa: F811
    """Fail when a page that runs, asks and leads astray, or a cell that is run, goes unnoticed."""
    planted = f"{CANARIES[0]}{CANARIES[18]}<img src='http://127.0.0.1:9/x'>"
    (folder / "planted.html").write_text(planted)
    (folder / "planted.csv").write_text("a,b\n=1+1,-0.5\n@x,plain\n")
    assert [one[:5] for one in broken_page(watched, folder / "planted.html")] == [
        "1 ran", "link ", "http:",
    ]  # fmt: skip
    assert live_cells(folder / "planted.csv") == ["=1+1", "@x"]


def test_nothing_of_a_hostile_corpus_runs_or_is_fetched_or_names_a_folder(
    attack: Attack,
    watched: Watched,  # noqa: F811
    tmp_path: Path,
    capfd: pytest.CaptureFixture,
):
    attack.on("canaries that ran, were fetched or are formulas; folders of the machine named")
    given, tables = write_corpus(tmp_path / "private" / "stories"), tmp_path / "tables"
    corpus.build(given, tables, workers=1, progress=False)
    names = sorted(file.stem for file in NOTEBOOKS.glob("*.ipynb"))
    names = [one for one in names if one != "comparison"] if REPORT else FIRST
    names = names[: how_many(len(FIRST), len(names))]
    title, out = CANARIES[0] + CANARIES[5], tmp_path / "reports"
    runs = [{"name": one, "notebook": one, "title": f"{one} {title}"} for one in names]
    batch = {"title": title, "parameters": {"corpus": str(tables)}, "runs": runs}
    (tmp_path / "batch.yml").write_text(yaml.safe_dump(batch))
    code = run_batch(tmp_path / "batch.yml", out, Options(workers=2, quiet=True))
    said = capfd.readouterr().err
    attack.take("batch", "" if code == 0 else said[-500:])
    assert "\x1b[31m" not in said and "\u202e" not in said
    watched.page.add_init_script(HEAR)
    check_that_it_hears(watched, tmp_path)
    roots = [str(root) for root in (tmp_path, PROJECT, Path.home())]
    for file in sorted(path for path in out.rglob("*") if path.is_file()):
        named = [root for root in roots if root in file.read_text(errors="replace")]
        broke = [f"names {root}" for root in named]
        if file.suffix == ".html":
            broke += broken_page(watched, file)
        elif file.suffix == ".csv":
            broke += [f"live: {one[:60]!r}" for one in live_cells(file)[:3]]
        attack.take(file.relative_to(out), *broke)
    assert "canary()" in (out / "quotations" / "quotations.csv").read_text()
    shown = shown_by_widgets(tables, tmp_path / "coded")
    assert len(shown) > 4 and any("canary()" in one for one in shown)
    (tmp_path / "widgets.html").write_text("\n".join(shown), encoding="utf-8")
    attack.take("widgets", *broken_page(watched, tmp_path / "widgets.html"))
    books = [bundle.convert_exports(out / "quotations"), *out.rglob("coding_sheet.xlsx")]
    attack.take("workbooks", *(f"live: {one}" for book in books for one in live_in_workbook(book)))
    packed = bundle.write_bundle(tables, tmp_path / "bundle.zip")
    with zipfile.ZipFile(packed) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            told = str(from_bytes(content).to_dict()) if name.endswith(".parquet") else str(content)
            attack.take(name, *(f"names {root}" for root in roots if root in told))
    attack.check()
