"""Published numbers made again from a ledger, for tests that compare the two."""

from __future__ import annotations

import pandas as pd

from helpers.measure import evidence


def rebuild(ledger: pd.DataFrame) -> pd.DataFrame:
    """Make every published number again from the ledger; one row is one number.

    Columns: published, row, key, number, unit, said (what was published), counted (from the rows).
    Rows that are not listed are left out.
    """
    found = []
    ledger = ledger[ledger["value"] != evidence.UNLISTED]
    for name, part in ledger.groupby("published", sort=False):
        heads = part.drop_duplicates("row").set_index("row")
        said = {row: list(evidence.read_numbers(says)) for row, says in heads["says"].items()}
        units = {unit for numbers in said.values() for _, _, unit in numbers}
        counted = evidence.count_behind(part[part["article_id"] != ""], heads.index, units)
        found += [
            (name, row, heads.loc[row, "key"], number, unit, value, counted.loc[row, unit])
            for row, numbers in said.items()
            for number, value, unit in numbers
        ]
    columns = ["published", "row", "key", "number", "unit", "said", "counted"]
    return pd.DataFrame(found, columns=columns)
