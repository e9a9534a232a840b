"""A person's decisions about names: kept in a CSV, applied, and reported when they do not fit."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate.attributions import find_attributions
from helpers.annotate.entities import find_entities
from helpers.annotate.mentions import find_mentions
from helpers.corpus import annotation
from helpers.corpus import decisions as aliases
from helpers.store import schema
from helpers.text.article import read_articles

NAMES = [
    ("person-mara-quist", "Mara Quist", "PERSON", ["Quist"], "Quist: surname"),
    ("person-quist", "Quist", "PERSON", [], ""),
    ("person-lena-quist", "Lena Quist", "PERSON", [], ""),
    ("org-harbour-union", "Harbour Union", "ORG", ["HU"], ""),
    ("org-union", "Union", "ORG", [], "Union: could be Harbour Union or Rail Union: not joined"),
    ("fac-union", "Union", "FAC", [], ""),
]


def entities() -> pd.DataFrame:
    rows = [(i, e, label, "", list(forms), why) for i, e, label, forms, why in NAMES]
    return pd.DataFrame(rows, columns=schema.TABLES["entities"].columns.names)


def mentions(*rows: tuple[str, str]) -> pd.DataFrame:
    """Build mentions from (entity_id, text)."""
    table = pd.DataFrame(rows, columns=["entity_id", "text"])
    places = pd.Series(range(len(table)), dtype="int64")
    return table.assign(article_id=[f"a{i // 2}" for i in places], start=places, end=places + 1)


def decisions(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Build decisions from (action, name, label, target), the first on line 2."""
    table = pd.DataFrame(rows, columns=["action", "name", "label", "target"])
    return table.assign(note="", line=range(2, len(table) + 2))


def decided(*rows: tuple[str, str, str, str]) -> aliases.Decided:
    found = aliases.apply_decisions(entities(), decisions(*rows))
    schema.to_arrow("entities", found.entities)
    schema.to_arrow("problems", found.reports)
    return found


def told(found: aliases.Decided) -> str:
    return " | ".join(found.reports["problem"])


def test_a_merged_name_becomes_a_form_of_the_other():
    found = decided(("merge", "Quist", "", "Mara Quist"))
    table = found.entities.set_index("entity_id")
    assert "person-quist" not in table.index
    assert table.loc["person-mara-quist", "aliases"] == ["Quist"]
    assert "decision, aliases.csv" in table.loc["person-mara-quist", "merge_reason"]
    moved = found.add_decided(mentions(("person-quist", "Quist"), ("org-union", "Union")))
    assert list(moved["entity_id"]) == ["person-mara-quist", "org-union"]


def test_merges_are_followed_to_their_end():
    found = decided(("merge", "Quist", "", "Mara Quist"), ("merge", "Mara Quist", "", "Lena Quist"))
    assert found.moved == {
        "person-quist": "person-lena-quist",
        "person-mara-quist": "person-lena-quist",
    }
    assert found.reports.empty


def test_a_merge_into_a_name_the_corpus_lacks_renames():
    found = decided(("merge", "Quist", "", "Ada Quist"), ("merge", "Lena Quist", "", "Ada Quist"))
    table = found.entities.set_index("entity_id")
    assert table.loc["person-quist", "entity"] == "Ada Quist"
    assert table.loc["person-quist", "aliases"] == ["Lena Quist", "Quist"]
    assert found.reports.empty


def test_a_form_split_off_is_an_entity_of_its_own():
    found = decided(("split", "Mara Quist", "", "Quist"))
    rows = mentions(("person-mara-quist", "Quist"), ("person-mara-quist", "Mara Quist"))
    moved = found.add_decided(rows)
    assert list(moved["entity_id"]) == ["person-quist-2", "person-mara-quist"]
    pd.testing.assert_frame_equal(found.add_decided(moved), moved)


def test_an_ignored_name_is_no_entity():
    found = decided(("ignore", "Union", "FAC", ""))
    assert "fac-union" not in set(found.entities["entity_id"])
    assert list(found.add_decided(mentions(("fac-union", "Union")))["entity_id"]) == [""]


def test_names_and_labels_are_changed_and_the_id_stays():
    found = decided(("rename", "Quist", "", "M. Quist"), ("relabel", "Union", "FAC", "EVENT"))
    table = found.entities.set_index("entity_id")
    assert table.loc["person-quist", "entity"] == "M. Quist"
    assert table.loc["fac-union", "label"] == "EVENT"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("merge", "Nobody", "", "Quist")], "line 2: merge 'Nobody': this corpus has no such"),
        ([("ignore", "Union", "", "")], "a FAC and ORG of that name: give its label"),
        ([("unite", "Quist", "", "x")], "the action must be one of merge, split"),
        ([("merge", "Quist", "HUMAN", "x")], "'HUMAN' is no label"),
        ([("merge", "Quist", "", "")], "name or target is empty"),
        ([("relabel", "Quist", "", "HUMAN")], "'HUMAN' is no label"),
        ([("split", "Mara Quist", "", "Lena")], "'Lena' is not joined to it"),
        ([("merge", "Quist", "", "quist")], "it is that name already"),
        ([("rename", "Quist", "", "Lena Quist")], "merge them instead"),
        (
            [("merge", "Quist", "", "Mara Quist"), ("merge", "Quist", "", "Lena Quist")],
            "merge to 'Mara Quist' (line 2) and 'Lena Quist' (line 3): neither was applied",
        ),
        (
            [("merge", "Quist", "", "Mara Quist"), ("merge", "Mara Quist", "", "Quist")],
            "the merges lead in a circle",
        ),
        (
            [("merge", "Quist", "", "Mara Quist"), ("ignore", "Quist", "", "")],
            "it is also to be ignored",
        ),
        (
            [("merge", "Quist", "", "Mara Quist"), ("rename", "Quist", "", "Q")],
            "it is also merged into another",
        ),
    ],
)
def test_what_cannot_be_applied_is_reported(rows, problem):
    assert problem in told(decided(*rows))


def test_a_circle_and_a_name_merged_twice_change_nothing():
    circle = decided(("merge", "Quist", "", "Mara Quist"), ("merge", "Mara Quist", "", "Quist"))
    twice = decided(("merge", "Quist", "", "Mara Quist"), ("merge", "Quist", "", "Lena Quist"))
    for found in (circle, twice):
        assert found.moved == {}
        pd.testing.assert_frame_equal(found.entities, entities())


def test_the_same_row_twice_is_one_decision():
    row = ("merge", "Quist", "", "Mara Quist")
    assert decided(row, row).reports.empty


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*aliases.ACTIONS, "?"]),
            st.sampled_from(["Mara Quist", "Quist", "Lena Quist", "Union", "Nobody", ""]),
            st.sampled_from(["", "PERSON", "ORG", "FAC"]),
            st.sampled_from(["Mara Quist", "Quist", "Lena Quist", "Union", "EVENT", ""]),
        ),
        max_size=6,
    )
)
def test_whatever_is_decided_every_mention_has_an_entity_or_none(rows):
    found = decided(*rows)
    before = mentions(*[(entity_id, form) for entity_id, form, *_ in NAMES])
    once = found.add_decided(before)
    known = set(found.entities["entity_id"])
    assert set(once["entity_id"]) <= known | {""}
    assert found.entities["entity_id"].is_unique
    pd.testing.assert_frame_equal(found.add_decided(once), once)
    assert list(once["text"]) == list(before["text"])


# ------------------------------------------------------------------------------------- the file


def test_decisions_are_kept_and_read_back(tmp_path):
    path = tmp_path / "aliases.csv"
    rows = decisions(("merge", "Quist", "PERSON", "Mara Quist"))
    assert aliases.read_decisions(path).empty and aliases.file_hash(path) == ""
    assert aliases.add_decisions(path, rows) == 1
    assert aliases.add_decisions(path, rows) == 0
    read = aliases.read_decisions(path)
    assert read[["action", "name", "label", "target", "line"]].to_numpy().tolist() == [
        ["merge", "Quist", "PERSON", "Mara Quist", 2]
    ]
    assert len(aliases.file_hash(path)) == 64


ADD = """
import sys
import pandas as pd
from helpers.corpus import decisions
for number in range(12):
    name = f"Name {sys.argv[2]}-{number}"
    row = {"action": "ignore", "name": name, "label": "", "target": "", "note": ""}
    assert decisions.add_decisions(sys.argv[1], pd.DataFrame([row])) == 1
"""


def test_decisions_of_many_writers_are_all_kept_and_so_are_links_and_modes(tmp_path):
    real, link = tmp_path / "real" / "names.csv", tmp_path / "aliases.csv"
    real.parent.mkdir()
    real.touch(0o600)
    link.symlink_to(real)
    each = [sys.executable, "-c", ADD, str(link)]
    writers = [subprocess.Popen([*each, str(writer)]) for writer in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    kept = set(aliases.read_decisions(link)["name"])
    assert kept == {f"Name {writer}-{number}" for writer in range(4) for number in range(12)}
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["=1+1", "@me", "one\rtwo", "- a", 'a "b", c; d', "'=x"])
def test_a_name_of_any_signs_comes_back_from_the_file(name, tmp_path):
    rows = decisions(("merge", name, "PERSON", "Mara Quist"))
    aliases.add_decisions(tmp_path / "aliases.csv", rows)
    assert aliases.read_decisions(tmp_path / "aliases.csv")["name"].tolist() == [name]


def test_a_file_edited_by_hand_may_use_semicolons_blank_lines_and_small_letters(tmp_path):
    path = tmp_path / "aliases.csv"
    path.write_text("\ufeffAction;Name;Target\n\n Merge ; Quist ;Mara Quist\n", encoding="utf-8")
    row = aliases.read_decisions(path).iloc[0]
    assert (row["action"], row["name"], row["target"], row["line"]) == (
        "merge",
        "Quist",
        "Mara Quist",
        3,
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"action,name,into\nmerge,a,b\n", "unknown 'into'"),
        (b"name,target\na,b\n", "missing 'action'"),
        (b"action,name,name\n", "repeated 'name'"),
        (b"action,name\nmerge,a,b\n", "line 2: more cells than columns"),
        ("action,name\nignore,Zoë\n".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path, content, problem):
    path = tmp_path / "aliases.csv"
    path.write_bytes(content)
    with pytest.raises(aliases.AliasError, match=problem.replace("(", r"\(")):
        aliases.read_decisions(path)


# ---------------------------------------------------------------------------------- proposals


def proposed(*named: tuple[str, str]) -> list[tuple[str, str]]:
    rows = [(f"{label.lower()}-{i}", e, label, "", [], "") for i, (e, label) in enumerate(named)]
    table = pd.DataFrame(rows, columns=schema.TABLES["entities"].columns.names)
    found = mentions(*[(row[0], row[1]) for row in rows])
    pairs = aliases.propose_merges(table, found)
    return list(zip(pairs["name"], pairs["target"], strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Quist", "PERSON"), ("Mara Quist", "PERSON")),
        (("Kim", "PERSON"), ("Kim Jong Un", "PERSON")),
        (("Joe Marr", "PERSON"), ("Joseph Marr", "PERSON")),
        (("Harbour Union", "ORG"), ("Harbour Union of Kessaria", "ORG")),
        (("HUK", "ORG"), ("Harbour Union of Kessaria", "ORG")),
        (("Harbour Hall", "FAC"), ("Harbour Hall", "ORG")),
    ],
)
def test_what_may_be_one_is_proposed(one, other):
    pairs = proposed(one, other)
    assert len(pairs) == 1 and set(pairs[0]) == {one[0], other[0]}


def test_a_surname_of_two_people_is_not_proposed():
    assert proposed(("Quist", "PERSON"), ("Mara Quist", "PERSON"), ("Lena Quist", "PERSON")) == []


def test_names_that_could_be_several_are_listed():
    listed = aliases.list_ambiguous(entities(), mentions(("org-union", "Union")))
    assert listed.to_dict("records") == [
        {
            "entity": "Union",
            "label": "ORG",
            "could_be": "Harbour Union; Rail Union",
            "entity_id": "org-union",
            "mentions": 1,
            "articles": 1,
        }
    ]


def test_no_entities_propose_nothing():
    nothing = schema.empty("entities")
    assert aliases.propose_merges(nothing, schema.empty("mentions")).empty
    assert aliases.list_ambiguous(nothing, schema.empty("mentions")).empty
    assert aliases.apply_decisions(nothing, decisions()).entities.empty


# ------------------------------------------------------------- a merge changes names, not speakers

STORY = """Mara Quill rebuked Quist on Monday. Ned Quist had called the port a ruin.

“He is wrong about the port,” Quill said. “We will not be lectured by him.”

Quist did not answer. Lena Orr, who sat beside Quill, said she had heard enough.

“Nobody asked Quist,” Ned Quist’s brother Tom Quist said. He said the port would stay open.
"""


def said(merge: pd.DataFrame, *texts: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return the statements of texts without a merge and with it, and what went where."""
    ids = [f"a{number}" for number in range(len(texts))]
    articles = pd.DataFrame({"article_id": ids, "text": list(texts)}, dtype=object)
    articles = articles.assign(path="", outlet="")
    cut = read_articles(articles)
    found = find_mentions(cut)
    named = find_entities(found, articles)
    frames = {name: schema.empty(name) for name in ("targets", "problems")}
    frames |= {"articles": articles, "mentions": found, "attributions": find_attributions(cut)}
    merged = aliases.apply_decisions(named, merge)
    before, after = (
        annotation.join_corpus(frames, named, one)["attributions"]
        for one in (aliases.Decided(named), merged)
    )
    return before, after, merged.moved


PEOPLE = [("Mara Quill", "Ned Quist"), ("Ned Quist", "Lena Orr"), ("Tom Quist", "Mara Quill")]


@pytest.mark.parametrize("pair", PEOPLE)
def test_whoever_is_merged_each_statement_keeps_its_source(pair):
    before, after, moved = said(decisions(("merge", pair[0], "PERSON", pair[1])), STORY)
    assert len(before) > 3 and len(moved) == 1
    assert after["speaker_id"].tolist() == before["speaker_id"].replace(moved).tolist()
    assert after["resolution"].tolist() == before["resolution"].tolist()
    assert after["speaker"].tolist() == before["speaker"].replace({pair[0]: pair[1]}).tolist()


def test_a_merge_moves_no_rebuke_to_the_man_rebuked():
    """Accepting what the desk proposed did: the given name made of him a "he" to be found."""
    rebuke = "Trump was wrong, Pat Romney said. “He is a liar,” he added. “He should go,” he said."
    merge = decisions(("merge", "Trump", "PERSON", "Donald Trump"))
    before, after, moved = said(merge, rebuke, "“We will see,” Donald Trump said.")
    assert moved == {"person-trump": "person-donald-trump"}
    assert before["speaker"].tolist() == after["speaker"].tolist()
    assert after["speaker"].tolist()[1:] == ["Pat Romney", "Pat Romney", "Donald Trump"]
