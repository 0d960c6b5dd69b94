answer = {"A": "ports-blocked", "B": "connection-refused", "C": "egress-blocked"}
