"""The figures of an evaluation have names in every language."""

from studio.runs.metric_names import metric_name
from studio.words import use_language


def test_metrics_have_names() -> None:
    """One that is unknown keeps its key."""
    assert metric_name("recall_5") == "recall@5"
    assert metric_name("a_new_one") == "a_new_one"
    use_language("zh_CN")
    try:
        assert metric_name("exact_match") == "完全匹配率"
    finally:
        use_language("en")
