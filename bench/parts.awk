# SPDX-License-Identifier: GPL-2.0
# Prints the parts of each read: awk -f parts.awk breakdown.tsv, as a table for people; with -v wide=1 for gnuplot, short reads
# only. The cost of a null system call is subtracted from the part that contains it.

BEGIN {
	FS = "\t"
	nr_parts = split("system call and the rest|buffers|livepatch|around it|look-up|locks|RCU|checks|walk|" \
		"reference and mark|copy|total", parts, "|")
}

/^#/ || $1 == "interface" || $3 == "clock" { next }

$1 == "getppid" {
	if ($3 == "total") {
		null["stock"] = $5
		null["vmapeek"] = $6
	}
	next
}

{
	read = $1 ", " $2 " B"
	if (!(read in seen) && !(wide && $2 > 4096))
		reads[++nr_reads] = read
	seen[read] = 1
	count[read, $3, "stock"] += $5
	count[read, $3, "vmapeek"] += $6
}

function less_null(read, part, mode)
{
	return count[read, part, mode] - (part == parts[1] || part == "total" ? null[mode] : 0)
}

END {
	for (r = 1; r <= nr_reads; r++) {
		read = reads[r]
		if (!wide) {
			for (p = 1; p <= nr_parts; p++)
				printf "%-28s %-24s %9.0f %9.0f\n", read, parts[p], less_null(read, parts[p], "stock"),
					less_null(read, parts[p], "vmapeek")
			continue
		}
		if (r == 1) {
			printf "read"
			for (p = 1; p < nr_parts; p++)
				printf "\t%s", parts[p]
			printf "\n"
		}
		for (m = 1; m <= 2; m++) {
			mode = m == 1 ? "stock" : "vmapeek"
			name = read
			sub(/, .*/, "", name)
			printf "%s, %s", name, mode
			for (p = 1; p < nr_parts; p++)
				printf "\t%.0f", less_null(read, parts[p], mode)
			printf "\n"
		}
	}
}
