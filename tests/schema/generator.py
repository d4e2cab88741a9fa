#!/usr/bin/env python3
"""What src/record/generate.py refuses, with file and field, and that its output is stable.

    generator.py GENERATE SCHEMAS

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

GENERATE, SCHEMAS = sys.argv[1:3]


def record(*fields, **more):
    return {"type": "record", "name": "Odd", "namespace": "sanctiond", "doc": "odd",
            "fields": list(fields), **more}


def field(kind, name="thing", **more):
    return {"name": name, "type": kind, "doc": "a thing", **more}


def enum(*symbols, name="Kind", **more):
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def array(items, **more):
    return {"type": "array", "items": items, **more}


ITEM = {"type": "record", "name": "Item", "fields": [field("int")]}
# What is wrong, the schema, what the message must hold besides the file's name.
BAD = [
    ("no record", {"type": "enum", "name": "Odd", "symbols": ["A"]}, "not a record schema"),
    ("no fields", record(), "record 'Odd' has no fields"),
    ("other namespace", record(field("int"), namespace="other"), "namespace is not 'sanctiond'"),
    ("other file name", record(field("int"), name="Even"), "must be named 'Even.avsc'"),
    ("unknown type", record(field("float")), "Odd.thing: type 'float' is not defined"),
    ("use before definition", record(field("Kind")), "Odd.thing: type 'Kind' is not defined"),
    ("map", record(field({"type": "map", "values": "int"})), "Odd.thing: unknown attribute"),
    ("logical type", record(field({"type": "int", "logicalType": "date"})), "not supported"),
    ("logical type on int", record(field({"type": "int", "logicalType": "timestamp-millis"})),
     "Odd.thing: type"),
    ("union of two", record(field(["int", "string"])), 'Odd.thing: a union must be ["null", T]'),
    ("null last", record(field(["int", "null"])), 'Odd.thing: a union must be ["null", T]'),
    ("null record", record(field(["null", ITEM])), "Odd.thing: a record cannot be null"),
    ("null array", record(field(["null", array("string", max=2)])), "an array cannot be null"),
    ("array without bound", record(field(array("string"))), "Odd.thing: an array without 'max'"),
    ("array of numbers", record(field(array("int", max=3))), "Odd.thing: items of an array must"),
    ("array of enums", record(field(array(enum("A"), max=3))), "Odd.thing: items of an array must"),
    ("array of nothing", record(field({"type": "array", "max": 2})), "an array without items"),
    ("bound of 0", record(field(array("string", max=0))), "'max' is not a whole number from 1"),
    ("two bounds", record(field(array("string", max=2), max=3)), "'max' on the field and on its"),
    ("bound on a number", record(field("int", max=3)), "Odd.thing: 'max' on something"),
    ("set of strings", record(field(array("string", set=True))), "a set must be of an enum"),
    ("set with bound", record(field(array(enum("A"), set=True, max=2))), "a set has no 'max'"),
    ("set too wide", record(field(array(enum(*[f"S{i}" for i in range(65)]), set=True))),
     "more than 64 symbols"),
    ("set neither", record(field(array(enum("A"), set=1))), "'set' is not true or false"),
    ("format", record(field("string", format="uuid")), "Odd.thing: 'format' \"uuid\""),
    ("format on int", record(field("int", format="id")), "Odd.thing: 'format' \"id\""),
    ("unknown attribute", record(field("int", unit="ms")), "Odd.thing: unknown attribute 'unit'"),
    ("name in capitals", record(field("int", name="Thing")), "Odd.Thing: name is not lower_case"),
    ("name of C", record(field("int", name="register")), "Odd.register: name is not"),
    ("name twice", record(field("int"), field("int")), "Odd.thing: member 'thing'"),
    ("name of a count", record(field("int", name="a_count"), field(array("string", max=1), "a")),
     "Odd.a: member 'a_count'"),
    ("no field name", record({"type": "int"}), "field 0: has no name"),
    ("no field type", record({"name": "thing"}), "Odd.thing: has no type"),
    ("no symbols", record(field(enum())), "Odd.thing: enum 'Kind' has no symbols"),
    ("bad symbol", record(field(enum("a"))), "Odd.thing: enum 'Kind': symbol \"a\""),
    ("symbol twice", record(field(enum("A", "A"))), "symbol 'A' twice"),
    ("symbol COUNT", record(field(enum("COUNT"))), "symbol 'COUNT' is taken"),
    ("enum default", record(field(enum("A", default="B"))), 'default "B" is no symbol'),
    ("type twice", record(field(enum("A")), field(enum("A"), name="more")),
     "Odd.more: type 'Kind' is defined twice"),
    ("fixed without size", record(field({"type": "fixed", "name": "h1"})), "fixed 'h1': size"),
    ("record in itself", record(field(array("Odd", max=2))),
     "Odd.thing: record 'Odd' holds itself"),
    ("default of null", record(field(["null", "int"], default=0)), "Odd.thing: default 0"),
    ("default of int", record(field("int", default=1 << 31)), "Odd.thing: default 2147483648"),
    ("default of boolean", record(field("boolean", default=0)), "Odd.thing: default 0"),
    ("default of enum", record(field(enum("A"), default="B")), 'Odd.thing: default "B"'),
    ("default of list", record(field(array("string", max=1), default=["a"])), "Odd.thing: default"),
    ("doc ends comment", record({"name": "a", "type": "int", "doc": "a */ b"}),
     "Odd.a: 'doc' cannot stand in a C comment"),
    ("nested field", record(field(array(dict(ITEM, fields=[field("float")]), max=1))),
     "Odd.thing.thing: type 'float'"),
    ("two types, one tag", record(field(enum("A", name="OddKind")),
                                  field({"type": "array", "max": 1,
                                         "items": dict(ITEM, name="Oddkind")}, name="a"),
                                  field(array(dict(ITEM, name="OddKIND"), max=1), name="b")),
     "are both 'odd_kind'"),
    ("two enums, one constant", record(field(enum("KIND_A", name="Odd2")),
                                       field(enum("A", name="Odd2Kind"), name="more")),
     "both make 'ODD2_KIND_A'"),
]


class Generator(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def file(self, name, schema):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(schema if isinstance(schema, str) else json.dumps(schema))
        return self.path(name)

    def run_on(self, *schemas, out="record"):
        command = [sys.executable, GENERATE, "--header", self.path(out + ".h"),
                   "--code", self.path(out + ".c"), *schemas]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def refused(self, done, *texts):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(done.stderr.startswith("generate.py: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertFalse(glob.glob(self.path("record.*")), "something was written")

    def test_bad_schemas_are_refused_with_file_and_field(self):
        for name, schema, expected in BAD:
            with self.subTest(name):
                path = self.file("Odd.avsc", schema)
                self.refused(self.run_on(path), path, expected)

    def test_bad_files_are_refused(self):
        self.refused(self.run_on(self.path("None.avsc")), "None.avsc: cannot read")
        self.refused(self.run_on(self.file("Odd.avsc", "{")), "Odd.avsc: not JSON")
        twice = '{"type": "record", "type": "record"}'
        self.refused(self.run_on(self.file("Odd.avsc", twice)), "key 'type' twice")

    def test_a_type_that_differs_between_files_names_both(self):
        def pair(one, two, expected):
            left = self.file("Odd.avsc", record(field(one)))
            right = self.file("Even.avsc", record(field(two), name="Even"))
            self.refused(self.run_on(left, right), left, right, expected)
        pair(enum("A", "B"), enum("A"), "type 'Kind' differs between")
        pair(enum("A", "B"), enum("B", "A"), "symbols")
        pair(enum("A"), enum("A", default="A"), "type 'Kind' differs")
        pair({"type": "fixed", "name": "h", "size": 2}, {"type": "fixed", "name": "h", "size": 3},
             "type 'h' differs")
        pair(array(ITEM, max=1), array(dict(ITEM, fields=[field("long")]), max=1), "field 'thing'")
        pair(enum("A"), array(dict(ITEM, name="Kind"), max=1), "not the same kind")

    def test_the_same_record_in_two_files_names_both(self):
        left = self.file("Odd.avsc", record(field("int")))
        right = self.file("state/Odd.avsc", record(field("int")))
        self.refused(self.run_on(left, right), left, right, "record 'Odd' is in two files")

    def test_output_does_not_depend_on_the_order_of_files(self):
        paths = sorted(glob.glob(os.path.join(SCHEMAS, "*.avsc")))
        self.assertEqual(self.run_on(*paths, out="one").stderr, "")
        self.assertEqual(self.run_on(*reversed(paths), out="two").stderr, "")
        for end in (".h", ".c"):
            with open(self.path("one" + end), encoding="ascii") as one, \
                    open(self.path("two" + end), encoding="ascii") as two:
                self.assertEqual(one.read(), two.read())

    def test_lists_in_list_items_and_shared_types_are_laid_out(self):
        inner = dict(ITEM, name="Inner", fields=[field(array("string", max=3), "ids")])
        outer = dict(ITEM, name="Outer", fields=[field(array(inner, max=2), "inners")])
        left = self.file("Odd.avsc", record(field(array(outer, max=4), "outers")))
        right = self.file("Even.avsc", record(field(array(inner, max=9), "all"), name="Even"))
        self.assertEqual(self.run_on(left, right).stderr, "")
        with open(self.path("record.h"), encoding="ascii") as file:
            header = file.read()
        for text in ("struct outer outers[4];", "struct inner inners[2];", "struct inner all[9];",
                     "struct bytes ids[3];", "uint32_t outers_count;"):
            self.assertIn(text, header)
        self.assertLess(header.index("struct inner {"), header.index("struct outer {"))
        self.assertEqual(header.count("struct inner {"), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
