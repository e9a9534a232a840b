"""The tool against public gold: figures with a floor, measured and rounded down.

The corpora are not part of the project. Their folder is named by the environment variable GOLD;
where it is absent the tests skip. `pytest tests/test_accuracy.py -s` prints the figures.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from types import ModuleType

import invariants_fixture
import numpy as np
import pandas as pd
import pytest

from helpers.annotate import attributions, entities, mentions, tone
from helpers.annotate.statements import load_statement_model
from helpers.corpus.build import build
from helpers.model import decoding
from helpers.store import tables
from helpers.study import accuracy, corpora, pairing
from helpers.text.article import Article
from helpers.train import statements, tuning

FIELDS = ("shown", "none")


def scorer(gold, name: str) -> ModuleType:
    """The scoring script that comes with the corpora."""
    spec = importlib.util.spec_from_file_location(name, gold / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def polnear(gold) -> dict[str, dict]:
    with gzip.open(gold / "polnear" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {article["id"]: article for article in map(json.loads, lines)}


@pytest.fixture(scope="module")
def articles(polnear) -> dict[str, Article]:
    """The articles of PolNeAR dev; what the network reads in each is kept with it."""
    return {key: Article(row["text"], key) for key, row in polnear.items()}


def score(gold, coded: dict[str, dict], found: dict[str, list[dict]], system: str) -> dict:
    scoring = scorer(gold, "score_attributions")
    rows = {key: {"id": key, "attributions": said} for key, said in found.items()}
    scores = scoring.score(coded, rows)
    print(f"\nPolNeAR dev, {system}")
    for label, value in scoring.rows_for(scores):
        print(f"{label:46} {value}")
    return scores


@pytest.fixture(scope="module")
def attribution_scores(gold, polnear, articles):
    found: dict[str, list[dict]] = {key: [] for key in polnear}
    for row in attributions.find_attributions([*articles.values()]).itertuples():
        spans = {"content": row.spans, "cue": row.cue_spans, "source": row.source_spans}
        found[row.article_id].append(spans)
    return score(gold, polnear, found, "find_attributions")


@pytest.fixture(scope="module")
def reader_scores(gold, polnear, articles):
    found = {
        key: [
            {"content": said.content, "cue": said.cue, "source": said.source}
            for said in decoding.read(article).attributions
        ]
        for key, article in articles.items()
    }
    return score(gold, polnear, found, "the reader in data/models")


# PolNeAR calls plans, beliefs and bare actions attributions too, which this project leaves out.
@pytest.mark.parametrize(
    ("measure", "floor"), [("end_to_end", 0.78), ("exact", 0.64), ("cue_tok", 0.7)]
)
def test_attributions_on_polnear_dev(measure, floor, attribution_scores):
    assert attribution_scores[measure]["f1"] >= floor


@pytest.mark.parametrize(("kind", "floor"), [("direct", 0.94), ("mixed", 0.88), ("indirect", 0.67)])
def test_attributions_of_each_form_on_polnear_dev(kind, floor, attribution_scores):
    assert attribution_scores["by_type"][kind]["end_to_end"]["r"] >= floor


@pytest.mark.parametrize(
    ("measure", "floor"), [("end_to_end", 0.78), ("exact", 0.64), ("cue_tok", 0.72)]
)
def test_the_reader_on_polnear_dev(measure, floor, reader_scores):
    assert reader_scores[measure]["f1"] >= floor


@pytest.mark.parametrize(("kind", "floor"), [("direct", 0.93), ("mixed", 0.88), ("indirect", 0.7)])
def test_the_reader_on_each_form_on_polnear_dev(kind, floor, reader_scores):
    assert reader_scores["by_type"][kind]["end_to_end"]["r"] >= floor


def test_what_nobody_states_is_left_out_on_outlets_never_learnt_from(gold):
    files = [gold / "wide" / "dev.jsonl.gz", gold / "wide" / "spans_dev.jsonl.gz"]
    sets = [gold / "ner" / "worldwide_train.jsonl.gz", gold / "polnear" / "train.jsonl.gz"]
    texts = {row["id"]: row["text"] for file in sets for row in corpora.read_lines(file)}
    cases = [*statements.read_cases(statements.read_codings(files, texts))]
    shown, none = (np.concatenate([getattr(case, name) for case in cases]) for name in FIELDS)
    out = ~load_statement_model().keep(shown)
    print(
        f"\nwide dev: left out {out[none].mean():.3f} of {none.sum()} that are none (coded by "
        f"language models), {out[~none].mean():.3f} of {(~none).sum()} statements"
    )
    assert out[none].mean() >= 0.58 and out[~none].mean() <= 0.04


def test_the_confidence_of_the_reader_is_how_often_it_is_right_on_polnear_dev(polnear, articles):
    chances, right, rules = [], [], []
    for key, article in polnear.items():
        said = decoding.read(articles[key]).attributions
        rows = [{"content": found.content, "source": found.source} for found in said]
        right.append(tuning.correct(article["text"], article["attributions"], rows))
        chances += [found.confidence for found in said]
        rules += [found.rule for found in said]
    table = pd.DataFrame(
        {"rule": rules, "confidence": chances, "right": np.concatenate(right).astype(float)}
    )
    error = tuning.calibration_error(table["confidence"].to_numpy(), table["right"].to_numpy())
    print(f"\nPolNeAR dev, expected calibration error {error:.3f}")
    print(table.groupby("rule").agg(["mean", "size"]).round(3))
    tenth = table["confidence"].mul(10).astype(int).clip(upper=9)
    print(table.groupby(tenth)[["confidence", "right"]].mean().round(3))
    assert error <= 0.03


@pytest.fixture(scope="module")
def judged(gold) -> pd.DataFrame:
    """Each target of NewsMTSC dev with its label and what `add_target_tone` says."""
    scoring = scorer(gold, "score_target_sentiment")
    rows = [
        {"part": part, "text": one.text, "start": one.start, "end": one.end, "label": one.label}
        for part in ("rw_dev", "mt_dev")
        for one in scoring.read(gold / "newsmtsc" / f"{part}.jsonl")
    ]
    found = tone.add_target_tone(pd.DataFrame(rows))
    shares = found[["p_negative", "p_neutral", "p_positive"]]
    found = found.assign(found=found["polarity"].str[:3], sure=shares.max(axis=1))
    return found.assign(right=found["found"] == found["label"])


@pytest.mark.parametrize(
    ("part", "coverage", "floor"),
    [("rw_dev", 1, 0.76), ("mt_dev", 1, 0.72), ("rw_dev", 0.7, 0.85), ("mt_dev", 0.7, 0.81)],
)
def test_tone_toward_a_target_on_newsmtsc(part, coverage, floor, judged, gold):
    scoring = scorer(gold, "score_target_sentiment")
    rows = judged[judged["part"] == part].sort_values("sure", ascending=False, kind="stable")
    rows = rows.head(round(coverage * len(rows)))
    scores = scoring.score(list(rows["label"]), list(rows["found"]))
    print(f"\nNewsMTSC {part}, {coverage:.0%} surest: {scoring.line(scores)}")
    assert scores["macroF1"] >= floor


def test_the_probability_of_a_polarity_is_how_often_it_is_right(judged):
    bins = (judged["sure"] * 10).astype(int)
    means = judged.groupby(bins)[["sure", "right"]].mean()
    gap = ((means["sure"] - means["right"]).abs() * bins.value_counts(normalize=True)).sum()
    print(f"\nNewsMTSC dev: expected calibration error {gap:.3f}")
    assert gap <= 0.06


@pytest.fixture(scope="module")
def gum_news(gold):
    path = gold / "gum" / "gum_news.conllu.gz"
    try:
        articles, names = corpora.read_gum(path)
    except (OSError, ValueError) as error:
        pytest.skip(f"{path} is absent or damaged ({error}): put a whole copy there")
    found = mentions.find_mentions(articles)
    found = entities.add_entity(found, articles, entities.find_entities(found, articles))
    scores = pairing.measure_clustering(names, found)
    print(f"\nGUM news, proper names grouped within a document\n{scores.to_string()}")
    return scores.set_index("label")


def test_names_of_gum_news_grouped_by_whom_they_name(gum_news):
    assert gum_news.loc["all", "f1"] >= 0.9


@pytest.fixture(scope="module")
def source_scores(gold) -> tuple[pd.Series, pd.DataFrame]:
    """SCU's sourced statements: shares of what is found in them, and the statements found."""
    measured = accuracy.measure_gold(gold, ["sources"])
    figures = accuracy.to_figures(measured).set_index("measure")["value"] / 100
    print(f"\nSanta Clara sourcing benchmark\n{figures.to_string()}")
    return figures, accuracy.to_items(measured)


@pytest.mark.parametrize(
    ("measure", "floor"),
    [
        ("right source named", 0.92),
        ("source by name", 0.98),
        ("source by pronoun", 0.92),
        ("statements found", 0.93),
        ("source type", 0.9),
        ("title", 0.8),
    ],
)
def test_sources_on_the_santa_clara_benchmark(measure, floor, source_scores):
    assert source_scores[0][measure] >= floor


def test_source_types_are_better_than_always_the_commonest(source_scores):
    figures, items = source_scores
    assert figures["source type"] > items["gold"].value_counts(normalize=True).max()


def test_the_story_has_its_sources_and_relays(stories, tmp_path):
    """The story of the missiles: every relay, its owner, and those behind it."""
    (file,) = stories.glob("rfa_2024-11-18_*.txt")
    build(file, tmp_path, progress=False)
    said = tables.read_table("attributions", tmp_path)
    columns = ["speaker", "source_type", "affiliation", "country", "relay", "relay_ownership"]
    told = set(said[columns].itertuples(index=False, name=None))
    person, government = "named person", "government"
    assert told >= {
        ("Leonid Slutsky", person, "legislature or party", "RUS", "TASS", "state"),
        ("Xi Jinping", person, government, "CHN", "Xinhua News Agency", "state"),
        ("Kim Jong Un", person, government, "PRK", "Korean Central News Agency", "state"),
        ("NHK", "named organisation", "news media", "JPN", "", ""),
        ("White House", "named organisation", government, "USA", "", ""),
        ("Volodymyr Zelenskyy", person, government, "UKR", "", ""),
    }
    through = said.groupby("relay").size()
    assert through["Xinhua News Agency"] == 2
    american = said[said["relay"] == "New York Times"]
    assert set(american["source_type"]) == {"anonymous source"}
    assert set(american["country"]) == {"USA"} and set(american["relay_ownership"]) == {"private"}
    assert "statement" in set(said.loc[said["speaker"] == "White House", "channel"])


def test_no_row_of_news_from_abroad_breaks_a_law(gold, tmp_path):
    rows = corpora.read_lines(gold / "world" / "dev.jsonl")
    file = tmp_path / "world.jsonl"
    keys = ("id", "outlet", "url", "text")
    file.write_text("\n".join(json.dumps({key: row[key] for key in keys}) for row in rows))
    build(file, tmp_path / "out", workers=1, progress=False)
    said = tables.read_table("attributions", tmp_path / "out")
    assert len(said) > 200 and invariants_fixture.broken(said) == []
