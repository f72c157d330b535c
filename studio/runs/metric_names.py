"""What the figures of an evaluation are called."""

from studio.words import mark, tr

_NAMES = {
    "accuracy": mark("accuracy"),
    "f1": mark("F1"),
    "precision": mark("precision"),
    "recall": mark("recall"),
    "exact_match": mark("exact match"),
    "rouge_l": mark("ROUGE-L"),
    "bleu": mark("BLEU"),
    "recall_1": mark("recall@1"),
    "recall_5": mark("recall@5"),
    "mrr": mark("MRR"),
    "rmse": mark("RMSE"),
    "pearson": mark("Pearson r"),
}


def metric_name(key: str) -> str:
    """Return a metric's name in the language in use; one that is unknown keeps its key."""
    return tr(_NAMES[key]) if key in _NAMES else key
