"""The clinical rules as one HTML page that a clinical lead can read, print and sign. It loads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.clinical.rules import NEXT, Rules

_FOLDER = Path(__file__).parent


def render(rules: Rules) -> str:
    """The page, with every row, question, combination and emergency text that is in force."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tier"] = lambda tier: "next question" if tier == NEXT else tier.name
    return environment.get_template("rules_page.html.j2").render(rules=rules, ruleset=rules.ruleset)
