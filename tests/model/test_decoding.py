"""From scores to names and attributions: legal tags, spans, links, rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.model import decoding, encoder
from helpers.model.decoding import Settings, Span
from helpers.model.encoder import LINKS, NAME_TAGS, TAGS, Scores, Words, best_tags, read_spans
from helpers.text.article import Article
from helpers.train import tuning


def _words(text: str) -> Words:
    """Words at the spaces of a text, one paragraph a line."""
    starts, ends, paragraphs, at = [], [], [], 0
    for number, line in enumerate(text.split("\n")):
        for form in line.split(" "):
            starts.append(at)
            ends.append(at + len(form))
            paragraphs.append(number)
            at += len(form) + 1
    size = len(starts)
    return Words(
        start=np.array(starts),
        end=np.array(ends),
        paragraph=np.array(paragraphs),
        shape=np.ones(size, np.int64),
        quoted=np.zeros(size, np.int64),
        first=np.arange(size + 1),
        ids=np.zeros(size, np.int64),
        stop=np.zeros(size, np.int64),
    )


def _scores(tags: list[str], sure: float = 4.0) -> Scores:
    """Scores that favour these tags, with links that tell nothing apart."""
    logits = np.zeros((len(tags), len(TAGS)))
    for row, tag in zip(logits, tags, strict=True):
        row[TAGS.index(tag)] = sure
    names = np.zeros((len(tags), len(NAME_TAGS)))
    return Scores(
        encoder.log_softmax(logits),
        encoder.log_softmax(names),
        np.zeros((len(tags), LINKS)),
        np.zeros(len(tags), np.int64),
    )


def test_content_cue_and_source_make_an_attribution():
    text = "Rain is over , the mayor said"
    tags = ["B-content", "I-content", "I-content", "O", "B-source", "I-source", "B-cue"]
    words = _words(text)
    (found,) = decoding.find_attributions(text, words, _scores(tags), Settings())
    assert text[slice(*decoding.to_characters(words, found.content[0]))] == "Rain is over"
    assert text[slice(*decoding.to_characters(words, found.source))] == "the mayor"
    assert text[slice(*decoding.to_characters(words, found.cue))] == "said"


def test_an_attribution_may_have_no_source():
    text = "It is expected that rain ends"
    tags = ["O", "B-cue", "I-cue", "B-content", "I-content", "I-content"]
    (found,) = decoding.find_attributions(text, _words(text), _scores(tags), Settings())
    assert found.source is None


def test_a_content_without_a_cue_is_no_attribution():
    text = "rain ends"
    tags = ["B-content", "I-content"]
    assert decoding.find_attributions(text, _words(text), _scores(tags), Settings()) == []


@st.composite
def _random_logs(draw):
    size = draw(st.integers(1, 30))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    logs = encoder.log_softmax(rng.normal(size=(size, len(TAGS))) * 3)
    opens = rng.random(size) < 0.2
    opens[0] = True
    return logs, opens


@given(_random_logs())
def test_best_tags_are_legal(case):
    logs, opens = case
    tags = best_tags(logs, opens)
    for at, tag in enumerate(tags):
        if tag and tag % 2 == 0:
            assert not opens[at]
            assert tags[at - 1] in (tag, tag - 1)
    covered = sum(high - low for low, high, _ in read_spans(tags))
    assert covered == (tags > 0).sum()


@given(_random_logs())
def test_no_legal_sequence_is_likelier(case):
    logs, opens = case
    tags = best_tags(logs, opens)
    rng = np.random.default_rng(0)
    best = logs[np.arange(len(tags)), tags].sum()
    for _ in range(20):
        other = best_tags(logs + rng.normal(size=logs.shape), opens)
        assert logs[np.arange(len(tags)), other].sum() <= best + 1e-9


def test_trim_leaves_article_and_possessive_out():
    text = "The Kremlin’s"
    assert text[slice(*decoding.trim(text, 0, len(text)))] == "Kremlin"
    assert decoding.trim("the Board’s plan", 0, 11) == (4, 9)


def test_confidence_is_a_probability():
    weights = np.zeros(len(decoding.FEATURES))
    assert decoding.confidence(np.ones(len(weights)), weights) == pytest.approx(0.5)


def test_the_calibration_error_is_the_gap_between_confidence_and_share_right():
    chance, right = np.array([0.95, 0.95, 0.15, 0.15]), np.array([1.0, 0, 0, 0])
    assert tuning.calibration_error(chance, right) == pytest.approx((0.45 + 0.15) / 2)
    assert tuning.calibration_error(right, right) == 0


def test_an_attribution_is_right_when_content_and_source_are():
    text = "Rain is over, the mayor said. Snow begins, he said."
    gold = [{"content": [(0, 12)], "source": [(14, 23)]}]
    rows = [
        {"content": [(0, 7)], "source": [(18, 23)]},
        {"content": [(0, 12)], "source": [(14, 23)]},
        {"content": [(30, 41)], "source": [(43, 45)]},
    ]
    assert list(tuning.correct(text, gold, rows)) == [False, True, False]
    wrong = [{"content": [(0, 12)], "source": [(43, 45)]}]
    assert list(tuning.correct(text, gold, wrong)) == [False]


@given(st.integers(0, 2**32 - 1))
def test_fitted_confidence_rises_with_what_makes_an_attribution_right(seed):
    rng = np.random.default_rng(seed)
    features = np.column_stack([np.ones(400), rng.normal(size=400)])
    right = (rng.random(400) < 1 / (1 + np.exp(-2 * features[:, 1]))).astype(float)
    weights = tuning.fit_logistic(features, right)
    assert weights[1] > 0.5
    assert np.isclose((1 / (1 + np.exp(-features @ weights))).mean(), right.mean(), atol=0.01)


def test_spans_become_characters():
    words = _words("one two three")
    assert decoding.to_characters(words, Span(1, 3, 0.0)) == (4, 13)


def _read(text: str) -> decoding.Reading:
    if not (encoder.MODELS / encoder.MODEL / "model.json").is_file():
        pytest.skip("no model")
    return decoding.read(Article(text))


def test_a_plain_sentence_is_read_right():
    text = "“We will rebuild the bridge,” Mayor Ana Ortiz said on Monday."
    reading = _read(text)
    (said,) = reading.attributions
    assert "rebuild the bridge" in text[said.content[0][0] : said.content[-1][1]]
    assert "Ortiz" in text[slice(*said.source[0])]
    assert "said" in text[slice(*said.cue[0])]
    assert ("Ana Ortiz", "PERSON") in {(text[n.start : n.end], n.label) for n in reading.names}


def test_transcript_turns_name_their_speaker():
    text = "SMITH: We will go on with the work.\n\nJONES: Not at all."
    turns = _read(text).attributions
    assert [text[slice(*turn.source[0])] for turn in turns] == ["SMITH", "JONES"]
    assert {turn.rule for turn in turns} == {"speaker turn"}


LABELS = """WHAT: A rally for the bridge.
WHEN: Monday at noon.
WHERE: The town hall.
WHO: Mayor Ann Quist.
UPDATE: The bridge is open.
URL: https://x.example/bridge.
LEARN MORE: Read the report here.
CONTACT: Call the town hall.
SOURCE: Ministry of Works.
KEY POINTS: The bridge is open.
"""


def test_labels_in_capitals_are_no_speakers():
    assert all(said.rule != "speaker turn" for said in _read(LABELS).attributions)


def test_who_has_no_name_in_a_transcript_is_a_speaker_when_heard_again():
    text = "MODERATOR: Welcome.\n\nSMITH: Good evening.\n\nMODERATOR: Sit down.\n\nNOTE: It rained."
    turns = [said for said in _read(text).attributions if said.rule == "speaker turn"]
    assert [text[slice(*t.source[0])] for t in turns] == ["MODERATOR", "SMITH", "MODERATOR"]


def test_one_line_with_a_colon_is_no_transcript():
    assert all(turn.rule != "speaker turn" for turn in _read("NOTE: it rained.").attributions)


@pytest.mark.parametrize("count", range(4, 24, 2))
def test_nothing_is_lost_at_the_seams_of_a_sentence_longer_than_a_window(count):
    before = "the river rose in the night while the town slept, " * count
    said = "Mayor Ana Ortiz said that the old dam would hold through the winter"
    text = before + said + ", " + "and the rain went on over the dark hills, " * 20 + "and ended."
    reading = _read(text)
    start = text.index("Mayor")
    assert any(
        text[slice(*found.source[0])].endswith("Ana Ortiz")
        and "old dam would hold" in text[found.content[0][0] : found.content[-1][1]]
        for found in reading.attributions
        if found.source
    )
    assert any(
        start <= name.start < start + 15 and name.label == "PERSON" for name in reading.names
    )


@pytest.mark.parametrize("count", [20, 60, 200])
def test_a_sentence_repeated_without_end_keeps_its_attributions(count):
    sentence = "The mayor said on Monday that the old bridge would be closed for repairs. "
    said = _read(sentence * count).attributions
    assert len(said) == count
    for number, found in enumerate(said):
        low, high = number * len(sentence), (number + 1) * len(sentence)
        assert all(low <= start < end <= high for start, end in (*found.cue, *found.content))


def test_a_repeated_quotation_keeps_its_attributions():
    said = _read("“The bridge is closed,” Mayor Ana Ortiz said. " * 100).attributions
    assert len(said) == 100


def test_a_text_without_any_sentence_end_is_read():
    text = "the rain went on over the hills and Mayor Ana Ortiz said that the dam would hold " * 40
    reading = _read(text)
    assert len(reading.attributions) > 20
    assert sum(name.label == "PERSON" for name in reading.names) > 30


def test_a_quotation_of_another_section_is_not_looked_for_here():
    text = 'He wrote:\n"It is what it is , and so."\nRain ends , she said'
    words = _words(text)
    low = int(np.searchsorted(words.start, text.index("Rain")))
    tags = ["B-content", "I-content", "O", "B-source", "B-cue"]
    (found,) = decoding.find_attributions(text, words[low:], _scores(tags), Settings())
    (content,) = found.content
    assert text[slice(*decoding.to_characters(words[low:], content))] == "Rain ends"


@pytest.mark.parametrize("decoder", [{"depth": 3}, {"weights": [1.0]}])
def test_settings_of_another_version_are_refused(decoder):
    other = encoder.Encoder.__new__(encoder.Encoder)
    other.folder, other.card = encoder.MODELS / "other", {"decoder": decoder}
    with pytest.raises(encoder.ModelError, match=r"other.model\.json"):
        decoding.read_settings(other)


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "!!!", "word", "一" * 500, "a" * 5000])
def test_odd_texts_are_read_without_error(text):
    reading = _read(text)
    for name in reading.names:
        assert 0 <= name.start < name.end <= len(text)


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="ab said“”.\n,AI’ ", max_size=200))
def test_offsets_lie_in_the_text(text):
    for said in _read(text).attributions:
        for start, end in (*said.content, *said.cue, *said.source):
            assert 0 <= start < end <= len(text)
        assert 0 <= said.confidence <= 1
