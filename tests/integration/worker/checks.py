"""What must hold of the records a worker committed: the same as the embedded run, and all that the checker of
tests/checker finds out from the outside.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import json

import harness
from harness import check
import checker

# Sealed or chained in the order of arrival; the rest of an Audit record must not depend on it.
AUDIT_SEALED = ("prev_hash", "payload_hash", "dek_id", "payload")
# Written by one task each, so the order per key is strict.
STRICT = ("restrictions", "standings", "peer-display", "review-requests", "authority-reports",
          "notices")
# A key is written to by the tasks of many subjects: only the set per key is.
SHARED = ("signals", "notice-requests")


def text_of(record):
    return json.dumps(record, sort_keys=True)


def by_key(rows):
    found = collections.defaultdict(list)
    for row in rows:
        found[row["key"]].append(row["value"])
    return found


def difference(found, expected):
    """The fields in which two records differ."""
    if found is None or expected is None:
        return "%s instead of %s" % (text_of(found)[:300], text_of(expected)[:300])
    return ", ".join("%s: %s instead of %s" % (name, found.get(name), expected.get(name))
                     for name in sorted(set(found) | set(expected))
                     if found.get(name) != expected.get(name))


class Differences:
    """What two runs have put out differently; all of it is told at once."""

    def __init__(self):
        self.texts = []

    def rows(self, topic, key, found, expected):
        for at, (left, right) in enumerate(zip(found, expected)):
            if left != right:
                self.add("%s of %s, record %d: %s; decision %s", topic, key, at,
                         difference(left, right), (left or right or {}).get("decision_id"))
        for text, more in (("too many", found[len(expected):]), ("missing", expected[len(found):])):
            for record in more:
                self.add("%s of %s, %s: %s", topic, key, text, text_of(record)[:600])

    def add(self, text, *values):
        self.texts.append(text % values)

    def require_none(self):
        for text in self.texts[:12]:
            harness.say("  %s", text[:500])
        check(not self.texts, "%d differences from the embedded run", len(self.texts))


def published_later(found, expected, times):
    """Levels what is allowed to differ: a notice asked for by a timer is published at the clock of its own
    task, which may have moved on meanwhile (design.md 6: only the moment of publication differs). `times`
    are those of the inputs; what a timer did is between them. None: every notice may be late, since the
    requests of several tasks arrive in any order."""
    moved = 0
    for left, right in zip(found, expected):
        if left["occurred_at"] > right["occurred_at"] and (
                times is None or right["occurred_at"] not in times):
            left["occurred_at"] = right["occurred_at"]
            if left["quiet"]:  # told by the clock; the sender looks again (domain.md G2)
                left["deliver_after"] = right["deliver_after"]
            moved += 1
    return moved


def same_outputs(client, oracle, times=None):
    """Outputs equal those of the embedded run: every field of every record, in order per key. `times`: see
    published_later()."""
    rows = collections.defaultdict(list)
    for row in oracle:
        rows[row["topic"]].append(row)
    counts = {}
    later = 0
    differences = Differences()
    for topic in STRICT + SHARED:
        found, expected = by_key(client.decoded(topic)), by_key(rows[topic])
        counts[topic] = sum(map(len, expected.values()))
        for key in sorted(set(found) | set(expected)):
            left, right = found[key], expected[key]
            if topic in SHARED:
                left.sort(key=text_of)
                right.sort(key=text_of)
            if topic == "notices":
                later += published_later(left, right, times)
            differences.rows(topic, key, left, right)
    same_dead_letters(differences, client.decoded("dead-letters"), rows["dead-letters"])
    same_audit(differences, client.decoded("audit"), rows["audit"])
    differences.require_none()
    counts["dead-letters"] = len(rows["dead-letters"])
    counts["audit"] = len(rows["audit"])
    counts["notices published later"] = later
    return ", ".join("%d %s" % (count, name) for name, count in counts.items())


def same_dead_letters(differences, found, expected):
    left = {row["value"]["event_id"]: row["value"] for row in found}
    right = {row["value"]["event_id"]: row["value"] for row in expected}
    check(len(left) == len(found), "a dead letter was written twice")
    for key in sorted(set(left) | set(right)):
        differences.rows("dead-letters", key, [left[key]] if key in left else [],
                         [right[key]] if key in right else [])


def same_audit(differences, found, expected):
    def clear(rows):
        decisions = {}
        for row in rows:
            value = {name: field for name, field in row["value"].items()
                     if name not in AUDIT_SEALED}
            check(value["decision_id"] not in decisions, "decision %s is audited twice",
                  value["decision_id"])
            decisions[value["decision_id"]] = (row["key"], value)
        return decisions
    left, right = clear(found), clear(expected)
    for decision in sorted(set(left) | set(right)):
        key = (left.get(decision) or right.get(decision))[0]
        differences.rows("audit", key, *([rows[decision][1]] if decision in rows else []
                                         for rows in (left, right)))


def all_of(client):
    """Everything that topics alone tell, by the outside checker; returns a text with counts."""
    client.collect()
    deployment = client.deployment
    findings = checker.run(deployment.cluster.bootstrap, deployment.prefix, deployment.name,
                           harness.PATIENCE)
    for line in findings.lines():
        harness.say("  %s", line)
    check(not findings.found, "%d findings of the checker", len(findings.found))
    check(findings.counts["receipts"] > 0, "the checker saw no receipt")
    return findings.summary()
