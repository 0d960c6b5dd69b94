answer_d = {"cause": "not-ses", "retry": "change something first"}
