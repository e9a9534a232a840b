"""Training of the head that tells statements from what is nobody's."""

from __future__ import annotations

import json

import numpy as np

from helpers.annotate.statements import WEIGHTS, StatementModel
from helpers.model.encoder import load_encoder
from helpers.train import statements
from helpers.train.statements import Coding, Laid

SAID = "Mara Quist, a geologist, said that it rained in {}."
THANKED = "The minister thanked the nurses of {} for their patience."
TOWNS = ("Bergen", "Ansel", "Oulu", "Perth", "Lima", "Turin", "Accra", "Delhi")


def test_what_coders_call_none_and_what_they_pass_over_is_none():
    coding = Coding("north", stated=[[[0, 10]]], none=[[[20, 30]]], unsure=[[[40, 50]]])
    assert coding.judge([(1, 10)]) is True
    assert coding.judge([(20, 29)]) is False
    assert coding.judge([(40, 50)]) is None
    assert coding.judge([(60, 70)]) is None
    coding.whole = True
    assert coding.judge([(60, 70)]) is False
    assert coding.judge([(8, 60)]) is None  # wrongly cut


def test_the_weights_tell_two_kinds_apart_on_outlets_not_seen():
    chance = np.random.default_rng(5)
    none = np.arange(400) % 4 == 0
    shown = chance.normal(size=(400, 6)) + np.where(none, 2.0, 0.0)[:, None]
    outlets = np.array([f"outlet {number % 10}" for number in range(400)])
    found = statements.judge_apart(Laid(shown, none, outlets), 1.0)
    assert ((found > 0.5) == none).mean() > 0.95
    told = statements.tell(found, none, 0.5)
    assert told["none left out"] > 0.9 and told["statements lost"] < 0.05


def test_a_run_writes_a_head_that_loads(tmp_path, capsys):
    rows = []
    for number, town in enumerate(TOWNS):
        text = f"{THANKED.format(town)} {SAID.format(town)}"
        start = text.index("it rained")
        coded = {"content": [[start, len(text) - 1]]}
        outlet = "iran_times" if number == 0 else f"outlet {number}"
        rows.append({"id": town, "outlet": outlet, "text": text, "attributions": [coded]})
    gold, model = tmp_path / "gold.jsonl", tmp_path / "head"
    gold.write_text("\n".join(map(json.dumps, rows)) + "\n")
    files = ["--gold", str(gold), "--articles", str(gold), "--model", str(model)]
    assert statements.main([*files, "--penalty", "10"]) == 0
    printed = json.loads(capsys.readouterr().out)
    # an outlet that is measured is not learnt from
    assert printed["cases"] == 2 * (len(TOWNS) - 1), (
        "the outlet that is measured is not learnt from"
    )
    assert (model / WEIGHTS).is_file()
    assert StatementModel(model, load_encoder()).card["card"]["none"] == printed["none"]
