"""Teachers of the tone model: what they read, how sentences are joined, learning. Needs `train`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from tokenizers import Tokenizer  # noqa: E402

from helpers.model.encoder import MODELS  # noqa: E402
from helpers.train import teachers  # noqa: E402
from helpers.train.teachers import Row  # noqa: E402


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODELS / "reader" / "tokenizer.json"))


def row(length: int, place: int, polarity: int = 0) -> Row:
    marks = np.zeros(length + 2, np.float32)
    marks[1 + place] = 1
    return Row(np.array([101, *range(1000, 1000 + length), 102]), marks, polarity)


def test_the_target_is_marked(tokenizer):
    found = teachers.make_row(tokenizer, "Quist praised Lind.", (14, 18), 2)
    marked = tokenizer.decode(found.ids[found.marks > 0].tolist())
    assert marked == "lind" and found.polarity == 2
    assert teachers.make_row(tokenizer, "Quist praised Lind.", (5, 6), 2) is None


def test_a_long_sentence_is_cut_around_its_target(tokenizer):
    text = "and so on " * 200 + "Lind left " + "and so on " * 200
    start = text.index("Lind")
    found = teachers.make_row(tokenizer, text, (start, start + 4), 1)
    assert len(found.ids) <= teachers.LONGEST and found.marks.sum() >= 1
    assert (found.ids[0], found.ids[-1]) == (101, 102)


@given(st.integers(1, 60), st.integers(1, 60), st.booleans(), st.data())
def test_a_joined_sentence_keeps_target_and_words(one, other, before, data):
    mine = row(one, data.draw(st.integers(0, one - 1)), 2)
    joined = teachers.join(mine, row(other, 0), before)
    assert len(joined.ids) == one + other + 2 == len(joined.marks)
    assert joined.ids[joined.marks > 0].tolist() == mine.ids[mine.marks > 0].tolist()
    assert joined.polarity == 2 and (joined.ids[0], joined.ids[-1]) == (101, 102)


def test_too_long_a_pair_is_not_joined():
    mine = row(100, 3)
    assert teachers.join(mine, row(100, 3), True) is mine


def test_a_teacher_learns_and_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(teachers.network, "load_pretrained", lambda model, path: None)
    rows = [row(4, 1, number % 3) for number in range(9)]
    lines = []
    how = teachers.TeacherSettings(epochs=1, tokens=32)
    kept = tmp_path / "teacher1.pt"

    def learn():
        return teachers.train(rows, how, 1, tmp_path, kept, lambda model: {}, lines.append)

    first = learn()
    again = learn()
    assert len(lines) == 1 and kept.exists()
    assert np.array_equal(teachers.judge(first, rows), teachers.judge(again, rows))
    assert teachers.judge(first, rows).shape == (9, 3)
