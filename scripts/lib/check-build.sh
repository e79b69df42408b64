# shellcheck shell=bash
# How the build_* checks build: what a patch touches, before and after it, with W=1. Source it after check.sh.
#
# FLAVOUR is the name of build/BASE/check/FLAVOUR: tree, a work tree that moves from patch to patch (its files are hard links
# to those of one check-out, so it costs little), and out, an O= directory whose objects are kept. What was said of an object
# when it was last compiled is in out/said/OBJECT.

# The objects to look at: of the .c files that the patch changes, and of those that include a header that it changes. Files
# that only include such a header by another are left to the kernels that make test builds, of the whole series only. A
# header that no file includes is compiled alone, by a file DIRECTORY/NAME_h.c that is made for it.
WHERE=(kernel mm/memcontrol.c net/core net/bpf security/bpf)
touched() { changed '*.c' ':!tools' ':!Documentation' ':!samples' ':!arch' "${arch_code[@]}"; }
headers() { changed '*.h' ':!tools' ':!samples'; }
users() { # HEADER
	git -C "$REPO" grep -lE "^#include [<\"]((../)*include/)?(${1#include/}|$(basename "$1"))[>\"]" "$COMMIT" -- \
		"${WHERE[@]/%//*.c}" "${WHERE[@]}" | sed -n 's/^[^:]*:\(.*\.c\)$/\1/p' || true
}
all_users() { headers | while read -r header; do users "$header"; done; }
alone() {
	headers | while read -r header; do
		[ -n "$(users "$header")" ] || ! git -C "$REPO" cat-file -e "$COMMIT:$(dirname "$header")/Makefile" 2>/dev/null || echo "${header%.h}_h.c"
	done
}
write_alone() { alone | while read -r file; do echo "#include \"$(basename "${file%_h.c}.h")\"" >"$TREE/$file"; done; }

# prepare_tree FLAVOUR: $TREE becomes that flavour's work tree, which has the series' commits.
prepare_tree() {
	local shared=$BUILD/check/tree tree=$BUILD/check/$1/tree
	lock "$BUILD/check/$1/.lock" "the build directory $BUILD/check/$1"
	need_space "$BUILD" 3000 "the trees of the checks"
	[ -d "$tree" ] || ( # a lock that ends here
		lock "$BUILD/check/.lock-tree" "the check-out of the checks"
		if [ ! -d "$shared" ]; then
			rm -rf "$shared.new"
			git clone -q --shared --no-checkout "$TREE" "$shared.new"
			git -C "$shared.new" checkout -q --detach base
			mv -T "$shared.new" "$shared"
		fi
		rm -rf "$tree.new"
		cp -al "$shared" "$tree.new"
		# a link more is no change of the file
		git -C "$tree.new" config core.trustctime false
		git -C "$tree.new" config core.checkStat minimal
		mv -T "$tree.new" "$tree"
	)
	export TREE=$tree
	git -C "$TREE" fetch -q --no-write-fetch-head "$REPO" HEAD
}

# prepare_flavour FLAVOUR FRAGMENTS-OF MAKE-VARIABLE...
prepare_flavour() {
	local fragments=$2 t
	export OUT=$BUILD/check/$1/out
	variables=("${@:3}") arch_code=("arch/${fragments%_64}/*.c")
	prepare_tree "$1"
	[ ! -f "$OUT/.busy" ] || rm -rf "$OUT" # a run was cut: objects may be there whose warnings were not noted
	mkdir -p "$OUT/said"
	[ -f "$OUT/.config" ] && return 0
	at "$COMMIT^"
	build -s allnoconfig
	for t in boot bpf nmi; do
		cat "$TOP/configs/$t.config"
		[ ! -f "$TOP/configs/$t.$fragments.config" ] || cat "$TOP/configs/$t.$fragments.config"
	done >>"$OUT/.config"
	build -s olddefconfig
}

at() { git -C "$TREE" checkout -q --detach -f "$1"; }
build() { in_check make -C /linux O=/out -j"$JOBS" "${variables[@]}" "$@"; }

# Compile the objects as far as they are not up to date; what is said of each goes to out/said, without line numbers.
compile() { # OBJECT...
	: >"$OUT/.busy"
	build -s prepare || fail "make prepare failed"
	build -k -Otarget W=1 "$@" 2>&1 | tee /dev/stderr | said || true
	rm "$OUT/.busy"
}
said() {
	awk -v out="$OUT/said/" '
		/^  CC / { object = $NF; gsub("/", "_", object); printf "" >(out object); next }
		/^  CHECK / { next }
		/^  [A-Z]+ / { object = "" }
		object && /(warning|error): / { sub(/^\/linux\//, ""); gsub(/:[0-9]+(:[0-9]+)?:/, ":"); print >(out object) }'
}

# sparse wants a declaration of each kfunc; the macros around kfuncs keep gcc from asking for one.
kfuncs() {
	git -C "$REPO" grep -hE '^__bpf_kfunc [a-z].*\(' "$COMMIT" -- "${files[@]}" |
		sed -n "s/^__bpf_kfunc [a-z].*[ *]\([a-z0-9_]*\)(.*/symbol '\1' was not declared/p"
	echo "no such line" # grep -F with an empty pattern would match everything
}

what_was_said() {
	for o in "${objects[@]}"; do cat "$OUT/said/${o//\//_}" 2>/dev/null; done | grep -vF "$(kfuncs)" || true
}

check_build() { # FLAVOUR FRAGMENTS-OF MAKE-VARIABLE...
	local files objects o new missing=()
	arch_code=("arch/${2%_64}/*.c")
	mapfile -t files < <({ touched && all_users && alone; } | sort -u)
	[ ${#files[@]} -gt 0 ] || nothing "changes nothing that is compiled into a kernel"
	objects=("${files[@]/%.c/.o}")
	prepare_flavour "$@"
	scratch
	at "$COMMIT^"
	for o in "${objects[@]}"; do # what is not there yet has said nothing, whatever an earlier run left
		[ -f "$TREE/${o%.o}.c" ] || rm -f "$OUT/$o" "$OUT/said/${o//\//_}"
	done
	compile "${objects[@]}"
	# shellcheck disable=SC2154 # scratch sets it
	what_was_said >"$dir/before"
	at "$COMMIT"
	write_alone
	compile "${objects[@]}"
	what_was_said >"$dir/after"
	while read -r o; do [ -f "$OUT/${o%.c}.o" ] || missing+=("$o"); done < <(touched && alone)
	alone | sed "s,^,$TREE/," | xargs -r rm
	new=$(new_findings "$dir/before" "$dir/after")
	[ -z "$new" ] || printf '%s\n' "" "new:" "$new"
	[ ${#missing[@]} -eq 0 ] || fail "does not build: ${missing[*]}: $(grep -m1 'error: ' <<<"$new")"
	[ -z "$new" ] || fail "$(wc -l <<<"$new") new warnings, the first: $(head -n1 <<<"$new")"
	pass "$(wc -l <"$dir/before") warnings before, $(wc -l <"$dir/after") after, none new, in ${#objects[@]} objects: $(basename -a "${objects[@]}" | head -n4 | paste -sd' ')$([ ${#objects[@]} -le 4 ] || echo ' ...')"
}
