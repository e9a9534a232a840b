"""Training: corpora to examples, batches, losses, resuming, network. Needs the `train` extra."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the train extra is not installed")
onnx = pytest.importorskip("onnx", reason="the train extra is not installed")

import onnxruntime  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from helpers.model import decoding, encoder  # noqa: E402
from helpers.model.encoder import NAME_TAGS, TAGS  # noqa: E402
from helpers.study import corpora  # noqa: E402
from helpers.text.article import Article  # noqa: E402
from helpers.train import examples, network, reading  # noqa: E402

TEXT = "“We will rebuild the bridge,” Mayor Ana Ortiz said on Monday.\n\nRain is over, he added."


def span(text: str, part: str) -> list[int]:
    return [text.index(part), text.index(part) + len(part)]


GOLD = [
    {
        "source": [span(TEXT, "Mayor Ana Ortiz")],
        "cue": [span(TEXT, "said")],
        "content": [span(TEXT, "“We will rebuild the bridge,”")],
    },
    {
        "source": [span(TEXT, "he added")[:1] + [span(TEXT, "he added")[0] + 2]],
        "cue": [span(TEXT, "added")],
        "content": [span(TEXT, "Rain is over")],
    },
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    folder = encoder.MODELS / encoder.MODEL
    if not (folder / "tokenizer.json").is_file():
        pytest.skip(f"no model in {folder}")
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def article(tokenizer) -> examples.Example:
    return examples.attribution_example(tokenizer, TEXT, GOLD)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A checkpoint of a network that has learnt nothing."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "new.pt"
    torch.save(network.Reader().state_dict(), path)
    return path


def forms(example: examples.Example, prefix: str) -> list[str]:
    words = example.words
    return [
        TEXT[words.start[at] : words.end[at]]
        for at, tag in enumerate(example.tags)
        if TAGS[tag] == prefix
    ]


def word_forms(example: examples.Example) -> list[str]:
    words = example.words
    return [TEXT[low:high] for low, high in zip(words.start, words.end, strict=True)]


def test_gold_attributions_become_tags_of_words(article):
    assert forms(article, "B-cue") == ["said", "added"]
    assert forms(article, "B-source") == ["Mayor", "he"]
    assert forms(article, "B-content") == ["“", "Rain"]
    assert forms(article, "I-source") == ["Ana", "Ortiz"]


def test_a_window_points_each_content_to_its_own_cue(article):
    (window,) = examples.make_windows(article.words)
    row = examples.cut(article, window)
    position = np.flatnonzero(row["first"])
    at = {word: position[n] for n, word in enumerate(word_forms(article))}
    assert row["content"][at["rebuild"], at["said"]]
    assert row["content"][at["Rain"], at["added"]]
    assert not row["content"][at["Rain"], at["said"]]
    assert row["source"][at["added"], at["he"]]
    assert not row["content_rows"][at["Monday"]]


def test_a_location_of_another_corpus_may_be_any_kind_of_place(tokenizer):
    text = "She left Kyiv ."
    example = examples.attribution_example(tokenizer, text, [])
    spans = examples.sharpen([(9, 13, "LOC")], [], "btc")
    examples.add_names(example, spans, corpora.label_maps()["btc"][""], 1.0)
    allowed = {tag for n, tag in enumerate(NAME_TAGS) if example.allowed[2] >> n & 1}
    assert allowed == {"B-GPE", "B-LOC", "B-FAC"}
    assert "B-NORP" in {tag for n, tag in enumerate(NAME_TAGS) if example.allowed[0] >> n & 1}


def test_machine_made_labels_choose_among_those_a_corpus_allows():
    spans = examples.sharpen([(0, 4, "LOC")], [(0, 4, "GPE")], "btc")
    assert spans == [(0, 4, ("GPE",))]


def test_machine_made_labels_are_settled_by_agreement():
    text = "Ana Ortiz spoke. Ortiz left."
    (settled,) = examples.settle_silver([text], [[(0, 9, "PERSON"), (17, 22, "ORG")]])
    assert settled == [(0, 9, "PERSON"), (17, 22, "PERSON")]


def test_a_column_file_is_read_as_texts_with_spans(tmp_path):
    path = tmp_path / "names.conll"
    path.write_text("Ana B-PER\nOrtiz I-PER\nleft O\n\nNATO B-ORG\nmet O\n", encoding="utf-8")
    ((text, spans),) = examples.name_texts(path, "btc")
    assert [(text[a:b], label) for a, b, label in spans] == [("Ana Ortiz", "PER"), ("NATO", "ORG")]


def test_documents_of_a_column_file_stay_whole(tmp_path):
    path = tmp_path / "names.conll"
    path.write_text("-DOCSTART- O\n\nAna B-PER\n\nleft O\n\n-DOCSTART- O\n\nKyiv B-LOC\n")
    assert [text for text, _ in examples.name_texts(path, "wikigold")] == ["Ana\nleft\n", "Kyiv\n"]


def test_each_fold_is_read_by_a_network_that_did_not_see_it(tokenizer, weights):
    rows = [
        {"kind": kind, "number": number, "id": "", "text": "Ana left", "spans": [(0, 3, "PER")]}
        for kind in ("wikigold", "btc")
        for number in range(7)
    ]
    seen = []
    model = network.Reader()
    network.load_weights(model, weights)
    with torch.no_grad():
        model.names.weight.zero_()
        model.names.bias.zero_()
        model.names.bias[NAME_TAGS.index("B-PERSON")] = 20

    def learn(drawn, fold):
        seen.append((fold, [row["number"] for row in drawn if row["kind"] == "wikigold"]))
        assert sum(row["kind"] == "btc" for row in drawn) == 7
        return model

    scores = reading.cross_validate("wikigold", rows, list, learn, tokenizer)
    assert seen[0] == (0, [1, 2, 3, 4, 6])
    assert [len(numbers) for _, numbers in seen] == [5, 5, 6, 6, 6]
    assert scores["PERSON"] == scores["all"] == pytest.approx(2 / 3, abs=1e-4)


@given(st.lists(st.sampled_from(["Ana", "Kyiv", "NATO", "and", "."]), max_size=20), st.integers())
def test_swapped_names_are_where_their_spans_say(words, seed):
    labels = {"Ana": "PER", "Kyiv": "LOC", "NATO": "ORG"}
    text, spans = "", []
    for word in words:
        if word in labels:
            spans.append((len(text), len(text) + len(word), labels[word]))
        text += word + " "
    (row,) = examples.swap_names(
        [{"kind": "btc", "id": "btc:1", "text": text, "spans": spans}], random.Random(seed), 0.5
    )
    assert (row["corpus"], row["id"]) == (examples.SWAPPED, "")
    assert [label for *_, label in row["spans"]] == [label for *_, label in spans]
    for start, end, label in row["spans"]:
        assert labels[row["text"][start:end]] == label
    assert len(row["text"].split()) == len(words)


def test_an_epoch_is_the_same_for_the_same_seed_and_fits_its_windows(article):
    corpora = {examples.ATTRIBUTIONS: [article] * 9, "btc": [article] * 9}
    first, again = (
        examples.epoch_batches(corpora, random.Random("3 0"), 128, 512) for _ in range(2)
    )
    assert [[w for _, w in batch] for batch in first] == [[w for _, w in batch] for batch in again]
    for batch in first:
        rows = examples.collate([examples.cut(example, window) for example, window in batch])
        assert rows["ids"].shape[1] <= 128
        assert rows["ids"].numel() <= 512 or len(batch) == 1


def test_a_name_that_may_be_several_labels_costs_nothing_when_one_of_them_is_sure():
    logits = torch.full((1, 1, len(NAME_TAGS)), -20.0)
    logits[..., NAME_TAGS.index("B-LOC")] = 20.0
    allowed = torch.tensor([[examples.bits("GPE", "B") | examples.bits("LOC", "B")]])
    assert network.name_loss(logits, allowed, torch.ones(1, 1)) < 1e-4
    wrong = torch.tensor([[examples.bits("ORG", "B")]])
    assert network.name_loss(logits, wrong, torch.ones(1, 1)) > 10
    assert network.name_loss(logits, wrong, torch.zeros(1, 1)) == 0


def test_links_that_point_right_cost_little():
    size = 4
    links = torch.zeros(1, size, encoder.LINKS)
    links[0, 0, 0] = links[0, 1, encoder.LINK] = 30.0
    words = torch.ones(1, size, dtype=torch.bool)
    target = torch.zeros(1, size, size, dtype=torch.bool)
    target[0, 0, 1] = True
    rows, none = torch.tensor([[1.0, 0, 0, 0]]), torch.zeros(1, size)
    empty = torch.zeros_like(target)
    right = network.link_loss(links, words, target, empty, rows, none)
    assert right < 1e-4
    target[0, 0, 1], target[0, 0, 2] = False, True
    assert network.link_loss(links, words, target, empty, rows, none) > 10


def run(weights: Path, out: Path, article: examples.Example, steps: int) -> reading.ReadingCourse:
    kept = reading.ReadingSettings(frozen=3, warmup=1, rate=1e-3, head_rate=1e-3)
    going = reading.ReadingCourse(kept, weights, out)
    (window,) = examples.make_windows(article.words)
    for _ in range(steps):
        going.step([examples.cut(article, window)], 0.0)
    return going


def test_a_run_learns_keeps_what_is_frozen_and_goes_on_where_it_stopped(tmp_path, weights, article):
    start = torch.load(weights, weights_only=True)
    whole = run(weights, tmp_path / "whole", article, 3)
    changed = {
        name for name, value in whole.model.state_dict().items() if not value.equal(start[name])
    }
    assert {"tags.weight", "layers.3.up.weight", "layers.5.qkv.bias"} <= changed
    below = ("word", "position", "shape", "quoted", "norm.", "layers.0", "layers.1", "layers.2")
    assert not any(name.startswith(below) for name in changed)
    run(weights, tmp_path / "part", article, 2).save()
    resumed = run(weights, tmp_path / "part", article, 1)
    assert resumed.place["step"] == 3
    for name, value in whole.average.state_dict().items():
        assert torch.allclose(value, resumed.average.state_dict()[name], atol=1e-6), name


def test_the_written_model_says_what_the_network_says(tmp_path, weights, tokenizer):
    model = network.Reader()
    network.load_weights(model, weights)
    card = reading.publish(model, tokenizer, [], tmp_path / "model", {"settings": {}}, [TEXT])
    assert set(card["sha256"]) == {"model.onnx", "tokenizer.json"}
    assert (tmp_path / "model" / "model.onnx").stat().st_size <= 24_000_000
    network.write_onnx(network.to_numpy(model), tmp_path / "float.onnx", "float", gelu="Gelu")
    shipped = encoder.Encoder(tmp_path / "model")
    inputs = encoder.read_words(tokenizer, Article(TEXT))
    (window,) = encoder.make_windows(inputs)
    ids, shapes, quoted, _ = encoder.fill(inputs, window)
    with torch.no_grad():
        parts = model.eval()(
            *(torch.tensor(values)[None] for values in (ids, shapes, quoted)),
            torch.tensor([len(ids)]),
        )
    expected = torch.cat(parts, -1)[0].numpy()
    exact = onnxruntime.InferenceSession(tmp_path / "float.onnx")
    given = {"ids": ids[None], "look": (2 * shapes + quoted)[None]}
    assert np.abs(exact.run(None, given)[0][0] - expected).max() < 1e-3
    assert np.abs(shipped.session.run(None, given)[0][0] - expected).mean() < 0.1


def test_a_channel_far_larger_than_the_rest_does_not_coarsen_the_others(tmp_path):
    rng = np.random.default_rng(3)
    weight, bias = rng.normal(size=(48, 32)).astype(np.float32), np.zeros(48, np.float32)
    x = rng.normal(size=(1, 40, 32)).astype(np.float32)
    x[..., 5] *= 60
    wrong = {}
    for name, peaks in (("plain", None), ("evened", np.abs(x).max((0, 1)))):
        graph = network.Graph()
        network.linear(graph, "x", weight, bias, "y", "dynamic", peaks)
        ends = [
            onnx.helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, [1, "n", width])
            for end, width in (("x", 32), ("y", 48))
        ]
        network.write_graph(graph, name, ends[:1], ends[1:], tmp_path / name)
        session = onnxruntime.InferenceSession(tmp_path / name)
        wrong[name] = np.abs(session.run(None, {"x": x})[0] - x @ weight.T).mean()
    assert wrong["evened"] < 0.5 * wrong["plain"]


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path, capsys):
    (tmp_path / "model.safetensors").write_bytes(b"other")
    lines = tmp_path / "empty.jsonl"
    lines.write_text("")
    paths = ["--attributions", lines, "--dev", lines, "--weights", tmp_path, "--out", tmp_path]
    with pytest.raises(SystemExit):
        reading.main([str(part) for part in paths])
    assert "is not the published all-MiniLM-L6-v2" in capsys.readouterr().err


def test_machine_made_names_are_read_back(tmp_path):
    path = tmp_path / "silver.jsonl"
    path.write_text(json.dumps({"id": "a", "spans": [[0, 3, "PERSON"]]}) + "\n\n")
    assert list(corpora.read_lines(path)) == [{"id": "a", "spans": [[0, 3, "PERSON"]]}]


def test_dev_scores_of_an_empty_reading_are_zero(tokenizer, weights):
    model = network.Reader()
    network.load_weights(model, weights)
    with torch.no_grad():
        model.names.weight.zero_()
        model.names.bias.zero_()
        model.names.bias[0] = 20
    reader = reading.TorchEncoder(model, tokenizer)
    named = [(TEXT, [(*span(TEXT, "Ana Ortiz"), ("PERSON",))])]
    assert reading.dev_scores(reader, [], named) == {"names": 0.0}
    read = reader.read(Article(TEXT))
    assert not any(decoding.find_names(words, scores) for words, scores in read)
