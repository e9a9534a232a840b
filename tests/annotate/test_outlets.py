"""What a news outlet is: by the lexicon, by the form of a name, by the words beside it."""

from __future__ import annotations

import pytest

from helpers.annotate import outlets


@pytest.mark.parametrize(
    "words",
    ["Xinhua", "The New York Times", "the Evening Post", "Radio North", "the state news agency",
     "a local newspaper", "the newspaper Clarion", "China’s state-run Xinhua", "the state-run KNA",
     "the Sojin daily Haeran Ilbo"],
)  # fmt: skip
def test_words_that_name_or_describe_an_outlet(words):
    assert outlets.is_outlet(words)


@pytest.mark.parametrize(
    "words",
    ["Ada Lee", "the harbour board", "Reuters Institute", "the water agency", "NASA",
     "a newspaper reader", "state-run Gazprom", "Post Office", "Xi",
     "a memo seen by Reuters", "an editor at the Evening Post"],
)  # fmt: skip
def test_words_that_do_not(words):
    assert not outlets.is_outlet(words)


def test_one_outlet_has_several_names():
    assert outlets.same_outlet("The Harwick Courier", "Courier")
    assert outlets.same_outlet("AFP", "Agence France-Presse")
    assert not outlets.same_outlet("New York Times", "Financial Times")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("TASS said so.", [("TASS", "TASS")]),
        ("The paper Nordlys said so. Nordlys is old.", [("Nordlys", "Nordlys")] * 2),
        ("VESTA, the news agency, met.", [("VESTA", "VESTA")]),
        ("Reuters met. It quoted her.", [("Reuters", "Reuters"), ("It", "Reuters")]),
        ("Reuters met. The agency agreed.", [("Reuters", "Reuters"), ("The agency", "Reuters")]),
        ("The agency agreed.", []),
        ("Lena Marr, a media relations officer, agreed.", []),
        ("Lena Marr, a columnist for the newspaper, agreed.", []),
        ("She is independent.", []),
    ],
)
def test_where_a_text_names_an_outlet(text, named):
    found = outlets.find_outlets(text)
    assert [(text[one.start : one.end], one.name) for one in found] == named


def test_an_outlet_may_be_known_from_elsewhere():
    text = "The Lantern said so."
    assert outlets.find_outlets(text) == []
    (found,) = outlets.find_outlets(text, [("Lantern", "Harbour Lantern")])
    assert found.names(text) == ("Harbour Lantern", "Lantern")
