"""Made sentences that blame one and spare the other: what they hold, and who is never shown."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.model.encoder import MODELS
from helpers.store.schema import POLARITIES
from helpers.train import contrasts
from helpers.train.contrasts import make_contrasts

NAMES = set(pd.read_csv(MODELS / "contrast_names.csv")["name"])


@pytest.mark.parametrize("part", ["train", "test"])
def test_every_construction_names_two_targets_with_their_tone(part):
    made = make_contrasts(part, 10)
    constructions = pd.read_csv(MODELS / "contrasts.csv").query("part == @part")
    assert len(made) == len({text for text, _, _ in made}) == 10 * len(constructions)
    for text, spans, answers in made:
        named = [text[start:end] for start, end in spans]
        assert {name[0].lower() + name[1:] for name in named} <= {
            n[0].lower() + n[1:] for n in NAMES
        }
        assert len(set(named)) == len(answers) == 2 and set(answers) < set(range(len(POLARITIES)))
        assert text[0].isupper() or text[0] == '"'
        assert not set("{}|") & set(text)


def test_who_is_harmed_is_not_blamed():
    (text, spans, answers), *_ = make_contrasts("train", 1)
    (blamed, harmed) = (text[slice(*span)] for span in spans)
    assert text.index("had") < text.index(harmed) and answers == [0, 1] and blamed != harmed


def test_no_construction_is_both_learnt_and_tested():
    rows = pd.read_csv(MODELS / "contrasts.csv")
    assert not rows["sentence"].duplicated().any()
    learnt, tested = (
        set(rows.query("part == @part")["construction"]) for part in ("train", "test")
    )
    assert not learnt & tested and len(tested) >= 12


def test_more_sentences_than_a_construction_allows_are_refused(tmp_path, monkeypatch):
    (tmp_path / "contrast_names.csv").write_text("name\nAda\nBo\nCy\n")
    row = 'part,construction,sentence,x,y\ntest,meet,"{S} said {X} met {Y}.",neutral,neutral\n'
    (tmp_path / "contrasts.csv").write_text(row)
    monkeypatch.setattr(contrasts, "MODELS", tmp_path)
    assert len(contrasts.make_contrasts("test", 6)) == 6
    with pytest.raises(ValueError, match="meet: fewer than 7"):
        contrasts.make_contrasts("test", 7)
