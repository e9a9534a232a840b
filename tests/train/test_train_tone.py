"""Training of tone toward a target: reading, batches, calibration, resuming, export."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("onnx", reason="the train extra is not installed")

from helpers.model import target_model  # noqa: E402
from helpers.model.encoder import load_encoder  # noqa: E402
from helpers.train import tone, tuning  # noqa: E402
from helpers.train.tone import Case, Row, Sentence, TargetNetwork, ToneSettings  # noqa: E402

ROWS = [
    {
        "sentence_normalized": "Quist praised Lind and called Brandvik a liar.",
        "targets": [
            {"from": 14, "to": 18, "polarity": 6.0},
            {"from": 30, "to": 38, "polarity": 2.0},
        ],
    },
    {
        "sentence_normalized": "Arno met the board.",
        "targets": [{"from": 0, "to": 4, "polarity": 4.0}],
    },
]


TARGETS = [
    Row(ROWS[0]["sentence_normalized"], [(14, 18), (30, 38)], [2, 0], [1.0, 1.0]),
    Row(ROWS[1]["sentence_normalized"], [(0, 4)], [1], [1.0]),
]
PRESS = {
    "id": "a",
    "outlet": "there",
    "text": "Quist said Lind robbed Brandvik near Bergen.\n\nShe added that Lind was in Oslo.",
    "statements": [
        {
            "content": [[11, 44]],
            "statement": True,
            "speaker": "Quist",
            "targets": [
                {"entity": "Ove Lind", "mention": [11, 15], "polarity": "negative"},
                {
                    "entity": "Brandvik",
                    "mention": [23, 31],
                    "polarity": "neutral",
                    "role": "suffers",
                },
            ],
        },
        {"content": [[60, 80]], "statement": True, "speaker": "Quist", "targets": []},
    ],
}


@pytest.fixture(scope="module")
def reader():
    return load_encoder("reader")


@pytest.fixture
def sentences(reader) -> list[Sentence]:
    return list(tone.read_states(reader, TARGETS))


def random_cases(count: int) -> list[Case]:
    chance = torch.Generator().manual_seed(3)
    found = []
    for number in range(count):
        length = 3 + number % 5
        marks = torch.zeros(1, length)
        marks[0, number % 3] = 1
        states = torch.randn(length, 384, generator=chance).half()
        found.append(Sentence(states, marks, torch.tensor([number % 3]), torch.ones(1)))
    return tone.make_cases(found)


@pytest.fixture
def weights(monkeypatch, tmp_path):
    """A network that begins anywhere, in place of the published encoder."""
    monkeypatch.setattr(tone, "load_upper_layers", lambda model, weights: None)
    return tmp_path / "none"


def test_a_sentence_is_read_once_for_all_its_targets(sentences):
    assert [one.polarities.tolist() for one in sentences] == [[2, 0], [1]]
    assert sentences[0].marks.sum(1).tolist() == [1, 1]
    assert all(one.marks.shape[1] == len(one.states) for one in sentences)


def test_judged_targets_are_read_from_a_file(tmp_path):
    path = tmp_path / "train.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, ROWS)).encode()))
    assert list(tone.read_targets(path)) == TARGETS


def test_statements_of_the_press_are_joined_to_their_texts(tmp_path, monkeypatch):
    coded, texts = tmp_path / "coded.jsonl", tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"id": "a", "text": PRESS["text"]}) + "\n")
    without = {name: value for name, value in PRESS.items() if name != "text"}
    lines = [without, {**PRESS, "outlet": "kept"}, {**without, "id": "unknown"}]
    coded.write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setattr(tone.tuning, "held_out", lambda: {"kept"})
    ((outlet, row),) = tone.read_press([coded], [texts])
    assert outlet == "there" and row.text == PRESS["text"] and row.press


def test_names_in_what_is_said_are_targets_or_only_mentioned():
    found = {
        PRESS["text"][low:high]: (low, answer, weight)
        for (low, high), answer, weight in tone.find_judged(PRESS["text"], PRESS["statements"][:1])
    }
    assert found["Lind"] == (11, 0, 1.0) and found["Brandvik"] == (23, 1, 2.0)
    assert found["Bergen"] == (37, tone.MENTIONED, tone.HALF)
    assert "Quist" not in found and "Oslo" not in found
    again = tone.find_judged(PRESS["text"], PRESS["statements"])
    assert {answer for (low, _), answer, _ in again if low > 45} == {tone.MENTIONED}


def test_a_statement_readers_differ_on_mentions_nobody():
    doubted = {**PRESS["statements"][0], "statement": None}
    found = tone.find_judged(PRESS["text"], [doubted])
    assert [answer for _, answer, _ in found] == [0, 1]


def test_who_is_only_mentioned_is_learnt_from_the_press_alone(sentences):
    torch.manual_seed(3)
    model = TargetNetwork(2).eval()
    press = [replace(one, press=True) for one in sentences]
    with torch.no_grad():
        closed, opened = (
            tone.batch_loss(model, tone.make_cases(some), 0.0) for some in (sentences, press)
        )
        model.out.bias[tone.MENTIONED] += 9
        assert torch.isclose(tone.batch_loss(model, tone.make_cases(sentences), 0.0), closed)
        assert tone.batch_loss(model, tone.make_cases(press), 0.0) > opened


def test_states_are_kept_for_the_same_targets_and_reader(tmp_path, reader):
    first = tone.keep_states(reader, TARGETS, tmp_path, "train")
    again = tone.keep_states(reader, TARGETS, tmp_path, "train")
    assert len(first) == len(again) == 2 and torch.equal(first[0].states, again[0].states)
    assert len(list(tmp_path.glob("train-*.pt"))) == 1
    tone.keep_states(reader, TARGETS[:1], tmp_path, "train")
    assert len(list(tmp_path.glob("train-*.pt"))) == 2


def test_batches_hold_every_target_once_and_few_words():
    some = random_cases(40)
    batches = tone.make_batches(some, 32, random.Random(1))
    assert sorted(id(one) for batch in batches for one in batch) == sorted(map(id, some))
    assert all(
        len(batch) * max(len(one.sentence.states) for one in batch) <= 32 for batch in batches
    )


def test_a_target_is_judged_by_its_words_whoever_else_is_asked_about(sentences):
    torch.manual_seed(2)
    model = TargetNetwork(2).eval()
    one, two = sentences[0], sentences[0].marks
    with torch.no_grad():
        states, length = one.states.float()[None], torch.tensor([len(one.states)])
        together = model(states, length, torch.tensor([0, 0]), two)
        alone = [model(states, length, torch.tensor([0]), mark[None]) for mark in two]
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-3)


def test_padding_changes_nothing(sentences):
    model = TargetNetwork(2).eval()
    together, _ = tone.predict(model, sentences)
    apart = [tone.predict(model, [one])[0] for one in sentences]
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place].states))
    assert np.allclose(together, np.concatenate([apart[place] for place in order]), atol=0.02)


def test_a_run_goes_on_where_it_stopped(tmp_path, weights):
    cases = random_cases(24)
    some = [case.sentence for case in cases]
    how = ToneSettings(epochs=2, layers=2, tokens=64)
    whole = tone.train(cases, {"dev": some}, how, weights, tmp_path)
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert len(lines) == 2 and "macro_f1" in lines[0]
    again = tone.train(cases, {"dev": some}, how, weights, tmp_path)
    assert len((tmp_path / "log.txt").read_text().splitlines()) == 2
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_written_model_says_what_the_network_says(tmp_path, reader, sentences):
    torch.manual_seed(1)
    model = TargetNetwork(2).eval()
    tone.publish(model, reader, {"dev": sentences}, tmp_path, {}, sentences)
    written = target_model.TargetModel(tmp_path, reader)
    expected, _ = tone.predict(model, sentences[:1])
    found = written.run(sentences[0].states.numpy(), sentences[0].marks.numpy())
    assert np.abs(found - expected).max() < 0.1
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["card"]["coverage"][0][1] == 1


def test_a_run_goes_on_from_a_model_made_before(tmp_path, reader, sentences):
    torch.manual_seed(4)
    model = TargetNetwork(2).eval()
    tone.publish(model, reader, {"dev": sentences}, tmp_path, {}, sentences)
    again = TargetNetwork(2).eval()
    tone.load_before(again, tmp_path)
    one, other = (tone.predict(some, sentences)[0] for some in (model, again))
    assert np.abs(one - other).max() < 0.1


def test_the_mean_of_a_model_with_itself_is_that_model(tmp_path, reader, sentences):
    torch.manual_seed(4)
    model = TargetNetwork(2).eval()
    tone.publish(model, reader, {"dev": sentences}, tmp_path, {}, sentences)
    mean = tone.take_mean([tmp_path, tmp_path], 2).eval()
    one, other = (tone.predict(some, sentences)[0] for some in (model, mean))
    assert np.abs(one - other).max() < 0.1


def test_a_model_made_before_is_weighed_beside_what_was_judged(tmp_path, reader, sentences):
    torch.manual_seed(4)
    tone.publish(TargetNetwork(2), reader, {"dev": sentences}, tmp_path, {}, sentences)
    teacher = target_model.TargetModel(tmp_path, reader)
    first = sentences[0]
    said = teacher.calibrate(teacher.run(first.states.numpy(), first.marks.numpy()))[:, :3]
    said /= said.sum(1, keepdims=True)
    case, _ = tone.make_cases(sentences, teacher, 0.25)
    assert np.allclose(case.shares[:, :3], 0.75 * np.eye(3)[[2, 0]] + 0.25 * said)
    assert not case.shares[:, 3].any()


def test_above_a_share_of_the_press_a_name_is_only_mentioned(tmp_path, reader, sentences):
    press = [replace(sentences[0], polarities=torch.tensor([0, 3]), press=True)]
    card = tone.publish(
        TargetNetwork(2), reader, {"dev": sentences, "press": press}, tmp_path, {}, sentences
    )
    assert card["mentioned"] == target_model.TargetModel(tmp_path, reader).card["mentioned"]
    assert 0 < card["mentioned"] < 1


def test_a_model_of_another_reader_is_refused(tmp_path, reader, sentences):
    tone.publish(TargetNetwork(2), reader, {"dev": sentences}, tmp_path, {}, sentences)
    card = json.loads((tmp_path / "model.json").read_text())
    card["probe"] = card["probe"][::-1]
    card.pop("sealed")
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(target_model.ModelError, match="another reader"):
        target_model.TargetModel(tmp_path, reader)


def test_calibration_finds_the_sharpness():
    chance = np.random.default_rng(1)
    logits = chance.normal(size=(4000, 3))
    shares = tuning.softmax(logits / 2)
    gold = np.array([chance.choice(3, p=row) for row in shares])
    assert tuning.fit_temperature(logits, gold) == pytest.approx(2, rel=0.2)
    crossed = tuning.softmax(tuning.cross_calibrated(logits, gold))
    assert tuning.calibration_error(crossed.max(1), crossed.argmax(1) == gold) < 0.03


def test_macro_f1_is_the_mean_of_three():
    assert tuning.macro_f1(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])) == pytest.approx(
        (2 / 3 + 2 / 3 + 1) / 3
    )


@given(st.lists(st.tuples(*[st.floats(-9, 9)] * 3, st.integers(0, 2)), min_size=1, max_size=30))
def test_scores_are_shares(rows):
    logits, gold = np.array([row[:3] for row in rows]), np.array([row[3] for row in rows])
    scores = tuning.measure(logits, gold)
    assert all(0 <= score <= 1 for score in scores.values())
    table = tuning.measure_coverage(tuning.softmax(logits), gold)
    assert [row[1] for row in table] == sorted((row[1] for row in table), reverse=True)
