# shellcheck shell=bash
# How scripts/regress reads what guests say, and compares it. Source it after common.sh. Needs awk.
# Results are lines "PROGRAM TEST STATE" with tabs between; STATE is what the program said (OK, FAIL, SKIP), or DIED (the
# process), HANG, PANIC, VANISHED, INTERRUPTED (the guest), or REPORT: TEST is then "TEST: WHAT THE KERNEL REPORTED".

# What a guest's console says: finished and started tests to $2, results to stdout. A test with subtests counts for itself
# only if it failed and none of them did, but is always listed, so that a base without one of them can be told. Of tests
# that shared a process or a guest that died, the first without a result did it, and those after it are still to be run.
read_guest() { # VM_DIRECTORY DONE_LIST STATE_OF_WHAT_WAS_RUNNING
	awk -v done="$2" -v cut="$3" '
		function state_is(test, state) {
			if (!(test in result)) order[++n] = test
			# two subtests of one name: the worse counts
			if (!(test in result) || result[test] == "OK" || state == "FAIL") result[test] = state
		}
		function conclude(name, state) {
			if (state) state_is(program "\t" name, state)
			print program, name >>done
		}
		function conclude_all(state, others,	i, last) {
			for (i = 1; i <= nr; i++) if ((program "\t" tests[i]) in result) { conclude(tests[i]); last = i }
			# What the watchdog says of a test is no sign that it was over.
			if (state != others && last && last < nr && tests[last] == late) {
				result[program "\t" late] = state
				return 1
			}
			for (i = 1; i <= nr; i++) if (!((program "\t" tests[i]) in result)) {
				conclude(tests[i], state)
				if (state != others) return 1
			}
			return 0
		}
		/^@start / { program = $2; nr = split($3, tests, ","); open = 1; late = ""; next }
		/^WATCHDOG: .* terminating/ { late = $4; sub("/.*", "", late) }
		/^@end / {
			open = 0
			if (program !~ /^test_progs/) conclude(tests[1], $4 >= 124 ? "DIED" : $4 ? "FAIL" : "OK")
			else if (!conclude_all($4 ? "DIED" : "SKIP", "SKIP") && $4 >= 124) state_is(program "\t" tests[nr], "DIED")
			next
		}
		/^@ / && match($0, /:(OK|FAIL|SKIP)$/) { state_is(program "\t" substr($0, 3, RSTART - 3), substr($0, RSTART + 1)) }
		END {
			if (open) conclude_all(cut, "")
			for (i = 1; i <= n; i++) print order[i] "\t" result[order[i]]
		}' "$1/output.log"
	reports "$1"
}

# Each kind of report once, as a result of the test that was running: "PROGRAM  TEST: WARNING: ...".
reports() { # VM_DIRECTORY
	"$TOP/scripts/lib/splats" "$1/console.log" | tr -d '\r' | cut -d: -f2 >"$1/.lines" || true
	awk -F'\n' 'FILENAME == ARGV[1] { at[$1] = 1; next }
		/@start / { split(substr($0, index($0, "@start ")), w, " "); nr = split(w[3], tests, ","); at_test = 1 }
		/@ [a-z0-9_]+:(OK|FAIL|SKIP)\r?$/ {
			name = $0; sub(/.*@ /, "", name); sub(/:.*/, "", name)
			for (i = 1; i < nr; i++) if (tests[i] == name) at_test = i + 1
		}
		{ test = nr ? w[2] "\t" tests[at_test] : "" }
		FNR in at && match($0, /(WARNING|BUG|INFO|ODEBUG|UBSAN|Oops|refcount_t|Kernel panic|unregister_netdevice).*/) {
			text = substr($0, RSTART); gsub(/\r|\+0x[0-9a-f]+(\/0x[0-9a-f]+)?|, CPU#.*/, "", text)
			# twelve digits or more, which mawk cannot be told as {12,}
			gsub(/0x[0-9a-f]+|[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+|[0-9]+/, "N", text)
			if (!seen[test, text]++ && test) print test ": " substr(text, 1, 100) "\tREPORT"
		}' "$1/.lines" "$1/console.log"
	rm -f "$1/.lines"
}

cut_state() { # VM_DIRECTORY STATUS
	case $2 in
	130 | 143) echo INTERRUPTED ;;
	*) if grep -q 'Kernel panic' "$1/console.log"; then
		echo PANIC
	elif [ -s "$1/hung" ] || [ "$2" -eq 4 ]; then
		echo HANG # although it may have reported something before
	else
		echo VANISHED
	fi ;;
	esac
}

# Lines "KIND  PROGRAM  TEST  BASE  PATCHED". A parent is left out if one of its subtests changed as well.
compare() { # BASE_TSV PATCHED_TSV
	awk -F'\t' '
		FILENAME == ARGV[1] { base[$1 FS $2] = $3; all[$1 FS $2] = 1; next }
		{ patched[$1 FS $2] = $3; all[$1 FS $2] = 1 }
		END {
			for (t in all) {
				b = t in base ? base[t] : "-"; p = t in patched ? patched[t] : "-"
				if (b == p) continue
				if (p == "REPORT") kind = "broken"
				else if (b == "REPORT") kind = "mended"
				else if (b == "-") kind = "only_patched"
				else if (p == "-") kind = b == "OK" ? "gone" : "only_base"
				else if (b == "OK" || p == "PANIC" || p == "VANISHED") kind = "broken"
				else if (p == "OK") kind = "mended"
				else kind = "other"
				change[t] = kind; split(t, w, FS); name = w[2]
				if (w[1] ~ /^test_progs/ && name !~ /: / && sub("/.*", "", name)) sub_changed[w[1] FS name, kind] = 1
			}
			for (t in change) if (!((t, change[t]) in sub_changed))
				print change[t] FS t FS (t in base ? base[t] : "-") FS (t in patched ? patched[t] : "-")
		}' "$1" "$2" | LC_ALL=C sort
}

# What compare() says, with the repetitions: AGAIN/{base,patched}-{1,2,3}.tsv. FLAKY if the patched kernel passed as many of them
# as the base, and one at least: what passes on neither alone tells nothing. What a kernel dies of or reports may be the doing of a test before, which did not run again, so that counts
# even then, but for what the base sometimes does, and reports of a stall or lockup, which a busy machine causes.
judge() { # CHANGES AGAIN
	local kind program name base patched i b p mark
	while IFS=$'\t' read -r kind program name base patched; do
		mark=''
		if [ "$kind" = broken ] || [ "$kind" = gone ]; then
			b=0 p=0
			for i in 1 2 3; do
				! passed "$2/base-$i.tsv" "$program" "$name" "$patched" || b=$((b + 1))
				! passed "$2/patched-$i.tsv" "$program" "$name" "$patched" || p=$((p + 1))
			done
			mark="again: base passed $b of 3, patched $p of 3"
			if [ $p -gt 0 ] && [ $p -ge $b ] && { [[ $base != FAIL && $b -lt 3 ]] || [[ $patched != @(PANIC|REPORT|VANISHED) ]] ||
				[[ $patched = REPORT && ${name#*: } =~ stall|lockup ]]; }; then
				kind=flaky mark="FLAKY, $mark"
			fi
		fi
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$kind" "$program" "$name" "$base" "$patched" "$mark"
	done <"$1"
}
passed() { # TSV PROGRAM TEST FIRST_STATE: it was OK, or ran to its end and did not report what TEST says
	local test=$3
	[ "$4" != REPORT ] || test=${3%%: *}
	awk -F'\t' -v p="$2" -v n="$test" -v report="$([ "$4" != REPORT ] || echo "$3")" '
		$1 == p && $2 == n { ok = report ? $3 == "OK" || $3 == "FAIL" || $3 == "SKIP" : $3 == "OK" }
		$1 == p && $2 == report { again = 1 }
		END { exit !ok || again }' "$1" 2>/dev/null
}
