"""Coding in JupyterLab: one statement at a time in its article, keys for categories, blind.

What is chosen is written at once to `<out>/<coder>.csv`, the sheet of `sheets.write_sheets`, so
that a coder goes on where she left off, and several code the same sample each in a file. Only the
statement's words and their article are shown; nothing that the program found of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd
from IPython.display import HTML, Javascript, display

from helpers.show import forms
from helpers.store import tables
from helpers.study import sheets

DESK = "attributed-coding"
SIGNS = "123456789abcdefghijklm"  # keys of categories
_NO_NAME = re.compile(r"[^\w-]+")
KEYS = f"""
window.attributedCoding ??= document.addEventListener('keydown', event => {{
  const desk = event.target.closest?.('.{DESK}');
  if (!desk || event.target.matches('input, textarea') || event.ctrlKey || event.metaKey) return;
  const rows = [...desk.querySelectorAll('.widget-toggle-buttons')];
  const of = row => [...row.querySelectorAll('button')];
  const now = rows.find(row => row.contains(document.activeElement))
    ?? rows.find(row => !of(row).some(one => one.classList.contains('mod-active'))) ?? rows.at(-1);
  const chosen = of(now)['{SIGNS}'.indexOf(event.key)];
  const step = {{'Enter': '.{DESK}-next', 'Backspace': '.{DESK}-back'}}[event.key];
  if (!chosen && !step) return;
  event.preventDefault(); event.stopImmediatePropagation();
  if (step) return desk.querySelector(step).click();
  chosen.click();
  (of(rows[rows.indexOf(now) + 1] ?? now)[0]).focus();
}}, true) ?? true;
"""
WORDS = (
    "Keys: a sign before a category chooses it, Enter goes on to the next statement, Backspace to "
    "the one before, Tab to the lines to write in. Everything is saved at once."
)
ARTICLE = (
    '<div style="max-height:22em; overflow:auto; line-height:1.5; white-space:pre-line">{}</div>'
)


class Desk:
    """A sample to be coded: `key` says where the statements are, `articles` have their texts.

    `out` is the folder where the sheets are kept, beside the key; `codebook_file` that of
    `sheets.write_sheets`.
    """

    def __init__(
        self, key: pd.DataFrame, articles: pd.DataFrame, out: str | Path, codebook_file: str = ""
    ):
        self.key, self.out = key, out
        self.texts = articles.set_index("article_id")["text"]
        self.choices = sheets.list_choices(codebook_file)

    def _ipython_display_(self) -> None:
        if not str(self.out):
            told = "To code here, name a folder as <code>out</code>: the sheets are kept there."
        elif not forms.can_edit():
            told = "Open this notebook in JupyterLab to code here, or fill in the sheet."
        else:
            display(Javascript(KEYS))
            display(self.to_widgets())
            return
        display(HTML(f"<p>{told}</p>"))

    def file(self, coder: str) -> Path:
        """Return the sheet of a coder; a name that is no file name is written as one."""
        return Path(self.out) / f"{_NO_NAME.sub('-', coder.strip()).strip('-')}.csv"

    def read(self, coder: str) -> pd.DataFrame:
        """Return a coder's sheet, the rows in the order of the key; new ones are empty."""
        rows = sheets.list_statements(self.key, self.texts)
        if not self.file(coder).is_file():
            return rows
        kept = tables.read_csv(self.file(coder), dtype="str", na_values=[]).set_index("unit")
        rows = rows.set_index("unit")
        rows.update(kept[[name for name in (*sheets.VARIABLES, "note") if name in kept]])
        return rows.reset_index()

    def keep(self, coder: str, rows: pd.DataFrame) -> None:
        """Write a coder's sheet, whole or not at all."""
        tables.export(rows, self.file(coder).stem, self.out)

    def show(self, place: int) -> str:
        """Return a statement's words in their article, escaped."""
        row = self.key.iloc[place]
        text = self.texts[row["article_id"]]
        start, end = int(row["start"]), int(row["end"])
        near = max(start - sheets.AROUND, 0), min(end + sheets.AROUND, len(text))
        marked = f"<mark>{escape(text[start:end])}</mark>"
        around = escape(text[near[0] : start]), escape(text[end : near[1]])
        whole = f"{escape(text[:start])}{marked}{escape(text[end:])}"
        return (
            f"<article>{ARTICLE.format(marked.join(around))}</article>"
            f"<details><summary>The whole article</summary>{ARTICLE.format(whole)}</details>"
        )

    def to_widgets(self) -> widgets.VBox:
        """Return the desk: a line for the coder's name, then one statement after another."""
        name = widgets.Text(placeholder="your name", continuous_update=False, description="Coder")
        body = widgets.VBox()

        def begin(_: object) -> None:
            body.children = [self._code(name.value)] if self.file(name.value).stem else []

        name.observe(begin, names="value")
        desk = widgets.VBox([name, body])
        desk.add_class(DESK)
        desk.add_class(forms.EDITOR)
        return desk

    def _code(self, coder: str) -> widgets.VBox:
        rows = self.read(coder)
        open_ = rows["statement"] == ""
        state = {"place": int(open_.idxmax()) if open_.any() else 0, "loading": False}
        status, text = widgets.HTML(), widgets.HTML()
        fields = {name: self._field(name) for name in (*sheets.VARIABLES, "note")}
        back, on = (widgets.Button(description=said) for said in ("← Previous", "Next →"))
        for button, which in ((back, "back"), (on, "next")):
            button.add_class(f"{DESK}-{which}")

        def load() -> None:
            state["loading"] = True
            row = rows.iloc[state["place"]]
            for variable, field in fields.items():
                field.value = row[variable] or (None if variable in self.choices else "")
            text.value = self.show(state["place"])
            state["loading"] = False
            tell()

        def tell() -> None:
            done = int((rows["statement"] != "").sum())
            status.value = (
                f"<p>Statement {state['place'] + 1:,} of {len(rows):,}; {done:,} coded. Kept in "
                f"<code>{escape(self.file(coder).name)}</code>. {WORDS}</p>"
            )

        def write(change: Mapping[str, Any], variable: str) -> None:
            if not state["loading"]:
                rows.loc[rows.index[state["place"]], variable] = change["new"] or ""
                self.keep(coder, rows)
                tell()

        def step(by: int) -> None:
            state["place"] = min(max(state["place"] + by, 0), len(rows) - 1)
            load()

        for variable, field in fields.items():
            field.observe(lambda change, own=variable: write(change, own), names="value")
        back.on_click(lambda _: step(-1))
        on.on_click(lambda _: step(1))
        load()
        return widgets.VBox([status, text, *fields.values(), widgets.HBox([back, on])])

    def _field(self, variable: str) -> widgets.DOMWidget:
        told = {"description": variable.replace("_", " "), "style": {"description_width": "110px"}}
        if variable not in self.choices:
            return widgets.Text(continuous_update=False, **told)
        values = self.choices[variable]
        options = [(f"{sign} {value}", value) for sign, value in zip(SIGNS, values, strict=False)]
        field = widgets.ToggleButtons(options=options, value=None, **told)
        field.style.button_width = "auto"
        return field
