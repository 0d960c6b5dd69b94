from sestools import Policy

answer = Policy.exponential(when_unknown="give up", jitter="full")
