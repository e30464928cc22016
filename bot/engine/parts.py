"""What a message asks for: one thing, two things, or something that leans on the answer before it.

Free of Rasa and of the model, so it can be tested alone: it is given probabilities and gives a verdict.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

#: More cuts than these are not tried: long stories have many commas and seldom two questions.
MOST_CUTS = 6
_SENTENCE = re.compile(r"\s*[.?!;…\n]+\s+|\s+-+\s+")
_WORD = re.compile(
    r"\s*,?\s+(?:and\s+also|and\s+then|and|also|but|plus|or|as\s+well\s+as|another\s+thing|&)\s*,?\s+(?:also\s+)?", re.I
)
_COMMA = re.compile(r"\s*,\s+")
_MEANING = re.compile(r"\w", re.UNICODE)

#: Acts that somebody may ask for beside something else. A greeting or a yes beside a question is no second request.
_ACTS_ASKED_FOR = frozenset(
    {
        "book",
        "cancel_booking",
        "delete_data",
        "export_data",
        "my_booking",
        "my_data",
        "person",
        "reschedule",
        "screen",
    }
)
_ACTS = _ACTS_ASKED_FOR | frozenset(
    {
        "affirm",
        "back",
        "deny",
        "feedback",
        "goodbye",
        "greet",
        "help",
        "more",
        "repeat",
        "start_again",
        "stop",
        "thanks",
        "unsure",
        "why",
    }
)
_OUTSIDE = "oos_"

Probabilities = Mapping[str, float]


class Rules(NamedTuple):
    """Numbers of config.yml, chosen on the development halves (docs/decisions/0010)."""

    sure: float
    sure_of_the_field: float
    leading: float
    doubt_outside: float
    doubt_below: float
    sure_of_a_part: float
    named_in_the_whole: float
    offer_a_part: float
    leans_below: float
    weight_of_context: float
    favour_of_next: float


class Context(NamedTuple):
    """The topic answered last: its title, and the topics that people ask about next."""

    title: str
    following: FrozenSet[str]


def is_topic(intent: str) -> bool:
    """Everything that is no act and not out of scope is a topic."""
    return intent not in _ACTS and not intent.startswith(_OUTSIDE)


def cuts(text: str) -> List[Tuple[str, str]]:
    """Every way to cut a text in two where a second request may begin, the clearest first."""
    found: List[Tuple[str, str]] = []
    for pattern in (_SENTENCE, _WORD, _COMMA):
        for place in pattern.finditer(text):
            cut = text[: place.start()].strip(), text[place.end() :].strip()
            if all(_MEANING.search(part) for part in cut) and cut not in found:
                found.append(cut)
    return found[:MOST_CUTS]


def is_understood(said: Probabilities, rules: Rules) -> bool:
    """Whether the likeliest intent may be acted on, or had better be asked back.

    A topic may be less sure than an act as long as it is plain that some topic is meant: its neighbours are offered
    beside it. Where much speaks for "not our field", more is needed.
    """
    first = max(said, key=lambda intent: said[intent])
    sure = said[first]
    outside = sum(share for intent, share in said.items() if intent.startswith(_OUTSIDE))
    if not first.startswith(_OUTSIDE) and outside >= rules.doubt_outside and sure < rules.doubt_below:
        return False
    if sure >= rules.sure:
        return True
    field = sum(share for intent, share in said.items() if is_topic(intent))
    return is_topic(first) and field >= rules.sure_of_the_field and sure >= rules.leading


def two_requests(
    whole: Probabilities, halves: Sequence[Tuple[Probabilities, Probabilities]], sure: float, named: float
) -> Tuple[str, ...]:
    """Two different requests, in the order asked, of the cut that shows them best; empty if no cut does.

    Args:
        sure: how sure both halves have to be.
        named: how much the whole message has to say of each. "NMT" alone asks what that is; beside another question it
            mostly belongs to it.
    """
    best: Tuple[float, Tuple[str, ...]] = (0.0, ())
    for left, right in halves:
        pair = tuple(max(part, key=lambda intent: part[intent]) for part in (left, right))
        weakest = min(left[pair[0]], right[pair[1]])
        if pair[0] == pair[1] or not all(is_topic(intent) or intent in _ACTS_ASKED_FOR for intent in pair):
            continue
        if min(whole[intent] for intent in pair) >= named and weakest >= sure and weakest > best[0]:
            best = weakest, pair
    return best[1]


def leaning(
    alone: Probabilities, after_title: Optional[Probabilities], context: Optional[Context], rules: Rules
) -> Dict[str, float]:
    """The message read in the light of the answer before it, where it says too little by itself."""
    if context is None or after_title is None or max(alone.values()) >= rules.leans_below:
        return dict(alone)
    weight = rules.weight_of_context
    blended = {
        intent: share ** (1 - weight)
        * after_title[intent] ** weight
        * (rules.favour_of_next if intent in context.following else 1.0)
        for intent, share in alone.items()
    }
    total = sum(blended.values())
    return {intent: share / total for intent, share in blended.items()}
