"""The sample corpus is what its README says, and the tool reads it as well as was measured."""

from __future__ import annotations

import re
from pathlib import Path

import invariants_fixture
import pandas as pd
import pytest

from helpers.annotate import speakers
from helpers.store import tables
from helpers.study import corpora, pairing
from helpers.study.accuracy import plain_name
from helpers.text.article import read_articles

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"
GOLD = SAMPLE / "gold"


@pytest.fixture(scope="module")
def articles(sample_tables):
    return tables.read_table("articles", sample_tables)


def test_no_row_breaks_a_law(sample_tables):
    assert invariants_fixture.broken(tables.read_table("attributions", sample_tables)) == []


def test_four_outlets_over_three_months(articles):
    assert len(articles) >= 40
    assert articles["outlet"].nunique() == 4
    assert articles.groupby("outlet").size().min() >= 10
    assert articles["published"].notna().all()
    assert articles["published"].dt.to_period("M").nunique() == 3


def test_articles_have_the_length_of_news(articles):
    assert articles["words"].between(250, 900).all()


def test_the_two_damaged_files_are_problems(articles, sample_tables):
    problems = tables.read_table("problems", sample_tables)
    damaged = [path.relative_to(SAMPLE / "articles") for path in SAMPLE.rglob("*damaged*")]
    assert len(damaged) == 2
    assert {path.as_posix() for path in damaged} <= set(problems["path"])
    assert not articles["path"].str.contains("damaged").any()


def test_wire_copy_and_duplicates_are_marked(articles):
    wire = articles["wire"].value_counts()
    assert wire["Meridian Press"] == 4 and wire["Norlink"] == 2  # of its own outlets.csv
    kinds = articles["duplicate_kind"].value_counts()
    assert kinds["exact"] == 1 and kinds["near"] == 3


def test_every_part_of_a_story_occurs(sample_tables):
    roles = set(tables.read_table("blocks", sample_tables)["role"])
    assert roles == {
        "headline", "standfirst", "byline", "dateline", "body",
        "subhead", "caption", "related", "credit", "boilerplate",
    }  # fmt: skip


# --------------------------------------------------------------------------------------- gold


@pytest.fixture(scope="module")
def passes():
    return [corpora.read_codings(GOLD / name, SAMPLE / "articles") for name in ("pass_a", "pass_b")]


@pytest.fixture(scope="module")
def gold():
    return corpora.read_codings(GOLD / "agreed", SAMPLE / "articles")


def test_at_least_twenty_articles_are_coded_twice_and_settled(passes, gold):
    coded = [set(coding.attributions["path"]) for coding in [*passes, gold]]
    assert coded[0] == coded[1] == coded[2] and len(coded[2]) >= 20


def test_every_coded_span_is_text_of_its_article(gold):
    for row in gold.attributions.itertuples():
        text = (SAMPLE / "articles" / row.path).read_bytes().decode()
        assert row.text == text[row.start : row.end]
        assert all(row.start <= start < end <= row.end for start, end in row.spans)


# ------------------------------------------------------------- the tool against the agreed gold


@pytest.fixture(scope="module")
def found(articles, sample_tables, gold):
    """The tool's attributions in the coded articles, outside the parts that are not coded."""
    said = tables.read_table("attributions", sample_tables).merge(
        articles[["article_id", "path"]], on="article_id", validate="many_to_one"
    )
    coded = said["path"].isin(set(gold.attributions["path"]))
    uncoded_parts = said["role"].isin(["related", "credit", "boilerplate"])
    return said[coded & ~uncoded_parts].reset_index(drop=True)


def test_attributions_are_found_as_well_as_measured(found, gold):
    measured = pairing.measure_unitising(found, gold.attributions).iloc[0]
    assert measured["f1"] >= 0.85
    assert measured["content_exact"] >= 0.83


@pytest.mark.parametrize(
    ("variable", "floor"), [("form", 0.97), ("source_type", 0.9), ("relay", 0.95)]
)
def test_attributions_are_coded_as_well_as_measured(variable, floor, found, gold):
    pairs = pairing.pair_attributions(found, gold.attributions)
    ours = found.loc[pairs["first"], variable].to_numpy()
    theirs = gold.attributions.loc[pairs["second"], variable].to_numpy()
    assert len(pairs) > 400 and (ours == theirs).mean() >= floor


def test_speakers_are_found_as_well_as_measured(found, gold):
    pairs = pairing.pair_attributions(found, gold.attributions)
    ours = found.loc[pairs["first"], "speaker"].map(plain_name)
    theirs = gold.attributions.loc[pairs["second"], "speaker"].map(plain_name)
    assert (ours.to_numpy() == theirs.to_numpy()).mean() >= 0.94


@pytest.fixture(scope="module")
def coded_articles(gold):
    """The coded articles, with the mentions and entities that the coders listed."""
    rows, named = [], []
    texts = {p: (SAMPLE / "articles" / p).read_bytes().decode() for p in gold.entities["path"]}
    for path, listed in gold.entities.groupby("path"):
        taken = set()
        forms = [(form, row.entity, row.label) for row in listed.itertuples() for form in row.forms]
        for form, entity, label in sorted(forms, key=lambda form: -len(form[0])):
            named.append({"entity_id": f"{path} {entity}", "entity": entity})
            for match in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", texts[path]):
                if not taken & set(range(*match.span())):
                    taken |= set(range(*match.span()))
                    rows.append((path, *match.span(), form, label, f"{path} {entity}"))
    columns = ["article_id", "start", "end", "text", "label", "entity_id"]
    articles = pd.DataFrame({"article_id": list(texts), "text": list(texts.values())})
    articles["outlet"] = [path.split("/")[0].replace("-", " ") for path in texts]
    return articles, pd.DataFrame(rows, columns=columns), pd.DataFrame(named).drop_duplicates()


def test_speakers_of_coded_sources_and_names(gold, coded_articles):
    """Only the step from source to speaker: spans and names are those the coders gave."""
    said = gold.attributions.assign(article_id=gold.attributions["path"])
    articles, named, entities = coded_articles
    canonical = dict(zip(entities["entity_id"], entities["entity"], strict=True))
    mentions = named.set_index("article_id").groupby(level=0)
    right = pd.Series(index=said.index, dtype=bool)
    for article in read_articles(articles):
        rows = said[said["article_id"] == article.article_id]
        spans = [rows[column].tolist() for column in speakers.ROW_COLUMNS]
        listed = mentions.get_group(article.article_id).itertuples(index=False, name=None)
        found = speakers.find_speakers(article, spans, listed, canonical)
        ours = [plain_name(one.speaker) for one in found]
        right[rows.index] = rows["speaker"].map(plain_name) == ours
    print(f"\n{right.groupby(said['form']).agg(['sum', 'size']).to_string()}")
    assert right.mean() >= 0.95


def test_the_parts_of_a_story_are_read_as_coded(gold, articles, sample_tables):
    blocks = tables.read_table("blocks", sample_tables).merge(
        articles[["article_id", "path"]], on="article_id", validate="many_to_one"
    )
    ours, theirs = (roles_by_character(frame) for frame in (blocks, gold.blocks))
    both = ours.keys() & theirs.keys()
    assert len(both) > 60_000
    assert sum(ours[place] == theirs[place] for place in both) / len(both) >= 0.98


def roles_by_character(blocks: pd.DataFrame) -> dict[tuple[str, int], str]:
    return {
        (block.path, place): block.role
        for block in blocks.itertuples()
        for place in range(block.start, block.end)
    }
