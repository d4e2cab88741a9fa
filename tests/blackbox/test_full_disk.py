"""A disk that is full: the engine ends with what to do, nothing is lost, and with room it goes on as if nothing
had happened.

Needs a small file system of its own and so root; without it the test is skipped.

SPDX-License-Identifier: Apache-2.0
"""

import subprocess
import unittest

from programs import OUTPUTS, ProgramTest, essence
from records import workload

SETS = ["checkpoint.interval=100ms", "commit.records_max=50"]
COUNT = 1200
START_SIZE = 2 << 20
STEP_SIZE = 2 << 20


class FullDisk(ProgramTest):

    def small_disk(self, size):
        """A file system of `size` bytes."""
        place = self.folder / "data"
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "tmpfs", str(place)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("cannot mount a tmpfs, run as root: " + done.stderr)
        self.addCleanup(subprocess.run, ["umount", "-l", str(place)], check=True)
        return place

    def grow(self, place, size):
        subprocess.run(["mount", "-o", "remount,size=%d" % size, str(place)], check=True)

    def test_it_ends_with_what_to_do_and_goes_on_with_room(self):
        lines = workload(11, COUNT)
        self.good(self.engine("whole", lines, sets=SETS))
        wanted = essence(self.records("whole", *OUTPUTS))
        place = self.small_disk(START_SIZE)
        ended = self.engine("data", lines, sets=SETS)
        rounds = 0
        while ended.code != 0:
            rounds += 1
            self.assertLess(rounds, 100)
            self.assertEqual(ended.code, 1, ended)
            last = ended.err.splitlines()[-1]
            self.assertIn("No space left", last)
            self.assertIn("free space", last)
            self.assertIn(str(place), last)
            self.grow(place, START_SIZE + rounds * STEP_SIZE)
            ended = self.engine("data", sets=SETS)
        self.assertGreater(rounds, 1, "the disk was never full: this shows nothing")
        self.same(essence(self.records("data", *OUTPUTS)), wanted)


if __name__ == "__main__":
    unittest.main()
