"""Negative controls on what was really read: the log in memory is falsified, one thing at a time, and the checks
have to name an invariant that this breaks. A check that cannot fail shows here, on any cluster.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import pickle
import sys


def visible(world, topic):
    return [record for partition in world.topics[topic] for record in partition.records
            if record.visible]


def drop(world, record):
    world.topics[record.topic][record.partition].records.remove(record)


def again(world, record):
    """The same record once more, at the end of its partition."""
    second = copy.copy(record)
    second.offset = 1 << 40
    world.topics[record.topic][record.partition].records.append(second)


def edit(world, record, **fields):
    name, value = world.value(record)
    record.decoded = None
    record.data = world.schemas.by_name[name].encode(dict(value, **fields))


def middle(found):
    return found[len(found) // 2]


def any_transaction(world, topic, committed):
    return next(transaction for partition in world.topics[topic]
                for transaction in partition.transactions
                if transaction.marker is not None and transaction.committed == committed)


def restriction_lost(world):
    drop(world, middle(visible(world, "restrictions")))


def lift_lost(world):
    drop(world, [record for record in visible(world, "restrictions")
                 if world.value(record)[1]["op"] == "LIFT"][-1])


def standing_lost(world):
    drop(world, middle(visible(world, "standings")))


def dead_letter_lost(world):
    drop(world, middle(visible(world, "dead-letters")))


def receipt_lost(world):
    drop(world, middle([record for record in visible(world, "receipts") if world.value(record)[1]["inputs"]]))


def input_lost(world):
    drop(world, middle(visible(world, "reports")))


def row_lost(world):
    drop(world, middle([record for record in visible(world, "sanctions-changelog")
                        if record.key != b"m"]))


def revision_made_up(world):
    """Of somebody without any standing."""
    told = {record.subject for record in visible(world, "standings")}
    edit(world, [record for record in visible(world, "sanctions-changelog")
                 if record.key[:1] == b"s" and record.data and record.key[1:].decode() not in told][-1], revision=2)


def decision_twice(world):
    again(world, middle(visible(world, "audit")))


def signal_twice(world):
    again(world, middle(visible(world, "signals")))


def audit_changed(world):
    edit(world, visible(world, "audit")[0], stage_to=7)


def policy_changed(world):
    edit(world, middle(visible(world, "audit")), policy_hash="11" * 32)


def wall_clock(world):
    edit(world, middle(visible(world, "restrictions")), occurred_at=4000000000000)


def end_taken_away(world):
    edit(world, next(record for record in visible(world, "restrictions")
                     if world.value(record)[1]["op"] == "APPLY" and
                     world.value(record)[1]["measure"] == "RESTRICT_TEMP"), expires_at=None)


def torn_changelog(world):
    any_transaction(world, "sanctions-changelog", True).committed = False


def torn_restrictions(world):
    any_transaction(world, "restrictions", True).committed = False


def aborted_visible(world):
    any_transaction(world, "audit", False).committed = True


def epoch_back(world):
    events = world.topics["receipts"][0].events
    events.append((1 << 40, events[-1][1], -1, "data"))


def transaction_open(world):
    world.topics["signals"][0].stable -= 1


def offsets_outside(world):
    next(iter(world.history.values()))[0].record.transaction = None


def offset_back(world):
    commits = max(world.history.values(), key=lambda found: found[-1].offset)
    commits[0].offset = commits[-1].offset + 1


def offset_ahead(world):
    offsets = world.committed["sanctions"]
    place = max(offsets, key=lambda name: offsets[name][0])
    offsets[place] = (offsets[place][0] + 1, offsets[place][1])


EXPECTED = ((restriction_lost, "I3"), (lift_lost, "I4"), (standing_lost, "I7"),
            (dead_letter_lost, "I1"), (receipt_lost, "I1"), (input_lost, "I1"), (row_lost, "I22"),
            (revision_made_up, "I4"), (decision_twice, "I6"), (signal_twice, "I16"), (audit_changed, "I10"),
            (policy_changed, "I21"), (wall_clock, "I8"), (end_taken_away, "I24"),
            (torn_changelog, "I3"), (torn_restrictions, "I3"), (aborted_visible, "I3"),
            (epoch_back, "I11"), (transaction_open, "I12"), (offsets_outside, "I3"),
            (offset_back, "I13"), (offset_ahead, "I3"))


def lines(world, judge):
    """(text, whether the falsification was found or could not be made here) of each."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100000)  # transactions and records refer to each other
    whole = pickle.dumps(world)
    for falsify, expected in EXPECTED:
        false = pickle.loads(whole)
        try:
            falsify(false)
        except (IndexError, StopIteration, ValueError):
            yield "%s: nothing to falsify" % falsify.__name__, True
            continue
        found = judge(false).invariants()
        yield "%s: %s" % (falsify.__name__, ",".join(found) or "nothing"), expected in found
    sys.setrecursionlimit(limit)
