"""What events mean to the charts: numbers, gaps, marks, and what a resumed run forgets."""

import math

import numpy as np
import pytest

from studio.recipe import Recipe
from studio.runs import events as ev
from studio.ui.live.curves import GIB, Curves, Line, planned_rates


def step(number: int, loss: float = 1.0, t: float = 0.0, an_epoch: int = 10) -> ev.Step:
    return ev.Step(
        number, loss, 1e-4, 0.5, number / an_epoch, 100, 200.0, 1.0, t=t or 100.0 + number
    )


def memory(number: int, reserved: float = 0.0, used: float = 0.0, t: float = 0.0) -> ev.Memory:
    return ev.Memory(
        number, 2 * GIB, 6 * GIB, 16 * GIB, int(reserved * GIB), int(reserved * GIB),
        int(used * GIB), 24 * GIB if used else 0, t=t or 100.5 + number,
    )  # fmt: skip


def started(total: int = 30, device: str = "cpu") -> ev.Started:
    return ev.Started(device, "x", 0, total, 3.0, 10, 2, 100, 10, "bf16", t=100.0)


def numbers(curves: Curves, track: str, curve: str) -> list[tuple[float, float]]:
    line = curves.lines[track, curve]
    return list(zip(line.steps, line.values, strict=True))


def told(line: Line) -> list[object]:
    """Return what a line sends: lists of values, and "gap"."""
    found: list[object] = []
    line.send(lambda x, y, t: found.append(y.tolist()), lambda: found.append("gap"))
    return found


def test_steps_and_evaluations_become_points_and_an_evaluation_breaks_the_speed():
    curves = Curves(Recipe())
    curves.feed([started(), step(1, 2.0), step(2, 1.5), ev.Eval(2, 1.6, {"f1": 0.5}), step(3)])
    assert numbers(curves, "loss", "raw") == [(1, 2.0), (2, 1.5), (3, 1.0)]
    assert numbers(curves, "loss", "eval") == [(2, 1.6)]
    assert curves.metrics == ("f1",) and numbers(curves, "metrics", "f1") == [(2, 0.5)]
    assert told(curves.lines["speed", "speed"]) == [[200.0, 200.0], "gap", [200.0]]
    assert (curves.total, curves.step) == (30, 3)


def test_a_line_sends_each_value_once_and_everything_after_a_rewind():
    line = Line()
    line.add(1, 1.0, 0.0)
    assert told(line) == [[1.0]]
    line.gap()
    line.gap()
    line.add(2, 2.0, 1.0)
    assert told(line) == ["gap", [2.0]] and told(line) == []
    line.rewind()
    assert told(line) == [[1.0], "gap", [2.0]]


def test_a_run_that_goes_on_from_a_checkpoint_forgets_what_came_after():
    curves = Curves(Recipe())
    curves.feed([started(), *[step(n) for n in range(1, 13)], ev.Eval(10, 0.9), memory(12)])
    curves.feed(
        [ev.Checkpoint(8, "checkpoints/checkpoint-8", 1), ev.Failed("x", step=12, kind="memory")]
    )
    assert curves.faults == [(12, "memory")]
    before = curves.generation
    curves.feed([ev.Stage("start", t=500.0), memory(0, t=501.0), started(), ev.Resumed(8, "c-8")])
    assert curves.generation > before and curves.faults == []
    assert [x for x, _ in numbers(curves, "loss", "raw")] == list(range(1, 9))
    assert numbers(curves, "loss", "eval") == []
    curves.feed([memory(0, t=502.0), step(9, t=503.0)])
    steps = [x for x, _ in numbers(curves, "memory", "used")]
    assert steps == sorted(steps) and steps[-1] == 8
    assert curves.checkpoints == [8]


def test_a_run_begun_again_without_a_checkpoint_starts_from_nothing():
    curves = Curves(Recipe())
    curves.feed([started(), *[step(n) for n in range(1, 6)], ev.Stage("start"), step(1, 3.0)])
    assert numbers(curves, "loss", "raw") == [(1, 3.0)]


def test_a_pause_is_a_gap_and_forgets_nothing():
    curves = Curves(Recipe())
    curves.feed([started(), step(1), step(2), ev.Paused(2), ev.Resumed(2), step(3)])
    assert curves.generation == 0
    assert told(curves.lines["loss", "raw"]) == [[1.0, 1.0], "gap", [1.0]]


def test_the_first_loss_that_is_no_number_is_remembered_until_the_run_goes_back():
    curves = Curves(Recipe())
    curves.feed([started(), step(1), step(2, math.nan), step(3, math.inf)])
    assert curves.diverged == 2
    curves.feed([ev.Resumed(1, "c")])
    assert curves.diverged is None


def test_time_counts_work_but_not_the_days_between_two_workers():
    curves = Curves(Recipe())
    curves.feed([step(1, t=100.0), step(2, t=102.0), ev.Resumed(2, "c", t=90_000.0)])
    curves.feed([step(3, t=90_001.0)])
    assert list(curves.lines["loss", "raw"].times) == [0.0, 2.0, 3.0]


def test_on_a_card_our_context_is_not_taken_for_another_program():
    curves = Curves(Recipe())
    curves.feed(
        [memory(0, used=0.7), started(device="cuda"), memory(1, 10.0, 11.2), memory(2, 10.0, 12.2)]
    )
    others = [value for _, value in numbers(curves, "memory", "other")]
    assert others == pytest.approx([0.7, 0.7, 1.7], abs=0.01)
    assert curves.on_card and curves.memory_limit == 24


def test_without_a_card_memory_is_held_against_this_computer():
    curves = Curves(Recipe())
    curves.feed([memory(0), memory(1)])
    assert numbers(curves, "memory", "used")[-1] == (1, 6.0)
    assert numbers(curves, "memory", "other")[-1] == (1, 4.0)
    assert curves.memory_limit == 16 and not curves.on_card


def test_a_run_on_the_processor_of_a_machine_with_a_card_shows_the_computers_memory():
    curves = Curves(Recipe())
    curves.feed([memory(0, used=1.0), started(device="cpu"), memory(1, used=1.0)])
    assert numbers(curves, "memory", "used") == [(1, 6.0)] and curves.memory_limit == 16


def test_epochs_are_marked_where_they_begin_and_not_too_many():
    curves = Curves(Recipe())
    curves.feed([started(30), step(1)])
    assert curves.epochs() == [(10, 2), (20, 3)]
    curves.total = 1000
    assert len(curves.epochs()) <= 8


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_the_plan_is_what_transformers_does(schedule):
    torch = pytest.importorskip("torch")
    from transformers import get_scheduler

    recipe = Recipe()
    recipe.training.schedule, recipe.training.warmup = schedule, 0.1
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=recipe.training.learning_rate)
    name = "constant_with_warmup" if schedule == "constant" else schedule
    plan = get_scheduler(name, optimizer, num_warmup_steps=4, num_training_steps=40)
    rates = []
    for _ in range(40):
        optimizer.step()
        plan.step()
        rates.append(plan.get_last_lr()[0])
    ours = planned_rates(recipe.training, np.arange(1.0, 41.0), 40)
    assert ours == pytest.approx(rates)
