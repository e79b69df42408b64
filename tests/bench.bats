#!/usr/bin/env bats
# What scripts/bench refuses, and what scripts/lib/bench.py makes of guests that went wrong: test data, no guest is booted.

load says

setup() {
	source_lib "$BATS_TEST_DIRNAME/../scripts/lib/common.sh"
	bench=$TOP/scripts/bench
	run=$BATS_TEST_TMPDIR/run
	python3 "$BATS_TEST_DIRNAME/bench-guests" "$run"
}

judge() { python3 "$TOP/scripts/lib/bench.py" "$run" "${1:-done}"; }
result() { python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$run/result.json" "$1"; }
change() { sed -i "$2" "$run/$1"; } # FILE SED

@test "bad settings: status 2, and what to choose from" {
	PARTS=speed run "$bench"
	says 2 "unknown part speed" "choose from: cost"
	KERNELS="base other" run "$bench"
	says 2 "unknown kernel other"
	ROUNDS=many run "$bench"
	says 2 "ROUNDS=many is no number"
	RIVAL=v0.1 run "$bench"
	says 2 "unknown RIVAL=v0.1" "v7.2"
	RIVAL=v6.19 run "$bench"
	says 2 "RIVAL=v6.19 is no rival"
	ARCH=arm64 run "$bench"
	says 2 "ARCH=x86_64 KERNEL=plain only"
	run "$bench" now
	says 2 "takes no arguments"
}

@test "sound guests: every goal met, status 0" {
	run judge
	says 0 "met    NMI: timer_start until armed, above the floor, against the rival: 0.5"
	[[ $output != *missed* && $output != *FAILED* ]]
	[ "$(result 'r["outcome"]')" = pass ]
	[ "$(result '[c["locked"] for c in r["cost"] if (c["kernel"], c["op"], c["ctx"]) == ("patched", "timer_start", "nmi")]')" = '[7]' ]
}

@test "what a kernel refuses is refused, never 0" {
	judge || true
	[ "$(result '[(c["state"], c["why"], "call" in c) for c in r["cost"] if (c["kernel"], c["op"], c["ctx"]) == ("base", "timer_start", "nmi")]')" = \
		"[('refused', 'EOPNOTSUPP (-95)', False)]" ]
	[ "$(result '[(p["state"], "failed" in p) for p in r["pressure"] if p["kernel"] == "base"]')" = "[('refused', False), ('refused', False)]" ]
}

@test "measurements that disagree by more than 1 %: of three the middle one; no two that agree: status 1" {
	change cost-2-patched/output.log 's/^\(cost\ttimer_start\ttask\t1\tok\)\t[0-9.]*/\1\t410.0/'
	run judge
	says 0 "met    task: timer_start, total, against the base: 0.9877 (goal 1): 400 instructions, base 405"
	change cost-3-patched/output.log 's/^\(cost\ttimer_start\ttask\t1\tok\)\t[0-9.]*/\1\t390.0/'
	run judge
	says 1 "open   task: timer_start, total, against the base: - (goal 1): patched: 400+0 and 390+0 instructions, more than 1 % apart"
	[ "$(result 'r["outcome"]')" = fail ]
}

@test "a rival at or below its floor: there is no ratio, and the whole call decides" {
	for guest in cost-1 cost-2 cost-3 locked; do change $guest-rival/output.log 's/^\(cost\tfloor_hrtimer_start\ttask\t1\tok\)\t[0-9.]*/\1\t455.0/'; done
	change locked-rival/regions 's/^390 /545 /'
	run judge
	says 0 "near   task: timer_start, above the floor, against the rival: - (goal 1): 100 instructions, rival -5; in total 400 and 450"
	for guest in cost-1 cost-2 cost-3; do change $guest-patched/output.log 's/^\(cost\ttimer_start\ttask\t1\tok\)\t[0-9.]*/\1\t451.0/'; done
	run judge
	says 1 "missed task: timer_start, above the floor, against the rival: - (goal 1): 151 instructions, rival -5; in total 451 and 450"
}

@test "a goal that is missed: status 1, with its figures" {
	for guest in cost-1 cost-2 cost-3 locked; do
		change $guest-patched/output.log 's/^\(cost\ttimer_start\ttask\t1\tok\)\t[0-9.]*/\1\t500.0/'
	done
	change locked-patched/regions 's/^500 /600 /'
	run judge
	says 1 "missed task: timer_start, total, against the base: 1.2346 (goal 1): 500 instructions, base 405"
}

@test "a goal that is missed but within its hard limit: said so, status 0" {
	for guest in cost-1 cost-2 cost-3 locked; do
		change $guest-patched/output.log 's/^\(cost\ttimer_start\ttask\t1\tok\)\t[0-9.]*/\1\t420.0/'
	done
	change locked-patched/regions 's/^500 /520 /'
	run judge
	says 0 "near   task: timer_start, total, against the base: 1.037 (goal 1, at most 1.05): 420 instructions, base 405"
}

@test "a figure that does not repeat, and no goal needs: kept and marked, status 0" {
	for guest in cost-1 cost-2; do
		printf 'cost\ttimer_start\ttask\t16\tok\t%s\t0\t1\t0\t1\t0\t0\n' 4"${guest#cost-}"00 >>"$run/$guest-rival/output.log"
	done
	run judge
	says 0
	[ "$(result '[c["repeats"] for c in r["cost"] if c["objects"] == 16]')" = '[False]' ]
}

@test "commands applied: fewer than a goal asks for is near down to its hard limit, then missed" {
	sed -i 's/^\(throughput.*\tok\t[0-9]*\)\t[0-9]*/\1\t90000/' "$run"/throughput-*-patched/output.log
	run judge
	says 1 "near   4 producers, one object: commands applied, against the base: 0.9 (goal 2, at least 0.65)" \
		"missed 2 producers, one object: commands applied, against the base: 0.9 (goal 2)" \
		"met    4 producers, one object: calls that returned, against the base: 3 (goal 2)"
}

@test "a queue that takes bytes, or starts that fail: the goal is missed" {
	change memory-patched/output.log 's/^\(memory\tqueued\t100\tok\)\t0/\1\t2400/'
	change pressure-patched/output.log 's/^\(pressure\tmemcg_limit\tok\t1000\)\t0\t-/\1\t9\tENOMEM/'
	run judge
	says 1 "missed pressure: memcg_limit, failed starts: 9" "missed memory: slab bytes while 100 commands are queued: 2400"
}

@test "a limit of memory that does not bite proves nothing: status 1" {
	change pressure-patched/output.log 's/^\(pressure\tmemcg_limit_init\tok\t1000\)\t900/\1\t0/'
	run judge
	says 1 "pressure-patched: the limit did not bite"
}

@test "a kernel that panicked: said so, its other figures stand, nothing is filled in" {
	rm -r "$run/latency-rival"/*
	echo '{"outcome": "panic", "why": "the kernel reported: Kernel panic"}' >"$run/latency-rival/result.json"
	run judge
	says 1 "latency-rival: panic: the kernel reported: Kernel panic"
	[ "$(result 'r["outcome"]')" = panic ]
	[ "$(result 'r["kernels"]["rival"]["outcome"]')" = panic ]
	[ "$(result '[l for l in r["latency"] if l["kernel"] == "rival"]')" = '[]' ]
}

@test "a probe that takes its guest down is a result, and on the patched kernel a failure" {
	echo '{"outcome": "timeout", "why": "the guest hung"}' >"$run/probe-2-rival/result.json"
	sed -i '/^probe/d' "$run/probe-2-rival/output.log"
	run judge
	says 0
	[ "$(result '[p["result"] for p in r["probes"] if (p["kernel"], p["name"]) == ("rival", "two_timers")]')" = "['timeout: the guest hung']" ]
	cp "$run"/probe-2-rival/{result.json,output.log} "$run/probe-2-patched/"
	run judge
	says 1 "probe-2-patched: timeout"
}

@test "a guest that was never started: named, status 1" {
	rm -r "$run/memory-patched"
	run judge
	says 1 "memory-patched: not run" "open   memory: slab bytes while 1 commands are queued: -"
	[ "$(result 'r["not_run"][0]["what"]')" = memory-patched ]
}

@test "interrupted: the outcome says so, and what was measured is there" {
	rm -r "$run"/latency-* "$run"/memory-*
	judge interrupted
	[ "$(result 'r["outcome"]')" = interrupted ]
	[ "$(result 'len(r["cost"]) > 10')" = True ]
	[ "$(result '[n["what"] for n in r["not_run"]][0]')" = latency-base ]
}

@test "kernels of different configuration, compiler, or one that changed between guests: status 1" {
	change cost-1-rival/guest/kernel.config 's/CONFIG_SMP=y/CONFIG_SMP=n/'
	run judge
	says 1 "rival: its guests have different configurations"
	python3 "$BATS_TEST_DIRNAME/bench-guests" "$run"
	sed -i 's/CONFIG_SMP=y/# CONFIG_SMP is not set/' "$run"/*-rival/guest/kernel.config
	run judge
	says 1 "the kernels have different configurations" "rival: its configuration lacks CONFIG_SMP=y"
	python3 "$BATS_TEST_DIRNAME/bench-guests" "$run"
	sed -i 's/gcc 1/gcc 2/' "$run"/*-rival/metadata.json
	run judge
	says 1 "the kernels have different compilers"
	python3 "$BATS_TEST_DIRNAME/bench-guests" "$run"
	change latency-patched/metadata.json 's/"sha256": "[^"]*/&0/'
	run judge
	says 1 "latency-patched: another sha256 than the other guests of patched"
	python3 "$BATS_TEST_DIRNAME/bench-guests" "$run"
	sed -i 's/Linux version 2/Linux version 1/' "$run"/*-rival/metadata.json
	run judge
	says 1 "rival: it is Linux version 1.0, and not Linux 2.0"
}

@test "regions of the plugin that are not the operations': found out, no figure" {
	sed -i 1d "$run/locked-patched/regions"
	run judge
	says 1 "locked-patched: the plugin saw too few samples"
	[ "$(result '[c for c in r["cost"] if c["kernel"] == "patched" and "locked" in c]')" = '[]' ]
	python3 "$BATS_TEST_DIRNAME/bench-guests" "$run"
	sed -i 's/^500 /900 /' "$run/locked-patched/regions"
	run judge
	says 1 "locked-patched: timer_start task: the plugin saw 800 instructions, bench 400"
}

@test "a program that does not belong there is no result" {
	rm -r "$run"
	mkdir "$run"
	run judge
	says 3 "no kernels.json"
}
