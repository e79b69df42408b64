# shellcheck shell=bash
# For the tests: `load says`.

says() { # STATUS TEXT...: how the last `run` ended
	local want=$1 text
	shift
	echo "status $status, wanted $want: $output"
	[ "$status" -eq "$want" ] || return 1
	for text; do [[ $output == *"$text"* ]] || { echo "not said: $text" && return 1; }; done
}
