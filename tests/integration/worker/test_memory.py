"""A worker whose memory.max is low keeps to it: under load, and while the brokers are away and come back.

Beside memory.max stay the program itself and RocksDB's filters and indexes (src/config/memory.h)."""

import os
import random
import threading
import time

import checks
import harness
import rounds
from harness import check, say

START = 1760000000000
MEMORY_MIB = 64
BESIDE_MIB = 48
COUNT = 40000
AWAY_SECONDS = int(os.environ.get("MEMORY_AWAY_SECONDS", "60"))


class Sampler(threading.Thread):
    """The resident memory of a process, twenty times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path = "/proc/%d/status" % pid
        self.peak = self.now = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            with open(self.path, encoding="ascii") as file:
                self.now = next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
            self.peak = max(self.peak, self.now)

    def told(self, what):
        """Says the peak since the last time, in MiB, and returns it."""
        peak, self.peak = self.peak / 1024, self.now
        say("%-34s resident at most %5.1f MiB of %d and %d beside", what, peak, MEMORY_MIB, BESIDE_MIB)
        check(peak <= MEMORY_MIB + BESIDE_MIB, "%s: %.1f MiB", what, peak)
        return peak


def main(options, folder):
    cluster = harness.Cluster(options.version)
    deployment = harness.Deployment(options, cluster, folder, "memory",
                                    memory__max="%dMiB" % MEMORY_MIB, checkpoint__interval="2s")
    deployment.create()
    client = harness.Client(deployment)
    lines = rounds.bulk(random.Random(options.seed), START, harness.PARTITIONS, COUNT)
    worker = deployment.worker().wait_tasks(harness.TASKS)
    sampler = Sampler(worker.process.pid)
    sampler.start()
    half = len(lines) // 2
    client.write(lines[:half])
    client.wait_drained(worker)
    sampler.told("%d records" % half)
    client.write(lines[half:])
    cluster.kill_node()
    time.sleep(AWAY_SECONDS)
    worker.require_running()
    sampler.told("the broker away for %d s" % AWAY_SECONDS)
    cluster.start_node()
    client.wait_drained(worker)
    sampler.told("after it has come back")
    sampler.over.set()
    worker.stop(30)
    say("%s", checks.all_of(client))
    client.close()


if __name__ == "__main__":
    harness.run_test(main, __doc__)
