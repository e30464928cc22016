"""Rasa's rule policy without its hard-wired intents, and with a fallback that ends."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
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

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: Optional[Dict[str, Any]] = None,
        **options: Any,
    ) -> PolicyPrediction:
        """As Rasa does, but where no rule applies the fallback is said once.

        Rasa would choose it again and again up to its limit of actions, and the conversation would stay silent from
        then on. Afterwards the open form asks again, or the bot listens.
        """
        prediction = super().predict_action_probabilities(tracker, domain, rule_only_data, **options)
        fallback = self._fallback_action_name
        chosen = domain.action_names_or_texts[prediction.probabilities.index(max(prediction.probabilities))]
        if chosen == fallback == tracker.latest_action_name:
            then = tracker.active_loop_name or ACTION_LISTEN_NAME
            return self._rule_prediction(self._prediction_result(then, tracker, domain), "after the fallback")
        return prediction
