# shellcheck shell=bash
# What the scripts that run guests share: what they need built, and their results directories results/TIME-WHAT,
# with `latest` pointing to the newest. Source it after common.sh, and call load_base first.
# shellcheck source=lib/depends.sh
. "$TOP/scripts/lib/depends.sh"

# build KIND...: patched and base (kernels), selftests, examples; each does nothing if it is up to date. NOBUILD=1
# takes what is there.
build() {
	local kind
	[ -z "${NOBUILD:-}" ] || return 0
	"$TOP/scripts/toolchain"
	"$TOP/scripts/tree"
	for kind; do
		case $kind in
		patched | base) "$TOP/scripts/build-kernel" "$kind" ;;
		*) "$TOP/scripts/build-$kind" ;;
		esac
	done
}

# kernel_image base|patched: what QEMU boots.
kernel_image() {
	case $ARCH in
	x86_64) echo "$KOUT/$1/arch/x86/boot/bzImage" ;;
	arm64) echo "$KOUT/$1/arch/arm64/boot/Image" ;;
	esac
}

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

# note_run DIRECTORY: what was run, on what, and how to run it again; each guest's own metadata.json says the rest.
# A run on another kernel tree than that of the mails (TREE=) does not say on what, so it counts for no report.
# (Without jq, so that a run that finds no root to run it in can still tell.)
note_run() {
	local repeat part depends=''
	part=$(part_of "$1")
	[ -z "$part" ] || [ "$TREE" != "$BUILD/tree" ] || depends=$(depends_hash "$part")
	repeat="cd ${TOP@Q} && $(env_line) ${0@Q}"
	repeat=${repeat//\\/\\\\}
	printf '{"date": "%s", "commit": "%s", "depends": "%s", "base": "%s", "arch": "%s", "config": "%s",\n"repeat": "%s"}\n' "$(date -u +%FT%TZ)" \
		"$(git -C "$TOP" describe --always --dirty 2>/dev/null)" "$depends" "$BASE" "$ARCH" "$KERNEL" "${repeat//\"/\\\"}" >"$1/metadata.json"
	echo '{"outcome": "interrupted"}' >"$1/result.json" # until the run comes to its end
}
env_line() {
	local name
	for name in BASE ARCH KERNEL TOOLCHAIN; do printf '%s=%q ' "$name" "${!name}"; done
	for name in SCRIPTS PROVE OPERATIONS MUTANTS MUTANT SEED SMP PATCH ONLY LEAVE FLAVOURS TESTS RUNS LIMIT GROUP SHARD RETRY PARTS KERNELS ROUNDS RIVAL V POSTING PREFIX LINUX_GIT; do
		[ -z "${!name:-}" ] || printf '%s=%q ' "$name" "${!name}"
	done
	[ -z "${seconds:-}" ] || printf 'SECONDS=%q' "$seconds"
}

# env_seconds DEFAULT: set $seconds to the user's SECONDS. To bash it is a clock, so it is taken from the environment
# that the script began with.
env_seconds() {
	seconds=$(tr '\0' '\n' <"/proc/$$/environ" | sed -n 's/^SECONDS=//p')
	: "${seconds:=$1}"
	[[ $seconds =~ ^[1-9][0-9]{0,4}$ ]] || die 2 "SECONDS=$seconds is no number of seconds" "try SECONDS=30"
}

# shellcheck disable=SC2034 # for who sources this
SELFTESTS=tools/testing/selftests/bpf

# test_names FILE.c...: the tests of test_progs that are in these files of prog_tests/
test_names() { sed -nE 's/^void (serial_)?test_([a-zA-Z0-9_]+)\((void)?\).*/\2/p' "$@" | LC_ALL=C sort; }

# stage_selftests: what a guest that runs test_progs gets as /selftests, in $KOUT/stage.
stage_selftests() {
	mkdir -p "$KOUT/stage"
	ln -f "$KOUT/selftests/test_progs" "$KOUT"/selftests/*.ko "$KOUT/stage/"
}

# json_rows FILE KEY...: the lines of FILE, fields between tabs, as an array of objects; what looks like a number is one.
# (In awk, so that a run that finds no root to run jq in can still tell.)
json_rows() {
	awk -F'\t' -v keys="${*:2}" '
		function value(s) {
			if (s ~ /^(0|[1-9][0-9]*)(\.[0-9]+)?$/) return s
			gsub(/[\\"]/, "\\\\&", s)
			gsub(/[[:cntrl:]]/, " ", s)
			return "\"" s "\""
		}
		BEGIN { n = split(keys, key, " "); printf "[" }
		{
			printf "%s\n{", (NR > 1 ? "," : "")
			for (i = 1; i <= n; i++) printf "%s\"%s\": %s", (i > 1 ? ", " : ""), key[i], value($i)
			printf "}"
		}
		END { print "]" }' "$1"
}

# matching_mutants DIRECTORY: the names of those there that match MUTANT, patterns with blanks between them, or all.
# choose_mutants DIRECTORY: set $mutants to these.
# head_of NAME FIELD: the lines "FIELD: ..." above a mutant's diff.
matching_mutants() {
	local m p patterns
	read -ra patterns <<<"${MUTANT:-*}" # not expanded to names of files
	for m in "$1"/*.patch; do
		m=$(basename "$m" .patch)
		for p in "${patterns[@]}"; do
			# shellcheck disable=SC2053 # a pattern is meant
			[[ $m != $p ]] || { echo "$m" && break; }
		done
	done
}
choose_mutants() {
	mutants_dir=$1
	mapfile -t mutants < <(matching_mutants "$1")
	[ ${#mutants[@]} -gt 0 ] || die 2 "no mutant matches MUTANT=${MUTANT:-}" "there are: $(MUTANT='' matching_mutants "$1" | paste -sd' ')"
}
head_of() { sed -n "/^diff /q; s/^$2: //p" "$mutants_dir/$1.patch"; }
