answer_a = 2587
