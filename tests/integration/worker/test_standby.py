"""Two workers keep copies of each other's tasks; one is killed, the other takes over from its copies."""

import os
import random
import re
import time

import checks
import harness
import rounds
from harness import check, in_time, say

START = 1760000000000
PATIENCE = 180  # a standby follows the look at the group, which is taken every 30 s


def standbys(worker):
    """(topology, partition) that the worker follows or has followed."""
    return set(re.findall(r"event=standby_begins topology=(\w+) partition=(\d+)", worker.text()))


def wait_all(workers, what, done):
    end = time.monotonic() + PATIENCE
    while not done():
        for worker in workers:
            worker.require_running()
        in_time(end, "%s did not happen within %d s: %s", what, PATIENCE,
              [worker.log for worker in workers])
        time.sleep(0.1)


def main(options, folder):
    rng = random.Random(options.seed)
    cluster = harness.Cluster(options.version)
    deployment = harness.Deployment(options, cluster, folder, "standby", standby__replicas=1)
    deployment.create()
    client = harness.Client(deployment)
    lines = rounds.bulk(rng, START, harness.PARTITIONS, 400)

    def start(slot):
        return deployment.worker("--set", "worker.slot=" + slot,
                                 "--set", "state.dir=" + os.path.join(deployment.folder, slot))

    both = [start("a"), start("b")]
    left, right = both
    wait_all(both, "a balance", lambda: len(left.tasks()) == len(right.tasks()) == harness.TASKS / 2)
    client.write(lines[:200])
    client.wait_drained(right, PATIENCE)
    wait_all(both, "a standby of every task",
             lambda: standbys(right) >= left.tasks() and standbys(left) >= right.tasks())
    client.write(lines[200:300])
    client.wait_drained(right, PATIENCE)
    taken = left.tasks()
    left.kill()
    killed = time.monotonic()
    right.wait_tasks(harness.TASKS, PATIENCE)
    say("%d tasks taken over %.1f s after the kill", len(taken), time.monotonic() - killed)
    found = set(re.findall(r"event=standby_taken topology=(\w+) partition=(\d+)", right.text()))
    check(found == taken, "from standbys: %s, expected %s", sorted(found), sorted(taken))
    replayed = re.findall(r"event=restored topology=(\w+) partition=(\d+) .*? ms=(\d+)", right.text())
    say("restores of the survivor: %s", replayed)
    client.write(lines[300:])
    client.wait_drained(right, PATIENCE)
    again = start("a")
    wait_all([right, again], "a balance", lambda: len(again.tasks()) == harness.TASKS / 2)
    again.stop()
    right.stop()
    say("%s", checks.all_of(client))
    oracle = harness.embedded(options, folder, client.written, deployment.name)
    say("as the embedded run: %s", checks.same_outputs(client, oracle))
    client.close()


if __name__ == "__main__":
    harness.run_test(main, __doc__)
