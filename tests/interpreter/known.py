# SPDX-License-Identifier: Apache-2.0
"""What is not compared: rules on which the engine is known to differ, and what the text leaves open.

README.md gives the reason of each.
"""

# A stream that meets one of these is left out; findings/ has a smallest stream of each.
KNOWN = {}

UNREAD_NOTICES = ()
UNREAD_SIGNALS = ("REPORT_COPY",)


def normal(what, entries):
    """The entries of one kind in the order and the detail that the text fixes."""
    if what == "notices":
        return sorted(e for e in entries if e[0] not in UNREAD_NOTICES)
    if what == "signals":
        entries = [e for e in entries if e[0] not in UNREAD_SIGNALS]
    if what in ("reviews", "outcomes", "signals", "refused", "dead"):
        return sorted(entries, key=str)
    return list(entries)
