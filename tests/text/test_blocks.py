"""Blocks and header of articles: readable cases, one real story, and the laws."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.store import schema
from helpers.text import furniture
from helpers.text.article import Article
from helpers.text.blocks import read_header

PROSE = "The council met on Monday and agreed to repair the old bridge before the winter."
MORE = "Work on the bridge is expected to take four months, its engineer told the meeting."
STORY = f"""Council agrees to repair bridge

The oldest crossing of the river has been shut since spring.

By Ada Quist and Tom Orr

HARWICK, Marland – {PROSE}

{MORE}

A long winter

{PROSE} It will cost 4 million crowns.

The old bridge at Harwick, May 2, 2026.
harwick-bridge_05022026_1 The old bridge at Harwick, May 2, 2026. (Ann Lee/Reuters)

{MORE}

RELATED STORIES

Ferry company asks for a subsidy

What the bridge is made of

{PROSE}

Edited by Jo Park.

© 2026 The Harwick Example
"""


def blocks_of(text: str, markup: str = "") -> list[tuple[str, str]]:
    return [(role, text[start:end]) for start, end, role in Article(text, markup=markup).blocks]


def texts_of(text: str, role: str) -> list[str]:
    return [content for found, content in blocks_of(text) if found == role]


def sentences_of(text: str) -> list[str]:
    return [text[start:end] for start, end, _ in Article(text).sentences]


def header_of(text: str, byline: str = "") -> dict[str, str]:
    return read_header(text, Article(text).blocks, byline)


def wire_of(text: str, byline: str = "") -> str:
    return header_of(text, byline)["wire"]


# ---------------------------------------------------------------------------- the parts of a story


def test_every_part_of_a_story_is_found():
    assert [role for role, _ in blocks_of(STORY)] == [
        "headline",
        "standfirst",
        "byline",
        "dateline",
        "body",
        "body",
        "subhead",
        "body",
        "caption",
        "caption",
        "body",
        "related",
        "body",
        "credit",
        "boilerplate",
    ]


def test_a_real_wire_story(stories):
    file = stories / "rfa_2024-11-18_long-range-missiles.txt"
    if not file.is_file():
        pytest.skip(f"{file} is absent")
    text = file.read_bytes().decode("utf-8")
    blocks = Article(text).blocks
    assert Counter(role for *_, role in blocks) == {
        "headline": 1,
        "standfirst": 1,
        "dateline": 1,
        "body": 26,
        "subhead": 3,
        "caption": 2,
        "related": 1,
        "credit": 1,
    }
    assert texts_of(text, "dateline") == ["TAIPEI, Taiwan –"]
    assert len({furniture.read_caption(caption) for caption in texts_of(text, "caption")}) == 1
    header = header_of(text)
    assert header["dateline_place"] == "TAIPEI, Taiwan"
    assert header["headline"] and not header["byline"] and not header["wire"]


def test_texts_without_a_headline_begin_with_the_body():
    assert blocks_of(f"{PROSE}\n\n{MORE}") == [("body", PROSE), ("body", MORE)]
    assert [role for role, _ in blocks_of("One line and nothing else")] == ["body"]


@pytest.mark.parametrize(
    "headline",
    [
        "Council agrees to repair bridge",
        "‘A redundancy notice’: dockers reject offer",
        "Who pays for the bridge?",
        "# Council agrees to repair bridge",
        "Mayor Wins the Long Fight Over Bridge.",
    ],
)
def test_headlines(headline):
    assert texts_of(f"{headline}\n\n{PROSE}\n\n{MORE}", "headline") == [headline]


def test_a_headline_printed_twice_is_counted_once():
    text = (
        f"Council agrees to repair bridge\n\nCouncil agrees to repair bridge\n\n{PROSE}\n\n{MORE}"
    )
    assert [role for role, _ in blocks_of(text)][:2] == ["headline", "boilerplate"]


def test_a_first_sentence_is_not_taken_for_a_standfirst():
    text = f"Council agrees to repair bridge\n\n{PROSE}\n\n{MORE}"
    assert [role for role, _ in blocks_of(text)] == ["headline", "body", "body"]


def test_a_standfirst_in_bold_needs_no_byline():
    text = f"# Bridge shut\n\n**Council meets tonight to decide**\n\n{PROSE}\n\n{MORE}"
    assert texts_of(text, "standfirst") == ["**Council meets tonight to decide**"]


@pytest.mark.parametrize(
    ("start", "place"),
    [
        ("TAIPEI, Taiwan –", "TAIPEI, Taiwan"),
        ("WASHINGTON (AP) —", "WASHINGTON"),
        ("LONDON, Nov 16 (Reuters) -", "LONDON"),
        ("BEIJING, Nov. 18 (Xinhua) --", "BEIJING"),
        ("NEWPORT NEWS, Va. -", "NEWPORT NEWS, Va."),
        ("HARWICK, Marland –", "HARWICK, Marland"),
        ("TAIPEI/HONG KONG (Reuters) -", "TAIPEI/HONG KONG"),
        ("NEW DELHI:", "NEW DELHI"),
        ("Harwick —", "Harwick"),
        ("Paris (AFP) –", "Paris"),
        ("(AP) —", ""),
    ],
)
def test_datelines(start, place):
    text = f"Council agrees to repair bridge\n\n{start} {PROSE}\n\n{MORE}"
    assert texts_of(text, "dateline") == [start]
    assert header_of(text)["dateline_place"] == place
    assert texts_of(text, "body")[0] == PROSE


@pytest.mark.parametrize(
    "body",
    [
        "Varley — Quist’s old rival — said on Monday that the bridge would be repaired soon.",
        "NATO – the alliance of 32 states – said on Monday that the bridge would be repaired.",
        "WATCH: The council met on Monday and agreed to repair the old bridge before winter.",
        "The council — it met on Monday — agreed to repair the old bridge before the winter.",
    ],
)
def test_sentences_with_dashes_are_no_datelines(body):
    assert texts_of(f"Council agrees to repair bridge\n\n{body}\n\n{MORE}", "dateline") == []


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("By Ada Quist", "Ada Quist"),
        ("By ADA QUIST and TOM ORR, Associated Press", "ADA QUIST and TOM ORR, Associated Press"),
        ("Ada Quist, Staff Writer", "Ada Quist, Staff Writer"),
        ("ADA QUIST and TOM ORR", "ADA QUIST and TOM ORR"),
        (
            "Ada Quist in Harwick and Tom Orr in Dravik",
            "Ada Quist in Harwick and Tom Orr in Dravik",
        ),
        ("By Meridian Staff", "Meridian Staff"),
        ("Ada Quist | March 19, 2026 14:45", "Ada Quist"),
    ],
)
def test_bylines(line, byline):
    text = f"Council agrees to repair bridge\n{line}\n\n{PROSE}\n\n{MORE}"
    assert texts_of(text, "byline") == [line]
    assert header_of(text)["byline"] == byline


def test_a_sentence_that_starts_with_by_is_no_byline():
    text = f"Council agrees to repair bridge\n\nBy Monday it will be shut.\n\n{PROSE}\n\n{MORE}"
    assert texts_of(text, "byline") == []


def test_lists_quotations_and_introductions_are_no_subheads():
    for line in ("- Repair the bridge", "3. Repair the bridge", "“We shall repair it”"):
        assert texts_of(f"Bridge shut\n\n{PROSE}\n\n{line}\n\n{MORE}", "subhead") == []
    lines = "Repair the bridge\n\nPay the ferry"
    assert texts_of(f"Bridge shut\n\n{PROSE}\n\n{lines}\n\n{MORE}", "subhead") == []
    introduced = PROSE[:-1] + ":"
    assert texts_of(f"Bridge shut\n\n{introduced}\n\nRepair it\n\n{MORE}", "subhead") == []


def test_headings_leave_no_other_line_a_subhead():
    text = f"# Bridge shut\n\n{PROSE}\n\n## Winter\n\n{MORE}\n\nNobody slept\n\n{PROSE}"
    assert texts_of(text, "subhead") == ["## Winter"]


@pytest.mark.parametrize(
    ("line", "credit"),
    [
        ("Photo: A barge under the bridge.", ""),
        ("FILE - A barge under the bridge, May 2026.", ""),
        ("A barge under the bridge. (Ann Lee/Reuters)", "Ann Lee/Reuters"),
        ("A barge under the bridge [Getty Images]", "Getty Images"),
        ("A barge under the bridge. (AP Photo/Ann Lee)", "AP Photo/Ann Lee"),
        ("A barge under the bridge. Photo: Ann Lee", "Photo: Ann Lee"),
        ("a-barge_05022026_1 A barge under the bridge. Ann Lee for Norlink", "Ann Lee for Norlink"),
        ("![A barge under the bridge](barge.jpg)", ""),
    ],
)
def test_captions(line, credit):
    (caption,) = texts_of(f"Bridge shut\n\n{PROSE}\n\n{line}\n\n{MORE}", "caption")
    said = furniture.read_caption(caption)
    assert "A barge under the bridge" in said and (not credit or credit not in said)


def test_a_caption_printed_twice_says_the_same():
    said = [furniture.read_caption(caption) for caption in texts_of(STORY, "caption")]
    assert said == ["The old bridge at Harwick, May 2, 2026."] * 2


@pytest.mark.parametrize("credit", ["Photo: Ann Lee/Reuters", "Images: Reuters"])
def test_a_photo_credit_on_its_own_line_makes_no_wire_copy(credit):
    text = f"Bridge shut\n\n{PROSE}\n\nThe old bridge.\n\n{credit}\n\n{MORE}"
    after = text.index(credit)
    article = Article(text, markup=json.dumps([[after, after + len(credit), "credit"]]))
    assert article.role_at(after) == "credit"
    assert read_header(text, article.blocks)["wire"] == ""


def test_related_links_are_one_block():
    (links,) = texts_of(STORY, "related")
    assert "Ferry company asks for a subsidy" in links and "What the bridge is made of" in links


def test_a_subhead_after_the_links_is_not_a_link():
    links = "Ferry company asks the town for a subsidy\n\nWhat the old bridge is really made of"
    text = f"Bridge shut\n\n{PROSE}\n\nRead more:\n\n{links}\n\n\nThe ferry\n\n{MORE}"
    assert texts_of(text, "subhead") == ["The ferry"]


def test_a_link_on_one_line_with_its_address():
    link = "Read more: [What it is made of](https://x.example/1)"
    assert texts_of(f"Bridge shut\n\n{PROSE}\n\n{link}\n\n{MORE}", "related") == [link]


@pytest.mark.parametrize(
    "line",
    [
        "Edited by Jo Park.",
        "(Reporting by Ada Quist in Harwick; Editing by Jo Park)",
        "(Additional reporting by Tom Orr)",
        "Ada Quist contributed to this report.",
        "Associated Press writer Tom Orr in Dravik contributed to this report.",
        "— Reuters",
        "(AP)",
    ],
)
def test_credits(line):
    assert texts_of(f"Bridge shut\n\n{PROSE}\n\n{MORE}\n\n{line}", "credit") == [line]


def test_a_credit_at_the_end_of_the_last_paragraph_is_split_off():
    text = f"Bridge shut\n\n{PROSE}\n\n{MORE} (Reporting by Ada Quist; Editing by Jo Park)"
    assert blocks_of(text)[-2:] == [
        ("body", MORE),
        ("credit", "(Reporting by Ada Quist; Editing by Jo Park)"),
    ]


def test_reporting_as_the_subject_of_a_sentence_is_no_credit():
    line = "Reporting by the newspaper showed that the bridge had not been inspected."
    assert texts_of(f"Bridge shut\n\n{PROSE}\n\n{MORE}\n\n{line}", "credit") == []


@pytest.mark.parametrize(
    "line",
    [
        "© 2026 The Harwick Example",
        "Sign up for our morning newsletter.",
        "Advertisement",
        "Read 12 comments",
        "Share this article",
        "12 March 2026",
        "***",
        "https://x.example/story",
        "Editor’s note: This story has been corrected.",
        "09:14 GMT",
        "08.36am EDT",
        "Updated 3 hours ago",
        "By signing up you agree to our terms of use and privacy policy.",
    ],
)
def test_boilerplate(line):
    assert texts_of(f"Bridge shut\n\n{PROSE}\n\n{line}\n\n{MORE}", "boilerplate") == [line]


def test_front_matter_is_one_block():
    text = f"---\ntitle: Bridge shut\nauthor: Ada Quist\n---\n\n# Bridge shut\n\n{PROSE}\n\n{MORE}"
    assert [role for role, _ in blocks_of(text)] == ["boilerplate", "headline", "body", "body"]


def test_fields_on_top_give_the_header():
    text = f"Title: Bridge shut\nAuthor: Ada Quist\nDate: 2026-05-02\n\n{PROSE}\n\n{MORE}"
    assert header_of(text).items() >= {"headline": "Bridge shut", "byline": "Ada Quist"}.items()


def test_hints_win_over_rules():
    text = f"{PROSE}\n\nBridge shut\n\n{MORE}"
    start = text.index("Bridge shut")
    hints = json.dumps([[0, len(PROSE), "headline"], [start, start + 11, "body"]])
    assert [role for role, _ in blocks_of(text, hints)] == ["headline", "body", "body"]


def test_hints_that_do_not_fit_are_passed_over():
    text = f"{PROSE}\n\n{MORE}"
    hints = json.dumps([[5, 2, "caption"], [0, 9_999, "caption"], [0, 4, "poem"]])
    assert blocks_of(text, hints) == blocks_of(text)


def test_a_hint_inside_a_paragraph_cuts_it():
    hints = json.dumps([[0, 11, "headline"]])
    assert blocks_of(f"Bridge shut {PROSE}", hints) == [
        ("headline", "Bridge shut"),
        ("body", PROSE),
    ]


# --------------------------------------------------------------------------------------- sentences


def test_an_unclosed_mark_does_not_swallow_the_article():
    text = f"Bridge shut\n\n“It is over, she said. {PROSE}\n\n{MORE} {PROSE}"
    assert sentences_of(text)[-2:] == [MORE, PROSE]
    assert PROSE in sentences_of(text)


def test_links_and_notices_are_sentences_of_their_own():
    sentences = Article(STORY).sentences
    assert [STORY[start:end] for start, end, role in sentences if role == "related"] == [
        "RELATED STORIES",
        "Ferry company asks for a subsidy",
        "What the bridge is made of",
    ]


# -------------------------------------------------------------------------------------------- wire


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        (f"Bridge shut\n\nBy AFP\n\n{PROSE}\n\n{MORE}", "Agence France-Presse"),
        (f"Bridge shut\n\nBy Ana Roe, Associated Press\n\n{PROSE}", "Associated Press"),
        (f"Bridge shut\n\nHARWICK (Reuters) - {PROSE}\n\n{MORE}", "Reuters"),
        (f"Bridge shut\n\n{PROSE}\n\n{MORE}\n\n— Reuters", "Reuters"),
        (f"Bridge shut\n\n{PROSE}\n\n{MORE} (AP)", "Associated Press"),
        (f"Bridge shut\n\n{PROSE}\n\n{MORE}\n\n© 2026 Reuters", "Reuters"),
        (f"Bridge shut\n\nBy ANA LOPEZ\n\n{PROSE}\n\n{MORE}", ""),
        (f"Bridge shut\n\n{PROSE}\n\nA barge. (Ann Lee/Reuters)\n\n{MORE}", ""),
        (f"Bridge shut\n\n{PROSE}\n\nThe bridge is shut, according to Reuters.", ""),
        (f"Bridge shut\n\nBy Ana Roe\n\n{PROSE}\n\nAdditional reporting by Reuters", ""),
        (f"Bridge shut\n\n{PROSE}\n\n{MORE}\n\nAdditional reporting by Reuters", "Reuters"),
        (
            f"Bridge shut\n\nBy Ana Roe\n\n{PROSE}\n\nReporting by Reuters, with additional "
            "reporting by Joe Day.",
            "Reuters",
        ),
    ],
)
def test_wire_copy(text, agency):
    assert wire_of(text) == agency


def test_wire_copy_by_the_byline_of_the_file():
    assert wire_of(f"Bridge shut\n\n{PROSE}\n\n{MORE}", byline="Reuters") == "Reuters"


# --------------------------------------------------------------------------------------- the laws

LINES = [
    "Bridge shut",
    PROSE,
    "By Ada Quist",
    "HARWICK (AP) — ",
    "RELATED STORIES",
    "Read more: x",
    "a-b_1 Words. (A B/Reuters)",
    "“Quoted. Twice",
    "‘single’",
    "Edited by Jo Park.",
    "© x",
    "---",
    "# h",
    "- item",
    "\u200b",
    "😀",
    "مرحبا. بكم.",
    "<script>alert(1)</script>",
    "\x00",
]
SPACES = ["\n", "\n\n", "\r\n", " ", "\u2028", "\n\xa0\n", "\u2029", "\t", "", "\ufeff"]
texts = st.lists(st.sampled_from(LINES + SPACES), max_size=30).map("".join) | st.text(max_size=80)
hints = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(schema.BLOCK_ROLES))
).map(json.dumps)


@given(texts, hints)
def test_blocks_and_sentences_cover_the_text_in_order(text, hints):
    article = Article(text, markup=hints)
    for spans in (article.blocks, article.sentences):
        covered, last = bytearray(len(text)), 0
        for start, end, role in spans:
            content = text[start:end]
            assert last <= start < end and content == content.strip()
            assert role in schema.BLOCK_ROLES and article.role_at(start) == role
            covered[start:end] = b"\x01" * len(content)
            last = end
        assert all(on or c.isspace() for c, on in zip(text, covered, strict=True))
    for start, end, _ in article.blocks:
        assert any(start <= first and last <= end for first, last, _ in article.sentences)
    for start, end, _ in article.sentences:
        assert article.sentence_at(start) == article.sentence_at(end - 1) == (start, end)


def test_a_start_outside_every_block_is_body():
    article = Article("Bridge shut\n\n" + PROSE + "\n\n" + MORE)
    assert [article.role_at(start) for start in (0, 11, 9_999)] == ["headline", "body", "body"]


def test_a_byline_that_the_file_gives_stays():
    header = header_of(STORY, byline="Mara Lind, Mercury")
    assert header["byline"] == "Mara Lind, Mercury"


def test_no_text_has_no_blocks():
    assert Article("").blocks == Article("").sentences == []
    assert set(read_header("", []).values()) == {""}


# ------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize(
    "unit",
    ['"', ".", "“", "a\n", ".”\n", "A. ", " — A", "AAAA, ", "a_b ", "RELATED\n\nx y\n\n", "[("],
)
def test_time_is_linear(unit):
    def seconds(length: int) -> float:
        begin = time.process_time()
        _ = Article((unit * length)[:length]).sentences
        return time.process_time() - begin

    small, large = min(seconds(4_000 + n) for n in range(3)), seconds(40_000)
    assert large < 40 * small + 0.5
