"""Lists of articles without their texts, and the saved pages they are joined with by address."""

from __future__ import annotations

import email
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email import policy
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from helpers.read.columns import as_text, cut_off, field_names, guess_mapping, is_summary
from helpers.read.dates import UnclearDate, read_date
from helpers.read.pages import WEB, told_addresses
from helpers.read.spellings import host_of

HEAD = 1 << 18  # bytes of a page in which it says its address
MESSAGES = (".mht", ".mhtml", ".eml")
PAGES = (".html", ".htm", ".xhtml", *MESSAGES)
ARCHIVE = ".warc"
LOCATION = "Content-Location"

_INDEX = re.compile(r"(?:/(?:index|default)\.\w{3,5}|/amp)?/*$", re.I)


def normal_address(url: str) -> str:
    """Return what two addresses of one page share, "" for what is no address.

    The protocol, "www." and the like, a slash at the end, the mark in the page and parameters
    that only tell where a reader came from count for nothing.
    """
    host = host_of(url.strip())
    if not host:
        return ""
    parts = urlsplit(url.strip())
    tracking = tuple(field_names("address")["tracking"])
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith(tracking)
    )
    path = _INDEX.sub("", parts.path)
    return f"{host}{path}" + "".join(f"&{name}={value}" for name, value in kept)


def page_addresses(raw: bytes, suffix: str) -> Iterator[str]:
    """Yield the addresses that a saved page says are its own, as `normal_address` writes them."""
    told = _addresses_of(raw) if suffix in MESSAGES else told_addresses(raw[:HEAD])
    yield from dict.fromkeys(filter(None, map(normal_address, told)))


def _addresses_of(raw: bytes) -> Iterator[str]:
    """Yield the addresses in the headers of a message, of the page in it, alone in a line of it."""
    message = email.message_from_bytes(raw[:HEAD], policy=policy.default)
    for part in (message, *message.walk()):
        yield from (str(part[name] or "") for name in ("Snapshot-Content-Location", LOCATION))
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and part.get_content_type() == "text/html":
            yield from told_addresses(content)
        elif isinstance(content, bytes) and part.get_content_type() == "text/plain":
            lines = (line.strip("<> ") for line in content.decode("latin-1").splitlines())
            yield from (line for line in lines if line.startswith(WEB) and " " not in line)


def is_list(sample: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether rows tell the addresses of articles and not their whole texts."""
    roles = guess_mapping(dict.fromkeys(chain.from_iterable(sample)), sample)
    if "url" not in roles:
        return False
    texts = [as_text(row.get(roles["text"])) for row in sample] if "text" in roles else []
    return all(cut_off(text) for text in filter(str.strip, texts)) or is_summary(roles["text"])


def describe_list(rows: Iterable[Mapping[str, Any]], roles: Mapping[str, str]) -> str:
    """Say in words how many articles a list names, of which outlets and days, and what to do."""
    count, outlets, days = 0, set(), []
    for row in rows:
        count += 1
        outlets.add(as_text(row.get(roles.get("outlet", ""))))
        try:
            days.append(read_date(row.get(roles.get("published", ""))))
        except UnclearDate:
            continue
    dated = sorted(day for day in days if day == day)
    when = f", from {dated[0]:%Y-%m-%d} to {dated[-1]:%Y-%m-%d}" if dated else ""
    of = f" of {len(outlets - {''}):,} outlets" if outlets - {""} else ""
    return (
        f"it lists {count:,} articles{of}{when}, without their texts: save the pages that "
        f"{roles['url']!r} names as web pages beside it and build again; they are joined "
        "by their addresses"
    )
