"""The script that Review shows: it reads the same rows, and trains the same adapter without us."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.errors import MethodError, ModelError
from studio.hardware import machine
from studio.recipe import Recipe
from studio.recipe.model import MethodSection
from studio.rows import Row
from studio.runs.folder import create
from studio.script import script
from studio.script.refuse import LISTED
from studio.survey import survey_data
from tests.helpers.tiny import chat_rows, label_rows, sentences, tiny_bert, tiny_llama

_FIRST_TOKENIZER = "\ntokenizer = "


def _recipe(model: Path, *files: Path, **training: Any) -> Recipe:
    """Return a short recipe."""
    recipe = Recipe()
    recipe.model.source = str(model)
    recipe.data.files = [str(file) for file in files]
    recipe.training.max_length = 64
    recipe.training.max_steps = 3
    for name, value in training.items():
        setattr(recipe.training, name, value)
    return recipe


def _run(text: str, folder: Path) -> str:
    """Run a script in a process that cannot see our package; return what it printed."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "train.py"
    file.write_text(text, "utf-8")
    without = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", str(file)],
        cwd=folder,
        env=without,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny chat model."""
    return tiny_llama(tmp_path_factory.mktemp("llama") / "tiny-llama")


def _as_script_has(row: Row) -> Any:
    """Return a row as the script holds it."""
    if row.messages:
        return [{"role": turn.role, "content": turn.content} for turn in row.messages]
    return (row.text, row.label) if row.label is not None else row.text


def _sharegpt(folder: Path) -> Path:
    """Write conversations under other names, with rows that do not fit among them."""
    rows: list[dict[str, Any]] = [
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": text}]}
        for text in sentences(9)
    ]
    rows[2] = {"conversations": [{"from": "human", "value": "Only a question"}]}
    rows[4] = {"conversations": [{"from": "nobody", "value": "Hi"}]}
    rows[6]["system"] = "Be brief."
    file = folder / "talk.json"
    file.write_text(json.dumps(rows), "utf-8")
    return file


def _table(folder: Path) -> Path:
    """Write alpaca's columns as a table, one answer empty, in another encoding."""
    file = folder / "alpaca.csv"
    with open(file, "w", encoding="utf-16", newline="") as out:
        table = csv.writer(out, delimiter=";")
        table.writerow(["instruction", "input", "output"])
        for number, text in enumerate(sentences(8)):
            table.writerow([f"Say {number}; now", "in\ntwo lines", "" if number == 3 else text])
    return file


def _text(folder: Path) -> Path:
    """Write paragraphs."""
    file = folder / "book.txt"
    file.write_text("\n\n".join(f"{text}\nand so on" for text in sentences(7)), "utf-8")
    return file


def _labels(folder: Path) -> Path:
    """Write labelled text as lines and as Parquet."""
    return label_rows(folder / "labels.jsonl", 12)


def _parquet(folder: Path) -> Path:
    """Write questions and answers as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rows = [{"prompt": f"Number {n}?", "completion": text} for n, text in enumerate(sentences(6))]
    file = folder / "pairs.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), file)
    return file


@pytest.mark.parametrize("make", [_sharegpt, _table, _text, _labels, _parquet])
def test_it_reads_and_parts_the_same_rows(make: Any, llama: Path, tmp_path: Path) -> None:
    recipe = _recipe(llama, make(tmp_path))
    recipe.data.eval_share = 0.2
    data = survey_data(recipe)
    reading = script(recipe, data=data).split(_FIRST_TOKENIZER)[0]
    found: dict[str, Any] = {}
    exec(compile(reading, "script", "exec"), found)
    assert found["rows"] == [_as_script_has(row) for row in data.rows]
    assert found["held_out"] == [_as_script_has(row) for row in data.held_out]


def test_files_of_two_kinds_are_read_each_in_its_way(llama: Path, tmp_path: Path) -> None:
    recipe = _recipe(llama, chat_rows(tmp_path / "a.jsonl", 5), _sharegpt(tmp_path))
    data = survey_data(recipe)
    found: dict[str, Any] = {}
    exec(compile(script(recipe).split(_FIRST_TOKENIZER)[0], "script", "exec"), found)
    assert found["rows"] == [_as_script_has(row) for row in data.rows]


def _assert_same(recipe: Recipe, folder: Path) -> None:
    """Train by the script and by a run, and hold what they learnt side by side."""
    from safetensors.torch import load_file

    recipe.output.name = "out"
    text = script(recipe)
    assert "studio" not in text.lower()
    assert "Saved in out" in _run(text, folder / "script")
    run = create(recipe, folder / "runs")
    subprocess.run(
        [sys.executable, "-m", "studio.engine", "run", str(run.path)], timeout=300, check=False
    )
    ours = load_file(run.adapter / "adapter_model.safetensors")
    theirs = load_file(folder / "script" / "out" / "adapter_model.safetensors")
    assert ours.keys() == theirs.keys()
    trained = [name for name in ours if "lora_B" in name]
    assert all(float(ours[name].abs().max()) > 0 for name in trained)
    for name, weight in ours.items():
        assert weight.dtype == theirs[name].dtype, name
        assert float((weight - theirs[name]).abs().max()) < 1e-4, name


@pytest.mark.slow
def test_it_trains_the_very_adapter_that_a_run_does(llama: Path, tmp_path: Path) -> None:
    file = chat_rows(tmp_path / "chats.jsonl", 16)
    recipe = _recipe(llama, file, packing=False, sample_prompts=0, eval_every=0, save_every=0)
    recipe.training.accumulation = 2
    _assert_same(recipe, tmp_path)


def _distilbert(folder: Path) -> Path:
    """Save a random DistilBERT, whose classifier has a layer of its own before the head."""
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    tokenizer = AutoTokenizer.from_pretrained(tiny_bert(folder))
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=64, hidden_dim=128, n_layers=2, n_heads=4
    )
    DistilBertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "method", "precision"),
    [(tiny_bert, "lora", "bf16"), (tiny_bert, "ia3", "bf16"), (_distilbert, "lora", "fp32")],
)
def test_it_trains_the_very_classifier_that_a_run_does(
    make: Any, method: str, precision: str, tmp_path: Path
) -> None:
    """Its head is drawn from the same seed, trained in float32, and left out of the method."""
    file = label_rows(tmp_path / "labels.jsonl", 16)
    recipe = _recipe(make(tmp_path / "model"), file, sample_prompts=0, eval_every=0, save_every=0)
    recipe.method.name, recipe.training.precision = method, precision
    _assert_same(recipe, tmp_path)


@pytest.mark.slow
def test_its_adapter_loads(llama: Path, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    recipe = _recipe(llama, chat_rows(tmp_path / "chats.jsonl", 12), max_steps=2)
    recipe.method.name = "ia3"
    recipe.training.gradient_checkpointing = True
    recipe.output.name = "out"
    _run(script(recipe), tmp_path)
    base = AutoModelForCausalLM.from_pretrained(llama)
    tuned = PeftModel.from_pretrained(base, str(tmp_path / "out"))
    with torch.no_grad():
        assert tuned(torch.tensor([[1, 2, 3]])).logits.shape[1] == 3


@pytest.mark.slow
def test_it_trains_a_classifier(tmp_path: Path) -> None:
    model = tiny_bert(tmp_path / "tiny-bert")
    recipe = _recipe(model, label_rows(tmp_path / "labels.jsonl", 16), max_steps=2)
    recipe.output.name = "out"
    _run(script(recipe), tmp_path)
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text("utf-8"))
    assert config["task_type"] == "SEQ_CLS"
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()


def test_quantised_full_and_hub_models_are_written_as_the_engine_loads_them(
    llama: Path, tmp_path: Path
) -> None:
    from studio.models.facts import ModelFacts

    recipe = _recipe(llama, chat_rows(tmp_path / "chats.jsonl", 6))
    recipe.method.name = "qlora"
    recipe.training.optimizer = "paged_adamw_8bit"
    text = script(recipe)
    assert "bnb_4bit_use_double_quant=True" in text and 'optim="paged_adamw_8bit"' in text
    assert "bitsandbytes" in text.split('"""')[1]
    recipe.method.name = "full"
    assert "requires_grad_(True)" in script(recipe) and "peft" not in script(recipe)[80:]
    recipe.model.source, recipe.model.revision = "someone/some-model", "v2"
    text = script(recipe, ModelFacts("someone/some-model", "some-model", "hub", "llama"))
    assert 'MODEL = "someone/some-model"' in text and 'revision="v2"' in text
    compile(text, "script", "exec")


def test_a_model_that_is_still_packed_is_refused_with_a_way_out(home: Path, tmp_path: Path) -> None:
    recipe = _recipe(Path("sample"), chat_rows(tmp_path / "chats.jsonl", 6))
    with pytest.raises(ModelError) as caught:
        script(recipe)
    assert "Start the run once" in caught.value.step()


def test_a_head_is_not_held_in_four_bits(tmp_path: Path) -> None:
    model = tiny_bert(tmp_path / "bert")
    recipe = _recipe(model, label_rows(tmp_path / "labels.jsonl", 6))
    recipe.method.name = "qlora"
    text = script(recipe)
    assert 'llm_int8_skip_modules=["classifier", "score"]' in text
    compile(text, "script", "exec")


def test_rows_are_cut_at_what_the_model_reads(tmp_path: Path) -> None:
    """Unless the recipe says less: the default is longer than many encoders read."""
    recipe = _recipe(tiny_bert(tmp_path / "bert"), label_rows(tmp_path / "labels.jsonl", 6))
    assert "MAX_LENGTH = 64\n" in script(recipe)
    recipe.training.max_length = 1024
    assert "MAX_LENGTH = 128\n" in script(recipe)


def test_what_a_run_would_refuse_is_refused(llama: Path, tmp_path: Path) -> None:
    """In the same words; but bitsandbytes need not be here, as the script says to install it."""
    rows = label_rows(tmp_path / "labels.jsonl", 6)
    recipe = _recipe(tiny_bert(tmp_path / "bert"), rows)
    recipe.method.name = "prefix_tuning"
    with pytest.raises(MethodError, match="does not work here"):
        script(recipe)
    recipe.method = MethodSection(name="lora", r=0)
    with pytest.raises(MethodError, match="must be at least"):
        script(recipe)
    recipe = _recipe(llama, chat_rows(tmp_path / "chats.jsonl", 6))
    recipe.method.name = "qlora"
    bare = replace(machine(), four_bit=False)
    assert "pip install" in script(recipe, here=bare)


def test_layers_that_peft_does_not_list_have_to_be_named(tmp_path: Path) -> None:
    model = _distilbert(tmp_path / "distilbert")
    recipe = _recipe(model, label_rows(tmp_path / "labels.jsonl", 6))
    recipe.method.name = "ia3"
    with pytest.raises(MethodError, match="distilbert") as told:
        script(recipe)
    assert "all-linear" in told.value.step()
    recipe.method = MethodSection(name="ia3", target_modules="all-linear")
    assert '"target_modules": "all-linear"' in script(recipe)


def test_the_listed_families_are_those_of_peft() -> None:
    from peft.utils import constants

    lora = constants.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
    ia3 = constants.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING
    assert lora.keys() & ia3.keys() == LISTED


@pytest.mark.parametrize(
    ("method", "named"), [("adalora", "AdaLoRA"), ("lora_plus", "LoRA+"), ("last_layers", "layers")]
)
def test_what_a_script_cannot_say_is_told(
    llama: Path, tmp_path: Path, method: str, named: str
) -> None:
    """With the way that there is."""
    recipe = _recipe(llama, chat_rows(tmp_path / "rows.jsonl", 6))
    recipe.method = MethodSection(name=method)
    with pytest.raises(MethodError, match=r"A plain script cannot do this yet") as told:
        script(recipe)
    assert named in told.value.sentence()
    assert "finetune-studio train" in told.value.step()


def test_a_folder_of_texts_is_told(tmp_path: Path) -> None:
    """It is read here, and not by the script."""
    for topic in ("sport", "business"):
        for number, text in enumerate(sentences(4)):
            file = tmp_path / "news" / topic / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{topic} {text}", "utf-8")
    recipe = _recipe(tiny_bert(tmp_path / "bert"), tmp_path / "news")
    with pytest.raises(MethodError, match=r"A plain script cannot do this yet"):
        script(recipe)
