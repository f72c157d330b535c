"""A pack gives the loss and the gradients that padding gives, and never mixes its rows."""

import json
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, PrefixTuningConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    BertConfig,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    PreTrainedConfig,
    Qwen2Config,
    T5Config,
    T5ForConditionalGeneration,
    Trainer,
    TrainingArguments,
)

from studio.engine.loss import token_loss
from studio.engine.packing import (
    IGNORED,
    PackedCollator,
    PaddedCollator,
    enable_packing,
    packed_attention,
    supports_packing,
)

SIZES = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48}
LLAMA = LlamaConfig(**SIZES, **HEADS)
QWEN2 = Qwen2Config(**SIZES, **HEADS)
GPT2 = GPT2Config(
    vocab_size=61, n_embd=32, n_layer=2, n_head=4, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0
)
PACKABLE = [LLAMA, QWEN2, GPT2]
LENGTHS = (5, 9, 1, 3, 12)

# PEFT still asks for the old name, and turns GPT-2's layers round by itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated"),
    pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to False"),
]


def _rows(lengths: tuple[int, ...] = LENGTHS) -> list[dict[str, np.ndarray]]:
    random = np.random.default_rng(0)
    rows = []
    for length in lengths:
        tokens = random.integers(3, 61, length).astype(np.int32)
        labels = np.where(np.arange(length) < length // 3, IGNORED, tokens).astype(np.int32)
        rows.append({"input_ids": tokens, "labels": labels})
    return rows


def _model(config: PreTrainedConfig, packed: bool, dtype: torch.dtype = torch.float32) -> Any:
    """Return a tiny model with a LoRA that already does something."""
    torch.manual_seed(0)
    # A copy: switching the attention writes into the config, and the reference must stay plain.
    base = AutoModelForCausalLM.from_config(deepcopy(config), dtype=dtype)
    lora = LoraConfig(
        r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
    )
    model = get_peft_model(base, lora, autocast_adapter_dtype=False)
    if packed:
        enable_packing(model)
    return model


def _logits(model: torch.nn.Module, batch: dict[str, Any]) -> torch.Tensor:
    """Call the model as `Trainer` does: it keeps the labels for the loss function."""
    return model(**{name: value for name, value in batch.items() if name != "labels"}).logits


def _loss(model: torch.nn.Module, batch: dict[str, Any]) -> torch.Tensor:
    return token_loss(SimpleNamespace(logits=_logits(model, batch)), batch["labels"])


def _gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.grad for name, one in model.named_parameters() if one.requires_grad}


def _assert_same_as_padded(model: Any, config: PreTrainedConfig) -> None:
    """Hold a pack's loss and gradients against HF's own loss over padded rows."""
    ours = _loss(model, PackedCollator()(_rows()))
    ours.backward()
    padded = _model(config, packed=False)
    theirs = padded(**PaddedCollator(0)(_rows())).loss
    theirs.backward()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    expected = _gradients(padded)
    assert any(gradient.abs().max() > 1e-3 for gradient in expected.values())
    torch.testing.assert_close(_gradients(model), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("config", PACKABLE, ids=lambda config: config.model_type)
def test_same_loss_and_gradients_as_padding(config):
    model = _model(config, packed=True)
    assert supports_packing(model)
    _assert_same_as_padded(model, config)


@pytest.mark.parametrize("reentrant", [False, True])
def test_same_with_gradient_checkpointing(reentrant):
    model = _model(LLAMA, packed=True).train()
    model.enable_input_require_grads()
    model.activation_checkpointing_enable({"use_reentrant": reentrant})
    assert model.get_base_model().model.gradient_checkpointing
    _assert_same_as_padded(model, LLAMA)


def test_padded_fallback_means_the_same_loss():
    model = _model(LLAMA, packed=False)
    batch = PaddedCollator(0)(_rows())
    torch.testing.assert_close(_loss(model, batch), model(**batch).loss)


def test_a_row_does_not_see_its_neighbours():
    model = _model(LLAMA, packed=True).eval()
    rows = _rows()
    with torch.no_grad():
        before = _logits(model, PackedCollator()(rows))
        rows[1]["input_ids"][:3] = 7
        after = _logits(model, PackedCollator()(rows))
    changed = (before != after).any(dim=-1)[0]
    second = range(4, 4 + 9 - 3)
    assert set(changed.nonzero().flatten().tolist()) <= set(second)
    assert changed.any()


def test_bfloat16_on_the_cpu():
    model = _model(LLAMA, packed=True, dtype=torch.bfloat16)
    ours = _loss(model, PackedCollator()(_rows()))
    ours.backward()
    theirs = _model(LLAMA, packed=False, dtype=torch.bfloat16)(**PaddedCollator(0)(_rows())).loss
    torch.testing.assert_close(ours.float(), theirs.float(), rtol=0.01, atol=0)
    assert all(gradient.isfinite().all() for gradient in _gradients(model).values())


def test_generation_and_padded_batches_are_as_with_sdpa():
    packed, plain = _model(LLAMA, packed=True).eval(), _model(LLAMA, packed=False).eval()
    batch = PaddedCollator(0)(_rows())
    left = {name: batch[name].flip(1) for name in ("input_ids", "attention_mask")}
    options = {"max_new_tokens": 5, "do_sample": False, "pad_token_id": 0}
    assert packed.generate(**left, **options).tolist() == plain.generate(**left, **options).tolist()
    torch.testing.assert_close(packed(**batch).loss, plain(**batch).loss)


def test_a_pack_is_an_error_in_any_other_attention():
    with pytest.raises(RuntimeError):
        _logits(_model(LLAMA, packed=False), PackedCollator()(_rows()))


def test_attention_dropout_is_applied():
    query = torch.randn(1, 4, 6, 8)
    key = value = torch.randn(1, 2, 6, 8)
    ends = torch.tensor([0, 2, 6], dtype=torch.int32)
    module = SimpleNamespace()
    attended = [
        packed_attention(module, query, key, value, None, dropout, cu_seq_lens_q=ends)[0]
        for dropout in (0.0, 0.5)
    ]
    assert attended[0].shape == (1, 6, 4, 8)
    assert not torch.equal(*attended)


def test_scaling_is_applied():
    query = torch.randn(1, 4, 6, 8)
    ends = torch.tensor([0, 2, 6], dtype=torch.int32)
    given = (SimpleNamespace(), query, query, query, None)
    flat, _ = packed_attention(*given, scaling=1e-9, cu_seq_lens_q=ends)
    torch.testing.assert_close(flat[0, 1], query[0, :, :2].mean(dim=1))


def test_the_pack():
    pack = PackedCollator()(_rows((3, 4)))
    rows = _rows((3, 4))
    tokens = np.concatenate([row["input_ids"] for row in rows]).tolist()
    assert pack["input_ids"].tolist() == [tokens]
    assert pack["position_ids"].tolist() == [[0, 1, 2, 0, 1, 2, 3]]
    assert pack["cu_seq_lens_q"].tolist() == [0, 3, 7]
    assert pack["max_length_q"] == 4
    assert pack["logits_to_keep"].tolist() == [0, 1, 3, 4, 5]
    assert pack["labels"].tolist() == [[IGNORED, *tokens[1:3], *tokens[4:7]]]


def test_rows_are_left_as_they_were():
    rows = _rows()
    PackedCollator()(rows)
    PaddedCollator(0)(rows)
    assert all(map(np.array_equal, rows[1].values(), _rows()[1].values()))


def _train(tmp_path, packed: bool) -> tuple[dict[str, torch.Tensor], list[dict[str, float]]]:
    """Train two steps of two accumulated batches through `Trainer`, with an evaluation."""
    model = _model(LLAMA, packed=packed)
    arguments = TrainingArguments(
        output_dir=str(tmp_path),
        use_cpu=True,
        per_device_train_batch_size=2,
        per_device_eval_batch_size=8,
        gradient_accumulation_steps=2,
        max_steps=2,
        learning_rate=1e-2,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        prediction_loss_only=True,
        eval_strategy="steps",
        eval_steps=1,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=_rows(tuple(range(2, 10))),
        eval_dataset=_rows((4, 8)),
        data_collator=PackedCollator() if packed else PaddedCollator(0),
        compute_loss_func=token_loss if packed else None,
    )
    trainer.train()
    adapter = {name: one.detach() for name, one in model.named_parameters() if one.requires_grad}
    return adapter, trainer.state.log_history


def test_trainer_accumulates_like_plain_trainer(tmp_path):
    ours, our_log = _train(tmp_path, packed=True)
    theirs, their_log = _train(tmp_path, packed=False)
    for key in ("loss", "eval_loss", "grad_norm"):
        values = [[entry[key] for entry in log if key in entry] for log in (our_log, their_log)]
        assert len(values[0]) == 2
        assert values[0] == pytest.approx(values[1], abs=1e-4)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_the_attention_is_not_saved(tmp_path):
    _model(LLAMA, packed=True).get_base_model().save_pretrained(tmp_path)
    assert "studio" not in json.dumps(json.loads((tmp_path / "config.json").read_text()))


@pytest.mark.parametrize(
    "config",
    [
        MistralConfig(**SIZES, **HEADS, sliding_window=4),
        Qwen2Config(
            **SIZES, **HEADS, use_sliding_window=True, sliding_window=4, max_window_layers=1
        ),
        MambaConfig(vocab_size=61, hidden_size=32, num_hidden_layers=1, state_size=4),
    ],
    ids=["window", "some layers with a window", "state space"],
)
def test_refuses_models_whose_layers_are_not_plain_attention(config):
    assert not supports_packing(AutoModelForCausalLM.from_config(config))


def test_refuses_other_kinds_of_model():
    bert = BertConfig(**SIZES, num_attention_heads=4, intermediate_size=48)
    t5 = T5Config(vocab_size=61, d_model=32, d_ff=48, num_layers=1, num_heads=4)
    assert not supports_packing(AutoModelForSequenceClassification.from_config(bert))
    assert not supports_packing(T5ForConditionalGeneration(t5))
    assert not supports_packing(torch.nn.Linear(2, 2))


@pytest.mark.parametrize(
    "method",
    [
        PrefixTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM"),
        LoraConfig(task_type="CAUSAL_LM", alora_invocation_tokens=[5]),
    ],
    ids=["prefix", "activated LoRA"],
)
def test_refuses_methods_that_look_at_whole_rows(method):
    model = get_peft_model(AutoModelForCausalLM.from_config(LLAMA), method)
    assert not supports_packing(model)
