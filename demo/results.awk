# SPDX-License-Identifier: GPL-2.0
# Reads the demo's results; demo/guest explains their fields. Used by report.awk and svg.awk.

BEGIN {
	FS = "\t"
	n["stuck"] = split("ps top pmap lsof perf debugger cmdline environ mem peek readv", stuck_readers, " ")
	n["cold"] = split("ps cmdline environ mem", cold_readers, " ")
	label["ps"] = "ps -o pid,args -p PID"
	label["top"] = "top -b -n1 -c -p PID"
	label["pmap"] = "pmap PID"
	label["lsof"] = "lsof -p PID"
	label["perf"] = "perf record -aBN true"
	label["debugger"] = "eu-stack -1 -p PID"
	label["cmdline"] = "/proc/PID/cmdline"
	label["environ"] = "/proc/PID/environ"
	label["mem"] = "/proc/PID/mem, 8 bytes"
	label["peek"] = "ptrace PEEKDATA, 8 bytes"
	label["readv"] = "process_vm_readv(), 8 bytes"
}

# Reader I of an act.
function reader(act, i)
{
	return act == "stuck" ? stuck_readers[i] : cold_readers[i]
}

function ms(us)
{
	return sprintf(us < 995 ? "%.2f ms" : us < 9950 ? "%.1f ms" : "%.0f ms", us / 1000)
}

function times(ratio)
{
	return sprintf(ratio < 9.95 ? "%.1f x" : "%.0f x", ratio)
}

# Sorts the numbers of LIST into sorted[1..]; returns their number.
function sort(list,    n, i, j, t)
{
	n = split(list, sorted, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && sorted[j - 1] + 0 > sorted[j] + 0; j--) {
			t = sorted[j]
			sorted[j] = sorted[j - 1]
			sorted[j - 1] = t
		}
	return n
}

function median(list,    n)
{
	n = sort(list)
	return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function smallest(list)
{
	sort(list)
	return sorted[1]
}

function largest(list,    n)
{
	n = sort(list)
	return sorted[n]
}

$1 == "kernel" {
	release = $2
	seconds = $3
}

$1 == "look" {
	us[$2, $3, $4] = $5
	state[$2, $3, $4] = $6
	seen[$2, $3, $4] = $7
}

$1 == "price" {
	rates[$2] = rates[$2] " " $3
	p99s[$2] = p99s[$2] " " $4
	worsts[$2] = worsts[$2] " " $5
	reads[$2] = reads[$2] " " $6
}

$1 == "early" { early[$2, $3] = 1 }

$1 == "by" { by[$2, $3] = $4 }

$1 == "count" { count[$2] += $3 }

END {
	for (kind in rates) {
		rate[kind] = int(median(rates[kind]) + 0.5)
		worst[kind] = median(worsts[kind])
	}
}
