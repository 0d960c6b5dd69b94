"""What the simulator can do wrong: one frozen class for each fault, named after what a client sees.

A fault can be limited to ports, connections, times and a number of times. `parse("dropped@25")` reads the form
that the command line, scripts and notebooks use, and `str(fault)` writes it.
"""

from sestools.simulator.faults.base import FAULTS as FAULTS
from sestools.simulator.faults.base import Fault as Fault
from sestools.simulator.faults.dialogue import AuthMissing as AuthMissing
from sestools.simulator.faults.dialogue import Closed as Closed
from sestools.simulator.faults.dialogue import Delayed as Delayed
from sestools.simulator.faults.dialogue import Drips as Drips
from sestools.simulator.faults.dialogue import EndlessGreeting as EndlessGreeting
from sestools.simulator.faults.dialogue import ForeignGreeting as ForeignGreeting
from sestools.simulator.faults.dialogue import HalfClosed as HalfClosed
from sestools.simulator.faults.dialogue import Injected as Injected
from sestools.simulator.faults.dialogue import LongLine as LongLine
from sestools.simulator.faults.dialogue import MixedCodes as MixedCodes
from sestools.simulator.faults.dialogue import ReplyLost as ReplyLost
from sestools.simulator.faults.dialogue import Reset as Reset
from sestools.simulator.faults.dialogue import Says as Says
from sestools.simulator.faults.dialogue import Stalled as Stalled
from sestools.simulator.faults.dialogue import StarttlsMasked as StarttlsMasked
from sestools.simulator.faults.dialogue import StarttlsMissing as StarttlsMissing
from sestools.simulator.faults.dialogue import replies as replies
from sestools.simulator.faults.network import BadCertificate as BadCertificate
from sestools.simulator.faults.network import Bandwidth as Bandwidth
from sestools.simulator.faults.network import BlackHole as BlackHole
from sestools.simulator.faults.network import Dropped as Dropped
from sestools.simulator.faults.network import Latency as Latency
from sestools.simulator.faults.network import Outage as Outage
from sestools.simulator.faults.network import Refused as Refused
from sestools.simulator.faults.network import Silent as Silent
from sestools.simulator.faults.network import Sliced as Sliced
from sestools.simulator.faults.network import WrongMode as WrongMode
from sestools.simulator.faults.written import describe as describe
from sestools.simulator.faults.written import parse as parse
