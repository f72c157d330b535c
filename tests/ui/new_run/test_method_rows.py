"""The gallery's rows: search and filters narrow rightly, in every combination that there is."""

from dataclasses import replace
from pathlib import Path

import pytest

from studio.methods.catalogue import FAMILIES, methods
from studio.ui.new_run.method_facts import Needs, entries
from studio.ui.new_run.method_rows import Entry, MethodRows, Query
from studio.ui.widgets.tablemodel import KEY_ROLE
from tests.helpers.facts import LLAMA_3B, with_card
from tests.helpers.tiny import chat_rows
from tests.helpers.wizard import draft_of


@pytest.fixture
def found(qapp: object, tmp_path: Path) -> list[Entry]:
    """Return every method for a 3B model on a card of 12 GB."""
    draft = draft_of(None, chat_rows(tmp_path / "rows.jsonl", 30))
    draft.model, draft.recipe.model.source = LLAMA_3B, LLAMA_3B.source
    machine, use = with_card(12)
    return entries(draft, machine, Needs().of(draft, machine, use), ["dora", "lora"])


def test_what_the_chips_keep_was_seen_in_the_family_of_the_model(found: list[Entry]) -> None:
    """BEFT and BitFit merge in Qwen2, whose layers have biases, and not in a Llama."""
    merges, four_bit = keys(found, merges=True), keys(found, four_bit=True)
    assert "lora" in merges and not {"beft", "bitfit"} & set(merges)
    assert {"lora", "qlora"} <= set(four_bit) and "bitfit" not in four_bit


def keys(found: list[Entry], **asked: object) -> list[str]:
    """Return the keys that a query leaves."""
    rows = MethodRows()
    rows.set_entries(found)
    rows.set_query(Query(**asked))  # type: ignore[arg-type]
    return rows.keys()


def test_what_the_guide_ranks_stands_first_and_what_cannot_be_last(found: list[Entry]) -> None:
    assert [one.key for one in found][:2] == ["dora", "lora"]
    dims = [one.dim for one in found]
    assert dims == sorted(dims) and dims[-1]


def test_a_search_hits_names_families_and_what_the_documents_say(found: list[Entry]) -> None:
    assert "prefix_tuning" in keys(found, text="PREFIX")
    assert keys(found, text="LoRA family") and keys(found, text="前缀")
    documents = methods()["miss"].texts["documents"]
    assert "miss" in keys(found, text=documents.split()[-1].strip("."))
    assert keys(found, text="nothing like this") == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_leaves_its_own(found: list[Entry], family: str) -> None:
    assert {methods()[key].family for key in keys(found, family=family)} == {family}


def test_each_filter_narrows_and_all_of_them_together(found: list[Entry]) -> None:
    by_key = {one.key: one for one in found}
    assert "full" not in keys(found, fits=True) and "lora" in keys(found, fits=True)
    assert all(by_key[key].score is not None for key in keys(found, measured=True))
    assert all(by_key[key].merges for key in keys(found, merges=True))
    assert "qlora" in keys(found, four_bit=True)
    both = keys(found, fits=True, measured=True)
    assert set(both) == set(keys(found, fits=True)) & set(keys(found, measured=True))


def test_rows_that_stay_keep_the_view_where_it_is(found: list[Entry]) -> None:
    rows, resets = MethodRows(), []
    rows.set_entries(found)
    rows.modelReset.connect(lambda: resets.append(1))
    rows.set_entries([replace(one, chosen=one.key == "qlora") for one in found])
    assert resets == []
    rows.set_query(Query(text="qlora"))
    assert resets == [1] and rows.index(0, 0).data(KEY_ROLE) == "qlora"  # its name is hit
