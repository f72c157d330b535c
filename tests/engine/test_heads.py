"""Layers that a base model's file does not hold are trained, saved and come back."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf

from studio.engine.adapt import apply_method, load_adapted
from studio.engine.completed import Given
from studio.engine.device import Device
from studio.engine.heads import new_layers
from studio.engine.inputs import wire
from studio.engine.load import load_model
from studio.errors import ModelError
from studio.methods.catalogue import knobs_for, method
from studio.recipe import from_mapping
from studio.tasks.shelf import task
from studio.tasks.task import Setting
from tests.helpers.tiny import tiny_llama

_CPU = Device("cpu", torch.float32)
_SIZES = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
          "intermediate_size": 48}  # fmt: skip
_DEBERTA = {**_SIZES, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
_MODERN = {**_SIZES, "pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2,
           "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
_XLNET = {"vocab_size": 61, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48}
_DISTIL = {"vocab_size": 61, "dim": 32, "n_heads": 4, "hidden_dim": 48, "n_layers": 2}
_SETTING = Setting(16, labels=("cold", "warm"), kind="one")
_IDS = torch.randint(3, 61, (2, 9), generator=torch.Generator().manual_seed(0))

# what is saved, the task, and what is missing for it beside the head
_CASES: dict[str, tuple[Any, Any, str, set[str]]] = {
    "bert-mlm": (tf.BertForMaskedLM, tf.BertConfig(**_SIZES), "seq_cls", {"bert.pooler.dense"}),
    "deberta": (tf.DebertaV2Model, tf.DebertaV2Config(**_DEBERTA), "seq_cls", {"pooler.dense"}),
    "modernbert": (tf.ModernBertModel, tf.ModernBertConfig(**_MODERN), "question_answering",
                   {"head.dense", "head.norm"}),
    "xlnet": (tf.XLNetModel, tf.XLNetConfig(**_XLNET), "seq_cls",
              {"sequence_summary.summary", "logits_proj"}),
    "distilbert": (tf.DistilBertModel, tf.DistilBertConfig(**_DISTIL), "seq_cls",
                   {"pre_classifier"}),
}  # fmt: skip


def _base(folder: Path, job: str, dtype: torch.dtype = torch.float32) -> Any:
    return load_model(folder, task(job), _CPU, dtype=dtype, setting=_SETTING)


def _put(base: Any, name: str, job: str) -> Any:
    knobs = knobs_for(from_mapping({"method": {"name": name}}), None)
    return apply_method(base, method(name), knobs, task(job), _CPU, Given())


def _said(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found = model.eval()(input_ids=_IDS, attention_mask=torch.ones_like(_IDS))
    return torch.cat([found["start_logits"], found["end_logits"]]) if "start_logits" in found else (
        found["logits"]
    )  # fmt: skip


@pytest.mark.parametrize("name", ["lora", "prompt_tuning"])
@pytest.mark.parametrize("family", _CASES)
def test_whatever_began_at_random_comes_back(family: str, name: str, tmp_path: Path) -> None:
    kind, config, job, missing = _CASES[family]
    kind(config).save_pretrained(tmp_path / "base")
    torch.manual_seed(1)
    base = _base(tmp_path / "base", job)
    assert missing <= set(new_layers(base))
    model = _put(base, name, job)
    said = _said(model)
    model.save_pretrained(tmp_path / "adapter")
    torch.manual_seed(2)
    again = load_adapted(_base(tmp_path / "base", job), tmp_path / "adapter")
    torch.testing.assert_close(_said(again), said)


def test_a_decoder_answers_in_passages_with_its_own_weights(tmp_path: Path) -> None:
    """transformers calls the inner model otherwise there, and would draw every weight."""
    folder = tiny_llama(tmp_path / "llama")
    embeddings = tf.AutoModel.from_pretrained(folder, dtype=torch.float32).embed_tokens.weight
    base = load_model(folder, task("question_answering"), _CPU, dtype=torch.float32)
    torch.testing.assert_close(base.transformer.embed_tokens.weight, embeddings)
    assert new_layers(base) == ["qa_outputs"]


def test_a_model_without_its_layers_is_refused(tmp_path: Path) -> None:
    made = tf.BertModel(tf.BertConfig(**_SIZES))
    made.save_pretrained(tmp_path / "base", state_dict=made.embeddings.state_dict())
    with pytest.raises(ModelError, match="no weights for Bert"):
        _base(tmp_path / "base", "seq_cls")


def test_new_heads_learn_in_float32(tmp_path: Path) -> None:
    """Beside a 16-bit base; what they say keeps its size."""
    tf.BertForMaskedLM(tf.BertConfig(**_SIZES)).save_pretrained(tmp_path / "base")
    model = _put(_base(tmp_path / "base", "seq_cls", torch.bfloat16), "lora", "seq_cls")
    trained = {name: one.dtype for name, one in model.named_parameters() if one.requires_grad}
    heads = {kind for name, kind in trained.items() if "modules_to_save" in name}
    assert heads == {torch.float32}
    assert _said(model).shape == (2, 2)


@pytest.mark.parametrize("name", ["lora", "prompt_tuning", "p_tuning"])
def test_a_classifier_on_a_decoder_reads_no_padding(name: str, tmp_path: Path) -> None:
    """A short row says the same alone and beside a longer one."""
    folder = tiny_llama(tmp_path / "llama")
    model = _put(_base(folder, "seq_cls"), name, "seq_cls")
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)
    model.config.pad_token_id = model.get_base_model().config.pad_token_id = 0
    tokenizer.pad_token = tokenizer.eos_token
    wire(model, tokenizer).eval()
    short, long = _IDS[:1, :4], _IDS[1:]
    padded = torch.nn.functional.pad(short, (0, 5), value=tokenizer.pad_token_id)
    mask = torch.tensor([[1] * 4 + [0] * 5, [1] * 9])
    with torch.no_grad():
        alone = model(input_ids=short, attention_mask=torch.ones_like(short))["logits"]
        both = model(input_ids=torch.cat([padded, long]), attention_mask=mask)["logits"]
    torch.testing.assert_close(both[:1], alone)
