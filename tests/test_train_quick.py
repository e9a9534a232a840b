"""Training of the quick judge of tone: what it learns from, when it is sure, what its file says."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("onnx", reason="the train extra is not installed")

from helpers import targetmodel, train_quick  # noqa: E402
from helpers.encoder import MODELS, load_encoder  # noqa: E402
from helpers.targetmodel import TargetModel  # noqa: E402
from helpers.train_quick import Case, QuickNetwork, Settings  # noqa: E402
from helpers.train_targets import read_states  # noqa: E402

TEXT = "Quist praised Lind and called Brandvik a liar."


@pytest.fixture(scope="module")
def model() -> TargetModel:
    return TargetModel(MODELS / "tone", load_encoder("reader"))


def random_cases(count: int) -> list[Case]:
    """Sentences in which a target is spoken of as the number of words before it says."""
    chance = torch.Generator().manual_seed(5)
    cases = []
    for number in range(count):
        length = 4 + number % 5
        marks = torch.zeros(2, length)
        marks[0, number % 3] = marks[1, (number + 1) % 3] = 1
        shares = torch.nn.functional.one_hot(marks.argmax(1), 3).float()
        cases.append(Case(torch.randn(length, 384, generator=chance), marks, shares))
    return cases


def test_every_name_of_a_judged_sentence_is_learnt_from(tmp_path):
    path = tmp_path / "train.jsonl"
    target = {"from": 14, "to": 18, "polarity": 6.0}
    path.write_text(json.dumps({"sentence_normalized": TEXT, "targets": [target]}) + "\n")
    ((text, spans, polarities),) = train_quick.read_named(path)
    assert text == TEXT and spans[0] == (14, 18) and polarities[0] == 2
    assert {text[low:high] for low, high in spans[1:]} <= {"Quist", "Brandvik"}
    assert set(polarities[1:]) <= {-1}


def test_it_learns_what_the_model_says_of_each_target(model):
    (sentence,) = read_states(model.reader, [(TEXT, [(14, 18), (30, 38)], [2, -1])])
    (case,) = train_quick.make_cases(model, [sentence])
    assert case.shares.shape == (2, 3)
    assert torch.allclose(case.shares.sum(1), torch.ones(2))


def test_padding_changes_nothing():
    network = QuickNetwork(Settings()).eval()
    cases = random_cases(5)
    together, _ = train_quick.predict(network, cases)
    alone = [train_quick.predict(network, [case])[0] for case in cases]
    order = train_quick.make_batches(cases, 128)[0]
    assert np.allclose(together, np.concatenate([alone[place] for place in order]), atol=1e-5)


def test_it_learns():
    cases = random_cases(60)
    said: list[str] = []
    how = Settings(epochs=30, batch=8, average=0.9)
    network = train_quick.train(cases, cases, how, said.append)
    found, learnt = train_quick.predict(network, cases)
    assert np.mean(found.argmax(1) == learnt.argmax(1)) > 0.9
    assert len(said) == 30 and "agreement" in said[0]


def test_agreement_is_told_of_all_and_of_the_settled():
    found = np.array([[0.85, 0.15, 0], [0.75, 0.25, 0], [0.3, 0.65, 0.05], [0.0, 0.55, 0.45]])
    learnt = np.eye(3)[[0, 1, 2, 1]]
    expected = {"agreement": 0.5, "settled": 0.5, "agreement_where_settled": 0.5}
    assert train_quick.measure_agreement(found, learnt) == expected


def test_the_file_says_what_the_network_says(model, tmp_path):
    shutil.copytree(MODELS / "tone", tmp_path / "tone")
    torch.manual_seed(2)
    network = QuickNetwork(Settings()).eval()
    train_quick.publish(network, tmp_path / "tone", {})
    written = TargetModel(tmp_path / "tone", model.reader)
    assert written.card["quick"]["sure"] == list(train_quick.SURE)
    for case in random_cases(4):
        expected, _ = train_quick.predict(network, [case])
        marks = case.marks.numpy()
        inputs = {"states": case.states.numpy(), "marks": marks}
        inputs["distances"] = targetmodel.measure_distances(marks)
        assert np.allclose(written.quick.run(None, inputs)[0], expected, atol=5e-3)
