"""The concordance: every place of a word, entity or speaker, its spread and its company."""

from __future__ import annotations

import re
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from tables_fixture import Story, make_tables, write_tables

from helpers.show import concordance
from helpers.store import schema, tables

MADE = make_tables(articles=80)
TEXTS = [
    "Çağrı said: “Naïve talk”, said the mayor. SAID twice, unsaid, said.",
    "He said’s not a word; resaid no. Über-mayor said\u00a0so – said",
    "said",
    "The\nmayor",
    "",
]


def articles_of(texts) -> pd.DataFrame:
    rows = []
    for number, text in enumerate(texts):
        story = Story(f"a{number}", "Courier", pd.Timestamp("2026-03-02"))
        story.text = text
        rows += story.finish()["articles"]
    columns = schema.TABLES["articles"].columns.names
    return schema.to_frame(schema.to_arrow("articles", pd.DataFrame(rows, columns=columns)))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    made = {name: schema.empty(name) for name in schema.TABLES} | {"articles": articles_of(TEXTS)}
    folder = write_tables(made, tmp_path_factory.mktemp("small"))
    return concordance.Texts(folder, made["articles"])


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = write_tables(MADE, tmp_path_factory.mktemp("tables"))
    return concordance.Texts(folder, MADE["articles"])


def expected(word: str, texts) -> list[tuple[str, int, int]]:
    words = r"\s+".join(map(re.escape, word.split()))
    pattern = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
    return [
        (f"a{number}", *match.span())
        for number, text in enumerate(texts)
        for match in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    "word", ["said", "mayor", "the mayor", "über-mayor", "naïve", "Çağrı", "x"]
)
def test_a_word_is_found_wherever_it_stands_whole(small, word):
    hits = small.find(word)[["article_id", "start", "end"]]
    assert list(hits.itertuples(index=False, name=None)) == expected(word, TEXTS)


def test_a_star_stands_for_any_ending(small):
    hits = small.find("na*")
    assert [TEXTS[0][row.start : row.end] for row in hits.itertuples()] == ["Naïve"]
    assert len(small.find("   ")) == 0


signs = st.text(alphabet="ab é’“- .é\n1_", max_size=40)


@settings(deadline=None, max_examples=25)
@given(st.lists(signs, min_size=1, max_size=6), st.sampled_from(["a", "ab", "é", "b a", "1"]))
def test_places_are_those_of_a_plain_search(tmp_path_factory, written, word):
    folder = tmp_path_factory.mktemp("any")
    articles = articles_of(written)
    tables.write_table(articles, "articles", folder)
    tables.write_table(schema.empty("blocks"), "blocks", folder)
    found = concordance.Texts(folder, articles).find(word)[["article_id", "start", "end"]]
    assert list(found.itertuples(index=False, name=None)) == expected(word, written)


@pytest.mark.parametrize("kind", ["word", "entity", "speaker"])
def test_hits_have_roles_and_can_be_chosen_by_them(texts, kind):
    wanted = {"word": "harbour", "entity": "Lopez", "speaker": "Maria Lopez"}[kind]
    hits = concordance.find_hits(texts, wanted, kind)
    assert len(hits) and set(hits["role"]) <= set(schema.BLOCK_ROLES)
    body = concordance.find_hits(texts, wanted, kind, ["body"])
    assert set(body["role"]) == {"body"} and len(body) == (hits["role"] == "body").sum()
    text = MADE["articles"].set_index("article_id")["text"]
    if kind == "word":
        words = {text[row.article_id][row.start : row.end].casefold() for row in hits.itertuples()}
        assert words == {"harbour"}
    lines = concordance.show_lines(texts, hits, top=7)
    assert len(lines) == 7
    for line in lines.itertuples():
        whole = text[line.article_id]
        assert whole[line.start : line.end] == line.hit
        assert whole[: line.start].endswith(line.left) and whole[line.end :].startswith(line.right)


def test_only_the_chosen_articles_are_searched(texts):
    clarion = MADE["articles"].query("outlet == 'Clarion'")
    chosen = concordance.Texts(texts.folder, clarion)
    for wanted, kind in (("harbour", "word"), ("Aland", "entity"), ("Maria Lopez", "speaker")):
        hits = concordance.find_hits(chosen, wanted, kind)
        assert set(hits["article_id"]) <= set(clarion["article_id"]) and len(hits)


@pytest.mark.parametrize(
    ("wanted", "kind", "message"),
    [
        ("Maria Gomez", "entity", "did you mean: .*Maria Lopez"),
        ("Nobody", "speaker", "no speaker is called 'Nobody'"),
        ("a", "lemma", "'lemma' is none of word, entity, speaker"),
    ],
)
def test_what_is_not_there_is_said(texts, wanted, kind, message):
    with pytest.raises(ValueError, match=message):
        concordance.find_hits(texts, wanted, kind)


def test_lines_are_escaped_and_sorted(texts):
    hits = concordance.find_hits(texts, "Tom $mall & <b>Sons</b>", "speaker")
    lines = concordance.show_lines(texts, hits, 5, sort="right")
    page = html.fromstring(lines._repr_html_())
    assert {element.tag for element in page.iter()} <= {
        "table", "thead", "tbody", "tr", "td", "th", "mark", "br", "small", "span",
    }  # fmt: skip
    rights = [line.right.strip().casefold() for line in lines.itertuples()]
    assert rights == sorted(rights)
    assert "does not stand" in lines.head(0)._repr_html_()


def test_spread_counts_articles_and_lies_in_its_interval(texts):
    hits = concordance.find_hits(texts, "offer")
    spread = concordance.measure_spread(hits, MADE["articles"])
    assert spread["articles"].sum() == hits["article_id"].nunique()
    assert spread["hits"].sum() == len(hits) and spread["n"].sum() == len(MADE["articles"])
    assert ((spread["low"] <= spread["share"]) & (spread["share"] <= spread["high"])).all()
    weeks = concordance.count_over_time(hits, MADE["articles"])
    assert weeks["articles"].sum() == spread["articles"].sum()
    assert (weeks["articles"] <= weeks["n"]).all()


def test_company_is_what_stands_near(texts):
    hits = concordance.find_hits(texts, "offer")
    company = concordance.find_collocations(texts, hits)
    assert {"accept", "the"} <= set(company.head(12)["word"])
    assert "harbour" not in set(company["word"]) and (company["ratio"] > 1).all()
    assert concordance.find_collocations(texts, hits.head(0)).empty


def test_nothing_is_found_in_nothing(tmp_path):
    made = {name: schema.empty(name) for name in schema.TABLES}
    folder = write_tables(made, tmp_path)
    nothing = concordance.Texts(folder, made["articles"])
    hits = concordance.find_hits(nothing, "said")
    assert hits.empty and concordance.show_lines(nothing, hits).empty
    assert concordance.measure_spread(hits, made["articles"]).empty
    assert concordance.count_over_time(hits, made["articles"]).empty


# ----------------------------------------------------------------------------------------- speed


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """5,000 articles of 320 words, and the same texts as strings."""
    chance = np.random.default_rng(1)
    words = np.array([f"w{n}" for n in range(20_000)] + ["said", "’s", "“the”", "café"])
    drawn = words[chance.zipf(1.3, (5_000, 320)) % len(words)]
    stories = [" ".join(row) for row in drawn]
    folder = write_tables(
        {name: schema.empty(name) for name in schema.TABLES}, tmp_path_factory.mktemp("large")
    )
    frame = pd.DataFrame(
        {name: "" for name in schema.TABLES["articles"].columns.names}, range(len(stories))
    )
    frame = frame.assign(
        article_id=[f"a{n}" for n in range(len(stories))],
        text=stories,
        words=320,
        published=pd.Timestamp("2026-03-02"),
    )
    arrow = pa.Table.from_pandas(
        frame, schema=schema.TABLES["articles"].columns, preserve_index=False
    )
    pq.write_table(arrow, folder / "articles.parquet", compression="zstd")
    return concordance.Texts(folder, frame), stories


def test_texts_held_once_are_searched_faster_than_one_by_one(large):
    texts, stories = large
    spent = {"held": 0.0, "one by one": 0.0}
    for word in ("w17", "café", "w4321 w1", "nothing"):
        began = time.process_time()
        hits = texts.find(word)
        then = time.process_time()
        plain = re.compile(rf"(?<!\w){word}(?!\w)", re.IGNORECASE)
        assert sum(len(plain.findall(text)) for text in stories) == len(hits)
        spent["held"] += then - began
        spent["one by one"] += time.process_time() - then
    assert spent["held"] < spent["one by one"] / 2
