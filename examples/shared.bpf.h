/* SPDX-License-Identifier: GPL-2.0 */
/* What the BPF side of the examples shares. */
#ifndef SHARED_BPF_H
#define SHARED_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define CLOCK_MONOTONIC 1
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* The preemption count says whether this is an NMI: bits 20 to 23. */
#if defined(bpf_target_x86)
extern const int __preempt_count __ksym;

static __always_inline bool in_nmi(void)
{
	const int *count = bpf_this_cpu_ptr(&__preempt_count);

	return *count & 0xf00000;
}
#elif defined(bpf_target_arm64)
struct preempt_info { __u32 count; } __attribute__((preserve_access_index));
struct thread_info { struct preempt_info preempt; } __attribute__((preserve_access_index));
struct task_struct___flags { struct thread_info thread_info; } __attribute__((preserve_access_index));

static __always_inline bool in_nmi(void)
{
	struct task_struct___flags *task = (void *)bpf_get_current_task_btf();

	return task->thread_info.preempt.count & 0xf00000;
}
#endif

#endif
