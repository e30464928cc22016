"""Check domain, rules and examples against each other: `python -m bot.engine.validate`.

What `rasa data validate --fail-on-warnings --max-history 5` checks, quietly, with one difference: the intents that only
buttons send must have no examples, or a sentence could be taken for a button.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any, List

from bot.engine.paths import ROOT, TRAINING

MAX_HISTORY = 5
PAYLOAD_INTENTS = frozenset({"topic", "answer", "answers", "hold", "resume"})
_LISTED = 30


def problems() -> List[str]:
    """Everything wrong with the files, in words."""
    from bot.engine.server import prepare_process

    prepare_process()
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.validator import Validator

    found: List[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        importer = TrainingDataImporter.load_from_config(
            str(ROOT / "config.yml"), str(ROOT / "domain"), [str(ROOT / folder) for folder in TRAINING]
        )
        validator = Validator.from_importer(importer)
        validator.warn_if_config_mandatory_keys_are_not_set()
        checks = {
            "domain": validator.verify_domain_validity(),
            "actions in the rules": validator.verify_actions_in_stories_rules(),
            "forms in the rules": validator.verify_forms_in_stories_rules(),
            "slots of the forms": validator.verify_form_slots(),
            "slot mappings": validator.verify_slot_mappings(),
            "examples": validator.verify_nlu(ignore_warnings=False),
            "rules and stories": validator.verify_story_structure(ignore_warnings=False, max_history=MAX_HISTORY),
        }
    found += [f"The check of the {name} failed." for name, passed in checks.items() if not passed]
    found += [str(entry.message) for entry in caught if issubclass(entry.category, UserWarning)]
    found = [text for text in found if not _is_expected(text)]
    return found + _examples_of_buttons(validator)


def _is_expected(text: str) -> bool:
    # Rasa says this about every domain with slots.
    if text.startswith("Slot auto-fill has been removed"):
        return True
    return any(f"The intent '{name}' is listed in the domain file, but" in text for name in PAYLOAD_INTENTS)


def _examples_of_buttons(validator: Any) -> List[str]:
    recognised = {example.get("intent") for example in validator.intents.intent_examples}
    return [f"The intent '{name}' is for buttons and must have no examples." for name in PAYLOAD_INTENTS & recognised]


def main() -> int:
    """Print what is wrong; returns the exit code."""
    found = problems()
    for text in found[:_LISTED]:
        print(text, file=sys.stderr)
    if len(found) > _LISTED:
        print(f"... and {len(found) - _LISTED} more", file=sys.stderr)
    print("The files fit together." if not found else f"{len(found)} problems.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
