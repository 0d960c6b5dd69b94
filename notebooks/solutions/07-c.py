answer_c = {"cause": "not-verified", "retry": "change something first"}
