"""Check a machine with an NVIDIA card: `python tests/gpu/check.py [--minutes 8]`. No network.

Makes random-weight Llama-style models of 0.5 B and 7 B, trains them through the real worker with
LoRA, QLoRA and full fine-tuning (0.5 B), holds the Memory events against torch's and NVML's own
figures, lets a run fail for lack of memory, merges on the card, and prints a table: tokens a
second, share of the card's bf16 peak (a matrix product in the same run), peak memory against the
estimate. Exit code 0 when every check held.
"""

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
_SCRATCH = Path(tempfile.mkdtemp(prefix="finetune-studio-gpu-"))
os.environ["FINETUNE_STUDIO_HOME"] = str(_SCRATCH / "home")

import torch  # noqa: E402 - the environment comes first

from studio import hardware  # noqa: E402
from studio.estimate import estimate  # noqa: E402
from studio.models.folder import inspect_folder  # noqa: E402
from studio.recipe import from_mapping  # noqa: E402
from studio.runs import events as ev  # noqa: E402
from studio.runs.folder import RunFolder, create  # noqa: E402
from studio.runs.log import EventReader  # noqa: E402
from studio.runs.process import start_worker, worker  # noqa: E402
from studio.survey import survey_data  # noqa: E402
from tests.helpers.tiny import chatml_tokenizer  # noqa: E402

SHAPES = {
    "0.5B": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24},
    "7B": {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32},
}
JOBS = (("0.5B", "lora"), ("0.5B", "full"), ("0.5B", "qlora"), ("7B", "lora"), ("7B", "qlora"))
STEPS, ROWS, LENGTH = 12, 4, 1024


@dataclass
class Line:
    """One line of the table; bytes, tokens a second, share of the peak."""

    model: str
    method: str
    speed: float
    share: float
    peak: int
    estimated: int


class Report:
    """What held and what did not."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.began = time.monotonic()

    def expect(self, held: bool, what: str) -> None:
        """Note a check."""
        print(f"[{time.monotonic() - self.began:6.1f} s] {'ok  ' if held else 'FAIL'} {what}")
        sys.stdout.flush()
        if not held:
            self.failed.append(what)


def main() -> int:
    """Run all checks within the minutes given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=8.0)
    deadline = time.monotonic() + 60 * parser.parse_args().minutes - 45
    if not torch.cuda.is_available():
        print("PyTorch sees no NVIDIA card here.", file=sys.stderr)
        return 1
    report, table = Report(), []
    try:
        peak = matmul_peak()
        print(f"{torch.cuda.get_device_name()}: {peak / 1e12:.0f} TFLOP/s in bf16")
        data = write_rows(_SCRATCH / "rows.jsonl")
        for size, method in JOBS:
            if time.monotonic() > deadline:
                report.expect(False, f"{size} {method}: no time left")
                continue
            table.append(train_one(report, size, method, data, peak))
        out_of_memory(report, data)
        merge_on_card(report)
    finally:
        shutil.rmtree(_SCRATCH, ignore_errors=True)
    print_table([line for line in table if line])
    print(json.dumps({"name": "gpu", "failed": report.failed}))
    return 1 if report.failed else 0


def matmul_peak() -> float:
    """Measure operations a second of a large bf16 matrix product."""
    size = 8192
    left = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    for _ in range(3):
        left @ left
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(20):
        left @ left
    torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    del left
    torch.cuda.empty_cache()
    return 20 * 2 * size**3 / seconds


def model_folder(size: str) -> Path:
    """Make a random model on the card and save it, once."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = _SCRATCH / "models" / size
    if folder.is_dir():
        return folder
    tokenizer = chatml_tokenizer()
    config = LlamaConfig(
        vocab_size=32000,
        num_attention_heads=SHAPES[size]["hidden_size"] // 128,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **SHAPES[size],
    )
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    del model
    gc.collect()
    torch.cuda.empty_cache()
    return folder


def write_rows(file: Path) -> Path:
    """Write conversations of about LENGTH tokens."""
    words = " ".join(f"number {index} of the red boat" for index in range(40))
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"Tell me about boat {index}."},
                {"role": "assistant", "content": f"{index}: {words} " * 4},
            ]
        }
        for index in range(STEPS * ROWS + 8)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def recipe_for(size: str, method: str, data: Path, **training: object):  # type: ignore[no-untyped-def]
    """Return the recipe of one run."""
    settings = {
        "max_steps": STEPS,
        "batch_size": ROWS,
        "max_length": LENGTH,
        "eval_every": 0,
        "save_every": 0,
        "sample_prompts": 0,
        "gradient_checkpointing": size == "7B",
        **training,
    }
    return from_mapping(
        {
            "model": {"source": str(model_folder(size))},
            "data": {"files": [str(data)], "eval_share": 0.05},
            "method": {"name": method},
            "training": settings,
            "hardware": {"device": "cuda"},
        }
    )


def follow(folder: RunFolder, seconds: float) -> tuple[list[ev.Event], list[int]]:
    """Wait for a worker to end; return its events and what NVML said of the card meanwhile."""
    start_worker(folder)
    seen: list[int] = []
    end = time.monotonic() + seconds
    while worker(folder) is not None and time.monotonic() < end:
        card = hardware.use().card
        seen.append(card.used if card else 0)
        time.sleep(0.5)
    running = worker(folder)
    if running is not None:
        running.kill()
    return EventReader(folder.events).read(1 << 30), seen


def train_one(report: Report, size: str, method: str, data: Path, peak: float) -> Line | None:
    """Train one model by one method; check what its events say."""
    recipe = recipe_for(size, method, data)
    now = hardware.use()
    guess = estimate(
        recipe,
        inspect_folder(Path(recipe.model.source)),
        survey_data(recipe).facts,
        hardware.machine(),
        now,
    )
    folder = create(recipe, _SCRATCH / "runs")
    events, nvml = follow(folder, 240)
    name = f"{size} {method}"
    done = bool(events) and isinstance(events[-1], ev.Finished)
    report.expect(done, f"{name}: finishes")
    if not done:
        print(folder.worker_log.read_text("utf-8", "replace")[-3000:])
        return None
    steps = [event for event in events if isinstance(event, ev.Step)]
    memory = [event for event in events if isinstance(event, ev.Memory)]
    started = next(event for event in events if isinstance(event, ev.Started))
    report.expect(steps[-1].loss < steps[0].loss, f"{name}: the loss falls")
    check_memory(report, name, memory, nvml)
    late = steps[2:]
    speed = sum(step.tokens for step in late) / sum(step.seconds for step in late)
    passes = 6 if method == "full" else 4
    if recipe.training.gradient_checkpointing:
        passes += 2
    share = speed * passes * started.parameters / peak
    top = max(event.reserved for event in memory)
    return Line(size, method, speed, share, top, guess.run_bytes)


def check_memory(report: Report, name: str, memory: list[ev.Memory], nvml: list[int]) -> None:
    """Hold torch's figures against the card's, and ours against NVML's read from outside."""
    report.expect(
        all(event.allocated <= event.reserved <= event.card_used for event in memory),
        f"{name}: allocated <= reserved <= in use",
    )
    ours, theirs = max(event.card_used for event in memory), max(nvml)
    report.expect(
        abs(ours - theirs) <= 0.1 * theirs,
        f"{name}: the card's peak {ours / 2**30:.1f} GB is NVML's {theirs / 2**30:.1f} GB",
    )


def out_of_memory(report: Report, data: Path) -> None:
    """Leave a run too little room and see it say so and end cleanly."""
    total = torch.cuda.get_device_properties(0).total_memory
    recipe = recipe_for("0.5B", "full", data)
    free, _all = torch.cuda.mem_get_info()
    hold = torch.empty(max(0, free - (6 << 30)), dtype=torch.uint8, device="cuda")
    folder = create(recipe, _SCRATCH / "runs")
    events, _nvml = follow(folder, 120)
    del hold
    torch.cuda.empty_cache()
    failed = [event for event in events if isinstance(event, ev.Failed)]
    report.expect(
        len(failed) == 1 and failed[0].kind == "memory", "a lack of memory is told as such"
    )
    report.expect(worker(folder) is None, "the worker ended by itself")
    free, _all = torch.cuda.mem_get_info()
    report.expect(free > total // 2, "its memory is free again")


def merge_on_card(report: Report) -> None:
    """Merge the 0.5 B LoRA run on the card and compare the logits."""
    from studio.engine.export import export
    from studio.engine.result import open_result

    runs = sorted((_SCRATCH / "runs").glob("*0.5b-lora*"))
    if not runs:
        report.expect(False, "merge: there is no run to merge")
        return
    result = open_result(runs[0], lambda _stage, _done, _total: None)
    began = time.perf_counter()
    told = export(result, "merged", _SCRATCH / "merged", lambda _s, _d, _t: None)
    seconds = time.perf_counter() - began
    parity = told["parity"]
    report.expect(
        parity["verdict"] in ("same", "close"),
        f"merge in {seconds:.1f} s: {parity['verdict']}, {parity['same_tokens']:.1%} same tokens",
    )


def print_table(table: list[Line]) -> None:
    """Print what was measured."""
    print("model  method   tokens/s  of peak  peak GB  estimate off")
    for line in table:
        off = line.estimated / line.peak - 1
        print(
            f"{line.model:6} {line.method:7} {line.speed:9,.0f} {line.share:8.1%} "
            f"{line.peak / 2**30:8.1f} {line.estimated / 2**30:9.1f} {off:+.0%}"
        )


if __name__ == "__main__":
    sys.exit(main())
