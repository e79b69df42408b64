#!/usr/bin/env bats
# What `make check` does with bad input, and that each check sees what it is there for.
#
# Works on a copy of the scripts with a toy tree: a base, and one patch that a test makes. The checks of tools take the root
# of scripts/lib/check.list if it has been made (make check), and are skipped without it.

load says

setup() {
	REAL=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR"
	mkdir repo
	cp -r "$REAL"/{Makefile,scripts,bases,checks,configs} repo/
	cd repo
	unset ARCH KERNEL SOURCE BPF_ASYNC_LOCKS BPF_ASYNC_ROOT PATCH ONLY LEAVE SHOW LINUX_GIT
	real_cache=${BPF_ASYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bpf-async}
	export BPF_ASYNC_CACHE=$BATS_TEST_TMPDIR/cache TOP=$PWD BASE=v6.19 TOOLCHAIN=root GIT_CONFIG_GLOBAL=/dev/null JOBS=1
	export GIT_AUTHOR_NAME=bpf-async GIT_AUTHOR_EMAIL=bpf-async@localhost.invalid
	export GIT_COMMITTER_NAME=bpf-async GIT_COMMITTER_EMAIL=bpf-async@localhost.invalid
	export REPO=$PWD/tree TREE=$PWD/tree PATCHES=$PWD/patches/v6.19
	mkdir -p "$BPF_ASYNC_CACHE" "$PATCHES" tree/kernel/bpf tree/tools/testing/selftests/bpf/{progs,prog_tests}
	printf '/* a */\nint two(void);\n\nint two(void)\n{\n\treturn 2;\n}\n' >tree/kernel/bpf/toy.c
	printf 'CONFIG_A=y\nCONFIG_C=y\nCONFIG_B=y\n' >tree/tools/testing/selftests/bpf/config
	# what the build checks call: objects by the compiler that they ask for, sparse for C=1
	cat >tree/Makefile <<-'MAKE'
		.RECIPEPREFIX = >
		VPATH = /linux
		ifneq ($(LLVM),)
		CC := clang-19 $(if $(filter arm64,$(ARCH)),--target=aarch64-linux-gnu)
		else
		CC := $(CROSS_COMPILE)gcc $(if $(filter i386,$(ARCH)),-m32)
		endif
		htmldocs:
		> @grep -rn WARNING /linux/$(SPHINXDIRS:%=Documentation/%) | sed 's/WARNING/ &/'
		> @echo "The HTML pages are in $(O)."
		allnoconfig olddefconfig prepare:
		> @mkdir -p $(O) && touch $(O)/.config
		%.o: %.c FORCE
		> @mkdir -p $(O)/$(@D)
		> @echo "  CC      $@"
		> @rm -f $(O)/$@
		> @$(CC) -Wall -Wextra -c -o $(O)/$@ /linux/$(@:.o=.c)
		> $(if $(C),@sparse -Wdecl /linux/$(@:.o=.c))
		FORCE:
		.PHONY: htmldocs allnoconfig olddefconfig prepare FORCE
	MAKE
	git init -q -b series tree
	git -C tree add -A && git -C tree commit -qm base && git -C tree tag base
}
why=$'A patch of a test needs a text that explains it\nat some length, so that the check of the message\nhas nothing to say.'
patch() { # SUBJECT [BODY]: what is changed in the tree becomes the patch
	git -C tree add -A && git -C tree commit -qm "$1"$'\n\n'"${2:-$why}"
	export MAIL COMMIT
	MAIL=$(git -C tree format-patch -1 -o "$PATCHES" --zero-commit --no-signature)
	(cd "$PATCHES" && ls 0*.patch) >"$PATCHES/series"
	COMMIT=$(git -C tree rev-parse HEAD)
}
roots() {
	local root
	root=$(BPF_ASYNC_CACHE=$real_cache bash -c '. "$TOP/scripts/lib/check.sh" && side_root check "$SUITE"')
	[ -d "$root/usr" ] || skip "no $root: make check makes it"
	ln -s "$root" "$BPF_ASYNC_CACHE/"
}
check() { run "checks/$1/run"; }

@test "a missing tool: a skip with its name and what installs it, for every check that wants one" {
	echo 'int three;' >>tree/kernel/bpf/toy.c
	patch "bpf: Three"
	for c in build_warn build_clang build_32bit build_arm64 build_arm64_clang checkpatch kdoc coccicheck; do
		check "patch/$c"
		says 251 "no " "this makes it: make check"
	done
	check series/cc_maintainers
	says 251 "no perl"
}

@test "with the host's tools a missing one is named with apt-get's line" {
	echo 'int three;' >>tree/kernel/bpf/toy.c
	patch "bpf: Three"
	run env TOOLCHAIN=host bash -c '. scripts/lib/check.sh && wants no-such-tool no-such-package'
	says 251 "no no-such-tool; install it with: apt-get install no-such-package"
}

@test "build: a new warning, of the compiler or of sparse, fails each of them; a moved one does not" {
	roots
	sed -i '1i /* moved */' tree/kernel/bpf/toy.c
	patch "bpf: Move"
	for c in build_warn build_clang build_32bit build_arm64 build_arm64_clang; do
		check "patch/$c"
		says 0 "none new, in 1 objects"
	done
	printf 'int four(void);\nint four(void)\n{\n\tint unused;\n\treturn 4;\n}\n' >>tree/kernel/bpf/toy.c
	patch "bpf: Four"
	for c in build_warn build_clang build_32bit build_arm64 build_arm64_clang; do
		check "patch/$c"
		says 1 "new warnings" "unused"
	done
	echo 'int five = 1 +;' >>tree/kernel/bpf/toy.c
	patch "bpf: Five"
	check patch/build_arm64
	says 1 "does not build: kernel/bpf/toy.c"
	sed -i '$d' tree/kernel/bpf/toy.c
	printf '_Static_assert(sizeof(void *) == 8, "64");\n' >>tree/kernel/bpf/toy.c
	patch "bpf: Six"
	check patch/build_32bit
	says 1 "does not build"
	check patch/build_warn
	says 0
	echo 'int not_static;' >>tree/kernel/bpf/toy.c
	patch "bpf: Seven"
	check patch/build_warn
	says 1 "was not declared"
}

@test "build: a header that nothing includes yet is compiled alone, and so is a new file each time" {
	roots
	touch tree/kernel/bpf/Makefile
	printf 'static inline int lone(void) { return 1; }\n' >tree/kernel/bpf/lone.h
	patch "bpf: Lone"
	check patch/build_warn
	says 0 "none new, in 1 objects: lone_h.o"
	printf 'static inline int four(void) { int unused; return 4; }\n' >>tree/kernel/bpf/lone.h
	patch "bpf: Four"
	check patch/build_warn
	says 1 "1 new warnings" "unused"
	printf 'int five(void);\nint five(void)\n{\n\tint never;\n\treturn 5;\n}\n' >tree/kernel/bpf/new.c
	patch "bpf: Five"
	for again in 1 2; do
		check patch/build_warn
		says 1 "1 new warnings" "never"
	done
	printf '#include "lone.h"\nint six(void);\nint six(void)\n{\n\treturn four();\n}\n' >tree/kernel/bpf/new.c
	sed -i 's/1;/1; ;/' tree/kernel/bpf/lone.h
	patch "bpf: Six"
	check patch/build_warn
	says 1 "1 new warnings" "unused"
	[[ $output != *lone_h* ]]
	printf 'static inline int bad(void) { return }\n' >tree/kernel/bpf/other.h
	patch "bpf: Bad"
	check patch/build_warn
	says 1 "does not build: kernel/bpf/other_h.c"
	[ -z "$(find build -name '*_h.c')" ]
}

@test "checkpatch, kdoc, coccicheck: what they find, and what is accepted" {
	roots
	[ -d "$REAL/build/v6.19/tree/scripts" ] || skip "make tree first"
	cp -r "$REAL/build/v6.19/tree/scripts" tree/scripts
	mkdir -p tree/tools && cp -r "$REAL/build/v6.19/tree/tools/lib" tree/tools/ 2>/dev/null || true
	rm -rf tree/scripts/coccinelle
	mkdir -p tree/{Documentation,arch,include,drivers,fs,init,ipc,lib}
	touch tree/{COPYING,CREDITS,Kbuild,MAINTAINERS,README}
	mkdir -p tree/scripts/coccinelle/free && cp "$REAL/build/v6.19/tree/scripts/coccinelle/free/ifnullfree.cocci" tree/scripts/coccinelle/free/
	git -C tree add -A && git -C tree commit -qm base && git -C tree tag -f base
	printf '/* %s */\n' "$(printf 'x%.0s' {1..99})" >>tree/kernel/bpf/toy.c
	patch "bpf: Long"
	check patch/checkpatch
	says 250 "LONG_LINE"
	printf '/* %s */\n' "$(printf 'x%.0s' {1..90})" >tree/tools/testing/selftests/bpf/progs/long.c
	patch "selftests/bpf: Long, which is accepted"
	check patch/checkpatch
	[[ $output != *"not accepted:"*LONG_LINE* ]]
	printf 'int bad(int x) {\n\tif(x){\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n' >>tree/kernel/bpf/toy.c
	patch "bpf: Bad style"
	check patch/checkpatch
	says 1 "errors"
	printf '/**\n * seven() - has an argument\n */\nint seven(int undescribed)\n{\n\treturn undescribed;\n}\n' >>tree/kernel/bpf/toy.c
	patch "bpf: Undescribed"
	check patch/kdoc
	says 1 "undescribed"
	check patch/coccicheck
	says 0 "none new"
	printf 'void eight(void *p)\n{\n\tif (p)\n\t\tkfree(p);\n}\n' >>tree/kernel/bpf/toy.c
	patch "bpf: Eight"
	check patch/coccicheck
	says 1 "1 new findings" "NULL check"
}

@test "apply: a hunk that is not where the mail says" {
	sed -i 's/return 2/return 3/' tree/kernel/bpf/toy.c
	patch "bpf: Three"
	check patch/apply
	says 0 "without fuzz or offset"
	sed -i 's/^@@ -\([0-9]*\),\([0-9]*\) +\([0-9]*\)/@@ -\1\x30,\2 +\3\x30/' "$MAIL"
	check patch/apply
	says 250 "hunks are not where the mail says"
}

@test "message: each thing that may be wrong with a mail" {
	sed -i 's/return 2/return 3/' tree/kernel/bpf/toy.c
	patch "bpf: Three"
	check patch/message
	says 0 "bpf: Three"
	cp "$MAIL" mail
	sed -i 's/^From: .*/From: Some Body <some@body.invalid>/' "$MAIL"
	check patch/message
	says 1 "From: is not bpf-async"
	sed 's/^has nothing to say\./&\n\nReviewed-by: Some Body <some@body.invalid>/' mail >"$MAIL"
	check patch/message
	says 1 "names people: Reviewed-by: Some Body"
	sed 's/bpf: Three/bpf: three/' mail >"$MAIL"
	check patch/message
	says 1 "capital letter"
	sed "s/bpf: Three/bpf: T$(printf 'h%.0s' {1..75})/" mail >"$MAIL"
	check patch/message
	says 1 "more than 75"
	cp mail "$MAIL"
	git -C tree commit -q --amend -m "bpf: Three"$'\n\n'"So be it."
	COMMIT=$(git -C tree rev-parse HEAD) check patch/message
	says 1 "the text has only 3 words"
	git -C tree commit -q --amend -m "bpf: Three"$'\n\n'"$why $(printf 'and so on %.0s' {1..10})"
	COMMIT=$(git -C tree rev-parse HEAD) check patch/message
	says 250 "longer than 75"
	echo 'int three;  ' >>tree/kernel/bpf/toy.c
	patch "bpf: Blanks"
	check patch/message
	says 1 "whitespace errors"
}

@test "range_diff: what changed since the mails of the last commit, and a revision that does not apply" {
	sed -i 's/return 2/return 3/' tree/kernel/bpf/toy.c
	patch "bpf: Three"
	git init -q . && git add patches && git commit -qm one
	check series/range_diff
	says 0 "nothing to check: no previous revision"
	rm "$PATCHES"/*
	sed -i 's/return 3/return 4/' tree/kernel/bpf/toy.c
	git -C tree reset -q --soft base
	patch "bpf: Three"
	check series/range_diff
	says 0 "0 the same, 1 changed, 0 new, 0 gone" "return 4"
	rm "$PATCHES"/*
	git -C tree reset -q --hard base
	echo 'int five;' >tree/kernel/bpf/five.c
	patch "bpf: Five"
	check series/range_diff
	says 0 "0 the same, 0 changed, 1 new, 1 gone"
	git -C tree checkout -q base && echo other >tree/kernel/bpf/toy.c && patch "bpf: Other base" && git -C tree tag -f base
	check series/range_diff
	says 250 "the previous revision, $(git rev-parse --short=12 HEAD), does not apply"
}

@test "cc_maintainers: a patch without a maintainer or a list, a directory that is nobody's" {
	roots
	[ -f "$REAL/build/v6.19/tree/scripts/get_maintainer.pl" ] || skip "make tree first"
	mkdir -p tree/{scripts,Documentation,arch,include,drivers,fs,init,ipc,lib}
	cp "$REAL/build/v6.19/tree/scripts/get_maintainer.pl" tree/scripts/
	touch tree/{COPYING,CREDITS,Kbuild,README}
	printf 'List\n\nTOY\nM:\tAnn One <ann@toy.invalid>\nL:\ttoy@lists.invalid\nF:\tkernel/bpf/\n\nTHE REST\nM:\tRest Er <rest@toy.invalid>\nL:\tlinux-kernel@vger.kernel.org\nF:\t*\nF:\t*/\n' >tree/MAINTAINERS
	git -C tree add -A && git -C tree commit -qm base && git -C tree tag -f base
	echo 'int three;' >>tree/kernel/bpf/toy.c
	echo 'int new;' >tree/kernel/bpf/new.c
	patch "bpf: Three"
	check series/cc_maintainers
	says 0 "ann@toy.invalid" "every patch has a maintainer and a list"
	sed -i '/^TOY/,/^L:/{/^[ML]:/d}' tree/MAINTAINERS
	git -C tree add -A && git -C tree commit -q --amend --no-edit
	check series/cc_maintainers
	says 250 "0001 has no list but linux-kernel"
	git -C tree reset -q --hard base
	rm "$PATCHES"/*
	mkdir tree/tools/toy && echo x >tree/tools/toy/x
	patch "tools: Nobody's"
	check series/cc_maintainers
	says 250 "tools/toy/ is covered by THE REST only"
}

@test "sizes: an object that has grown out of its slab; a kernel that is not there, or of other patches" {
	roots
	sed -i 's/return 2/return 3/' tree/kernel/bpf/toy.c
	patch "bpf: Three"
	check series/sizes
	says 250 "no patched kernel is built: make kernel"
	out=build/v6.19/x86_64-plain/patched
	mkdir -p $out
	vmlinux 192
	echo nothing >$out/.built
	check series/sizes
	says 250 "is of commit nothing" "make kernel"
	echo "$COMMIT" >$out/.built
	check series/sizes
	says 0 "bpf_hrtimer 192" "no base kernel to compare"
	vmlinux 193
	check series/sizes
	says 1 "bpf_hrtimer has 193 bytes, more than 192"
	rm "$BPF_ASYNC_CACHE"/root-check-*
	check series/sizes
	says 251 "no pahole" "this makes it: make check"
}
vmlinux() { # BYTES of a timer
	printf 'struct bpf_hrtimer { char x[%d]; } a;\nstruct bpf_work { char x[192]; } b;\nstruct bpf_timer { char x[16]; } c;\nstruct bpf_wq { char x[16]; } d;\nint main(void) { return 0; }\n' "$1" >$out/toy.c
	bash -c '. scripts/lib/check.sh && in_check gcc -g -o "/repo/$1/toy" "/repo/$1/toy.c" && in_check pahole --btf_encode_detached="/repo/$1/btf" "/repo/$1/toy" &&
		in_check objcopy --add-section .BTF="/repo/$1/btf" "/repo/$1/toy" "/repo/$1/vmlinux"' bash "$out"
}

# Stands for builds and guests: notes what it was asked for, and says what the file `guest` has.
stubs() {
	printf '#!/bin/sh\necho "$(basename "$0") $* $(git -C "$TREE" log -1 --format=%%s): $(paste -sd" " "$TESTS_LIST" 2>/dev/null)" >>"$TOP/asked"\n' >scripts/build-kernel
	cp scripts/build-kernel scripts/build-selftests
	cat >>scripts/build-selftests <<-'STUB'
		out=${BUILD_TOP:-$TOP/build}/$BASE/$ARCH-$KERNEL/selftests
		mkdir -p "$out" && touch "$out/test_progs" "$out/bpf_testmod.ko" "$out/toy.bpf.o" "$out/veristat"
	STUB
	cat >scripts/vm <<-'STUB'
		#!/bin/sh
		echo "vm $*" >>"$TOP/asked"
		while [ "$1" != --results ]; do shift; done
		mkdir -p "$2/guest" && cp "$TOP/guest" "$2/output.log"
		case $* in */base*) cp "$TOP/base.csv" "$2/guest/veristat.csv" ;; *) cp "$TOP/patched.csv" "$2/guest/veristat.csv" ;; esac 2>/dev/null
		! grep -q '[1-9] FAILED' "$TOP/guest"
	STUB
	chmod +x scripts/{vm,build-kernel,build-selftests}
	echo 'Summary: 5/17 PASSED, 0 SKIPPED, 0 FAILED' >guest
}

@test "test_progs: a fast part and what the patch changes, each in its own tree; failures, and runs of nothing" {
	stubs
	mkdir -p tree/tools/testing/selftests/bpf/prog_tests && touch tree/tools/testing/selftests/bpf/prog_tests/{timer,wq}.c
	git -C tree add -A && git -C tree commit -qm base && git -C tree tag -f base
	mkdir guest-list && printf 'timer\nwq\nasync_nmi # new\nverifier/verifier_no\n' >guest-list/tests.list
	sed -i 's,guest/tests.list,guest-list/tests.list,' checks/patch/test_progs/run
	mkdir tree/Documentation && echo text >tree/Documentation/a.rst
	patch "docs: Text"
	check patch/test_progs
	says 0 "nothing to check: changes neither"
	echo 'int three;' >>tree/kernel/bpf/toy.c
	patch "bpf: Three"
	check patch/test_progs
	says 0 "boots; test_progs: 5/17 PASSED" "(free_timer,timer,timer_crash,timer_mim,wq)"
	grep -q 'build-selftests  bpf: Three: timer wq$' asked
	grep -q 'build-kernel patched bpf: Three' asked
	printf '#include "fast.skel.h"\n' >tree/tools/testing/selftests/bpf/prog_tests/async_nmi.c
	touch tree/tools/testing/selftests/bpf/prog_tests/not_listed.c
	patch "selftests/bpf: Nmi"
	check patch/test_progs
	says 0 "(free_timer,timer,timer_crash,timer_mim,wq,async_nmi)"
	grep -q 'build-selftests  selftests/bpf: Nmi: timer wq async_nmi$' asked
	echo 'int x;' >tree/tools/testing/selftests/bpf/progs/fast.c
	patch "selftests/bpf: What it loads"
	check patch/test_progs
	says 0 "wq,async_nmi)"
	echo 'Summary: 0/0 PASSED, 0 SKIPPED, 0 FAILED' >guest
	check patch/test_progs
	says 1 "no test ran"
	echo 'Summary: 4/16 PASSED, 0 SKIPPED, 1 FAILED' >guest
	check patch/test_progs
	says 1 "the guest: " "1 FAILED"
	printf '#!/bin/sh\nexit 3\n' >scripts/build-kernel
	check patch/test_progs
	says 1 "build-kernel failed"
}

@test "veristat: a program that is refused now, instructions that grew, kernels that are not there or of other patches" {
	stubs
	echo 'int three;' >>tree/kernel/bpf/toy.c
	patch "bpf: Three"
	check series/veristat
	says 250 "no patched kernel is built"
	for kind in base patched; do
		mkdir -p build/v6.19/x86_64-plain/$kind/arch/x86/boot
		touch build/v6.19/x86_64-plain/$kind/arch/x86/boot/bzImage
	done
	echo nothing >build/v6.19/x86_64-plain/patched/.built
	check series/veristat
	says 250 "is of commit nothing"
	echo "$COMMIT" >build/v6.19/x86_64-plain/patched/.built
	printf 'file_name,prog_name,verdict,total_insns,total_states\na.bpf.o,x,success,100,1\na.bpf.o,y,failure,7,1\n' >base.csv
	sed 's/y,failure/y,success/' base.csv >patched.csv
	check series/veristat
	says 0 "2 programs, 2 accepted, 1 of them only by the series; instructions verified of the others: 100 before, 100 after"
	sed 's/100/102/' base.csv >patched.csv
	check series/veristat
	says 250 "100 before, 102 after"
	sed 's/x,success/x,failure/; s/y,failure/y,success/' base.csv >patched.csv
	check series/veristat
	says 1 "1 programs are refused now, the first: refused now: a.bpf.o x"
	head -n1 base.csv >patched.csv
	check series/veristat
	says 1 "no program was loaded"
}

@test "htmldocs: a new warning of a page that the series changes" {
	roots
	mkdir -p tree/Documentation/{bpf,other}
	echo 'WARNING: old' | tee tree/Documentation/bpf/old.rst >tree/Documentation/other/old.rst
	git -C tree add -A && git -C tree commit -qm base && git -C tree tag -f base
	echo 'int three;' >>tree/kernel/bpf/toy.c
	patch "bpf: Three"
	check series/htmldocs
	says 0 "nothing to check"
	sed -i '1i Text' tree/Documentation/bpf/old.rst
	patch "docs: Text"
	check series/htmldocs
	says 0 "Documentation/{bpf}: 1 warnings before, 1 after, none new"
	echo 'WARNING: new' >tree/Documentation/bpf/new.rst
	patch "docs: More text"
	check series/htmldocs
	says 1 "1 new warnings" "new.rst"
	printf 'htmldocs:\n\tfalse\n' >tree/Makefile
	patch "docs: Broken"
	check series/htmldocs
	says 1 "make htmldocs failed"
}

@test "helper_docs: a copy that lacks a change, a header that bpf_doc.py cannot read, a new warning of docutils" {
	roots
	header=include/uapi/linux/bpf.h
	mkdir -p tree/scripts tree/include/uapi/linux tree/tools/include/uapi/linux
	cat >tree/scripts/bpf_doc.py <<-'PY'
		import sys
		text = open(sys.argv[2]).read()
		sys.exit('cannot parse it') if 'broken' in text else print(text)
	PY
	echo 'Text.' | tee tree/$header >tree/tools/$header
	echo >>tree/$header # the copies differed before
	git -C tree add -A && git -C tree commit -qm base && git -C tree tag -f base
	echo 'int three;' >>tree/kernel/bpf/toy.c
	patch "bpf: Three"
	check series/helper_docs
	says 0 "nothing to check"
	echo 'More text.' >>tree/$header
	patch "bpf: More"
	check series/helper_docs
	says 1 "tools/$header does not get the changes of $header: More text."
	echo 'More text.' >>tree/tools/$header
	patch "bpf: More"
	check series/helper_docs
	says 0 "0 warnings, none new"
	echo 'An *open text.' | tee -a tree/$header >>tree/tools/$header
	patch "bpf: Open"
	check series/helper_docs
	says 1 "new warnings of docutils" "Inline emphasis"
	echo 'broken' | tee -a tree/$header >>tree/tools/$header
	patch "bpf: Broken"
	check series/helper_docs
	says 1 "bpf_doc.py helpers: cannot parse it"
}

@test "mutants_apply: one whose place has changed" {
	echo 'int three;' >>tree/kernel/bpf/toy.c
	patch "bpf: Three"
	mkdir -p model/mutants model/mutants-cell
	printf 'Hazard: H1\n\n' | cat - <(sed 's/return 2/return 3/' tree/kernel/bpf/toy.c | diff -u --label a/kernel/bpf/toy.c --label b/kernel/bpf/toy.c tree/kernel/bpf/toy.c - | sed '1i diff --git a/kernel/bpf/toy.c b/kernel/bpf/toy.c') >model/mutants/H1-two-is-three.patch
	cp model/mutants/H1-two-is-three.patch model/mutants-cell/
	check series/mutants_apply
	says 0 "2 mutants apply"
	sed -i 's/int two(void)$/int  two(void)/' tree/kernel/bpf/toy.c
	patch "bpf: Four"
	check series/mutants_apply
	says 1 "2 do not apply: H1-two-is-three H1-two-is-three"
}

@test "verify_fixes, verify_signedoff, base_commit, patch_count, cover_letter" {
	printf 'Subject: [PATCH bpf 0/1] Toy\n\nbpf: Three\n' >"$PATCHES/0000-cover-letter.patch"
	sed -i 's/return 2/return 3/' tree/kernel/bpf/toy.c
	patch "bpf: Three"
	echo "$(basename "$MAIL")" >"$PATCHES/series"
	check patch/verify_fixes
	says 252 "without a Fixes: tag"
	check series/verify_signedoff
	says 252 "awaiting a person"
	check series/base_commit
	says 252 "awaiting a person"
	check series/cover_letter
	says 0 "name all patches"
	sed -i 's/bpf: Three/nothing/' "$PATCHES/0000-cover-letter.patch"
	check series/cover_letter
	says 250 "do not name: bpf: Three"
	echo "base-commit: 123" >>"$PATCHES/0000-cover-letter.patch"
	check series/base_commit
	says 1 "is no commit id"
	git -C tree commit -q --amend -m "bpf: Three"$'\n\n'"Fixes: 123 (no)"$'\nSigned-off-by: Some Body <some@body.invalid>'
	COMMIT=$(git -C tree rev-parse HEAD)
	check patch/verify_fixes
	says 1 "not of the form"
	check series/verify_signedoff
	says 1 "signed by Some Body"
	seq -f '%04g-x.patch' 16 >"$PATCHES/series"
	check series/patch_count
	says 1 "16 patches; a posting has 1 to 15"
}

@test "check_selftest: a program that no test loads, an option out of its place" {
	echo 'int x;' >tree/tools/testing/selftests/bpf/progs/alone.c
	sed -i 's/^CONFIG_A=y/&\nCONFIG_AB=y/' tree/tools/testing/selftests/bpf/config
	patch "selftests/bpf: Alone"
	check patch/check_selftest
	says 1 "no test loads tools/testing/selftests/bpf/progs/alone.c"
	[[ $output != *CONFIG_AB* ]]
	echo '#include "alone.skel.h"' >tree/tools/testing/selftests/bpf/prog_tests/alone.c
	sed -i '1i CONFIG_Z=y' tree/tools/testing/selftests/bpf/config
	patch "selftests/bpf: Place"
	check patch/check_selftest
	says 1 "CONFIG_Z is not in its place"
	mkdir tree/tools/testing/toy
	printf 'all: $(O)/seen $(O)/unseen\n$(O)/seen: seen.c\n' >tree/tools/testing/toy/Makefile
	echo /seen >tree/tools/testing/toy/.gitignore
	touch tree/tools/testing/toy/{seen,forgotten}.c
	patch "selftests: Toy"
	check patch/check_selftest
	says 1 "does not list unseen" "does not build tools/testing/toy/forgotten.c" "2 omissions"
}

@test "a patch edited by hand so that it no longer applies ends the run before any check: status 3, patch, file, hunk" {
	mkdir -p "$(bash -c '. "$TOP/scripts/lib/check.sh" && side_root check "$SUITE"')/usr" # of its tools none is needed here
	ln -s "$real_cache"/root-trixie-* "$BPF_ASYNC_CACHE/"
	sed -i 's/return 2/return 3/' tree/kernel/bpf/toy.c
	patch "bpf: Three"
	sed -i 's/^-\treturn 2/-\treturn two/' "$MAIL"
	ONLY=message run scripts/check
	says 3 "0001-bpf-Three.patch does not apply" "kernel/bpf/toy.c"
	[ ! -d results ]
}

@test "a result of other patches is refused, with both identities; an unknown check or result is named" {
	mkdir -p "$(bash -c '. "$TOP/scripts/lib/check.sh" && side_root check "$SUITE"')/usr" # of its tools none is needed here
	ln -s "$real_cache"/root-trixie-* "$BPF_ASYNC_CACHE/"
	sed -i 's/return 2/return 3/' tree/kernel/bpf/toy.c
	patch "bpf: Three"
	ONLY="message apply" run scripts/check
	says 0 "2 passed, 0 warnings, 0 failed" "make check FRESH=1"
	was=$(sed -n 's/.*"series": "\([0-9a-f]\{16\}\)".*/\1/p' results/latest/result.json)
	SHOW=latest run scripts/check
	says 0 "2 passed, 0 warnings, 0 failed"
	ONLY="message apply" run scripts/check
	says 0
	grep -q '"cached": true' results/latest/result.json
	echo >>"$MAIL"
	SHOW=latest run scripts/check
	says 3 "the result is of another tree" "series $was" "run it again"
	[ "$(grep -oE 'series [0-9a-f]{16}' <<<"$output" | sort -u | wc -l)" -eq 2 ]
	SHOW=nowhere run scripts/check
	says 2 "there is no"
	ONLY=nonsense run scripts/check
	says 2 "unknown check nonsense" "build_clang"
}
