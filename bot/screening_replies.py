"""How the health questions, their summary and their result are worded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot import emergency
from bot.clinical import answers as understanding
from bot.clinical.interview import (
    TOTAL_STEPS,
    Kind,
    Question,
)
from bot.clinical.model import Care, Emergency, Tier
from bot.clinical.record import (
    AGREED,
    CONFIRMED,
    DECLINED,
    MINOR,
    NO,
    OTHER,
    UNCLEAR,
    UNSURE,
    YES,
    Record,
    chosen,
)
from bot.clinical.rules import TAKEN_BACK
from bot.clinical.triage import MINOR_ROW, Finding, Outcome, bring_up, open_questions
from bot.context import Context
from bot.frames import Frames
from bot.reply import Button, Reply, ReplyKind
from bot.store.models import Screening

CONTINUE = "continue_after_stop"


class ScreeningReplies:
    """The replies of the health questions, in the words of the clinic. It decides nothing and stores nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rules = context.rules
        self._say = context.wording.text
        rows = self._rules.conditions.values()
        self._frames = Frames.of(text.format_map(context.locale) for row in rows for text in row.client.values())

    def question(self, screening: Screening, record: Record, question: Question, again: bool = False) -> Reply:
        """The open question. `again`: it has just been shown, so a long text is not repeated."""
        meta = {"screening": self._progress(screening, question)}
        if question.warns:
            assert question.condition is not None
            row = self._rules.conditions[question.condition]
            return emergency.reply(
                Emergency(row.id, row.emergency_care(), asking=True),
                self._rules,
                self._context.locale,
                question=question,
                meta=meta,
            )
        match question.kind:
            case Kind.CONSENT:
                again = again or question.id in record.tries  # the whole text was just read
                buttons = (
                    Button(self._say("button.agree"), _answer(question, AGREED)),
                    Button(self._say("button.under_18"), _answer(question, MINOR)),
                    Button(self._say("button.decline"), _answer(question, DECLINED)),
                )
                words = self._say("screening.consent_again" if again else "screening.consent")
                return Reply(words, ReplyKind.QUESTION, buttons, meta=meta)
            case Kind.CHECKLIST if question.confirming:
                text = self._say("screening.confirm_none", count=len(question.items))
                sure = (
                    Button(self._say("button.yes"), _answer(question, NO)),
                    Button(self._say("button.no"), _answer(question, YES)),
                )
                return Reply(text, ReplyKind.CONFIRM, sure, checklist=self.lines(question), meta=meta)
            case Kind.CHECKLIST:
                return self._checklist(question, meta)
            case Kind.WHICH:
                prompt = "screening.which_prompt_unsure" if question.left_open else "screening.which_prompt"
                text = self._say(prompt, item=question.text)
            case Kind.OTHER:
                return Reply(self._say("screening.which_something_else"), ReplyKind.QUESTION, meta=meta)
            case Kind.OPEN:
                text = self._with_progress(question, self._say("screening.t6"))
                return Reply(text, ReplyKind.QUESTION, self.menu("button.why"), meta=meta)
            case Kind.CHANGED:
                since = self.day(screening.started_at)
                text = self._say("screening.short_rescreen", since=since)
                question = replace(question, choices=(YES, NO, "not sure"))
            case Kind.SUMMARY:
                return self._summary(record, question, meta)
            case Kind.YES_NO if question.items:  # one line of a list that did not work as a whole
                lines = self._rules.items_of(question.step)
                place = 1 + lines.index(question.items[0])
                text = self._say(f"screening.line_{question.step}", item=question.text, place=place, count=len(lines))
            case Kind.YES_NO:
                text = f"{self._say('screening.mimic_lead')}\n\n{question.text}"
            case _:
                text = question.text
                if question.number == 1 and question.condition is not None:
                    name = self._rules.conditions[question.condition].choice_label
                    text = f"{self._say('screening.follow_up_lead', name=_lower_first(name))}\n\n{text}"
        return Reply(_listed(text, question.choices), ReplyKind.QUESTION, emergency.choice_buttons(question), meta=meta)

    def _checklist(self, question: Question, meta: Mapping[str, Any]) -> Reply:
        prompt = self._say(f"screening.section_{question.step}")
        lines = "\n".join(f"{place}. {item.text}" for place, item in enumerate(question.items, start=1))
        lead = f"{self._say('screening.rest_of_list')}\n\n" if question.rest else ""
        text = self._with_progress(question, f"{lead}{prompt}\n\n{lines}\n\n{self._say('screening.checklist_how')}")
        buttons = self.menu("button.why")
        return Reply(text, ReplyKind.QUESTION, buttons, checklist=self.lines(question), meta=meta)

    def lines(self, question: Question) -> dict[str, Any]:
        """The checklist for channels that can show one."""
        return {
            "id": question.step,
            "prompt": self._say(f"screening.section_{question.step}"),
            "items": [{"id": item.id, "text": item.text} for item in question.items],
            "choices": [YES, NO, UNSURE],
        }

    def _summary(self, record: Record, question: Question, meta: Mapping[str, Any]) -> Reply:
        lines = list(self._summary_lines(record))
        text = "\n".join(
            [
                self._say("screening.summary_intro"),
                *(f"{place}. {line}" for place, (line, _) in enumerate(lines, start=1)),
                "",
                self._say("screening.summary_confirm"),
            ]
        )
        seen: dict[str, str] = {}
        for _, target in lines:
            seen.setdefault(target, self._target_name(target))
        buttons = (
            Button(self._say("button.right"), _answer(question, CONFIRMED)),
            *(
                Button(f"{self._say('button.change')}: {name}", _answer(question, f"reopen:{target}"))
                for target, name in seen.items()
            ),
        )
        return Reply(text, ReplyKind.CONFIRM, buttons, meta=meta)

    def _summary_lines(self, record: Record) -> Iterator[tuple[str, str]]:
        """Each line of the summary and the question that "change" opens."""
        for step in self._rules.steps:
            answered = [item for item in step.items if item.id in record.answers]
            if not answered:
                continue
            if all(record.answers[item.id] == NO for item in answered):
                section = self._say(f"screening.summary_title_{step.id}")
                yield self._say("screening.summary_line_all_no", section=section, count=len(answered)), step.id
                continue
            for item in answered:
                value = record.answers[item.id]
                if value != NO:
                    which = "yes" if value == YES else "unsure"
                    placed = self._rows_chosen(record, item.id) if value == YES else ""
                    named = placed[:1].upper() + placed[1:]
                    yield self._say(f"screening.summary_line_{which}", item=named or item.text), step.id
        for name, fired in bring_up(record, self._rules).items():
            row = self._rules.conditions[name]
            if fired.said and not any(via in self._rules.items for via in fired.via):
                yield self._say("screening.summary_line_told", name=row.choice_label), "T6"
            for question, follow_up in open_questions(row, record):
                given = record.answers.get(question)
                if given is not None:
                    shown = self._answer_as_taken(given, record.words.get(question, ""))
                    yield self._say("screening.summary_line_answer", question=follow_up.q, answer=shown), f"{name}/1"
        if record.words.get("T6"):
            yield self._say("screening.summary_line_reason", text=record.words["T6"]), "T6"

    def _rows_chosen(self, record: Record, item: str) -> str:
        """Which rows of a line the client chose, in plain words; empty where the line as a whole was meant."""
        rows = [part for part in chosen(record.answers.get(f"{item}/which", "")) if part in self._rules.conditions]
        return self.names(rows) if rows else ""

    def _answer_as_taken(self, value: str, words: str) -> str:
        """An answer, and what it was taken for where the client used words of their own: they can set it right."""
        choice = "not sure" if value in (UNSURE, UNCLEAR) else value
        groups = {YES: "yes", NO: "no", "not sure": "unsure"}
        plainly = choice in groups and self._context.phrases.means(groups[choice], words)
        if not words or plainly or understanding.plain(words) == understanding.plain(choice):
            return choice
        return self._say("screening.summary_own_words", words=words, answer=choice)

    def _target_name(self, target: str) -> str:
        if target.startswith("T"):
            return self._say(f"screening.summary_title_{target}")
        return self._rules.conditions[target.split("/")[0]].choice_label

    def line_to_change(self, record: Record, text: str) -> str | None:
        """ "change 3", "line 2", or the name of a line: the question to open again."""
        lines = list(self._summary_lines(record))
        number = re.search(r"\b(\d{1,2})\b", text)
        if number and 1 <= int(number[1]) <= len(lines):
            return lines[int(number[1]) - 1][1]
        said = understanding.plain(text)
        for _, target in lines:
            name = understanding.plain(self._target_name(target))
            if name and name in said:
                return target
        return None

    def why(self, question: Question, asked: str = "") -> str:
        """Why this very question is asked; of a list, the line that the client asks about ("why number 3?")."""
        line = self._line_asked_about(question, asked)
        row = self._rules.conditions.get(question.condition or "")
        places = row.ask.split("/") if row is not None else []
        item = question.item if question.item != "T6" else None  # named in free words: the row has a place of its own
        for key in (line, question.id, item, *places, question.step):
            if key and self._context.wording.has(f"why.{key}"):
                return self._say(f"why.{key}")
        return self._say("why.follow_up")

    def _line_asked_about(self, question: Question, text: str) -> str | None:
        """The line of a list that a text is about: by its number, by a row that it names, or by its own words."""
        if question.kind is not Kind.CHECKLIST:
            return None
        number = re.search(r"\b(\d{1,2})\b", text)
        if number and 1 <= int(number[1]) <= len(question.items):
            return question.items[int(number[1]) - 1].id
        named = {mention.condition for mention in self._context.reader.read(text).mentions}
        by_words = understanding.line_named(question.items, text)
        return by_words or next((item.id for item in question.items if named & set(item.rows)), None)

    def result(self, screening_id: str, record: Record, result: Outcome, valid_until: datetime, origin: str) -> Reply:
        """What the client is told at the end; `origin` is "booking" where a booking goes on after it."""
        kind = {
            Tier.NONE: "request",
            Tier.CAUTION: "request",
            Tier.CLEARANCE: "provisional",
            Tier.STOP: "no_booking",
            Tier.EMERGENCY: "emergency",
        }[result.tier]
        meta = {
            "result": {
                "screening_id": screening_id,
                "outcome": kind,
                "valid_until": valid_until.isoformat().replace("+00:00", "Z"),
            }
        }
        if result.tier is Tier.EMERGENCY:
            return self._emergency_result(result, meta)
        only_taken_back = {f.condition for f in result.findings if f.tier is result.tier} == {TAKEN_BACK}
        key = "taken_back" if only_taken_back else result.tier.name.lower()
        told, left_open = self._row_sentences(result), self._left_open(result)
        # "Still open" says already that nothing can be booked.
        ending = [left_open] if left_open and not told else [left_open, self._say(f"screening.result_{key}")]
        sentences = [text for text in (*told, *ending) if text]
        minor = result.minor
        if minor:
            sentences = self._row_sentences(result) or [self._say("screening.minor")]
        if result.tier is not Tier.NONE:
            sentences.append(self._say("screening.staff_will_look"))
            if result.tier is not Tier.STOP:
                sentences.append(self._say("screening.result_in_person"))
        if result.tier < Tier.STOP and not minor:
            sentences.append(self._say("screening.result_validity", valid_until=self.day(valid_until)))
        buttons: tuple[Button, ...] = ()
        if result.tier < Tier.STOP and not minor and origin != "booking":
            buttons = self.menu("button.book", "button.person")
        elif result.tier is Tier.STOP or minor:
            buttons = self.menu("button.person")
        left = {item.id for item in self._rules.items.values()} - set(record.answers)
        if result.tier is Tier.STOP and not minor and not result.void and left and CONTINUE not in record.flags:
            # The client may answer the rest for the staff (guide 2.5, 4). It never opens a booking.
            sentences.append(self._say("screening.optional_continue"))
            rest = {"do": "intent", "intent": "screen", "rest": True}
            buttons = (Button(self._say("button.answer_rest"), rest), *buttons)
        return Reply("\n\n".join(sentences), ReplyKind.RESULT, buttons, meta=meta)

    def _emergency_result(self, result: Outcome, meta: Mapping[str, Any]) -> Reply:
        finding = result.decisive
        assert finding is not None
        care = finding.care or Care.AMBULANCE
        row = finding.shown or finding.condition
        text = finding.client.format_map(self._context.locale) if finding.client else None
        return emergency.reply(
            Emergency(row, care, asking=False),
            self._rules,
            self._context.locale,
            buttons=self.menu("button.call_me"),
            meta=meta,
            text=text,
        )

    def _row_sentences(self, result: Outcome) -> list[str]:
        """The rows' own sentences for the tier that was reached, at most three, none of them twice."""
        texts: list[str] = []
        for finding in result.findings:
            if finding.tier is result.tier and finding.tier is not Tier.NONE and not _only_open(finding):
                texts.append(self._sentence(finding))
        return self._frames.merged(text for text in texts if text)[:3]

    def _left_open(self, result: Outcome) -> str:
        """What stops a request only because it stayed unclear: the rows' own sentences would state what nobody told."""
        rows = [finding.condition for finding in result.findings if finding.tier is result.tier and _only_open(finding)]
        return self._say("screening.result_open", names=self.names(rows)) if rows else ""

    def _sentence(self, finding: Finding) -> str:
        row = self._rules.conditions.get(finding.shown or finding.condition)
        if row is None:
            return ""
        text = finding.client or row.client.get(finding.tier, "")
        return text.format_map(self._context.locale)

    def answer_in_words(self, record: Record, question: str) -> str:
        """What was answered to a question or a whole list; empty where nothing was."""
        step = next((s for s in self._rules.steps if any(item.id == question for item in s.items)), None)
        if step is not None:
            marked = [
                f"{item.text} ({record.answers[item.id]})"
                for item in step.items
                if record.answers.get(item.id, NO) != NO
            ]
            return "; ".join(marked) or self._say("button.none_of_these")
        value = record.words.get(question) or record.answers.get(question, "")
        if question.endswith("/which"):
            names = {
                **{name: row.choice_label for name, row in self._rules.conditions.items()},
                OTHER: "something else",
                UNSURE: "not sure",
            }
            return ", ".join(names.get(part, part) for part in chosen(value))
        return "" if question == "T1" else value

    def in_words(self, record: Record) -> list[str]:
        """What was answered, line by line, in plain words."""
        return [line for line, _ in self._summary_lines(record)]

    def declined(self) -> Reply:
        """The client does not agree to the questions."""
        return Reply(self._say("screening.consent_declined"), buttons=self.menu("button.person"))

    def paused(self) -> Reply:
        """The questions wait until the client goes on."""
        return Reply(self._say("screening.paused"), buttons=self.menu("button.resume", "button.person"))

    def menu(self, *keys: str) -> tuple[Button, ...]:
        """Buttons by the keys of their titles."""
        return tuple(Button(self._say(key), {"do": "intent", "intent": _INTENT_OF[key]}) for key in keys)

    def names(self, rows: Iterable[str]) -> str:
        """Rows by the names that clients know."""
        return ", ".join(_lower_first(self._rules.conditions[row].choice_label) for row in rows)

    def day(self, moment: datetime) -> str:
        """A date at the clinic, in words."""
        local = moment.astimezone(self._context.clinic.zone)
        return f"{local:%A} {local.day} {local:%B}"

    def _progress(self, screening: Screening, question: Question) -> dict[str, Any]:
        follow_up = None
        if question.item is not None or question.condition is not None:
            follow_up = {
                "condition": question.condition,
                "item": question.item,
                "number": question.number,
                "choices": list(question.choices),
                "multiple": question.multiple,
            }
        return {
            "id": screening.id,
            "step": question.step,
            "index": question.index,
            "total": TOTAL_STEPS,
            "follow_up": follow_up,
        }

    def _with_progress(self, question: Question, text: str) -> str:
        return f"{self._say('screening.progress', index=question.index, total=TOTAL_STEPS)}\n\n{text}"


_INTENT_OF = {
    "button.why": "why",
    "button.person": "person",
    "button.call_me": "person",
    "button.book": "book",
    "button.resume": "screen",
}


def _only_open(finding: Finding) -> bool:
    """True where only an answer that stayed unclear stops the booking. An unclear age keeps its own sentence."""
    return finding.left_open and finding.tier is Tier.STOP and finding.condition != MINOR_ROW


def _answer(question: Question, value: str) -> dict[str, Any]:
    return {"do": "answer", "question": question.id, "value": value}


def _listed(text: str, choices: tuple[str, ...]) -> str:
    """A question that is complete on its own where no buttons can be shown."""
    if not choices:
        return text
    return text + "\n\n" + "\n".join(f"{place}. {choice}" for place, choice in enumerate(choices, start=1))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
