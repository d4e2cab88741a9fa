"""`sanctionctl audit verify`: the chains of a real run hold, also after erasure and over several runs.

What a tampered chain looks like is tested in tests/unit/engine/test_audit_chain.c: the log's own
checksums refuse flipped bytes before the verifier sees them.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json
import unittest

from programs import ROOT, ProgramTest
from records import demo

class Verify(ProgramTest):

    def verify(self, data, *words, sets=()):
        return self.control(data, "audit", "verify", *words, sets=sets)

    def test_the_chains_of_the_demo_are_sound(self):
        self.good(self.engine("data", demo()))
        lines = self.records("data", "audit")
        verdict = json.loads(self.good(self.verify("data", "--json")).out)
        self.assertIsNone(verdict["break"])
        self.assertEqual(verdict["locked"], 0)
        wanted = {}
        for line in lines:
            wanted.setdefault(line["partition"], []).append(line["value"]["payload"])
        self.assertEqual(
            {chain["partition"]: (chain["records"], chain["without_key"])
             for chain in verdict["chains"]},
            {partition: (len(payloads), sum(isinstance(one, str) for one in payloads))
             for partition, payloads in wanted.items()})
        self.assertTrue(any(chain["without_key"] for chain in verdict["chains"]))
        for chain in verdict["chains"]:
            self.assertEqual(chain["chain"], "sanctions:%d" % chain["partition"])
            self.assertTrue(chain["from_beginning"])
            self.assertTrue(chain["reaches_state"])
        ended = self.good(self.verify("data"))
        self.assertRegex(ended.out.splitlines()[-1], "^sound: %d records, " % len(lines))
        for chain in verdict["chains"]:
            self.assertIn("head " + chain["head"], ended.out)

    def test_a_second_run_goes_on_with_the_chains(self):
        lines = demo()
        self.good(self.engine("data", lines[:30]))
        first = json.loads(self.good(self.verify("data", "--json")).out)
        self.good(self.engine("data", lines[30:]))
        second = json.loads(self.good(self.verify("data", "--json")).out)
        self.assertGreater(sum(chain["records"] for chain in second["chains"]),
                           sum(chain["records"] for chain in first["chains"]))
        prev = {line["value"]["prev_hash"] for line in self.records("data", "audit")}
        grown = [chain for chain in first["chains"]
                 if chain["head"] not in {other["head"] for other in second["chains"]}]
        self.assertTrue(grown)
        for chain in grown:
            self.assertIn(chain["head"], prev)

    def test_nothing_decided_is_sound(self):
        self.good(self.engine("data"))
        self.assertEqual(self.good(self.verify("data")).out.splitlines(),
                         ["sound: 0 records, 0 payloads checked, 0 erased, "
                          "0 that another key file opens"])
        self.assertEqual(json.loads(self.good(self.verify("data", "--json")).out),
                         {"chains": [], "locked": 0, "break": None})

    def test_with_another_key_file_links_alone_are_checked(self):
        self.good(self.engine("data", demo()))
        verdict = json.loads(
            self.good(self.verify("data", "--json", sets=["audit.seed=" + "77" * 32])).out)
        self.assertGreater(verdict["locked"], 0)
        self.assertIsNone(verdict["break"])

    def test_the_head_is_what_a_consumer_works_out_from_the_topic(self):
        """In another language: the datum as JSON shows it, encoded again without its payload."""
        self.good(self.engine("data", demo()))
        chains = json.loads(self.good(self.verify("data", "--json")).out)["chains"]
        lines = self.records("data", "audit")
        for chain in chains:
            last = [line["value"] for line in lines if line["partition"] == chain["partition"]][-1]
            self.assertEqual(hashlib.sha256(datum(last)).hexdigest(), chain["head"])

    def test_arguments_are_a_bad_command_line(self):
        self.good(self.engine("data"))
        ended = self.verify("data", "now")
        self.assertEqual((ended.code, ended.out), (2, ""), ended)

    def test_without_topics_it_says_what_to_do(self):
        ended = self.verify("nothing")
        self.assertEqual((ended.code, ended.out), (1, ""), ended)
        self.assertIn("sanctionctl topics create", ended.problems()[-1])


def number(value):
    """A zigzag varint."""
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def datum(value):
    """The Avro datum of an Audit with an empty payload."""
    schema = json.loads((ROOT / "schemas" / "Audit.avsc").read_text(encoding="utf-8"))
    types = {"h32": {"type": "fixed"}}
    value = {**value, "payload": ""}
    return b"".join(encode(field["type"], value[field["name"]], types)
                    for field in schema["fields"])


def encode(kind, value, types):
    if isinstance(kind, list):
        return b"\x00" if value is None else b"\x02" + encode(kind[1], value, types)
    if isinstance(kind, dict) and kind["type"] == "enum":
        return number(kind["symbols"].index(value))
    name = kind["type"] if isinstance(kind, dict) else kind
    if name in ("long", "int"):
        return number(value)
    if name == "boolean":
        return b"\x01" if value else b"\x00"
    if name == "string":
        return number(len(value.encode())) + value.encode()
    if name == "bytes":
        return number(len(value) // 2) + bytes.fromhex(value)
    if name in ("fixed", "h32"):
        return bytes.fromhex(value)
    return encode(types[name], value, types)


if __name__ == "__main__":
    unittest.main()
