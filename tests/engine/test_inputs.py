"""What a decoder reads in training is what its own model would give it."""

import json
import shutil
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForSeq2SeqLM, M2M100Config

from studio.engine.inputs import with_decoder_inputs
from studio.runs import events as ev
from studio.tasks.task import IGNORED
from tests.engine.conftest import run_here
from tests.helpers.tiny import summary_rows


def _sizes(words: int) -> dict[str, Any]:
    """Return the values of a tiny encoder and decoder."""
    return {
        "vocab_size": words,
        "d_model": 32,
        "d_kv": 16,
        "d_ff": 64,
        "num_layers": 1,
        "num_heads": 2,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
        "eos_token_id": 2,
        "decoder_start_token_id": 2,
    }


@pytest.mark.parametrize("family", ["m2m_100", "blenderbot", "blenderbot-small", "bart", "t5"])
def test_the_decoder_reads_the_labels_one_place_later(family: str) -> None:
    model = AutoModelForSeq2SeqLM.from_config(CONFIG_MAPPING[family](**_sizes(60))).eval()
    batch = {
        "input_ids": torch.tensor([[5, 6, 7, 2], [8, 9, 2, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]),
        "labels": torch.tensor([[10, 11, 2], [12, 2, IGNORED]]),
    }
    ours = with_decoder_inputs(batch, model)
    labels = ours.pop("labels")
    with torch.no_grad():
        assert torch.equal(model(**ours).logits, model(**batch).logits)
    assert torch.equal(labels, batch["labels"])


def test_a_translation_model_learns(make_run, family, tmp_path) -> None:
    """NLLB is an M2M-100 too."""
    folder = shutil.copytree(family("t5"), tmp_path / "m2m")
    words = len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    config = M2M100Config(**_sizes(words))
    AutoModelForSeq2SeqLM.from_config(config).save_pretrained(folder)
    data = summary_rows(tmp_path / "rows.jsonl", 40)
    run = make_run(
        model={"source": str(folder)}, data={"files": [str(data)]}, training={"max_steps": 2}
    )
    assert isinstance(run_here(run)[-1], ev.Finished)
