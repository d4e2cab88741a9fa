"""What the checks report: findings by invariant, and counts of what was looked at.

SPDX-License-Identifier: Apache-2.0
"""

import collections

SHOWN = 20  # findings of one invariant that are told in full


class Findings:
    """Collects both; nothing stops a check, all of it is told at once."""

    def __init__(self):
        self.found = []  # (invariant, place, text)
        self.counts = collections.Counter()

    def add(self, invariant, place, text, *values):
        self.found.append((invariant, place, text % values if values else text))

    def check(self, condition, invariant, place, text, *values):
        """Adds a finding unless the condition holds; returns whether it does."""
        if not condition:
            self.add(invariant, place, text, *values)
        return condition

    def count(self, name, number=1):
        self.counts[name] += number

    def invariants(self):
        return sorted({invariant for invariant, _, _ in self.found}, key=lambda name: int(name[1:]))

    def lines(self):
        by_invariant = collections.Counter()
        told = []
        for invariant, place, text in self.found:
            by_invariant[invariant] += 1
            if by_invariant[invariant] <= SHOWN:
                told.append("%s %s: %s" % (invariant, place, text))
        for invariant, number in sorted(by_invariant.items()):
            if number > SHOWN:
                told.append("%s: and %d more" % (invariant, number - SHOWN))
        return told

    def summary(self):
        return ", ".join("%d %s" % (number, name) for name, number in self.counts.items())
