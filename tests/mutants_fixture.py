"""Files of every format that are read, damaged or made strange by chance."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pyarrow as pa
from crafted_fixture import HEAD, STORY, TEXT, docx, page, para, parquet, pdf, xlsx, zipped

ROW = {
    "text": TEXT, "title": "Fares double", "outlet": "Vale Echo", "published": "2024-03-05",
    "url": "https://echo.example/1", "author": "Mara Quist", "id": "e-1", "section": "News",
}  # fmt: skip
CSV = "\n".join([",".join(ROW), *([",".join(f'"{one}"' for one in ROW.values())] * 3)])
PAGE = page("<p>By Mara Quist</p>", '<meta name="author" content="Mara Quist">').decode()
MAIL = "Subject: Fares\nFrom: Mara Quist <m@echo.example>\nDate: Mon, 12 Feb 2024 14:19 +0000\n"
MHTML = (
    "Subject: Fares\nContent-Type: multipart/related; boundary=b\n\n--b\n"
    f"Content-Type: text/html; charset=utf-8\nContent-Location: https://a.example\n\n{PAGE}\n--b--"
)
HTTP = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{PAGE}"
WARC = (
    "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/1\r\n"
    f"Content-Length: {len(HTTP.encode())}\r\n\r\n{HTTP}\r\n\r\n"
)
FEED = (
    "<rss><channel><title>Echo</title><item><title>Fares</title><pubDate>Tue, 05 Mar 2024 10:00:00 "
    f"GMT</pubDate><link>https://a.example</link><description>{TEXT}</description></item></channel>"
)
BOOK = {
    "META-INF/container.xml": '<c><rootfile full-path="b.opf"/></c>',
    "b.opf": '<package><manifest><item id="a" href="a.html"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>',
    "a.html": PAGE,
}
OPEN = "urn:oasis:names:tc:opendocument:xmlns:"
SHEET = (
    f'<office:document-content xmlns:office="{OPEN}office:1.0" xmlns:table="{OPEN}table:1.0" '
    f'xmlns:text="{OPEN}text:1.0"><office:body><office:spreadsheet><table:table table:name="N">'
    + "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{one}</text:p></table:table-cell>"
            for one in line
        )
        + "</table:table-row>"
        for line in (ROW, ROW.values())
    )
    + "</table:table></office:spreadsheet></office:body></office:document-content>"
)
ODS = {
    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
    "META-INF/manifest.xml": f'<m:manifest xmlns:m="{OPEN}manifest:1.0"/>',
    "content.xml": SHEET,
}
EXPORT = "\n\n".join(
    f"{n} of 3 DOCUMENTS\n\nVale Echo\n\nMarch 5, 2024\n\nFares {n}\n\nBYLINE: Mara Quist\n\n"
    f"LENGTH: 40 words\n\n{TEXT}\n\nLOAD-DATE: March 6, 2024"
    for n in (1, 2, 3)
)
STRANGE = (
    None, True, -1, 10**30, 1e308, "", "NaN", "\0", "\ud800", [], {}, [[]], {"a": {"b": []}},
    "9999-99-99", "0000-00-00", "31/02/2024", 253402300800, "x" * 3000, "=1+1", "<script>",
    "2024-03-05T25:61:61+99:99", ["a", 1, None], {"text": 1},
)  # fmt: skip


def _cells() -> list[pa.Array]:
    """Return columns of a row each, of types that a table of articles may have, or not."""
    return [
        pa.array([2**62], pa.timestamp("ns")),
        pa.array([-(2**62)], pa.timestamp("us", "Asia/Kolkata")),
        pa.array([date(1, 1, 1)]),
        pa.array([2**31 - 1], pa.date32()),
        pa.array([2**40], pa.date64()),
        pa.array([86_399], pa.time32("s")),
        pa.array([10**15], pa.duration("us")),
        pa.array([Decimal("1.50")]),
        pa.array([float("nan")]),
        pa.array([None], pa.null()),
        pa.array([b"\xff\xfe"]),
        pa.array([{"a": [1]}]),
        pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())),
        pa.array([[TEXT, None]]),
        pa.array([True]),
        pa.array([TEXT], pa.large_string()),
        pa.array([TEXT]).dictionary_encode(),
        pa.array([2**63], pa.uint64()),
        pa.array([""]),
        pa.array([TEXT], pa.string_view()),
    ]


def odd_json(dice: random.Random) -> bytes:
    rows = [dict(ROW, id=str(n)) for n in range(3)]
    for _ in range(dice.randrange(1, 4)):
        dice.choice(rows)[dice.choice([*ROW, "more"])] = dice.choice(STRANGE)
    if dice.random() < 0.3:
        rows[dice.randrange(3)] = dice.choice(STRANGE)  # type: ignore[call-overload]
    whole = dice.choice([rows, {"articles": rows}, {"a": rows, "b": rows}, {"a": {"b": rows}}])
    return json.dumps(whole, ensure_ascii=dice.random() < 0.8).encode("utf-8", "surrogatepass")


def odd_lines(dice: random.Random) -> bytes:
    return b"\n".join(odd_json(dice) for _ in range(3))


def odd_parquet(dice: random.Random) -> bytes:
    cells = _cells()
    names = dice.sample([*ROW, "more"], dice.randrange(2, 6))
    columns = {name: dice.choice(cells) for name in names}
    return parquet(dict.fromkeys(["text"], pa.array([TEXT])) | columns)


def odd_xlsx(dice: random.Random) -> bytes:
    kinds = ("n", "b", "e", "s", "str", "d", "inlineStr", "x")
    values = ("1e99", "-1", "", "2958466", "TRUE", "#REF!", "99999", "2024-13-45", "nan", TEXT)
    cells = "".join(
        f'<c r="{place}3" t="{dice.choice(kinds)}"><v>{dice.choice(values)}</v></c>'
        for place in ("A", "B", "D", "XFE", "")
    )
    return xlsx(HEAD + STORY + f'<row r="{dice.choice(("3", "2", "0", "-1", "x"))}">{cells}</row>')


def odd_csv(dice: random.Random) -> bytes:
    """Cells by chance, of which some hold separators, marks or breaks of line."""
    pieces = (*map(str, STRANGE[:8]), ",", '"', '""', "\r", "\n", "\t", ";", "|", "\ufeff", TEXT)
    rows = [",".join(dice.choice(pieces) for _ in range(dice.randrange(1, 12))) for _ in range(6)]
    return "\n".join([",".join(ROW), *rows]).encode("utf-8", "surrogatepass")


def odd_zip(dice: random.Random) -> bytes:
    """A zip whose members have names, packings and promises of every kind."""
    out = io.BytesIO()
    names = (
        "a.txt", "../a.txt", "/a.txt", "C:\\a.txt", "a/", "metadata.csv", "a\0.txt", "x.zip",
        "é.txt", "articles/a.txt", "outlets.csv", "articles.yml", ".hidden", "a" * 300,
    )  # fmt: skip
    packings = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(out, "w") as archive:
        for name in dice.sample(names, dice.randrange(1, 6)):
            told = zipfile.ZipInfo(name, (1980 + dice.randrange(100), 1, 1, 0, 0, 0))
            told.compress_type = dice.choice(packings)
            told.external_attr = dice.choice((0, 0, 0, 0o120777 << 16, 0o40755 << 16))
            archive.writestr(told, f"file,outlet\na.txt,Echo\n{TEXT}")
    return out.getvalue()


# What is damaged, by the name of its file, and what makes such files strange in their own way.
WHOLE: dict[str, bytes] = {
    "a.txt": f"Fares double\n\nBy Mara Quist\n\n{TEXT * 3}".encode(),
    "export.txt": EXPORT.encode(),
    "a.md": f"---\ntitle: Fares\ndate: 2024-03-05\n---\n\n# Fares\n\n{TEXT}\n".encode(),
    "a.html": PAGE.encode(),
    "a.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml">{PAGE}</html>'.encode(),
    "a.json": json.dumps([ROW, ROW]).encode(),
    "a.jsonl": "\n".join([json.dumps(ROW)] * 3).encode(),
    "a.csv": CSV.encode(),
    "a.tsv": CSV.replace(",", "\t").encode(),
    "a.rss": FEED.encode(),
    "a.xlsx": xlsx(HEAD + STORY),
    "a.ods": zipped(ODS),  # type: ignore[arg-type]
    "a.parquet": parquet({name: pa.array([one]) for name, one in ROW.items()}),
    "a.docx": docx(para("Fares double") + para(TEXT) * 3),
    "a.rtf": (rb"{\rtf1\ansi\ansicpg1252 Fares\par\par " + TEXT.encode() + rb"\u8217?\'92}"),
    "a.pdf": pdf(2),
    "a.eml": f"{MAIL}\n{TEXT}\n".encode(),
    "a.mhtml": MHTML.encode(),
    "a.warc": WARC.encode(),
    "a.epub": zipped(BOOK),  # type: ignore[arg-type]
    "a.zip": zipped({"a.txt": TEXT, "metadata.csv": "file,outlet\na.txt,Echo\n", "b.csv": CSV}),
    "a.txt.gz": gzip.compress(TEXT.encode()),
    "metadata.csv": b"file,outlet,date\na.txt,Echo,2024-03-05\n",
    "outlets.csv": b"outlet,alias\nVale Echo,Echo|VE\n",
    "articles.yml": b"outlet: Echo\ncolumns: {text: Body}\ndate_order: day first\n",
}
ODD: dict[str, Callable[[random.Random], bytes]] = {
    "a.json": odd_json, "a.jsonl": odd_lines, "a.parquet": odd_parquet, "a.xlsx": odd_xlsx,
    "a.csv": odd_csv, "a.zip": odd_zip, "metadata.csv": odd_csv, "outlets.csv": odd_csv,
}  # fmt: skip
PACKED = ("a.xlsx", "a.ods", "a.docx", "a.epub", "a.zip")
WORDS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"'", b"<", b"<!--", b"]]>", b"&#x110000;", b"{",
    b"[" * 500, b"}", b"\r", b"\n\n\n", b"\\", b"\\u", b"\\ud800", b"-99999999999", b"1e999",
    b"9999999999999999999999", b"NaN", b"9999-12-31", b"31/31/31", b"\xed\xa0\x80", b"\xc0\xaf",
    b"%PDF-", b"PK\3\4", b"endobj", b"\x1b[31m", "\u202e".encode(), b"---\n", b": ", b"!!python",
)  # fmt: skip


def damage(raw: bytes, dice: random.Random) -> bytes:
    """Return bytes changed at one place or a few: flipped, cut, doubled, put in, exchanged."""
    changed = bytearray(raw)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 16))):
        size = len(changed)
        if not size:
            break
        start = dice.randrange(size)
        end = min(size, start + dice.choice((1, 2, 8, 64, 512)))
        how = dice.randrange(8)
        if how == 0:
            changed[start] ^= 1 << dice.randrange(8)
        elif how == 1:
            changed[start:end] = dice.randbytes(end - start)
        elif how == 2:
            del changed[start:end]
        elif how == 3:
            changed[start:start] = changed[start:end] * dice.choice((1, 2, 50))
        elif how == 4:
            changed[start:start] = dice.choice(WORDS)
        elif how == 5:
            changed[start:end] = dice.choice(WORDS)
        elif how == 6:
            other = dice.randrange(size)
            changed[start:end] = changed[other : other + end - start]
        elif dice.random() < 0.3:
            del changed[start:]
    return bytes(changed)


def mutant(seed: int) -> tuple[str, bytes]:
    """Return the name and the content of a file made from one that is whole."""
    dice = random.Random(seed)
    name = list(WHOLE)[seed % len(WHOLE)]
    if name in ODD and dice.random() < 0.4:
        raw = ODD[name](dice)
        return name, raw if dice.random() < 0.8 else damage(raw, dice)
    raw = WHOLE[name]
    if name in PACKED and dice.random() < 0.6:  # a sound container of what is damaged
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members: dict[str, str | bytes] = {one: archive.read(one) for one in archive.namelist()}
        chosen = dice.choice(list(members))
        members[chosen] = damage(bytes(members[chosen]), dice)  # type: ignore[arg-type]
        return name, zipped(members)
    if name == "a.txt.gz" and dice.random() < 0.5:
        return name, gzip.compress(damage(gzip.decompress(raw), dice))
    if dice.random() < 0.03:  # the wrong name
        raw = WHOLE[dice.choice(list(WHOLE))]
    return name, damage(raw, dice)
