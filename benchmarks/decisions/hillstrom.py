"""Uplift on Hillstrom's e-mail test: Qini of `fit_uplift` against two LightGBM models, with intervals.

    python -m benchmarks.decisions.hillstrom
    python -m benchmarks.decisions.hillstrom --resamples 200 --out -        try it out

64,000 customers of whom chance sent a third an e-mail on men's goods, a third one on women's, a third nothing
(Kevin Hillstrom, MineThatData, 2008; ../shared/data/hillstrom). For each e-mail and each outcome (visit,
conversion, spend) everyone is scored by models that never saw them: five folds. `two models` is the usual
T-learner: a model of
those who were sent to less one of those who were not, LightGBM as it comes; `two small models` the same with trees
that suit so little signal. Qini coefficients are in units of the outcome a customer (of the transformed outcome);
intervals of 95% resample customers, the differences paired. The recipe of `fit_uplift` was chosen on half of the
customers (`development`, by a draw of seed 5); figures of the other half alone (`test`) are trained on the first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import lightgbm as lgb
import numpy as np
import pyarrow.parquet as pq

from edgewise.decisions.notify.qini import Qini, qini
from edgewise.decisions.notify.uplift import Trial, fit_uplift

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "hillstrom" / "hillstrom.parquet"
OUT: Final = Path(__file__).parents[1] / "results" / "hillstrom.json"
ARMS: Final = ("Mens E-Mail", "Womens E-Mail")
NONE: Final = "No E-Mail"
#: Each outcome with the earlier signs of it.
OUTCOMES: Final = {"visit": (), "conversion": ("visit",), "spend": ("visit", "conversion")}
FOLDS: Final = 5
Learner = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]


def read() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Features, and the columns by name."""
    table = pq.read_table(DATA)
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    made = [columns[name] for name in ("recency", "history", "mens", "womens", "newbie")]
    made.append(np.log(columns["history"]))
    for name in ("zip_code", "channel"):
        made += [columns[name] == value for value in np.unique(columns[name])]
    return np.stack([np.asarray(column, np.float32) for column in made], axis=1), columns


def two_models(**settings: Any) -> Learner:
    """A model of those who were sent to, less one of those who were not."""

    def learn(
        x: np.ndarray, sent: np.ndarray, outcome: np.ndarray, proxies: np.ndarray
    ) -> Callable[..., np.ndarray]:
        del proxies
        binary = set(np.unique(outcome)) <= {0.0, 1.0}
        given = {"objective": "binary" if binary else "regression", "verbose": -1, "num_threads": 1, "seed": 0}
        given |= {"deterministic": True, "force_col_wise": True, **settings}
        grown = [lgb.train(given, lgb.Dataset(x[sent == side], outcome[sent == side]), 100) for side in (0, 1)]
        return lambda rows: grown[1].predict(rows) - grown[0].predict(rows)

    return learn


def ours(x: np.ndarray, sent: np.ndarray, outcome: np.ndarray, proxies: np.ndarray) -> Callable[..., np.ndarray]:
    """Edgewise's learner of effects."""
    return fit_uplift(Trial(x, sent, np.full(len(sent), 0.5), outcome, proxies, np.arange(len(sent))))


LEARNERS: Final[dict[str, Learner]] = {
    "two models": two_models(),
    "two small models": two_models(num_leaves=8, learning_rate=0.05, min_data_in_leaf=100),
    "edgewise": ours,
}


def compare(
    scores: dict[str, np.ndarray], outcome: np.ndarray, sent: np.ndarray, resamples: int
) -> dict[str, Any]:
    """Coefficients and the differences from the first."""
    found: Qini = qini(list(scores.values()), outcome, sent, np.full(len(sent), 0.5), resamples=resamples)
    names = list(scores)
    said = {name: _rounded(c) for name, c in zip(names, found.coefficients, strict=True)}
    above = {name: _rounded(c) for name, c in zip(names[1:], found.above_first, strict=True)}
    last = qini([scores[names[1]], scores[names[2]]], outcome, sent, np.full(len(sent), 0.5), resamples=resamples)
    return {
        "qini": said,
        f"above {names[0]}": above,
        f"{names[2]} above {names[1]}": _rounded(last.above_first[0]),
    }


def _rounded(one: Any) -> list[float]:
    return [float(f"{number:.4g}") for number in (one.value, one.low, one.high)]


def case(x: np.ndarray, columns: dict[str, np.ndarray], arm: str, name: str, resamples: int) -> dict[str, Any]:
    """One e-mail and one outcome."""
    rows = np.flatnonzero(np.isin(columns["segment"], [arm, NONE]))
    development = np.random.default_rng(5).random(len(x))[rows] < 0.5
    x, sent = x[rows], (columns["segment"][rows] == arm).astype(np.float64)
    outcome = columns[name][rows].astype(np.float64)
    signs = [columns[sign][rows].astype(np.float64) for sign in OUTCOMES[name]]
    proxies = np.stack(signs, axis=1) if signs else np.zeros((len(rows), 0))
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    crossed, tested = {}, {}
    for label, learn in LEARNERS.items():
        score = np.empty(len(rows))
        for f in range(FOLDS):
            other = fold != f
            score[~other] = learn(x[other], sent[other], outcome[other], proxies[other])(x[~other])
        crossed[label] = score
        d = development
        tested[label] = learn(x[d], sent[d], outcome[d], proxies[d])(x[~d])
    test = compare(tested, outcome[~development], sent[~development], resamples)
    return {"five folds": compare(crossed, outcome, sent, resamples), "test": test}


def main() -> None:
    """Run all cases, print them, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--out", default=str(OUT), help="where the JSON goes; - for nowhere")
    asked = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"Hillstrom's test is not at {DATA}; see benchmarks/README.md")
    x, columns = read()
    found = {}
    for arm in ARMS:
        for name in OUTCOMES:
            found[f"{arm}, {name}"] = case(x, columns, arm, name, asked.resamples)
            print(f"{arm}, {name}")
            for part, said in found[f"{arm}, {name}"].items():
                for title, values in said.items():
                    print(f"  {part}, {title}: {values}", flush=True)
    if asked.out != "-":
        Path(asked.out).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
