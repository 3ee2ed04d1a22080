/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF to eBPF. A lives in r0, so that returning it takes one exit and
 * packet loads put it in place; X in r7; the context in r6, where packet loads
 * want it; scratch words at the bottom of what is used of the stack. The
 * generator runs twice: first to see where each instruction comes to stand,
 * then to write.
 */
#include <errno.h>

#include "isa/cbpf.h"
#include "isa/uapi_structs.h"

#define REG_A	BPF_REG_0
#define REG_CTX BPF_REG_6
#define REG_X	BPF_REG_7
#define REG_TMP BPF_REG_8 /* survives packet loads and calls */

#define SKB_FIELD(name) offsetof(struct __sk_buff, name), sizeof(u32), false
#define SKB_BE16(name)	offsetof(struct __sk_buff, name), sizeof(u32), true

const struct cbpf_context cbpf_sk_buff = {
	.len = {SKB_FIELD(len)},
	.ancillary =
		{
			[SKF_AD_PROTOCOL / 4] = {SKB_BE16(protocol)},
			[SKF_AD_PKTTYPE / 4] = {SKB_FIELD(pkt_type)},
			[SKF_AD_IFINDEX / 4] = {SKB_FIELD(ifindex)},
			[SKF_AD_MARK / 4] = {SKB_FIELD(mark)},
			[SKF_AD_QUEUE / 4] = {SKB_FIELD(queue_mapping)},
			[SKF_AD_RXHASH / 4] = {SKB_FIELD(hash)},
			[SKF_AD_VLAN_TAG / 4] = {SKB_FIELD(vlan_tci)},
			[SKF_AD_VLAN_TAG_PRESENT / 4] = {SKB_FIELD(vlan_present)},
			[SKF_AD_VLAN_TPID / 4] = {SKB_BE16(vlan_proto)},
		},
	/* bpf_get_smp_processor_id() and bpf_get_prandom_u32(), by the ABI's numbers. */
	.helper = {[SKF_AD_CPU / 4] = 8, [SKF_AD_RANDOM / 4] = 7},
};

struct translation {
	const struct sock_filter *filter;
	const struct cbpf_context *context;
	struct err *err;
	u32 len;
	u32 *start;	      /* by classic instruction: where its translation begins */
	bool *reached;	      /* by classic instruction */
	struct bpf_insn *out; /* NULL while only counting */
	u32 cnt;
};

/* ---- emission ---- */

static void emit(struct translation *t, u8 code, u8 dst, u8 src, s16 off, s32 imm)
{
	if (t->out)
		t->out[t->cnt] = (struct bpf_insn){.code = code,
						   .dst_reg = dst & 15u,
						   .src_reg = src & 15u,
						   .off = off,
						   .imm = imm};
	t->cnt++;
}

static void emit_mov(struct translation *t, u8 dst, u8 src)
{
	emit(t, BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void emit_mov_imm(struct translation *t, u8 dst, u32 imm)
{
	emit(t, BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, (s32)imm);
}

static void emit_exit(struct translation *t)
{
	emit(t, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* To classic instruction @target; a filter of 4096 instructions stays within 16 bits. */
static void emit_jump(struct translation *t, u8 code, u8 src, u32 imm, u32 target)
{
	s32 distance = (s32)t->start[target] - (s32)t->cnt - 1;
	u8 dst = code == (BPF_JMP | BPF_JA) ? 0 : REG_A;

	emit(t, code, dst, src, (s16)distance, (s32)imm);
}

static void emit_field(struct translation *t, u8 dst, const struct cbpf_field *field)
{
	static const u8 size_code[] = {[1] = BPF_B, [2] = BPF_H, [4] = BPF_W};

	emit(t, BPF_LDX | BPF_MEM | size_code[field->size], dst, REG_CTX, field->off, 0);
	if (field->big_endian)
		emit(t, BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, 16);
}

static void emit_helper(struct translation *t, u32 kind)
{
	if (kind != SKF_AD_CPU && kind != SKF_AD_RANDOM) { /* which take no arguments */
		emit(t, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, REG_CTX, 0, 0);
		emit_mov(t, BPF_REG_2, REG_A);
		emit_mov(t, BPF_REG_3, REG_X);
	}
	emit(t, BPF_JMP | BPF_CALL, 0, 0, 0, t->context->helper[kind / 4]);
}

static s16 scratch_offset(u32 word)
{
	return (s16)(-4 * BPF_MEMWORDS + 4 * (s32)word);
}

/* ---- translation by kind ---- */

static int unsupported(struct translation *t, u32 pc, const char *what)
{
	return err_set(t->err, -EOPNOTSUPP, "instruction %u: %s is not supported", pc, what);
}

static int translate_ancillary(struct translation *t, u32 pc, u32 kind)
{
	static const char *const names[SKF_AD_KINDS] = {
		[SKF_AD_PROTOCOL / 4] = "SKF_AD_PROTOCOL",
		[SKF_AD_PKTTYPE / 4] = "SKF_AD_PKTTYPE",
		[SKF_AD_IFINDEX / 4] = "SKF_AD_IFINDEX",
		[SKF_AD_NLATTR / 4] = "SKF_AD_NLATTR",
		[SKF_AD_NLATTR_NEST / 4] = "SKF_AD_NLATTR_NEST",
		[SKF_AD_MARK / 4] = "SKF_AD_MARK",
		[SKF_AD_QUEUE / 4] = "SKF_AD_QUEUE",
		[SKF_AD_HATYPE / 4] = "SKF_AD_HATYPE",
		[SKF_AD_RXHASH / 4] = "SKF_AD_RXHASH",
		[SKF_AD_VLAN_TAG / 4] = "SKF_AD_VLAN_TAG",
		[SKF_AD_VLAN_TAG_PRESENT / 4] = "SKF_AD_VLAN_TAG_PRESENT",
		[SKF_AD_CPU / 4] = "SKF_AD_CPU",
		[SKF_AD_PAY_OFFSET / 4] = "SKF_AD_PAY_OFFSET",
		[SKF_AD_RANDOM / 4] = "SKF_AD_RANDOM",
		[SKF_AD_VLAN_TPID / 4] = "SKF_AD_VLAN_TPID",
	};
	const struct cbpf_field *field = &t->context->ancillary[kind / 4];

	if (kind == SKF_AD_ALU_XOR_X)
		emit(t, BPF_ALU | BPF_XOR | BPF_X, REG_A, REG_X, 0, 0);
	else if (t->context->helper[kind / 4])
		emit_helper(t, kind);
	else if (field->size)
		emit_field(t, REG_A, field);
	else
		return unsupported(t, pc, names[kind / 4]);
	return 0;
}

static int translate_packet_load(struct translation *t, u32 pc)
{
	const struct sock_filter *f = &t->filter[pc];

	if (BPF_MODE(f->code) == BPF_ABS && f->k >= (u32)SKF_AD_OFF)
		return translate_ancillary(t, pc, f->k - (u32)SKF_AD_OFF);
	emit(t, (u8)f->code, 0, BPF_MODE(f->code) == BPF_IND ? REG_X : 0, 0, (s32)f->k);
	return 0;
}

/* Loads into A or X other than from the packet. */
static int translate_load(struct translation *t, u32 pc, u8 dst)
{
	const struct sock_filter *f = &t->filter[pc];

	switch (BPF_MODE(f->code)) {
	case BPF_IMM:
		emit_mov_imm(t, dst, f->k);
		return 0;
	case BPF_MEM:
		emit(t, BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_FP, scratch_offset(f->k), 0);
		return 0;
	case BPF_LEN:
		if (!t->context->len.size)
			return unsupported(t, pc, "the packet's length");
		emit_field(t, dst, &t->context->len);
		return 0;
	default: /* BPF_MSH: X = 4 * (packet[k] & 15), the length of an IPv4 header */
		emit_mov(t, REG_TMP, REG_A);
		emit(t, BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, (s32)f->k);
		emit(t, BPF_ALU | BPF_AND | BPF_K, REG_A, 0, 0, 15);
		emit(t, BPF_ALU | BPF_LSH | BPF_K, REG_A, 0, 0, 2);
		emit_mov(t, REG_X, REG_A);
		emit_mov(t, REG_A, REG_TMP);
		return 0;
	}
}

/* Classic arithmetic is of 32 bits; division by an X of 0 ends the filter with 0. */
static void translate_alu(struct translation *t, const struct sock_filter *f)
{
	u16 op = BPF_OP(f->code);
	bool by_x = BPF_SRC(f->code) == BPF_X && op != BPF_NEG;

	if (by_x && (op == BPF_DIV || op == BPF_MOD)) {
		emit(t, BPF_JMP32 | BPF_JNE | BPF_K, REG_X, 0, 2, 0);
		emit_mov_imm(t, REG_A, 0);
		emit_exit(t);
	}
	if (by_x)
		emit(t, (u8)f->code, REG_A, REG_X, 0, 0);
	else
		emit(t, (u8)f->code, REG_A, 0, 0, op == BPF_NEG ? 0 : (s32)f->k);
}

static void translate_jump(struct translation *t, u32 pc)
{
	const struct sock_filter *f = &t->filter[pc];
	bool by_x = BPF_SRC(f->code) == BPF_X;
	u8 code = (u8)(BPF_JMP32 | BPF_OP(f->code) | BPF_SRC(f->code));

	if (BPF_OP(f->code) == BPF_JA) {
		emit_jump(t, BPF_JMP | BPF_JA, 0, 0, pc + 1 + f->k);
		return;
	}
	emit_jump(t, code, by_x ? REG_X : 0, by_x ? 0 : f->k, pc + 1 + f->jt);
	if (f->jf)
		emit_jump(t, BPF_JMP | BPF_JA, 0, 0, pc + 1 + f->jf);
}

static int translate_insn(struct translation *t, u32 pc)
{
	const struct sock_filter *f = &t->filter[pc];

	switch (BPF_CLASS(f->code)) {
	case BPF_LD:
		if (BPF_MODE(f->code) == BPF_ABS || BPF_MODE(f->code) == BPF_IND)
			return translate_packet_load(t, pc);
		return translate_load(t, pc, REG_A);
	case BPF_LDX:
		return translate_load(t, pc, REG_X);
	case BPF_ST:
	case BPF_STX:
		emit(t, BPF_STX | BPF_MEM | BPF_W, BPF_REG_FP,
		     BPF_CLASS(f->code) == BPF_ST ? REG_A : REG_X, scratch_offset(f->k), 0);
		return 0;
	case BPF_ALU:
		translate_alu(t, f);
		return 0;
	case BPF_JMP:
		translate_jump(t, pc);
		return 0;
	case BPF_RET:
		if (f->code == (BPF_RET | BPF_K))
			emit_mov_imm(t, REG_A, f->k);
		emit_exit(t);
		return 0;
	default: /* BPF_MISC */
		if (f->code == (BPF_MISC | BPF_TAX))
			emit_mov(t, REG_X, REG_A);
		else
			emit_mov(t, REG_A, REG_X);
		return 0;
	}
}

/* ---- the whole ---- */

static void mark_reached(struct translation *t)
{
	t->reached[0] = true;
	for (u32 pc = 0; pc < t->len; pc++) {
		const struct sock_filter *f = &t->filter[pc];

		if (!t->reached[pc] || BPF_CLASS(f->code) == BPF_RET)
			continue;
		if (f->code == (BPF_JMP | BPF_JA)) {
			t->reached[pc + 1 + f->k] = true;
		} else if (BPF_CLASS(f->code) == BPF_JMP) {
			t->reached[pc + 1 + f->jt] = true;
			t->reached[pc + 1 + f->jf] = true;
		} else {
			t->reached[pc + 1] = true;
		}
	}
}

static int generate(struct translation *t)
{
	t->cnt = 0;
	emit(t, BPF_ALU64 | BPF_MOV | BPF_X, REG_CTX, BPF_REG_1, 0, 0);
	emit_mov_imm(t, REG_A, 0);
	emit_mov_imm(t, REG_X, 0);
	for (u32 pc = 0; pc < t->len; pc++) {
		int ret;

		t->start[pc] = t->cnt;
		if (!t->reached[pc])
			continue;
		ret = translate_insn(t, pc);
		if (ret)
			return ret;
	}
	return 0;
}

static int translate_checked(struct translation *t, const struct mem *mem)
{
	int ret;

	mark_reached(t);
	ret = generate(t);
	if (ret)
		return ret;
	t->out = mem_zalloc_array(mem, t->cnt, sizeof(*t->out));
	if (!t->out)
		return err_set(t->err, -ENOMEM, "out of memory");
	return generate(t);
}

int cbpf_translate(const struct mem *mem, const struct sock_filter *filter, u32 len,
		   const struct cbpf_context *context, struct bpf_insn **insns, u32 *cnt,
		   struct err *err)
{
	struct translation t = {
		.filter = filter,
		.context = context ? context : &cbpf_sk_buff,
		.err = err,
		.len = len,
	};
	int ret;

	*insns = NULL;
	*cnt = 0;
	mem = mem ? mem : &mem_libc;
	ret = cbpf_check(mem, filter, len, err);
	if (ret)
		return ret;
	t.start = mem_zalloc_array(mem, len, sizeof(*t.start));
	t.reached = mem_zalloc_array(mem, len, sizeof(*t.reached));
	if (t.start && t.reached)
		ret = translate_checked(&t, mem);
	else
		ret = err_set(err, -ENOMEM, "out of memory");
	mem_free(mem, t.start);
	mem_free(mem, t.reached);
	if (ret)
		return ret;
	*insns = t.out;
	*cnt = t.cnt;
	return 0;
}
