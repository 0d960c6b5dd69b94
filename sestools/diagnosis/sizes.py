"""What a measurement of packet sizes means: the one judgement of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from sestools.core.cause import Cause
from sestools.core.enums import Stage
from sestools.core.results import ProbeResult, Symptom
from sestools.diagnosis.filled import known_of
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.sizes import FIXES, PASSES, PASSES_TITLE, Narrow
from sestools.knowledge.table import cause
from sestools.probes import MtuFacts, Passage, Way

_LONGER = (30, 60)


def reached(result: ProbeResult) -> tuple[str, ...]:
    """The addresses that a probe tried to connect to, in a sentence; empty if there was none."""
    steps = [step for step in result.steps if step.stage is Stage.CONNECT and step.address]
    made = dict.fromkeys(step.address for step in steps if not step.symptom)
    tried = ", ".join(map(str, made or dict.fromkeys(step.address for step in steps)))
    if not tried:
        return ()
    whose = "which was given" if result.target.connect_to else "which the name resolves to"
    return (f"{'connected to' if made else 'no connection to'} {tried}, {whose}",)


def judged_sizes(result: ProbeResult[MtuFacts]) -> Diagnosis | None:
    """What `probe_mtu` found; None if it failed for a reason that has nothing to do with sizes."""
    facts = result.facts
    own = Symptom(host=result.target.host, port=result.target.port, security=result.target.security)
    symptom = result.symptom or own
    if facts.passage is Passage.BY_SIZE:
        row = _hole(facts)
    elif symptom.cause:
        row = cause(symptom.cause)
    elif result.ok:
        passes = replace(cause("healthy"), title=PASSES_TITLE, **PASSES)
        row = cause("mtu-narrow-path") if facts.narrowed else passes
    else:
        return None
    evidence = (*([str(result.symptom)] if result.symptom else []), *facts.seen, *reached(result))
    if facts.ways == (Way.UP,) and facts.probing:
        evidence += ("tcp_mtu_probing is on here: TCP may go on by itself after some time-outs",)
    if facts.below_ipv6:
        evidence += ("IPv6 promises 1280 bytes on every path",)
    return Diagnosis(
        symptom=symptom, candidates=(row,), evidence=evidence, ruled_out=row.ruled_out, known=_known(result)
    )


def _hole(facts: MtuFacts) -> Cause:
    """The row, with the advice that fits direction, family and host."""
    down, ipv6 = Way.DOWN in facts.ways, ":" in (facts.address or "")
    so = {Narrow.IPV6 if ipv6 else Narrow.IPV4, Narrow.BELOW_IPV6 if facts.below_ipv6 else Narrow.ENOUGH}
    so |= {Narrow.DOWN} if down else set()
    so |= {Narrow.UP} if Way.UP in facts.ways else set()
    so |= {Narrow.UP_ONLY} if not down and facts.probing is False else set()
    return replace(cause("mtu-black-hole"), fix=tuple(text for needs, text in FIXES if needs <= so))


def _known(result: ProbeResult[MtuFacts]) -> dict[str, object]:
    """What its advice can name."""
    facts, route = result.facts, result.facts.route
    trip = max((step.tcp.rtt for step in result.steps if step.tcp), default=0.0)
    known = known_of(result.target) | {
        "address": facts.address,
        "mtu": facts.path_mtu,
        "segment": facts.segment,
    }
    known["seconds"] = next((number for number in _LONGER if number > 20 * trip), 120)
    if route and facts.address:
        via = ("via", route.gateway) if route.gateway else ()
        known["interface"] = route.interface
        known["route"] = " ".join(chain((facts.address,), via, ("dev", route.interface)))
    return known
