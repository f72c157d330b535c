"""Time the merge of a rank-16 adapter into a 1.07 B bf16 Llama against `cp` of the same bytes.

    python tests/bench/merge.py [--dir FOLDER]

The base is random and kept in the folder (2.1 GB, as much again is written and removed). Each
round runs `cp -r` and the merge one after the other on a flushed disk, with the base in the page
cache for both and no flush inside either timing: the flush would only hide the difference. The
merge runs in a process of its own whose private memory (RssAnon) is read from /proc every 5 ms.
Ends with one JSON line; exits with 1 where the ratio is above 2.5 or the peak above 1 GB.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 3
RATIO = 2.5
PEAK = 1_000_000_000
WIDTH, INNER, LAYERS, VOCABULARY, KEYS, RANK = 2048, 8192, 16, 32000, 512, 16
SHAPES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (KEYS, WIDTH),
    "self_attn.v_proj": (KEYS, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (INNER, WIDTH),
    "mlp.up_proj": (INNER, WIDTH),
    "mlp.down_proj": (WIDTH, INNER),
}


def layers() -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield name and shape of every linear layer."""
    for number in range(LAYERS):
        for name, shape in SHAPES.items():
            yield f"model.layers.{number}.{name}", shape


def build(folder: Path) -> None:
    """Write the base and the adapter, unless they are there."""
    import torch
    from safetensors.torch import save_file

    sys.path.insert(0, str(ROOT))
    from studio.engine.shards import Output, Part, write_shards

    def describe(name: str, shape: tuple[int, ...]) -> Output:
        size = 2 * torch.Size(shape).numel()

        def parts() -> Iterator[Part]:
            for row in range(0, shape[0], 2048):
                part = torch.Size((min(2048, shape[0] - row), *shape[1:]))
                yield 2 * part.numel(), lambda part=part: (torch.randn(part) * 0.02).bfloat16()

        return Output(name, "BF16", shape, size, 2, parts)

    if (folder / "adapter").exists():
        return
    (folder / "base").mkdir(parents=True, exist_ok=True)
    shapes: dict[str, tuple[int, ...]] = {f"{name}.weight": shape for name, shape in layers()}
    for number in range(LAYERS):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"model.layers.{number}.{norm}.weight"] = (WIDTH,)
    shapes["model.norm.weight"] = (WIDTH,)
    shapes["model.embed_tokens.weight"] = shapes["lm_head.weight"] = (VOCABULARY, WIDTH)
    outputs = [describe(name, shape) for name, shape in shapes.items()]
    write_shards(outputs, folder / "base", 5_000_000_000, lambda name: None)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": VOCABULARY,
        "tie_word_embeddings": False,
        "dtype": "bfloat16",
    }
    (folder / "base" / "config.json").write_text(json.dumps(config))
    tensors = {}
    for name, (outer, inner) in layers():
        tensors[f"base_model.model.{name}.lora_A.weight"] = torch.randn(RANK, inner) * 0.01
        tensors[f"base_model.model.{name}.lora_B.weight"] = torch.randn(outer, RANK) * 0.01
    (folder / "aside").mkdir(exist_ok=True)
    save_file(tensors, folder / "aside" / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK}
    (folder / "aside" / "adapter_config.json").write_text(json.dumps(settings))
    (folder / "aside").rename(folder / "adapter")


def merge_once(folder: Path) -> None:
    """Merge in this process and print the seconds, imports left out."""
    sys.path.insert(0, str(ROOT))
    from studio.engine.merge import merge

    started = time.perf_counter()
    report = merge(folder / "base", folder / "adapter", folder / "out")
    print(json.dumps({"seconds": time.perf_counter() - started, "bytes": report.bytes}))


def watch(pid: int, peaks: list[int], ended: threading.Event) -> None:
    """Append the private memory of a process, in bytes, until it ends."""
    while not ended.wait(0.005):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        peaks += [int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")]


def timed_merge(folder: Path) -> tuple[float, int]:
    """Return the seconds and the peak of private bytes of one merge."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    os.sync()
    command = [sys.executable, __file__, "--dir", str(folder), "--once"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peaks: list[int] = []
    ended = threading.Event()
    watcher = threading.Thread(target=watch, args=(child.pid, peaks, ended))
    watcher.start()
    text, _ = child.communicate()
    ended.set()
    watcher.join()
    if child.returncode:
        sys.exit(child.returncode)
    shutil.rmtree(folder / "out")
    return float(json.loads(text)["seconds"]), max(peaks)


def timed_copy(folder: Path) -> float:
    """Return the seconds of `cp` of the base."""
    shutil.rmtree(folder / "copy", ignore_errors=True)
    os.sync()
    started = time.perf_counter()
    subprocess.run(["cp", "-r", folder / "base", folder / "copy"], check=True)
    seconds = time.perf_counter() - started
    shutil.rmtree(folder / "copy")
    return seconds


def measure(folder: Path) -> bool:
    """Run the rounds, print the JSON line, and say whether both limits hold."""
    build(folder)
    for file in (folder / "base").iterdir():
        with file.open("rb") as opened:
            while opened.read(1 << 24):
                pass
    copies, merges, peaks = [], [], []
    for number in range(ROUNDS):
        copies.append(timed_copy(folder))
        seconds, peak = timed_merge(folder)
        merges.append(seconds)
        peaks.append(peak)
        print(f"round {number}: cp {copies[-1]:.2f} s, merge {seconds:.2f} s", file=sys.stderr)
    ratio, peak = min(merges) / min(copies), max(peaks)
    line = {
        "name": "merge",
        "figure": round(min(merges), 3),
        "unit": "s",
        "reference": round(min(copies), 3),
        "reference_name": "cp",
        "ratio": round(ratio, 2),
        "peak_private_bytes": peak,
    }
    print(json.dumps(line))
    return ratio <= RATIO and peak <= PEAK


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, help="where the base is built and kept")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        merge_once(options.dir)
        return
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(0 if measure(options.dir or Path(scratch)) else 1)


if __name__ == "__main__":
    main()
