# bash completion of weir, weirctl and weirgen: their options are read from --help.
_weir_flags()
{
	"$@" --help 2>/dev/null | grep -oE '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,'
}

_weir()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	COMPREPLY=()
	case $prev in
	--config | --pcap | --truth | -r | -D)
		compopt -o default
		return
		;;
	--speed)
		mapfile -t COMPREPLY < <(compgen -W "max 1" -- "$cur")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$(_weir_flags "$1")" -- "$cur")
}

_weirctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words
	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$("$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$words --help --version" -- "$cur")
		return
	fi
	compopt -o default
	mapfile -t COMPREPLY < <(compgen -W "$(_weir_flags "$1" "${COMP_WORDS[1]}")" -- "$cur")
}

complete -F _weir weir weirgen
complete -F _weirctl weirctl
