"""All checks over one deployment.

SPDX-License-Identifier: Apache-2.0
"""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../.."))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(ROOT, "tests", "property", "embedded"))

import avro  # noqa: E402  (from the folders above)
import decisions  # noqa: E402
import findings as findings_module  # noqa: E402
import inputs  # noqa: E402
import log  # noqa: E402
import receipts  # noqa: E402
import records  # noqa: E402
import transactions  # noqa: E402
import wire  # noqa: E402


def schemas():
    """All schemas, those of the state too."""
    found = avro.Schemas(os.path.join(ROOT, "schemas"))
    found.add(os.path.join(ROOT, "schemas", "state"))
    return found


def load(bootstrap, prefix, application, patience=60):
    client = wire.Client(bootstrap, patience)
    try:
        return log.World(client, prefix, application, schemas(), os.path.join(ROOT, "topologies"))
    finally:
        client.close()


def judge(world):
    findings = findings_module.Findings()
    transactions.check(world, findings)
    tasks = receipts.check(world, findings)
    decisions.check(world, tasks, findings)
    inputs.check(world, lambda key: records.partition_of(key, world.partition_count), findings)
    return findings


def run(bootstrap, prefix, application, patience=60):
    """Reads everything and returns the findings."""
    return judge(load(bootstrap, prefix, application, patience))
