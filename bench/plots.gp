# SPDX-License-Identifier: GPL-2.0
# Draws the plots of docs/results.md from bench/record/6.12/: make -C bench plots. The working directory must have bench/ and
# docs/.
set datafile separator "\t"
set datafile commentschars "#"
set terminal svg size 720,460 font "sans-serif,13" background "#ffffff"
set grid ytics lc rgb "#d0d7de"
set border 3 lc rgb "#57606a"
set tics nomirror

# The row of immunity.tsv for a reader, by name and size; a kernel thread holds the target's mmap lock.
took(reader, size, column) = strcol(1) eq "kernel thread" && strcol(2) eq reader && column(3) == size && column(4) > 0 ? \
	column(column) : NaN

set output "docs/immunity.svg"
set title "Latency of a reader while a kernel thread holds the mmap lock"
set xlabel "held for, ms"
set ylabel "latency / (stock latency with the lock free + hold)"
set logscale x
set logscale y
set format y "%g"
set yrange [0.00001:5]
set key below maxrows 4
plot "bench/record/6.12/immunity.tsv" using 4:(took("cmdline", 4096, 6)) with linespoints lc rgb "#cf222e" pt 7 title "cmdline, stock", \
	"" using 4:(took("cmdline", 4096, 9)) with linespoints lc rgb "#0969da" pt 7 title "cmdline, vmapeek", \
	"" using 4:(took("process_vm_readv", 8, 6)) with linespoints lc rgb "#cf222e" pt 4 dt 2 title "process\\_vm\\_readv 8 B, stock", \
	"" using 4:(took("process_vm_readv", 8, 9)) with linespoints lc rgb "#0969da" pt 4 dt 2 title "process\\_vm\\_readv 8 B, vmapeek", \
	"" using 4:(took("maps", 0, 6)) with linespoints lc rgb "#cf222e" pt 8 dt 4 title "maps, stock", \
	"" using 4:(took("maps", 0, 9)) with linespoints lc rgb "#0969da" pt 8 dt 4 title "maps, vmapeek", \
	"" using 4:(took("ps -ef", 0, 6)) with linespoints lc rgb "#cf222e" pt 2 dt 3 title "ps -ef, stock", \
	"" using 4:(took("ps -ef", 0, 9)) with linespoints lc rgb "#0969da" pt 2 dt 3 title "ps -ef, vmapeek"

rate(reader, column) = strcol(1) eq "mmap and munmap" && strcol(2) eq reader ? column(column) : NaN

set output "docs/harm.svg"
set title "mmap and munmap of 4 KiB in a process that is read"
set xlabel "readers"
set ylabel "rate, with nobody reading = 1"
unset logscale
set format y "% h"
set xrange [-0.2:8.2]
set yrange [0:2.1]
set key below maxrows 3
plot "bench/record/6.12/harm.tsv" using 3:(rate("cmdline", 5)):6:7 with yerrorlines lc rgb "#cf222e" pt 7 title "cmdline, stock", \
	"" using 3:(rate("cmdline", 11)):12:13 with yerrorlines lc rgb "#0969da" pt 7 title "cmdline, vmapeek", \
	"" using 3:(rate("mem", 5)):6:7 with yerrorlines lc rgb "#cf222e" pt 4 dt 2 title "mem, stock", \
	"" using 3:(rate("mem", 11)):12:13 with yerrorlines lc rgb "#0969da" pt 4 dt 2 title "mem, vmapeek", \
	"" using 3:(rate("process_vm_readv", 5)):6:7 with yerrorlines lc rgb "#cf222e" pt 2 dt 3 title "process\\_vm\\_readv, stock", \
	"" using 3:(rate("process_vm_readv", 11)):12:13 with yerrorlines lc rgb "#0969da" pt 2 dt 3 title "process\\_vm\\_readv, vmapeek"

set output "docs/breakdown.svg"
set terminal svg size 720,480
set title "Instructions of a read, by part"
unset xlabel
set ylabel "instructions, a null system call taken off"
set xrange [*:*]
set yrange [0:*]
set style data histograms
set style histogram rowstacked
set style fill solid border lc rgb "#ffffff"
set boxwidth 0.75
set key outside right Left reverse invert
set xtics rotate by -35 font ",11" noenhanced
set bmargin 8
set datafile columnheaders
parts = "< awk -v wide=1 -f bench/parts.awk bench/record/6.12/breakdown.tsv"
colour(i) = word("#afb8c1 #d0d7de #8250df #d4a72c #cf222e #0969da #54aeff #1a7f37 #e16f24 #bf3989 #24292f", i)
plot for [i = 2:12] parts using i:xtic(1) lc rgb colour(i - 1) title columnheader(i)
