#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Makes processes stuck with tests/guest/stuck.c, and tests `vmapeek stuck` on them: command/test/guest-stuck has the tests.
# KERNEL selects the series.
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

built tests "$BUILD/tests"/{stuck,wedge.ext4}
run_script "$TOP/command/test/guest-stuck" -t 1200 -m 1536 -M dm-mod -M loop -M ext4 -M fuse -f "$BUILD/tests/stuck" \
	-f "$BUILD/tests/wedge.ext4:/image"
