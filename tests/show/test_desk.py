"""The alias desk: a table in a batch, an editor where somebody sits in front, nothing unescaped."""

from __future__ import annotations

import pandas as pd
import pytest
from tables_fixture import make_tables, write_tables

from helpers.corpus import decisions as aliases
from helpers.show import forms, publish
from helpers.store import schema


@pytest.fixture
def folder(tmp_path):
    """Tables in which the two proposals' names are."""
    made = make_tables(articles=4)
    names = [("person-b", "<b>Quist</b>", "PERSON"), ("person-q", "Mara Quist", "PERSON")]
    names += [("fac-union", "Union", "FAC"), ("org-union", "Union", "ORG")]
    filled = [
        schema.filled("entities", entity_id=one, entity=name, label=label)
        for one, name, label in names
    ]
    made["entities"] = pd.concat([made["entities"], schema.frame("entities", filled)])
    place = made["mentions"].index[:3]
    made["mentions"].loc[place, "entity_id"] = "person-b"
    said = made["attributions"].index[:2]
    made["attributions"].loc[said, "speaker_id"] = "person-b"
    return write_tables(made, tmp_path / "corpus")


@pytest.fixture
def opened(folder) -> forms.Desk:
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
    return forms.open_desk(proposed, evidence, folder)


def test_in_a_batch_it_is_a_table_without_markup_from_names(opened, capsys):
    assert not forms.can_edit()
    shown = forms.to_html(opened, opened.path)
    assert "<b>Quist" not in shown and "&lt;b&gt;Quist" in shown
    assert "action,name,label,target,note" in shown


def test_a_page_shows_the_desk_and_no_picture_of_it(opened, folder, monkeypatch):
    displayed = []
    monkeypatch.setattr(publish, "display", lambda one, **how: displayed.append(one))
    page = publish.Page(folder, make_tables(articles=4)["articles"])
    page.table("entity_proposals", pd.DataFrame(opened), nothing="", shown=opened)
    assert any(one is opened for one in displayed)


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


def test_decisions_lie_beside_the_tables_of_their_corpus(opened, folder, monkeypatch, tmp_path):
    assert opened.path == str(folder.parent / "corpus.decisions.csv")
    monkeypatch.setenv(aliases.VARIABLE, str(tmp_path / "project.csv"))
    assert aliases.decisions_file(folder) == tmp_path / "project.csv"


def test_the_editor_says_the_effect_keeps_what_was_chosen_and_takes_it_back(opened, folder):
    editor = forms.edit(opened, folder)
    rows, other, (save, status, kept) = (
        editor.children[1:3], editor.children[4], editor.children[5:8]
    )  # fmt: skip
    rows[0].children[0].value = forms.MERGE
    assert "“&lt;b&gt;Quist&lt;/b&gt;” is called “Mara Quist”: 3 mentions, 2 statements" in (
        status.value
    )
    assert not aliases.decisions_file(folder).exists()
    action, name, label, target = other.children
    action.value, name.value, label.value, target.value = "rename", "Union", "ORG", "Dockers"
    save.click()
    kept_rows = aliases.read_decisions(opened.path)
    assert kept_rows[["action", "name", "target"]].to_numpy().tolist() == [
        ["merge", "<b>Quist</b>", "Mara Quist"],
        ["rename", "Union", "Dockers"],
    ]
    save.click()
    assert len(aliases.read_decisions(opened.path)) == len(kept.children) == 2
    assert "<b>Quist" not in rows[0].children[1].value
    kept.children[0].children[0].click()
    assert aliases.read_decisions(opened.path)["action"].tolist() == ["rename"]
    assert len(kept.children) == 1 and "Taken back" in status.value


@pytest.mark.parametrize(
    ("decision", "problem"),
    [
        (("ignore", "Nobody", "", ""), "this corpus has no such name"),
        (("merge", "Mara Quist", "PERSON", "Nobody"), "no name &#x27;Nobody&#x27; to merge into"),
        (("rename", "Union", "", "Dockers"), "give its label"),
    ],
)
def test_a_name_that_is_not_there_is_refused(opened, folder, decision, problem):
    editor = forms.edit(opened, folder)
    fields = editor.children[4].children
    for field, value in zip(fields, decision, strict=True):
        field.value = value
    editor.children[5].click()
    assert problem in editor.children[6].value
    assert not aliases.decisions_file(folder).exists()


def test_a_file_that_cannot_be_read_is_not_overwritten(opened, folder):
    path = aliases.decisions_file(folder)
    path.write_text("action,name,into\n")
    editor = forms.edit(opened, folder)
    editor.children[1].children[0].value = forms.MERGE
    editor.children[5].click()
    assert "Nothing was saved" in editor.children[6].value
    assert path.read_text() == "action,name,into\n"
