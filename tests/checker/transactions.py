"""Who wrote what, in which transaction: batch headers and control records alone.

I3: a transaction is whole. I11: one writer a partition, whose epochs never go back. I12: nothing hangs.
I25: after an aborted transaction, and where a receipt says so, the producer has a higher epoch.

SPDX-License-Identifier: Apache-2.0
"""

from log import INTERNAL, OUTPUTS


def check(world, findings):
    for partition in world.partitions():
        hanging(partition, findings)
        epochs(partition, findings)
        broker_agrees(partition, findings)
    for partition in world.partitions(INTERNAL + OUTPUTS + tuple(
            topology.changelog for topology in world.topologies)):
        for record in partition.records:
            findings.check(record.transaction is not None, "I3", record.place,
                           "was written outside of a transaction")
        after_abort(partition, findings)
    for topology in world.topologies:
        for partition in world.topics[topology.changelog]:
            alone(partition, findings)
    rotated(world, findings)


def hanging(partition, findings):
    findings.check(partition.stable == partition.end, "I12", partition.place,
                   "readers stop at offset %d of %d: a transaction is open", partition.stable,
                   partition.end)
    for transaction in partition.transactions:
        findings.check(transaction.marker is not None, "I12",
                       "%s@%d" % (partition.place, transaction.first),
                       "producer %d epoch %d: no control record ends its transaction",
                       transaction.producer, transaction.epoch)
        findings.count("transaction parts committed" if transaction.committed else
                       "transaction parts aborted")


def epochs(partition, findings):
    """The epochs of one producer id never go back."""
    last = {}
    for offset, producer, epoch, kind in partition.events:
        findings.check(epoch >= last.get(producer, epoch), "I11",
                       "%s@%d" % (partition.place, offset),
                       "producer %d writes %s of epoch %d after epoch %d", producer, kind, epoch,
                       last.get(producer, epoch))
        last[producer] = max(epoch, last.get(producer, epoch))
        findings.count("batches")


def broker_agrees(partition, findings):
    """What the broker tells readers to skip is what was aborted."""
    aborted = {(transaction.producer, transaction.first) for transaction in partition.transactions
               if transaction.marker is not None and not transaction.committed}
    for transaction in partition.transactions:
        # What the log no longer holds from its start the broker knows by an offset that is gone.
        if transaction.first < partition.stable:
            told = (transaction.producer, transaction.first) in partition.aborted
            wanted = (transaction.producer, transaction.first) in aborted
            findings.check(told == wanted, "I3", "%s@%d" % (partition.place, transaction.first),
                           "the broker says %s, the control record at %s says %s",
                           "aborted" if told else "committed", transaction.marker,
                           "aborted" if wanted else "committed")


def after_abort(partition, findings):
    """A producer whose transaction was aborted goes on with a higher epoch."""
    aborted = {}
    data = {}
    for offset, producer, epoch, kind in partition.events:
        if kind == "abort":
            aborted[producer] = data.get(producer, epoch)
            findings.count("aborts")
        elif kind == "data":
            before = aborted.pop(producer, None)
            findings.check(before is None or epoch > before, "I25",
                           "%s@%d" % (partition.place, offset),
                           "producer %d goes on with epoch %d after an abort of epoch %s", producer,
                           epoch, before)
            data[producer] = epoch


def alone(partition, findings):
    """Committed transactions of two producers on a task's changelog never overlap."""
    before = None
    for transaction in partition.transactions:
        if not transaction.committed:
            continue
        if before is not None:
            findings.check(transaction.producer == before.producer or
                           before.marker < transaction.first, "I11",
                           "%s@%d" % (partition.place, transaction.first),
                           "producer %d wrote while the transaction of producer %d, from %d to %d, "
                           "was open", transaction.producer, before.producer, before.first,
                           before.marker)
        if before is None or transaction.marker > before.marker:
            before = transaction


def rotated(world, findings):
    """`rotated` in a receipt: its batch has a higher epoch than that producer's last one."""
    for partition in world.topics["receipts"]:
        epochs_seen = {}
        for record in partition.visible:
            _, receipt = world.value(record)
            if receipt["rotated"]:
                findings.count("rotated receipts")
                findings.check(record.epoch > epochs_seen.get(record.producer, -1), "I25",
                               record.place, "says that its producer is new, but the epoch is %d as "
                               "before", record.epoch)
            epochs_seen[record.producer] = record.epoch


