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

import base64
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
from helpers.measure.select import KINDS, PLACE, types_of
from helpers.measure.shares import count_of
from helpers.show import concordance, grids
from helpers.show.concordance import Texts
from helpers.store import schema, tables

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
Field = dict[str, Any]
Answer = Callable[[Mapping[str, str]], str]
Turn = Callable[[Mapping[str, str], int], dict[str, str]]
FIRST = "page"
MOST_PROPOSED = 6  # merges that a report shows
MOST_SAVED = 20_000  # lines of a concordance that a link holds
FOLD = """<style>.jp-Notebook:has(.attributed-code:not(:checked))
 .jp-CodeCell:not([data-windowed-list-index="1"]) .jp-Cell-inputWrapper { display: none; }</style>
<p><label><input type="checkbox" class="attributed-code"> Show the code of this notebook</label></p>
"""
TO_TOP = """setTimeout(() => document.querySelectorAll(
  '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer').forEach(
  outer => { outer.scrollTop = 0; }), 400);
"""


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


def fold_code() -> None:
    """Let JupyterLab hide the code of a notebook, but for its parameters, behind a switch."""
    if can_edit():
        display(HTML(FOLD))


def go_to_top() -> None:
    """Let JupyterLab show the top of the notebook, where its findings begin, when all has run."""
    if can_edit():
        display(Javascript(TO_TOP))


class Form:
    """Fields, the values they begin with, and what answers them with escaped HTML.

    The choices of a field may depend on the values of others; `turn` says what values become at a
    step on or back, where there is something to turn over.
    """

    def __init__(
        self, fields: list[Field], values: dict[str, str], answer: Answer, turn: Turn | None = None
    ):
        self.fields, self.values, self.answer, self.turn = fields, values, answer, turn
        self.views: list[Callable[[Mapping[str, str]], None]] = []

    def reply(self, values: Mapping[str, str]) -> str:
        """Answer the form; what cannot be answered is said in words."""
        return _safely(self.answer, values)

    def follow(self, answer: Answer) -> View:
        """Return what shows another answer to the same values, wherever it is displayed."""
        return View(self, answer)

    def _ipython_display_(self) -> None:
        if can_edit():
            show_editor(self.to_widgets())
        else:
            display(HTML(self.reply(self.values)))

    def to_widgets(self) -> widgets.VBox:
        """Return the form as widgets whose page follows what is chosen and typed."""
        inputs = {str(field["name"]): self._input(field) for field in self.fields}
        beside = {name: value for name, value in self.values.items() if name not in inputs}
        beside |= {FIRST: "1"} if FIRST in beside else {}
        page = widgets.HTML()

        def read() -> dict[str, str]:
            return beside | {name: shown.value or "" for name, shown in inputs.items()}

        def show() -> None:
            values = read()
            page.value = self.reply(values)
            for view in self.views:
                view(values)

        def ask(_: object) -> None:
            beside.update({FIRST: "1"} if FIRST in beside else {})
            for field in self.fields:
                if callable(field.get("choices")):
                    _choose_among(inputs[str(field["name"])], field["choices"](read()))
            show()

        def step(by: int) -> None:
            for name, value in self.turn(read(), by).items():
                if name in inputs:
                    inputs[name].value = value
                else:
                    beside[name] = value
            show()

        for field, shown in zip(self.fields, inputs.values(), strict=True):
            if "empties" in field:
                other = inputs[str(field["empties"])]
                shown.observe(lambda _, other=other: setattr(other, "value", ""), "value")
            shown.observe(ask, names="value")
        row = widgets.HBox(list(inputs.values()), layout={"flex_flow": "row wrap"})
        show()
        form = widgets.VBox([row, *([_steps(step)] if self.turn else []), page])
        form.add_class(FORM)
        return form

    def _input(self, field: Field) -> widgets.DOMWidget:
        name = str(field["name"])
        told = {"description": str(field["label"]), "style": {"description_width": "initial"}}
        if "choices" in field:
            choices = field["choices"]
            choices = choices(self.values) if callable(choices) else choices
            options = [(text, value) for value, text in choices]
            shown = widgets.Dropdown(options=options, value=self.values[name] or None, **told)
        else:
            wide = {"layout": widgets.Layout(width="360px")} if field.get("wide") else {}
            shown = widgets.Text(value=self.values[name], continuous_update=False, **told, **wide)
        shown.add_class(f"{FORM}-{name}")
        return shown


class View:
    """What shows an answer to the values of a form that stands elsewhere."""

    def __init__(self, form: Form, answer: Answer):
        self.form, self.answer = form, answer

    def _ipython_display_(self) -> None:
        page = _safely(self.answer, self.form.values)
        if not can_edit():
            display(HTML(page))
            return
        shown = widgets.HTML(page)
        self.form.views.append(lambda values: setattr(shown, "value", _safely(self.answer, values)))
        display(shown)


def _safely(answer: Answer, values: Mapping[str, str]) -> str:
    try:
        return answer(values)
    except ValueError as error:
        return f"<p>{escape(str(error))}</p>"


def _steps(step: Callable[[int], None]) -> widgets.HBox:
    back, on = (widgets.Button(description=said) for said in ("← Previous", "Next →"))
    back.on_click(lambda _: step(-1))
    on.on_click(lambda _: step(1))
    return widgets.HBox([back, on])


def _choose_among(shown: widgets.Dropdown, choices: Sequence[Sequence[str]]) -> None:
    """Offer other choices; what was chosen stays where it is among them."""
    options = [(text, value) for value, text in choices]
    if tuple(options) == tuple(shown.options):
        return
    kept = shown.value if shown.value in [value for _, value in options] else None
    shown.options = options
    if kept is not None:
        shown.value = kept


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
        (field_of("word", "Look for") | {"wide": True}, word),
        (field_of("kind", "as", same(concordance.KINDS)), kind),
        (field_of("outlet", "in", same(outlets)), EVERY),
        (field_of("role", "part", same([COUNTED, EVERY, *schema.BLOCK_ROLES])), COUNTED),
        (field_of("since", "since"), ""),
        (field_of("until", "until"), ""),
    )
    fields = [field for field, _ in asked]
    fields.append(field_of("sort", "order", [["", "of articles"], *same(["left", "right"])]))
    values = {str(field["name"]): value for field, value in asked} | {"sort": sort, FIRST: ""}
    find = functools.partial(_find, texts, articles, roles)

    def turn(values: Mapping[str, str], by: int) -> dict[str, str]:
        last = max(-(-len(find(values)[0]) // top), 1)
        return {FIRST: str(min(max(int(values[FIRST]) + by, 1), last))}

    def answer(values: Mapping[str, str]) -> str:
        hits, chosen = find(values)
        page = int(values.get(FIRST) or 0)
        lines = concordance.show_lines(texts, hits, top, values["sort"], page)
        held = hits["article_id"].nunique()
        found = f"{len(hits):,} places in {held:,} of {len(chosen):,} articles"
        if page and len(hits):
            first = (page - 1) * top
            found += f"; {first + 1:,} to {first + len(lines):,}. {_link_lines(texts, hits)}"
        return f"<p>{found}</p>{lines._repr_html_()}"

    return Form(fields, values, answer, turn)


def _link_lines(texts: Texts, hits: pd.DataFrame) -> str:
    """Return a link that saves the lines as CSV, whatever page is shown."""
    lines = texts.cut(hits.head(MOST_SAVED))
    held = base64.b64encode(tables.to_csv(lines).encode("utf-8", "replace")).decode()
    told = f"Save {count_of(len(lines), 'line')} as CSV"
    return f'<a download="concordance.csv" href="data:text/csv;base64,{held}">{told}</a>'


def field_of(name: str, label: str, choices: Any = ()) -> Field:
    """Return a field: a list of choices, or a line to type in where there are none."""
    return {"name": name, "label": label} | ({"choices": choices} if choices else {})


def same(values: Sequence[str]) -> list[list[str]]:
    """Return choices that are called by their values."""
    return [[value, value] for value in values]


def _find(
    texts: Texts, articles: pd.DataFrame, roles: Sequence[str], values: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the places looked for, and the articles looked through."""
    chosen = tables.keep_dates(articles, values["since"], values["until"])
    if values["outlet"] != EVERY:
        chosen = chosen[chosen["outlet"] == values["outlet"]]
    asked = {COUNTED: roles, EVERY: ()}.get(values["role"], [values["role"]])
    hits = concordance.find_hits(texts, values["word"], values["kind"], asked)
    return hits[hits["article_id"].isin(chosen["article_id"])], chosen


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
    shown = pd.DataFrame(desk)[list(types_of("desk"))].drop(columns="articles")
    for name, label in (("name", "label"), ("target", "target_label")):
        kinds = shown[label].map(lambda one: KINDS[one][0])
        shown = shown.assign(**{name: shown[name] + ", " + kinds}).drop(columns=label)
    more = len(shown) - MOST_PROPOSED
    return grids.write(shown.head(MOST_PROPOSED), max(more, 0), "entity_proposals.csv") + told


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
    first, second = (KINDS[row[label]][0] for label in ("label", "target_label"))
    return (
        f"<b>{escape(row['name'])}</b>, {first} ({row['articles']:,} articles), and "
        f"<b>{escape(row['target'])}</b>, {second} ({row['target_articles']:,}): "
        f"{escape(row['reason'])}."
        f"<br><span style='color:#555'>{escape(row['sentence'])}</span>"
    )
