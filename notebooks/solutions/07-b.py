answer_b = {"cause": "daily-quota", "retry": "after hours"}
