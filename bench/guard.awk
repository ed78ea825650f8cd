# SPDX-License-Identifier: GPL-2.0
# Compares instructions per call with those on record: awk -f guard.awk RECORD NEW. One line for each row that got
# dearer than its tolerance, goes another way, or is in only one of the two; exit status 1 if there is any.
# A record may have rows longer than LONGEST, which the guard leaves out.

function tolerance(memory)
{
	# It allocates pages, which takes now more, now less.
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
