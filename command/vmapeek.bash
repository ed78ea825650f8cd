# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion for vmapeek(8).

_vmapeek()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command=
	local options='--json --help --usage --version' commands='status watch stuck on off check bench'

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		status | watch | stuck | on | off | check | bench | help)
			command=$word
			break
			;;
		esac
	done

	# The = of a long option is a word of its own.
	[[ $previous != '=' ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}=
	if [[ $previous = --module || $previous = --module= || $previous = --openmetrics= ||
		$previous = --build || $previous = --build= ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "${current#=}")
		return
	fi

	case $command in
	'') options+=" $commands help" ;;
	help)
		[[ $previous = help ]] || commands=
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
		return
		;;
	status) options+=' --openmetrics --openmetrics=' ;;
	watch) options+=' --by-reader -n --count= -i --interval=' ;;
	stuck) options+=' --watch --watch= -n --count=' ;;
	on) options+=' --module= --without-maps --timeout= -q --quiet' ;;
	off) options+=' --timeout= -q --quiet' ;;
	check) options+=' --build=' ;;
	esac
	[[ -n $command || $current = -* ]] || options=${options##*--version }
	mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	[[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _vmapeek vmapeek
