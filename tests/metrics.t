#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Has Debian's prometheus-node-exporter read what `vmapeek status --openmetrics` writes, on the kernel under test:
# command/test/guest-metrics has the tests. KERNEL chooses the series.
set -euo pipefail
shopt -s inherit_errexit

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=${KERNEL:-6.12}
build=$tests/../build

for file in "$build/command"/{vmapeek,remote} "$build/$kernel/vmapeek.ko"; do
	[[ -e $file ]] || { echo "metrics.t: there is no $file yet: run 'make tests'" >&2; exit 1; }
done

"$tests/../lab/lab" run -k "$kernel" -t 300 -T "$("$tests/../lab/lab" tree prometheus-node-exporter)" \
	-f "$build/$kernel/vmapeek.ko:/vmapeek.ko" -f "$build/command/vmapeek" -f "$build/command/remote" \
	-f "$tests/../debian/vmapeek.vmapeek-metrics.service:/service" -f "$tests/../tools/tap.sh:/tap.sh" \
	-f "$tests/../command/test/guest-metrics:/test-metrics" -- /test-metrics
