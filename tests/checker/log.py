"""What the topics of a deployment hold: every record with who wrote it and in which transaction, whether
readers may see it, and the offsets of the groups with their history.

Visibility is worked out here from the control records and compared with what the broker says of aborted
transactions, so neither is taken on trust.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import time

import wire

OFFSETS_TOPIC = "__consumer_offsets"
SETTLE_SECONDS = 20
INPUTS = ("reports", "chat-events", "verdicts", "claims", "authority-requests", "appeals",
          "accounts")
INTERNAL = ("signals", "notice-requests")
OUTPUTS = ("restrictions", "standings", "peer-display", "review-requests", "authority-reports",
           "notices", "audit", "dead-letters", "receipts", "audit-keys")


class Record:
    """One record of a partition. `value` is decoded on demand: name and fields, None for a tombstone."""

    __slots__ = ("topic", "partition", "offset", "timestamp", "key", "data", "producer", "epoch",
                 "transaction", "decoded")

    def __init__(self, topic, partition, offset, timestamp, key, data, batch):
        self.topic, self.partition, self.offset = topic, partition, offset
        self.timestamp, self.key, self.data = timestamp, key, data
        self.producer, self.epoch = batch.producer, batch.epoch
        self.transaction = None
        self.decoded = None

    @property
    def visible(self):
        return self.transaction is None or self.transaction.committed

    @property
    def place(self):
        return "%s-%d@%d" % (self.topic, self.partition, self.offset)

    @property
    def subject(self):
        return None if self.key is None else self.key.decode("utf-8", "replace")


class Transaction:
    """What one producer wrote to one partition between two of its control records."""

    __slots__ = ("producer", "epoch", "first", "last", "marker", "marker_epoch", "committed", "records")

    def __init__(self, record):
        self.producer, self.epoch = record.producer, record.epoch
        self.first = self.last = record.offset
        self.marker = self.marker_epoch = None
        self.committed = False
        self.records = []


class Partition:
    """One partition: its records in order of offset and the transactions they are of."""

    def __init__(self, topic, number, start, end, stable):
        self.topic, self.number = topic, number
        self.start, self.end, self.stable = start, end, stable
        self.records = []
        self.transactions = []
        self.open = {}  # producer id -> its transaction without a control record
        self.events = []  # (offset, producer id, epoch, kind) of batches: "data", "commit", "abort"
        self.aborted = set()  # what the broker says: (producer id, first offset)
        self.reached = start
        self.covered = True  # no offset is missing: nothing was compacted away

    def take(self, batch):
        if batch.next <= self.reached:
            return
        self.covered = self.covered and batch.first <= self.reached
        self.reached = batch.next
        if batch.control:
            self.control(batch)
            return
        if batch.producer >= 0:
            self.events.append((batch.first, batch.producer, batch.epoch, "data"))
        at = batch.first
        for offset, timestamp, key, data in batch.records():
            self.covered = self.covered and offset == at
            at = offset + 1
            record = Record(self.topic, self.number, offset, timestamp, key, data, batch)
            self.records.append(record)
            if batch.transactional:
                self.enlist(record)

    def enlist(self, record):
        transaction = self.open.get(record.producer)
        if transaction is None or transaction.epoch != record.epoch:
            transaction = self.open[record.producer] = Transaction(record)
            self.transactions.append(transaction)
        record.transaction = transaction
        transaction.last = record.offset
        transaction.records.append(record)

    def control(self, batch):
        committed = batch.is_commit()
        self.events.append((batch.first, batch.producer, batch.epoch,
                            "commit" if committed else "abort"))
        transaction = self.open.pop(batch.producer, None)
        if transaction is not None:
            transaction.marker, transaction.marker_epoch = batch.first, batch.epoch
            transaction.committed = committed

    @property
    def visible(self):
        return [record for record in self.records if record.visible]

    @property
    def place(self):
        return "%s-%d" % (self.topic, self.number)


class Topology:
    """A consumer group: what it reads and where its state goes."""

    def __init__(self, text):
        self.name, = re.findall(r"^topology: *(\S+)", text, re.MULTILINE)
        sources = text[text.index("sources:"):text.index("changelog:")]
        self.sources = re.findall(r"topic: *([\w-]+)", sources)
        # Their dead letters are written by the topology that reads them too.
        self.told_elsewhere = re.findall(r"topic: *([\w-]+).*dead_letters: elsewhere", sources)
        self.changelog, = re.findall(r"^changelog: *(\S+)", text, re.MULTILINE)
        self.sinks = re.findall(r"[\w-]+", re.search(r"sinks: *\[([^]]*)\]", text).group(1))


def topologies(folder):
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".yaml"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                found.append(Topology(file.read()))
    return found


class World:
    """Everything a deployment has on a cluster, read once, while no worker runs."""

    def __init__(self, client, prefix, application, schemas, folder):
        self.schemas = schemas
        self.topologies = topologies(folder)
        self.prefix = prefix
        counts = {topic: count for topic, count in client.metadata().items()
                  if topic.startswith(prefix) or topic == OFFSETS_TOPIC}
        names = INPUTS + INTERNAL + OUTPUTS + ("policies",) + tuple(
            topology.changelog for topology in self.topologies)
        missing = [name for name in names if prefix + name not in counts]
        if missing:
            raise wire.Failure("there is no topic %s" % ", ".join(prefix + name for name in missing))
        self.partition_count = counts[prefix + "reports"]
        places = [(topic, number) for topic in [prefix + name for name in names] + [OFFSETS_TOPIC]
                  for number in range(counts.get(topic, 0))]
        settle(client, places)
        self.committed = {
            topology.name: {(topic[len(prefix):], number): found for (topic, number), found in
                            client.committed("%s.%s" % (application, topology.name)).items()
                            if topic.startswith(prefix)}
            for topology in self.topologies}
        self.topics = self.load(client, places)
        self.history = self.commits(application)

    def load(self, client, places):
        starts = client.offsets(places, wire.EARLIEST, wire.READ_UNCOMMITTED)
        ends = client.offsets(places, wire.LATEST, wire.READ_UNCOMMITTED)
        stable = client.offsets(places, wire.LATEST, wire.READ_COMMITTED)
        topics = {}
        partitions = {}
        for topic, number in places:
            name = topic[len(self.prefix):] if topic.startswith(self.prefix) else topic
            partition = Partition(name, number, starts[topic, number], ends[topic, number],
                                  stable[topic, number])
            topics.setdefault(name, []).append(partition)
            partitions[topic, number] = partition
        for place, batch in whole_log(client, starts, ends, wire.READ_UNCOMMITTED, None):
            partitions[place].take(batch)

        def told(place, aborted):
            partitions[place].aborted.update(aborted)
        for _ in whole_log(client, starts, stable, wire.READ_COMMITTED, told):
            pass
        return topics

    def partitions(self, names=None):
        return [partition for name, group in self.topics.items() for partition in group
                if (names is None and name != OFFSETS_TOPIC) or (names and name in names)]

    def visible(self, topic):
        return [record for partition in self.topics[topic] for record in partition.visible]

    def value(self, record):
        """(name, fields) of a record; (None, None) of a tombstone. Raises what avro raises."""
        if record.decoded is None:
            record.decoded = ((None, None) if record.data is None
                              else self.schemas.decode(record.data))
        return record.decoded

    def commits(self, application):
        """Offset commits in the order they were made: {(topology, topic, partition): [Commit]}."""
        found = {}
        for partition in self.topics.get(OFFSETS_TOPIC, ()):
            for record in partition.records:
                commit = commit_of(record)
                if commit is None or not commit.group.startswith(application + "."):
                    continue
                if commit.topic.startswith(self.prefix) and commit.offset is not None:
                    place = (commit.group[len(application) + 1:], commit.topic[len(self.prefix):],
                             commit.number)
                    found.setdefault(place, []).append(commit)
        return found


def settle(client, places):
    """Until no transaction is open. The markers of one that was just committed are still on their way to some
    partitions; one that stays open longer than that is found when the records are looked at."""
    end = time.monotonic() + SETTLE_SECONDS
    while (client.offsets(places, wire.LATEST, wire.READ_COMMITTED) !=
           client.offsets(places, wire.LATEST, wire.READ_UNCOMMITTED)):
        if time.monotonic() > end:
            break
        time.sleep(0.1)


def whole_log(client, starts, ends, isolation, told):
    """(place, batch) of everything between starts and ends; told(place, aborted) of each answer."""
    positions = {place: start for place, start in starts.items() if start < ends[place]}
    while positions:
        for place, (data, aborted) in client.fetch(positions, isolation).items():
            if told is not None:
                told(place, aborted)
            for batch in wire.batches(data):
                if batch.first >= ends[place]:
                    break
                if batch.next > positions[place]:
                    positions[place] = batch.next
                    yield place, batch
            if positions[place] >= ends[place]:
                del positions[place]


class Commit:
    """An offset commit as the group coordinator wrote it down."""

    __slots__ = ("group", "topic", "number", "offset", "metadata", "record")


def commit_of(record):
    """The commit in a record of the offsets topic; None: something else. `offset` None: a deletion."""
    if record.key is None:
        return None
    key = wire.Reader(record.key)
    if key.int16() not in (0, 1):
        return None
    commit = Commit()
    commit.record = record
    commit.group, commit.topic, commit.number = key.string(), key.string(), key.int32()
    commit.offset = commit.metadata = None
    if record.data is not None:
        value = wire.Reader(record.data)
        version = value.int16()
        commit.offset = value.int64()
        if version >= 3:
            value.int32()
        commit.metadata = value.compact_string() if version >= 4 else value.string()
    return commit


def mark_of(metadata):
    """The fields of an offset's metadata, `v1 seq=.. next=.. id=.. [src=..]`; None if it is none."""
    words = metadata.split(" ")
    if words[0] != "v1" or any("=" not in word for word in words[1:]):
        return None
    fields = dict(word.split("=", 1) for word in words[1:])
    if not {"seq", "next", "id"} <= set(fields):
        return None
    return (int(fields["seq"]), int(fields["next"]), fields["id"],
            [int(word) for word in fields["src"].split(",")] if "src" in fields else None)
