"""Rasa's rule policy without its hard-wired intents."""

from __future__ import annotations

from typing import Optional, Tuple

from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.trackers import DialogueStateTracker


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class Rules(RulePolicy):
    """Every intent goes through the form and the rules.

    Rasa answers the intents `restart`, `back` and `session_start` by itself, before any form, by removing events
    from the conversation. Here `back` means "the question before" and belongs to the form; the others are not used.
    """

    @staticmethod
    def _find_action_from_default_actions(tracker: DialogueStateTracker) -> Tuple[Optional[str], Optional[str]]:
        return None, None
