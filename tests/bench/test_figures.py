"""README's figures are those that were measured, and are written by the command that measures."""

from __future__ import annotations

import pytest

from helpers.bench import figures


def test_the_table_of_readme_is_what_was_measured():
    written = figures.README.read_text("utf-8")
    assert figures.put_table(written, figures.write_table(figures.read())) == written


def test_a_figure_stands_with_its_interval_beside_people_and_the_best_other_tool():
    first = figures.read().head(1).assign(value=70.4, low=68.2, high=72.9)
    table = figures.write_table(first)
    assert "| 70 (68 to 73) |" in table and "| 77 | 60, Citron" in table


def test_a_readme_without_the_marks_and_gold_that_is_not_there_are_told():
    with pytest.raises(ValueError, match="lacks the marks"):
        figures.put_table("# A page", "| table |")
    with pytest.raises(ValueError, match="no folder"):
        figures.main(["nowhere"])
