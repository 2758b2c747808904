"""Training and applying the neural scorer, over padded pools."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from edgewise.clock import ALWAYS
from edgewise.models.candidates.asof import AsOf
from edgewise.models.contract import Budget, Progress
from edgewise.models.neighbours import GraphView
from edgewise.models.ranker_graph import SeedTrees
from edgewise.models.ranker_mix import SIMPLE
from edgewise.models.ranker_net import NetSettings, RankingNet, Sides, groups_of, sides_of
from edgewise.models.ranking_lists import mean_average_precision, ranked
from edgewise.models.ranking_tables import RankingTable
from edgewise.tasks.nouns import Ragged
from edgewise.training.device import fetched, placed
from edgewise.training.loop import Outcome, Settings, optimise

__all__ = ["build_net", "fit_net", "listwise_loss", "score_net"]

#: Seeds scored at once.
CHUNK = 256


def build_net(
    table: RankingTable,
    asof: AsOf,
    columns: list[int],
    settings: NetSettings,
    view: GraphView | None,
    random_seed: int,
    device: str = "cpu",
) -> RankingNet:
    """An untrained network for a table's columns and the evidence's attributes, on a device.

    Items that nobody has met and no channel has proposed by the latest of the table's anchors have no vector of
    their own, and neither have attribute values that none of the others has: what comes later changes no weight.
    """
    items = _known_items(table, asof)
    sizes = [int(codes[:items].max(initial=0)) + 1 for codes in asof.evidence.attributes.values()]
    with torch.random.fork_rng():
        torch.manual_seed(random_seed)
        net = RankingNet(len(columns), groups_of(table, columns), sizes, items, settings, view)
    net.scaling.fit(table.features[:, columns])
    simple = [i for i, c in enumerate(columns) if table.names[c] in SIMPLE or table.names[c].startswith("score ")]
    if simple and len(table.pool.items):
        net.start_from(max(simple, key=lambda i: _worth(table, columns[i])))
    return net.to(device)


def _known_items(table: RankingTable, asof: AsOf) -> int:
    """One more than the last item that was met or proposed by the latest anchor."""
    history = asof.history
    met = history.right[history.at <= table.at.max(initial=ALWAYS)]
    return 1 + max(int(met.max(initial=-1)), int(table.pool.items.max(initial=-1)))


def _worth(table: RankingTable, column: int) -> float:
    """How well one feature alone tells positives from negatives: the difference of their mean rank shares."""
    values = np.nan_to_num(table.features[:, column])
    came = table.came
    if not came.any() or came.all():
        return 0.0
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return float(ranks[came].mean() - ranks[~came].mean()) / len(values)


def fit_net(
    net: RankingNet,
    table: RankingTable,
    asof: AsOf,
    columns: list[int],
    trees: SeedTrees | None,
    *,
    valid: tuple[RankingTable, Ragged, int] | None,
    epochs: int,
    budget: Budget,
    progress: Progress,
    random_seed: int,
) -> Outcome:
    """Train on all seeds with any label; keep the best epoch on `valid`, or the last without it."""
    sides = _sides(net, asof, table)
    labelled = np.flatnonzero(table.wanted > 0)
    done = [0.0]

    def loss(index: Int64[Tensor, " batch"]) -> Tensor:
        return _loss(net, table, sides, columns, labelled[index.numpy()], trees)

    def score() -> float:
        if valid is None:
            done[0] -= 1.0  # the last epoch is the best
            return done[0]
        scores, _ = score_net(net, valid[0], asof, columns, trees)
        return -mean_average_precision(ranked(valid[0].pool, scores, valid[2]), valid[1], valid[2])

    settings = Settings(epochs=epochs, batch=64, learning_rate=2e-3, weight_decay=0.05, patience=2)
    with torch.random.fork_rng():
        torch.manual_seed(random_seed + 1)
        return optimise(
            net, loss, score, seeds=len(labelled), settings=settings, budget=budget, progress=progress,
            random_seed=random_seed, title="ranking network",
        )  # fmt: skip


def score_net(
    net: RankingNet, table: RankingTable, asof: AsOf, columns: list[int], trees: SeedTrees | None
) -> tuple[Float32[np.ndarray, " candidates"], Float32[np.ndarray, "n 3"]]:
    """Logits of all candidates, and the gate's weights on repeat, local and global evidence for each seed."""
    sides = _sides(net, asof, table)
    scores = np.zeros(len(table.pool.items), dtype=np.float32)
    gates = np.zeros((len(table), 3), dtype=np.float32)
    net.eval()
    with torch.no_grad():
        for start in range(0, len(table), CHUNK):
            index = np.arange(start, min(start + CHUNK, len(table)))
            at, there = _padded(table, index)
            logits, _, gate = net(*_inputs(net, table, columns, at, there), _take(net, sides, index, table, trees))
            scores[at[there]] = fetched(logits)[there]
            gates[index] = fetched(gate)
    return scores, gates


def listwise_loss(
    logits: Float[Tensor, "n candidates"],
    none: Float[Tensor, " n"],
    came: Float[Tensor, "n candidates"],
    wanted: Float[Tensor, " n"],
) -> Tensor:
    """Softmax over a pool and the answer "none of these", against everything that came true.

    Labels that no candidate reaches are mass on "none": a seed whose positives are all out of reach teaches the
    network that its candidates are weak, instead of being left out.
    """
    every = torch.cat([logits, none[:, None]], dim=1)
    log_probability = every - every.logsumexp(dim=1, keepdim=True)
    missed = (wanted - came.sum(dim=1)).clamp(min=0)
    mass = torch.cat([came, missed[:, None]], dim=1) / wanted.clamp(min=1)[:, None]
    return -torch.where(mass > 0, mass * log_probability, torch.zeros_like(mass)).sum(dim=1).mean()


def _loss(
    net: RankingNet, table: RankingTable, sides: Sides, columns: list[int], index: np.ndarray,
    trees: SeedTrees | None,
) -> Tensor:  # fmt: skip
    at, there = _padded(table, index)
    came = table.came[at] & there
    logits, none, _ = net(*_inputs(net, table, columns, at, there), _take(net, sides, index, table, trees))
    stand_for = np.where(came, 0.0, -np.log(table.share))
    known = (torch.from_numpy(a.astype(np.float32)) for a in (stand_for, came, table.wanted[index]))
    stood, told, wanted = placed(tuple(known), logits.device)
    return listwise_loss(logits + stood, none, told, wanted)


def _padded(table: RankingTable, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the seeds' candidates in a rectangle, and where there is one."""
    begin, length = table.pool.indptr[index], np.diff(table.pool.indptr)[index]
    place = np.arange(max(int(length.max(initial=1)), 1))[None, :]
    there = place < length[:, None]
    return np.where(there, begin[:, None] + place, 0), there


def _inputs(
    net: RankingNet, table: RankingTable, columns: list[int], at: np.ndarray, there: np.ndarray
) -> tuple[Tensor, Tensor]:
    if len(table.pool.items) == 0:
        inputs = torch.zeros((*at.shape, len(columns))), torch.full(at.shape, -1)
    else:
        items = np.where(there, table.pool.items[at], -1)
        inputs = torch.from_numpy(table.features[at][..., columns]), torch.from_numpy(items)
    return placed(inputs, net.query.device)


def _sides(net: RankingNet, asof: AsOf, table: RankingTable) -> Sides:
    """The codes of all items are placed once; seeds' events go with their batches."""
    sides = sides_of(asof, table.rows, table.at, net.settings.events)
    return replace(sides, codes=placed(sides.codes, net.query.device))


def _take(net: RankingNet, sides: Sides, index: np.ndarray, table: RankingTable, trees: SeedTrees | None) -> Sides:
    tree = None if trees is None else trees.sample(table.rows[index], table.at[index])
    return placed(Sides(sides.codes, sides.events[index], sides.ages[index], tree), net.query.device)
