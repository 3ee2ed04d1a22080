/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every access to a context of every hook: each offset, size and kind of load
 * and store, accepted or refused as the kernel does it.
 */
#include "tap.h"

#include "helper/asm.h"
#include "helper/kernel.h"
#include "hook/hook.h"

enum access { LOAD_ZERO, LOAD_SIGN, STORE_REG, STORE_NUMBER, ACCESS_KINDS };

static const char *const kinds[] = {"load", "signed load", "store", "store of a constant"};

struct context {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const char *name;
};

static const struct context contexts[] = {
	{BPF_PROG_TYPE_SOCKET_FILTER, 0, "socket_filter"},
	{BPF_PROG_TYPE_SCHED_CLS, 0, "sched_cls"},
	{BPF_PROG_TYPE_SCHED_ACT, 0, "sched_act"},
	{BPF_PROG_TYPE_XDP, 0, "xdp"},
	{BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, "xdp in a devmap"},
	{BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, "xdp in a cpumap"},
};

static u32 size_code(u32 size)
{
	return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

static u32 write_program(enum access access, s32 off, u32 size, struct bpf_insn *insns)
{
	struct bpf_insn one = INSN(0, 0, 0, 0, 0);

	switch (access) {
	case LOAD_ZERO:
		one = LOAD(size_code(size), 2, 1, off);
		break;
	case LOAD_SIGN:
		one = INSN(BPF_LDX | BPF_MEMSX | size_code(size), 2, 1, off, 0);
		break;
	case STORE_REG:
		one = STORE(size_code(size), 1, off, 0);
		break;
	default:
		one = STORE_IMM(size_code(size), 1, off, 5);
	}
	insns[0] = MOV_IMM(0, 0);
	insns[1] = one;
	insns[2] = EXIT();
	return 3;
}

static int ask_kernel(const struct context *c, const struct bpf_insn *insns, u32 cnt)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = c->type;
	attr.expected_attach_type = c->attach;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	fd = kernel_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int ask_here(const struct context *c, const struct bpf_insn *insns, u32 cnt, char *why,
		    size_t size)
{
	struct verify_input input = {
		.mem = &mem_libc,
		.insns = insns,
		.insn_cnt = cnt,
		.type = c->type,
		.attach_type = c->attach,
		.rules = hook_find(c->type)->rules,
		.gpl_compatible = true,
		.caps = HOST_CAP_ALL,
	};
	struct verify_result result;
	int error = verify(&input, &result);

	if (!error) {
		error = result.error;
		snprintf(why, size, "%s", result.message);
		verify_result_free(&result);
	}
	return error;
}

static void test_access(const struct context *c, enum access access, s32 off, u32 size, bool kernel)
{
	struct bpf_insn insns[4];
	u32 cnt = write_program(access, off, size, insns);
	char why[512] = "";
	int here = ask_here(c, insns, cnt, why, sizeof(why)), there;

	if (!kernel)
		return;
	there = ask_kernel(c, insns, cnt);
	if (here != there)
		tap_fail("%s of %u bytes at %d: %d (%.200s), the kernel: %d", kinds[access], size,
			 off, here, why, there);
}

static void test_context(const struct context *c, enum access access, bool kernel)
{
	u32 end = hook_find(c->type)->rules->ctx_size;
	char name[128];

	snprintf(name, sizeof(name), "%s: each %s", c->name, kinds[access]);
	tap_begin(name);
	if (!kernel)
		tap_skip("bpf() is refused");
	for (s32 off = -8; kernel && off < (s32)end + 16; off++) {
		for (u32 size = 1; size <= 8; size *= 2) {
			if (access == LOAD_SIGN && size == 8)
				continue;
			test_access(c, access, off, size, kernel);
		}
	}
	tap_end();
}

/* Rows do not overlap, lie within the context, and fit their host's fields. */
static void test_tables(void)
{
	for (u32 t = 0; t < __MAX_BPF_PROG_TYPE; t++) {
		const struct hook *hook = hook_find((enum bpf_prog_type)t);
		const struct prog_rules *rules = hook ? hook->rules : NULL;

		for (u32 i = 0; rules && i < rules->field_cnt; i++) {
			const struct ctx_field *f = &rules->fields[i];

			check((u32)f->off + f->size <= rules->ctx_size);
			check(f->elem && f->size % f->elem == 0);
			check(i == 0 || f->off >= f[-1].off + f[-1].size ||
			      hook->type == BPF_PROG_TYPE_XDP);
			check(f->host_size <= f->elem || f->value != CTX_SCALAR);
			if (f->value != CTX_SCALAR)
				check_eq(f->host_size, sizeof(void *));
		}
	}
}

int main(void)
{
	bool kernel = kernel_usable();

	run_test(test_tables);
	for (u32 i = 0; i < ARRAY_SIZE(contexts); i++) {
		for (enum access access = 0; access < ACCESS_KINDS; access++)
			test_context(&contexts[i], access, kernel);
	}
	return tap_done();
}
