"""Judges the cases of codec_cases with fastavro: the same result, bytes, JSON and fingerprint.

SPDX-License-Identifier: Apache-2.0
"""
import io
import json
import sys

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form


def plain(schema):
    """The schema without logical types, which fastavro would turn into dates."""
    if isinstance(schema, dict):
        return {key: value if key == "default" else plain(value)
                for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    return schema


class Reader:
    """What the comparison needs to know of the reader's schema."""

    def __init__(self, schema):
        self.schema = schema
        self.named = {}
        self.collect(schema)

    def collect(self, schema):
        if isinstance(schema, list):
            for branch in schema:
                self.collect(branch)
        elif isinstance(schema, dict):
            if "name" in schema and isinstance(schema["type"], str):
                self.named[schema["name"]] = schema
            for key in ("type", "items", "values"):
                if key in schema and not isinstance(schema[key], str):
                    self.collect(schema[key])
            for field in schema.get("fields", ()):
                self.collect(field["type"])

    def resolve(self, schema):
        if isinstance(schema, str):
            return self.named.get(schema.rsplit(".", 1)[-1], {"type": schema})
        return schema

    def sets(self, schema, value):
        """The value with every set in the order of its symbols, without repeats."""
        schema = self.resolve(schema)
        if isinstance(schema, list):
            branches = [branch for branch in schema if branch != "null"]
            return None if value is None else self.sets(branches[0], value)
        if isinstance(schema["type"], (dict, list)):
            return self.sets(schema["type"], value)
        if schema["type"] == "record":
            return {field["name"]: self.sets(field["type"], value[field["name"]])
                    for field in schema["fields"]}
        if schema["type"] == "array":
            item = self.resolve(schema["items"])
            if item["type"] == "enum":
                return sorted(set(value), key=item["symbols"].index)
            return [self.sets(item, part) for part in value]
        return value


def as_json(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: as_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_json(part) for part in value]
    return value


class Judge:
    def __init__(self):
        self.failures = 0
        self.counts = {"pairs": 0, "decoded": 0, "refused": 0, "crashed": 0}

    def fail(self, what, case, datum):
        self.failures += 1
        if self.failures <= 3:
            print(f"{what}\n  reader {case['reader']}\n  writer {case['writer']}\n  datum {datum}")

    def datum(self, case, reader, writer_schema, reader_schema, item):
        try:
            value = fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(item["datum"])),
                                               writer_schema, reader_schema)
        except TypeError:
            # fastavro's own fault, not a verdict: it trips over a name on one side of a union and its
            # definition on the other.
            self.counts["crashed"] += 1
            return
        except Exception as problem:  # whatever it is called: fastavro refuses this datum
            self.counts["refused"] += 1
            if item["result"] == 0:
                self.fail(f"decoded here, refused there: {problem!r}", case, item)
            return
        if item["result"] != 0:
            self.fail(f"refused here with {item['result']}, decoded there", case, item)
            return
        self.counts["decoded"] += 1
        value = reader.sets(reader.schema, value)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, reader_schema, value)
        if out.getvalue().hex() != item["expected"]:
            self.fail(f"other bytes there: {out.getvalue().hex()}", case, item)
        if as_json(value) != item["json"]:
            self.fail(f"other JSON there: {as_json(value)}", case, item)

    def case(self, case):
        self.counts["pairs"] += 1
        schema = plain(json.loads(case["reader"]))
        reader = Reader(schema)
        canonical = to_parsing_canonical_form(json.loads(case["writer"]))
        # fastavro writes the bytes of the fingerprint in little-endian order.
        theirs = bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))[::-1].hex()
        if theirs != case["fingerprint"]:
            self.fail(f"fingerprint {case['fingerprint']} here, {theirs} there", case, None)
        writer_schema = fastavro.parse_schema(json.loads(case["writer"]))
        reader_schema = fastavro.parse_schema(schema)
        for item in case["data"]:
            self.datum(case, reader, writer_schema, reader_schema, item)


def main():
    judge = Judge()
    with open(sys.argv[1], encoding="utf-8") as cases:
        for line in cases:
            judge.case(json.loads(line))
    print(f"fastavro {fastavro.__version__}:", judge.counts, f"{judge.failures} failures")
    # A comparison that seldom decodes, never refuses or mostly crashes compares nothing.
    counts = judge.counts
    well = judge.failures == 0 and counts["decoded"] > counts["refused"] > 10 * counts["crashed"]
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
