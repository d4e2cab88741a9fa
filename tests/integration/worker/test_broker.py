"""A broker that is away at the start, dies in flight and comes back; a worker that is told to stop."""

import random
import time

import checks
import harness
import rounds
from harness import check, say

START = 1760000000000


def stops_in_time(deployment, client, lines):
    """SIGTERM in the middle of work: drains, ends with 0 within 10 s, and the next worker goes on."""
    worker = deployment.worker().wait_tasks(harness.TASKS)
    client.write(lines[:400])
    before = client.committed("sanctions")
    while client.committed("sanctions") == before:
        worker.require_running()
        time.sleep(0.01)
    begun = time.monotonic()
    worker.stop(10)
    say("SIGTERM at work: exit 0 after %.2f s", time.monotonic() - begun)
    worker = deployment.worker()
    client.wait_drained(worker)
    begun = time.monotonic()
    worker.stop(10)
    say("SIGTERM at rest: exit 0 after %.2f s", time.monotonic() - begun)


def waits_for_brokers(cluster, deployment, client):
    """No broker at the start: the worker says what it waits for, then runs."""
    cluster.kill_node()
    worker = deployment.worker()
    worker.wait_text("event=waiting")
    check("reason=" in worker.text(), "the worker does not say why it waits: %s", worker.last_line())
    time.sleep(1)
    worker.require_running()
    begun = time.monotonic()
    worker.process.terminate()
    check(worker.wait_exit(10) == 0, "exit %s after SIGTERM while waiting: %s",
          worker.process.returncode, worker.last_line())
    say("SIGTERM while waiting for brokers: exit 0 after %.2f s", time.monotonic() - begun)
    worker = deployment.worker()
    worker.wait_text("event=waiting")
    cluster.start_node()
    worker.wait_text("event=task_assigned topology=sanctions")
    client.wait_drained(worker)
    say("no broker at the start: waits, then runs")
    return worker


# A broker that dies while it answers a static member's join may, back again, take the member's retry for another
# one and fence it. librdkafka calls that fatal; the worker ends, and whoever started it starts it again.
FENCED_BY_RESTART = "other consumer with same group.instance.id"


def drained_under_supervision(deployment, client, worker):
    """Until everything is through; the worker is started again when a broker's restart has fenced it."""
    restarts = 0
    while True:
        try:
            client.wait_drained(worker, 180)
            worker.require_running()
            return worker, restarts
        except harness.Failed:
            if worker.process.poll() != 1 or FENCED_BY_RESTART not in worker.last_line():
                raise
            restarts += 1
            check(restarts <= 5, "the worker does not stay: %s", worker.last_line())
            worker = deployment.worker()


def survives_broker(cluster, deployment, client, worker, lines, rng):
    """The only broker dies in flight again and again."""
    step = -(-len(lines) // 3)
    for at in range(0, len(lines), step):
        client.write(lines[at:at + step])
        time.sleep(rng.uniform(0.05, 0.6))
        cluster.kill_node()
        time.sleep(rng.uniform(0.1, 2.0))
        cluster.start_node()
        worker, restarts = drained_under_supervision(deployment, client, worker)
        if restarts > 0:
            say("fenced by the broker's restart, started again %d times", restarts)
    say("%d times without a broker", -(-len(lines) // step))
    worker.stop()


def main(options, folder):
    rng = random.Random(options.seed)
    cluster = harness.Cluster(options.version)
    say("Kafka %s at %s", options.version, cluster.bootstrap)
    deployment = harness.Deployment(options, cluster, folder, "broker", commit__records_max=10,
                                    commit__interval="20ms")
    deployment.create()
    client = harness.Client(deployment)
    lines = rounds.bulk(rng, START, harness.PARTITIONS, 1000)
    stops_in_time(deployment, client, lines)
    worker = waits_for_brokers(cluster, deployment, client)
    survives_broker(cluster, deployment, client, worker, lines[400:], rng)
    say("%s", checks.all_of(client))
    oracle = harness.embedded(options, folder, client.written)
    say("as the embedded run: %s", checks.same_outputs(client, oracle))


if __name__ == "__main__":
    harness.run_test(main, __doc__)
