# SPDX-License-Identifier: BSD-2-Clause
# Bash completion of anybpf. Commands and options are those that --help prints,
# so that there is nothing here that could be out of date but the values.

_anybpf_words() # the first word of each line of help that begins with two spaces
{
	"$1" "${@:2}" --help 2>/dev/null | sed -n 's/^  \(-[a-z], \)\?\(-*[a-z][a-z-]*\).*/\2/p'
}

_anybpf()
{
	local command=${COMP_WORDS[0]} word=$2 before=$3
	local IFS=$' \t\n'

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		COMPREPLY=($(compgen -W "$(_anybpf_words "$command") --help --version" -- "$word"))
		return
	fi
	case $before in
	--engine) COMPREPLY=($(compgen -W "user kernel" -- "$word")) ;;
	--cpu)
		COMPREPLY=($(compgen -W "native baseline $("$command" compile --cpu list 2>/dev/null |
			sed -n 's/^  \([a-z0-9]*\) .*/\1/p')" -- "$word"))
		;;
	--color) COMPREPLY=($(compgen -W "auto always never" -- "$word")) ;;
	--log-level) COMPREPLY=($(compgen -W "1 2 4" -- "$word")) ;;
	--profile)
		COMPREPLY=($(compgen -W "$("$command" verify --profile list 2>/dev/null |
			sed -n 's/^  \([a-z-]*\) .*/\1/p')" -- "$word"))
		;;
	--jit-passes | --step)
		COMPREPLY=($(compgen -W "all none $("$command" run --jit-passes list 2>/dev/null |
			sed -n 's/^  \([a-z-]*\) .*/\1/p')" -- "$word"))
		;;
	--jit-report)
		COMPREPLY=($(compgen -W "all none $("$command" run --jit-report list 2>/dev/null |
			sed -n 's/^  \([a-z-]*\) .*/\1/p')" -- "$word"))
		;;
	--iface) COMPREPLY=($(compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$word")) ;;
	*)
		case $word in
		-*) COMPREPLY=($(compgen -W "$(_anybpf_words "$command" "${COMP_WORDS[1]}")" -- "$word")) ;;
		*) COMPREPLY=($(compgen -f -- "$word")) ;;
		esac
		;;
	esac
}
complete -o filenames -F _anybpf anybpf
