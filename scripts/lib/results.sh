# shellcheck shell=bash
# Results directories: results/TIME-WHAT, with `latest` pointing to the newest. Source it after common.sh.

# new_results WHAT: make the next directory and print its path. Two runs in the same second get two directories.
new_results() {
	local dir n=''
	mkdir -p "$TOP/results" || die 3 "cannot write to $TOP/results"
	dir=$TOP/results/$(date -u +%Y%m%dT%H%M%SZ)-$1
	until mkdir "$dir$n" 2>/dev/null; do
		[ ! -w "$TOP/results" ] && die 3 "cannot write to $TOP/results"
		n=$((${n:-1} + 1))
		[ "$n" -lt 100 ] || die 3 "cannot make $dir" "is the disk full?"
	done
	ln -sfn "$(basename "$dir$n")" "$TOP/results/.latest.$$" && mv -T "$TOP/results/.latest.$$" "$TOP/results/latest"
	echo "$dir$n"
}
