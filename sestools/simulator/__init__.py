"""SES on this host: an SMTP endpoint on loopback that behaves as SES does, and fails on command as SES does."""

from sestools.simulator.account import Account as Account
from sestools.simulator.scenario import Scenario as Scenario
from sestools.simulator.server import Simulator as Simulator
from sestools.simulator.service import Accepted as Accepted
