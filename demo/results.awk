# SPDX-License-Identifier: GPL-2.0
# Reads the demo's results; what the fields are, demo/guest says. Used by report.awk and svg.awk.

BEGIN {
	FS = "\t"
	n_readers = split("ps top cmdline environ mem peek readv gdb", readers, " ")
	label["ps"] = "ps -o pid,args -p PID"
	label["top"] = "top -b -n1 -c -p PID"
	label["cmdline"] = "/proc/PID/cmdline"
	label["environ"] = "/proc/PID/environ"
	label["mem"] = "/proc/PID/mem, 8 bytes"
	label["peek"] = "ptrace PEEKDATA, 8 bytes"
	label["readv"] = "process_vm_readv(), 8 bytes"
	label["gdb"] = "gdb: x/s ADDRESS"
}

function ms(us)
{
	return sprintf(us < 995 ? "%.2f ms" : us < 9950 ? "%.1f ms" : "%.0f ms", us / 1000)
}

function times(ratio)
{
	return sprintf(ratio < 9.95 ? "%.1f x" : "%.0f x", ratio)
}

function median(list,    v, n, i, j, t)
{
	n = split(list, v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
			t = v[j]
			v[j] = v[j - 1]
			v[j - 1] = t
		}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

$1 == "kernel" {
	release = $2
	hold = $3
}

$1 == "held" {
	us[$2, $3] = $4
	state[$2, $3] = $5
	seen[$2, $3] = $6
}

$1 == "price" {
	kind = $3 == "alone" ? "alone" : $2 SUBSEP $3
	rates[kind] = rates[kind] " " $4
	p99s[kind] = p99s[kind] " " $5
	worsts[kind] = worsts[kind] " " $6
	reads[kind] = reads[kind] " " $7
}

$1 == "fast" { fast_held = $2 }

$1 == "count" { count[$2] += $3 }

END {
	for (kind in rates)
		rate[kind] = int(median(rates[kind]) + 0.5)
}
