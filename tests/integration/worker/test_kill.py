"""A worker that is killed again and again commits exactly what one undisturbed embedded run commits."""

import random
import time

import checks
import harness
import rounds
from harness import say

START = 1760000000000  # long ago: a seed gives the same input on every day


class Killer:
    """Runs one worker at a time and kills it at random moments."""

    def __init__(self, deployment, client, rng):
        self.deployment = deployment
        self.client = client
        self.rng = rng
        self.worker = None
        self.kills = 0
        self.threads = 1

    def start(self):
        self.worker = self.deployment.worker("--set", "threads=%d" % self.threads)

    def kill_after(self, seconds):
        time.sleep(seconds)
        self.worker.require_running()
        self.worker.kill()
        self.kills += 1
        self.start()

    def wait_progress(self):
        """Until another transaction is committed, or nothing is left to do."""
        before = self.client.committed("sanctions")
        end = time.monotonic() + harness.PATIENCE
        while self.client.committed("sanctions") == before and not self.client.is_drained():
            self.worker.require_running()
            harness.in_time(end, "no progress: %s", self.worker.log)
            time.sleep(0.02)

    def finish(self, folder, times=None):
        """Stops the worker; everything committed must be right."""
        options, client = self.deployment.options, self.client
        self.worker.stop()
        say("%d records, %d kills", len(client.written), self.kills)
        say("%s", checks.all_of(client))
        oracle = harness.embedded(options, folder, client.written, self.deployment.name)
        say("as the embedded run: %s", checks.same_outputs(client, oracle, times))
        client.close()


def run_rounds(options, cluster, folder, rng):
    """Rounds of one source and one time each: every output equals the causal run's."""
    deployment = harness.Deployment(options, cluster, folder, "rounds", commit__records_max=25,
                                    commit__interval="20ms")
    deployment.create()
    client = harness.Client(deployment)
    killer = Killer(deployment, client, rng)

    def view(topic):
        client.collect((topic,))
        return client.decoded(topic)

    killer.start()
    source = rounds.Rounds(rng, START, view, harness.PARTITIONS)
    count = 0
    for lines in source.all():
        client.write(lines)
        count += 1
        if count == 9:
            killer.threads = 2  # a second member joins the groups
            killer.kill_after(0)
            client.wait_balanced(killer.worker, 2)
        killer.kill_after(rng.choice((rng.uniform(0.0, 0.2), rng.uniform(0.0, 1.0))))
        if rng.random() < 0.2:
            killer.kill_after(rng.uniform(0.1, 1.0))  # while it restores
        client.wait_drained(killer.worker)
    killer.finish(folder, {line["timestamp"] for line in client.written})


def run_bulk(options, cluster, folder, rng):
    """Everything is there before the first start, transactions are small, kills come all the time."""
    deployment = harness.Deployment(options, cluster, folder, "bulk", commit__records_max=4,
                                    commit__interval="5ms", threads=2)
    deployment.create()
    client = harness.Client(deployment)
    killer = Killer(deployment, client, rng)
    killer.threads = 2
    killer.start()
    client.wait_balanced(killer.worker, 2)
    killer.worker.stop()
    client.write(rounds.bulk(rng, START, harness.PARTITIONS, 900))
    killer.start()
    while killer.kills < 24 and not client.is_drained():
        if rng.random() < 0.7:  # at work; else at any moment of the start
            killer.wait_progress()
        killer.kill_after(rng.uniform(0.0, 0.6))
    client.wait_drained(killer.worker)
    killer.finish(folder)


def main(options, folder):
    cluster = harness.Cluster(options.version)
    say("Kafka %s at %s", options.version, cluster.bootstrap)
    rng = random.Random(options.seed)
    for name, run in (("rounds", run_rounds), ("bulk", run_bulk)):
        if options.only is None or name in options.only.split(","):
            run(options, cluster, folder, rng)


if __name__ == "__main__":
    harness.run_test(main, __doc__)
