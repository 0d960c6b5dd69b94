answer = 1360 + 40
