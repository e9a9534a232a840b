"""From bytes to text: which encoding a file is in, and whether it is text at all."""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO, NamedTuple

from charset_normalizer import from_bytes

from helpers.read.documents import Unreadable

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
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SPECIAL = re.compile(rb"[\x80-\xff]")
_AS_BROWSERS_READ = dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "us-ascii"), "cp1252")
_BINARY = "it is no text but binary data; if it is an article, save it again as UTF-8 text"


class Encoding(NamedTuple):
    """The encoding of a file, and whether it was guessed from the bytes."""

    name: str
    guessed: bool

    def note(self) -> str:
        """Say in words what was assumed."""
        return (
            f"the file is not UTF-8 and was read as {self.name}; "
            "if letters look wrong, save it again as UTF-8"
        )


def decode(raw: bytes, declared: str = "") -> tuple[str, Encoding]:
    """Decode bytes to text, every character kept except the byte order mark.

    `declared` is an encoding that the document names itself; it is tried after UTF-8. Raises
    Unreadable when the bytes are no text in any encoding known.
    """
    encoding = find_encoding(io.BytesIO(raw), declared)
    try:
        text = raw.decode(encoding.name)
    except UnicodeDecodeError as error:
        raise Unreadable(undecodable(encoding, error)) from error
    _refuse_control_characters(text[:CHUNK])
    return text, encoding


def undecodable(encoding: Encoding, error: UnicodeDecodeError) -> str:
    """Say in words that a file stopped being text in its encoding."""
    return (
        f"it seemed to be {encoding.name}, but has bytes that are not ({error.reason}); "
        "save it again as UTF-8"
    )


def find_encoding(stream: BinaryIO, declared: str = "") -> Encoding:
    """Find the encoding of a stream of bytes by reading it once, in chunks.

    A byte order mark decides; then UTF-8 if every byte fits; then `declared`; then a guess.
    Raises Unreadable when the bytes are binary.
    """
    chunk = stream.read(CHUNK)
    for mark, name in _MARKS:
        if chunk.startswith(mark):
            return Encoding(name, False)
    if b"\0" in chunk[:SAMPLE]:
        return _utf16_without_mark(chunk[:SAMPLE])
    decoder = codecs.getincrementaldecoder("utf-8")()
    first = True
    while chunk:
        if b"\0" in chunk:
            raise Unreadable(f"it holds NUL bytes: {_BINARY}")
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError:
            return _guess(chunk, declared)
        if first:
            _refuse_control_characters(text)
            first = False
        chunk = stream.read(CHUNK)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return Encoding("cp1252", True)
    return Encoding("utf-8", False)


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
    declared = _AS_BROWSERS_READ.get(declared.lower(), declared)
    if declared and _decodes(chunk, declared):
        return Encoding(declared, False)
    special = _SPECIAL.search(chunk)
    start = max(0, special.start() - SAMPLE // 2) if special else 0
    sample = chunk[start : start + SAMPLE]
    few = len(_SPECIAL.findall(sample)) < FEW_SPECIAL_BYTES * len(sample)
    if few and _decodes(sample, "cp1252"):  # too few for statistics: what English writers use
        name = "cp1252"
    else:
        best = from_bytes(sample).best()
        if best is None:
            raise Unreadable(f"its encoding could not be told: {_BINARY}")
        name = best.encoding
    _refuse_control_characters(sample.decode(name, errors="ignore"))
    return Encoding(name, True)


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _refuse_control_characters(text: str) -> None:
    if len(_CONTROL.findall(text)) > MOST_CONTROL_CHARACTERS * len(text):
        raise Unreadable(f"more than a tenth of it are control characters: {_BINARY}")
