"""A TCP proxy between workers and brokers: connections can be cut, answers delayed, and one EndTxn request held
back and released after the next transaction has begun; every other transaction can be refused its offsets.

It forwards bytes; of requests it reads the header, to know an EndTxn or a Produce when it sees one. A held
request goes out later on the broker's side of its own connection, which the proxy keeps open although the
client may have given it up.

SPDX-License-Identifier: Apache-2.0
"""

import asyncio
import collections
import contextlib
import struct
import threading

PRODUCE, ADD_OFFSETS, END_TXN = 0, 25, 26
GROUP_AUTHORIZATION_FAILED = 30


class Held:
    """An EndTxn that is kept back until its producer's next transaction has begun."""

    def __init__(self, name, frame, writer):
        self.name = name  # transactional id
        self.frame = frame
        self.writer = writer
        self.ends_since = 0  # EndTxn of the same producer that went through meanwhile


class Proxy:
    """Listens on one port a broker; all of it runs in a thread of its own. The methods are for other
    threads."""

    def __init__(self, count):
        self.targets = [None] * count  # (host, port), set before anything connects
        self.ports = []
        self.cut_brokers = set()  # numbers of brokers that cannot be reached
        self.delay = 0.0  # seconds that an answer is late
        self.to_hold = 0  # so many commits are to be held
        self.held = []
        self.holds = 0  # held so far
        self.refused = set()  # applications: their transactions may take offsets in at the second attempt only
        self.attempts = collections.Counter()  # by transactional id
        self.releases = []  # (transactional id, bytes sent late), for the report
        self.connections = set()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(count, started), daemon=True)
        self.thread.start()
        started.wait()

    # --- for other threads

    def cut(self, brokers, seconds=None):
        """Drops the connections of these brokers and takes no new ones, until heal()."""
        self.call(self.cut_now, set(brokers))

    def heal(self):
        self.call(self.heal_now)

    def hold(self):
        """Holds the next EndTxn that commits."""
        self.call(self.hold_now)

    def slow(self, seconds):
        self.delay = seconds

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def call(self, function, *values):
        done = threading.Event()

        def run():
            function(*values)
            done.set()
        self.loop.call_soon_threadsafe(run)
        done.wait()

    # --- in the loop

    def serve(self, count, started):
        asyncio.set_event_loop(self.loop)

        async def listen():
            for number in range(count):
                server = await asyncio.start_server(
                    lambda reader, writer, number=number: self.accept(number, reader, writer),
                    "127.0.0.1", 0)
                self.ports.append(server.sockets[0].getsockname()[1])
        self.loop.run_until_complete(listen())
        started.set()
        self.loop.run_forever()

    def cut_now(self, brokers):
        self.cut_brokers = brokers
        for number, writer in list(self.connections):
            if number in brokers:
                writer.transport.abort()

    def heal_now(self):
        self.cut_brokers = set()
        self.delay = 0.0
        self.to_hold = 0
        for held in list(self.held):
            self.release(held)

    def hold_now(self):
        self.to_hold += 1

    async def accept(self, number, reader, writer):
        if number in self.cut_brokers:
            writer.transport.abort()
            return
        try:
            back_reader, back_writer = await asyncio.open_connection(*self.targets[number])
        except OSError:
            writer.transport.abort()
            return
        for end in (writer, back_writer):
            self.connections.add((number, end))
        answers = self.loop.create_task(self.answers(back_reader, writer))
        kept = False
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            kept = await self.requests(reader, writer, back_writer)
        if not kept:
            answers.cancel()
        for end in (writer, back_writer):
            self.connections.discard((number, end))
        writer.transport.abort()
        if not kept:
            back_writer.transport.abort()

    async def requests(self, reader, client, writer):
        """Forwards until the client goes; True: a request of this connection is held, keep the other side."""
        mine = []
        try:
            while True:
                size = await reader.readexactly(4)
                frame = size + await reader.readexactly(struct.unpack(">i", size)[0])
                if self.is_refused(frame):
                    client.write(struct.pack(">iiih", 10, struct.unpack_from(">i", frame, 8)[0], 0,
                                             GROUP_AUTHORIZATION_FAILED))
                    continue
                held = self.held_back(frame, writer)
                if held is not None:
                    mine.append(held)
                elif not mine:
                    writer.write(frame)
                    await writer.drain()
                    self.sent(frame)
                # What follows a held request on its connection is lost with it: the broker answers in order.
        except (OSError, asyncio.IncompleteReadError):
            return any(held in self.held for held in mine)

    def is_refused(self, frame):
        if not self.refused or api_key(frame) != ADD_OFFSETS:
            return False
        name, _ = transactional_id(frame)
        if name.split(".")[0] not in self.refused:
            return False
        self.attempts[name] += 1
        return self.attempts[name] % 2 == 1

    def held_back(self, frame, writer):
        if api_key(frame) != END_TXN:
            return None
        name, committed = end_txn(frame)
        if self.to_hold > 0 and committed:
            self.to_hold -= 1
            held = Held(name, frame, writer)
            self.held.append(held)
            self.holds += 1
            return held
        for held in self.held:
            held.ends_since += held.name == name
        return None

    def sent(self, frame):
        """A Produce after the repeated EndTxn is the next transaction: now the late one comes."""
        if api_key(frame) == PRODUCE:
            for held in list(self.held):
                if held.ends_since > 0 and held.name.encode() in frame[:400]:
                    self.loop.call_later(0.03, self.release, held)

    def release(self, held):
        if held in self.held:
            self.held.remove(held)
            with contextlib.suppress(OSError):
                held.writer.write(held.frame)
                self.releases.append((held.name, held.ends_since))
            self.loop.call_later(5, held.writer.close)

    async def answers(self, reader, writer):
        with contextlib.suppress(OSError):
            while True:
                data = await reader.read(1 << 16)
                if not data:
                    break
                if self.delay > 0:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        writer.close()


def api_key(frame):
    return struct.unpack_from(">h", frame, 4)[0]


def transactional_id(frame):
    """The id that a request of EndTxn or AddOffsetsToTxn, versions 0 to 2, begins with, and where it ends."""
    at = 12
    at += 2 + max(struct.unpack_from(">h", frame, at)[0], 0)  # client id
    size = struct.unpack_from(">h", frame, at)[0]
    return frame[at + 2:at + 2 + size].decode(), at + 2 + size


def end_txn(frame):
    """(transactional id, committed)"""
    name, at = transactional_id(frame)
    return name, frame[at + 8 + 2] == 1
