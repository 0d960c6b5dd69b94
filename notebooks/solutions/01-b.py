answer_b = {"port": 465, "security": "wrapper"}
