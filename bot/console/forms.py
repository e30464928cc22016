"""The forms of the console: what may be sent, and what is said where it may not."""

from __future__ import annotations

from typing import Any

from wtforms import (  # type: ignore[import-untyped]
    Form,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import DateTimeLocalField  # type: ignore[import-untyped]
from wtforms.validators import (  # type: ignore[import-untyped]
    EqualTo,
    InputRequired,
    Length,
    Optional,
    ValidationError,
)

from bot.review import DECISIONS, MAX_TEXT
from bot.staff import MAX_PASSWORD, MIN_PASSWORD, Role

DECISION_NAMES = {
    "approve": "Approve",
    "needs_letter": "Ask for a letter",
    "decline": "Decline",
    "refer": "Refer to someone else",
}
ROLE_NAMES = {
    Role.OWNER: "Owner: everything, with accounts and the audit log",
    Role.THERAPIST: "Therapist: reads health answers and decides",
    Role.RECEPTION: "Reception: bookings and contacts, no health answers",
}

_MESSAGE = "Message to the client"


def _text(label: str, *validators: Any, rows: int = 3) -> Any:
    return TextAreaField(
        label,
        validators=[*validators, Length(max=MAX_TEXT, message=f"At most {MAX_TEXT} characters.")],
        render_kw={"rows": rows, "maxlength": MAX_TEXT},
    )


def _email() -> Any:
    return StringField(
        "E-mail",
        validators=[InputRequired("Enter the e-mail address."), Length(max=254)],
        render_kw={"type": "email", "autocomplete": "username", "spellcheck": "false"},
    )


def _new_password(label: str = "Password") -> Any:
    return PasswordField(
        label,
        validators=[
            InputRequired("Choose a password."),
            Length(MIN_PASSWORD, MAX_PASSWORD, f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters."),
        ],
        render_kw={"autocomplete": "new-password"},
        description=f"At least {MIN_PASSWORD} characters. A few words in a row make a good one.",
    )


class SignInForm(Form):  # type: ignore[misc]
    """Who comes in."""

    email = _email()
    password = PasswordField(
        "Password",
        validators=[InputRequired("Enter the password.")],
        render_kw={"autocomplete": "current-password"},
    )


class SetupForm(Form):  # type: ignore[misc]
    """The owner's account, at the first start."""

    email = _email()
    password = _new_password()
    again = PasswordField(
        "Password once more",
        validators=[EqualTo("password", "The two passwords differ.")],
        render_kw={"autocomplete": "new-password"},
    )


class AccountForm(Form):  # type: ignore[misc]
    """A new account."""

    email = _email()
    role = SelectField("Role", choices={role.value: ROLE_NAMES[role] for role in reversed(Role)})
    password = _new_password("First password")


class PasswordForm(Form):  # type: ignore[misc]
    """A new password for an account."""

    password = _new_password("New password")


class DecisionForm(Form):  # type: ignore[misc]
    """What is decided about a screening."""

    decision = RadioField(
        "Decision",
        choices={value: DECISION_NAMES[value] for value in DECISIONS},
        validators=[InputRequired("Choose a decision.")],
    )
    note = _text("Note for the team")
    message_to_client = _text("Your own words to the client")
    version = IntegerField(validators=[InputRequired()])

    def validate_note(self, field: Any) -> None:
        """Everybody should be able to read why."""
        if self.decision.data and self.decision.data != "approve" and not (field.data or "").strip():
            raise ValidationError("Add a note, so that everybody knows why.")


class MessageForm(Form):  # type: ignore[misc]
    """Something the client is told."""

    text = _text(_MESSAGE, InputRequired("Write the message."))


class NoteForm(Form):  # type: ignore[misc]
    """Why something was done."""

    note = _text(
        "Why it can be lifted. This stays in the audit log: no health details.", InputRequired("Add a note."), rows=2
    )


class SettleForm(Form):  # type: ignore[misc]
    """What was done about a question."""

    outcome = StringField(
        "What was done",
        validators=[InputRequired("Say what was done."), Length(max=64)],
        render_kw={"maxlength": 64},
    )


class BookingForm(Form):  # type: ignore[misc]
    """An act on a booking, with words of one's own."""

    message_to_client = _text("Your own words to the client (optional)", rows=2)
    version = IntegerField(validators=[Optional()])


class ProposeForm(BookingForm):
    """Another time for a booking, in the clinic's zone."""

    start = DateTimeLocalField(
        "New time", format="%Y-%m-%dT%H:%M", validators=[InputRequired("Choose a day and a time.")]
    )
    therapist = SelectField("Therapist", validators=[InputRequired("Choose a therapist.")])
