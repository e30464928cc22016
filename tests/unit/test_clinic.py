"""The clinic's settings: what is right loads, and what is wrong is named with its key and its remedy."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.clinic import LOCALE_KEYS, Clinic, load_locale
from bot.knowledge import KnowledgeError, read_yaml

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
TREE: dict[str, Any] = read_yaml(KNOWLEDGE / "clinic.yml")
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    tree = copy.deepcopy(TREE)
    change(tree)
    return tree


def test_the_example_clinic_loads_with_its_tree() -> None:
    clinic = Clinic.load(KNOWLEDGE)
    assert clinic.tree == TREE
    assert clinic.zone.key == "America/New_York"
    assert [service.id for service in clinic.offered()] == ["nmt_60", "nmt_90", "gentle_60"]
    assert [therapist.id for therapist in clinic.therapists_for("nmt_90", prenatal=True)] == ["anna"]


WRONG: dict[str, tuple[Change, str, str]] = {
    "unknown key": (lambda t: t["clinic"].update(phnoe="1"), "clinic.phnoe", "not a key"),
    "missing key": (lambda t: t["payment"].pop("deposit"), "payment.deposit", "missing"),
    "phone": (lambda t: t["clinic"].update(phone="12"), "clinic", "called"),
    "phone in words": (lambda t: t["clinic"].update(phone="ask us"), "clinic", "called"),
    "e-mail": (lambda t: t["clinic"].update(email="hello@"), "clinic.email", "e-mail"),
    "map": (lambda t: t["clinic"].update(map_url="http://x.example"), "clinic.map_url", "https"),
    "empty text": (lambda t: t["clinic"].update(parking=" "), "clinic.parking", "empty"),
    "zone": (lambda t: t["clinic"].update(timezone="Mars/Olympus"), "clinic.timezone", "time zone"),
    "country": (lambda t: t["clinic"].update(country="ZZ"), "clinic.country", "country"),
    "unknown service": (lambda t: t["therapists"][0].update(services=["x"]), "", "'x', which is not a service"),
    "service twice": (lambda t: t["services"].append(t["services"][0]), "", "'nmt_60' twice"),
    "therapist twice": (lambda t: t["therapists"].append(t["therapists"][1]), "", "'ben' twice"),
    "length": (lambda t: t["services"][1].update(duration_min=0), "services.nmt_90.duration_min", "greater"),
    "union": (lambda t: t["policies"]["cancellation"].update(fee=[]), "policies.cancellation.fee", "not valid"),
    "clock": (lambda t: t["hours"][0].update({"from": "25:00"}), "hours.1.from", "time of day"),
    "clock as number": (lambda t: t["hours"][0].update({"from": 9}), "hours.1.from", "time of day"),
    "hours reversed": (lambda t: t["hours"][1].update({"to": "13:00"}), "hours.2", "before it opens"),
    "hours overlap": (lambda t: t["hours"][1].update({"from": "12:00"}), "", "monday overlap"),
    "closed day": (lambda t: t["holidays"].update(closed=["soon"]), "holidays.closed.1", "date"),
    "stranger away": (
        lambda t: t.update(time_off=[{"therapist": "zoe", "from": "2026-12-01T09:00", "to": "2026-12-02T09:00"}]),
        "",
        "'zoe'",
    ),
    "time off with a zone": (
        lambda t: t.update(time_off=[{"therapist": "ben", "from": "2026-12-01T09:00Z", "to": "2026-12-02T09:00"}]),
        "time_off.1.from",
        "zone",
    ),
    "time off reversed": (
        lambda t: t.update(time_off=[{"therapist": "ben", "from": "2026-12-03T09:00", "to": "2026-12-02T09:00"}]),
        "time_off.1",
        "before it starts",
    ),
    "horizon": (lambda t: t["booking"].update(horizon_days=0), "booking.horizon_days", "greater"),
    "no services": (lambda t: t.update(services=[]), "services", "at least 1"),
    "list instead of keys": (lambda t: t.update(booking=[]), "booking", "not valid"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_is_named(case: str) -> None:
    change, key, reason = WRONG[case]
    with pytest.raises(KnowledgeError) as caught:
        Clinic.of(changed(change), "knowledge/clinic.yml")
    error = caught.value
    assert error.file == "knowledge/clinic.yml"
    assert error.key == key
    assert reason in error.reason
    assert error.remedy
    assert "pydantic" not in str(error)


def test_a_file_without_keys_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="no keys"):
        Clinic.of(["clinic"])


def test_what_is_switched_off_is_not_offered() -> None:
    clinic = Clinic.of(changed(lambda t: t["therapists"][0].update(active=False)))
    assert [service.id for service in clinic.offered()] == ["nmt_60", "nmt_90"]
    assert not clinic.offered(prenatal=True)
    assert clinic.therapist("anna") is not None  # bookings of the past still name her


def test_closures_are_the_public_holidays_and_the_listed_days() -> None:
    christmas, eve, thursday = (datetime.date(2026, 12, day) for day in (25, 24, 10))
    clinic = Clinic.of(changed(lambda t: t["holidays"].update(closed=[eve])))
    assert clinic.closure(christmas)
    assert clinic.closure(eve)
    assert not clinic.closure(thursday)
    assert not clinic.hours_on(christmas)
    assert not Clinic.of(changed(lambda t: t["holidays"].update(public=False))).closure(christmas)


def test_hours_of_a_day_come_in_order() -> None:
    clinic = Clinic.of(changed(lambda t: t["hours"].reverse()))
    monday = clinic.hours_on(datetime.date(2026, 11, 23))
    assert [hours.opens for hours in monday] == [datetime.time(9), datetime.time(13, 30)]


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "unknown"])
def test_a_locale_has_its_numbers(locale: str) -> None:
    row = load_locale(KNOWLEDGE, locale)
    assert all(row[key] for key in LOCALE_KEYS)


def test_an_unknown_locale_is_refused() -> None:
    with pytest.raises(KnowledgeError, match=r"use one of: .*en-US"):
        load_locale(KNOWLEDGE, "en-XX")


@pytest.mark.parametrize("key", LOCALE_KEYS)
def test_a_locale_with_a_gap_is_refused(key: str, tmp_path: Path) -> None:
    row = load_locale(KNOWLEDGE, "en-US") | {key: None}
    (tmp_path / "locales.yml").write_text(yaml.safe_dump({"en-US": row}), encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        load_locale(tmp_path, "en-US")
    assert caught.value.key == f"en-US.{key}"
