"""Experiments with ground truth: what is lost, sent twice and late, by sender and policy, under the same faults.

The senders are real ones; they send to the simulator, whose ledger knows what was accepted. In
memory a day passes in a moment (thousands of messages); over sockets the same takes its time (a hundred).
"""

from sestools.labs.experiment import Lab, Result, lost_mail, timelines
from sestools.labs.scripts import SCRIPTS, Script
from sestools.labs.senders import Contender, Destination, blind, careful, naive

__all__ = [
    "SCRIPTS",
    "Contender",
    "Destination",
    "Lab",
    "Result",
    "Script",
    "blind",
    "careful",
    "lost_mail",
    "naive",
    "timelines",
]
