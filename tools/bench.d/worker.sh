#!/bin/bash
# One worker for a throughput run: topics, policy and configuration, then sanctiond in this process.
#   worker.sh BROKERS GROUP STATE_DIR THREADS INPUT_TOPIC PREFIX [WRITER_SCHEMA]
# Reports are read from INPUT_TOPIC, everything else from and to topics with PREFIX.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
brokers=$1 group=$2 state=$3 threads=$4 input=$5 prefix=$6 writer=${7:-}
here=$(cd "$(dirname "$0")/../.." && pwd)
bin=${SANCTIOND_BIN:-$here/build/bin}
mkdir -p "$state"
sed -e "s/{topic: reports,/{topic: reports, name: $input,/" -e "s/^topology: sanctions/topology: sanctions\ngroup: $group/" \
    "$here/topologies/sanctions.yaml" >"$state/sanctions.yaml"
cat >"$state/worker.yaml" <<YAML
application: $group
threads: $threads
state.dir: $state/state
topics.prefix: $prefix
topics.check_timestamps: false
topologies: [$state/sanctions.yaml${SANCTIOND_NOTICES:+, topologies/notices.yaml}]
time.tick_interval: 0
kafka:
  bootstrap.servers: $brokers
YAML
[ -z "$writer" ] || echo "schemas.writers: [$writer]" >>"$state/worker.yaml"
"$bin/sanctionctl" topics create --config "$state/worker.yaml" >&2
"$bin/sanctionctl" policy publish "$here/config/policies/default.yaml" --config "$state/worker.yaml" >&2
exec ${SANCTIOND_RUNNER:-} "$bin/sanctiond" run --config "$state/worker.yaml"
