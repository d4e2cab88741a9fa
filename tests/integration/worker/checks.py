"""What must hold of the records a worker committed: the same as the embedded run, receipts that tile the
inputs, chains without a break, restrictions that fold to the standings.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import hashlib
import json

from confluent_kafka import Consumer, TopicPartition

import harness
from harness import SCHEMAS, check

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


def decisions_once(client):
    """One restriction a decision, one audit, and each restriction's decision is audited (I5, I6)."""
    audited = [row["value"]["decision_id"] for row in client.decoded("audit")]
    check(len(audited) == len(set(audited)), "a decision is audited twice")
    restricted = [row["value"]["decision_id"] for row in client.decoded("restrictions")]
    check(len(restricted) == len(set(restricted)), "a decision has two restrictions")
    missing = set(restricted) - set(audited)
    check(not missing, "restrictions without audit: %s", sorted(missing)[:3])
    return len(audited)


def fold(rows):
    """Restrictions in force by subject, from the restriction log (`rows`: key and value, in order)."""
    standing = collections.defaultdict(dict)
    for row in rows:
        value = row["value"]
        items = standing[row["key"]]
        if value["supersedes"] is not None:
            check(items.pop(value["supersedes"], None) is not None,
                  "%s supersedes %s, which is not in force", value["decision_id"],
                  value["supersedes"])
        name = value["restriction_id"]
        if value["op"] == "REVERSE":  # may come after the end (domain.md H.15)
            items.pop(name, None)
        elif value["op"] == "LIFT":
            check(items.pop(name, None) is not None, "%s ends %s, which is not in force",
                  value["decision_id"], name)
        else:
            check((name in items) == (value["op"] != "APPLY"), "%s: %s of %s", value["decision_id"],
                  value["op"], name)
            if value["measure"] != "CONTENT_REMOVE":  # an event, not an item (domain.md G2)
                items[name] = value
    return standing


ITEM = ("restriction_id", "decision_id", "measure", "target_kind", "target_id", "area", "ledger",
        "scopes", "stage", "starts_at", "expires_at", "end_disclosed", "state")


def folds_to_standings(restrictions, standings):
    """The last standing of each subject holds what its restrictions leave in force (I4)."""
    last = {row["key"]: row["value"] for row in standings}
    folded = fold(restrictions)
    for key in sorted(set(folded) | set(last)):
        expected = {item["restriction_id"]: {name: item[name] for name in ITEM}
                    for item in folded[key].values()}
        found = {item["restriction_id"]: item
                 for item in (last.get(key) or {"restrictions": []})["restrictions"]}
        check(set(found) == set(expected), "standing of %s holds %s, restrictions leave %s", key,
              sorted(found), sorted(expected))
        for name, item in found.items():
            check(item == expected[name], "standing of %s, %s: %s", key, name,
                  difference(item, expected[name]))


def standings_count_up(standings):
    """`revision` goes up by one per record; a tombstone counts as one (I7)."""
    revisions = {}
    for row in standings:
        key, value = row["key"], row["value"]
        if value is None:
            revisions[key] = None if revisions.get(key) is None else revisions[key] + 1
        else:
            before = revisions.get(key)
            check(before is None or value["revision"] == before + 1 or value["revision"] == 1,
                  "standing of %s: revision %d after %s", key, value["revision"], before)
            revisions[key] = value["revision"]


def audit_chains(client):
    """The link of a record is the hash of its datum with an empty payload."""
    schema = SCHEMAS.by_name["Audit"]
    links = 0
    for number, messages in enumerate(client.messages["audit"]):
        heads = collections.defaultdict(lambda: "00" * 32)
        for message in messages:
            _, value = SCHEMAS.decode(message.value())
            key = message.key().decode()
            check(value["prev_hash"] == heads[key], "the audit chain of %s breaks at offset %d", key,
                  message.offset())
            value["payload"] = ""
            heads[key] = hashlib.sha256(schema.datum(value)).hexdigest()
            links += 1
        check(set(heads) <= {"%s:%d" % (topology, number) for topology in harness.SOURCES},
              "keys of audit partition %d: %s", number, sorted(heads))
    return links


def receipts(client):
    """Receipts tile [0, committed) of every source, their hashes are those of the inputs, their numbers
    and hashes are a chain (I1)."""
    tiles = collections.defaultdict(list)
    count = 0
    for number, messages in enumerate(client.messages["receipts"]):
        heads = {}
        for message in messages:
            _, value = SCHEMAS.decode(message.value())
            key = message.key().decode()
            seq, head = heads.get(key, (0, "00" * 32))
            check(value["commit_seq"] == seq + 1, "receipt %s at offset %d has number %d after %d",
                  key, message.offset(), value["commit_seq"], seq)
            check(value["prev_hash"] == head, "receipt %s, number %d: wrong hash of the one before",
                  key, value["commit_seq"])
            heads[key] = (value["commit_seq"], hashlib.sha256(message.value()).hexdigest())
            topology = key.split(":")[0]
            for run in value["inputs"]:
                check(run["partition"] == number, "receipt %s names partition %d", key,
                      run["partition"])
                tiles[topology, run["topic"], number].append((value["commit_seq"], run))
            count += 1
    for topology, sources in harness.SOURCES.items():
        committed = client.committed(topology)
        for topic in sources:
            for number in range(harness.PARTITIONS):
                tile(client.messages[topic][number], tiles[topology, topic, number],
                     committed[topic, number], "%s %s:%d" % (topology, topic, number))
    return count


def tile(messages, runs, committed, where):
    """`runs` cover the messages below `committed` one after the other."""
    rest = collections.deque(message for message in messages if message.offset() < committed)
    for seq, run in runs:
        digest = hashlib.sha256()
        for at in range(run["count"]):
            check(rest, "receipt %d of %s counts %d records, there are only %d", seq, where,
                  run["count"], at)
            message = rest.popleft()
            check(at > 0 or message.offset() == run["first_offset"],
                  "receipt %d of %s begins at %d, the next input is %d", seq, where,
                  run["first_offset"], message.offset())
            check(at < run["count"] - 1 or message.offset() == run["last_offset"],
                  "receipt %d of %s ends at %d, its last input is %d", seq, where,
                  run["last_offset"], message.offset())
            digest.update(message.key() or b"")
            digest.update(message.value() or b"")
        check(digest.hexdigest() == run["bytes_hash"], "receipt %d of %s: wrong hash of inputs %d "
              "to %d", seq, where, run["first_offset"], run["last_offset"])
    check(not rest, "%d inputs of %s from %d on have no receipt", len(rest), where,
          rest[0].offset() if rest else -1)


def all_of(client):
    """Everything that topics alone tell; returns a text with counts."""
    client.collect()
    decisions = decisions_once(client)
    restrictions = client.decoded("restrictions")
    standings = client.decoded("standings")
    folds_to_standings(restrictions, standings)
    standings_count_up(standings)
    return "%d decisions, %d restrictions, %d audit links, %d receipts" % (
        decisions, len(restrictions), audit_chains(client), receipts(client))


def dropped(client):
    """Records of receipts that no transaction committed: how often a kill met an open one."""
    deployment = client.deployment
    consumer = Consumer({"bootstrap.servers": deployment.cluster.bootstrap, "group.id": "dropped",
                         "enable.partition.eof": True, "isolation.level": "read_uncommitted"})
    consumer.assign([TopicPartition(deployment.prefix + "receipts", number, 0)
                     for number in range(harness.PARTITIONS)])
    seen = ends = 0
    while ends < harness.PARTITIONS:
        for message in consumer.consume(1000, 1):
            ends += message.error() is not None
            seen += message.error() is None
    consumer.close()
    return seen - sum(map(len, client.messages["receipts"]))
