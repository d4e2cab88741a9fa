"""The checker's parts that need no broker: batches and transactions, packed data, offset commits.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import struct
import types
import unittest

import checker
import log
import transactions
import unpack
import wire
from findings import Findings


def varint(value):
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def batch(first, records, producer=-1, epoch=-1, attributes=0):
    """A record batch of (key, value) pairs."""
    body = b""
    for number, (key, value) in enumerate(records):
        one = b"\0" + varint(0) + varint(number)
        for part in (key, value):
            one += varint(-1) if part is None else varint(len(part)) + part
        one += varint(0)
        body += varint(len(one)) + one
    head = struct.pack(">ibIhiqqqhii", 0, 2, 0, attributes, len(records) - 1, 1000, 1000, producer,
                       epoch, 0, len(records))
    return struct.pack(">qi", first, len(head) + len(body)) + head + body


def data(first, producer, epoch, *values):
    return batch(first, [(b"k", value) for value in values], producer, epoch, 16)


def marker(first, producer, epoch, commit):
    return batch(first, [(struct.pack(">hh", 0, commit), bytes(6))], producer, epoch, 48)


def compressed(plain):
    """One Zstandard frame."""
    library = unpack.libzstd()
    library.ZSTD_compress.restype = ctypes.c_size_t
    room = ctypes.create_string_buffer(len(plain) + 1000)
    size = library.ZSTD_compress(room, ctypes.c_size_t(len(room)), plain, ctypes.c_size_t(len(plain)), 3)
    return room.raw[:size]


def partition(*pieces, end=None, aborted=()):
    found = log.Partition("topic", 0, 0, 0, 0)
    for piece in wire.batches(b"".join(pieces)):
        found.take(piece)
    found.end = found.stable = found.reached if end is None else end
    found.aborted = set(aborted)
    return found


def findings_of(check, subject):
    findings = Findings()
    check(subject, findings)
    return findings.invariants()


class Visibility(unittest.TestCase):
    def test_committed_and_aborted(self):
        found = partition(data(0, 7, 0, b"a", b"b"), data(2, 8, 0, b"c"), marker(3, 7, 0, False),
                          data(4, 7, 1, b"d"), marker(5, 8, 0, True), marker(6, 7, 1, True))
        self.assertEqual([record.data for record in found.visible], [b"c", b"d"])
        self.assertEqual([record.offset for record in found.records], [0, 1, 2, 4])
        self.assertTrue(found.covered)

    def test_compacted(self):
        self.assertFalse(partition(data(0, 7, 0, b"a"), marker(4, 7, 0, True)).covered)

    def test_plain_records_are_visible(self):
        found = partition(batch(0, [(None, b"a"), (b"k", None)]))
        self.assertEqual([(record.key, record.data) for record in found.visible],
                         [(None, b"a"), (b"k", None)])

    def test_cut_batch_is_left_for_later(self):
        whole = data(0, 7, 0, b"a")
        self.assertEqual(len(list(wire.batches(whole + whole[:-1]))), 1)


class Transactions(unittest.TestCase):
    def test_sound(self):
        found = partition(data(0, 7, 0, b"a"), marker(1, 7, 0, False), data(2, 7, 1, b"b"),
                          marker(3, 7, 1, True), aborted={(7, 0)})
        for check in (transactions.hanging, transactions.epochs, transactions.broker_agrees,
                      transactions.after_abort, transactions.alone):
            self.assertEqual(findings_of(check, found), [])

    def test_open(self):
        found = partition(data(0, 7, 0, b"a"))
        self.assertEqual(findings_of(transactions.hanging, found), ["I12"])

    def test_epoch_goes_back(self):
        found = partition(data(0, 7, 3, b"a"), marker(1, 7, 3, True), data(2, 7, 2, b"b"))
        self.assertEqual(findings_of(transactions.epochs, found), ["I11"])

    def test_same_epoch_after_abort(self):
        found = partition(data(0, 7, 0, b"a"), marker(1, 7, 0, False), data(2, 7, 0, b"b"))
        self.assertEqual(findings_of(transactions.after_abort, found), ["I25"])
        # The coordinator that fences a dead producer writes its abort with the next epoch.
        found = partition(data(0, 7, 0, b"a"), marker(1, 7, 1, False), data(2, 7, 1, b"b"))
        self.assertEqual(findings_of(transactions.after_abort, found), [])

    def test_two_writers(self):
        found = partition(data(0, 7, 0, b"a"), data(1, 8, 0, b"b"), marker(2, 7, 0, True),
                          marker(3, 8, 0, True))
        self.assertEqual(findings_of(transactions.alone, found), ["I11"])

    def test_broker_disagrees(self):
        found = partition(data(0, 7, 0, b"a"), marker(1, 7, 0, False))
        self.assertEqual(findings_of(transactions.broker_agrees, found), ["I3"])
        found = partition(data(0, 7, 0, b"a"), marker(1, 7, 0, True), aborted={(7, 0)})
        self.assertEqual(findings_of(transactions.broker_agrees, found), ["I3"])


class Packing(unittest.TestCase):
    def test_lz4(self):
        # 5 literals "abcde", then 12 bytes from 5 back, then the last 5 as literals.
        block = bytes([0x58]) + b"abcde" + b"\x05\x00" + bytes([0x50]) + b"vwxyz"
        frame = b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(block)) + block + bytes(4)
        self.assertEqual(unpack.lz4_frame(frame), b"abcdeabcdeabcdeabvwxyz"[:17] + b"vwxyz")
        plain = b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", 3 | 1 << 31) + b"abc" + bytes(4)
        self.assertEqual(unpack.lz4_frame(plain), b"abc")
        with self.assertRaises(ValueError):
            unpack.lz4_block(bytes([0x10]) + b"a\x02\x00", bytearray())

    def test_snappy(self):
        block = bytes([10, 4 << 2]) + b"abcde" + bytes([(5 - 4) << 2 | 1, 5])
        self.assertEqual(unpack.snappy(block), b"abcdeabcde")
        framed = b"\x82SNAPPY\x00" + bytes(8) + struct.pack(">I", len(block)) + block
        self.assertEqual(unpack.snappy(framed), b"abcdeabcde")

    def test_zstd(self):
        plain = b"abcde" * 60000 + b"end"
        packed = compressed(plain)
        self.assertLess(len(packed), 1000)
        self.assertEqual(unpack.zstd_frame(packed), plain)
        for bad in (packed[:-5], b"nonsense" + packed):
            with self.assertRaises(ValueError):
                unpack.zstd_frame(bad)

    def test_a_batch_of_zstd(self):
        whole = batch(0, [(b"k", b"a"), (None, b"b")], attributes=4)
        packed = compressed(whole[61:])
        found = partition(struct.pack(">qi", 0, 49 + len(packed)) + whole[12:61] + packed)
        self.assertEqual([(record.key, record.data) for record in found.visible],
                         [(b"k", b"a"), (None, b"b")])

    def test_without_libzstd_it_is_said(self):
        def missing():
            raise OSError("libzstd.so.1: not found")
        real, unpack.libzstd = unpack.libzstd, missing
        self.addCleanup(setattr, unpack, "libzstd", real)
        with self.assertRaisesRegex(wire.Failure, "libzstd is needed"):
            partition(batch(0, [(b"k", b"a")], attributes=4))


class Offsets(unittest.TestCase):
    def test_mark(self):
        self.assertEqual(log.mark_of("v1 seq=4 next=17 id=a.b.0.1 src=1,2"), (4, 17, "a.b.0.1", [1, 2]))
        self.assertEqual(log.mark_of("v1 seq=4 next=17 id=a"), (4, 17, "a", None))
        for text in ("", "v2 seq=4 next=17 id=a", "v1 seq=4", "v1 rubbish"):
            self.assertIsNone(log.mark_of(text))

    def test_commit(self):
        key = struct.pack(">h", 1) + wire.string("g") + wire.string("t") + struct.pack(">i", 3)
        for value in (struct.pack(">hqi", 3, 42, -1) + wire.string("text") + bytes(8),
                      struct.pack(">hqi", 4, 42, -1) + b"\x05text" + bytes(9)):
            found = partition(batch(0, [(key, value)]))
            commit = log.commit_of(found.records[0])
            self.assertEqual((commit.group, commit.topic, commit.number, commit.offset,
                              commit.metadata), ("g", "t", 3, 42, "text"))

    def test_topologies(self):
        found = {item.name: item for item in log.topologies(checker.ROOT + "/topologies")}
        self.assertEqual(found["notices"].sources, ["notice-requests", "accounts"])
        self.assertEqual(found["notices"].told_elsewhere, ["accounts"])
        self.assertEqual(found["sanctions"].changelog, "sanctions-changelog")
        self.assertIn("audit-keys", found["sanctions"].sinks)


class Readable(unittest.TestCase):
    """Records of a build that is newer than the checker, or damaged ones, are told as such."""

    def judged(self, value):
        world = types.SimpleNamespace(
            schemas=checker.schemas(), topologies=[],
            partitions=lambda names: [partition(batch(0, [(b"k", value), (b"k", None)]))])
        world.value = lambda record: log.World.value(world, record)
        return checker.judge(world).found

    def test_an_unknown_schema_is_a_finding(self):
        (invariant, place, text), = self.judged(b"\xc3\x01" + b"newthing" + b"rest")
        self.assertEqual((invariant, place), ("I2", "topic-0@0"))
        self.assertIn("no schema", text)
        self.assertIn((b"\xc3\x01" + b"newthing").hex(), text)

    def test_a_record_that_breaks_its_schema_is_a_finding(self):
        (invariant, place, text), = self.judged(checker.schemas().by_name["Restriction"].prefix + b"\xff")
        self.assertEqual((invariant, place), ("I2", "topic-0@0"))
        self.assertIn("not what its schema says", text)


class Values(unittest.TestCase):
    def test_bad_avro_is_refused(self):
        schema = checker.schemas().by_name["NoticeRequest"]
        for bad in (b"", b"\x00", b"\x01", b"\xff" * 11, b"\x02a\x00\x63"):
            with self.assertRaises((AssertionError, IndexError, ValueError)):
                schema.read(bad)


if __name__ == "__main__":
    unittest.main()
