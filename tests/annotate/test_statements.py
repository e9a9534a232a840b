"""Whether what the reader marked is anybody's statement."""

from __future__ import annotations

import json
import shutil

import pytest

from helpers import find_attributions
from helpers.annotate import rules, statements
from helpers.model import encoder
from helpers.model.encoder import MODELS, ModelError, load_encoder
from helpers.text.article import Article


def contents(text: str) -> list[str]:
    return find_attributions([Article(text, "a")])["text"].tolist()


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        (
            "The minister thanked the nurses. She said that talks would resume.",
            "talks would resume",
        ),
        (
            "Odo Brandvik was sentenced to four years. He denied that he took money.",
            "he took money",
        ),
        ("The court threw out the case. “It was fair,” Mara Quist said.", "It was fair"),
    ],
)
def test_what_nobody_says_is_no_statement(text, stated):
    (only,) = contents(text)
    assert stated in only


def test_turned_off_everything_that_is_marked_stays():
    text = "Rescuers found the bodies of two men. It is unclear who paid for the boat."
    kept = contents(text)
    with rules.without("only what is stated"):
        marked = contents(text)
    assert set(kept) <= set(marked) and len(kept) < len(marked)


def test_a_damaged_head_or_one_of_another_reader_is_refused(tmp_path):
    reader = load_encoder(encoder.MODEL)
    folder = shutil.copytree(MODELS / statements.MODEL, tmp_path / "head")
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(card | {"threshold": 0.9}))
    with pytest.raises(ModelError, match="altered"):
        statements.StatementModel(folder, reader)
    del card["sealed"]
    other = card | {"probe": [-number for number in card["probe"]]}
    (folder / "model.json").write_text(json.dumps(other))
    with pytest.raises(ModelError, match="train statements"):
        statements.StatementModel(folder, reader)
