"""Exports made up for each layout of the archives, and how much of them is read right.

What differs from file to file: the language of the interface, how many articles there are, which
fields lack, what stands above, between and below the articles, and whether the end is torn off.
"""

from __future__ import annotations

import io
import random
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from html import escape
from itertools import takewhile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape as escape_xml

from helpers.read.articles import Problem, iter_records
from helpers.read.files import iter_files
from helpers.store.lexicons import read_lexicon

SEED = 20261130
RULE = "_" * 60
Rows = list[tuple[str, Any]]


@dataclass(frozen=True)
class Story:
    """One article as its newspaper printed it; what an export does not tell is ""."""

    title: str
    outlet: str
    published: date
    page: str
    body: tuple[str, ...]
    author: str
    section: str
    edition: str
    place: str

    @property
    def words(self) -> int:
        """How many words the body has."""
        return len(" ".join(self.body).split())


@cache
def words(kind: str, language: str = "") -> list[str]:
    """Return made-up values of a kind, or what an interface calls its parts in a language."""
    known = read_lexicon("made_up_exports")
    own = known[(known["kind"] == kind) & (known["language"] == language)]
    return own["words"].item().split("|")


@cache
def languages() -> list[str]:
    """Return the languages of interfaces in which labels are known."""
    known = read_lexicon("made_up_exports")
    return sorted(known.loc[known["kind"] == "nexis", "language"])


def make_stories(number: int, seed: int) -> list[Story]:
    """Make up articles; of some fields lack."""
    chance = random.Random(seed)
    made = []
    for place in range(number):
        sentences = [chance.choices(words("sentences"), k=chance.randint(1, 4)) for _ in range(6)]
        body = [" ".join(paragraph) for paragraph in sentences[: chance.randint(2, 6)]]
        body += [f"It was the story numbered {place} of a long autumn, and nobody read it."]
        if chance.random() < 0.3:
            body.insert(1, chance.choice(words("subheads")))
        title = chance.choice(words("titles"))
        if chance.random() < 0.3:
            title += f", on a long day {place} on which nobody sailed, though many would have liked"
        told = {name: _perhaps(f"{name}s", chance) for name in ("author", "section")}
        told |= {name: _perhaps(f"{name}s", chance) for name in ("edition", "place")}
        day = date(2009, 1, 1) + timedelta(days=chance.randint(0, 6000))
        page = f"{chance.randint(1, 40)}{chance.choice(('', 'A'))}"
        made.append(Story(title, chance.choice(words("outlets")), day, page, (*body,), **told))
    return made


def _perhaps(kind: str, chance: random.Random) -> str:
    return chance.choice(words(kind)) if chance.random() < 0.8 else ""


def written(day: date, language: str, weekday: bool = False) -> str:
    """Write a day as an interface in a language does."""
    month = words("months", language)[day.month - 1]
    text = words("date", language)[0].format(day=day.day, month=month, year=day.year)
    return f"{text} {words('weekdays', language)[day.weekday()]}" if weekday else text


# ----------------------------------------------------------------------------------- Nexis, Lexis


def nexis_lines(found: list[Story], language: str, chance: random.Random, whole: int) -> list[str]:
    """Write what Nexis Uni and Lexis+ export: a cover list, headings around each text."""
    names = words("nexis", language)
    documents, section, length, unit, byline, body, classification, tongue, load, end = names[:10]
    graphic, dateline = names[10:]
    plus = chance.random() < 0.4  # Lexis+: no classification
    lines = ["User Name: M. Quist", "Date and Time: Monday, February 12, 2024 10:12:00 AM EST"]
    lines += ["Job Number: 223031", f"{documents} ({whole})"]
    for number, story in enumerate(found, 1):
        lines += [f"{number}. {story.title}", *words("cover")]
    for story in found:
        clock = " 8:37 PM GMT" if chance.random() < 0.2 else ""
        lines += [story.title, story.outlet, written(story.published, language, True) + clock]
        lines += [story.edition] if story.edition else []
        lines += ["Copyright 2024 Anchor Newspapers Ltd All Rights Reserved"]
        lines += ["Link to Image"] if chance.random() < 0.2 else []
        lines += [f"{section}:\xa0{story.section}; Pg. {story.page}"] if story.section else []
        lines += [f"{length}:\xa0{story.words} {unit}"]
        lines += [f"{byline}:\xa0{story.author}"] if story.author else []
        lines += [f"{dateline}:\xa0{story.place}"] if story.place else []
        lines += [body, *story.body]
        lines += [graphic, "A ship in the harbour. Rosa Lind"] if chance.random() < 0.3 else []
        if not plus:
            lines += [classification, f"{tongue}:\xa0ENGLISH", "Publication-Type:\xa0Newspaper"]
            lines += ["Journal Code:\xa0VAE", "Subject:\xa0SHIPS (91%); PORTS (90%)"]
            lines += ["Geographic:\xa0HARWICK, ARDEN (79%)"]
        lines += [f"{load}:\xa0{written(story.published, language)}", end]
    return lines


def as_nexis_docx(*given: Any) -> bytes:
    """Write them as the Word file of Nexis Uni, with tables on the cover and bookmarks."""
    from docx import Document
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    word, out = Document(), io.BytesIO()
    for line in nexis_lines(*given):
        if line == "Content Type":
            table = word.add_table(1, 2)
            table.rows[0].cells[0].text, table.rows[0].cells[1].text = line, "Narrowed by"
            continue
        paragraph = word.add_paragraph(line)
        if line.isalpha():
            mark = OxmlElement("w:bookmarkStart")
            mark.set(qn("w:name"), line)
            paragraph._p.append(mark)
    word.save(out)
    return out.getvalue()


def as_nexis_text(*given: Any) -> bytes:
    """Write them as text."""
    return "\n\n".join(nexis_lines(*given)).encode()


def as_nexis_rtf(*given: Any) -> bytes:
    """Write them as RTF."""
    return as_rtf("\n\n".join(nexis_lines(*given)))


def as_rtf(text: str) -> bytes:
    """Write RTF as Word does: Windows-1252 as escapes, other signs as Unicode, tables of fonts."""
    out = []
    for sign in text:
        raw = sign.encode("cp1252", "ignore")
        plain = f"\\'{raw[0]:02x}" if raw else f"\\u{ord(sign)}?"
        plain = sign if raw and raw[0] < 128 else plain
        out.append(
            {"\n": "\\par\n", "\t": "\\tab "}.get(sign, f"\\{sign}" if sign in "\\{}" else plain)
        )
    fonts = r"{\fonttbl{\f0\froman Times;}}{\*\generator Word;}{\info{\title Export}}"
    return (r"{\rtf1\ansi\ansicpg1252\deff0" + fonts + r"\f0\fs24 " + "".join(out) + "}").encode()


def numbered_groups(
    found: list[Story], language: str, chance: random.Random, whole: int
) -> Iterator[list[str]]:
    """Yield the runs of lines of what Nexis exported until 2019; centred ones begin with a tab."""
    names = [name.upper() for name in words("nexis", language)]
    section, length, byline, tongue, load, graphic, place = (
        names[n] for n in (1, 2, 4, 7, 8, 10, 11)
    )
    yield [
        f"Download Request: Selected Items: 1-{whole}",
        "Time Of Request: Friday, March 20, 2018",
    ]
    yield words("sent")
    yield [
        "Terms: (DATE(>=2009-12-01 and <=2010-05-11) and (ferry))",
        "Source: The Vale Echo;Mill…",
    ]
    for number, story in enumerate(found, 1):
        yield ["\t" + words("number", language)[0].format(number, whole)]
        yield [f"\t{story.outlet}"]
        day = [f"\t{written(story.published, language, True)}"]
        yield day + [f"\t{one}" for one in story.edition.split("; ") if one]
        yield [story.title]
        yield from ([f"{byline}: {story.author}"] for _ in [0] if story.author)
        yield from ([f"{section}: {story.section}; Pg. {story.page}"] for _ in [0] if story.section)
        yield [f"{length}: {story.words} {words('nexis', language)[3]}"]
        yield from ([f"{place}: {story.place}"] for _ in [0] if story.place)
        yield from ([paragraph] for paragraph in story.body)
        yield from ([f"{graphic}: A ship in the harbour."] for _ in [0] if chance.random() < 0.3)
        yield [f"{load}: {written(story.published, language)}"]
        yield [f"{tongue}: ENGLISH"]
        yield ["PUBLICATION-TYPE: Newspaper"]
        yield from (["JOURNAL-CODE: VAE"] for _ in [0] if chance.random() < 0.5)
        yield ["\tCopyright 2024 Anchor Newspapers Ltd", "\tAll Rights Reserved"]


def as_numbered_text(*given: Any) -> bytes:
    """Write them as text of 78 characters a line."""
    lines = [""] * 4
    for group in numbered_groups(*given):
        for line in group:
            wrapped = [line.strip().center(78).rstrip()] if line[0] == "\t" else []
            lines += wrapped or textwrap.wrap(line, 78, break_on_hyphens=False)
        lines += [""] * (2 if group[0][0] == "\t" else 1)
    return "\r\n".join(lines).encode()


def as_numbered_page(*given: Any) -> bytes:
    """Write them as a page of Nexis UK: the month is marked, labels are apart, lines are broken."""
    parts = []
    for group in numbered_groups(*given):
        spans = []
        for line in map(str.strip, group):
            label, colon, value = line.partition(": ")
            first, blank, rest = line.partition(" ")
            if colon and label.isupper():
                spans.append(
                    f'<SPAN CLASS="c8">{label}: </SPAN><SPAN CLASS="c2">{escape(value)}</SPAN>'
                )
            elif group[0][0] == "\t" and first in words("months", "en"):
                spans.append(
                    f'<SPAN CLASS="c4">{first}</SPAN><SPAN CLASS="c2"> {rest}</SPAN>&nbsp;'
                )
            else:
                spans.append(f'<SPAN CLASS="c2">{escape(line)}</SPAN>')
        if (
            group[0].startswith("\t")
            and any(map(str.isdecimal, group[0].split()))
            and len(group) == 1
        ):
            parts.append('<A NAME="DOC_ID"></A><!-- Hide XML section\n<DOC>\n<DOCFULL> -->')
        parts.append(f'<BR><DIV CLASS="c0"><P CLASS="c1">{"<BR>".join(spans)}</P>\n</DIV>')
    style = "<STYLE TYPE='text/css'><!-- .c0 { text-align: center; } --></STYLE>"
    page = f"<HTML><HEAD>{style}<META CHARSET=utf-8></HEAD><BODY>\n{''.join(parts)}\n</BODY></HTML>"
    return page.encode()


# --------------------------------------------------------------------------------------- Factiva


def factiva_rows(story: Story, number: int, language: str, chance: random.Random) -> Rows:
    """Return the codes of an article with what stands behind them."""
    unit, day = words("nexis", language)[3], written(story.published, language).replace(".", "")
    rows: Rows = [("SE", story.section), ("HD", story.title), ("BY", story.author)]
    rows += [("CR", "Vale Agency")] if chance.random() < 0.2 else []
    rows += [("WC", f"{story.words} {unit}"), ("PD", day)]
    rows += [("ET", "15:32")] if chance.random() < 0.4 else []
    rows += [("SN", story.outlet), ("SC", "VALECH"), ("ED", story.edition), ("PG", story.page)]
    rows += [("LA", words("english", language)[0]), ("CY", "(c) 2024 Vale Press.   ")]
    cut = 1 if len(story.body) > 1 else 0
    rows += [("LP", story.body[:cut]), ("TD", story.body[cut:]), ("RF", "ARDEN-FERRY")]
    rows += [("NS", "gcat : Political/General News | gvote : Elections"), ("RE", "ard : Arden")]
    rows += [
        ("IPC", "VOTE | GEN"),
        ("PUB", "Vale Press"),
        ("AN", f"Document VALECH002024ek35{number:06}"),
    ]
    return [row for row in rows if row[1]]


def as_factiva_page(
    found: list[Story], language: str, chance: random.Random, _: int = 0, coded: bool = True
) -> bytes:
    """Write a page of Factiva, with codes in tables or as it shows articles."""
    articles = []
    for number, story in enumerate(found):
        rows = factiva_rows(story, number, language, chance)
        make = _factiva_table if coded else _factiva_shown
        inner = make(rows, language)
        articles.append(f'<span></span><div class="article {language}Article">{inner}<br/></div>')
    head = (
        '<meta http-equiv="Content-Type" content="text/html; charset=UTF-8"/><title>Factiva</title>'
    )
    top = "<table><tr><td><h1>Factiva</h1></td><td><span>Dow Jones</span></td></tr></table>"
    end = '<div id="pageFooter"><span class="copyright">© 2024 Factiva, Inc.</span></div>'
    body = f'<div id="contentLeft">{top}{"<br/>".join(articles)}{end}</div>'
    return f"<html><head>{head}</head><body><form>{body}</form></body></html>".encode()


def as_factiva_shown_page(
    found: list[Story], language: str, chance: random.Random, whole: int
) -> bytes:
    """Write a page of Factiva as it shows articles."""
    return as_factiva_page(found, language, chance, whole, coded=False)


def _paragraphs(texts: tuple[str, ...], language: str) -> str:
    kind = f"articleParagraph {language}articleParagraph"
    return "".join(f'<p class="{kind}">{escape(text)}\n</p>' for text in texts)


def _factiva_table(rows: Rows, language: str) -> str:
    made = []
    for code, value in rows:
        text = _paragraphs(value, language) if isinstance(value, tuple) else escape(value)
        text = f"<b class='{language}Headline'>{text}</b>\n" if code == "HD" else text
        made.append(f'<tr><td class="index"><b>{code}</b>&nbsp;</td><td>{text}</td></tr>')
    return f'<table cellpadding="1">{"".join(made)}</table>'


def _factiva_shown(rows: Rows, language: str) -> str:
    told = dict(rows)
    heads = [told.get(code) for code in words("heads")[3:]]
    title = f"<span class='{language}Headline'>{escape(told['HD'])}</span>"
    made = f"<div>{escape(told['SE'])}</div>" if "SE" in told else ""
    made += f'<div id="hd">{title}</div>'
    made += f'<div class="author">{escape(told["BY"])}</div>' if "BY" in told else ""
    made += "".join(f"<div>{escape(one)}</div>" for one in heads if one)
    made += _paragraphs((*told.get("LP", ()), *told["TD"]), language)
    return f"{made}<p>{told['AN']}</p>"


def as_factiva_text(found: list[Story], language: str, chance: random.Random, whole: int) -> bytes:
    """Write what Factiva saves as text, articles as shown; what was searched for stands below."""
    lines = []
    for number, story in enumerate(found):
        told = dict(factiva_rows(story, number, language, chance))
        above = takewhile(lambda row: row[0] != "LA", told.items())
        lines += [value for code, value in above if code != "CR"]
        lines += [told["LA"], told["CY"].strip(), ""]
        lines += ["\n\n".join(story.body), "", told["AN"], "", ""]
    return "\n".join([*lines, *_summary()]).encode()


def as_factiva_rtf(found: list[Story], language: str, chance: random.Random, whole: int) -> bytes:
    """Write what Factiva saves as RTF with codes."""
    lines = []
    for number, story in enumerate(found):
        for code, value in factiva_rows(story, number, language, chance):
            text = "\n\n".join(value) if isinstance(value, tuple) else value
            lines += [f"{code}\t{text}"] if not isinstance(value, tuple) else [code, text, ""]
        lines += ["", ""]
    return as_rtf("\n".join([*lines, *_summary()]))


def _summary() -> list[str]:
    told = ["Search Summary", "Text\tferry AND strike", "Date\tIn the last 3 months"]
    return [*told, "Source\tAll Sources", "Results Found\t1,204", "© 2024 Factiva, Inc."]


def as_factiva_xml(found: list[Story], language: str, chance: random.Random, whole: int) -> bytes:
    """Write an answer of Factiva in XML: paragraphs with what was searched for marked."""
    made = []
    for number, story in enumerate(found):
        told = [escape_xml(text).replace("ferry", "<hlt>ferry</hlt>") for text in story.body]
        first, *rest = (f'<paragraph display="Proportional">{text}</paragraph>' for text in told)
        author = f"<byline>{escape_xml(story.author)}</byline>" if story.author else ""
        made.append(
            f"<ppsarticle><article><accessionNo>VALECH{number:06}</accessionNo>{author}"
            f"<headline><paragraph>{escape_xml(story.title)}</paragraph></headline>"
            f"<leadParagraph>{first}</leadParagraph><pages><page>{story.page}</page></pages>"
            f"<publicationDate><dateTime>{story.published}T01:35:58Z</dateTime></publicationDate>"
            f"<publisherName>Vale Press</publisherName><sourceName>{story.outlet}</sourceName>"
            f'<region code="ard"><name>Arden</name></region><sourceCode>VALECH</sourceCode>'
            f"<tailParagraphs>{''.join(rest)}</tailParagraphs><wordCount>{story.words}</wordCount>"
            "</article></ppsarticle>"
        )
    listed = f'<ppsarticleResultSet count="{whole}">{"".join(made)}</ppsarticleResultSet>'
    space = 'xmlns="http://global.factiva.com/pps/2.0"'
    answer = f"<PPSResponse><ppsArticleResponse {space}>{listed}</ppsArticleResponse></PPSResponse>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{answer}'.encode()


# ------------------------------------------------------------- ProQuest, Europresse, own separators


def as_proquest(found: list[Story], language: str, chance: random.Random, whole: int) -> bytes:
    """Write the text of ProQuest: a title, labels, the text, more labels, a line of underscores."""
    mark, author, text, title, outlet, published, section, key, subject, abstract, count = words(
        "proquest", language
    )
    blocks = []
    for number, story in enumerate(found, 1):
        blocks += [RULE, mark.format(number, whole), story.title]
        blocks += [f"{author}: {story.author}"] if story.author else []
        blocks += [f"https://proquest.example/docview/{number}?accountid=1"]
        blocks += [f"{abstract}: " + ("None available." if number % 2 else "What it is about.")]
        between = "\n\n" if chance.random() < 0.3 else "\n"
        blocks += [f"{text}: " + between.join(story.body)]
        blocks += [f"{subject}: Ships; Harbours", "Location: Arden", f"{title}: {story.title}"]
        blocks += [f"{outlet}: {story.outlet}; Arden, Vale", "Pages: " + story.page]
        blocks += [f"{published}: {written(story.published, language)}"]
        blocks += [f"{section}: {story.section}"] if story.section else []
        blocks += ["ISSN: 00000001", f"{key}: {1000 + number}", f"{count}: {story.words}"]
        blocks += ["Copyright: Copyright Vale Press 2024", "Database: Newspaper Daily"]
    end = "Contact us at: http://about.example Copyright © 2024 ProQuest LLC. All rights reserved."
    return "\n\n".join([*blocks, RULE, end]).encode()


def as_europresse(found: list[Story], language: str, chance: random.Random, whole: int) -> bytes:
    """Write a page of Europresse: parts with classes, notes beside, a certificate below."""
    made = []
    for number, story in enumerate(found):
        day = written(story.published, language)
        day = (
            day
            if language == "en"
            else f"{words('weekdays', language)[story.published.weekday()]} {day}"
        )
        head = ", ".join(filter(None, [story.section.replace(";", " -"), day, f"p. {story.page}"]))
        kind = ' class="docAuthors"' if number % 2 else ""
        author = f"<div{kind}>{escape(story.author)}</div>" if story.author else ""
        body = "".join(
            f"<p>{escape(one).replace('ferry', '<mark>ferry</mark>')}</p> " for one in story.body
        )
        key = f"news·{story.published:%Y%m%d}·VE·0q{number}"
        made.append(
            '<article> <header> <img sourcecode="VE" src="ve.gif" /> <div> <span class='
            f'"DocPublicationName">{escape(story.outlet)}   </span> </div> <div> <span class='
            f'"DocHeader">{head}</span> </div> <div class="titreArticle"> <p class="titreArticle'
            f'Visu">{escape(story.title)}</p> </div> {author} </header> <section> <div class='
            f"\"DocText\"> <div class='docOcurrContainer'> {body}</div> </div> </section> <aside> "
            "<div> <p><b>Illustration(s) : </b></p> <p>A ship.</p> </div> <div> <b>Note(s) : </b> "
            "</div> </aside> <footer> <small>© 2024 Vale Press. Tous droits réservés.</small> <p>"
            f'Numéro de document : {key}</p> <div id="divPubliC"> <span id="PubliC_lblNodoc">{key}'
            "</span> <div> <span>Ce certificat est émis à des fins de visualisation.</span> </div> "
            "</div> </footer> </article>"
        )
    head = '<head> <meta charset="utf-8"> <title></title></head>'
    return f"<!DOCTYPE html> <html> {head} <body> {' '.join(made)} </body> </html>".encode()


def as_own(found: list[Story], language: str, chance: random.Random, whole: int) -> bytes:
    """Write articles one below the other as people paste them."""
    sign = chance.choice(words("signs"))
    pieces = []
    for story in found:
        day = written(story.published, language)
        head = (
            [f"{story.outlet}, {day}", story.title]
            if len(sign) % 2
            else [story.title, day, story.outlet]
        )
        head += [f"By {story.author.removeprefix('By ')}"] if story.author else []
        pieces.append("\n".join(head) + "\n\n" + "\n\n".join(story.body))
    return f"\n\n{sign}\n".join(pieces).encode()


Layout = Callable[[list[Story], str, random.Random, int], bytes]
LAYOUTS: dict[str, tuple[str, Layout]] = {
    function.__name__.removeprefix("as_").replace("_", " "): (suffix, function)
    for suffix, function in (
        (".docx", as_nexis_docx),
        (".rtf", as_nexis_rtf),
        (".txt", as_nexis_text),
        (".TXT", as_numbered_text),
        (".HTML", as_numbered_page),
        (".html", as_factiva_page),
        (".htm", as_factiva_shown_page),
        (".txt", as_factiva_text),
        (".rtf", as_factiva_rtf),
        (".xml", as_factiva_xml),
        (".txt", as_proquest),
        (".html", as_europresse),
        (".txt", as_own),
    )
}


def make_export(layout: str, number: int, language: str, seed: int = SEED) -> bytes:
    """Return a file of some articles in a layout."""
    return LAYOUTS[layout][1](make_stories(number, seed), language, random.Random(seed), number)


# ------------------------------------------------------------------------------ what is read right


def count_right(found: list[Story], file: Path) -> tuple[list[int], list[str]]:
    """Return of how many articles each part is right in a file, and what is said of it."""
    items = [item for source in iter_files(file) for item in iter_records(source)]
    read = [item for item in items if isinstance(item, dict)]
    right = [0] * len(words("parts"))
    for story, row in zip(found, read, strict=False):
        texts = " ".join(" ".join(story.body).split()), " ".join(row["text"].split())
        told = (
            True,
            row["outlet"] == story.outlet,
            f"{row['published']:%Y-%m-%d}" == f"{story.published}"
            if row["published"] == row["published"]
            else False,
            row["headline"] == story.title,
            row["byline"].removeprefix("By ") == story.author.removeprefix("By "),
            texts[0] == texts[1],
        )
        right = [n + one for n, one in zip(right, told, strict=True)]
    right[0] -= max(0, len(read) - len(found))
    return right, [item.problem for item in items if isinstance(item, Problem)]


def measure_layouts(folder: Path, sizes: tuple[int, ...] = (10, 60, 200)) -> Iterator[tuple]:
    """Yield (layout, part, % right, articles) over files of each size in every language."""
    folder.mkdir(parents=True, exist_ok=True)
    for layout, (suffix, _) in LAYOUTS.items():
        total, right = 0, [0] * len(words("parts"))
        for turn, language in enumerate(languages()):
            number, seed = sizes[turn % len(sizes)], SEED + turn
            file = folder / f"{layout} {language}{suffix}"
            file.write_bytes(make_export(layout, number, language, seed))
            found, _ = count_right(make_stories(number, seed), file)
            total, right = total + number, [a + b for a, b in zip(right, found, strict=True)]
        yield from (
            (layout, part, 100 * n / total, total)
            for part, n in zip(words("parts"), right, strict=True)
        )
