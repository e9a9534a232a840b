"""Saved web pages of different make: what is the article, and which part has which role."""

from __future__ import annotations

import json

import pages_fixture
import pytest
from pages_fixture import STRUCTURES, TITLE

from helpers.read.dates import find_printed_date, read_date
from helpers.read.documents import Document, Unreadable
from helpers.read.pages import read_page
from helpers.store.schema import DEFAULT_ROLES
from helpers.text.article import Article

MODERN = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>Ferry fares to double | The Sound Herald</title>
<meta property="og:site_name" content="The Sound Herald">
<meta property="og:description" content="The island council voted eleven to four.">
<script
type="application/ld+json">{"@context":"https://schema.org","@graph":[
{"@type":"WebPage","name":"x"},
{"@type":["NewsArticle"],"headline":"Ferry fares to double",
"datePublished":"2025-03-04T09:30:00-05:00","author":[{"@type":"Person","name":"Mara Quist"},
{"@type":"Person","name":"Teo Brandt"}],
"publisher":{"@type":"Organization","name":"The Sound Herald"},
"articleSection":["Islands"],"mainEntityOfPage":{"@id":"https://soundherald.example/fares"}}]}</script>
<style>.x{color:red}</style></head>
<body><header><nav><a href="/">Home</a><a href="/i">Islands</a></nav></header>
<main><article>
<header><h1>Ferry fares to double</h1><p class="dek">The island council voted eleven to four.</p>
<div class="byline">By <a rel="author" href="/m">Mara Quist</a> and Teo Brandt</div>
<time datetime="2025-03-04T09:30:00-05:00">March 4, 2025</time></header>
<figure><img src="f.jpg" alt="a ferry">
<figcaption>The evening ferry leaves Port Anning. <span class="credit">Photo: L.
Oum/Herald</span></figcaption></figure>
<div class="article-body"><p>
<span class="dateline">PORT ANNING, Lorvenia —</span> Fares on the island ferries will double in
June, the council decided on Tuesday night after four hours of debate.</p>
<p>&ldquo;We had no choice,&rdquo; said the mayor, Ada Kell.<br>She voted for the plan.</p>
<div class="ad-slot"><p>Advertisement: buy our boats today and save money</p></div>
<h2>What islanders say</h2>
<p>Residents booed. “You are closing the island,” one of them shouted, according to the
minutes.</p>
<div class="related-links"><h3>Related stories</h3><ul><li>
<a href="/1">How the ferry lost its subsidy</a></li><li>
<a href="/2">Ten years of fares, in one chart</a></li></ul></div>
<p>The ferry company declined to comment on Wednesday, saying only that it would study the
vote.</p>
<script>alert("evil()")</script>
<p class="editor-credit">Edited by Jon Pell.</p></div>
<section class="newsletter"><h3>Get our letter</h3>
<p>Five stories every morning in your inbox.</p></section>
</article><section id="comments">
<p>First! I think that the ferry is much too expensive and has been for years, and nobody
cares.</p></section></main>
<footer><p>© 2025 The Sound Herald</p></footer></body></html>
"""

WORDPRESS = """<html lang="en-US"><head><meta charset="UTF-8">
<title>Bakery strike enters third week &#8211; Millbrook Post</title>
<meta name="description" content="Some other words">
<meta property="og:title" content="Bakery strike enters third week">
<meta property="article:published_time" content="2025-01-09T18:22:10+00:00">
<link rel="canonical" href="https://millbrookpost.example/2025/01/bakery-strike/"></head>
<body class="post-template single single-post has-sidebar comments-open">
<div id="page" class="site hfeed">
<div id="masthead" class="site-header"><h1 class="site-title"><a href="/">Millbrook Post</a>
</h1><p>News for the valley</p></div>
<div id="content" class="site-content"><div id="primary" class="content-area">
<article id="post-44" class="post-44 post type-post status-publish tag-strike category-labour
hentry">
<header class="entry-header"><h1 class="entry-title">Bakery strike enters third week</h1>
<div class="entry-meta"><span class="posted-on">Posted on <a href="/">
<time class="entry-date published" datetime="2025-01-09T18:22:10+00:00">January 9, 2025</time>
</a></span><span class="byline"> by <span class="author vcard">
<a class="url fn n" href="/author/jo">Jo Tamsin</a></span></span></div></header>
<div class="entry-content">
<p>Workers at the Millbrook bakery voted on Thursday to stay out for a third week, the union
said in a statement.</p>
<div class="wp-caption aligncenter"><img src="x.jpg">
<p class="wp-caption-text">Pickets at the gate on Monday.</p></div>
<p>“Nobody wants this,” said the shop steward, Ruth Abel, who has worked there since 1999. “But
nobody asked us either.”</p>
<p><strong>A long night</strong></p>
<p>Talks broke down at four in the morning. The owner&#8217;s lawyer said that the offer was
final.</p>
<blockquote><p>We will see who gets hungry first.</p></blockquote>
<p>Read more: <a href="/x">The history of the bakery</a></p>
<p>The bakery could not be reached for comment.</p>
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Share this:</h3><ul><li>
<a href="#">Twitter</a></li></ul></div>
</div><footer class="entry-footer"><span class="cat-links">Posted in <a href="/l">Labour</a>
</span><span class="tags-links">Tagged <a href="/s">strike</a></span></footer></article>
<div id="comments" class="comments-area"><h2>2 thoughts</h2><ol><li>
<article class="comment-body">
<p>I support the bakers in everything they do because they bake very good bread and so on and so
forth.</p></article></li></ol></div>
</div><div id="secondary" class="widget-area sidebar"><h2>Recent posts</h2><ul><li>
<a href="/a">Something else</a></li></ul></div></div></div></body></html>
"""

OLD = """<HTML><HEAD><META http-equiv="Content-Type" content="text/html; charset=windows-1252">
<TITLE>Dam to stay shut, minister says - The Harbour Gazette</TITLE>
<META name="author" content="Pia Lund"></HEAD>
<BODY bgcolor=white><!-- saved from url=(0041)http://gazette.example/2003/dam.html -->
<TABLE width=700><TR><TD width=120 valign=top><A href="index.html">Front page</A><BR>
<A href="s.html">Sport</A><BR><A href="w.html">Weather</A></TD>
<TD valign=top><FONT size=5><B>Dam to stay shut, minister says</B></FONT><BR>
<BR>By Pia Lund<BR>14 May 2003<BR><BR>
The gates of the Karst dam will stay shut until the autumn, the energy minister said on
Wednesday, in spite of protests downstream.<BR><BR>
“The water is ours,” said Bertil Wray, the minister, at a press conference in the café of the
parliament. "It has always been ours."<BR><BR>
Farmers said that they would take the government to court. A hearing is expected in June, a
lawyer for them said.<BR><BR>
The dam was finished last year.</TD></TR></TABLE>
<CENTER><FONT size=1>Copyright 2003 The Harbour Gazette</FONT></CENTER></BODY></HTML>
"""

SOUP = """<!doctype html><html><head><meta charset="utf-8">
<title>Lighthouse sold to a man who hates the sea</title>
<meta name="parsely-pub-date" content="2025-06-01T05:00:00Z">
<meta property="og:site_name" content="Capewatch">
<meta property="og:url" content="https://capewatch.example/l"></head>
<body><div id="root"><div class="sc-hKwCoD"><div class="sc-nav"><a href="/">Capewatch</a>
<a href="/p">Politics</a></div>
<div class="css-1vxca1d"><div class="css-eb027h">
<h1 class="css-1l8buln">Lighthouse sold to a man who hates the sea</h1></div>
<div class="css-9zz">
<h2 class="css-sub">The buyer says that he will plant trees until he can no longer see it</h2>
</div>
<div data-testid="author-line">By Olive Strand</div>
<div class="css-53u6y8">
<p class="css-at9mc1">The last lighthouse on the cape was sold on Sunday to a retired accountant
who says he has never liked water.</p>
<p class="css-at9mc1">He paid <q>rather too much</q>, he said, and would not name the sum.</p>
</div>
<div class="css-ad" id="ad-1"><span>Advertisement</span></div>
<div class="css-53u6y8">
<p class="css-at9mc1">The seller, the Coastal Board, said in a statement that the light had been
“technically unnecessary” since 2011.</p><h3 class="css-h3">Trees</h3>
<p class="css-at9mc1">Four hundred pines have been ordered. “They grow a foot a year,” he
said.</p>
<aside class="pull-quote"><p>“They grow a foot a year,” he said.</p></aside><aside>
<h4>Lighthouses in numbers</h4><p>There are 61 lighthouses in the country.</p></aside>
<p class="css-at9mc1">A neighbor, who asked not to be named because she has to live there,
called the plan barmy. She had written to the board four times since the spring, she said, and
had kept a copy of each of her letters. None was
answered, she said, and she did not expect that a fifth would be. The council will look at the plan
in July, when the accountant is to say how high the trees will grow.</p></div>
</div><div class="css-foot">
<p>Get the app. Terms of use apply to everything on this page, as set out elsewhere.</p></div>
</div></div></body></html>
"""

UNCLASSED = """<html><head><meta charset="utf-8"><title>Mayor resigns over swans</title>
<meta name="date" content="2025-02-30"><meta property="og:type" content="article"></head><body>
<div class="story"><h1>Mayor resigns over swans</h1>
<p>He had promised that there would be no more of them by Easter</p><p>By Nina Farr</p>
<p>Feb. 28, 2025</p>
<img src="s.jpg"><p class="caption">Swans on the mill pond.</p>
<p>The mayor of Little Harbour resigned on Friday, two weeks after the birds came back to the
pond in their hundreds.</p>
<p>“I counted them myself,” he told reporters. “I stopped at three hundred.”</p>
<ul><li>He is the third mayor to go.</li><li>The swans are protected by law.</li></ul>
<table><tr><th>Year</th><th>Swans</th></tr><tr><td>2023</td><td>12</td></tr></table>
<p>His deputy, Carl Mott, did not respond to a request for comment.</p></div></body></html>
"""

HOME = """<html><head><title>The Sound Herald</title><meta charset=utf-8></head><body><nav>
<a href="/">Home</a></nav><main>
<article><h2><a href="/1">Ferry fares to double in June</a></h2>
<p>The island council voted eleven to four for the plan on Tuesday night after a long
debate.</p></article>
<article><h2><a href="/2">Dam to stay shut until autumn</a></h2>
<p>The energy minister said that the water has always belonged to the country upstream.</p>
</article>
<article><h2><a href="/3">Mayor resigns over swans</a></h2>
<p>He had promised that there would be no more of them by Easter, but they came back.</p>
</article>
<article><h2><a href="/4">Bakery strike enters third week</a></h2>
<p>Workers voted to stay out after talks broke down at four in the morning on Thursday.</p>
</article>
</main></body></html>
"""


def parts(document: Document) -> list[tuple[str, str]]:
    """Return (role, first words) of each block of the text."""
    roles = {start: (end, role) for start, end, role in document.hints}
    found, start = [], 0
    for block in document.text.split("\n\n"):
        end, role = roles.get(start, (0, ""))
        words = document.text[start:end] if role == "dateline" else block
        found.append((role, " ".join(words.split()[:4])))
        start += len(block) + 2
    return found


def test_a_modern_page():
    document = read_page(MODERN.encode())
    assert parts(document) == [
        ("headline", "Ferry fares to double"),
        ("standfirst", "The island council voted"),
        ("byline", "By Mara Quist and"),
        ("boilerplate", "March 4, 2025"),
        ("caption", "The evening ferry leaves"),
        ("caption", "Photo: L. Oum/Herald"),
        ("dateline", "PORT ANNING, Lorvenia —"),
        ("", "“We had no choice,”"),
        ("subhead", "What islanders say"),
        ("", "Residents booed. “You are"),
        ("related", "Related stories How the"),
        ("", "The ferry company declined"),
        ("credit", "Edited by Jon Pell."),
    ]
    assert "said the mayor, Ada Kell.\nShe voted for the plan." in document.text
    assert document.fields == {
        "title": "Ferry fares to double",
        "outlet": "The Sound Herald",
        "published": "2025-03-04T09:30:00-05:00",
        "section": "Islands",
        "url": "https://soundherald.example/fares",
        "author": "Mara Quist, Teo Brandt",
    }


def test_a_wordpress_page():
    document = read_page(WORDPRESS.encode())
    assert parts(document) == [
        ("headline", "Bakery strike enters third"),
        ("byline", "Posted on January 9,"),
        ("", "Workers at the Millbrook"),
        ("caption", "Pickets at the gate"),
        ("", "“Nobody wants this,” said"),
        ("subhead", "A long night"),
        ("", "Talks broke down at"),
        ("", "We will see who"),
        ("related", "Read more: The history"),
        ("", "The bakery could not"),
    ]
    assert document.fields["author"] == "Jo Tamsin"
    assert document.fields["outlet"] == "Millbrook Post"
    assert document.fields["published"] == "2025-01-09T18:22:10+00:00"


def test_a_page_from_the_days_of_layout_tables():
    document = read_page(OLD.encode("cp1252"))
    assert parts(document) == [
        ("headline", "Dam to stay shut,"),
        ("byline", "By Pia Lund 14"),
        ("", "The gates of the"),
        ("", "“The water is ours,”"),
        ("", "Farmers said that they"),
        ("", "The dam was finished"),
    ]
    assert "in the café of the parliament" in document.text
    assert document.problems == []
    assert document.fields["outlet"] == "The Harbour Gazette"
    assert document.fields["published"] == "14 May 2003"
    assert document.fields["url"] == "http://gazette.example/2003/dam.html"


def test_a_declared_latin_1_is_read_as_browsers_do():
    page = OLD.replace("windows-1252", "ISO-8859-1")
    assert "“The water is ours,”" in read_page(page.encode("cp1252")).text


def test_a_page_whose_classes_tell_nothing():
    document = read_page(SOUP.encode())
    assert parts(document) == [
        ("headline", "Lighthouse sold to a"),
        ("standfirst", "The buyer says that"),
        ("byline", "By Olive Strand"),
        ("", "The last lighthouse on"),
        ("", "He paid “rather too"),
        ("", "The seller, the Coastal"),
        ("subhead", "Trees"),
        ("", "Four hundred pines have"),
        ("boilerplate", "Lighthouses in numbers"),
        ("boilerplate", "There are 61 lighthouses"),
        ("", "A neighbor, who asked"),
    ]
    assert document.text.count("They grow a foot a year") == 1


def test_a_page_without_classes():
    document = read_page(UNCLASSED.encode())
    assert parts(document)[:6] == [
        ("headline", "Mayor resigns over swans"),
        ("standfirst", "He had promised that"),
        ("byline", "By Nina Farr"),
        ("boilerplate", "Feb. 28, 2025"),
        ("caption", "Swans on the mill"),
        ("", "The mayor of Little"),
    ]
    assert "2023 | 12" in document.text
    assert document.fields["author"] == "Nina Farr"
    assert document.fields["published"] == "2025-02-30"  # read as a problem, not passed over


@pytest.mark.parametrize("page", [MODERN, WORDPRESS, OLD, SOUP, UNCLASSED])
def test_nothing_but_the_article_is_in_the_text(page: str):
    text = read_page(page.encode()).text
    for foreign in ("evil()", "color:red", "Advertisement", "First!", "Share", "Copyright", "Home"):
        assert foreign not in text


@pytest.mark.parametrize("page", [MODERN, WORDPRESS, SOUP, UNCLASSED])
def test_hints_lie_in_the_text_and_never_overlap(page: str):
    document = read_page(page.encode())
    ends = 0
    for start, end, _ in document.hints:
        assert ends <= start < end <= len(document.text)
        ends = end


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (HOME, "the page lists 3 articles and is none itself"),
        ("<html><body><h1>404</h1><p>This page is not here.</p></body></html>", "5 words"),
        ("<html><body><script>let x = 'a b c d e f g h i j k l m n';</script></body>", "(0 words"),
        ("<html><head></head></html>", "no body"),
        ("<?xml version='1.0'?>", "no HTML page"),
    ],
)
def test_pages_without_an_article_are_refused(page: str, problem: str):
    with pytest.raises(Unreadable) as refused:
        read_page(page.encode())
    assert problem in str(refused.value)


def test_who_posted_a_page_is_its_author_and_a_post_shown_in_it_is_not_its_text():
    story = "<p>The ferry was late, and the council of the island met for four hours.</p>" * 3
    post = '<blockquote class="twitter-tweet"><p>Late again! Shame on them.</p></blockquote>'
    signed = "<p>Posted on March 3, 2026 by Lena Marr</p>"
    page = f"<html><body><article><h1>Ferry late</h1>{signed}{story}{post}{story}</article></body>"
    document = read_page(page.encode())
    assert document.fields["author"] == "Lena Marr"
    assert "Shame" not in document.text


def test_damaged_linked_data_is_passed_over():
    page = MODERN.replace('"@graph":[', '"@graph":[[[{')
    assert read_page(page.encode()).fields["outlet"] == "The Sound Herald"


def test_a_wrapper_with_an_unlucky_class_does_not_swallow_the_article():
    page = WORDPRESS.replace('class="entry-content"', 'class="ad-free caption author"')
    assert parts(read_page(page.encode())) == parts(read_page(WORDPRESS.encode()))


def test_control_characters_are_left_out():
    page = UNCLASSED.replace("on Friday", "on\x08 \x1fFriday")
    assert "resigned on Friday" in read_page(page.encode()).text


def test_hidden_text_is_left_out():
    page = UNCLASSED.replace("<ul>", "<p style='display: none'>Secret</p><p hidden>Too</p><ul>")
    text = read_page(page.encode()).text
    assert "Secret" not in text and "Too" not in text


PARAGRAPHS = [
    f"{subject} said on Friday that the ferries would sail again in the spring, weather allowing."
    for subject in ("The mayor", "A pilot", "The union", "Ada Kell", "The company", "A passenger")
]


def test_paragraphs_named_after_a_paywall_are_kept_when_they_are_the_article():
    body = "".join(f'<p class="paywall">{one}</p>' for one in PARAGRAPHS)
    page = (
        f"<html><body><article><h1>Ferries</h1><p>{PARAGRAPHS[0]}</p>{body}</article></body></html>"
    )
    text = read_page(page.encode()).text
    assert all(one in text for one in PARAGRAPHS)


def test_a_notice_of_a_paywall_is_left_out():
    notice = '<div class="paywall"><p>Subscribe now for one crown a week.</p></div>'
    body = "".join(f"<p>{one}</p>" for one in PARAGRAPHS)
    page = f"<html><body><article><h1>Ferries</h1>{body}{notice}</article></body></html>"
    assert "Subscribe" not in read_page(page.encode()).text


def test_an_article_inside_an_aside_that_was_never_closed_is_read():
    body = "".join(f"<p>{one}</p>" for one in PARAGRAPHS)
    links = '<h3>Latest</h3><ul><li><a href="/1">Fares to rise</a></li></ul>'
    page = (
        f"<html><body><div><aside class='secondary'>{links}<section><article><h1>Ferries</h1>"
        f"<div>{body}</div></article></section></div></body></html>"
    )
    assert [role for role, _ in parts(read_page(page.encode()))].count("") == len(PARAGRAPHS)


def test_an_author_beside_the_article_is_not_its_own():
    beside = '<ul><li><a href="/1">Fares</a><a rel="author" href="/s">Stig Oharra</a></li></ul>'
    body = "".join(f"<p>{one}</p>" for one in PARAGRAPHS)
    own = '<div class="byline">By <a rel="author" href="/d">Devon Coldharbour</a></div>'
    page = (
        f"<html><body>{beside}<article><h1>Ferries</h1>{own}{body}</article>{beside}</body></html>"
    )
    assert read_page(page.encode()).fields["author"] == "Devon Coldharbour"


def test_an_author_of_a_promotion_is_not_the_articles():
    body = "".join(f"<p>{one}</p>" for one in PARAGRAPHS)
    own = '<div class="author-name">Mara Quist</div>'
    promoted = '<div class="promo"><span class="author">Teo Brandt</span></div>'
    page = f"<html><body><article><h1>Ferries</h1>{own}{body}</article>{promoted}</body></html>"
    assert read_page(page.encode()).fields["author"] == "Mara Quist"


def test_much_text_that_is_left_out_is_told():
    hidden = "".join(f"<p>{one}</p>" for one in PARAGRAPHS * 3)
    page = (
        f"<html><body><article><h1>Ferries</h1><p>{' '.join(PARAGRAPHS[:2])}</p>"
        f"<div class='advertisement'><p>Boats</p>{hidden}</div></article></body></html>"
    )
    document = read_page(page.encode())
    kept = all(one in document.text for one in PARAGRAPHS)
    assert kept or "of the page's text was left out" in document.problems[0][1]


PIER = (
    "<p>The harbour board will mend the northern pier in June, its chair, Ola Brandt, said.</p>"
    "<p>The work will take nine weeks and close the ferry berth on most nights, she said.</p>"
)


def page_of(before: str, within: str) -> bytes:
    return (
        "<html><head><title>Pier to be mended | Vale Echo</title></head><body>"
        f"{before}<main><article><h1>Pier to be mended</h1>{PIER}{within}</article></main>"
        "</body></html>"
    ).encode()


@pytest.mark.parametrize("wall", ['class="cookie-modal"', 'role="dialog"', 'id="onetrust-banner"'])
@pytest.mark.parametrize("title", ["<h2>Our use of cookies</h2>", "<h1>Your privacy</h1>"])
def test_a_consent_wall_longer_than_the_story_is_left_out(wall: str, title: str):
    notice = "<p>We and our partners store information on your device to show you adverts.</p>"
    document = read_page(page_of(f"<div {wall}>{title}{notice * 9}</div>", ""))
    assert "partners" not in document.text and "privacy" not in document.text
    assert "nine weeks" in document.text and document.problems == []


def test_a_story_inside_what_is_named_like_a_wall_is_kept():
    page = f"<html><body><h1>Pier</h1><div class='modal'>{PIER * 3}</div></body></html>"
    assert "nine weeks" in read_page(page.encode()).text


def test_a_box_for_subscribers_is_left_out():
    offers = "<li>Exclusive articles from Conrad Marlow, Barbara Kite and others.</li>" * 6
    box = f"<div class='promo-box'><h2>For subscribers only</h2><ul>{offers}</ul></div>"
    text = read_page(page_of("", box + PIER.replace("June", "July"))).text
    assert "Conrad Marlow" not in text and "July" in text


def test_the_stamps_of_a_live_page_are_boilerplate_with_blanks_between_their_parts():
    stamp = "<div class='meta'>4 hours ago<time>08:36</time> <span>Jon Kingsley</span></div>"
    document = read_page(page_of("", stamp + PIER.replace("June", "July")))
    assert ("boilerplate", "4 hours ago 08:36") in parts(document)


def test_the_credit_of_a_picture_is_part_of_its_caption():
    credit = "<span class='credit'>The Associated Press</span>"
    caption = f"<figure><img src='a.jpg'><figcaption>The pier {credit}</figcaption></figure>"
    roles = [role for role, _ in parts(read_page(page_of("", caption + PIER)))]
    assert "caption" in roles and "credit" not in roles


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_article_in_a_page_built_as_an_outlet_builds_them(name: str):
    structure = STRUCTURES[name]
    document = read_page(structure.page())
    assert document.problems == []
    assert document.fields["title"] == TITLE
    assert document.fields["author"] == structure.author
    published = document.fields["published"] or find_printed_date(document.text)
    assert f"{read_date(published):%Y-%m-%d}" == pages_fixture.DAY
    blocks = Article(document.text, markup=json.dumps(sorted(document.hints))).blocks
    counted = [document.text[start:end] for start, end, role in blocks if role in DEFAULT_ROLES]
    whole = "\n".join(counted)
    assert [paragraph for paragraph in pages_fixture.PARAGRAPHS if paragraph not in whole] == []
    for known in (*pages_fixture.PARAGRAPHS, TITLE, *pages_fixture.ABOVE):
        whole = whole.replace(known, "")
    assert len("".join(whole.split())) <= 0.01 * len(document.text), whole.split()


def test_text_that_only_another_reader_takes_for_the_article_is_told():
    story = "".join(f"<p>{paragraph}</p>" for paragraph in pages_fixture.PARAGRAPHS)
    whole = " ".join(f"{place} {story}" for place in range(4)).replace("<p>", "")
    told = json.dumps({"@type": "NewsArticle", "articleBody": whole.replace("</p>", "\n")})
    data = f'<script type="application/ld+json">{told}</script>'
    page = (
        f"<html><head>{data}</head><body><article><h1>{TITLE}</h1>{story}</article></body></html>"
    )
    ((step, problem),) = read_page(page.encode()).problems
    assert step == "page" and "look whether a part is missing" in problem
