#!/usr/bin/env bats
# What the ground does with good and bad input: source, tree, mails, locks, settings.
#
# Works on a copy of the scripts with a toy kernel of three files and a cache of its own, so that each case takes a
# second; the last tests take the real series and the real tree in build/. Needs git, xz, apt's or curl's downloader.

load says

setup() {
	REAL=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR"
	mkdir repo mirror mirror/v6.x
	cp -r "$REAL"/{Makefile,scripts,bases,configs,checks,guest} repo/
	cd repo
	unset BASE ARCH KERNEL SOURCE TREE PATCHES BPF_ASYNC_LOCKS
	export BPF_ASYNC_CACHE=$BATS_TEST_TMPDIR/cache BASE=toy KERNEL_ORG=copy://$BATS_TEST_TMPDIR/mirror
	export DEBIAN_MIRROR=http://127.0.0.1:9/debian GIT_CONFIG_GLOBAL=/dev/null
	export GIT_AUTHOR_NAME=bpf-async GIT_AUTHOR_EMAIL=bpf-async@localhost.invalid
	export GIT_COMMITTER_NAME=bpf-async GIT_COMMITTER_EMAIL=bpf-async@localhost.invalid
	toy 6.19.3
	toy 6.19.2
	cat >bases/toy.env <<-ENV
		BASE_STATUS=test BASE_VERSION=6.19.3 BASE_SUITE=trixie-backports
		BASE_SOURCES='
		6.19.3 6.19.3-1 $(printf '0%.0s' {1..64}) $(hash 6.19.3)
		6.19.2 - - $(hash 6.19.2)
		'
	ENV
	T=build/toy/tree
}

toy() { # VERSION
	local d=linux-$1
	mkdir -p "$d/kernel/bpf"
	printf 'VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = %s\n' ${1//./ } >"$d/Makefile"
	seq 1 60 >"$d/kernel/bpf/helpers.c"
	seq 1 60 >"$d/kernel/bpf/verifier.c"
	tar -cJf "../mirror/v6.x/$d.tar.xz" "$d"
	rm -rf "$d"
}
tarball() { echo "../mirror/v6.x/linux-$1.tar.xz"; }
hash() { sha256sum "$(tarball "$1")" | cut -d' ' -f1; }

# Three commits, with all that mails may carry: a new file, a deletion, a rename, a mode, a name that is not ASCII.
commits() {
	sed -i 's/^10$/ten/' $T/kernel/bpf/helpers.c
	git -C $T commit -qam "$(printf 'bpf: Say ten\n\nA number in words: zehn, dix, diez \xe2\x80\x93 and no sign.')"
	printf 'no newline at the end' >$T/kernel/bpf/async_cell.h
	sed -i 's/^50$/fifty/' $T/kernel/bpf/helpers.c
	git -C $T add -A
	git -C $T commit -qm "bpf: Add a header and say fifty"
	git -C $T mv kernel/bpf/verifier.c kernel/bpf/vérifier.c
	chmod +x $T/Makefile
	git -C $T commit -qam "bpf: Rename a file [not a tag]"
}
series() { # a tree with three commits, refreshed
	scripts/tree
	commits
	scripts/refresh
}

@test "an unknown BASE, ARCH, KERNEL or TOOLCHAIN: status 2, and the choices" {
	BASE=v9 run scripts/tree
	says 2 "unknown BASE=v9" "choose one of: toy v6.19"
	BASE=../toy run scripts/tree
	says 2 "unknown BASE=../toy"
	ARCH=mips run scripts/build-kernel patched
	says 2 "unknown ARCH=mips" "x86_64 arm64"
	KERNEL=fast run scripts/build-kernel patched
	says 2 "unknown KERNEL=fast" "plain debug kcsan rt"
	TOOLCHAIN=mine run scripts/toolchain
	says 2 "unknown TOOLCHAIN=mine" "root host"
	run scripts/build-kernel both
	says 2 "usage: build-kernel patched|base"
	run make BASE=v9 tree TOOLCHAIN=host
	says 2 "unknown BASE=v9" "Error 2"
}

@test "the source comes from kernel.org's mirror, with its hash, and then from the cache" {
	run scripts/fetch
	says 0 "source: Linux 6.19.3 from kernel.org"
	rm -r ../mirror
	run scripts/fetch
	says 0 "source: Linux 6.19.3"
}

@test "a truncated download: status 3, nothing is kept, the next try is clean" {
	cp "$(tarball 6.19.3)" ../good
	truncate -s 200 "$(tarball 6.19.3)"
	run scripts/fetch
	says 3 "damaged or altered" "nothing was kept"
	[ -z "$(find ../cache/sources -type f)" ]
	cp ../good "$(tarball 6.19.3)"
	run scripts/fetch
	says 0 "source: Linux 6.19.3"
}

@test "an altered tarball of the user's: status 3, names both hashes" {
	cp "$(tarball 6.19.3)" ../mine.tar.xz
	echo x >>../mine.tar.xz
	SOURCE=../mine.tar.xz run scripts/fetch
	says 3 "damaged or not Linux 6.19.3" "$(hash 6.19.3)" "$(sha256sum <../mine.tar.xz | cut -d' ' -f1)"
	SOURCE=/nowhere run scripts/fetch
	says 3 "SOURCE=/nowhere does not exist"
	mkdir ../empty
	SOURCE=../empty run scripts/fetch
	says 3 "is no kernel tree"
	SOURCE=$(tarball 6.19.3) run scripts/fetch
	says 0 "from tarball"
}

@test "a damaged cache is noticed and mended" {
	scripts/fetch
	truncate -s 100 ../cache/sources/linux-6.19.3.tar.xz
	run scripts/fetch
	says 0 "is damaged" "source: Linux 6.19.3"
	[ "$(sha256sum <../cache/sources/linux-6.19.3.tar.xz | cut -d' ' -f1)" = "$(hash 6.19.3)" ]
}

@test "a release that is gone: the next one stands in, and the output says so" {
	rm "$(tarball 6.19.3)"
	run scripts/fetch
	says 0 "Linux 6.19.3 could not be had" "Linux 6.19.2 stands in for 6.19.3"
}

@test "no network: status 3, says what to do" {
	KERNEL_ORG=http://127.0.0.1:9 no_proxy=127.0.0.1 run scripts/fetch
	says 3 "no source for Linux 6.19.3" "SOURCE=/path/to/linux_6.19.3.orig.tar.xz"
	[[ $output != *6.19.2* ]]
}

@test "no network for the toolchain: status 3, names the log, says what to do, leaves no root" {
	run scripts/toolchain
	says 3 "failed" "first failing line" "toolchain.log" "DEBIAN_MIRROR="
	[ -z "$(find ../cache -maxdepth 1 -name '*root*')" ]
}

@test "a source directory of the user's" {
	tar -xJf "$(tarball 6.19.3)"
	SOURCE=linux-6.19.3 run scripts/tree
	says 0 "tree: "
	[ "$(wc -l <$T/kernel/bpf/helpers.c)" -eq 60 ]
	tar -xJf "$(tarball 6.19.2)"
	SOURCE=linux-6.19.2 run scripts/tree
	says 3 "is Linux 6.19.2, BASE=toy is 6.19.3"
}

@test "tree to mails to tree is the identity, and so is mails to tree to mails" {
	series
	want=$(git -C $T log --format='%T %an %ae %ad %s%n%b' base..HEAD)
	cp -r patches/toy first
	rm -rf build
	scripts/tree
	[ "$(git -C $T log --format='%T %an %ae %ad %s%n%b' base..HEAD)" = "$want" ]
	[ -x $T/Makefile ]
	[ -f $T/kernel/bpf/vérifier.c ]
	scripts/refresh
	diff -r first patches/toy
	[ "$(cat patches/toy/series | wc -l)" -eq 3 ]
	# and whatever a user configured
	git -C $T config diff.noprefix true
	git -C $T config format.signOff true
	git -C $T config core.abbrev 30
	GIT_CONFIG_GLOBAL=$PWD/../gc
	git config -f ../gc format.subjectPrefix RFC
	scripts/refresh
	diff -r first patches/toy
}

@test "the mails apply with plain git am" {
	series
	mkdir plain
	tar -xJf "$(tarball 6.19.3)" -C plain --strip-components=1
	git init -q plain && git -C plain add -A && git -C plain commit -qm base
	git -C plain am -q "$PWD"/patches/toy/*.patch
	[ "$(git -C plain rev-parse 'HEAD^{tree}')" = "$(git -C $T rev-parse 'HEAD^{tree}')" ]
}

@test "refresh keeps the cover letter, and drops mails that are no longer there" {
	series
	echo "by hand" >patches/toy/0000-cover-letter.patch
	git -C $T reset -q --hard HEAD~1
	scripts/refresh
	[ "$(cat patches/toy/0000-cover-letter.patch)" = "by hand" ]
	[ "$(ls patches/toy/*.patch | wc -l)" -eq 3 ]
	[ "$(wc -l <patches/toy/series)" -eq 2 ]
}

@test "refresh writes nothing from a tree without commits, or from something else" {
	series
	cp -r patches first
	git -C $T reset -q --hard base
	run scripts/refresh
	says 2 "there are no commits" "nothing was written"
	TREE=/nowhere run scripts/refresh
	says 2 "is no git tree with a tag"
	diff -r first patches
}

@test "refresh writes nothing in the middle of a rebase, where HEAD is a part of the series" {
	series
	cp -r patches first
	GIT_SEQUENCE_EDITOR='sed -i 1abreak' git -C $T rebase -q -i base
	run scripts/refresh
	says 2 "in the middle of a rebase" "nothing was written"
	diff -r first patches
}

@test "a patch that does not apply: names patch, file, hunk and base, and leaves the tree as it was" {
	series
	before=$(git -C $T rev-parse HEAD)
	sed -i 's/^ 51$/ 51 altered/' patches/toy/0002-*.patch
	run scripts/tree
	says 3 "0002-bpf-Add-a-header-and-say-fifty.patch does not apply to toy (Linux 6.19.3)" "kernel/bpf/helpers.c" "hunk 1"
	[ "$(git -C $T rev-parse HEAD)" = "$before" ]
	[ -z "$(git -C $T status --porcelain)" ]
	rm -rf build
	run scripts/tree
	says 3 "does not apply"
	[ ! -d $T ]
	sed -i 's/^ 51 altered$/ 51/' patches/toy/0002-*.patch
	run scripts/tree
	says 0 "3 patches"
}

@test "a series that names a mail that is not there: status 3" {
	series
	rm patches/toy/0002-*
	run scripts/tree
	says 3 "names 0002-bpf-Add-a-header-and-say-fifty.patch, which is not there"
}

@test "make tree never loses work: changed files, commits, a rebase in progress" {
	series
	mv patches/toy patches/three
	cp -r patches/three patches/toy
	sed -i '$d' patches/toy/series # the mails change under the tree
	echo mine >>$T/Makefile
	run scripts/tree
	says 3 "holds work that is not in them: 1 changed files" "make refresh"
	git -C $T commit -qam "bpf: Mine"
	run scripts/tree
	says 3 "commits that are not in the mails"
	[ "$(tail -n1 $T/Makefile)" = mine ]
	run scripts/clean
	says 3 "nothing was deleted"
	git -C $T reset -q --hard refs/bpf-async/series
	run scripts/tree
	says 0 "is now at patches/toy (2 patches)"
	# with the same mails, work in the tree is used as it is
	echo mine >>$T/Makefile
	run scripts/tree
	says 0 "is used as it is: 1 changed files"
	[ "$(tail -n1 $T/Makefile)" = mine ]
}

@test "another checkout takes the imported base from the cache, which may be deleted afterwards" {
	scripts/tree
	cp -r . ../second
	rm -rf ../second/build ../mirror
	(cd ../second && scripts/tree) >../out
	run grep "import Linux" ../out
	[ "$status" -eq 1 ]
	rm -rf ../cache
	git -C ../second/$T fsck --connectivity-only
	git -C $T fsck --connectivity-only
}

@test "a missing tool: status 3, names it and its package" {
	mkdir bin
	for tool in bash sh env dirname readlink nproc date cat sed grep awk mkdir rm id flock sort tr sha256sum tail head wc basename; do
		ln -s "$(command -v $tool)" bin/
	done
	PATH=$PWD/bin run scripts/tree
	says 3 "missing: git" "apt-get install git"
}

@test "a full disk: status 3, and nothing half-made" {
	mkdir small
	run unshare -rm sh -c "mount -t tmpfs -o size=1m none small && BPF_ASYNC_CACHE=$PWD/small/cache scripts/tree; s=\$?; find small -type f | grep -v lock; exit \$s"
	says 3 "disk full" "needs"
	[[ $output != *.tar.xz* ]]
	# in the middle of a step
	run unshare -rm bash -c "mount -t tmpfs -o size=1m none small && . scripts/lib/common.sh && step log 'fill the disk' dd if=/dev/zero of=small/f bs=1M count=9"
	says 3 "fill the disk failed" "No space left on device" "whole log: log"
}

@test "a second run at the same time waits, and says for whom; with NOWAIT=1 it stops" {
	scripts/tree
	(. scripts/lib/common.sh && lock build/toy/.lock-tree "the tree" && touch ../held && for _ in {1..1200}; do [ ! -f ../release ] || break; sleep 0.1; done) &
	for _ in {1..600}; do [ ! -f ../held ] || break; sleep 0.1; done
	NOWAIT=1 run scripts/tree
	says 3 "is in use by process"
	(for _ in {1..600}; do ! grep -q waiting: ../out || break; sleep 0.1; done; touch ../release) &
	scripts/tree >../out 2>&1
	run cat ../out
	says 0 "waiting: the tree" "in use by process" "is up to date"
	wait
}

@test "two runs at once on an empty cache: both succeed" {
	cp -r . ../second
	(cd ../second && scripts/tree >../out2 2>&1; echo $? >../status2) &
	run scripts/tree
	says 0
	wait
	[ "$(cat ../status2)" = 0 ]
}

@test "Ctrl-C while the source is imported: status 130, no damaged cache, the next run succeeds" {
	mkdir bin
	printf '#!/bin/sh\ntouch %s/started\nsleep 30\n' "$BATS_TEST_TMPDIR" >bin/tar
	chmod +x bin/tar
	PATH=$PWD/bin:$PATH setsid env --default-signal=INT scripts/tree >../out 2>&1 &
	pid=$!
	for _ in {1..600}; do [ ! -f ../started ] || break; sleep 0.1; done
	kill -INT -- "-$pid"
	status=0
	wait "$pid" || status=$?
	output=$(cat ../out)
	says 130
	[ -z "$(find ../cache/git build/toy -mindepth 1 -maxdepth 1 ! -name '*lock*' ! -name source.env)" ]
	run scripts/tree
	says 0 "tree: "
}

@test "a user without root and without sub-ids gets told what to do" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to become another user"
	chmod -R a+rX "$BATS_TEST_TMPDIR" && chmod a+x "$BATS_RUN_TMPDIR" "$(dirname "$BATS_RUN_TMPDIR")"
	mkdir -m 777 ../home
	run setpriv --reuid 12345 --regid 12345 --clear-groups env HOME=$PWD/../home BPF_ASYNC_CACHE=$PWD/../home/c bash scripts/toolchain
	says 3 "sub-ids" "usermod --add-subuids"
}

@test "doctor names everything at once and changes nothing" {
	run scripts/doctor
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	for row in machine memory "cache disk" "build disk" user git mmdebstrap archive accelerator; do [[ $output == *"$row"* ]]; done
	mkdir bin
	for tool in bash sh env dirname readlink nproc date cat sed grep awk mkdir id sort tr sha256sum tail head wc basename df uname unshare; do
		ln -s "$(command -v $tool)" bin/
	done
	PATH=$PWD/bin run scripts/doctor
	[[ $output == *"apt-get install"*git*mmdebstrap*xz-utils* ]]
}

@test "the scripts pass shellcheck" {
	cd "$REAL"
	grep -lE '^#!.*(bash|sh)$|^# shellcheck shell=' -r scripts guest checks .ci | xargs shellcheck
}

@test "an option that the kernel cannot give stops the build and is named" {
	export BASE=v6.19 TREE=$REAL/build/v6.19/tree
	unset BPF_ASYNC_CACHE
	[ -d "$TREE" ] || skip "make tree first"
	printf 'CONFIG_NO_SUCH_THING=y\n# CONFIG_X86 is not set\nCONFIG_NR_CPUS=4\n' >>configs/nmi.config
	run scripts/build-kernel patched
	says 3 "lacks what configs/ asks for" "CONFIG_NO_SUCH_THING=y" "CONFIG_X86=y"
	[[ $output != *NR_CPUS* ]] # of two lines on one option the later one counts
	grep -qx CONFIG_NR_CPUS=4 build/v6.19/x86_64-plain/patched/.config
}

@test "the real series: mails to tree to mails is the identity" {
	export BASE=v6.19 TREE=$REAL/build/v6.19/tree
	unset BPF_ASYNC_CACHE
	[ -d "$TREE" ] && [ -f "$REAL/patches/v6.19/series" ] || skip "make tree first"
	mkdir -p patches scratch
	source_lib scripts/lib/common.sh
	load_base
	. scripts/lib/series.sh
	apply_series "$REAL/patches/v6.19" "$TREE" "$(git -C "$TREE" rev-parse 'base^{commit}')" scratch
	cp -r "$REAL/patches/v6.19" patches/v6.19
	TREE=$PWD/scratch scripts/refresh
	diff -r "$REAL/patches/v6.19" patches/v6.19
}
