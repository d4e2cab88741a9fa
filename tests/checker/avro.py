"""Avro for the tests, written from the Avro specification and sharing nothing with the engine: single-object
encoding with CRC-64-AVRO fingerprints, over the files in schemas/.

Values look like those of JSON lines: enums are symbols, nullable values null or the value, fixed and bytes
lower-case hex.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import struct

EMPTY = 0xc15d213aa4d7a795
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (EMPTY if value & 1 else 0)
        table.append(value)
    return table


CRC = crc_table()


def fingerprint(text):
    value = EMPTY
    for byte in text.encode():
        value = value >> 8 ^ CRC[(value ^ byte) & 255]
    return value


def canonical(schema, namespace=""):
    """Parsing Canonical Form."""
    if isinstance(schema, list):
        return "[" + ",".join(canonical(branch, namespace) for branch in schema) + "]"
    if isinstance(schema, str):
        plain = schema in PRIMITIVES or "." in schema or not namespace
        return '"%s"' % (schema if plain else namespace + "." + schema)
    kind = schema["type"]
    if kind in PRIMITIVES:
        return '"%s"' % kind
    if kind == "array":
        return '{"type":"array","items":%s}' % canonical(schema["items"], namespace)
    namespace = schema.get("namespace", namespace)
    name = namespace + "." + schema["name"] if namespace else schema["name"]
    if kind == "fixed":
        return '{"name":"%s","type":"fixed","size":%d}' % (name, schema["size"])
    if kind == "enum":
        return '{"name":"%s","type":"enum","symbols":[%s]}' % (
            name, ",".join('"%s"' % symbol for symbol in schema["symbols"]))
    if kind == "record":
        return '{"name":"%s","type":"record","fields":[%s]}' % (name, ",".join(
            '{"name":"%s","type":%s}' % (field["name"], canonical(field["type"], namespace))
            for field in schema["fields"]))
    raise ValueError("type '%s' is not used in schemas/" % kind)


class Schema:
    """One record schema: encodes and decodes."""

    def __init__(self, text):
        self.root = json.loads(text)
        self.name = self.root["name"]
        self.names = {}
        self.collect(self.root)
        self.prefix = b"\xc3\x01" + struct.pack("<Q", fingerprint(canonical(self.root)))

    def collect(self, schema):
        if isinstance(schema, list):
            for branch in schema:
                self.collect(branch)
        elif isinstance(schema, dict):
            if schema["type"] in ("record", "enum", "fixed"):
                self.names[schema["name"]] = schema
            if schema["type"] == "array":
                self.collect(schema["items"])
            for field in schema.get("fields", ()):
                self.collect(field["type"])
            if not isinstance(schema["type"], str):
                self.collect(schema["type"])

    # --- writing

    def datum(self, value):
        out = bytearray()
        self.write(self.root, value, out)
        return bytes(out)

    def encode(self, value):
        return self.prefix + self.datum(value)

    def write(self, schema, value, out):
        if isinstance(schema, list):
            index = next(i for i, branch in enumerate(schema)
                         if (branch == "null") == (value is None))
            write_long(index, out)
            self.write(schema[index], value, out)
            return
        if isinstance(schema, str) and schema not in PRIMITIVES:
            schema = self.names[schema]
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            unknown = set(value) - {field["name"] for field in schema["fields"]}
            assert not unknown, "%s has no field %s" % (schema["name"], unknown)
            for field in schema["fields"]:
                name = field["name"]
                self.write(field["type"], value[name] if name in value else field["default"], out)
        elif kind == "array":
            if value:
                write_long(len(value), out)
                for item in value:
                    self.write(schema["items"], item, out)
            out.append(0)
        elif kind == "enum":
            write_long(schema["symbols"].index(value), out)
        elif kind == "fixed":
            assert len(value) == 2 * schema["size"]
            out += bytes.fromhex(value)
        elif kind == "boolean":
            out.append(1 if value else 0)
        elif kind in ("int", "long"):
            write_long(value, out)
        elif kind in ("bytes", "string"):
            data = bytes.fromhex(value) if kind == "bytes" else value.encode()
            write_long(len(data), out)
            out += data
        elif kind != "null":
            raise ValueError(kind)

    # --- reading

    def read(self, data):
        value, at = self.read_value(self.root, data, 0)
        assert at == len(data), "%d bytes after a %s" % (len(data) - at, self.name)
        return value

    def read_value(self, schema, data, at):
        if isinstance(schema, list):
            index, at = read_long(data, at)
            return self.read_value(schema[within(index, schema)], data, at)
        if isinstance(schema, str) and schema not in PRIMITIVES:
            schema = self.names[schema]
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            value = {}
            for field in schema["fields"]:
                value[field["name"]], at = self.read_value(field["type"], data, at)
            return value, at
        if kind == "array":
            value = []
            while True:
                count, at = read_long(data, at)
                if count == 0:
                    return value, at
                if count < 0:
                    _, at = read_long(data, at)
                for _ in range(abs(count)):
                    item, at = self.read_value(schema["items"], data, at)
                    value.append(item)
        if kind == "enum":
            index, at = read_long(data, at)
            return schema["symbols"][within(index, schema["symbols"])], at
        if kind == "fixed":
            return data[at:at + schema["size"]].hex(), at + schema["size"]
        if kind == "boolean":
            assert data[at] < 2
            return data[at] == 1, at + 1
        if kind in ("int", "long"):
            return read_long(data, at)
        if kind in ("bytes", "string"):
            size, at = read_long(data, at)
            assert 0 <= size <= len(data) - at
            piece = data[at:at + size]
            return (piece.hex() if kind == "bytes" else piece.decode()), at + size
        assert kind == "null", kind
        return None, at


def write_long(value, out):
    value = value << 1 ^ value >> 63
    value &= 0xffffffffffffffff
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def within(index, choices):
    assert 0 <= index < len(choices)
    return index


def read_long(data, at):
    value = 0
    shift = 0
    while True:
        assert shift < 70
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        shift += 7
        if byte < 128:
            return value >> 1 ^ -(value & 1), at


class Schemas:
    """All schemas of a folder, by name and by fingerprint."""

    def __init__(self, folder):
        self.by_name = {}
        self.by_prefix = {}
        self.add(folder)

    def add(self, folder):
        for name in sorted(os.listdir(folder)):
            if name.endswith(".avsc"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    schema = Schema(file.read())
                self.by_name[schema.name] = schema
                self.by_prefix[schema.prefix] = schema

    def encode(self, name, value):
        return self.by_name[name].encode(value)

    def decode(self, data):
        """(name, value) of a single-object encoding."""
        schema = self.by_prefix[data[:10]]
        return schema.name, schema.read(data[10:])
