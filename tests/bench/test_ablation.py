"""What rules are worth is measured on all gold there is, each by what is lost without it."""

from __future__ import annotations

import gzip
import json

import pandas as pd
import pytest

from helpers import __main__ as command
from helpers.annotate import rules
from helpers.bench import ablation
from helpers.model import decoding

TEXT = "It will rain, Per Holm said. The gates are shut, Ada Lee said."
RAIN, GATES = "It will rain", "The gates are shut"


def span(words: str) -> list[list[int]]:
    return [[TEXT.index(words), TEXT.index(words) + len(words)]]


def said(words: str, source: str) -> dict:
    return {"article_id": "a", "spans": span(words), "source_spans": span(source), "role": "body"}


@rules.rule("test: gates", otherwise=lambda: [])
def gates() -> list[dict]:
    return [said(GATES, "Ada Lee")]


@rules.rule("test: unfelt", otherwise=lambda: [])
def unfelt() -> list[dict]:
    return []


@pytest.fixture
def gold(tmp_path, monkeypatch):
    """A folder of gold with one set of one article, of which a made-up program reads a half."""
    told = [
        {"content": span(RAIN), "source": span("Per Holm")},
        {"content": span(GATES), "source": span("Ada Lee")},
    ]
    file = tmp_path / "gold" / "polnear" / "dev.jsonl.gz"
    file.parent.mkdir(parents=True)
    row = {"id": "a", "text": TEXT, "attributions": told}
    file.write_bytes(gzip.compress(json.dumps(row).encode()))

    def find_attributions(articles):
        rows = [said(RAIN, "Per Holm"), *gates(), *unfelt()]
        places = [{"start": row["spans"][0][0], "end": row["spans"][0][1]} for row in rows]
        filled = dict.fromkeys(ablation.CODED, "")
        return pd.DataFrame([row | place | filled for row, place in zip(rows, places, strict=True)])

    reading = decoding.Reading((), ())
    monkeypatch.setattr(ablation.decoding, "read", lambda article: reading)
    monkeypatch.setattr(ablation.attributions, "find_attributions", find_attributions)
    return tmp_path / "gold"


def worth(rows: pd.DataFrame, rule: str) -> dict[str, float]:
    return rows[rows["rule"] == rule].set_index("measure")["worth"].to_dict()


def test_a_rule_is_worth_what_is_lost_without_it(gold, tmp_path):
    rows = ablation.ablate(str(gold), tmp_path, "test*", ["PolNeAR dev"])
    assert worth(rows, "test: gates")["found"] == 50
    assert worth(rows, "test: gates")["precision"] == 0
    assert worth(rows, "test: gates")["end to end F1"] == pytest.approx(100 / 3)
    assert worth(rows, "all of test_ablation") == worth(rows, "test: gates")
    assert set(worth(rows, "test: unfelt").values()) == {0}
    told = ablation.tell(rows)
    assert "test_ablation: test: gates: PolNeAR dev found +50.00; PolNeAR dev end to end" in told
    assert "test_ablation: test: unfelt: worth nothing" in told


def test_rules_of_steps_that_a_set_does_not_measure_are_worth_nothing_on_it(gold, tmp_path):
    rows = ablation.ablate(str(gold), tmp_path, "sources", ["PolNeAR dev"])
    assert len(rows) and set(rows["worth"]) == {0}


def test_what_is_measured_is_not_measured_again(gold, tmp_path, monkeypatch):
    first = ablation.ablate(str(gold), tmp_path, "test*", ["PolNeAR dev"])
    monkeypatch.setattr(ablation, "Rerun", None)
    again = ablation.ablate(str(gold), tmp_path, "test*", ["PolNeAR dev"])
    assert again["worth"].round(3).tolist() == first["worth"].round(3).tolist()


def test_the_command_says_what_it_does_without_gold(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("GOLD", raising=False)
    monkeypatch.setattr(ablation, "SETS", ablation.SETS[:0])
    assert command.main(["bench", "--ablate", "--out", str(tmp_path)]) == 0
    assert "the sample alone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("gold", "found", "right"),
    [("Per Holm", "Holm", 1), ("the mayor", "Mayor", 1), ("Ada Lee", "Per Lee", 0),
     ("Holm", "Per Olaf Ove Holm", 0), ("", "", 1), ("", "Holm", 0)],
)  # fmt: skip
def test_of_two_speakers_one_may_be_the_fuller_name(gold, found, right):
    article = ablation.GoldArticle("a", TEXT, statements=[{"content": span(RAIN), "speaker": gold}])
    row = said(RAIN, "Per Holm") | dict.fromkeys(ablation.CODED, "") | {"speaker": found}
    counts = ablation.SETS[0].count(article, {"attributions": pd.DataFrame([row])})
    assert counts["speaker", "right"] == right
