"""Rows of different lengths laid together into tensors, padded at the right."""

from collections.abc import Sequence
from typing import Any

from studio.tasks.task import IGNORED, Ids


def lay_tokens(rows: Sequence[Ids], tokenizer: Any) -> dict[str, Any]:
    """Return input_ids and attention_mask of shape (rows, longest)."""
    import torch

    filler = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    shape = (len(rows), max(len(row) for row in rows))
    ids, mask = torch.full(shape, filler), torch.zeros(shape, dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.from_numpy(row)
        mask[index, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def lay_labels(rows: Sequence[Ids], filler: int = IGNORED) -> Any:
    """Return labels of shape (rows, longest); what is padded is not trained."""
    import torch

    labels = torch.full((len(rows), max(len(row) for row in rows)), filler)
    for index, row in enumerate(rows):
        labels[index, : len(row)] = torch.from_numpy(row)
    return labels


def run(model: Any, batch: dict[str, Any]) -> Any:
    """Return a model's outputs for a batch without its labels, on the model's device."""
    given = {name: value.to(model.device) for name, value in batch.items() if name != "labels"}
    outputs = model(**given)
    if "attention_mask" in given:
        outputs["attention_mask"] = given["attention_mask"]
    return outputs
