# SPDX-License-Identifier: Apache-2.0
"""Every short sequence of confirmed acts: 2 categories, 2 ledgers, 3 gaps, each act one event.

A shorter sequence is the beginning of a longer one, and 89 days are longer than any step: so those of one length
show all that shorter ones do. The gap before the first event means nothing and is not varied.
"""

import itertools

from generate import DAY, FIRST, HOUR

CATEGORIES = ("ABUSE_SLANDER", "HATE_SPEECH")
AREAS = ("OPEN_CHAT_ROOM", "GROUP_CHAT")
GAPS = (HOUR, 2 * DAY, 89 * DAY)
EVENTS = list(itertools.product(CATEGORIES, AREAS, GAPS))
FIRST_EVENTS = list(itertools.product(CATEGORIES, AREAS, GAPS[:1]))
# Sequences of one process run side by side, so far apart that the breaker never counts too many in an hour.
APART = HOUR + 7 * 60_000


SIDE_BY_SIDE = 2000
# Notices and signals are left to the random streams: writing and reading them is half of the time.
COMPARED = ("restrictions", "standings", "peers", "reviews", "refused", "held", "dead")


def count(length, part, parts):
    """How many sequences a part has."""
    every = len(FIRST_EVENTS) * len(EVENTS) ** (length - 1)
    return len(range(part - 1, every, parts))


def sequences(length, part, parts):
    """The numbered sequences of `length` events whose number falls in part 1..parts."""
    every = itertools.product(FIRST_EVENTS, *[EVENTS] * (length - 1))
    return itertools.islice(enumerate(every), part - 1, None, parts)


def stream(number, events, start):
    """The lines of one sequence."""
    name, now, lines = "x%d" % number, start, []
    for at, (category, area, gap) in enumerate(events):
        now += gap
        lines.append({"topic": "verdicts", "type": "Verdict", "timestamp": now, "value": {
            "event_id": "%s-v%d" % (name, at), "occurred_at": now, "subject_kind": "USER",
            "subject_id": name + "-u", "kind": "CONFIRM", "report_ids": ["%s-r%d" % (name, at)],
            "category": category, "severity": "NONE", "area": area, "act_at": now,
            "content_ref": "%s-m%d" % (name, at), "reviewer_ref": "reviewer-1"}})
    return lines


def streams(chosen):
    """Named streams that run side by side in one process."""
    return [("x%d" % number, stream(number, events, FIRST + at * APART))
            for at, (number, events) in enumerate(chosen)]
