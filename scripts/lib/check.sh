# shellcheck shell=bash
# What the checks share; source it first: it reads the settings, and gives git, in_root and in_check. scripts/check says
# what a check gets and how it ends.
# shellcheck source=common.sh
. "$TOP/scripts/lib/common.sh"
# shellcheck source=series.sh
. "$TOP/scripts/lib/series.sh"
# shellcheck source=debian.sh
. "$TOP/scripts/lib/debian.sh"
load_base

end() { # STATUS LINE
	printf '%s\n' "$2"
	exit "$1"
}
pass() { end 0 "$1"; }
nothing() { end 0 "nothing to check: $1"; }
warning() { end 250 "$1"; }
skip() { end 251 "$1"; }
awaiting() { end 252 "awaiting a person: $1"; }
fail() { end 1 "$1"; }

in_check() { in_side_root check "$SUITE" "$@"; }

# wants TOOL PACKAGE...: pairs. Without one of them the check is a skip, with the line that installs it.
wants() {
	local tools=() packages=()
	[ "$TOOLCHAIN" = host ] || [ -d "$(side_root check "$SUITE")/usr" ] ||
		skip "no $1: the root of scripts/lib/check.list is not there; with the network, this makes it: make check"
	while [ $# -gt 0 ]; do
		# shellcheck disable=SC2016 # for the inner shell
		in_check sh -c 'command -v "$1"' sh "$1" >/dev/null 2>&1 || { tools+=("$1") packages+=("$2"); }
		shift 2
	done
	[ ${#tools[@]} -gt 0 ] || return 0
	[ "$TOOLCHAIN" = host ] || skip "no ${tools[*]}; add to scripts/lib/check.list: $(printf '"trixie %s" ' "${packages[@]}")"
	skip "no ${tools[*]}; install it with: apt-get install ${packages[*]}"
}

# Files that the patch adds or modifies.
changed() { git -C "$REPO" diff --no-renames --name-only --diff-filter="${filter:-AM}" "$COMMIT^" "$COMMIT" -- "$@"; }

# extract COMMIT DIRECTORY FILE...: those of the files that are there.
extract() {
	local f
	for f in "${@:3}"; do
		mkdir -p "$2/$(dirname "$f")"
		git -C "$REPO" show "$1:$f" >"$2/$f" 2>/dev/null || rm -f "$2/$f"
	done
}

# new_findings BEFORE AFTER: lines of AFTER that are not, or not as often, in BEFORE.
new_findings() {
	diff <(sort "$1" | uniq -c | sed 's/^ *//') <(sort "$2" | uniq -c | sed 's/^ *//') | sed -n 's/^> [0-9]* //p' || true
}

scratch() { # sets $dir, until this check ends
	dir=$(mktemp -d)
	on_exit "rm -rf '$dir'"
}

# is_of_series DIRECTORY: what build-kernel left there is a kernel of these patches; a warning ends the check if it is not.
is_of_series() {
	local built
	read -r built _ <"$1/.built" || true
	[ "$(git -C "$TREE" rev-parse -q --verify "$built^{tree}" 2>/dev/null)" = "$(git -C "$REPO" rev-parse 'HEAD^{tree}')" ] ||
		warning "the kernel in $1 is of commit ${built:-unknown}, the series is $(git -C "$REPO" rev-parse HEAD): make kernel"
}
