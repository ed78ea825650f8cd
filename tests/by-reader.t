#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# `vmapeek watch --by-reader` on the kernel under test: command/test/guest-by-reader has the tests. KERNEL selects the series.
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_script "$TOP/command/test/guest-by-reader" -t 600
