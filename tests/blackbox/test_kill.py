"""kill -9 at random moments: what comes out in the end is what one undisturbed run puts out.

SPDX-License-Identifier: Apache-2.0
"""

import os
import random
import signal
import time
import unittest

from programs import OUTPUTS, ProgramTest, essence
from records import workload

INTERNAL = ("signals", "notice-requests", "audit-keys")
# Many small transactions and checkpoints, so that a kill hits every stage of them.
SETS = ["commit.records_max=20", "checkpoint.interval=100ms"]
KILLS = 20


class Kill(ProgramTest):

    def prepare(self, data, lines):
        """Everything is in the topics before the first start."""
        self.good(self.control(data, "topics", "create"))
        self.good(self.control(data, "send", self.file(data + ".jsonl", lines)))

    def test_twenty_kills_change_nothing(self):
        seed = int(os.environ.get("SANCTIOND_TEST_SEED", "20261124"))
        chance = random.Random(seed)
        lines = workload(8, 6000)
        self.prepare("whole", lines)
        began = time.monotonic()
        self.good(self.engine("whole", sets=SETS))
        seconds = time.monotonic() - began
        self.prepare("killed", lines)
        killed = 0
        for _ in range(KILLS):
            process = self.start("killed", "--drain", sets=SETS)
            # Each life is a part of the whole, so that the work is not done before the last kill.
            time.sleep(chance.uniform(0.0, 2.0 * seconds / KILLS))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.wait()
            self.assertIn(process.returncode, (0, -signal.SIGKILL), process.stderr.read())
            process.stderr.close()
        self.good(self.engine("killed", sets=SETS))
        self.assertGreaterEqual(killed, KILLS // 2, "most lives ended by themselves")
        self.same(essence(self.records("killed", *OUTPUTS, *INTERNAL)),
                  essence(self.records("whole", *OUTPUTS, *INTERNAL)), "seed %d" % seed)

    def test_receipts_count_every_input_once(self):
        lines = workload(9, 1500)
        self.prepare("data", lines)
        chance = random.Random(9)
        for _ in range(5):
            process = self.start("data", "--drain", sets=SETS)
            time.sleep(chance.uniform(0.0, 0.3))
            process.kill()
            process.wait()
            process.stderr.close()
        self.good(self.engine("data", sets=SETS))
        seen = {}
        for line in self.records("data", "receipts"):
            if not line["key"].startswith("sanctions:"):
                continue
            for source in line["value"]["inputs"]:
                place = (source["topic"].split(".")[-1], source["partition"])
                self.assertEqual(source["first_offset"], seen.get(place, 0), place)
                seen[place] = source["last_offset"] + 1
        counted = sum(count for (topic, _), count in seen.items() if topic in ("reports", "verdicts"))
        self.assertEqual(counted, len(lines))


if __name__ == "__main__":
    unittest.main()
