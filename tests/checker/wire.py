"""A Kafka client of a few requests, written from the protocol's description and sharing nothing with
librdkafka: it reads, in the oldest versions of the requests that brokers from 2.4 to 4.x know, over plain TCP.

What other clients hide is the point of it: batch headers with producer id and epoch, control records, what
an aborted transaction left.

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import socket
import struct
import time

import unpack

PRODUCE, FETCH, LIST_OFFSETS, METADATA, OFFSET_FETCH, FIND_COORDINATOR, API_VERSIONS = (
    0, 1, 2, 3, 9, 10, 18)
VERSIONS = {FETCH: 4, LIST_OFFSETS: 2, METADATA: 1, OFFSET_FETCH: 3, FIND_COORDINATOR: 1}
READ_UNCOMMITTED, READ_COMMITTED = 0, 1
EARLIEST, LATEST = -2, -1
PIECE = 4 << 20  # bytes of one partition in one answer

# Errors that pass when brokers settle: a leader or coordinator that moves, loads or is not known yet.
PASSING = {3, 5, 6, 7, 9, 13, 14, 15, 16, 74, 75, 76}


class Failure(Exception):
    """The cluster does not tell what is asked of it."""


class Passing(Exception):
    """Ask again."""


class Reader:
    """Takes fields from an answer."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, form):
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def int16(self):
        return self.take("h")

    def int32(self):
        return self.take("i")

    def int64(self):
        return self.take("q")

    def bytes(self, size):
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at]

    def string(self):
        value = self.bytes(self.int16())
        return None if value is None else value.decode()

    def compact_string(self):
        size = shift = 0
        while True:
            byte = self.take("B")
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        value = self.bytes(size - 1)
        return None if value is None else value.decode()

    def array(self, read):
        return [read() for _ in range(self.int32())]


def string(text):
    if text is None:
        return struct.pack(">h", -1)
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def array(pieces):
    pieces = list(pieces)
    return struct.pack(">i", len(pieces)) + b"".join(pieces)


class Connection:
    """To one broker; one request at a time."""

    def __init__(self, address, patience):
        self.socket = socket.create_connection(address, timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.serial = 0
        answer = self.ask(API_VERSIONS, 0, b"")
        if answer.int16() != 0:
            raise Passing("ApiVersions is refused")
        ranges = {}
        for _ in range(answer.int32()):
            key, low, high = answer.int16(), answer.int16(), answer.int16()
            ranges[key] = (low, high)
        for key, version in VERSIONS.items():
            low, high = ranges.get(key, (1, 0))
            if not low <= version <= high:
                raise Failure("%s:%d does not know version %d of request %d" % (
                    *address, version, key))

    def receive(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(min(1 << 20, size - len(data)))
            if not piece:
                raise ConnectionError("closed by the broker")
            data += piece
        return bytes(data)

    def ask(self, key, version, body):
        self.serial += 1
        request = struct.pack(">hhi", key, version, self.serial) + string("checker") + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        answer = Reader(self.receive(struct.unpack(">i", self.receive(4))[0]))
        if answer.int32() != self.serial:
            raise Failure("an answer out of turn")
        return answer


class Client:
    """The cluster: finds leaders and coordinators, asks again for `patience` seconds while they move."""

    def __init__(self, bootstrap, patience=60):
        self.bootstrap = [address_of(word) for word in bootstrap.split(",")]
        self.patience = patience
        self.connections = {}
        self.brokers = {}  # id -> address
        self.leaders = {}  # (topic, partition) -> id

    def close(self):
        for connection in self.connections.values():
            connection.socket.close()
        self.connections.clear()

    def patiently(self, question):
        end = time.monotonic() + self.patience
        while True:
            try:
                return question()
            except (OSError, Passing) as failure:
                self.close()
                if time.monotonic() > end:
                    raise Failure("no answer for %d s: %s" % (self.patience, failure)) from failure
                time.sleep(0.2)

    def connection(self, address):
        if address not in self.connections:
            self.connections[address] = Connection(address, self.patience)
        return self.connections[address]

    def any(self):
        """A connection to whichever broker answers."""
        failure = None
        for address in list(self.brokers.values()) + self.bootstrap:
            try:
                return self.connection(address)
            except OSError as error:
                failure = error
        raise failure

    def metadata(self):
        """{topic: number of partitions}; learns who leads what."""
        return self.patiently(self.metadata_once)

    def metadata_once(self):
        answer = self.any().ask(METADATA, VERSIONS[METADATA], struct.pack(">i", -1))

        def broker():
            number, host, port, _ = answer.int32(), answer.string(), answer.int32(), answer.string()
            return number, (host, port)

        def partition():
            error, number, leader = answer.int16(), answer.int32(), answer.int32()
            for _ in range(2):
                answer.array(answer.int32)
            if leader < 0:
                raise Passing("partition %d has no leader (error %d)" % (number, error))
            return number, leader

        def topic():
            error, name, _ = answer.int16(), answer.string(), answer.take("b")
            partitions = answer.array(partition)
            raise_passing(error, name)
            for number, leader in partitions:
                self.leaders[name, number] = leader
            return name, len(partitions)

        self.brokers = dict(answer.array(broker))
        answer.int32()
        return dict(answer.array(topic))

    def by_leader(self, places):
        found = {}
        for place in places:
            found.setdefault(self.leaders[place], []).append(place)
        return found

    def offsets(self, places, which, isolation):
        """{(topic, partition): offset}: the first, the high watermark or the last stable offset."""
        def ask():
            self.metadata_once()
            found = {}
            for leader, group in self.by_leader(places).items():
                body = struct.pack(">ib", -1, isolation) + array(
                    string(topic) + struct.pack(">iiq", 1, number, which) for topic, number in group)
                answer = self.connection(self.brokers[leader]).ask(
                    LIST_OFFSETS, VERSIONS[LIST_OFFSETS], body)
                answer.int32()

                def partition(topic, answer=answer):
                    number, error, _, offset = (answer.int32(), answer.int16(), answer.int64(),
                                                answer.int64())
                    raise_passing(error, topic)
                    found[topic, number] = offset

                def entry(answer=answer, partition=partition):
                    topic = answer.string()
                    answer.array(lambda: partition(topic))

                answer.array(entry)
            return found
        return self.patiently(ask)

    def fetch(self, positions, isolation):
        """One round of answers: {(topic, partition): (records bytes, [(producer id, first offset)])}."""
        def ask():
            found = {}
            for leader, group in self.by_leader(positions).items():
                body = struct.pack(">iiiib", -1, 500, 1, 64 << 20, isolation) + array(
                    string(topic) + struct.pack(">iiqi", 1, number, positions[topic, number], PIECE)
                    for topic, number in group)
                answer = self.connection(self.brokers[leader]).ask(FETCH, VERSIONS[FETCH], body)
                answer.int32()

                def partition(topic, answer=answer):
                    number, error, _, _ = (answer.int32(), answer.int16(), answer.int64(),
                                           answer.int64())
                    raise_passing(error, topic)
                    count = answer.int32()
                    aborted = [(answer.int64(), answer.int64()) for _ in range(max(count, 0))]
                    found[topic, number] = (answer.bytes(answer.int32()) or b"", aborted)

                def entry(answer=answer, partition=partition):
                    topic = answer.string()
                    answer.array(lambda: partition(topic))

                answer.array(entry)
            return found

        def ask_anew():
            try:
                return ask()
            except (OSError, Passing):
                self.close()
                self.metadata_once()
                raise
        return self.patiently(ask_anew)

    def committed(self, group):
        """{(topic, partition): (offset, metadata)} of a consumer group."""
        def ask():
            answer = self.any().ask(FIND_COORDINATOR, VERSIONS[FIND_COORDINATOR],
                                    string(group) + b"\0")
            answer.int32()
            error = answer.int16()
            answer.string()
            raise_passing(error, group)
            answer.int32()
            address = (answer.string(), answer.int32())
            answer = self.connection(address).ask(OFFSET_FETCH, VERSIONS[OFFSET_FETCH],
                                                  string(group) + struct.pack(">i", -1))
            answer.int32()
            found = {}

            def partition(topic):
                number, offset, text, error = (answer.int32(), answer.int64(), answer.string(),
                                               answer.int16())
                raise_passing(error, topic)
                found[topic, number] = (offset, text or "")

            def entry():
                topic = answer.string()
                answer.array(lambda: partition(topic))

            answer.array(entry)
            raise_passing(answer.int16(), group)
            return found
        return self.patiently(ask)


def address_of(word):
    host, _, port = word.strip().rpartition(":")
    if not port.isdigit():
        raise Failure("'%s' is no HOST:PORT" % word)
    return host, int(port)


def raise_passing(error, what):
    if error in PASSING:
        raise Passing("error %d for %s" % (error, what))
    if error != 0:
        raise Failure("error %d for %s" % (error, what))


# --- record batches -----------------------------------------------------------------------------

class Batch:
    """A record batch as it lies in the log."""

    __slots__ = ("first", "last", "producer", "epoch", "transactional", "control", "append_time",
                 "base_time", "max_time", "packing", "count", "body")

    @property
    def next(self):
        return self.last + 1

    def records(self):
        """(offset, timestamp, key, value) of each record."""
        data = UNPACK[self.packing](self.body)
        at = 0
        for _ in range(self.count):
            size, at = varint(data, at)
            end = at + size
            at += 1
            passed, at = varint(data, at)
            number, at = varint(data, at)
            key, at = piece(data, at)
            value, _ = piece(data, at)
            at = end
            yield (self.first + number,
                   self.max_time if self.append_time else self.base_time + passed, key, value)

    def is_commit(self):
        """Of a control batch: commit, else abort."""
        _, _, key, _ = next(self.records())
        return struct.unpack(">hh", key)[1] == 1


def unpack_zstd(data):
    try:
        return unpack.zstd_frame(data)
    except OSError as error:
        raise Failure("a batch is packed with zstd, for which libzstd is needed: %s" % error) from None


UNPACK = {0: bytes, 1: gzip.decompress, 2: unpack.snappy, 3: unpack.lz4_frame, 4: unpack_zstd}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value >> 1 ^ -(value & 1), at
        shift += 7


def piece(data, at):
    size, at = varint(data, at)
    return (None, at) if size < 0 else (bytes(data[at:at + size]), at + size)


HEADER = struct.Struct(">qiibIhiqqqhii")


def batches(data):
    """The whole batches in an answer; the last may be cut."""
    at = 0
    while len(data) - at >= HEADER.size:
        (first, size, _, magic, _, attributes, delta, base_time, max_time, producer, epoch, _,
         count) = HEADER.unpack_from(data, at)
        end = at + 12 + size
        if end > len(data):
            return
        if magic != 2:
            raise Failure("a message set of version %d" % magic)
        batch = Batch()
        batch.first, batch.last, batch.count = first, first + delta, count
        batch.producer, batch.epoch = producer, epoch
        batch.packing = attributes & 7
        batch.append_time = bool(attributes & 8)
        batch.transactional = bool(attributes & 16)
        batch.control = bool(attributes & 32)
        batch.base_time, batch.max_time = base_time, max_time
        batch.body = data[at + HEADER.size:end]
        yield batch
        at = end
