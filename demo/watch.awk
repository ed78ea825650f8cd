# SPDX-License-Identifier: GPL-2.0
# Draws lines of text as a terminal shows them.
BEGIN {
	char = 8.4
	step = 19
}
{
	gsub(/\r/, "")
	gsub(/&/, "\\&amp;")
	gsub(/</, "\\&lt;")
	line[++n] = $0
	if (length($0) > columns)
		columns = length($0)
}
END {
	while (n && line[n] == "")
		n--
	line[0] = "# vmapeek watch"
	if (columns < 60)
		columns = 60
	width = int(columns * char) + 48
	height = (n + 1) * step + 44
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height
	print "<title>vmapeek watch</title>"
	print "<style>text{font-family:monospace;font-size:14px;fill:#e6edf3;white-space:pre}.command{fill:#7ee787}</style>"
	printf "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#0d1117\"/>\n", width, height
	for (i = 0; i <= n; i++)
		printf "<text x=\"24\" y=\"%d\"%s xml:space=\"preserve\">%s</text>\n", 34 + i * step, i ? "" : " class=\"command\"", line[i]
	print "</svg>"
}
