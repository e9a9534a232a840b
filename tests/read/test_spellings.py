"""Outlets: one per outlet whatever its spelling, and never two made one."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.read.spellings import join_outlets, told_by_folder


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
        "The Vale Echo (Online)",
        "Vale Echo - Print",
        "The Vale Echo.com",
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


def test_a_known_outlet_by_its_other_names():
    guardian = ("The Guardian (London)", "Guardian (UK)", "www.theguardian.com")
    assert joined(("The Guardian", ""), *((one, "") for one in guardian))[0] == ["The Guardian"] * 4
    times = (("New York Times, The", ""), ("NYT", ""), ("", "https://www.nytimes.com/1"))
    assert joined(("The New York Times", ""), *times)[0] == ["The New York Times"] * 4
    towns = [("The Gazette (Montreal)", ""), ("The Gazette (Cedar Rapids)", "")]
    assert joined(*towns)[0] == [name for name, _ in towns]


def test_an_address_is_its_own_outlet_s_before_one_of_its_name():
    rows = (
        ("The Independent", "https://www.independent.co.uk/a"),
        ("Irish Independent", "https://www.independent.ie/b"),
        ("", "https://www.independent.ie/c"),
    )
    assert joined(*rows)[0] == ["The Independent", "Irish Independent", "Irish Independent"]
    blogs = ("anna.substack.com", "bo.substack.com", "cy.wordpress.com")
    assert joined(*(("", f"https://{one}/p/1") for one in blogs))[0] == [*blogs]


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("section", ["World News", "Arts & Culture", "us-politics", "02_sport", "Politics 2023"]),
        ("section", ["Germany", "South Africa", "fake_news", "Health and Science"]),
        ("", ["train", "batch 3", "part_03", "Q1 2024", "January 2024", "Nexis exports", "fake"]),
        ("", ["2024-03", "Monday", "left", "raw data", "en", "html"]),
        ("outlet", ["The Vale Echo", "cnn.com", "Science Daily", "Politics Home", "Marketplace"]),
        ("outlet", ["The National", "Business Insider", "News of the Vale", "Time", "a"]),
    ],
)
def test_what_a_folder_tells(told: str, names: list[str]):
    assert [told_by_folder(name) for name in names] == [told] * len(names)
