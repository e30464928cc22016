"""The cards of the simulated clients: well formed, complete, and in agreement with the tiers of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.safety.personas_report import CARDS, NEVER_SAID, judge
from evaluation.safety.report import Floor
from evaluation.safety.simulator import MATRIX, OUTCOMES, Card, CardError, Seen, item_of, load_cards

ROOT = Path(__file__).resolve().parents[2]
TIERS = list(OUTCOMES)
CARDS_READ = load_cards(CARDS)
ROWS: dict[str, Any] = {
    row["id"]: row for row in yaml.safe_load((ROOT / "knowledge" / "conditions.yml").read_text(encoding="utf-8"))
}
BESIDE_THE_ROWS = {"answers_by_another_person", "unknown_medicine"}


def test_there_are_enough_different_cards() -> None:
    assert len(CARDS_READ) >= 80
    assert len({card.id for card in CARDS_READ}) == len(CARDS_READ)
    assert all(card.who for card in CARDS_READ)
    assert {card.expect.tier for card in CARDS_READ} == set(TIERS)
    assert sum(card.text_only for card in CARDS_READ) >= 5


def test_every_row_is_the_reason_of_a_card() -> None:
    decisive = {row for card in CARDS_READ for row, tier in card.expect.rows.items() if tier == card.expect.tier}
    assert decisive - BESIDE_THE_ROWS == set(ROWS)


def test_the_coverage_matrix_names_rows_and_lines_that_exist() -> None:
    lists = yaml.safe_load((ROOT / "knowledge" / "questions.yml").read_text(encoding="utf-8"))
    asked = {item["id"]: set(item["rows"]) for step in lists for item in step["items"]}
    assert {item: set(rows) for item, rows in MATRIX.items()} == asked


@pytest.mark.parametrize("card", CARDS_READ, ids=lambda card: card.id)
def test_a_card_can_be_acted_out(card: Card) -> None:
    expect = card.expect
    assert expect.tier in TIERS
    assert set(expect.rows.values()) <= set(TIERS) - {"NONE"}
    assert set(card.has.values()) <= {"yes", "unsure"}
    assert {*expect.rows, *expect.may} - BESIDE_THE_ROWS <= set(ROWS)
    assert {*card.has, *card.follow, *card.mimic} <= set(ROWS)
    for row in card.has:
        assert row in MATRIX[item_of(row)]
    for item, chosen in card.which.items():
        assert item in card.items
        assert set(chosen) <= {*MATRIX[item], "something else", "not sure"}
    if expect.tier == "EMERGENCY":
        assert expect.care in {"ambulance", "same_day", "crisis"} or expect.combined == "EMERGENCY"
    else:
        assert expect.care is None
    gravest = max((*expect.rows.values(), expect.combined or "NONE"), key=TIERS.index)
    assert TIERS.index(gravest) <= TIERS.index(expect.tier), "the highest tier wins (guide 2.1, 1)"
    if not expect.may:
        assert gravest == expect.tier


@pytest.mark.parametrize("card", CARDS_READ, ids=lambda card: card.id)
def test_the_tiers_of_a_card_follow_from_its_answers(card: Card) -> None:
    for row, expected in card.expect.rows.items():
        answers = card.follow.get(row, ())
        read = _tier_of(ROWS[row], answers) if row in ROWS and answers else None
        if read is not None:
            assert expected == read, f"{row} answered {answers}"


def _tier_of(row: Mapping[str, Any], answers: tuple[str, ...]) -> str | None:
    """Guide 2.1, rules 2 and 3, over plain choices; None where a reply is in free words and cannot be looked up."""
    found = []
    open_questions = list(row["follow_up"])
    for reply in answers:
        if not open_questions:
            return None
        question = open_questions.pop(0)
        choices = {str(choice["answer"]).lower(): choice for choice in question["answers"]}
        choice = choices.get(reply.lower().rpartition(" || ")[2])
        if choice is None:
            if reply != "not sure":
                return None
            emergency = any(one["tier"] == "EMERGENCY" for one in question["answers"])
            if row["base_tier"] == "EMERGENCY":
                return "EMERGENCY"
            found.append("STOP" if emergency else str(row["unclear_tier"]))
            continue
        if choice["tier"] == "NEXT":
            continue
        found.append(str(choice.get("letter", choice["tier"])))
        break
    return max(found, key=TIERS.index) if found else None


def test_a_card_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cards.yml"
    path.write_text("- {id: x, who: y, expects: {tier: NONE}}", encoding="utf-8")
    with pytest.raises(CardError):
        load_cards(path)


def test_what_differs_from_a_card_is_named() -> None:
    card = next(card for card in CARDS_READ if card.id == "pressure_treated")
    right = Seen("CAUTION", "request", "slot", rows={"hypertension": "CAUTION"})
    assert judge(card, right).wrong == ()
    wrong = Seen("NONE", "request", "slot", rows={"diabetes": "CAUTION"}, transcript=["bot: You are safe to come."])
    assert judge(card, wrong).wrong == (
        "tier NONE, expected CAUTION",
        "row hypertension not found, expected CAUTION",
        "row diabetes CAUTION, not expected",
        "said 'You are safe'",
    )


def test_a_clearance_is_noticed_and_its_denial_is_not() -> None:
    assert NEVER_SAID.search("Good news: you're fine for massage")
    assert NEVER_SAID.search("I can't say that you are safe") is not None  # nothing is said about safety, either way
    assert NEVER_SAID.search("Nothing you told me stops a booking request.") is None


def test_a_floor_without_data_is_not_met() -> None:
    assert not Floor("x", 0, 0, 0.99).met
    assert Floor("x", 99, 100, 0.99).met
    assert not Floor("x", 6, 100, 0.05, at_most=True).met
