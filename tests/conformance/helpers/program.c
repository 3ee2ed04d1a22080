/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes a case's program: r6 is the context, r7 the results, r8 the packet. The
 * stack: 128 bytes for arguments, a dynptr, the callback's counter.
 */
#include "cases.h"
#include "helper/asm.h"

#define STACK	   (-128)
#define DYNPTR	   (-144)
#define COUNTER	   (-152)
#define RESULT(of) ((s32)offsetof(struct results, of))
#define XDP_DATA   0
#define XDP_END	   4
#define XDP_META   8
#define SKB_DATA   76
#define SKB_END	   80
#define IMM64(v)   (s64)(s32)(u32)(v), (s64)(s32)(u32)((u64)(v) >> 32)
#define MAX_LEAVES 4

struct writer {
	struct bpf_insn *insns;
	u32 n;
	const struct helper_case *c;
	const struct case_maps *maps;
	u32 leaves[MAX_LEAVES], nr_leaves;
	u32 callback; /* the reference to it, 0: none */
};

static void put(struct writer *w, struct bpf_insn insn)
{
	w->insns[w->n++] = insn;
}

static void put_wide(struct writer *w, u32 dst, u32 src, u64 value)
{
	const struct bpf_insn both[] = {
		LOAD_IMM64(dst, src, (s32)(u32)value, (s32)(u32)(value >> 32))};

	put(w, both[0]);
	put(w, both[1]);
}

static void put_address(struct writer *w, u32 dst, u32 base, s32 off)
{
	put(w, MOV_REG(dst, base));
	put(w, ALU_IMM(BPF_ADD, dst, off));
}

static bool passes(const struct helper_case *c, enum passed how)
{
	for (u32 i = 0; i < 5; i++)
		if (c->arg[i].how == how)
			return true;
	return false;
}

static void put_stack(struct writer *w)
{
	if (!passes(w->c, PASS_STACK))
		return;
	for (s32 i = 0; i < 128; i += 8) {
		put(w, LOAD(BPF_DW, 1, 7, RESULT(stack) + i));
		put(w, STORE(BPF_DW, 10, STACK + i, 1));
	}
}

static void put_packet(struct writer *w)
{
	bool xdp = w->c->runner->type == BPF_PROG_TYPE_XDP;

	if (!passes(w->c, PASS_PACKET))
		return;
	put(w, LOAD(BPF_W, 8, 6, xdp ? XDP_DATA : SKB_DATA));
	put(w, LOAD(BPF_W, 2, 6, xdp ? XDP_END : SKB_END));
	put_address(w, 1, 8, PACKET_BYTES);
	w->leaves[w->nr_leaves++] = w->n;
	put(w, JUMP_REG(BPF_JGT, 1, 2, 0));
}

static void put_dynptr(struct writer *w)
{
	for (u32 i = 0; i < 5; i++) {
		if (w->c->arg[i].how != PASS_DYNPTR)
			continue;
		put_address(w, 1, 7, RESULT(dynptr));
		put(w, MOV_IMM(2, (s64)w->c->arg[i].number));
		put(w, MOV_IMM(3, 0));
		put_address(w, 4, 10, DYNPTR);
		put(w, CALL(BPF_FUNC_dynptr_from_mem));
	}
}

static void put_argument(struct writer *w, u32 i)
{
	const struct argument *arg = &w->c->arg[i];
	u32 reg = i + 1;

	switch (arg->how) {
	case PASS_NOTHING:
		break;
	case PASS_CONTEXT:
		put(w, MOV_REG(reg, 6));
		break;
	case PASS_MAP:
		put_wide(w, reg, BPF_PSEUDO_MAP_FD, (u32)w->maps->test[w->c->map]);
		break;
	case PASS_AREA:
		put_address(w, reg, 7, RESULT(area[0]) + (s32)i * AREA);
		break;
	case PASS_STACK:
		put_address(w, reg, 10, STACK);
		break;
	case PASS_PACKET:
		put(w, MOV_REG(reg, 8));
		break;
	case PASS_NUMBER:
		put_wide(w, reg, 0, arg->number);
		break;
	case PASS_UNKNOWN:
		put(w, LOAD(BPF_DW, reg, 7, RESULT(unknown[0]) + 8 * (s32)i));
		break;
	case PASS_STRING:
		put_wide(w, reg, BPF_PSEUDO_MAP_VALUE, (u32)w->maps->strings | arg->number << 32);
		break;
	case PASS_CALLBACK:
		w->callback = w->n;
		put_wide(w, reg, BPF_PSEUDO_FUNC, 0);
		break;
	case PASS_COUNTER:
		put(w, STORE_IMM(BPF_DW, 10, COUNTER, 0));
		put_address(w, reg, 10, COUNTER);
		break;
	case PASS_DYNPTR:
	case PASS_NO_DYNPTR:
		put_address(w, reg, 10, DYNPTR);
		break;
	}
}

/* A pointer that the helper gave: whether, and the first byte of what it points to. */
static void put_found(struct writer *w)
{
	const struct helper_proto *proto = w->c->proto;
	bool record = proto->ret & MEM_RINGBUF;
	u32 none = w->n, size = 1;

	put(w, JUMP_IMM(BPF_JEQ, 0, 0, 0));
	put(w, STORE_IMM(BPF_DW, 7, RESULT(r0), 1));
	for (u32 i = 0; i < 5; i++)
		if (ARG_BASE(proto->arg[i]) == ARG_CONST_ALLOC_SIZE_OR_ZERO)
			size = (u32)w->c->arg[i].number;
	if (record) {
		put(w, MOV_REG(1, 0));
		put(w, MOV_IMM(2, 1)); /* without waking anybody */
		put(w, CALL(BPF_FUNC_ringbuf_submit));
	} else if (w->c->map != TEST_MAPS && size) {
		put(w, LOAD(BPF_B, 1, 0, 0));
		put(w, STORE(BPF_DW, 7, RESULT(found), 1));
	}
	w->insns[none].off = (s16)(w->n - none - 1);
}

static void put_result(struct writer *w)
{
	const struct helper_proto *proto = w->c->proto;

	switch (proto->ret & 0xff) {
	case RET_INTEGER:
		put(w, STORE(BPF_DW, 7, RESULT(r0), 0));
		break;
	case RET_VOID:
		break;
	default:
		put_found(w);
		break;
	}
	if (proto->id == BPF_FUNC_ringbuf_reserve_dynptr) {
		put_address(w, 1, 10, DYNPTR);
		put(w, MOV_IMM(2, 1));
		put(w, CALL(BPF_FUNC_ringbuf_discard_dynptr));
	}
}

static void put_memory(struct writer *w)
{
	if (passes(w->c, PASS_COUNTER)) {
		put(w, LOAD(BPF_DW, 1, 10, COUNTER));
		put(w, STORE(BPF_DW, 7, RESULT(callbacks), 1));
	}
	for (s32 i = 0; passes(w->c, PASS_STACK) && i < 128; i += 8) {
		put(w, LOAD(BPF_DW, 1, 10, STACK + i));
		put(w, STORE(BPF_DW, 7, RESULT(stack) + i, 1));
	}
}

static void put_length(struct writer *w, s32 from, s32 to, s32 at)
{
	put(w, LOAD(BPF_W, 1, 6, from));
	put(w, LOAD(BPF_W, 2, 6, to));
	put(w, ALU_REG(BPF_SUB, 2, 1));
	put(w, STORE(BPF_DW, 7, at, 2));
}

static void put_fields(struct writer *w)
{
	const struct runner *runner = w->c->runner;

	if (runner->type == BPF_PROG_TYPE_XDP) {
		put_length(w, XDP_DATA, XDP_END, RESULT(fields[0]));
		put_length(w, XDP_META, XDP_DATA, RESULT(fields[0]) + 8);
		return;
	}
	for (s32 i = 0; i < 13; i++) {
		if (!runner->fields[i])
			continue;
		put(w, LOAD(BPF_W, 1, 6, runner->fields[i] - 1));
		put(w, STORE(BPF_DW, 7, RESULT(fields[0]) + 8 * i, 1));
	}
}

/* Counts, where it is given something to count in; goes on. */
static void put_callback(struct writer *w)
{
	bool element = w->c->proto->id == BPF_FUNC_for_each_map_elem;
	u32 given = element ? 4 : 2;

	if (!w->callback)
		return;
	w->insns[w->callback].imm = (s32)(w->n - w->callback - 1);
	if (passes(w->c, PASS_COUNTER)) {
		put(w, LOAD(BPF_DW, 2, given, 0));
		put(w, ALU_IMM(BPF_ADD, 2, 1));
		put(w, STORE(BPF_DW, given, 0, 2));
	}
	put(w, MOV_IMM(0, 0));
	put(w, EXIT());
}

u32 case_program(const struct helper_case *c, const struct case_maps *maps, struct bpf_insn *insns,
		 u32 *callback)
{
	struct writer w = {.insns = insns, .c = c, .maps = maps};

	put(&w, MOV_REG(6, 1));
	put_wide(&w, 7, BPF_PSEUDO_MAP_VALUE, (u32)maps->results);
	put_stack(&w);
	put_dynptr(&w);
	put_packet(&w);
	for (u32 i = 5; i--;)
		put_argument(&w, i);
	put(&w, CALL((s32)c->proto->id));
	put_result(&w);
	put_memory(&w);
	put_fields(&w);
	for (u32 i = 0; i < w.nr_leaves; i++)
		insns[w.leaves[i]].off = (s16)(w.n - w.leaves[i] - 1);
	put(&w, MOV_IMM(0, 0));
	put(&w, EXIT());
	*callback = w.callback ? w.n : 0;
	put_callback(&w);
	return w.n;
}
