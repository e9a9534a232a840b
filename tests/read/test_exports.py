"""Files of many articles: each layout, in other languages, with gaps and damaged ends."""

from __future__ import annotations

import io
import random
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from docx import Document as WordDocument
from reading_fixture import read_corpus

from helpers.read.exports import read_export

OUTLETS = ("The Vale Echo", "The Daily Anchor (Harwick)", "24 Hours Anning", "Mill News; Arden")
NAMES = ("Mara Quist", "Pell Andrews", "Una Marsh and Teo Brandt", "O'Dell, Jo")
OPENINGS = ("Dockers vote to walk out", "Fares rise 12%, says council", "Budget: who pays?")
SENTENCES = (
    "The council of the island said on Tuesday that it would think about the ferry again.",
    "“We had no choice,” said the mayor, Ada Kell. “Nobody likes it.”",
    '"It is too much," said Rosa Lind, a passenger who had come from Port Anning that day.',
    "In 2019 the harbour took 1,204 ships; by 2023 there were 1,310 of them, the port said.",
    "What: a vote. When: on 12 May 2024. Where: in the hall, as the notice said.",
    "Section 4 of the law says: no ship may leave without a pilot.",
    "TO LET: a house by the water, the sign read.",
)


@dataclass(frozen=True)
class Story:
    title: str
    outlet: str
    published: date
    author: str
    section: str
    page: str
    body: tuple[str, ...]


def stories(number: int, seed: int = 1) -> list[Story]:
    """Make articles with invented words."""
    chance = random.Random(seed)
    made = []
    for place in range(number):
        body = tuple(
            " ".join(chance.choices(SENTENCES, k=chance.randint(1, 4)))
            for _ in range(chance.randint(2, 7))
        )
        title = f"{chance.choice(OPENINGS)}: the {place + 1}th day of a long autumn"
        if place % 3 == 0:
            title += " in which nobody sailed, though many would have liked to, as they said"
        made.append(
            Story(
                title,
                chance.choice(OUTLETS),
                date(2023, 1, 1) + timedelta(days=chance.randint(0, 700)),
                chance.choice(NAMES),
                chance.choice(("NEWS", "Business", "Local; Islands")),
                f"{chance.randint(1, 40)}A",
                body,
            )
        )
    return made


def words_in(story: Story) -> int:
    return len(" ".join(story.body).split())


# ------------------------------------------------------------------------------------- layouts

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre",
}
DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}


def day(story: Story, language: str, weekday: bool = True) -> str:
    when = story.published
    month = MONTHS[language].split()[when.month - 1]
    written = {
        "en": f"{month} {when.day}, {when.year}",
        "de": f"{when.day}. {month} {when.year}",
        "fr": f"{when.day} {month} {when.year}",
        "es": f"{when.day} de {month} de {when.year}",
    }[language]
    return f"{written} {DAYS[language].split()[when.weekday()]}" if weekday else written


NEXIS = {
    "en": ("{} of {} DOCUMENTS", "BYLINE", "SECTION", "LENGTH", "words", "LANGUAGE", "ENGLISH"),
    "de": ("Dokument {} von {}", "AUTOR", "RUBRIK", "LÄNGE", "Wörter", "SPRACHE", "ENGLISCH"),
    "fr": ("Document {} de {}", "AUTEUR", "RUBRIQUE", "LONGUEUR", "mots", "LANGUE", "ANGLAIS"),
    "es": ("{} de {} DOCUMENTOS", "AUTOR", "SECCIÓN", "LONGITUD", "palabras", "IDIOMA", "INGLÉS"),
}


def as_numbered_nexis(found: list[Story], language: str, total: int = 0) -> str:
    mark, byline, section, length, words, tongue, english = NEXIS[language]
    lines = ["Download Request: Selected Items", "Terms: (harbour AND strike)", "", ""]
    for number, story in enumerate(found, 1):
        lines += [mark.format(number, total or len(found)).center(72).rstrip(), "", ""]
        lines += [story.outlet.center(72).rstrip(), "", day(story, language).center(72).rstrip()]
        if number % 2:
            lines += ["FIRST EDITION".center(72).rstrip()]
        lines += ["", *textwrap.wrap(story.title, 72), ""]
        if story.author:
            lines += [f"{byline}: {story.author}", ""]
        if story.section:
            lines += [f"{section}: {story.section}; Pg. {story.page}", ""]
        lines += [f"{length}: {words_in(story)} {words}", "", ""]
        for paragraph in story.body:
            lines += [*textwrap.wrap(paragraph, 72), ""]
        lines += ["GRAPHIC: Photo, a ship in the harbour.", "", "LOAD-DATE: March 3, 2024", ""]
        lines += [f"{tongue}: {english}", "", "PUBLICATION-TYPE: Newspaper", "", ""]
        lines += ["Copyright 2024 Anchor Newspapers Ltd".center(72).rstrip()]
        lines += ["All Rights Reserved".center(72).rstrip(), "", ""]
    return "\r\n".join(lines)


UNI = {
    "en": ("Documents", "Section", "Length", "words", "Byline", "Body", "Classification",
           "Language", "End of Document"),
    "de": ("Dokumente", "Rubrik", "Länge", "Wörter", "Autor", "Textkörper", "Klassifizierung",
           "Sprache", "Ende des Dokuments"),
    "fr": ("Documents", "Rubrique", "Longueur", "mots", "Auteur", "Corps", "Classification",
           "Langue", "Fin du document"),
    "es": ("Documentos", "Sección", "Longitud", "palabras", "Autor", "Cuerpo", "Clasificación",
           "Idioma", "Fin del documento"),
}  # fmt: skip


def nexis_paragraphs(found: list[Story], language: str, total: int = 0) -> list[str]:
    documents, section, length, words, byline, body, classification, tongue, end = UNI[language]
    lines = ["Date and Time: Monday, February 12, 2024 10:12:00 AM EST", "Job Number: 2230"]
    lines += [f"{documents} ({total or len(found)})"]
    for number, story in enumerate(found, 1):
        lines += [f"{number}. {story.title}", "Client/Matter: -None-", "Search Terms: harbour"]
    for number, story in enumerate(found, 1):
        lines += [story.title, story.outlet, day(story, language)]
        lines += ["Copyright 2024 Anchor Newspapers Ltd All Rights Reserved"]
        if story.section:
            lines += [f"{section}:\xa0{story.section}; Pg. {story.page}"]
        lines += [f"{length}:\xa0{words_in(story)} {words}"]
        if story.author:
            lines += [f"{byline}:\xa0{story.author}"]
        lines += [body, *(["ABSTRACT", "What it is about.", "FULL TEXT"] if number % 2 else [])]
        lines += [*story.body, classification, f"{tongue}:\xa0ENGLISH", "Subject:\xa0SHIPS (91%)"]
        lines += ["Load-Date:\xa0February 15, 2024", end]
    return lines


def as_nexis_text(found: list[Story], language: str, total: int = 0) -> str:
    return "\n\n".join(nexis_paragraphs(found, language, total))


def as_docx(paragraphs: list[str]) -> bytes:
    word = WordDocument()
    for paragraph in paragraphs:
        word.add_paragraph(paragraph)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


PROQUEST = {
    "en": ("Document {} of {}", "Author", "Full text", "Title", "Publication title",
           "Publication date", "Section", "ProQuest document ID", "Subject"),
    "de": ("Dokument {} von {}", "Autor", "Volltext", "Titel", "Publikationstitel",
           "Erscheinungsdatum", "Rubrik", "ProQuest-Dokument-ID", "Thema"),
    "fr": ("Document {} sur {}", "Auteur", "Texte intégral", "Titre", "Titre de publication",
           "Date de publication", "Rubrique", "ID du document ProQuest", "Sujet"),
    "es": ("Documento {} de {}", "Autor", "Texto completo", "Título", "Título de publicación",
           "Fecha de publicación", "Sección", "ID del documento de ProQuest", "Materia"),
}  # fmt: skip


def as_proquest(found: list[Story], language: str, total: int = 0) -> str:
    mark, author, text, title, outlet, published, section, key, subject = PROQUEST[language]
    blocks = []
    for number, story in enumerate(found, 1):
        blocks += ["_" * 60, mark.format(number, total or len(found)), story.title]
        if story.author:
            blocks += [f"{author}: {story.author}"]
        blocks += [f"https://proquest.example/docview/{number}", "Abstract: None available."]
        blocks += [f"{text}: " + "\n".join([*story.body, "CAPTION: A ship in the harbour."])]
        blocks += [f"{subject}: Ships; Harbours", f"{title}: {story.title}"]
        blocks += [f"{outlet}: {story.outlet.partition(';')[0]}; Arden"]
        blocks += [f"{published}: {day(story, language, weekday=False)}"]
        if story.section:
            blocks += [f"{section}: {story.section}"]
        blocks += [f"{key}: {1000 + number}", "Database: Newspaper Daily"]
    return "\n\n".join([*blocks, "_" * 60, "Contact us at: http://about.example Copyright 2024"])


def as_factiva_codes(found: list[Story], language: str, total: int = 0) -> str:
    lines = []
    for number, story in enumerate(found, 1):
        lines += [f"SE\t{story.section}"] if story.section else []
        lines += [f"HD\t{story.title}"]
        lines += [f"BY\t{story.author}"] if story.author else []
        lines += [f"WC\t{words_in(story)} words", f"PD\t{day(story, language, weekday=False)}"]
        lines += [f"SN\t{story.outlet}", "SC\tVALECH", f"PG\t{story.page}", "LA\tEnglish"]
        lines += ["CY\t(Copyright Vale Press 2024)", f"LP\t{story.body[0]}", "", "TD"]
        lines += ["\n\n".join(story.body[1:]), "", "NS\tgcat : News", "PUB\tVale Press"]
        lines += [f"AN\tDocument VALECH0020240305ek35000{number:03d}", ""]
    return "\n".join(lines)


def as_factiva_shown(found: list[Story], language: str, total: int = 0) -> str:
    lines = []
    for number, story in enumerate(found, 1):
        lines += [story.title, *([story.author] if story.author else [])]
        lines += [f"{words_in(story)} words", day(story, language, weekday=False), "10:12"]
        lines += [story.outlet, "VALECH", story.page, "English", "(c) 2024 Vale Press", ""]
        lines += ["\n\n".join(story.body), "", f"Document VALECH0020240305ek35000{number:03d}", ""]
    return "\n".join(lines)


def as_factiva_page(found: list[Story], coded: bool) -> str:
    articles = []
    for number, story in enumerate(found, 1):
        paragraphs = "".join(f'<p class="articleParagraph">{one}\n</p>' for one in story.body)
        end = f"<p>Document VALECH0020240305ek35000{number:03d}</p>"
        if coded:
            rows = {"SE": story.section, "HD": story.title, "BY": story.author, "SN": story.outlet}
            rows |= {"PD": day(story, "en", False), "LA": "English", "TD": paragraphs, "AN": end}
            table = "".join(
                f"<tr><td><b>{code}</b></td><td>{value}</td></tr>"
                for code, value in rows.items()
                if value
            )
            articles.append(f'<div class="article enArticle"><table>{table}</table></div>')
            continue
        shown = [f"{words_in(story)} words", day(story, "en", False), story.outlet, "VALECH"]
        shown += [story.page, "English", "Copyright 2024 Vale Press"]
        articles.append(
            f'<div class="article enArticle"><div id="hd"><span class="enHeadline">{story.title}'
            f'</span></div><div class="author">{story.author}</div>'
            + "".join(f"<div>{one}</div>" for one in shown)
            + f"{paragraphs}{end}</div>"
        )
    return f"<html><head><meta charset=utf-8></head><body>{''.join(articles)}</body></html>"


def as_own(found: list[Story], language: str, total: int = 0) -> str:
    sign = {"en": "***", "de": "-----", "fr": "* * *", "es": "=====" * 4}[language]
    pieces = []
    for story in found:
        outlet = story.outlet.partition(";")[0]
        head = [f"{outlet}, {day(story, language, weekday=False)}", story.title]
        head += [f"By {story.author}"] if story.author else []
        pieces.append("\n".join(head) + "\n\n" + "\n\n".join(story.body))
    return f"{sign}\n" + f"\n\n{sign}\n".join(pieces) + "\n"


LAYOUTS: dict[str, Callable[..., str]] = {
    "numbered Nexis": as_numbered_nexis,
    "Nexis": as_nexis_text,
    "ProQuest": as_proquest,
    "Factiva with codes": as_factiva_codes,
    "Factiva as shown": as_factiva_shown,
    "own separators": as_own,
}
ANNOUNCING = ("numbered Nexis", "Nexis", "ProQuest")


# --------------------------------------------------------------------------------------- tests


def read(folder: Path, name: str, content: str | bytes) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_corpus(folder / name)


def check(articles: pd.DataFrame, found: list[Story], sections: bool = True) -> None:
    """Compare every field and the whole text of every article."""
    assert len(articles) == len(found)
    for row, story in zip(articles.itertuples(), found, strict=True):
        assert row.headline == story.title
        assert row.outlet.split(";")[0] == story.outlet.split(";")[0]
        assert row.published == pd.Timestamp(story.published)
        assert row.byline == story.author
        assert row.section.startswith(story.section if sections else "")
        text = row.text.removesuffix("\n\nA ship in the harbour.")
        assert text == "\n\n".join(story.body)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_article_is_read_with_its_fields(tmp_path: Path, layout: str, language: str):
    found = stories(40)
    articles, problems = read(tmp_path, "export.txt", LAYOUTS[layout](found, language))
    assert list(problems["problem"]) == []
    sections = layout not in ("own separators", "Factiva as shown")
    check(articles, found, sections)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_a_word_file_of_nexis(tmp_path: Path, language: str):
    found = stories(12)
    articles, problems = read(tmp_path, "export.docx", as_docx(nexis_paragraphs(found, language)))
    assert list(problems["problem"]) == []
    check(articles, found)


def as_rtf(text: str) -> bytes:
    """Write RTF as Word does: a table of fonts, Windows-1252 as escapes, the rest as Unicode."""
    out = []
    for sign in text.replace("\r\n", "\n"):
        raw = sign.encode("cp1252", "ignore")
        if sign in "\\{}":
            out.append(f"\\{sign}")
        elif sign == "\n":
            out.append("\\par\n")
        elif sign == "\t":
            out.append("\\tab ")
        elif raw and raw[0] < 0x80:
            out.append(sign)
        else:
            out.append(f"\\'{raw[0]:02x}" if raw else f"\\u{ord(sign)}?")
    fonts = r"{\fonttbl{\f0\froman Times;}}{\*\generator Word;}{\info{\title Export}}"
    return (r"{\rtf1\ansi\ansicpg1252\deff0" + fonts + r"\f0\fs24 " + "".join(out) + "}").encode()


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "own separators"])
def test_an_rtf_export(tmp_path: Path, layout: str):
    found = stories(20, seed=6)
    content = LAYOUTS[layout](found, "de")
    if layout == "numbered Nexis":  # an archive's RTF does not wrap its lines
        content = unwrapped(content)
    articles, problems = read(tmp_path, "export.rtf", as_rtf(content))
    assert list(problems["problem"]) == []
    check(articles, found, sections=layout != "Factiva as shown")


def unwrapped(text: str) -> str:
    groups = text.replace("\r\n", "\n").split("\n\n")
    return "\n\n".join(
        group if group.startswith(" ") else " ".join(group.split("\n")) for group in groups
    )


@pytest.mark.parametrize("coded", [True, False])
def test_a_page_of_factiva(tmp_path: Path, coded: bool):
    found = stories(12)
    articles, problems = read(tmp_path, "export.html", as_factiva_page(found, coded))
    assert list(problems["problem"]) == []
    check(articles, found, sections=coded)


def test_a_page_of_nexis(tmp_path: Path):
    found = stories(12, seed=7)
    groups = unwrapped(as_numbered_nexis(found, "en")).split("\n\n")
    divisions = "".join(
        f'<div class="c0"><p class="c1"><span>{group.strip()}</span></p></div>'.replace(
            "\n", "<br>"
        )
        for group in groups
        if group.strip()
    )
    page = (
        f"<html><head><meta charset=utf-8></head><body><DOCFULL>{divisions}</DOCFULL></body></html>"
    )
    articles, problems = read(tmp_path, "export.html", page)
    assert list(problems["problem"]) == []
    check(articles, found)


@pytest.mark.parametrize("language", ["fr", "en", "de"])
def test_a_page_of_europresse(tmp_path: Path, language: str):
    found = stories(12, seed=8)
    words = {"fr": "mots", "en": "words", "de": "Wörter"}[language]
    articles = "".join(
        f'<article><header><div class="rdp__DocPublicationName"><span class="DocPublicationName">'
        f'{story.outlet}, no. 24</span></div><span class="DocHeader">{story.section}, '
        f"{day(story, language, weekday=False)} {words_in(story)} {words}, p. {story.page}</span>"
        f'<div class="titreArticle"><p class="titreArticleVisu rdp__articletitle">{story.title}</p>'
        f'</div><div class="docAuthors">{story.author}</div></header>'
        '<div class="docOcurrContainer">'
        f"{''.join(f'<p>{one}</p>' for one in story.body)}</div><footer><div>Tous droits réservés"
        f'</div><div class="publiC-lblNodoc">news·2024·{number}</div></footer></article>'
        for number, story in enumerate(found)
    )
    page = f"<html><head><meta charset=utf-8></head><body>{articles}</body></html>"
    read_articles, problems = read(tmp_path, "export.html", page)
    assert list(problems["problem"]) == []
    check(read_articles, found, sections=False)
    assert read_articles["metadata"].str.contains('"page": "').all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_fields_that_are_missing_are_empty(tmp_path: Path, layout: str):
    found = [
        replace(story, author=story.author if n % 2 else "", section=story.section if n % 3 else "")
        for n, story in enumerate(stories(20, seed=2))
    ]
    articles, problems = read(tmp_path, "export.txt", LAYOUTS[layout](found, "en"))
    assert list(problems["problem"]) == []
    check(articles, found, sections=layout not in ("own separators", "Factiva as shown"))


@pytest.mark.parametrize("layout", ANNOUNCING)
def test_articles_announced_and_missing_are_told(tmp_path: Path, layout: str):
    found = stories(10, seed=3)
    articles, problems = read(tmp_path, "export.txt", LAYOUTS[layout](found, "en", total=12))
    assert len(articles) == 10
    assert problems["path"].item() == "export.txt"
    assert "announces 12 articles, and 10 were read" in problems["problem"].item()


@pytest.mark.parametrize("layout", ANNOUNCING)
@pytest.mark.parametrize("share", [0.15, 0.4, 0.7, 0.95])
def test_a_cut_file_gives_what_is_there_and_tells(tmp_path: Path, layout: str, share: float):
    found = stories(30, seed=4)
    whole = LAYOUTS[layout](found, "en")
    start = whole.index(found[0].body[0][:40])
    cut = whole[: start + int(share * (len(whole) - start))]
    articles, problems = read(tmp_path, "export.txt", cut)
    check(articles.iloc[:-1], found[: len(articles) - 1])
    assert len(articles) >= share * 30 - 2
    assert len(problems) >= 1
    if len(articles) < 30:
        assert problems["problem"].str.contains("announces 30 articles").any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_labels_and_classification_are_no_text(tmp_path: Path, layout: str):
    found = stories(15, seed=5)
    articles, _ = read(tmp_path, "export.txt", LAYOUTS[layout](found, "en"))
    whole = "\n".join(articles["text"])
    for label in ("LENGTH", "LOAD-DATE", "Load-Date", "Classification", "Subject:", "SHIPS (91%)"):
        assert label not in whole
    for label in ("Copyright", "Database", "gcat", "Document ", "Newspaper", "CAPTION", "____"):
        assert label not in whole


def test_the_page_and_the_words_are_metadata():
    export = read_export(as_numbered_nexis(stories(3), "en"))
    documents = list(export.documents())
    assert [one.metadata["page"] for one in documents] == [one.page for one in stories(3)]
    assert all(one.metadata["words"].endswith(" words") for one in documents)


def test_a_text_much_shorter_than_announced_is_told(tmp_path: Path):
    story = replace(stories(1)[0], body=(SENTENCES[0],))
    content = as_numbered_nexis([story], "en").replace(f"LENGTH: {words_in(story)}", "LENGTH: 640")
    articles, problems = read(tmp_path, "export.txt", content)
    assert len(articles) == 1
    assert "says it has 640 words, and 16 are there" in problems["problem"].item()


@pytest.mark.parametrize(
    "text",
    [
        "One part of a story.\n\n***\n\nAnother part of it.\n\n***\n\nThe end of it.\n",
        "Body\n\nThe body was found on Tuesday.\n\nLength: two metres.\n",
        "1 of 3 people said so.\n\n2 of 3 DOCUMENTS in the file are lost, she said.\n",
        "A form\n\n____________________________\n\nSign here: on the line.\n",
        "Document 12 of the file names nobody.\n\nHD is what they call it.\n\nTD\n",
        "March 3, 2024\n\n***\n\nOn the beach\n\n***\n\nIn the town\n",
    ],
)
def test_an_article_is_no_export(tmp_path: Path, text: str):
    articles, problems = read(tmp_path, "a.txt", text)
    assert list(articles["text"]) == [text]
    assert problems.empty


def test_parts_that_are_not_all_headed_are_told(tmp_path: Path):
    whole = as_own(stories(6), "en").replace(day(stories(6)[2], "en", weekday=False), "lately")
    articles, problems = read(tmp_path, "a.txt", whole)
    assert len(articles) == 1
    assert "part it into 6, of which 5 look like articles" in problems["problem"].item()


@pytest.mark.parametrize(
    "head",
    ["Echo, 3 March 2024", "Echo | March 3, 2024", "3 March 2024 - Echo", "Echo (2024-03-03)",
     "Source: Echo\nDate: 3 March 2024", "March 3, 2024, Echo", "Echo – Sunday 3 March 2024"],
)  # fmt: skip
def test_heads_of_own_making(tmp_path: Path, head: str):
    text = f"{head}\nFares rise\n\nThey rise in June.\n\n***\n{head}\nSwans\n\nThey are back.\n"
    articles, problems = read(tmp_path, "a.txt", text)
    assert problems.empty
    assert list(articles["outlet"]) == ["Echo", "Echo"]
    assert list(articles["published"]) == [pd.Timestamp("2024-03-03")] * 2
    assert list(articles["headline"]) == ["Fares rise", "Swans"]
    assert list(articles["text"]) == ["They rise in June.", "They are back."]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", range(6))
def test_no_damage_ends_the_reading(tmp_path: Path, layout: str, seed: int):
    chance = random.Random(seed)
    lines = LAYOUTS[layout](stories(8, seed), chance.choice(["en", "de", "fr", "es"])).split("\n")
    for _ in range(25):
        place = chance.randrange(len(lines))
        change = chance.choice(["drop", "double", "swap", "blank", "cut"])
        if change == "drop":
            del lines[place]
        elif change == "double":
            lines.insert(place, lines[place])
        elif change == "swap":
            other = chance.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        elif change == "blank":
            lines[place] = ""
        else:
            lines[place] = lines[place][: len(lines[place]) // 2]
    articles, problems = read(tmp_path, "export.txt", "\n".join(lines))
    assert len(articles) + len(problems) >= 1
    assert not problems["problem"].str.contains("could not be read").any()


BODY = SENTENCES[0] + " " + SENTENCES[1]
HEADS = (("Bridge to open", "Vale Echo", "3 March 2024"), ("Fares rise", "Mill News", "2024-03-05"))
OWN = {
    "numbers between signs": "=== {n} ===\n{title}\n{outlet}, {day}\n\n{body}",
    "numbered articles": "Article {n} of 2\n\n{title}\n{outlet}, {day}\n\n{body}",
    "labels alone": "Headline: {title}\nSource: {outlet}\nDate: {day}\n\n{body}",
    "pages": "{title}\n{outlet}, {day}\n\n{body}\f",
    "blank lines": "{title}\n{outlet}, {day}\n\n{body}\n\n",
    "ends": "{title}\n{outlet}, {day}\n\n{body}\n\nEND",
    "an outlet below the date": "***\n{title}\n{day}\n{outlet}\n\n{body}",
    "an outlet above the date": "***\n{outlet}\n{day}\n{title} as nobody had thought\n\n{body}",
    "more labels": "Record: {n}\nTitle: {title}\nSource: {outlet}\nDate: {day}\nPage: 4\n\n{body}",
}


@pytest.mark.parametrize("layout", OWN)
def test_other_separators(tmp_path: Path, layout: str):
    pieces = [
        OWN[layout].format(n=n, title=title, outlet=outlet, day=day, body=BODY)
        for n, (title, outlet, day) in enumerate(HEADS, 1)
    ]
    articles, problems = read(tmp_path, "own.txt", "\n\n".join(pieces))
    assert list(problems["problem"]) == []
    headlines = articles["headline"].str.removesuffix(" as nobody had thought")
    assert list(headlines) == [head[0] for head in HEADS]
    assert list(articles["outlet"]) == [head[1] for head in HEADS]
    assert list(articles["published"].dt.day) == [3, 5] and set(articles["text"]) == {BODY}


def test_articles_in_markdown(tmp_path: Path):
    parts = [f"# {title}\n\n*{outlet}, {day}*\n\n{BODY}" for title, outlet, day in HEADS]
    articles, problems = read(tmp_path, "own.md", "\n\n---\n\n".join(parts))
    assert problems.empty and list(articles["outlet"]) == [head[1] for head in HEADS]
    assert list(articles["headline"]) == [head[0] for head in HEADS]


def test_an_old_word_file_that_is_rtf_inside(tmp_path: Path):
    found = stories(3)
    content = as_rtf(unwrapped(as_numbered_nexis(found, "en")))
    articles, problems = read(tmp_path, "export.DOC", content)
    assert problems.empty
    check(articles, found)


def test_parts_without_a_date_are_told(tmp_path: Path):
    text = "\n\n*****\n\n".join(f"{title}\n\n{BODY}" for title, _, _ in HEADS)
    articles, problems = read(tmp_path, "own.txt", text)
    assert len(articles) == 1 and "part it into 2" in problems["problem"].item()
    one = "\n\n***\n\n".join(["A long story", BODY, BODY, BODY])
    assert read(tmp_path, "one.txt", one)[1].empty


def test_older_nexis_files_label_headline_and_text(tmp_path: Path):
    one = (
        "{} of 2 DOCUMENTS\n\n               The Vale Echo\n\n          March 3, 2014 Monday\n"
        "          Late Edition - Final\n\nHEADLINE: Fares rise again\n\nBYLINE: Mara Quist\n"
        "LENGTH: 35 words\nBODY:\nThe fares of the island's ferries will rise again in June, and\n"
        "nobody likes it.\n\nThe mayor said that she had no choice, as the law is what it\nis.\n\n"
        "LOAD-DATE: March 3, 2014\n\n       Copyright 2014 Vale Echo Ltd\n\n"
    )
    (tmp_path / "a.txt").write_text(one.format(1) + one.format(2).replace("Fares", "Tolls"))
    articles, problems = read_corpus(tmp_path)
    assert problems.empty
    assert articles["headline"].tolist() == ["Fares rise again", "Tolls rise again"]
    assert set(articles["byline"]) == {"Mara Quist"} and set(articles["outlet"]) == {
        "The Vale Echo"
    }
    assert '"edition": "Late Edition - Final"' in articles["metadata"][0]
    assert articles["text"][0].split("\n\n") == [
        "The fares of the island's ferries will rise again in June, and nobody likes it.",
        "The mayor said that she had no choice, as the law is what it is.",
    ]
