"""Sequence to sequence: write one text from another, with an encoder and a decoder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.batch import labels_loss, lay_with_labels
from studio.tasks.task import Defaults, Example, Question, Setting
from studio.tasks.template import last_question
from studio.tasks.text_words import CHINESE, words
from studio.words import mark

_SPEAKERS = {"user": "User: ", "assistant": "Assistant: ", "system": ""}


class Seq2SeqLM(Defaults):
    """Learn the last answer of a row from all that comes before it."""

    name = "seq2seq_lm"
    title = mark("Turn a text into another")
    summary = mark("Learns to sum up, translate or rewrite as your examples do.")
    icon = "translate"
    needs = ("messages",)
    needs_words = mark("texts with what becomes of them")
    model_class = "AutoModelForSeq2SeqLM"
    peft_type = "SEQ_2_SEQ_LM"
    generates = True
    base_answers = True
    judged = 16
    shown_metric = "rouge_l"

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether the model has an encoder and a decoder for text."""
        return facts.encoder_decoder and facts.has_head(self.model_class)

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse models without an encoder and a decoder."""
        if self.fits_model(facts):
            return []
        return [
            Problem(
                "task.name",
                mark("{model} ({architecture}) has no encoder and decoder."),
                mark("Choose a model such as T5 or BART, or another task."),
                {"model": facts.name, "architecture": facts.architecture or facts.model_type},
            )
        ]

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Tokenise source and target, each cut at the longest length."""
        question = last_question(row)
        if question is None:
            raise RowError(mark("Nothing in the row is trained on: no answer was found."))
        ids, source_cut = _tokens(source(question.messages), processor, setting.max_length)
        labels, target_cut = _target(question.reference, processor, setting.max_length)
        return [Example(ids, labels, source_cut or target_cut)]

    def question(self, row: Row) -> Question | None:
        """Ask for the target of the source."""
        return last_question(row)

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Pad sources and targets; the engine has the model make its decoder's inputs."""
        return lay_with_labels(processor)

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Cross entropy of the target's tokens in float32; learnt tokens in front do not count."""
        return labels_loss(outputs, labels, items)

    def judge(self, answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        """Return ROUGE-L's F (mean over rows) and BLEU (over all), from 0 to 1.

        As rouge-score and sacrebleu compute them; texts in Chinese are parted into characters.
        """
        import sacrebleu
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(["rougeL"], tokenizer=_Words())
        pairs = list(zip(references, answers, strict=True))
        rouge = [scorer.score(reference, answer)["rougeL"].fmeasure for reference, answer in pairs]
        parted = "zh" if any(CHINESE.search(text) for text in references) else "13a"
        bleu = sacrebleu.corpus_bleu(list(answers), [list(references)], tokenize=parted)
        return {"rouge_l": sum(rouge) / len(rouge), "bleu": bleu.score / 100}


def source(messages: Sequence[Mapping[str, str]]) -> str:
    """Return all that is read as one text; who speaks is named where somebody answered before."""
    named = any(turn["role"] == "assistant" for turn in messages)
    said = [_SPEAKERS[turn["role"]] * named + turn["content"] for turn in messages]
    return "\n\n".join(said)


def _tokens(text: str, tokenizer: Any, longest: int) -> tuple[Any, bool]:
    """Return a text's tokens with the one that ends it, and whether it was cut."""
    ids = tokenizer(text)["input_ids"]
    cut = len(ids) > longest
    if cut:
        ids = tokenizer(text, truncation=True, max_length=longest)["input_ids"]
    return np.asarray(ids, dtype=np.int32), cut


def _target(text: str, tokenizer: Any, longest: int) -> tuple[Any, bool]:
    """Return a target's tokens, which always end or the model would never stop."""
    ids = list(tokenizer(text_target=text)["input_ids"])
    end = ends_with(tokenizer)
    if end is not None and ids[-1:] != [end]:
        ids.append(end)
    cut = len(ids) > longest
    kept = [*ids[: longest - 1], ids[-1]] if cut else ids
    return np.asarray(kept, dtype=np.int32), cut


def ends_with(tokenizer: Any) -> int | None:
    """Return the token that ends a text: the one named so, or BERT's separator."""
    found: int | None = tokenizer.eos_token_id
    other: int | None = tokenizer.sep_token_id
    return other if found is None else found


class _Words:
    """Part texts for ROUGE: rouge-score's own way finds no word in other alphabets."""

    def tokenize(self, text: str) -> list[str]:
        """Return words in lower case, and each Chinese character by itself."""
        return words(text)


TASK = Seq2SeqLM()
