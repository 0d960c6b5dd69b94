"""Panels for notebooks, over functions that already work: `check`, `classify` and `say`.

A panel renders its result into an HTML child. Its text form holds no times and no addresses of this host,
so a notebook's stored output can be compared.
"""

from sestools.widgets.endpoints import credentials_for as credentials_for
from sestools.widgets.endpoints import place as place
from sestools.widgets.endpoints import simulator as simulator
from sestools.widgets.exercises import Answer as Answer
from sestools.widgets.exercises import Lines as Lines
from sestools.widgets.exercises import judge as judge
from sestools.widgets.exercises import lines_to_type as lines_to_type
from sestools.widgets.exercises import prove as prove
from sestools.widgets.panel import CheckPanel as CheckPanel
from sestools.widgets.replies import ReplyDemo as ReplyDemo
from sestools.widgets.replies import ReplyPanel as ReplyPanel
from sestools.widgets.replies import ReplyTable as ReplyTable
from sestools.widgets.replies import say as say
from sestools.widgets.simulations import LabPanel as LabPanel
from sestools.widgets.simulations import LifetimePanel as LifetimePanel
from sestools.widgets.triage import DiagnosisPanel as DiagnosisPanel
from sestools.widgets.triage import next_notebook as next_notebook
