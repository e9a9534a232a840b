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

import numpy as np
import pandas as pd
import pytest

from helpers import (
    attributions,
    clustering,
    decoding,
    entities,
    mentions,
    reliability,
    speakers,
    tone,
    tuning,
)


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


def score(gold, coded: dict[str, dict], found: dict[str, list[dict]], system: str) -> dict:
    scoring = scorer(gold, "score_attributions")
    rows = {key: {"id": key, "attributions": said} for key, said in found.items()}
    scores = scoring.score(coded, rows)
    print(f"\nPolNeAR dev, {system}")
    for label, value in scoring.rows_for(scores):
        print(f"{label:46} {value}")
    return scores


@pytest.fixture(scope="module")
def attribution_scores(gold, polnear):
    articles = pd.DataFrame([{"article_id": key, "text": polnear[key]["text"]} for key in polnear])
    found: dict[str, list[dict]] = {key: [] for key in polnear}
    for row in attributions.find_attributions(articles).itertuples():
        spans = {"content": row.spans, "cue": row.cue_spans, "source": row.source_spans}
        found[row.article_id].append(spans)
    return score(gold, polnear, found, "find_attributions")


@pytest.fixture(scope="module")
def reader_scores(gold, polnear):
    found = {
        key: [
            {"content": said.content, "cue": said.cue, "source": said.source}
            for said in decoding.read(article["text"]).attributions
        ]
        for key, article in polnear.items()
    }
    return score(gold, polnear, found, "the reader in data/models")


@pytest.mark.parametrize(
    ("measure", "floor"), [("end_to_end", 0.78), ("exact", 0.64), ("cue_tok", 0.72)]
)
def test_attributions_on_polnear_dev(measure, floor, attribution_scores):
    assert attribution_scores[measure]["f1"] >= floor


@pytest.mark.parametrize(("kind", "floor"), [("direct", 0.94), ("mixed", 0.88), ("indirect", 0.7)])
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


def test_the_confidence_of_the_reader_is_how_often_it_is_right_on_polnear_dev(polnear):
    chances, right, rules = [], [], []
    for article in polnear.values():
        said = decoding.read(article["text"]).attributions
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


@pytest.mark.parametrize(("part", "floor"), [("rw_dev", 0.51), ("mt_dev", 0.52)])
def test_lexical_tone_toward_a_target_on_newsmtsc(part, floor, gold):
    scoring = scorer(gold, "score_target_sentiment")
    coded = scoring.read(gold / "newsmtsc" / f"{part}.jsonl")
    targets = pd.DataFrame([{"text": c.text, "start": c.start, "end": c.end} for c in coded])
    polarities = tone.add_target_tone(targets)["polarity"].str[:3]
    scores = scoring.score([target.label for target in coded], list(polarities))
    print(f"\nNewsMTSC {part}: {scoring.line(scores)}")
    assert scores["macroF1"] >= floor


@pytest.fixture(scope="module")
def gum_news(gold):
    path = gold / "gum" / "gum_news.conllu.gz"
    try:
        articles, names = clustering.read_gum(path)
    except (OSError, ValueError) as error:
        pytest.skip(f"{path} is absent or damaged ({error}): put a whole copy there")
    found = mentions.find_mentions(articles)
    merged = entities.find_entities(found, articles)
    found = entities.add_entity(found, articles, merged)
    scores = clustering.measure_clustering(names, found)
    print(f"\nGUM news, proper names grouped within a document\n{scores.to_string()}")
    errors = clustering.list_errors(names, found, merged)
    print(errors.groupby(["error", "kind", "label"])["pairs"].agg(["size", "sum"]).to_string())
    return scores.set_index("label")


def test_names_of_gum_news_grouped_by_whom_they_name(gum_news):
    assert gum_news.loc["all", "f1"] >= 0.9


@pytest.fixture(scope="module")
def source_names(gold):
    """SCU's sourced statements against the speakers of the attributions found in them."""
    lines = (gold / "scu_sources" / "scu_even.jsonl").read_text(encoding="utf-8").splitlines()
    coded = [json.loads(line) for line in lines]
    articles = pd.DataFrame([{"article_id": one["id"], "text": one["text"]} for one in coded])
    found = mentions.find_mentions(articles)
    merged = entities.find_entities(found, articles)
    found = entities.add_entity(found, articles, merged)
    said = attributions.find_attributions(articles)
    said = speakers.add_speaker(said, articles, found, merged)
    statements = pd.DataFrame(
        {
            "path": one["id"],
            "spans": reliability.place_statement(told["statement"], one["text"]),
            "source_type": told["type"],
            "name": told["name"],
        }
        for one in coded
        for told in one["statements"]
    )
    scores = reliability.measure_source_names(said.assign(path=said["article_id"]), statements)
    print(f"\nSCU statements, the right source named\n{scores.to_string(index=False)}")
    return scores.set_index("resolution")["share"]


@pytest.mark.parametrize(
    ("resolution", "floor"), [("all", 0.91), ("name", 0.98), ("pronoun", 0.93)]
)
def test_the_sources_that_scu_names(resolution, floor, source_names):
    assert source_names[resolution] >= floor
