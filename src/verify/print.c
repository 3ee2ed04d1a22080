/* SPDX-License-Identifier: BSD-2-Clause */
/* Types, numbers and states as Linux's log shows them. */
#include <inttypes.h>
#include <stdio.h>

#include "isa/disasm.h"
#include "verify/kfunc.h"

static const char *const kind_names[REG_KINDS] = {
	[NOT_INIT] = "?",
	[SCALAR_VALUE] = "scalar",
	[PTR_TO_CTX] = "ctx",
	[CONST_PTR_TO_MAP] = "map_ptr",
	[PTR_TO_MAP_VALUE] = "map_value",
	[PTR_TO_MAP_KEY] = "map_key",
	[PTR_TO_STACK] = "fp",
	[PTR_TO_PACKET_META] = "pkt_meta",
	[PTR_TO_PACKET] = "pkt",
	[PTR_TO_PACKET_END] = "pkt_end",
	[PTR_TO_FLOW_KEYS] = "flow_keys",
	[PTR_TO_SOCKET] = "sock",
	[PTR_TO_SOCK_COMMON] = "sock_common",
	[PTR_TO_TCP_SOCK] = "tcp_sock",
	[PTR_TO_TP_BUFFER] = "tp_buffer",
	[PTR_TO_XDP_SOCK] = "xdp_sock",
	[PTR_TO_BTF_ID] = "ptr_",
	[PTR_TO_MEM] = "mem",
	[PTR_TO_ARENA] = "arena",
	[PTR_TO_BUF] = "buf",
	[PTR_TO_FUNC] = "func",
	[CONST_PTR_TO_DYNPTR] = "dynptr_ptr",
};

static const struct {
	u32 flag;
	const char *text;
} type_prefixes[] = {
	{MEM_RDONLY, "rdonly_"},   {MEM_RINGBUF, "ringbuf_"}, {MEM_USER, "user_"},
	{MEM_PERCPU, "percpu_"},   {MEM_RCU, "rcu_"},	      {PTR_UNTRUSTED, "untrusted_"},
	{PTR_TRUSTED, "trusted_"},
};

const char *type_name(u32 type, char *buf)
{
	u32 kind = type & REG_KIND_MASK;
	size_t len = 0;

	for (u32 i = 0; i < ARRAY_SIZE(type_prefixes); i++)
		if (type & type_prefixes[i].flag)
			len += (size_t)snprintf(buf + len, TYPE_NAME_LEN - len, "%s",
						type_prefixes[i].text);
	snprintf(buf + len, TYPE_NAME_LEN - len, "%s%s", kind < REG_KINDS ? kind_names[kind] : "?",
		 !(type & PTR_MAYBE_NULL) ? ""
		 : kind == PTR_TO_BTF_ID  ? "or_null_"
					  : "_or_null");
	return buf;
}

static const char *const alu_op_names[16] = {
	[BPF_ADD >> 4] = "+=",	  [BPF_SUB >> 4] = "-=",     [BPF_MUL >> 4] = "*=",
	[BPF_DIV >> 4] = "/=",	  [BPF_OR >> 4] = "|=",	     [BPF_AND >> 4] = "&=",
	[BPF_LSH >> 4] = "<<=",	  [BPF_RSH >> 4] = ">>=",    [BPF_NEG >> 4] = "neg",
	[BPF_MOD >> 4] = "%=",	  [BPF_XOR >> 4] = "^=",     [BPF_MOV >> 4] = "=",
	[BPF_ARSH >> 4] = "s>>=", [BPF_END >> 4] = "endian",
};

const char *alu_op_name(u8 op)
{
	const char *name = alu_op_names[op >> 4];

	return name ? name : "?";
}

static bool shown_decimal(s64 n)
{
	return n >= INT16_MIN && n <= INT16_MAX;
}

static void print_unsigned(struct verifier *v, u64 n)
{
	if (n <= UINT16_MAX)
		note(v, "%" PRIu64, n);
	else
		note(v, "%#" PRIx64, n);
}

static void print_signed(struct verifier *v, s64 n)
{
	if (shown_decimal(n))
		note(v, "%" PRId64, n);
	else
		note(v, "%#" PRIx64, (u64)n);
}

const char *tnum_str(struct tnum a, char *buf, size_t size)
{
	if (a.mask)
		snprintf(buf, size, "(0x%" PRIx64 "; 0x%" PRIx64 ")", a.value, a.mask);
	else if (a.value <= UINT16_MAX)
		snprintf(buf, size, "%" PRIu64, a.value);
	else
		snprintf(buf, size, "%#" PRIx64, a.value);
	return buf;
}

__printf(3, 4) static void attribute(struct verifier *v, const char **sep, const char *fmt, ...)
{
	va_list args;

	if (!v->log_level)
		return;
	note(v, "%s", *sep);
	va_start(args, fmt);
	log_vprintf(v->log, fmt, args);
	va_end(args);
	*sep = ",";
}

static void print_map_attributes(struct verifier *v, const struct map_desc *map, const char **sep)
{
	if (map->name[0])
		attribute(v, sep, "map=%.16s", map->name);
	attribute(v, sep, "ks=%u,vs=%u", map->key_size, map->value_size);
}

/* The number behind a pointer's offset, or of a scalar that is not known. */
static void print_offset(struct verifier *v, const struct scalar *s, const char **sep)
{
	struct buf text;

	if (!v->log_level)
		return;
	buf_init(&text, v->mem);
	scalar_print(s, *sep, &text);
	if (text.len)
		*sep = ",";
	note(v, "%s", buf_str(&text));
	buf_free(&text);
}

static void print_attributes(struct verifier *v, const struct reg *reg)
{
	enum reg_kind kind = reg_kind(reg);
	const char *sep = "";

	note(v, "(");
	if (reg->id)
		attribute(v, &sep, "id=%u", reg->id & ~ID_ADD_CONST);
	if (reg->id & ID_ADD_CONST)
		note(v, "%+d", reg->off);
	if (reg->ref_id)
		attribute(v, &sep, "ref_obj_id=%u", reg->ref_id);
	if (reg_kind(reg) == PTR_TO_BTF_ID && reg->type & NON_OWN_REF)
		attribute(v, &sep, "non_own_ref");
	if (kind == CONST_PTR_TO_MAP || kind == PTR_TO_MAP_KEY || kind == PTR_TO_MAP_VALUE)
		print_map_attributes(v, reg->map, &sep);
	if (kind != SCALAR_VALUE && reg->off) {
		attribute(v, &sep, "off=");
		print_signed(v, reg->off);
	}
	if (reg_is_packet(reg)) {
		attribute(v, &sep, "r=");
		print_unsigned(v, (u64)(s64)reg->range);
	}
	if (kind == PTR_TO_MEM) {
		attribute(v, &sep, "sz=");
		print_unsigned(v, reg->mem_size);
	}
	if (kind == CONST_PTR_TO_DYNPTR)
		attribute(v, &sep, "type=%s", dynptr_type_name(reg->dynptr.type));
	print_offset(v, &reg->s, &sep);
	note(v, ")");
}

static void print_reg(struct verifier *v, const struct frame *frame, const struct reg *reg,
		      bool precise)
{
	bool known = tnum_is_const(reg->s.var_off);

	if (reg->type == SCALAR_VALUE) {
		if (precise)
			note(v, "P");
		if (known) {
			print_signed(v, (s64)reg->s.var_off.value);
			return;
		}
	}
	note(v, "%s", TYPE_NAME(reg->type));
	if (reg->type == PTR_TO_ARENA)
		return;
	if (reg->type == PTR_TO_STACK) {
		if (frame->frameno != reg->frameno)
			note(v, "[%u]", reg->frameno);
		if (known) {
			print_signed(v, (s64)reg->s.var_off.value + reg->off);
			return;
		}
	}
	if (reg_kind(reg) == PTR_TO_BTF_ID)
		note(v, "%s", btf_name(reg->btf, btf_type_by_id(reg->btf, reg->btf_id)));
	print_attributes(v, reg);
}

static void print_liveness(struct verifier *v, bool read, bool written, bool done)
{
	if (read || written || done)
		note(v, "_%s%s%s", read ? "r" : "", written ? "w" : "", done ? "D" : "");
}

static void print_dynptr(struct verifier *v, const struct reg *dynptr)
{
	const char *sep = "";

	note(v, "=dynptr_%s(", dynptr_type_name(dynptr->dynptr.type));
	if (dynptr->id)
		attribute(v, &sep, "id=%u", dynptr->id);
	if (dynptr->ref_id)
		attribute(v, &sep, "ref_id=%u", dynptr->ref_id);
	note(v, ")");
}

/* What is in several slots is shown once, at the lowest of them. */
static void print_object(struct verifier *v, const struct frame *frame, u32 i, bool done)
{
	const struct reg *reg = frame->slots[i].spill;
	u64 bit = BIT_ULL(i);

	note(v, " fp%d", -(s32)(i + 1) * SLOT_SIZE);
	print_liveness(v, frame->slot_read & bit, frame->slot_written & bit, done);
	if (frame->slots[i].type[0] == STACK_DYNPTR)
		print_dynptr(v, reg);
	else
		note(v, "=iter_%s(ref_id=%u,state=%s,depth=%u)",
		     iter_type_name(reg->btf, reg->btf_id), reg->ref_id,
		     reg->iter.state == ITER_ACTIVE ? "active" : "drained", reg->iter.depth);
}

static void print_slot(struct verifier *v, const struct frame *frame, u32 i, bool done)
{
	static const char letters[] = {
		[STACK_INVALID] = '?', [STACK_SPILL] = 'r',  [STACK_MISC] = 'm',
		[STACK_ZERO] = '0',    [STACK_DYNPTR] = 'd', [STACK_ITER] = 'i',
	};
	const struct stack_slot *slot = &frame->slots[i];
	char types[SLOT_SIZE + 1] = {0};
	bool valid = false, spill = slot_is_spill(slot) && slot->spill;
	u64 bit = BIT_ULL(i);

	if (slot->type[0] == STACK_DYNPTR || slot->type[0] == STACK_ITER) {
		if (slot->type[0] == STACK_ITER ? slot->spill->ref_id : slot->spill->dynptr.first)
			print_object(v, frame, i, done);
		return;
	}
	for (u32 j = 0; j < SLOT_SIZE; j++) {
		if (slot->type[j] != STACK_INVALID)
			valid = true;
		types[j] = letters[slot->type[j]];
	}
	if (!valid)
		return;
	for (u32 j = 0; spill && j < SLOT_SIZE; j++) {
		/* Only what lies above a spill of less than 8 bytes. */
		if (slot->type[j] == STACK_SPILL) {
			types[j] = 0;
			break;
		}
	}
	note(v, " fp%d", -(s32)(i + 1) * SLOT_SIZE);
	print_liveness(v, frame->slot_read & bit, frame->slot_written & bit, done);
	note(v, "=%s", types);
	if (spill)
		print_reg(v, frame, slot->spill, !v->bpf_capable || frame->slot_precise & bit);
}

static void print_refs(struct verifier *v, const struct vstate *state)
{
	for (u32 i = 0; i < state->ref_cnt; i++)
		note(v, "%s%u", i ? "," : " refs=", state->refs[i].id);
}

void log_state(struct verifier *v, const struct vstate *state, u32 frameno, bool all)
{
	const struct frame *frame = state->frame[frameno];

	if (!v->log_level)
		return;
	if (frameno)
		note(v, " frame%u:", frameno);
	for (u32 i = 0; i < MAX_BPF_REG; i++) {
		if (frame->regs[i].type == NOT_INIT || (!all && !(v->scratched_regs & BIT(i))))
			continue;
		note(v, " R%u", i);
		print_liveness(v, frame->reg_read & BIT(i), frame->reg_written & BIT(i),
			       state->cleaned);
		note(v, "=");
		print_reg(v, frame, &frame->regs[i],
			  !v->bpf_capable || frame->reg_precise & BIT(i));
	}
	for (u32 i = 0; i < frame->slot_cnt; i++)
		if (all || v->scratched_slots & BIT_ULL(i))
			print_slot(v, frame, i, state->cleaned);
	print_refs(v, state);
	if (frame->in_callback)
		note(v, " cb");
	if (frame->in_async_callback)
		note(v, " async_cb");
	note(v, "\n");
	if (!all) {
		v->scratched_regs = 0;
		v->scratched_slots = 0;
	}
}

/* Columns from the end of an instruction's text to the "; " before its effect. */
static int effect_column(size_t len)
{
	size_t want = len + 4 > 40 ? len + 4 : 40;

	return (int)(ROUND_UP(want, (size_t)8) - len - 1);
}

static const char *call_name(void *ctx, u32 id)
{
	return func_name(ctx, id);
}

static const char *kfunc_name(void *ctx, s32 btf_id, s16 fd_index)
{
	const struct verifier *v = ctx;

	for (const struct kfunc *k = v->kfuncs; k; k = k->next)
		if (k->id == (u32)btf_id && k->off == fd_index)
			return k->name;
	return "";
}

void log_insn_text(struct verifier *v, u32 insn)
{
	const struct disasm_options opts = {
		.form = DISASM_KERNEL,
		.opcode = true,
		.hide_wide = !v->ptr_leaks,
		.ctx = v,
		.helper_name = call_name,
		.kfunc_name = kfunc_name,
	};
	struct buf text;

	if (!v->log_level)
		return;
	buf_init(&text, v->mem);
	isa_disasm(&text, &v->insns[insn], v->insn_cnt - insn, &opts);
	note(v, "%u: %s\n", insn, buf_str(&text));
	buf_free(&text);
}

void log_effect(struct verifier *v)
{
	if (!(v->log_level & (LOG_LEVEL1 | LOG_LEVEL2)))
		return;
	if (v->prev_log_len && v->prev_log_len == log_len(v)) {
		log_truncate(v, v->prev_log_len - 1);
		note(v, "%*c;", effect_column(v->prev_print_len), ' ');
	} else {
		note(v, "%u:", v->insn);
	}
	log_state(v, v->cur, v->cur->curframe, false);
}

void log_insn(struct verifier *v)
{
	if (v->scratched_regs || v->scratched_slots)
		log_effect(v);
	log_source_line(v, v->insn, "; ");
	v->prev_log_len = log_len(v);
	log_insn_text(v, v->insn);
	v->prev_print_len = log_len(v) - v->prev_log_len;
	v->prev_log_len = log_len(v);
}
