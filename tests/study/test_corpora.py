"""Gold corpora read as published, and names grouped by the tool against that of GUM."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from helpers.study import corpora, pairing

FIELDS = "# global.Entity = GRP-etype-infstat-centering-minspan-link-identity"


def token(number: int, form: str, upos: str, head: int, relation: str, misc: str = "_") -> str:
    return f"{number}\t{form}\t_\t{upos}\t_\t_\t{head}\t{relation}\t_\t{misc}"


LINES = [
    "# newdoc id = GUM_news_made_up",
    FIELDS,
    "# newpar",
    token(1, "Marland", "PROPN", 2, "compound", "Entity=(1-person-new-cf1-2-coref(2-place-new)"),
    token(2, "President", "PROPN", 5, "nsubj"),
    token(3, "Mara", "PROPN", 2, "flat"),
    token(4, "Quist", "PROPN", 2, "flat", "Entity=1)"),
    token(5, "met", "VERB", 0, "root"),
    token(6, "the", "DET", 7, "det", "Entity=(3-organization-new-cf2-2-coref"),
    "7-8\tUnion's\t_\t_\t_\t_\t_\t_\t_\t_",
    token(7, "Union", "PROPN", 9, "nmod:poss"),
    token(8, "'s", "PART", 7, "case", "Entity=3)"),
    token(9, "head", "NOUN", 5, "obj", "Entity=(4-person-new-sgl)|SpaceAfter=No"),
    token(10, ".", "PUNCT", 5, "punct"),
    "",
    "# newpar",
    token(1, "She", "PRON", 2, "nsubj", "Entity=(1-person-giv-ana)"),
    token(2, "likes", "VERB", 0, "root"),
    token(3, "Quist", "PROPN", 2, "obj", "Entity=(1-person-giv-coref)|SpaceAfter=No"),
    token(4, ".", "PUNCT", 2, "punct"),
    "",
]
TEXT = "Marland President Mara Quist met the Union's head.\n\nShe likes Quist."


def tool(*named: tuple[str, int, str]) -> pd.DataFrame:
    """Build mentions from (words, which occurrence, entity)."""
    rows = []
    for words, which, entity in named:
        start = -1
        for _ in range(which):
            start = TEXT.index(words, start + 1)
        rows.append(("GUM_news_made_up", start, start + len(words), words, entity))
    return pd.DataFrame(rows, columns=["article_id", "start", "end", "text", "entity_id"])


@pytest.fixture
def made_up(tmp_path):
    path = tmp_path / "made_up.conllu.gz"
    path.write_bytes(gzip.compress("\n".join(LINES).encode()))
    return corpora.read_gum(path)


def test_text_and_proper_names_are_read(made_up):
    articles, gold = made_up
    assert articles["text"].tolist() == [TEXT]
    assert gold[["text", "label", "gold"]].to_numpy().tolist() == [
        ["Marland President Mara Quist", "PERSON", "1"],
        ["Marland", "GPE", "2"],
        ["the Union's", "ORG", "3"],
        ["Quist", "PERSON", "1"],
    ]
    for row in gold.itertuples():
        assert TEXT[row.start : row.end] == row.text


def test_a_mention_is_the_smallest_name_that_holds_a_part_of_it(made_up):
    _, gold = made_up
    ours = tool(("Mara Quist", 1, "x"), ("Union", 1, "u"), ("Quist", 2, "x"), ("head", 1, "h"))
    matched = pairing.match_names(gold, ours)
    assert matched[["text", "gold"]].to_numpy().tolist() == [
        ["Mara Quist", "1"],
        ["Union", "3"],
        ["Quist", "1"],
    ]


def test_pairs_are_scored(made_up):
    _, gold = made_up
    right = tool(("Mara Quist", 1, "x"), ("Union", 1, "u"), ("Quist", 2, "x"))
    wrong = tool(("Mara Quist", 1, "x"), ("Union", 1, "x"), ("Quist", 2, ""))
    scores = pairing.measure_clustering(gold, right).set_index("label")
    assert scores.loc["all", "f1"] == 1 and scores.loc["PERSON", "gold_pairs"] == 1
    scores = pairing.measure_clustering(gold, wrong).set_index("label")
    assert scores.loc["all", ["gold_pairs", "found_pairs", "right_pairs"]].tolist() == [1, 1, 0]


def test_nothing_to_match_measures_nothing(made_up):
    _, gold = made_up
    scores = pairing.measure_clustering(gold, tool())
    assert scores["matched"].sum() == 0 and scores["f1"].isna().all()


def test_a_damaged_file_says_so(tmp_path):
    path = tmp_path / "damaged.conllu.gz"
    path.write_bytes(gzip.compress(b"") + b"\0" * 100 + b"oq")
    with pytest.raises((OSError, ValueError)):
        corpora.read_gum(path)
