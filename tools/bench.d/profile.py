#!/usr/bin/env python3
"""Where the CPU of a worker goes: groups the samples of `tools/bench worker --perf FILE`.

    profile.py FILE [CPU_US_PER_RECORD]

With the worker's CPU per record of that run, shares become microseconds a record. The build needs
frame pointers (cmake -DCMAKE_C_FLAGS=-fno-omit-frame-pointer); the system's libraries have none, so their
time counts for the function of ours that called them.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import re
import subprocess
import sys

# (group, pattern): the first pattern that fits a frame, from the innermost outwards, decides.
RULES = [(group, re.compile("^(%s)$" % pattern)) for group, pattern in (
    ("encode: state rows", r"ENCODE_ROW"),
    ("encode: outputs", r"ENCODE_OUTPUT"),
    ("decode: state rows", r"DECODE_ROW"),
    ("crypto of audits", r"seal|unseal|key_\w+|data_key_\w+"),
    ("hashing", r"digest_\w+|tally_input"),
    ("decode and check: reports", r"codec_decode|plan_decode|check_record|key_fits|stream_partition|inspect"),
    ("store: checkpoint", r"state_checkpoint\w*|checkpointer_\w+|rocksdb_write\w*"),
    ("store: commit", r"state_commit|state_retire|row_map_move"),
    ("store: dirty rows in order", r"state_dirty|row_sort"),
    ("store: get", r"state_get"),
    ("store: put", r"state_put|state_remove|row_map_put"),
    ("timers", r"timers_\w+|task_fire_until"),
    ("produce", r"kafka_producer_produce|member_produce|stream_produce"),
    ("commit: flush, offsets, end",
     r"kafka_producer_flush|kafka_producer_commit|stream_commit|stream_flush|transaction_end"),
    ("consume", r"member_poll|stream_poll|stream_release|queue_push|record_take|"
                r"kafka_producer_serve|task_drop_queues"),
    ("judge", r"judge_\w+|report_\w+|emit_\w+|case_\w+|facts_\w+|derive\w*|verdict_\w+|notice_\w+"),
    ("audit record", r"write_audit|on_decide"),
    ("output: key, hash, topic", r"produce_record|on_emit"),
    ("commit: receipt, meta", r"task_prepare|task_apply|task_meta_\w+|member_commit"),
    ("step", r"on_record|on_timer|judge_decoded"),
    ("loop", r"task_judge|judge_polled|live_turn|loop_live|member_\w+"),
)]
ENCODE = ("encoder_run", "codec_encode", "codec_encode_datum")
OUTPUT = {"produce_record", "write_audit", "on_emit", "on_decide", "task_prepare", "task_apply"}
# For chains that broke at once.
LIBRARIES = (("libcrypto", "hashing and crypto, caller lost"), ("librocksdb", "store: caller lost"),
             ("liblz4", "store: checkpoint"), ("librdkafka", "librdkafka, caller lost"),
             ("[kernel", "kernel, caller lost"))
MEMORY = {"malloc", "free", "cfree", "_int_malloc", "_int_free", "unlink_chunk", "realloc",
          "malloc_consolidate", "_int_free_merge_chunk", "systrim", "__default_morecore", "sysmalloc",
          "_int_realloc", "calloc"}
THREADS = {"rdk:main": "librdkafka: main", "rdk:broker1": "librdkafka: broker (compress, send, fetch)"}


def samples(path):
    """(thread, frames from the innermost, libraries of the frames, weight) of each sample."""
    process = subprocess.Popen(["perf", "script", "-i", path, "-F", "comm,period,ip,sym,dso"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    thread, frames, files, weight = None, [], [], 0
    for line in process.stdout:
        if not line.strip():
            if thread is not None:
                yield thread, frames, files, weight
            thread = None
        elif not line[0].isspace():
            found = re.match(r"(\S.*?)\s+(\d+)\s*", line)
            thread, frames, files, weight = found[1], [], [], int(found[2])
        elif thread is not None:
            found = re.match(r"\s+[0-9a-f]+ (.*) \((.*)\)$", line)
            if found:
                frames.append(re.sub(r"(\.(isra|constprop|part|cold)[.\d]*)+$", "", found[1].strip()))
                files.append(found[2].rpartition("/")[2])
    if thread is not None:
        yield thread, frames, files, weight


def group_of(thread, frames, files):
    for name, group in THREADS.items():
        if thread == name:
            return group
    if thread.startswith("rdk:"):
        return "librdkafka: others"
    if thread.startswith("rocksdb"):
        return "store: compaction"
    ours = set(frames)
    for frame in frames:
        name = frame
        if frame in ENCODE:
            name = "ENCODE_OUTPUT" if ours & OUTPUT else "ENCODE_ROW"
        elif frame in ("plan_decode", "codec_decode") and ours & {"on_record", "on_timer", "facts_load"}:
            name = "DECODE_ROW"
        for group, pattern in RULES:
            if pattern.match(name):
                return group
    for library, group in LIBRARIES:
        if library in files[0] if files else False:
            return group
    return "memory" if frames and frames[0] in MEMORY else "others"


def main():
    path = sys.argv[1]
    per_record = float(sys.argv[2]) if len(sys.argv) > 2 else None
    groups = collections.Counter()
    within = collections.defaultdict(collections.Counter)
    for thread, frames, files, weight in samples(path):
        group = group_of(thread, frames, files)
        groups[group] += weight
        leaf = frames[0] if frames else "?"
        name = leaf if files and files[0] in ("sanctiond", "libc.so.6", "[kernel.kallsyms]") else \
            (files[0] if files else "?")
        within[group]["(kernel)" if files and files[0].startswith("[kernel") else name] += weight
    total = sum(groups.values())
    for group, weight in groups.most_common():
        share = weight / total
        text = "%8.2f us" % (share * per_record) if per_record else ""
        most = ", ".join("%s %.0f%%" % (name, 100 * part / weight)
                         for name, part in within[group].most_common(5))
        print("%-44s %5.1f%% %s  %s" % (group, 100 * share, text, most))


if __name__ == "__main__":
    main()
