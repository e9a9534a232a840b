"""Documents, one article a file: text, Markdown, Word, PDF; web pages are in `pages`."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from helpers.read.archives import refuse_bomb
from helpers.read.columns import guess_mapping
from helpers.read.documents import Document, Hint, Unreadable, compose
from helpers.read.encodings import decode
from helpers.read.pages import read_page

LEAST_PDF_LETTERS = 20


# ------------------------------------------------------------------------------ text, Markdown


def read_text(raw: bytes) -> Document:
    """Read plain text, untouched."""
    text, encoding = decode(raw)
    problems = [("encoding", encoding.note())] if encoding.guessed else []
    return Document(text, problems=problems)


_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?\r?\n)??(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+\S")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)\s*$")
_IMAGE = re.compile(r"^\s*!\[[^\]]*\]\([^)]*\)\s*$")
_SLANTED = re.compile(r"^\s*([*_])(?![*_\s]).+?\1\s*$")


def read_markdown(raw: bytes) -> Document:
    """Read Markdown, untouched; front matter gives fields, headings and images give hints."""
    document = read_text(raw)
    match = _FRONT_MATTER.match(document.text)
    body = 0
    if match:
        body = match.end()
        document.hints.append((0, len(match[0].rstrip()), "boilerplate"))
        _take_front_matter(document, match[1] or "")
    document.hints.extend(_markdown_hints(document.text, body))
    if "title" not in document.fields:
        headline = next((hint for hint in document.hints if hint[2] == "headline"), (0, 0, ""))
        line = document.text[headline[0] : headline[1]].partition("\n")[0]
        document.fields["title"] = line.strip().strip("#").strip()
    return document


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases, by which a few lines could stand for gigabytes; dates stay text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed in front matter")
        return super().compose_node(parent, index)


def _take_front_matter(document: Document, written: str) -> None:
    try:
        front = yaml.load(written, _PlainLoader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        first = str(error).splitlines()[0]
        problem = f"the front matter is not YAML ({first}); its fields were not read"
        document.problems.append(("metadata", problem))
        return
    if not isinstance(front, dict):
        return
    front = {str(name): value for name, value in front.items()}
    roles = guess_mapping(front)
    roles.pop("text", None)
    document.fields.update({role: front.pop(name) for role, name in roles.items()})
    document.metadata.update(front)


def _markdown_hints(text: str, start: int) -> Iterator[Hint]:
    lines = list(_lines(text, start))
    headline, fence, after_image = True, "", False
    for number, (begin, line) in enumerate(lines):
        bare = line.rstrip("\r\n")
        span = (begin, begin + len(bare.rstrip()))
        if match := _FENCE.match(bare):
            if not fence:
                fence = match[1]
            elif match[1].startswith(fence):
                fence = ""
            continue
        if fence or not bare.strip():
            continue
        below = lines[number + 1][1] if number + 1 < len(lines) else ""
        underline = _UNDERLINE.match(below) if not _UNDERLINE.match(bare) else None
        above = lines[number - 1][1].strip() if number else ""
        heading = _HEADING.match(bare)
        level = len(heading[1]) if heading else 0
        if not level and underline and not above:
            level = 1 if "=" in underline[1] else 2
            span = (begin, lines[number + 1][0] + len(below.rstrip()))
        if level:
            yield *span, "headline" if headline and level == 1 else "subhead"
            headline = headline and level != 1
        elif _IMAGE.match(bare) or (after_image and _SLANTED.match(bare)):
            yield *span, "caption"
        after_image = bool(_IMAGE.match(bare))


def _lines(text: str, start: int) -> Iterator[tuple[int, str]]:
    for match in re.compile(r"[^\n]*\n|[^\n]+\Z").finditer(text, start):
        yield match.start(), match[0]


# ---------------------------------------------------------------------------------- DOCX, PDF


def read_docx(raw: bytes) -> Document:
    """Read a Word document: paragraphs and tables in order, roles from the styles."""
    from docx import Document as open_docx
    from docx.table import Table

    refuse_bomb(raw)
    try:
        word = open_docx(io.BytesIO(raw))
    except Exception as error:  # python-docx raises whatever its XML and zip layers do
        raise Unreadable(f"it is no Word document ({error}); save it again as .docx") from error
    blocks: list[tuple[str, str]] = []
    for item in word.iter_inner_content():
        if isinstance(item, Table):
            rows = (" | ".join(_distinct_cells(row)) for row in item.rows)
            blocks.append(("", "\n".join(row for row in rows if row.strip(" |"))))
        else:
            blocks.append((_role_of_style(item.style.name if item.style else ""), item.text))
    blocks = _one_headline([(role, text) for role, text in blocks if text.strip()])
    text, hints = compose(blocks)
    if not text:
        raise Unreadable("the Word document holds no text; its text may be in pictures")
    document = Document(text, hints=hints)
    headline = next((text for role, text in blocks if role == "headline"), "")
    document.fields["title"] = " ".join(headline.split())
    properties = word.core_properties
    for name in ("author", "title", "created", "modified", "keywords", "subject"):
        if value := getattr(properties, name):
            document.metadata[f"document_{name}"] = value
    return document


def _distinct_cells(row: Any) -> Iterator[str]:
    last = None
    for cell in row.cells:  # a merged cell is listed once per column
        if cell._tc is not last:
            yield cell.text
        last = cell._tc


def _role_of_style(style: str) -> str:
    name = style.lower()
    if name == "title":
        return "headline"
    if name == "subtitle":
        return "standfirst"
    if name == "caption":
        return "caption"
    if name.startswith("heading"):
        return "heading 1" if name == "heading 1" else "subhead"
    return ""


def _one_headline(blocks: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Make the first title, or else a first heading above all text, the only headline."""
    roles = [role for role, _ in blocks]
    headline = roles.index("headline") if "headline" in roles else -1
    if headline < 0 and roles[:1] == ["heading 1"]:
        headline = 0
    named = []
    for number, (role, text) in enumerate(blocks):
        if role in ("headline", "heading 1"):
            role = "headline" if number == headline else "subhead"
        named.append((role, text))
    return named


def read_pdf(raw: bytes) -> Document:
    """Read the text layer of a PDF as it stands; headers and footers are hinted as boilerplate."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        pdf = PdfReader(io.BytesIO(raw))
        if pdf.is_encrypted and not pdf.decrypt(""):
            raise Unreadable("the PDF is locked by a password; save it without one")
        pages = [page.extract_text() for page in pdf.pages]
        about = {name.lstrip("/"): str(value) for name, value in (pdf.metadata or {}).items()}
    except Unreadable:
        raise
    except Exception as error:  # a damaged PDF makes pypdf raise nearly anything
        raise Unreadable(f"the PDF is damaged ({error}); print it to a new PDF") from error
    if sum(map(str.isalpha, "".join(pages))) < LEAST_PDF_LETTERS:
        raise Unreadable(
            "the PDF has no text layer, it holds pictures of pages; recognise its text first "
            "(for instance with ocrmypdf)"
        )
    text, _ = compose(("", page) for page in pages)
    metadata = {f"document_{name.lower()}": value for name, value in about.items()}
    return Document(text, metadata=metadata, hints=_running_lines(pages))


def _running_lines(pages: list[str]) -> list[Hint]:
    """Hint the first and last two lines of pages that repeat, and the page numbers there."""
    edges: list[tuple[str, int, int]] = []
    start = 0
    for page in pages:
        lines = [(match[0].strip(), match.span()) for match in re.finditer(r"[^\n]*\S[^\n]*", page)]
        for place in sorted({0, 1, len(lines) - 2, len(lines) - 1} & set(range(len(lines)))):
            line, (begin, end) = lines[place]
            edges.append((re.sub(r"\d+", "#", line), start + begin, start + end))
        start += len(page) + 2
    seen = Counter(line for line, _, _ in edges)
    least = max(2, len(pages) / 2)
    return [
        (begin, end, "boilerplate")
        for line, begin, end in edges
        if seen[line] >= least and (len(line) > 1 or line == "#")
    ]


DOCUMENTS: dict[str, Callable[[bytes], Document]] = {
    **dict.fromkeys(("", ".txt", ".text"), read_text),
    **dict.fromkeys((".md", ".markdown"), read_markdown),
    **dict.fromkeys((".html", ".htm", ".xhtml"), read_page),
    ".docx": read_docx,
    ".pdf": read_pdf,
}
