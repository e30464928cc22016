"""Questions and answers of a record in the words of the rules."""

from __future__ import annotations

from bot.clinical.record import OTHER, UNSURE, chosen
from bot.clinical.rules import Rules

_FIXED_QUESTIONS = {
    "T1": "Agreed that health answers are used, 18 or over",
    "T6": "What brings you in, allergies, strong medicines",
    "changed": "Has anything changed since the last time?",
}


def question_in_words(question: str, rules: Rules) -> str:
    """A question of a record in words; its id where the rules have changed since."""
    if question in _FIXED_QUESTIONS:
        return _FIXED_QUESTIONS[question]
    name, _, part = question.partition("/")
    if name == "mimic":
        return next((m.question for m in rules.mimics.questions if m.id == part and m.question), question)
    if name in rules.items:
        text = rules.items[name].text
        return {"": text, "which": f"Which of these: {text}", "other": f"In their own words: {text}"}.get(
            part, question
        )
    number, _, deeper = part.partition("/")
    row = rules.conditions.get(name)
    if row is None or not number.isdigit() or not 0 < int(number) <= len(row.follow_up):
        return question
    follow_up = row.follow_up[int(number) - 1]
    asked = [answer.ask.q for answer in follow_up.answers if answer.ask is not None]
    return f"{row.name}: {asked[0] if deeper and asked else follow_up.q}"


def answer_in_words(value: str, rules: Rules) -> str:
    """An answer of a record in words: choices by their labels."""
    labels = {UNSURE: "not sure", OTHER: "something else"}
    parts = chosen(value) or (value,)
    return ", ".join(
        labels.get(part) or (rules.conditions[part].choice_label if part in rules.conditions else part)
        for part in parts
    )
