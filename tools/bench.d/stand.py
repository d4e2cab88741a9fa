"""The stand of tools/bench: a broker of its own, the load, one worker, and how they are measured.

SPDX-License-Identifier: Apache-2.0
"""

import calendar
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
KAFKA = os.path.join(ROOT, "tools", "kafka")
NAME = "bench"
TICK = os.sysconf("SC_CLK_TCK")
PREFIX = "bench."
INPUT = "bench.input.reports"
WARM = 0.25  # share of the input that is not measured
PATIENCE = 600
OUTPUTS = ("restrictions", "standings", "review-requests", "notice-requests", "peer-display",
           "signals", "audit", "notices", "dead-letters")


class Failure(Exception):
    """What failed and what to do, for the last line of stderr."""


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


# --- the Python that has a Kafka client ---------------------------------------------------------

def client_package():
    """The pinned client of tools/packages."""
    with open(os.path.join(ROOT, "tools", "packages"), encoding="utf-8") as file:
        return re.search(r"confluent-kafka==[\d.]+", file.read())[0]


def has_client(python):
    return os.path.exists(python) and subprocess.run(
        [python, "-c", "import confluent_kafka"], check=False,
        stderr=subprocess.DEVNULL).returncode == 0


def need_client(build):
    """Goes on in a Python that has confluent-kafka: that of tools/test, or one made here."""
    try:
        import confluent_kafka  # noqa: F401
        return
    except ImportError:
        pass
    shared = os.path.join(build, "venv", "bin", "python")
    own = os.path.join(build, "bench", "venv")
    python = os.path.join(own, "bin", "python")
    if has_client(shared):
        python = shared
    elif not has_client(python):
        say("installing %s into %s" % (client_package(), own))
        for step in ([sys.executable, "-m", "venv", "--clear", own],
                     [python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                      client_package()]):
            if subprocess.run(step, check=False, stdout=sys.stderr).returncode != 0:
                raise Failure("cannot install the Kafka client: see above (python3-venv?)")
    os.execv(python, [python, "-B"] + sys.argv)


# --- processes ----------------------------------------------------------------------------------

def cpu_of(pid):
    """User and system seconds of a process."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICK


def machine_cpu():
    """Seconds that all processors were busy."""
    with open("/proc/stat", encoding="utf-8") as file:
        words = [int(word) for word in file.readline().split()[1:]]
    return (sum(words) - words[3] - words[4]) / TICK


def peak_mib(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) / 1024


def threads_of(pid):
    """CPU seconds by name of thread."""
    found = {}
    folder = "/proc/%d/task" % pid
    for thread in os.listdir(folder):
        try:
            with open(os.path.join(folder, thread, "stat"), encoding="utf-8") as file:
                text = file.read()
        except OSError:  # it ended
            continue
        words = text.rpartition(")")[2].split()
        name = text[text.index("(") + 1:text.rindex(")")]
        found[name] = found.get(name, 0) + (int(words[11]) + int(words[12])) / TICK
    return found


def folder_bytes(folder, suffix=""):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder)
               for name in names if name.endswith(suffix))


# --- the stand ----------------------------------------------------------------------------------

class Stand:
    """A fresh broker with a filled input topic; gone at the end, whatever happens."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = os.path.join(arguments.build, "bench", "run")
        self.started = []  # processes
        self.sampler = None
        self.target = 0

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        words = ["--version", self.arguments.kafka] if self.arguments.kafka else []
        try:
            done = subprocess.run([KAFKA, "start", "--name", NAME, "--fresh"] + words,
                                  stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                raise Failure("no broker: see above")
            self.brokers = done.stdout.strip()
            with open(os.path.join(ROOT, "build", "kafka", "run", NAME, "node-1", "pid"),
                      encoding="utf-8") as file:
                self.broker_pid = int(file.read())
            from confluent_kafka.admin import AdminClient
            self.admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.sampler is not None and self.sampler.poll() is None:
            self.sampler.send_signal(signal.SIGINT)
            self.sampler.wait(30)
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        subprocess.run([KAFKA, "stop", "--name", NAME, "--wipe"], check=False)
        if not self.arguments.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def launch(self, command, log, **more):
        """A process that ends with the stand."""
        with open(os.path.join(self.folder, log), "ab") as file:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=file,
                                       **{"stdout": file, **more})
        self.started.append(process)
        return process

    def perf(self, pid):
        """Samples one process until it ends, if asked for."""
        path = self.arguments.perf
        self.arguments.perf = None
        if path:
            self.sampler = self.launch(["perf", "record", "-q", "-F", "497", "--call-graph", os.environ.get("PERF_GRAPH", "fp"),
                                        "-p", str(pid), "-o", path], "perf.log")

    def program(self, name):
        return os.path.join(self.arguments.build, "tests", "bench_" + name)

    def load(self, *words, run="live", records=10**9):
        return [self.program("load"), "--brokers", self.brokers, "--topic", INPUT, "--run", run,
                "--records", str(records), "--subjects", str(self.arguments.subjects), *words]

    def fill(self, table):
        """The input topic, written once and read by every worker."""
        from confluent_kafka.admin import NewTopic
        config = {"retention.ms": "-1", "segment.bytes": str(256 << 20),
                  "message.timestamp.after.max.ms": "3600000"}
        for future in self.admin.create_topics(
                [NewTopic(INPUT, self.arguments.partitions, 1, config=config)]).values():
            future.result()
        say("filling %s with %d reports" % (INPUT, self.arguments.records))
        # So many new incidents on new subjects that all are touched.
        fresh = self.arguments.records * 0.7
        cover = min(999, int(1000 * 1.03 * self.arguments.subjects / fresh) + 1)
        done = subprocess.run(self.load("--cover", str(cover), run="fill",
                                        records=self.arguments.records),
                              stdout=subprocess.PIPE, text=True, check=True)
        facts = json.loads(done.stdout)
        self.target = facts["records"]
        table.add("load", "reports", facts["records"], "records")
        table.add("load", "subjects touched at least", facts["covered"], "subjects")
        table.add("load", "key and value", facts["mean_bytes"], "bytes / record")

    def count(self, topic):
        """Committed records of a topic and their bytes, markers left out."""
        done = subprocess.run([self.program("probe"), "count", self.brokers, topic],
                              stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def consumer(self, group, **more):
        from confluent_kafka import Consumer
        return Consumer({"bootstrap.servers": self.brokers, "group.id": group, "log_level": 0,
                         "enable.auto.commit": False, "isolation.level": "read_committed", **more})


# --- the worker ---------------------------------------------------------------------------------

class Moment:
    """Where a run stands."""

    def __init__(self, worker):
        self.records = sum(worker.committed())
        self.at = time.monotonic()
        self.worker = cpu_of(worker.process.pid)
        self.broker = cpu_of(worker.stand.broker_pid)
        self.machine = machine_cpu()


class Worker:
    """One sanctiond with topics, group and state of its own."""

    def __init__(self, stand, name, topologies, threads):
        self.stand = stand
        self.name = name
        self.topologies = topologies
        self.threads = threads
        self.prefix = "%s%s." % (PREFIX, name)
        self.folder = os.path.join(stand.folder, name)
        self.config = os.path.join(self.folder, "worker.yaml")
        self.log = os.path.join(name, "worker.log")
        self.process = None
        os.makedirs(self.folder)
        self.configure()
        ctl = os.path.join(stand.arguments.build, "bin", "sanctionctl")
        for words in (["topics", "create"],
                      ["policy", "publish", os.path.join(ROOT, "config/policies/default.yaml")]):
            subprocess.run([ctl, *words, "--config", self.config], check=True,
                           stdout=subprocess.DEVNULL)
        self.group = stand.consumer("%s.sanctions" % self.application)
        self.start()

    def configure(self):
        """Reports come from the common input topic; everything else is the worker's own."""
        self.application = PREFIX + self.name
        with open(os.path.join(ROOT, "topologies/sanctions.yaml"), encoding="utf-8") as file:
            text = file.read()
        ours = os.path.join(self.folder, "sanctions.yaml")
        with open(ours, "w", encoding="utf-8") as file:
            file.write(text.replace("{topic: reports,", "{topic: reports, name: %s," % INPUT))
        files = [ours if name == "sanctions" else "topologies/%s.yaml" % name
                 for name in self.topologies]
        self.state = os.path.join(self.folder, "state")
        key = os.path.join(self.folder, "audit.key")
        with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(os.urandom(32).hex() + "\n")
        settings = {"application": self.application, "topics.prefix": self.prefix,
                    "topics.partitions": self.stand.arguments.partitions, "threads": self.threads,
                    "topologies": "[%s]" % ", ".join(files), "state.dir": self.state,
                    "audit.key_file": key, "kafka.bootstrap.servers": self.stand.brokers}
        settings.update(pair.split("=", 1) for pair in self.stand.arguments.set)
        with open(self.config, "w", encoding="utf-8") as file:
            file.writelines("%s: %s\n" % pair for pair in settings.items())

    def start(self):
        binary = os.path.join(self.stand.arguments.build, "bin", "sanctiond")
        self.mark = len(self.text().encode())
        self.started_at = time.monotonic()
        self.started_wall = time.time()
        self.process = self.stand.launch([binary, "run", "--config", self.config], self.log)

    def stop(self):
        self.process.terminate()
        try:
            if self.process.wait(60) != 0:
                raise Failure("the worker ended with %d: %s" % (self.process.returncode,
                                                               self.last_line()))
        except subprocess.TimeoutExpired:
            raise Failure("the worker does not end on SIGTERM: %s" % self.last_line()) from None

    def text(self, offset=0):
        """The worker's lines from a byte on."""
        path = os.path.join(self.stand.folder, self.log)
        if not os.path.exists(path):
            return ""
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read().decode("utf-8", "replace")

    def last_line(self):
        return (self.text().splitlines() or ["(no line)"])[-1]

    def require_running(self):
        if self.process.poll() is not None:
            raise Failure("the worker ended with %d: %s" % (self.process.returncode,
                                                           self.last_line()))

    def places(self, topic):
        from confluent_kafka import TopicPartition
        return [TopicPartition(topic, number) for number in range(self.stand.arguments.partitions)]

    def committed(self, group=None, topic=INPUT):
        from confluent_kafka import KafkaException
        end = time.monotonic() + 30
        while True:
            try:
                found = (group or self.group).committed(self.places(topic), timeout=30)
                return [max(place.offset, 0) for place in found]
            except KafkaException as failure:  # a coordinator that is not there yet
                if time.monotonic() > end:
                    raise Failure("cannot read committed offsets: %s" % failure) from None
                time.sleep(0.05)

    def ends(self, topic):
        from confluent_kafka import IsolationLevel
        from confluent_kafka.admin import OffsetSpec
        wanted = {place: OffsetSpec.latest() for place in self.places(topic)}
        found = self.stand.admin.list_offsets(wanted,
                                              isolation_level=IsolationLevel.READ_COMMITTED)
        return sum(future.result().offset for future in found.values())

    # --- throughput

    def wait_notices(self):
        """Until the notices topology has taken every request."""
        group = self.stand.consumer("%s.notices" % self.application)
        topic = self.prefix + "notice-requests"
        try:
            # The last offset is a transaction marker, which the group may or may not step over.
            while self.ends(topic) - sum(self.committed(group, topic)) > \
                    self.stand.arguments.partitions:
                self.require_running()
                time.sleep(0.1)
        finally:
            group.close()

    def throughput(self, table):
        """Reads the filled topic from the start; table None: tells nothing. Returns records/s."""
        say("%s: reading %d reports" % (self.name, self.stand.target))
        first = warm = None
        while True:
            self.require_running()
            last = Moment(self)
            if last.records > 0 and first is None:
                first = last.at - self.started_at
            if last.records >= WARM * self.stand.target and warm is None:
                warm = last
                self.stand.perf(self.process.pid)
            if last.records >= self.stand.target:
                break
            if last.at - self.started_at > PATIENCE:
                raise Failure("not through after %d s: %s" % (PATIENCE, self.last_line()))
            time.sleep(0.1)
        if len(self.topologies) > 1:
            self.wait_notices()
            records = last.records
            last = Moment(self)
            last.records = records
        if table is not None:
            self.tell(table, first, warm, last)
        return (last.records - warm.records) / (last.at - warm.at)

    def tell(self, table, first, warm, last):
        part = "worker, %s" % self.name
        million = (last.records - warm.records) / 1e6
        seconds = last.at - warm.at
        ours = last.worker - warm.worker
        broker = last.broker - warm.broker
        others = (last.machine - warm.machine - ours - broker) / (seconds * os.cpu_count())
        table.add(part, "throughput, 25 % to 100 %", million * 1e6 / seconds, "records / s")
        table.add(part, "worker CPU", ours / million, "CPU s / million records")
        table.add(part, "worker CPU, start included", last.worker / last.records * 1e6,
                  "CPU s / million records")
        table.add(part, "cores used", ours / seconds, "cores")
        table.add(part, "broker CPU", broker / million, "CPU s / million records")
        table.add(part, "machine used by others", 100 * others, "%")
        table.add(part, "peak resident memory", peak_mib(self.process.pid), "MiB")
        table.add(part, "state on disk", folder_bytes(self.folder) / 2**20, "MiB")
        table.add(part, "start to first commit", first, "s")
        for name, used in sorted(threads_of(self.process.pid).items()):
            if used / last.records * 1e6 >= 0.05:
                table.add(part, "thread %s" % name, used / last.records * 1e6,
                          "CPU s / million records")
        written = 0
        for topic in OUTPUTS + ("sanctions-changelog",):
            if topic == "notices" and "notices" not in self.topologies:
                continue
            facts = self.stand.count(self.prefix + topic)
            written += facts["bytes"]
            table.add(part, "output %s" % topic, facts["records"], "records")
        table.add(part, "written, keys and values", written / last.records, "bytes / record")
        table.add(part, "transactions", self.stand.count(self.prefix + "receipts")["records"]
                  / self.stand.arguments.partitions, "at least")

    # --- latency

    def wait_level(self, lag_max):
        """Until the worker has all its tasks and has caught up with its input."""
        end = time.monotonic() + PATIENCE
        tasks = self.stand.arguments.partitions * len(self.topologies)
        while self.text(self.mark).count("event=task_assigned") < tasks or \
                self.ends(INPUT) - sum(self.committed()) > lag_max:
            self.require_running()
            if time.monotonic() > end:
                raise Failure("the worker does not catch up: %s" % self.last_line())
            time.sleep(0.2)

    def latency(self, table, rate):
        """From the report's timestamp to the arrival of what it caused, read committed."""
        part = "latency at %d/s" % rate
        warm_up, seconds = 5, self.stand.arguments.seconds
        self.wait_level(0)
        say("%s: %d s" % (part, warm_up + seconds))
        load = self.stand.launch(self.stand.load("--rate", str(rate), "--seed", str(rate),
                                                 run="l%x" % int(time.time())), "load.log")
        before, cpu, busy = time.monotonic(), cpu_of(self.process.pid), machine_cpu()
        probes = {topic: self.stand.launch(
            [self.stand.program("probe"), "latency", self.stand.brokers, self.prefix + topic,
             str(warm_up), str(seconds)], "probe.log", stdout=subprocess.PIPE, text=True)
            for topic in ("audit", "restrictions")}
        found = {topic: json.loads(probe.communicate()[0]) for topic, probe in probes.items()}
        ran = time.monotonic() - before
        cpu, busy = cpu_of(self.process.pid) - cpu, machine_cpu() - busy
        lag = self.ends(INPUT) - sum(self.committed())
        load.terminate()
        load.wait(60)
        for topic, facts in found.items():
            for name in ("p50_ms", "p99_ms", "max_ms") if facts["records"] > 0 else ():
                table.add(part, "%s %s" % (topic, name[:-3]), facts[name], "ms")
            table.add(part, "%s records seen" % topic, facts["records"], "records")
        table.add(part, "cores used by the worker", cpu / ran, "cores")
        table.add(part, "cores used by all", busy / ran, "cores")
        table.add(part, "reports not yet committed at the end", lag, "records")

    # --- restart

    def restart(self, table, wipe):
        """kill -9 under light load, start again, time to the first new committed receipt."""
        part = "restart, empty disk" if wipe else "restart, same disk"
        rate = self.stand.arguments.light
        self.wait_level(0)
        load = self.stand.launch(self.stand.load("--rate", str(rate), "--seed", "7",
                                                 run="k%x" % int(time.time())), "load.log")
        time.sleep(12)  # longer than the time between checkpoints
        self.wait_level(2 * rate)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        changelog = self.changelog_bytes()
        if wipe:
            shutil.rmtree(self.state)
            before = time.monotonic()
            counted = self.stand.count(self.prefix + "sanctions-changelog")
            plain = time.monotonic() - before
        reader = self.stand.consumer("bench-reader", **{"fetch.wait.max.ms": 5})
        try:
            self.place_at_end(reader)
            self.start()
            first, every = self.wait_receipts(reader)
        finally:
            reader.close()
        facts = self.restored()
        table.add(part, "start to first new committed receipt", first, "s")
        table.add(part, "start to a receipt of every partition", every, "s")
        table.add(part, "start to last task assigned", facts["assigned_s"], "s")
        table.add(part, "changelog records replayed", facts["records"], "records")
        table.add(part, "CPU until then", cpu_of(self.process.pid), "CPU s")
        if wipe:
            table.add(part, "changelog on the broker's disk", changelog / 1e6, "MB")
            table.add(part, "changelog, keys and values", counted["bytes"] / 1e6, "MB")
            table.add(part, "restored, keys and values", counted["bytes"] / 1e6 / every, "MB / s")
            table.add(part, "a plain consumer reads the changelog in", plain, "s")
            table.add(part, "slowest restore of a partition", facts["slowest_s"], "s")
        load.terminate()
        load.wait(60)

    def place_at_end(self, reader):
        """At what is stable now: what the killed worker left open is aborted later."""
        places = self.places(self.prefix + "receipts")
        for place in places:
            place.offset = reader.get_watermark_offsets(place, timeout=10)[1]
        reader.assign(places)
        reader.poll(0.2)

    def wait_receipts(self, reader):
        first = None
        seen = set()
        while len(seen) < self.stand.arguments.partitions:
            self.require_running()
            message = reader.poll(0.01)
            now = time.monotonic() - self.started_at
            if message is not None and message.error() is None:
                first = first or now
                seen.add(message.partition())
            if now > PATIENCE:
                raise Failure("no receipt within %d s: %s" % (PATIENCE, self.last_line()))
        return first, now

    def restored(self):
        """What the worker's own lines say about its start."""
        text = self.text(self.mark)
        records = sum(int(n) for n in re.findall(r"event=restored .*?records=(\d+)", text))
        found = re.findall(r"time=(\S+)Z level=\w+ event=task_assigned", text)
        assigned = None
        if found:
            clock, _, fraction = found[-1].partition(".")
            parsed = time.strptime(clock + " UTC", "%Y-%m-%dT%H:%M:%S %Z")
            assigned = calendar.timegm(parsed) + float("0." + fraction) - self.started_wall
        slowest = max([int(n) for n in re.findall(r"event=restored .*? ms=(\d+)", text)] or [0]) / 1000
        return {"records": records, "assigned_s": assigned, "slowest_s": slowest}

    def changelog_bytes(self):
        folder = os.path.join(ROOT, "build", "kafka", "run", NAME, "node-1", "data")
        return sum(folder_bytes(os.path.join(folder, name), ".log") for name in os.listdir(folder)
                   if name.startswith(self.prefix + "sanctions-changelog-"))
