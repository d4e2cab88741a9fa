"""Records that cannot be right are set aside with reason and position, and the stream goes on.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import shutil
import unittest

from programs import ProgramTest
from records import DAY, MINUTE, START, prefix, report, verdict

SUBJECT = "USER:u1"


def bad(**outer):
    """A report that is good but for fields of its line or value."""
    value = outer.pop("value", {})
    line = report(START, SUBJECT)
    line["value"].update(value)
    line.update(outer)
    return line


class DeadLetters(ProgramTest):

    def letters(self, lines, sets=(), reason=None, count=1):
        """The dead letters of these lines; a good report comes before and after them."""
        before = report(START - MINUTE, "USER:before")
        after = report(START + MINUTE, SUBJECT, "after", message="after")
        self.good(self.engine("data", [before, *lines, after], sets=sets))
        found = [line for line in self.records("data", "dead-letters")]
        values = [line["value"] for line in found]
        self.assertEqual([value["reason"] for value in values], [reason] * count)
        for line, value in zip(found, values):
            self.assertEqual(line["key"], "%s:%d:%d" % (value["topic"].split(".")[-1],
                                                       value["partition"], value["offset"]))
        # The stream went on: both good reports were received.
        told = [value["subject_id"] for value in self.values("data", "notices", kind="REPORT_RECEIPT")]
        self.assertEqual(sorted(told), ["after", "r1"])
        self.assertEqual(self.values("data", "restrictions"), [])
        return values

    def raw(self, data):
        return {"topic": "reports", "timestamp": START, "key": SUBJECT, "raw": data.hex()}

    def test_a_null_value(self):
        self.letters([{"topic": "reports", "type": "Report", "timestamp": START, "key": SUBJECT,
                       "value": None}], reason="UNDECODABLE")

    def test_records_cut_short_or_with_nonsense_inside(self):
        self.letters([self.raw(prefix("Report")), self.raw(prefix("Report") + b"\x02"),
                      self.raw(prefix("Report") + b"\xff" * 40)], reason="UNDECODABLE", count=3)

    def test_bytes_without_the_prefix_of_a_schema(self):
        data = bytes.fromhex("00ffee")
        letter, _, _ = self.letters([self.raw(data), self.raw(b""), self.raw(b"\xc3\x01")],
                                    reason="UNKNOWN_SCHEMA", count=3)
        self.assertEqual(letter["bytes"], 3)
        self.assertEqual(letter["bytes_hash"], hashlib.sha256(data).hexdigest())
        self.assertEqual(letter["record_timestamp"], START)
        self.assertIsNone(letter["payload"])

    def test_a_writer_schema_nobody_knows(self):
        self.letters([self.raw(bytes.fromhex("c3010102030405060708") + bytes(20))],
                     reason="UNKNOWN_SCHEMA")

    def test_a_record_type_that_the_topic_does_not_carry(self):
        line = dict(report(START, SUBJECT), topic="verdicts")
        self.letters([line], reason="UNKNOWN_SCHEMA")

    def test_a_null_key(self):
        self.letters([bad(key=None)], reason="NULL_KEY")

    def test_a_key_of_somebody_else(self):
        self.letters([bad(key="USER:u2"), bad(key="u1"), bad(key="ROOM:u1")],
                     reason="KEY_MISMATCH", count=3)

    def test_a_key_on_a_partition_that_is_not_its_own(self):
        self.good(self.engine("probe", [report(START, SUBJECT)]))
        own = self.records("probe", "reports")[0]["partition"]
        self.letters([bad(partition=partition) for partition in range(4) if partition != own],
                     reason="WRONG_PARTITION", count=3)

    def test_a_record_over_the_size_limit(self):
        letter, = self.letters([self.raw(prefix("Report") + bytes(1015))],
                               sets=["records.bytes_max=1KiB"], reason="TOO_LARGE")
        self.assertEqual(letter["bytes"], 1025)

    def test_timestamps_outside_2000_to_2100(self):
        self.letters([bad(timestamp=946684800000 - 1), bad(timestamp=4102444800000),
                      bad(timestamp=-1), bad(timestamp=0)],
                     reason="TIMESTAMP_OUT_OF_BOUNDS", count=4)

    def test_fields_that_cannot_be_true(self):
        for what, value in [
                ("an act later than its report", {"act_at": START + 1}),
                ("a user's report without reporter", {"reporter_id": None}),
                ("a score above 1000",
                 {"labels": [{"category": "ABUSE_SLANDER", "score": 1001, "labeller": "x"}]}),
                ("a negative score",
                 {"labels": [{"category": "ABUSE_SLANDER", "score": -1, "labeller": "x"}]}),
                ("a category that is only for outputs", {"category": "NONE"}),
                ("a source that is only for outputs", {"source_kind": "NONE"})]:
            with self.subTest(what):
                self.letters([bad(value=value)], reason="BAD_FIELD")
                self.start_over()

    def test_an_act_at_the_very_time_of_its_report_is_good(self):
        self.good(self.engine("data", [bad(value={"act_at": START})]))
        self.assertEqual(self.records("data", "dead-letters"), [])

    def test_a_verdict_that_rests_on_no_report(self):
        for kind in ("CONFIRM", "DISMISS", "DISMISS_GROUNDLESS", "SET_PERMANENT", "CONTENT_MEASURE"):
            with self.subTest(kind):
                self.letters([verdict(START, SUBJECT, kind, [])], reason="NO_REPORT")
                self.start_over()

    def test_the_payload_is_kept_only_where_the_deployment_allows_it(self):
        letter, = self.letters([self.raw(bytes.fromhex("00ffee"))],
                               sets=["dead_letters.payload=true"], reason="UNKNOWN_SCHEMA")
        self.assertEqual(letter["payload"], "00ffee")

    def test_a_record_far_ahead_in_time_is_good_on_a_closed_input(self):
        self.good(self.engine("data", [report(START + 3650 * DAY, SUBJECT)]))
        self.assertEqual(self.records("data", "dead-letters"), [])

    def start_over(self):
        """The next sub-test starts with an empty directory."""
        shutil.rmtree(self.folder / "data")


if __name__ == "__main__":
    unittest.main()
