"""The shelf of exports: what each must do."""

from pathlib import Path

import pytest

from studio.errors import ExportError
from studio.exports.shelf import target, targets
from studio.exports.target import Exported, Job, Target

_LORA = Exported(merges=True, whole_model=False, base_bytes=1000, adapter_bytes=10)
_PREFIX = Exported(merges=False, whole_model=False, base_bytes=1000, adapter_bytes=10)
_FULL = Exported(merges=True, whole_model=True, base_bytes=1000, adapter_bytes=1000)


@pytest.mark.parametrize("one", targets().values(), ids=list(targets()))
def test_every_target(one: Target, tmp_path: Path) -> None:
    """Words, sizes, refusals with a way out, and a result where it was asked for."""
    assert targets()[one.name] is one
    assert one.title
    assert one.summary
    assert one.bytes(_LORA) > 0
    assert one.refusal(_LORA) is None
    refused = [found for run in (_PREFIX, _FULL) if (found := one.refusal(run))]
    assert all(problem.sentence() and problem.step() for problem in refused)
    written: list[Path] = []
    one.write(Job(tmp_path / "out", written.append, written.append))
    assert written == [tmp_path / "out"]


def test_every_run_has_an_export() -> None:
    """Whatever its method."""
    for run in (_LORA, _PREFIX, _FULL):
        assert [one.name for one in targets().values() if one.refusal(run) is None]


def test_who_is_refused_what() -> None:
    """A whole model has no adapter, a prefix does not merge."""
    assert target("adapter").refusal(_FULL)
    assert target("merged").refusal(_PREFIX)
    assert target("merged").refusal(_FULL) is None
    assert target("merged").bytes(_LORA) == 1000
    assert target("adapter").bytes(_LORA) == 10


def test_unknown_target() -> None:
    """With the nearest one."""
    with pytest.raises(ExportError, match=r"no export target merge\. Did you mean merged\?"):
        target("merge")
