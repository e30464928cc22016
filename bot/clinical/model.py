"""The words of the clinical core: tiers, care levels, mentions, readings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Tier(IntEnum):
    """How far a finding restricts a booking. Ordered: a higher tier always wins (guide 2.1, rule 1)."""

    NONE = 0
    CAUTION = 1
    CLEARANCE = 2
    STOP = 3
    EMERGENCY = 4


class Care(StrEnum):
    """Which kind of help an emergency calls for."""

    AMBULANCE = "ambulance"
    SAME_DAY = "same_day"
    CRISIS = "crisis"

    @property
    def urgency(self) -> int:
        """Rank for "the more urgent one is shown" (guide 2.5, 3): crisis, then ambulance, then same day."""
        return {Care.CRISIS: 3, Care.AMBULANCE: 2, Care.SAME_DAY: 1}[self]


class Status(StrEnum):
    """What the client asserts about a mention."""

    CURRENT = "current"
    NEGATED = "negated"
    PAST = "past"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"
    UNCERTAIN = "uncertain"
    QUESTION = "question"
    IDIOM = "idiom"


class Signal(StrEnum):
    """What a message shows beside the rows: needs a certain kind of answer, never a tier by itself."""

    LOW_MOOD = "low_mood"  # guide 3.4 E: add the support line, lock nothing
    ABUSE_DISCLOSED = "abuse_disclosed"  # guide 3.4 D
    CRISIS_PAST = "crisis_past"  # guide 2.5, 6: negated or past crisis, offer the line kindly
    FOR_ANOTHER_ADULT = "for_another_adult"  # guide 2.5, 5
    UNKNOWN_MEDICINE = "unknown_medicine"  # guide 4.5, 8
    UNPLACED_RED_FLAG = "unplaced_red_flag"  # guide 4.5, 7
    SENSITIVE = "sensitive"  # guide 5.3: never ask for, never store
    TAKES_BACK = "takes_back"  # "jk", "I lied", "it's fine now"


@dataclass(frozen=True, slots=True)
class Mention:
    """A row of `conditions.yml` named in a text; `text[start:end]` are the client's own words.

    `mild`: an old, known illness or an ordinary ache, too weak to be an emergency by itself ("asthma", "headaches").
    """

    condition: str
    text: str
    start: int
    end: int
    status: Status
    mild: bool = False


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency or crisis row that a text fires.

    `asking` is true while the row's one question is open or the sentence is only conditional or
    educational (show the numbers, lock nothing); false means: lock now. `general` asks for the general words of this
    kind of care: the row is only the nearest one, and its own sentence would not fit (a bare call for help).
    `heard` is the certainty, above 0 and up to 1, of an emergency that no phrase names but the safety net hears.
    """

    condition: str
    care: Care
    asking: bool
    third_person: bool = False
    conditional: bool = False
    general: bool = False
    heard: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message says, clinically."""

    text: str
    mentions: tuple[Mention, ...] = ()
    emergency: Emergency | None = None
    signals: frozenset[Signal] = frozenset()
