# SPDX-License-Identifier: GPL-2.0
# The demo's results as a table, bars and a verdict: awk [-v utf8=1] [-v colour=1] -f results.awk -f report.awk
# With -v live=1: each result as one line, no more.

BEGIN {
	block = utf8 ? "\342\226\210" : "#"
	sliver = utf8 ? "\342\226\217" : "|"
	tint["stock"] = colour ? "\033[31m" : ""
	tint["vmapeek"] = colour ? "\033[32m" : ""
	bold = colour ? "\033[1m" : ""
	plain = colour ? "\033[0m" : ""
}

function row(what, stock, vmapeek, ratio)
{
	printf "  %-32s %11s %11s %9s\n", what, stock, vmapeek, ratio
}

function head(what)
{
	print bold what plain
	row("what", "stock", "vmapeek", "ratio")
	row("--------------------------------", "-----------", "-----------", "---------")
}

function bar(name, value, max, text,    n, s)
{
	for (n = int(value / max * 40 + 0.5); n > 0; n--)
		s = s block
	if (s == "")
		s = sliver
	printf "    %-9s %s%s%s %s\n", name, tint[name], s, plain, text
}

# What a reader of this kind costs the target.
function watched(by, name,    a, b)
{
	row(name ": maps/s", rate["stock", by], rate["vmapeek", by], times(rate["vmapeek", by] / rate["stock", by]))
	a = median(p99s["stock", by])
	b = median(p99s["vmapeek", by])
	row("    99 % done within", ms(a), ms(b), times(a / (b + 1)))
	a = median(worsts["stock", by])
	b = median(worsts["vmapeek", by])
	row("    the longest took", ms(a), ms(b), times(a / (b + 1)))
	a = median(reads["stock", by])
	b = median(reads["vmapeek", by])
	row("    reads/s", int(a), int(b), times(b / a))
}

# The first thing that is wrong is what counts.
function wrong(text)
{
	if (why == "")
		why = text
}

function check(    i, r, m, modes, j)
{
	split("free stock vmapeek", modes, " ")
	for (i = 1; i <= n_readers; i++) {
		r = readers[i]
		for (j = 1; j <= 3; j++) {
			m = modes[j]
			if (r == "gdb" && m == "free")
				continue
			if (state[m, r] != "ok")
				wrong(label[r] " (" m ") did not see what is there but: " seen[m, r])
		}
		if (us["stock", r] < hold * 1e6 / 2)
			wrong(label[r] " on the stock kernel did not wait for the lock; this machine is too busy for the demo")
		if (us["vmapeek", r] * 10 > hold * 1e6)
			wrong(label[r] " with vmapeek needed " ms(us["vmapeek", r]) " while the lock was held for " hold " s")
	}
	if (fast_held < n_readers)
		wrong("only " fast_held " reads took vmapeek's fast path while the lock was held")
	if (rate["vmapeek", "cmdline"] <= rate["stock", "cmdline"])
		wrong("with vmapeek the target did not get faster while it was watched; on a busy machine, try again")
}

# As much of it as fits; the end says more than the beginning.
function tail(text)
{
	gsub(/ +/, " ", text)
	return length(text) <= 38 ? text : "..." substr(text, length(text) - 34)
}

live && $1 == "held" {
	printf "  %-27s %9s   %s%s\n", label[$3], ms($4), $5 == "ok" ? "" : "WRONG: ", tail($6)
}

live && $1 == "price" {
	printf "  %-8s %-8s %7d maps/s   99 %% within %s\n", $2, $3, $4, ms($5)
}

END {
	if (live)
		exit

	head("Time to an answer while the target's mmap lock was held for " hold " s")
	for (i = 1; i <= n_readers; i++) {
		r = readers[i]
		row(label[r], ms(us["stock", r]), ms(us["vmapeek", r]), times(us["stock", r] / (us["vmapeek", r] + 1)))
	}
	print "  What is left of ps and top is starting the program. gdb was attached before the lock was taken."
	print ""

	head("A thread that maps and unmaps 4 KiB while another process reads from it in a loop (medians)")
	watched("cmdline", "cmdline")
	watched("readv", "process_vm_readv()")
	print "  Nobody reading: " rate["alone"] " maps per second. This is emulation: compare within this run only."
	print ""

	print bold "ps, lock held" plain
	bar("stock", us["stock", "ps"], us["stock", "ps"], ms(us["stock", "ps"]))
	bar("vmapeek", us["vmapeek", "ps"], us["stock", "ps"], ms(us["vmapeek", "ps"]))
	print bold "maps per second of a thread whose cmdline is read" plain
	max = rate["alone"]
	for (kind in rate)
		if (rate[kind] > max)
			max = rate[kind]
	bar("unwatched", rate["alone"], max, rate["alone"])
	bar("stock", rate["stock", "cmdline"], max, rate["stock", "cmdline"])
	bar("vmapeek", rate["vmapeek", "cmdline"], max, rate["vmapeek", "cmdline"])
	print ""

	for (name in count)
		# Faults are taken in reads that count as fast.
		if (name != "fast" && name != "faults" && count[name])
			fallbacks = fallbacks ", " count[name] " " name
	print "vmapeek's counters: " count["fast"] " reads took the fast path; left to the kernel: " \
		(fallbacks == "" ? "none" : substr(fallbacks, 3)) "."
	print "Kernel " release "; its log was clean."

	check()
	fflush()
	if (why != "") {
		print "demo: " why | "cat >&2"
		exit 1
	}
	printf "demo: held-lock cmdline stock=%d vmapeek=%d; target maps/s stock=%d vmapeek=%d\n",
		int((us["stock", "cmdline"] + 999) / 1000), int((us["vmapeek", "cmdline"] + 999) / 1000),
		rate["stock", "cmdline"], rate["vmapeek", "cmdline"]
}
