"""What every tuner of ours does, in every family: begin, save, come back, be turned off."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftConfig, PeftModel, PeftType, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from studio.engine.packing import supports_packing
from tests.engine.tuners.models import (
    FAMILIES,
    HEADS,
    METHODS,
    PAIRS,
    adapted,
    base,
    config,
    move,
    said,
)
from tests.engine.tuners.models import rows as rows_of
from tests.helpers.tiny import tiny_qwen2

_PREFIXED = ("mam", "unipelt")
_CAUSAL = [(method, name) for method, name in PAIRS if name in ("llama", "qwen2", "gpt2")]
_GENERATING = [*_CAUSAL, *((method, name) for method, name in PAIRS if name == "t5")]


@pytest.mark.parametrize(("method", "family"), PAIRS)
def test_begins_as_the_base(method: str, family: str) -> None:
    """Where there is no prefix, which takes attention from the text as soon as it is there."""
    plain = said(base(family), rows_of(family))
    begun = said(adapted(method, family, moved=False), rows_of(family))
    if method in _PREFIXED:
        assert not torch.equal(begun, plain)
        assert (begun - plain).abs().max() < plain.abs().max()
    else:
        torch.testing.assert_close(begun, plain, rtol=0, atol=0)


@pytest.mark.parametrize(("method", "family"), PAIRS)
def test_comes_back_from_disk(method: str, family: str, tmp_path: Path) -> None:
    """Onto a fresh base, heads included; nothing but what was trained is in the file.

    Equal to the last digits, which depend on where in memory a matrix lies.
    """
    model, given = adapted(method, family), rows_of(family)
    told = said(model, given)
    model.save_pretrained(tmp_path)
    kept = load_file(tmp_path / "adapter_model.safetensors")
    trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    assert sum(one.numel() for one in kept.values()) == trained
    sparing = family == "llama"  # built without numbers, which the file then gives
    again = PeftModel.from_pretrained(base(family), tmp_path, low_cpu_mem_usage=sparing).eval()
    assert not [name for name, one in again.named_parameters() if one.requires_grad]
    torch.testing.assert_close(said(again, given), told)


@pytest.mark.parametrize(("method", "family"), PAIRS)
def test_off_and_out(method: str, family: str) -> None:
    """Turned off it is the base; so it is once the layers are taken out, of a copy as well."""
    model, given = adapted(method, family), rows_of(family)
    told = said(model, given)
    with model.disable_adapter():
        off = said(model, given)
    copied = copy.deepcopy(model)
    torch.testing.assert_close(said(copied, given), told)
    move(copied)
    assert not torch.equal(said(copied, given), told)
    torch.testing.assert_close(said(model, given), told, rtol=0, atol=0)
    plain = said(base(family), given)
    torch.testing.assert_close(off, plain, rtol=1e-5, atol=1e-6)
    out = said(copied.unload(), given)
    assert family in HEADS or torch.equal(out, off)  # a trained head stays


@pytest.mark.parametrize(("method", "family"), _GENERATING)
def test_generates_the_same_with_and_without_a_cache(method: str, family: str) -> None:
    """And with rows of unequal length, padded on the left."""
    model = adapted(method, family)
    asked = {"input_ids": torch.tensor([[0, 0, 5, 9, 4], [7, 3, 8, 6, 11]])}
    asked["attention_mask"] = (asked["input_ids"] > 0).long()
    given = {"max_new_tokens": 6, "do_sample": False, "min_new_tokens": 6}
    cached = model.generate(**asked, **given, use_cache=True)
    torch.testing.assert_close(model.generate(**asked, **given, use_cache=False), cached)
    alone = model.generate(input_ids=torch.tensor([[5, 9, 4]]), **given)
    torch.testing.assert_close(alone[0, -6:], cached[0, -6:])


@pytest.mark.parametrize(("method", "family"), [(m, f) for m, f in PAIRS if f == "bert"])
def test_padding_changes_nothing(method: str, family: str) -> None:
    """A row alone says what it says beside a longer one."""
    model, tokens = adapted(method, family), torch.tensor([[5, 9, 4, 0, 0], [7, 3, 8, 6, 11]])
    together = said(model, {"input_ids": tokens, "attention_mask": (tokens > 0).long()})
    alone = said(model, {"input_ids": tokens[:1, :3]})
    torch.testing.assert_close(together[:1], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("method", "family"), _CAUSAL)
def test_nothing_looks_ahead(method: str, family: str) -> None:
    """What a causal model says to a token does not depend on those that follow."""
    model, given = adapted(method, family), rows_of(family)
    other = {"input_ids": given["input_ids"].clone()}
    other["input_ids"][:, 4:] = 3
    before, after = said(model, given), said(model, other)
    torch.testing.assert_close(before[:, :4], after[:, :4], rtol=1e-5, atol=1e-6)
    assert not torch.allclose(before[:, 4:], after[:, 4:])


@pytest.mark.parametrize(("method", "family"), [(m, f) for m, f in PAIRS if f != "clip"])
def test_same_gradients_with_checkpointing(method: str, family: str) -> None:
    """Which computes every layer twice."""
    reentrant = family == "gpt2"
    plain, saving = (adapted(method, family).train() for _ in range(2))
    for model in (plain, saving):
        _no_dropout(model)
    saving.enable_input_require_grads()
    saving.activation_checkpointing_enable({"use_reentrant": reentrant})
    for model in (plain, saving):
        model(**rows_of(family)).logits.square().mean().backward()
    expected = {name: one.grad for name, one in plain.named_parameters() if one.requires_grad}
    assert all(one is not None for one in expected.values())
    found = {name: one.grad for name, one in saving.named_parameters() if one.requires_grad}
    torch.testing.assert_close(found, expected)


def _no_dropout(model: torch.nn.Module) -> None:
    """Leave nothing out at random, so that two passes are alike."""
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(part, name, None), float):
                setattr(part, name, 0.0)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_number_formats(method: str, wide: bool) -> None:
    """What is trained has the base's format, or float32 if asked; answers keep the base's."""
    given = rows_of("qwen2")
    model = get_peft_model(
        base("qwen2", torch.bfloat16), config(method), autocast_adapter_dtype=wide
    )
    trained = {one.dtype for one in model.parameters() if one.requires_grad}
    assert trained == {torch.float32 if wide else torch.bfloat16}
    move(model)
    logits = model.train()(**given).logits
    assert logits.dtype == torch.bfloat16
    logits.float().square().mean().backward()
    assert all(one.grad is not None for one in model.parameters() if one.requires_grad)


@pytest.mark.filterwarnings("ignore:MatMul8bitLt")
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("method", METHODS)
def test_on_quantised_layers(method: str, bits: int, tmp_path: Path) -> None:
    """They learn, and come back as they were."""
    folder = tiny_qwen2(tmp_path / "base")
    model = get_peft_model(_quantised(folder, bits), config(method))
    given = rows_of("qwen2")
    logits = model.train()(**given).logits
    logits.float().square().mean().backward()
    assert all(one.grad is not None for one in model.parameters() if one.requires_grad)
    move(model)
    told = said(model.eval(), given)
    model.save_pretrained(tmp_path / "adapter")
    again = PeftModel.from_pretrained(_quantised(folder, bits), tmp_path / "adapter").eval()
    torch.testing.assert_close(said(again, given), told, rtol=1e-2, atol=1e-2)


def _quantised(folder: Path, bits: int) -> Any:
    """Load a model in 4-bit or 8-bit."""
    how = BitsAndBytesConfig(**{f"load_in_{bits}bit": True})
    return AutoModelForCausalLM.from_pretrained(folder, quantization_config=how, device_map="cpu")


@pytest.mark.parametrize(("method", "family"), [(m, f) for m, f in PAIRS if f in ("gpt2", "bert")])
def test_two_adapters_on_one_base(method: str, family: str) -> None:
    """Each keeps its own, and either is chosen by name."""
    model, given = adapted(method, family), rows_of(family)
    first = said(model, given)
    model.add_adapter("other", config(method, family))
    model.set_adapter("other")
    for _ in range(2):  # further than the first
        move(model)
    assert not torch.equal(said(model.eval(), given), first)
    model.set_adapter("default")
    torch.testing.assert_close(said(model, given), first, rtol=0, atol=0)
    model.delete_adapter("other")
    torch.testing.assert_close(said(model, given), first, rtol=0, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_rows_end_to_end(method: str) -> None:
    """Only where each token is treated by itself."""
    assert supports_packing(adapted(method, "qwen2")) == (method not in _PREFIXED)


@pytest.mark.parametrize("method", [one for one in METHODS if one != "bitfit"])
def test_what_cannot_be_merged_says_so(method: str) -> None:
    """And leaves the model as it was."""
    model, given = adapted(method, "llama"), rows_of("llama")
    told = said(model, given)
    with pytest.raises(NotImplementedError, match="beside the weights"):
        model.merge_and_unload()
    torch.testing.assert_close(said(model, given), told, rtol=0, atol=0)


def test_known_in_a_new_process(tmp_path: Path) -> None:
    """After one import, by what the adapters' own files say."""
    for method in METHODS:
        adapted(method, "qwen2").save_pretrained(tmp_path / method)
    code = (
        "import sys, studio.engine.tuners; from peft import PeftConfig\n"
        "for one in sys.argv[1:]: print(PeftConfig.from_pretrained(one).peft_type.value)"
    )
    places = [str(tmp_path / method) for method in METHODS]
    command = [sys.executable, "-c", code, *places]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(config(method).peft_type.value) for method in METHODS]


@pytest.mark.parametrize("name", ["BITFIT", "ADAPTER", "MAM", "UNIPELT"])
def test_types_are_members_like_pefts_own(name: str) -> None:
    """By value, by name, listed, and the same after copying and pickling."""
    one = PeftType(name)
    assert one is PeftType[name] is getattr(PeftType, name)
    assert one in list(PeftType)
    assert one == name
    assert copy.deepcopy(one) is one is pickle.loads(pickle.dumps(one))


def test_every_family_is_tried() -> None:
    """So that a new one above is not forgotten below."""
    assert {family for _method, family in PAIRS} == set(FAMILIES)
    assert isinstance(config("mam"), PeftConfig)
