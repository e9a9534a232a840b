"""Annotating a part: every article is read by the model once, however large the part."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.corpus import annotation
from helpers.model import encoder
from helpers.store import schema


@pytest.fixture
def articles() -> pd.DataFrame:
    texts = [
        f"Mayor Ann Quist praised Oskar Lind on day {n}.\n\nLind said Quist had failed the town."
        for n in range(6)
    ]
    rows = [dict.fromkeys(schema.TABLES["articles"].columns.names, "") for _ in texts]
    found = pd.DataFrame(rows).assign(article_id=[f"a{n}" for n in range(6)], text=texts)
    return found.assign(language="en", words=16)


def test_every_article_is_read_once(monkeypatch, articles):
    encoder.load_encoder()
    annotation.annotate(articles[:1])
    run, seen = encoder.Encoder._run, []
    monkeypatch.setattr(encoder.Encoder, "_run", lambda *given: seen.append(1) or run(*given))
    found = annotation.annotate(articles)
    assert len(seen) == len(articles) and len(found["targets"]) > len(articles)


def test_an_article_is_annotated_alike_beside_others_and_alone(articles):
    together = annotation.annotate(articles)
    alone = [annotation.annotate(articles[n : n + 1]) for n in range(len(articles))]
    for name, table in together.items():
        one_by_one = pd.concat([frames[name] for frames in alone], ignore_index=True)
        pd.testing.assert_frame_equal(table.reset_index(drop=True), one_by_one, check_dtype=False)
