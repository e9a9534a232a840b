"""Files that hold web pages or messages whole: mail, MHTML, web archives (WARC), e-books (EPUB)."""

from __future__ import annotations

import email
import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage, Message
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import IO, Any
from urllib.parse import unquote

from lxml import etree

from helpers.read.documents import LARGEST_MEMBER, Document, Unreadable, decode, refuse_bomb
from helpers.read.pages import read_fragment, read_page

HEAD = 1 << 16  # bytes of an answer in which its own headers end


def read_mhtml(raw: bytes) -> Iterator[Document]:
    """Read the first page of those that a browser saved in one file."""
    message = email.message_from_bytes(raw, policy=policy.default)
    pages = (part for part in message.walk() if part.get_content_type() == "text/html")
    page = next(pages, None)
    if page is None:
        raise Unreadable("it holds no page; open it in a browser and save the page as .html")
    charset = page.get_content_charset("")
    document = read_page(_payload(page), charset)
    address = page["Content-Location"] or message["Snapshot-Content-Location"]
    document.fields["url"] = document.fields.get("url") or str(address or "")
    yield document


def read_mail(raw: bytes) -> Iterator[Document]:
    """Read a message: its subject is the headline, its sender the author."""
    message = email.message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain", "html"))
    if not isinstance(body, EmailMessage):
        raise Unreadable("the message holds no text; save what is attached to it as a file")
    text, encoding = decode(_payload(body), body.get_content_charset(""))
    document = read_fragment(text) if body.get_content_subtype() == "html" else None
    document = document or Document(text.replace("\r\n", "\n"), problems=encoding.problems())
    sender = message["From"].addresses if message["From"] else ()
    named = {"title": message["Subject"], "published": message["Date"], "id": ""}
    document.fields = {role: str(value or "") for role, value in named.items()}
    document.fields["author"] = ", ".join(one.display_name or one.addr_spec for one in sender)
    yield document


def _payload(part: Any) -> bytes:
    return part.get_payload(decode=True) or b""


# --------------------------------------------------------------------------------------- WARC


def read_warc(raw: bytes) -> Iterator[Document]:
    """Read the pages among the answers of a web archive; one that is no article is a problem."""
    stream, pages = io.BytesIO(raw), 0
    while line := stream.readline():
        if not line.startswith(b"WARC/"):
            continue
        try:
            headers = parse_headers(stream)
            block = stream.read(int(headers["Content-Length"]))
            if headers["WARC-Type"] != "response":
                continue
            kind, body = _answer(block)
        except (HTTPException, TypeError, ValueError, OSError, zlib.error) as error:
            told = f"a record that begins at byte {stream.tell():,} or before is damaged ({error})"
            yield Document("", problems=[("read", f"{told}; take its page from the site")])
            continue
        if "html" in kind:
            pages += 1
            yield _page(body, _target(headers))
    if not pages:
        raise Unreadable("the archive holds no pages; leave it out, or harvest the pages again")


def warc_addresses(stream: IO[bytes]) -> Iterator[str]:
    """Yield the addresses of the pages in a web archive, of which no more is read."""
    while line := stream.readline():
        if not line.startswith(b"WARC/"):
            continue
        try:
            headers = parse_headers(stream)
            size = int(headers["Content-Length"])
        except (HTTPException, TypeError, ValueError):
            continue  # what is damaged is said where the pages are read
        top = stream.read(min(size, HEAD))
        for start in range(len(top), size, HEAD):
            stream.read(min(HEAD, size - start))
        told = top.partition(b"\r\n\r\n")[0].lower()
        if headers["WARC-Type"] == "response" and b"html" in told:
            yield _target(headers)


def _target(headers: Message) -> str:
    return (headers["WARC-Target-URI"] or "").strip("<>")


class _Block:
    """What a socket is to `HTTPResponse`: something to read an answer from."""

    def __init__(self, block: bytes):
        self.block = block

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.block)


def _answer(block: bytes) -> tuple[str, bytes]:
    """Return the type and the body of an answer as it went over the wire."""
    answer = HTTPResponse(_Block(block))  # type: ignore[arg-type]
    answer.begin()
    body = answer.read()
    if answer.getheader("Content-Encoding", "") in ("gzip", "deflate"):
        body = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, LARGEST_MEMBER)
    return answer.getheader("Content-Type", ""), body


def _page(body: bytes, address: str) -> Document:
    try:
        document = read_page(body)
    except Unreadable as error:
        return Document("", {"url": address}, problems=[("read", f"{address}: {error}")])
    document.fields["url"] = document.fields.get("url") or address
    document.metadata |= {"address": address} if address else {}
    return document


# --------------------------------------------------------------------------------------- EPUB


def read_epub(raw: bytes) -> Iterator[Document]:
    """Read the pages of an e-book in their order; one that is no article is a problem."""
    refuse_bomb(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        try:
            locked, about = _is_locked(book), dict(_about_book(book))
            pages = list(_pages_of_book(book))
        except Exception as error:  # damaged members make zipfile raise nearly anything
            raise Unreadable(f"it is no sound e-book ({error}); convert it to .html") from error
        if locked:
            raise Unreadable("the e-book is locked; ask for one that is not, or for its text")
        for name in pages:
            try:
                document = _page(book.read(name), "")
            except Exception as error:
                document = Document("", problems=[("read", f"{name} is damaged ({error})")])
            for role in ("outlet", "published"):
                document.fields[role] = document.fields.get(role) or about.get(role, "")
            yield document


def _is_locked(book: zipfile.ZipFile) -> bool:
    name = "META-INF/encryption.xml"
    hidden = etree.fromstring(book.read(name)).xpath("//@URI") if name in book.namelist() else ()
    return any(str(one).endswith("html") for one in hidden)


def _package(book: zipfile.ZipFile) -> tuple[str, Any]:
    """Return the name and the tree of the file that tells what an e-book holds."""
    name = etree.fromstring(book.read("META-INF/container.xml")).xpath("//@full-path")[0]
    return str(name), etree.fromstring(book.read(str(name)))


def _about_book(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    _, package = _package(book)
    for role, name in (("outlet", "publisher"), ("published", "date")):
        yield role, package.xpath(f"string(//*[local-name()='{name}'])").strip()


def _pages_of_book(book: zipfile.ZipFile) -> Iterator[str]:
    name, package = _package(book)
    items = {one.get("id"): one.get("href") for one in package.xpath("//*[local-name()='item']")}
    for reference in package.xpath("//*[local-name()='itemref']/@idref"):
        yield posixpath.join(posixpath.dirname(name), unquote(items[reference]))


ARCHIVES: dict[str, Callable[[bytes], Iterator[Document]]] = {
    **dict.fromkeys((".mht", ".mhtml"), read_mhtml),
    ".eml": read_mail,
    ".warc": read_warc,
    ".epub": read_epub,
}
