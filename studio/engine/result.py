"""What a run left behind, ready to be tried and exported."""

import gc
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from studio.engine.adapt import load_adapted
from studio.engine.device import Device, choose_device
from studio.engine.inputs import missing_tokens, wire
from studio.engine.load import load_model, load_processor
from studio.engine.merge_plan import WEIGHTS
from studio.engine.prepare import Progress, prepare_for
from studio.errors import RunError
from studio.methods.catalogue import Method, method, quantization
from studio.models.folder import inspect_folder, weight_files
from studio.recipe import Recipe
from studio.runs.folder import RunFolder
from studio.survey import longest_row
from studio.tasks.shelf import task
from studio.tasks.task import Setting, Task
from studio.words import mark


@dataclass(frozen=True)
class RunResult:
    """A run's result: where it is and what it takes to load it."""

    folder: RunFolder
    recipe: Recipe
    method: Method
    task: Task
    setting: Setting
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
        """Return what the base's config.json lacks for this task: class, labels and tokens."""
        trust = self.recipe.model.trust_remote_code
        config = transformers.AutoConfig.from_pretrained(self.base, trust_remote_code=trust)
        if self.task.next_token or config.model_type not in transformers.CONFIG_MAPPING:
            return {}
        named = {"architectures": [_class_name(self.task, config)], "model_type": config.model_type}
        tokens = {}
        if self.task.processor == "tokenizer":
            tokens = missing_tokens(config, load_processor(self.adapter, self.task))
        head = dict(self.task.head(self.setting))
        if "id2label" in head:  # in JSON every key is a text
            head["id2label"] = {str(key): label for key, label in head["id2label"].items()}
            head.pop("num_labels")  # which transformers takes from id2label
        return {**named, **tokens, **head}


def _class_name(task: Task, config: Any) -> str:
    """Return the name of the class that a model has for a task."""
    found = getattr(transformers, task.model_class)._model_mapping[type(config)]
    return str((found[0] if isinstance(found, tuple) else found).__name__)


def open_result(path: Path, progress: Progress) -> RunResult:
    """Read a run's result; the base model is made ready again where it is gone.

    Raises RunError when nothing was learnt yet or a file of the result is gone.
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
    _require_files(folder, whole=not method(recipe.method.name).peft)
    known = json.loads(facts.read_text("utf-8"))
    base = prepare_for(recipe.model, progress)
    setting = Setting(
        longest_row(recipe, inspect_folder(base)),
        recipe.task.train_on,
        tuple(known["labels"]),
        known.get("kind", "one" if known["labels"] else ""),
    )
    return RunResult(
        folder,
        recipe,
        method(recipe.method.name),
        task(known["task"]),
        setting,
        base,
        choose_device(recipe),
    )


def _require_files(folder: RunFolder, whole: bool) -> None:
    """Refuse a result without its weights: the libraries would look for them on the hub."""
    names = [WEIGHTS, "adapter_config.json"]
    if whole:
        names = [
            "config.json",
            *(["model.safetensors"] if not weight_files(folder.adapter) else []),
        ]
    missing = next((name for name in names if not (folder.adapter / name).is_file()), "")
    if missing:
        raise RunError(
            mark("The result of the run {run} is not whole: {file} is missing."),
            mark("Copy the file back, or start the recipe as a new run."),
            run=folder.name,
            file=f"{folder.adapter.name}/{missing}",
        )


class Loaded:
    """A run's model in memory: base and tuned answers from one set of weights where possible."""

    def __init__(self, result: RunResult) -> None:
        self.result = result
        self.processor = load_processor(result.adapter, result.task)
        self._whole_base: Any = None
        if result.whole_model:
            self.model = wire(self._load(result.adapter, "none"), self.processor)
        else:
            base = self._load(result.base, quantization(result.recipe))
            self.model = wire(load_adapted(base, result.adapter), self.processor)

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
            setting=result.setting,
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
            self._whole_base = wire(self._load(self.result.base, "none"), self.processor)
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
