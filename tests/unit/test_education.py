"""The topics as clients get them: complete, short, plain, sourced, and honest where the clinic has set nothing."""

from __future__ import annotations

import datetime
import re
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyphen import Pyphen  # type: ignore[import-untyped]

from bot.education import (
    Renderer,
    Topic,
    by_day,
    human_date,
    human_time,
    human_zone,
    load_sources,
    load_topics,
    money,
    sentence,
)
from bot.knowledge import KnowledgeError, read_yaml

ROOT = Path(__file__).parents[2]
KNOWLEDGE = ROOT / "knowledge"
NLU = ROOT / "data" / "nlu"
SPECIFICATION = ROOT.parent / "shared" / "spec" / "topics.yml"

LOCALE = {
    "emergency_number": "911",
    "urgent_line": "your doctor, a nurse line or urgent care",
    "crisis_name": "988 Suicide & Crisis Lifeline",
    "crisis_contact": "call or text 988",
}
CLINIC: dict[str, Any] = read_yaml(KNOWLEDGE / "clinic.yml")
TOPICS = load_topics(KNOWLEDGE)

MOST_WORDS = 90
HARDEST_GRADE = 8.0
MEDIAN_GRADE = 6.0
FEWEST_EXAMPLES = 20

# Without these a clinic cannot be run at all; everything else may be null.
ALWAYS_SET = {
    "clinic": {"name", "timezone", "currency", "locale", "country"},
    "services": {"id", "name", "duration_min", "buffer_min", "active"},
    "therapists": {"id", "name", "services", "active"},
    "hours": {"weekday", "from", "to"},
    "booking": {"minimum_notice_hours", "horizon_days", "hold_hours", "slot_step_min"},
    "privacy": {"consent_version"},
}


def bare(tree: Any, keep: set[str]) -> Any:
    """The same tree with every value null that a clinic may leave empty."""
    if isinstance(tree, dict):
        return {key: value if key in keep else bare(value, keep) for key, value in tree.items()}
    if isinstance(tree, list):
        return [bare(item, keep) for item in tree]
    return None


BARE_CLINIC = {part: bare(tree, ALWAYS_SET.get(part, set())) for part, tree in CLINIC.items()}
RENDERERS = {
    "example": Renderer(CLINIC, LOCALE),
    "bare": Renderer(BARE_CLINIC, {**LOCALE, "urgent_line": None}),
}


# ------------------------------------------------------------------ measuring a text

_SYLLABLES = Pyphen(lang="en_US")


def words(text: str) -> list[str]:
    return [word for word in text.split() if any(letter.isalnum() for letter in word)]


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade; each line of a list is read as a sentence of its own."""
    lines = [line if line.rstrip().endswith((".", "?")) else f"{line}." for line in text.splitlines() if line.strip()]
    plain = "\n".join(lines)
    tokens = re.sub(r"[^\w\s']", "", plain.lower()).split()
    sentences = [part for part in re.findall(r"\b[^.!?]+[.!?]*", plain) if len(words(part)) > 2]
    syllables = sum(len(_SYLLABLES.positions(token)) + 1 for token in tokens)
    per_sentence = len(tokens) / max(1, len(sentences))
    return 0.39 * per_sentence + 11.8 * syllables / len(tokens) - 15.59


def test_the_reading_grade_tells_plain_from_hard() -> None:
    assert reading_grade("You can stop at any time. Tell us how it feels.") < 3
    assert reading_grade("Contraindications necessitate individualised multidisciplinary consideration.") > 15


# ------------------------------------------------------------------ examples


def nlu_examples() -> list[tuple[Path, str, str]]:
    """Every example under data/nlu as (file, intent, example)."""
    found = []
    for path in sorted(NLU.rglob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in block:
                lines = block["examples"].splitlines()
                found += [(path, block["intent"], line.removeprefix("- ").strip()) for line in lines if line.strip()]
    return found


EXAMPLES = nlu_examples()
EDUCATION_EXAMPLES = [(intent, text) for path, intent, text in EXAMPLES if path.parent.name == "education"]


def test_every_topic_has_an_intent_and_every_intent_a_topic() -> None:
    assert {intent for intent, _ in EDUCATION_EXAMPLES} == set(TOPICS)


def test_every_topic_has_enough_examples() -> None:
    counts = Counter(intent for intent, _ in EDUCATION_EXAMPLES)
    assert {intent: count for intent, count in counts.items() if count < FEWEST_EXAMPLES} == {}


def test_no_example_is_given_twice() -> None:
    counts = Counter((intent, text) for _, intent, text in EXAMPLES)
    assert [example for example, count in counts.items() if count > 1] == []


def test_no_example_belongs_to_two_intents() -> None:
    """Not even with other capitals or punctuation: the two would cancel each other out."""
    intents: dict[str, set[str]] = {}
    for _, intent, text in EXAMPLES:
        letters = re.sub(r"[^\w\s]", "", text.casefold()).split()
        intents.setdefault(" ".join(letters) or text, set()).add(intent)
    assert {text: names for text, names in intents.items() if len(names) > 1} == {}


# ------------------------------------------------------------------ every topic


def every_topic(function: Any) -> Any:
    return pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS.keys())(function)


def every_clinic(function: Any) -> Any:
    return pytest.mark.parametrize("clinic", RENDERERS)(function)


@every_clinic
@every_topic
def test_texts_are_short_and_plain(topic: Topic, clinic: str) -> None:
    for text in (RENDERERS[clinic].answer(topic), RENDERERS[clinic].more(topic)):
        if text is None:
            continue
        assert len(words(text)) <= MOST_WORDS
        assert reading_grade(text) <= HARDEST_GRADE
        assert not re.search(r"\bNone\b|\bTrue\b|\bFalse\b|[{}]|!| \.|\.\.", text)
        assert text.replace("\n", "").isprintable()


@every_clinic
def test_the_median_answer_is_easy(clinic: str) -> None:
    assert (
        statistics.median(reading_grade(RENDERERS[clinic].answer(topic)) for topic in TOPICS.values()) <= MEDIAN_GRADE
    )


@every_topic
def test_follow_ups_and_sources_resolve(topic: Topic) -> None:
    assert set(topic.follow_ups) <= set(TOPICS) - {topic.id}
    assert topic.sources
    known = load_sources(KNOWLEDGE)
    assert all(known[source.id] == source for source in topic.sources)


@every_topic
def test_clinic_wide_numbers_stand_in_no_text(topic: Topic) -> None:
    """A number of one country would be wrong in the next."""
    for text in (topic.answer, topic.more or ""):
        assert not re.search(r"\b(911|999|112|111|988|000)\b", text)


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the topic specification is not beside this repository")
def test_topics_agree_with_the_specification() -> None:
    specified = {row["id"]: row for row in read_yaml(SPECIFICATION)}
    assert set(TOPICS) == set(specified)
    for name, row in specified.items():
        topic = TOPICS[name]
        assert (topic.title, topic.group, topic.needs_screen) == (row["title"], row["group"], row["needs_screen"])
        assert list(topic.follow_ups) == row["follow_ups"], name
        for renderer in RENDERERS.values():
            said = f"{renderer.answer(topic)}\n{renderer.more(topic)}".casefold()
            assert [phrase for phrase in row["must_not_say"] if phrase.casefold() in said] == [], name
        given = {text for intent, text in EDUCATION_EXAMPLES if intent == name}
        assert [text for text in row["examples"] if text not in given] == [], name


# ------------------------------------------------------------------ clinic settings


def test_what_is_not_set_is_said() -> None:
    renderer = RENDERERS["bare"]
    for name in ("price", "insurance", "location_and_parking", "cancellation_policy", "what_to_wear"):
        assert "I can ask the team" in renderer.answer(TOPICS[name])


def test_what_is_switched_off_is_not_offered() -> None:
    services = [{**service, "active": service["id"] != "nmt_90"} for service in CLINIC["services"]]
    renderer = Renderer({**CLINIC, "services": services}, LOCALE)
    for name in ("price", "services_offered", "session_length"):
        assert "Long NMT session" in RENDERERS["example"].answer(TOPICS[name])
        assert "Long NMT session" not in renderer.answer(TOPICS[name])


def test_an_empty_urgent_line_falls_back_to_the_emergency_number() -> None:
    assert "get help today: 911" in RENDERERS["bare"].answer(TOPICS["soreness_after"])


@pytest.mark.parametrize(
    ("insurance", "said"),
    [
        ({"accepted": True, "plans": ["North", "South"], "receipt": True}, "We bill these insurers: North, South."),
        ({"accepted": True, "plans": None, "receipt": None}, "I don't have the list yet"),
        ({"accepted": False, "plans": None, "receipt": False}, "We don't bill insurers."),
        ({"accepted": None, "plans": None, "receipt": None}, "I don't know yet if we bill insurers"),
    ],
)
def test_insurance_follows_the_settings(insurance: dict[str, Any], said: str) -> None:
    renderer = Renderer({**CLINIC, "payment": {**CLINIC["payment"], "insurance": insurance}}, LOCALE)
    assert said in renderer.answer(TOPICS["insurance"])


@pytest.mark.parametrize(("fee", "said"), [(0, "$0."), (40, "$40."), ("half the price", "Half the price.")])
def test_a_cancellation_fee_may_be_an_amount_or_words(fee: object, said: str) -> None:
    policies = {**CLINIC["policies"], "cancellation": {"notice_hours": 24, "fee": fee}}
    assert said in Renderer({**CLINIC, "policies": policies}, LOCALE).answer(TOPICS["cancellation_policy"])


@pytest.mark.parametrize(("extra", "said"), [(0, "count inside"), (15, "plan 15 minutes more"), (None, "I don't know")])
def test_the_first_visit_follows_the_settings(extra: int | None, said: str) -> None:
    policies = {**CLINIC["policies"], "first_visit_extra_min": extra}
    assert said in Renderer({**CLINIC, "policies": policies}, LOCALE).answer(TOPICS["session_length"])


def test_closing_days_are_named() -> None:
    holidays = {"public": False, "closed": [datetime.date(2026, 12, 24), datetime.date(2026, 12, 31)]}
    answer = Renderer({**CLINIC, "holidays": holidays}, LOCALE).answer(TOPICS["opening_hours"])
    assert "Also closed: 24 December 2026, 31 December 2026." in answer
    assert "public holidays" not in answer


def test_packages_and_a_plan_are_shown_where_the_clinic_has_them() -> None:
    services = [{**service, "packages": "five for $450"} for service in CLINIC["services"][:1]]
    policies = {**CLINIC["policies"], "session_plan_note": "we look again after three visits"}
    renderer = Renderer({**CLINIC, "services": services, "policies": policies}, LOCALE)
    answer = renderer.answer(TOPICS["how_many_sessions"])
    assert "We look again after three visits." in answer
    assert "- NMT session: Five for $450." in answer
    assert "package: Five for $450." in renderer.answer(TOPICS["price"])


def test_a_clinic_without_lists_still_answers() -> None:
    renderer = Renderer({**BARE_CLINIC, "services": [], "therapists": [], "hours": []}, LOCALE)
    for topic in TOPICS.values():
        assert renderer.answer(topic)


# ------------------------------------------------------------------ words for values


def test_money() -> None:
    assert [money(95, "USD"), money("37.5", "EUR"), money(1200, "GBP"), money(80, "CHF")] == [
        "$95",
        "€37.50",
        "£1,200",
        "80 CHF",
    ]


def test_times_dates_and_zones() -> None:
    assert [human_time(clock) for clock in ("09:00", "9:30", "12:00", "12:30", "00:00", "18:05")] == [
        "9 am",
        "9:30 am",
        "noon",
        "12:30 pm",
        "midnight",
        "6:05 pm",
    ]
    assert human_time(datetime.time(13)) == "1 pm"
    assert human_date("2026-12-24") == "24 December 2026"
    assert human_zone("America/New_York") == "New York"
    assert [sentence(" card or cash "), sentence("Really?")] == ["Card or cash.", "Really?"]


def test_equal_neighbours_share_a_line() -> None:
    hours = [{"weekday": day, "from": "13:00", "to": "18:00"} for day in ("monday", "tuesday", "wednesday", "friday")]
    hours += [{"weekday": day, "from": "9:00", "to": "12:00"} for day in ("monday", "tuesday", "wednesday")]
    assert by_day(hours) == [
        {"days": "Monday to Wednesday", "times": "9 am to noon, 1 pm to 6 pm"},
        {"days": "Friday", "times": "1 pm to 6 pm"},
    ]
    assert by_day(hours[:2])[0]["days"] == "Monday and Tuesday"


# ------------------------------------------------------------------ files with mistakes


def test_plain_words_stay_words(tmp_path: Path) -> None:
    file = tmp_path / "words.yml"
    file.write_text("{closed: no, from: 9:30, open: true, minutes: 60, price: 37.5, day: 2026-12-24, fee: null}")
    assert read_yaml(file) == {
        "closed": "no",
        "from": "9:30",
        "open": True,
        "minutes": 60,
        "price": 37.5,
        "day": datetime.date(2026, 12, 24),
        "fee": None,
    }


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' is given twice"),
        ("a: 1\nb: [2\nc: 3\n", 3, "cannot be read as YAML"),
        ("? [a]\n: 1\n", 1, "unhashable"),
        ("a: 2026-13-40\n", None, "impossible value"),
        ("a: \x07\n", None, "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_not_yaml_is_named(tmp_path: Path, text: str, line: int | None, reason: str) -> None:
    file = tmp_path / "broken.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read_yaml(file)
    assert (caught.value.file, caught.value.line) == (str(file), line)
    assert reason in caught.value.reason
    assert str(caught.value).startswith(str(file))


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="is missing"):
        read_yaml(tmp_path / "none.yml")
    (tmp_path / "latin.yml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(KnowledgeError, match="plain UTF-8"):
        read_yaml(tmp_path / "latin.yml")


FRONT = {
    "id": "one",
    "title": "One",
    "group": "concept",
    "evidence": "C",
    "reviewed_on": "2026-11-20",
    "needs_screen": "false",
    "sources": "[A1]",
    "follow_ups": "[]",
}


def write(folder: Path, body: str = "An answer.", changes: dict[str, str | None] | None = None) -> Path:
    """A knowledge folder with one source and one topic; a change of None leaves the key out."""
    (folder / "topics").mkdir(exist_ok=True)
    (folder / "sources.yml").write_text('- {id: A1, title: "A study", ref: "here"}\n', encoding="utf-8")
    front = "".join(f"{key}: {value}\n" for key, value in {**FRONT, **(changes or {})}.items() if value is not None)
    (folder / "topics" / "one.md").write_text(f"---\n{front}---\n{body}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("changes", "key", "reason"),
    [
        ({"title": None}, "title", "is missing"),
        ({"title": '"' + "x" * 61 + '"'}, "title", "too long"),
        ({"colour": "red"}, "colour", "not a key"),
        ({"id": "two"}, "id", "not the name of the file"),
        ({"group": "other"}, "group", "not known"),
        ({"evidence": "E"}, "evidence", "not known"),
        ({"reviewed_on": "soon"}, "reviewed_on", "not a date"),
        ({"needs_screen": "no"}, "needs_screen", "neither true nor false"),
        ({"sources": "[]"}, "sources", "names 0 sources"),
        ({"sources": "[B2]"}, "sources", "not in sources.yml"),
        ({"sources": "A1"}, "sources", "not a list"),
        ({"follow_ups": "[two]"}, "follow_ups", "not another topic"),
        ({"follow_ups": "[one]"}, "follow_ups", "not another topic"),
        ({"table": "{columns: [a]}"}, "table", "other keys"),
        ({"table": "{columns: [a, b], rows: [[c]]}"}, "table.rows", "another length"),
        ({"table": "{columns: [a, b], rows: [[c, 3]]}"}, "table", "not text"),
    ],
)
def test_a_mistake_in_the_front_matter_is_named(
    tmp_path: Path, changes: dict[str, str | None], key: str, reason: str
) -> None:
    with pytest.raises(KnowledgeError) as caught:
        load_topics(write(tmp_path, changes=changes))
    assert caught.value.key == key
    assert reason in caught.value.reason
    assert caught.value.file.endswith("one.md")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        ("An answer.\n\n## Less\n\nNo.", 13, "not expected"),
        ("An answer.\n\n## More\n\nYes.\n\n## More\n\nAgain.", 17, "not expected"),
        ("An answer.\n{% if clinic.name %}open", 12, "not a valid template"),
        ("\n\n## More\n\nYes.", 11, "empty"),
        ("An answer.\n\n## More\n", None, "empty"),
    ],
)
def test_a_mistake_in_the_text_is_named(tmp_path: Path, body: str, line: int | None, reason: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        load_topics(write(tmp_path, body))
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_a_file_without_front_matter_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "topics" / "one.md").write_text("Only words.", encoding="utf-8")
    with pytest.raises(KnowledgeError, match="has no front matter"):
        load_topics(tmp_path)


def test_a_broken_line_is_named_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError) as caught:
        load_topics(write(tmp_path, changes={"title": "One: two"}))
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "row", ["{id: A1, title: x}", "{title: x, ref: y}", '{id: A1, title: x, ref: y, url: "http://x.example"}', "x"]
)
def test_a_mistake_in_the_sources_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "sources.yml").write_text(f"- {row}\n", encoding="utf-8")
    with pytest.raises(KnowledgeError):
        load_sources(tmp_path)


def test_a_source_given_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / "sources.yml").write_text("- {id: A, title: x, ref: y}\n" * 2, encoding="utf-8")
    with pytest.raises(KnowledgeError, match="listed twice"):
        load_sources(tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        "{{ clinic.phone }}",  # null is never printed
        "{{ clinic.fone }}",  # nor is a name that does not exist
        "{{ services[0].price | money(clinic.currency) }}",
        "{{ ''.__class__.__mro__ }}",  # and a template reaches nothing but the settings
        "{{ clinic.update({'name': 'x'}) }}",
    ],
)
def test_a_text_that_cannot_be_filled_is_named(tmp_path: Path, body: str) -> None:
    topic = load_topics(write(tmp_path, body))["one"]
    with pytest.raises(KnowledgeError, match=r"one\.md: answer: cannot be filled"):
        Renderer(BARE_CLINIC, LOCALE).answer(topic)


def test_wrapped_lines_are_joined_and_lists_kept(tmp_path: Path) -> None:
    body = "One line\nand its end.\n\n- a\n- b that\n  goes on\nThe end.\n\n## More\n\nMore."
    topic = load_topics(write(tmp_path, body, {"table": '{columns: ["", X], rows: [[Name, "{{ clinic.name }}"]]}'}))[
        "one"
    ]
    renderer = Renderer(CLINIC, LOCALE)
    assert renderer.answer(topic) == "One line and its end.\n\n- a\n- b that goes on\nThe end."
    assert renderer.more(topic) == "More."
    table = renderer.table(topic)
    assert table is not None
    assert table.rows == (("Name", CLINIC["clinic"]["name"]),)


def test_a_topic_may_do_without_more_and_table(tmp_path: Path) -> None:
    topic = load_topics(write(tmp_path))["one"]
    renderer = Renderer(CLINIC, LOCALE)
    assert renderer.more(topic) is None
    assert renderer.table(topic) is None
    assert topic.sources[0].public() == {"title": "A study", "ref": "here"}
