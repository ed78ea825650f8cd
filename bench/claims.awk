# SPDX-License-Identifier: GPL-2.0
# Compares documents with the record: bench/claims | awk -v top=DIR -f claims.awk. Each line of input is a claim: the document, a
# tab, and text that the document must contain, with a query in braces for each number. White space does not matter.
#
#	{RECORD:KEY:..:COLUMN}	a column of the row of DIR/bench/record/RECORD.tsv whose first columns are the keys
#	COLUMN			also A/B, of one row
#	KEY			* is any, a|b one of several; where that is more than one row:
#	{max R:K:C}		also min, sum, median, and count: the number of rows in which the column is not 0
#	{A / B} {A - B}		also +; from left to right
#	{~ A}			zeros at the end of the number in the document are not significant
#	{?}			any number, which no record has: the document names the command that prints it
#
# The number in the document must be the record's, rounded to as many digits. Prints the differences; exit status 1 if there is
# any. With -v uncovered=1, prints the numbers that no claim covers instead.

function load(record,    file, line, i)
{
	if (record in rows)
		return
	rows[record] = 0
	file = top "/bench/record/" record ".tsv"
	while ((getline line <file) > 0)
		if (line !~ /^#/)
			row[record, ++rows[record]] = line
	close(file)
}

function fits(key, value,    i, n, one)
{
	if (key == "*" || key == value)
		return 1
	n = split(key, one, "|")
	for (i = 1; n > 1 && i <= n; i++)
		if (one[i] == value)
			return 1
	return 0
}

function number_of_column(record, name,    i, n, header)
{
	if (name ~ /^[0-9]+$/)
		return name + 0
	n = split(row[record, 1], header, "\t")
	for (i = 1; i <= n && header[i] != name; i++)
		;
	return i <= n ? i : 0
}

# Sets found[1..] to the values of a query; returns their number.
function find(query,    part, n, i, k, record, column, nr_columns, field, value)
{
	n = split(query, part, ":")
	record = part[1]
	load(record)
	nr_columns = split(part[n], column, "/")
	for (i = 1; i <= nr_columns; i++)
		column[i] = number_of_column(record, column[i])
	nr_found = 0
	for (i = 1; i <= rows[record]; i++) {
		split(row[record, i], field, "\t")
		for (k = 2; k < n && fits(part[k], field[k - 1]); k++)
			;
		if (k < n || !column[1] || (nr_columns == 2 && !column[2]))
			continue
		value = field[column[1]]
		if (value !~ /^-?[0-9.]+$/)
			continue
		found[++nr_found] = nr_columns == 2 ? value / field[column[2]] : value + 0
	}
	return nr_found
}

function median(n,    i, j, t)
{
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && found[j - 1] > found[j]; j--) {
			t = found[j]
			found[j] = found[j - 1]
			found[j - 1] = t
		}
	return n % 2 ? found[(n + 1) / 2] : (found[n / 2] + found[n / 2 + 1]) / 2
}

function term(query,    function_name, n, i, value)
{
	if (query ~ /^[0-9.]+$/)
		return query + 0
	if (match(query, /^(min|max|sum|count|median) /)) {
		function_name = substr(query, 1, RLENGTH - 1)
		query = substr(query, RLENGTH + 1)
	}
	n = find(query)
	if (!n || (n > 1 && function_name == "")) {
		problem = n " rows on record for " query
		return 0
	}
	if (function_name == "median")
		return median(n)
	value = function_name == "count" ? found[1] != 0 : found[1]
	for (i = 2; i <= n; i++) {
		if (function_name == "sum")
			value += found[i]
		else if (function_name == "count")
			value += found[i] != 0
		else if (function_name == "min" ? found[i] < value : found[i] > value)
			value = found[i]
	}
	return value
}

# Evaluates the text in braces.
function evaluate(expression,    value, op, at_op)
{
	op = ""
	while ((at_op = match(expression, / [-+\/] /))) {
		value = apply(value, op, term(substr(expression, 1, at_op - 1)))
		op = substr(expression, at_op + 1, 1)
		expression = substr(expression, at_op + 3)
	}
	return apply(value, op, term(expression))
}

function apply(a, op, b)
{
	if (op == "/" && b == 0)
		return 0
	return op == "" ? b : op == "+" ? a + b : op == "-" ? a - b : a / b
}

# Is the document's number the record's, rounded to as many digits?
function same(said, value, loose,    unit)
{
	if (value == "?")
		return 1
	gsub(/,/, "", said)
	unit = 1
	if (said ~ /\./)
		unit = 10 ^ -(length(said) - index(said, "."))
	else if (loose && match(said, /0+$/))
		unit = 10 ^ RLENGTH
	value -= said
	return value <= unit * 0.5000001 && value >= -unit * 0.5000001
}

# Reads DOCUMENT as one line, and notes the offset of each of its lines.
function read(document,    line, blank)
{
	if (document in text)
		return
	text[document] = ""
	while ((getline line <(top "/" document)) > 0) {
		gsub(/[ \t]+/, " ", line)
		sub(/^ /, "", line)
		sub(/ $/, "", line)
		begins[document, ++lines[document]] = length(text[document]) + 1
		text[document] = text[document] line " "
	}
	close(top "/" document)
}

function line_of(document, offset,    i)
{
	for (i = 1; i < lines[document] && begins[document, i + 1] <= offset; i++)
		;
	return i
}

# Splits the claim into literal[0..nr_numbers] and query[1..nr_numbers].
function parse(claim)
{
	nr_numbers = 0
	gsub(/[ \t]+/, " ", claim)
	while (match(claim, /\{[^}]*\}/)) {
		literal[nr_numbers++] = substr(claim, 1, RSTART - 1)
		query[nr_numbers] = substr(claim, RSTART + 1, RLENGTH - 2)
		claim = substr(claim, RSTART + RLENGTH)
	}
	literal[nr_numbers] = claim
}

# Does the text at OFFSET match the claim, apart from the numbers? Sets says[1..] and at[1..] to the numbers and their offsets.
function looks_like(document, offset,    i, rest)
{
	offset += length(literal[0])
	for (i = 1; i <= nr_numbers; i++) {
		rest = substr(text[document], offset, 40)
		if (!match(rest, /^[0-9]+(,[0-9][0-9][0-9])*(\.[0-9]+)?/))
			return 0
		says[i] = substr(rest, 1, RLENGTH)
		at[i] = offset
		offset += RLENGTH
		if (substr(text[document], offset, length(literal[i])) != literal[i])
			return 0
		offset += length(literal[i])
	}
	return 1
}

# The claim, with the numbers of the record
function as_text(    i, claim)
{
	claim = literal[0]
	for (i = 1; i <= nr_numbers; i++)
		claim = claim (value[i] == "?" ? "?" : sprintf("%.4g", value[i])) literal[i]
	return claim
}

function complain(document, line, why)
{
	if (!uncovered)
		printf "%s:%s %s\n", document, line ? line ":" : "", why
	bad = 1
}

# Of all places that match the text of a claim, one must have its numbers; otherwise prints the differences of the place that has
# most of them.
function check(document, claim,    i, offset, next_one, wrong, least, where)
{
	parse(claim)
	problem = ""
	for (i = 1; i <= nr_numbers; i++) {
		loose[i] = sub(/^~ /, "", query[i])
		value[i] = query[i] == "?" ? "?" : evaluate(query[i])
	}
	if (problem != "" || literal[0] == "") {
		complain(document, 0, (problem != "" ? problem : "a claim begins with a number") ": " claim)
		return
	}
	read(document)
	least = nr_numbers + 1
	for (offset = 0; (next_one = index(substr(text[document], offset + 1), literal[0])); ) {
		offset += next_one
		if (!looks_like(document, offset))
			continue
		wrong = 0
		for (i = 1; i <= nr_numbers; i++)
			if (!same(says[i], value[i], loose[i]))
				wrong++
		if (!wrong) {
			for (i = 1; i <= nr_numbers; i++)
				covered[document, at[i]] = 1
			return
		}
		if (wrong < least) {
			least = wrong
			where = offset
		}
	}
	if (least > nr_numbers) {
		complain(document, 0, "does not say: " as_text())
		return
	}
	looks_like(document, where)
	for (i = 1; i <= nr_numbers; i++)
		if (!same(says[i], value[i], loose[i]))
			complain(document, line_of(document, at[i]),
				says[i] " is " sprintf("%.6g", value[i]) " on record: {" query[i] "}")
}

# Blanks code, versions, years and the parameters of measurements, which are no results.
function blank(text, patterns,    n, i, pattern)
{
	n = split(patterns, pattern, "\n")
	for (i = 1; i <= n; i++)
		while (match(text, pattern[i]))
			text = substr(text, 1, RSTART - 1) sprintf("%" RLENGTH "s", "") substr(text, RSTART + RLENGTH)
	return text
}

# Prints the numbers that no claim covers, except in code, in generated tables, in the headers of tables and in NOT_RESULTS.
function list_uncovered(document,    n, i, rest, unit, offset, number, before, after, shown, generated)
{
	read(document)
	for (i = 1; i <= lines[document]; i++) {
		offset = begins[document, i]
		n = (i < lines[document] ? begins[document, i + 1] : length(text[document]) + 1) - offset
		rest = substr(text[document], offset, n)
		if (rest ~ /^```/)
			code[document] = !code[document]
		# Tests of the tables' generators compare these.
		if (rest ~ /^<!-- [a-z]+: begin/)
			generated = 1
		if (rest ~ /^<!-- [a-z]+: end/)
			generated = 0
		if (code[document] || generated || substr(text[document], offset + n, 5) == "| ---")
			continue
		# With the next word, which may be the unit.
		unit = substr(text[document], offset + n, 12)
		rest = substr(blank(rest unit, "`[^`]*`\n" NOT_RESULTS), 1, n)
		if (rest !~ /^\|/)
			rest = blank(rest, "(^| )[01][,.:;]? ")
		shown = ""
		while (match(rest, /[0-9]+([.,][0-9]+)*/)) {
			number = substr(rest, RSTART, RLENGTH)
			before = substr(rest, 1, RSTART - 1)
			after = substr(rest, RSTART + RLENGTH) unit
			if (!((document, offset + RSTART - 1) in covered) && number !~ /^(6\.12|7\.3)/ &&
			    before !~ /[A-Za-z_#-]$/ && after !~ /^( ?(B|KiB|MiB|GiB|GB|bytes|ms|s)([^A-Za-z]|$)|[A-Za-z_-])/)
				shown = shown " " number
			offset += RSTART + RLENGTH - 1
			rest = substr(rest, RSTART + RLENGTH)
		}
		if (shown != "")
			print document ":" i ":" shown
	}
}

BEGIN {
	FS = "\t"
	NOT_RESULTS = "(Linux|Debian|nice) [0-9.]+( or [0-9]+)?\n" \
		"[0-9]+[.][0-9]+[.][0-9]+\n" \
		"(^| )20[2-9][0-9][ ,.:]\n" \
		"^[0-9]+[.] \n" \
		"(^| )([0-9]+ (to|and|or) )?[0-9]+ (throttled )?(readers?|rounds|windows|samples|processes|segments|VMAs)"
}

{
	if (!($1 in seen)) {
		seen[$1] = 1
		documents[++nr_documents] = $1
	}
	check($1, $2)
	claims++
}

END {
	if (uncovered) {
		bad = 0
		for (d = 1; d <= nr_documents; d++)
			list_uncovered(documents[d])
	}
	if (!claims) {
		print "no claims"
		bad = 1
	}
	exit bad
}
