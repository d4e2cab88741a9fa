"""`sanctionctl fingerprint`: a sketch that goes into a report as it is, and what is refused.

What makes two texts alike is tested in tests/unit/sketch/, how often `tools/bench fingerprint` says.

SPDX-License-Identifier: Apache-2.0
"""

import json
import unittest

from programs import ProgramTest, run
from records import HOUR, START, report

AD = "무직자도 당일 대출 가능합니다 신용 조회 없이 최대 오천만원까지 바로 입금해 드려요"
AGAIN = "무직자도당일 💰대출💰 가능합니다!! 신용 조회없이 최대 오천만원까지 바로 입금해드려요 ㅋㅋ"


class Fingerprint(ProgramTest):

    def setUp(self):
        super().setUp()
        self.key = self.folder / "sketch.key"
        self.key.write_bytes(bytes(range(32)))

    def fingerprint(self, text, *words):
        return run("sanctionctl", "fingerprint", self.key, *words, stdin=text)

    def made(self, text):
        return json.loads(self.good(self.fingerprint(text, "--json")).out)

    def test_a_sketch_is_the_same_for_the_same_message_and_key(self):
        first = self.made(AD)
        self.assertRegex(first["sketch"], "^[0-9a-f]{64}$")
        self.assertRegex(first["sketch_key"], "^[0-9a-f]{16}$")
        self.assertEqual(first, self.made(AGAIN + "\n"))
        self.assertEqual(self.good(self.fingerprint(AD)).out, first["sketch"] + "\n")
        self.key.write_bytes(bytes(range(1, 33)))
        other = self.made(AD)
        self.assertNotEqual(first["sketch"], other["sketch"])
        self.assertNotEqual(first["sketch_key"], other["sketch_key"])

    def test_each_line_is_a_message_if_asked_for(self):
        out = self.good(self.fingerprint(AD + "\n🔥\n" + AGAIN, "--lines")).out.splitlines()
        self.assertEqual(len(out), 3)
        self.assertEqual(out[0], out[2])
        self.assertEqual(out[1], "null")

    def test_nothing_to_compare_is_no_sketch(self):
        self.assertEqual(self.made(" 🔥!! "), {"sketch": None, "sketch_key": None})
        self.assertEqual(self.made(""), {"sketch": None, "sketch_key": None})

    def test_sketches_of_three_rooms_are_a_campaign(self):
        lines = []
        for number, text in enumerate((AD, AGAIN, "[안내] " + AD), 1):
            lines.append(report(START + number * HOUR, "USER:u-1", "r-%d" % number,
                                message="m-%d" % number, category="SPAM_AD",
                                room_id="o-%d" % number, labels=[], **self.made(text)))
        self.good(self.engine("data", lines))
        applied = self.values("data", "restrictions")
        self.assertEqual([(one["op"], one["stage"]) for one in applied if one["op"] == "APPLY"],
                         [("APPLY", 2)])
        self.assertEqual(applied[0]["decided_at"], START + 3 * HOUR)

    def test_what_is_wrong_is_told(self):
        self.key.write_bytes(b"short")
        ended = self.fingerprint(AD)
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("16 to 1024 secret bytes, this has 5", ended.err)
        ended = run("sanctionctl", "fingerprint", self.folder / "none", stdin=AD)
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("cannot open", ended.err)
        ended = run("sanctionctl", "fingerprint", stdin=AD)
        self.assertEqual(ended.code, 2, ended)
        self.key.write_bytes(bytes(16))
        ended = self.fingerprint("a" * 65537)
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("longer than 65536 bytes", ended.err)
        self.assertEqual(ended.out, "")


if __name__ == "__main__":
    unittest.main()
