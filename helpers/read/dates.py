"""Dates as newspapers, feeds and spreadsheets write them, read to UTC; in doubt, no date."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from helpers.store.lexicons import read_lexicon

EARLIEST_YEAR, LATEST_YEAR = 1600, 2199
TOP = 2000  # characters of a text in which its date is looked for
TOP_LINES = 7
LONGEST_LINE = 100
LONGEST_HEADLINE = 200
LARGEST_OFFSET = timedelta(hours=14)

_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er)?"
_MONTH = r"(?P<month>[^\W\d_]{3,12})\.?"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_DATES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?!\d{1,3}(?:\D|$))",
        rf"{_MONTH}\s?{_DAY},?\s{_YEAR}",
        rf"{_DAY}\.?[\s-]{{1,3}}(?:of\s|de\s)?{_MONTH},?[\s-]{{1,3}}(?:de\s)?{_YEAR}",
    )
)
_NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?=\D|$)")
_CLOCK = re.compile(
    r"(?:T(?=\d|$)|,|\sat\s|\s[-–|]\s|\s)*"
    r"(?:(?P<hour>\d{1,2})(?:(?P<sign>[:.h])?(?P<minute>\d{2})"
    r"(?:(?(sign):)(?P<second>\d{2})(?:[.,](?P<part>\d+))?)?)?"
    r"\s?(?P<half>[ap])?(?:\.?m\b\.?)?(?P<zone>.*))?",
    re.I,
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s?([+−-])(\d{1,2}):?(\d{2})?", re.I)
_BESIDE = re.compile(r"[\n|·•]|\sby\s")
_BEFORE_TEXT = re.compile(r"\s\(|\s?[–—]\s|\s-+\s")
_EXCEL_DAY = re.compile(r"[345]\d{4}(?:\.\d+)?")  # 1982 to 2064
_DATE_IN_NAME = re.compile(r"(?<!\d)(?:19|20)\d\d([-_.]?)[01]\d\1[0-3]\d(?!\d)")


class UnclearDate(ValueError):
    """A value is no date, or more than one; the message quotes it and says what to do."""


def read_date(value: Any) -> pd.Timestamp:
    """Read a date, or date and time, to a timestamp in UTC without zone.

    Takes date objects, epoch seconds or milliseconds, Excel's numbers of days since 1982, ISO 8601,
    RFC 822, "Nov. 18, 2024 Monday", "18 November 2024", "18. März 2024" and numbers such as
    11/18/2024 where only one order of day and month is possible. A time without zone is taken as
    UTC. An empty value gives NaT. Raises UnclearDate.
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return pd.NaT
    if isinstance(value, datetime):
        return _stamp(value)
    if isinstance(value, date):
        return _stamp(datetime.combine(value, time()))
    written = " ".join(str(value).split())
    if not written:
        return pd.NaT
    if _EXCEL_DAY.fullmatch(written):
        return _stamp(datetime(1899, 12, 30) + timedelta(seconds=round(float(written) * 86_400)))
    seconds = _epoch_seconds(written)
    if seconds is not None:
        return _stamp(datetime(1970, 1, 1) + timedelta(seconds=seconds))
    return _stamp(_read_written(written))


@cache
def _known_words(kind: str) -> dict[str, str]:
    words = read_lexicon("date_words")
    own = words[words["kind"] == kind]
    return dict(zip(own["word"], own["value"], strict=True))


def _read_written(written: str) -> datetime:
    weekdays, openings = _known_words("weekday"), _known_words("before a date")
    words = [word for word in written.split(" ") if _bare(word) not in weekdays]
    while words and _bare(words[0]) in openings:
        del words[0]
    day, rest = _read_day(" ".join(words), written)
    clock = _CLOCK.fullmatch(rest)
    since = _since_midnight(clock) if clock and clock["hour"] else timedelta()
    if not clock or since is None:
        raise UnclearDate(f"{written!r} is not a date this tool reads; write it as 2024-11-18")
    if not clock["hour"]:
        return day
    return (day + since).replace(tzinfo=_read_zone(clock["zone"].strip(" ()"), day, written))


def _bare(word: str) -> str:
    return word.strip(".,:()").lower()


def _read_day(body: str, written: str) -> tuple[datetime, str]:
    for pattern in _DATES:
        match = pattern.match(body)
        months = _known_words("month")
        month = months.get(match["month"].lower(), match["month"]) if match else ""
        if match and month.isdecimal():
            try:
                day = datetime(int(match["year"]), int(month), int(match["day"]))
            except ValueError:
                raise UnclearDate(_no_such_day(written)) from None
            return day, body[match.end() :]
    match = _NUMBERS.match(body)
    if not match:
        raise UnclearDate(f"{written!r} is not a date this tool reads; write it as 2024-11-18")
    possible = _possible_days(match[1], match[3], match[4])
    if not possible:
        raise UnclearDate(_no_such_day(written))
    if len(possible) > 1:
        either = " or ".join(f"{day:%Y-%m-%d}" for day in sorted(possible))
        raise UnclearDate(f"{written!r} can be {either}: write the year first")
    return possible.pop(), body[match.end() :]


def _possible_days(first: str, second: str, third: str) -> set[datetime]:
    orders = [(third, first, second), (third, second, first)]
    if len(third) == 2:
        orders.append((first, second, third))
    days = set()
    for year, month, day in orders:
        try:
            days.add(datetime(_year(year), int(month), int(day)))
        except ValueError:
            continue
    return days


def _year(written: str) -> int:
    century = 0 if len(written) == 4 else 2000 if int(written) < 70 else 1900
    return century + int(written)


def find_orders(values: Iterable[Any]) -> set[str]:
    """Return the orders of day and month that a column of dates allows for one value alone.

    "25/04/2024" can only be "day first"; a sound column gives one order, or none where no value
    tells.
    """
    found = set()
    for match in filter(None, (_NUMBERS.match(str(value).strip()) for value in values)):
        first, second = int(match[1]), int(match[3])
        found |= {"day first"} if first > 12 >= second else set()
        found |= {"month first"} if second > 12 >= first else set()
    return found


def column_order(column: str, values: Iterable[Any], given: str = "") -> tuple[str, str, str]:
    """Return the order of day and month in a column of dates, a note that says it, a problem.

    `given` is an order that someone has named. Where the dates need none, all are "".
    """
    values = list(values)
    if given or not any(in_order(one, "day first") != one for one in values):
        return given, "", ""
    orders = find_orders(values)
    if len(orders) == 1:
        told = f"dates in {column!r} were read {min(orders)}, as its other dates are"
        return min(orders), told, ""
    problem = (
        f"some dates in {column!r} have the day first and some the month; write the year first"
    )
    return "", "", problem if orders else ""


def in_order(value: Any, order: str) -> Any:
    """Write a date of numbers, such as 03/04/2024, as the order of its column reads it."""
    match = _NUMBERS.match(str(value).strip())
    if not match or not order or int(match[1]) > 12 or int(match[3]) > 12:
        return value
    day, month = (1, 3) if order == "day first" else (3, 1)
    written = f"{_year(match[4]):04}-{int(match[month]):02}-{int(match[day]):02}"
    return written + match.string[match.end() :]


def _no_such_day(written: str) -> str:
    return f"{written!r} is not a day of the calendar; the article is kept without a date"


def _since_midnight(clock: re.Match[str]) -> timedelta | None:
    """Return the time that a clock shows, None when no clock shows it."""
    hour, half = int(clock["hour"]), (clock["half"] or "").lower()
    minute, second = int(clock["minute"] or 0), int(clock["second"] or 0)
    if not (1 <= hour <= 12 if half else clock["minute"] and hour <= 23):
        return None
    if minute > 59 or second > 60:
        return None
    hour = hour % 12 + 12 * (half == "p") if half else hour
    part = float(f"0.{clock['part'] or 0}")
    return timedelta(hours=hour, minutes=minute, seconds=second + part)


def _read_zone(zone: str, day: datetime, written: str) -> timezone | ZoneInfo:
    if not zone:
        return UTC
    zone = zone.partition(" (")[0]  # "-0500 (EST)"
    if match := _OFFSET.fullmatch(zone):
        length = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if length <= LARGEST_OFFSET and int(match[3] or 0) < 60:
            return timezone(length if match[1] == "+" else -length)
    name = zone.lower().rstrip(".")
    if hours := _known_words("offset").get(name):
        return timezone(timedelta(hours=int(hours)))
    try:
        return ZoneInfo(_known_words("place")[name])
    except (KeyError, ZoneInfoNotFoundError):
        raise UnclearDate(
            f"{written!r} ends in a time zone this tool does not know; write it as "
            f"{day:%Y-%m-%d}T09:00+02:00"
        ) from None


def _epoch_seconds(written: str) -> float | None:
    whole, _, part = written.partition(".")
    if not f"{whole}{part or 0}".isdecimal() or len(whole) not in (9, 10, 12, 13):
        return None
    if len(whole) == 12 and whole[:2] in ("19", "20") and whole[4:6] <= "12" and whole[6:8] <= "31":
        return None  # 202411180930
    return float(written) / (1000 if len(whole) > 10 else 1)


def _stamp(moment: datetime) -> pd.Timestamp:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise UnclearDate(f"the year {moment.year} is not one of a news article")
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return pd.Timestamp(moment).as_unit("us")  # some tables hold nanoseconds, which ours do not


def first_date(text: str) -> str:
    """Return the first line of a text, or part of one between signs, that is a date, or ""."""
    parts = map(str.strip, _BESIDE.split(text))
    return next((part for part in parts if not part.isdecimal() and is_date(part)), "")


def date_in(line: str) -> str:
    """Return the date that a line begins with, "" for none."""
    line = line.strip()
    if not any(map(str.isdecimal, line)) or len(line) > LONGEST_HEADLINE:
        return ""
    pieces = line.split(",")
    for last in range(len(pieces), 0, -1):  # "12 February 2024, Monday, Final Edition"
        if is_date(written := ",".join(pieces[:last])):
            return written if not written.isdecimal() else ""
    return ""


def is_date(written: str) -> bool:
    """Say whether something written is a date."""
    try:
        return read_date(written) is not pd.NaT
    except UnclearDate:
        return False


def find_printed_date(text: str) -> str:
    """Return the date that stands alone above a text, or in its dateline, or ""."""
    lines = (line.strip() for line in text[:TOP].split("\n"))
    for line in [line for line in lines if line][:TOP_LINES]:
        parts = _BEFORE_TEXT.split(line, maxsplit=2)
        place, _, rest = parts[0].partition(", ")
        dateline = "\n".join([rest, *parts[1:2]]) if place.isupper() else ""
        found = first_date(line[:LONGEST_LINE]) or first_date(dateline)
        if found:
            return found
    return ""


def find_date(name: str) -> str:
    """Return the first whole date in a file or folder name as YYYY-MM-DD, or ""."""
    for match in _DATE_IN_NAME.finditer(name):
        digits = "".join(filter(str.isdecimal, match[0]))
        try:
            return f"{datetime.strptime(digits, '%Y%m%d'):%Y-%m-%d}"
        except ValueError:
            continue
    return ""
