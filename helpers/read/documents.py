"""One document from bytes nobody vouches for: encodings, zips, text, Markdown, Word, RTF, PDF."""

from __future__ import annotations

import codecs
import io
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

import yaml
from charset_normalizer import from_bytes

from helpers.read.encodings import likeliest
from helpers.store.lexicons import read_facts, read_lexicon

Hint = tuple[int, int, str]

PARAGRAPH_BREAK = "\n\n"
LEAST_PDF_LETTERS = 20
LARGEST_MEMBER = 1 << 30
MOST_TIMES = 200
SMALL = 1 << 20
LONGEST_YAML = 1 << 16


class Unreadable(ValueError):
    """A file gives no article; the message says why and what to do."""


@dataclass
class Document:
    """One document as a format reader hands it over.

    `fields` holds what the file says about itself, as written, under the roles of a column mapping
    (`title`, `outlet`, `published`, `url`, `author`, `id`, `section`); `named` holds it under names
    of its own, whose roles are yet to be guessed; `metadata` everything else. `hints` are (start,
    end, role) in `text`, roles as in `schema.BLOCK_ROLES`. `problems` are (step, problem) pairs
    that do not keep the document from being an article.
    """

    text: str
    fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    hints: list[Hint] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)


def compose(blocks: Iterable[tuple[str, str]]) -> tuple[str, list[Hint]]:
    """Join (role, text) blocks by blank lines; return the text and a hint for each known role.

    A block whose role is "" is part of the text without a hint.
    """
    pieces: list[str] = []
    hints: list[Hint] = []
    start = 0
    for role, text in blocks:
        if role:
            hints.append((start, start + len(text), role))
        pieces.append(text)
        start += len(text) + len(PARAGRAPH_BREAK)
    return PARAGRAPH_BREAK.join(pieces), hints


# ---------------------------------------------------------------------------------- encodings

CHUNK = 1 << 20
SAMPLE = 1 << 16
FEW_SPECIAL_BYTES = 0.05
LEAST_PAIRS = 4
MOST_CONTROL_CHARACTERS = 0.10

_MARKS = (  # the marks of UTF-32 begin like those of UTF-16, so they are looked for first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII = bytes(range(128))
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_WRONG = re.compile(  # what writers of English never write, and wrong encodings make of their signs
    "\\S{0,20}(?:â€|Ã[\u0080-\u00bf\u0152-\u2122]|Â[\u00a0-\u00bf]|(?<!\\w)[ďÒ](?=[A-Z])|"
    "ń(?=[aeiou])|(?<=[a-z])Õ(?=[a-z])|(?<=[^\\W\\d_])[³¹¿](?=[^\\W\\d_])|"
    "(?<![^\\W\\d_])[À-ÖØ-öø-ÿ]{4,}(?![^\\W\\d_]))\\S{0,20}"
)
_BINARY = "it is no text but binary data; if it is an article, save it again as UTF-8 text"


class Encoding(NamedTuple):
    """The encoding of a file, and whether it was guessed from the bytes."""

    name: str
    guessed: bool

    def problems(self) -> list[tuple[str, str]]:
        """Say in words what was assumed, if anything was."""
        problem = (
            f"the file is not UTF-8 and was read as {self.name}; "
            "if letters look wrong, save it again as UTF-8"
        )
        return [("encoding", problem)] if self.guessed else []


def decode(raw: bytes, declared: str = "") -> tuple[str, Encoding]:
    """Decode bytes to text, every character kept except the byte order mark.

    `declared` is an encoding that the document names itself; it is tried after UTF-8. Raises
    Unreadable when the bytes are no text in any encoding known.
    """
    encoding = find_encoding(io.BytesIO(raw), declared)
    try:
        text = raw.decode(encoding.name)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"it seemed to be {encoding.name}, but has bytes that are not ({error.reason}); "
            "save it again as UTF-8"
        ) from error
    _refuse_control_characters(text[:CHUNK])
    return text, encoding


def find_encoding(stream: IO[bytes], declared: str = "") -> Encoding:
    """Find the encoding of a stream of bytes by reading it once, in chunks.

    A byte order mark decides; then UTF-8 if every byte fits; then `declared`; then a guess.
    Raises Unreadable when the bytes are binary.
    """
    start = stream.read(CHUNK)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return Encoding(name, False)
    if b"\0" in start[:SAMPLE]:
        return _utf16_without_mark(start[:SAMPLE])
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chain([start], iter(partial(stream.read, CHUNK), b"")):
        if b"\0" in chunk:
            raise Unreadable(f"it holds NUL bytes: {_BINARY}")
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError:
            return _guess(chunk, declared)
        if chunk is start:
            _refuse_control_characters(text)
    unfinished = bool(decoder.getstate()[0])
    return Encoding("cp1252" if unfinished else "utf-8", unfinished)


def _utf16_without_mark(sample: bytes) -> Encoding:
    """Recognise UTF-16 by the zero half of its Latin letters."""
    sample = sample[: len(sample) // 2 * 2]
    zeros = {"utf-16-le": sample[1::2].count(0), "utf-16-be": sample[0::2].count(0)}
    name = max(zeros, key=zeros.__getitem__)
    other = min(zeros.values())
    pairs = len(sample) / 2
    if pairs < LEAST_PAIRS or zeros[name] < 0.3 * pairs or other > 0.02 * pairs:
        raise Unreadable(f"it holds NUL bytes: {_BINARY}")
    _refuse_control_characters(sample.decode(name, errors="ignore"))
    return Encoding(name, True)


def _guess(chunk: bytes, declared: str) -> Encoding:
    as_browsers_do = read_facts("field_names", "name", "role", "encoding")
    declared = as_browsers_do.get(declared.lower(), declared)
    if declared and _decodes(chunk, declared):
        return Encoding(declared, False)
    first_special = len(chunk) - len(chunk.lstrip(_ASCII))
    start = max(0, first_special - SAMPLE // 2)
    sample = chunk[start : start + SAMPLE]
    few = len(sample.translate(None, _ASCII)) < FEW_SPECIAL_BYTES * len(sample)
    name, sure = likeliest(sample)
    english = not {b"the", b"The", b"of"}.isdisjoint(sample.split())
    if not (sure or name and (few or english)):
        best = from_bytes(sample).best()
        if best is None:
            raise Unreadable(f"its encoding could not be told: {_BINARY}")
        name = best.encoding
    _refuse_control_characters(sample.decode(name, errors="ignore"))
    return Encoding(name, True)


def wrong_letters(text: str) -> str:
    """Say in words which letters tell that a text was read in a wrong encoding; "" for none."""
    found = _WRONG.search(text)
    if not found:
        return ""
    return (
        f"letters as in {found[0][:40]!r} tell that it was once read in a wrong encoding; save it "
        "again as UTF-8, or name its encoding in articles.yml"
    )


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _refuse_control_characters(text: str) -> None:
    if len(_CONTROL.findall(text)) > MOST_CONTROL_CHARACTERS * len(text):
        raise Unreadable(f"more than a tenth of it are control characters: {_BINARY}")


# --------------------------------------------------------------------------------------- zips


def list_zip(file: Path | IO[bytes]) -> list[zipfile.ZipInfo]:
    """Return what a zip says it holds. Raises Unreadable when it is no zip."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.infolist()
    except Exception as error:  # a damaged directory makes zipfile raise nearly anything
        raise Unreadable(f"it is damaged, no sound zip ({error}); save it again") from error


def refuse_bomb(raw: bytes) -> None:
    """Raise Unreadable when a document that is a zip inside would unpack to far too much."""
    size = sum(member.file_size for member in list_zip(io.BytesIO(raw)))
    if problem := size_problem(size, len(raw)):
        raise Unreadable(problem)


def size_problem(size: int, packed: int) -> str:
    """Say in words why what is packed so small is not unpacked to that size; "" when it may be."""
    if size > LARGEST_MEMBER:
        return f"it would unpack to {size:,} bytes, more than {LARGEST_MEMBER:,}; unpack it first"
    if size > SMALL and size > MOST_TIMES * packed:
        return f"it would unpack to {size // max(packed, 1):,} times its size, as zip bombs do"
    return ""


# ------------------------------------------------------------------------------ text, Markdown


def read_text(raw: bytes) -> Document:
    """Read plain text, untouched."""
    text, encoding = decode(raw)
    return Document(text, problems=encoding.problems())


_MARK = re.compile(
    r" {0,3}(?:(?P<fence>`{3,}|~{3,})|(?P<heading>#{1,6})[ \t]+\S|(?P<line>=+|-+)\Z)"
)


def read_markdown(raw: bytes) -> Document:
    """Read Markdown, untouched; front matter gives fields, headings and images give hints."""
    document = read_text(raw)
    body = _take_front_matter(document)
    if body:
        document.hints.append((0, len(document.text[:body].rstrip()), "boilerplate"))
    document.hints.extend(_markdown_hints(document.text, body))
    headline = next((hint for hint in document.hints if hint[2] == "headline"), (0, 0, ""))
    line = document.text[headline[0] : headline[1]].partition("\n")[0]
    document.fields["title"] = line.strip().strip("#").strip()
    return document


class PlainLoader(yaml.SafeLoader):
    """YAML without aliases, by which a few lines could stand for gigabytes; dates stay text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias, compose anything else."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed here")
        return super().compose_node(parent, index)


def read_yaml(text: str) -> Any:
    """Read YAML from a file that nobody vouches for; raises YAMLError, also where it is long."""
    if len(text) > LONGEST_YAML:
        raise yaml.YAMLError(f"it has more than {LONGEST_YAML:,} characters")
    try:
        return yaml.load(text, PlainLoader)  # noqa: S506 (a SafeLoader)
    except RecursionError:
        raise yaml.YAMLError("its lists lie too deep in each other; write it flat") from None


def _take_front_matter(document: Document) -> int:
    """Read the YAML between --- and --- at the top of a text; return where the text goes on."""
    lines = document.text.split("\n")
    bare = [line.rstrip(" \t\r") for line in lines]
    last = next((place for place, line in enumerate(bare) if place and line in ("---", "...")), 0)
    if not last or bare[0] != "---":
        return 0
    try:
        front = read_yaml("\n".join(lines[1:last]))
        if isinstance(front, dict):
            document.named = {str(name): value for name, value in front.items()}
    except (yaml.YAMLError, ValueError) as error:
        first = str(error).splitlines()[0]
        problem = f"the front matter is not YAML ({first}); its fields were not read"
        document.problems.append(("metadata", problem))
    return min(len("\n".join(lines[: last + 1])) + 1, len(document.text))


def _markdown_hints(text: str, start: int) -> Iterator[Hint]:
    headline, fence, after_image = True, "", False
    above = ""
    lines = list(_lines(text, start))
    marks = [_MARK.match(line) for _, line in lines] + [None]
    for (begin, line), mark, below, (next_begin, next_line) in zip(
        lines, marks, marks[1:], [*lines[1:], (0, "")], strict=False
    ):
        role, span = "", (begin, begin + len(line))
        if mark and mark["fence"]:
            opened = "" if mark["fence"].startswith(fence) else fence
            fence = opened if fence else mark["fence"]
        elif line and not fence:
            underline = below["line"] if below and not (mark and mark["line"]) else None
            level = len(mark["heading"] or "") if mark else 0
            if not level and below and underline and not above:
                level = 1 if "=" in underline else 2
                span = (begin, next_begin + len(next_line))
            if level:
                role = "headline" if headline and level == 1 else "subhead"
                headline = headline and level != 1
            elif _is_image(line) or (after_image and _is_slanted(line)):
                role = "caption"
            after_image = _is_image(line)
        if role:
            yield *span, role
        above = line


def _lines(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Yield the place of each line of a text and the line without white space at its end."""
    for line in text[start:].split("\n"):
        yield start, line.rstrip()
        start += len(line) + 1


def _is_image(line: str) -> bool:
    before, _, address = line.strip().partition("](")
    return before.startswith("![") and address.find(")") + 1 == len(address) > 0


def _is_slanted(line: str) -> bool:
    bare = line.strip()
    return len(bare) > 2 and bare[0] == bare[-1] and bare[0] in "*_" and bare[1] not in "*_ "


# ----------------------------------------------------------------------------- DOCX, RTF, PDF


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
    roles = read_facts("field_names", "name", "role", "style")
    styles = {one.style_id: (one.name or "").lower() for one in word.styles}
    for item in word.iter_inner_content():
        if isinstance(item, Table):
            rows = (" | ".join(_texts_of_cells(row)) for row in item._tbl.tr_lst)
            blocks.append(("", "\n".join(row for row in rows if row.strip(" |"))))
        else:
            style = styles.get(item._p.style or "", "")
            blocks.append((roles.get(style, "subhead" * style.startswith("heading")), item.text))
    blocks = _one_headline([(role, text) for role, text in blocks if text.strip()])
    text, hints = compose(blocks)
    if not text:
        raise Unreadable("the Word document holds no text; its text may be in pictures")
    document = Document(text, hints=hints)
    headline = next((text for role, text in blocks if role == "headline"), "")
    document.fields["title"] = " ".join(headline.split())
    properties = word.core_properties
    for name in read_facts("field_names", "name", "role", "property"):
        if value := getattr(properties, name):
            document.metadata[f"document_{name}"] = value
    return document


def _texts_of_cells(row: Any) -> Iterator[str]:
    """Yield the text of each cell of a row of a Word table; one merged with others comes once."""
    return ("\n".join(paragraph.text for paragraph in cell.p_lst) for cell in row.tc_lst)


def _one_headline(blocks: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Make the first title, or else a first heading above all text, the only headline."""
    roles = [role for role, _ in blocks]
    headline = roles.index("headline") if "headline" in roles else -1
    if headline < 0 and roles[:1] == ["heading 1"]:
        headline = 0
    for number, (role, text) in enumerate(blocks):
        if role in ("headline", "heading 1"):
            blocks[number] = ("headline" if number == headline else "subhead", text)
    return blocks


_RTF_TOKEN = re.compile(
    r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.S,
)


@cache
def _rtf_words() -> dict[str, tuple[str, str]]:
    """Return the kind of every known control word and the text that it stands for."""
    breaks = {"paragraph": PARAGRAPH_BREAK, "line": "\n", "tab": "\t"}
    words = read_lexicon("rtf_words")
    rows = words[["word", "kind", "value"]].itertuples(index=False)
    return {word: (kind, breaks.get(value, value)) for word, kind, value in rows}


def read_rtf(raw: bytes) -> Document:
    """Read the text of an RTF document, paragraphs parted by blank lines."""
    if not raw.lstrip().startswith(b"{\\rtf"):
        raise Unreadable("it is no RTF document; save it again as .docx")
    whole = "".join(_rtf_pieces(raw)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    paragraphs = (paragraph.strip() for paragraph in whole.split(PARAGRAPH_BREAK))
    text = PARAGRAPH_BREAK.join(filter(None, paragraphs))
    if not text:
        raise Unreadable("the RTF document holds no text; its text may be in pictures")
    return Document(text)


def _rtf_pieces(raw: bytes) -> Iterator[str]:
    """Yield the text of an RTF document, without its tables of fonts and the like."""
    known, page, stand_in = _rtf_words(), "cp1252", 1
    unseen, skipped, outer = False, 0, []
    for match in _RTF_TOKEN.finditer(raw.decode("latin-1")):
        word, number, byte, sign, brace, plain = match.groups("")
        kind, text = known.get(word, ("", ""))
        if brace == "{":
            outer.append((unseen, stand_in))
        elif brace:
            unseen, stand_in = outer.pop() if outer else (False, 1)
        elif kind == "unseen" or sign == "*":
            unseen = True
        elif word == "ansicpg" and _decodes(b"", f"cp{number}"):
            page = f"cp{number}"
        elif word == "uc":
            stand_in = int(number or 1)
        elif word == "u" and number:
            skipped = stand_in  # as many characters follow for readers that know no Unicode
            yield "" if unseen else chr(int(number) % 0x10000)
        elif not unseen:
            text = bytes.fromhex(byte).decode(page, "replace") or plain or text
            text += sign if sign in "\\{}" else "\xa0" if sign == "~" else ""
            if byte or plain:
                text, skipped = text[skipped:], max(0, skipped - len(text))
            yield text


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
        lines = [(begin, line) for begin, line in _lines(page, 0) if line]
        for begin, line in dict.fromkeys(lines[:2] + lines[-2:]):
            alike = re.sub(r"\d+", "#", line.strip())
            edges.append((alike, start + begin, start + begin + len(line)))
        start += len(page) + len(PARAGRAPH_BREAK)
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
    ".docx": read_docx,
    ".rtf": read_rtf,
    ".pdf": read_pdf,
}
