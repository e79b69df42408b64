// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's TCG that counts what an instruction count hides: locked instructions and barriers, between a call
 * of one guest function and one of another. scripts/bench uses it with the marks around each sample of `bench`.
 *
 *   -plugin FILE,begin=ADDRESS,end=ADDRESS,out=FILE      a line for each region: instructions locked barriers
 *
 * Debian has no package with qemu-plugin.h, so what is used of its interface, version 4, is declared here. The guest
 * must not have replaced its lock prefixes, as Linux does on one CPU: boot it with noreplace-smp.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t qemu_plugin_id_t;
typedef void (*exec_fn)(unsigned int vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*fn)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_fn fn, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn, int flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*fn)(qemu_plugin_id_t, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t nr);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

static uint64_t begin, end;
static FILE *out;
static bool active;
static unsigned long instructions, locked, barriers;

static void at_begin(unsigned int vcpu, void *data)
{
	active = true;
	instructions = locked = barriers = 0;
}

static void at_end(unsigned int vcpu, void *data)
{
	if (active)
		fprintf(out, "%lu %lu %lu\n", instructions, locked, barriers);
	active = false;
}

static void at_block(unsigned int vcpu, void *data)
{
	instructions += active ? (uintptr_t)data : 0;
}

static void at_locked(unsigned int vcpu, void *data)
{
	locked += active;
}

static void at_barrier(unsigned int vcpu, void *data)
{
	barriers += active;
}

/* A full barrier of Linux is a locked addition of nothing below the stack pointer; the fences are barriers as they are. */
static bool is_barrier(const uint8_t *p, size_t n)
{
	static const uint8_t addl[] = { 0x83, 0x44, 0x24, 0xfc, 0x00 }; /* addl $0,-4(%rsp), behind the prefix */

	if (n >= 3 && p[0] == 0x0f && p[1] == 0xae && p[2] >= 0xe8)
		return true;
	return n == 6 && p[0] == 0xf0 && !memcmp(p + 1, addl, sizeof(addl));
}

/* With the prefix, or an exchange with memory, which needs none */
static bool is_locked(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && (p[i] == 0x66 || p[i] == 0x3e || p[i] == 0x2e || p[i] == 0x65 || p[i] == 0x64 || p[i] == 0xf2 || p[i] == 0xf3))
		i++;
	if (i < n && p[i] == 0xf0)
		return true;
	if (i < n && (p[i] & 0xf0) == 0x40)
		i++;
	return i + 1 < n && (p[i] == 0x86 || p[i] == 0x87) && p[i + 1] < 0xc0;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	qemu_plugin_register_vcpu_tb_exec_cb(tb, at_block, 0, (void *)(uintptr_t)n);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t where = qemu_plugin_insn_vaddr(insn);
		uint8_t bytes[16];
		size_t size = qemu_plugin_insn_data(insn, bytes, sizeof(bytes));

		if (where == begin)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_begin, 0, NULL);
		if (where == end)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_end, 0, NULL);
		if (is_barrier(bytes, size))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_barrier, 0, NULL);
		else if (is_locked(bytes, size))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_locked, 0, NULL);
	}
}

static void finish(qemu_plugin_id_t id, void *data)
{
	fclose(out);
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "begin=", 6))
			begin = strtoull(argv[i] + 6, NULL, 0);
		else if (!strncmp(argv[i], "end=", 4))
			end = strtoull(argv[i] + 4, NULL, 0);
		else if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	}
	if (!begin || !end || !out) {
		fprintf(stderr, "count-locked: begin=, end= and out= (a file that can be written) are needed\n");
		return -1;
	}
	setvbuf(out, NULL, _IOLBF, 0);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
