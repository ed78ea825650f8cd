# SPDX-License-Identifier: GPL-2.0
# Prints the demo's results as tables and bars, and checks them: awk [-v utf8=1] [-v colour=1] -f results.awk -f report.awk
# With -v live=1, only prints each result as one line.

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

function whole_ms(act, mode)
{
	return (us[act, mode, "cmdline"] + 999) / 1000
}

function bar(name, value, max, text,    n, s)
{
	for (n = int(value / max * 40 + 0.5); n > 0; n--)
		s = s block
	if (s == "")
		s = sliver
	printf "    %-9s %s%s%s %s\n", name, tint[name], s, plain, text
}

# Two rows for the range of the windows follow the row with their median.
function spread(name, list)
{
	row(name, ms(median(list["stock"])), ms(median(list["vmapeek"])),
		times(median(list["stock"]) / (median(list["vmapeek"]) + 1)))
	row("    from", ms(smallest(list["stock"])), ms(smallest(list["vmapeek"])), "")
	row("    to", ms(largest(list["stock"])), ms(largest(list["vmapeek"])), "")
}

function answers(act,    i, r)
{
	for (i = 1; i <= n[act]; i++) {
		r = reader(act, i)
		row(label[r], ms(us[act, "stock", r]), ms(us[act, "vmapeek", r]),
			times(us[act, "stock", r] / (us[act, "vmapeek", r] + 1)))
	}
}

# Only the first error is reported.
function wrong(text)
{
	if (why == "")
		why = text
}

# Linux 7.3 reads maps without the mmap lock, and these two readers need only maps.
function answers_itself(r)
{
	return release !~ /^6\.12\./ && (r == "lsof" || r == "perf")
}

# Checks only whether readers hang and answer. The longest map is a measurement, which a busy machine may spoil.
function check_act(act,    i, j, r, m, modes)
{
	split(act == "stuck" ? "free stock vmapeek" : "stock vmapeek", modes, " ")
	for (i = 1; i <= n[act]; i++) {
		r = reader(act, i)
		for (j = 1; j in modes; j++) {
			m = modes[j]
			if (state[act, m, r] != "ok")
				wrong(label[r] " (" m ") did not print the expected answer, but: " seen[act, m, r])
		}
		if ((act, r) in early && !answers_itself(r))
			wrong(label[r] " on the stock kernel did not wait for the stuck process")
	}
}

function check()
{
	check_act("stuck")
	check_act("cold")
	if (by["fast", "stuck"] < 6)
		wrong("only " by["fast", "stuck"] " reads took vmapeek's fast path while the process was stuck")
	if (by["faults", "cold"] < n["cold"])
		wrong("only " by["faults", "cold"] " reads brought a page back while the process was stuck")
}

# Cuts the text to one line, at its beginning.
function tail(text)
{
	gsub(/ +/, " ", text)
	return length(text) <= 38 ? text : "..." substr(text, length(text) - 34)
}

live && $1 == "look" {
	printf "  %-27s %9s   %s%s\n", label[$4], ms($5), $6 == "ok" ? "" : "WRONG: ", tail($7)
}

live && $1 == "price" {
	printf "  %-8s %7d maps/s   99 %% within %s, the longest took %s\n", $2, $3, ms($4), ms($5)
}

END {
	if (live)
		exit

	head("1. Time to an answer while the process is stuck; on the stock kernel it was stuck for " seconds " s")
	answers("stuck")
	print "  With vmapeek, the process stayed stuck until all had answered; the remaining time is mostly the start of each tool."
	for (i = 1; i <= n["stuck"]; i++)
		if (("stuck", r = reader("stuck", i)) in early && answers_itself(r))
			print "  " label[r] ": this kernel itself reads maps without the mmap lock."
	print ""

	head("2. A thread that maps and unmaps 4 KiB (a 'map'), and three throttled readers of its cmdline")
	spread("the longest map of a window", worsts)
	row("maps/s", rate["stock"], rate["vmapeek"], times(rate["vmapeek"] / rate["stock"]))
	print "  Without readers: " rate["alone"] " maps per second. This is emulation: compare within this run only."
	if (smallest(worsts["stock"]) <= largest(worsts["vmapeek"]))
		print "  The windows overlap: this machine was too busy for a result. Run the demo again when it is idle."
	print ""

	head("3. Time to an answer of the stuck process when its memory is swapped out")
	answers("cold")
	print ""

	print bold "ps, the process is stuck" plain
	bar("stock", us["stuck", "stock", "ps"], us["stuck", "stock", "ps"], ms(us["stuck", "stock", "ps"]))
	bar("vmapeek", us["stuck", "vmapeek", "ps"], us["stuck", "stock", "ps"], ms(us["stuck", "vmapeek", "ps"]))
	print bold "the longest map of a thread with throttled readers" plain
	bar("stock", worst["stock"], worst["stock"], ms(worst["stock"]))
	bar("vmapeek", worst["vmapeek"], worst["stock"], ms(worst["vmapeek"]))
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
	printf "demo: stuck cmdline ms stock=%d vmapeek=%d; longest map ms stock=%d vmapeek=%d; swapped-out cmdline ms stock=%d vmapeek=%d\n",
		whole_ms("stuck", "stock"), whole_ms("stuck", "vmapeek"), (worst["stock"] + 999) / 1000, (worst["vmapeek"] + 999) / 1000,
		whole_ms("cold", "stock"), whole_ms("cold", "vmapeek")
}
