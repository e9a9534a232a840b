"""Annotating a part: every article is read by the model once, however large the part."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.build import annotation
from helpers.model import decoding, encoder
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


def count_readings(monkeypatch, articles: pd.DataFrame) -> tuple[int, dict[str, pd.DataFrame]]:
    run, seen = encoder.Encoder._run, []
    monkeypatch.setattr(encoder.Encoder, "_run", lambda *given: seen.append(1) or run(*given))
    decoding.read.cache_clear()
    encoder.load_encoder().kept.clear()
    return annotation.annotate(articles), len(seen)


def test_every_article_is_read_once_even_if_few_are_kept(monkeypatch, articles):
    encoder.load_encoder()
    annotation.annotate(articles[:1])
    whole, windows = count_readings(monkeypatch, articles)
    assert windows == len(articles) and len(whole["targets"]) > len(articles)
    monkeypatch.setattr(encoder, "KEPT_WORDS", 40)
    monkeypatch.setattr(annotation, "TOGETHER", 80)
    parts, windows = count_readings(monkeypatch, articles)
    assert windows == len(articles)
    for name, table in whole.items():
        pd.testing.assert_frame_equal(table, parts[name], check_dtype=False)
