"""Dates as they are written in news archives, and those that are none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.read.dates import UnclearDate, find_date, read_date


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-11-18", "2024-11-18"),
        ("2024/11/18", "2024-11-18"),
        ("20241118", "2024-11-18"),
        ("20241118T093000Z", "2024-11-18 09:30"),
        ("20241118093000", "2024-11-18 09:30"),
        ("2024-11-18T09:30:00Z", "2024-11-18 09:30"),
        ("2024-11-18 09:30:15.250", "2024-11-18 09:30:15.250"),
        ("2024-11-18T09:30:00-05:00", "2024-11-18 14:30"),
        ("2024-11-18T09:30:00+0530", "2024-11-18 04:00"),
        ("2024-11-18 00:30:00+02:00", "2024-11-17 22:30"),
        ("Mon, 18 Nov 2024 09:30:00 GMT", "2024-11-18 09:30"),
        ("Mon, 18 Nov 2024 09:30:00 -0500", "2024-11-18 14:30"),
        ("Nov. 18, 2024", "2024-11-18"),
        ("November 18, 2024", "2024-11-18"),
        ("Nov 18th 2024", "2024-11-18"),
        ("18 November 2024", "2024-11-18"),
        ("18-Nov-2024", "2024-11-18"),
        ("Monday, 18 November 2024", "2024-11-18"),
        ("Sept. 3, 2024 at 3:15 p.m. EDT", "2024-09-03 19:15"),
        ("September 3, 2024, 12:05 AM ET", "2024-09-03 04:05"),
        ("Published: 18 November 2024 10:30", "2024-11-18 10:30"),
        ("2024-11-18 10:00 UTC+1", "2024-11-18 09:00"),
        ("2024-11-18 10:00 −05:30", "2024-11-18 15:30"),
        ("Mon, 18 Nov 2024 09:30:00 -0500 (EST)", "2024-11-18 14:30"),
        ("11/18/2024", "2024-11-18"),
        ("November 18, 2024 Monday", "2024-11-18"),
        ("November 19, 2024 Tuesday", "2024-11-19"),
        ("November 18, 2024, Monday 9:30 AM GMT", "2024-11-18 09:30"),
        ("Montag 18. März 2024", "2024-03-18"),
        ("12 février 2024 lundi", "2024-02-12"),
        ("1er août 2024", "2024-08-01"),
        ("lunes, 12 de febrero de 2024", "2024-02-12"),
        ("18.11.2024", "2024-11-18"),
        ("11/11/2024", "2024-11-11"),
        ("11/18/99", "1999-11-18"),
        ("1731922200", "2024-11-18 09:30"),
        ("1731922200000", "2024-11-18 09:30"),
        (1731922200, "2024-11-18 09:30"),
        (date(2024, 11, 18), "2024-11-18"),
        (datetime(2024, 11, 18, 9, 30), "2024-11-18 09:30"),
        (datetime(2024, 11, 18, 9, 30, tzinfo=timezone(timedelta(hours=1))), "2024-11-18 08:30"),
        (pd.Timestamp("2024-11-18 09:30", tz="UTC"), "2024-11-18 09:30"),
    ],
)
def test_dates_are_read_to_utc(written: object, read: str):
    assert read_date(written) == pd.Timestamp(read)
    assert read_date(written).tz is None


@pytest.mark.parametrize("nothing", [None, "", "  ", float("nan"), pd.NaT])
def test_nothing_is_no_date(nothing: object):
    assert read_date(nothing) is pd.NaT


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("31 February 2024", "not a day of the calendar"),
        ("2024-02-31", "not a day of the calendar"),
        ("2024-13-01", "not a day of the calendar"),
        ("32/13/2024", "not a day of the calendar"),
        ("03/04/2024", "can be 2024-03-04 or 2024-04-03"),
        ("yesterday", "not a date this tool reads"),
        ("Nov. 18", "not a date this tool reads"),
        ("2024-11", "not a date this tool reads"),
        ("2024-11-18 25:00", "not a date this tool reads"),
        ("2024-11-18 09:30 XYZ", "time zone this tool does not know"),
        ("0001-01-01", "not one of a news article"),
    ],
)
def test_what_is_no_date_is_quoted(written: str, problem: str):
    with pytest.raises(UnclearDate) as refused:
        read_date(written)
    assert problem in str(refused.value)
    assert written in str(refused.value) or "the year 1 " in str(refused.value)


@pytest.mark.parametrize(
    "sign", [chr(code) for code in range(0x21, 0x7F) if chr(code) not in "+-()"]
)
def test_no_other_sign_than_plus_and_minus_shifts_a_time(sign: str):
    for offset in (f"{sign}0530", f" {sign}0530", f" UTC{sign}05:30"):
        with pytest.raises(UnclearDate):
            read_date(f"2024-11-18 10:00{offset}")


@pytest.mark.parametrize("offset", ["+0565", "-9900", "+14:01", "+05:3", "5:30"])
def test_what_is_no_offset_shifts_no_time(offset: str):
    with pytest.raises(UnclearDate, match="time zone this tool does not know"):
        read_date(f"2024-11-18 10:00 {offset}")


@given(st.integers(0, 999_999_999))
def test_nanoseconds_are_cut(nanoseconds: int):
    moment = pd.Timestamp("2024-11-18 09:30").as_unit("ns") + pd.Timedelta(nanoseconds, "ns")
    read = read_date(moment)
    assert read.unit == "us"
    assert abs(read - moment) < pd.Timedelta(1, "us")


@given(st.one_of(st.text(), st.integers(), st.floats(), st.from_regex(r"[\d/.:T +-]{1,20}")))
def test_any_value_is_a_date_or_refused(value: object):
    try:
        read = read_date(value)
    except UnclearDate:
        return
    assert read is pd.NaT or (read.tz is None and 1600 <= read.year <= 2199)


@given(
    st.datetimes(datetime(1601, 1, 2), datetime(2198, 1, 1)),
    st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_iso_dates_keep_their_moment(moment: datetime, zone: timezone):
    moment = moment.replace(tzinfo=zone)
    assert read_date(moment.isoformat()) == pd.Timestamp(moment.astimezone(UTC)).tz_localize(None)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("herald_2024-11-18_missiles", "2024-11-18"),
        ("20241118", "2024-11-18"),
        ("2024-02-31 or 2024-03-01", "2024-03-01"),
        ("2024-1118", ""),
        ("id120241118", ""),
    ],
)
def test_dates_in_names(name: str, found: str):
    assert find_date(name) == found
