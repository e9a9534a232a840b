"""Desks: forms in JupyterLab that choose an article or look a word up; elsewhere static pages.

A desk is shown as a widget only where a person can use it: in a notebook that JupyterLab runs. In
a batch, a report or a kernel without a front end the same cell shows the page for the values given.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from helpers import concordance, explore, schema, tables
from helpers.concordance import Texts

LISTED = 300
EVERY, COUNTED = "all", "counted"
IN_LAB = "JPY_SESSION_NAME"
SCRIPT = """
function render({ model, el }) {
  const form = document.createElement("form");
  const page = document.createElement("div");
  page.setAttribute("role", "region");
  page.setAttribute("aria-live", "polite");
  page.setAttribute("aria-label", "What was found");
  page.tabIndex = 0;
  const inputs = {};
  for (const field of model.get("fields")) {
    const label = document.createElement("label");
    const input = document.createElement(field.choices ? "select" : "input");
    for (const [value, text] of field.choices || []) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = text;
      input.append(option);
    }
    if (!field.choices) input.type = "search";
    input.name = field.name;
    input.value = model.get("values")[field.name];
    label.textContent = field.label + " ";
    label.append(input);
    form.append(label);
    inputs[field.name] = input;
  }
  const button = document.createElement("button");
  button.textContent = "Show";
  form.append(button);
  const ask = () => {
    const values = {};
    for (const name of Object.keys(inputs)) values[name] = inputs[name].value;
    page.setAttribute("aria-busy", "true");
    model.set("values", values);
    model.save_changes();
  };
  const show = () => {
    page.innerHTML = model.get("page");
    page.setAttribute("aria-busy", "false");
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  form.addEventListener("change", ask);
  el.addEventListener("keydown", (event) => event.stopPropagation());
  model.on("change:page", show);
  show();
  el.classList.add("attributed-desk");
  el.append(form, page);
}
export default { render };
"""
STYLE = """
.attributed-desk form { display: flex; flex-wrap: wrap; gap: 0.6em 1.2em; align-items: center;
  margin: 0.4em 0 0.8em }
.attributed-desk select, .attributed-desk input { max-width: 24em; font: inherit }
.attributed-desk [aria-busy="true"] { opacity: 0.5 }
.attributed-desk :focus-visible { outline: 2px solid #0072B2; outline-offset: 2px }
"""
Field = dict[str, object]
Answer = Callable[[Mapping[str, str]], str]


class Desk:
    """A form with fields, the values they begin with, and what answers it with escaped HTML."""

    def __init__(self, fields: list[Field], values: dict[str, str], answer: Answer):
        self.fields, self.values, self.answer = fields, values, answer

    def reply(self, values: Mapping[str, str]) -> str:
        """Answer the form; what cannot be answered is said in words."""
        try:
            return self.answer(values)
        except ValueError as error:
            return f"<p>{escape(str(error))}</p>"

    def _repr_mimebundle_(self, **options: object) -> dict[str, object] | tuple:
        if IN_LAB in os.environ:
            return self.widget()._repr_mimebundle_(**options)
        page = self.reply(self.values)
        return {"text/html": page, "text/plain": "A page; see its HTML."}

    def widget(self) -> object:
        """Return the form as a widget whose page follows its values."""
        made = _widget_class()(fields=self.fields, values=self.values, page=self.reply(self.values))
        made.observe(
            lambda change: setattr(made, "page", self.reply(change["new"])), names="values"
        )
        return made


@functools.cache
def _widget_class() -> type:
    import anywidget
    import traitlets

    class Form(anywidget.AnyWidget):
        """The front end of a desk."""

        _esm = SCRIPT
        _css = STYLE
        fields = traitlets.List().tag(sync=True)
        values = traitlets.Dict().tag(sync=True)
        page = traitlets.Unicode().tag(sync=True)

    return Form


def read_article(
    articles: pd.DataFrame, attributions: pd.DataFrame, folder: str | Path, wanted: str = ""
) -> Desk:
    """Choose an article and read it with its marks; begins with `wanted` as `choose_article` does.

    Up to 300 articles are listed by headline; of more, words of the headline are typed.
    """
    first = explore.choose_article(articles, attributions, wanted)
    field: Field = {"name": "article", "label": "Article"}
    if 0 < len(articles) <= LISTED:
        listed = articles.sort_values(["outlet", "published", "headline"])
        field["choices"] = [
            [row.article_id, f"{row.outlet}: {row.headline[:80]}"] for row in listed.itertuples()
        ]
    else:
        field["label"] = "Words of the headline, path or id"
    begin = first["article_id"].iloc[0] if len(first) else ""
    return Desk(
        [field],
        {"article": begin},
        lambda values: (
            explore.reader(
                explore.choose_article(articles, attributions, values["article"]), folder
            ).html
        ),
    )


def look_up(
    texts: Texts,
    articles: pd.DataFrame,
    word: str,
    kind: str = concordance.WORD,
    roles: Sequence[str] = (),
    top: int = 15,
    sort: str = "",
) -> Desk:
    """Look a word, entity or speaker up in its context, by outlet, time and role.

    It begins in the block roles given, which the form calls "counted"; `top` and `sort` are those
    of `concordance.show_lines`.
    """
    outlets = [EVERY, *sorted(articles["outlet"].unique())]
    fields: list[Field] = [
        {"name": "word", "label": "Look for"},
        {"name": "kind", "label": "as", "choices": _same(concordance.KINDS)},
        {"name": "outlet", "label": "in", "choices": _same(outlets)},
        {"name": "role", "label": "part", "choices": _same([COUNTED, EVERY, *schema.BLOCK_ROLES])},
        {"name": "since", "label": "since"},
        {"name": "until", "label": "until"},
    ]
    values = {
        "word": word,
        "kind": kind,
        "outlet": EVERY,
        "role": COUNTED,
        "since": "",
        "until": "",
    }
    show = functools.partial(concordance.show_lines, texts, top=top, sort=sort)
    return Desk(fields, values, functools.partial(_find, texts, articles, roles, show))


def _same(values: list[str] | tuple[str, ...]) -> list[list[str]]:
    return [[value, value] for value in values]


def _find(
    texts: Texts,
    articles: pd.DataFrame,
    roles: Sequence[str],
    show: Callable[[pd.DataFrame], concordance.Lines],
    values: Mapping[str, str],
) -> str:
    chosen = tables.keep_dates(articles, values["since"], values["until"])
    if values["outlet"] != EVERY:
        chosen = chosen[chosen["outlet"] == values["outlet"]]
    asked = {COUNTED: roles, EVERY: ()}.get(values["role"], [values["role"]])
    hits = concordance.find_hits(texts, values["word"], values["kind"], asked)
    hits = hits[hits["article_id"].isin(chosen["article_id"])]
    held = hits["article_id"].nunique()
    found = f"{len(hits):,} places in {held:,} of {len(chosen):,} articles"
    return f"<p>{found}</p>{show(hits)._repr_html_()}"
