"""Moves of partitions: replicas are taken from a broker and given back, and with them who leads.

The two requests that no client here has, over the checker's own connection.

SPDX-License-Identifier: Apache-2.0
"""

import struct

import wire

ELECT_LEADERS, ALTER_REASSIGNMENTS = 43, 45
TIMEOUT_MS = 20000
NO_TAGS = b"\0"
NOT_NEEDED = (0, 84)  # an election whose preferred leader leads already


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def compact_string(text):
    return varint(len(text) + 1) + text.encode()


def compact_array(pieces):
    pieces = list(pieces)
    return varint(len(pieces) + 1) + b"".join(pieces)


def take_varint(answer):
    value = shift = 0
    while True:
        byte = answer.take("B")
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value


def take_errors(answer):
    """The errors of an answer to ALTER_REASSIGNMENTS: its own, then one for each partition."""
    answer.take("B")  # tags of the header
    answer.int32()
    errors = [answer.int16()]
    answer.compact_string()
    for _ in range(take_varint(answer) - 1):
        answer.compact_string()
        for _ in range(take_varint(answer) - 1):
            answer.int32()
            errors.append(answer.int16())
            answer.compact_string()
            answer.take("B")
        answer.take("B")
    return errors


def reassign(client, topic, replicas):
    """Replicas of some partitions: {partition: [broker]}; the first leads from the next election on. Returns whether
    the controller took all of it."""
    body = NO_TAGS + struct.pack(">i", TIMEOUT_MS) + compact_array([
        compact_string(topic) + compact_array(
            struct.pack(">i", number) + compact_array(struct.pack(">i", node) for node in nodes) + NO_TAGS
            for number, nodes in replicas.items()) + NO_TAGS]) + NO_TAGS
    return not any(take_errors(client.any().ask(ALTER_REASSIGNMENTS, 0, body)))


def elect(client, topic, partitions):
    """The first replica of each becomes the leader; returns how many changed hands."""
    body = wire.array([wire.string(topic) + wire.array(struct.pack(">i", number) for number in partitions)])
    answer = client.any().ask(ELECT_LEADERS, 0, body + struct.pack(">i", TIMEOUT_MS))
    answer.int32()

    def partition():
        answer.int32()
        error = answer.int16()
        answer.string()
        return error

    def entry():
        answer.string()
        return answer.array(partition)

    return sum(error == 0 for errors in answer.array(entry) for error in errors)
