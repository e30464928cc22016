"""What a client reads first when something may need urgent care. Fixed text, no engine needed (guide, section 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.clinical.interview import Kind, Question
from bot.clinical.model import Care, Emergency, Tier
from bot.clinical.record import NO, UNSURE, YES, Record
from bot.clinical.rules import NEXT, Condition, Rules
from bot.clinical.triage import open_questions
from bot.reply import Button, Link, Reply, ReplyKind

HEARD_QUESTION = "heard/1"

_DIALLABLE = re.compile(r"\+?[\d ]{3,}")


def sentence(
    row: Condition, care: Care, rules: Rules, locale: Mapping[str, Any], emergency: Emergency | None = None
) -> str:
    """The words for one emergency: the row's own where they fit the kind of care, the general ones otherwise.

    Where somebody has already hurt themself, the ambulance comes first and the crisis line after it.
    """
    texts = rules.care.texts(care)
    worse = rules.care.worse_signs.get(row.id, rules.care.worse_signs["default"])
    if emergency is not None and emergency.conditional:
        return texts.conditional.format_map({**locale, "worse_signs": worse})
    if emergency is not None and emergency.third_person:
        text = texts.third_person
    elif _general(row, care, emergency):
        text = texts.text
        if _after_harm(care, row.id):
            text = f"{text} {rules.care.texts(Care.CRISIS).repeat}"
    else:
        text = row.client[Tier.EMERGENCY]
    text = text.format_map({**locale, "worse_signs": worse})
    return f"{text} {rules.care.stroke_signs_addition}" if row.id == "stroke_signs" else text


def _general(row: Condition, care: Care, emergency: Emergency | None) -> bool:
    """Whether the row has no sentence of its own that fits."""
    nearest_only = emergency is not None and emergency.general
    return nearest_only or care is Care.CRISIS or care is not row.emergency_care() or Tier.EMERGENCY not in row.client


def _after_harm(care: Care, condition: str) -> bool:
    """A crisis that needs an ambulance: an overdose, a wound."""
    return care is Care.AMBULANCE and condition == "suicidal_crisis"


def reply(
    emergency: Emergency,
    rules: Rules,
    locale: Mapping[str, Any],
    *,
    question: Question | None = None,
    buttons: tuple[Button, ...] = (),
    meta: Mapping[str, Any] | None = None,
    text: str | None = None,
) -> Reply:
    """The emergency message: what to do and the number first, then the row's one question if it is open.

    Args:
        emergency: what was found.
        rules: the clinical rules.
        locale: the numbers of the clinic's locale.
        question: the one question to ask in the same message.
        buttons: further buttons.
        meta: further `meta` keys.
        text: a sentence to use in place of the row's.
    """
    row = rules.conditions[emergency.condition]
    words = text or sentence(row, emergency.care, rules, locale, emergency)
    if not emergency.conditional:
        words = f"{words} {rules.care.closing[emergency.care]}"
    if question is not None:
        words = f"{words}\n\n{question.text}"
        buttons = (*choice_buttons(question), *buttons)
    return Reply(
        text=words,
        kind=ReplyKind.EMERGENCY,
        buttons=buttons,
        links=links(emergency.care, locale, emergency.condition),
        meta={
            **(meta or {}),
            "emergency": {
                "care": emergency.care.value,
                "condition": emergency.condition,
                "asking": emergency.asking or emergency.conditional,
            },
        },
    )


def repeat(care: Care, condition: str, rules: Rules, locale: Mapping[str, Any]) -> Reply:
    """The number again, in one line, for a client who goes on after an emergency."""
    return Reply(
        text=rules.care.texts(care).repeat.format_map(locale),
        kind=ReplyKind.EMERGENCY,
        links=links(care, locale, condition),
        meta={"emergency": {"care": care.value, "condition": condition, "asking": False}},
    )


def links(care: Care, locale: Mapping[str, Any], condition: str = "") -> tuple[Link, ...]:
    """Numbers to tap: the crisis line first in a crisis, the urgent line first where that is enough."""
    number = str(locale["emergency_number"])
    emergency = [Link(f"Call {number}", f"tel:{number}")] if _DIALLABLE.fullmatch(number) else []
    crisis = [Link(_link_title(url), url) for url in locale.get("crisis_links") or ()]
    if care is Care.CRISIS:
        return (*crisis, *emergency)
    if _after_harm(care, condition):
        return (*emergency, *crisis)
    urgent = str(locale["urgent_line"])
    digits = re.sub(r"\D", "", urgent)
    calls = [Link(f"Call {urgent}", f"tel:{digits}")] if care is Care.SAME_DAY and digits else []
    return (*calls, *emergency)


def choice_buttons(question: Question) -> tuple[Button, ...]:
    """A button for each choice of a question."""
    return tuple(
        Button(_capital(choice), {"do": "answer", "question": question.id, "value": value})
        for choice, value in zip(question.choices, question.values, strict=True)
    )


def own_question(row: Condition, rules: Rules, given: Record | None = None) -> Question | None:
    """The question of an emergency row that is asked on the spot; a crisis has none (guide 2.1, rule 2).

    What only the safety net heard has no row: the general question asks whether it is happening.

    Args:
        row: the row that fired.
        rules: the clinical rules.
        given: what its questions have been answered so far; None where none has been asked.
    """
    if row.id == "suicidal_crisis":
        return None
    if not row.is_emergency:
        return Question(
            HEARD_QUESTION,
            Kind.CHOICE,
            "T2",
            rules.care.heard_question,
            choices=(YES, NO, "not sure"),
            values=(YES, NO, UNSURE),
        )
    record = given or Record()
    for number, (question, follow_up) in enumerate(open_questions(row, record), start=1):
        if question not in record.answers:
            return Question(
                question,
                Kind.CHOICE,
                "T2",
                follow_up.q,
                choices=(*follow_up.choices, "not sure"),
                values=(*follow_up.choices, UNSURE),
                condition=row.id,
                number=number,
            )
    return None


def given_before(row: Condition, question: str) -> Record:
    """The answers that lead to this question of a row: the ones that only lead on, to each question before it."""
    record = Record()
    for number, follow_up in enumerate(row.follow_up, start=1):
        if question == f"{row.id}/{number}":
            break
        leads_on = next((answer for answer in follow_up.answers if answer.tier == NEXT), None)
        if leads_on is None:
            return Record()
        record = record.with_answer(f"{row.id}/{number}", leads_on.answer)
    return record


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _link_title(url: str) -> str:
    scheme, _, rest = url.partition(":")
    return {"tel": f"Call {rest}", "sms": f"Text {rest}"}.get(scheme, rest.strip("/"))
