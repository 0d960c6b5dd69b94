"""A simulator in a process of its own, so that what is measured does not share its interpreter.

Prints one line of JSON (ports, CA file, user, password) and ends when its standard input does.
"""

import json
import sys

from sestools.simulator import Simulator, faults

delay, addresses, *given = sys.argv[1:]
with Simulator(
    "eu-west-1",
    delay=float(delay),
    addresses=int(addresses),
    faults=[faults.parse(word) for word in given],
) as ses:
    place = {"ports": ses.connect_to, "ca": ses.ca_file}
    print(
        json.dumps({**place, "user": ses.credentials.user, "password": ses.credentials.password}), flush=True
    )
    sys.stdin.read()
