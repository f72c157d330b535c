"""Cross entropy of the trained tokens in bounded memory, for `Trainer(compute_loss_func=...)`."""

from typing import Any

import torch

IGNORED = -100
# Float32 logits held at a time: what stays in a CPU's cache; on a GPU, few kernel launches.
_CHUNK_BYTES = {"cpu": 2 * 2**20}
_CHUNK_BYTES_OTHERWISE = 64 * 2**20


def token_loss(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the cross entropy over the trained tokens, divided by `num_items_in_batch`.

    `outputs.logits`: (rows, T, vocabulary); `labels`: (rows, T) or, in a pack, (1, T + 1). Logit i
    is judged by label i + 1; label -100 does not count. Without `num_items_in_batch` (the trained
    tokens of all accumulated batches) it is the mean of this batch.
    """
    targets = labels[:, 1:]
    virtual = max(0, outputs.logits.shape[1] - labels.shape[1])  # of a prompt before the rows
    logits = outputs.logits[:, virtual : virtual + targets.shape[1]]
    trained = targets != IGNORED
    if not trained.all():
        logits, targets = logits[trained], targets[trained]
    total = _CrossEntropy.apply(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))
    count = targets.numel() if num_items_in_batch is None else num_items_in_batch
    return total / count


class _CrossEntropy(torch.autograd.Function):
    """Summed cross entropy that holds float32 copies of a few logits at a time.

    The gradient is made beside the loss, in the logits' type, so nothing is kept in float32 and no
    softmax is computed again.
    """

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the sum over (N, vocabulary) logits against (N,) targets, float32."""
        total = logits.new_zeros((), dtype=torch.float32)
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[0] else None
        limit = _CHUNK_BYTES.get(logits.device.type, _CHUNK_BYTES_OTHERWISE)
        rows = max(1, limit // (4 * logits.shape[-1]))
        for start in range(0, len(logits), rows):
            part = slice(start, start + rows)
            chance = logits[part].float().log_softmax(dim=-1)
            index = targets[part, None]
            total -= chance.gather(1, index).sum()
            if gradient is not None:
                chance.exp_().scatter_add_(1, index, -torch.ones_like(index, dtype=chance.dtype))
                gradient[part] = chance
        ctx.gradient = gradient
        return total

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Scale the ready gradient in place, so that a second backward is an error."""
        gradient, ctx.gradient = ctx.gradient, None
        return gradient.mul_(upstream), None
