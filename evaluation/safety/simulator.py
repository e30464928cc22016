"""A simulated client: answers the pre-screen from a card, over the chat API alone, and then tries to book.

It knows what a client can see: the texts, lists, choices and `meta` of the replies. Where a row is asked comes from
the guide's coverage matrix (4.4), written here independently of the service's own question file.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import yaml

type Json = dict[str, Any]

# Guide 4.4: which rows each line of the four lists covers.
MATRIX: Mapping[str, tuple[str, ...]] = {
    "T2.1": ("chest_pain", "breathing_difficulty"),
    "T2.2": ("stroke_signs",),
    "T2.3": ("thunderclap_headache", "cervical_artery_dissection"),
    "T2.4": ("cauda_equina",),
    "T2.5": ("dvt_pe_signs", "blood_clot_current"),
    "T2.6": ("rhabdomyolysis_signs", "fever_infection"),
    "T2.7": ("suspected_fracture", "torn_muscle_tendon", "head_neck_trauma"),
    "T2.8": ("pregnancy_danger_signs", "pregnancy"),
    "T3.1": ("blood_clot_current", "blood_clot_past"),
    "T3.2": ("anticoagulants", "antiplatelets"),
    "T3.3": ("bleeding_disorder",),
    "T3.4": ("heart_disease", "pacemaker_icd", "aneurysm"),
    "T3.5": ("hypertension",),
    "T3.6": ("stroke_tia_history",),
    "T3.7": ("dvt_pe_signs", "varicose_veins", "lymphedema_nodes"),
    "T4.1": ("recent_surgery",),
    "T4.2": ("suspected_fracture", "torn_muscle_tendon", "acute_injury", "head_neck_trauma"),
    "T4.3": ("contagious_skin", "open_wounds_burns"),
    "T4.4": ("recent_injections",),
    "T4.5": ("nerve_symptoms",),
    "T4.6": ("night_pain_weight_loss",),
    "T4.7": ("undiagnosed_or_advised_against",),
    "T5.1": ("pregnancy",),
    "T5.2": ("lymphedema_nodes", "cancer_active", "cancer_history", "night_pain_weight_loss"),
    "T5.3": ("osteoporosis", "longterm_steroids", "hypermobility_ctd"),
    "T5.4": ("inflammatory_arthritis",),
    "T5.5": ("diabetes", "kidney_liver"),
    "T5.6": ("epilepsy",),
    "T5.7": ("pacemaker_icd", "implants_hardware"),
    "T5.8": ("pain_sensitivity",),
}
# Rows of several lines that a client would tick at the line made for them rather than at the first.
OWN_LINE = {"blood_clot_current": "T3.1", "pregnancy": "T5.1", "lymphedema_nodes": "T5.2"}
# Guide 2.1: what a tier lets a client do.
OUTCOMES = {
    "NONE": "request",
    "CAUTION": "request",
    "CLEARANCE": "provisional",
    "STOP": "no_booking",
    "EMERGENCY": "emergency",
}
BOOKINGS = {"NONE": "slot", "CAUTION": "slot", "CLEARANCE": "provisional", "STOP": "none", "EMERGENCY": "none"}
CARD_KEYS = frozenset({
    "id", "who", "opens", "says", "before", "has", "items", "which", "other", "follow", "mimic", "reason", "extra",
    "consent", "then_consent", "after", "again", "expect",
})  # fmt: skip
EXPECT_KEYS = frozenset({"tier", "outcome", "care", "rows", "may", "combined", "complex", "booking"})
_AS_WRITTEN = ("opens", "has", "items", "other", "mimic", "reason", "again", "consent", "then_consent")
MOST_TURNS = 70


class CardError(Exception):
    """A card that cannot be acted out: the file is wrong, not the service."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of a card."""

    tier: str
    outcome: str
    booking: str
    rows: Mapping[str, str]
    may: frozenset[str] = frozenset()
    care: str | None = None
    combined: str | None = None
    complex_case: bool | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One simulated client."""

    id: str
    who: str
    expect: Expected
    opens: str = "I'd like to do the health questions"
    text_only: bool = False
    before: tuple[str, ...] = ()
    has: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    which: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)
    follow: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mimic: Mapping[str, str] = field(default_factory=dict)
    reason: str = "I would like to relax"
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    consent: str = "agree"
    then_consent: str = "agree"
    after: tuple[str, ...] = ()
    again: Mapping[str, Any] | None = None

    def answers(self, has: Mapping[str, str]) -> dict[str, str]:
        """The lines that are not answered with no."""
        marked = {item_of(row): value for row, value in has.items()}
        return {**marked, **self.items}


@dataclass(slots=True)
class Seen:
    """What came of a card."""

    tier: str = "?"
    outcome: str = "?"
    booking: str = "?"
    care: str | None = None
    rows: dict[str, str] = field(default_factory=dict)
    combined: str | None = None
    complex_case: bool = False
    ruleset: str = ""
    asked_again: int = 0
    faults: list[str] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)


def item_of(row: str) -> str:
    """The line at which a client ticks a row."""
    found = OWN_LINE.get(row) or next((item for item, rows in MATRIX.items() if row in rows), None)
    if found is None:
        raise CardError(f"{row} is on no line of the lists")
    return found


def load_cards(path: Path) -> list[Card]:
    """The cards, with the defaults that the head of the file explains.

    Raises:
        CardError: a card has an unknown key or lacks one.
    """
    return [_card(entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _card(entry: Mapping[str, Any]) -> Card:
    unknown = set(entry) - CARD_KEYS | set(entry.get("expect", {})) - EXPECT_KEYS
    if unknown or "id" not in entry or "tier" not in entry.get("expect", {}):
        raise CardError(f"{entry.get('id')}: unknown or missing: {sorted(unknown) or 'id, expect.tier'}")
    expect = entry["expect"]
    tier = str(expect["tier"])
    plain: dict[str, Any] = {key: entry[key] for key in _AS_WRITTEN if key in entry}
    return Card(
        id=str(entry["id"]),
        who=str(entry.get("who", "")),
        text_only=entry.get("says") == "text",
        before=tuple(entry.get("before", ())),
        after=tuple(entry.get("after", ())),
        expect=Expected(
            tier,
            str(expect.get("outcome", OUTCOMES[tier])),
            str(expect.get("booking", BOOKINGS[tier])),
            dict(expect.get("rows", {})),
            frozenset(expect.get("may", ())),
            expect.get("care"),
            expect.get("combined"),
            expect.get("complex"),
        ),
        which=_tuples(entry.get("which")),
        follow=_tuples(entry.get("follow")),
        extra=_tuples(entry.get("extra")),
        **plain,
    )


def _tuples(values: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    return {key: tuple(value) for key, value in (values or {}).items()}


class Simulator:
    """Acts cards out against one running service."""

    def __init__(self, url: str, staff: httpx.Client, labels: Mapping[str, str]) -> None:
        """`labels` are the words under which a row is offered in "Which of these?"."""
        self._url = url
        self._staff = staff
        self._labels = labels

    def run(self, card: Card) -> Seen:
        """One client from the greeting to the attempt to book."""
        with httpx.Client(base_url=f"{self._url}/api/v1", trust_env=False, timeout=60) as http:
            visit = _Visit(http, card, self._labels)
            visit.live()
            seen = visit.seen
            self._ask_staff(visit, seen)
        return seen

    def _ask_staff(self, visit: _Visit, seen: Seen) -> None:
        """The tier and its reasons, as staff read them."""
        answer = self._staff.get("/screenings", params={"conversation_id": visit.conversation})
        answer.raise_for_status()
        found: list[Json] = answer.json()["screenings"]
        held = visit.emergency
        if not found or visit.unfinished:
            # An emergency in free words ends the questions before there is a result; staff get the incident.
            if held is None:
                seen.tier = "none recorded"
                return
            seen.tier, seen.outcome, seen.care = "EMERGENCY", "emergency", str(held["care"])
            seen.rows = {str(held["condition"]): "EMERGENCY"}
            return
        latest = max(found, key=lambda one: str(one["finished_at"]))
        seen.tier, seen.care = str(latest["tier"]), latest.get("care")
        seen.ruleset = str(latest["ruleset_version"])
        seen.complex_case = bool(latest.get("complex_case"))
        order = list(OUTCOMES)
        for finding in latest["findings"]:
            name, tier = str(finding["condition"]), str(finding["tier"])
            if ":" in name:  # several facts together, or a sign asked about because of the reason for the visit
                seen.combined = max(seen.combined or "NONE", tier, key=order.index)
            else:
                seen.rows[name] = max(seen.rows.get(name, "NONE"), tier, key=order.index)


class _Visit:
    """One conversation."""

    def __init__(self, http: httpx.Client, card: Card, labels: Mapping[str, str]) -> None:
        self._http = http
        self._card = card
        self._labels = labels
        self._given: Counter[str] = Counter()
        self._again: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._consents = 0
        self._extras = {key: list(texts) for key, texts in card.extra.items()}
        self._has = dict(card.has)
        self._changed = "no"
        self._result: Json | None = None
        self._replies: list[Json] = []
        self.seen = Seen()
        self.emergency: Json | None = None
        made = http.post("/conversations", json={})
        made.raise_for_status()
        data = made.json()
        http.headers["Authorization"] = f"Bearer {data['token']}"
        self.conversation = str(data["id"])

    @property
    def unfinished(self) -> bool:
        """True when an emergency came after the last result, or there is no result at all."""
        return self._result is None

    def live(self) -> None:
        """The whole visit."""
        card = self._card
        for text in card.before:
            self._say(text)
            self._settle()
        if self.emergency is None:
            self._say(card.opens)
            self._questions()
        if card.again is not None and self.emergency is None:
            self._come_back(card.again)
        for text in card.after:
            self._say(text)
            self._questions()
        if self._result is not None:
            self.seen.outcome = str(self._result["outcome"])
        self._book()

    def _come_back(self, again: Mapping[str, Any]) -> None:
        self._has, self._changed = dict(again.get("has", {})), str(again["changed"])
        self._say("start the health questions")
        self._press_last(1)  # "Start again" beside "Book": the result still counts, the client wants a new one
        self._result = None
        self._questions()

    # ------------------------------------------------------------ talking

    def _post(self, shown: str, **body: Any) -> None:
        self.seen.transcript.append(f"client: {shown}")
        if len(self.seen.transcript) > 2 * MOST_TURNS:
            raise RuntimeError(f"{self._card.id}: no end after {MOST_TURNS} turns")
        sent = {"client_message_id": str(uuid.uuid4()), **body}
        answer = self._http.post(f"/conversations/{self.conversation}/messages", json=sent)
        answer.raise_for_status()
        self._replies = answer.json()["replies"]
        for reply in self._replies:
            self.seen.transcript.append(f"bot: {reply['text']}")
            meta = reply["meta"]
            if "result" in meta:
                self._result = meta["result"]
            if "emergency" in meta and not meta["emergency"]["asking"]:
                if self.emergency is None and "result" not in meta:
                    self._result = None  # what was decided before no longer says what counts
                self.emergency = self.emergency or meta["emergency"]

    def _say(self, text: str) -> None:
        self._post(text, text=text)

    def _press(self, reply: Json, number: int) -> None:
        button = reply["buttons"][number]
        self._post(f"[{button['title']}]", payload=button["payload"])

    def _press_last(self, number: int) -> None:
        self._press(self._replies[-1], number)

    def _choose(self, reply: Json, words: str) -> None:
        """Press the button with these words; type them where there is none."""
        titles = [button["title"].lower() for button in reply["buttons"]]
        if not self._card.text_only and words.lower() in titles:
            self._press(reply, titles.index(words.lower()))
        else:
            self._say(words)

    # ------------------------------------------------------------ the questions

    def _questions(self) -> None:
        """Answer until nothing is asked any more."""
        for _ in range(MOST_TURNS):
            if self.emergency is not None:
                return
            reply = self._open_question()
            if reply is None:
                return
            before = len(self.seen.faults)
            self._answer(reply)
            if len(self.seen.faults) > before + 1:
                return
        self.seen.faults.append("the questions came to no end")

    def _settle(self) -> None:
        """Answer what a message brought up by itself, before the health questions were opened."""
        for _ in range(4):
            reply = self._replies[-1] if self._replies else None
            asked = reply["meta"].get("emergency") if reply else None
            if reply is None or self.emergency is not None or not asked or not reply["buttons"]:
                return
            self._follow_up(reply, str(asked["condition"]))

    def _open_question(self) -> Json | None:
        for reply in reversed(self._replies):
            meta = reply["meta"]
            asked = meta.get("emergency", {}).get("asking") and reply["buttons"]
            if "screening" in meta or asked:
                return reply
        return None

    def _answer(self, reply: Json) -> None:
        screening = reply["meta"].get("screening")
        if screening is None:
            self._follow_up(reply, str(reply["meta"]["emergency"]["condition"]))
            return
        step, follow_up = str(screening["step"]), screening["follow_up"]
        name = f"{follow_up['condition']}/{follow_up['number']}" if follow_up and follow_up["condition"] else step
        if self._extras.get(name):
            self._say(self._extras[name].pop(0))
            if self._open_question() is None and self.emergency is None and self._result is None:
                self._say("go on with the health questions")
            return
        if follow_up is not None:
            self._one_of(reply, follow_up)
        elif step == "T1":
            self._first_step(reply)
        elif step == "summary":
            self._say("yes") if self._card.text_only else self._press(reply, 0)
        elif reply["checklist"] is not None:
            self._list(reply)
        else:
            self._say(self._card.reason)

    def _first_step(self, reply: Json) -> None:
        if len(reply["buttons"]) == 3 and reply["buttons"][0]["title"].lower() == "yes":
            self._choose(reply, self._changed)
            return
        consent = self._card.then_consent if self._consents else self._card.consent
        self._consents += 1
        if self._card.text_only:
            self._say({"agree": "I agree, I'm over 18", "minor": "it's for someone under 18"}[consent])
        else:
            self._press(reply, ("agree", "minor", "decline").index(consent))

    def _list(self, reply: Json) -> None:
        shown = [str(item["id"]) for item in reply["checklist"]["items"]]
        marked = self._card.answers(self._has)
        here = {item: value for item, value in marked.items() if item in shown}
        if not self._card.text_only:
            self._post(
                f"{reply['checklist']['id']}: {here or 'no to all'}",
                answers={item: here.get(item, "no") for item in shown},
            )
        elif reply["meta"]["kind"] == "confirm":
            self._say("yes")
        elif not here:
            self._say("none")
        else:
            numbers = [f"{'not sure about ' * (value == 'unsure')}{shown.index(i) + 1}" for i, value in here.items()]
            self._say(", ".join(numbers))

    def _one_of(self, reply: Json, follow_up: Json) -> None:
        condition, item = follow_up["condition"], follow_up["item"]
        if condition is not None:
            if follow_up["number"] == 0:
                self._choose(reply, self._card.mimic.get(condition, "no"))
            else:
                self._follow_up(reply, str(condition))
        elif follow_up["multiple"]:
            self._which(reply, str(item), [str(choice) for choice in follow_up["choices"]])
        elif item in self._card.other:
            self._say(self._card.other[item])
        else:
            self._nothing_on_card(f"asked for other words at {item}")

    def _which(self, reply: Json, item: str, choices: list[str]) -> None:
        rows = self._card.which.get(item) or tuple(r for r in self._has if r in MATRIX[item] and item_of(r) == item)
        words = [self._labels.get(row, row) for row in rows]
        missing = [word for word in words if word not in choices]
        if missing or not words:
            self._nothing_on_card(f"{item} offers {choices}, the card has {words}")
        elif self._card.text_only:
            self._say(", ".join(str(choices.index(word) + 1) for word in words))
        elif len(words) > 1:
            self._say(", ".join(words))
        else:
            self._choose(reply, words[0])

    def _follow_up(self, reply: Json, row: str) -> None:
        """The next answer of the row on the card; its other wording where the same question comes again."""
        screening = reply["meta"].get("screening")
        number = int(screening["follow_up"]["number"]) if screening else 1
        self._again[row] = self._again[row] + 1 if self._last.get(row) == number else 0
        self._given[row] += self._again[row] == 0
        self._last[row] = number
        prepared = self._card.follow.get(row, ())
        wordings = prepared[self._given[row] - 1].split(" || ") if self._given[row] <= len(prepared) else []
        if self._again[row] >= len(wordings):
            self._nothing_on_card(f"asked about {row}, question {number}, beyond the card")
            return
        self.seen.asked_again += self._again[row]
        self._choose(reply, wordings[self._again[row]])

    def _nothing_on_card(self, what: str) -> None:
        self.seen.faults.append(what)
        self._say("not sure")

    # ------------------------------------------------------------ the booking

    def _book(self) -> None:
        """Try to book: which of slot, provisional request and refusal the client gets."""
        if not any("booking_step" in reply["meta"] for reply in self._replies):
            self._say("book")
        for _ in range(MOST_TURNS):  # a time that another client took meanwhile is chosen anew
            meta = self._newest("booking")
            if meta is not None and meta["reference"]:
                self.seen.booking = "slot" if meta["slot"] else str(meta["state"])
                return
            if not any("booking_step" in reply["meta"] for reply in self._replies):
                self.seen.booking = "none"
                return
            reply = self._replies[-1]
            step = reply["meta"].get("booking_step")
            if reply["buttons"]:
                self._press(reply, 0)
            else:
                self._say("202 555 0171" if step == "contact" else "Robin Hale")
        self.seen.faults.append("the booking came to no end")

    def _newest(self, key: str) -> Json | None:
        found = (reply["meta"][key] for reply in reversed(self._replies) if key in reply["meta"])
        return cast("Json | None", next(found, None))
