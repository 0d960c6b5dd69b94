answer_a = {"cause": "idle-timeout", "retry": "on a new connection"}
