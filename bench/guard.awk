# SPDX-License-Identifier: GPL-2.0
# Compares instructions per call with those on record: awk -f guard.awk RECORD NEW. Prints a line for each row whose cost grew
# beyond its tolerance, whose counter changed, or which is in only one of the two; exit status 1 if there is any. The guard does
# not measure reads longer than LONGEST, which a record may have.

function tolerance(memory)
{
	# The read allocates pages, and the cost of that varies.
	return memory == "shared after fork" ? 5 : 2
}

function complain(why)
{
	print name ": " why
	bad = 1
}

BEGIN { FS = "\t"; LONGEST = 65536 }

FNR == 1 { file++ }

/^#/ || $1 == "interface" { next }

{ name = $1 ", " $2 ", " $3 " B" }

file == 1 {
	if ($3 <= LONGEST) {
		cost[name] = $9
		way[name] = $5
	}
	next
}

!(name in cost) {
	complain("not recorded")
	next
}

{
	if ($5 != way[name])
		complain("counts as " $5 ", on record as " way[name])
	most = cost[name] * (1 + tolerance($2) / 100)
	if ($9 > most)
		complain(sprintf("%d instructions, on record %d (+%.1f %%, allowed %d %%)", $9, cost[name],
			($9 / cost[name] - 1) * 100, tolerance($2)))
	delete cost[name]
	rows++
}

END {
	for (name in cost)
		complain("on record, but not measured")
	if (!rows) {
		name = "guard"
		complain("nothing was measured")
	}
	exit bad
}
