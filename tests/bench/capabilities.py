"""Try every method on every task, on tiny models in 16-bit, 8-bit and 4-bit.

`python tests/bench/capabilities.py` writes presets/capabilities.json; a part of it
(`--methods lora,ia3 --tasks seq_cls`) is laid over what the file holds; `--slice` only says
whether the file is right for every method once and every task once.
"""

import argparse
import copy
import functools
import json
import multiprocessing
import os
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.methods.capabilities import FORMATS
from studio.methods.catalogue import Method, knobs_for, method, methods
from studio.paths import PRESETS
from studio.recipe import from_mapping

FILE = PRESETS / "capabilities.json"
# Which model families each task is tried on, as transformers names them.
FAMILIES = {
    "causal_lm": ("llama", "qwen2", "gpt2"),
    "seq2seq_lm": ("t5",),
    "seq_cls": ("bert", "llama"),
    "token_cls": ("bert",),
    "question_answering": ("bert",),
    "feature_extraction": ("bert",),
    "image_cls": ("vit",),
}
_STEPS = 12
_ROWS = 4
_LONGEST = 48
_CLOSE = 2e-3  # of the largest output: 24 bits of float32 through two layers leave 1e-5
_CLOSE_QUANTIZED = 2e-2
_FALLS = 1e-5  # of the loss; it is the same rows each time and nothing is left out at random


@dataclass(frozen=True)
class Job:
    """One method on one task and family; all number formats are tried one after the other."""

    method: str
    task: str
    family: str


@dataclass
class StopError(Exception):
    """A stage that was not passed: a key of capabilities.REASONS and the library's words."""

    stage: str
    reason: str
    words: str


def try_job(job: Job, folder: Path, formats: tuple[str, ...] = FORMATS) -> dict[str, Any]:
    """Return the job's cells by number format."""
    cells: dict[str, Any] = {}
    for bits in formats:
        plain = cells.get("none", {})
        cells[bits] = Trial(job, bits, folder, "reloads" in plain.get("passed", ())).run()
    return cells


class Trial:
    """One cell: the stages in their order, with what they share."""

    def __init__(self, job: Job, bits: str, folder: Path, works_in_16: bool) -> None:
        self.job, self.bits = job, bits
        self.method = method(job.method)
        self.bench = bench(job.task, job.family, str(folder))
        self.works_in_16 = works_in_16
        self.passed: list[str] = []
        self.stops: dict[str, list[str]] = {}
        self.place = Path(tempfile.mkdtemp(dir=folder))

    def run(self) -> dict[str, Any]:
        """Try the stages until one is not passed, then what the result can do besides."""
        stages = ["builds", "learns", "saves", "reloads"]
        stages += ["generates"] if self.bench.task.generates else []
        try:
            if all(self._try(stage) for stage in stages) and self.bits == "none":
                self._try("merges")
                if self.bench.task.next_token:
                    self._try("packs")
        finally:
            shutil.rmtree(self.place, ignore_errors=True)
        return {"passed": self.passed, **({"stops": self.stops} if self.stops else {})}

    def _try(self, stage: str) -> bool:
        """Try one stage and note how it went."""
        try:
            getattr(self, f"_{stage}")()
        except StopError as stop:
            self.stops[stage] = [stop.reason, stop.words]
            return False
        except Exception as error:  # noqa: BLE001 - whatever a method ends with is what is measured
            cause = error.__cause__ or error  # the library's own words
            words = " ".join((str(cause) or type(cause).__name__).split())[:160]
            self.stops[stage] = [self._reason(stage, words), words]
            return False
        self.passed.append(stage)
        return True

    def _reason(self, stage: str, words: str) -> str:
        """Sort an error by its words."""
        if self.bits != "none" and self.works_in_16:
            return "quantized"
        low = words.lower()
        if stage in ("merges", "generates"):
            tied = stage == "merges" and "share" in low
            return "tied" if tied else {"merges": "structure", "generates": "generation"}[stage]
        if not self.bench.task.peft_type and low == "none":
            return "task"
        found = (name for name, marks in _MARKS.items() if any(mark in low for mark in marks))
        return next(found, "other" if self.bits == "none" else "quantized")

    def _builds(self) -> None:
        from studio.engine.adapt import apply_method, count
        from studio.engine.completed import Given

        torch = _torch()
        torch.manual_seed(0)
        base = self.bench.base(self.bits)
        self.knobs = _knobs(self.method, self.bench)
        given = Given(_STEPS, self.bench.processor)
        model = apply_method(
            base, self.method, self.knobs, self.bench.task, self.bench.device, given
        )
        self.model = self.bench.wired(model)
        self._begin()
        if not count(self.model)[1]:
            raise StopError("builds", "no_layers", "nothing is trained")

    def _begin(self) -> None:
        from studio.engine.starts import begin

        batch = {name: one for name, one in self.bench.batch().items() if name != "labels"}
        begin(
            self.method.start, self.model, self.bench.folder, self.place / "start",
            lambda: iter([batch] * 2),
        )  # fmt: skip

    def _learns(self) -> None:
        """Train a few steps; the learning rate is made for real models, so lower ones will do."""
        for number, share in enumerate((1, 0.1, 0.01)):
            if number:
                self._builds()
            before, after = self._train(share * self.method.learning_rate)
            if after < before * (1 - _FALLS):
                return
        raise StopError("learns", "loss", f"from {before:.5f} to {after:.5f}")

    def _train(self, rate: float) -> tuple[float, float]:
        """Return the loss before and after the steps."""
        from studio.engine.optimizers import method_optimizer

        torch = _torch()
        training = from_mapping({"training": {"learning_rate": rate}}).training
        weights = [one for one in self.model.parameters() if one.requires_grad]
        optimizer = method_optimizer(self.method.optimizer, self.model, self.knobs, training)
        optimizer = optimizer or torch.optim.AdamW(weights, lr=rate)
        before = self._loss()
        self.model.train()
        for step in range(_STEPS):
            self.bench.loss(self.model).backward()
            optimizer.step()
            tuner = getattr(self.model, "base_model", None)
            if hasattr(tuner, "update_and_allocate"):
                tuner.update_and_allocate(step)
            optimizer.zero_grad()
        return before, self._loss()

    def _loss(self) -> float:
        """Return the loss with nothing left out at random."""
        self.model.eval()
        with _torch().no_grad():
            return float(self.bench.loss(self.model))

    def _saves(self) -> None:
        from studio.engine.starts import save

        self.told = self.bench.outputs(self.model)
        save(self.method.start, self.model, self.place / "result", self.place / "start")
        if not list((self.place / "result").glob("*.safetensors")):
            raise StopError("saves", "other", "no safetensors were written")

    def _reloads(self) -> None:
        from studio.engine.adapt import load_adapted

        if self.method.peft:
            base = self.bench.base(self.bits)
            again = self.bench.wired(load_adapted(base, self.place / "result"))
        else:
            again = self.bench.whole(self.place / "result")
        self._compare("reloads", "reload", again)

    def _compare(self, stage: str, reason: str, other: Any) -> None:
        """Hold another model's outputs against those of the trained one."""
        found = self.bench.outputs(other)
        limit = _CLOSE if self.bits == "none" else _CLOSE_QUANTIZED
        off = float((found - self.told).abs().max() / self.told.abs().max())
        if not off <= limit:
            raise StopError(stage, reason, f"outputs differ by {off:.1%} of the largest")

    def _generates(self) -> None:
        from studio.engine.generate import answers
        from studio.tasks.task import Question
        from tests.helpers.greedy import written

        question = Question("The red boat", "")
        told = answers(self.model, self.bench.processor, [question], 4)[0]
        wanted = written(self.model, self.bench.processor, question, 4)
        if told != wanted:
            raise StopError("generates", "generation", f"{told!r} where the model says {wanted!r}")

    def _merges(self) -> None:
        from studio.engine.merge import merge

        if not self.method.peft:
            return
        out = self.place / "merged"
        merge(self.bench.folder, self.place / "result", out, config=self.bench.overlay())
        self._compare("merges", "merge", self.bench.whole(out))

    def _packs(self) -> None:
        from studio.engine.packing import enable_packing, supports_packing

        if not supports_packing(self.model):
            raise StopError("packs", "task", "rows laid end to end would mix")
        padded = self._loss()
        enable_packing(self.model)
        with _torch().no_grad():
            packed = float(self.bench.loss(self.model, packed=True))
        if abs(packed - padded) > 1e-3 * abs(padded):
            raise StopError("packs", "loss", f"{packed:.5f} packed, {padded:.5f} padded")


_MARKS = {
    "past": ("past key values",),
    "needs_4bit": ("no bnb 4-bit",),
    "no_layers": ("not found in the base model", "no modules", "target_modules", "target modules",
                  "has no bias", "no bias", "no layer", "not supported", "unsupported",
                  "not a plain", "does not support", "unexpected keys", "model.classifier",
                  "model.score"),
    "shape": ("divis", "shape", "dimension", "size", "mat1"),
    "task": ("input_ids", "inputs_embeds", "embedding", "past_key_values", "task",
             "special_tokens", "special_ids", "'nonetype' object is not iterable",
             "'nonetype' object has no attribute 'dtype'"),
}  # fmt: skip


class Bench:
    """What the trials of one task and family share: the base, its rows, how they are judged."""

    def __init__(self, task: str, family: str, folder: Path) -> None:
        from studio.engine.device import Device
        from studio.tasks.shelf import task as known
        from studio.tasks.task import Setting

        self.task, self.family = known(task), family
        self.folder = folder / "models" / family
        self.device = Device("cpu", _torch().float32)
        rows = _rows(self.task, folder / "rows")
        labels = self.task.labels(rows)
        self.setting = Setting(_LONGEST, labels=labels, kind=self.task.kind(rows))
        self.processor = _processor(self.folder, self.task)
        encoded = [self.task.encode(row, self.processor, self.setting) for row in rows]
        self.examples = [one for some in encoded for one in some][:_ROWS]
        self._bases: dict[str, Any] = {}
        self._lay: dict[bool, Any] | None = None

    def base(self, bits: str) -> Any:
        """Return a fresh base in a number format, the same one each time."""
        if bits not in self._bases:
            _torch().manual_seed(0)
            self._bases[bits] = _load(self, self.folder, bits)
        return copy.deepcopy(self._bases[bits])

    def whole(self, folder: Path) -> Any:
        """Load a whole model, as merged and full results are."""
        return self.wired(_load(self, folder, "none")).eval()

    def wired(self, model: Any) -> Any:
        """Make a model ready for the task's batches, as the product does."""
        from studio.engine.inputs import wire

        return wire(model, self.processor)

    def overlay(self) -> dict[str, Any]:
        """Return what config.json lacks for this task, as engine/result.py gives it."""
        model = self._bases["none"]
        return {"architectures": [type(model).__name__], **self.task.head(self.setting)}

    def batch(self, packed: bool = False) -> dict[str, Any]:
        """Lay the rows together."""
        from studio.engine.inputs import laid

        if self._lay is None:
            self._lay = {kind: laid(self.task, self.processor, self.base("none"), kind)
                         for kind in (False, True)}  # fmt: skip
        return self._lay[packed](self.examples)

    def loss(self, model: Any, packed: bool = False) -> Any:
        """Return the mean loss of the rows, as training computes it."""
        from studio.engine.loss import token_loss

        batch = self.batch(packed)
        labels = batch.pop("labels")
        outputs = model(**batch)
        if self.task.next_token:
            return token_loss(outputs, labels)
        return self.task.loss(outputs, labels, int((labels != -100).sum()))

    def outputs(self, model: Any) -> Any:
        """Return what the model says to the rows, as one tensor."""
        torch = _torch()
        model.eval()
        batch = self.batch()
        batch.pop("labels")
        with torch.no_grad():
            found = model(**batch)
        for name in ("logits", "start_logits", "last_hidden_state"):
            if found.get(name) is not None:
                return found[name].float()
        raise ValueError("the model says nothing")


@functools.lru_cache(maxsize=4)
def bench(task: str, family: str, folder: str) -> Bench:
    """Return the bench of a task and family, made once a process."""
    return Bench(task, family, Path(folder))


def _torch() -> Any:
    """Return torch, which is not imported where only the file is read."""
    import torch

    return torch


def _load(bench: Bench, folder: Path, bits: str) -> Any:
    """Load a model as the product does."""
    from studio.engine.load import load_model

    return load_model(
        folder, bench.task, bench.device, dtype=_torch().float32, quantization=bits,
        setting=bench.setting,
    )  # fmt: skip


def _processor(folder: Path, task: Any) -> Any:
    """Load a tokenizer or an image processor as the product does."""
    from studio.engine.load import load_processor

    return load_processor(folder, task)


def _knobs(one: Method, bench: Bench) -> dict[str, Any]:
    """Return the method's settings for a small model; a mixture gets two adapters to mix."""
    recipe = from_mapping({"method": {"name": one.key}})
    knobs = knobs_for(recipe, None)
    if "adapters" in knobs:
        knobs["adapters"] = ",".join(str(path) for path in _two_adapters(bench))
    return knobs


def _two_adapters(bench: Bench) -> list[Path]:
    """Save two LoRA adapters for the bench's base, once."""
    from peft import LoraConfig, get_peft_model

    places = [bench.folder / "adapters" / name for name in ("one", "two")]
    for seed, place in enumerate(places):
        if not place.is_dir():
            _torch().manual_seed(seed)
            kind = bench.task.peft_type or None
            config = LoraConfig(
                r=2, task_type=kind, target_modules="all-linear", init_lora_weights=False
            )
            get_peft_model(bench.base("none"), config).save_pretrained(place)
    return places


def _rows(task: Any, folder: Path) -> list[Any]:
    """Return a few rows that a task can learn from."""
    from studio.formats.detect import load_rows

    files = {name: folder / f"{name}.jsonl" for name in ("messages", "label", "tags", "span")}
    files |= {"pair": folder / "pair.jsonl", "image": folder / "image"}
    name = "summary" if task.name == "seq2seq_lm" else task.needs[0]
    file = folder / "summary.jsonl" if name == "summary" else files[name]
    return load_rows([str(file)], wanted=task.needs).good


def prepare(folder: Path) -> None:
    """Write the tiny models in float32 and the rows."""
    from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    from tests.helpers import tiny

    classes = {"llama": AutoModelForCausalLM, "qwen2": AutoModelForCausalLM,
               "gpt2": AutoModelForCausalLM, "t5": AutoModelForSeq2SeqLM}  # fmt: skip
    for name in {family for some in FAMILIES.values() for family in some}:
        place = getattr(tiny, f"tiny_{name}")(folder / "models" / name)
        model = classes.get(name, AutoModel).from_pretrained(place, dtype=_torch().float32)
        model.save_pretrained(place)
    rows = folder / "rows"
    rows.mkdir(parents=True)
    tiny.chat_rows(rows / "messages.jsonl", 6)
    tiny.label_rows(rows / "label.jsonl", 12)
    tiny.tag_rows(rows / "tags.jsonl", 6)
    tiny.span_rows(rows / "span.jsonl", 6)
    tiny.pair_rows(rows / "pair.jsonl", 6)
    tiny.summary_rows(rows / "summary.jsonl", 6)
    tiny.image_rows(rows / "image", 6)


def jobs(names: list[str], tasks: list[str]) -> Iterator[Job]:
    """Give every job: the families of a task beside each other, so that a base is loaded once."""
    for task in tasks:
        for family in FAMILIES[task]:
            for name in names:
                yield Job(name, task, family)


def sliced(names: list[str]) -> list[Job]:
    """Return jobs that cover every method once and every task once."""
    tasks = [(task, family) for task, some in FAMILIES.items() for family in some]
    others = [Job("lora", task, family) for task, family in tasks if family != "llama"]
    return [*(Job(name, "causal_lm", "llama") for name in names), *others]


def _one(given: tuple[Job, str]) -> tuple[Job, dict[str, Any]]:
    """Try one job in a process of the pool."""
    job, folder = given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return job, try_job(job, Path(folder))


def measure(wanted: list[Job], processes: int = 2) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Try jobs in several processes and give each as it is done."""
    os.environ.update(OMP_NUM_THREADS="1", TQDM_DISABLE="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
    with tempfile.TemporaryDirectory(prefix="capabilities-") as name:
        prepare(Path(name))
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            yield from pool.imap_unordered(_one, [(job, name) for job in wanted], chunksize=4)


def read(file: Path) -> dict[str, Any]:
    """Return what a file holds."""
    return json.loads(file.read_text("utf-8")) if file.is_file() else {"cells": {}}


def lay_over(table: dict[str, Any], job: Job, cells: dict[str, Any]) -> None:
    """Write a job's cells into the table."""
    place = table["cells"].setdefault(job.method, {}).setdefault(job.task, {})
    for bits, cell in cells.items():
        place.setdefault(bits, {})[job.family] = cell


def write(file: Path, table: dict[str, Any]) -> None:
    """Write the table with one cell a line, in the order of the gallery."""
    import peft
    import transformers

    order = list(methods())
    known = {name: table["cells"][name] for name in order if name in table["cells"]}
    versions = {"peft": peft.__version__, "transformers": transformers.__version__}
    text = _lines({**versions, "cells": known})
    file.write_text(text + "\n", "utf-8")


def _lines(value: dict[str, Any], indent: str = "") -> str:
    """Return JSON with one cell a line, so that a difference can be read."""
    deeper = indent + " "
    parts = [
        f"{deeper}{json.dumps(key)}: "
        + (_lines(one, deeper) if _holds_cells(one) else json.dumps(one, ensure_ascii=False))
        for key, one in value.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n" + indent + "}"


def _holds_cells(value: Any) -> bool:
    """Say whether a value is a level above the cells."""
    return isinstance(value, dict) and "passed" not in value


def columns(table: dict[str, Any]) -> list[str]:
    """Return a line for each task, family and format: how many methods train, merge and pack."""
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for tasks in table["cells"].values():
        for task, formats in tasks.items():
            for bits, families in formats.items():
                for family, cell in families.items():
                    count = found.setdefault((task, family, bits), Counter())
                    failed = set(cell.get("stops", {})) - {"merges", "packs"}
                    count["trains"] += not failed
                    count.update(one for one in ("merges", "packs") if one in cell["passed"])
                    count["tried"] += 1
    return [f"{task:20} {family:6} {bits:5} {dict(count)}" for (task, family, bits), count in
            sorted(found.items())]  # fmt: skip


def main() -> None:
    """Measure what is asked for, write it, and print a summary and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="", help="names, parted by commas; all without")
    parser.add_argument("--tasks", default="", help="names, parted by commas; all without")
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--slice", action="store_true", help="compare a part with the file")
    asked = parser.parse_args()
    names = asked.methods.split(",") if asked.methods else list(methods())
    tasks = asked.tasks.split(",") if asked.tasks else list(FAMILIES)
    wanted = sliced(names) if asked.slice else list(jobs(names, tasks))
    table, began = read(asked.out), time.monotonic()
    differ = []
    for number, (job, cells) in enumerate(measure(wanted), 1):
        before = read(asked.out)["cells"] if asked.slice else {}
        if asked.slice and differs(before, job, cells):
            differ.append(job)
        lay_over(table, job, cells)
        if number % 50 == 0 and not asked.slice:
            write(asked.out, table)
            print(f"{number} of {len(wanted)} in {time.monotonic() - began:.0f} s", flush=True)
    if not asked.slice:
        write(asked.out, table)
    print("\n".join(columns(table)))
    seconds = round(time.monotonic() - began)
    print(json.dumps({"name": "capabilities", "figure": seconds, "unit": "s", "jobs": len(wanted),
                      "differ": [str(job) for job in differ]}))  # fmt: skip


def differs(known: dict[str, Any], job: Job, cells: dict[str, Any]) -> bool:
    """Say whether what was measured now is not what the file holds."""
    kept = known.get(job.method, {}).get(job.task, {})
    return any(
        kept.get(bits, {}).get(job.family, {}).get("passed") != cell["passed"]
        for bits, cell in cells.items()
    )


if __name__ == "__main__":
    main()
