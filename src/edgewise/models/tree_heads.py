"""Trees for each family of tasks: what is grown, on which rows, and how scores come out as [n, outputs]."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Float64

from edgewise.models.blend import loss_of, mixture
from edgewise.models.files import read_json, write_json
from edgewise.models.scale import PLAIN, Scale, log_scale
from edgewise.models.targets import Family
from edgewise.models.trees import Trees, TreeSettings, grow
from edgewise.training.loop import TimeLeft

__all__ = ["LEVELS", "Rows", "TreeHead"]

#: The quantiles that numbers come with.
LEVELS: Final = (0.1, 0.5, 0.9)
#: Many classes share one model over (seed, class) pairs; up to this many have a tree each.
FEW_CLASSES: Final = 12
#: Outer quantiles need fewer rounds: conformal offsets do the rest.
MOST_QUANTILE_ROUNDS: Final = 150
#: The features that lean trees see, those that helped the others most, and the shares of them that are tried.
LEAN_FEATURES: Final = 15
LEAN_SHARES: Final = (0.0, 0.5, 1.0)
LEAN: Final = TreeSettings(learning_rate=0.03, leaves=7, feature_share=0.5)
#: Rows of pairs learned from at most.
MOST_PAIRS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Seeds as trees see them. `expected` is the mean of the last windows, `pairs` what is known of each class."""

    x: Float32[np.ndarray, "n features"]
    y: Float64[np.ndarray, "n outputs"]
    weight: Float64[np.ndarray, " n"]
    expected: Float64[np.ndarray, " n"]
    pairs: Float32[np.ndarray, "n classes known"] | None = None
    levels: Float64[np.ndarray, "n levels"] | None = None  # means over more and more of the past

    def take(self, index: np.ndarray) -> Rows:
        """The rows at the given positions or where a mask is true."""
        pairs = None if self.pairs is None else self.pairs[index]
        levels = None if self.levels is None else self.levels[index]
        return Rows(self.x[index], self.y[index], self.weight[index], self.expected[index], pairs, levels)

    def only(self, columns: tuple[int, ...]) -> Rows:
        """The rows with some of the features."""
        return replace(self, x=np.ascontiguousarray(self.x[:, columns]))


@dataclass(slots=True)
class TreeHead:
    """Trees for one task. Validation decides on rounds and scale, which refitting keeps; `budget` ends growing.

    Where one number or probability is asked for, trees that see only the few best features (`lean`) have a share
    in it if validation says so: with little to learn from, hundreds of features mislead.
    """

    family: Family
    outputs: int
    settings: TreeSettings = field(default_factory=TreeSettings)
    scale: Scale = PLAIN
    trees: dict[str, Trees] = field(default_factory=dict)
    budget: TimeLeft | None = None
    lean: tuple[int, ...] = ()
    lean_share: float = 0.0

    def choose(self, train: Rows, choosing: Rows, random_seed: int) -> None:
        """Grow on `train`, stopping on `choosing`; for numbers, take the scale that does better there."""
        if self.family is not Family.NUMBERS:
            self.trees = self._grow(train, choosing, None, random_seed)
            self._choose_lean(train, choosing, random_seed)
            return
        scales = [_plain(train.y)] + [s for s in (log_scale(train.y),) if s is not None]
        best = np.inf
        for scale in scales:
            trial = replace(self, scale=scale)
            grown = trial._grow(train, choosing, None, random_seed)
            trial.trees = grown
            loss = np.average(np.abs(trial.score(choosing) - choosing.y).mean(axis=1), weights=choosing.weight)
            if loss < best:
                best, self.scale, self.trees = loss, scale, grown
        self._choose_lean(train, choosing, random_seed)
        self._grow_quantiles(train, choosing, None, random_seed)

    def again(self, rows: Rows, random_seed: int) -> None:
        """Grow on all rows with the rounds that were chosen."""
        rounds = {name: grown.rounds for name, grown in self.trees.items()}
        self.trees = self._grow(rows, None, rounds, random_seed)
        if self.lean_share > 0:
            self.trees["lean"] = self._grow_lean(rows, None, rounds["lean"], random_seed)
        if self.family is Family.NUMBERS:
            self._grow_quantiles(rows, None, rounds, random_seed)

    def score(self, rows: Rows) -> Float64[np.ndarray, "n outputs"]:
        """Probabilities, or values in the target's unit."""
        if "pairs" in self.trees:
            found = self.trees["pairs"](_pair_table(rows)).reshape(len(rows.x), self.outputs)
        elif self.family is Family.NUMBERS:
            found = self.scale.back(self._numbers("value", rows))
        elif self.family is Family.CLASSES:
            found = self.trees["value"](rows.x)
        else:
            found = self.trees["value0"](rows.x)
        found = found.reshape(len(rows.x), self.outputs)
        return found if self.lean_share == 0 else self._mixed(found, rows, self.lean_share)

    def quantiles(self, rows: Rows) -> dict[float, Float64[np.ndarray, "n outputs"]]:
        """Quantiles of numbers, in the target's unit; none for other families."""
        if self.family is not Family.NUMBERS:
            return {}
        return {q: self.scale.back(self._numbers(_level(q), rows)) for q in LEVELS}

    def gains(self, features: int) -> Float64[np.ndarray, " features"]:
        """How much each state feature helped, over all trees, summing to one; zeros for trees over pairs."""
        found = [t.gains()[:features] for name, t in self.trees.items() if name.startswith("value")]
        return np.mean(found, axis=0) if found else np.zeros(features)

    def save(self, folder: Path) -> None:
        """Write each booster as text, and what was chosen."""
        content = {
            "family": self.family.value,
            "outputs": self.outputs,
            "scale": asdict(self.scale),
            "names": list(self.trees),
            "lean": list(self.lean),
            "lean_share": self.lean_share,
        }
        write_json(folder, "trees", content)
        for name, grown in self.trees.items():
            grown.save(folder, f"trees_{name}")

    @classmethod
    def load(cls, folder: Path) -> TreeHead:
        """Read what `save` wrote."""
        content: dict[str, Any] = read_json(folder, "trees")
        trees = {name: Trees.load(folder, f"trees_{name}") for name in content["names"]}
        scale = Scale(**content["scale"])
        return cls(
            Family(content["family"]), content["outputs"], scale=scale, trees=trees,
            lean=tuple(content["lean"]), lean_share=content["lean_share"],
        )  # fmt: skip

    def _grow(
        self, rows: Rows, choosing: Rows | None, rounds: dict[str, int] | None, random_seed: int
    ) -> dict[str, Trees]:
        known = rounds or {}
        if self.family is Family.NUMBERS:
            return {"value": self._grow_numbers("regression_l1", rows, choosing, known.get("value"), random_seed)}
        if self.family is Family.LABELS or (self.family is Family.CLASSES and self.outputs > FEW_CLASSES):
            return {"pairs": self._grow_pairs(rows, choosing, known.get("pairs"), random_seed)}
        if self.family is Family.CLASSES:
            rows, choosing = _with_class(rows), None if choosing is None else _with_class(choosing)
        objective = "multiclass" if self.family is Family.CLASSES else "binary"
        more = {"num_class": self.outputs} if self.family is Family.CLASSES else {}
        name = "value" if self.family is Family.CLASSES else "value0"
        watched = None if choosing is None else (choosing.x, choosing.y[:, 0], choosing.weight)
        grown = grow(
            objective, rows.x, rows.y[:, 0], rows.weight, watched, self.settings,
            rounds=known.get(name), random_seed=random_seed, budget=self.budget, **more,
        )  # fmt: skip
        return {name: grown}

    def _grow_numbers(
        self, objective: str, rows: Rows, choosing: Rows | None, rounds: int | None, random_seed: int, **more: Any
    ) -> Trees:
        x, y, weight = _steps(rows, self.scale)
        watched = None if choosing is None else _steps(choosing, self.scale)
        return grow(
            objective, x, y, weight, watched, self.settings, rounds=rounds, random_seed=random_seed,
            budget=self.budget, **more,
        )  # fmt: skip

    def _choose_lean(self, train: Rows, choosing: Rows, random_seed: int) -> None:
        """Grow lean trees, and take the share of them that does best on `choosing`."""
        one = self.outputs == 1 and self.family in (Family.BINARY, Family.NUMBERS)
        if not one or train.x.shape[1] <= 2 * LEAN_FEATURES or len(choosing.x) == 0:
            return
        gains = self.gains(train.x.shape[1])
        best = np.argsort(-gains, kind="stable")[:LEAN_FEATURES]
        self.lean = tuple(int(i) for i in best if gains[i] > 0)
        if not self.lean:
            return
        full = self.score(choosing)
        self.trees["lean"] = self._grow_lean(train, choosing, None, random_seed)
        losses = [
            loss_of(self.family, choosing.y, choosing.weight, self._mixed(full, choosing, share))
            for share in LEAN_SHARES
        ]
        self.lean_share = LEAN_SHARES[int(np.argmin(losses))]
        if self.lean_share == 0:
            del self.trees["lean"]

    def _grow_lean(self, rows: Rows, choosing: Rows | None, rounds: int | None, random_seed: int) -> Trees:
        few = rows.only(self.lean)
        watched = None if choosing is None else choosing.only(self.lean)
        head = replace(self, settings=LEAN)
        if self.family is Family.NUMBERS:
            return head._grow_numbers("regression_l1", few, watched, rounds, random_seed)
        return head._grow(few, watched, None if rounds is None else {"value0": rounds}, random_seed)["value0"]

    def _mixed(self, full: Float64[np.ndarray, "n 1"], rows: Rows, share: float) -> Float64[np.ndarray, "n 1"]:
        """Full and lean answers, mixed."""
        lean = self.trees["lean"](rows.only(self.lean).x)[:, None]
        return mixture(self.family, full, self.scale.back(lean) if self.family is Family.NUMBERS else lean, share)

    def _grow_quantiles(
        self, rows: Rows, choosing: Rows | None, rounds: dict[str, int] | None, random_seed: int
    ) -> None:
        for level in (q for q in LEVELS if q != 0.5):
            known = MOST_QUANTILE_ROUNDS if rounds is None else rounds[_level(level)]
            self.trees[_level(level)] = self._grow_numbers(
                "quantile", rows, choosing, known, random_seed, alpha=level
            )

    def _grow_pairs(self, rows: Rows, choosing: Rows | None, rounds: int | None, random_seed: int) -> Trees:
        most = max(MOST_PAIRS // max(self.outputs, 1), 1)
        if len(rows.x) > most:
            keep = np.sort(np.random.default_rng(random_seed).choice(len(rows.x), most, replace=False))
            rows = rows.take(keep)
        watched = None if choosing is None else _pair_rows(choosing.take(np.arange(len(choosing.x))[-most:]), self)
        x, y, weight = _pair_rows(rows, self)
        return grow(
            "binary", x, y, weight, watched, self.settings,
            rounds=rounds, random_seed=random_seed, budget=self.budget,
        )  # fmt: skip

    def _numbers(self, name: str, rows: Rows) -> Float64[np.ndarray, "n outputs"]:
        x = _step_table(rows.x, self.outputs)
        return self.trees[name](x).reshape(len(rows.x), self.outputs)


def _level(level: float) -> str:
    """The name of a level's trees; those for the value are the median's."""
    return "value" if level == 0.5 else f"q{round(level * 100):02d}"


def _plain(y: Float64[np.ndarray, "n outputs"]) -> Scale:
    spread = float(np.mean(np.abs(y - np.median(y)))) if len(y) else 1.0
    centre, least = (float(np.median(y)), 0.0 if y.min() >= 0 else None) if len(y) else (0.0, None)
    return Scale(False, centre, spread if spread > 0 else 1.0, least)


def _step_table(x: Float32[np.ndarray, "n features"], outputs: int) -> Float32[np.ndarray, "rows features"]:
    """A row for each seed and timeframe, the timeframe's number in front; `x` itself for one timeframe."""
    if outputs == 1:
        return x
    step = np.tile(np.arange(outputs, dtype=np.float32), len(x))
    return np.concatenate([step[:, None], np.repeat(x, outputs, axis=0)], axis=1)


def _steps(rows: Rows, scale: Scale) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    outputs = rows.y.shape[1]
    weight = np.repeat(rows.weight * scale.weight(rows.expected), outputs)
    return _step_table(rows.x, outputs), scale.to(rows.y).reshape(-1), weight


def _with_class(rows: Rows) -> Rows:
    return rows.take(rows.y[:, 0] >= 0)


def _pair_table(rows: Rows) -> Float32[np.ndarray, "pairs known"]:
    assert rows.pairs is not None, "many classes need what is known of each"
    return rows.pairs.reshape(-1, rows.pairs.shape[2])


def _pair_rows(rows: Rows, head: TreeHead) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = rows.y
    if head.family is Family.CLASSES:
        y = (rows.y == np.arange(head.outputs)[None, :]).astype(np.float64)
    return _pair_table(rows), y.reshape(-1), np.repeat(rows.weight, head.outputs)
