"""What goes wrong while messages arrive: scripts of faults, limits and arrivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sestools.simulator.account import Account
from sestools.simulator.faults import Fault, parse
from sestools.simulator.rules import Rules


@dataclass(frozen=True)
class Script:
    """What goes wrong while messages arrive.

    Attributes:
        about: One sentence.
        faults: What goes wrong, and when.
        account: What the account may do.
        rules: How long connections live.
        rate: Messages that arrive in a second.
        burst: How many of them arrive at once.
        send_rate: The rate that a sender is told to keep, in recipients a second; None for no limit.
    """

    name: str
    about: str
    faults: tuple[Fault, ...] = ()
    account: Account = field(default_factory=Account)
    rules: Rules = field(default_factory=lambda: Rules(delay=0.01))
    rate: float = 10.0
    burst: int = 1
    send_rate: float | None = None

    def due(self, number: int) -> float:
        """When a message arrives, in seconds after the start."""
        return number // self.burst * self.burst / self.rate

    def faster(self, times: float) -> Script:
        """The same script, so many times as fast."""
        faults = (
            replace(one, since=one.since / times, until=one.until and one.until / times)
            for one in self.faults
        )
        lasting = ("idle", "host_lifetime", "delay")
        seconds = {name: value / times for name in lasting if (value := getattr(self.rules, name))}
        return replace(
            self,
            faults=tuple(faults),
            account=replace(self.account, rate=self.account.rate and self.account.rate * times),
            rules=replace(self.rules, **seconds),
            rate=self.rate * times,
            send_rate=self.send_rate and self.send_rate * times,
        )


_STAGES = ("TLS", "GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY")
_SCRIPTS = (
    Script("calm", "Nothing goes wrong."),
    Script("throttle", "Messages come in bursts of 200, and the account may send 14 a second.",
           account=Account(rate=14.0), burst=200, send_rate=14.0),
    Script("outage", "The network is gone for a minute, and later for half a minute.",
           (parse("outage", since=5, until=65), parse("outage", since=120, until=150))),
    Script("resets", "The connection is reset at every stage now and then, one time in fifty.",
           tuple(parse(f"reset:{stage}", chance=0.02) for stage in _STAGES)),
    Script("reply lost", "One message in fifty is accepted, and the connection lost before its sender is told.",
           (parse("reply-lost", chance=0.02),)),
    Script("hosts retired", "Hosts behind the load balancer live 20 s on average; their connections end with them.",
           rules=Rules(delay=0.01, host_lifetime=20.0, random_lifetimes=True, max_messages=50)),
    Script("idle cuts", "Twenty messages come every 15 s, and SES ends a connection after 10 s of silence.",
           rate=20 / 15, burst=20),
    Script("refusals", "SES says 454 or 451 now and then, or that it was sent too fast.",
           (parse("says:service-failure-454", chance=0.02), parse("says:service-failure-451", chance=0.01),
            parse("says:send-rate", chance=0.02))),
)  # fmt: skip

SCRIPTS: Mapping[str, Script] = {script.name: script for script in _SCRIPTS}
"""Scripts that are ready, by name."""
