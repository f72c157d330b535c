"""The recipe: seven sections, each a page of the wizard and a table of the file."""

from typing import Any, Literal

from pydantic import ConfigDict

from studio.recipe.fields import Section, knob
from studio.words import mark

FORMAT = 1

Quantization = Literal["auto", "none", "int8", "nf4"]


class ModelSection(Section):
    """Which base model, and how it is loaded."""

    source: str = knob(
        "",
        mark("Base model"),
        mark('A folder, a .gguf file, an id on the hub, or "sample".'),
    )
    revision: str = knob(
        "", mark("Revision"), mark("Branch, tag or commit on the hub."), tier="advanced"
    )
    quantization: Quantization = knob(
        "auto",
        mark("Load as"),
        mark("How the base model's weights are held while training; the method decides."),
        tier="advanced",
        choices={
            "auto": mark("As the method says"),
            "none": mark("16-bit"),
            "int8": mark("8-bit"),
            "nf4": mark("4-bit (NF4)"),
        },
    )
    allow_pickle: bool = knob(
        False,
        mark("Read pickled weights"),
        mark("Pickled weights can run any program when they are read."),
        tier="advanced",
    )
    trust_remote_code: bool = knob(
        False,
        mark("Run the model's own code"),
        mark("The model brings Python code that runs with your rights."),
        tier="advanced",
    )


class DataSection(Section):
    """Which rows are learnt from, and which are held out."""

    files: list[str] = knob(
        list,
        mark("Files"),
        mark("JSON, JSONL, CSV, Parquet, CoNLL, text, or a folder with one a class."),
    )
    layout: str = knob(
        "auto", mark("Layout"), mark("How a row is laid out; found by looking at the rows.")
    )
    eval_files: list[str] = knob(
        list, mark("Evaluation files"), mark("Rows held out in files of their own.")
    )
    eval_share: float = knob(
        0.05,
        mark("Held out"),
        mark("Share of the rows that is kept for evaluation and never trained on."),
        ge=0,
        le=0.5,
    )
    max_rows: int = knob(
        0,
        mark("Rows at most"),
        mark("Use only so many rows; 0 uses all."),
        ge=0,
        tier="advanced",
    )


class TaskSection(Section):
    """What the model is to learn from a row."""

    name: str = knob("auto", mark("Task"), mark("What the model learns; guessed from the data."))
    train_on: Literal["answers", "all"] = knob(
        "answers",
        mark("Train on"),
        mark("The answers alone, or every token of a row."),
        choices={"answers": mark("The answers"), "all": mark("Every token")},
    )


class MethodSection(Section):
    """The fine-tuning method; its knobs stand beside the name and belong to the method."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    name: str = knob("lora", mark("Method"), mark("How the weights are changed."))

    @property
    def knobs(self) -> dict[str, Any]:
        """The method's own settings, as the file has them."""
        return dict(self.__pydantic_extra__ or {})


class TrainingSection(Section):
    """How long, how fast, how many rows at a time."""

    epochs: float = knob(3.0, mark("Epochs"), mark("How often each row is seen."), gt=0, le=1000)
    max_steps: int = knob(0, mark("Steps"), mark("Exactly so many steps; 0 goes by epochs."), ge=0)
    max_length: int = knob(
        1024,
        mark("Longest row"),
        mark("Longer rows are cut at this many tokens."),
        unit=mark("tokens"),
        ge=8,
        le=1_048_576,
    )
    learning_rate: float = knob(
        2e-4, mark("Learning rate"), mark("How far each step goes."), gt=0, le=1
    )
    schedule: Literal["cosine", "linear", "constant"] = knob(
        "cosine",
        mark("Schedule"),
        mark("How the learning rate falls over the run."),
        choices={
            "cosine": mark("Cosine"),
            "linear": mark("Linear"),
            "constant": mark("Constant"),
        },
    )
    warmup: float = knob(
        0.03,
        mark("Warm-up"),
        mark("Share of the steps in which the learning rate rises."),
        ge=0,
        le=0.5,
    )
    optimizer: Literal["adamw", "adamw_8bit", "paged_adamw_8bit"] = knob(
        "adamw",
        mark("Optimizer"),
        mark("8-bit needs a quarter of the memory; paged moves to RAM when the card is full."),
        choices={
            "adamw": mark("AdamW"),
            "adamw_8bit": mark("AdamW, 8-bit"),
            "paged_adamw_8bit": mark("AdamW, 8-bit, paged"),
        },
    )
    weight_decay: float = knob(
        0.0, mark("Weight decay"), mark("Pulls weights towards zero."), ge=0, le=1, tier="advanced"
    )
    max_grad_norm: float = knob(
        1.0,
        mark("Gradient clipping"),
        mark("Longest gradient that is followed."),
        gt=0,
        le=1000,
        tier="advanced",
    )
    batch_size: int = knob(
        4, mark("Rows at a time"), mark("More is faster until the memory is full."), ge=1, le=4096
    )
    accumulation: int = knob(
        1,
        mark("Batches a step"),
        mark("Batches that are added up before the weights change."),
        ge=1,
        le=4096,
    )
    packing: bool = knob(
        True,
        mark("Pack rows"),
        mark("Lays rows end to end instead of filling them up with padding; same result, faster."),
        tier="advanced",
    )
    precision: Literal["auto", "bf16", "fp16", "fp32"] = knob(
        "auto",
        mark("Precision"),
        mark("Number format of the computation; bfloat16 where the machine has it."),
        tier="advanced",
        choices={
            "auto": mark("Best here"),
            "bf16": "bfloat16",
            "fp16": "float16",
            "fp32": "float32",
        },
    )
    gradient_checkpointing: bool = knob(
        False,
        mark("Recompute activations"),
        mark("Needs far less memory and about a third more time."),
    )
    seed: int = knob(
        42, mark("Seed"), mark("The same seed gives the same run."), ge=0, le=2**31 - 1
    )
    eval_every: int = knob(
        50, mark("Evaluate every"), mark("0 evaluates at the end."), unit=mark("steps"), ge=0
    )
    save_every: int = knob(
        100, mark("Checkpoint every"), mark("0 saves at the end."), unit=mark("steps"), ge=0
    )
    keep_checkpoints: int = knob(
        2, mark("Checkpoints kept"), mark("Older ones are removed."), ge=1, tier="advanced"
    )
    sample_prompts: int = knob(
        3,
        mark("Samples"),
        mark("Held-out prompts that are answered at each evaluation."),
        ge=0,
        le=16,
        tier="advanced",
    )


class HardwareSection(Section):
    """Where it runs."""

    device: Literal["auto", "cuda", "cpu"] = knob(
        "auto",
        mark("Device"),
        mark("The graphics card where there is one, otherwise the processor."),
        tier="advanced",
        choices={
            "auto": mark("Best here"),
            "cuda": mark("Graphics card"),
            "cpu": mark("Processor"),
        },
    )


class OutputSection(Section):
    """What the run is called."""

    name: str = knob("", mark("Name"), mark("Name of the run; part of its folder's name."))


class Recipe(Section):
    """A run before it starts: what wizard and terminal edit and the run folder keeps."""

    format: int = FORMAT
    model: ModelSection = knob(ModelSection, mark("Model"), "")
    data: DataSection = knob(DataSection, mark("Data"), "")
    task: TaskSection = knob(TaskSection, mark("Task"), "")
    method: MethodSection = knob(MethodSection, mark("Method"), "")
    training: TrainingSection = knob(TrainingSection, mark("Training"), "")
    hardware: HardwareSection = knob(HardwareSection, mark("Hardware"), "")
    output: OutputSection = knob(OutputSection, mark("Output"), "")
