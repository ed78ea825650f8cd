# SPDX-License-Identifier: GPL-2.0
# The parts of each read as a table for people: awk -f parts.awk breakdown.tsv. What a null system call takes is taken off
# the part in which it is.

BEGIN { FS = OFS = "\t" }

/^#/ || $1 == "interface" || $3 == "clock" { next }

$1 == "getppid" {
	if ($3 == "total") {
		null_stock = $5
		null_vmapeek = $6
	}
	next
}

{
	read = $1 ", " $2 " B"
	key = read FS $3
	if (!(key in stock))
		order[++n] = key
	stock[key] += $5
	vmapeek[key] += $6
}

END {
	for (i = 1; i <= n; i++) {
		key = order[i]
		split(key, field, FS)
		if (field[2] ~ /^(system call and the rest|total)$/) {
			stock[key] -= null_stock
			vmapeek[key] -= null_vmapeek
		}
		printf "%-28s %-26s %9.0f %9.0f\n", field[1], field[2], stock[key], vmapeek[key]
	}
}
