# shellcheck shell=bash
# What a run depends on, as a hash that goes into its metadata.json: the report knows by it whether the run is of the
# present tree. A commit would not do: one that was rebased is gone, and with it what its figures are of. Source it
# after common.sh, and call load_base first.
#
# Needs git, perl. Leaves nothing.

RUN_PARTS="bench demo measure test torture regress mutants prove test-scripts check"

# What a part's runs depend on: files of the kernel tree that the mails change (a pattern of what counts), and files here.
depends_on() { # PART: sets $code and $files
	local kernel='(?!Documentation/|MAINTAINERS|tools/)' selftests='tools/testing/selftests/bpf/' bench='(bench|.*async_(bench|probe)|.*bench_async)'
	local configs=(configs ':!configs/regress*') guest=(guest ':!guest/regress*')
	files=("bases/$BASE.env" "${configs[@]}" "${guest[@]}")
	case $1 in
	bench) code="$kernel|$selftests$bench" files=(bases "${configs[@]}" "${guest[@]}") ;;
	demo | measure) code=$kernel files+=(examples ':!examples/README.md') ;;
	test) code="$kernel|$selftests(?!$bench)" files+=(examples ':!examples/README.md') ;;
	torture) code="$kernel|$selftests(test_kmods/|.*(async_torture|timer_helpers))" files=("bases/$BASE.env" "${configs[@]}" guest/torture) ;;
	regress) code="$kernel|$selftests" files=("bases/$BASE.env" configs 'guest/regress*' guest/init) ;;
	mutants) code="$kernel|$selftests(?!$bench)" files+=(model/mutants) ;;
	prove) code='kernel/bpf/async_cell.h|tools/testing/bpf_async/|Documentation/litmus-tests/' files=(model) ;;
	test-scripts) code='$^' files=(scripts tests checks guest) ;;
	check) code='' files=(patches checks configs) ;;
	esac
}

# Lines FILE BLOB: what each file that the mails change and that counts is after the last of them. How the change is
# cut into mails, and what these say, does not matter.
code_after_mails() { # PATTERN
	cat "$PATCHES"/*.patch /dev/null 2>/dev/null | perl -ne 'BEGIN { $re = shift }
		if (m{^diff --git a/\S+ b/(\S+)}) { $file = $1 }
		elsif (/^rename from (\S+)/) { $blob{$1} = "renamed to $file" }
		elsif (/^index [0-9a-f]+\.\.([0-9a-f]{1,12})/) { $blob{$file} = $1 }
		END { for (sort keys %blob) { print "$_ $blob{$_}\n" if /^(?:$re)/ } }' -- "$1"
}

# What the files here have in them, committed or not.
files_here() { # PATHSPEC...
	(cd "$TOP" && git ls-files -z --cached --others --exclude-standard -- "$@" | LC_ALL=C sort -zu | xargs -0r sha256sum 2>/dev/null) || true # not of one that was deleted
}

depends_hash() { # PART
	local code files
	depends_on "$1"
	{ code_after_mails "$code" && files_here "${files[@]}"; } | sha256sum | cut -c1-16
}

# Lines PART HASH, of all parts.
present_tree() {
	local part
	for part in $RUN_PARTS; do printf '%s\t%s\n' "$part" "$(depends_hash "$part")"; done
}

# part_of DIRECTORY: the part that a run in results/TIME-WHAT is of; nothing for one that the report does not look at.
part_of() {
	local what=${1##*/} part
	what=${what#*-}
	for part in $RUN_PARTS; do
		[[ ! $what =~ ^${part}[0-9]*$ ]] || { echo "$part" && return 0; }
	done
	[[ ! $what =~ ^(test|torture)-(x86_64|arm64)-[a-z]+[0-9]*$ ]] || echo "${BASH_REMATCH[1]}"
}
