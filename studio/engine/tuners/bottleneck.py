"""The small network of an adapter: down, a non-linearity, up; it begins by giving nothing."""

import torch
from torch import nn

_NON_LINEAR = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh}


class Bottleneck(nn.Module):
    """up(f(down(x))), without the skip connection around it.

    `inputs` and `outputs` are widths; the middle is `outputs // reduction`, at least 1. The up
    projection begins at zero, so that the model begins as it was (arXiv 1902.00751, section 2.1).
    """

    def __init__(
        self, inputs: int, outputs: int, reduction: int, non_linearity: str, dropout: float
    ) -> None:
        super().__init__()
        if non_linearity not in _NON_LINEAR:
            raise ValueError(f"non_linearity is {non_linearity}; known: {', '.join(_NON_LINEAR)}")
        middle = max(1, outputs // reduction)
        self.down = nn.Linear(inputs, middle)
        self.act = _NON_LINEAR[non_linearity]()
        self.dropout = nn.Dropout(dropout)
        self.up = nn.Linear(middle, outputs)
        nn.init.normal_(self.down.weight, std=0.01)
        for weight in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the change for `x` of shape (..., inputs): (..., outputs), in x's own format."""
        seen = x.to(self.down.weight.dtype)
        return self.up(self.dropout(self.act(self.down(seen)))).to(x.dtype)
