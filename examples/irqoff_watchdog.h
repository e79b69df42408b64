/* SPDX-License-Identifier: GPL-2.0 */
/* What irqoff_watchdog.bpf.c and irqoff_watchdog.c share. */
#ifndef IRQOFF_WATCHDOG_H
#define IRQOFF_WATCHDOG_H

#define MAX_CPUS 64
#define DEPTH 24
#define CMDLINE 128
#define BEAT_NS 5000000ULL
#define MISSED 3	/* NMIs since the last beat: one or two may only say that a virtual CPU stood still */

enum state { FREE, OPEN };

/* One for each CPU. The NMI fills in the first part and sets OPEN, the next beat says until when it was; who collects the
 * details fills in the rest and sets FREE.
 */
struct stuck {
	__u32 state;
	__u32 cpu;
	__u32 tgid;
	__u32 frames;
	char comm[16];
	__u64 since_ns, noticed_ns;
	__u64 ip[DEPTH];

	__u64 until_ns;		/* 0: not over */

	__u64 collected_ns;
	char cmdline[CMDLINE];
};

struct hold_args {
	__u64 ns;
};

struct ipi_args {
	__u32 cpu;
	__s32 error;
};

#endif
