"""Training of how sure the coding of each source is."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from helpers import build
from helpers.annotate import doubt as sure
from helpers.train import doubt

TEXT = "Mara Quist of {0} said that it rained in {0}. The dentist said that it was late."
TOWNS = ("Bergen", "Oulu", "Perth", "Lima", "Turin", "Accra")


@pytest.mark.parametrize(
    ("coded", "right"),
    [
        ({"speaker": "Mara Quist", "source_type": "named person"}, (True, True, None)),
        ({"speaker": "Odo Lind", "source_type": "named person"}, (False, True, None)),
        ({"speaker": "", "source_type": "document", "country": "NOR"}, (None, False, True)),
    ],
)
def test_a_row_is_right_in_what_the_coders_say(coded, right):
    row = {"speaker": "Mara Quist", "source_type": "named person", "affiliation": "police"}
    told = doubt.tell_right(row | {"country": "NOR"}, coded)
    assert (told["speaker"], told["source_type"], told["country"]) == right


def test_chances_are_settled_on_what_nothing_learnt_from():
    scores = np.linspace(-4, 4, 200)
    right = np.arange(200) % 10 < 5 + 3 * np.sign(scores)
    slope, constant = doubt.settle(scores, right)
    assert 0 < slope < 1 and abs(constant) < 0.5
    told = doubt.tell(scores, right, [f"outlet {number % 8}" for number in range(200)])
    assert told["right"] == 0.5 and told["calibration error"] < 0.15


def test_a_run_writes_weights_of_every_column(tmp_path, capsys):
    texts = {town: TEXT.format(town) for town in TOWNS}
    folder = tmp_path / "articles"
    folder.mkdir()
    rows = []
    for town, text in texts.items():
        (folder / f"{town}.txt").write_text(text)
        start, late = text.index("it rained"), text.index("it was late")
        known = {"source_type": "named person", "affiliation": "unknown", "country": "NOR"}
        said = {"content": [[start, text.index(". The")]], "speaker": "Mara Quist"} | known
        other = {"content": [[late, len(text) - 1]], "speaker": "Odo Lind"} | known
        rows.append({"id": town, "outlet": town, "text": text, "attributions": [said, other]})
    build(folder, tmp_path / "tables", workers=1)
    gold, out = tmp_path / "gold.jsonl", tmp_path / "weights.csv"
    gold.write_text("\n".join(map(json.dumps, rows)) + "\n")
    files = ["--gold", str(gold), "--dev", str(gold), "--articles", str(gold), "--out", str(out)]
    assert doubt.main([*files, "--tables", str(tmp_path / "tables"), "--least", "2"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [*map(next, map(iter, printed))] == [*sure.COLUMNS]
    assert printed[0]["speaker_confidence"]["right"] == 0.5
    weights = pd.read_csv(out)
    assert set(weights["column"]) == set(sure.COLUMNS) and sure.CONSTANT in set(weights["feature"])
