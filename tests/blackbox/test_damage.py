"""Damaged files: the engine stops and says so, or decides as if nothing had happened; it never decides
otherwise and never crashes.

SPDX-License-Identifier: Apache-2.0
"""

import random
import shutil
import unittest

from programs import OUTPUTS, ProgramTest, essence
from records import workload

SETS = ["checkpoint.interval=100ms", "commit.records_max=50"]


class Damage(ProgramTest):

    def setUp(self):
        super().setUp()
        self.lines = workload(10, 1200)
        self.good(self.engine("half", self.lines[:800], sets=SETS))
        self.good(self.engine("half", sets=SETS))
        self.good(self.engine("whole", self.lines, sets=SETS))
        self.wanted = essence(self.records("whole", *OUTPUTS))

    def outcome(self, number):
        """The rest of the input on a damaged copy: refused or as wanted."""
        data = "copy-%d" % number
        ended = self.engine(data, self.lines[800:], sets=SETS)
        if ended.code == 0:
            self.same(essence(self.records(data, *OUTPUTS)), self.wanted)
            return "same"
        self.assertEqual(ended.code, 1, ended)
        self.assertGreater(len(ended.err.splitlines()[-1]), 20, "no message")
        return "refused"

    def damaged(self, number, pattern, harm):
        """A copy of the first half in which `harm` was done to one file of a kind."""
        copy = self.folder / ("copy-%d" % number)
        shutil.copytree(self.folder / "half", copy)
        files = sorted(path for path in copy.glob(pattern) if path.is_file() and path.stat().st_size)
        self.assertTrue(files, "no file like " + pattern)
        path = files[number % len(files)]
        data = bytearray(path.read_bytes())
        harm(data, random.Random(number))
        path.write_bytes(data)

    def flip(self, data, chance):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)

    def zero(self, data, chance):
        start = chance.randrange(len(data))
        data[start:start + 64] = bytes(len(data[start:start + 64]))

    def cut(self, data, chance):
        del data[chance.randrange(len(data)):]

    def harmed(self, pattern, harms, count):
        outcomes = []
        for number in range(count):
            with self.subTest(pattern=pattern, number=number):
                self.damaged(number, pattern, harms[number % len(harms)])
                outcomes.append(self.outcome(number))
            shutil.rmtree(self.folder / ("copy-%d" % number))
        return outcomes

    def test_damaged_state_files_never_change_a_decision(self):
        outcomes = self.harmed("state/sanctions/**/*.sst", [self.flip, self.zero, self.cut], 12)
        self.assertIn("refused", outcomes, "no damage was noticed")

    def test_a_lost_manifest_is_noticed(self):
        self.harmed("state/sanctions/**/MANIFEST*", [self.cut, self.flip], 4)

    def test_bits_flipped_in_the_log_never_change_a_decision(self):
        outcomes = self.harmed("log/*", [self.flip, self.zero], 10)
        self.assertIn("refused", outcomes, "no damage was noticed")


if __name__ == "__main__":
    unittest.main()
