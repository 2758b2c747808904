"""Small parts that the networks share. Each reads in one go; shapes stand beside the lines that change them."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

__all__ = ["GapEncoder", "Mlp", "RelationMixer", "RowEncoder"]


class Mlp(nn.Module):
    """Linear, norm, GELU, dropout, linear."""

    def __init__(self, width_in: int, hidden: int, width_out: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width_in, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, width_out),
        )

    def forward(self, x: Float[Tensor, "n width_in"]) -> Float[Tensor, "n width_out"]:
        """[n, width_in] to [n, width_out]."""
        return self.layers(x)


class RowEncoder(nn.Module):
    """A table's row as a vector: its dense columns projected, plus one learned vector a category."""

    def __init__(self, dense: int, sizes: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.project = nn.Linear(dense, width) if dense else None
        self.tables = nn.ModuleList(nn.Embedding(size, width, padding_idx=0) for size in sizes)
        self.bias = nn.Parameter(torch.zeros(width))
        with torch.no_grad():
            for parameter in self.tables.parameters():
                parameter.mul_(0.1)

    def forward(
        self, dense: Float[Tensor, "n dense"], codes: Int64[Tensor, "n categories"]
    ) -> Float[Tensor, "n width"]:
        """One vector a row."""
        out = self.bias.expand(len(dense), -1)
        if self.project is not None:
            out = out + self.project(dense)
        for j, table in enumerate(self.tables):
            out = out + table(codes[:, j])
        return out


class GapEncoder(nn.Module):
    """How long before the anchor something happened: logarithm, decays, and whether it has a time at all.

    Gaps come in the state grid's unit (days, mostly); NaN stands for rows without time.
    """

    def __init__(self, width: int, half_lives: tuple[float, ...]) -> None:
        super().__init__()
        self._half_lives = half_lives
        self.project = nn.Linear(len(half_lives) + 2, width)

    def forward(self, gap: Float[Tensor, " n"]) -> Float[Tensor, "n width"]:
        """One vector a gap."""
        static = torch.isnan(gap)
        known = torch.nan_to_num(gap, nan=0.0).clamp(min=0.0)
        decays = torch.exp2(-known[:, None] / known.new_tensor(self._half_lives))  # [n, half-lives]
        parts = [torch.log1p(known)[:, None], static.float()[:, None], decays]
        return self.project(torch.cat(parts, dim=1))


class RelationMixer(nn.Module):
    """A gate for each relation, read off the seed: which links matter for whom."""

    def __init__(self, relations: int, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, relations)

    def forward(
        self, seed: Float[Tensor, "n width"], messages: Float[Tensor, "n relations width"]
    ) -> Float[Tensor, "n width"]:
        """The gated sum over relations."""
        gates = torch.sigmoid(self.gate(seed))  # [n, relations]
        return (gates[:, :, None] * messages).sum(dim=1)  # [n, width]
