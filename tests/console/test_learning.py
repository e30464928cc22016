"""The loop that makes the answers better: grouped by meaning, marked by staff, written out for a person to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
import yaml
from sqlalchemy import select

from bot import examples
from bot.engine_client import EngineError
from bot.grouping import grouped
from bot.review import Invalid, NotAllowed, Review
from bot.review.learning import _Vectors
from bot.settings import ROOT
from bot.staff import Role, Staff
from bot.store import conversations
from bot.store.models import Audit, Conversation, Message, Unanswered
from bot.training_check import read_examples
from tests.console import conftest as seed
from tests.console.conftest import StaffSide

pytestmark = pytest.mark.anyio
BASE = "/api/v1/staff"


def audited(context: StaffSide) -> list[tuple[str, dict[str, object]]]:
    with context.database.session() as session:
        return [(row.what, row.detail) for row in session.scalars(select(Audit).order_by(Audit.id))]


# ------------------------------------------------------------------ grouping

CUPPING, PARKING = [1.0, 0.1, 0.0], [0.0, 0.2, 1.0]


def test_sentences_with_one_meaning_are_together_whatever_their_words() -> None:
    texts = ["do you do cupping", "where can I leave my van", "those glass jars on the back", "is there parking"]
    vectors = [CUPPING, PARKING, [0.9, 0.2, 0.1], [0.1, 0.1, 0.9]]
    assert grouped(texts, vectors) == [[0, 2], [1, 3]]


def test_what_all_sentences_have_in_common_does_not_bring_them_together() -> None:
    texts, common = ["does it hurt", "what does it cost"], [[5.0, 1.0], [5.0, -1.0]]
    assert grouped(texts, common) == [[0, 1]]
    assert grouped(texts, common, field=[[5.0, 0.5], [5.0, -0.5]]) == [[0], [1]]


def test_without_vectors_words_decide_and_the_same_words_always_do() -> None:
    texts = ["Do you do cupping?", "where can I leave my van", "cupping, do you do it", "do you do cupping"]
    assert grouped(texts) == [[0, 2, 3], [1]]
    assert grouped(texts[:1] + texts[3:], [CUPPING, PARKING]) == [[0, 1]]


def test_a_sentence_joins_the_closest_group_and_only_one_that_it_fits_as_a_whole() -> None:
    assert grouped(["a", "b", "c"], [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]) == [[0], [1, 2]]
    assert grouped(["a", "b", "c"], [[1.0, 0.0], [0.8, 0.6], [0.3, 0.95]]) == [[0, 1], [2]]


def test_nothing_and_empty_sentences_can_be_grouped() -> None:
    assert grouped([]) == []
    assert grouped(["?", "!"], [[0.0, 0.0], [0.0, 0.0]]) == [[0, 1]]


def test_vectors_are_asked_for_once_in_parts_and_a_silent_engine_is_no_error() -> None:
    asked: list[int] = []

    def embed(texts: Sequence[str]) -> list[list[float]]:
        asked.append(len(texts))
        return [[float(len(text)), 1.0] for text in texts]

    vectors = _Vectors(embed)
    texts = [f"question {number}" for number in range(70)]
    found = vectors.of(texts)
    assert found is not None
    assert len(found) == 70
    assert vectors.of([*texts, "one more"]) is not None
    assert asked == [64, 6, 1]

    def silent(texts: Sequence[str]) -> list[list[float]]:
        raise EngineError("ConnectError")

    assert _Vectors(silent).of(["one", "two"]) is None


# ------------------------------------------------------------------ the list


@pytest.fixture
def anna(team: dict[Role, Staff]) -> Staff:
    return team[Role.THERAPIST]


def test_what_an_emergency_or_a_crisis_was_told_in_is_never_shown(
    context: StaffSide, review: Review, anna: Staff
) -> None:
    conversation = seed.add_conversation(context)
    crisis = seed.add_message(context, conversation, "", withheld=True)
    urgent = seed.add_message(context, conversation, "my chest hurts, do you do cupping")
    seed.add_incident(context, conversation, message=urgent)
    seed.add_question(context, conversation, "words of a crisis", message=crisis)
    seed.add_question(context, conversation, "my chest hurts, do you do cupping", message=urgent)
    seed.add_question(context, conversation, "do you do cupping", message=seed.add_message(context, conversation, "x"))
    assert [group["text"] for group in review.questions(anna)] == ["do you do cupping"]
    assert review.counts(anna)["questions"] == 1


def test_a_thumb_down_puts_the_typed_question_on_the_list_once(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_conversation(context)
    asked = seed.add_message(context, name, "how do I get to you by bike")
    pressed = seed.add_message(context, name, "Prices and payment", payload={"do": "topic", "topic": "price"})
    with context.database.session() as session:
        conversation = session.get_one(Conversation, name)
        for uid, topic in ((asked, "opening_hours"), (pressed, "price")):
            reply = session.scalars(select(Message).where(Message.uid == uid)).one()
            answer = Message(
                uid=f"answer-{topic}",
                conversation_id=name,
                author="bot",
                at=reply.at,
                text="...",
                in_reply_to=uid,
                state="done",
                withheld=False,
            )
            session.add(answer)
            session.flush()
            for _ in range(2):
                conversations.note_unhelpful(session, conversation, answer.uid, topic)
        conversations.note_unhelpful(session, conversation, "no such answer", "price")
    (group,) = review.questions(anna)
    assert (group["text"], group["kinds"]) == ("how do I get to you by bike", ["unhelpful"])
    assert group["suggestions"] == ["opening_hours"]


def test_a_question_is_marked_audited_and_taken_back(context: StaffSide, review: Review, anna: Staff) -> None:
    number = seed.add_question(context, seed.add_conversation(context), "what do I pay")
    with pytest.raises(Invalid):
        review.mark([number], anna, "no_such_topic")
    assert review.mark([number, 999], anna, "price") == 1
    assert review.mark([number], anna, "insurance") == 0  # somebody was first
    assert review.questions(anna) == []
    assert [(one["text"], one["label"]) for one in review.marked(anna)] == [("what do I pay", "price")]
    review.unmark(number, anna)
    assert review.marked(anna) == []
    assert review.mark([number], anna, "oos_noise") == 1
    assert [one for one in audited(context) if one[0].startswith("question")] == [
        ("question.marked", {"count": 1, "label": "price"}),
        ("question.unmarked", {"label": "price"}),
        ("question.marked", {"count": 1, "label": "oos_noise"}),
    ]


def test_reception_neither_sees_nor_marks(review: Review, team: dict[Role, Staff]) -> None:
    reception = team[Role.RECEPTION]
    for act in (
        lambda: review.questions(reception),
        lambda: review.marked(reception),
        lambda: review.mark([1], reception, "price"),
        lambda: review.unmark(1, reception),
    ):
        with pytest.raises(NotAllowed):
            act()


async def test_the_page_marks_and_takes_back(new_browser: seed.NewBrowser, context: StaffSide, team: object) -> None:
    browser = new_browser()
    await seed.sign_in(browser, Role.THERAPIST)
    number = seed.add_question(context, seed.add_conversation(context), seed.XSS + " what do I pay", "price")
    page = (await browser.get("/console/questions")).text
    assert seed.XSS not in page
    assert '<option value="oos_medicine">' in page
    token = await seed.csrf(browser)
    url = "/console/questions"
    answer = await browser.post(f"{url}/mark", data={"csrftoken": token, "id": str(number), "label": ""})
    assert answer.status_code == 422
    answer = await browser.post(f"{url}/mark", data={"csrftoken": token, "id": str(number), "label": "price"})
    assert answer.status_code == 303
    page = (await browser.get(url)).text
    assert "Marked as examples" in page
    answer = await browser.post(f"{url}/{number}/unmark", data={"csrftoken": token})
    assert answer.status_code == 303
    assert "Marked as examples" not in (await browser.get(url)).text


async def test_the_api_marks(app: object, new_browser: seed.NewBrowser, context: StaffSide, team: object) -> None:
    browser = new_browser()
    await seed.sign_in(browser, Role.OWNER)
    number = seed.add_question(context, seed.add_conversation(context), "what do I pay")
    headers = {"x-csrftoken": await seed.csrf(browser)}

    async def sent(**body: object) -> httpx.Response:
        return await browser.post(f"{BASE}/questions/mark", json=body, headers=headers)

    assert (await sent(ids=[number], label="nothing")).status_code == 422
    assert (await sent(ids=[], label="price")).status_code == 422
    assert (await sent(ids=[number], label="price")).json() == {"marked": 1}


# ------------------------------------------------------------------ export


def marked(context: StaffSide, *pairs: tuple[str, str]) -> None:
    conversation = seed.add_conversation(context)
    with context.database.session() as session:
        for label, text in pairs:
            row = Unanswered(
                conversation_id=conversation, text=text, suggestions=[], at=seed.now(), settled="example", label=label
            )
            session.add(row)


def test_marked_questions_become_examples_that_training_can_read(context: StaffSide, tmp_path: Path) -> None:
    known = read_examples(ROOT / "data" / "nlu" / "education" / "practical.yml")[0]
    marked(
        context,
        ("price", "my name is Sam Lee,\ncall me on 020 7946 0958: what's the [damage](money)?"),
        ("price", "WHAT'S the (damage)(money)? my name is Sam Lee, call me on 020 7946 0958"),
        ("opening_hours", "/open on sundays then?"),
        ("price", "open on Sundays, then?"),
        ("price", known.text.upper()),
    )
    done = examples.export(context.database, ROOT, tmp_path / "exports")
    assert done.file is not None
    read = read_examples(done.file)
    assert {(one.intent, one.text) for one in read} >= {("opening_hours", "open on sundays then?")}
    text = done.file.read_text(encoding="utf-8")
    assert "Sam" not in text
    assert "7946" not in text
    assert "<phone>" in text
    assert done.count == len(read) == 3
    assert len(done.left_out) == 2
    assert f"an example of {known.intent} already (practical.yml, line {known.line})" in " ".join(done.left_out)
    assert yaml.safe_load(text)["version"] == "3.1"
    assert done.file.stat().st_mode & 0o077 == 0
    assert audited(context)[-1] == ("knowledge.exported", {"count": 3, "left_out": 2})


def test_an_export_is_written_once_unless_asked_for_again(context: StaffSide, tmp_path: Path) -> None:
    assert examples.export(context.database, ROOT, tmp_path).file is None
    marked(context, ("price", "how many coins would that be for me"))
    first = examples.export(context.database, ROOT, tmp_path)
    assert examples.export(context.database, ROOT, tmp_path).file is None
    again = examples.export(context.database, ROOT, tmp_path, again=True)
    assert first.file != again.file
    assert again.count == 1


def test_what_a_client_deletes_is_no_example_any_more(context: StaffSide, tmp_path: Path) -> None:
    marked(context, ("price", "how many coins would that be for me"))
    with context.database.session() as session:
        conversations.erase(session, session.scalars(select(Conversation.id)).one())
    assert examples.export(context.database, ROOT, tmp_path).count == 0
