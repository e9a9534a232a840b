"""Tables: what fits the schema is written and read back; what does not is refused in words."""

from __future__ import annotations

import csv
import json
import os
import re
from io import StringIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_fixture import make_tables, write_tables

from helpers.bench import made_up
from helpers.store import schema, storage, tables
from helpers.store.paths import whole_file


def block(start: int, end: int, role: str = "body", article_id: str = "a1") -> dict:
    return {"article_id": article_id, "start": start, "end": end, "role": role}


def test_a_table_is_read_back_as_it_was_written(tmp_path):
    blocks = pd.DataFrame([block(0, 9, "headline"), block(11, 80)])
    tables.write_table(blocks, "blocks", tmp_path)
    pd.testing.assert_frame_equal(tables.read_table("blocks", tmp_path), blocks, check_dtype=False)


@pytest.mark.parametrize("name", schema.TABLES)
def test_every_table_may_be_empty(name, tmp_path):
    tables.write_table(schema.empty(name), name, tmp_path)
    read = tables.read_table(name, tmp_path)
    assert list(read.columns) == schema.TABLES[name].columns.names and read.empty


def test_spans_come_back_as_lists(tmp_path):
    schema.empty("attributions")
    absent = {pa.string(): "", pa.float64(): float("nan"), pa.int64(): 0, pa.bool_(): False}
    columns = schema.TABLES["attributions"].columns
    row = {field.name: absent.get(field.type, []) for field in columns} | {
        "attribution_id": "a1-0-9",
        "article_id": "a1",
        "start": 0,
        "end": 9,
        "spans": [[0, 4], [6, 9]],
        "cue_spans": [],
        "source_spans": [[5, 6]],
        "relay_chain": [],
        "form": "direct",
        "resolution": "none",
        "source_type": "unnamed person",
        "named": False,
        "affiliation": "unknown",
        "channel": "unknown",
        "words": 2,
        "role": "body",
        "confidence": 0.5,
        "tone": float("nan"),
        "tone_agreement": float("nan"),
        "news_tone": float("nan"),
    }
    tables.write_table(pd.DataFrame([row]), "attributions", tmp_path)
    read = tables.read_table("attributions", tmp_path).iloc[0]
    assert read["spans"] == [[0, 4], [6, 9]] and read["cue_spans"] == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([block(0, 9), block(0, 12)], "the key .* repeats"),
        ([block(4, 4)], "empty or reversed"),
        ([block(9, 4)], "empty or reversed"),
        ([block(-1, 4)], "empty or reversed"),
        ([block(0, 9, "title")], "'title' is none of"),
        ([block(0, 9, None)], "a value is missing"),
        ([block("first", 9)], "column start"),
        ([{"article_id": "a1", "start": 0, "end": 9}], r"missing columns \['role'\]"),
        ([block(0, 9) | {"colour": "red"}], r"unknown columns \['colour'\]"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(rows, message, tmp_path):
    with pytest.raises(schema.SchemaError, match=message):
        tables.write_table(pd.DataFrame(rows), "blocks", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_version_is_refused(tmp_path):
    pq.write_table(
        schema.to_arrow("sentences", schema.empty("sentences")).drop(["role"]),
        tmp_path / "sentences.parquet",
    )
    with pytest.raises(schema.SchemaError, match="build it again"):
        tables.read_table("sentences", tmp_path)


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "blocks.parquet").write_bytes(b"PAR1 not a table")
    with pytest.raises(schema.SchemaError, match="build it again"):
        tables.read_table("blocks", tmp_path)


def test_a_missing_table_says_how_to_build_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m helpers build"):
        tables.read_table("mentions", tmp_path)
    with pytest.raises(ValueError, match="there is no table 'quotes'; there is: articles"):
        tables.read_table("quotes", tmp_path)
    with pytest.raises(FileNotFoundError, match="manifest.json is missing"):
        tables.read_manifest(tmp_path)


def test_some_columns_only(tmp_path):
    tables.write_table(pd.DataFrame([block(0, 9)]), "blocks", tmp_path)
    assert list(tables.read_table("blocks", tmp_path, ["role"])) == ["role"]
    with pytest.raises(schema.SchemaError, match="has no column 'colour'"):
        tables.read_table("blocks", tmp_path, ["colour"])


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "note.txt"
    tables.write_text("first", path)
    with pytest.raises(RuntimeError), whole_file(path) as temporary:
        temporary.write_text("half of the seco")
        raise RuntimeError("power cut")
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["note.txt"]


# ------------------------------------------------------------------------------------ filters

ARTICLES = pd.DataFrame(
    {
        "outlet": ["Courier", "Gazette", "Courier", "Herald"],
        "published": pd.to_datetime(
            ["2026-03-01 09:00", "2026-03-31 23:30", "2026-04-01 00:00", None]
        ),
    }
)


def test_keep_filters_by_the_values_of_a_column():
    assert len(tables.keep(ARTICLES, outlet=["Courier"])) == 2
    assert len(tables.keep(ARTICLES, outlet="Courier")) == 2
    assert len(tables.keep(ARTICLES, outlet=[])) == 4
    assert len(tables.keep(ARTICLES, outlet="")) == 4


def test_keep_refuses_a_value_that_no_row_has():
    with pytest.raises(ValueError, match=r"in \['Times'\]; there is: Courier, Gazette, Herald"):
        tables.keep(ARTICLES, outlet=["Times"])


def test_both_days_are_included():
    assert len(tables.keep_dates(ARTICLES, "2026-03-01", "2026-03-31")) == 2
    assert len(tables.keep_dates(ARTICLES, until="2026-03-31")) == 2
    assert len(tables.keep_dates(ARTICLES)) == 4


def test_a_day_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="since='2026-02-31' is not a day"):
        tables.keep_dates(ARTICLES, since="2026-02-31")
    with pytest.raises(ValueError, match="lies after"):
        tables.keep_dates(ARTICLES, "2026-04-01", "2026-03-01")


@given(st.lists(st.sampled_from(["Courier", "Gazette", "Herald"])))
def test_keep_keeps_exactly_the_rows_asked_for(outlets):
    kept = tables.keep(ARTICLES, outlet=outlets)
    expected = ARTICLES[ARTICLES.outlet.isin(outlets or ["Courier", "Gazette", "Herald"])]
    pd.testing.assert_frame_equal(kept, expected)


def test_export_writes_csv_only_when_a_folder_is_given(tmp_path):
    tables.export(ARTICLES, "articles", "")
    tables.export(ARTICLES, "articles", tmp_path / "new" / "folder")
    assert len(pd.read_csv(tmp_path / "new" / "folder" / "articles.csv")) == 4
    tables.export(ARTICLES.groupby("outlet").size().rename("n").to_frame(), "sizes", tmp_path)
    assert list(pd.read_csv(tmp_path / "sizes.csv")) == ["outlet", "n"]


FORMULAS = [
    "=1+1",
    "+44 20",
    "-x",
    "@me",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋a",
    "－a",
    "＠a",
    "-",
    "'=1",
]
NUMBERS = ["-0.33", "+7", "-1e-05", "12", "", "a=1", "'tis", "–", "NA", "None", "null"]


def live(text: str) -> bool:
    """Whether a spreadsheet runs a cell of a CSV."""
    if re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text):
        return False
    return text[:1] in set("=+-@\t\r\n＝＋－＠") - {""}


def test_nothing_exported_is_a_formula_and_numbers_stay_numbers(tmp_path):
    frame = pd.DataFrame({"=said": FORMULAS, "-n": range(0, -len(FORMULAS), -1), "one": -0.33})
    frame["kind"] = pd.Categorical(FORMULAS)
    tables.export(frame, "live", tmp_path)
    tables.export(pd.DataFrame({"said": NUMBERS}), "numbers", tmp_path)
    with (tmp_path / "live.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(FORMULAS) + 1
    assert not [cell for row in rows for cell in row if live(cell)]
    assert [row[0] for row in rows] == ["'=said", *(f"'{text}" for text in FORMULAS)]
    assert rows[3][1:3] == ["-2", "-0.33"]
    back = tables.read_csv(tmp_path / "live.csv")
    assert back["=said"].tolist() == back["kind"].tolist() == FORMULAS
    assert back["-n"].sum() == frame["-n"].sum() and back["one"].eq(-0.33).all()
    plain = pd.read_csv(tmp_path / "numbers.csv", dtype=str, keep_default_na=False)
    assert plain["said"].tolist() == NUMBERS


@given(st.lists(st.text(alphabet="'=+-@\t＝＠a1.e \n;,\"", max_size=8), min_size=1, max_size=5))
def test_texts_come_back_as_they_were_written(texts):
    written = tables.to_csv(pd.DataFrame({"said": texts, "n": 1}))
    assert not [row[0] for row in csv.reader(StringIO(written)) if live(row[0])]
    back = tables.read_csv(StringIO(written), dtype={"said": "str"}, na_values=[])
    assert back["said"].tolist() == texts


def test_the_manifest_is_plain_json(tmp_path):
    tables.write_manifest({"built": "2026-01-01", "counts": {"articles": 2}}, tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["counts"] == {"articles": 2}
    assert tables.read_manifest(tmp_path)["built"] == "2026-01-01"


def test_light_leaves_out_what_no_count_needs(sample_tables):
    whole = tables.read_table("articles", sample_tables)
    light = tables.read_table("articles", sample_tables, light=True)
    assert set(whole) - set(light) == set(tables.HEAVY["articles"])
    for name in ("blocks", "attributions"):
        whole = tables.read_table(name, sample_tables)
        light = tables.read_table(name, sample_tables, light=True)
        for column in light:
            assert light[column].tolist() == whole[column].tolist() or light[column].equals(
                whole[column]
            )


def test_light_categories_are_ordered_as_their_words(sample_tables):
    light = tables.read_table("attributions", sample_tables, light=True)
    kinds = light["source_type"].cat.categories
    assert list(kinds) == sorted(schema.SOURCE_TYPES)
    assert light.groupby("source_type").size().index.tolist() == sorted(set(light["source_type"]))


def test_lists_that_stayed_arrows_are_exported_like_others(sample_tables, tmp_path):
    for light in (False, True):
        frame = tables.read_table("attributions", sample_tables, light=light)
        tables.export(frame[["attribution_id", "relay_chain"]], f"light{light}", tmp_path)
    one, other = (tmp_path / f"light{light}.csv" for light in (False, True))
    assert one.read_text() == other.read_text()


def test_pieces_are_the_whole_table_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "GROUP", (100, 10**9))
    made_up.write_large_tables(tmp_path, write_tables(make_tables(6), tmp_path / "small"), 330)
    monkeypatch.setattr(tables, "PIECE", 2)
    where = {"role": ["headline", "body"]}
    pieces = list(tables.read_pieces("mentions", tmp_path, where=where))
    assert len(pieces) > 2 and all(map(len, pieces))
    whole = tables.read_table("mentions", tmp_path, where=where)
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)


def test_a_table_of_one_file_is_one_piece(sample_tables):
    (piece,) = tables.read_pieces("articles", sample_tables, ["article_id", "outlet"])
    whole = tables.read_table("articles", sample_tables, ["article_id", "outlet"])
    pd.testing.assert_frame_equal(piece, whole)


@given(st.lists(st.text("ab", max_size=3)), st.sets(st.text("ab", max_size=3)))
def test_places_are_those_of_a_plain_search(values: list[str], known: set[str]):
    listed = sorted(known)
    expected = [listed.index(value) if value in known else -1 for value in values]
    found = tables.find_places(pd.Series(values, dtype="str"), pd.Series(listed, dtype="str"))
    assert found.tolist() == expected


def test_places_of_numbers_and_truth_values_are_found_too():
    assert tables.find_places(pd.Series([3, 1, 9]), pd.Series([1, 3])).tolist() == [1, 0, -1]
    assert tables.find_places(pd.Series([True, False]), pd.Series([False])).tolist() == [-1, 0]
