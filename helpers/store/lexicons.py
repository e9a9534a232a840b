"""The words the program goes by: the lists of data/lexicons, and the codebook, read and printed.

Every row of a list says where its fact comes from; each fault of a codebook is told with its line.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import yaml

from helpers.store import schema
from helpers.store.paths import CODEBOOK, LEXICONS

VARIABLE = "ATTRIBUTED_CODEBOOK"
VARIABLES = ("source_type", "affiliation", "channel")
FIXED = {"source_type": schema.SOURCE_TYPES}
NEEDED = {
    "source_type": schema.SOURCE_TYPES,
    "affiliation": ("government", "business", "news media", "state media", "unknown"),
    "channel": ("told the outlet", "unknown"),
}
OUTLET = ("name", "aliases", "kind", "country", "ownership")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where it is there
BY_LISTS = ("helpers.annotate.", "helpers.text.", __name__)  # modules that keep what lists say
Own = tuple[tuple[str, ...], ...]  # rows of OUTLET
Texts = tuple[str, ...]
Patterns = tuple[str, ...]  # regular expressions


def read_lexicon(name: str) -> pd.DataFrame:
    """Return the list `name`, all columns as text, empty cells as "".

    Raises FileNotFoundError when there is no such list and ValueError when a row does not say
    where it comes from.
    """
    return _read_list(LEXICONS / f"{name}.csv").copy()


def read_aliases(name: str, kind: str = "") -> dict[str, str]:
    """Return every name and alias of the list `name` with the canonical name it stands for.

    The list has the columns `name` and `aliases` (separated by "|"); with `kind`, only its rows of
    that kind. Raises ValueError when an alias stands for two names.
    """
    return dict(_aliases(LEXICONS / f"{name}.csv", kind))


@cache
def read_words(name: str, kind: str = "", column: str = "word") -> frozenset[str]:
    """Return what the rows of the list `name` have in a column; with `kind`, only its rows."""
    table = _read_list(LEXICONS / f"{name}.csv")
    return frozenset((table[table["kind"] == kind] if kind else table)[column])


@cache
def read_facts(name: str, of: str, fact: str, kind: str = "") -> Mapping[str, str]:
    """Return one column of the list `name` (`fact`) by another (`of`); with `kind`, its rows."""
    table = _read_list(LEXICONS / f"{name}.csv")
    table = table[table["kind"] == kind] if kind else table
    return MappingProxyType(dict(zip(table[of], table[fact], strict=True)))


@cache
def _read_list(path: Path) -> pd.DataFrame:
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in path.parent.glob("*.csv")))
        raise FileNotFoundError(f"no word list {path}; there is: {there}")
    lexicon = pd.read_csv(path, dtype=object, keep_default_na=False)  # read by Python, not Arrow
    if "source" not in lexicon:
        raise ValueError(f"{path} has no column 'source'")
    unsourced = lexicon.index[lexicon["source"].str.strip() == ""]
    if len(unsourced):
        raise ValueError(f"{path}, line {unsourced[0] + 2}: 'source' is empty")
    return _with_own(lexicon) if _own and path.stem == "outlets" else lexicon


_own: Own = ()


@contextmanager
def with_outlets(own: Own) -> Iterator[None]:
    """Read the list `outlets` as with a corpus's own rows, of the columns OUTLET, for a while.

    What they say wins; what they leave empty is the list's.
    """
    global _own
    before = _own
    try:
        _own = own
        _forget(before != own)
        yield
    finally:
        _own = before
        _forget(before != own)


def _forget(changed: bool) -> None:
    """Empty the caches of all that goes by the lists."""
    there = [module for name, module in [*sys.modules.items()] if name.startswith(BY_LISTS)]
    for module in there if changed else ():
        for kept in vars(module).values():
            if hasattr(kept, "cache_clear"):
                kept.cache_clear()


def _with_own(lexicon: pd.DataFrame) -> pd.DataFrame:
    own = pd.DataFrame([*_own], columns=[*OUTLET]).set_index("name")
    taken = {*own.index, *"|".join(own["aliases"]).split("|")}
    listed = lexicon[~lexicon["name"].isin(taken - {*own.index})].set_index("name")
    left = ([one for one in row.split("|") if one not in taken] for row in listed["aliases"])
    listed["aliases"] = [*map("|".join, left)]
    own = own.assign(source="the outlets.csv of the corpus").mask(own == "")
    order = [*own.index, *listed.index.difference(own.index, sort=False)]
    return own.combine_first(listed).fillna("").loc[order].reset_index(names="name")


@cache
def _aliases(path: Path, kind: str) -> dict[str, str]:
    canonical: dict[str, str] = {}
    table = _read_list(path)
    for row in (table[table["kind"] == kind] if kind else table).itertuples():
        for alias in filter(None, [row.name, *row.aliases.split("|")]):
            if canonical.setdefault(alias, row.name) != row.name:
                raise ValueError(
                    f"list {path.stem}: {alias!r} stands for {canonical[alias]!r} and {row.name!r}"
                )
    return canonical


# --------------------------------------------------------------------------------- the codebook


class CodebookError(ValueError):
    """A codebook that cannot be used; the message names the file, each line and what is wrong."""

    def __init__(self, path: Path, problems: Iterable[tuple[int, str]]):
        self.problems = sorted(problems)
        lines = [f"{path}, line {line}: {problem}" for line, problem in self.problems]
        super().__init__("\n".join(lines))


# The fields of these classes are the keys of the file; those without a default must be there.


@dataclass(frozen=True)
class Category:
    """One category: what it means, what belongs to it, and the words that show it."""

    name: str
    definition: str
    examples: Texts
    include: Texts = ()
    exclude: Texts = ()
    nouns: Texts = ()
    spokespeople: Texts = ()
    titles: Texts = ()
    patterns: Patterns = ()

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """The patterns as one, in any letter case; None without patterns."""
        return re.compile("|".join(self.patterns), re.IGNORECASE) if self.patterns else None

    def search(self, words: str) -> re.Match[str] | None:
        """Find the first words that fit one of the patterns."""
        return self.pattern.search(words) if self.pattern else None


@dataclass(frozen=True)
class Variable:
    """One thing to code: a question, its categories in order, and which goes before which."""

    name: str
    question: str
    categories: dict[str, Category]
    note: str = ""
    precedence: Texts = ()


@dataclass(frozen=True)
class Anonymity:
    """The words that say a name is known and withheld, and those that begin the reason."""

    question: str
    withheld: Patterns
    reason: Patterns


@dataclass(frozen=True)
class Relay:
    """The words by which an outlet is said to have carried, reported or been told something."""

    question: str
    definition: str
    examples: Texts
    carried: Texts
    reports: Texts
    told: Texts
    documents: Texts


@dataclass(frozen=True)
class Policy:
    """What a newsroom asks of a source without a name."""

    affiliation_known: bool = False
    reason_given: bool = False
    second_source: bool = False
    empty_descriptors: Texts = ()


@dataclass(frozen=True, eq=False)
class Codebook:
    """The whole codebook; `sha256` is the hash of its file, by which two are the same."""

    path: str
    sha256: str
    title: str
    unit: str
    source_type: Variable
    affiliation: Variable
    channel: Variable
    anonymity: Anonymity
    relay: Relay
    house_policy: Policy = field(default_factory=Policy)

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Codebook) and self.sha256 == other.sha256

    @property
    def variables(self) -> dict[str, Variable]:
        """What is coded, by name."""
        return {name: getattr(self, name) for name in VARIABLES}

    def category(self, variable: str, name: str) -> Category:
        """Return one category of one variable."""
        return self.variables[variable].categories[name]


def read_codebook(path: str | Path = "") -> Codebook:
    """Read and check a codebook; "" reads the one ATTRIBUTED_CODEBOOK names, else the project's.

    Raises CodebookError with the line of every fault: what is not YAML, an unknown or missing key,
    a category of source_type that is not one of the six, a word in two categories, a pattern that
    does not compile. Raises FileNotFoundError when there is no such file.
    """
    file = Path(path or os.environ.get(VARIABLE, "") or CODEBOOK)
    if not file.is_file():
        raise FileNotFoundError(f"no codebook {file}: give the path of a YAML file, or none")
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(file: Path, changed: int) -> Codebook:
    written = file.read_bytes()
    reader = _Reader()
    known = {"path": file.name, "sha256": hashlib.sha256(written).hexdigest()}
    book = reader.fill(Codebook, reader.compose(written), **known)
    if reader.problems:
        raise CodebookError(file, reader.problems)
    return book


class _Reader:
    """Walks the YAML nodes, keeps what is right and notes every fault with its line."""

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []

    def fault(self, node: yaml.Node | None, problem: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append((line, problem))

    def compose(self, written: bytes) -> yaml.Node | None:
        try:
            return yaml.compose(written.decode("utf-8-sig"), Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append((line, f"not YAML: {error.problem}"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.problems.append((1, f"not YAML in UTF-8: {error}"))
        return None

    def fill(self, kind: type, node: yaml.Node | None, **known: str) -> Any:
        """Return an object of a dataclass from a mapping that has its fields as keys."""
        own = [one for one in fields(kind) if one.name not in known]
        needed = [one.name for one in own if one.default is one.default_factory is MISSING]
        parts = self.mapping(node, [one.name for one in own], needed)
        there = [one for one in own if one.name in parts or one.name in needed]
        return kind(**known, **{one.name: self.value(one, parts.get(one.name)) for one in there})

    def value(self, wanted: Field, node: yaml.Node | None) -> Any:
        match wanted.type:
            case "str":
                return self.text(node)
            case "Texts":
                return self.texts(node)
            case "Patterns":
                return self.patterns(node)
            case "bool":
                return self.truth(wanted.name, node)
            case "Variable":
                return self.variable(wanted.name, node)
            case "dict[str, Category]":
                nodes = self.mapping(node) if node is not None else {}
                return {name: self.fill(Category, one, name=name) for name, one in nodes.items()}
        return self.fill(
            {"Anonymity": Anonymity, "Relay": Relay}.get(str(wanted.type), Policy), node
        )

    # ------------------------------------------------------------------------- kinds of node

    def mapping(
        self, node: yaml.Node | None, allowed: Sequence[str] = (), required: Iterable[str] = ()
    ) -> dict[str, yaml.Node]:
        """Return a mapping's values by key, noting unknown, repeated and missing keys."""
        if not isinstance(node, yaml.MappingNode):
            if node is not None or not self.problems:
                self.fault(node, "here belongs a mapping, `key: value`")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                self.fault(key, f"{name!r} is written twice")
            elif allowed and name not in allowed:
                self.fault(key, f"{name!r} is no key here{_guess(name, allowed)}")
            else:
                found[name] = value
        for name in required:
            if name not in found:
                self.fault(node, f"the key {name!r} is missing")
        return found

    def text(self, node: yaml.Node | None) -> str:
        if isinstance(node, yaml.ScalarNode):
            return " ".join(node.value.split())
        if node is not None:
            self.fault(node, "here belongs one text")
        return ""

    def texts(self, node: yaml.Node | None) -> Texts:
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, "here belongs a list, `[one, another]` or one to a line after `- `")
            return ()
        return tuple(self.text(item) for item in node.value)

    def patterns(self, node: yaml.Node | None) -> Patterns:
        for item in node.value if isinstance(node, yaml.SequenceNode) else ():
            try:
                re.compile(str(item.value))
            except re.error as error:
                self.fault(item, f"{item.value!r} is no regular expression: {error}")
        return self.texts(node)

    def truth(self, key: str, node: yaml.Node | None) -> bool:
        if node is not None and node.tag != "tag:yaml.org,2002:bool":
            self.fault(node, f"{key} is true or false")
        return node is not None and str(node.value).lower() in ("true", "yes", "on")

    def variable(self, name: str, node: yaml.Node | None) -> Variable:
        found = self.fill(Variable, node, name=name)
        written, order = _child(node, "categories"), _child(node, "precedence")
        for missing in [key for key in NEEDED[name] if key not in found.categories]:
            self.fault(written or node, f"{name} needs the category {missing!r}")
        for key, _ in getattr(written, "value", ()):
            if name in FIXED and key.value not in FIXED[name]:
                guess = _guess(key.value, FIXED[name])
                self.fault(key, f"{key.value!r} is none of the six source types{guess}")
        self._check_words(written)
        for item in getattr(order, "value", ()):
            if item.value not in found.categories:
                guess = _guess(item.value, found.categories)
                self.fault(item, f"{item.value!r} is no category{guess}")
        precedence = found.precedence or tuple(found.categories)
        if len(set(precedence)) != len(precedence) or set(found.categories) - set(precedence):
            self.fault(order or node, "name every category once")
        return replace(found, precedence=precedence)

    def _check_words(self, categories: yaml.Node | None) -> None:
        for key in ("nouns", "titles"):
            taken: dict[str, str] = {}
            for name, node in getattr(categories, "value", ()):
                for item in getattr(_child(node, key), "value", ()):
                    first = taken.setdefault(str(item.value).casefold(), name.value)
                    if first != name.value:
                        problem = f"{item.value!r} stands in {first!r} and in {name.value!r}"
                        self.fault(item, problem)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the value of a key of a mapping where it is a list or a mapping."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    found = (value for name, value in pairs if name.value == key)
    return next((value for value in found if isinstance(value, yaml.CollectionNode)), None)


def _guess(name: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name), list(allowed), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there is: {', '.join(allowed)}"


# ------------------------------------------------------------------------------ for the program


@lru_cache(maxsize=8)
def noun_kinds(book: Codebook) -> dict[str, str]:
    """Return for each noun whether it is a person, an organisation, a group or a document."""
    kinds = dict(read_facts("affiliations", "noun", "kind"))
    for name in schema.SOURCE_TYPES:
        if name not in ("named person", "anonymous source"):
            nouns = book.category("source_type", name).nouns
            kinds |= dict.fromkeys(nouns, name.rpartition(" ")[2])
    return kinds


@lru_cache(maxsize=8)
def noun_affiliations(book: Codebook) -> dict[str, str]:
    """Return the affiliation of each noun that has one; the codebook goes before the lexicon."""
    found = read_facts("affiliations", "noun", "affiliation")
    return _known({**found, **_inline(book, "nouns")})


@lru_cache(maxsize=8)
def title_affiliations(book: Codebook) -> dict[str, str]:
    """Return the affiliation of each title, in small letters, that has one."""
    found = {**read_facts("titles", "title", "affiliation"), **_inline(book, "titles")}
    return _known({title.lower(): name for title, name in found.items()})


@lru_cache(maxsize=8)
def noun_pattern(book: Codebook) -> re.Pattern[str]:
    """Return a pattern for the nouns with an affiliation, in small letters, plurals too."""
    return _longest_first(noun_affiliations(book), r"(?:s|es)?")


@lru_cache(maxsize=8)
def title_pattern(book: Codebook) -> re.Pattern[str]:
    """Return a pattern for the titles with an affiliation, in small letters."""
    return _longest_first(title_affiliations(book), "")


def _longest_first(words: Iterable[str], ending: str) -> re.Pattern[str]:
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ordered))}){ending}(?![\w-])")


def body_affiliations() -> Mapping[str, str]:
    """Return the affiliation of each body of the lexicon."""
    return read_facts("bodies", "name", "affiliation")


def _inline(book: Codebook, key: str) -> dict[str, str]:
    categories = book.variables["affiliation"].categories.values()
    return {word: category.name for category in categories for word in getattr(category, key)}


def _known(found: dict[str, str]) -> dict[str, str]:
    return {word: name for word, name in found.items() if name != "unknown"}


# -------------------------------------------------------------------------------- for people


def instructions(book: Codebook) -> str:
    """Return the coder's instructions as Markdown: every variable, category and rule."""
    parts = [f"# {book.title}: instructions for coders", f"**Unit.** {book.unit}"]
    for variable in book.variables.values():
        parts.append(f"## {variable.name}\n\n{variable.question} {variable.note}".rstrip())
        if variable.name in FIXED:
            order = "; then ".join(variable.precedence)
            parts.append(f"Where several hold, code the first of these: {order}.")
        parts += [_told(category) for category in variable.categories.values()]
    parts.append(f"## anonymity_reason\n\n{book.anonymity.question} Copy the words.")
    parts.append(f"## relay\n\n{book.relay.question} {book.relay.definition}")
    parts.append(_list("Examples", book.relay.examples))
    return "\n\n".join(parts) + "\n"


def _told(category: Category) -> str:
    lines = [f"### {category.name}\n\n{category.definition}"]
    for heading, words in (
        ("Belongs here", category.include),
        ("Does not", category.exclude),
        ("Example", category.examples),
    ):
        lines += [_list(heading, words)] if words else []
    if category.nouns:
        lines.append(f"Words: {', '.join(category.nouns)}.")
    return "\n\n".join(lines)


def _list(heading: str, words: Iterable[str]) -> str:
    return f"{heading}:\n\n" + "\n".join(f"* {word}" for word in words)


def coding_choices(book: Codebook) -> pd.DataFrame:
    """Return what may be written in a coding sheet: one row is one category of one variable."""
    rows = [
        {"variable": variable.name, "category": category.name, "definition": category.definition}
        for variable in book.variables.values()
        for category in variable.categories.values()
    ]
    return pd.DataFrame(rows, columns=["variable", "category", "definition"])


def appendix(book: Codebook) -> str:
    """Return the methods appendix as Markdown: categories, precedence, word lists and the hash."""
    parts = [
        f"# {book.title}: how sources were classified",
        f"Codebook `{book.path}`, SHA-256 `{book.sha256}`.",
        f"**Unit.** {book.unit}",
    ]
    sizes = sorted(Counter(noun_kinds(book).values()).items())
    counted = ", ".join(f"{number} nouns of the kind {kind}" for kind, number in sizes)
    for variable in book.variables.values():
        rows = [
            f"| {category.name} | {category.definition} | {_shown(category)} |"
            for category in variable.categories.values()
        ]
        head = "| category | definition | words of the codebook |\n|---|---|---|"
        parts.append(f"## {variable.name}\n\n{variable.question}\n\n" + "\n".join([head, *rows]))
        if variable.name in FIXED:
            parts.append(f"Precedence: {' > '.join(variable.precedence)}.")
    nouns, titles = len(noun_affiliations(book)), len(title_affiliations(book))
    parts.append(
        "## Word lists\n\n"
        f"With data/lexicons the program knows {counted}; {nouns} nouns and {titles} titles with "
        f"an affiliation. A name counts as withheld by {len(book.anonymity.withheld)} patterns."
    )
    return "\n\n".join(parts) + "\n"


def _shown(category: Category) -> str:
    words = [*category.nouns, *category.spokespeople, *category.titles]
    patterns = [f"`{pattern}`".replace("|", "\\|") for pattern in category.patterns]
    return ", ".join([*words, *patterns]) or "–"
