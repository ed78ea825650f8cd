#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Debian's prometheus-node-exporter reads the output of `vmapeek status --openmetrics`, on the kernel under test:
# command/test/guest-metrics has the tests. KERNEL selects the series.
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_script "$TOP/command/test/guest-metrics" -t 300 -T "$("$LAB" tree prometheus-node-exporter)" \
	-f "$TOP/debian/vmapeek.vmapeek-metrics.service:/service"
