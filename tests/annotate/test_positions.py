"""What an article says somebody is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate.positions import find_country, find_title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Ukrainian President Ada Lindqvist said so.", "Ukrainian President"),
        ("“No,” said Ada Lindqvist, chairman of the harbour committee, on Monday.",
         "chairman of the harbour committee"),
        ("The union’s president, Ada Lindqvist, said so.", "union’s president"),
        ("Rep. Ada Lindqvist (D-Ohio) said so.", "Rep.; D-Ohio"),
        ("Ada Lindqvist, 41, a professor of geology at Harwick, said so.",
         "professor of geology at Harwick"),
        ("Ada Lindqvist, who chairs the board, said so.", "chairs the board"),
        ("Ada Lindqvist is the director of the fund. She said so.", "director of the fund"),
        ("She met Chinese President Odo Vel and Ada Lindqvist.", ""),
        ("Ada Lindqvist said that the president was ill.", ""),
    ],
)  # fmt: skip
def test_title(text, title):
    assert find_title(text, ("Ada Lindqvist", "Lindqvist")) == title


def test_country():
    assert find_country("Norwegian Prime Minister") == "NOR"
    assert find_country("chairman of the board") == ""


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_around_a_name_can_be_read(before, after):
    assert isinstance(find_title(f"{before}Ada Lindqvist{after}", ("Ada Lindqvist",)), str)
