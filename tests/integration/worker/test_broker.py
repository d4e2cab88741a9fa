"""A broker that is away at the start, dies in flight and comes back; a worker that is told to stop."""

import random
import time

import checks
import harness
import rounds
from harness import check, say

START = 1760000000000
NODES = 3


def stops_in_time(deployment, client, lines):
    """SIGTERM in the middle of work: drains, ends with 0 within 10 s, and the next worker goes on."""
    worker = deployment.worker().wait_tasks(harness.TASKS)
    client.write(lines)
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
    worker.stop()


def survives_brokers(cluster, deployment, client, lines, rng):
    """Each of the brokers dies in flight and comes back; the process stays. One of three, since a lone broker that
    is killed may lose the markers of a transaction, and its offsets then stay unstable for ever."""
    worker = deployment.worker().wait_tasks(harness.TASKS, 180)
    step = -(-len(lines) // NODES)
    for node in range(1, NODES + 1):
        client.write(lines[(node - 1) * step:node * step])
        time.sleep(rng.uniform(0.05, 0.6))
        cluster.kill_node(node)
        time.sleep(rng.uniform(0.1, 2.0))
        cluster.start_node(node)
        client.wait_drained(worker, 180)
        worker.require_running()
    say("%d brokers died in flight, the group expelled the worker %d times", NODES,
        worker.text().count("joins anew"))
    worker.stop()


def explained(deployment, client):
    """Every chain of the audit is whole on the brokers, and one decision of each kind is told in both languages,
    its sealed part opened by the key on the brokers."""
    rows = [row["value"] for row in client.decoded("audit")]
    told = deployment.ctl("audit", "verify").splitlines()[-1]
    check(told.startswith("sound: %d records" % len(rows)), "%d decisions, but: %s", len(rows), told)
    kinds = {(row["action"], row["op"], row["measure"]): row["decision_id"] for row in rows}
    for decision in kinds.values():
        for words, subject in ((("--lang", "en"), "\nOn whom\n"), (("--lang", "ko"), "\n대상\n")):
            text = deployment.ctl("explain", decision, *words)
            check(decision in text and subject in text, "explain %s: %s", decision, text)
    say("audit verify: %s; explained %d kinds of decision", told, len(kinds))


def deployment_on(cluster, options, folder, name):
    deployment = harness.Deployment(options, cluster, folder, name, commit__records_max=10,
                                    commit__interval="20ms")
    deployment.create()
    return deployment, harness.Client(deployment)


def compared(options, folder, client):
    say("%s", checks.all_of(client))
    oracle = harness.embedded(options, folder, client.written, client.deployment.name)
    say("as the embedded run: %s", checks.same_outputs(client, oracle))
    client.close()


def lone(options, folder, rng):
    cluster = harness.Cluster(options.version)
    deployment, client = deployment_on(cluster, options, folder, "lone")
    stops_in_time(deployment, client, rounds.bulk(rng, START, harness.PARTITIONS, 400))
    waits_for_brokers(cluster, deployment, client)
    compared(options, folder, client)
    explained(deployment, client)
    harness.OPEN.remove(cluster)
    cluster.close()


def three(options, folder, rng):
    cluster = harness.Cluster(options.version, nodes=NODES)
    deployment, client = deployment_on(cluster, options, folder, "three")
    survives_brokers(cluster, deployment, client,
                     rounds.bulk(rng, START, harness.PARTITIONS, 300), rng)
    compared(options, folder, client)


def main(options, folder):
    rng = random.Random(options.seed)
    for run in (lone, three):
        if options.only is None or run.__name__ in options.only.split(","):
            run(options, folder, rng)


if __name__ == "__main__":
    harness.run_test(main, __doc__)
