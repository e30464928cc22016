"""What the clinic says about itself: `knowledge/clinic.yml` as typed values, checked, and the numbers of its locale.

`Clinic.load` stops a start over a wrong value with its file, its key, the reason and what to do. `Clinic.tree` is the
same content as a plain dict, for the templates of the topics and the wording.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.knowledge import KnowledgeError, read_yaml

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_REMEDIES = {
    "missing": "Add it",
    "extra_forbidden": "Correct its name or remove it",
    "none_required": "Leave it empty (null)",
}


def _refuse(reason: str, remedy: str) -> PydanticCustomError:
    """An error that carries what to do next to what is wrong."""
    return PydanticCustomError("nmt_clinic", "{reason}", {"reason": reason, "remedy": remedy})


def _filled(value: str) -> str:
    if not value.strip():
        raise _refuse("is empty", "Write something, or null if the clinic has nothing to say here")
    return value.strip()


def _clock(value: Any) -> Any:
    try:
        return datetime.time.fromisoformat(value.zfill(5))
    except (AttributeError, ValueError):
        raise _refuse(f"{value!r} is not a time of day", 'Write it like "09:30", in quotes') from None


def _local_time(value: Any) -> Any:
    try:
        moment = datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _refuse(f"{value!r} is not a date with a time", 'Write it like "2026-12-01T09:00", in quotes') from None
    if moment.tzinfo is not None:
        raise _refuse("names a time zone", "Leave the zone out: these are local times of the clinic")
    return moment


def _email(value: str) -> str:
    try:
        # The clinic's own address may not receive mail yet, and a start must not need the network.
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise _refuse(
            f"{value!r} is not an e-mail address: {str(error).rstrip('.')}", "Correct it or write null"
        ) from None


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise _refuse(f"{value!r} is not an https address", "Correct it or write null")
    return value


Text = Annotated[str, AfterValidator(_filled)]
Clock = Annotated[datetime.time, BeforeValidator(_clock)]
LocalTime = Annotated[datetime.datetime, BeforeValidator(_local_time)]
Email = Annotated[str, AfterValidator(_email)]
Https = Annotated[str, AfterValidator(_https)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Minutes = Annotated[int, Field(ge=0, le=24 * 60, strict=True)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Profile(_Data):
    """Where and who the clinic is."""

    name: Text
    phone: Text | None
    email: Email | None
    address: Text | None
    map_url: Https | None
    directions: Text | None
    parking: Text | None
    transit: Text | None
    accessibility: Text | None
    timezone: Text
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    locale: Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    human_hours: Text | None
    extras: Text | None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise _refuse(f"{value!r} is not a time zone", "Use a name like America/New_York") from None
        return value

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        if value not in phonenumbers.SUPPORTED_REGIONS:
            raise _refuse(f"{value!r} is not a country code", "Use the two letters of the country, such as US")
        return value

    @model_validator(mode="after")
    def _place_is_whole(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise _refuse("`latitude` and `longitude` belong together", "Give both, or null for both")
        return self

    @model_validator(mode="after")
    def _phone_can_be_called(self) -> Self:
        if self.phone is None:
            return self
        try:
            valid = phonenumbers.is_valid_number(phonenumbers.parse(self.phone, self.country))
        except phonenumbers.NumberParseException:
            valid = False
        if not valid:
            raise _refuse(f"the phone {self.phone!r} is not a number that can be called", "Correct `phone`")
        return self


class Service(_Data):
    """A kind of session."""

    id: Id
    name: Text
    description: Text | None
    duration_min: Annotated[Minutes, Field(gt=0)]
    buffer_min: Minutes
    price: Annotated[int | float, Field(ge=0)] | None
    packages: Text | None
    active: bool

    @property
    def duration(self) -> datetime.timedelta:
        return datetime.timedelta(minutes=self.duration_min)

    @property
    def buffer(self) -> datetime.timedelta:
        """Time after a session in which the therapist sees nobody."""
        return datetime.timedelta(minutes=self.buffer_min)


class Therapist(_Data):
    """Somebody who gives sessions."""

    id: Id
    name: Text
    gender: Text | None
    credentials: Text | None
    prenatal_trained: bool | None
    services: Annotated[tuple[Id, ...], Field(min_length=1)]
    active: bool


class Hours(_Data):
    """A stretch of a weekday in which sessions take place, in local time."""

    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    opens: Clock = Field(alias="from")
    closes: Clock = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            raise _refuse("closes before it opens", "Exchange `from` and `to`, or split the entry at midnight")
        return self


class Holidays(_Data):
    """Days on which the clinic is closed."""

    public: bool | None
    closed: tuple[datetime.date, ...]


class TimeOff(_Data):
    """A time in which one therapist is away, in local time."""

    therapist: Id
    starts: LocalTime = Field(alias="from")
    ends: LocalTime = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts >= self.ends:
            raise _refuse("ends before it starts", "Exchange `from` and `to`")
        return self


class BookingRules(_Data):
    """What may be asked for, and how long a chosen time is kept."""

    minimum_notice_hours: Annotated[int, Field(ge=0, le=24 * 60, strict=True)]
    horizon_days: Annotated[int, Field(ge=1, le=366, strict=True)]
    hold_hours: Annotated[int, Field(ge=1, le=14 * 24, strict=True)]
    slot_step_min: Annotated[Minutes, Field(gt=0)]

    @property
    def minimum_notice(self) -> datetime.timedelta:
        return datetime.timedelta(hours=self.minimum_notice_hours)

    @property
    def horizon(self) -> datetime.timedelta:
        return datetime.timedelta(days=self.horizon_days)

    @property
    def hold(self) -> datetime.timedelta:
        return datetime.timedelta(hours=self.hold_hours)


class QuietHours(_Data):
    """The time of day, local to the clinic, in which nobody is sent anything that they do not wait for."""

    starts: Clock = Field(alias="from")
    ends: Clock = Field(alias="to")

    def hold(self, time: datetime.time) -> bool:
        """Whether a time of day is quiet; the quiet hours usually go over midnight."""
        if self.starts <= self.ends:
            return self.starts <= time < self.ends
        return time >= self.starts or time < self.ends


class Reminders(_Data):
    """What clients are reminded of, and when they are left in peace."""

    hours_before: tuple[Annotated[int, Field(ge=1, le=14 * 24, strict=True)], ...] = ()
    quiet_hours: QuietHours | None = None


class Insurance(_Data):
    accepted: bool | Text | None
    plans: Text | tuple[Text, ...] | None
    receipt: bool | Text | None


class Payment(_Data):
    methods: Text | None
    deposit: Text | Annotated[int | float, Field(ge=0)] | None
    insurance: Insurance


class Cancellation(_Data):
    notice_hours: Annotated[int, Field(ge=0, strict=True)] | None
    fee: Annotated[int | float, Field(ge=0)] | Text | None


class Policies(_Data):
    """The house rules, in the clinic's own words."""

    what_to_wear: Text | None
    draping: Text | None
    first_visit_extra_min: Annotated[int, Field(ge=0, strict=True)] | None
    session_plan_note: Text | None
    illness_reschedule: Text | None
    minors: Text | None
    therapist_choice: Text | None
    companion: Text | None
    late_arrival: Text | None
    no_show: Text | None
    cancellation: Cancellation


class Privacy(_Data):
    contact: Text | None
    policy_url: Https | None
    retention: Text | None
    keep_days_without_booking: Annotated[int, Field(ge=1, le=3650, strict=True)]
    key_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = 90
    consent_version: Text


class Clinic(_Data):
    """Everything that one clinic has set."""

    clinic: Profile
    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    therapists: Annotated[tuple[Therapist, ...], Field(min_length=1)]
    hours: Annotated[tuple[Hours, ...], Field(min_length=1)]
    holidays: Holidays
    time_off: tuple[TimeOff, ...]
    booking: BookingRules
    reminders: Reminders = Reminders()
    payment: Payment
    policies: Policies
    privacy: Privacy

    _tree: dict[str, Any] = PrivateAttr(default_factory=dict)

    @staticmethod
    def load(knowledge: Path) -> Clinic:
        """Read and check `clinic.yml`.

        Raises:
            KnowledgeError: a value is missing, unknown or cannot be right.
        """
        path = knowledge / "clinic.yml"
        return Clinic.of(read_yaml(path), path)

    @staticmethod
    def of(tree: Any, file: Path | str = "clinic.yml") -> Clinic:
        """Check a tree that was read already; `file` is named in errors."""
        if not isinstance(tree, dict):
            raise KnowledgeError(file, "", "has no keys", "Begin with `clinic:`")
        try:
            clinic = Clinic.model_validate(tree)
        except ValidationError as error:
            raise _explain(file, tree, error.errors()[0]) from error
        clinic._tree.update(tree)
        return clinic

    @property
    def tree(self) -> dict[str, Any]:
        """The content as it was read, for templates."""
        return self._tree

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.clinic.timezone)

    @property
    def southern(self) -> bool:
        """True where summer is in January: what "last summer" means."""
        return self.clinic.timezone.startswith(("Australia/", "Pacific/Auckland", "NZ"))

    def service(self, name: str) -> Service | None:
        """The service with this id, also one that is no longer offered."""
        return next((service for service in self.services if service.id == name), None)

    def therapist(self, name: str) -> Therapist | None:
        """The therapist with this id, also one who no longer works here."""
        return next((therapist for therapist in self.therapists if therapist.id == name), None)

    def therapists_for(self, service: str, *, prenatal: bool = False) -> tuple[Therapist, ...]:
        """Who gives this service now; with `prenatal`, only who is trained for pregnancy."""
        return tuple(
            therapist
            for therapist in self.therapists
            if therapist.active and service in therapist.services and (therapist.prenatal_trained or not prenatal)
        )

    def offered(self, *, prenatal: bool = False) -> tuple[Service, ...]:
        """The services that can be asked for: switched on, and somebody gives them."""
        return tuple(s for s in self.services if s.active and self.therapists_for(s.id, prenatal=prenatal))

    def hours_on(self, day: datetime.date) -> tuple[Hours, ...]:
        """When sessions take place on a day, earliest first; nothing when the clinic is closed."""
        if self.closure(day):
            return ()
        name = WEEKDAYS[day.weekday()]
        return tuple(sorted((h for h in self.hours if h.weekday == name), key=lambda h: h.opens))

    def closure(self, day: datetime.date) -> bool:
        """True on a day that the clinic has closed, or a public holiday that it keeps."""
        if day in self.holidays.closed:
            return True
        return bool(self.holidays.public) and day in _public_holidays(self.clinic.country, day.year)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        for key, entries in (("services", self.services), ("therapists", self.therapists)):
            repeated = _repeated(entry.id for entry in entries)
            if repeated:
                raise _refuse(f"{key} lists {repeated!r} twice", "Give each its own id")
        return self

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        services = {service.id for service in self.services}
        for therapist in self.therapists:
            for name in therapist.services:
                if name not in services:
                    raise _refuse(
                        f"therapist {therapist.id!r} gives {name!r}, which is not a service",
                        "Use the id of a service in `services`",
                    )
        therapists = {therapist.id for therapist in self.therapists}
        for entry in self.time_off:
            if entry.therapist not in therapists:
                raise _refuse(
                    f"time_off names {entry.therapist!r}, who is not a therapist", "Use an id of `therapists`"
                )
        return self

    @model_validator(mode="after")
    def _hours_apart(self) -> Self:
        by_day = sorted(self.hours, key=lambda h: (h.weekday, h.opens))
        for earlier, later in pairwise(by_day):
            if earlier.weekday == later.weekday and earlier.closes > later.opens:
                raise _refuse(
                    f"hours of {later.weekday} overlap", "Let each entry begin after the one before has ended"
                )
        return self

    @field_validator("holidays")
    @classmethod
    def _holidays_known(cls, value: Holidays, info: ValidationInfo) -> Holidays:
        profile = info.data.get("clinic")
        if value.public and profile is not None and profile.country not in holidays.list_supported_countries():
            raise _refuse(
                f"public holidays of {profile.country} are not known", "Write `public: false` and list the days"
            )
        return value


LOCALE_KEYS = ("emergency_number", "urgent_line", "crisis_name", "crisis_contact")
"""Without these a locale cannot be served: an emergency answer would have a gap."""


def load_locale(knowledge: Path, locale: str) -> dict[str, Any]:
    """The numbers of one locale from `locales.yml`.

    Raises:
        KnowledgeError: the locale is unknown, or one of `LOCALE_KEYS` is empty.
    """
    path = knowledge / "locales.yml"
    rows = read_yaml(path)
    row = rows.get(locale) if isinstance(rows, dict) else None
    if not isinstance(row, dict):
        known = ", ".join(sorted(map(str, rows))) if isinstance(rows, dict) else "nothing"
        raise KnowledgeError(path, locale, "is not a locale of this file", f"Add it, or use one of: {known}")
    for key in LOCALE_KEYS:
        value = row.get(key)
        if not isinstance(value, str) or not value.strip():
            raise KnowledgeError(
                path, f"{locale}.{key}", "is empty", "Fill it in: an emergency answer cannot do without it"
            )
    return row


@lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[datetime.date]:
    return frozenset(holidays.country_holidays(country, years=year))


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _explain(file: Path | str, tree: dict[str, Any], error: ErrorDetails) -> KnowledgeError:
    """A pydantic error in the words of the file: entries of lists are named by their id where they have one."""
    parts: list[str] = []
    node: Any = tree
    for step in error["loc"]:
        # pydantic also names the branch of a union it tried; that is no key of the file
        if isinstance(step, int) is not isinstance(node, list) or (
            isinstance(node, dict) and step not in node and error["type"] != "missing"
        ):
            break
        node = node.get(step) if isinstance(node, dict) else node[step]
        name = node.get("id") if isinstance(step, int) and isinstance(node, dict) else None
        parts.append(str(name or (step + 1 if isinstance(step, int) else step)))
        if not isinstance(node, dict | list):
            break
    context = error.get("ctx", {})
    if error["type"] == "nmt_clinic":
        return KnowledgeError(file, ".".join(parts), str(context["reason"]), str(context["remedy"]))
    remedy = _REMEDIES.get(error["type"], "Correct the value; the file that came with the bot shows the form")
    reason = {"missing": "is missing", "extra_forbidden": "is not a key that is known here"}.get(error["type"])
    return KnowledgeError(file, ".".join(parts), reason or f"is not valid: {error['msg']}", remedy)
