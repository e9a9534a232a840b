"""Training of the model of sources: cases of coded articles, learning, export."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("onnx", reason="the train extra is not installed")

from helpers import build  # noqa: E402
from helpers.model.encoder import load_encoder  # noqa: E402
from helpers.model.profile_model import ProfileModel  # noqa: E402
from helpers.text.article import Article  # noqa: E402
from helpers.train import profiles  # noqa: E402
from helpers.train.profiles import Case, ProfileSettings  # noqa: E402
from helpers.train.tuning import held_out  # noqa: E402

TEXT = "Mara Quist, a geologist, said that it rained. Quist teaches in Bergen."
CODED = {"content": [[30, 44]], "affiliation": "academic or expert", "statement": True}
ANSWERS = ["academic or expert", "police"]


@pytest.fixture(scope="module")
def reader():
    return load_encoder("reader")


@pytest.fixture
def gold(tmp_path):
    rows = [
        {"id": "a", "outlet": "north", "text": TEXT, "attributions": [CODED]},
        {"id": "b", "outlet": "iran_times", "text": "No.", "attributions": []},
    ]
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def random_cases(count: int) -> list[Case]:
    """Make cases of two affiliations, told by the words of their places."""
    chance = torch.Generator().manual_seed(3)
    signs = torch.randn(2, 384, generator=chance)
    found = []
    for number in range(count):
        states = torch.randn(6, 384, generator=chance) * 0.3
        mark = torch.zeros(6)
        mark[number % 5] = 1
        states[number % 5] += signs[number % 2]
        known = np.zeros(4, np.float32)
        found.append(Case([states], [(0, mark), (0, mark)], known, number % 2))
    return found


def test_articles_of_the_outlets_that_are_measured_are_not_learnt_from(gold):
    texts = {"a": TEXT, "b": "No."}
    assert profiles.read_gold([gold], texts) == {TEXT: [CODED], "No.": []}
    assert profiles.read_gold([gold], texts, held_out()) == {TEXT: [CODED]}


def test_a_case_has_the_places_that_mean_its_source(gold, tmp_path, reader):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    build(folder, tmp_path / "tables", workers=1)
    coded = profiles.read_gold([gold], {"a": TEXT, "b": "No."})
    (case,) = profiles.read_cases(coded, tmp_path / "tables", reader, ANSWERS)
    assert ANSWERS[case.affiliation] == "academic or expert"
    assert len(case.places) == 3 and len(case.sentences) == 2


def test_it_learns_what_the_places_tell_and_the_file_says_the_same(tmp_path, reader, monkeypatch):
    monkeypatch.setattr(profiles, "load_upper_layers", lambda model, weights: None)
    cases, held = random_cases(240), random_cases(20)
    settings = ProfileSettings(epochs=3, rate=1e-3, head_rate=1e-3, average=0.9)
    model = profiles.train(cases, held, settings, tmp_path, tmp_path, len(ANSWERS))
    logits, gold = profiles.predict(model, held)
    assert (logits.argmax(1) == gold).mean() >= 0.95
    profiles.publish(model, reader, cases, held, tmp_path, ANSWERS, settings)
    shipped = ProfileModel(tmp_path, reader)
    for case in held:
        evidence = shipped.run(case.sentences[0].numpy(), case.places[0][1].numpy()[None])
        assert evidence[0, :2].argmax() == case.affiliation
    assert shipped.evidence(Article(TEXT), [(0, 10)]).shape == (1, 3)
