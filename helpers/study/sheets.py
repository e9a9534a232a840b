"""Coding sheets: what is coded drawn at random, written without the tool's answers, read back.

A workbook has the instructions, one sheet of statements to code with lists to choose from, and one
of passages in which coders mark statements themselves; the same sheets are written as CSV.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from helpers.measure.select import PLACE, lay_out, types_of
from helpers.store import lexicons, schema, tables
from helpers.store.paths import TEMPLATES

YES, NO = "yes", "no"
CHOSEN = ("statement", "form", *lexicons.VARIABLES, "tone_label")
WRITTEN = ("speaker", "relay")
VARIABLES = (*CHOSEN, *WRITTEN)
SHORTEST = 8
DAMAGED = (InvalidFileException, zipfile.BadZipFile, UnicodeDecodeError, pd.errors.ParserError)
KEY_FILE, PASSAGES_FILE = "sampling_key.csv", "sampling_passages.csv"
CODERS_FILE = "coders.csv"
LINES_EACH = 6
AROUND = 600
OPEN, CLOSE = "⟦", "⟧"
INSTRUCTIONS = TEMPLATES / "coding_instructions.md"
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class SheetError(ValueError):
    """A file that is no coding sheet; the message says what is missing."""


@dataclass(frozen=True)
class Sheet:
    """What one coder wrote.

    `codes` has unit, variable, value (no relay, "", is a code too) and the words that were coded;
    `marked` has passage and words; `problems` has coder, where and problem, one row for each cell
    that cannot be used.
    """

    coder: str
    codes: pd.DataFrame
    marked: pd.DataFrame
    problems: pd.DataFrame


# --------------------------------------------------------------------------------------- drawing


def draw_statements(
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    size: int,
    strata: Sequence[str] = ("outlet",),
    seed: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw statements at random within strata, in proportion to them and at least one of each.

    Parameters
    ----------
    attributions
        The statements of the chosen articles and roles, as `measures.join_articles` gives them.
    articles
        The chosen articles; statements of those marked as copies are left out.
    size
        How many to draw; all when there are fewer.
    strata
        Columns of `attributions` or of `articles` whose combinations are the strata; "month" is
        that of publication.

    Returns
    -------
    The key, one row per statement drawn, in random order: unit, attribution_id, article_id, start,
    end, stratum, and weight, how many statements of the frame it stands for. And the log, one row
    per step from the tables to the draw: step, rows, articles.

    Raises
    ------
    ValueError
        When `size` is smaller than the number of strata, or a stratum is no column.
    """
    log = [_step("statements in the chosen articles and roles", attributions)]
    copies = articles.loc[articles["duplicate_of"] != "", "article_id"]
    copied = attributions["article_id"].isin(copies)
    frame = attributions[~copied]
    log.append(_step("left out: in articles marked as copies", attributions[copied]))
    log.append(_step("sampling frame", frame))
    stratum = _strata(frame, articles, strata)
    drawn = _draw(stratum, size, np.random.default_rng(seed))
    units = [f"u{number:04}" for number in range(1, len(drawn) + 1)]
    key = frame.loc[drawn.index].assign(unit=units, stratum=stratum.loc[drawn.index], weight=drawn)
    told = f"drawn: seed {seed}, strata {', '.join(strata) or 'none'} ({stratum.nunique():,})"
    log.append(_step(told, key))
    return lay_out("sampling key", key.reset_index(drop=True)), lay_out("sampling log", log)


def _step(step: str, rows: pd.DataFrame) -> tuple[str, int, int]:
    return step, len(rows), rows["article_id"].nunique()


def _strata(frame: pd.DataFrame, articles: pd.DataFrame, strata: Sequence[str]) -> pd.Series:
    known = frame.assign(month=frame["published"].dt.strftime("%Y-%m").fillna("undated"))
    lacking = [name for name in strata if name not in known and name in articles]
    if lacking:
        known = known.merge(articles[["article_id", *lacking]], on="article_id", how="left")
        known.index = frame.index
    unknown = [name for name in strata if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no column to draw by; there is: {', '.join(known)}")
    if not strata or frame.empty:
        return pd.Series("all", index=frame.index, dtype="str")
    return known[list(strata)].astype("str").agg("; ".join, axis=1).astype("str")


def _draw(stratum: pd.Series, size: int, chance: np.random.Generator) -> pd.Series:
    """Draw rows; return their weights, in random order."""
    sizes = stratum.value_counts().sort_index()
    if len(sizes) > size:
        raise ValueError(
            f"{size} statements cannot cover {len(sizes)} strata: draw more, or by fewer columns"
        )
    numbers = _allot(sizes, min(size, int(sizes.sum())))
    chosen = [
        pd.Series(
            sizes[name] / number, index=chance.permutation(stratum.index[stratum == name])[:number]
        )
        for name, number in numbers.items()
    ]
    drawn = pd.concat(chosen) if chosen else pd.Series(dtype=float, index=stratum.index)
    return drawn.iloc[chance.permutation(len(drawn))]


def _allot(sizes: pd.Series, size: int) -> pd.Series:
    """Share `size` out in proportion, at least 1 each, by largest remainders."""
    if sizes.empty:
        return sizes
    spare = size - len(sizes)
    wish = (sizes - 1) * spare / max(sizes.sum() - len(sizes), 1)
    numbers = 1 + np.floor(wish).astype(int)
    rest = size - int(numbers.sum())
    largest = (wish - np.floor(wish)).sort_values(ascending=False, kind="stable").index[:rest]
    numbers[largest] += 1
    return numbers


def draw_passages(
    blocks: pd.DataFrame,
    articles: pd.DataFrame,
    number: int,
    roles: Sequence[str] = ("body",),
    seed: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw whole paragraphs at random, with and without statements, to see what is missed.

    Returns the passages in random order (passage, article_id, start, end) and the log (step,
    rows, articles). Paragraphs of fewer than eight words and those of copies are left out.
    """
    texts = articles.set_index("article_id")["text"]
    chosen = blocks[blocks["article_id"].isin(texts.index) & blocks["role"].isin(roles)]
    copies = articles.loc[articles["duplicate_of"] != "", "article_id"]
    told = chosen[PLACE].itertuples(index=False)
    words = [len(texts[key][start:end].split()) for key, start, end in told]
    short = np.array(words, dtype=int) < SHORTEST
    copied = chosen["article_id"].isin(copies).to_numpy()
    frame = chosen[~short & ~copied]
    order = np.random.default_rng(seed).permutation(len(frame))[:number]
    drawn = frame.iloc[order].reset_index(drop=True)
    drawn["passage"] = [f"p{place:03}" for place in range(1, len(drawn) + 1)]
    log = [
        _step(f"paragraphs of the roles {', '.join(roles)}", chosen),
        _step("left out: in articles marked as copies", chosen[copied]),
        _step(f"left out: fewer than {SHORTEST} words", chosen[short & ~copied]),
        _step("sampling frame of paragraphs", frame),
        _step(f"drawn: seed {seed}", drawn),
    ]
    return lay_out("sampling passages", drawn), lay_out("sampling log", log)


# --------------------------------------------------------------------------------------- writing


def list_choices(codebook_file: str | Path = "") -> dict[str, tuple[str, ...]]:
    """Return what may be chosen for each variable; the categories are those of a codebook.

    "" takes the codebook in use, else the project's own.
    """
    choices = lexicons.coding_choices(lexicons.read_codebook(codebook_file))
    listed = choices.groupby("variable", sort=False)["category"].agg(tuple).to_dict()
    fixed = {"statement": (YES, NO), "form": schema.FORMS, "tone_label": schema.POLARITIES}
    known = fixed | listed
    return {variable: known[variable] for variable in CHOSEN}


def write_sheets(
    key: pd.DataFrame,
    passages: pd.DataFrame,
    articles: pd.DataFrame,
    out: str | Path,
    codebook_file: str | Path = "",
) -> None:
    """Write `coding_sheet.xlsx` and the same as CSV, with the key; nothing when `out` is "".

    `key` and `passages` are what was drawn, `articles` has their texts. Categories and
    instructions are those of the codebook. The key, which says where the units come from, is
    written apart and not for coders. A sheet in which somebody has coded is left as it is.
    """
    if str(out) == "":
        return
    guide = (
        INSTRUCTIONS.read_text("utf-8")
        + "\n"
        + lexicons.instructions(lexicons.read_codebook(codebook_file))
    )
    choices = list_choices(codebook_file)
    texts = articles.set_index("article_id")["text"]
    statements = list_statements(key, texts)
    marked = _passages(passages, texts)
    for name, sheet in {"coding_statements": statements, "coding_passages": marked}.items():
        if not is_coded(Path(out) / f"{name}.csv"):
            tables.export(sheet, name, out)
    tables.export(key, "sampling_key", out)
    tables.export(passages, "sampling_passages", out)
    tables.write_text(guide, Path(out) / "coding_instructions.md")
    if not is_coded(book := Path(out) / "coding_sheet.xlsx"):
        tables.write_bytes(_workbook(statements, marked, guide, choices), book)


def is_coded(path: Path) -> bool:
    """Tell whether somebody has written into a sheet, or may have: it cannot be read."""
    try:
        statements, passages = _open(path) if path.is_file() else (None, None)
    except SheetError:
        return True
    given = [(statements, {"unit", "context", "words"}), (passages, {"passage", "text"})]
    return any(
        (sheet[[name for name in sheet if name not in known]] != "").any(axis=None)
        for sheet, known in given
        if sheet is not None
    )


def list_statements(key: pd.DataFrame, texts: pd.Series) -> pd.DataFrame:
    """Return the sheet of statements, nothing coded yet; one row is one of the key."""
    rows = []
    for row in key.itertuples():
        text = texts[row.article_id]
        first, last = max(row.start - AROUND, 0), min(row.end + AROUND, len(text))
        words = text[row.start : row.end]
        context = f"{text[first : row.start]}{OPEN}{words}{CLOSE}{text[row.end : last]}"
        rows.append({"unit": row.unit, "context": context, "words": words})
    return lay_out("coding statements", rows).fillna("")


def _passages(passages: pd.DataFrame, texts: pd.Series) -> pd.DataFrame:
    rows = []
    for row in passages.itertuples():
        text = texts[row.article_id][row.start : row.end]
        rows += [{"passage": row.passage, "text": text * (line == 0)} for line in range(LINES_EACH)]
    return lay_out("coding passages", rows).fillna("")


def _workbook(
    statements: pd.DataFrame,
    passages: pd.DataFrame,
    guide: str,
    choices: dict[str, tuple[str, ...]],
) -> bytes:
    book = Workbook()
    told = book.active
    told.title = "Instructions"
    told.column_dimensions["A"].width = 110
    for line in guide.splitlines():
        told.append([_plain(line)])
        told.cell(told.max_row, 1).data_type = "s"
    for row in told.iter_rows():
        row[0].alignment = Alignment(wrap_text=True, vertical="top")
    sheet = book.create_sheet("Statements")
    _fill(sheet, statements, {"context": 70, "words": 40, "note": 24})
    lists = book.create_sheet("Lists")
    for place, (variable, values) in enumerate(choices.items(), start=1):
        letter = get_column_letter(place)
        for number, value in enumerate([variable, *values], start=1):
            lists.cell(number, place, value).data_type = "s"
        choose = DataValidation(
            type="list", formula1=f"=Lists!${letter}$2:${letter}${len(values) + 1}"
        )
        choose.error = f"Choose one of: {', '.join(values)}"
        choose.showErrorMessage = True
        sheet.add_data_validation(choose)
        target = get_column_letter(list(statements).index(variable) + 1)
        choose.add(f"{target}2:{target}{max(len(statements) + 1, 2)}")
    _fill(book.create_sheet("Passages"), passages, {"text": 80, "words": 60, "note": 24})
    book.move_sheet("Lists", 1)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _fill(sheet: Worksheet, frame: pd.DataFrame, widths: dict[str, int]) -> None:
    for place, name in enumerate(frame, start=1):
        head = sheet.cell(1, place, name)
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="E2E2E2")
        sheet.column_dimensions[get_column_letter(place)].width = widths.get(name, 16)
    for number, row in enumerate(frame.itertuples(index=False), start=2):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place, _plain(value) or None)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.value is not None:
                cell.data_type, cell.quotePrefix = "s", True
    sheet.freeze_panes = "B2"


def _plain(value: object) -> str:
    """Leave out the signs that a workbook cannot hold."""
    return _ILLEGAL.sub("", str(value))


# --------------------------------------------------------------------------------------- reading


def reopen(
    codings: Sequence[str | Path], key: pd.DataFrame, passages: pd.DataFrame, *logs: pd.DataFrame
) -> tuple[pd.DataFrame, ...]:
    """Return the key and passages that lie beside the filled-in sheets, else those given.

    `logs` are those of both draws; their last step is then how many were drawn before.

    A sample may be drawn otherwise once the tables have changed; the key written with the sheets
    says what was coded; it lies beside them or a folder above. Raises FileNotFoundError when only
    one of the two files is there.
    """
    names = {"sampling key": KEY_FILE, "sampling passages": PASSAGES_FILE}
    parents = [Path(file).expanduser().resolve().parents for file in codings]
    folders = [folder for up in (0, 1) for folder in (each[up] for each in parents)]
    there = [folder for folder in folders if any((folder / n).is_file() for n in names.values())]
    if not there:
        return key, passages, *logs
    missing = [name for name in names.values() if not (there[0] / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{there[0] / missing[0]} is missing: put it back beside the coding sheets"
        )
    kept = [
        tables.read_csv(there[0] / name, dtype=types_of(report), na_values=[])
        for report, name in names.items()
    ]
    drawn = [_step("drawn before, as the key beside the sheets has it", one) for one in kept]
    steps = [[*log.itertuples(index=False)][:-1] for log in logs]
    told = zip(steps, drawn, strict=False)
    return *kept, *(lay_out("sampling log", [*before, last]) for before, last in told)


def read_sheet(file: str | Path, codebook_file: str | Path = "") -> Sheet:
    """Read a coder's filled-in workbook, or one of its CSV files; the file's name is the coder.

    A value that is no choice of its variable in the codebook is left out and told in `problems`.
    Raises FileNotFoundError when there is no such file, SheetError when it is no coding sheet.
    """
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"no coding sheet {path}: give the path of a filled-in sheet")
    statements, passages = _open(path)
    if statements is None and passages is None:
        raise SheetError(
            f"{path} is no coding sheet: it has neither a table with the columns unit and "
            "statement nor one with passage and words"
        )
    coder = re.sub(r"[-_. ](?:statements|passages)$", "", path.stem)
    codes, problems = _codes(statements, coder, list_choices(codebook_file))
    marked = lay_out("marked") if passages is None else passages[passages["words"] != ""]
    marked = lay_out("marked", marked.reset_index(drop=True))
    return Sheet(coder, codes, marked, problems)


def is_elsewhere(path: Path) -> bool:
    """Tell whether a file is a CSV of units by two or more coders, and no sheet from here."""
    if path.suffix.lower() != ".csv":
        return False
    statements, passages = _open(path)
    return statements is passages is None and len(tables.read_csv(path, dtype="str").columns) > 2


def list_sheets(folder: Path) -> list[Path]:
    """List the files of a folder of coders' sheets; none of another folder or of a file."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    known = (CODERS_FILE, KEY_FILE, PASSAGES_FILE)
    return [file for file in files if file.suffix in (".csv", ".xlsx") and file.name not in known]


def find_coded(out: str | Path) -> list[Path]:
    """Find the sheets beside the key in a folder in which somebody has coded a statement."""
    if str(out) == "" or not (Path(out) / KEY_FILE).is_file():
        return []
    heads = {file: file.open(encoding="utf-8").readline() for file in Path(out).glob("*.csv")}
    mine = sorted(file for file, head in heads.items() if head.startswith("unit,context,words,"))
    return [file for file in mine if (tables.read_csv(file)["statement"].notna()).any()]


def _open(path: Path) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    try:
        if path.suffix.lower() == ".csv":
            found = [tables.read_csv(path, dtype="str", na_values=[])]
        else:
            book = load_workbook(path, read_only=True, data_only=True)
            found = [_table(sheet) for sheet in book.worksheets]
    except DAMAGED as error:
        raise SheetError(f"{path} cannot be read as XLSX or CSV: {error}") from None
    found = [frame.rename(columns=str.strip) for frame in found]
    statements = [frame for frame in found if {"unit", "statement"} <= set(frame)]
    passages = [frame for frame in found if {"passage", "words"} <= set(frame)]
    return (statements or [None])[0], (passages or [None])[0]


def _table(sheet: Worksheet) -> pd.DataFrame:
    rows = [["" if v is None else str(v) for v in row] for row in sheet.iter_rows(values_only=True)]
    head, *body = rows or [[]]
    return pd.DataFrame(body, columns=head)


def _codes(
    statements: pd.DataFrame | None, coder: str, choices: dict[str, tuple[str, ...]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    codes, problems = [], []
    for row in statements.to_dict("records") if statements is not None else []:
        written = {name: str(row.get(name, "")).strip() for name in VARIABLES}
        for variable, value in written.items():
            allowed = choices.get(variable)
            if value and allowed:
                match = {choice.casefold(): choice for choice in allowed}.get(value.casefold())
                if match is None:
                    told = f"{variable} {value!r} is none of {', '.join(allowed)}"
                    problems.append((coder, f"unit {row['unit']}", told))
                    continue
                value = match
            if value or (variable == "relay" and any(written.values())):
                codes.append((row["unit"], variable, value, str(row.get("words", ""))))
    return lay_out("codes", codes), lay_out("coding problems", problems)


def to_ratings(
    coding: Sheet, key: pd.DataFrame, texts: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one coder's codes as ratings of the units of `key`, and what cannot be one.

    That are units that the key has not, or has with other words: `texts` are those of articles.
    """
    joined = coding.codes.merge(key[["unit", *PLACE]], on="unit", how="left")
    known = joined["article_id"].isin(texts.index)
    there = joined[known].astype({"start": "int64", "end": "int64"})
    said = [texts[row.article_id][row.start : row.end] for row in there.itertuples()]
    pairs = zip(there["words"], said, strict=True)
    known[known] = [_letters(coded) in ("", _letters(drawn)) for coded, drawn in pairs]
    told = "is not in the key, or has other words there: was the sheet drawn from another sample?"
    strange = joined.loc[~known, "unit"].drop_duplicates()
    problems = [(coding.coder, f"unit {unit}", told) for unit in strange]
    rated = joined[known].assign(coder=coding.coder)
    return lay_out("ratings", rated), lay_out("coding problems", problems)


def _letters(words: str) -> str:
    return re.sub(r"\W+", "", words)
