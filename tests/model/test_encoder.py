"""The encoder's text side: words, windows and their inputs; the model's files."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from helpers.model import encoder, target_model
from helpers.model.encoder import CLS, MARGIN, SEP, WINDOW, fill, make_windows, read_words
from helpers.text.article import Article


@lru_cache
def _tokenizer() -> Tokenizer:
    folder = encoder.MODELS / encoder.MODEL
    if not (folder / "tokenizer.json").is_file():
        pytest.skip(f"no model in {folder}")
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return _tokenizer()


def test_words_keep_the_offsets_of_the_text(tokenizer):
    text = "“Café's closed,” said Łukasz.\n\nHe didn't  say why."
    words = read_words(tokenizer, Article(text))
    forms = [text[low:high] for low, high in zip(words.start, words.end, strict=True)]
    assert forms[:8] == ["“", "Café", "'", "s", "closed", ",", "”", "said"]
    assert words.paragraph[forms.index("He")] > words.paragraph[forms.index("said")]


@given(st.text(max_size=300), st.integers(16, 64))
def test_windows_keep_every_word_once(text, limit):
    words = read_words(_tokenizer(), Article(text))
    windows = make_windows(words, limit)
    kept = [n for window in windows for n in range(window.keep_low, window.keep_high)]
    assert kept == list(range(len(words)))
    assert (words.start < words.end).all()
    assert (words.start[1:] >= words.end[:-1]).all()
    for window in windows:
        assert window.low <= window.keep_low < window.keep_high <= window.high


@pytest.mark.parametrize(
    "text",
    [
        "word " * 3000,
        "A sentence, " * 900 + "ends here.",
        "No end " * 100 + "\n" + "antidisestablishmentarianism" * 3 + " " + "x" * 150,
        "一" * 2000,
        "don’t " * 2000,
    ],
)
def test_no_window_is_longer_than_the_model_reads(tokenizer, text):
    words = read_words(tokenizer, Article(text))
    for window in make_windows(words):
        ids, shapes, quoted, position = fill(words, window)
        assert len(ids) <= WINDOW + MARGIN
        assert len(ids) == len(shapes) == len(quoted)
        assert ids[0] == CLS
        assert ids[-1] == SEP
        assert (ids[position] == words.ids[words.first[window.low : window.high]]).all()


def test_a_sentence_longer_than_a_window_is_read_with_context_at_every_seam(tokenizer):
    words = read_words(tokenizer, Article("He said that it was so and " * 200))
    windows = make_windows(words)
    assert len(windows) > 3
    for before, after in zip(windows[:-1], windows[1:], strict=True):
        assert before.keep_high == after.keep_low
        assert before.high - before.keep_high >= MARGIN // 2
        assert after.keep_low - after.low >= MARGIN // 2


def test_windows_end_between_sentences_of_a_long_paragraph(tokenizer):
    text = "It rained in the city on the day of the vote. " * 120
    words = read_words(tokenizer, Article(text))
    for window in make_windows(words)[:-1]:
        assert text[words.end[window.high - 1] - 1] == "."


def test_a_missing_model_says_so(tmp_path):
    with pytest.raises(encoder.ModelError, match=r"model\.json is missing"):
        encoder.Encoder(tmp_path)


def test_an_altered_file_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"altered")
    (tmp_path / "model.json").write_text(json.dumps({"sha256": {"model.onnx": "0" * 64}}))
    with pytest.raises(encoder.ModelError, match="was altered"):
        encoder.Encoder(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"sha256": 3}'])
def test_damaged_settings_are_refused(tmp_path, content):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(encoder.ModelError, match=r"model\.json was altered"):
        encoder.Encoder(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "model.json"])
def test_one_changed_byte_in_the_shipped_files_is_noticed(tmp_path, name):
    folder = encoder.MODELS / encoder.MODEL
    if not (folder / "model.json").is_file():
        pytest.skip("no model")
    for file in ("model.onnx", "tokenizer.json", "model.json"):
        content = bytearray((folder / file).read_bytes())
        if file == name:
            content[len(content) // 2] ^= 1
        (tmp_path / file).write_bytes(content)
    with pytest.raises(encoder.ModelError, match=rf"{name} was altered"):
        encoder.Encoder(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps({"sha256": {"model.onnx": "0" * 64}}))
    with pytest.raises(encoder.ModelError, match=r"model\.onnx is missing"):
        encoder.Encoder(tmp_path)


def _read(text: str) -> list[tuple]:
    if not (encoder.MODELS / encoder.MODEL / "model.json").is_file():
        pytest.skip("no model")
    return list(encoder.load_encoder().read(Article(text)))


def test_every_word_gets_one_row_of_scores():
    text = "The mayor said it was over. " * 400
    sections = _read(text)
    assert sum(len(words) for words, _ in sections) == len(
        read_words(encoder.load_encoder().tokenizer, Article(text))
    )
    for words, scores in sections:
        assert len(scores.tags) == len(scores.names) == len(scores.links) == len(words)
        assert np.allclose(np.exp(scores.tags).sum(1), 1, atol=1e-4)


class Deaf(encoder.Encoder):
    """An encoder with the tokeniser alone: every score is 0."""

    def __init__(self):
        self.tokenizer = _tokenizer()

    def _run(self, words, window):
        width = len(encoder.TAGS) + len(encoder.NAME_TAGS) + encoder.LINKS + 8
        return np.zeros((window.keep_high - window.keep_low, width), np.float32)


@pytest.mark.parametrize("unit", ["The mayor said it was over. ", "It rained.\n\n", "word "])
def test_a_very_long_text_is_read_in_sections_so_memory_stays_flat(unit):
    text = unit * (60_000 // len(unit.split()))
    size, at = 0, 0
    for words, scores in Deaf().read(Article(text)):
        assert len(words) == len(scores.tags) <= 4 * encoder.SECTION * WINDOW
        assert text[at : words.start[0]].strip() == ""
        size, at = size + len(words), words.end[-1]
    assert size >= 60_000
    assert text[at:].strip() == ""


def test_every_word_of_a_long_text_has_a_state():
    text = "The mayor said it was over. " * 40
    read = Deaf().states(Article(text))
    assert len(read.start) == len(read.end) == len(read.vectors) > 100
    assert text[read.start[-1] : read.end[-1]] == "."


def test_every_processor_gives_these_states():
    """Sums of bytes cut short, as in AVX2 without VNNI, move each of them by 0.03 to 0.06."""
    states = encoder.load_encoder().states(Article(target_model.PROBE)).vectors[1, :8]
    known = [0.99, 0.28, 0.59, -0.38, -0.09, 0.5, 1.17, -0.32]
    assert np.abs(states - known).max() < 0.02


def test_an_empty_text_has_no_sections():
    assert _read("") == []
    assert _read(" \n\n ") == []


@pytest.mark.parametrize("unit", ["A’", "Z_", "a: ", "q7X+"])
def test_what_is_no_prose_is_not_read_and_beside_it_all_is(unit):
    prose = "The mayor, Ann Smith, said on Monday that it was over in Harwick.\n\n"
    (alone,) = _read(prose)
    (words, scores), *_ = _read(prose * 12 + unit * 2000)
    tags, names = scores.tags.argmax(1), scores.names.argmax(1)
    size = len(alone[0])
    assert (names[:size] == alone[1].names.argmax(1)).all() and names[:size].any()
    assert not tags[-500:].any() and not names[-500:].any()
    assert not scores.states[-500:].any()
