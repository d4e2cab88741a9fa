#!/usr/bin/env python3
"""Makes record.h and record.c from Avro schemas, in the form that record/type.h describes.

    generate.py --header record.h --code record.c SCHEMA...

Every SCHEMA is one <Record>.avsc that stands alone: a named type is defined where a file first uses
it. A type that several files define must be the same in all of them. The output depends on the
schemas only, not on the order of the arguments. A schema that cannot be laid out is refused with
its file and field; then nothing is written and the exit status is 1.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import re
import sys
import textwrap

NAMESPACE = "sanctiond"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
FIELD_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*\Z")
SET_SYMBOLS_MAX = 64
RESERVED = frozenset("""auto bool break case char const continue default do double else enum extern
false float for goto if inline int long register restrict return short signed sizeof static struct
switch true typedef typeof union unsigned void volatile while""".split())
FIELD_KEYS = frozenset(("name", "type", "default", "format", "max", "doc", "aliases"))
ARRAY_KEYS = frozenset(("type", "items", "max", "set"))
TYPE_KEYS = {
    "record": frozenset(("type", "name", "namespace", "doc", "fields", "aliases")),
    "enum": frozenset(("type", "name", "namespace", "doc", "symbols", "default", "aliases")),
    "fixed": frozenset(("type", "name", "namespace", "doc", "size", "aliases")),
}
LOGICAL = {"timestamp-millis": "long"}
# Avro name: (kind, C type, C type with null)
PRIMITIVES = {
    "boolean": ("BOOLEAN", "bool", "struct optional_boolean"),
    "int": ("INT", "int32_t", "struct optional_int"),
    "long": ("LONG", "int64_t", "struct optional_long"),
    "string": ("STRING", "struct bytes", "struct bytes"),
    "bytes": ("BYTES", "struct bytes", "struct bytes"),
}
INT_RANGE = {"int": 2 ** 31, "long": 2 ** 63}


class SchemaError(Exception):
    """A schema that cannot be laid out; the text says where and why."""


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name).lower()


class Enum:
    def __init__(self, name, symbols, default, doc):
        self.name, self.symbols, self.default, self.doc = name, symbols, default, doc
        self.tag = snake(name)

    def same(self, other):
        return vars(self) == vars(other)


class Fixed:
    def __init__(self, name, size):
        self.name, self.size, self.tag = name, size, snake(name)

    def same(self, other):
        return vars(self) == vars(other)


class Field:
    """One field; `type` is an Enum, Fixed, Record or name of PRIMITIVES, of an array its item."""

    def __init__(self, name):
        self.name = name
        self.type = None
        self.doc = None
        self.nullable = self.array = self.set = False
        self.max = 0
        self.format = None
        self.default = ()

    def shape(self):
        kind = self.type if isinstance(self.type, str) else self.type.name
        return dict(vars(self), type=kind, default=repr(self.default))


class Record:
    def __init__(self, name, doc, fields):
        self.name, self.doc, self.fields, self.tag = name, doc, fields, snake(name)

    def same(self, other):
        return (self.doc == other.doc
                and [f.shape() for f in self.fields] == [f.shape() for f in other.fields])


class Reader:
    """Reads one file into the types it defines, in the order in which C needs them."""

    def __init__(self, path):
        self.path = path
        self.types = {}
        self.open = []

    def fail(self, where, reason):
        raise SchemaError(f"{self.path}: {where}: {reason}" if where else f"{self.path}: {reason}")

    def read(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                self.text = file.read()
            schema = json.loads(self.text, object_pairs_hook=self.pairs)
        except OSError as error:
            raise SchemaError(f"{self.path}: cannot read: {error.strerror}") from error
        except ValueError as error:
            raise SchemaError(f"{self.path}: not JSON: {error}") from error
        if not isinstance(schema, dict) or schema.get("type") != "record":
            self.fail("", "not a record schema")
        if schema.get("namespace") != NAMESPACE:
            self.fail("", f"namespace is not '{NAMESPACE}'")
        root = self.named(schema, "")
        stem = os.path.basename(self.path)
        if stem != f"{root.name}.avsc":
            self.fail("", f"holds record '{root.name}', so it must be named '{root.name}.avsc'")
        self.root = root
        # One line each way: what the program publishes does not depend on the file's layout.
        self.schema = json.dumps(schema, separators=(",", ":"), ensure_ascii=True)
        return self

    def pairs(self, pairs):
        made = dict(pairs)
        if len(made) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"key '{twice}' twice in one object")
        return made

    def keys(self, value, allowed, where):
        for key in value:
            if key not in allowed:
                self.fail(where, f"unknown attribute '{key}'")

    def doc(self, value, where):
        doc = value.get("doc")
        if doc is not None and (not isinstance(doc, str) or not doc.strip()):
            self.fail(where, "'doc' is not a text")
        if doc is not None and ("*/" in doc or "\\" in doc or not doc.isascii()):
            self.fail(where, "'doc' cannot stand in a C comment (ASCII, no '*/', no backslash)")
        return doc

    def named(self, value, where):
        """Defines a record, enum or fixed."""
        kind, name = value["type"], value.get("name")
        if not isinstance(name, str) or not NAME.match(name):
            self.fail(where, f"{kind} has no usable name")
        where = where or ""
        self.keys(value, TYPE_KEYS[kind], where or name)
        if value.get("namespace", NAMESPACE) != NAMESPACE:
            self.fail(where, f"namespace of '{name}' is not '{NAMESPACE}'")
        if name in self.types or name in self.open:
            self.fail(where, f"type '{name}' is defined twice; refer to it by name")
        made = {"record": self.record, "enum": self.enum, "fixed": self.fixed}[kind](value, where)
        self.types[name] = made
        return made

    def enum(self, value, where):
        name, symbols = value["name"], value.get("symbols")
        where = where or name
        if not isinstance(symbols, list) or not symbols:
            self.fail(where, f"enum '{name}' has no symbols")
        for symbol in symbols:
            if not isinstance(symbol, str) or not SYMBOL.match(symbol):
                self.fail(where, f"enum '{name}': symbol {json.dumps(symbol)} is not UPPER_CASE")
            if symbol == "COUNT":
                self.fail(where, f"enum '{name}': symbol 'COUNT' is taken for their number")
            if symbols.count(symbol) > 1:
                self.fail(where, f"enum '{name}': symbol '{symbol}' twice")
        default = value.get("default")
        if default is not None and default not in symbols:
            self.fail(where, f"enum '{name}': default {json.dumps(default)} is no symbol of it")
        return Enum(name, symbols, default, self.doc(value, where))

    def fixed(self, value, where):
        size = value.get("size")
        if type(size) is not int or not 1 <= size <= 4096:
            self.fail(where, f"fixed '{value['name']}': size is not 1 to 4096")
        return Fixed(value["name"], size)

    def record(self, value, where):
        name, fields = value["name"], value.get("fields")
        if not isinstance(fields, list) or not fields:
            self.fail(where, f"record '{name}' has no fields")
        self.open.append(name)
        made, taken = [], {}
        for number, item in enumerate(fields):
            if not isinstance(item, dict) or not isinstance(item.get("name"), str):
                self.fail(f"{where}.{number}" if where else f"field {number}", "has no name")
            path = f"{where}.{item['name']}" if where else f"{name}.{item['name']}"
            field = self.field(item, path)
            for member in [field.name] + ([field.name + "_count"] if field.array else []):
                if member in taken:
                    self.fail(path, f"member '{member}' of the struct is already that of field "
                                    f"'{taken[member]}'")
                taken[member] = field.name
            made.append(field)
        self.open.pop()
        return Record(name, self.doc(value, where or name), made)

    def field(self, value, where):
        self.keys(value, FIELD_KEYS, where)
        field = Field(value["name"])
        if not FIELD_NAME.match(field.name) or field.name in RESERVED:
            self.fail(where, "name is not lower_case or is a word of C")
        if "type" not in value:
            self.fail(where, "has no type")
        field.doc = self.doc(value, where)
        field.max = self.limit(value, where)
        field.format = value.get("format")
        kind = value["type"]
        if isinstance(kind, list):
            if len(kind) != 2 or kind[0] != "null" or isinstance(kind[1], list):
                self.fail(where, 'a union must be ["null", T]')
            field.nullable, kind = True, kind[1]
        self.field_type(field, kind, where)
        self.attributes(field, where)
        if "default" in value:
            field.default = value["default"]
            self.default(field, where)
        return field

    def limit(self, value, where):
        limit = value.get("max", 0)
        if "max" in value and (type(limit) is not int or not 1 <= limit < 2 ** 31):
            self.fail(where, "'max' is not a whole number from 1")
        return limit

    def field_type(self, field, kind, where):
        if not (isinstance(kind, dict) and kind.get("type") == "array"):
            field.type = self.resolve(kind, where)
            if field.nullable and isinstance(field.type, Record):
                self.fail(where, "a record cannot be null; use an array of at most 1")
            return
        self.keys(kind, ARRAY_KEYS, where)
        if field.nullable:
            self.fail(where, "an array cannot be null; an empty one says the same")
        field.array, field.set = True, kind.get("set", False)
        if not isinstance(field.set, bool):
            self.fail(where, "'set' is not true or false")
        if "max" in kind:
            if field.max:
                self.fail(where, "'max' on the field and on its array")
            field.max = self.limit(kind, where)
        if "items" not in kind:
            self.fail(where, "an array without items")
        field.type = self.resolve(kind["items"], where)
        self.array(field, where)

    def array(self, field, where):
        if field.set:
            if not isinstance(field.type, Enum):
                self.fail(where, "a set must be of an enum")
            if len(field.type.symbols) > SET_SYMBOLS_MAX:
                self.fail(where, f"a set of '{field.type.name}', which has more than "
                                 f"{SET_SYMBOLS_MAX} symbols")
            if field.max:
                self.fail(where, "a set has no 'max'; its enum bounds it")
            field.array = False
        elif field.type != "string" and not isinstance(field.type, Record):
            self.fail(where, "items of an array must be strings or records (an enum: a set)")
        elif not field.max:
            self.fail(where, "an array without 'max'")

    def attributes(self, field, where):
        stringy = field.type == "string"
        if field.format is not None and (field.format != "id" or not stringy):
            self.fail(where, f"'format' {json.dumps(field.format)} is not \"id\" on a string")
        if field.max and not field.array and not stringy and field.type != "bytes":
            self.fail(where, "'max' on something that is no array, string or bytes")

    def resolve(self, kind, where):
        """An Enum, Fixed, Record or name of PRIMITIVES."""
        if isinstance(kind, str):
            short = kind[len(NAMESPACE) + 1:] if kind.startswith(NAMESPACE + ".") else kind
            if short in PRIMITIVES:
                return short
            if short in self.open:
                self.fail(where, f"record '{short}' holds itself")
            if short not in self.types:
                self.fail(where, f"type '{kind}' is not defined before this use, or not supported")
            return self.types[short]
        if not isinstance(kind, dict) or not isinstance(kind.get("type"), str):
            self.fail(where, "type is not one we can lay out")
        if kind["type"] in TYPE_KEYS:
            return self.named(kind, where)
        self.keys(kind, ("type", "logicalType"), where)
        logical = kind.get("logicalType")
        if kind["type"] not in PRIMITIVES or LOGICAL.get(logical, kind["type"]) != kind["type"] \
                or (logical is not None and logical not in LOGICAL):
            self.fail(where, f"type {json.dumps(kind)} is not supported")
        return kind["type"]

    def default(self, field, where):
        value, kind = field.default, field.type
        if field.nullable:
            good = value is None
        elif field.array or field.set:
            good = value == []
        elif isinstance(kind, Enum):
            good = value in kind.symbols
        elif kind in INT_RANGE:
            good = type(value) is int and -INT_RANGE[kind] <= value < INT_RANGE[kind]
        elif kind == "boolean":
            good = isinstance(value, bool)
        else:
            good = kind == "string" and isinstance(value, str)
        if not good:
            self.fail(where, f"default {json.dumps(value)} does not fit its type")


class Model:
    """All files together: one definition a name, each type after those it holds."""

    def __init__(self, readers):
        self.types, self.origin, self.roots = {}, {}, {}
        for reader in sorted(readers, key=lambda reader: reader.root.name):
            if reader.root.name in self.roots:
                other = self.roots[reader.root.name].path
                raise SchemaError(f"record '{reader.root.name}' is in two files: {other} and "
                                  f"{reader.path}")
            self.roots[reader.root.name] = reader
            for name, made in reader.types.items():
                self.add(name, made, reader.path)
        self.check_names()

    def add(self, name, made, path):
        known = self.types.get(name)
        if known is None:
            self.types[name], self.origin[name] = made, path
        elif type(known) is not type(made) or not known.same(made):
            raise SchemaError(f"type '{name}' differs between {self.origin[name]} and {path}"
                              f"{self.difference(known, made)}")

    @staticmethod
    def difference(left, right):
        if type(left) is not type(right):
            return ": not the same kind of type"
        if isinstance(left, Record):
            for one, two in zip(left.fields, right.fields):
                if one.shape() != two.shape():
                    return f": field '{one.name}'"
        if isinstance(left, Enum) and left.symbols != right.symbols:
            return ": symbols"
        return ": doc, default, size or number of fields"

    def of(self, kind):
        return [made for made in self.types.values() if isinstance(made, kind)]

    def check_names(self):
        """Tags and enumerators share one name space each in C."""
        tags, constants = {}, {}
        for made in self.of(Enum) + self.of(Record):
            if made.tag in RESERVED:
                raise SchemaError(f"type '{made.name}' ({self.origin[made.name]}) is a word of C")
            other = tags.setdefault(made.tag, made.name)
            if other != made.name:
                raise SchemaError(f"types '{other}' and '{made.name}' are both '{made.tag}' in C "
                                  f"({self.origin[other]}, {self.origin[made.name]})")
        for made in self.of(Enum):
            for symbol in made.symbols + ["COUNT"]:
                constant = f"{made.tag.upper()}_{symbol}"
                other = constants.setdefault(constant, made.name)
                if other != made.name:
                    raise SchemaError(f"enums '{other}' and '{made.name}' both make '{constant}' "
                                      f"({self.origin[other]}, {self.origin[made.name]})")


def comment(text, indent=""):
    if text is None:
        return []
    lines = textwrap.wrap(text, 92 - len(indent))
    lines[0] = f"{indent}/* {lines[0]}"
    lines[1:] = [f"{indent} * {line}" for line in lines[1:]]
    lines[-1] += " */"
    return lines


HEAD = """/* record: {what}
 *
 * Generated by src/record/generate.py from schemas/; do not edit. record/type.h says how.
 *
 * SPDX-License-Identifier: Apache-2.0 */"""


def c_members(field):
    """The members of the struct that hold the field."""
    kind = field.type
    if field.set:
        return [f"uint64_t {field.name};"]
    if isinstance(kind, Record):
        base = f"struct {kind.tag}"
    elif isinstance(kind, Enum):
        base = "struct optional_int" if field.nullable else f"enum {kind.tag}"
    elif isinstance(kind, Fixed):
        base = "struct bytes"
    else:
        base = PRIMITIVES[kind][2 if field.nullable else 1]
    if field.array:
        return [f"uint32_t {field.name}_count;", f"{base} {field.name}[{field.max}];"]
    return [f"{base} {field.name};"]


def field_note(field):
    """What the C type does not show."""
    kind, notes = field.type, []
    if isinstance(kind, Enum) and field.set:
        notes.append(f"bits of enum {kind.tag}")
    elif isinstance(kind, Enum) and field.nullable:
        notes.append(f"enum {kind.tag}")
    if isinstance(kind, Fixed):
        notes.append(f"{kind.size} bytes")
    if field.nullable and c_members(field)[0].startswith("struct bytes"):
        notes.append("or null")
    return f" ({', '.join(notes)})" if notes else ""


def header_text(model):
    out = [HEAD.format(what="the structs and enums of the schemas."), "#ifndef RECORD_RECORD_H",
           "#define RECORD_RECORD_H", "", '#include "record/type.h"', ""]
    for made in sorted(model.of(Enum), key=lambda made: made.name):
        upper = made.tag.upper()
        out += comment(made.doc) + [f"enum {made.tag} {{"]
        out += [f"    {upper}_{symbol} = {number}," for number, symbol in enumerate(made.symbols)]
        out += ["};", f"#define {upper}_COUNT {len(made.symbols)}",
                f"extern const struct enum_type enum_{made.tag};", ""]
    for made in model.of(Record):
        out += comment(made.doc) + [f"struct {made.tag} {{"]
        for field in made.fields:
            out += comment((field.doc or field.name) + field_note(field), "    ")
            out += [f"    {member}" for member in c_members(field)]
        out += ["};", f"extern const struct record_type record_{made.tag};", ""]
    out += ["/* The records that have a file of their own, by name. */",
            "extern const struct record_type *const record_types[];",
            "extern const uint32_t record_type_count;", "",
            '/* The symbol of a value, "?" for one out of range. */',
            "static inline const char *enum_symbol(const struct enum_type *type, int32_t value)",
            "{",
            '    return value >= 0 && (uint32_t)value < type->count ? type->symbols[value] : "?";',
            "}", "", "#endif", ""]
    return "\n".join(out)


def schema_array(name, text):
    """A char array, since ISO C does not promise string literals of this length."""
    data = list(text.encode("ascii")) + [0]
    rows = [",".join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
    return [f"static const char {name}[] = {{"] + [f"    {row}," for row in rows] + ["};", ""]


def field_row(record, field):
    kind = field.type
    where = f"struct {record.tag}"
    row = {"name": f'"{field.name}"'}
    if isinstance(kind, Record):
        base = "RECORD"
    elif isinstance(kind, Enum):
        base = "ENUM"
    elif isinstance(kind, Fixed):
        base = "FIXED"
    else:
        base = PRIMITIVES[kind][0]
    row["kind"] = "FIELD_" + ("SET" if field.set else "LIST" if field.array else base)
    if field.nullable:
        row["nullable"] = "true"
    if field.format == "id":
        row["format"] = "FORMAT_ID"
    row["offset"] = f"offsetof({where}, {field.name})"
    if field.array:
        row["size"] = f"sizeof((({where} *)0)->{field.name}[0])"
        row["count_offset"] = f"offsetof({where}, {field.name}_count)"
        row["item"] = "FIELD_" + base
    elif isinstance(kind, Fixed):
        row["size"] = str(kind.size)
    if field.max:
        row["max"] = str(field.max)
    if isinstance(kind, Enum):
        row["enumeration"] = f"&enum_{kind.tag}"
    if isinstance(kind, Record):
        row["record"] = f"&record_{kind.tag}"
    return packed([f".{key} = {value}" for key, value in row.items()], "    {", "     ", "},")


def packed(pieces, first, indent, end):
    """Pieces with commas between, as many on a line as 100 columns hold."""
    lines = [first + pieces[0]]
    for piece in pieces[1:]:
        lines[-1] += ","
        if len(lines[-1]) + 1 + len(piece) + len(end) > 100:
            lines.append(indent + piece)
        else:
            lines[-1] += " " + piece
    lines[-1] += end
    return lines


def enum_code(made):
    symbols = [f'"{symbol}"' for symbol in made.symbols]
    fallback = f"{made.tag.upper()}_{made.default}" if made.default else "-1"
    return [f"static const char *const symbols_{made.tag}[] = {{",
            *packed(symbols, "    ", "    ", ","),
            "};",
            f"const struct enum_type enum_{made.tag} = {{",
            f'    .name = "{made.name}",',
            f"    .symbols = symbols_{made.tag},",
            f"    .count = {made.tag.upper()}_COUNT,",
            f"    .fallback = {fallback},", "};",
            f"_Static_assert(sizeof(enum {made.tag}) == sizeof(int32_t), "
            '"an enum has 32 bits");', ""]


def record_code(made, reader):
    out = schema_array(f"schema_{made.tag}", reader.schema) if reader else []
    out += [f"static const struct field_type fields_{made.tag}[] = {{"]
    for field in made.fields:
        out += field_row(made, field)
    schema = f"schema_{made.tag}" if reader else "NULL"
    return out + ["};", f"const struct record_type record_{made.tag} = {{",
                  f'    .name = "{made.name}",',
                  f"    .size = sizeof(struct {made.tag}),",
                  f"    .field_count = {len(made.fields)},",
                  f"    .fields = fields_{made.tag},",
                  f"    .schema = {schema},", "};", ""]


def code_text(model):
    out = [HEAD.format(what="the tables of the schemas."), '#include "record/record.h"', "",
           "#include <stddef.h>", ""]
    for made in sorted(model.of(Enum), key=lambda made: made.name):
        out += enum_code(made)
    for made in model.of(Record):
        out += record_code(made, model.roots.get(made.name))
    out += ["const struct record_type *const record_types[] = {"]
    out += [f"    &record_{reader.root.tag}," for _, reader in sorted(model.roots.items())]
    out += ["};", f"const uint32_t record_type_count = {len(model.roots)};", ""]
    return "\n".join(out)


def write_whole(path, text):
    """Whole or not at all: a reader never sees half a file."""
    part = path + ".part"
    with open(part, "w", encoding="ascii") as file:
        file.write(text)
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description="makes record.h and record.c from Avro schemas")
    parser.add_argument("--header", required=True)
    parser.add_argument("--code", required=True)
    parser.add_argument("schemas", nargs="+", metavar="SCHEMA")
    options = parser.parse_args()
    try:
        model = Model([Reader(path).read() for path in options.schemas])
        header, code = header_text(model), code_text(model)
    except SchemaError as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    write_whole(options.header, header)
    write_whole(options.code, code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
