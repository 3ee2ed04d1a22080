/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program, run here and in the kernel by BPF_PROG_TEST_RUN with the same
 * attributes. Here it is prepared without the verifier, which is not what is
 * tested: calls, map addresses and context accesses are resolved by the same
 * rules, and the kernel's verifier has the last word on whether it is valid.
 */
#ifndef ANYBPF_TESTS_HOOK_PAIR_H
#define ANYBPF_TESTS_HOOK_PAIR_H

#include "helper/asm.h"
#include "helper/kernel.h"
#include "hook/hook.h"

#define PAIR_INSNS   2048
#define PAIR_RESULTS 64

struct pair_prog {
	enum bpf_prog_type type;
	u32 cnt;
	struct bpf_insn insns[PAIR_INSNS];
};

static inline void pair_add(struct pair_prog *p, struct bpf_insn insn)
{
	if (p->cnt < PAIR_INSNS)
		p->insns[p->cnt++] = insn;
}

#define PAIR_ADD(p, ...)                                                                           \
	do {                                                                                       \
		struct bpf_insn add_[] = {__VA_ARGS__};                                            \
		for (size_t add_i_ = 0; add_i_ < ARRAY_SIZE(add_); add_i_++)                       \
			pair_add(p, add_[add_i_]);                                                 \
	} while (0)

/* Loads the address of the results, an array of u64, into a register. */
static inline void pair_add_results(struct pair_prog *p, u8 reg)
{
	PAIR_ADD(p, LOAD_IMM64(reg, BPF_PSEUDO_MAP_VALUE, 0, 0));
}

static inline void pair_add_imm(struct pair_prog *p, u8 reg, u64 value)
{
	PAIR_ADD(p, LOAD_IMM64(reg, 0, (u32)value, (u32)(value >> 32)));
}

static inline u32 pair_size_code(u32 size)
{
	return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

static inline u32 pair_code_size(u8 code)
{
	return BPF_SIZE(code) == BPF_B	 ? 1
	       : BPF_SIZE(code) == BPF_H ? 2
	       : BPF_SIZE(code) == BPF_W ? 4
					 : 8;
}

/* Context accesses are those through r6, where tests keep the context. */
#define PAIR_CTX 6

static inline int pair_prepare_ctx(const struct prog_rules *rules, struct bpf_insn *insn)
{
	u32 size = pair_code_size(insn->code), off = (u32)insn->off, within;
	const struct ctx_field *field = ctx_field_find(rules, off, size);

	if (!field)
		return -EACCES;
	within = (off - field->off) % field->elem;
	insn->off = (s16)(field->host_off + (off - field->off) / field->elem * field->host_size);
	if (size == field->elem || (field->host_size < field->elem && size >= field->host_size))
		insn->code = (u8)((insn->code & ~0x18u) | pair_size_code(field->host_size));
	else
		insn->off = (s16)(insn->off + (s16)within);
	return 0;
}

static inline int pair_prepare(const struct hook *hook, struct bpf_insn *insn, u64 *results)
{
	const struct helper_proto *proto;
	u8 class = BPF_CLASS(insn->code);

	if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == BPF_PSEUDO_MAP_VALUE) {
		insn->src_reg = 0;
		insn[0].imm = (s32)(u32)ptr_to_u64(results);
		insn[1].imm = (s32)(u32)(ptr_to_u64(results) >> 32);
	} else if (insn->code == (BPF_JMP | BPF_CALL)) {
		proto = rules_helper(hook->rules, (u32)insn->imm);
		if (!proto || !proto->fn)
			return -EOPNOTSUPP;
		insn->imm = (s32)helper_index(proto);
	} else if ((class == BPF_LDX && insn->src_reg == PAIR_CTX) ||
		   ((class == BPF_STX || class == BPF_ST) && insn->dst_reg == PAIR_CTX)) {
		return pair_prepare_ctx(hook->rules, insn);
	}
	return 0;
}

/* BPF_PROG_TEST_RUN here; what it returns, or why the program cannot run here. */
static inline int pair_run_here(struct host *host, const struct pair_prog *p, u64 *results,
				union bpf_attr *attr)
{
	const struct hook *hook = hook_find(p->type);
	struct bpf_insn insns[PAIR_INSNS];
	u16 subprog_of_insn[PAIR_INSNS] = {0};
	struct prog prog = {.type = p->type,
			    .hook = hook,
			    .insn_cnt = p->cnt,
			    .insns = insns,
			    .orig = insns,
			    .subprog_cnt = 1,
			    .subprog_of_insn = subprog_of_insn};
	struct subprog main = {.prog = &prog, .end = p->cnt, .stack_depth = MAX_BPF_STACK};

	memcpy(insns, p->insns, p->cnt * sizeof(*insns));
	prog.subprogs = &main;
	prog.obj.host = host;
	for (u32 i = 0; i < p->cnt; i++) {
		int error = pair_prepare(hook, &insns[i], results);

		if (error)
			return error;
		i += insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	return hook->test_run(host, &prog, attr);
}

/* The same in the kernel. @log gets the verifier's words when it is refused. */
static inline int pair_run_kernel(const struct pair_prog *p, u64 *results, union bpf_attr *attr,
				  char *log, u32 log_size)
{
	struct bpf_insn insns[PAIR_INSNS];
	int map = kernel_array(PAIR_RESULTS * sizeof(u64), 0), prog, error;

	if (map < 0)
		return map;
	memcpy(insns, p->insns, p->cnt * sizeof(*insns));
	for (u32 i = 0; i < p->cnt; i++) {
		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			insns[i].imm = map;
		i++;
	}
	prog = kernel_load(p->type, insns, p->cnt, log, log_size);
	error = prog;
	if (prog >= 0) {
		log[0] = 0;
		attr->test.prog_fd = (u32)prog;
		error = kernel_bpf(BPF_PROG_TEST_RUN, attr);
		if (!error)
			error = kernel_array_read(map, results);
		close(prog);
	}
	close(map);
	return error;
}

#endif
