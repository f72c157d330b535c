"""How long putting a method on a model takes, against PEFT's own get_peft_model.

A Llama of 30 layers, as the sample model has, and narrow, so that what is timed is the building
and not the filling of matrices. The same config goes to PEFT alone; the worst ratio is told.
"""

import argparse
import copy
import gc
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from studio.errors import MethodError
from studio.methods.catalogue import Method, knobs_for, methods
from studio.recipe import from_mapping

_LAYERS, _WIDTH = 30, 64


def main() -> None:
    """Time every method and print a line for each, then the worst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default=",".join(methods()))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = measure(Path(name), given.methods.split(","), given.rounds)
    for key, (ours, theirs) in found.items():
        print(f"{key:26}{ours:8.3f} s  {theirs:8.3f} s  {ours / theirs:5.2f}")
    worst = max(found, key=lambda key: found[key][0] / found[key][1])
    ours, theirs = found[worst]
    print(json.dumps({"name": f"build {worst}", "figure": round(ours, 4), "unit": "s",
                      "reference": round(theirs, 4), "reference_name": "get_peft_model",
                      "ratio": round(ours / theirs, 3)}))  # fmt: skip


def measure(folder: Path, keys: list[str], rounds: int) -> dict[str, tuple[float, float]]:
    """Return (ours, PEFT's) seconds of each adapter method, the best of some rounds."""
    bench = _Bench(folder)
    chosen = [one for one in methods().values() if one.key in keys and one.peft]
    found = {}
    for one in chosen:
        try:
            pairs = [(bench.ours(one), bench.theirs(one)) for _ in range(rounds)]
        except MethodError as refused:
            print(f"{one.key:26}{refused}")
            continue
        found[one.key] = (min(ours for ours, _ in pairs), min(theirs for _, theirs in pairs))
    return found


class _Bench:
    """The model, and the two ways to put a method on it."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        from studio.engine.completed import Given
        from studio.engine.device import Device
        from studio.engine.load import load_tokenizer
        from studio.tasks.shelf import task
        from tests.helpers.tiny import tiny_llama

        base = tiny_llama(folder / "base", layers=_LAYERS, width=_WIDTH)
        self.model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        self.device, self.task = Device("cpu", torch.float32), task("causal_lm")
        self.given = Given(100, load_tokenizer(base))
        self.adapters = [self._adapter(folder / name) for name in ("one", "two")]

    def _adapter(self, folder: Path) -> str:
        """Save an adapter for the methods that mix some."""
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear")
        get_peft_model(copy.deepcopy(self.model), config).save_pretrained(folder)
        return str(folder)

    def _knobs(self, one: Method) -> dict[str, Any]:
        """Return the method's settings."""
        knobs = knobs_for(from_mapping({"method": {"name": one.key}}), None)
        return {**knobs, "adapters": ",".join(self.adapters)} if "adapters" in knobs else knobs

    def ours(self, one: Method) -> float:
        """Return the seconds that the engine takes."""
        from studio.engine.adapt import apply_method

        knobs = self._knobs(one)
        given = (one, knobs, self.task, self.device, self.given)
        return _seconds(lambda model: apply_method(model, *given), copy.deepcopy(self.model))

    def theirs(self, one: Method) -> float:
        """Return the seconds that PEFT takes with the config that the engine makes."""
        from peft import get_peft_model

        from studio.engine.adapt import peft_config

        model = copy.deepcopy(self.model)
        config = peft_config(one, self._knobs(one), self.task, model, self.given)
        model.config.use_cache = not hasattr(config, "adapters")
        more = {"low_cpu_mem_usage": one.start == "eva"}
        return _seconds(lambda base: get_peft_model(base, config, **more), model)


def _seconds(build: Callable[[Any], Any], model: Any) -> float:
    """Return the processor's seconds that building takes: neighbours do not count."""
    gc.collect()
    began = time.process_time()
    build(model)
    return time.process_time() - began


if __name__ == "__main__":
    main()
