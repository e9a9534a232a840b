"""The codebook: read from YAML, checked with the line of each fault, and printed for people."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd
import yaml

from helpers.store import lexicons, schema
from helpers.store.paths import CODEBOOK

VARIABLE = "ATTRIBUTED_CODEBOOK"
VARIABLES = ("source_type", "affiliation", "channel")
KEYS = ("title", "unit", *VARIABLES, "anonymity", "relay", "house_policy")
FIXED = {"source_type": schema.SOURCE_TYPES}
NEEDED = {
    "source_type": schema.SOURCE_TYPES,
    "affiliation": ("government", "business", "news media", "state media", "unknown"),
    "channel": ("told the outlet", "unknown"),
}
VARIABLE_KEYS = ("question", "note", "precedence", "categories")
CATEGORY_KEYS = (
    "definition", "include", "exclude", "examples", "nouns", "spokespeople", "titles", "patterns",
)  # fmt: skip
ANONYMITY_KEYS = ("question", "withheld", "reason")
RELAY_KEYS = ("question", "definition", "examples", "carried", "reports", "told", "documents")
POLICY_KEYS = ("affiliation_known", "reason_given", "second_source", "empty_descriptors")


class CodebookError(ValueError):
    """A codebook that cannot be used; the message names the file, each line and what is wrong."""

    def __init__(self, path: Path, problems: Iterable[tuple[int, str]]):
        self.problems = sorted(problems)
        lines = [f"{path}, line {line}: {problem}" for line, problem in self.problems]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Category:
    """One category: what it means, what belongs to it, and the words that show it."""

    name: str
    definition: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    spokespeople: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

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
    precedence: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Policy:
    """What a newsroom asks of a source without a name."""

    affiliation_known: bool = False
    reason_given: bool = False
    second_source: bool = False
    empty_descriptors: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Codebook:
    """The whole codebook; `sha256` is the hash of its file, by which two are the same."""

    path: str
    sha256: str
    title: str
    unit: str
    variables: dict[str, Variable]
    anonymity: dict[str, str | tuple[str, ...]]
    relay: dict[str, str | tuple[str, ...]]
    policy: Policy = field(default_factory=Policy)

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Codebook) and self.sha256 == other.sha256

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
    reader = _Reader(file)
    found = reader.read(written)
    if reader.problems:
        raise CodebookError(file, reader.problems)
    return Codebook(path=file.name, sha256=hashlib.sha256(written).hexdigest(), **found)


class _Reader:
    """Walks the YAML nodes, keeps what is right and notes every fault with its line."""

    def __init__(self, file: Path):
        self.file = file
        self.problems: list[tuple[int, str]] = []

    def fault(self, node: yaml.Node | None, problem: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append((line, problem))

    def read(self, written: bytes) -> dict:
        root = self._compose(written)
        parts = self.mapping(root, KEYS, required=KEYS[:-1])
        variables = {name: self.variable(name, parts[name]) for name in VARIABLES if name in parts}
        anonymity = self.words(parts.get("anonymity"), ANONYMITY_KEYS)
        self._check_patterns(parts.get("anonymity"), ("withheld", "reason"))
        return {
            "title": self.text(parts.get("title")),
            "unit": self.text(parts.get("unit")),
            "variables": variables,
            "anonymity": anonymity,
            "relay": self.words(parts.get("relay"), RELAY_KEYS),
            "policy": self.policy(parts.get("house_policy")),
        }

    def _compose(self, written: bytes) -> yaml.Node | None:
        try:
            return yaml.compose(written.decode("utf-8-sig"), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append((line, f"not YAML: {error.problem}"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.problems.append((1, f"not YAML in UTF-8: {error}"))
        return None

    # ------------------------------------------------------------------------- kinds of node

    def mapping(
        self, node: yaml.Node | None, allowed: Iterable[str] = (), required: Iterable[str] = ()
    ) -> dict[str, yaml.Node]:
        """Return a mapping's values by key, noting unknown, repeated and missing keys."""
        if not isinstance(node, yaml.MappingNode):
            if node is not None or not self.problems:
                self.fault(node, "here belongs a mapping, `key: value`")
            return {}
        found: dict[str, yaml.Node] = {}
        allowed = tuple(allowed)
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

    def texts(self, node: yaml.Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, "here belongs a list, `[one, another]` or one to a line after `- `")
            return ()
        return tuple(self.text(item) for item in node.value)

    def words(self, node: yaml.Node | None, keys: tuple[str, ...]) -> dict:
        parts = self.mapping(node, keys, required=keys) if node is not None else {}
        return {
            key: self.text(value) if key in ("question", "definition") else self.texts(value)
            for key, value in parts.items()
        }

    def policy(self, node: yaml.Node | None) -> Policy:
        if node is None:
            return Policy()
        parts = self.mapping(node, POLICY_KEYS)
        answers = {}
        for key in POLICY_KEYS[:-1]:
            value = parts.get(key)
            if value is not None and value.tag != "tag:yaml.org,2002:bool":
                self.fault(value, f"{key} is true or false")
            answers[key] = value is not None and str(value.value).lower() in ("true", "yes", "on")
        return Policy(**answers, empty_descriptors=self.texts(parts.get("empty_descriptors")))

    # ------------------------------------------------------------------------- the variables

    def variable(self, name: str, node: yaml.Node) -> Variable:
        parts = self.mapping(node, VARIABLE_KEYS, required=("question", "categories"))
        nodes = self.mapping(parts.get("categories"))
        categories = {key: self.category(key, value) for key, value in nodes.items()}
        for missing in [key for key in NEEDED[name] if nodes and key not in nodes]:
            self.fault(parts["categories"], f"{name} needs the category {missing!r}")
        for key, _ in getattr(parts.get("categories"), "value", ()):
            if name in FIXED and key.value not in FIXED[name]:
                guess = _guess(key.value, FIXED[name])
                self.fault(key, f"{key.value!r} is none of the six source types{guess}")
        self._check_words(nodes)
        order = self.texts(parts.get("precedence")) or tuple(categories)
        for item in getattr(parts.get("precedence"), "value", ()):
            if item.value not in categories:
                self.fault(item, f"{item.value!r} is no category{_guess(item.value, categories)}")
        if len(set(order)) != len(order) or set(categories) - set(order):
            self.fault(parts.get("precedence", node), "name every category once")
        return Variable(
            name, self.text(parts.get("question")), categories, order, self.text(parts.get("note"))
        )

    def category(self, name: str, node: yaml.Node) -> Category:
        parts = self.mapping(node, CATEGORY_KEYS, required=("definition", "examples"))
        self._check_patterns(node, ("patterns",))
        lists = {key: self.texts(parts.get(key)) for key in CATEGORY_KEYS[1:]}
        return Category(name, self.text(parts.get("definition")), **lists)

    def _check_words(self, categories: dict[str, yaml.Node]) -> None:
        for key in ("nouns", "titles"):
            taken: dict[str, str] = {}
            for name, item in _listed(categories, key):
                word = str(item.value).casefold()
                if taken.setdefault(word, name) != name:
                    problem = f"{item.value!r} stands in {taken[word]!r} and in {name!r}"
                    self.fault(item, problem)

    def _check_patterns(self, node: yaml.Node | None, keys: tuple[str, ...]) -> None:
        for _, item in (pair for key in keys for pair in _listed({"": node}, key)):
            try:
                re.compile(str(item.value))
            except re.error as error:
                self.fault(item, f"{item.value!r} is no regular expression: {error}")


def _listed(categories: dict[str, yaml.Node | None], key: str) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the items of the list `key` of each mapping, with the mapping's name."""
    for name, node in categories.items():
        for label, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if label.value == key and isinstance(value, yaml.SequenceNode):
                yield from ((name, item) for item in value.value)


def _guess(name: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name), list(allowed), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there is: {', '.join(allowed)}"


# ------------------------------------------------------------------------------ for the program


@lru_cache(maxsize=8)
def noun_kinds(book: Codebook) -> dict[str, str]:
    """Return for each noun whether it is a person, an organisation, a group or a document."""
    table = lexicons.read_lexicon("affiliations")
    kinds = dict(zip(table["noun"], table["kind"], strict=True))
    named = {
        "named organisation": "organisation",
        "document": "document",
        "unnamed group": "group",
        "unnamed person": "person",
    }
    for name, kind in named.items():
        kinds |= dict.fromkeys(book.category("source_type", name).nouns, kind)
    return kinds


@lru_cache(maxsize=8)
def noun_affiliations(book: Codebook) -> dict[str, str]:
    """Return the affiliation of each noun that has one; the codebook goes before the lexicon."""
    table = lexicons.read_lexicon("affiliations")
    found = dict(zip(table["noun"], table["affiliation"], strict=True))
    return _known(found | _inline(book, "nouns"))


@lru_cache(maxsize=8)
def title_affiliations(book: Codebook) -> dict[str, str]:
    """Return the affiliation of each title, in small letters, that has one."""
    table = lexicons.read_lexicon("titles")
    found = dict(zip(table["title"].str.lower(), table["affiliation"], strict=True))
    return _known(found | {word.lower(): name for word, name in _inline(book, "titles").items()})


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


@lru_cache(maxsize=1)
def body_affiliations() -> dict[str, str]:
    """Return the affiliation of each body of the lexicon."""
    table = lexicons.read_lexicon("bodies")
    return dict(zip(table["name"], table["affiliation"], strict=True))


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
    parts.append(f"## anonymity_reason\n\n{book.anonymity['question']} Copy the words.")
    parts.append(f"## relay\n\n{book.relay['question']} {book.relay['definition']}")
    parts.append(_list("Examples", book.relay["examples"]))
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
        f"an affiliation. A name counts as withheld by {len(book.anonymity['withheld'])} patterns."
    )
    return "\n\n".join(parts) + "\n"


def _shown(category: Category) -> str:
    words = [*category.nouns, *category.spokespeople, *category.titles]
    patterns = [f"`{pattern}`".replace("|", "\\|") for pattern in category.patterns]
    return ", ".join([*words, *patterns]) or "–"
