# shellcheck shell=bash
# The series as git sees it; sourced by tree, refresh, check. After load_base.

# git with nobody's personal settings, so that the same series gives the same commits and mails everywhere.
git() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=bpf-async GIT_AUTHOR_EMAIL=bpf-async@localhost.invalid \
		GIT_COMMITTER_NAME=bpf-async GIT_COMMITTER_EMAIL=bpf-async@localhost.invalid GIT_TERMINAL_PROMPT=0 command git "$@"
}

series_mails() { [ ! -f "$1/series" ] || sed 's/#.*//; /^[[:space:]]*$/d' "$1/series"; }

# A hash of all that decides what the tree holds: the base commit and the mails in their order.
series_key() { # PATCHES BASE-COMMIT
	local mail
	{
		echo "$2"
		series_mails "$1" | while read -r mail; do
			echo "$mail"
			cat "$1/$mail" || die 3 "$1/series names $mail, which is not there"
		done
	} | sha256sum | cut -c1-16
}

# What a tree holds beyond the mails that it was made from or written to; nothing if all is in patches/.
local_work() { # TREE
	local dirty
	if [ -d "$1/.git/rebase-apply" ] || [ -d "$1/.git/rebase-merge" ]; then
		echo "a rebase or am in progress"
		return
	fi
	dirty=$(git -C "$1" status --porcelain | wc -l)
	[ "$dirty" -eq 0 ] || echo "$dirty changed files"
	[ "$(git -C "$1" rev-parse -q --verify HEAD)" = "$(git -C "$1" rev-parse -q --verify refs/bpf-async/series)" ] ||
		echo "commits that are not in the mails"
}

# apply_series PATCHES REPO COMMIT SCRATCH: apply the mails on top of COMMIT of REPO in a new bare-bones repository
# SCRATCH, which borrows REPO's objects, and leave the result as SCRATCH's HEAD. REPO is not touched, and no kernel
# tree is checked out: git takes from the index what a patch needs.
apply_series() {
	local patches=$1 repo=$2 commit=$3 scratch=$4 mail out
	git init -q -b series "$scratch"
	git -C "$repo" rev-parse --path-format=absolute --git-path objects >"$scratch/.git/objects/info/alternates"
	git -C "$scratch" config gc.auto 0
	git -C "$scratch" update-ref refs/heads/series "$commit"
	git -C "$scratch" update-ref refs/tags/base "$commit"
	git -C "$scratch" read-tree HEAD
	# these say how git finds the function that a hunk is in, and it reads them from files only
	git -C "$scratch" ls-files -z '*.gitattributes' | git -C "$scratch" checkout-index -q -f -z --stdin
	while read -r mail; do
		[ -f "$patches/$mail" ] || die 3 "$patches/series names $mail, which is not there"
		out=$(git -C "$scratch" am -q --keep-non-patch --committer-date-is-author-date "$patches/$mail" 2>&1) ||
			die 3 "$mail does not apply to $BASE (Linux ${BASE_VERSION})" \
				"$(failing_hunk "$scratch" "$out")" "mend it in a tree that it applies to, then: make refresh"
	done < <(series_mails "$patches")
}

# "kernel/bpf/helpers.c, hunk 3 (at line 1179)", from git's words and the patch that stopped it.
failing_hunk() {
	local scratch=$1 out=$2 detail
	detail=$(git -C "$scratch" apply --cached --reject --verbose "$scratch/.git/rebase-apply/patch" 2>&1 |
		sed -n 's/^error: patch failed: \(.*\):\([0-9]*\)$/\1, near line \2/p; s/^Rejected hunk #\([0-9]*\)\.$/hunk \1/p; /while searching/d; s/^error: //p' |
		awk '!seen[$0]++' | head -n4 | paste -sd';')
	echo "${detail:-$(tail -n3 <<<"$out" | paste -sd' ')}"
}

# A long series goes out in several postings. Each has a cover letter: 0000-cover-letter.patch for the patches from the
# first on, 0000-cover-letter-from-16.patch for those from the 16th on.
postings() { # PATCHES NUMBER-OF-PATCHES; prints a line for each: FIRST LAST COVER
	local first next=$(($2 + 1)) lines=''
	for first in $(cd "$1" && printf '%s\n' 0000-cover-letter-from-*.patch | sed -n 's/.*-from-\([0-9]*\)\.patch$/\1/p' | sort -rn) 1; do
		lines="$first $((next - 1)) $1/0000-cover-letter$([ "$first" -eq 1 ] || echo "-from-$first").patch"$'\n'$lines
		next=$first
	done
	printf %s "$lines"
}

# The mails as they were at a commit of this repository become refs/previous of REPO; they are left in SCRATCH/PATCHES.
previous_series() { # COMMIT REPO SCRATCH
	local place=${PATCHES#"$TOP"/}
	mkdir -p "$3"
	git -C "$TOP" archive "$1" "$place" | tar -x -C "$3"
	(apply_series "$3/$place" "$2" "$(git -C "$2" rev-parse base)" "$3/repo") || return 1
	git -C "$2" fetch -q --no-write-fetch-head "$3/repo" +HEAD:refs/previous
}

# The kernel's get_maintainer.pl. DIRECTORY, which it sees as /out, has the MAINTAINERS that counts and the mails.
get_maintainer() { # DIRECTORY ARGUMENT...
	OUT=$1 in_root env -C /linux perl scripts/get_maintainer.pl --mpath /out/MAINTAINERS --no-git --no-git-fallback "${@:2}"
}
