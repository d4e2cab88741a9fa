"""What each task says of its transactions, against the inputs, the changelog, the groups' offsets and the
audit.

I1: receipts tile every source up to the committed offset, with the right hashes. I3: receipt, changelog and
offsets of a transaction are there together. I8: stream time is that of inputs. I13: offsets never go back.
I20: nothing is left to do. I22: the changelog holds what the receipts state.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import hashlib

from log import OFFSETS_TOPIC, mark_of

META = b"m"
ZERO = "00" * 32


class Task:
    """One partition number of a topology: its receipts in order."""

    def __init__(self, topology, number):
        self.topology, self.number = topology, number
        self.name = "%s:%d" % (topology.name, number)
        self.receipts = []  # (record, fields)

    @property
    def last(self):
        return self.receipts[-1] if self.receipts else None


def tasks_of(world, findings):
    tasks = {"%s:%d" % (topology.name, number): Task(topology, number)
             for topology in world.topologies for number in range(world.partition_count)}
    for record in world.visible("receipts"):
        task = tasks.get(record.subject)
        if findings.check(task is not None and task.number == record.partition, "I1", record.place,
                          "receipt of '%s', which is no task of this partition", record.subject):
            task.receipts.append((record, world.value(record)[1]))
    return list(tasks.values())


def check(world, findings):
    """Returns the tasks."""
    tasks = tasks_of(world, findings)
    for task in tasks:
        chain(task, findings)
        stream_time(world, task, findings)
        for source in task.topology.sources:
            tile(world, task, source, findings)
        changelog(world, task, findings)
        offsets(world, task, findings)
        history(world, task, findings)
    tallies(world, tasks, findings)
    return tasks


def chain(task, findings):
    """Numbers count up by one, each receipt holds the hash of the one before."""
    number, head, time = None, None, None
    for record, receipt in task.receipts:
        if number is None and record.offset > 0 and receipt["commit_seq"] > 1:
            number, head = receipt["commit_seq"] - 1, receipt["prev_hash"]  # older ones are gone
        findings.check(receipt["commit_seq"] == (number or 0) + 1, "I1", record.place,
                       "%s: receipt number %d after %s", task.name, receipt["commit_seq"], number)
        findings.check(receipt["prev_hash"] == (head or ZERO), "I10", record.place,
                       "%s: receipt %d does not hold the hash of the one before", task.name,
                       receipt["commit_seq"])
        findings.check(time is None or receipt["stream_time"] >= time, "I8", record.place,
                       "%s: stream time goes back from %s to %d", task.name, time,
                       receipt["stream_time"])
        number, head = receipt["commit_seq"], hashlib.sha256(record.data).hexdigest()
        time = receipt["stream_time"]
        findings.count("receipts")


def tile(world, task, source, findings):
    """The receipts' ranges cover the visible records below the committed offset, one after the other."""
    partition = world.topics[source][task.number]
    committed = world.committed[task.topology.name].get((source, task.number), (-1, ""))[0]
    visible = [record for record in partition.visible]
    place = "%s %s" % (task.topology.name, partition.place)
    at = 0
    for receipt_record, receipt in task.receipts:
        for run in receipt["inputs"]:
            if run["topic"] != source:
                continue
            findings.check(run["partition"] == task.number, "I1", receipt_record.place,
                           "%s names partition %d", task.name, run["partition"])
            if run["last_offset"] < partition.start:
                findings.count("ranges of inputs that are gone")
                continue
            at = one_range(visible, at, run, receipt_record.place, place, findings)
    rest = visible[at:]
    findings.check(not rest or rest[0].offset >= committed, "I1", place,
                   "input %d has no receipt, but %d is committed", rest[0].offset if rest else -1,
                   committed)
    findings.check(at == 0 or visible[at - 1].offset < committed, "I1", place,
                   "receipts go to %d, committed is %d", visible[at - 1].offset if at else -1,
                   committed)
    findings.check(not rest, "I20", place, "%d records from %d on are not processed", len(rest),
                   rest[0].offset if rest else -1)


def one_range(visible, at, run, receipt, place, findings):
    """Compares one range; returns where the next one has to begin."""
    findings.count("input ranges")
    begin = at
    if at < len(visible) and visible[at].offset != run["first_offset"]:
        findings.add("I1", receipt, "%s: the range begins at %d, the next input is %d", place,
                     run["first_offset"], visible[at].offset)
        while begin > 0 and visible[begin - 1].offset >= run["first_offset"]:
            begin -= 1
        while begin < len(visible) and visible[begin].offset < run["first_offset"]:
            begin += 1
    end = begin
    digest = hashlib.sha256()
    while end < len(visible) and visible[end].offset <= run["last_offset"]:
        digest.update(visible[end].key or b"")
        digest.update(visible[end].data or b"")
        end += 1
    findings.count("inputs hashed", end - begin)
    if findings.check(end - begin == run["count"], "I1", receipt,
                      "%s: the range %d to %d counts %d records, there are %d", place,
                      run["first_offset"], run["last_offset"], run["count"], end - begin):
        findings.check(digest.hexdigest() == run["bytes_hash"], "I1", receipt,
                       "%s: the hash of inputs %d to %d is not theirs", place, run["first_offset"],
                       run["last_offset"])
    return max(end, at)


def stream_time(world, task, findings):
    """Stream time is at most the highest timestamp among what the task has read (I8)."""
    times = {source: [(record.offset, record.timestamp) for record in
                      world.topics[source][task.number].visible] for source in task.topology.sources}
    highest = max((time for group in times.values() for _, time in group), default=0)
    for record, receipt in task.receipts:
        if not findings.check(receipt["stream_time"] <= highest, "I8", record.place,
                              "%s: stream time %d is after every input's timestamp, the highest is "
                              "%d", task.name, receipt["stream_time"], highest):
            return


def segments(world, task):
    """The changelog's visible records by transaction of the task: [(rows, meta record, meta fields)], and
    the rows after the last meta record."""
    found, rows = [], []
    for record in world.topics[task.topology.changelog][task.number].visible:
        if record.key == META:
            found.append((rows, record, world.value(record)[1]))
            rows = []
        else:
            rows.append(record)
    return found, rows


def changelog(world, task, findings):
    partition = world.topics[task.topology.changelog][task.number]
    found, rest = segments(world, task)
    receipts = {receipt["commit_seq"]: (record, receipt) for record, receipt in task.receipts}
    findings.check(not rest, "I3", rest[0].place if rest else "",
                   "%s: %d rows after the last transaction's end", task.name, len(rest))
    before = None
    for rows, record, meta in found:
        number = meta["commit_seq"]
        findings.count("changelog rows", len(rows))
        if not findings.check(number in receipts, "I3", record.place,
                              "%s: transaction %d is in the changelog and has no receipt", task.name,
                              number):
            continue
        one_transaction(task, rows, record, meta, receipts.pop(number), partition.covered, findings)
        if before is not None and partition.covered:
            findings.check(number == before[1]["commit_seq"] + 1, "I3", record.place,
                           "%s: transaction %d follows %d", task.name, number,
                           before[1]["commit_seq"])
            findings.check(meta["changelog_next_offset"] == before[0].offset + 1, "I22", record.place,
                           "%s: the changelog went on at %d, the state says %d", task.name,
                           before[0].offset + 1, meta["changelog_next_offset"])
        before = (record, meta)
    if partition.covered and partition.start == 0:
        for record, receipt in receipts.values():
            findings.add("I3", record.place, "%s: transaction %d has a receipt and is not in the "
                         "changelog", task.name, receipt["commit_seq"])
    if before is not None and task.last is not None:
        head(world, task, before, findings)


def one_transaction(task, rows, record, meta, receipt, whole, findings):
    """Receipt and changelog of one transaction of a task tell the same."""
    receipt_record, receipt = receipt
    findings.check((record.producer, record.epoch) == (receipt_record.producer, receipt_record.epoch),
                   "I3", record.place, "%s: transaction %d has its changelog from producer %d epoch "
                   "%d, its receipt at %s from %d epoch %d", task.name, meta["commit_seq"],
                   record.producer, record.epoch, receipt_record.place, receipt_record.producer,
                   receipt_record.epoch)
    findings.check(meta["receipt_hash"] == hashlib.sha256(receipt_record.data).hexdigest(), "I3",
                   record.place, "%s: transaction %d names another receipt than %s", task.name,
                   meta["commit_seq"], receipt_record.place)
    if not whole:
        return
    findings.check(all(row.transaction is record.transaction for row in rows), "I3", record.place,
                   "%s: transaction %d of the task is several in the log", task.name,
                   meta["commit_seq"])
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.key)
        digest.update(row.data or b"")
    findings.check(digest.hexdigest() == receipt["state_digest"], "I22", record.place,
                   "%s: the rows of transaction %d do not have the digest of its receipt", task.name,
                   meta["commit_seq"])
    findings.count("state digests")


def head(world, task, before, findings):
    """The last state says what the group's offsets say."""
    record, meta = before
    place = "%s at %s" % (task.name, record.place)
    findings.check(meta["commit_seq"] == task.last[1]["commit_seq"], "I3", place,
                   "the changelog ends with transaction %d, the receipts with %d",
                   meta["commit_seq"], task.last[1]["commit_seq"])
    for source in meta["sources"]:
        topic = source["topic"][len(world.prefix):]
        offset = world.committed[task.topology.name].get((topic, task.number), (-1, ""))[0]
        findings.check(offset == source["next_offset"], "I3", place,
                       "%s is committed to %d, the state has read to %d", topic, offset,
                       source["next_offset"])


def offsets(world, task, findings):
    """Every source's metadata names the last transaction and where the changelog goes on."""
    found, _ = segments(world, task)
    for at, source in enumerate(task.topology.sources):
        place = "%s %s-%d" % (task.topology.name, source, task.number)
        offset, metadata = world.committed[task.topology.name].get((source, task.number), (-1, ""))
        if task.last is None:
            findings.check(offset <= 0, "I1", place, "%d is committed and there is no receipt", offset)
            continue
        mark = mark_of(metadata)
        if not findings.check(mark is not None, "I3", place, "the metadata of offset %d is '%s'",
                              offset, metadata):
            continue
        findings.count("committed offsets")
        receipt = task.last[1]
        findings.check(mark[0] == receipt["commit_seq"], "I3", place,
                       "offset %d is of transaction %d, the last receipt is number %d", offset,
                       mark[0], receipt["commit_seq"])
        findings.check(mark[2] == receipt["transactional_id"], "I3", place,
                       "offset %d was committed by '%s', the receipt is by '%s'", offset, mark[2],
                       receipt["transactional_id"])
        if found:
            findings.check(mark[1] == found[-1][1].offset + 1, "I22", place,
                           "a restore would stop at %d of the changelog, its last transaction ends "
                           "at %d", mark[1], found[-1][1].offset)
        if mark[3] is not None and at == 0:
            committed = [world.committed[task.topology.name].get((name, task.number), (-1, ""))[0]
                         for name in task.topology.sources]
            findings.check(mark[3] == committed, "I3", place,
                           "the driver names the offsets %s, committed are %s", mark[3], committed)


def history(world, task, findings):
    """Offsets never go back; each commit is of a transaction that has a receipt, and the other way round."""
    if not world.topics.get(OFFSETS_TOPIC):
        return
    receipts = {receipt["commit_seq"]: record for record, receipt in task.receipts}
    for source in task.topology.sources:
        place = "%s %s-%d" % (task.topology.name, source, task.number)
        commits = world.history.get((task.topology.name, source, task.number), [])
        last = -1
        seen = set()
        for commit in commits:
            if not findings.check(commit.record.transaction is not None, "I3", commit.record.place,
                                  "%s: offset %d was committed outside of a transaction", place,
                                  commit.offset) or not commit.record.visible:
                continue
            findings.count("offset commits")
            findings.check(commit.offset >= last, "I13", commit.record.place,
                           "%s: the committed offset goes back from %d to %d", place, last,
                           commit.offset)
            last = max(last, commit.offset)
            mark = mark_of(commit.metadata)
            if mark is None:
                continue
            seen.add(mark[0])
            receipt = receipts.get(mark[0])
            if findings.check(receipt is not None, "I3", commit.record.place,
                              "%s: offset %d is of transaction %d, which has no receipt", place,
                              commit.offset, mark[0]):
                findings.check((receipt.producer, receipt.epoch) ==
                               (commit.record.producer, commit.record.epoch), "I3",
                               commit.record.place, "%s: the offset of transaction %d is from another "
                               "producer than its receipt at %s", place, mark[0], receipt.place)
        if all(partition.covered and partition.start == 0
               for partition in world.topics[OFFSETS_TOPIC]):
            missing = sorted(set(receipts) - seen)
            findings.check(not missing, "I3", receipts[missing[0]].place if missing else "",
                           "%s: transaction %s committed no offset", place, missing[:5])


def tallies(world, tasks, findings):
    """What receipts count is there: decisions, dead letters, held, outputs."""
    by_key = collections.Counter(record.subject for record in world.visible("audit"))
    held = collections.Counter(record.subject for record in world.visible("audit")
                               if world.value(record)[1]["action"] == "HOLD")
    letters = collections.Counter()
    for record in world.visible("dead-letters"):
        letters[world.value(record)[1]["topic"], record.partition] += 1
    whole = all(partition.covered and partition.start == 0 for partition in world.partitions(
        ("audit", "dead-letters", "receipts")))
    if not whole:
        findings.count("tallies left out: topics are not whole")
        return
    for task in tasks:
        total = collections.Counter()
        for _, receipt in task.receipts:
            for name in ("decisions", "dead_letters", "held", "outputs", "duplicates"):
                total[name] += receipt[name]
        findings.check(total["decisions"] == by_key[task.name], "I5", "audit-%d" % task.number,
                       "%s: receipts count %d decisions, the audit has %d", task.name,
                       total["decisions"], by_key[task.name])
        findings.check(total["held"] == held[task.name], "I17", "audit-%d" % task.number,
                       "%s: receipts count %d held decisions, the audit has %d", task.name,
                       total["held"], held[task.name])
        written = sum(letters[source, task.number] for source in task.topology.sources)
        findings.check(total["dead_letters"] == written, "I1", "dead-letters-%d" % task.number,
                       "%s: receipts count %d refused inputs, there are %d dead letters", task.name,
                       total["dead_letters"], written)
        findings.count("duplicates", total["duplicates"])
    outputs(world, tasks, findings)


def outputs(world, tasks, findings):
    """The receipts of a topology count the records of its outputs (I3)."""
    for topology in world.topologies:
        stated = sum(receipt["outputs"] for task in tasks if task.topology is topology
                     for _, receipt in task.receipts)
        names = [name for name in topology.sinks if name not in ("receipts", "dead-letters")]
        if not all(partition.covered and partition.start == 0
                   for partition in world.partitions(names)):
            findings.count("output counts left out: topics are not whole")
            continue
        found = sum(len(world.visible(name)) for name in names)
        sources = [name for name in topology.sources if name not in topology.told_elsewhere]
        found += sum(1 for record in world.visible("dead-letters")
                     if world.value(record)[1]["topic"] in sources)
        findings.check(stated == found, "I3", topology.name,
                       "receipts count %d outputs, the topics hold %d", stated, found)
        findings.count("outputs", found)
