# SPDX-License-Identifier: Apache-2.0
"""Every short sequence of confirmed acts: 2 categories, 2 ledgers, 3 gaps, each act one event."""

import itertools

from generate import DAY, FIRST, HOUR

CATEGORIES = ("ABUSE_SLANDER", "HATE_SPEECH")
AREAS = ("OPEN_CHAT_ROOM", "GROUP_CHAT")
GAPS = (HOUR, 2 * DAY, 89 * DAY)
EVENTS = list(itertools.product(CATEGORIES, AREAS, GAPS))


def sequences(longest, part, parts):
    """The sequences of 1 to `longest` events whose number falls in part 1..parts."""
    number = 0
    for length in range(1, longest + 1):
        for events in itertools.product(EVENTS, repeat=length):
            if number % parts == part - 1:
                yield number, events
            number += 1


def stream(number, events, start):
    """The lines of one sequence, and the time at which the next may start."""
    name, now, lines = "x%d" % number, start, []
    for at, (category, area, gap) in enumerate(events):
        now += gap
        lines.append({"topic": "verdicts", "type": "Verdict", "timestamp": now, "value": {
            "event_id": "%s-v%d" % (name, at), "occurred_at": now, "subject_kind": "USER",
            "subject_id": name + "-u", "kind": "CONFIRM", "report_ids": ["%s-r%d" % (name, at)],
            "category": category, "severity": "NONE", "area": area, "act_at": now,
            "content_ref": "%s-m%d" % (name, at), "reviewer_ref": "reviewer-1"}})
    lines.append({"advance": now + 70 * DAY})
    return lines, now + 75 * DAY


def streams(chosen):
    """Named streams, one after the other in time, for one process."""
    result, start = [], FIRST
    for number, events in chosen:
        lines, start = stream(number, events, start)
        result.append(("x%d" % number, lines))
    return result
