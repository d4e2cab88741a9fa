"""Faults on real brokers: three workers of one group on three brokers, a load that goes on, and a seeded
schedule of what breaks: workers killed (some come back with an empty disk), stopped and continued, restarted
one after the other, taken out and in; their disks full, their wall clocks set; brokers killed, partitions and
what leads them moved; the network cut and slowed; an EndTxn held back until the next transaction has begun. Then
all heals, everything is processed, and the checker of tests/checker reads the topics. Exit 1: it found something.

Counted is what was met, not what was tried: a held EndTxn reached its broker after the next transaction had begun, a
full disk was written to, a clock was looked at.
"""

import argparse
import collections
import contextlib
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../.."))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(ROOT, "tests", "integration", "worker"))
import harness  # noqa: E402  (from the folder above; it brings the next ones)
import checker  # noqa: E402
import moves  # noqa: E402
import records  # noqa: E402
import rounds  # noqa: E402
import tally  # noqa: E402
import wire  # noqa: E402
from confluent_kafka import Producer  # noqa: E402
from harness import Late, check, in_time, say  # noqa: E402
from proxy import Proxy  # noqa: E402

START = 1000000000000  # 2001: days pass quickly, and must not reach today
PARTITIONS = 4
WORKERS = 3
QUIET = 3  # seconds
OPEN = {"I12", "I20"}  # what the checker says while there is still work
OUTER = 1800  # seconds for what --until asks for
PATIENCE = 300  # a broker on a busy machine takes minutes to come back
SETTINGS = ("transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",)

# How often each fault is chosen.
WEIGHTS = {"kill": 12, "kill_and_wipe": 3, "pause": 4, "broker": 8, "cut": 2, "slow": 1, "hold": 6,
           "roll": 1, "scale": 1, "full": 2, "clock": 2, "move": 2}
DISK = 256 << 20  # bytes of a worker's own file system
HOUR, YEAR = 3600, 365 * 86400
# Whose leaders are the coordinators of groups and of transactions.
MOVED = ("__consumer_offsets", "__transaction_state")


class Brokers(harness.Cluster):
    """Three brokers with a listener behind the proxy; at most one is down at a time."""

    def __init__(self, version, nodes):
        self.name = "faults-%d" % os.getpid()
        self.version = version
        self.nodes = nodes
        self.proxy = Proxy(nodes)
        self.restarting = None
        harness.OPEN.append(self)
        words = [word for setting in SETTINGS for word in ("--set", setting)]
        self.bootstrap = self.tool("start", "--version", version, "--nodes", str(nodes), "--front",
                                   ",".join(map(str, self.proxy.ports)), *words)
        shown = dict(line.removeprefix("export ").split("=", 1)
                     for line in self.tool("env").splitlines())
        self.proxy.targets = [(host, int(port)) for host, port in (
            word.split(":") for word in shown["KAFKA_FRONT"].strip("'").split(","))]
        self.front = ",".join("127.0.0.1:%d" % port for port in self.proxy.ports)

    def tool(self, command, *words, patient=True):
        """Runs tools/kafka; again while the machine is too busy for it."""
        end = time.monotonic() + PATIENCE
        while True:
            done = subprocess.run([harness.KAFKA, command, "--name", self.name, *words],
                                  capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return done.stdout.strip()
            check(patient, "tools/kafka %s: %s", command, done.stderr[-500:])
            in_time(end, "tools/kafka %s: %s", command, done.stderr[-500:])
            time.sleep(1)

    def bounce(self, node, seconds):
        """Kills a node; a thread brings it back. False: another one is still down."""
        if self.is_restarting():
            return False
        self.tool("kill", str(node), patient=False)

        def back():
            time.sleep(seconds)
            self.tool("start-node", str(node))
        self.restarting = threading.Thread(target=back, daemon=True)
        self.restarting.start()
        return True

    def is_restarting(self):
        return self.restarting is not None and self.restarting.is_alive()

    def whole(self):
        if self.restarting is not None:
            self.restarting.join(PATIENCE)
            if self.restarting.is_alive():
                raise Late("a broker did not come back in %d s" % PATIENCE)


class Disk:
    """A small file system, which can be filled. Where none can be mounted it is a plain folder that cannot."""

    def __init__(self, path):
        self.path = path
        self.ballast = os.path.join(path, "ballast")
        os.makedirs(path)
        self.own = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % DISK, "tmpfs", path], check=False,
                                  stderr=subprocess.DEVNULL).returncode == 0
        harness.OPEN.append(self)

    def fill(self):
        piece = bytes(1 << 20)
        with contextlib.suppress(OSError), open(self.ballast, "wb", buffering=0) as file:
            while file.write(piece) > 0:
                pass

    def empty(self):
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)

    def wipe(self):
        for entry in os.scandir(self.path):
            if entry.path != self.ballast:
                (shutil.rmtree if entry.is_dir() else os.unlink)(entry.path)

    def close(self):
        if self.own:
            subprocess.run(["umount", "-l", self.path], check=False)


class Clock:
    """The wall clock that a worker sees (tests/integration/faults/wall_clock.c)."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(16))

    def set(self, seconds):
        """Returns how often the one set before was looked at."""
        with open(self.path, "r+b") as file:
            answers, = struct.unpack("=8xq", file.read(16))
            file.seek(0)
            file.write(struct.pack("=qq", seconds, 0))
        return answers


class Slot:
    """One worker: a name, a disk, a clock, and the process that is started again whenever it ends."""

    def __init__(self, deployment, name, options):
        self.deployment = deployment
        self.name = name
        self.options = options
        self.state = os.path.join(deployment.folder, "state-" + name)
        self.disk = Disk(self.state)
        self.clock = Clock(os.path.join(deployment.folder, "clock-" + name))
        self.full = False
        self.worker = None
        self.wanted = False  # by the schedule
        self.paused = False

    def start(self):
        self.wanted = True
        if self.alive():  # a roll came between the stop and the start of a scaling
            return
        self.deployment.serial += 1
        log = os.path.join(self.deployment.folder, "worker-%s-%d.log" % (
            self.name, self.deployment.serial))
        bug = "rotation_off" if self.options.without_rotation else "none"
        folder, program = (("tests", "sanctiond-planted") if self.options.without_rotation else
                           ("bin", "sanctiond"))
        clock = ["WALL_CLOCK=" + self.clock.path, "LD_PRELOAD=" + os.path.join(
            self.options.build, "tests", "libwall_clock.so")]  # makes every look at a clock a system call
        self.worker = harness.Worker(
            ["/usr/bin/env", "SANCTIOND_PLANTED=" + bug, *(clock if "clock" in self.options.only else ()),
             os.path.join(self.options.build, folder, program), "run", "--config",
             self.deployment.config, "--set", "worker.slot=" + self.name, "--set",
             "state.dir=" + self.state, "--set", "audit.key_file=" + self.deployment.key], log)

    def alive(self):
        return self.worker is not None and self.worker.process.poll() is None

    def kill(self, wipe=False):
        self.resume()
        self.worker.kill()
        if wipe:
            self.disk.wipe()

    def stop(self):
        """SIGTERM, and -9 if it does not go; returns whether it went as it should."""
        self.wanted = False
        self.resume()
        if not self.alive():
            return True
        self.worker.process.terminate()
        try:
            code = self.worker.process.wait(30)
            if code != 0:
                say("worker %s ended with %d after SIGTERM: %s", self.name, code, self.worker.last_line()[:200])
            return code == 0
        except subprocess.TimeoutExpired:
            self.worker.kill()
            return False

    def pause(self):
        self.worker.process.send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        if self.paused and self.alive():
            self.worker.process.send_signal(signal.SIGCONT)
        self.paused = False


class Load(threading.Thread):
    """Writes reports, and lets days pass, until it is told to stop; past the proxy, acknowledged by all."""

    def __init__(self, deployment, cluster, rng, rate):
        super().__init__(daemon=True)
        self.prefix = deployment.prefix
        self.rate = rate
        self.source = rounds.Rounds(rng, START, None, PARTITIONS)
        self.producer = Producer({"bootstrap.servers": cluster.bootstrap, "log_level": 0, "linger.ms": 5,
                                  "enable.idempotence": True, "partitioner": "murmur2_random",
                                  "message.timeout.ms": 1000 * PATIENCE})
        self.ending = threading.Event()
        self.written = 0
        self.failures = []

    def run(self):
        while not self.ending.is_set():
            lines = rounds.bulk_reports(self.source, self.rate // 2)
            if self.source.rng.random() < 0.1:
                lines += rounds.passing_days(self.source, self.source.rng.choice((1, 2, 8)))
            self.write(lines)
            self.ending.wait(0.5)
        self.write(rounds.passing_days(self.source, 40))
        self.producer.flush(PATIENCE)

    def write(self, lines):
        for line in lines:
            value = (bytes.fromhex(line["raw"]) if "raw" in line else
                     harness.SCHEMAS.encode(line["type"], line["value"]))
            key = records.key_of(line)
            extra = {"partition": line["partition"]} if "partition" in line else {}
            self.producer.produce(self.prefix + line["topic"], value=value,
                                  key=None if key is None else key.encode(),
                                  timestamp=line["timestamp"], on_delivery=self.delivered, **extra)
        self.producer.poll(0)

    def delivered(self, error, message):
        del message
        if error is None:
            self.written += 1
        else:
            self.failures.append(str(error))


class Schedule:
    """What breaks when. Every fault is one method; what really happened is counted."""

    def __init__(self, options, cluster, slots, rng, prefix):
        self.options, self.cluster, self.slots, self.rng = options, cluster, slots, rng
        self.proxy = cluster.proxy
        self.hits = collections.Counter()
        self.ends = collections.Counter()  # what workers said that ended by themselves
        self.later = []  # (time, function)
        self.serial = 0
        self.client = wire.Client(cluster.bootstrap, PATIENCE)
        self.topics = sorted(topic for topic in self.client.metadata() if topic.startswith(prefix))
        self.moving = None  # (topic, replicas to come)

    def tell(self, text, *values):
        say("        " + text, *values)

    def say(self, text, *values):
        self.serial += 1
        self.hits[text.split(" ")[0]] += 1
        say("fault %d: %s", self.serial, text % values)

    def after(self, seconds, function):
        self.later.append((time.monotonic() + seconds, function))

    def rest(self, seconds):
        """Waits; meanwhile does what is due and starts again what has ended."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            due = [item for item in self.later if item[0] <= now]
            self.later = [item for item in self.later if item[0] > now]
            for _, function in due:
                function()
            for slot in self.slots:
                if slot.wanted and not slot.alive():
                    self.ended(slot)
                    slot.start()
            if now >= end:
                return
            time.sleep(0.05)

    def progress(self, seconds):
        """Waits until something was committed since it was called: faults have to meet workers at work.
        Returns whether anything was."""
        def committed():
            return [self.client.committed("faults." + name) for name in harness.SOURCES]
        before, end = committed(), time.monotonic() + seconds
        while committed() == before:
            if time.monotonic() > end:
                return False
            self.rest(0.25)
        return True

    def ended(self, slot):
        """A worker that ends by itself says why; whoever started it starts it again."""
        if slot.worker.process.returncode == -signal.SIGKILL:
            return
        reason = slot.worker.last_line()
        self.ends[reason.partition("sanctiond: ")[2][:70] or reason[:70]] += 1
        say("worker %s ended with %d: %s", slot.name, slot.worker.process.returncode, reason[:200])
        if slot.full:
            self.met_full(slot)
        # Assertions of the libraries: RocksDB's when it cannot write, librdkafka's when it has lost count.
        aborted = slot.worker.process.returncode == -signal.SIGABRT and (
            slot.full or re.match(r"sanctiond: rdkafka\w*\.c:\d+: ", reason))
        check(slot.worker.process.returncode == 1 or aborted, "worker %s crashed: exit %d: %s (see %s)", slot.name,
              slot.worker.process.returncode, reason, slot.worker.log)

    def running(self):
        return [slot for slot in self.slots if slot.alive() and not slot.paused]

    def run(self, name):
        if not self.running():
            return
        getattr(self, name)(self.rng.choice(self.running()))

    def kill(self, slot):
        slot.kill()
        self.say("kill of worker %s", slot.name)

    def kill_and_wipe(self, slot):
        slot.kill(wipe=True)
        self.say("kill of worker %s, its disk is empty", slot.name)
        self.hits["kill_and_wipe"] += 1  # beside those of "kill"

    def pause(self, slot):
        seconds = self.rng.choice((1, 3, 14))  # the last is more than the session
        slot.pause()
        self.after(seconds, slot.resume)
        self.say("pause of worker %s for %d s", slot.name, seconds)

    def broker(self, _):
        node = self.rng.randrange(self.cluster.nodes) + 1
        if self.cluster.bounce(node, self.rng.uniform(0, 4)):
            self.say("broker %d killed", node)

    def cut(self, _):
        count = self.rng.choice((1, 1, self.cluster.nodes))
        brokers = self.rng.sample(range(self.cluster.nodes), count)
        seconds = self.rng.uniform(0.3, 6)
        self.proxy.cut(brokers)
        self.after(seconds, lambda: self.proxy.cut(()))
        self.say("cut from broker(s) %s for %.1f s", [node + 1 for node in brokers], seconds)

    def slow(self, _):
        delay, seconds = self.rng.uniform(0.02, 0.4), self.rng.uniform(1, 5)
        self.proxy.slow(delay)
        self.after(seconds, lambda: self.proxy.slow(0))
        self.say("slow answers, %.0f ms for %.1f s", 1000 * delay, seconds)

    def hold(self, _):
        for _ in range(2):  # of two producers, or of one after the other
            self.proxy.hold()
        self.tell("the next two EndTxn are to be held")

    def full(self, slot):
        if slot.full or not slot.disk.own:
            return
        slot.disk.fill()
        slot.full = True
        self.after(self.rng.uniform(3, 15), lambda: self.room(slot))
        self.tell("the disk of worker %s is full", slot.name)

    def room(self, slot):
        slot.disk.empty()
        slot.full = False

    def met_full(self, slot):
        """A worker ended beside a full disk; counted if that is why."""
        if re.search("[Nn]o space left|free space", slot.worker.text()):
            self.say("full disk of worker %s ended it", slot.name)

    def clock(self, slot):
        jump = self.rng.choice((HOUR, -HOUR, 10 * YEAR, -10 * YEAR))
        slot.clock.set(jump)

        def back():
            self.hits["clock"] += slot.clock.set(0) > 0
        self.after(self.rng.uniform(1, 8), back)
        self.tell("the clock of worker %s is set by %d h", slot.name, jump // HOUR)

    def move(self, _):
        """Takes the replicas of a topic from one broker, later gives them back; who leads moves on."""
        if self.cluster.is_restarting() or self.moving is not None:
            return
        topic = self.rng.choice(MOVED if self.rng.random() < 0.5 else self.topics)
        nodes = list(range(1, self.cluster.nodes + 1))
        if self.moved(topic, self.rng.sample(nodes, self.cluster.nodes - 1)):
            self.moving = (topic, self.rng.sample(nodes, self.cluster.nodes))
            self.after(self.rng.uniform(2, 6), self.move_back)
            self.say("move of %s", topic)

    def move_back(self):
        if self.moving is not None and self.moved(*self.moving):
            self.moving = None

    def moved(self, topic, nodes):
        """Whether all partitions of the topic have, or will have, these replicas; the first leads."""
        numbers = range(self.client.metadata()[topic])
        try:
            taken = moves.reassign(self.client, topic, {number: nodes for number in numbers})
            self.hits["change of leader"] += moves.elect(self.client, topic, numbers)
            return taken
        except (OSError, wire.Passing):
            return False

    def roll(self, _):
        for slot in self.slots:
            self.hits["unclean stop"] += not slot.stop()
            slot.start()
            self.rest(1)
        self.say("roll through all workers")

    def scale(self, slot):
        self.hits["unclean stop"] += not slot.stop()
        self.after(self.rng.uniform(1, 8), slot.start)
        self.say("scale in by worker %s", slot.name)

    def met(self):
        """How often each fault was met so far."""
        return self.hits + collections.Counter(hold=sum(ends > 0 for _, ends in self.proxy.releases))

    def lacking(self):
        """How often each fault has still to be met, with --until."""
        met = self.met()
        return {name: number - met[name] for name, number in self.options.until.items() if met[name] < number}

    def finished(self, begun):
        if self.options.until:
            return not self.lacking()
        return time.monotonic() - begun > 60 * self.options.minutes

    def choose(self):
        weights = self.lacking() or {name: WEIGHTS[name] for name in self.options.only}
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def all(self):
        begun = time.monotonic()
        while not self.finished(begun):
            if self.rng.random() < 0.5:  # else also while they start
                self.progress(8)
            self.run(self.choose())
            self.rest(self.rng.choice((self.rng.uniform(0, 0.5), self.rng.uniform(0.5, 3))))
            if self.options.until:
                in_time(begun + OUTER, "not met within %d s: %s", OUTER, self.lacking())

    def heal(self):
        """Everything runs again."""
        for _, function in self.later:
            function()
        self.later = []
        self.proxy.heal()
        self.cluster.whole()
        for slot in self.slots:
            slot.wanted = True
            slot.resume()
        end = time.monotonic() + PATIENCE
        while self.moving is not None and time.monotonic() < end:
            self.rest(1)
            self.move_back()
        if self.moving is not None:
            raise Late("the replicas were not given back")
        self.rest(0)


def settle(deployment, schedule, seconds):
    """Until all inputs are processed, or something wrong is seen. The whole log is read only when nothing has moved
    for a while."""
    end = time.monotonic() + seconds
    while True:
        while schedule.progress(QUIET) and time.monotonic() < end:
            pass
        findings = checker.run(deployment.cluster.bootstrap, deployment.prefix, deployment.name, 60)
        found = set(findings.invariants())
        say("nothing moves; open: %s", ", ".join(sorted(found & OPEN)) or "nothing")
        if not found & OPEN or found - OPEN and time.monotonic() > end:
            return
        in_time(end, "not everything is processed after %d s: %s", seconds, findings.lines()[:3])


def report(findings, schedule, load):
    say("load: %d records written", load.written)
    say("faults: %s", ", ".join("%d %s" % (number, name) for name, number in
                                sorted(schedule.met().items())))
    say("EndTxn requests held: %d, of which %d reached their broker in the next transaction",
        schedule.proxy.holds, sum(ends > 0 for _, ends in schedule.proxy.releases))
    for reason, number in schedule.ends.most_common():
        say("worker ended by itself, %d times: %s", number, reason)
    for line in findings.lines():
        say("FOUND %s", line)
    say("%d findings; looked at %s", len(findings.found), findings.summary())


def main(options, folder):
    rng = random.Random(options.seed)
    harness.PATIENCE = PATIENCE
    cluster = Brokers(options.version, options.nodes)
    say("Kafka %s at %s, for workers at %s", options.version, cluster.bootstrap, cluster.front)
    deployment = harness.Deployment(
        options, cluster, folder, "faults", topics__partitions=PARTITIONS, commit__interval="100ms",
        kafka__bootstrap__servers=cluster.front, **{"kafka.socket.timeout.ms": 2000}, **options.set)
    deployment.create()
    slots = [Slot(deployment, name, options) for name in "abc"[:WORKERS]]
    schedule = Schedule(options, cluster, slots, rng, deployment.prefix)
    load = Load(deployment, cluster, random.Random(options.seed + 1), options.rate)
    if not all(slot.disk.own for slot in slots):
        say("LEFT OUT: full disks, for no file system can be mounted here; that takes root")
    for slot in slots:
        slot.start()
    load.start()
    schedule.rest(5)
    schedule.all()
    say("healing")
    load.ending.set()
    schedule.heal()
    load.join(PATIENCE)
    if load.is_alive():
        raise Late("the load was not written in %d s" % PATIENCE)
    check(not load.failures, "the load was not written: %s", load.failures[:2])
    say("healed, the load is written")
    settle(deployment, schedule, 2 * PATIENCE)
    say("everything is processed")
    for slot in slots:
        slot.stop()
    findings = checker.run(cluster.bootstrap, deployment.prefix, deployment.name, PATIENCE)
    report(findings, schedule, load)
    if options.tally:
        tally.add(options.tally, options.seed, schedule.met(), findings.counts, len(findings.found))
    check(findings.counts["receipts"] > 0, "the checker saw no receipt")
    check(findings.counts["quarantined inputs"] == 0, "inputs were taken for what crashes a worker")
    check(not findings.found, "violations found: %s", ", ".join(findings.invariants()))


def needs(text):
    """{fault: number}"""
    found = {name: int(number) for name, number in (pair.split("=") for pair in text.split(","))}
    unknown = sorted(set(found) - set(WEIGHTS))
    if unknown:
        raise argparse.ArgumentTypeError("no such fault: " + ", ".join(unknown))
    return found


def arguments(description):
    parser = argparse.ArgumentParser(prog="tools/faults", description=description)
    parser.add_argument("--build", required=True, type=os.path.abspath, help="build folder with bin/sanctiond")
    parser.add_argument("--version", default="4.3.1", help="of Kafka")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=3)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=2, help="how long faults go on")
    length.add_argument("--until", type=needs, default={}, metavar="FAULT=N,...",
                        help="until each was met so often, and no other: " + ", ".join(WEIGHTS))
    parser.add_argument("--set", type=lambda text: text.split("=", 1), action="append", default=[],
                        metavar="SETTING=VALUE", help="of the workers")
    parser.add_argument("--rate", type=int, default=40, help="records a second")
    parser.add_argument("--seed", type=int, help="repeats the schedule")
    parser.add_argument("--rounds", type=int, metavar="N", help="N runs, with this seed, the next one and so on; "
                        "tells the sum")
    parser.add_argument("--tally", metavar="FILE", help="keeps there what was met, and sums up over earlier runs too")
    parser.add_argument("--without-rotation", action="store_true",
                        help="with a bug: a producer is never made anew; the checker has to find it")
    parser.add_argument("--keep", action="store_true", help="leave the files of the run")
    parsed = parser.parse_args()
    if parsed.seed is None:
        parsed.seed = random.SystemRandom().randrange(1 << 31)
    parsed.set = dict(parsed.set)
    parsed.only = ["hold"] if parsed.without_rotation else list(parsed.until or WEIGHTS)
    return parsed


def series(options):
    """Each round is a process and a cluster of its own. Ends with the first that fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.abspath(options.tally) if options.tally else os.path.join(folder, "tally")
        for seed in range(options.seed, options.seed + options.rounds):
            code = subprocess.run([sys.executable, "-B", os.path.realpath(__file__), *sys.argv[1:], "--rounds", "0",
                                   "--seed", str(seed), "--tally", file], check=False).returncode
            if code != 0:
                return code
        lines, clean = tally.told(file)
        print("\n".join(lines))
        return 0 if clean else 1


if __name__ == "__main__":
    given = arguments(__doc__)
    if given.rounds:
        sys.exit(series(given))
    harness.arguments = arguments
    harness.run_test(main, __doc__)
