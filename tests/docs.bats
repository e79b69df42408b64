#!/usr/bin/env bats
# The documents: every link and file name leads somewhere, every command is one that there is, and somebody runs it.
#
# Commands of seconds run here as far as they get without a kernel; for the others `who_runs` below names the test that runs
# them, or the part of the report which says "not run" until somebody did. A verb that is in no row fails.

load says

setup() {
	REAL=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR"
	mkdir repo
	cp -r "$REAL"/{Makefile,*.md,COPYING,MAINTAINERS,.ci,scripts,bases,patches,checks,configs,guest,examples,model,tests,Documentation} repo/
	cd repo
	unset BASE ARCH KERNEL TREE PATCHES BPF_ASYNC_LOCKS BPF_ASYNC_ROOT MAKEFLAGS MFLAGS MAKELEVEL
	export BPF_ASYNC_CACHE=$BATS_TEST_TMPDIR/cache DEBIAN_MIRROR=http://127.0.0.1:9/debian
}

# Verb, file, and what in the file runs it: a pattern. report: a part that the report misses until it was run.
who_runs() {
	cat <<-'ROWS'
		demo report 'demo': 'make'
		measure report 'measure': 'make measure'
		bench report 'bench': 'make bench'
		mutants report 'mutants': 'make mutants'
		regress report 'regress': 'make regress'
		torture report f'make {verb} ARCH
		test .ci/run ^make test
		test-all tests/kernels.bats scripts/test-all
		prove scripts/test "\$TOP/scripts/prove"
		kernel scripts/test build patched selftests examples
		selftests scripts/test build patched selftests examples
		examples scripts/test build patched selftests examples
		base scripts/test build base
		doctor tests/ground.bats make doctor|scripts/doctor
		toolchain scripts/lib/run.sh "\$TOP/scripts/toolchain"
		fetch tests/ground.bats run scripts/fetch
		tree tests/ground.bats run scripts/tree
		refresh tests/ground.bats run scripts/refresh
		check tests/check.bats run scripts/check
		confirm tests/prove.bats scripts/confirm
		report tests/report.bats run scripts/report
		post tests/post.bats run scripts/post
		clean tests/ground.bats scripts/clean
		shell tests/vm.bats NOBUILD=1 .*/scripts/shell
		vm tests/vm.bats scripts/vm
		help tests/docs.bats ^\s*run make help$
	ROWS
}
verbs() { sed -n 's/^\([a-z-]*\):[^#]*## .*/\1/p' Makefile; }
documented() { python3 tests/docs-look commands . | sed -n 's/^run //p'; }

@test "every link leads somewhere, and so does every name of a file" {
	run python3 tests/docs-look links .
	says 0 "nothing is wrong"
}

@test "dead links, anchors and file names are noticed" {
	printf '[a](nowhere.md) [b](README.md#use) [c](README.md#no-such-heading) [d](http:/nowhere) [e](https://kernel.org/x)\n`scripts/nothing.sh` `scripts/vm` `kernel/bpf/x.c`\n' >NEW.md
	printf 'See `that <nowhere.rst>`_ and ``guest/nothing`` and ``Documentation/litmus-tests/bpf``.\n' >Documentation/new.rst
	run python3 tests/docs-look links .
	says 1 "NEW.md: nowhere.md leads nowhere" "README.md#no-such-heading: README.md has no such heading" "http:/nowhere is not well formed" \
		"scripts/nothing.sh is not there" "new.rst: nowhere.rst leads nowhere" "guest/nothing is not there"
	[ "$(wc -l <<<"$output")" -eq 6 ]
}

@test "every command and every setting is one that there is" {
	run python3 tests/docs-look commands .
	says 0 "run make test" "run scripts/report --readme" "run make -C examples"
}

@test "commands and settings that do not exist are noticed" {
	printf '`make coffee`, `make test CUPS=2`, `SUGAR=1`, `scripts/nothing --now`, `scripts/vm --coffee`\n\n    make milk   # a block\n' >NEW.md
	run python3 tests/docs-look commands .
	says 1 "make has no coffee" "the comment of scripts/test says nothing of CUPS=2" "anything of SUGAR=" "scripts/nothing is not there" \
		"scripts/vm does not say what --coffee is" "make has no milk"
	sed -i '/^post: ##/d' Makefile
	run python3 tests/docs-look commands .
	says 1 "CONTRIBUTING.md: \`make post\`: make has no post"
}

@test "each verb is run by somebody, who is here" {
	for verb in $(verbs) vm; do
		read -r _ file pattern < <(who_runs | grep "^$verb ") || { echo "nobody runs make $verb: see who_runs" && false; }
		[ "$file" != report ] || file=scripts/lib/report/views.py
		grep -qE -- "$pattern" "$file" || { echo "$file does not run $verb: $pattern" && false; }
	done
	while read -r verb _; do
		[ "$verb" = vm ] || verbs | grep -qx "$verb" || { echo "who_runs has $verb, which is no verb" && false; }
	done < <(who_runs)
}

@test "each documented command starts: on a base that there is not it ends with status 2 and says so" {
	unset SCRIPTS # of the make test that runs this
	local line n=0
	while read -r line; do
		case $line in
		"make help" | "make doctor" | "make -C "*) continue ;; # not of a base
		"scripts/vm"*) line+=" -- true" ;;
		"make "* | make) line="BASE=nowhere $line" ;;
		esac
		[[ $line != *BASE=NAME* ]] || line=${line/BASE=nowhere /}
		run env BASE=nowhere NOWAIT=1 timeout 60 bash -c "$line"
		says 2 "unknown BASE=" || { echo "that was: $line" && false; }
		n=$((n + 1))
	done < <(documented)
	[ $n -gt 30 ]
	[ ! -d build ]
	[ ! -d results ]
}

@test "the README's way to apply the mails gives the tree of the series, without a script of ours" {
	[ -d "$REAL/build/v6.19/tree/.git" ] || skip "no kernel tree: make tree"
	line=$(sed -n 's/^    \(ls REPOSITORY.* git am\)$/\1/p' README.md)
	git init -q plain
	echo "$REAL/build/v6.19/tree/.git/objects" >plain/.git/objects/info/alternates
	git -C plain update-ref HEAD "$(git -C "$REAL/build/v6.19/tree" rev-parse base)"
	git -C plain read-tree HEAD
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.invalid GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.invalid
	(cd plain && bash -euo pipefail -c "${line//REPOSITORY/..}")
	[ "$(git -C plain rev-list --count HEAD)" -eq $((1 + $(wc -l <patches/v6.19/series))) ]
	[ "$(git -C plain log -1 --format=%s)" = "$(git -C "$REAL/build/v6.19/tree" log -1 --format=%s refs/bpf-async/series)" ]
}

@test "the numbers of mutants and scenarios in the README are those that there are" {
	mutants=(model/mutants/*.patch) cell=(model/mutants-cell/*.patch)
	scenarios=$(cat patches/v6.19/*.patch | grep -c '^+		\.name = "')
	for text in "${#mutants[@]} known mistakes" "$scenarios scenarios named after hazards" "puts ${#cell[@]} mistakes into the cell"; do
		tr '\n' ' ' <README.md | grep -qF "$text" || { echo "the README does not say: $text" && false; }
	done
}

@test "make -C examples builds every program from its skeleton with the tools of this machine" {
	mkdir bin
	cat >bin/clang <<-'TOOL'
		#!/bin/sh
		# Stands for each of them: makes what it is to make.
		case ${0##*/} in bpftool) echo skeleton && exit ;; pkg-config) exit ;; esac
		[ "$1" != -print-multiarch ] || { echo toy-linux-gnu && exit; }
		while [ $# -gt 1 ]; do [ "$1" != -o ] || : >"$2"; shift; done
	TOOL
	chmod +x bin/clang
	for tool in cc bpftool pkg-config; do cp bin/clang bin/$tool; done
	PATH=$PWD/bin:$PATH run make -C examples
	says 0 "-idirafter /usr/include/toy-linux-gnu -c nmi_profiler.bpf.c"
	for program in nmi_timers nmi_profiler irqoff_watchdog scx_limiter; do [ -f examples/$program ] && [ -s examples/$program.skel.h ] || return; done
	[ -s examples/probe.skel.h ]
	git init -q && cp "$REAL/.gitignore" . && git add examples
	[ "$(git ls-files examples | sort)" = "$(cd "$REAL" && git ls-files examples | sort)" ]
	make -C examples clean
	[ ! -e examples/nmi_profiler ] && [ ! -e examples/probe.skel.h ]
}

@test "make help lists every verb and the settings; make doctor comes to its end" {
	run make help
	says 0 "Settings:"
	for verb in $(verbs); do [[ $output == *"$verb "* ]]; done
	run make doctor
	[[ $status -eq 0 || $output == *"Error 3"* || $output == *"Error 1"* ]]
	[[ $output != *"failed (status"* ]]
}
