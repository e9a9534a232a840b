"""Charts: they draw what the frame says, say what they mean, and leave nothing behind."""

from __future__ import annotations

import base64
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from lxml import etree
from matplotlib.axes import Axes
from PIL import Image
from tables_fixture import make_tables

from helpers.measure import attitudes, counting, periods, select, shares
from helpers.show import charts, drawing, small, voices

TABLES = make_tables()
ARTICLES = TABLES["articles"]
SAID = select.join_articles(TABLES["attributions"], ARTICLES)
MENTIONS = select.join_articles(TABLES["mentions"], ARTICLES)
MENTIONS = select.join_entities(MENTIONS, TABLES["entities"])
ENTITIES = counting.count_entities(MENTIONS).pipe(shares.add_article_share, len(ARTICLES))
AIMED = attitudes.join_targets(TABLES["targets"], SAID, TABLES["entities"])

PLOTS = {
    "shares": (charts.plot_shares, ENTITIES, {"label": "entity"}),
    "share panels": (
        charts.plot_share_panels,
        counting.measure_entities(MENTIONS, ARTICLES, ENTITIES, "outlet"),
        {"label": "entity", "by": "outlet", "behind": ENTITIES},
    ),
    "share panels alone": (
        charts.plot_share_panels,
        shares.measure_shares(SAID, "form", by="outlet"),
        {"label": "form", "by": "outlet", "count": "count"},
    ),
    "ranked panels": (charts.plot_ranked_panels, ENTITIES, {"label": "entity", "by": "label"}),
    "counts": (
        charts.plot_counts,
        counting.count_roles(counting.join_blocks(TABLES["blocks"], ARTICLES), ["body"]),
        {"label": "role", "value": "words", "highlight": "counted"},
    ),
    "timeline": (charts.plot_timeline, periods.count_periods(ARTICLES), {"by": "outlet"}),
    "spread": (charts.plot_spread, ARTICLES, {"value": "words", "by": "outlet"}),
    "voice": (
        voices.plot_voice,
        counting.measure_voice(counting.find_voice(MENTIONS, SAID)),
        {"label": "entity"},
    ),
    "tone": (
        voices.plot_tone,
        attitudes.measure_tone(SAID, minimum=8),
        {"label": "speaker", "points": SAID},
    ),
    "target grid": (voices.plot_target_grid, attitudes.measure_targets(AIMED, minimum=8), {}),
    "relays": (
        voices.plot_relays,
        counting.count_relays(SAID, by="speaker"),
        {},
    ),
}
CORRECTED = shares.measure_shares(SAID, "source_type").assign(
    corrected=lambda rows: rows["share"] * 0.9,
    corrected_low=lambda rows: rows["low"] * 0.8,
    corrected_high=lambda rows: rows["high"],
)
CONTRASTS = pd.DataFrame(
    [("A less B", 0.1, 0.02, 0.18, -0.05, -0.2, 0.1), ("A less C", 0.2, 0.1, 0.3, *[np.nan] * 3)],
    columns=["of", "counted", "low", "high", "dsl", "dsl_low", "dsl_high"],
)
AGREED = pd.DataFrame(
    [("form", 0.91, 0.8, 0.97, 60, ""), ("relay", np.nan, np.nan, np.nan, 60, "undefined")],
    columns=["variable", "alpha", "low", "high", "units", "note"],
)
PEERS = pd.DataFrame(
    [
        ("PolNeAR dev", "end to end F1", "this program", 75.0, 72.0, 78.0, "this program"),
        ("PolNeAR dev", "end to end F1", "Citron", 60.2, np.nan, np.nan, "measured"),
        ("PolNeAR dev", "end to end F1", "annotators", 77.0, np.nan, np.nan, "people"),
    ],
    columns=["corpus", "measure", "system", "value", "low", "high", "kind"],
)
CALIBRATED = pd.DataFrame(
    [("PolNeAR dev", x, x - 0.1, max(x - 0.2, 0), x, 40) for x in (0.35, 0.65, 0.95)],
    columns=["corpus", "confidence", "right", "low", "high", "n"],
)
PLOTS |= {
    "corrected": (charts.plot_corrected, CORRECTED, {"label": "source_type"}),
    "contrasts": (charts.plot_contrasts, CONTRASTS, {}),
    "alpha": (charts.plot_alpha, AGREED, {}),
    "beside": (charts.plot_beside, PEERS, {}),
    "calibration": (charts.plot_calibration, CALIBRATED, {}),
}
EVERY_PLOT = pytest.mark.parametrize(("plot", "frame", "how"), PLOTS.values(), ids=PLOTS)


def words(ax: Axes) -> str:
    """All texts of a figure that a reader sees."""
    texts = ax.figure.findobj(mpl.text.Text)
    return "\n".join(text.get_text() for text in texts if text.get_visible())


@EVERY_PLOT
def test_a_plot_returns_axes_and_leaves_frame_and_style_alone(plot, frame, how):
    before, style = frame.copy(deep=True), dict(mpl.rcParams)
    ax = plot(frame, **how)
    assert isinstance(ax, Axes)
    pd.testing.assert_frame_equal(frame, before)
    assert dict(mpl.rcParams) == style


@EVERY_PLOT
def test_a_plot_of_nothing_says_so(plot, frame, how):
    empty = {name: value for name, value in how.items() if name != "behind"}
    assert drawing.NOTHING in words(plot(frame.head(0), **empty))


@EVERY_PLOT
def test_a_plot_draws_one_row_only(plot, frame, how):
    assert drawing.NOTHING not in words(plot(frame.head(1), **how))


@EVERY_PLOT
def test_labels_do_not_overlap_and_nothing_is_cut(plot, frame, how):
    ax = plot(frame, **how)
    drawing._add_words(ax.figure, "A finding", "n = 40 articles")
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    for panel in ax.figure.axes:
        boxes = [text.get_window_extent() for text in panel.texts if text.get_text()]
        labels = [text for text in panel.get_yticklabels() if text.get_text() and panel.axison]
        boxes += [text.get_window_extent() for text in labels if text.get_visible()]
        for box in boxes:
            assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1
        for place, box in enumerate(boxes):
            assert not any(box.shrunk(0.96, 0.9).overlaps(other) for other in boxes[place + 1 :])


@EVERY_PLOT
def test_a_narrow_screen_shows_the_same_names_and_numbers_as_text(plot, frame, how):
    ax = plot(frame, **how)
    drawn = getattr(ax.figure, "small", ax.figure)
    written = etree.HTML(small.write(drawn, "A finding", "n = 40 articles"))
    told = " ".join(written.itertext())
    assert told.startswith("A finding") and told.endswith("n = 40 articles")
    for panel in drawn.axes:
        rows = [text for text in panel.texts if panel.axison]
        assert all(text.get_text() in told for text in rows)
        assert panel.get_title(loc="left").partition("\n")[0] in told
    assert "…" not in told and not written.xpath("//b[text()='Sons']")
    assert written.xpath("//path[@d]") and "nan" not in etree.tostring(written, encoding="unicode")


def test_text_from_articles_is_drawn_as_written():
    ax = charts.plot_shares(ENTITIES, label="entity")
    assert "Tom $mall & <b>Sons</b>" in words(ax)
    texts = ax.figure.findobj(mpl.text.Text)
    assert not any(text.get_parse_math() for text in texts if "$" in text.get_text())


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Maria\n  Lopez\t", "Maria Lopez"),
        ("a\x00b\u202ec", "a b c"),
        ("A very long name of a body", "A very lo…"),
    ],
)
def test_labels_are_one_plain_line(written, shown):
    assert drawing.plain(written, 10 if "very" in written else 0) == shown


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0%"), (0.001, "<1%"), (0.42, "42%"), (0.999, ">99%"), (1, "100%"), (np.nan, "no part")],
)
def test_percentages_do_not_round_to_none_or_all(share, written):
    assert drawing.percent(share) == written


def test_largest_share_stands_at_the_top():
    ax = charts.plot_shares(ENTITIES.sample(frac=1, random_state=1), label="entity")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "Aland" and ax.get_ylim()[0] > ax.get_ylim()[1]


def test_bars_begin_at_zero():
    ax = charts.plot_counts(ENTITIES, "entity", "articles")
    assert ax.get_xlim()[0] == 0


def test_more_than_nine_panels_say_how_many_are_missing():
    weeks = pd.DataFrame({"week": pd.Timestamp("2026-03-02"), "outlet": list("abcdefghijkl")})
    ax = charts.plot_timeline(weeks.assign(articles=1), by="outlet")
    assert len(ax.figure.axes) == 10 and "4 more are in the table" in words(ax)


def test_every_statement_has_a_tone_and_few_have_no_mean():
    silent = attitudes.measure_tone(SAID, minimum=10_000)
    ax = voices.plot_tone(silent, "speaker", SAID)
    drawn = [one for one in ax.collections if isinstance(one, mpl.collections.PathCollection)]
    dots = [len(points.get_offsets()) for points in drawn]
    assert sum(dots) - len(silent) == SAID["tone"].notna().sum()
    assert "(n = " in words(ax) and "mean" not in words(ax)


def test_few_statements_are_drawn_one_by_one():
    speakers = counting.count_speakers(SAID).head(3)
    forms = ["direct", "mixed", "indirect"]
    ax = voices.plot_marks(speakers, "speaker", forms)
    assert sum(len(line.get_xdata()) for line in ax.lines) == speakers["attributions"].sum()
    many = speakers.assign(direct=voices.MOST_MARKS + 1)
    assert sum(bar.get_width() for bar in voices.plot_marks(many, "speaker", forms).patches) == (
        many[forms].to_numpy().sum()
    )


def test_pairs_that_cannot_be_told_are_statements_and_no_hatched_grid():
    few = attitudes.measure_targets(AIMED, minimum=10_000)
    told = words(voices.plot_targets(few))
    assert "too few" not in told and "→" in told
    whole = attitudes.measure_targets(AIMED, minimum=1, probability=0.0, agreement=0.0)
    more = pd.concat([whole, whole.assign(target="Elsewhere")], ignore_index=True)
    assert "→" not in words(voices.plot_targets(more))


@pytest.fixture
def shown(tmp_path):
    """One chart shown and written: (what was displayed, the folder)."""
    InteractiveShell.instance()
    with capture_output() as captured:
        show(tmp_path)
    InteractiveShell.clear_instance()
    return captured.outputs, tmp_path


def show(out):
    drawing.show(
        charts.plot_shares(ENTITIES, label="entity"),
        title="Most widely mentioned: Aland & <Beland> " * 5,
        n="n = 40 articles",
        name="shares",
        out=out,
    )


def test_a_chart_is_displayed_once_with_its_alt_text(shown):
    outputs, _ = shown
    assert len(outputs) == 1
    assert outputs[0].metadata["image/png"]["alt"].startswith("Dot chart. Most widely mentioned")
    picture = outputs[0].data["image/png"]
    picture = base64.b64decode(picture) if isinstance(picture, str) else picture
    assert Image.open(BytesIO(picture)).width == drawing.WIDTH * drawing.DPI


def test_written_figures_carry_their_words(shown):
    _, folder = shown
    told = Image.open(folder / "shares.png").text
    assert told["Description"].startswith("Dot chart. Most widely mentioned: Aland & <Beland> ")
    assert told["Description"].endswith("n = 40 articles. Lines are 95% Wilson intervals.")
    svg = etree.parse(folder / "shares.svg").getroot()
    assert svg.findtext("{*}desc") == told["Description"]
    assert svg.findtext("{*}title").startswith("Most widely mentioned")


def test_the_same_chart_gives_the_same_files(shown, tmp_path):
    _, folder = shown
    again = tmp_path / "again"
    show(again)
    for name in ("shares.png", "shares.svg"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"n": "40 articles"}, "needs its n"), ({"out": "somewhere"}, "needs a name")],
)
def test_a_chart_without_words_is_refused(wrong, message):
    ax = charts.plot_shares(ENTITIES, label="entity")
    with pytest.raises(ValueError, match=message):
        drawing.show(ax, **{"title": "A", "n": "n = 1", **wrong})


def test_shares_of_few_are_numbers_without_intervals():
    few = ENTITIES.assign(n=drawing.MINIMUM - 1)
    ax = charts.plot_shares(few, label="entity")
    assert [bar.get_width() for bar in ax.patches] == sorted(few["articles"], reverse=True)
    assert f"of {drawing.MINIMUM - 1}" in words(ax)
    assert "%" not in "".join(text.get_text() for text in ax.texts)
    mixed = charts.plot_shares(pd.concat([few.head(1), ENTITIES]), label="entity")
    assert drawing.SOME_BARE in mixed.figure.explained


def test_of_many_outlets_those_that_can_be_compared_have_rows_of_their_own():
    rows = [(f"o{n:02}", n, 2 * n) for n in range(1, 31)]
    frame = pd.DataFrame(rows, columns=["outlet", "count", "n"]).assign(share=0.5, low=0.4)
    ax = charts.plot_shares(frame.assign(high=0.6), "outlet", "count")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert len(labels) == 15 and "16 others" in labels and "o01" not in labels
    ax = charts.plot_shares(frame.assign(high=1.0, low=0.0), "outlet", "count")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["30 others"]
    ax = charts.plot_shares(frame.assign(high=0.6), "outlet", "n")
    assert "332 of 664" in words(ax)  # of the sixteen together


def test_a_panel_too_small_to_compare_is_left_out_and_said():
    rows = [(part, kind, n, 2 * n) for part, n in (("end", 9), ("head", 1)) for kind in "ab"]
    frame = pd.DataFrame(rows, columns=["part", "kind", "count", "n"])
    ax = charts.plot_share_panels(
        frame.assign(share=0.5, low=0.4, high=0.6), "kind", "part", "count"
    )
    assert [panel.get_title(loc="left") for panel in ax.figure.axes] == ["end\nn = 18"]
    assert "Left out, fewer than 5 or of one article: head." in ax.figure.explained


def test_small_outlets_share_a_panel_and_the_largest_come_first():
    rows = [(f"o{n:02}", form, n, 2 * n) for n in range(1, 31) for form in ("direct", "indirect")]
    frame = pd.DataFrame(rows, columns=["outlet", "form", "count", "n"])
    frame = frame.assign(share=0.5, low=0.4, high=0.6)
    ax = charts.plot_share_panels(frame, "form", "outlet", "count")
    titles = [panel.get_title(loc="left") for panel in ax.figure.axes]
    assert titles[0] == "o30\nn = 60" and titles[-1] == "22 others\nn = 506"


def test_a_title_has_two_lines_at_most():
    ax = charts.plot_shares(ENTITIES, label="entity")
    drawing._add_words(ax.figure, "Most widely mentioned of all " * 20, "n = 40 articles")
    assert ax.figure._suptitle.get_text().count("\n") == 1
    assert ax.figure._suptitle.get_text().endswith("…")


def luminance(colour: str) -> float:
    parts = mpl.colors.to_rgb(colour)
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("ink", ["INK", "GREY", "BLUE"])
def test_words_and_findings_can_be_read_on_white(ink):
    """WCAG 2.2, contrast at least 4.5 to 1; in grey print the blue is darker than the context."""
    assert 1.05 / (luminance(getattr(drawing, ink)) + 0.05) >= 4.5
    assert luminance(drawing.BLUE) < luminance(drawing.LIGHT) - 0.2


@EVERY_PLOT
def test_no_red_against_green_and_no_colours_beyond_the_palette(plot, frame, how):
    """Blue, orange and greys, and the scales between them."""
    ax = plot(frame, **how)
    for panel in ax.figure.axes:
        for artist in [*panel.collections, *panel.lines, *panel.patches]:
            faces = artist.get_facecolor() if hasattr(artist, "get_facecolor") else []
            for red, green, blue, alpha in np.atleast_2d(mpl.colors.to_rgba_array(faces)):
                assert alpha == 0 or not (green > red + 0.05 and green > blue + 0.05)
                assert alpha == 0 or not (red > 0.6 and green < 0.2 and blue < 0.2)


def test_relays_that_are_not_drawn_one_by_one_are_drawn_as_others():
    """So that the numbers on both sides add up to all, whatever `top` is."""
    rows = [("Ann", "Wire", 5), ("Bob", "Wire", 3), ("Cy", "Post", 2), ("Di", "Wire", 1)]
    frame = pd.DataFrame(rows, columns=["speaker", "relay", "attributions"])
    frame["relay_ownership"] = frame["relay"].map({"Wire": "private", "Post": "state"})
    before = frame.copy()
    axes = voices.plot_relays(frame, top=2)
    told = {text.get_text() for text in axes.texts}
    assert told == {"Ann  5", "Bob  3", "others  3", "9  Wire (private)", "2  other outlets"}
    whole = {text.get_text() for text in voices.plot_relays(frame, top=4).texts}
    assert "others" not in " ".join(whole) and "2  Post (state)" in whole
    pd.testing.assert_frame_equal(frame, before)


def test_numbers_that_are_no_parts_are_not_summed_up_as_others():
    rows = [(f"o{n:02}", n, 2 * n, n / 60) for n in range(1, 31)]
    frame = pd.DataFrame(rows, columns=["outlet", "articles", "n", "share"]).assign(low=0.01)
    ax = charts.plot_shares(frame.assign(high=0.6), "outlet")
    assert not any("others" in label.get_text() for label in ax.get_yticklabels())
