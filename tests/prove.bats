#!/usr/bin/env bats
# What ties the models to the code, and what `make prove` does with bad input and missing tools.
#
# Works on a copy of the scripts with a toy tree of one header and one litmus test. Needs git.

load says

setup() {
	REAL=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR"
	mkdir repo
	cp -r "$REAL"/{Makefile,scripts,bases,checks} repo/
	cd repo
	unset BASE ARCH KERNEL SOURCE PATCHES BPF_ASYNC_LOCKS BPF_ASYNC_ROOT PROVE MUTANTS MUTANT SEED OPERATIONS
	export BPF_ASYNC_CACHE=$BATS_TEST_TMPDIR/cache GIT_CONFIG_GLOBAL=/dev/null TREE=$PWD/tree DEBIAN_MIRROR=http://127.0.0.1:9/debian
	export GIT_AUTHOR_NAME=bpf-async GIT_AUTHOR_EMAIL=bpf-async@localhost.invalid
	export GIT_COMMITTER_NAME=bpf-async GIT_COMMITTER_EMAIL=bpf-async@localhost.invalid
	mkdir -p model/cbmc model/mutants-cell tree/kernel/bpf tree/Documentation/litmus-tests/bpf tree/tools/testing/bpf_async
	printf 'static inline int cell_take(int *cell)\n{\n\treturn *cell;\n}\n' >tree/kernel/bpf/async_cell.h
	printf '__bpf_kfunc int start(void);\n__bpf_kfunc int start(void)\n{\n\treturn 0;\n}\n\nBPF_CALL_1(cancel, int, x)\n{\n\treturn x;\n}\n' >tree/kernel/bpf/helpers.c
	echo 'int x;' >tree/kernel/bpf/syscall.c
	printf 'C take\n\n(*\n * Result: Never\n *\n * Models: cell_take()\n *)\n' >tree/Documentation/litmus-tests/bpf/take.litmus
	printf '/*\n * Models: start()\n * Models: cancel()\n */\n' >tree/tools/testing/bpf_async/object.c
	printf '/* Models: cell_take() */\n' >model/cbmc/cell.c
	git init -q tree
	commit
	git -C tree tag base
	scripts/confirm
}
commit() { git -C tree add -A && git -C tree commit -qm change --allow-empty; }

@test "confirmed models fit, and the check says of how many functions" {
	run scripts/confirm --check
	says 0 "3 models fit the text of 3 functions"
	REPO=$TREE TOP=$PWD run checks/series/models/run
	says 0 "3 models fit"
}

@test "a function that has changed: status 1, its name, and each model that names it" {
	sed -i 's/return \*cell/return !*cell/' tree/kernel/bpf/async_cell.h
	commit
	run scripts/confirm --check
	says 1 "cell_take() has changed; look at: Documentation/litmus-tests/bpf/take.litmus model/cbmc/cell.c" "make confirm"
	[[ $output != *"start() has"* ]]
	REPO=$TREE TOP=$PWD run checks/series/models/run
	says 1 "cell_take() has changed"
	scripts/confirm
	run scripts/confirm --check
	says 0
}

@test "a helper and a kfunc are found, and what is not in them does not count" {
	echo '/* elsewhere */' >>tree/kernel/bpf/helpers.c
	commit
	run scripts/confirm --check
	says 0
	sed -i 's/return x;/return -x;/' tree/kernel/bpf/helpers.c
	commit
	run scripts/confirm --check
	says 1 "cancel() has changed; look at: tools/testing/bpf_async/object.c"
	sed -i 's/return 0;/return 1;/' tree/kernel/bpf/helpers.c
	commit
	run scripts/confirm --check
	says 1 "start() has changed" "2 functions"
}

@test "a model that names nothing, or what is not there; a function of the cell that no model names" {
	echo 'C none' >tree/Documentation/litmus-tests/bpf/none.litmus
	commit
	run scripts/confirm
	says 1 "none.litmus names no function"
	printf '(* Models: gone() *)\n' >tree/Documentation/litmus-tests/bpf/none.litmus
	commit
	run scripts/confirm --check
	says 1 "gone() is in none of" "none.litmus"
	git -C tree rm -qf Documentation/litmus-tests/bpf/none.litmus
	printf 'static inline int cell_drop(int *cell)\n{\n\treturn 0;\n}\n' >>tree/kernel/bpf/async_cell.h
	commit
	run scripts/confirm --check
	says 1 "no model names cell_drop() of kernel/bpf/async_cell.h"
}

@test "a model that no longer stands for a function: the confirmation is stale" {
	printf '/* Models: start() */\n' >tree/tools/testing/bpf_async/object.c
	commit
	run scripts/confirm --check
	says 1 "cancel() is confirmed, and no model names it"
}

@test "bad input: status 2, and what is allowed" {
	run scripts/confirm now
	says 2 "usage: confirm [--check]"
	PROVE=long run scripts/prove
	says 2 'PROVE=long is not "short"'
	SEED=x run scripts/prove
	says 2 "SEED=x is no number"
	OPERATIONS=1e8 run scripts/prove
	says 2 "OPERATIONS=1e8 is no number" "OPERATIONS=100000000"
	run scripts/prove all
	says 2 "takes no arguments"
	TREE=/nowhere run scripts/confirm
	says 3 "there is no tree" "make tree"
}

@test "no tools: named skips, each with the line that installs it, and no pass" {
	run scripts/prove
	says 3 "SKIP no herd7" "SKIP no cbmc" "make prove" "0 passed, 0 failed, 3 skipped" "nothing could be run"
	run cat results/latest/result.json
	says 0 '{"outcome": "fail"' '"method": "cbmc", "bound": "-", "count": "-", "unit": "-", "seconds": 0, "result": "SKIP no cbmc' '"mutants": []'
}

# A toy enumerate, which prints the tree's file "said" and exits with its first word.
toy_enumerate() {
	printf '%s\n' 'all: ; cp /linux/tools/testing/bpf_async/enumerate $(O)/' >tree/tools/testing/bpf_async/Makefile
	printf '#!/bin/sh\ncd /linux/tools/testing/bpf_async && cat said && read -r rc _ <said && exit $rc\n' >tree/tools/testing/bpf_async/enumerate
	chmod +x tree/tools/testing/bpf_async/enumerate
	echo "0 all is well" >tree/tools/testing/bpf_async/said
	mkdir tree/tools/include
	touch tree/tools/include/.keep
	commit
	export TOOLCHAIN=host MUTANTS=1
}
toy_mutant() { # NAME SAID...
	local name=$1
	shift
	{
		printf 'Hazard: H1\nMistake: a "toy"\nKilled-by: enumerate one\n\ndiff --git a/x b/x\n--- a/tools/testing/bpf_async/said\n'
		printf '+++ b/tools/testing/bpf_async/said\n@@ -1 +1,%d @@\n-0 all is well\n' $#
		printf '+%s\n' "$@"
	} >"model/mutants-cell/$name.patch"
}

@test "a mutant is killed by a violation only: not by a bound that was too small, nor by what is never judged" {
	toy_enumerate
	toy_mutant bites "1 so" "one: VIOLATION of nothing-lost: start 3 is lost"
	run scripts/prove
	says 0 "killed" "nothing-lost in one" "1 passed, 0 failed, 0 skipped"
	run cat results/latest/result.json
	says 0 '"outcome": "pass"' '"mutant": "bites", "hazard": "H1", "verdict": "killed", "killed_by": "enumerate one: nothing-lost in one", "method": "enumerate"'
	toy_mutant never "1 so" "one: nothing-lost was never judged"
	toy_mutant survives "0 another way"
	toy_mutant unnamed "1 so"
	sed -i '/^Killed-by/d' model/mutants-cell/unnamed.patch
	run scripts/prove
	says 1 "never: H1" "no verdict, the bound is too small" "survives: H1" "FAIL survived" "names nothing that kills it" "1 passed, 3 failed"
	run cat results/latest/result.json
	says 0 '"outcome": "fail"' '"mutant": "survives", "hazard": "H1", "verdict": "survived"' '"mutant": "unnamed", "hazard": "H1", "verdict": "error"'
}

@test "what kills a mutant must pass on the cell as it is" {
	toy_enumerate
	toy_mutant bites "1 so"
	echo "1 always" >tree/tools/testing/bpf_async/said
	commit
	run scripts/prove
	says 1 "fails on the cell as it is, so it proves nothing: enumerate one"
}

@test "several patterns pick mutants; where none matches: status 2" {
	toy_enumerate
	for name in one two three; do toy_mutant $name "1 so" "one: VIOLATION of nothing-lost: start 3 is lost"; done
	MUTANT='o* t*ee' run scripts/prove
	says 0 "2 passed, 0 failed"
	[[ $output == *one:* && $output == *three:* && $output != *two:* ]]
	MUTANTS=1 MUTANT='X*' run scripts/prove
	says 2 "no mutant matches MUTANT=X*" "one"
}
