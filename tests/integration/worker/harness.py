"""What the tests of the whole worker share: a Kafka cluster of their own, workers as processes, an
independent client that writes inputs and collects everything that was committed.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import atexit
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from confluent_kafka import (Consumer, IsolationLevel, KafkaError, KafkaException, Producer,
                             TopicPartition)
from confluent_kafka.admin import AdminClient, OffsetSpec

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../../.."))
for folder in ("tests/property/embedded", "tests/checker"):
    sys.path.insert(0, os.path.join(ROOT, folder))
import avro  # noqa: E402  (from the folders above)
import records  # noqa: E402

KAFKA = os.path.join(ROOT, "tools", "kafka")
POLICY = os.path.join(ROOT, "config", "policies", "default.yaml")
SCHEMAS = avro.Schemas(os.path.join(ROOT, "schemas"))
PARTITIONS = 4
INPUTS = ("reports", "chat-events", "verdicts", "claims", "authority-requests", "appeals",
          "accounts")
INTERNAL = ("signals", "notice-requests")
OUTPUTS = ("restrictions", "standings", "peer-display", "review-requests", "authority-reports",
           "notices", "audit", "dead-letters", "receipts", "audit-keys")
TASKS = 2 * PARTITIONS  # of both topologies
SOURCES = {"sanctions": ("signals", "accounts", "chat-events", "reports", "claims",
                         "authority-requests", "verdicts", "appeals"),
           "notices": ("notice-requests", "accounts")}
PATIENCE = 180


class Failed(Exception):
    """What a test found wrong."""


class Late(Failed):
    """What did not happen in time, though nothing wrong was seen: a machine that is busy with other things
    can be the reason. tools/test gives such a test a second run, alone."""


def check(condition, text, *values):
    if not condition:
        raise Failed(text % values)


def in_time(end, text, *values):
    """Until the monotonic time `end` it may still happen."""
    if time.monotonic() >= end:
        raise Late(text % values)


def say(text, *values):
    print("%7.2f %s" % (time.monotonic() - STARTED, text % values if values else text), flush=True)


STARTED = time.monotonic()


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", required=True, help="build folder with bin/sanctiond")
    parser.add_argument("--version", default="4.3.1", help="of Kafka")
    parser.add_argument("--seed", type=int, help="repeats a run")
    parser.add_argument("--keep", action="store_true", help="leave the files of the run")
    parser.add_argument("--only", help="names of the cases to run, comma-separated")
    parsed = parser.parse_args()
    if parsed.seed is None:
        parsed.seed = random.SystemRandom().randrange(1 << 31)
    return parsed


def run_test(main, description):
    """Runs main(options, folder) and ends the process. Cleans up, whatever happens."""
    options = arguments(description)
    # A test that CTest ends must not leave its servers behind.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    folder = tempfile.mkdtemp(prefix="sanctiond-worker-")
    # A crash of a worker leaves a core in its folder.
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    replay = "%s --build %s --version %s --seed %d --keep" % (
        os.path.relpath(sys.argv[0], ROOT), options.build, options.version, options.seed)
    say("seed %d; again: %s %s", options.seed, sys.executable, replay)
    code = 1
    try:
        main(options, folder)
        code = 0
        say("ok")
    except (Failed, subprocess.TimeoutExpired) as failure:
        say("%s: %s", "FAILED" if type(failure) is Failed else "LATE", failure)
        say("replay: %s %s", sys.executable, replay)
    finally:
        close_all()
        if code == 0 and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say("files: %s", folder)
    sys.exit(code)


OPEN = []


def close_all():
    while OPEN:
        OPEN.pop().close()


atexit.register(close_all)


# Brokers of a test live for minutes: what Java compiles once is enough, and half of what a start costs.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")


class Cluster:
    """A Kafka cluster under a name of its own; gone after close()."""

    def __init__(self, version, settings=(), nodes=1, front=()):
        self.name = "worker-%d-%d" % (os.getpid(), len(OPEN))
        self.version = version
        OPEN.append(self)
        words = [word for setting in settings for word in ("--set", setting)]
        if front:  # ports of a proxy
            words += ["--front", ",".join(map(str, front))]
        self.bootstrap = subprocess.run(
            [KAFKA, "start", "--name", self.name, "--version", version, "--nodes", str(nodes),
             "--set", "log.retention.ms=-1"] + words,
            stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def close(self):
        subprocess.run([KAFKA, "stop", "--wipe", "--name", self.name], check=False,
                       stderr=subprocess.DEVNULL)

    def kill_node(self, node=1):
        subprocess.run([KAFKA, "kill", "--name", self.name, str(node)], check=True)

    def start_node(self, node=1):
        subprocess.run([KAFKA, "start-node", "--name", self.name, str(node)], check=True,
                       stdout=subprocess.DEVNULL)


class Deployment:
    """A topic prefix and an application on a cluster, with its configuration file."""

    def __init__(self, options, cluster, folder, name, **settings):
        self.options = options
        self.cluster = cluster
        self.name = name
        self.prefix = name + "."
        self.folder = os.path.join(folder, name)
        self.state = os.path.join(self.folder, "state")
        self.config = os.path.join(self.folder, "k.yaml")
        self.key = os.path.join(self.folder, "audit.key")
        self.settings = {"kafka.bootstrap.servers": cluster.bootstrap, "application": name,
                         "topics.prefix": self.prefix, "topics.partitions": PARTITIONS,
                         "state.dir": self.state, "audit.key_file": self.key,
                         "time.tick_interval": "0s", "threads": 1}
        self.settings.update({key.replace("__", "."): value for key, value in settings.items()})
        os.makedirs(self.folder)
        with open(os.open(self.key, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                  encoding="utf-8") as file:
            file.write("5a" * 32 + "\n")
        with open(self.config, "w", encoding="utf-8") as file:
            file.writelines("%s: %s\n" % pair for pair in self.settings.items())
        self.serial = 0

    def binary(self, name):
        return os.path.join(self.options.build, "bin", name)

    def ctl(self, *words, code=0):
        done = subprocess.run([self.binary("sanctionctl"), *words, "--config", self.config],
                              capture_output=True, text=True, check=False, timeout=PATIENCE)
        check(done.returncode == code, "sanctionctl %s: exit %d: %s%s", " ".join(words),
              done.returncode, done.stdout, done.stderr)
        return done.stdout

    def create(self):
        self.ctl("topics", "create")
        # Brokers that have just started may be busy longer than the command is patient.
        end = time.monotonic() + 2 * PATIENCE
        while True:
            try:
                self.ctl("policy", "publish", POLICY)
                return
            except Failed:
                if time.monotonic() > end:
                    raise

    def worker(self, *words):
        self.serial += 1
        log = os.path.join(self.folder, "worker-%d.log" % self.serial)
        return Worker([self.binary("sanctiond"), "run", "--config", self.config, *words], log)


class Worker:
    """One running sanctiond."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "wb") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file,
                                            stderr=file, cwd=os.path.dirname(log))
        OPEN.append(self)

    def close(self):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self in OPEN:
            OPEN.remove(self)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def last_line(self):
        lines = self.text().splitlines()
        return lines[-1] if lines else ""

    def require_running(self):
        check(self.process.poll() is None, "the worker ended with %s: %s (see %s)",
              self.process.returncode, self.last_line(), self.log)

    def wait_text(self, text, seconds=PATIENCE):
        """Until the log holds `text`."""
        end = time.monotonic() + seconds
        while text not in self.text():
            self.require_running()
            in_time(end, "'%s' did not come within %d s: %s", text, seconds,
                  self.last_line())
            time.sleep(0.05)

    def tasks(self):
        """The tasks it holds, as pairs of topology and partition."""
        held = set()
        for what, *task in re.findall(r"event=task_(\w+) topology=(\w+) partition=(\d+)",
                                      self.text()):
            (held.add if what == "assigned" else held.discard)(tuple(task))
        return held

    def wait_tasks(self, count, seconds=PATIENCE):
        """Until it holds `count` tasks: no rebalance is under way."""
        end = time.monotonic() + seconds
        while len(self.tasks()) < count:
            self.require_running()
            in_time(end, "%d tasks within %d s, expected %d: %s (see %s)",
                  len(self.tasks()), seconds, count, sorted(self.tasks()), self.log)
            time.sleep(0.05)
        return self

    def wait_exit(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Late("the worker still runs after %d s: %s (see %s)"
                         % (seconds, self.last_line(), self.log)) from None
        if self in OPEN:
            OPEN.remove(self)
        return self.process.returncode

    def refuses(self, *texts, seconds=30):
        """Ends with 1, and its last line holds all `texts`."""
        code = self.wait_exit(seconds)
        check(code == 1, "exit %d, expected 1: %s", code, self.last_line())
        for text in texts:
            check(text in self.last_line(), "'%s' is not in the last line: %s", text,
                  self.last_line())

    def stop(self, seconds=10):
        """SIGTERM: drains and ends with 0 in time."""
        self.process.terminate()
        code = self.wait_exit(seconds)
        check(code == 0, "exit %d after SIGTERM: %s (see %s)", code, self.last_line(), self.log)


class Client:
    """Writes input lines and collects what was committed, as a program of somebody else would."""

    def __init__(self, deployment):
        self.deployment = deployment
        servers = deployment.cluster.bootstrap
        self.quiet = quiet = {"bootstrap.servers": servers, "log_level": 0}
        self.producer = Producer({**quiet, "enable.idempotence": True, "linger.ms": 2,
                                  "partitioner": "murmur2_random"})
        self.admin = AdminClient(quiet)
        self.consumer = Consumer({**quiet, "group.id": "collector", "enable.auto.commit": False,
                                  "auto.offset.reset": "error", "enable.partition.eof": True,
                                  "isolation.level": "read_committed"})
        self.groups = {name: Consumer({**quiet, "group.id": "%s.%s" % (deployment.name, name),
                                       "isolation.level": "read_committed"})
                       for name in SOURCES}
        self.consumer.assign([TopicPartition(deployment.prefix + topic, number, 0)
                              for topic in OUTPUTS + INTERNAL + INPUTS
                              for number in range(PARTITIONS)])
        self.position = {}  # (topic, partition) -> read up to here
        self.messages = {topic: [[] for _ in range(PARTITIONS)]
                         for topic in OUTPUTS + INTERNAL + INPUTS}
        self.written = []  # the lines, in order
        OPEN.append(self)

    def close(self):
        if self in OPEN:
            OPEN.remove(self)
        self.consumer.close()
        for group in self.groups.values():
            group.close()

    # --- writing

    def write(self, lines):
        """Produces lines in order and remembers them."""
        failures = []

        def delivered(line):
            def done(error, message):
                if error is not None:
                    failures.append(str(error))
                elif "partition" not in line:
                    expected = records.partition(records.key_of(line), PARTITIONS)
                    if message.partition() != expected:
                        failures.append("key %s on partition %d, expected %d" % (
                            message.key(), message.partition(), expected))
            return done

        for line in lines:
            value = (bytes.fromhex(line["raw"]) if "raw" in line else
                     SCHEMAS.encode(line["type"], line["value"]))
            key = records.key_of(line)
            extra = {"partition": line["partition"]} if "partition" in line else {}
            self.producer.produce(self.deployment.prefix + line["topic"], value=value,
                                  key=None if key is None else key.encode(),
                                  timestamp=line["timestamp"], on_delivery=delivered(line), **extra)
            self.producer.poll(0)
        check(self.producer.flush(PATIENCE) == 0, "inputs were not delivered")
        check(not failures, "inputs were not delivered: %s", failures[:3])
        self.written += lines
        with open(os.path.join(self.deployment.folder, "input.jsonl"), "a",
                  encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)

    # --- reading

    def asked(self, question):
        """The answer; asks again while the brokers are on their way."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return question()
            except KafkaException as failure:
                error = failure.args[0]
                passes = error.retriable() or error.code() in (
                    KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN,
                    KafkaError.FENCED_LEADER_EPOCH, KafkaError.UNKNOWN_LEADER_EPOCH,
                    KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
                    KafkaError.COORDINATOR_NOT_AVAILABLE)
                check(passes and time.monotonic() < end, "client: %s", error)
            time.sleep(0.1)
            # The admin client keeps a leader epoch of before a restart for ever.
            self.admin = AdminClient(self.quiet)

    def ends(self, topics, isolation=IsolationLevel.READ_COMMITTED):
        """Last stable offsets; read uncommitted, those behind all records."""
        return self.asked(lambda: self.ends_once(topics, isolation))

    def ends_once(self, topics, isolation):
        wanted = {TopicPartition(self.deployment.prefix + topic, number): OffsetSpec.latest()
                  for topic in topics for number in range(PARTITIONS)}
        found = self.admin.list_offsets(wanted, isolation_level=isolation,
                                        request_timeout=PATIENCE)
        return {(place.topic[len(self.deployment.prefix):], place.partition):
                future.result().offset for place, future in found.items()}

    def committed(self, topology):
        places = [TopicPartition(self.deployment.prefix + topic, number)
                  for topic in SOURCES[topology] for number in range(PARTITIONS)]
        return {(place.topic[len(self.deployment.prefix):], place.partition): max(place.offset, 0)
                for place in self.asked(
                    lambda: self.groups[topology].committed(places, timeout=PATIENCE))}

    def collect(self, topics=OUTPUTS + INTERNAL + INPUTS):
        """Reads all that is committed now; returns the ends."""
        ends = self.ends(topics)
        end_time = time.monotonic() + PATIENCE
        while any(self.position.get(place, 0) < end for place, end in ends.items()):
            in_time(end_time, "the collector does not reach the ends: %s",
                  {place: (self.position.get(place, 0), end) for place, end in ends.items()
                   if self.position.get(place, 0) < end})
            for message in self.consumer.consume(1000, 0.2):
                place = (message.topic()[len(self.deployment.prefix):], message.partition())
                if message.error() is None:
                    self.messages[place[0]][place[1]].append(message)
                    self.position[place] = message.offset() + 1
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    self.position[place] = message.offset()
                else:
                    check(message.error().retriable() or message.error().code() in (
                        KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN),
                          "collector: %s", message.error())
        return ends

    def is_drained(self):
        """Every input, signal and notice request is processed: nothing is in flight.

        The marker that ends a transaction reaches each partition at a time of its own: offsets may be
        committed while what the same transaction wrote is not yet to be read. Such records stand behind the
        last stable offset."""
        ends = self.collect(INPUTS + INTERNAL)
        for topology in SOURCES:
            for place, offset in self.committed(topology).items():
                read = self.messages[place[0]][place[1]]
                if read and offset <= read[-1].offset():
                    return False
        seen = {place: end for place, end in ends.items() if place[0] in INTERNAL}
        return all(self.ends(INTERNAL, isolation) == seen for isolation in
                   (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED))

    def wait_drained(self, worker, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not self.is_drained():
            worker.require_running()
            in_time(end, "not drained after %d s: %s (see %s)", seconds,
                  {topology: self.committed(topology) for topology in SOURCES}, worker.log)
            time.sleep(0.02)

    def wait_balanced(self, worker, members):
        """Until every one of `members` owns a part of both groups and nothing is without owner: a first
        cooperative rebalance that is cut short leaves partitions to nobody, for static members come back
        to the assignment as it was."""
        end = time.monotonic() + PATIENCE
        names = ["%s.%s" % (self.deployment.name, topology) for topology in SOURCES]
        while True:
            worker.require_running()
            groups = self.asked(lambda: [
                future.result() for future in self.admin.describe_consumer_groups(names).values()])
            owned = [[len(member.assignment.topic_partitions) for member in group.members]
                     for group in groups]
            if all(len(counts) == members and min(counts) > 0 and sum(counts) == PARTITIONS
                   for counts in owned) and len(worker.tasks()) == TASKS:
                return
            in_time(end, "the groups are not balanced: %s", owned)
            time.sleep(0.1)

    def decoded(self, topic):
        """All records of an output topic: dicts like output lines, in offset order by partition."""
        found = []
        for number, messages in enumerate(self.messages[topic]):
            for message in messages:
                value = message.value()
                name, record = (None, None) if value is None else SCHEMAS.decode(value)
                found.append({"topic": topic, "type": name, "partition": number,
                              "offset": message.offset(), "timestamp": message.timestamp()[1],
                              "key": message.key().decode(), "value": record})
        return found


def embedded(options, folder, lines, name="oracle", *words):
    """The outputs of the same input on the embedded log, as dicts."""
    source = os.path.join(folder, name + ".jsonl")
    target = os.path.join(folder, name + ".out.jsonl")
    with open(source, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(
        [os.path.join(options.build, "bin", "sanctiond"), "run", "--embedded", ":memory:",
         "--input", source, "--drain", "--output", target, "--output-internal",
         "--set", "topics.partitions=%d" % PARTITIONS, *words],
        capture_output=True, text=True, check=False, timeout=120)
    check(done.returncode == 0, "the embedded run ended with %d: %s", done.returncode,
          done.stderr[-2000:])
    with open(target, encoding="utf-8") as file:
        return [json.loads(text) for text in file]
