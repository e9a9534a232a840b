"""The alias desk: a table in a batch, an editor where somebody sits in front, nothing unescaped."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.corpus import decisions as aliases
from helpers.show import forms


@pytest.fixture
def opened(tmp_path) -> forms.Desk:
    proposed = pd.DataFrame(
        [
            ("<b>Quist</b>", "PERSON", "Mara Quist", "PERSON", "surname of one person", 1, 1, 2, 2),
            ("Union", "FAC", "Union", "ORG", "the same name under another label", 1, 1, 3, 2),
        ],
        columns=aliases.PROPOSED[:9],
    )
    evidence = pd.DataFrame(
        {
            "before": ["", "The "],
            "evidence": ["<b>Quist</b>", "Union"],
            "after": [" said.", " met."],
        }
    )
    return forms.open_desk(proposed, evidence, tmp_path / "aliases.csv")


def test_in_a_batch_it_is_a_table_without_markup_from_names(opened, capsys):
    assert not forms.can_edit()
    shown = forms.to_html(opened, opened.path)
    assert "<b>Quist" not in shown and "&lt;b&gt;Quist" in shown
    assert "action,name,label,target,note" in shown


def test_no_proposal_says_so(opened):
    assert "No merge to propose" in forms.to_html(opened.head(0), "aliases.csv")


def test_choices_become_decisions(opened):
    decided = forms.read_choices(opened, [forms.MERGE, forms.IGNORE])
    assert [(d["action"], d["name"], d["label"], d["target"]) for d in decided] == [
        ("merge", "<b>Quist</b>", "PERSON", "Mara Quist"),
        ("ignore", "Union", "FAC", ""),
    ]
    decided = forms.read_choices(opened, [forms.LEAVE, forms.BACK])
    assert [(d["action"], d["name"], d["label"]) for d in decided] == [("merge", "Union", "ORG")]


def test_the_editor_keeps_what_was_chosen(opened):
    editor = forms.edit(opened, opened.path)
    rows, other, save = editor.children[1:3], editor.children[4], editor.children[5]
    rows[0].children[0].value = forms.MERGE
    action, name, _, target = other.children
    action.value, name.value, target.value = "rename", "Union", "Dockers"
    save.click()
    kept = aliases.read_decisions(opened.path)
    assert kept[["action", "name", "target"]].to_numpy().tolist() == [
        ["merge", "<b>Quist</b>", "Mara Quist"],
        ["rename", "Union", "Dockers"],
    ]
    save.click()
    assert len(aliases.read_decisions(opened.path)) == 2
    assert "<b>Quist" not in rows[0].children[1].value


def test_a_file_that_cannot_be_read_is_not_overwritten(opened, tmp_path):
    path = tmp_path / "aliases.csv"
    path.write_text("action,name,into\n")
    editor = forms.edit(opened, path)
    editor.children[1].children[0].value = forms.MERGE
    editor.children[5].click()
    assert "Nothing was saved" in editor.children[6].value
    assert path.read_text() == "action,name,into\n"
