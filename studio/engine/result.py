"""What a run left behind, ready to be tried and exported."""

import gc
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import PeftModel

from studio.engine.device import Device, choose_device
from studio.engine.load import load_model, load_tokenizer
from studio.engine.prepare import Progress, prepare_for
from studio.errors import RunError
from studio.methods.catalogue import Method, method, quantization
from studio.models.folder import inspect_folder
from studio.recipe import Recipe
from studio.runs.folder import RunFolder
from studio.tasks.shelf import task
from studio.tasks.task import Task
from studio.words import mark


@dataclass(frozen=True)
class RunResult:
    """A run's result: where it is and what it takes to load it."""

    folder: RunFolder
    recipe: Recipe
    method: Method
    task: Task
    labels: tuple[str, ...]
    base: Path
    device: Device

    @property
    def adapter(self) -> Path:
        """The adapter, or the whole model of a full fine-tuning."""
        return self.folder.adapter

    @property
    def whole_model(self) -> bool:
        """Say whether the result is a whole model."""
        return not self.method.peft

    @property
    def config(self) -> dict[str, Any]:
        """Return what the base's config.json lacks for this task: class and labels."""
        kind = getattr(transformers, self.task.model_class)
        family = json.loads((self.base / "config.json").read_text("utf-8"))
        if not self.labels:
            return {}
        config = transformers.AutoConfig.from_pretrained(self.base)
        name = kind._model_mapping[type(config)].__name__
        return {
            "architectures": [name],
            "id2label": {str(index): label for index, label in enumerate(self.labels)},
            "label2id": {label: index for index, label in enumerate(self.labels)},
            "model_type": family["model_type"],
        }


def open_result(path: Path, progress: Progress) -> RunResult:
    """Read a run's result; the base model is made ready again where it is gone.

    Raises RunError when nothing was learnt yet or the folder is damaged.
    """
    folder = RunFolder(path)
    facts = folder.adapter / "studio.json"
    if not facts.is_file():
        raise RunError(
            mark("The run {run} has no result yet."),
            mark("Let it finish, or stop it and keep what was learnt."),
            run=folder.name,
        )
    recipe = folder.recipe()
    known = json.loads(facts.read_text("utf-8"))
    base = prepare_for(recipe.model, progress)
    return RunResult(
        folder,
        recipe,
        method(recipe.method.name),
        task(known["task"]),
        tuple(known["labels"]),
        base,
        choose_device(recipe),
    )


class Loaded:
    """A run's model in memory: base and tuned answers from one set of weights where possible."""

    def __init__(self, result: RunResult) -> None:
        self.result = result
        self.tokenizer = load_tokenizer(result.adapter)
        self._whole_base: Any = None
        if result.whole_model:
            self.model = self._load(result.adapter, "none")
        else:
            base = self._load(result.base, quantization(result.recipe))
            self.model = PeftModel.from_pretrained(base, result.adapter).eval()

    def _load(self, folder: Path, bits: str) -> Any:
        """Load one model."""
        result = self.result
        pickles = not inspect_folder(folder).files or inspect_folder(folder).pickled
        model = load_model(
            folder,
            result.task,
            result.device,
            dtype=result.device.dtype,
            quantization=bits,
            labels=result.labels,
            trust=result.recipe.model.trust_remote_code,
            pickles=pickles and result.recipe.model.allow_pickle,
        )
        return model.eval()

    def side(self, name: str) -> Any:
        """Return (a context manager that gives) the model of a side, "base" or "tuned"."""
        return _Side(self, name)

    def base_model(self) -> Any:
        """Return the base of a full fine-tuning, loaded when first asked for."""
        if self._whole_base is None:
            self._whole_base = self._load(self.result.base, "none")
        return self._whole_base


class _Side:
    """Switch the adapter off for the base's answers, and on again."""

    def __init__(self, loaded: Loaded, name: str) -> None:
        self.loaded, self.name = loaded, name
        self.off: Any = None

    def __enter__(self) -> Any:
        """Return the model that answers."""
        if self.name == "tuned":
            return self.loaded.model
        if self.loaded.result.whole_model:
            return self.loaded.base_model()
        self.off = self.loaded.model.disable_adapter()
        self.off.__enter__()
        return self.loaded.model

    def __exit__(self, *reason: Any) -> None:
        """Switch the adapter on again."""
        if self.off is not None:
            self.off.__exit__(*reason)


def free(device: str) -> None:
    """Give memory back after a model was let go."""
    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()
