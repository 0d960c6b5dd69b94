"""What every result that can be shown has: its text form, Markdown and HTML, all from one document."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sestools.core.document import Document
from sestools.render.html import as_html
from sestools.render.markdown import as_markdown
from sestools.render.text import as_text


class Shown(ABC):
    """A result with a document."""

    @abstractmethod
    def document(self) -> Document:
        """What it says, for every face."""

    def __str__(self) -> str:
        return as_text(self.document())

    def to_markdown(self) -> str:
        """To paste into a ticket."""
        return as_markdown(self.document())

    def to_html(self) -> str:
        """For a web page: escaped, without any outside resource."""
        return as_html(self.document())

    def _repr_html_(self) -> str:
        return self.to_html()
