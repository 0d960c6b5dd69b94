"""Plots of results: `plot` draws a result on axes, `picture` gives what a notebook stores.

What can be plotted: a `Report` (time of each stage) and several of them by name (times to connect), `Sweep`,
`AddressHistory`, the result of `probe_mtu`, a survival `Curve`, `RecycleAdvice`, `Lab`, a `Timeline` of attempts,
and the tuple of `known_replies`. matplotlib is imported when something is drawn.
"""

from sestools.plots.drawing import Picture, picture, plot, to_svg

__all__ = ["Picture", "picture", "plot", "to_svg"]
