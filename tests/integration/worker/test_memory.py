"""A worker whose memory.max is low keeps to it: under load, while it restores, and while the brokers are away and
come back.

Beside memory.max stay the program itself and RocksDB's filters and indexes (src/config/memory.h)."""

import os
import random
import shutil
import subprocess
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
RESTORED = 100000
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
                self.now = next((int(line.split()[1]) for line in file if line.startswith("VmRSS:")), 0)
            self.peak = max(self.peak, self.now)

    def told(self, what):
        """Says the peak since the last time, in MiB, and returns it."""
        peak, self.peak = self.peak / 1024, self.now
        say("%-34s resident at most %5.1f MiB of %d and %d beside", what, peak, MEMORY_MIB, BESIDE_MIB)
        check(peak <= MEMORY_MIB + BESIDE_MIB, "%s: %.1f MiB", what, peak)
        return peak


def deployment_on(cluster, options, folder, name):
    deployment = harness.Deployment(options, cluster, folder, name, memory__max="%dMiB" % MEMORY_MIB,
                                    checkpoint__interval="2s")
    deployment.create()
    return deployment, harness.Client(deployment)


def started(deployment):
    """A worker with all its tasks, and who looks at its memory from the first moment on."""
    worker = deployment.worker()
    sampler = Sampler(worker.process.pid)
    sampler.start()
    worker.wait_tasks(harness.TASKS)
    return worker, sampler


def away(options, cluster, folder):
    deployment, client = deployment_on(cluster, options, folder, "away")
    lines = rounds.bulk(random.Random(options.seed), START, harness.PARTITIONS, COUNT)
    worker, sampler = started(deployment)
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


def restored(options, cluster, folder):
    """A changelog some times as large as the plan, read on an empty disk."""
    deployment, client = deployment_on(cluster, options, folder, "restored")
    worker, sampler = started(deployment)
    subprocess.run([os.path.join(options.build, "tests", "bench_load"), "--brokers", cluster.bootstrap, "--topic",
                    deployment.prefix + "reports", "--records", str(RESTORED), "--subjects", str(RESTORED // 2),
                    "--cover", "500", "--seed", str(options.seed)], check=True, stdout=subprocess.DEVNULL)
    ends = client.ends(("reports",))
    end = time.monotonic() + 2 * harness.PATIENCE
    while any(client.committed("sanctions")[place] < offset for place, offset in ends.items()):
        worker.require_running()
        harness.in_time(end, "%d records were not read", RESTORED)
        time.sleep(1)
    sampler.told("%d reports" % RESTORED)
    sampler.over.set()
    worker.kill()
    shutil.rmtree(deployment.state)
    begun = time.monotonic()
    worker, sampler = started(deployment)
    changelog = sum(client.ends(("sanctions-changelog", "notices-changelog")).values())
    sampler.told("%d rows restored in %.1f s" % (changelog, time.monotonic() - begun))
    sampler.over.set()
    worker.stop(30)
    client.close()


def main(options, folder):
    cluster = harness.Cluster(options.version)
    say("Kafka %s at %s", options.version, cluster.bootstrap)
    for run in (restored, away):
        if options.only is None or run.__name__ in options.only.split(","):
            run(options, cluster, folder)


if __name__ == "__main__":
    harness.run_test(main, __doc__)
