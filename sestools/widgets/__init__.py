"""Panels for notebooks, over functions that already work: `check`, `classify` and `say`.

A panel renders its result into an HTML child. Its text form holds no times and no addresses of this host,
so a notebook's stored output can be compared.
"""

from sestools.widgets.endpoints import credentials_for, place, simulator
from sestools.widgets.exercises import Answer, judge, prove
from sestools.widgets.lab import LabPanel
from sestools.widgets.lifetime import LifetimePanel
from sestools.widgets.lines import Lines, lines_to_type
from sestools.widgets.panel import CheckPanel
from sestools.widgets.replies import ReplyPanel
from sestools.widgets.reply_demo import ReplyDemo, say
from sestools.widgets.reply_table import ReplyTable
from sestools.widgets.triage import DiagnosisPanel, next_notebook

__all__ = [
    "Answer",
    "CheckPanel",
    "DiagnosisPanel",
    "LabPanel",
    "LifetimePanel",
    "Lines",
    "ReplyDemo",
    "ReplyPanel",
    "ReplyTable",
    "credentials_for",
    "judge",
    "lines_to_type",
    "next_notebook",
    "place",
    "prove",
    "say",
    "simulator",
]
