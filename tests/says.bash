# shellcheck shell=bash
# For the tests: `load says`.

says() { # STATUS TEXT...: how the last `run` ended
	local want=$1 text
	shift
	echo "status $status, wanted $want: $output"
	[ "$status" -eq "$want" ] || return 1
	for text; do [[ $output == *"$text"* ]] || { echo "not said: $text" && return 1; }; done
}

# A file of scripts/lib into this shell, without its traps: those that bats set tell it that a test failed.
source_lib() { # PATH
	local traps
	traps=$(trap -p)
	# shellcheck disable=SC1090
	. "$1"
	trap - EXIT ERR INT TERM HUP
	eval "$traps"
	set +u
}
