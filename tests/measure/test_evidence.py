"""The ledger: every published number is counted again from the rows behind it, and opens them."""

from __future__ import annotations

import base64
import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_fixture import rebuild
from lxml import html
from tables_fixture import make_tables, write_tables

from helpers.measure import attitudes, counting, evidence, select, shares
from helpers.show import appendix, publish, reader
from helpers.store import tables

MADE = make_tables(articles=120)
ARTICLES = MADE["articles"]
SAID = select.join_articles(MADE["attributions"], ARTICLES).pipe(counting.add_naming)
MENTIONS = select.join_articles(MADE["mentions"], ARTICLES)
MENTIONS = select.join_entities(MENTIONS, MADE["entities"])
REPLIES = select.join_articles(MADE["replies"], ARTICLES)
N = ARTICLES.groupby("outlet").size()

PUBLISHED = {
    "entities": (counting.count_entities(MENTIONS), MENTIONS, {}),
    "entities_by_outlet": (counting.count_entities(MENTIONS, "outlet"), MENTIONS, {}),
    "speakers": (counting.count_speakers(SAID), SAID, {}),
    "speakers_by_outlet": (counting.count_speakers(SAID, "outlet"), SAID, {}),
    "source_types": (shares.measure_shares(SAID, "source_type"), SAID, {}),
    "forms_by_outlet": (
        shares.measure_shares(SAID, "form", by="outlet"),
        SAID,
        {"by": ["outlet"]},
    ),
    "words_by_naming": (
        shares.measure_shares(SAID, "naming", weight="words"),
        SAID,
        {"counted": {"count": "words", "n": "words"}},
    ),
    "cues": (counting.count_values(SAID, "cue", "form"), SAID, {}),
    "relays": (counting.count_relays(SAID), SAID, {}),
    "tones": (attitudes.measure_tone(SAID), SAID.dropna(subset=["tone"]), {}),
    "outlets": (counting.count_articles(ARTICLES)[["outlet", "articles"]], ARTICLES, {}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tables(MADE, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    page = publish.Page(folder, ARTICLES, out=out)
    for name, (counts, rows, how) in PUBLISHED.items():
        page.open(name, counts, rows, **how)
        page.export(name, counts)
    page.close()
    return out


def test_the_evidence_count_equals_each_of_1000_random_published_numbers(out):
    """Drawn from every published table; the ledger is read back from its file."""
    ledger = appendix.read_ledger(out / "trace.csv")
    numbers = rebuild(ledger)
    drawn = numbers.sample(1_000, random_state=1, replace=len(numbers) < 1_000)
    for number in drawn.itertuples():
        rows = ledger[(ledger["published"] == number.published) & (ledger["row"] == number.row)]
        rows = rows[rows["article_id"] != ""]
        counted = {
            "rows": len(rows),
            "articles": rows["article_id"].nunique(),
            "words": rows["words"].sum(),
            "values": rows["value"].nunique(),
        }
        if number.unit in evidence.AGGREGATES:
            how = evidence.AGGREGATES[number.unit]
            counted[number.unit] = rows["value"].astype(float).agg(how)
        assert counted[number.unit] == pytest.approx(number.said) == number.counted
    assert set(numbers["published"]) >= set(PUBLISHED)


@pytest.mark.parametrize("name", ["source_types", "forms_by_outlet"])
def test_a_published_table_is_rebuilt_from_its_ledger_alone(out, name):
    """Counts, shares and intervals, from trace.csv and nothing else."""
    ledger = appendix.read_ledger(out / "trace.csv").query("published == @name")
    rows = pd.concat([ledger, pd.json_normalize(ledger["key"].map(json.loads))], axis=1)
    rows.index = range(len(rows))
    keys = json.loads(ledger["key"].iloc[0])
    column, by = list(keys)[-1], (list(keys)[0] if len(keys) > 1 else "")
    rows = pd.DataFrame([json.loads(key) for key in ledger["key"]]).assign(
        article_id=ledger["article_id"].to_numpy()
    )
    rebuilt = shares.measure_shares(rows[rows["article_id"] != ""], column, by=by)
    published = pd.read_csv(out / f"{name}.csv")
    order = list(keys)
    pd.testing.assert_frame_equal(
        rebuilt.sort_values(order).reset_index(drop=True),
        published.sort_values(order).reset_index(drop=True),
        check_dtype=False,
    )


def test_every_ledger_row_points_at_its_words_and_its_file(out):
    ledger = appendix.read_ledger(out / "trace.csv").query("article_id != ''")
    known = ARTICLES.set_index("article_id")
    assert (ledger["sha256"].to_numpy() == known["sha256"].reindex(ledger["article_id"])).all()
    assert (ledger["path"].to_numpy() == known["path"].reindex(ledger["article_id"])).all()
    lengths = known["text"].str.len().reindex(ledger["article_id"]).to_numpy()
    assert (ledger["start"] >= 0).all() and (ledger["end"].to_numpy(dtype=int) <= lengths).all()
    assert (ledger["start"] < ledger["end"]).all()


def test_denominators_have_evidence_too(out):
    numbers = rebuild(appendix.read_ledger(out / "trace.csv"))
    n = numbers[numbers["published"] == "forms_by_outlet (n)"]
    assert n["said"].sum() == len(SAID) and (n["said"] == n["counted"]).all()


def test_shares_of_articles_are_traced_to_articles(folder, tmp_path):
    chosen = counting.count_entities(MENTIONS).head(3)
    shares = counting.measure_entities(MENTIONS, ARTICLES, chosen, "outlet")
    publish.Page(folder, ARTICLES, out=tmp_path).open("shares", shares, MENTIONS, of=ARTICLES)
    numbers = rebuild(appendix.read_ledger(tmp_path / "trace.csv"))
    n = numbers.query("number == 'n'")
    assert n["said"].tolist() == [N[json.loads(key)["outlet"]] for key in n["key"]]


def test_a_number_that_its_rows_do_not_give_is_refused(folder):
    wrong = PUBLISHED["source_types"][0].assign(count=lambda table: table["count"] + 1)
    with pytest.raises(evidence.EvidenceError, match="row 0: count is .*its evidence gives"):
        evidence.trace(wrong, SAID, ARTICLES, "source_types")


def test_keys_that_are_too_few_are_refused():
    counts = counting.count_values(SAID, "cue", "form")
    with pytest.raises(evidence.EvidenceError, match="stands twice"):
        evidence.trace(counts, SAID, ARTICLES, "cues", keys=["cue"])


def test_zero_stays_visible(folder):
    counts = pd.DataFrame({"source_type": ["document", "named person"], "count": [0, 2]})
    rows = SAID[SAID["source_type"] == "named person"].head(2)
    ledger = evidence.trace(counts, rows, ARTICLES, "few")
    assert ledger["row"].tolist() == [0, 1, 1] and ledger["article_id"].iloc[0] == ""
    assert rebuild(ledger)["counted"].tolist() == [0, 2]
    page = publish.Page(folder, ARTICLES).open("few", counts, rows).html
    assert "the number is zero" in page


def test_nothing_leaves_an_empty_ledger_and_no_file_without_out(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counts, rows, _ = PUBLISHED["source_types"]
    publish.Page(folder, ARTICLES).open("source_types", counts, rows)
    assert not list(tmp_path.iterdir())
    assert evidence.trace(counts.head(0), rows.head(0), ARTICLES, "none").empty


def test_tracing_again_replaces_what_was_traced(folder, tmp_path):
    counts, rows, _ = PUBLISHED["source_types"]
    for _ in range(2):
        publish.Page(folder, ARTICLES, out=tmp_path).open("source_types", counts, rows)
    ledger = appendix.read_ledger(tmp_path / "trace.csv")
    assert (ledger["published"] == "source_types").sum() == len(rows)


def test_a_very_long_table_is_checked_whole_and_listed_in_part(folder, monkeypatch):
    counts, rows, _ = PUBLISHED["source_types"]
    first = int(counts["count"].iloc[0])
    monkeypatch.setattr(evidence, "LISTED", first + 1)
    ledger = evidence.trace(counts, rows, ARTICLES, "few")
    assert (ledger["row"] == 0).sum() == first
    some = ledger[ledger["row"] > 0]
    assert (some["value"] == evidence.UNLISTED).all() and some["row"].value_counts().max() == 5
    assert set(some["row"]) == set(range(1, len(counts)))
    numbers = rebuild(ledger)
    assert set(numbers["row"]) == {0} and (numbers["said"] == numbers["counted"]).all()
    opened = appendix.write_rows(ledger, folder)["few"]
    assert "<mark" in opened[0] and "Some only: more than" in opened[1]
    last = len(counts) - 1
    wrong = counts.assign(count=counts["count"].where(counts.index < last, 0))
    with pytest.raises(evidence.EvidenceError, match=f"row {last}: count is 0"):
        evidence.trace(wrong, rows, ARTICLES, "few")


# ----------------------------------------------------------------------------------- the display


def test_each_line_opens_to_sentences_of_its_own(folder):
    counts, rows, _ = PUBLISHED["source_types"]
    page = html.fromstring(publish.Page(folder, ARTICLES, top=20).open("types", counts, rows).html)
    lines = page.xpath("//details//details")
    assert len(lines) == len(counts)
    for line, row in zip(lines, counts.itertuples(), strict=True):
        assert row.source_type in line.findtext("summary")
        texts = set(SAID.loc[SAID["source_type"] == row.source_type, "text"])
        marked = [mark.text_content() for mark in line.xpath(".//mark")]
        assert len(marked) == min(appendix.EACH, row.count) and set(marked) <= texts


def test_the_appendix_opens_every_row(out):
    page = html.fromstring((out / "evidence.html").read_text())
    assert not page.xpath("//script[@src]|//*[@onclick]|//img|//link")
    targets = {link.get("href")[1:] for link in page.xpath("//nav//a")}
    assert targets <= {element.get("id") for element in page.xpath("//*[@id]")}
    ids = [element.get("id") for element in page.xpath("//*[@id]")]
    assert len(set(ids)) == len(ids)
    assert "source_types-0" in ids


def test_the_page_packs_all_rows_behind_a_number(out, folder):
    """The 5 of a line in a notebook are not all there are: the page has every one, once."""
    page = html.fromstring((out / "evidence.html").read_text())
    packed = json.loads(gzip.decompress(base64.b64decode(page.get_element_by_id("packed").text)))
    ledger = appendix.read_ledger(out / "trace.csv").query("published == 'source_types'")
    behind = ledger.groupby("row")["start"].size()
    assert behind.max() > appendix.EACH
    for row, size in behind.items():
        places = [packed["places"][at] for at in packed["numbers"][f"source_types-{row}"]]
        assert len(places) == size
        texts = {packed["contexts"][context][start:end] for context, start, end, _ in places}
        assert texts <= set(SAID["text"])


def test_evidence_opens_one_row(folder):
    row = tables.read_table("attributions", folder).iloc[3]
    opened = reader.evidence(row, folder)
    assert len(opened) == 1 and opened["evidence"].iloc[0] == row["text"]
    assert opened["confidence"].dtype == np.float64


KEYS = st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 2))


@settings(deadline=None)
@given(st.sets(KEYS), st.lists(KEYS, max_size=30))
def test_rows_are_found_by_their_keys_as_by_a_merge(counted: set[tuple], there: list[tuple]):
    keys = ["name", "named", "number"]
    counts = pd.DataFrame(sorted(counted), columns=keys)
    rows = pd.DataFrame(there, columns=keys).assign(article_id="a", start=range(len(there)), end=99)
    dtypes = {"name": "str", "named": bool, "number": int}
    counts, rows = counts.astype(dtypes), rows.astype(dtypes)
    found = evidence.find_rows(counts, rows, keys)
    merged = rows.merge(counts.assign(row=range(len(counts))), on=keys)
    assert found["start"].tolist() == merged["start"].tolist()
    assert found["row"].tolist() == merged["row"].tolist()
