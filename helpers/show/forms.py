"""Forms in JupyterLab that choose an article or look a word up; elsewhere static pages.

A form is shown as widgets only where somebody sits in front: in a notebook that JupyterLab runs.
In a batch or a report the same cell shows the page for the values given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
from IPython.display import HTML, display

from helpers.show import concordance, reader
from helpers.show.concordance import Texts
from helpers.show.lab import can_edit, show_editor
from helpers.store import schema, tables

LISTED = 300
EVERY, COUNTED = "all", "counted"
CLASS = "attributed-form"
Field = dict[str, object]
Answer = Callable[[Mapping[str, str]], str]


class Form:
    """Fields, the values they begin with, and what answers them with escaped HTML."""

    def __init__(self, fields: list[Field], values: dict[str, str], answer: Answer):
        self.fields, self.values, self.answer = fields, values, answer

    def reply(self, values: Mapping[str, str]) -> str:
        """Answer the form; what cannot be answered is said in words."""
        try:
            return self.answer(values)
        except ValueError as error:
            return f"<p>{escape(str(error))}</p>"

    def _ipython_display_(self) -> None:
        if can_edit():
            show_editor(self.to_widgets())
        else:
            display(HTML(self.reply(self.values)))

    def to_widgets(self) -> widgets.VBox:
        """Return the form as widgets whose page follows what is chosen and typed."""
        inputs = {str(field["name"]): self._input(field) for field in self.fields}
        page = widgets.HTML(self.reply(self.values))

        def ask(_: object) -> None:
            page.value = self.reply({name: shown.value for name, shown in inputs.items()})

        for field, shown in zip(self.fields, inputs.values(), strict=True):
            if "empties" in field:
                shown.observe(functools.partial(_empty, inputs[str(field["empties"])]), "value")
            shown.observe(ask, names="value")
        row = widgets.HBox(list(inputs.values()), layout={"flex_flow": "row wrap"})
        form = widgets.VBox([row, page])
        form.add_class(CLASS)
        return form

    def _input(self, field: Field) -> widgets.DOMWidget:
        name = str(field["name"])
        told = {"description": str(field["label"]), "style": {"description_width": "initial"}}
        if "choices" in field:
            options = [(text, value) for value, text in field["choices"]]
            shown = widgets.Dropdown(options=options, value=self.values[name] or None, **told)
        else:
            shown = widgets.Text(value=self.values[name], continuous_update=False, **told)
        shown.add_class(f"{CLASS}-{name}")
        return shown


def _empty(shown: widgets.Text, _: object) -> None:
    shown.value = ""


def read_article(
    articles: pd.DataFrame, attributions: pd.DataFrame, folder: str | Path, wanted: str = ""
) -> Form:
    """Choose an article and read it with its marks; begins with `wanted` as `choose_article` does.

    Up to 300 articles are listed by headline; of these and of more, words of the headline can be
    typed. Whichever was used last is read.
    """
    first = reader.choose_article(articles, attributions, wanted)
    begin = first["article_id"].iloc[0] if len(first) else ""
    fields: list[Field] = []
    if 0 < len(articles) <= LISTED:
        listed = articles.sort_values(["outlet", "published", "headline"])
        choices = [
            [row.article_id, f"{row.outlet}: {row.headline[:80]}"] for row in listed.itertuples()
        ]
        listing = {"name": "article", "label": "Article", "choices": choices, "empties": "words"}
        fields.append(listing)
    fields.append({"name": "words", "label": "or words of the headline, path or id"})

    def show(values: Mapping[str, str]) -> str:
        asked = values.get("words", "").strip() or values.get("article") or begin
        chosen = reader.choose_article(articles, attributions, asked)
        return reader.reader(chosen, folder).html

    return Form(fields, {"article": begin, "words": ""}, show)


def look_up(
    texts: Texts,
    articles: pd.DataFrame,
    word: str,
    kind: str = concordance.WORD,
    roles: Sequence[str] = (),
    top: int = 15,
    sort: str = "",
) -> Form:
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
    return Form(fields, values, functools.partial(_find, texts, articles, roles, show))


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
