"""A small grammar of sentences in which one is blamed and another suffers, is defended or praised.

``data/models/contrasts.csv`` holds a construction a row: ``sentence`` with choices in braces, {S}
who speaks, {X} and {Y} whom he speaks of, and how each of these is spoken of. Those whose ``part``
is *test* are never learnt from. All names are invented (``contrast_names.csv``).
"""

from __future__ import annotations

import random
import re

import pandas as pd

from helpers.model.encoder import MODELS
from helpers.store.schema import POLARITIES

Sentence = tuple[str, list[tuple[int, int]], list[int]]
CHOICE = re.compile(r"\{([^{}]*)\}")


def make_contrasts(part: str, each: int, seed: int = 1) -> list[Sentence]:
    """Return ``each`` different sentences of every construction of a part, *train* or *test*.

    Each with the spans of its two targets and their places in POLARITIES. Raises ValueError when
    a construction does not allow so many.
    """
    rng = random.Random(seed)
    rows = pd.read_csv(MODELS / "contrasts.csv", keep_default_na=False)
    names = pd.read_csv(MODELS / "contrast_names.csv")["name"].tolist()
    found: list[Sentence] = []
    for row in rows[rows["part"] == part].to_dict("records"):
        answers = [POLARITIES.index(row["x"]), POLARITIES.index(row["y"])]
        made: dict[str, list[tuple[int, int]]] = {}
        for _ in range(50 * each):
            text, spans = _fill(row["sentence"], names, rng)
            made.setdefault(text, spans)
            if len(made) == each:
                break
        else:
            raise ValueError(f"{row['construction']}: fewer than {each} different sentences")
        found += [(text, spans, answers) for text, spans in made.items()]
    return found


def _fill(sentence: str, names: list[str], rng: random.Random) -> tuple[str, list[tuple[int, int]]]:
    """Return a sentence with its choices made, and where {X} and {Y} stand in it."""
    named = dict(zip("SXY", rng.sample(names, 3), strict=True))
    text, spans = "", {}
    for number, piece in enumerate(CHOICE.split(sentence)):
        if number % 2:
            begin = len(text)
            text += named.get(piece) or rng.choice(piece.split("|"))
            spans[piece] = (begin, len(text))
        else:
            text += piece
    first = re.search(r"\w", text)
    assert first, "a sentence holds words"
    text = text[: first.start()] + first[0].upper() + text[first.end() :]
    return text, [spans["X"], spans["Y"]]
