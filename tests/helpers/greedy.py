"""An answer written token by token with nothing but the model's own forward pass."""

from typing import Any

from studio.engine.generate import _given, greedy
from studio.tasks.task import Question


def written(model: Any, tokenizer: Any, question: Question, longest: int) -> str:
    """Return the likeliest answer of so many tokens at most, without a cache."""
    import torch

    given = _given(model, tokenizer, [question], longest)
    settings = greedy(model, tokenizer, longest)
    decodes = model.config.is_encoder_decoder
    ids = given["input_ids"]
    told = torch.tensor([[settings.decoder_start_token_id]]) if decodes else ids
    begin = told.shape[1]
    model.eval()
    for _ in range(longest):
        if decodes:
            batch = {**given, "decoder_input_ids": told}
        else:
            batch = {"input_ids": told, "attention_mask": torch.ones_like(told)}
        with torch.no_grad():
            token = model(**batch).logits[:, -1:].argmax(-1)
        told = torch.cat([told, token], dim=1)
        if int(token) in (settings.eos_token_id or ()):
            break
    return str(tokenizer.decode(told[0, begin:], skip_special_tokens=True))
