"""The outside checker finds bugs that are planted into the worker, and nothing in a clean one.

Every case is a deployment of its own on one broker and goes through the same: reports, a time in which every
transaction is aborted once (it may not take offsets in), a kill, an empty disk, a late record, and days that
pass. A case is found if the checker names one of the invariants that the bug breaks.
"""

import collections
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
for name in ("../worker", "../../../tools/faults.d"):
    sys.path.insert(0, os.path.join(HERE, name))
import harness  # noqa: E402  (from the folders above; it brings the next ones)
import checker  # noqa: E402
import falsify  # noqa: E402
import rounds  # noqa: E402
import records  # noqa: E402
from confluent_kafka import Producer  # noqa: E402
from harness import check, say  # noqa: E402
from proxy import Proxy  # noqa: E402

START = 1760000000000
PARTITIONS = 2
TASKS = 2 * PARTITIONS
PATIENCE = 150  # for a machine that does much else
QUIET = 15  # a bug may keep a worker from its work for ever; after so long without any change it goes on
AT_ONCE = 5
ABORTED = "event=transaction_aborted"

# What breaks, and the invariants of which at least one must be named.
BUGS = {
    "none": (),  # clean
    "rotation_off": ("I25",),
    "apply_before_commit": ("I1", "I3", "I4", "I9", "I22"),  # I9: an end that was applied is never told
    "offsets_outside": ("I3",),
    "offset_minus_one": ("I3",),
    "offset_plus_one": ("I3",),
    "offsets_of_one_task": ("I3",),
    "rewind_skipped": ("I1",),
    "overlay_kept": ("I4", "I7", "I9"),  # I9: what was decided in vain ends in the stream, and never began there
    "timers_kept": ("I9",),
    "audit_head_kept": ("I10",),
    "restore_skipped": ("I10", "I4"),
    "timers_forgotten": ("I9",),
    "clock_forgotten": ("I8",),
    "timer_late": ("I9",),
    "wall_clock": ("I8",),
    "dead_letter_dropped": ("I1",),
    "receipt_unchained": ("I10",),
    "receipt_gap": ("I1",),
    "audit_unchained": ("I10",),
}


class Planted(harness.Deployment):
    """A deployment whose worker has a bug; the client only writes, the checker reads."""

    def __init__(self, options, cluster, folder, bug, number, seed):
        self.bug = bug
        super().__init__(options, cluster, folder, "p%d" % number, topics__partitions=PARTITIONS,
                         commit__interval="600ms",
                         kafka__bootstrap__servers="127.0.0.1:%d" % cluster.proxy.ports[0])
        self.source = rounds.bulk_source(random.Random(seed), START, PARTITIONS)
        self.producer = Producer({"bootstrap.servers": cluster.bootstrap, "log_level": 0,
                                  "linger.ms": 2, "partitioner": "murmur2_random",
                                  "compression.type": ("none", "gzip", "snappy", "lz4")[number % 4]})
        self.findings = None
        self.world = None  # what was read at the end
        self.running = None

    def binary(self, name):
        if name == "sanctiond":
            return os.path.join(self.options.build, "tests", "sanctiond-planted")
        return super().binary(name)

    def start(self):
        self.serial += 1
        log = os.path.join(self.folder, "worker-%d.log" % self.serial)
        self.running = harness.Worker(["/usr/bin/env", "SANCTIOND_PLANTED=" + self.bug,
                                       self.binary("sanctiond"), "run", "--config", self.config], log)
        self.running.wait_tasks(TASKS, PATIENCE)

    def write(self, lines):
        failures = []
        for line in lines:
            value = (bytes.fromhex(line["raw"]) if "raw" in line else
                     harness.SCHEMAS.encode(line["type"], line["value"]))
            key = records.key_of(line)
            extra = {"partition": line["partition"]} if "partition" in line else {}
            self.producer.produce(self.prefix + line["topic"], value=value,
                                  key=None if key is None else key.encode(),
                                  timestamp=line["timestamp"], **extra,
                                  on_delivery=lambda error, _: error and failures.append(str(error)))
        check(self.producer.flush(PATIENCE) == 0 and not failures, "inputs were not delivered: %s",
              failures[:3])

    def look(self):
        world = checker.load(self.cluster.bootstrap, self.prefix, self.name, PATIENCE)
        self.findings = checker.judge(world)
        return world

    def settle(self):
        """Until everything is processed; with a bug, until nothing changes any more."""
        end = time.monotonic() + PATIENCE
        last, since = None, time.monotonic()
        while True:
            world = self.look()
            if not {"I12", "I20"} & set(self.findings.invariants()):
                return
            now = [partition.end for partition in world.partitions()]
            if now != last:
                last, since = now, time.monotonic()
            dead = self.running.process.poll() is not None
            if self.bug != "none" and (dead or time.monotonic() - since > QUIET):
                return
            check(not dead, "the worker ended: %s (see %s)", self.running.last_line(),
                  self.running.log)
            check(time.monotonic() < end, "not at rest after %d s: %s (see %s)", PATIENCE,
                  self.findings.lines()[:3], self.running.log)
            time.sleep(1)

    def run(self):
        self.create()
        self.start()
        self.write(rounds.bulk_reports(self.source, 60) + rounds.passing_days(self.source))
        self.settle()
        self.aborts()
        self.write(rounds.bulk_reports(self.source, 40))
        self.settle()
        self.running.kill()
        harness.shutil.rmtree(self.state)
        self.start()
        self.write([records.report(START + records.HOUR, "USER:" + names[0], "late-%d" % number,
                                   "r-late", "FLOODING", "OPEN_CHAT_ROOM", 300)
                    for number, names in enumerate(self.source.subjects)])
        self.settle()
        self.write(rounds.passing_days(self.source))
        self.settle()
        self.running.kill()
        self.world = self.look()  # what was looked at beside a worker may be half of a transaction

    def aborts(self):
        """Every transaction is refused its offsets once, is aborted and comes again. First such in which timers fire
        that were set before, then such in which something is decided; that it ends is left to transactions that are
        not aborted: a bug that forgets both what began and its end is not seen."""
        self.write(rounds.bulk_reports(self.source, 40))
        self.settle()
        self.cluster.proxy.refused.add(self.name)
        for lines in (rounds.passing_days(self.source), rounds.bulk_reports(self.source, 40)):
            before = self.running.text().count(ABORTED)
            self.write(lines)
            self.settle()
            check(self.running.text().count(ABORTED) > before or self.bug != "none", "nothing was aborted")
        self.cluster.proxy.refused.discard(self.name)


class Broker(harness.Cluster):
    """One broker with a proxy before it."""

    def __init__(self, version):
        self.proxy = Proxy(1)
        super().__init__(version, front=self.proxy.ports)
        shown = subprocess.run([harness.KAFKA, "env", "--name", self.name], stdout=subprocess.PIPE,
                               text=True, check=True).stdout
        host, port = re.search(r"KAFKA_FRONT=(\S+):(\d+)", shown).groups()
        self.proxy.targets = [(host, int(port))]


def attempt(case):
    """(case, invariants, text) or a failure."""
    try:
        case.run()
    except harness.Failed as failure:
        if case.bug == "none" or case.findings is None:
            raise
        return case, "the run ended early: %s" % failure
    return case, ""


def judged(case, text):
    """Whether the checker judged the case rightly; tells what it said."""
    found = case.findings.invariants()
    first = next((line for line in case.findings.lines()
                  if line.split(" ")[0] in BUGS[case.bug] or not BUGS[case.bug]), "")
    say("%-20s %s; %s %s", case.bug, ",".join(found) or "nothing", first[:150], text)
    return not found if case.bug == "none" else bool(set(found) & set(BUGS[case.bug]))


def main(options, folder):
    harness.PATIENCE = PATIENCE
    cluster = Broker(options.version)
    say("Kafka %s at %s", options.version, cluster.bootstrap)
    names = options.only.split(",") if options.only else list(BUGS)
    cases = [Planted(options, cluster, folder, bug, number, options.seed + list(BUGS).index(bug) % 2)
             for number, bug in enumerate(names)]
    missed = []
    pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
    try:
        for done in concurrent.futures.as_completed([pool.submit(attempt, case) for case in cases]):
            case, text = done.result()
            if not judged(case, text):
                missed.append(case.bug)
    except BaseException as failure:  # no case may go on
        say("FAILED: %r", failure)
        harness.close_all()
        os._exit(1)
    say("%s", collections.Counter("clean" if case.bug == "none" else "planted" for case in cases))
    for case in cases:
        if case.bug == "none":
            say("a clean run: %s", case.findings.summary())
            unseen = [text for text, found in falsify.lines(case.world, checker.judge) if not found]
            check(not unseen, "falsified, but not found: %s", unseen)
    check(not missed, "wrongly judged: %s", ", ".join(missed))


if __name__ == "__main__":
    harness.run_test(main, __doc__)
