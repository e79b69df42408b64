/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel/bpf/async_cell.h includes, for CBMC. Each operation orders what
 * the kernel promises that it orders, and no more: CBMC reorders the rest as
 * --mm says (tso: a read before an earlier write; pso: two writes, too).
 */
#ifndef _MODEL_KERNEL_H
#define _MODEL_KERNEL_H

typedef unsigned long long u64;
typedef unsigned int u32;
typedef _Bool bool;
#define true 1
#define false 0
#define ENOENT 2
#define EBUSY 16 /* of a mutant */

#define __always_inline inline
#define likely(x) (x)
#define unlikely(x) (x)
#define BIT(n) (1UL << (n))
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, v) ((x) = (v))

#define smp_mb()  __CPROVER_fence("WWfence", "RRfence", "RWfence", "WRfence", "WWcumul", "RRcumul", "RWcumul")
#define smp_wmb() __CPROVER_fence("WWfence", "WWcumul")
#define smp_rmb() __CPROVER_fence("RRfence", "RRcumul")
#define acquired() __CPROVER_fence("RRfence", "RWfence", "RRcumul", "RWcumul")
#define releasing() __CPROVER_fence("WWfence", "RWfence", "WWcumul", "RWcumul")

typedef struct { long counter; } atomic_long_t;
typedef struct { int refs; } refcount_t;

static inline long fetch_add(long d, atomic_long_t *v)
{
	long old;

	__CPROVER_atomic_begin();
	old = v->counter;
	v->counter = old + d;
	__CPROVER_atomic_end();
	return old;
}

static inline void atomic_long_set(atomic_long_t *v, long n) { v->counter = n; }
static inline long atomic_long_read(const atomic_long_t *v) { return v->counter; }

static inline long atomic_long_read_acquire(const atomic_long_t *v)
{
	long n = v->counter;

	acquired();
	return n;
}

#define atomic_long_fetch_add_relaxed(d, v) fetch_add(d, v)
#define atomic_long_fetch_sub_relaxed(d, v) fetch_add(-(long)(d), v)

static inline long atomic_long_fetch_add_release(long d, atomic_long_t *v)
{
	releasing();
	return fetch_add(d, v);
}

static inline long atomic_long_fetch_sub_release(long d, atomic_long_t *v)
{
	return atomic_long_fetch_add_release(-d, v);
}

static inline long atomic_long_fetch_sub(long d, atomic_long_t *v)
{
	long old;

	smp_mb();
	old = fetch_add(-d, v);
	smp_mb();
	return old;
}

static inline bool try_cmpxchg(atomic_long_t *v, long *old, long new)
{
	bool ok;

	__CPROVER_atomic_begin();
	ok = v->counter == *old;
	if (ok)
		v->counter = new;
	else
		*old = v->counter;
	__CPROVER_atomic_end();
	return ok;
}

static inline bool atomic_long_try_cmpxchg_acquire(atomic_long_t *v, long *old, long new)
{
	bool ok = try_cmpxchg(v, old, new);

	acquired();
	return ok;
}

/* Fully ordered, but not if it fails */
static inline bool atomic_long_try_cmpxchg(atomic_long_t *v, long *old, long new)
{
	bool ok;

	smp_mb();
	ok = try_cmpxchg(v, old, new);
	if (ok)
		smp_mb();
	return ok;
}

static inline bool test_and_set_bit(int nr, unsigned long *word)
{
	unsigned long old;

	smp_mb();
	__CPROVER_atomic_begin();
	old = *word;
	*word = old | BIT(nr);
	__CPROVER_atomic_end();
	smp_mb();
	return old & BIT(nr);
}

static inline void refcount_set(refcount_t *r, int n) { r->refs = n; }

typedef struct { unsigned int sequence; } seqcount_latch_t;

static inline void seqcount_latch_init(seqcount_latch_t *s) { s->sequence = 0; }

static inline void write_seqcount_latch(seqcount_latch_t *s)
{
	smp_wmb();
	s->sequence++;
	smp_wmb();
}
#define write_seqcount_latch_begin(s) write_seqcount_latch(s)
#define write_seqcount_latch_end(s) do { } while (0)
#define read_seqcount_latch(s) ((s)->sequence)

static inline bool read_seqcount_latch_retry(const seqcount_latch_t *s, unsigned int start)
{
	smp_rmb();
	return s->sequence != start;
}

#endif
