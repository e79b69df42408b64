#!/usr/bin/env bats
# `make post`: what it prepares, from which results, and that the commands which it leaves to a person do what they say.
#
# Works on a copy of the scripts with a toy tree and test data (tests/report/make-fixture). Makes the root of
# lib/report.list in the user's cache; needs the toolchain root, and get_maintainer.pl of the tree in build/. What needs one
# that is not there is skipped.

load says

setup_file() {
	export REAL
	REAL=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	"$REAL/tests/report/roots" report || true
}

setup() {
	unset BASE ARCH KERNEL SOURCE PATCHES BPF_ASYNC_LOCKS BPF_ASYNC_ROOT V POSTING PREFIX LINUX_GIT
	[ -d "$("$REAL/tests/report/roots" --print report)/usr" ] || skip "no root for the report; with the network, this makes it: $REAL/tests/report/roots"
	[ -d "$(bash -c '. "$1/scripts/lib/common.sh" && toolchain_dir' bash "$REAL")/usr" ] || skip "no toolchain root: make toolchain"
	[ -f "$REAL/build/v6.19/tree/scripts/get_maintainer.pl" ] || skip "no kernel tree: make tree"
	cd "$BATS_TEST_TMPDIR"
	mkdir -p repo/tests tree/scripts tree/kernel/bpf
	cp -r "$REAL"/{scripts,bases} repo/
	cp "$REAL/build/v6.19/tree/scripts/get_maintainer.pl" tree/scripts/
	cd repo
	mkdir -p patches/v6.19 model/mutants checks guest configs examples
	touch model/mutants/H1-toy.patch model/mutants/H2-toy.patch
	printf 'results\n' >.gitignore
	export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=bpf-async GIT_AUTHOR_EMAIL=bpf-async@localhost.invalid
	export GIT_COMMITTER_NAME=bpf-async GIT_COMMITTER_EMAIL=bpf-async@localhost.invalid
	export TREE=$BATS_TEST_TMPDIR/tree
	mkdir -p ../tree/{Documentation,arch,include,drivers,fs,init,ipc,lib}
	touch ../tree/{COPYING,CREDITS,Kbuild,Makefile,README} ../tree/{Documentation,arch,include,drivers,fs,init,ipc,lib}/toy
	printf 'Maintainers List\n\nBPF TOY\nM:\tAnn One <ann@toy.invalid>\nR:\tRay Two <ray@toy.invalid>\nL:\ttoy@lists.invalid\nS:\tMaintained\nF:\tkernel/bpf/\n' >../tree/MAINTAINERS
	seq 1 30 >../tree/kernel/bpf/toy.c
	git init -q -b series ../tree
	git -C ../tree add -A && git -C ../tree commit -qm base && git -C ../tree tag base
	printf 'M:\tbpf-async <bpf-async@localhost.invalid>\n' >mine
	sed -i '/^R:/r mine' ../tree/MAINTAINERS
	change 5 five && change 20 twenty
	printf 'Subject: [PATCH bpf 0/1] Say five\n\nWhy five is said.\n\n[measured: tests]\n\nThe end.\n' >patches/v6.19/0000-cover-letter.patch
	printf 'Subject: [PATCH bpf-next 0/1] Say twenty\n\nWhy twenty is said.\n' >patches/v6.19/0000-cover-letter-from-2.patch
	git init -q .
	scripts/refresh
	git add -A
	git commit -qm toy
}
change() { # LINE WORD
	sed -i "s/^$1\$/$2/" "$TREE/kernel/bpf/toy.c"
	git -C "$TREE" commit -qam "bpf: Say $2"$'\n\n'"A number in words."
}
data() {
	mkdir -p results
	"$REAL/tests/report/make-fixture" "$(git rev-parse --short HEAD)" results
}
letter() { cat results/latest/0000-cover-letter.patch; }
next() { sed -n "/^$1\. /,/^\([2-9]\. \|Or \)/p; /^posting=/p" results/latest/NEXT | grep -v '^\([1-9]\. \|Or \)'; } # NUMBER: what is left to a person

@test "tables, recipients and mails; the tables come where the letter wants them, or at its end" {
	data
	run scripts/post
	says 0 "PATCH bpf: 1 patches" "Nothing was sent"
	[[ $output != *"are missing or failed"* ]]
	run letter
	says 0 "Subject: [PATCH bpf 0/1] Say five" "Why five is said." "x86_64 kcsan            111       0        1     22,222       33,333" "2 of 2 noticed" "2 files changed" \
		"on Linux 6.19.11; LINUX_GIT=CLONE"
	[[ $output != *"What a call costs"* && $output != *"[measured"* && $output != *base-commit:* && $output == *"How it was tested"*"The end."*"bpf-async (1):"* ]]
	[ "$(cat results/latest/to)" = "Ann One <ann@toy.invalid>" ]
	[ "$(cat results/latest/cc)" = "Ray Two <ray@toy.invalid>"$'\n'"toy@lists.invalid" ]
	[ "$(ls results/latest/mails)" = 0001-bpf-Say-five.patch ]
	POSTING=2 PREFIX=toy-next run scripts/post
	says 0 "and the 1 patches of the postings before"
	run letter
	says 0 "Subject: [PATCH toy-next 0/1] Say twenty" "EOPNOTSUPP  " "777 of 10,000"
	[[ $output == *"What a call costs"*"How it was tested"*"prerequisite-patch-id: "* ]]
	[ -z "$(sed '/^bpf-async (1):/q' results/latest/0000-cover-letter.patch | grep -nE '.{76}|[^ -~]')" ]
}

@test "figures of an older tree, of one with uncommitted changes, or none at all: holes that say so, and no figure" {
	run scripts/post
	says 0 "results are missing or failed"
	run letter
	says 0 "x86_64 kcsan         not run" "No figures of mutants of the kernel: they were not run (make mutants)"
	data
	sed -i 's/"commit": "\([^"]*\)"/"commit": "\1-dirty"/' results/*{torture-x86_64-plain,mutants,bench}/metadata.json
	POSTING=2 run scripts/post
	run letter
	says 0 "x86_64 plain         uncommitted changes in the work tree" "kernel: 0 of 2 noticed" "0 not noticed, 2 not run" \
		"the benchmark: of the newest run" "uncommitted changes in its work tree (make bench)" "x86_64 debug              4,444"
	[[ $output != *EOPNOTSUPP* && $output != *H1-toy* ]]
	change 6 six
	scripts/refresh
	POSTING=2 run scripts/post
	says 0 "results are missing or failed"
	run letter
	says 0 "x86_64 plain         older tree" "sizes and instructions, base and patched: of the newest" "it is of an older tree"
	[[ $output != *" 111 "* && $output != *4,444* && $output != *EOPNOTSUPP* ]]
}

@test "what failed is said in the letter and in NEXT" {
	data
	python3 -c 'import glob, json
for name in glob.glob("results/*-test-arm64-debug/result.json"):
    r = json.load(open(name)); r.update(outcome="fail", failed=3); json.dump(r, open(name, "w"))'
	run scripts/post
	says 0 "1 results are missing or failed"
	run letter
	says 0 "arm64 debug             111       3" "FAILED: test on arm64 debug"
}

@test "the commands that are left to a person: signed mails under their own name, with tables, to the recipients" {
	data
	scripts/post >/dev/null
	git clone -q -b linux "$TREE" ../mine 2>/dev/null || { git -C "$TREE" branch linux base && git clone -q -b linux "$TREE" ../mine; }
	export GIT_AUTHOR_NAME='A Person' GIT_AUTHOR_EMAIL=a@person.invalid GIT_COMMITTER_NAME='A Person' GIT_COMMITTER_EMAIL=a@person.invalid
	next 1 >../1 && next 2 >../2 && next 3 >../3
	(cd ../mine && bash -e ../1 && bash -e ../2)
	run cat ../mine/outgoing/0000-cover-letter.patch
	says 0 "From: A Person <a@person.invalid>" "[PATCH bpf 0/1] Say five" "How it was tested" "2 of 2 noticed" "A Person (1):" "base-commit: $(git -C "$TREE" rev-parse base)"
	[[ $output != *bpf-async* ]]
	run cat ../mine/outgoing/0001-bpf-Say-five.patch
	says 0 "From: A Person <a@person.invalid>" "Signed-off-by: A Person <a@person.invalid>" "+five"
	mkdir ../bin
	printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >../bin/git-send-email
	chmod +x ../bin/git-send-email
	cd ../mine
	PATH=$PWD/../bin:$PATH run bash -e ../3
	says 0 "--to=Ann One <ann@toy.invalid>" "--cc=Ray Two <ray@toy.invalid>,toy@lists.invalid" "outgoing/0000-cover-letter.patch" "outgoing/0001-bpf-Say-five.patch"
}

@test "a next version: what was sent is tagged, the letter says what changed, git says it in short" {
	data
	V=2 run scripts/post
	says 3 "there is no tag posted/v6.19/1-v1" "git tag posted/v6.19/1-v1 COMMIT"
	scripts/post >/dev/null
	eval "$(grep '^git -C .* tag ' results/latest/NEXT)"
	V=2 run scripts/post
	says 1 "does not say what changed" 'begins with "Changes in v2:"'
	git -C "$TREE" reset -q --hard base
	change 5 FIVE && change 20 twenty
	scripts/refresh
	sed -i 's/^Why five.*/&\n\nChanges in v2:\n- louder/' patches/v6.19/0000-cover-letter.patch
	V=2 run scripts/post
	says 0 "PATCH bpf v2: 1 patches" "-v2 --base=auto" "b4 prep --set-prefixes bpf && b4 prep --force-revision 2 &&" "tag posted/v6.19/1-v2"
	run letter
	says 0 "[PATCH bpf v2 0/1] Say five" "- louder" "git range-diff against v1, in short:" "< -:  ------- bpf: Say five" "> 1:  "
	[[ $output != *twenty* ]]
	run cat results/latest/range-diff
	says 0 "bpf: Say FIVE"
	[ "$(ls results/latest/mails)" = v2-0001-bpf-Say-FIVE.patch ]
}

@test "base-commit: the id of the tag in LINUX_GIT, if the files are the same there" {
	git clone -q --bare "$TREE" ../linux
	LINUX_GIT=$PWD/../linux run scripts/post
	says 3 "has no tag v6.19.11" "git fetch --tags"
	[[ $output != *"scripts/post, line"* ]]
	git -C ../linux tag v6.19.11 base
	LINUX_GIT=$PWD/../linux run scripts/post
	says 0
	run letter
	says 0 "base-commit: $(git -C "$TREE" rev-parse base)"
	git -C ../linux tag -f v6.19.11 series
	LINUX_GIT=$PWD/../linux run scripts/post
	says 3 "is not the same in v6.19.11 of LINUX_GIT="
}

@test "bad input: status 1, 2 or 3, and nothing is prepared" {
	V=two run scripts/post
	says 2 "V=two is no version number"
	V=0 run scripts/post
	says 2 "V=0 is no version number"
	POSTING=first run scripts/post
	says 2 "POSTING=first is no number of a posting"
	POSTING=3 run scripts/post
	says 2 "POSTING=3: the series has 2"
	run scripts/post now
	says 2 "post takes no arguments"
	sed -i 's/measured: tests/measured: costs/' patches/v6.19/0000-cover-letter.patch
	run scripts/post
	says 1 "[measured: costs] names no table" "[measured: cost] and [measured: tests]"
	sed -i 's/^Subject: .*/Subject: Say five/' patches/v6.19/0000-cover-letter.patch
	run scripts/post
	says 1 "has no subject of the form [PATCH TREE 0/1]"
	rm patches/v6.19/0000-cover-letter.patch
	run scripts/post
	says 3 "there is no cover letter patches/v6.19/0000-cover-letter.patch"
	seq -f '%04g-x.patch' 16 >patches/v6.19/series
	rm patches/v6.19/0000-cover-letter-from-2.patch
	touch patches/v6.19/0000-cover-letter.patch
	run scripts/post
	says 1 "the posting has 16 patches, 15 are the most"
	[ -z "$(ls results/*-post/0000* 2>/dev/null)" ]
}
