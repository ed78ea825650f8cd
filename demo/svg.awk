# SPDX-License-Identifier: GPL-2.0
# Draws the results that results.awk reads: two panels with the time to an answer on a logarithmic scale, and the longest map.

# The picture has a background of its own, so its text is legible on any page.
BEGIN {
	colour["alone"] = "#8b949e"
	colour["stock"] = "#c2410c"
	colour["vmapeek"] = "#0f766e"
	width = 860
	left = 210		# where bars begin
	span = 500		# length of the longest bar
	lowest = 0.01		# ms, left end of the logarithmic scale
	highest = 10000
}

function text(x, y, class, what)
{
	gsub(/&/, "\\&amp;", what)
	gsub(/</, "\\&lt;", what)
	printf "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, what
}

function rect(x, y, w, h, fill)
{
	printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x, y, w, h, fill
}

function grid(x, top, bottom, name)
{
	printf "<path d=\"M%d %dV%d\" stroke=\"#d0d7de\"/>\n", x, top, bottom
	text(x, bottom + 16, "axis", name)
}

function log_x(time)
{
	if (time < lowest)
		time = lowest
	return span * log(time / lowest) / log(highest / lowest)
}

function bar(y, w, h, kind, value)
{
	rect(left, y, w, h, colour[kind])
	text(left + w + 6, y + h / 2 + 5, "value", value)
}

function legend(x, y, kind, name)
{
	rect(x, y - 10, 12, 12, colour[kind])
	text(x + 18, y, "value", name)
}

function decade(time)
{
	return time < 1000 ? time " ms" : time / 1000 " s"
}

# Draws the results of act 1 or 3 below a title; returns the y of their end.
function panel_time(y, act, title,    i, r, top, ms_at)
{
	text(24, y, "title", title)
	text(24, y + 18, "axis start", "logarithmic scale: each line is ten times the one before; shorter is better")
	top = y + 32
	for (ms_at = lowest; ms_at <= highest * 1.01; ms_at *= 10)
		grid(left + log_x(ms_at), top, top + n[act] * 38 + 2, decade(ms_at))
	for (i = 1; i <= n[act]; i++) {
		r = reader(act, i)
		y = top + (i - 1) * 38 + 6
		text(left - 10, y + 20, "name", label[r])
		bar(y, log_x(us[act, "stock", r] / 1000), 14, "stock", ms(us[act, "stock", r]))
		bar(y + 15, log_x(us[act, "vmapeek", r] / 1000), 14, "vmapeek", ms(us[act, "vmapeek", r]))
	}
	return top + n[act] * 38 + 2
}

function range(mode)
{
	return ms(worst[mode]) "   (" ms(smallest(worsts[mode])) " to " ms(largest(worsts[mode])) ")"
}

function panel_longest(y)
{
	text(24, y, "title", "The longest map of a thread that three throttled readers of its cmdline watch")
	text(24, y + 18, "axis start", "median of windows of some seconds, and their range; shorter is better")
	bar(y + 28, span * worst["stock"] / worst["stock"] * 0.7, 20, "stock", range("stock"))
	bar(y + 49, span * worst["vmapeek"] / worst["stock"] * 0.7, 20, "vmapeek", range("vmapeek"))
	return y + 77
}

END {
	height = 150 + (n["stuck"] + n["cold"]) * 38 + 240
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n",
		width, height, width, height
	print "<title>Reading a process on a stock kernel and with vmapeek</title>"
	print "<style>text{font-family:sans-serif;font-size:13px;fill:#1f2328}.title{font-size:16px;font-weight:bold}"
	print ".name{text-anchor:end}.axis{font-size:12px;fill:#57606a;text-anchor:middle}.start{text-anchor:start}"
	print ".value{paint-order:stroke;stroke:#fff;stroke-width:3px}</style>"
	printf "<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#ffffff\" stroke=\"#d0d7de\"/>\n",
		width - 1, height - 1
	legend(24, 34, "stock", "stock kernel")
	legend(150, 34, "vmapeek", "the same kernel with vmapeek loaded")
	y = panel_time(68, "stuck", "Time to an answer while the process is stuck for " seconds " s")
	y = panel_time(y + 56, "cold", "The same when its memory is swapped out")
	y = panel_longest(y + 56)
	text(24, y + 22, "axis start", "Kernel " release ". QEMU emulation: compare within the picture only.")
	print "</svg>"
}
