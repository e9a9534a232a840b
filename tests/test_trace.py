"""Every number that the notebooks publish is in the trace, and the rows behind it give it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ledger_fixture import rebuild
from lxml import html

from helpers.show import appendix
from helpers.store import tables

TRACED = (
    "corpus_overview", "entity_counts", "speaker_sentiment", "source_breakdown", "source_routes",
    "source_rules", "comparison", "article_reader",
)  # fmt: skip
MADE = {"share", "low", "high", "moved", "ratio", "expected", "balance", "agreement"}
MADE |= {"share_of_people", "share_of_words", "kept"}  # made from numbers that are traced
DAYS = {("corpus_gaps", "days")}  # between the two days that stand in the row
BACKGROUND = {("reader_company", "elsewhere"), ("reader_company", "score")}  # all other words read
LISTS = {"reader_statements", "reader_sentences", "reader_places", "source_statements"}
ESTIMATED = {"comparison_corrected", "comparison_trends"}  # a regression over all statements
ESTIMATED |= {"comparison_drift"}  # of two builds: no one of them holds the rows
LISTS |= {
    "corpus_files",
    "corpus_left_out",
    "source_audit",
    "speaker_loudest",
    "speaker_target_sentences",
}  # rows with their own place
PLACE = {"start", "end", "n_bytes"}


@pytest.fixture(scope="module")
def written(sample_reports: Path) -> dict[str, Path]:
    """What each notebook writes about the sample."""
    return {name: sample_reports / name for name in TRACED}


def cells(out: Path) -> pd.DataFrame:
    """Every number in the exported tables; one row is one."""
    rows = []
    for file in sorted(out.glob("*.csv")):
        if file.stem in LISTS | ESTIMATED or file.name == appendix.LEDGER:
            continue
        frame = tables.read_csv(file)
        numbers = [
            name
            for name in frame.select_dtypes("number")
            if name not in MADE | PLACE and (file.stem, name) not in DAYS | BACKGROUND
        ]
        for row in frame.to_dict("records"):
            rows += [
                (file.stem, name, row, row[name]) for name in numbers if not pd.isna(row[name])
            ]
    return pd.DataFrame(rows, columns=["table", "number", "row", "value"])


def alike(value: object) -> str:
    """Write a key as the ledger and as a CSV have it in one way."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(value).removesuffix(" 00:00:00")


def find_ledger_rows(out: Path) -> pd.DataFrame:
    """The exported numbers, each with the ledger rows it is found in ("" where in none)."""
    ledger = appendix.read_ledger(out / appendix.LEDGER)
    numbers = rebuild(ledger)
    numbers["table"] = numbers["published"].str.split(" (", regex=False).str[0]
    known: dict[tuple, dict[tuple, tuple]] = {}
    for row in numbers.itertuples():
        key = json.loads(row.key)
        place = known.setdefault((row.table, row.number), {})
        values = tuple(alike(value) for value in key.values())
        place[tuple(key), values] = (row.published, row.row, row.unit, row.said, row.counted)
    found = cells(out)
    told = []
    for cell in found.itertuples():
        there = known.get((cell.table, cell.number), {})
        names = {names for names, _ in there}
        places = [(n, tuple(alike(cell.row[column]) for column in n)) for n in names]
        told.append(next((there[place] for place in places if place in there), ("", -1, "", 0, 0)))
    columns = ["published", "place", "unit", "said", "counted"]
    return pd.concat([found, pd.DataFrame(told, columns=columns)], axis=1)


@pytest.fixture(scope="module")
def published(written) -> pd.DataFrame:
    parts = {name: find_ledger_rows(out) for name, out in written.items()}
    return pd.concat(parts, names=["notebook"]).reset_index("notebook").reset_index(drop=True)


@pytest.mark.parametrize("name", TRACED)
def test_no_published_number_is_without_evidence(published: pd.DataFrame, name: str):
    mine = published[published["notebook"] == name]
    assert len(mine)
    untold = mine[mine["published"] == ""].drop_duplicates(["table", "number"])
    assert untold[["table", "number", "row"]].to_numpy().tolist() == []
    assert np.allclose(mine["value"], mine["said"]) and np.allclose(mine["said"], mine["counted"])


COUNTS = {
    "rows": len,
    "articles": lambda rows: rows["article_id"].nunique(),
    "words": lambda rows: rows["words"].sum(),
    "values": lambda rows: rows["value"].nunique(),
    "mean": lambda rows: rows["value"].astype(float).mean(),
    "sum": lambda rows: rows["value"].astype(float).sum(),
    "spread": lambda rows: rows["value"].astype(float).std(),
    "least": lambda rows: rows["value"].astype(float).min(),
    "median": lambda rows: rows["value"].astype(float).median(),
    "most": lambda rows: rows["value"].astype(float).max(),
}


def test_the_evidence_of_1000_random_published_numbers_gives_them(
    written: dict[str, Path], published: pd.DataFrame
):
    """Drawn from the CSV of all that count; counted from the lines of their trace.csv."""
    ledgers = {}
    for name, out in written.items():
        ledger = appendix.read_ledger(out / appendix.LEDGER)
        ledgers[name] = dict(iter(ledger.groupby(["published", "row"])))
    drawn = published.sample(1_000, random_state=7)
    assert drawn["notebook"].nunique() == len(TRACED) and drawn["unit"].nunique() > 5
    for cell in drawn.itertuples():
        rows = ledgers[cell.notebook][cell.published, cell.place]
        rows = rows[rows["article_id"] != ""]
        counted = COUNTS[cell.unit](rows)
        assert counted == pytest.approx(cell.value), (cell.table, cell.number, cell.row)


@pytest.mark.parametrize("name", TRACED)
def test_every_line_points_at_a_file_and_a_place_in_it(written, sample_tables: Path, name: str):
    ledger = appendix.read_ledger(written[name] / appendix.LEDGER)
    ledger = ledger[ledger["article_id"] != ""]
    known = tables.read_table("articles", sample_tables).set_index("article_id")
    told = known.loc[ledger["article_id"]]
    assert (told["sha256"].to_numpy() == ledger["sha256"].to_numpy()).all()
    assert (told["path"].to_numpy() == ledger["path"].to_numpy()).all()
    placed = ledger["end"].notna()
    assert placed[~ledger["published"].str.contains("before|causes")].all()
    lengths = told["text"].str.len().to_numpy()[placed]
    start, end = (ledger.loc[placed, side].to_numpy(dtype=int) for side in ("start", "end"))
    assert (start >= 0).all() and (start < end).all() and (end <= lengths).all()


@pytest.mark.parametrize("name", TRACED)
def test_the_appendix_opens_every_traced_table(written, name: str):
    page = html.fromstring((written[name] / appendix.PAGE).read_text())
    ledger = appendix.read_ledger(written[name] / appendix.LEDGER)
    assert [link.text_content() for link in page.xpath("//nav[@aria-label='Tables']//a")] == list(
        dict.fromkeys(ledger["published"])
    )
    assert len(page.xpath("//script[not(@type)]")) == 1 and "script-src 'sha256-" in page.xpath(
        "string(//meta[@http-equiv]/@content)"
    )
    assert not page.xpath("//img|//link|//*[@onclick]|//script[@src]")
    ids = [element.get("id") for element in page.xpath("//*[@id]")]
    assert len(ids) == len(set(ids)) and page.xpath("//mark")
