"""What the bot says outside topics and clinical rows: `knowledge/wording.yml`, filled with what this clinic has set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.knowledge import KnowledgeError, read_yaml


class Wording:
    """Texts by id."""

    def __init__(self, path: Path, templates: Mapping[str, Template], values: Mapping[str, Any]) -> None:
        self._path = path
        self._templates = templates
        self._values = values

    @staticmethod
    def load(knowledge: Path, clinic: Mapping[str, Any], locale: Mapping[str, Any]) -> Wording:
        """Read and compile every text.

        Raises:
            KnowledgeError: a text is missing, is not text, or is not a valid template.
        """
        path = knowledge / "wording.yml"
        data = read_yaml(path)
        if not isinstance(data, dict):
            raise KnowledgeError(path, "", "is not a table of texts", "write each line as `id: text`")
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        templates: dict[str, Template] = {}
        for key, text in data.items():
            if not isinstance(text, str) or not text.strip():
                raise KnowledgeError(path, str(key), "is not a text", "write the sentence that the bot says")
            try:
                templates[key] = environment.from_string(text.strip())
            except TemplateError as error:
                raise KnowledgeError(path, key, f"is not a valid template: {error}", "check the braces") from error
        return Wording(path, templates, {**clinic, "locale": locale})

    def has(self, key: str) -> bool:
        return key in self._templates

    def text(self, key: str, **variables: object) -> str:
        """The text `key`, filled.

        Raises:
            KnowledgeError: there is no such text, or it names something that is not known.
        """
        template = self._templates.get(key)
        if template is None:
            raise KnowledgeError(self._path, key, "there is no such text", "add it, or correct the id")
        try:
            return template.render({**self._values, **variables}).strip()
        except TemplateError as error:
            remedy = "use a name that the comment lists"
            raise KnowledgeError(self._path, key, f"cannot be filled: {error}", remedy) from error

    def keys(self) -> frozenset[str]:
        return frozenset(self._templates)
