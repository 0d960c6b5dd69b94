"""SES on this host: an SMTP endpoint on loopback that behaves as SES does, and fails on command as SES does."""

from sestools.simulator.account import Accepted as Accepted
from sestools.simulator.server import Simulator as Simulator
