"""What can be wrong with a template: its text, or its text with a value."""

from __future__ import annotations

from sampan.errors import InvalidArgument


class TemplateError(InvalidArgument):
    """A template that cannot be read or carried out; ``message`` begins with where."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="template")


class MalformedTemplate(TemplateError):
    """The text is no template."""


class TemplateFailed(TemplateError):
    """The template does not fit the value."""
