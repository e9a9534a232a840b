"""Word lists: every row says where it comes from, and no alias stands for two names."""

from __future__ import annotations

import pytest

from helpers.annotate import names
from helpers.store import lexicons, schema
from helpers.text import furniture

LISTS = sorted(path.stem for path in lexicons.LEXICONS.glob("*.csv"))


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Read word lists from an empty folder."""
    monkeypatch.setattr(lexicons, "LEXICONS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", LISTS)
def test_every_row_says_where_it_comes_from(name):
    assert (lexicons.read_lexicon(name)["source"].str.strip() != "").all()


def test_outlets_have_one_country_and_one_owner():
    outlets = lexicons.read_lexicon("outlets")
    assert outlets["name"].is_unique
    assert outlets["country"].str.fullmatch("[A-Z]{3}|").all()
    assert set(outlets["ownership"]) <= set(schema.OWNERSHIPS) - {"", "unknown"}
    assert lexicons.read_aliases("outlets")["AFP"] == "Agence France-Presse"


def test_no_outlet_is_made_up():
    assert not lexicons.read_lexicon("outlets")["source"].str.contains("invented|sample").any()


def test_a_corpus_s_own_outlets_are_known_while_it_is_annotated():
    own = (("Norlink", "NL", "agency", "", "private"), ("The Wire", "AP", "agency", "FIN", ""))
    own += (("Reuters", "Thomson", "", "", "public"),)
    with lexicons.with_outlets(own):
        agencies = lexicons.read_aliases("outlets", kind="agency")
        known = lexicons.read_lexicon("outlets").set_index("name").loc["Reuters"]
        byline = furniture.find_agency("By NL"), names.known("Thomson").name
    assert (agencies["NL"], agencies["AP"]) == ("Norlink", "The Wire")
    assert agencies["The Associated Press"] == "Associated Press"
    assert (known["kind"], known["ownership"]) == ("agency", "public")
    assert byline == ("Norlink", "Reuters")
    assert lexicons.read_aliases("outlets")["AP"] == "Associated Press"
    assert furniture.find_agency("By NL") == "" and names.known("Thomson") is None


def test_aliases_of_one_kind():
    agencies = lexicons.read_aliases("outlets", kind="agency")
    assert agencies["AFP"] == "Agence France-Presse" and "CNN" not in agencies


def test_a_list_read_twice_is_not_shared():
    outlets = lexicons.read_lexicon("outlets")
    outlets["name"] = "changed"
    assert "Reuters" in set(lexicons.read_lexicon("outlets")["name"])


def test_a_missing_list_names_those_that_are_there(own_folder):
    (own_folder / "birds.csv").write_text("name,source\nwren,x\n")
    with pytest.raises(FileNotFoundError, match="there is: birds"):
        lexicons.read_lexicon("outlets")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("name\nwren\n", "no column 'source'"), ("name,source\nwren,x\ntit,\n", "line 3")],
)
def test_a_row_without_a_source_is_refused(own_folder, content, complaint):
    (own_folder / "birds.csv").write_text(content)
    with pytest.raises(ValueError, match=complaint):
        lexicons.read_lexicon("birds")


def test_an_alias_of_two_names_is_refused(own_folder):
    (own_folder / "birds.csv").write_text("name,aliases,source\nwren,tom|w,x\ntit,tom,x\n")
    with pytest.raises(ValueError, match="'tom' stands for 'wren' and 'tit'"):
        lexicons.read_aliases("birds")
