"""Configuration of programs that send through SES, from one template for each program."""
