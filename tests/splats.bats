#!/usr/bin/env bats
# Every kind of report that a kernel makes is found on a console, and nothing else is.

setup() { splats=$BATS_TEST_DIRNAME/../scripts/lib/splats; }

found() {
	printf '[    0.000000] Linux version 6.19.11\n[   12.345678]%s %s\n' "$2" "$1" >"$BATS_TEST_TMPDIR/console"
	run "$splats" "$BATS_TEST_TMPDIR/console"
	[ "$status" -eq 1 ] || { echo "not found: $1" && return 1; }
}

@test "reports are found" {
	while read -r line; do
		found "$line" ''
		found "$line" '[ T1234]'   # CONFIG_PRINTK_CALLER
	done <<-'END'
		WARNING: kernel/bpf/helpers.c:1234 at bpf_timer_start+0x12/0x34, CPU#1: test_progs/77
		WARNING: CPU: 1 PID: 77 at kernel/bpf/helpers.c:1234 bpf_timer_start+0x12/0x34
		WARNING: possible circular locking dependency detected
		WARNING: possible recursive locking detected
		WARNING: inconsistent lock state
		WARNING: suspicious RCU usage
		WARNING: bad unlock balance detected!
		BUG: kernel NULL pointer dereference, address: 0000000000000000
		BUG: unable to handle page fault for address: ffff888000000000
		BUG: sleeping function called from invalid context at kernel/bpf/core.c:1
		BUG: scheduling while atomic: test_progs/77/0x00000002
		BUG: using smp_processor_id() in preemptible [00000000] code: test_progs/77
		BUG: spinlock recursion on CPU#1, test_progs/77
		BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!
		BUG: KASAN: slab-use-after-free in bpf_timer_cb+0x1/0x2
		BUG: KCSAN: data-race in bpf_async_update / bpf_timer_cb
		BUG: KFENCE: use-after-free read in bpf_timer_cb+0x1/0x2
		UBSAN: shift-out-of-bounds in kernel/bpf/helpers.c:1:2
		ODEBUG: free active (active state 0) object: 0000000012345678 object type: hrtimer hint: bpf_timer_cb+0x0/0x1
		kernel BUG at kernel/bpf/helpers.c:1234!
		Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP
		Internal error: Oops: 0000000096000004 [#1]  SMP
		Unable to handle kernel paging request at virtual address dead000000000108
		Kernel panic - not syncing: Fatal exception in interrupt
		INFO: task test_progs:77 blocked for more than 122 seconds.
		INFO: task test_progs:77 blocked in I/O wait for more than 122 seconds.
		watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [test_progs:77]
		watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 1
		rcu: INFO: rcu_preempt self-detected stall on CPU
		rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
		rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D } 22 jiffies s: 77 root: 0x2/.
		rcu: rcu_preempt kthread starved for 20999 jiffies! g-375 f0x2 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=0
		INFO: rcu_tasks_trace detected stalls on tasks:
		INFO: lockdep is turned off.
		DEBUG_LOCKS_WARN_ON(lock->magic != lock)
		refcount_t: underflow; use-after-free.
		list_add corruption. prev->next should be next (ffff888100000000), but was dead000000000100.
		Out of memory: Killed process 77 (test_progs) total-vm:1kB
		Call Trace:
		Call trace:
	END
}

@test "a report in the middle of a program's line is found" {
	printf '#12 timer[   12.345678] WARNING: x\r\n:OK\n' >"$BATS_TEST_TMPDIR/console"
	run "$splats" "$BATS_TEST_TMPDIR/console"
	[ "$status" -eq 1 ]
}

@test "a clean console is clean" {
	cat >"$BATS_TEST_TMPDIR/console" <<-'END'
		[    0.000000] Linux version 6.19.11 (bpf-async@localhost) (gcc (Debian 14.2.0-19) 14.2.0)
		[    0.100000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible
		[    0.200000] rcu: Preemptible hierarchical RCU implementation.
		[    0.300000] RCU Tasks Trace: Setting shift to 1 and lim to 1 rcu_task_cb_adjust=1.
		[    0.350000] rcu: 	RCU CPU stall warnings timeout set to 21 (rcu_cpu_stall_timeout).
		[    0.400000] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
		[    0.500000] kasan: KernelAddressSanitizer initialized (generic)
		[    0.600000] ODEBUG: selftest passed
		[    1.000000] bpf_testmod: loading out-of-tree module taints kernel.
		[    1.100000] INFO: NMI handler (bpf_testmod_nmi) took too long to run: 1.234 msecs
		[    1.200000] perf: interrupt took too long (2515 > 2500), lowering kernel.perf_event_max_sample_rate
		WARNING: BUG: KASAN: a program's own words
	END
	run "$splats" "$BATS_TEST_TMPDIR/console"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "no file, no verdict" {
	run "$splats" /nowhere
	[ "$status" -eq 3 ]
	run "$splats"
	[ "$status" -eq 3 ]
}
