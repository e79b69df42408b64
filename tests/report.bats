#!/usr/bin/env bats
# The report, from test data (tests/report/make-fixture) and with each kind of bad input; and its page in Chromium.
#
# Works on a copy of the scripts in a repository of its own, with the roots of lib/report.list and lib/browser.list in the
# user's cache, which it makes. Where they cannot be made, what needs them is skipped by name.

load says

setup_file() {
	export REAL
	REAL=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	"$REAL/tests/report/roots" || true
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir repo
	cp -r "$REAL"/{scripts,bases} repo/
	mkdir -p repo/tests && cp -r "$REAL"/tests/report repo/tests/
	cd repo
	unset BASE ARCH KERNEL TREE PATCHES BPF_ASYNC_LOCKS BPF_ASYNC_ROOT
	export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=bpf-async GIT_AUTHOR_EMAIL=bpf-async@localhost.invalid
	export GIT_COMMITTER_NAME=bpf-async GIT_COMMITTER_EMAIL=bpf-async@localhost.invalid
	mkdir -p patches/v6.19 model/mutants tests checks guest configs examples results
	mail toy
	mail then
	touch model/mutants/H1-toy.patch model/mutants/H2-toy.patch
	printf '# toy\n' >README.md
	printf '<!-- report: %s, written by scripts/report --readme -->\nold %s\n<!-- report: end -->\nend\n' bench bench support support torture torture >>README.md
	echo results >.gitignore
	git init -q .
	git add -A
	git commit -qm toy
}

mail() { # NAME
	cat >"patches/v6.19/0001-$1.patch" <<-MAIL
		From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
		Subject: [PATCH 1/2] $1

		diff --git a/Documentation/$1.rst b/Documentation/$1.rst
		+Words.
		diff --git a/kernel/$1.c b/kernel/$1.c
		index 012..345 100644
		+int $1;
	MAIL
}
also() { # FILE: one more, in the last mail
	printf 'diff --git a/%s b/%s\nindex 123..456 100644\n@@ -1 +1 @@\n-a\n+b\n' "$1" "$1" >>patches/v6.19/0002-toy.patch
}
# Test data of the present commit, or only its runs that match
data() { # [PATTERN...]
	local keep p
	"$REAL/tests/report/make-fixture" "$(git rev-parse --short HEAD)" all
	[ $# -gt 0 ] || set -- '*'
	for p; do for keep in all/*; do [[ $keep != all/*-$p ]] || mv "$keep" results/; done; done
	rm -rf all
}
change() { # RUN-PATTERN JQ-LIKE-PYTHON: `r` is its result.json
	python3 -c 'import glob, json, sys
for name in glob.glob(f"results/*-{sys.argv[1]}/result.json"):
    r = json.load(open(name)); exec(sys.argv[2]); json.dump(r, open(name, "w"))' "$1" "$2"
}
page() { cat results/latest/report.html; }
has_root() { [ -d "$("$REAL/tests/report/roots" --print "$1")/usr" ] || skip "no root for it; with the network, this makes it: $REAL/tests/report/roots"; }

@test "all runs there: every part has its figures, status 0, in three forms; in Chromium nothing is wrong with the page" {
	has_root report
	data
	run scripts/report
	says 0 "report: "
	[[ $output != *missing* && $output != *FAILED* ]]
	run cat results/latest/report.html
	says 0 "0.22<small>×" "3.60<small>×" "not met, within its limit" "All 9 goals: 8 met, 1 not" "cost-1-patched" "14 of 14" "2 of 2" "237,216" "refused: EOPNOTSUPP (-95)" "complete, and all of it passed" "toy-litmus: Never" \
		"H2-toy" "U1-toy" "test data has no PMU" "hang: no answer in 10 s" "TEST DATA: the command of 20000101T000000Z-bench"
	run cat results/latest/report.md
	says 0 "| 0.22× |" "| x86_64 debug | 2 | 60 | 4,444 | 555 | 66 | 0 |" "| x86_64 debug | 4 | 60 | 8,888 | 999 | 66 | 0 |" "H2-toy" "777 of 10,000 (ENOMEM)" "EOPNOTSUPP"
	python3 -c 'import json; d = json.load(open("results/latest/report.json")); assert d["outcome"] == "pass" and len(d["bench"]["headlines"]) == 8 and not d["holes"]'
	[ "$(grep -c '<svg class="chart"' results/latest/report.html)" -eq 9 ]
	has_root browser
	run tests/report/browse results/latest/report.html
	says 0 "360 pixels, light: 9 charts" "1440 pixels, dark: 9 charts" "on paper: 9 charts" "nothing is wrong"
}

support() { sed -n '/^## What it was tried on/,/^## Tests/p' results/latest/report.md; }

@test "the support matrix has what a run of this tree showed, and says what was not run or went wrong" {
	has_root report
	data
	scripts/report
	run support
	says 0 "| v6.19, Linux 6.19.11 | x86_64 kcsan | 2 patches | gcc (test data) 0 | boots | 111 passed, 0 failed |" \
		"| v6.19, Linux 6.19.11 | i386 | 2 patches | 2 patches | not run | not run |" \
		"| v7.2, Linux 7.2.8 | x86_64 plain | no patches: the other implementation | gcc (test data) 0 | boots | make bench only |"
	change check 'r["rows"][0]["verdict"] = "FAIL"; r["rows"][2]["verdict"] = "skip"'
	change test-x86_64-rt 'r.update(outcome="fail", failed=2)'
	change test-x86_64-plain 'r.update(outcome="report")'
	change bench 'r["kernels"]["rival"].update(outcome="panic")'
	sed -i 's/"pass"/"panic"/' results/*-{test,torture}-arm64-debug/vm/result.json
	sed -i 's/"base": "v6.19"/"base": "v6.18"/' results/*-{test,torture}-x86_64-kcsan/metadata.json
	rm -r results/*-test-x86_64-debug results/*-{test,torture}-arm64-plain
	run scripts/report
	run support
	says 0 "x86_64 plain | 1 of 2 patches fail | gcc (test data) 0 | boots | panic or report |" "i386 | 1 of 2 patches fail | 1 of 2 patches skipped |" "x86_64 rt | 1 of 2 patches fail | gcc (test data) 0 | boots | 111 passed, 2 failed |" \
		"x86_64 debug | 1 of 2 patches fail | gcc (test data) 0 | boots | not run |" "arm64 plain | 1 of 2 patches fail | not run | not run | not run |" \
		"x86_64 kcsan | 1 of 2 patches fail | not run | not run | not run |" "arm64 debug | 1 of 2 patches fail | gcc (test data) 0 | panic |" "gcc (test data) 0 | panic | make bench only |"
	rm -r results/*-{check,bench}
	sed -i 's/^index 012\.\.345/index 012..346/' patches/v6.19/0001-toy.patch
	run scripts/report
	run support
	says 0 "x86_64 plain | not run | not run | not run | older tree |" "i386 | not run | not run | not run | not run |" "other implementation | not run | not run |"
	[[ $output != *boots\ \|\ [1-9]* && $output != *"test data"* ]]
}

@test "the look at the page notices what may go wrong with one" {
	has_root browser
	cat >bad.html <<-'HTML'
		<!DOCTYPE html><meta name="viewport" content="width=device-width"><title>bad</title><body><div class="wide" style="width: 500px">too wide for a telephone</div>
		<a href="#nowhere">nowhere</a> <a href="http://127.0.0.1:9/">elsewhere</a> <p id="twice">1</p><p id="twice">2</p>
		<svg class="chart" role="img" width="100" height="50"><text x="60" y="20">cut off by the chart</text></svg>
		<p style="color: #eee; background: #fff">pale</p>
		<div style="width: 90px; overflow: hidden; white-space: nowrap">longer than its box can be</div><script>nothing()</script>
	HTML
	run tests/report/browse bad.html
	says 1 "the page is 508 pixels wide in a window of 360" "leads nowhere: #nowhere" "leads out of the page" "two elements have the id twice" \
		"a chart without a text alternative" "cut off by its chart" "hard to read" "wider than its box" "nothing is not defined" "light and dark have the same background"
}

@test "no runs: each part says so in its place, with the command; status 0, and the holes are listed" {
	has_root report
	run scripts/report
	says 0 "missing  the benchmark: it was not run (make bench)" "missing  torture on arm64 debug: it was not run (make torture ARCH=arm64 KERNEL=debug)" \
		"missing  mutants of the kernel: they were not run" "missing  proofs of the cell: it was not run (make prove)"
	run page
	says 0 "No figures of the benchmark</strong>: it was not run." "No figures of latency</strong>" "No figures of the proofs</strong>" "make prove MUTANTS=1"
	[[ $output != *complete* ]]
}

@test "runs that were interrupted, hung, panicked, failed, or left nothing to read: words in their place, no older figures" {
	has_root report
	data '*'
	rm -r results/*-bench
	cp -r results/20000101T000205Z-test-arm64-debug results/19990101T000000Z-test-arm64-debug # older, and good
	change test-arm64-debug 'r["passed"] = 98765' && change test-arm64-debug '"19" in name or r.clear() or r.update(outcome="interrupted")'
	change torture-x86_64-plain 'del r["nmi_applied"]; r["violations"] = None'
	change torture-arm64-debug 'r.clear(); r.update(outcome="fail", vm_status=4)'
	change test-x86_64-debug 'r.update(outcome="fail", vm_status=5, passed=54321)'
	sed -i 's/"why": ""/"why": "the kernel reported: BUG: KASAN: test data"/; s/"pass"/"report"/' results/*-test-x86_64-debug/vm/result.json
	change test-x86_64-kcsan 'r.update(outcome="fail", failed=3, failures=[{"test": "toy/bad", "why": ""}])'
	rm results/*-test-x86_64-rt/result.json results/*-torture-x86_64-rt/metadata.json
	echo '{"outcome": "pa' >"$(echo results/*-demo)/result.json"
	echo '{"outcome": "pass"}' >"$(echo results/*-regress)/result.json"
	echo '{"outcome": "splendid", "passed": 1}' >"$(echo results/*-check)/result.json"
	run scripts/report
	says 1 "missing  test on arm64 debug: of the newest run, 20000101T000205Z-test-arm64-debug: it was interrupted" \
		"FAILED   torture on arm64 debug: 20000101T000305Z-torture-arm64-debug: a guest hung" \
		"FAILED   test on x86_64 debug: 20000101T000201Z-test-x86_64-debug: a kernel panicked, or reported a bug on its console (vm: the kernel reported: BUG: KASAN: test data)" \
		"FAILED   test on x86_64 kcsan" "x86_64 rt: of the newest run, 20000101T000203Z-test-x86_64-rt: it left no result.json: it did not come to its end" \
		"it left no metadata.json" "the demo: of the newest run, 20000101T000900Z-demo: its result.json cannot be read" \
		"its result.json has an outcome and no figures" "x86_64-plain: its result.json does not say: nmi_applied, violations" "its outcome is 'splendid'"
	run page
	says 0 "PANIC OR REPORT" "BUG: KASAN: test data" "HUNG" "a guest hung" "interrupted" "toy/bad" "cannot be read"
	[[ $output != *98,765* && $output != *54,321* ]]
}

@test "a run of an older tree is a hole; mails with other numbers, words or cuts do not make it one; uncommitted changes are said" {
	has_root report
	data bench measure demo 'test-x86_64-plain' 'torture-x86_64-plain' test-scripts
	sed -i 's/^$/a word\n/; s,1/2,2/3,; s/^index 012/index 678/; s/Words/More words/' patches/v6.19/*
	git mv patches/v6.19/0001-toy.patch patches/v6.19/0002-toy.patch
	sed 's/^index 678\.\.345/index 678..333/' patches/v6.19/0002-toy.patch >patches/v6.19/0001-first-half.patch
	git add -A
	git commit -q --amend -am words # the commit that they name is in no branch any more
	sed -i 's/"commit": "\([^"]*\)"/"commit": "\1-dirty"/' results/*-demo/metadata.json
	sed -i 's/"depends": "[^"]*"/"depends": ""/' results/*-test-scripts/metadata.json
	run scripts/report
	says 0 "tests of the scripts: of the newest run, 20000101T000600Z-test-scripts: its metadata.json does not say what it depends on"
	[[ $output != *"missing  sizes"* && $output != *"missing  the demo"* ]]
	run page
	says 0 "uncommitted changes, so its figures cannot be tied to a commit"
	also tools/testing/selftests/bpf/benchs/bench_async.c
	run scripts/report
	says 0 "missing  the benchmark: of the newest run, 20000101T000000Z-bench: it is of an older tree"
	[[ $output != *"missing  sizes"* && $output != *"missing  test on x86_64 plain"* ]]
	also tools/testing/selftests/bpf/prog_tests/timer.c
	run scripts/report
	says 0 "missing  test on x86_64 plain: of the newest"
	[[ $output != *"missing  torture on x86_64 plain"* ]]
	sed -i 's/^index 678\.\.345/index 678..346/' patches/v6.19/0002-toy.patch
	run scripts/report
	says 0 "sizes and instructions, base and patched: of the newest run, 20000101T000100Z-measure: it is of an older tree" "missing  test on x86_64 plain: of the newest"
	run page
	[[ $output == *"older tree"* && $output != *bpf_hrtimer* ]]
}

@test "mutants: verdicts of several runs of this tree complement each other; what survived fails, what was not run is named" {
	has_root report
	touch model/mutants/H3-toy.patch
	data mutants
	cp -r results/20000101T000400Z-mutants results/20000101T000401Z-mutants
	sed -i '' results/20000101T000401Z-mutants/result.json
	python3 -c 'import json; json.dump({"outcome": "interrupted", "mutants": [{"mutant": "H2-toy", "verdict": "SURVIVED"}]}, open("results/20000101T000401Z-mutants/result.json", "w"))'
	run scripts/report
	says 1 "FAILED   mutants of the kernel: not noticed: H2-toy" "missing  mutants of the kernel: 1 of 3 were not run on the present tree: H3-toy"
	run page
	says 0 "1 of 3 noticed" "SURVIVED" 'title="not run">H3-toy'
}

@test "proofs: the short form stands in for none but says that it is one" {
	has_root report
	data prove
	sed -i 's/the command of 20000101T000500Z/PROVE=short &/' results/20000101T000500Z-prove/metadata.json
	run scripts/report
	says 0 "missing  proofs of the cell: only the short form was run, 20000101T000500Z-prove (make prove)"
	run page
	says 0 "toy-litmus: Never" "3 states" "6 assertions"
	cp -r results/20000101T000500Z-prove results/19990101T000000Z-prove
	sed -i 's/PROVE=short //' results/1999*/metadata.json
	run scripts/report
	[[ $output != *"short form"* ]]
}

@test "what make bench writes is what the report reads" {
	has_root report
	data bench
	python3 "$REAL/tests/bench-guests" guests
	python3 "$REAL/scripts/lib/bench.py" guests done >/dev/null
	cp -r guests/* results/20000101T000000Z-bench/
	run scripts/report
	says 0
	[[ $output != *"missing  the benchmark"* && $output != *"missing  goals"* && $output != *FAILED* ]]
	run grep -oE '0.50<small>×|Start from NMI until armed|cost-2-patched, cost-2-rival|id="cost-nmi-timer-title"' results/latest/report.html
	says 0 "0.50" "Start from NMI until armed" "cost-2-patched, cost-2-rival" 'id="cost-nmi-timer-title"'
}

@test "a benchmark of different compilers, configurations or unknown kernels shows no figures; a kernel that panicked says so in its bars" {
	has_root report
	data bench
	cp -r results results.good
	change bench 'r["kernels"]["rival"]["compiler"] = "clang (test data)"'
	run scripts/report
	says 0 "missing  the benchmark: of the newest run, 20000101T000000Z-bench: its kernels have different compilers, so it compares nothing"
	run page
	says 0 "its kernels have different compilers"
	[[ $output != *"<svg"* && $output != *1,171* ]]
	cp results.good/20000101T000000Z-bench/* results/20000101T000000Z-bench/
	change bench 'r["kernels"]["patched"]["config_sha256"] = "d" * 64'
	run scripts/report
	says 0 "its kernels have different configurations, so it compares nothing"
	cp results.good/20000101T000000Z-bench/* results/20000101T000000Z-bench/
	change bench 'r["kernels"]["rival"]["sha256"] = r["kernels"]["base"]["sha256"]'
	run scripts/report
	says 0 "two of its kernels are one and the same binary"
	cp results.good/20000101T000000Z-bench/* results/20000101T000000Z-bench/
	change bench 'del r["cost"][0]["call"]'
	run scripts/report
	says 0 "its rows are not in the form that this report reads (KeyError: 'call')"
	cp results.good/20000101T000000Z-bench/* results/20000101T000000Z-bench/
	change bench 'r["kernels"]["rival"].update(outcome="panic", why="BUG: test data"); r["outcome"] = "panic"
r["failures"] = ["cost-1-rival: panic: BUG: test data"]; r["kernels"]["base"].update(config_lacks=["CONFIG_TOY=y"], config_sha256="d"); r["goals"][3].update(met=False, value=0.9)
for k in ("cost", "latency", "throughput", "memory", "pressure", "probes"): r[k] = [x for x in r[k] if x["kernel"] != "rival"]'
	run scripts/report
	says 1 "missing  the benchmark on Linux 0.1 (test data): kernel panicked: BUG: test data" "FAILED   the benchmark: 20000101T000000Z-bench: it failed (cost-1-rival: panic" \
		"FAILED   goal, NMI: timer_start until armed, above the floor, against the rival: 0.9, wanted 0.7"
	run page
	says 0 "kernel panicked" "no figure of another run stands in for it" "its configuration lacks CONFIG_TOY"
}

@test "--readme copies figures and two pictures between its marks, and only there; a part without a run stays as it is" {
	has_root report
	run scripts/report --readme
	says 1 "README.md is left as it is"
	git diff --quiet README.md
	data bench
	run scripts/report --readme
	says 0 "README.md, Documentation/report/cost-nmi.svg, Documentation/report/cost-task.svg up to date" "the part torture is left as it is"
	run cat README.md
	says 0 "# toy" "| 0.22× |" "Documentation/report/cost-nmi.svg" "old torture" "old support" "end"
	[[ $output != *"old bench"* ]]
	cp README.md before
	scripts/report --readme >/dev/null
	diff before README.md
	python3 -c 'import sys, xml.dom.minidom as m
for f in sys.argv[1:]: assert "prefers-color-scheme" in m.parse(f).toxml()' Documentation/report/*.svg
	sed -i '/report: end/d' README.md
	run scripts/report --readme
	says 1 "README.md has no place for the figures"
}

torture_metadata() { # of the present tree
	printf '{"date": "2000-01-02T00:00:00Z", "commit": "%s", "depends": "%s", "base": "v6.19", "repeat": "x"}\n' "$(git rev-parse --short HEAD)" \
		"$(bash -c '. scripts/lib/common.sh && load_base && . scripts/lib/depends.sh && depends_hash torture')"
}
@test "--readme keeps the JSON of its runs, and they count like those of results/, until what they depend on changes" {
	has_root report
	data bench
	mkdir -p results/20000102T000000Z-torture-arm64-debug/vm
	torture_metadata >results/20000102T000000Z-torture-arm64-debug/metadata.json
	echo '{"outcome": "pass", "seed": 7, "seconds": 600, "smp": 4, "rounds": 1, "applied": 1234567, "nmi_applied": 2, "fired": 3, "violations": 0, "foreign_nmis": 0}' >results/20000102T000000Z-torture-arm64-debug/result.json
	echo '{"outcome": "pass"}' >results/20000102T000000Z-torture-arm64-debug/vm/result.json
	echo text >results/20000102T000000Z-torture-arm64-debug/vm/console.log
	scripts/report --readme >/dev/null
	grep -q '1,234,567' README.md
	[ "$(cd Documentation/report/runs && echo *)" = "20000101T000000Z-bench 20000102T000000Z-torture-arm64-debug" ]
	[ -f Documentation/report/runs/20000102T000000Z-torture-arm64-debug/vm/result.json ]
	[ ! -f Documentation/report/runs/20000102T000000Z-torture-arm64-debug/vm/console.log ]
	cp README.md before
	rm -r results/*
	run scripts/report --readme
	says 0
	diff before README.md
	also kernel/bpf/other.c
	run scripts/report --readme
	says 1 "20000102T000000Z-torture-arm64-debug: it is of an older tree" "README.md is left as it is"
	diff before README.md
	[ "$(cd Documentation/report/runs && echo *)" = "20000101T000000Z-bench 20000102T000000Z-torture-arm64-debug" ]
	mkdir results/20000103T000000Z-torture-arm64-debug
	git add -A && git commit -qm other
	torture_metadata >results/20000103T000000Z-torture-arm64-debug/metadata.json
	cp Documentation/report/runs/20000102T000000Z-torture-arm64-debug/result.json results/20000103T000000Z-torture-arm64-debug/
	scripts/report --readme >/dev/null
	[ "$(cd Documentation/report/runs && echo *)" = "20000101T000000Z-bench 20000103T000000Z-torture-arm64-debug" ]
}

@test "bad input: status 2 or 3, and what to do" {
	run scripts/report --now
	says 2 "unknown option --now"
	rm -r results
	run scripts/report
	says 3 "there are no results" "make test"
	mkdir results
	BPF_ASYNC_CACHE=$PWD/cache DEBIAN_MIRROR=http://127.0.0.1:9/debian run scripts/report
	says 3 "no root for the report" "apt-get install python3-matplotlib python3-jinja2"
	rm -r .git
	run scripts/report
	says 3 "is no git repository"
}
