"""Misspelt words are mended, all others are left alone."""

from bot.engine.minilm import dictionary
from bot.engine.speller import Speller

EXAMPLES = [
    "can neuromuscular therapy help my sciatica",
    "neuromuscular therapy for sciatica and appointment",
    "book an appointment for neuromuscular therapy",
    "does massage help sciatica",
    "hello hello can i cancel my appointment",
    "cancel massage",
]
speller = Speller.learn(EXAMPLES, dictionary())
for wrong, right in {
    "nuromuscular terapy": "neuromuscular therapy",
    "cancle my apointment": "cancel my appointment",
    "siatica": "sciatica",
    "helllo": "hello",
    # chat spellings are written out, digits of a sound included
    "thx 4 u": "thanks 4 you",
    "wat is B4": "what is before",
    "hw lng wud it take": "how long would it take",
}.items():
    assert speller.mend(wrong) == right, (wrong, speller.mend(wrong))
# real words, short words, numbers, other scripts and names far from any example stay
for text in (
    "What is the cost?",
    "pain in my hip",
    "12:30 am",
    "¿Qué es esto?",
    "痛い",
    "Wolverhampton",
    "4 or 2 mg",
    "",
):
    assert speller.mend(text) == text, text
