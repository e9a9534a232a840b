"""Outlets: one per outlet whatever its spelling, and never two made one."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.read.spellings import join_outlets


def joined(*rows: tuple[str, str], given: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Return the outlet of each article, given as written and with its address."""
    frame = pd.DataFrame(rows, columns=["outlet", "url"])
    frame["article_id"] = [f"a{place}" for place in range(len(rows))]
    changed, told = join_outlets(frame, given)
    ids = zip(frame["article_id"], frame["outlet"], strict=True)
    return [changed.get(article_id, outlet) for article_id, outlet in ids], told


@pytest.mark.parametrize(
    "spelling",
    [
        "the vale echo",
        "THE VALE ECHO",
        "Vale Echo",
        "the-vale-echo",
        "vale_echo",
        "Vale Echo, The",
        "valeecho.example",
        "www.ValeEcho.co.uk",
        "TheValeEcho",
        "Válé Echo",
    ],
)
def test_one_outlet_in_two_spellings(spelling: str):
    names, told = joined(("The Vale Echo", ""), ("The Vale Echo", ""), (spelling, ""))
    assert names == ["The Vale Echo"] * 3
    assert len(told) == 1 and repr(spelling) in told[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vale Echo", "Vale Echo on Sunday"),
        ("The Post", "Die Post"),
        ("The Guardian (Charlottetown)", "The Guardian"),
        ("Radio North", "Radio Norte"),
        ("Times", "timesofvale.example"),
    ],
)
def test_two_outlets_stay_two(one: str, other: str):
    assert joined((one, ""), (other, "")) == ([one, other], [])


def test_an_address_tells_the_outlet():
    page = "https://www.harbour.example/news/1"
    assert joined(("", page), ("The Anchor", page + "2"))[0] == ["The Anchor"] * 2
    assert joined(("harbour.example", ""), ("The Anchor", page))[0] == ["The Anchor"] * 2
    assert joined(("", page))[0] == ["harbour.example"]
    both = (("The Anchor", page), ("The Mast", page), ("harbour.example", ""))
    assert joined(*both)[0] == ["The Anchor", "The Mast", "harbour.example"]
    assert joined(("", ""), ("", "http://[broken"))[0] == ["", ""]


def test_one_name_in_two_countries_is_two_outlets():
    names, told = joined(
        ("The Times", "https://www.thetimes.co.uk/a"),
        ("The Times", "https://www.thetimes.co.za/b"),
        ("Times", "https://thetimes.co.za/c"),
        ("The Times", "https://other.example/d"),
    )
    assert names == [
        "The Times (thetimes.co.uk)",
        "The Times (thetimes.co.za)",
        "The Times (thetimes.co.za)",
        "The Times",
    ]
    assert len(told) == 2
    on_others = (("Rapid Wire", "https://vale.co.uk/a"), ("Rapid Wire", "https://anning.ca/b"))
    assert joined(*on_others)[0] == ["Rapid Wire"] * 2


def test_what_the_user_named_is_kept():
    given = ("Echo (Vale)", "The Vale Echo", "Vale Echo")
    assert joined(("The Vale Echo", ""), ("Vale Echo", ""), given=given)[1] == []
    assert (
        joined(("Vale Echo", ""), ("vale-echo", ""), given=("Vale Echo",))[0] == ["Vale Echo"] * 2
    )
    assert (
        joined(("THE VALE ECHO", ""), ("Vale Echo", ""), given=("THE VALE ECHO",))[0]
        == ["THE VALE ECHO"] * 2
    )
