#!/usr/bin/env bats
# What test, test-all and regress do with bad input, and how results are read: no guest is started.

load says

setup() {
	cd "$BATS_TEST_DIRNAME/.."
	unset BASE ARCH KERNEL CELLS TESTS FLAVOURS SCRIPTS RETRY
}

@test "test-all: a cell that is none, a kernel that is unknown, settings that are not its own: status 2" {
	CELLS=rt run scripts/test-all
	says 2 "rt is not ARCH/KERNEL"
	CELLS="x86_64/rt x86_64/fast" run scripts/test-all
	says 2 "unknown KERNEL=fast" "plain debug kcsan rt"
	ARCH=arm64 run scripts/test-all
	says 2 "test-all takes no ARCH or KERNEL"
	run scripts/test-all now
	says 2 "takes no arguments"
}

@test "test: SCRIPTS that is neither, RUNS that is no number" {
	SCRIPTS=maybe run scripts/test
	says 2 "neither"
	RUNS=some run scripts/test
	says 2 "RUNS=some is no number"
}

@test "test: a kernel that is unknown, TESTS that match nothing, or where none are run: status 2" {
	KERNEL=fast run scripts/test
	says 2 "unknown KERNEL=fast" "plain debug kcsan rt"
	TESTS=timer SCRIPTS=only run scripts/test
	says 2 "SCRIPTS=only runs none"
	source_lib scripts/lib/common.sh
	. scripts/lib/run.sh
	TOP=$BATS_TEST_TMPDIR TREE=$BATS_TEST_TMPDIR/tree
	mkdir -p "$TOP/guest" "$TREE/$SELFTESTS/prog_tests"
	printf '%s\n' '# some' timer wq verifier/verifier_wq >"$TOP/guest/tests.list"
	printf 'void %s(void)\n' serial_test_timer test_timer_more >"$TREE/$SELFTESTS/prog_tests/timer.c"
	printf 'void test_wq(void)\n' >"$TREE/$SELFTESTS/prog_tests/wq.c"
	eval "$(sed -n '/^check_picks/,/^}/p' scripts/test)"
	picks=("timer*" verifier_wq timer_more/some)
	check_picks
	picks+=("nosuch/timer")
	run check_picks
	says 2 "TESTS: nosuch/timer matches no test" "there are: timer timer_more wq verifier_wq"
}

@test "test: TESTS of which all are skipped: not a run that passed" {
	source_lib scripts/lib/common.sh
	eval "$(sed -n '/^ktap() {/,/^}/p; /^make_ready() {/,/^}/p; /^run_guest() {/,/^}/p; /^cut_short() {/,/^}/p' scripts/test)"
	NOBUILD=1 TOP=$BATS_TEST_TMPDIR KOUT=$BATS_TEST_TMPDIR/build ARCH=arm64 KERNEL=debug kind=picked seconds=5 worst=0 complaints='' EXAMPLES=() picks=("a b")
	total_passed=0 total_failed=0 total_skipped=0
	load_base() { :; }
	check_picks() { :; }
	check_picked() { :; }
	build() { :; }
	new_results() { mkdir -p "$TOP/run" && echo "$TOP/run"; }
	note_run() { :; }
	stage_selftests() { :; }
	picked=x
	in_root() { cat >/dev/null; echo "{\"outcome\": \"$6\"}"; }
	mkdir -p "$TOP/scripts" "$TOP/guest"
	echo 'arm64 a  why' >"$TOP/guest/skips.list"
	printf '%s\n' '#!/bin/sh' "mkdir -p \"\$2\"" "echo '#1 a:SKIP' >\"\$2/output.log\"" >"$TOP/scripts/vm"
	chmod +x "$TOP/scripts/vm"
	run run_guest
	says 0 "nothing ran # all that TESTS names is skipped on arm64 debug" "arm64 debug: 0 passed, 1 failed, 1 skipped"
	grep -q fail "$TOP/run/result.json"
	run_guest >/dev/null
	[ "$worst" -eq 1 ]
	echo "echo '#2 b:OK' >>\"\$2/output.log\"" >>"$TOP/scripts/vm"
	run run_guest
	says 0 "arm64 debug: 1 passed, 0 failed, 1 skipped"
	grep -q pass "$TOP/run/result.json"
}

@test "a skip passes only where the list allows it, a test with subtests counts as these" {
	eval "$(sed -n '/^ktap() {/,/^}/p' scripts/test)"
	TOP=$BATS_TEST_TMPDIR ARCH=arm64 KERNEL=rt
	mkdir "$TOP/guest"
	printf '%s  why\n' '# some' 'arm64 a/one' 'x86_64 a/two' 'rt b/*' 'rt !b/works' 'arm64/rt c' >"$TOP/guest/skips.list"
	printf '#%s\n' '1/1    a/one:SKIP' '1/2    a/two:SKIP' '1/3    a/three:OK' '1     a:OK (SKIP: 2/3)' '2/1  b/timers:SKIP' \
		'2/2  b/works:SKIP' '2     b:OK (SKIP: 2/2)' '3     c:SKIP' '4     d:FAIL' '5/1  e/one:OK' '5     e:FAIL' >"$TOP/log"
	run ktap "$TOP/log"
	echo "$output"
	diff <(tail -n +2 <<<"$output") - <<-'END'
		ok 1 a/one # SKIP  why
		not ok 2 a/two # skipped, and not listed in guest/skips.list
		ok 3 a/three
		ok 4 b/timers # SKIP  why
		not ok 5 b/works # skipped, and not listed in guest/skips.list
		ok 6 c # SKIP  why
		not ok 7 d
		ok 8 e/one
		not ok 9 e
	END
}

@test "how to repeat a run: with every setting that the script says it has" {
	local name script
	eval "$(sed -n '/^env_line()/,/^}/p' scripts/lib/run.sh)"
	BASE='' ARCH='' KERNEL='' TOOLCHAIN=''
	for script in test torture regress mutants prove bench post; do
		for name in $(sed '/^[^#]/q' scripts/$script | grep -oE '\b[A-Z_]{2,}=' | sort -u); do
			case $name in
			KERNEL= | NOBUILD=) ;; # said anyway; changes nothing that is measured
			VARIABLE=) ;;          # a word of the text
			SECONDS=) [[ $(seconds=7 env_line) == *SECONDS=7* ]] ;;
			*) [[ $(declare "${name}7" && env_line) == *" ${name}7 "* ]] ;;
			esac || { echo "$script: $name is not in it" && false; }
		done
	done
}

@test "regress: unknown program, pattern that matches nothing, number that is none, other architecture: status 2" {
	FLAVOURS=test_prog run scripts/regress
	says 2 "there is no test_prog" "test_maps test_verifier"
	LIMIT=soon run scripts/regress
	says 2 "LIMIT=soon"
	GROUP=0 run scripts/regress
	says 2 "GROUP=0"
	RETRY=yes run scripts/regress
	says 2 "RETRY=yes"
	ARCH=arm64 run scripts/regress
	says 2 "ARCH=x86_64 only"
	run scripts/regress timer
	says 2 "takes no arguments"
	FLAVOURS=test_prog run scripts/build-regress test_prog
	says 2 "no selftest program test_prog"
	[ -d build/v6.19/tree ] || skip "make tree first"
	TESTS="timer nosuch*" run scripts/regress
	says 2 "nosuch* matches no test"
}

@test "regress: a program that is not staged, and may not be built: status 3, and no results" {
	local before
	before=$(ls results 2>/dev/null || true)
	BUILD_TOP=$BATS_TEST_TMPDIR NOBUILD=1 FLAVOURS=test_maps run scripts/regress
	says 3 "/regress/stage/test_maps" "without NOBUILD"
	[ "$(ls results 2>/dev/null || true)" = "$before" ]
}

@test "regress: an entry of the list that leaves nothing out: status 2" {
	local entry
	source_lib scripts/lib/common.sh
	. scripts/lib/run.sh
	TOP=$BATS_TEST_TMPDIR
	mkdir -p "$TOP/guest" "$TOP/prog_tests"
	printf 'void test_timer(void)\n' >"$TOP/prog_tests/timer.c"
	eval "$(sed -n '/^check_list/,/^}/p' scripts/regress)"
	printf '%s  2026-12-01  why\n' '# some' '*/timer' test_progs-cpuv4/timer/some >"$TOP/guest/regress.list"
	check_list "$TOP"
	for entry in '*/time' test_maps/timer timer; do
		echo "$entry  2026-12-01  why" >"$TOP/guest/regress.list"
		run check_list "$TOP"
		says 2 "guest/regress.list: $entry is no test of test_progs"
	done
}

report() { # FUNCTION... of both accesses; the functions of kernel/bpf are bpf_*, of hrtimer.c hrtimer_*
	local f
	printf 'kernel/bpf/helpers.c bpf_start\nkernel/time/hrtimer.c hrtimer_run\n' >"$BATS_TEST_TMPDIR/functions"
	{
		echo "[    1.000000] BUG: KCSAN: data-race in $1 / $1"
		echo "[    1.000000] "
		echo "[    1.000000] write (marked) to 0xffff888000000000 of 8 bytes by interrupt on cpu 1:"
		for f; do echo "[    1.000000]  $f+0x12/0x34"; done
		echo "[    1.000000] "
		echo "[    1.000000] read to 0xffff888000000000 of 8 bytes by task 77 on cpu 0:"
		echo "[    1.000000]  do_nothing+0x12/0x34"
		echo "[    1.000000] Reported by Kernel Concurrency Sanitizer on:"
	} >"$BATS_TEST_TMPDIR/console"
	run scripts/lib/kcsan "$BATS_TEST_TMPDIR/console" "$BATS_TEST_TMPDIR/functions"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a data race counts by the innermost two frames" {
	report bpf_start do_syscall
	[[ $output == ours:1:* ]]
	report hrtimer_run tick
	[[ $output == ours:1:* ]]
	report irq_work_queue bpf_start
	[[ $output == ours:1:* ]]
	report tick hrtimer_run
	[[ $output == elsewhere:1:* ]]
	report slab_alloc kmalloc bpf_start
	[[ $output == elsewhere:1:* ]]
	run scripts/lib/kcsan "$BATS_TEST_TMPDIR/console" /dev/null
	[[ $output == ours:1:* ]]
	report bpf_start do_syscall
	echo "* bpf_start  for this test" >"$BATS_TEST_TMPDIR/known"
	run scripts/lib/kcsan "$BATS_TEST_TMPDIR/console" "$BATS_TEST_TMPDIR/functions" "$BATS_TEST_TMPDIR/known"
	[[ $output == known:1:* ]]
	run scripts/lib/kcsan /nowhere /dev/null
	[ "$status" -eq 3 ]
}

guest() { # a console, with @start and @end as guest/regress prints them
	mkdir -p "$BATS_TEST_TMPDIR/vm"
	tee "$BATS_TEST_TMPDIR/vm/console.log" | grep -v '^\[' >"$BATS_TEST_TMPDIR/vm/output.log"
	. scripts/lib/common.sh
	. scripts/lib/regress.sh
	trap - EXIT INT TERM HUP ERR # this runs in a shell of its own
	: >"$BATS_TEST_TMPDIR/done"
	read_guest "$BATS_TEST_TMPDIR/vm" "$BATS_TEST_TMPDIR/done" "$1"
}

@test "regress: what a guest says, up to the test that it hung in" {
	run guest HANG <<-'END'
		@start test_progs timer
		@ timer/a:OK
		@ timer/b c:FAIL
		@ timer:FAIL
		@end test_progs timer 1 3
		@start test_progs wq
		[    9.000000] WARNING: kernel/bpf/helpers.c:1234 at bpf_wq_start+0x12/0x34, CPU#1: test_progs/77
		@ wq:OK
		@end test_progs wq 0 3
		@start test_progs dies
		@end test_progs dies 139 120
		@start test_progs hangs
	END
	echo "$output"
	grep -qxP 'test_progs\ttimer/b c\tFAIL' <<<"$output"
	grep -qxP 'test_progs\twq\tOK' <<<"$output"
	grep -qxP 'test_progs\tdies\tDIED' <<<"$output"
	grep -qxP 'test_progs\thangs\tHANG' <<<"$output"
	grep -qP '^test_progs\twq: WARNING: .*bpf_wq_start.*\tREPORT$' <<<"$output"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/done")" -eq 4 ]
}

@test "regress: what test_maps and test_verifier say, in the guest" {
	sed -n '/^others() /,/^}/p' guest/regress >"$BATS_TEST_TMPDIR/others"
	cd "$BATS_TEST_TMPDIR"
	. ./others
	status() { printf '%s\n' "$@" | others log; }
	run status '#1/u add OK' '#1/p add 2 cases OK' '#7/u x SKIP (unprivileged)' '#8/p two words Did not run the program (not supported) OK' \
		"#9/p bad FAIL retval 5 != 6 (run 1/1)" '#10/p not run FAIL: Unexpected bpf_prog_test_run error' 'Summary: 1 PASSED' '@status 1' 'after the end'
	[ "$status" -eq 1 ]
	[ "$output" = '@ 1/u add:OK
@ 1/p add:OK
@ 7/u x:SKIP
@ 8/p two words:OK
@ 9/p bad:FAIL
@ 10/p not run:FAIL' ]
	grep -q 'Summary: 1 PASSED' log
	run status 'Fork 1024 tasks to '"'test_update_delete'" 'test_array_map_batch_ops:PASS' 'test_htab_map_batch:PASS with inner HASH map' 'test_lpm: PASS' \
		'test_cgroup SKIP (no cgroups)' 'test_x:SKIP: not here' 'test_sk_storage(12):FAIL:bpf_map_create() err:-1' '@status 255'
	[ "$status" -eq 1 ] # exit(-1) is no death
	[ "$output" = "Fork 1024 tasks to 'test_update_delete'
@ test_array_map_batch_ops:OK
@ test_htab_map_batch with inner HASH map:OK
@ test_lpm:OK
@ test_cgroup:SKIP
@ test_x:SKIP
@ test_sk_storage:FAIL" ]
	run status 'test_one:PASS' '@status 134'
	[ "$status" -eq 134 ]
	run status 'test_one:PASS' # the guest's shell was gone before it could say how it ended
	[ "$status" -eq 125 ]
}

@test "regress: of tests that share a process, the one that it died in, and none of those after it" {
	run guest PANIC <<-'END'
		@start test_progs a,b,c,d
		@ a/x:OK
		@ a:OK
		[    9.000000] WARNING: kernel/bpf/helpers.c:1234 at bpf_wq_start+0x12/0x34, CPU#1: test_progs/77
		@ b:SKIP
		@end test_progs a,b,c,d 139 7
		@start test_progs e,f
		@ e:FAIL
		@ f:OK
		@end test_progs e,f 1 7
		@start test_progs g,h
		@end test_progs g,h 0 1
		@start test_progs i,j
		@ i:OK
	END
	echo "$output"
	diff <(grep -v REPORT <<<"$output") - <<-'END'
		test_progs	a/x	OK
		test_progs	a	OK
		test_progs	b	SKIP
		test_progs	c	DIED
		test_progs	e	FAIL
		test_progs	f	OK
		test_progs	g	SKIP
		test_progs	h	SKIP
		test_progs	i	OK
		test_progs	j	PANIC
	END
	grep -qP '^test_progs\tb: WARNING: .*bpf_wq_start.*\tREPORT$' <<<"$output"
	[ "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/done" | paste -sd' ')" = "a b c e f g h i j" ]
}

@test "regress: the watchdog's word on a test is not its end: it died, not the one after it" {
	run guest VANISHED <<-'END'
		@start test_progs a,b,c
		@ a:OK
		WATCHDOG: test case b/x executes for 120 seconds, terminating with SIGSEGV
		@ b:FAIL
		@end test_progs a,b,c 139 250
		@start test_progs d,e,f
		WATCHDOG: test case d executes for 120 seconds, terminating with SIGSEGV
		@ d:FAIL
		@ d:FAIL
		[    9.000000] WARNING: kernel/bpf/helpers.c:1234 at bpf_wq_start+0x12/0x34, CPU#1: test_progs/77
		@ e:OK
		@ f:OK
		@end test_progs d,e,f 1 300
	END
	echo "$output"
	diff <(grep -v REPORT <<<"$output") - <<-'END'
		test_progs	a	OK
		test_progs	b	DIED
		test_progs	d	FAIL
		test_progs	e	OK
		test_progs	f	OK
	END
	grep -qP '^test_progs\te: WARNING: ' <<<"$output"
	[ "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/done" | paste -sd' ')" = "a b d e f" ]
}

@test "regress: what differs" {
	source_lib scripts/lib/common.sh
	. scripts/lib/regress.sh
	cd "$BATS_TEST_TMPDIR"
	printf 'test_progs\t%s\t%s\n' a OK a/x OK b FAIL c OK d SKIP e OK g FAIL h FAIL >base
	printf 'test_progs\t%s\t%s\n' a FAIL a/x FAIL b OK c OK d SKIP f OK g PANIC h DIED 'c: WARNING: N' REPORT >patched
	run compare base patched
	echo "$output"
	grep -qxP 'broken\ttest_progs\ta/x\tOK\tFAIL' <<<"$output"
	[[ $output != *$'\ta\t'* ]]
	grep -qxP 'mended\ttest_progs\tb\tFAIL\tOK' <<<"$output"
	grep -qxP 'gone\ttest_progs\te\tOK\t-' <<<"$output"
	grep -qxP 'only_patched\ttest_progs\tf\t-\tOK' <<<"$output"
	grep -qxP 'broken\ttest_progs\tc: WARNING: N\t-\tREPORT' <<<"$output"
	grep -qxP 'broken\ttest_progs\tg\tFAIL\tPANIC' <<<"$output"
	grep -qxP 'other\ttest_progs\th\tFAIL\tDIED' <<<"$output"
	[ "$(wc -l <<<"$output")" -eq 7 ]
}

@test "regress: what is FLAKY, and that a panic or report counts even if the test then passes alone" {
	source_lib scripts/lib/common.sh
	. scripts/lib/regress.sh
	cd "$BATS_TEST_TMPDIR"
	while read -r name base patched again_base again_patched; do
		printf 'broken\ttest_progs\t%s\t%s\t%s\n' "$name" "$base" "$patched" >>changes
		for i in 1 2 3; do
			printf 'test_progs\t%s\t%s\n' "$name" "$(cut -d, -f$i <<<"$again_base")" >>base-$i.tsv
			printf 'test_progs\t%s\t%s\n' "$name" "$(cut -d, -f$i <<<"$again_patched")" >>patched-$i.tsv
		done
	done <<-'END'
		always OK FAIL OK,OK,OK FAIL,FAIL,FAIL
		sometimes OK FAIL OK,OK,OK FAIL,OK,OK
		once OK FAIL OK,OK,OK OK,OK,OK
		base_too OK FAIL OK,OK,FAIL FAIL,FAIL,FAIL
		as_often OK FAIL OK,OK,FAIL OK,FAIL,OK
		never_alone OK FAIL FAIL,FAIL,FAIL FAIL,FAIL,FAIL
		panics OK PANIC OK,OK,OK OK,OK,OK
		base_panics OK PANIC OK,PANIC,OK OK,OK,OK
		lockup OK PANIC OK,OK,OK OK,OK,OK
		vanishes OK VANISHED OK,OK,OK OK,OK,OK
		hangs OK HANG OK,OK,OK OK,OK,OK
		panics_now FAIL PANIC FAIL,FAIL,FAIL PANIC,FAIL,FAIL
	END
	for name in 'once: WARNING: N' 'once: INFO: rcu self-detected stall' 'lockup: WARNING: N'; do
		printf 'broken\ttest_progs\t%s\t-\tREPORT\n' "$name" >>changes
	done
	printf 'mended\ttest_progs\tother\tFAIL\tOK\n' >>changes
	run judge changes .
	echo "$output"
	diff <(cut -f1,3,6 <<<"$output") - <<-'END'
		broken	always	again: base passed 3 of 3, patched 0 of 3
		broken	sometimes	again: base passed 3 of 3, patched 2 of 3
		flaky	once	FLAKY, again: base passed 3 of 3, patched 3 of 3
		broken	base_too	again: base passed 2 of 3, patched 0 of 3
		flaky	as_often	FLAKY, again: base passed 2 of 3, patched 2 of 3
		broken	never_alone	again: base passed 0 of 3, patched 0 of 3
		broken	panics	again: base passed 3 of 3, patched 3 of 3
		flaky	base_panics	FLAKY, again: base passed 2 of 3, patched 3 of 3
		broken	lockup	again: base passed 3 of 3, patched 3 of 3
		broken	vanishes	again: base passed 3 of 3, patched 3 of 3
		flaky	hangs	FLAKY, again: base passed 3 of 3, patched 3 of 3
		broken	panics_now	again: base passed 0 of 3, patched 0 of 3
		broken	once: WARNING: N	again: base passed 3 of 3, patched 3 of 3
		flaky	once: INFO: rcu self-detected stall	FLAKY, again: base passed 3 of 3, patched 3 of 3
		broken	lockup: WARNING: N	again: base passed 3 of 3, patched 3 of 3
		mended	other	
	END
}

# The kernel that boots is included so, in arch/x86/boot/compressed/piggy.S.
@test "the compiler cache does not miss a file that the assembler includes" {
	mkdir "$BATS_TEST_TMPDIR/out"
	cd "$BATS_TEST_TMPDIR/out"
	printf '\t.section .rodata\n\t.incbin "payload"\n\t.ascii "%s"\n' "$RANDOM$RANDOM" >piggy.S
	for payload in first other; do
		printf %s $payload >payload
		OUT=$PWD run bash -c '. "$1/scripts/lib/common.sh" && load_base &&
			in_root sh -c "cd /out && gcc -Wp,-MMD,/out/piggy.d -c -o piggy.o piggy.S"' bash "$BATS_TEST_DIRNAME/.."
		says 0
		grep -q $payload piggy.o || { echo "$payload is not in it"; return 1; }
	done
}

@test "mutants: one that cannot be taken back costs the copies, and is not stuck" {
	source_lib scripts/lib/common.sh
	TOP=$BATS_TEST_TMPDIR BUILD=$BATS_TEST_TMPDIR/build tree=$BATS_TEST_TMPDIR/build/mutants/tree
	mkdir -p "$TOP/model/mutants" "$tree" "$BUILD/mutants/plain"
	eval "$(sed -n '/^change()/p; /^apply()/p; /^revert()/,/^}/p' scripts/mutants)"
	printf '%s\n' one two three >"$tree/file"
	printf '%s\n' '--- a/file' '+++ b/file' '@@ -1,3 +1,3 @@' ' one' '-two' '+2' ' three' >"$TOP/model/mutants/H1-two.patch"
	touch "$tree/.mutants" "$BUILD/mutants/plain/.mutants"
	apply H1-two
	[ "$(sed -n 2p "$tree/file")" = 2 ]
	revert
	[ "$(sed -n 2p "$tree/file")" = two ]
	[ -f "$tree/.mutants" ]
	apply H1-two
	echo 2 >"$tree/file" # as if cut short
	run revert
	says 3 "cannot be taken back" "run make mutants again"
	for f in "$tree/.applied" "$tree/.mutants" "$BUILD/mutants/plain/.mutants"; do [ ! -e "$f" ] || false; done
	revert
}

# What scripts/mutants does with each mutant, with a toy for the build and for the guest. A kernel is the text of tree/file.
toy_mutants() {
	toy=$BATS_TEST_TMPDIR
	mkdir -p "$toy/model/mutants" "$toy/build/mutants/tree" "$toy/build/x/patched" "$toy/results"
	printf '%s\n' one two three >"$toy/build/mutants/tree/file"
	cat >"$toy/toy" <<'END'
. scripts/lib/common.sh
. scripts/lib/run.sh
TOP=$1 BUILD=$1/build KOUT=$1/build/x out=$1/results tree=$1/build/mutants/tree OUT=$1/build/mutants/plain
image=$KOUT/patched/bzImage killed=0 equivalent=0 failed=0
mkdir -p "$OUT"
eval "$(sed -n '/^change()/,/^# What the tests say of the kernel/p' scripts/mutants)"
eval "$(sed -n '/^BEGUN=/p; /^write_result()/,/^}/p' scripts/mutants)"
compile() {
	touch "$out/building-$2"
	if grep -q broken "$tree/file"; then echo "file.c:2: error: it is broken" >"$1"; return 3; fi
	! grep -q slow "$tree/file" || sleep 100
	cp "$tree/file" "$OUT/bzImage"
}
# Until a file is there that the kernel names, then with the status that it names.
run_tests() {
	local status file limit
	read -r status file limit < <(sed -n 's/^tested //p' "$1")
	echo "error: the kernel reported: BUG: toy" >"$3.log"
	mkdir "$3"
	[ "$file" = unbooted ] || printf '%s\n' "$BEGUN" "#1 toy:FAIL:check" >"$3/output.log"
	for ((; limit > 0; limit--)); do [ ! -e "$out/$file" ] || return "$status"; sleep 0.1 || exit 130; done
	return 0
}
choose_mutants "$TOP/model/mutants"
revert
every "${mutants[@]}"
echo "$killed killed, $equivalent equivalent, $failed not"
END
}
toy_mutant() { # NAME LINE [OLD-LINE]
	printf '%s\n' "Hazard: H1" "Killed-by: toy" "$4" 'diff --git a/file b/file' '--- a/file' '+++ b/file' '@@ -1,3 +1,3 @@' ' one' "-${3:-two}" "+$2" ' three' \
		>"$toy/model/mutants/$1.patch"
}

@test "mutants: each is built while the one before it is tested; one that does not build or apply fails and stops no other" {
	toy_mutants
	toy_mutant H1-a "tested 1 building-H1-d 100" # passes, and so survives, if H1-d is not built before it is through
	toy_mutant H1-b broken
	toy_mutant H1-c other 'no such line'
	toy_mutant H1-d "tested 5 building-H1-d 1"
	toy_mutant H1-e "tested 4 building-H1-e 1"
	toy_mutant H1-f "tested 0 building-H1-f 1"
	toy_mutant H1-g "tested 0 building-H1-g 1" '' "Equivalent: nobody can tell"
	toy_mutant H1-h "tested 5 unbooted 1" # panics before its tests
	touch "$toy/results/unbooted"
	run bash "$toy/toy" "$toy"
	says 0 "3 killed, 1 equivalent, 4 not"
	run cut -f2,3,5 "$toy/results/table"
	diff <(sort <<<"$output") - <<-'END'
		H1-a	killed	assertion
		H1-b	DOES NOT BUILD	1:file.c:2: error: it is broken
		H1-c	DOES NOT APPLY	1 out of 1 hunk FAILED
		H1-d	killed	report
		H1-e	killed	time limit
		H1-f	SURVIVED	
		H1-g	equivalent	nobody can tell
		H1-h	NO VERDICT	the guest did not come to the tests: status 5
	END
	[ "$(sed -n 2p "$toy/build/mutants/tree/file")" = two ]
}

@test "mutants: Ctrl-C: status 130, the guest that runs beside a build is gone, the table is kept, the tree mended next time" {
	toy_mutants
	toy_mutant H1-a "tested 1 building-H1-a 1"
	toy_mutant H1-b "tested 1 never 1000"
	toy_mutant H1-c slow
	setsid env --default-signal=INT bash "$toy/toy" "$toy" >"$toy/out" 2>&1 3>&- &
	pid=$!
	for _ in {1..100}; do [ ! -d "$toy/results/H1-b" ] || [ ! -f "$toy/results/building-H1-c" ] || break; sleep 0.1; done
	kill -INT -- "-$pid"
	status=0
	wait "$pid" || status=$?
	cat "$toy/out"
	[ "$status" -eq 130 ]
	[ -z "$(pgrep -s "$pid" || true)" ]
	[ "$(cut -f2,3 "$toy/results/table")" = "$(printf 'H1-a\tkilled')" ]
	grep -q '"outcome": "interrupted"' "$toy/results/result.json"
	[ "$(sed -n 2p "$toy/build/mutants/tree/file")" = slow ]
	rm "$toy"/model/mutants/H1-[bc].patch "$toy"/results/building-*
	rm -r "$toy/results"/H1-[ab]
	run bash "$toy/toy" "$toy"
	says 0 "1 killed, 0 equivalent, 0 not"
	[ "$(sed -n 2p "$toy/build/mutants/tree/file")" = two ]
}

# scripts/test with a toy for what builds and what runs a guest: it prints the tests, and takes as long as the file says.
toy_test() {
	cp -r scripts Makefile bases configs guest tests "$BATS_TEST_TMPDIR/"
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' '#!/bin/sh' 'true' | tee scripts/toolchain scripts/tree scripts/build-kernel scripts/build-selftests scripts/build-examples >/dev/null
	cat >scripts/vm <<'END'
#!/bin/bash
[ "$1" != --kernel ] || shift 2
mkdir -p "$2/guest"
trap 'kill $!; exit 130' INT
echo "#1 timer:OK" >"$2/output.log"
touch "$ARCH.began"
status=${X86:-OK} limit=${X86_SECONDS:-0}
case $ARCH in
x86_64) for _ in {1..100}; do [ ! -e arm64.began ] || break; sleep 0.1; done; [ -e arm64.began ] || status=FAIL ;;
arm64) status=${ARM64:-OK} limit=${ARM64_SECONDS:-0} ;;
esac
sleep "$limit" >/dev/null 2>&1 &
wait
printf '#1 timer:%s\n' "$status" >"$2/output.log"
echo "async_nmi: nmis=1 ops=1" >>"$2/output.log"
printf 'example %s: ok\n' nmi_profiler irqoff_watchdog scx_limiter >>"$2/output.log"
echo '{"ok": true, "nmis": 1, "operations_in_nmi": 1}' >"$2/guest/nmi_timers.json"
[ "$status" != FAIL ]
END
	sed -i 's/^stage_selftests() {/& return 0;/' scripts/lib/run.sh
	mkdir -p patches/v6.19
	touch patches/v6.19/0001-toy.patch
}

@test "test: the guest of arm64 runs beside that of x86_64, and its tests and failures are counted" {
	toy_test
	SCRIPTS=no run scripts/test
	says 0 "arm64 debug: == v6.19 arm64 debug ==" "x86_64 plain: 6 passed, 0 failed, 0 skipped" "12 passed, 0 failed, 0 skipped"
	rm arm64.began
	SCRIPTS=no ARM64=FAIL run scripts/test
	says 1 "11 passed, 1 failed, 0 skipped" $'== what failed ==\narm64 debug: not ok 1 timer'
}

@test "test: TESTS= that is skipped in one guest passes, and in both it does not" {
	toy_test
	mkdir -p build/v6.19/tree/tools/testing/selftests/bpf/prog_tests
	printf 'x86_64 timer a reason\narm64 timer a reason\n' >guest/skips.list
	echo timer >guest/tests.list
	echo 'void test_timer(void)' >build/v6.19/tree/tools/testing/selftests/bpf/prog_tests/timer.c
	TESTS=timer ARM64=SKIP run scripts/test
	says 0 "arm64 debug: 0 passed, 0 failed, 1 skipped" "1 passed, 0 failed, 1 skipped"
	rm arm64.began
	TESTS=timer ARM64=SKIP X86=SKIP run scripts/test
	says 1 "not ok nothing ran # all that TESTS names is skipped in both guests" "0 passed, 1 failed, 2 skipped"
}

@test "test: Ctrl-C ends the guest beside as well, and says what became of it, also where it ends who listens" {
	toy_test
	for listener in '' '| cat'; do
		rm -rf ./*.began results
		SCRIPTS=no ARM64_SECONDS=1000 X86_SECONDS=1000 setsid env --default-signal=INT bash -c "scripts/test 2>&1 $listener" >out 2>&1 3>&- &
		pid=$!
		for _ in {1..200}; do [ ! -e arm64.began ] || [ ! -e x86_64.began ] || break; sleep 0.1; done
		sleep 0.5
		kill -INT -- "-$pid"
		status=0
		wait "$pid" || status=$?
		cat out
		[ "$status" -eq 130 ]
		for _ in {1..50}; do [ -n "$(pgrep -s "$pid" || true)" ] || break; sleep 0.1; done
		[ -z "$(pgrep -s "$pid" || true)" ]
		[ -n "$listener" ] || grep -q "^arm64 debug: not finished; what had passed and failed by then: .*/ktap" out
		grep -qx "ok 1 timer" results/*-test-arm64-debug/ktap
	done
}
