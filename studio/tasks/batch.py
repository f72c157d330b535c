"""Rows of different lengths laid together into tensors, padded at the right."""

from collections.abc import Callable, Sequence
from typing import Any

from studio.tasks.task import IGNORED, Example, Ids


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


def lay_with_labels(processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
    """Return what pads examples and their labels, one a token, to the longest of the batch."""

    def lay(examples: list[Example]) -> dict[str, Any]:
        tokens = lay_tokens([example.ids for example in examples], processor)
        return {**tokens, "labels": lay_labels([example.labels for example in examples])}

    return lay


def labels_loss(outputs: Any, labels: Any, items: Any) -> Any:
    """Cross entropy of the labelled tokens in float32; learnt tokens in front do not count."""
    from torch.nn.functional import cross_entropy

    logits = outputs.logits[:, -labels.shape[1] :].flatten(0, 1).float()
    sums = cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum")
    return sums / items
