"""Our own tuners against PEFT's LoRA: how long they take to build, and a training step.

python tests/bench/tuners.py [ROUNDS]: everything is done in turn in each round, and the fastest
round of each counts, as other work on the machine only ever adds. The step is that of a GPT-2 of
random weights; the LoRA it is held against trains about as many parameters. Ends with one JSON
line; exits with 1 where a ratio is above its limit.
"""

import functools
import json
import sys
import time
import warnings
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from peft import LoraConfig, PeftConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel

from studio.engine.tuners.adapter import AdapterConfig
from studio.engine.tuners.bitfit import BitFitConfig
from studio.engine.tuners.mam import MamConfig
from studio.engine.tuners.unipelt import UniPeltConfig

LIMIT = 1.1  # of a step
WIDTH, LAYERS, ROWS, LENGTH = 512, 4, 4, 64
_ATTENTION = {"target_modules": ["c_attn"], "fan_in_fan_out": True}
_EVERYWHERE = {"target_modules": ["c_attn", "c_proj", "c_fc"], "fan_in_fan_out": True}

BUILT: dict[str, PeftConfig] = {
    "bitfit": BitFitConfig(),
    "adapter_houlsby": AdapterConfig(),
    "adapter_pfeiffer": AdapterConfig(kind="pfeiffer"),
    "mam_adapter": MamConfig(),
    "unipelt": UniPeltConfig(),
    "lora": LoraConfig(**_EVERYWHERE),
}
# Each of ours with the LoRA that trains about as many parameters: ranks are the nearest whole.
STEPS: dict[str, tuple[PeftConfig, PeftConfig]] = {
    "bitfit": (BitFitConfig(), LoraConfig(r=3, **_ATTENTION)),
    "adapter_houlsby": (AdapterConfig(), LoraConfig(r=8, **_EVERYWHERE)),
    "adapter_pfeiffer": (AdapterConfig(kind="pfeiffer"), LoraConfig(r=16, **_ATTENTION)),
}


@functools.cache
def base() -> GPT2LMHeadModel:
    """Return the model, made once."""
    torch.manual_seed(0)
    sizes = {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": 8, "vocab_size": 4096}
    return GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0))


def trainable(model: Any) -> int:
    """Return how many numbers a model trains."""
    return sum(one.numel() for one in model.parameters() if one.requires_grad)


def seconds(act: Callable[..., Any], *args: Any) -> float:
    """Return how long something takes."""
    begun = time.perf_counter()
    act(*args)
    return time.perf_counter() - begun


def build_seconds(config: PeftConfig) -> float:
    """Return how long building takes; copying the model is not counted."""
    return seconds(get_peft_model, deepcopy(base()), deepcopy(config))


class Training:
    """A model with a method, its optimizer, and one batch."""

    def __init__(self, config: PeftConfig) -> None:
        self.model = get_peft_model(deepcopy(base()), deepcopy(config)).train()
        weights = [one for one in self.model.parameters() if one.requires_grad]
        self.optimizer = torch.optim.AdamW(weights, lr=1e-4)
        self.tokens = torch.randint(0, 4096, (ROWS, LENGTH))

    def step(self) -> None:
        """Train one step."""
        self.model(input_ids=self.tokens, labels=self.tokens).loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def measure(acts: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Do all in turn for some rounds after one to warm up; returns the fastest of each."""
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for number in range(rounds + 1):
        for name, act in acts.items():
            one = act()
            if number:
                taken[name].append(one)
    return {name: min(some) for name, some in taken.items()}


def measure_steps(rounds: int) -> dict[str, dict[str, float]]:
    """Return seconds a step of ours and of LoRA, their ratio, and what each trains."""
    pairs = {name: tuple(map(Training, pair)) for name, pair in STEPS.items()}
    acts: dict[str, Callable[[], float]] = {}
    for name, (ours, lora) in pairs.items():
        acts[name] = functools.partial(seconds, ours.step)
        acts[f"{name} lora"] = functools.partial(seconds, lora.step)
    best = measure(acts, rounds)
    return {
        name: {
            "ms": round(1000 * best[name], 1),
            "lora_ms": round(1000 * best[f"{name} lora"], 1),
            "ratio": round(best[name] / best[f"{name} lora"], 3),
            "trains": trainable(ours.model),
            "lora_trains": trainable(lora.model),
        }
        for name, (ours, lora) in pairs.items()
    }


def main() -> None:
    """Measure both and print the line."""
    warnings.simplefilter("ignore")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    building = {name: functools.partial(build_seconds, one) for name, one in BUILT.items()}
    built = measure(building, rounds)
    steps = measure_steps(rounds)
    worst = max(one["ratio"] for one in steps.values())
    line = {
        "name": "tuners",
        "figure": worst,
        "unit": "times a step of a LoRA with as many parameters (the slowest of ours)",
        "limit": LIMIT,
        "steps": steps,
        "build_ms": {name: round(1000 * one, 1) for name, one in built.items()},
        "build_ratio": {name: round(one / built["lora"], 2) for name, one in built.items()},
    }
    print(json.dumps(line))
    if worst > LIMIT:
        sys.exit(f"a step takes {worst} times as long as LoRA's, more than {LIMIT}")


if __name__ == "__main__":
    main()
