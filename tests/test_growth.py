"""What a text costs grows with its length, not with its square, whatever it is made of."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pandas as pd
import pytest
from attack_fixture import REPORT, how_many
from regex_fixture import collect, grows, method_of, units
from texts_fixture import UNITS, fill

from helpers.corpus.annotation import annotate
from helpers.store import schema

PROJECT = Path(__file__).resolve().parent.parent
SLOW = bool(REPORT)
WORST = ("\n", "A", "A&", "A_", ".", "…") if SLOW else ("\n", "A&", ".")
SMALL = 1500 if SLOW else 500  # characters of an article
FASTER = 7.0  # times as long for a text four times as long: linear is 4, a square is 16
# applied to a few words only: a name, what stands before or behind one, a tag of a page, a line
SHORT = (
    "annotate/persons.py", "annotate/positions.py", "annotate/attributions.py", "batch/pages.py",
    "read/dates.py", "study/corpora.py", "form between names", "form photo credit",
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


@pytest.mark.attack
def test_no_expression_takes_far_longer_for_a_text_that_is_longer(attack):
    attack.on("expressions that grow faster than the text")
    found = [one for one in collect() if not {*one[:2]} & {*SHORT}]
    assert len(found) > 200
    found = found if SLOW else found[::25]
    for file, name, pattern in found:
        method = method_of(file, name)
        attack.take(f"{file} {name}")
        for unit in dict.fromkeys(units(pattern, some=2 if SLOW else 1)):
            if grows(pattern, method, unit) > FASTER and all(
                grows(pattern, method, unit, size) > FASTER for size in (4000, 6000)
            ):
                attack.broken.append((f"{file} {name}", repr(unit)))
    attack.check()


@pytest.mark.parametrize("unit", WORST)
def test_an_article_of_one_sign_costs_in_proportion(unit: str, warm):
    for _ in range(3):  # another process may have had the processor meanwhile
        small, large = cost(fill(unit, SMALL)), cost(fill(unit, 4 * SMALL))
        if large < 1.5 * 4 * small + 0.2:
            return
    pytest.fail(f"{large:.2f} s for {4 * SMALL} characters of {unit!r}, {small:.2f} s for {SMALL}")


ORDINARY = "".join(
    file.read_text(encoding="utf-8").rpartition("---\n")[2]
    for file in sorted((PROJECT / "data/sample/articles").rglob("*.md"))
)
SHORT_KB, LONG_KB, LONGEST_KB = (16, 64, 256) if SLOW else (2, 8, 8)
PARTS = 2 if SLOW else 1  # so that two processes share what takes longest
DEARER, UNEQUAL = 4.0, 1.5  # times ordinary news, and times from one length to the other
# What grows with the square and is 1.5 times as dear at 256 kB as at 16 is 1.1 times at 64: no
# kind is tried at the greatest length that is neither, nor could be too dear there.
DOUBTED, RATHER_DEAR = 1.1, DEARER / UNEQUAL


def per_kb(text: str, tries: int = 1) -> float:
    """Return the processor time of a kB of a text, in the middle of some tries."""
    return statistics.median(cost(text) for _ in range(tries)) / (len(text) / 1000)


@pytest.mark.attack
@pytest.mark.parametrize("part", range(PARTS))
def test_texts_of_every_kind_cost_as_much_as_news_at_any_length(part, attack, warm):
    attack.on("kinds of text: more than 4 times ordinary news, or dearer by length")
    kinds = UNITS[:: max(1, len(UNITS) // how_many(4, len(UNITS)))][part::PARTS]
    lengths = sorted({SHORT_KB, LONG_KB, LONGEST_KB})
    news = {size: per_kb(fill(ORDINARY, size * 1000), 3) for size in lengths[:2]}
    news |= {size: per_kb(fill(ORDINARY, size * 1000)) for size in lengths[2:]}
    least, worst, longest = news[SHORT_KB] / 4, (0.0, ""), 0  # what is cheaper is not compared
    for unit in kinds:
        spent = {}
        for size in lengths:
            spent[size] = per_kb(fill(unit, size * 1000))
            grown = spent[size] / max(spent[SHORT_KB], least)
            if size == LONG_KB and grown >= DOUBTED:  # by chance?
                spent = {one: per_kb(fill(unit, one * 1000), 3) for one in spent}
                grown = spent[size] / max(spent[SHORT_KB], least)
            times = max(spent[one] / news[one] for one in spent)
            if size == LONG_KB and grown < DOUBTED and times < RATHER_DEAR:
                break
        longest += size == LONGEST_KB
        worst = max(worst, (times, unit[:20]))
        attack.take(
            repr(unit[:40]),
            f"{times:.1f} times ordinary news" if times > DEARER else "",
            f"{grown:.1f} times at {size} kB" if grown > UNEQUAL * (1 if SLOW else 2) else "",
        )
    attack.notes = f"news {news} s per kB; worst {worst[0]:.1f}, {worst[1]!r}; {longest} at all"
    attack.check()


def test_kinds_of_text_are_many_and_different():
    assert len({*UNITS}) >= 120
