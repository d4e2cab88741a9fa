"""What was decided, by the outputs alone.

I3, I5, I6: a decision has one audit record, at most one restriction, and all that follows from it. I4: the
restrictions fold to the standings and to the state in the changelog. I7: every step is legal. I9, I24: what
is dated ends once and by itself. I10: the audit is a chain. I16: nothing is counted twice. I21: the policy
named is a published one.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import hashlib

from inputs import BOUNDS
from log import INPUTS, INTERNAL, OUTPUTS

ZERO = "00" * 32
# Without an end of their own (domain: permanent measures, measures on content, orders without end).
ENDLESS = ("RESTRICT_PERM_AREA", "RESTRICT_PERM_ALL", "CONTENT_REMOVE", "CONTENT_DEMOTE",
           "ROOM_BLOCK", "OPEN_PROFILE_BLOCK", "AUTHORITY_ACTION", "WARNING")
ITEM = ("restriction_id", "decision_id", "measure", "target_kind", "target_id", "area", "ledger",
        "scopes", "stage", "starts_at", "expires_at", "end_disclosed", "state")
FROZEN = "FROZEN_MEMORIAL"


def check(world, tasks, findings):
    audits = audit(world, tasks, findings)
    restrictions = one_each(world, audits, findings)
    followed(world, audits, restrictions, findings)
    folded = fold(world, findings)
    standings = last_standings(world, findings)
    folds_to_standings(folded, standings, findings)
    folds_to_state(world, folded, standings, findings)
    ends(world, tasks, folded, findings)
    event_ids(world, findings)
    times(world, findings)
    return folded


def audit(world, tasks, findings):
    """The chain of each task and each decision's record by its id."""
    hashes = {fields["policy_hash"] for _, fields in map(world.value, world.visible("policies"))}
    last = {task.name: None for task in tasks}
    schema = world.schemas.by_name["Audit"]
    found = {}
    for record in world.visible("audit"):
        _, fields = world.value(record)
        key, decision = record.subject, fields["decision_id"]
        if not findings.check(key in last and key.endswith(":%d" % record.partition), "I10",
                              record.place, "'%s' is no chain of this partition", key):
            continue
        before = last[key]
        if before is None and record.partition < len(world.topics["audit"]) and \
                world.topics["audit"][record.partition].start > 0:
            before = fields["prev_hash"]  # older ones are gone
        findings.check(fields["prev_hash"] == (before or ZERO), "I10", record.place,
                       "the chain of %s breaks: prev_hash is not the hash of the record before", key)
        last[key] = hashlib.sha256(schema.datum(dict(fields, payload=""))).hexdigest()
        findings.check(decision not in found, "I6", record.place, "decision %s is audited twice, "
                       "before at %s", decision, found[decision][0].place if decision in found else "")
        found.setdefault(decision, (record, fields))
        findings.check(fields["policy_hash"] in hashes or fields["policy_version"] == 0, "I21",
                       record.place, "decision %s names policy version %d, hash %s, which is not "
                       "published", decision, fields["policy_version"], fields["policy_hash"][:16])
        findings.count("decisions")
    heads(world, tasks, last, findings)
    return found


def heads(world, tasks, last, findings):
    """The chain ends where the task's state says."""
    for task in tasks:
        metas = [record for record in world.topics[task.topology.changelog][task.number].visible
                 if record.key == b"m"]
        if metas:
            _, meta = world.value(metas[-1])
            findings.check(meta["audit_hash"] == (last[task.name] or ZERO), "I10",
                           "audit-%d" % task.number, "%s: the chain does not end with the record "
                           "that the state at %s names", task.name, metas[-1].place)


def one_each(world, audits, findings):
    """At most one restriction a decision, and it is audited with the same operation."""
    found = {}
    for record in world.visible("restrictions"):
        _, fields = world.value(record)
        decision = fields["decision_id"]
        findings.count("restrictions")
        findings.check(decision not in found, "I6", record.place,
                       "decision %s has two restrictions, before at %s", decision,
                       found[decision].place if decision in found else "")
        found[decision] = record
        if not findings.check(decision in audits, "I5", record.place,
                              "decision %s is not audited", decision):
            continue
        audited = audits[decision][1]
        findings.check((audited["op"], audited["measure"]) == (fields["op"], fields["measure"]), "I3",
                       record.place, "decision %s is %s %s, its audit at %s says %s %s", decision,
                       fields["op"], fields["measure"], audits[decision][0].place, audited["op"],
                       audited["measure"])
    for decision, (record, fields) in audits.items():
        published = fields["op"] is not None and fields["state"] not in ("HELD", "SHADOW")
        findings.check(not published or decision in found, "I3", record.place,
                       "decision %s (%s %s) is audited, its restriction is missing", decision,
                       fields["op"], fields["measure"])
    return found


def followed(world, audits, restrictions, findings):
    """Whatever names a decision names one that is audited; a restriction changes the standing."""
    for topic in ("standings", "peer-display", "authority-reports", "notices", "notice-requests"):
        for record in world.visible(topic):
            _, fields = world.value(record)
            decision = fields and fields.get("decision_id")
            findings.count(topic)
            if topic in ("standings", "peer-display") and decision:
                findings.check(decision in audits, "I5", record.place, "decision %s is not audited",
                               decision)
    changes = collections.Counter(record.subject for record in world.visible("standings"))
    made = collections.Counter(record.subject for record in restrictions.values())
    for partition in world.partitions(("standings",)):
        if not partition.covered or partition.start > 0:
            return
    told = {fields["decision_id"] for _, fields in map(world.value, world.visible("standings"))
            if fields}
    tombstones = collections.Counter(record.subject for record in world.visible("standings")
                                     if record.data is None)
    untold = collections.Counter()
    for decision, record in restrictions.items():
        if decision not in told and not is_silent(world.value(record)[1]):
            untold[record.subject] += 1
            findings.check(untold[record.subject] <= tombstones[record.subject], "I3", record.place,
                           "decision %s has no standing: %s has %d restrictions, %d standings",
                           decision, record.subject, made[record.subject], changes[record.subject])


def is_silent(fields):
    """Changes nothing in force: an event on content, or the reversal of what has ended (domain.md H.15)."""
    return fields["measure"] == "CONTENT_REMOVE" or fields["op"] == "REVERSE"


def fold(world, findings):
    """Restrictions in force by subject: {key: {restriction id: fields}}."""
    standing = collections.defaultdict(dict)
    ended = set()
    for record in world.visible("restrictions"):
        _, fields = world.value(record)
        on_time(record, fields, standing[record.subject], findings)
        step(record, fields, standing[record.subject], ended, findings)
    return standing


def on_time(record, fields, items, findings):
    """What runs out ends in the stream at that very moment: timers go before the record that passes them."""
    before = items.get(fields["restriction_id"])
    if fields["end_reason"] == "EXPIRED" and before is not None and before["expires_at"] is not None:
        due = max(before["expires_at"], before["occurred_at"])
        findings.check(fields["occurred_at"] == due, "I9", record.place, "%s was to end at %d, stream "
                       "time was %d when it did", fields["restriction_id"], due, fields["occurred_at"])
        findings.count("ends on time")


def step(record, fields, items, ended, findings):
    name, decision, place = fields["restriction_id"], fields["decision_id"], record.place
    if fields["supersedes"] is not None:
        findings.check(items.pop(fields["supersedes"], None) is not None, "I9", place,
                       "%s supersedes %s, which is not in force", decision, fields["supersedes"])
        ended.add(fields["supersedes"])
    if fields["op"] == "REVERSE":  # may come after the end (domain.md H.15)
        items.pop(name, None)
        ended.add(name)
    elif fields["op"] == "LIFT":
        findings.check(items.pop(name, None) is not None, "I9", place,
                       "%s ends %s, which %s", decision, name,
                       "has ended before" if name in ended else "never began")
        ended.add(name)
    else:
        findings.check((name in items) == (fields["op"] != "APPLY"), "I7", place, "%s: %s of %s, "
                       "which is %s", decision, fields["op"], name,
                       "in force" if name in items else "not in force")
        if fields["measure"] != "CONTENT_REMOVE":  # an event, not an item
            items[name] = fields
            findings.check(fields["expires_at"] is not None or fields["measure"] in ENDLESS, "I24",
                           place, "%s: %s has no end", decision, fields["measure"])
            findings.check(fields["expires_at"] is None or
                           fields["expires_at"] > fields["starts_at"], "I24", place,
                           "%s ends at %s, it starts at %d", decision, fields["expires_at"],
                           fields["starts_at"])


def last_standings(world, findings):
    """{key: (record, fields or None, revision)}; `revision` goes up by one per record, a tombstone too."""
    found = {}
    covered = all(partition.covered for partition in world.partitions(("standings",)))
    for record in world.visible("standings"):
        _, fields = world.value(record)
        before = found.get(record.subject, (None, None, None))[2]
        if fields is None:
            revision = None if before is None else before + 1
        else:
            revision = fields["revision"]
            findings.check(before is None or revision in (before + 1, 1) or
                           not covered and revision > before, "I7", record.place,
                           "standing of %s: revision %d after %s", record.subject, revision, before)
            findings.check(before is not None or revision == 1 or not covered, "I7", record.place,
                           "the first standing of %s has revision %d", record.subject, revision)
        found[record.subject] = (record, fields, revision)
    return found


def difference(found, expected):
    return ", ".join("%s: %s instead of %s" % (name, found.get(name), expected.get(name))
                     for name in sorted(set(found) | set(expected))
                     if found.get(name) != expected.get(name))


def folds_to_standings(folded, standings, findings):
    for key in sorted(set(folded) | set(standings)):
        record, fields, _ = standings.get(key, (None, None, None))
        place = record.place if record else "standings"
        expected = {item["restriction_id"]: {name: item[name] for name in ITEM}
                    for item in folded.get(key, {}).values()}
        found = {item["restriction_id"]: item
                 for item in (fields or {"restrictions": []})["restrictions"]}
        findings.count("standings folded")
        if not findings.check(set(found) == set(expected), "I4", place, "the standing of %s holds %s, "
                              "its restrictions leave %s", key, sorted(found), sorted(expected)):
            continue
        for name, item in found.items():
            findings.check(item == expected[name], "I4", place, "standing of %s, %s: %s", key, name,
                           difference(item, expected[name]))


def folds_to_state(world, folded, standings, findings):
    """The last row of each subject in the changelog agrees with what was published about it."""
    topology = next(item for item in world.topologies if item.name == "sanctions")
    rows = {}
    for record in world.visible(topology.changelog):
        if record.key[:1] == b"s":
            rows[record.key[1:].decode()] = record
    whole = all(partition.covered and partition.start == 0 for partition in world.partitions(("standings",)))
    for key in sorted(set(rows) | set(standings)):
        record = rows.get(key)
        state = world.value(record)[1] if record is not None and record.data else None
        standing, fields, revision = standings.get(key, (None, None, None))
        place = record.place if record is not None else standing.place
        expected = {item["restriction_id"]: item["decision_id"]
                    for item in folded.get(key, {}).values()}
        found = {item["restriction_id"]: item["decision_id"] for item in
                 (state or {"restrictions": []})["restrictions"] if item["measure"] != "CONTENT_REMOVE"}
        findings.count("state rows")
        findings.check(found == expected, "I4", place, "the state of %s holds %s, its restrictions "
                       "leave %s", key, sorted(found.items()), sorted(expected.items()))
        if state is not None and revision is not None:
            erased = fields is None and state["revision"] == 0  # it begins anew
            findings.check(state["revision"] == revision or erased, "I4", place, "the state of %s has revision "
                           "%d, the standing at %s %d", key, state["revision"], standing.place,
                           revision)
        if state is not None and standing is None and whole:  # what began and ended unseen leaves this
            findings.check(state["revision"] == 0, "I4", place, "the state of %s has revision %d, no standing "
                           "was published", key, state["revision"])


def ends(world, tasks, folded, findings):
    """What is in force is not past its end: every timer due by the task's stream time has fired."""
    times = {task.number: task.last[1]["stream_time"] for task in tasks
             if task.topology.name == "sanctions" and task.last is not None}
    numbers = {record.subject: record.partition for record in world.visible("restrictions")}
    for key, items in folded.items():
        for name, item in items.items():
            due = item["expires_at"]
            findings.check(due is None or item["state"] == FROZEN or due > times.get(numbers[key], 0),
                           "I9", "restrictions-%d" % numbers[key], "%s of %s ended at %s and is still "
                           "in force at stream time %s", name, key, due, times.get(numbers[key]))
            findings.count("restrictions in force")


def event_ids(world, findings):
    """What one task tells another, or the outside, it tells once (I16)."""
    for topic in ("restrictions", "standings", "notices", "notice-requests", "signals", "audit",
                  "review-requests", "authority-reports", "dead-letters", "receipts"):
        seen = {}
        for record in world.visible(topic):
            name, fields = world.value(record)
            if name is None:
                continue
            before = seen.setdefault(fields["event_id"], record)
            findings.check(before is record, "I16", record.place, "event %s was published before, at "
                           "%s", fields["event_id"], before.place)
            findings.count("events")


def times(world, findings):
    """Nothing is dated later than the latest input: no wall clock (I8)."""
    latest = max((record.timestamp for name in INPUTS for record in world.visible(name)
                  if record.timestamp < BOUNDS[1]), default=0)
    for topic in INTERNAL + OUTPUTS:
        for record in world.visible(topic):
            _, fields = world.value(record)
            if fields is not None:
                findings.check(fields["occurred_at"] <= latest, "I8", record.place,
                               "is dated %d, the latest input %d", fields["occurred_at"], latest)
