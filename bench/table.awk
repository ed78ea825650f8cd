# SPDX-License-Identifier: GPL-2.0
# Instructions per call as a table for people: awk -f table.awk instructions.tsv

function bytes(n)
{
	return n >= 1048576 ? n / 1048576 " MiB" : n >= 1024 ? n / 1024 " KiB" : n " B"
}

# The spread of the rounds, in percent of the median.
function spread(median, min, max)
{
	return median ? sprintf("%.1f", (max - min) / median * 100) : "-"
}

function line(memory, size, counter, stock, stock_spread, vmapeek, vmapeek_spread, ratio)
{
	printf "  %-22s %7s  %11s %5s %11s %5s %6s  %s\n", memory, size, stock, stock_spread, vmapeek, vmapeek_spread,
		ratio, counter
}

BEGIN { FS = "\t" }

/^# kernel/ { print substr($0, 3) }

/^#/ || $1 == "interface" { next }

$1 != interface {
	interface = $1
	print ""
	print interface
	line("memory", "size", "counter", "stock", "+-%", "vmapeek", "+-%", "ratio")
}

{
	line($2, bytes($3), $4 < 0 ? $5 ", error " (-$4) : $5, $6, spread($6, $7, $8), $9, spread($9, $10, $11), $12)
}
