"""The guide: every rule of the documents, what contradicts them, this machine, and an order."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.methods import capabilities, evidence
from studio.methods.catalogue import FAMILIES, methods
from studio.methods.guide import Advice, Reason, Situation, advise, questions
from studio.methods.rules import book
from studio.words import tr, use_language

_GB = 1 << 30
_GOALS = list(questions()[0].choices)
_PANORAMA, _OTHERS = "PEFT方法全景分析报告", "04 - 其他PEFT方法"
_OVERVIEW, _TRANSFORMERS = "PEFT (Parameter-Efficient Fine-Tuning)", "PEFT参数高效微调技术"


def _asked(**known: object) -> Situation:
    """Return a situation of 500 rows of text to write; 10 GB, a method not named needs 1."""
    needs = known.pop("needs", {})
    assert isinstance(needs, dict)
    found = {key: int(needs.get(key, 1) * _GB) for key in methods()}
    return Situation(
        **{"task": "causal_lm", "rows": 500, "limit": 10 * _GB, "needs": found, **known}  # type: ignore[arg-type]
    )


def _ranked(**known: object) -> list[str]:
    """Return the methods' keys in their order."""
    return [one.method.key for one in advise(_asked(**known))]


def _told(one: Advice) -> tuple[Reason, ...]:
    """Return all that is said of a method."""
    return (*one.reasons, *one.doubts)


def _by_key(asked: Situation) -> dict[str, Advice]:
    """Return the advice by method."""
    return {one.method.key: one for one in advise(asked)}


# The file


def test_only_methods_that_there_are() -> None:
    """In every rule."""
    named = {key for rule in book().rules for key in (*rule.favours, *rule.doubts)}
    assert named <= set(methods())


def test_every_rule_speaks_both_languages_and_names_its_source() -> None:
    """And has nothing that nobody reads, such as a condition that is misspelt."""
    for rule in book().rules:
        assert set(rule.texts) <= {"text", "text_zh", "doubt", "doubt_zh"}, rule.texts
        assert rule.favours or rule.doubts
        if rule.favours:
            assert rule.texts["text"] and rule.texts["text_zh"] and rule.source[0]
        if rule.doubts:
            assert rule.texts["doubt"] and rule.texts["doubt_zh"]
        assert all(weight >= 0 for weight in rule.favours.values())
        assert all(weight < 0 for weight in rule.doubts.values())
        for name in (rule.source[0], rule.doubt_source[0]):
            assert name in {"", "paper", *book().sources}


def test_conditions_name_goals_and_works_that_there_are() -> None:
    """Others would never hold."""
    for rule in book().rules:
        assert set(rule.conditions.get("goals", ())) <= set(_GOALS)
        assert set(rule.conditions.get("works", ())) <= set(book().works)


def test_measures_and_families_are_whole() -> None:
    """A text for each way that it can come out; a default for each family."""
    assert set(book().families) == set(FAMILIES)
    for measure in book().measures:
        kinds = ("own", "good", "warn")
        assert set(measure.texts) == {f"{kind}{end}" for kind in kinds for end in ("", "_zh")}
        assert set(measure.weights) <= {"else", *_GOALS}


def test_four_questions() -> None:
    """In both languages, with choices that a number falls into."""
    assert [one.key for one in questions()] == ["goal", "size", "rows", "machine"]
    size = questions()[1]
    values = (0, 10**8, 10**9, 7 * 10**9, 10**11)
    assert [size.answer(value) for value in values] == ["", "small", "medium", "medium", "large"]
    english = {one.key: (one.title, *one.choices.values()) for one in questions()}
    use_language("zh_CN")
    for one in questions():
        chinese = (one.title, *one.choices.values())
        assert len(set(chinese)) == len(english[one.key])
        assert all(re.search(r"[\u4e00-\u9fff]", text) for text in chinese)


# What the documents advise


@pytest.mark.parametrize(
    ("known", "favoured", "document"),
    [
        ({}, ["lora"], _OTHERS),
        ({"goal": "general"}, ["lora", "qlora"], _PANORAMA),
        ({"goal": "memory"}, ["qlora", "ia3"], _PANORAMA),
        ({"on_card": True, "limit": 24 * _GB}, ["qlora"], _OTHERS),
        ({"goal": "accuracy"}, ["dora", "adalora"], _PANORAMA),
        ({"goal": "tasks"}, ["adapter_pfeiffer", "adapter_houlsby"], _OTHERS),
        ({"goal": "tasks"}, ["oft", "boft"], _PANORAMA),
        ({"rows": 99}, ["prefix_tuning"], _OTHERS),
        ({"goal": "few_rows"}, ["prefix_tuning"], _OTHERS),
        ({"goal": "explore"}, ["prompt_tuning"], _OTHERS),
        ({"task": "seq_cls"}, ["lora", "ia3"], _PANORAMA),
        ({"task": "token_cls"}, ["prompt_tuning", "p_tuning"], _PANORAMA),
        ({"task": "seq_cls"}, ["boft", "oft"], _PANORAMA),
        ({"task": "seq2seq_lm"}, ["lora", "prefix_tuning"], _PANORAMA),
        ({"goal": "code"}, ["lora", "dora"], _PANORAMA),
        ({"goal": "pictures"}, ["oft"], _PANORAMA),
        ({"parameters": 13 * 10**9, "limit": 31 * _GB}, ["qlora"], _TRANSFORMERS),
        ({"rows": 9_999}, ["p_tuning"], _TRANSFORMERS),
        (
            {"task": "seq_cls", "rows": 100_001},
            ["adapter_pfeiffer", "adapter_houlsby"],
            _TRANSFORMERS,
        ),
        ({"goal": "newcomer"}, ["lora", "qlora", "ia3"], _PANORAMA),
        ({"goal": "keep"}, ["bitfit"], _OVERVIEW),
    ],
)
def test_documents_are_heeded_and_cited(
    known: dict[str, object], favoured: list[str], document: str
) -> None:
    """Each rule that the documents give, in the order in which they give it."""
    found = _by_key(_asked(**known))
    weights = []
    for key in favoured:
        cited = [one for one in found[key].reasons if one.source.startswith(document)]
        assert cited, key
        weights.append(max(one.weight for one in cited))
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0


@pytest.mark.parametrize(
    ("known", "not_cited"),
    [
        ({"parameters": 13 * 10**9, "limit": 32 * _GB}, "qlora"),
        ({"parameters": 9 * 10**9, "limit": 24 * _GB}, "qlora"),
        ({"parameters": 0, "limit": 24 * _GB}, "qlora"),
        ({"rows": 10_000}, "p_tuning"),
        ({"rows": 0}, "p_tuning"),
        ({"task": "seq_cls", "rows": 100_000}, "adapter_pfeiffer"),
        ({"rows": 100_001}, "adapter_pfeiffer"),
    ],
)
def test_rules_end_where_the_document_says(known: dict[str, object], not_cited: str) -> None:
    """The bounds of its function; what is not known meets no condition."""
    told = _by_key(_asked(**known))[not_cited].reasons
    assert not any(one.source.startswith(_TRANSFORMERS) for one in told)


@pytest.mark.parametrize(
    ("parameters", "rank"), [(10**8, "4 to 8"), (7 * 10**9, "8 to 16"), (7 * 10**10, "16 to 32")]
)
def test_rank_by_model_size(parameters: int, rank: str) -> None:
    """As the second document's answer to Q2 says."""
    told = _by_key(_asked(parameters=parameters))["lora"].reasons
    assert [one.text for one in told if "rank of" in one.text] == [
        f"A rank of {rank} suits a model of this size"
    ]


def test_rank_by_data() -> None:
    """Small with few rows, larger with many."""
    few, many = (_by_key(_asked(rows=rows))["lora"].reasons for rows in (50, 200_000))
    assert any("small rank" in one.text for one in few)
    assert any("larger rank" in one.text for one in many)


# What was measured


@pytest.mark.parametrize(
    ("known", "method"),
    [
        ({"rows": 50}, "prefix_tuning"),
        ({"goal": "explore"}, "prompt_tuning"),
        ({"rows": 5_000}, "p_tuning"),
        ({"task": "seq_cls"}, "prompt_tuning"),
        ({"task": "seq_cls"}, "p_tuning"),
        ({"task": "seq_cls"}, "boft"),
        ({"goal": "tasks"}, "boft"),
        ({"goal": "memory"}, "ia3"),
        ({"goal": "accuracy"}, "adalora"),
    ],
)
def test_evidence_outweighs_the_documents(known: dict[str, object], method: str) -> None:
    """Both are said, and the method comes after LoRA and after what it would get without."""
    found = _by_key(_asked(**known))
    one = found[method]
    documents = (_PANORAMA, _OTHERS, _TRANSFORMERS)
    advised = sum(r.weight for r in one.reasons if r.source.startswith(documents))
    against = [r for r in one.doubts if r.source == "PEFT method comparison, 2026"]
    assert advised > 0
    assert sum(r.weight for r in against) <= -advised
    assert one.score < found["lora"].score


def test_slow_methods_are_told_by_how_much() -> None:
    """BOFT took more than eight times as long."""
    told = [tr(one.text, **one.values) for one in _by_key(_asked())["boft"].doubts]
    assert "Took 8.4 times as long as LoRA in PEFT's benchmark" in told


def test_the_rank_that_a_text_names_is_in_the_evidence() -> None:
    """LoRA with rank 64 had 47 % right."""
    run = next(one for one in evidence.of("lora") if one.config["r"] == 64)
    assert f"{run.accuracy:.0%}" == "47%"
    assert evidence.of("rslora")[0].config["r"] == 64


# The order


@pytest.mark.parametrize("task", ["", "causal_lm", "seq2seq_lm", "seq_cls", "image_cls"])
@pytest.mark.parametrize("rows", [0, 50, 5_000, 50_000])
def test_in_doubt_lora_comes_first_and_rslora_near(task: str, rows: int) -> None:
    """Where all fits and nothing is asked for."""
    found = _ranked(task=task, rows=rows, parameters=3 * 10**9)
    assert found[0] == "lora"
    assert "rslora" in found[:3]
    assert found.index("qlora") < 5


def test_what_nobody_speaks_for_is_never_above_lora() -> None:
    """Neither advised nor measured: the family decides, and says so."""
    found = _by_key(_asked())
    silent = [
        one
        for one in found.values()
        if not evidence.of(one.method.key) and not any(r.source for r in one.reasons)
    ]
    assert len(silent) > 10
    for one in silent:
        texts = {entry["text"] for entry in book().families.values()}
        assert any(reason.text in texts for reason in _told(one)), one.method.key
        assert one.score < found["lora"].score


@pytest.mark.parametrize("goal", _GOALS)
def test_score_is_the_sum_of_what_is_said(goal: str) -> None:
    """And the order is that of the scores, so that every place can be explained."""
    found = advise(_asked(goal=goal, needs={"lora": 9, "full": 40}, four_bit=False))
    assert len(found) == len(methods())
    for one in found:
        assert one.score == pytest.approx(sum(reason.weight for reason in _told(one)))
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)


def test_each_goal_has_its_first_choices() -> None:
    """What a person with this aim sees first."""
    first = {goal: _ranked(goal=goal, parameters=3 * 10**9)[:3] for goal in _GOALS}
    assert first["general"] == ["lora", "rslora", "qlora"]
    assert first["newcomer"][:2] == ["lora", "qlora"]
    assert first["accuracy"][0] == "rslora"
    assert first["memory"][0] == "qlora"
    assert set(first["keep"]) >= {"lora", "oft"}
    assert first["tasks"][0] == "adapter_pfeiffer"
    assert first["code"][0] == "lora" and "dora" in first["code"]
    assert first["pictures"][0] == "oft"


# This machine


def test_what_does_not_fit_comes_last() -> None:
    """97 % is the end."""
    needs = {"lora": 9.8, "full": 40, "qlora": 9.6}
    found = advise(_asked(needs=needs))
    assert [one.method.key for one in found][-3:] == ["qlora", "lora", "full"]
    assert {one.method.key for one in found if not one.fits} == {"lora", "full"}


def test_room_to_spare_comes_before_a_tight_fit() -> None:
    """Where LoRA takes 85 % of the card, another is the safer one."""
    needs = {"lora": 8.5, "rslora": 8.5}
    assert _ranked(needs=needs)[0] == "qlora"
    assert _ranked(needs={"lora": 7.9})[0] == "lora"


def test_memory_is_said_first() -> None:
    """In figures, for or against."""
    first = _by_key(_asked(needs={"lora": 2.5}))["lora"].reasons[0]
    assert tr(first.text, **first.values) == "2.5 GB, 25% of the memory"
    tight = _by_key(_asked(needs={"lora": 9}))["lora"].doubts[0]
    assert (tr(tight.text, **tight.values), tight.kind) == ("9.0 GB, tight", "warn")
    full = _by_key(_asked(needs={"lora": 12}))["lora"].doubts[0]
    assert (tr(full.text, **full.values), full.kind) == ("12.0 GB, more than there is", "bad")


def test_without_bitsandbytes() -> None:
    """What needs it does not fit, and says so; held in 16-bit by the recipe it does."""
    found = _by_key(_asked(four_bit=False))
    assert not found["qlora"].fits
    assert found["qlora"].doubts[0].kind == "bad"
    assert found["lora"].fits
    assert not _by_key(_asked(four_bit=False, bits="nf4"))["lora"].fits
    assert _by_key(_asked(four_bit=False, bits="none"))["qlora"].fits


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put a table of capabilities in which OFT cannot sort, and merges nothing else."""
    trains = {"passed": ["builds", "learns", "saves", "reloads"], "stops": {}}
    stops = {"passed": ["builds"], "stops": {"learns": ["loss", "it did not"]}}
    merges = {**trains, "passed": [*trains["passed"], "merges"]}
    cells = {
        "oft": {"seq_cls": {"none": {"bert": stops}}},
        "lora": {"seq_cls": {"none": {"bert": merges}}},
        "lily": {"seq_cls": {"none": {"bert": trains}}},
    }
    text = json.dumps({"peft": "0", "cells": cells})
    (tmp_path / "capabilities.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(capabilities, "PRESETS", tmp_path)
    capabilities._table.cache_clear()
    yield
    capabilities._table.cache_clear()


@pytest.mark.usefixtures("measured")
def test_what_cannot_do_the_task_is_last_with_the_reason() -> None:
    """Behind what does not fit; whoever else is asked is not touched."""
    found = advise(_asked(task="seq_cls", family="bert", needs={"full": 40}))
    assert [one.method.key for one in found][-2:] == ["full", "oft"]
    assert not found[-1].fits
    assert tr(found[-1].doubts[0].text) == "The loss did not fall."
    assert _by_key(_asked(task="causal_lm"))["oft"].fits


@pytest.mark.usefixtures("measured")
def test_merging_is_said_where_it_was_tried() -> None:
    """For, against, or nothing."""
    found = _by_key(_asked(task="seq_cls", family="bert"))
    said = {key: [one.text for one in _told(found[key])] for key in ("lora", "lily", "rslora")}
    assert "Merges into 16-bit" in said["lora"]
    assert "Cannot be merged" in said["lily"]
    assert not {"Merges into 16-bit", "Cannot be merged"} & set(said["rslora"])


# The words


@pytest.mark.parametrize("chinese", [False, True])
def test_reasons_can_be_read(chinese: bool) -> None:
    """Each fills in, says good, warn or bad, and is said once."""
    use_language("zh_CN" if chinese else "en")
    for goal in _GOALS:
        for task in ("causal_lm", "image_cls"):
            for rows in (10, 200_000):
                for one in advise(_asked(goal=goal, task=task, rows=rows, on_card=True)):
                    _check_words(one)


def _check_words(one: Advice) -> None:
    """Hold what is said of a method to what can be shown."""
    texts = [tr(reason.text, **reason.values) for reason in _told(one)]
    assert texts and all(texts) and not any("{" in text for text in texts)
    assert len(set(texts)) == len(texts), (one.method.key, texts)
    assert {reason.kind for reason in one.reasons} <= {"good"}
    assert {reason.kind for reason in one.doubts} <= {"warn", "bad"}


def test_the_language_changes_while_the_program_runs() -> None:
    """Nothing is kept in the one that was spoken before."""
    before = _by_key(_asked())["lora"].reasons
    use_language("zh_CN")
    after = _by_key(_asked())["lora"].reasons
    assert "大多数微调任务的最佳起点" in [one.text for one in after]
    assert "The best first choice for most fine-tuning" in [one.text for one in before]
