"""The alias desk: merges to decide on, as an editor in JupyterLab and as a table in a report.

Names come from articles and are never markup: everything shown is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.corpus import decisions
from helpers.corpus.decisions import decisions_file as decisions_file
from helpers.corpus.decisions import list_ambiguous as list_ambiguous
from helpers.corpus.decisions import propose_merges as propose_merges
from helpers.show.lab import can_edit, show_editor
from helpers.store import schema

LEAVE = "leave as they are"
MERGE = "one: merge into the second"
BACK = "one: merge into the first"
IGNORE = "the first is no name: ignore it"
CLASS = "attributed-desk"
CHOICES = (LEAVE, MERGE, BACK, IGNORE)
COUNTED = {"mentions": "rows where whose=name", "articles": "articles where whose=name"}
SHOWN = ["name", "label", "target", "target_label", "reason", "mentions", "articles", "sentence"]


class Desk(pd.DataFrame):
    """Proposed merges as a table; in JupyterLab also as an editor that keeps decisions."""

    _metadata = ["path"]

    @property
    def _constructor(self) -> type:
        return Desk

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        if can_edit():
            show_editor(edit(self, self.path))
        else:
            display(HTML(to_html(self, self.path)))


def open_desk(proposed: pd.DataFrame, evidence: pd.DataFrame, path: str | Path = "") -> Desk:
    """Return the alias desk of proposed merges: one row is one proposal with its first sentence.

    Parameters
    ----------
    proposed
        Rows of `propose_merges`.
    evidence
        The sentences behind them (`reader.evidence`), in the same order.
    path
        The CSV in which decisions are kept; data/aliases.csv, or the file that the environment
        variable ATTRIBUTED_ALIASES names, where none is given.
    """
    shown = proposed.head(len(evidence)).reset_index(drop=True)
    sentence = evidence["before"] + evidence["evidence"] + evidence["after"]
    sentence = sentence.str.split().str.join(" ").reset_index(drop=True)
    desk = Desk(shown.assign(sentence=sentence if len(shown) else ""))
    desk.path = str(path or decisions.decisions_file())
    return desk


def find_proposed(proposed: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Find the mentions that proposed merges count: of the `name`, and of the `target`.

    One row is one mention of one of them (`whose`) for one proposal.
    """
    keys = {"name": "entity_id", "target": "target_id"}
    place = mentions[["entity_id", "article_id", "start", "end"]]
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
    table = pd.DataFrame(desk)[SHOWN].to_html(index=False, escape=True, border=0)
    return table + told


def edit(desk: pd.DataFrame, path: str | Path) -> Any:
    """Return the editor: a choice for each proposal, a line for any other decision, and Save."""
    import ipywidgets as widgets

    choices = [
        widgets.Dropdown(options=CHOICES, value=LEAVE, layout=widgets.Layout(width="240px"))
        for _ in range(len(desk))
    ]
    rows = [
        widgets.HBox([choice, widgets.HTML(_told(row), layout=widgets.Layout(width="720px"))])
        for choice, row in zip(choices, desk.to_dict("records"), strict=True)
    ]
    narrow, wide = widgets.Layout(width="110px"), widgets.Layout(width="230px")
    action = widgets.Dropdown(options=["", *decisions.ACTIONS], layout=narrow)
    name = widgets.Text(placeholder="name in the tables", layout=wide)
    label = widgets.Dropdown(options=["", *schema.LABELS], layout=narrow)
    target = widgets.Text(placeholder="merge into, split off, rename, relabel", layout=wide)
    save = widgets.Button(description="Save decisions", button_style="primary")
    status = widgets.HTML(_status(path))

    def keep(_: Any) -> None:
        decided = read_choices(desk, [choice.value for choice in choices])
        own = {"action": action.value, "name": name.value.strip(), "label": label.value}
        if own["action"] and own["name"]:
            decided.append({**own, "target": target.value.strip(), "note": "alias desk"})
        status.value = _save(decided, path)

    save.on_click(keep)
    other = widgets.HBox([action, name, label, target])
    heading = widgets.HTML("<b>Are these one?</b>" if rows else "No merge to propose.")
    editor = widgets.VBox(
        [heading, *rows, widgets.HTML("<b>Another decision</b>"), other, save, status]
    )
    editor.add_class(CLASS)
    return editor


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


def _save(decided: list[dict[str, str]], path: str | Path) -> str:
    try:
        new = decisions.add_decisions(path, pd.DataFrame(decided, columns=decisions.COLUMNS))
    except (decisions.AliasError, OSError) as error:
        return f"<p style='color:#b00'>Nothing was saved: {escape(str(error))}</p>"
    return f"<p>{new} new.</p>" + _status(path)


def _status(path: str | Path) -> str:
    try:
        there = len(decisions.read_decisions(path))
    except decisions.AliasError as error:
        return f"<p style='color:#b00'>{escape(str(error))}</p>"
    number = "1 decision" if there == 1 else f"{there:,} decisions"
    return (
        f"<p>{number} in <code>{escape(_short(path))}</code>. They take effect when the tables are "
        "built again: restart the notebook and run it.</p>"
    )


def _short(path: str | Path) -> str:
    """Return a path without the folders of this computer."""
    path = Path(path)
    return "/".join(path.parts[-2:])


def _told(row: dict[str, Any]) -> str:
    return (
        f"<b>{escape(row['name'])}</b> ({row['label']}, {row['articles']:,} articles) and "
        f"<b>{escape(row['target'])}</b> ({row['target_label']}, {row['target_articles']:,}): "
        f"{escape(row['reason'])}."
        f"<br><span style='color:#555'>{escape(row['sentence'])}</span>"
    )
