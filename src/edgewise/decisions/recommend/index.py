"""Search over the words of things: an inverted index with BM25 weights, in arrays.

Robertson, Zaragoza: The probabilistic relevance framework: BM25 and beyond (2009), with the term frequencies of
weighted fields added up first (BM25F).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32, Int32, Int64

from edgewise.decisions.catalogue.catalogue import Catalogue
from edgewise.decisions.catalogue.columns import Reader, as_text

__all__ = ["TextIndex", "text_index", "words_of"]

_K1: Final = 1.2
_B: Final = 0.5
#: What a word counts by where it stands.
_TITLE: Final = 3.0
_CREATOR: Final = 2.0
_OTHER: Final = 1.0
#: Terms that begin with the last word of a query count so much, beside the word itself.
_PREFIX: Final = 0.6
_SPELT: Final = 0.5
#: How many terms a beginning, or a word that occurs nowhere, stands for at most.
_MOST: Final = 32
_BREAK: Final = r"[^\p{L}\p{N}]+"
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class TextIndex:
    """Postings by term: term i of `terms` (sorted) occurs in `rows[indptr[i]:indptr[i + 1]]` with BM25 weights."""

    terms: list[str]
    indptr: Int64[np.ndarray, " terms_plus_1"]
    rows: Int32[np.ndarray, " postings"]
    weight: Float32[np.ndarray, " postings"]
    size: int

    def search(self, text: str) -> tuple[Int64[np.ndarray, " hits"], Float32[np.ndarray, " hits"]]:
        """The rows that match, best first, and how well each does: rows with all words before rows with some."""
        words = words_of(text)
        if not words or not self.terms:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        total = np.zeros(self.size, dtype=np.float32)
        met = np.zeros(self.size, dtype=np.int16)
        for i, word in enumerate(words):
            own = np.zeros(self.size, dtype=np.float32)
            for term, factor in self._like(word, last=i == len(words) - 1):
                at = slice(self.indptr[term], self.indptr[term + 1])
                own[self.rows[at]] = np.maximum(own[self.rows[at]], factor * self.weight[at])
            met += own > 0
            total += own
        total *= met / np.float32(len(words))
        hits = np.flatnonzero(total)
        order = np.lexsort((-total[hits], -met[hits]))
        return hits[order], total[hits[order]]

    def _like(self, word: str, last: bool) -> list[tuple[int, float]]:
        """Terms that a word stands for, with factors: itself, what begins with it, otherwise near spellings."""
        first = bisect_left(self.terms, word)
        exact = first < len(self.terms) and self.terms[first] == word
        found = [(first, 1.0)] if exact else []
        if last and len(word) > 1:
            end = bisect_left(self.terms, word + "\U0010ffff")
            found += [(i, _PREFIX) for i in range(first + exact, min(end, first + _MOST))]
        return found or self._spelt(word)

    def _spelt(self, word: str) -> list[tuple[int, float]]:
        """Terms one letter away from a word that occurs nowhere, by its first letter or its second."""
        if len(word) < 4:
            return []
        near = []
        for start in {word[0], word[1]}:
            low = bisect_left(self.terms, start)
            high = bisect_left(self.terms, start + "\U0010ffff")
            near += [
                i
                for i in range(low, high)
                if abs(len(self.terms[i]) - len(word)) <= 1 and _one_off(self.terms[i], word)
            ]
        return [(i, _SPELT) for i in near[:_MOST]]


def text_index(catalogue: Catalogue, reader: Reader, name: str) -> TextIndex:
    """Index the titles, creators, categories and search columns of the things of a table."""
    kind = catalogue.kinds[name]
    fields = [(kind.titles, _TITLE)]
    for codes, weight in ((kind.creator, _CREATOR), (kind.category, _OTHER)):
        if len(codes.labels):
            labels = codes.labels.take(pa.array(codes.codes, mask=codes.codes < 0))
            fields.append((labels, weight))
    fields += [(as_text(reader.values(name, column)), _OTHER) for column in kind.entry.search]
    return _index(fields, len(kind))


def _index(fields: list[tuple[pa.Array, float]], size: int) -> TextIndex:
    owners, words, weights = [], [], []
    for texts, worth in fields:
        parts = pc.split_pattern_regex(_folded(texts), _BREAK)
        owners.append(pc.list_parent_indices(parts).to_numpy())
        words.append(pc.list_flatten(parts))
        weights.append(np.full(len(words[-1]), worth))
    every = pa.concat_arrays([w.cast(pa.string()) for w in words])
    encoded = pc.dictionary_encode(every)
    code = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    labels = encoded.dictionary.to_pylist()
    order = sorted(range(len(labels)), key=lambda i: labels[i])
    place = np.empty(len(labels), dtype=np.int64)
    place[order] = np.arange(len(labels))
    owner, weight, real = (
        np.concatenate(owners),
        np.concatenate(weights),
        np.array([bool(w) for w in labels])[code],
    )
    pairs, back = np.unique(place[code[real]] * max(size, 1) + owner[real], return_inverse=True)
    frequency = np.bincount(back, weights=weight[real], minlength=len(pairs))
    term, row = pairs // max(size, 1), pairs % max(size, 1)
    indptr = np.searchsorted(term, np.arange(len(labels) + 1))
    length = np.bincount(row, weights=frequency, minlength=size)
    documents = np.diff(indptr)
    rarity = np.log(1.0 + (size - documents + 0.5) / (documents + 0.5))
    norm = _K1 * (1 - _B + _B * length[row] / max(float(length.mean()) if size else 1.0, 1e-9))
    bm25 = rarity[term] * frequency * (_K1 + 1) / (frequency + norm)
    return TextIndex([labels[i] for i in order], indptr, row.astype(np.int32), bm25.astype(np.float32), size)


def _folded(texts: pa.Array) -> pa.Array:
    """Small letters, accents left out; null as an empty text."""
    plain = pc.utf8_normalize(pc.fill_null(texts, ""), form="NFKD")
    return pc.utf8_lower(pc.replace_substring_regex(plain, r"\p{M}", ""))


def words_of(text: str) -> list[str]:
    """The words of a query as the index has them."""
    plain = unicodedata.normalize("NFKD", text[:500])
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)).lower())[:16]


def _one_off(a: str, b: str) -> bool:
    """Whether two words differ by one letter put in, left out, changed, or swapped with the next."""
    if len(a) > len(b):
        a, b = b, a
    i = next((i for i in range(len(a)) if a[i] != b[i]), len(a))
    if len(a) < len(b):
        return a[i:] == b[i + 1 :]
    return a[i + 1 :] == b[i + 1 :] or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])
