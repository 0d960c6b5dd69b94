"""Which silences to try: graded, so that one that is too long for something on the way is found and closed in on."""

from __future__ import annotations

CLOSE = 1.1
"""How many times as long the shortest silence that was not answered may be as the longest that was, at the end."""


class Silences:
    """Silences that connections try side by side, and what came of them.

    Attributes:
        answered: The longest after which the server answered.
        forgotten: The shortest after which it did not; None if there was none.
    """

    def __init__(self, most: float) -> None:
        self.most = most
        self.answered, self.forgotten = 0.0, float("inf")

    def graded(self, count: int) -> list[float]:
        """The first ones to try: the longest, half of it, a quarter and so on."""
        return [self.most / 2**number for number in range(count)]

    def learn(self, silence: float, answered: bool) -> None:
        """What came of one."""
        if answered:
            self.answered = max(self.answered, silence)
        else:
            self.forgotten = min(self.forgotten, silence)

    def next(self, left: float) -> float | None:
        """The next one to try within so many seconds; None if there is none that would tell more.

        Where nothing was forgotten yet that is all the time that is left: the server may end it.
        """
        if self.forgotten == float("inf"):
            return left if left > 0 else None
        middle = (self.answered + self.forgotten) / 2
        return middle if self.forgotten > CLOSE * self.answered and middle <= left else None
