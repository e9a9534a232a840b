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

import pandas as pd
import pytest

from helpers import attributions, tone


def scorer(gold, name: str) -> ModuleType:
    """The scoring script that comes with the corpora."""
    spec = importlib.util.spec_from_file_location(name, gold / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def attribution_scores(gold):
    with gzip.open(gold / "polnear" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        coded = {article["id"]: article for article in map(json.loads, lines)}
    articles = pd.DataFrame([{"article_id": key, "text": coded[key]["text"]} for key in coded])
    found = {article_id: {"id": article_id, "attributions": []} for article_id in coded}
    for row in attributions.find_attributions(articles).itertuples():
        spans = {"content": row.spans, "cue": row.cue_spans, "source": row.source_spans}
        found[row.article_id]["attributions"].append(spans)
    scoring = scorer(gold, "score_attributions")
    scores = scoring.score(coded, found)
    print("\nPolNeAR dev")
    for label, value in scoring.rows_for(scores):
        print(f"{label:46} {value}")
    return scores


@pytest.mark.parametrize(
    ("measure", "floor"), [("end_to_end", 0.67), ("exact", 0.55), ("cue_tok", 0.58)]
)
def test_attributions_on_polnear_dev(measure, floor, attribution_scores):
    assert attribution_scores[measure]["f1"] >= floor


@pytest.mark.parametrize(("kind", "floor"), [("direct", 0.84), ("mixed", 0.72), ("indirect", 0.52)])
def test_attributions_of_each_form_on_polnear_dev(kind, floor, attribution_scores):
    assert attribution_scores["by_type"][kind]["end_to_end"]["r"] >= floor


@pytest.mark.parametrize(("part", "floor"), [("rw_dev", 0.51), ("mt_dev", 0.52)])
def test_lexical_tone_toward_a_target_on_newsmtsc(part, floor, gold):
    scoring = scorer(gold, "score_target_sentiment")
    coded = scoring.read(gold / "newsmtsc" / f"{part}.jsonl")
    targets = pd.DataFrame([{"text": c.text, "start": c.start, "end": c.end} for c in coded])
    polarities = tone.add_target_tone(targets)["polarity"].str[:3]
    scores = scoring.score([target.label for target in coded], list(polarities))
    print(f"\nNewsMTSC {part}: {scoring.line(scores)}")
    assert scores["macroF1"] >= floor
