"""What a worker must not guess: it ends with 1 and says what to do, and nothing is put out."""

import glob
import os
import random
import shutil
import time

from confluent_kafka.admin import NewPartitions

import checks
import harness
import rounds
from harness import check, in_time, say

START = 1760000000000


class Case:
    """A deployment of its own with some input processed and the worker stopped."""

    def __init__(self, options, cluster, folder, name, rng, count=120, **settings):
        self.deployment = harness.Deployment(options, cluster, folder, name, **settings)
        self.deployment.create()
        self.client = harness.Client(self.deployment)
        self.lines = rounds.bulk(rng, START, harness.PARTITIONS, count)
        self.half = count // 2
        worker = self.deployment.worker().wait_tasks(harness.TASKS)
        self.client.write(self.lines[:self.half])
        self.client.wait_drained(worker)
        worker.stop()

    def ends(self):
        self.client.collect()
        return {topic: sum(map(len, messages)) for topic, messages in self.client.messages.items()}

    def refused(self, *texts):
        """The next start is refused, and nothing was written by it."""
        before = self.ends()
        worker = self.deployment.worker()
        worker.refuses(*texts)
        check(self.ends() == before, "a refused worker wrote something")
        say("    %s", worker.last_line()[:230])

    def goes_on(self, options, folder):
        """The rest of the input gives what one undisturbed run gives."""
        worker = self.deployment.worker()
        self.client.write(self.lines[self.half:])
        self.client.wait_drained(worker)
        text = worker.text()
        worker.stop()
        say("    %s", checks.all_of(self.client))
        oracle = harness.embedded(options, folder, self.client.written, self.deployment.name)
        say("    as the embedded run: %s", checks.same_outputs(self.client, oracle))
        return text

    def close(self):
        self.client.close()


def settled(admin, futures):
    for future in futures.values():
        future.result(harness.PATIENCE)
    time.sleep(0.5)
    del admin


def delete_topic(case, topic):
    settled(case.client.admin, case.client.admin.delete_topics([case.deployment.prefix + topic]))


def topic_missing(options, cluster, folder, rng):
    del rng
    deployment = harness.Deployment(options, cluster, folder, "missing")
    deployment.create()
    client = harness.Client(deployment)
    for topic in ("verdicts", "restrictions", "sanctions-changelog"):
        settled(client.admin, client.admin.delete_topics([deployment.prefix + topic]))
        worker = deployment.worker()
        worker.refuses("topic 'missing.%s' does not exist" % topic, "sanctionctl topics create")
        say("    %s", worker.last_line()[:230])
        deployment.ctl("topics", "create")
    client.close()


def counts_differ(options, cluster, folder, rng):
    """One source was given more partitions than the others."""
    del rng
    deployment = harness.Deployment(options, cluster, folder, "counts")
    deployment.create()
    client = harness.Client(deployment)
    settled(client.admin, client.admin.create_partitions(
        [NewPartitions(deployment.prefix + "claims", 6)]))
    worker = deployment.worker()
    worker.refuses("counts.claims", "6 partitions")
    say("    %s", worker.last_line()[:230])
    client.close()


def partitions_changed(options, cluster, folder, rng):
    """All topics got more partitions while there is state."""
    case = Case(options, cluster, folder, "grown", rng)
    admin = case.client.admin
    names = [name for name in admin.list_topics(timeout=30).topics if name.startswith("grown.")
             and name != "grown.policies"]
    settled(admin, admin.create_partitions([NewPartitions(name, 6) for name in names]))
    worker = case.deployment.worker()
    worker.refuses("topics have 6 partitions, the state was made with 4")
    say("    %s", worker.last_line()[:230])
    case.close()


def topic_recreated(options, cluster, folder, rng):
    """A source was deleted and made anew: offsets mean something else."""
    case = Case(options, cluster, folder, "anew", rng)
    delete_topic(case, "reports")
    case.deployment.ctl("topics", "create")
    worker = case.deployment.worker()
    worker.refuses("reports")
    say("    %s", worker.last_line()[:230])
    case.close()


def changelog_recreated(options, cluster, folder, rng):
    """The changelog is gone and so is the local state: nothing holds the subjects any more."""
    case = Case(options, cluster, folder, "bare", rng)
    delete_topic(case, "sanctions-changelog")
    case.deployment.ctl("topics", "create")
    shutil.rmtree(case.deployment.state)
    worker = case.deployment.worker()
    worker.refuses("sanctions-changelog")
    say("    %s", worker.last_line()[:230])
    case.close()


def changelog_emptied(options, cluster, folder, rng):
    """The changelog was made anew beside a state that is current: it would go on without the rows before."""
    case = Case(options, cluster, folder, "husk", rng)
    delete_topic(case, "sanctions-changelog")
    case.deployment.ctl("topics", "create")
    worker = case.deployment.worker()
    worker.refuses("husk.sanctions-changelog", "cut or made anew")
    say("    %s", worker.last_line()[:230])
    case.close()


def offsets_expire(options, cluster, folder, rng):
    """Brokers that forget offsets within a day."""
    del cluster, rng
    forgetful = harness.Cluster(options.version, ["offsets.retention.minutes=60"])
    deployment = harness.Deployment(options, forgetful, folder, "forgetful")
    deployment.create()
    found = deployment.ctl("topics", "check", code=1)
    check("offsets.retention.minutes is 60" in found, "topics check says: %s", found)
    worker = deployment.worker()
    worker.refuses("keep offsets for 60 minutes", "offsets.retention.minutes")
    say("    %s", worker.last_line()[:230])
    harness.OPEN.remove(forgetful)
    forgetful.close()


def other_cluster(options, cluster, folder, rng):
    """State of one cluster, brokers of another."""
    case = Case(options, cluster, folder, "moved", rng)
    second = harness.Cluster(options.version)
    other = harness.Deployment(options, second, os.path.join(folder, "second"), "moved")
    other.create()
    shutil.copytree(case.deployment.state, other.state)
    worker = other.worker()
    worker.refuses("state of cluster")
    say("    %s", worker.last_line()[:230])
    harness.OPEN.remove(second)
    second.close()
    case.close()


def offsets_deleted(options, cluster, folder, rng):
    """The group's offsets are gone while state exists, with and without the local directory."""
    case = Case(options, cluster, folder, "lost", rng)
    end = time.monotonic() + 60
    while True:  # static members stay in the group until their session ends
        found = case.client.admin.delete_consumer_groups(["lost.sanctions", "lost.notices"])
        errors = [future.exception(30) for future in found.values()]
        if all(error is None or "GROUP_ID_NOT_FOUND" in str(error) for error in errors):
            break
        in_time(end, "cannot delete the groups: %s", errors)
        time.sleep(0.5)
    case.refused("no committed offset", "there is state")
    shutil.rmtree(case.deployment.state)
    case.refused("no committed offset", "holds state")
    case.close()


def same_slot(options, cluster, folder, rng):
    """Two workers with one slot: exactly one goes on, the other ends with 1 and says why."""
    case = Case(options, cluster, folder, "slot", rng)
    first = case.deployment.worker().wait_tasks(harness.TASKS)
    second = case.deployment.worker("--set", "state.dir=" + case.deployment.state + "-2")
    case.client.write(case.lines[case.half:])
    end = time.monotonic() + 60
    while first.process.poll() is None and second.process.poll() is None:
        check(time.monotonic() < end, "two workers with one slot both go on")
        time.sleep(0.1)
    loser, winner = (first, second) if first.process.poll() is not None else (second, first)
    loser.refuses("worker.slot")
    say("    %s", loser.last_line()[:230])
    case.client.wait_drained(winner)
    winner.stop()
    say("    %s", checks.all_of(case.client))
    oracle = harness.embedded(options, folder, case.client.written, "slot")
    say("    as the embedded run: %s", checks.same_outputs(case.client, oracle))
    case.close()


def one_directory(options, cluster, folder, rng):
    """Two workers of different slots on one directory: each partition's store has one owner at a time, the
    second worker takes its part over and the results are the same."""
    case = Case(options, cluster, folder, "shared", rng)
    first = case.deployment.worker("--set", "threads=1").wait_tasks(harness.TASKS)
    second = case.deployment.worker("--set", "threads=1", "--set", "worker.slot=other")
    case.client.write(case.lines[case.half:])
    second.wait_tasks(harness.PARTITIONS)
    case.client.wait_drained(first)
    first.stop()
    second.stop()
    say("    %s", checks.all_of(case.client))
    oracle = harness.embedded(options, folder, case.client.written, "shared")
    say("    as the embedded run: %s", checks.same_outputs(case.client, oracle))
    case.close()


def store_files(case, pattern):
    return sorted(glob.glob(os.path.join(case.deployment.state, "sanctions", "*", pattern)))


def store_damaged(options, cluster, folder, rng):
    """Flipped bytes or a missing file: the worker stops and says what to do, and after that was done
    everything is as if nothing had happened."""
    for name, pattern, damage in (("flip", "*.sst", flip), ("gap", "*.sst", os.remove),
                                  ("current", "CURRENT", os.remove)):
        case = Case(options, cluster, folder, "bad-" + name, rng)
        files = store_files(case, pattern)
        check(files, "no %s in %s", pattern, case.deployment.state)
        for file in files:
            damage(file)
        before = case.ends()
        worker = case.deployment.worker()
        case.client.write(case.lines[case.half:])
        code = worker.wait_exit(30)
        say("    %s: exit %d: %s", name, code, worker.last_line()[:250])
        check(code == 1, "exit %d with a damaged store", code)
        check("directory" in worker.last_line() or "state.dir" in worker.last_line(),
              "the last line does not say what to do: %s", worker.last_line())
        del before
        shutil.rmtree(case.deployment.state)
        case.half = len(case.lines)
        case.goes_on(options, folder)
        case.close()


def flip(path):
    """One bit in the first data block."""
    with open(path, "r+b") as file:
        file.seek(20)
        byte = file.read(1)[0]
        file.seek(20)
        file.write(bytes([byte ^ 0x10]))


def state_lost(options, cluster, folder, rng):
    """An empty directory is restored from the changelog; the results are the same."""
    case = Case(options, cluster, folder, "empty", rng)
    shutil.rmtree(case.deployment.state)
    text = case.goes_on(options, folder)
    check("event=restored topology=sanctions" in text, "nothing was restored")
    case.close()


def state_behind(options, cluster, folder, rng):
    """A copy of the directory from before, as after a restored backup: caught up, same results."""
    case = Case(options, cluster, folder, "behind", rng)
    shutil.copytree(case.deployment.state, case.deployment.state + ".old")
    worker = case.deployment.worker().wait_tasks(harness.TASKS)
    case.client.write(case.lines[case.half:case.half + 30])
    case.client.wait_drained(worker)
    worker.stop()
    shutil.rmtree(case.deployment.state)
    os.rename(case.deployment.state + ".old", case.deployment.state)
    case.half += 30
    case.goes_on(options, folder)
    case.close()


CASES = (topic_missing, counts_differ, partitions_changed, topic_recreated, changelog_recreated,
         changelog_emptied, offsets_expire, offsets_deleted, same_slot, one_directory, store_damaged,
         state_lost, state_behind, other_cluster)


def main(options, folder):
    cluster = harness.Cluster(options.version)
    failures = []
    for run in CASES:
        if options.only is not None and run.__name__ not in options.only.split(","):
            continue
        say("%s", run.__name__)
        try:
            run(options, cluster, folder, random.Random(options.seed))
        except harness.Failed as failure:
            say("    FAILED: %s", failure)
            failures.append((run.__name__, failure))
    if failures:
        late = all(isinstance(failure, harness.Late) for _, failure in failures)
        raise (harness.Late if late else harness.Failed)(", ".join(name for name, _ in failures))


if __name__ == "__main__":
    harness.run_test(main, __doc__)
