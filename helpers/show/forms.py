"""Forms in JupyterLab: an article to choose, a word to look up, the alias desk; else static pages.

A form is shown as widgets only where somebody sits in front: in a notebook that JupyterLab runs.
In a batch or a report the same cell shows the page for the values given. Names come from articles
and are never markup: everything shown is escaped.

JupyterLab's notebook takes arrow keys and letters that are typed while a list has the focus: an
arrow leaves the list for another cell, and "x" cuts the cell out. It lets those keys alone that are
typed in an element with the attribute `data-lm-suppress-shortcuts` (Lumino,
`CommandRegistry.processKeydownEvent`), which widgets of ipywidgets cannot carry by themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd
from IPython import get_ipython
from IPython.display import HTML, Javascript, display

from helpers.corpus import decisions
from helpers.corpus.decisions import list_ambiguous as list_ambiguous
from helpers.corpus.decisions import propose_merges as propose_merges
from helpers.measure.select import PLACE, types_of
from helpers.measure.shares import count_of
from helpers.show import concordance, reader
from helpers.show.concordance import Texts
from helpers.store import schema, tables

LISTED = 300
EVERY, COUNTED = "all", "counted"
EDITOR, FORM, DESK = "attributed-editor", "attributed-form", "attributed-desk"
LEAVE, MERGE = "leave as they are", "one: merge into the second"
BACK, IGNORE = "one: merge into the first", "the first is no name: ignore it"
PROPOSED = {"mentions": "rows where whose=name", "articles": "articles where whose=name"}
KEEP_KEYS = f"""
window.attributedKeys ??= ['focusin', 'keydown', 'keyup'].map(kind =>
  document.addEventListener(kind, event => {{
    const {{target, ctrlKey, metaKey, altKey}} = event;
    if (target.matches?.('.{EDITOR} select'))
      target.toggleAttribute('data-lm-suppress-shortcuts', !(ctrlKey || metaKey || altKey));
  }}));
"""
Field = dict[str, object]
Answer = Callable[[Mapping[str, str]], str]


def can_edit() -> bool:
    """Tell whether somebody sits in front: a kernel that may ask, as in JupyterLab, not in a batch.

    papermill and nbconvert tell the kernel that nobody answers.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))


def show_editor(editor: Any) -> None:
    """Show widgets whose lists keep the keys typed in them; Ctrl+S and its like stay JupyterLab's.

    The script that sees to it listens once in a page, and does nothing outside JupyterLab.
    """
    editor.add_class(EDITOR)
    display(Javascript(KEEP_KEYS))
    display(editor)


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
                other = inputs[str(field["empties"])]
                shown.observe(lambda _, other=other: setattr(other, "value", ""), "value")
            shown.observe(ask, names="value")
        row = widgets.HBox(list(inputs.values()), layout={"flex_flow": "row wrap"})
        form = widgets.VBox([row, page])
        form.add_class(FORM)
        return form

    def _input(self, field: Field) -> widgets.DOMWidget:
        name = str(field["name"])
        told = {"description": str(field["label"]), "style": {"description_width": "initial"}}
        if "choices" in field:
            options = [(text, value) for value, text in field["choices"]]
            shown = widgets.Dropdown(options=options, value=self.values[name] or None, **told)
        else:
            shown = widgets.Text(value=self.values[name], continuous_update=False, **told)
        shown.add_class(f"{FORM}-{name}")
        return shown


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
        fields.append(_field("article", "Article", choices) | {"empties": "words"})
    fields.append(_field("words", "or words of the headline, path or id"))

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
    asked = (
        (_field("word", "Look for"), word),
        (_field("kind", "as", _same(concordance.KINDS)), kind),
        (_field("outlet", "in", _same(outlets)), EVERY),
        (_field("role", "part", _same([COUNTED, EVERY, *schema.BLOCK_ROLES])), COUNTED),
        (_field("since", "since"), ""),
        (_field("until", "until"), ""),
    )
    fields = [field for field, _ in asked]
    values = {str(field["name"]): value for field, value in asked}
    show = functools.partial(concordance.show_lines, texts, top=top, sort=sort)
    return Form(fields, values, functools.partial(_find, texts, articles, roles, show))


def _field(name: str, label: str, choices: Sequence[Sequence[str]] = ()) -> Field:
    return {"name": name, "label": label} | ({"choices": choices} if choices else {})


def _same(values: Sequence[str]) -> list[list[str]]:
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


# --------------------------------------------------------------------------------- the alias desk


class Desk(pd.DataFrame):
    """Proposed merges as a table; in JupyterLab also as an editor that keeps decisions."""

    _metadata = ["folder", "path"]

    @property
    def _constructor(self) -> type:
        return Desk

    def _ipython_display_(self) -> None:
        if can_edit():
            show_editor(edit(self, self.folder))
        else:
            display(HTML(to_html(self, self.path)))


def open_desk(proposed: pd.DataFrame, evidence: pd.DataFrame, folder: str | Path) -> Desk:
    """Return the alias desk of proposed merges: one row is one proposal with its first sentence.

    Parameters
    ----------
    proposed
        Rows of `propose_merges`.
    evidence
        The sentences behind them (`reader.evidence`), in the same order.
    folder
        The tables that they are about. Decisions are kept beside it, or in the file of a project:
        `decisions.decisions_file`.
    """
    shown = proposed.head(len(evidence)).reset_index(drop=True)
    sentence = evidence["before"] + evidence["evidence"] + evidence["after"]
    sentence = sentence.str.split().str.join(" ").reset_index(drop=True)
    desk = Desk(shown.assign(sentence=sentence if len(shown) else ""))
    desk.folder, desk.path = str(folder), str(decisions.decisions_file(folder))
    return desk


def find_proposed(proposed: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Find the mentions that proposed merges count: of the `name`, and of the `target`.

    One row is one mention of one of them (`whose`) for one proposal.
    """
    keys = {"name": "entity_id", "target": "target_id"}
    place = mentions[["entity_id", *PLACE]]
    found = [
        proposed[list(keys.values())]
        .merge(place.rename(columns={"entity_id": key}), on=key, validate="many_to_many")
        .assign(whose=whose)
        for whose, key in keys.items()
    ]
    return pd.concat(found, ignore_index=True)


def to_html(desk: pd.DataFrame, path: str | Path) -> str:
    """Return the proposals as an HTML table that says where decisions are kept."""
    told = (
        f"<p>Decisions are read from <code>{escape(_short(path))}</code>. Open this notebook in "
        f"JupyterLab to decide here, or write the file by hand: its first line is "
        f"<code>{','.join(decisions.COLUMNS)}</code>.</p>"
    )
    if desk.empty:
        return "<p>No merge to propose.</p>" + told
    shown = pd.DataFrame(desk)[list(types_of("desk"))]
    return shown.to_html(index=False, escape=True, border=0) + told


def edit(desk: pd.DataFrame, folder: str | Path) -> Any:
    """Return the editor: a choice for each proposal, a line for any other decision, and Save.

    Whatever is chosen is said with its effect before it is saved; what was decided is listed, and
    each decision can be taken back.
    """
    path = decisions.decisions_file(folder)
    choices = [
        widgets.Dropdown(
            options=(LEAVE, MERGE, BACK, IGNORE), value=LEAVE, layout=widgets.Layout(width="240px")
        )
        for _ in range(len(desk))
    ]
    rows = [
        widgets.HBox([choice, widgets.HTML(_told(row), layout=widgets.Layout(width="720px"))])
        for choice, row in zip(choices, desk.to_dict("records"), strict=True)
    ]
    narrow, wide = widgets.Layout(width="110px"), widgets.Layout(width="230px")
    action = widgets.Dropdown(options=["", *decisions.ACTIONS], layout=narrow)
    name = widgets.Text(placeholder="name in the tables", layout=wide, continuous_update=False)
    label = widgets.Dropdown(options=["", *schema.LABELS], layout=narrow)
    asked = "merge into, split off, rename, relabel"
    target = widgets.Text(placeholder=asked, layout=wide, continuous_update=False)
    own = {"action": action, "name": name, "label": label, "target": target}
    save = widgets.Button(description="Save decisions", button_style="primary")
    status, kept = widgets.HTML(_status(path)), widgets.VBox()

    def decide() -> pd.DataFrame:
        decided = read_choices(desk, [choice.value for choice in choices])
        if action.value and name.value.strip():
            values = {key: field.value.strip() for key, field in own.items()}
            decided.append({**values, "note": "alias desk"})
        return pd.DataFrame(decided, columns=decisions.COLUMNS)

    def foresee(_: object) -> None:
        status.value = _foresee(decide(), folder)

    def keep(_: object) -> None:
        status.value = _save(decide(), folder)
        kept.children = _list_decisions(path, kept, status)

    for field in (*choices, *own.values()):
        field.observe(foresee, names="value")
    save.on_click(keep)
    kept.children = _list_decisions(path, kept, status)
    heading = widgets.HTML("<b>Are these one?</b>" if rows else "No merge to propose.")
    another = widgets.HTML("<b>Another decision</b>")
    other = widgets.HBox([action, name, label, target])
    editor = widgets.VBox([heading, *rows, another, other, save, status, kept])
    editor.add_class(DESK)
    return editor


def _list_decisions(path: Path, kept: widgets.VBox, status: widgets.HTML) -> list[widgets.HBox]:
    """List what was decided, each line with a button that takes it back."""
    try:
        rows = decisions.read_decisions(path)[decisions.COLUMNS].to_dict("records")
    except decisions.AliasError:
        return []
    return [_decision(row, path, kept, status) for row in rows]


def _decision(
    row: dict[str, str], path: Path, kept: widgets.VBox, status: widgets.HTML
) -> widgets.HBox:
    undo = widgets.Button(description="Undo", layout=widgets.Layout(width="70px"))
    effect = decisions.EFFECTS.get(row["action"], "{action} {name}").format(**row)

    def take_back(_: object) -> None:
        try:
            decisions.remove_decision(path, row)
            status.value = f"<p>Taken back: {escape(effect)}.</p>{_status(path)}"
        except (decisions.AliasError, OSError) as error:
            status.value = _say_error(error)
        kept.children = _list_decisions(path, kept, status)

    undo.on_click(take_back)
    return widgets.HBox([undo, widgets.HTML(escape(effect))])


def read_choices(desk: pd.DataFrame, chosen: Sequence[str]) -> list[dict[str, str]]:
    """Return the decisions that were chosen for the proposals, as rows of the decisions' file."""
    decided = []
    for row, choice in zip(desk.to_dict("records"), chosen, strict=True):
        first = {"name": row["name"], "label": row["label"], "target": row["target"]}
        second = {"name": row["target"], "label": row["target_label"], "target": row["name"]}
        note = {"note": f"alias desk: {row['reason']}"}
        if choice == MERGE:
            decided.append({"action": "merge", **first, **note})
        elif choice == BACK:
            decided.append({"action": "merge", **second, **note})
        elif choice == IGNORE:
            decided.append({"action": "ignore", **first, "target": "", **note})
    return decided


def _foresee(decided: pd.DataFrame, folder: str | Path) -> str:
    """Say what saving would change; nothing where nothing is chosen."""
    if decided.empty:
        return _status(decisions.decisions_file(folder))
    try:
        lines = "".join(f"<li>{escape(one)}</li>" for one in decisions.foresee(decided, folder))
    except decisions.AliasError as error:
        return _say_error(error)
    return f"<p>Saving would change:</p><ul>{lines}</ul>"


def _say_error(error: Exception) -> str:
    return f"<p style='color:#b00'>Nothing was saved: {escape(str(error))}</p>"


def _save(decided: pd.DataFrame, folder: str | Path) -> str:
    path = decisions.decisions_file(folder)
    try:
        decisions.read_decisions(path)
        decisions.foresee(decided, folder)
        new = decisions.add_decisions(path, decided)
    except (decisions.AliasError, OSError) as error:
        return _say_error(error)
    return f"<p>{new} new.</p>" + _status(path)


def _status(path: str | Path) -> str:
    try:
        there = len(decisions.read_decisions(path))
    except decisions.AliasError as error:
        return f"<p style='color:#b00'>{escape(str(error))}</p>"
    told = f"{count_of(there, 'decision')} in <code>{escape(_short(path))}</code>"
    return (
        f"<p>{told}. They take effect when the tables are built again: restart the notebook and "
        "run it.</p>"
    )


def _short(path: str | Path) -> str:
    """Return a path without the folders of this computer."""
    return "/".join(Path(path).parts[-2:])


def _told(row: dict[str, Any]) -> str:
    return (
        f"<b>{escape(row['name'])}</b> ({row['label']}, {row['articles']:,} articles) and "
        f"<b>{escape(row['target'])}</b> ({row['target_label']}, {row['target_articles']:,}): "
        f"{escape(row['reason'])}."
        f"<br><span style='color:#555'>{escape(row['sentence'])}</span>"
    )
