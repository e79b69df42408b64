#!/usr/bin/env bats
# How scripts/vm ends: each kind of end has its own exit status, the console is kept, and no guest is left behind.
#
# Needs a kernel in build/ (patched, or else base), or the one that VM_TEST_KERNEL names. Takes about two minutes.

load says

setup() {
	source_lib "$BATS_TEST_DIRNAME/../scripts/lib/common.sh"
	source_lib "$BATS_TEST_DIRNAME/../scripts/lib/run.sh"
	load_base
	kernel=${VM_TEST_KERNEL:-$(kernel_image patched)}
	[ -f "$kernel" ] || kernel=$(kernel_image base)
	results=$BATS_TEST_TMPDIR/results
	vm=("$TOP/scripts/vm" --kernel "$kernel" --results "$results" --accel tcg --limit 300)
}

outcome() { in_root jq -r .outcome <"$results/result.json"; }

# This run's QEMU: scripts/vm names it after its results.
guests() { pgrep -f -- "guest=$results" || true; }

@test "a command that succeeds: its output, its files, status 0" {
	run "${vm[@]}" -- sh -c 'echo "$0 said"; echo kept >/results/file' "it's me"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"it's me said"* ]]
	[ "$(cat "$results/guest/file")" = kept ]
	[ "$(outcome)" = pass ]
	grep -q "Linux version" "$results/console.log"
	in_root jq -e '.kernel.compiler and .kernel.sha256 and .accelerator and .repeat' <"$results/metadata.json"
}

@test "a command that fails: status 1, and its own in result.json" {
	run "${vm[@]}" -- sh -c 'exit 7'
	[ "$status" -eq 1 ]
	[ "$(in_root jq .command_status <"$results/result.json")" = 7 ]
}

@test "a guest that hangs: status 4, what it had handed back is kept, the guest is gone" {
	run "${vm[@]}" --quiet 60 -- sh -c 'echo before; echo early >/results/file; handback file; sleep 1000'
	echo "$output"
	[ "$status" -eq 4 ]
	[[ $output == *"no line on the console for 60 s"* ]]
	[ "$(cat "$results/guest/file")" = early ]
	grep -q before "$results/console.log"
	[ -z "$(guests)" ]
}

@test "a guest that talks for ever: status 4 after the limit" {
	run "${vm[@]}" --limit 8 -- sh -c 'while :; do echo still here; sleep 1; done'
	[ "$status" -eq 4 ]
	[[ $output == *"not done after 8 s"* ]]
}

@test "a guest that panics: status 5, and the console says why" {
	run "${vm[@]}" -- sh -c 'echo c >/proc/sysrq-trigger'
	[ "$status" -eq 5 ]
	[ "$(outcome)" = panic ]
	grep -q 'Kernel panic - not syncing: sysrq triggered crash' "$results/console.log"
}

@test "a warning on the console fails a command that succeeded" {
	run "${vm[@]}" -- sh -c 'echo "<4>------------[ cut here ]------------" >/dev/kmsg; echo "<4>WARNING: kernel/bpf/helpers.c:1 at f+0x1/0x2, CPU#0: sh/1" >/dev/kmsg; echo "<4>f+0x1/0x2" >/dev/kmsg; exit 0'
	[ "$status" -eq 5 ]
	[[ $output == *"the kernel reported: ["*"] WARNING: kernel/bpf/helpers.c:1 at f"* ]]
	[ "$(outcome)" = report ]
	# printed, too: results may be gone with the machine
	[[ $output == *"  | ["*"] f+0x1/0x2"* ]]
}

@test "a program that prints the same words does not" {
	run "${vm[@]}" -- echo "WARNING: BUG: KASAN: Call Trace:"
	[ "$status" -eq 0 ]
}

@test "a kernel message in the middle of a program's line does not damage it" {
	run "${vm[@]}" -- sh -c 'printf "#1/2 half"; echo "<4>a message" >/dev/kmsg; echo " and half:OK"'
	[ "$status" -eq 0 ]
	grep -qx '#1/2 half and half:OK' "$results/output.log"
}

@test "a guest that ends by itself without a status: status 5" {
	run "${vm[@]}" -- poweroff -f
	[ "$status" -eq 5 ]
	[ "$(outcome)" = vanished ]
}

@test "Ctrl-C: status 130, results kept, the guest is gone" {
	# A process group of its own, and the SIGINT that bats' children ignore
	setsid env --default-signal=INT "${vm[@]}" -- sh -c 'echo got it >/results/file; handback file; echo ready; sleep 1000' \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	for _ in {1..280}; do ! grep -q ready "$BATS_TEST_TMPDIR/out" || break; sleep 1; done
	[ -n "$(guests)" ]
	kill -INT -- "-$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 130 ]
	[ -z "$(guests)" ]
	[ "$(cat "$results/guest/file")" = "got it" ]
	[ "$(outcome)" = interrupted ]
}

@test "bad usage: status 2, set-up: status 3, each with a word" {
	run "$TOP/scripts/vm" --speed 9 -- true
	[ "$status" -eq 2 ]
	[[ $output == *"unknown option --speed"* ]]
	run "$TOP/scripts/vm" --limit soon -- true
	[ "$status" -eq 2 ]
	run "${vm[@]}"
	[ "$status" -eq 2 ]
	run env ARCH=vax "${vm[@]}" -- true
	[ "$status" -eq 2 ]
	[[ $output == *"x86_64 arm64"* ]]
	run "$TOP/scripts/vm" --kernel /nowhere/bzImage -- true
	[ "$status" -eq 3 ]
	run "${vm[@]}" --add /nowhere/file -- true
	[ "$status" -eq 3 ]
	[[ $output == *"/nowhere/file"* ]]
}

@test "torture: a bad number is refused with a word before anything is built" {
	for bad in SECONDS=soon SECONDS=0 SEED=x SEED=-1 SEED=99999999999999999999 SMP=0 SMP=two SMP=65 ARCH=vax KERNEL=fast KERNEL=rt \
		"KERNEL=up SMP=2"; do
		# shellcheck disable=SC2086 # it may be two
		run env $bad "$TOP/scripts/torture"
		echo "$bad: $status $output"
		[ "$status" -eq 2 ]
		[[ $output == *"${bad#* }"* ]]
	done
	run "$TOP/scripts/torture" now
	[ "$status" -eq 2 ]
}

@test "torture: a violation, no NMI, or none from outside fails a run that ended well" {
	run=$results
	mkdir -p "$run/vm"
	eval "$(sed -n '/^console()/p; /^said()/,/^}/p; /^verdict()/,/^}/p' "$TOP/scripts/torture")"
	try() { # NUMBERS, and what the test said of the last seconds
		printf 'async_torture: seed=1 rounds=1 ops=9 nmi_ops=7\r\nasync_torture: seed=1 rounds=2 %s\r\n' "$1" >"$run/vm/console.log"
		rc=0
		verdict 2>"$results/said"
		echo "$1: $outcome $rc $(cat "$results/said")"
	}
	foreign=1
	try "ops=10 nmi_ops=8 violations=0 nmis=9 foreign_nmis=3"
	[ "$outcome $rc" = "pass 0" ]
	try "ops=10 nmi_ops=8 violations=1 nmis=9 foreign_nmis=3"
	[ "$outcome $rc" = "fail 1" ]
	try "ops=10 nmi_ops=8"
	[ "$outcome $rc" = "fail 1" ]
	try "ops=10 nmi_ops=0 violations=0 nmis=0 foreign_nmis=0"
	[ "$outcome $rc" = "fail 1" ]
	grep -q "no operation was done in an NMI" "$results/said"
	try "ops=10 nmi_ops=8 violations=0 nmis=9 foreign_nmis=0"
	[ "$outcome $rc" = "fail 1" ]
	grep -q "no NMI came from outside" "$results/said"
	foreign=
	try "ops=10 nmi_ops=8 violations=0 nmis=9 foreign_nmis=0"
	[ "$outcome $rc" = "pass 0" ]
	rc=5
	verdict
	[ "$outcome $rc" = "fail 5" ]
}

@test "selftests on a machine without a source of NMIs: skipped, with the reason; the torture does the rest" {
	export ARCH=arm64 KERNEL=debug
	load_base
	[ -x "$KOUT/selftests/test_progs" ] || skip "no selftests of arm64 debug: ARCH=arm64 KERNEL=debug make selftests"
	stage_selftests
	run "$TOP/scripts/vm" --results "$results" --accel tcg --limit 4000 --quiet 3600 --mem 3072 --qemu "-cpu cortex-a76,pmu=off" \
		--add "$KOUT/stage=selftests" -- sh -c "cd /selftests && ASYNC_TORTURE_SECONDS=3 ./test_progs -v --watchdog-timeout=3600 -a async_nmi/nmi_pmu,async_torture"
	[ "$status" -eq 0 ]
	run cat "$results/output.log"
	says 0 "attach_nmi_pmu:SKIP:no PERF_COUNT_HW_CPU_CYCLES" "async_torture: no source of NMIs here, the rest was run" " violations=0 " \
		"0 FAILED"
	grep -Eq "async_torture: seed=.* nmi_ops=0 applied=[1-9]" "$results/output.log"
}

@test "torture: Ctrl-C: status 130, and the numbers that it had come to" {
	[ "$ARCH" = x86_64 ] && [ -d "$KOUT/selftests" ] || skip "no x86_64 selftests: make selftests"
	setsid env --default-signal=INT NOBUILD=1 SECONDS=600 SEED=7 "$TOP/scripts/torture" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	for _ in {1..400}; do ! grep -q "async_torture: seed=7 rounds=[1-9]" "$BATS_TEST_TMPDIR/out" || break; sleep 1; done
	kill -INT -- "-$pid"
	status=0
	wait "$pid" || status=$?
	cat "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 130 ]
	run=$(sed -n 's,.*console: \(.*\)/vm/console.log.*,\1,p' "$BATS_TEST_TMPDIR/out" | head -n1)
	in_root jq -e '.outcome == "interrupted" and .seed == 7 and .rounds > 0 and .ops > .nmi_ops and .nmi_ops > 0 and
		.applied > 0 and .violations == null' <"$run/result.json"
	[ -f "$run/metadata.json" ]
	[ -z "$(pgrep -f -- "guest=$run" || true)" ]
	rm -r "$run" # so that make report does not take it for the newest
}

@test "a file that is no kernel: QEMU's own word, status 3" {
	head -c 100000 /dev/zero >"$BATS_TEST_TMPDIR/zero"
	run "$TOP/scripts/vm" --kernel "$BATS_TEST_TMPDIR/zero" --results "$results" --accel tcg -- true
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"QEMU did not start"* ]]
}

@test "a /dev/kvm that is of no use: the probe says tcg and why, and remembers it" {
	[ "$(uname -m)" = x86_64 ] || skip "the guest's architecture is not this machine's"
	export BPF_ASYNC_ROOT BPF_ASYNC_CACHE=$BATS_TEST_TMPDIR/cache
	BPF_ASYNC_ROOT=$(toolchain_dir)
	probe=(unshare -rm sh -c 'mount --bind /dev/null /dev/kvm; exec "$@"' sh "$TOP/scripts/vm" --kernel "$kernel" --probe)
	[ -e /dev/kvm ] || probe=("$TOP/scripts/vm" --kernel "$kernel" --probe)
	run "${probe[@]}"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == tcg:* ]]
	touch -d @1 "$BPF_ASYNC_CACHE"/kvm-* || [ ! -e /dev/kvm ]
	run "${probe[@]}"
	[[ $output == tcg:* ]]
	[ -z "$(find "$BPF_ASYNC_CACHE" -name 'kvm-*' -newermt @1)" ]
}

@test "make shell: a command in the patched kernel, its output and its status" {
	[ "$ARCH" = x86_64 ] && [ -f "$(kernel_image patched)" ] || skip "no patched x86_64 kernel: make kernel"
	run env NOBUILD=1 timeout 1200 "$TOP/scripts/shell" 'uname -r; exit 7'
	says 7 "$(sed -n 's/^SRC_VERSION=//p' "$BUILD/source.env")"
	ARCH=arm64 NOBUILD=1 run "$TOP/scripts/shell"
	says 2 "make shell is for ARCH=x86_64"
}
