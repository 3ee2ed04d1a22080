/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of the engines: programs in prepared form made straight from
 * instructions, without a verifier in between.
 */
#ifndef ANYBPF_TESTS_ENGINE_H
#define ANYBPF_TESTS_ENGINE_H

#include "object/prog.h"
#include "tap.h"

#define RAW_INSN(c, d, s, o, i)                                                                    \
	((struct bpf_insn){.code = (u8)(c),                                                        \
			   .dst_reg = (d)&0xf,                                                     \
			   .src_reg = (s)&0xf,                                                     \
			   .off = (s16)(o),                                                        \
			   .imm = (s32)(i)})
#define ALU64_X(op, d, s)	    RAW_INSN(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define ALU64_K(op, d, i)	    RAW_INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALU32_X(op, d, s)	    RAW_INSN(BPF_ALU | (op) | BPF_X, d, s, 0, 0)
#define ALU32_K(op, d, i)	    RAW_INSN(BPF_ALU | (op) | BPF_K, d, 0, 0, i)
#define MOV64_X(d, s)		    ALU64_X(BPF_MOV, d, s)
#define MOV64_K(d, i)		    ALU64_K(BPF_MOV, d, i)
#define JUMP_X(op, d, s, off)	    RAW_INSN(BPF_JMP | (op) | BPF_X, d, s, off, 0)
#define JUMP_K(op, d, i, off)	    RAW_INSN(BPF_JMP | (op) | BPF_K, d, 0, off, i)
#define LOAD(size, d, s, off)	    RAW_INSN(BPF_LDX | BPF_MEM | (size), d, s, off, 0)
#define STORE(size, d, off, s)	    RAW_INSN(BPF_STX | BPF_MEM | (size), d, s, off, 0)
#define ATOMIC(size, d, off, s, op) RAW_INSN(BPF_STX | BPF_ATOMIC | (size), d, s, off, op)
#define HELPER_CALL(symbol)	    RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, HELPER_##symbol)
#define LOCAL_CALL(off)		    RAW_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, off)
#define EXIT()			    RAW_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Both slots of a wide load. */
#define WIDE(d, v)                                                                                 \
	RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, d, 0, 0, (u32)(v)), RAW_INSN(0, 0, 0, 0, (u64)(v) >> 32)

static inline void engine_test_free(struct object *obj)
{
	struct prog *prog = prog_of(obj);

	free(prog->insns);
	free(prog->orig);
	free(prog->subprogs);
	free(prog->subprog_of_insn);
	free(prog);
}

/* Marks the first instruction of each subprogram: what calls and callback references name. */
static inline void mark_subprogs(const struct prog *prog, bool *starts)
{
	starts[0] = true;
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];
		bool wide = insn->code == (BPF_LD | BPF_IMM | BPF_DW);

		if ((wide && insn->src_reg == BPF_PSEUDO_FUNC) ||
		    (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL))
			starts[(s64)i + 1 + insn->imm] = true;
		i += wide;
	}
}

/* What the load pipeline would do: a reference to a subprogram becomes its address. */
static inline void resolve_callbacks(struct prog *prog)
{
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		struct bpf_insn *insn = &prog->insns[i];
		struct subprog *fn;

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insn->src_reg == BPF_PSEUDO_FUNC) {
			fn = &prog->subprogs[prog->subprog_of_insn[(s64)i + 1 + insn->imm]];
			fn->is_callback = true;
			insn[0] = RAW_INSN(insn->code, insn->dst_reg, 0, 0, (u32)ptr_to_u64(fn));
			insn[1] = RAW_INSN(0, 0, 0, 0, ptr_to_u64(fn) >> 32);
		}
		i++;
	}
}

/* Every subprogram gets @stack bytes. */
static inline struct prog *engine_prog(struct host *host, const struct bpf_insn *insns, u32 cnt,
				       u32 stack)
{
	static const struct object_ops ops = {.kind = OBJECT_PROG, .free = engine_test_free};
	struct prog *prog = calloc(1, sizeof(*prog));
	bool *starts = calloc(cnt, sizeof(*starts));

	object_init(&prog->obj, &ops, host);
	prog->type = BPF_PROG_TYPE_SOCKET_FILTER;
	prog->insn_cnt = cnt;
	prog->insns = calloc(cnt, sizeof(*insns));
	memcpy(prog->insns, insns, cnt * sizeof(*insns));
	prog->orig = calloc(cnt, sizeof(*insns));
	memcpy(prog->orig, insns, cnt * sizeof(*insns));
	prog->subprog_of_insn = calloc(cnt, sizeof(u16));
	mark_subprogs(prog, starts);
	for (u32 i = 0; i < cnt; i++)
		prog->subprog_cnt += starts[i];
	prog->subprogs = calloc(prog->subprog_cnt, sizeof(*prog->subprogs));
	for (u32 i = 0, s = 0; i < cnt; i++) {
		if (starts[i])
			prog->subprogs[s++] =
				(struct subprog){.prog = prog, .start = i, .stack_depth = stack};
		prog->subprogs[s - 1].end = i + 1;
		prog->subprog_of_insn[i] = (u16)(s - 1);
	}
	resolve_callbacks(prog);
	free(starts);
	return prog;
}

/* Runs a program in a slot of its own; @setup may fill in more of the run, or be NULL. */
typedef u64 (*engine_fn)(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4,
			 u64 r5);

static inline u64 engine_run(engine_fn engine, const struct prog *prog, void *ctx,
			     void (*setup)(struct run *run))
{
	struct run run;
	u64 r0;

	run_begin(&run, prog->obj.host);
	run.ctx = ctx;
	run.prog = prog;
	run.invoke = engine;
	if (setup)
		setup(&run);
	r0 = engine(&run, prog->subprogs, ptr_to_u64(ctx), 0, 0, 0, 0);
	run_end(&run);
	return r0;
}

/* A generator of the same numbers everywhere. */
static inline u64 random_next(u64 *state)
{
	u64 v = *state += 0x9e3779b97f4a7c15;

	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
	v = (v ^ v >> 27) * 0x94d049bb133111eb;
	return v ^ v >> 31;
}

#endif
