"""What a text costs grows with its length, not with its square, whatever it is made of."""

from __future__ import annotations

import os
import time

import pandas as pd
import pytest
from regex_fixture import collect, grows, method_of, units
from texts_fixture import UNITS, fill

from helpers.corpus.annotation import annotate
from helpers.store import schema

SLOW = "ATTRIBUTED_SLOW" in os.environ
WORST = ("\n", "A", "A&", "A_", ".", "…") if SLOW else ("\n", "A&", ".")
SMALL = 1500 if SLOW else 500  # characters of an article
FASTER = 7.0  # times as long for a text four times as long: linear is 4, a square is 16
# applied to a few words only: a name, what stands before or behind one, a tag of a page
SHORT = (
    "annotate/persons.py", "annotate/positions.py", "annotate/attributions.py", "batch/pages.py",
    "read/dates.py",
)  # fmt: skip


def cost(text: str) -> float:
    """Return the processor time of annotating an article of this text."""
    row = schema.filled("articles", article_id="a", path="a.txt", language="en", text=text, words=1)
    begun = time.process_time()
    annotate(pd.DataFrame([row]))
    return time.process_time() - begun


@pytest.fixture(scope="module")
def warm() -> None:
    cost("Ann Smith said on Monday the board met.\n\n“Yes,” she said. By Bob Stone")


def test_no_expression_takes_far_longer_for_a_text_that_is_longer():
    found = [one for one in collect() if one[0] not in SHORT]
    assert len(found) > 100
    found = found if SLOW else found[::25]
    wrong = {}
    for file, name, pattern in found:
        method = method_of(file, name)
        for unit in dict.fromkeys(units(pattern, some=2 if SLOW else 1)):
            if grows(pattern, method, unit) > FASTER and all(
                grows(pattern, method, unit, size) > FASTER for size in (4000, 6000)
            ):
                wrong[file, name] = unit
    assert not wrong


@pytest.mark.parametrize("unit", WORST)
def test_an_article_of_one_sign_costs_in_proportion(unit: str, warm):
    for _ in range(3):  # another process may have had the processor meanwhile
        small, large = cost(fill(unit, SMALL)), cost(fill(unit, 4 * SMALL))
        if large < 1.5 * 4 * small + 0.2:
            return
    pytest.fail(f"{large:.2f} s for {4 * SMALL} characters of {unit!r}, {small:.2f} s for {SMALL}")


def test_kinds_of_text_are_many_and_different():
    assert len({*UNITS}) >= 120
