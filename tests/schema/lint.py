#!/usr/bin/env python3
"""Whether schemas/ says what domain.md says, and holds no place for free text.

    lint.py SCHEMAS              finds what is wrong in the .avsc files of a folder and its state/
    lint.py --self-test SCHEMAS  breaks the schemas in memory, rule by rule; each must be found

The expectations are records.txt and enums.txt beside this file. Records of state/ are internal:
only the rules on names, docs, texts and bounds hold for them.

SPDX-License-Identifier: Apache-2.0
"""
import copy
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BANNED = re.compile(r"(.*_)?(body|text|url|uri|message|password|phone|email)\Z")
# The only bytes fields of records on topics, and their caps.
DOCUMENTS = {
    "PolicyVersion.document": 1 << 20,
    "Audit.payload": 16384 + 16,
    "AuditKey.wrapped_key": 256,
    "DeadLetter.payload": None,
}
AUDIT_PAYLOAD_MAX = 16384
PREFIX_SIZE = 10  # it is sealed with its fingerprint
PRIMITIVES = ("boolean", "int", "long", "string", "bytes")


def expected_enums():
    enums = {}
    with open(os.path.join(HERE, "enums.txt"), encoding="ascii") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            if line.startswith(" "):
                enums[name][1].extend(line.split())
            else:
                name, _, default = (part.strip() for part in line.partition("="))
                enums[name] = (default or None, [])
    return enums


def expected_records():
    records = {}
    with open(os.path.join(HERE, "records.txt"), encoding="ascii") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            if line.startswith(" "):
                name, kind = line.split()
                records[key].append((name, kind.replace("ref", "id")))
            else:
                key = tuple(line.split())
                records[key] = []
    return records


def load(folder):
    """{path relative to the folder: schema}"""
    schemas = {}
    for part in ("", "state"):
        where = os.path.join(folder, part)
        for name in sorted(os.listdir(where)) if os.path.isdir(where) else []:
            if name.endswith(".avsc"):
                with open(os.path.join(where, name), encoding="utf-8") as file:
                    schemas[os.path.join(part, name)] = json.load(file)
    return schemas


class Lint:
    """Walks all schemas once; `findings` are texts."""

    def __init__(self, schemas):
        self.findings = []
        self.enums = expected_enums()
        self.records = expected_records()
        self.enums_seen, self.items_seen = set(), set()
        for path, schema in schemas.items():
            self.path, self.state = path, path.startswith("state")
            self.named = {}
            self.root(schema)
        for kind, name in self.records:
            if kind == "record" and f"{name}.avsc" not in schemas:
                self.findings.append(f"{name}.avsc: missing")
            if kind == "item" and name not in self.items_seen:
                self.findings.append(f"item {name} is in no record")
        for name in self.enums:
            if name not in self.enums_seen:
                self.findings.append(f"enum {name} is in no record")

    def find(self, where, text):
        self.findings.append(f"{self.path}: {where}: {text}")

    def root(self, schema):
        name = schema.get("name")
        if os.path.basename(self.path) != f"{name}.avsc":
            self.find(name, "file is not named after its record")
        if schema.get("namespace") != "sanctiond":
            self.find(name, "namespace is not sanctiond")
        self.record(schema, "record")
        if self.path == "AuditPayload.avsc":
            size = PREFIX_SIZE + self.bound(schema)
            if size > AUDIT_PAYLOAD_MAX:
                self.find(name, f"can take {size} bytes, more than {AUDIT_PAYLOAD_MAX}")

    def record(self, schema, kind):
        name = schema["name"]
        self.named[name] = schema
        self.has_doc(schema, name, self.state and kind == "item")
        rows = []
        for field in schema["fields"]:
            where = f"{name}.{field['name']}"
            self.field(field, where)
            rows.append((field["name"], self.notation(field)))
        if self.state:
            return
        if kind == "item":
            self.items_seen.add(name)
        expected = self.records.get((kind, name))
        if expected is None:
            self.find(name, f"is no {kind} of domain.md G")
        elif rows != expected:
            at = next((i for i, pair in enumerate(zip(rows, expected)) if pair[0] != pair[1]),
                      min(len(rows), len(expected)))
            self.find(name, f"field {at} is {rows[at:at + 1]}, expected {expected[at:at + 1]}")

    def has_doc(self, value, where, optional=False):
        doc = value.get("doc")
        if doc is None and optional:
            return
        if not isinstance(doc, str) or len(doc.strip()) < 3:
            self.find(where, "no doc")

    def field(self, field, where):
        self.has_doc(field, where)
        if BANNED.match(field["name"]):
            self.find(where, "name promises free text")
        kind = field["type"]
        nullable = isinstance(kind, list)
        kind = kind[1] if nullable else kind
        array = isinstance(kind, dict) and kind.get("type") == "array"
        if array:
            self.array(field, kind, where)
        item = kind["items"] if array else kind
        base = self.define(item, where)
        if base == "string" and field.get("format") != "id":
            self.find(where, "a string without format id is free text")
        if base == "bytes":
            self.document(field, where)
        if not self.state:
            self.default(field, base, nullable, array, where)
            if isinstance(item, dict) and item.get("logicalType") == "timestamp-millis" \
                    and "ms UTC" not in field.get("doc", ""):
                self.find(where, "doc of a time does not say its unit, 'ms UTC'")

    def array(self, field, kind, where):
        bounded = "max" in kind or "max" in field
        if bounded == bool(kind.get("set")):
            self.find(where, "an array needs either max or set")
        elif kind.get("set") and not self.is_enum(kind["items"]):
            self.find(where, "a set of something that is no enum")

    def is_enum(self, kind):
        kind = self.named.get(kind, kind) if isinstance(kind, str) else kind
        return isinstance(kind, dict) and kind["type"] == "enum"

    def define(self, kind, where):
        """The name of the type; a definition is checked and kept."""
        if isinstance(kind, str):
            if kind not in PRIMITIVES and kind not in self.named:
                self.find(where, f"type {kind} is not defined in this file")
            return kind
        if kind["type"] == "record":
            self.record(kind, "item")
        elif kind["type"] == "enum":
            self.enum(kind, where)
        elif kind["type"] != "fixed":
            return kind["type"]
        self.named[kind["name"]] = kind
        return kind["name"]

    def enum(self, kind, where):
        name = kind["name"]
        self.enums_seen.add(name)
        default, symbols = self.enums.get(name, (None, None))
        if symbols is None:
            if not self.state:
                self.find(where, f"enum {name} is none of domain.md")
        elif kind["symbols"] != symbols:
            self.find(where, f"enum {name} has other symbols than domain.md")
        elif kind.get("default") != default:
            self.find(where, f"enum {name} has default {kind.get('default')}, expected {default}")

    def document(self, field, where):
        if self.state:
            if "max" not in field:
                self.find(where, "bytes without max")
        elif where not in DOCUMENTS:
            self.find(where, "bytes that are none of the document fields")
        elif field.get("max") != DOCUMENTS[where]:
            self.find(where, f"max is {field.get('max')}, expected {DOCUMENTS[where]}")

    def default(self, field, base, nullable, array, where):
        """Null for T?, empty for arrays, the fallback of an enum that has one, else none."""
        if nullable:
            expected = (None,)
        elif array:
            expected = ([],)
        else:
            fallback = self.enums.get(base, (None, None))[0]
            expected = (fallback,) if fallback else ()
        actual = (field["default"],) if "default" in field else ()
        if actual != expected:
            self.find(where, f"default is {actual}, expected {expected}")

    def notation(self, field):
        """The type as records.txt writes it."""
        kind = field["type"]
        mark = "?" if isinstance(kind, list) else ""
        kind = kind[1] if mark else kind
        if isinstance(kind, dict) and kind.get("type") == "array":
            item = self.short(kind["items"])
            bound = kind.get("max", field.get("max"))
            return f"{{{item}}}" if kind.get("set") else f"[{item}<={bound}]"
        return self.short(kind) + mark

    @staticmethod
    def short(kind):
        if isinstance(kind, str):
            return "id" if kind == "string" else kind
        if kind.get("logicalType") == "timestamp-millis":
            return "ts"
        return kind.get("name", kind["type"])

    def bound(self, kind, field=None):
        """Most bytes of the Avro form; a block of an array counts as its count and the end mark."""
        if isinstance(kind, list):
            return 1 + self.bound(kind[1], field)
        if isinstance(kind, str) and kind in self.named:
            kind = self.named[kind]
        name = kind if isinstance(kind, str) else kind["type"]
        if name == "string":
            return 2 + field.get("max", 64)
        if name == "record":
            return sum(self.bound(field["type"], field) for field in kind["fields"])
        if name == "array":
            bounded = self.named.get(kind["items"], kind["items"]) \
                if isinstance(kind["items"], str) else kind["items"]
            count = len(bounded["symbols"]) if kind.get("set") else kind["max"]
            return 3 + count * self.bound(kind["items"], {})
        if name == "fixed":
            return kind["size"]
        return {"boolean": 1, "int": 5, "long": 10, "enum": 1}[name]


def get(schemas, path):
    """`Report.labels` or `Report.labels.score`: the field's object."""
    name, *rest = path.split(".")
    record = schemas[f"{name}.avsc"]
    for step in rest:
        field = next(field for field in record["fields"] if field["name"] == step)
        kind = field["type"]
        kind = kind[1] if isinstance(kind, list) else kind
        record = kind.get("items") if isinstance(kind, dict) and kind["type"] == "array" else kind
    return field


def put(path, *keys_and_value):
    """A mutation: sets or, with value `...`, removes one key below a field."""
    *keys, value = keys_and_value

    def mutate(schemas):
        target = get(schemas, path)
        for key in keys[:-1]:
            target = target[key]
        if value is ...:
            del target[keys[-1]]
        else:
            target[keys[-1]] = value
    return mutate


def swap_fields(schemas):
    fields = schemas["Report.avsc"]["fields"]
    fields[5], fields[6] = fields[6], fields[5]


def drop_symbol(schemas):
    get(schemas, "Report.category")["type"]["symbols"].remove("FLOODING")


def swap_symbols(schemas):
    symbols = get(schemas, "Restriction.op")["type"]["symbols"]
    symbols[0], symbols[1] = symbols[1], symbols[0]


def add_field(record, **field):
    return lambda schemas: schemas[f"{record}.avsc"]["fields"].append(
        {"doc": "added by the self-test", **field})


def state_text(schemas):
    schemas["state/Note.avsc"] = {
        "type": "record", "name": "Note", "namespace": "sanctiond", "doc": "a note",
        "fields": [{"name": "remark", "type": "string", "doc": "free text"}]}


MUTATIONS = [
    ("a field named body", add_field("Report", name="body", type="int"), "Report.body: name"),
    ("a field named url", put("Report.content_ref", "name", "url"), "Report.url: name"),
    ("a field named text", put("Verdict.impact", "name", "text"), "Verdict.text: name"),
    ("a name ending in _text", add_field("Appeal", name="statement_text", type="int"), "free text"),
    ("a banned name inside an item", put("Report.labels.labeller", "name", "text"), "Label.text"),
    ("free text", put("Report.reporter_id", "format", ...), "Report.reporter_id: a string without"),
    ("free text in a list", put("Verdict.report_ids", "format", ...), "Verdict.report_ids: a str"),
    ("free text in an item", put("Report.labels.labeller", "format", ...), "Label.labeller: a str"),
    ("free text in state", state_text, "Note.remark: a string without"),
    ("bytes on an input", put("Report.sketch_key", "type", ["null", "bytes"]), "document fields"),
    ("a wider document", put("PolicyVersion.document", "max", 1 << 24), "PolicyVersion.document"),
    ("no doc on a field", put("Report.area", "doc", ...), "Report.area: no doc"),
    ("an empty doc", put("Report.area", "doc", " "), "Report.area: no doc"),
    ("no doc on a record", lambda s: s["Receipt.avsc"].pop("doc"), "Receipt: no doc"),
    ("a time without unit", put("Report.act_at", "doc", "when it was"), "Report.act_at: doc"),
    ("a list without max", put("Report.labels", "type", "max", ...), "Report.labels: an array"),
    ("a set without set", put("Verdict.scopes", "type", "set", ...), "Verdict.scopes: an array"),
    ("another max", put("Report.labels", "type", "max", 9), "[Label<=9]"),
    ("fields in another order", swap_fields, "Report: field 5"),
    ("another type", put("Report.good_faith", "type", "int"), "Report: field 9"),
    ("a field more", add_field("Standing", name="extra", type="int"), "Standing: field 9"),
    ("a field less", lambda s: s["Standing.avsc"]["fields"].pop(), "Standing: field 8"),
    ("not null any more", put("Report.room_id", "type", "string"), "Report.room_id: default"),
    ("no default of null", put("Report.room_id", "default", ...), "Report.room_id: default"),
    ("no default of a set", put("Verdict.scopes", "default", ...), "Verdict.scopes: default"),
    ("no default of a list", put("Report.labels", "default", ...), "Report.labels: default"),
    ("no default of an enum", put("Report.area", "default", ...), "Report.area: default"),
    ("a default too many", put("ChatEvent.count", "default", 1), "ChatEvent.count: default"),
    ("another default", put("Report.area", "default", "ALL"), "Report.area: default"),
    ("no enum default", put("Report.area", "type", "default", ...), "enum Area has default None"),
    ("an enum default too many", put("Verdict.kind", "type", "default", "LIFT"), "VerdictKind has"),
    ("a symbol less", drop_symbol, "enum Category has other symbols"),
    ("symbols in another order", swap_symbols, "enum RestrictionOp has other symbols"),
    ("an enum of nobody", put("Receipt.rotated", "type",
                              {"type": "enum", "name": "Odd", "symbols": ["A"]}), "enum Odd"),
    ("a record less", lambda s: s.pop("Inquiry.avsc"), "Inquiry.avsc: missing"),
    ("a record more", lambda s: s.update({"Odd.avsc": dict(s["Inquiry.avsc"], name="Odd")}),
     "Odd: is no record"),
    ("a file misnamed", lambda s: s["Inquiry.avsc"].update(name="Enquiry"), "not named after"),
    ("another namespace", lambda s: s["Inquiry.avsc"].update(namespace="x"), "namespace"),
    ("a payload that outgrows its cap", put("AuditPayload.checks", "type", "max", 99), "can take"),
    ("a type left undefined", put("Report.actor_age_band", "type", "AgeBond"), "not defined"),
]


def self_test(schemas):
    failed = 0
    for name, mutate, expected in MUTATIONS:
        broken = copy.deepcopy(schemas)
        mutate(broken)
        findings = Lint(broken).findings
        if not any(expected in finding for finding in findings):
            print(f"not found: {name}: expected '{expected}', got {findings}")
            failed += 1
    print(f"{len(MUTATIONS) - failed} of {len(MUTATIONS)} broken schemas found")
    return failed


def main():
    arguments = sys.argv[1:]
    testing = "--self-test" in arguments
    folder = arguments[-1]
    schemas = load(folder)
    if testing:
        # The self-test needs only the records of topics to be well, not what others add to state/.
        topics = {path: schema for path, schema in schemas.items() if not path.startswith("state")}
        return 1 if self_test(topics) or Lint(topics).findings else 0
    findings = Lint(schemas).findings
    for finding in findings:
        print(finding)
    print(f"{len(schemas)} schemas, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
