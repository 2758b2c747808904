"""What names say: words of a name, singular and plural, and which table a column's name points at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from edgewise.schema.words import (
    CODE_SUFFIXES,
    GLUED_ID_EXCEPTIONS,
    GLUED_KEY_EXCEPTIONS,
    ID_SUFFIXES,
    IRREGULAR_PLURALS,
    TABLE_DECORATION,
)

__all__ = [
    "ColumnName",
    "abbreviates",
    "column_name",
    "common_words",
    "plural",
    "singular",
    "table_words",
    "words",
]

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
_SINGULARS = {plural: single for single, plural in IRREGULAR_PLURALS.items()}


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name: `homeTeamID` and `home_team_id` both give (home, team, id)."""
    found = [word.casefold() for word in _WORD.findall(name)]
    return tuple(part for word in found for part in _unglue(word))


def _unglue(word: str) -> tuple[str, ...]:
    """Part an `id` or `key` from the word it is glued to: `visitorid` gives (visitor, id)."""
    for suffix in ("uuid", "guid", "id", "key"):
        stem = word.removesuffix(suffix)
        if stem != word and len(stem) >= 3 and word not in GLUED_ID_EXCEPTIONS | GLUED_KEY_EXCEPTIONS:
            return (stem, suffix)
    return (word,)


@lru_cache(maxsize=8192)
def singular(word: str) -> str:
    """The singular of an English noun, by rule and a list of exceptions."""
    if word in _SINGULARS:
        return _SINGULARS[word]
    if word in IRREGULAR_PLURALS or len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes", "oes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=8192)
def plural(word: str) -> str:
    """The plural of an English noun in the singular, by rule and a list of exceptions."""
    if word in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[word]
    if word.endswith("y") and len(word) > 1 and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def table_words(name: str, shared: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The words of a table's name, the last in the singular, without decoration such as `tbl` and without the
    words that every table of the database has in common (`shared`)."""
    everything = words(name)
    kept = tuple(w for w in everything if w not in TABLE_DECORATION and w not in shared) or everything
    return (*kept[:-1], singular(kept[-1])) if kept else (name.casefold(),)


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column's name taken apart.

    `stem` holds the words without an identifier's affix, the last in the singular; `suffix` is that affix
    ("" where there is none); `strength` is "id" for words such as id, uuid, key, "code" for words such as code,
    number, ref, and "" for plain names; `many` says whether the last word of the stem is a plural.
    """

    name: str
    stem: tuple[str, ...]
    suffix: str
    strength: str
    many: bool

    @property
    def core(self) -> tuple[str, ...]:
        """The stem without a prefix of one or two letters, as tables mark their columns with (`c_custkey`)."""
        return self.stem[1:] if len(self.stem) > 1 and len(self.stem[0]) <= 2 else self.stem

    @property
    def bare(self) -> bool:
        """Whether nothing but the identifier's affix is left: `id`, `ID`, `key`, `code`."""
        return not self.stem


@lru_cache(maxsize=8192)
def column_name(name: str) -> ColumnName:
    """Take a column's name apart."""
    parts = [w for w in words(name) if not w.isdigit()] or list(words(name)) or [name.casefold()]
    suffix, strength = "", ""
    if parts[-1] in ("fk", "pk", "sk") and len(parts) > 1:
        suffix, strength = parts.pop(), "id"
    if parts[0] in ("id", "fk", "pk", "sk") and len(parts) > 1:
        suffix, strength = parts.pop(0), "id"
    if parts[-1] in ID_SUFFIXES:
        suffix, strength = parts.pop(), "id"
    elif parts[-1] in CODE_SUFFIXES and not strength:
        suffix, strength = parts.pop(), "code"
    stem = (*parts[:-1], singular(parts[-1])) if parts else ()
    return ColumnName(name, stem, suffix, strength, many=bool(parts) and stem[-1] != parts[-1])


def abbreviates(short: str, long: str) -> bool:
    """Whether `short` reads as an abbreviation of `long`: its beginning, or at most four of its letters in
    order of which the first two begin it (`dept`, `acct`); three letters at least."""
    if not 3 <= len(short) < len(long) or short[:2] != long[:2]:
        return False
    letters = iter(long)
    return long.startswith(short) or (len(short) <= 4 and all(letter in letters for letter in short))


def common_words(names: Iterable[str]) -> frozenset[str]:
    """The words that all of three or more names have in common (`olist` and `dataset`, say)."""
    sets = [set(words(name)) for name in names]
    return frozenset(set.intersection(*sets)) if len(sets) >= 3 else frozenset()
