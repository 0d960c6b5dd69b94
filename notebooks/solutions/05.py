answer = Thresholds(messages=100, age=300, idle=4)
