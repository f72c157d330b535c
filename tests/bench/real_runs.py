"""Real runs: every task on real rows, and the methods beside each other on one base model.

`python tests/bench/real_runs.py [NAME ...]` trains each named run (all without a name) through the
worker as a person would, and prints a table: loss, metrics, time, memory, parameters. What is
finished already in `--home` is not trained again.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio import recipe as recipes
from studio.recipe import Recipe
from studio.runs import events as ev
from studio.runs import process
from studio.runs.folder import RunFolder, all_runs
from studio.runs.log import EventReader
from tests.helpers import real

# BitFit has nothing to train in the sample model, which has no biases: BEFT adds them, and BitFit
# itself is trained on MiniLM.
METHODS = ("lora", "qlora", "dora", "ia3", "oft", "beft", "adapter_pfeiffer", "prefix_tuning")
_PATIENCE = 3600.0  # s a run


@dataclass(frozen=True)
class Outcome:
    """What a run came to; bytes and seconds."""

    name: str
    rows: int
    steps: int
    trainable: int
    loss: float
    eval_loss: float
    metrics: dict[str, float]
    seconds: float
    memory: int


def _recipe(name: str, task: str, source: Path | str, files: list[Path], **more: Any) -> Recipe:
    """Return the recipe of a run; `more` are values of the training section and `method`."""
    method = more.pop("method", {"name": "lora"})
    share = more.pop("eval_share", 0.2)
    training = {"save_every": 0, "eval_every": 0, "precision": "fp32", "max_length": 128, **more}
    values = {
        "model": {"source": str(source)},
        "data": {"files": [str(file) for file in files], "eval_share": share},
        "task": {"name": task},
        "method": method,
        "training": training,
        "output": {"name": name},
    }
    return recipes.from_mapping(values)


def _encoder(name: str, task: str, files: list[Path], **more: Any) -> Recipe:
    """Return the recipe of a run on MiniLM."""
    settings = {"batch_size": 16, "learning_rate": 1e-3, **more}
    return _recipe(name, task, real.minilm(), files, **settings)


def _summaries() -> Recipe:
    """Return the recipe of an encoder-decoder made of two MiniLMs, which no package has whole."""
    folder = real.cache() / "minilm2minilm"
    if not (folder / "config.json").is_file():
        _join(folder)
    return _recipe(
        "seq2seq-xsum", "seq2seq_lm", folder, [real.xsum()], method={"name": "full"},
        batch_size=8, learning_rate=1e-4, max_length=192, epochs=2.0, eval_share=0.05,
    )  # fmt: skip


def _join(folder: Path) -> None:
    """Save MiniLM as encoder and as decoder of one model, with cross attention that is new."""
    from transformers import AutoTokenizer, EncoderDecoderModel

    minilm = str(real.minilm())
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    model = EncoderDecoderModel.from_encoder_decoder_pretrained(minilm, minilm)
    named = {
        "decoder_start_token_id": tokenizer.cls_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.sep_token_id,
    }
    for key, value in named.items():
        setattr(model.config, key, value)
        setattr(model.generation_config, key, value)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _pictures() -> Recipe:
    """Return the recipe of a small ViT from nothing, since no package has a trained one."""
    from tests.helpers.tiny import tiny_vit

    folder = real.cache() / "digits-vit"
    if not (folder / "config.json").is_file():
        tiny_vit(folder, layers=4, width=96)
    return _recipe(
        "image_cls-digits", "image_cls", folder, [real.digits()], method={"name": "full"},
        batch_size=32, learning_rate=1e-3, epochs=12.0,
    )  # fmt: skip


def _alpaca(method: str) -> Recipe:
    """Return the recipe of a method on SmolLM2 and Alpaca's rows, the same for every one."""
    from studio.methods.catalogue import method as known

    return _recipe(
        f"alpaca-{method}", "causal_lm", real.sample_model(), [real.alpaca()],
        method={"name": method}, max_steps=30, batch_size=4, max_length=256, eval_share=0.04,
        learning_rate=known(method).learning_rate,
    )  # fmt: skip


def runs() -> dict[str, Callable[[], Recipe]]:
    """Return what can be trained, by name."""
    found: dict[str, Callable[[], Recipe]] = {
        "seq_cls-imdb": lambda: _encoder("seq_cls-imdb", "seq_cls", [real.imdb()], epochs=6.0),
        "seq_cls-bbc": lambda: _encoder("seq_cls-bbc", "seq_cls", [real.bbc()], epochs=1.0),
        "seq_cls-bbc-bitfit": lambda: _encoder(
            "seq_cls-bbc-bitfit", "seq_cls", [real.bbc()], epochs=1.0, method={"name": "bitfit"}
        ),
        "token_cls-conll": lambda: _encoder(
            "token_cls-conll", "token_cls", [real.conll()], epochs=12.0
        ),
        "question_answering-disflqa": lambda: _encoder(
            "question_answering-disflqa", "question_answering", [real.disflqa()],
            epochs=4.0, max_length=256,
        ),
        "seq2seq-xsum": _summaries,
        "feature_extraction-bbc": lambda: _encoder(
            "feature_extraction-bbc", "feature_extraction", [real.bbc_pairs()], epochs=1.0
        ),
        "image_cls-digits": _pictures,
    }  # fmt: skip
    return {**found, **{f"alpaca-{key}": lambda key=key: _alpaca(key) for key in METHODS}}


def train(recipe: Recipe, home: Path) -> RunFolder:
    """Train a run in the worker; one that is finished is kept. Raises RuntimeError."""
    for known in all_runs(home):
        if known.recipe().output.name == recipe.output.name and known.adapter.is_dir():
            return known
    folder = process.start(recipe, home)
    reader, end = EventReader(folder.events), time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        for event in reader.read():
            if isinstance(event, ev.Finished):
                return folder
            if isinstance(event, ev.Failed):
                raise RuntimeError(f"{recipe.output.name}: {event.text} {event.values}")
        time.sleep(0.2)
    raise TimeoutError(recipe.output.name)


def outcome(folder: RunFolder) -> Outcome:
    """Read what a finished run came to."""
    told = EventReader(folder.events).read_all()
    started = next(one for one in told if isinstance(one, ev.Started))
    evaluated = [one for one in told if isinstance(one, ev.Eval)]
    finished = next(one for one in told if isinstance(one, ev.Finished))
    steps = [one for one in told if isinstance(one, ev.Step)]
    memory = [one.process for one in told if isinstance(one, ev.Memory)]
    return Outcome(
        folder.recipe().output.name,
        started.rows,
        finished.step,
        started.trainable,
        sum(one.loss for one in steps[-5:]) / len(steps[-5:]),
        evaluated[-1].loss if evaluated else float("nan"),
        evaluated[-1].metrics if evaluated else {},
        sum(one.seconds for one in steps),
        max(memory, default=0),
    )


def table(found: list[Outcome]) -> str:
    """Return the outcomes as a table for people."""
    lines = ["| run | rows | steps | trained | loss | held out | metrics | s | GB |"]
    lines.append("|" + "---|" * 9)
    for one in found:
        metrics = ", ".join(f"{name} {value:.3f}" for name, value in one.metrics.items())
        lines.append(
            f"| {one.name} | {one.rows} | {one.steps} | {one.trainable:,} | {one.loss:.3f} "
            f"| {one.eval_loss:.3f} | {metrics} | {one.seconds:.0f} | {one.memory / 2**30:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Train what is named and print the table, then one JSON line."""
    known = runs()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *known], default=[])
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "real-runs")
    asked = parser.parse_args()
    found = [outcome(train(known[name](), asked.home)) for name in asked.names or known]
    print(table(found))
    figures = {one.name: one.metrics or {"eval_loss": one.eval_loss} for one in found}
    print(json.dumps({"name": "real_runs", "figures": figures}))


if __name__ == "__main__":
    main()
