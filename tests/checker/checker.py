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
    if not readable(world, findings):
        return findings
    transactions.check(world, findings)
    tasks = receipts.check(world, findings)
    decisions.check(world, tasks, findings)
    inputs.check(world, lambda key: records.partition_of(key, world.partition_count), findings)
    return findings


def readable(world, findings):
    """Whether all that the engine wrote is of a schema that this repository has. Where it is not, the other checks
    would stumble or tell what follows from it; that alone is told."""
    written = log.INTERNAL + log.OUTPUTS + ("policies",) + tuple(
        topology.changelog for topology in world.topologies)
    good = True
    for partition in world.partitions(written):
        for record in partition.visible:
            text = wrong_with(world, record)
            good = findings.check(text is None, "I2", record.place, text) and good
    return good


def wrong_with(world, record):
    """Why a record cannot be read; None: it can."""
    try:
        world.value(record)
    except KeyError:
        return ("is of no schema in schemas/ (it begins with %s): check with the checker of the build that "
                "wrote it" % record.data[:10].hex())
    except (AssertionError, IndexError, ValueError):
        return "is not what its schema says"
    return None


def run(bootstrap, prefix, application, patience=60):
    """Reads everything and returns the findings."""
    return judge(load(bootstrap, prefix, application, patience))
