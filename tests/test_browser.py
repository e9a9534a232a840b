"""A real browser: notebooks run to their end in JupyterLab, report pages open without a network."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

import nbformat
import pandas as pd
import pytest
from notebook_fixture import PARAMETERS, PIXEL, code, notebook, shown, text
from tables_fixture import make_tables, write_tables

from helpers.batch.jobs import Figure, Outcome
from helpers.batch.pages import render_index, render_page
from helpers.corpus import decisions as aliases
from helpers.measure import counting
from helpers.show import concordance, publish, reader
from helpers.store.paths import TEMPLATES
from helpers.study import sheets

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOK_FILES = sorted(NOTEBOOKS.glob("*.ipynb"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NOON = datetime(2026, 3, 1, 12)
TOKEN = "loopback-only"
AXE = "axe-core@4.14.1"
PATIENCE = 180_000  # milliseconds, for a machine that has other work
WHOLE = ("accuracy", "article_reader", "reliability")  # pages whose tables fit without scrolling
# Pixels a page may be tall: an essay each; the women and men of the first are counted when asked.
TALL = {"source_breakdown": 6_100, "source_routes": 5_000, "source_rules": 5_000}
CUT = """[...document.querySelectorAll('.scroll, pre')]
    .filter(area => area.scrollWidth > area.clientWidth + 1).map(area => area.innerText)"""
NARROW = """(() => {
    const drawn = [...document.querySelectorAll('.chart:has(.narrow)')];
    const letters = drawn.flatMap(chart => [...chart.querySelectorAll('.narrow *')]);
    return [document.documentElement.scrollWidth <= 390,
        drawn.every(chart => !chart.querySelector('img').offsetWidth),
        letters.every(one => parseFloat(getComputedStyle(one).fontSize) >= 9)];
})()"""
CHANGED = "([form, before]) => form.querySelector('article').innerText != before"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()


class Watched:
    """A page whose every request and error is written down."""

    def __init__(self, browser):
        self.context = browser.new_context(viewport={"width": 1200, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.requests: list[str] = []
        self.failed: list[str] = []
        self.errors: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.context.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.on("websocket", lambda opened: self.requests.append(opened.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def left_the_machine(self) -> list[str]:
        """Requests to any host but this one; data and blob addresses have no host."""
        hosts = [(urlsplit(address).hostname, address) for address in self.requests]
        return [address for host, address in hosts if host not in (None, "", "127.0.0.1")]


@pytest.fixture
def watched(browser) -> Iterator[Watched]:
    watched = Watched(browser)
    yield watched
    watched.context.close()


# JupyterLab


@dataclass(frozen=True)
class Lab:
    """A JupyterLab server: its address, its notebooks, and the file of decisions they write."""

    address: str
    aliases: Path
    work: Path


@pytest.fixture(scope="module")
def lab(browser, sample_tables: Path, tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab on copies of the notebooks: it saves what it opens."""
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "notebooks"
    shutil.copytree(NOTEBOOKS, work)
    passage = "He paid $1.2 million and then $1.9 million for `x`."
    shows = f"""from helpers.show import grids, reader
import pandas as pd
display(reader.Markup(reader.write_passage({{"outlet": "A", "published": pd.NaT, "article_id": "a",
    "before": {passage!r}, "evidence": "$5", "after": " or $6.", "start": 0, "end": 2, "rule": "",
    "confidence": None}})))
reader.Markup(grids.write(pd.DataFrame({{"text": [{passage!r}]}})))"""
    codes = f"""from helpers.study import desk
import pandas as pd
articles = pd.DataFrame({{"article_id": ["a"], "text": [{passage!r}]}})
key = pd.DataFrame([("u1", "a", 0, 20), ("u2", "a", 24, 41)],
                   columns=["unit", "article_id", "start", "end"])
desk.Desk(key, articles, "coded")"""
    for name, source in (("dollars", shows), ("coding", codes)):
        made = notebook(code(source))
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        (work / f"{name}.ipynb").write_text(nbformat.writes(made))
    port = free_port()
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "ATTRIBUTED_ALIASES": "aliases.csv",
    }
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={work}"),
            f"--LabApp.app_settings_dir={TEMPLATES / 'lab'}",  # as `make lab` does
        ],
        env=os.environ | {name: str(folder / place) for name, place in own.items()},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("w"),
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(f"{address}/api/status?token={TOKEN}", server, folder / "log")
        yield Lab(address, folder / own["ATTRIBUTED_ALIASES"], work)
    finally:
        server.terminate()
        server.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_server(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not answer: {log.read_text()}")


def open_evidence(page) -> None:
    """Open what is behind a chart and its first line by keyboard; its sentences were hidden."""
    behind = page.locator(".jp-OutputArea-output details").filter(has=page.locator("details")).first
    line = behind.locator("details").first
    behind.scroll_into_view_if_needed()
    for closed in (behind, line):
        assert not line.locator("mark").first.is_visible()
        closed.locator("> summary").focus()
        page.keyboard.press("Enter")
    line.locator("mark").first.wait_for(state="visible")


def run_all(page, lab: Lab, name: str) -> None:
    """Open a notebook in JupyterLab and run it to its end by a new kernel, without an error."""
    known = {"Authorization": f"token {TOKEN}"}
    for session in page.request.get(f"{lab.address}/api/sessions", headers=known).json():
        page.request.delete(f"{lab.address}/api/sessions/{session['id']}", headers=known)
    page.goto(f"{lab.address}/lab/tree/{name}.ipynb?token={TOKEN}&reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
    page.wait_for_selector("text=/\\| Idle/")
    page.click("text=Run >> nth=0")
    page.click('[data-command="runmenu:run-all"]')
    cells = json.loads((lab.work / f"{name}.ipynb").read_text())["cells"]
    last = sum(cell["cell_type"] == "code" for cell in cells)
    page.wait_for_function(
        """last => {
            const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
            return prompts.length == last && prompts.at(-1).innerText.trim() == `[${last}]:`
                || document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
        }""",
        arg=last,
    )
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts() == []


def test_run_all_reaches_the_last_output_a_bar_opens_and_an_alias_is_edited(
    lab: Lab, watched: Watched, tmp_path: Path
):
    """In JupyterLab, by mouse and by keyboard; nothing is asked of any other machine."""
    page = watched.page
    run_all(page, lab, "entity_counts")
    switch, code = (
        page.locator(".attributed-code"),
        page.locator(".jp-CodeCell .jp-InputArea-editor"),
    )
    folded = len([one for one in code.all() if one.is_visible()])
    page.screenshot(path=tmp_path / "top.png")
    switch.check()
    assert folded <= 1 < len([one for one in code.all() if one.is_visible()])
    switch.uncheck()

    output = page.locator(".jp-OutputArea-output").filter(has_text=re.compile(r"\S")).last
    output.scroll_into_view_if_needed()
    assert output.is_visible()
    widths = page.locator(".jp-RenderedImage img").evaluate_all(
        "all => all.map(i => i.naturalWidth)"
    )
    assert widths and min(widths) > 100

    open_evidence(page)
    page.screenshot(path=tmp_path / "bar.png")

    desk = page.locator(".attributed-desk")
    desk.scroll_into_view_if_needed()
    desk.locator("select").first.focus()
    page.keyboard.press("ArrowDown")
    names = desk.locator("b").all_inner_texts()
    desk.get_by_placeholder("name in the tables").fill("Marland")
    desk.locator("select").nth(-2).select_option("rename")
    desk.locator("select").nth(-1).select_option("GPE")  # a person is called so too
    desk.get_by_placeholder("merge into").fill("Republic of Marland")
    desk.get_by_text("Saving would change").wait_for()
    desk.get_by_role("button", name="Save decisions").click()
    desk.get_by_text("2 new.").wait_for()
    page.screenshot(path=tmp_path / "alias.png")
    decided = aliases.read_decisions(lab.aliases)
    assert decided["action"].tolist() == ["merge", "rename"]
    assert decided["name"].tolist() == [names[1], "Marland"]
    assert decided["target"].tolist() == [names[2], "Republic of Marland"]
    desk.get_by_role("button", name="Undo").first.click()
    desk.get_by_text("Taken back").wait_for()
    assert aliases.read_decisions(lab.aliases)["action"].tolist() == ["rename"]
    assert watched.left_the_machine() == []


def test_an_article_is_chosen_its_evidence_opened_and_a_word_looked_up(
    lab: Lab, watched: Watched, tmp_path: Path
):
    """By mouse and by keyboard, in the reader; nothing is asked of any other machine."""
    page = watched.page
    run_all(page, lab, "article_reader")
    reading, looking = (page.locator(".attributed-form").nth(place) for place in (0, 1))
    reading.scroll_into_view_if_needed()
    before = reading.locator("article").inner_text()
    reading.locator(".attributed-form-article select").select_option(index=5)
    page.wait_for_function(CHANGED, arg=[reading.element_handle(), before])
    page.screenshot(path=tmp_path / "chosen.png")

    chosen = reading.locator("article").inner_text()
    reading.locator(".attributed-form-article select").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("port strike talks")
    page.keyboard.press("Enter")
    page.wait_for_function(CHANGED, arg=[reading.element_handle(), chosen])
    assert "Port strike talks" in reading.locator("article").inner_text()

    open_evidence(page)
    page.screenshot(path=tmp_path / "opened.png")

    looking.scroll_into_view_if_needed()
    word = looking.locator(".attributed-form-word input")
    word.fill("harbour")
    word.press("Enter")
    found = looking.get_by_text("places in")
    found.wait_for()
    page.wait_for_function(
        "form => [...form.querySelectorAll('mark')].every(m => /harbour/i.test(m.innerText))",
        arg=looking.element_handle(),
    )
    assert looking.locator("mark").count() > 0
    page.screenshot(path=tmp_path / "found.png")

    told = looking.get_by_text("; 1 to 15. Save")
    told.wait_for()
    looking.get_by_role("button", name="Next").click()
    looking.get_by_text("; 16 to ").wait_for()

    word.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("bridge")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "form => [...form.querySelectorAll('mark')].every(m => /bridge/i.test(m.innerText))",
        arg=looking.element_handle(),
    )
    assert watched.left_the_machine() == []


def test_two_dollar_amounts_stay_as_written(lab: Lab, watched: Watched):
    """Case T: between two dollar signs JupyterLab would see a formula."""
    run_all(watched.page, lab, "dollars")
    shown = watched.page.locator(".jp-OutputArea-output")
    for place in (0, 1):
        said = shown.nth(place).inner_text()
        assert "He paid $1.2 million and then $1.9 million for `x`." in said
    assert watched.page.locator(".jp-OutputArea mjx-container").count() == 0
    assert watched.page.get_by_text("Would you like to get notified").count() == 0


def press(page, key: str, form) -> str:
    """Press a key and wait until a form shows another article; return what it shows."""
    before = form.locator("article").inner_text()
    page.keyboard.press(key)
    page.wait_for_function(CHANGED, arg=[form.element_handle(), before], timeout=30_000)
    return form.locator("article").inner_text()


def test_lists_and_evidence_follow_the_keyboard_alone(lab: Lab, watched: Watched):
    """Tab, arrows, letters and Enter reach a list; JupyterLab takes none of them for its cells."""
    page = watched.page
    run_all(page, lab, "article_reader")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    reading, looking = (page.locator(".attributed-form").nth(place) for place in (0, 1))
    chosen = "select => select.selectedIndex"
    listed = reading.locator(".attributed-form-article select")
    reading.locator(".attributed-form-words input").focus()
    page.keyboard.press("Shift+Tab")
    place, before = listed.evaluate(chosen), reading.locator("article").inner_text()
    press(page, "ArrowDown", reading)
    assert listed.evaluate(chosen) == place + 1
    assert press(page, "ArrowUp", reading) == before
    assert "City Clarion" in press(page, "c", reading)
    page.keyboard.press("x")
    page.keyboard.press("Control+s")
    page.wait_for_selector("text=/Saving completed/")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells

    line = page.locator(".jp-OutputArea-output summary").first
    line.focus()
    for key, opened in (("Enter", True), ("Space", False), ("Space", True)):
        page.keyboard.press(key)
        assert line.evaluate("line => line.parentElement.open") == opened

    looking.locator(".attributed-form-word input").focus()
    for field in ("kind", "outlet", "role"):
        page.keyboard.press("Tab")
        found = looking.locator(f".attributed-form-{field} select")
        place = found.evaluate(chosen)
        page.keyboard.press("ArrowDown")
        assert found.evaluate(chosen) == place + 1, field


def test_statements_are_coded_by_keys_and_gone_on_with(lab: Lab, watched: Watched, tmp_path: Path):
    """Signs choose categories, Enter goes on; no key reaches the notebook; a new run goes on."""
    page = watched.page
    run_all(page, lab, "coding")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    desk = page.locator(".attributed-coding")
    desk.get_by_placeholder("your name").fill("anna")
    page.keyboard.press("Enter")
    desk.get_by_text("Statement 1 of 2; 0 coded").wait_for()
    desk.locator(".widget-toggle-buttons button").first.focus()
    for key in ("1", "3", "2"):
        page.keyboard.press(key)
    desk.get_by_text("1 coded").wait_for()
    page.screenshot(path=tmp_path / "coded.png")
    page.keyboard.press("Enter")
    desk.get_by_text("Statement 2 of 2").wait_for()
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells == 1
    kept = pd.read_csv(lab.work / "coded" / "anna.csv").iloc[0]
    assert kept[["statement", "form"]].tolist() == ["yes", "indirect"]
    assert kept["source_type"] == sheets.list_choices()["source_type"][1]
    run_all(page, lab, "coding")
    desk.get_by_placeholder("your name").fill("anna")
    page.keyboard.press("Enter")
    desk.get_by_text("Statement 2 of 2; 1 coded").wait_for()
    assert watched.left_the_machine() == []


# The report


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    outcome = Outcome(
        name="one",
        title="Who is in the news?",
        notebook="entity_counts.ipynb",
        parameters={"corpus": "<script>document.title = 'PWN'</script>"},
        finished=True,
        kept=True,
        figure=Figure(PIXEL, "Dot chart: Mara Quill leads."),
    )
    cells = text("# Who?"), code(PARAMETERS, "parameters"), code("", outputs=[shown()])
    page = render_page(notebook(*cells), outcome, "Monthly", {})
    (tmp_path / "one.html").write_text(page)
    (tmp_path / "index.html").write_text(render_index("Monthly", [outcome], NOON))
    return tmp_path


def open_file(watched: Watched, path: Path) -> None:
    watched.page.goto(path.as_uri(), wait_until="domcontentloaded")
    watched.page.wait_for_timeout(200)


def test_the_report_opens_from_disk_and_asks_for_nothing_else(pages: Path, watched: Watched):
    open_file(watched, pages / "index.html")
    assert watched.page.title() == "Monthly"
    assert watched.page.locator("img").evaluate_all("all => all.map(i => i.naturalWidth)") == [1]
    watched.page.click("h3 a")
    assert watched.page.title() == "Who is in the news? · Monthly"
    assert watched.page.locator("img").get_attribute("alt") == "Dot chart: Mara Quill leads."
    watched.page.click("nav a")
    assert watched.page.title() == "Monthly"
    files = [address for address in watched.requests if not address.startswith("data:")]
    assert [Path(address).name for address in files] == ["index.html", "one.html", "index.html"]
    assert (watched.failed, watched.errors) == ([], [])


PLANTED = """<script>document.title = 'PWN'</script>
<img src="nowhere.png" onerror="document.title = 'PWN'"><img src="http://127.0.0.1:{port}/x.png">
</main>"""


def test_quotations_are_sorted_searched_and_filtered_without_network(
    sample_reports: Path, watched: Watched
):
    page = watched.page
    open_file(watched, sample_reports / "quotations" / "quotations.html")
    status, first = page.get_by_role("status"), page.locator("#rows tbody tr").first
    page.get_by_text("1 to 25 of ").wait_for()
    page.get_by_role("button", name="speaker", exact=True).click()
    speakers = page.locator("#rows tbody tr td:first-child").all_inner_texts()
    assert speakers == sorted(speakers, key=str.casefold) and page.locator("[aria-sort=ascending]")
    page.get_by_label("Search").fill("the port")
    some = int(status.inner_text().split(" of ")[1])
    page.get_by_label("form").select_option("direct")
    assert 0 < int(status.inner_text().split(" of ")[1]) < some
    first.locator("summary").click()
    assert first.locator("mark").is_visible() and "direct" in first.locator("dl").inner_text()
    assert watched.left_the_machine() == watched.errors == []


def test_the_200th_row_behind_a_number_is_reached(sample_reports: Path, watched: Watched):
    page = watched.page
    open_file(watched, sample_reports / "entity_counts" / "evidence.html")
    sizes = page.evaluate(
        "unpack().then(({numbers}) => Object.entries(numbers).map(([at, of]) => [at, of.length]))"
    )
    name, size = max(sizes, key=lambda one: one[1])
    assert size >= 200
    line = page.locator(f'[id="{name}"]')
    line.locator("> summary").click()
    for _ in range(200 // 25):
        line.get_by_role("button", name="Next").click()
    assert line.get_by_text(f"{201} to ").is_visible()
    assert line.locator("mark").count() > 0
    assert watched.left_the_machine() == watched.errors == []


def was_called(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("name", ["index.html", "one.html"])
def test_the_policy_blocks_what_is_planted_behind_our_back(
    pages: Path, watched: Watched, name: str
):
    """Whoever writes markup into a page after us still runs nothing and loads nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(1)
        planted = PLANTED.replace("{port}", str(listener.getsockname()[1]))
        content = (pages / name).read_text().replace("</main>", planted)
        (pages / "planted.html").write_text(content)
        open_file(watched, pages / "planted.html")
        assert watched.page.title() != "PWN"
        assert not was_called(listener)
        assert any("Content Security Policy" in error for error in watched.errors)

        (pages / "open.html").write_text(content.replace("Content-Security-Policy", "X-Nothing"))
        open_file(watched, pages / "open.html")
        assert watched.page.title() == "PWN", "without the policy the planted script runs"
        assert was_called(listener), "without the policy the planted picture is asked for"


def test_the_keyboard_reaches_the_skip_link_first_and_then_the_content(
    pages: Path, watched: Watched
):
    open_file(watched, pages / "one.html")
    watched.page.keyboard.press("Tab")
    focused = watched.page.locator(":focus")
    assert focused.inner_text() == "Skip to the report"
    assert focused.bounding_box()["x"] >= 0


# Accessibility


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """The source of axe-core, fetched from the npm registry; it is not part of the project."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: axe-core cannot be fetched")
    folder = tmp_path_factory.mktemp("axe")
    fetched = subprocess.run(
        [npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, timeout=120
    )
    packages = list(folder.glob("*.tgz"))
    if not packages:
        pytest.skip(f"{AXE} cannot be fetched: {fetched.stderr.strip()[:200]}")
    with tarfile.open(packages[0]) as package:
        return package.extractfile("package/axe.min.js").read().decode("utf-8")


@pytest.fixture(scope="module")
def reading_pages(tmp_path_factory) -> dict[str, Path]:
    """A report page with everything that notebooks show, and an evidence appendix."""
    made = make_tables()
    folder = write_tables(made, tmp_path_factory.mktemp("tables"))
    out = tmp_path_factory.mktemp("pages")
    articles, said = made["articles"], made["attributions"]
    voices = counting.count_speakers(said)
    opened = publish.Page(folder, articles, out=out)
    lines = opened.open("voices", voices, said)
    opened.close()
    texts = concordance.Texts(folder, articles)
    hits = concordance.find_hits(texts, "offer")
    chosen = reader.choose_article(articles, said)
    displays = [
        reader.reader(chosen, folder).html,
        reader.evidence(said.head(3), folder, told=["speaker"])._repr_html_(),
        lines.html,
        concordance.show_lines(texts, hits, 5)._repr_html_(),
        voices.head(5)._repr_html_(),
    ]
    cells = [text("# Who speaks?"), code(PARAMETERS, "parameters")]
    cells += [text("## What does it say?")]
    cells += [code("", outputs=[shown(None, **{"text/html": page})]) for page in displays]
    cells += [code("", outputs=[shown()])]
    outcome = Outcome(
        name="read", title="Who speaks?", notebook="article_reader.ipynb", finished=True, kept=True,
        figure=Figure(PIXEL, "Dot chart: Mara Quill leads."),
    )  # fmt: skip
    page = render_page(notebook(*cells), outcome, "Monthly", {})
    (out / "read.html").write_text(page)
    (out / "index.html").write_text(render_index("Monthly", [outcome], NOON))
    return {name: out / f"{name}.html" for name in ("read", "index", "evidence")}


@pytest.mark.parametrize("name", ["read", "index", "evidence"])
def test_reports_have_no_serious_barrier(
    browser, axe: str, reading_pages: dict[str, Path], name: str
):
    """axe-core finds nothing serious or critical, also with every line of evidence open."""
    context = browser.new_context(bypass_csp=True)
    try:
        page = context.new_page()
        page.goto(reading_pages[name].as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.evaluate(axe)
        assert find_barriers(page) == []
        page.evaluate("document.querySelector('h1').style.color = '#eeeeee'")
        assert any(barrier.startswith("color-contrast") for barrier in find_barriers(page))
    finally:
        context.close()


def test_the_samples_reports_have_no_serious_barrier_and_fit_their_page(
    browser, axe: str, sample_reports: Path
):
    """The index, every notebook's page and every evidence appendix, all lines opened.

    At 390 pixels charts are drawn anew: nothing runs sideways, no letter is below nine pixels.
    """
    pages = sorted(sample_reports.glob("*.html")) + sorted(sample_reports.glob("*/evidence.html"))
    assert len(pages) == 1 + len(NOTEBOOK_FILES) + 8
    context = browser.new_context(bypass_csp=True, viewport={"width": 1000, "height": 900})
    try:
        page = context.new_page()
        for path in pages:
            page.goto(path.as_uri())
            tall = page.evaluate("document.documentElement.scrollHeight")
            assert tall <= TALL.get(path.stem, math.inf), f"{path.name} is {tall} pixels tall"
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 1000, f"{path.name} is {wide} pixels wide"
            if path.stem in WHOLE:
                assert page.evaluate(CUT) == [], path.name
            page.evaluate(axe)
            assert find_barriers(page) == [], path.name
            page.set_viewport_size({"width": 390, "height": 844})
            assert page.evaluate(NARROW) == [True, True, True], path.name
            page.set_viewport_size({"width": 1000, "height": 900})
            assert path.name == "evidence.html" or path.stat().st_size <= 600_000, path.name
    finally:
        context.close()


def find_barriers(page) -> list[str]:
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
