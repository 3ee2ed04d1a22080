/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Linux takes as an instruction, in its words and at the times it looks.
 * Facts: RFC 9669, and what the kernel answers (tests/isa/check.txt holds the
 * answers, the test asks the running kernel for the same).
 */
#include <stdarg.h>
#include <stdio.h>

#include "isa/isa.h"

__printf(3, 4) static int fail(struct isa_error *err, u32 insn, const char *fmt, ...)
{
	va_list args;

	if (err) {
		err->insn = insn;
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
	}
	return -EINVAL;
}

/* ---- structure ---- */

/* Linux adds in 32 bits, and so a far jump may wrap around. */
static s32 linux_target(const struct bpf_insn *insn, u32 at)
{
	return (s32)(at + 1 + (u32)isa_offset(insn));
}

int isa_check_subprog(const struct bpf_insn *insns, u32 start, u32 end, struct isa_error *err)
{
	for (u32 i = start; i < end; i++) {
		s32 target;

		if (!isa_is_jump(&insns[i]))
			continue;
		target = linux_target(&insns[i], i);
		if (target < (s32)start || target >= (s32)end)
			return fail(err, i, "jump out of range from insn %u to %d", i, target);
	}
	if (end > start && !isa_is_exit(&insns[end - 1]) && !isa_is_goto(&insns[end - 1]))
		return fail(err, end - 1, "last insn is not an exit or jmp");
	return 0;
}

/* ---- opcodes and wide loads: of every instruction ---- */

static bool second_slot_ok(const struct bpf_insn *insn)
{
	return insn->code == 0 && insn->dst_reg == 0 && insn->src_reg == 0 && insn->off == 0;
}

static int check_wide(const struct bpf_insn *insns, u32 cnt, u32 i, struct isa_error *err)
{
	const struct bpf_insn *insn = &insns[i];
	enum isa_form form = isa_form(insn);

	if (i + 1 >= cnt || !second_slot_ok(insn + 1))
		return fail(err, i, "invalid bpf_ld_imm64 insn");
	if (form == ISA_NONE ||
	    ((form == ISA_LD_MAP_FD || form == ISA_LD_MAP_IDX) && insn[1].imm != 0))
		return fail(err, i, "unrecognized bpf_ld_imm64 insn");
	return 0;
}

int isa_check_opcode(const struct bpf_insn *insns, u32 cnt, u32 i, struct isa_error *err)
{
	const struct bpf_insn *insn = &insns[i];
	u8 code = insn->code;

	if (BPF_CLASS(code) == BPF_LDX &&
	    ((BPF_MODE(code) != BPF_MEM && BPF_MODE(code) != BPF_MEMSX) || insn->imm != 0))
		return fail(err, i, "BPF_LDX uses reserved fields");
	if (isa_is_wide(insn))
		return check_wide(insns, cnt, i, err);
	if (isa_first[code] == ISA_NONE)
		return fail(err, i, "unknown opcode %02x", code);
	return 0;
}

/* ---- fields: when reached ---- */

/* How Linux calls the instructions of a kind when a reserved field is not zero. */
static const char *family(const struct isa_row *row)
{
	static const char *const names[] = {
		[ISA_KIND_ALU] = "BPF_ALU",	     [ISA_KIND_NEG] = "BPF_NEG",
		[ISA_KIND_MOV] = "BPF_MOV",	     [ISA_KIND_CAST] = "BPF_MOV",
		[ISA_KIND_END] = "BPF_END",	     [ISA_KIND_IF] = "BPF_JMP/JMP32",
		[ISA_KIND_GOTO] = "BPF_JA",	     [ISA_KIND_MAY_GOTO] = "BPF_JCOND",
		[ISA_KIND_CALL] = "BPF_CALL",	     [ISA_KIND_EXIT] = "BPF_EXIT",
		[ISA_KIND_LOAD] = "BPF_LDX",	     [ISA_KIND_STORE] = "BPF_STX",
		[ISA_KIND_STORE_IMM] = "BPF_ST",     [ISA_KIND_ATOMIC] = "BPF_ATOMIC",
		[ISA_KIND_SKB] = "BPF_LD_[ABS|IND]", [ISA_KIND_WIDE] = "BPF_LD_IMM64",
	};

	return names[row->kind];
}

/* What of the fields the form gives a meaning. */
static u8 used_fields(const struct isa_row *row)
{
	static const u8 by_selector[] = {
		[ISA_BY_NONE] = 0,
		[ISA_BY_OFF] = ISA_O,
		[ISA_BY_IMM] = ISA_I,
		[ISA_BY_SRC] = ISA_S,
	};

	return row->fields | by_selector[row->selector];
}

static bool reserved_fields_set(const struct isa_row *row, const struct bpf_insn *insn)
{
	u8 used = used_fields(row);

	return (!(used & ISA_D) && insn->dst_reg) || (!(used & ISA_S) && insn->src_reg) ||
	       (!(used & ISA_O) && insn->off) || (!(used & ISA_I) && insn->imm);
}

int isa_check_fields(const struct bpf_insn *insns, u32 i, struct isa_error *err)
{
	const struct bpf_insn *insn = &insns[i];
	const struct isa_row *row = isa_row(insn), *base = &isa_rows[isa_first[insn->code]];
	bool bad = !row || reserved_fields_set(row, insn);

	if (base == &isa_rows[ISA_NONE])
		return fail(err, i, "unknown opcode %02x", insn->code);
	if (base->kind == ISA_KIND_MAY_GOTO && (bad || insn->off == 0))
		return fail(err, i, "invalid may_goto off %d imm %d", insn->off, insn->imm);
	if (base->kind == ISA_KIND_ATOMIC && !row)
		return fail(err, i, "BPF_ATOMIC uses invalid atomic opcode %02x", (u32)insn->imm);
	if (bad)
		return fail(err, i, "%s uses reserved fields", family(base));
	if (row->kind == ISA_KIND_CAST && insn->imm != 1 && insn->imm != 1 << 16)
		return fail(err, i,
			    "addr_space_cast insn can only convert between address space 1 and 0");
	return 0;
}

/* ---- constant operands ---- */

int isa_check_operands(const struct bpf_insn *insns, u32 i, struct isa_error *err)
{
	const struct bpf_insn *insn = &insns[i];
	u8 class = BPF_CLASS(insn->code);
	s32 width = class == BPF_ALU64 ? 64 : 32;

	if ((class != BPF_ALU && class != BPF_ALU64) || BPF_SRC(insn->code) != BPF_K)
		return 0;
	switch (BPF_OP(insn->code)) {
	case BPF_DIV:
	case BPF_MOD:
		if (insn->imm == 0)
			return fail(err, i, "div by zero");
		return 0;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		if (insn->imm < 0 || insn->imm >= width)
			return fail(err, i, "invalid shift %d", insn->imm);
		return 0;
	default:
		return 0;
	}
}

/* ---- registers ---- */

int isa_check_reg(u32 insn, u32 reg, bool write, struct isa_error *err)
{
	if (reg >= MAX_BPF_REG)
		return fail(err, insn, "R%u is invalid", reg);
	if (write && reg == BPF_REG_FP) {
		fail(err, insn, "frame pointer is read only");
		return -EACCES;
	}
	return 0;
}

static int check_reads(const struct bpf_insn *insn, u32 i, struct isa_error *err)
{
	const struct isa_row *row = isa_row(insn);
	int ret = 0;

	if (row->reads & ISA_S)
		ret = isa_check_reg(i, insn->src_reg, false, err);
	if (!ret && row->reads & ISA_D)
		ret = isa_check_reg(i, insn->dst_reg, false, err);
	return ret;
}

static int check_writes(const struct bpf_insn *insn, u32 i, struct isa_error *err)
{
	const struct isa_row *row = isa_row(insn);
	int ret = 0;

	if (row->writes & ISA_D)
		ret = isa_check_reg(i, insn->dst_reg, true, err);
	if (!ret && row->writes & ISA_S)
		ret = isa_check_reg(i, insn->src_reg, true, err);
	return ret;
}

/* ---- all at once ---- */

int isa_check_insn(const struct bpf_insn *insns, u32 cnt, u32 i, struct isa_error *err)
{
	int ret = isa_check_opcode(insns, cnt, i, err);

	if (!ret)
		ret = isa_check_fields(insns, i, err);
	if (!ret)
		ret = check_reads(&insns[i], i, err);
	if (!ret)
		ret = isa_check_operands(insns, i, err);
	if (!ret)
		ret = check_writes(&insns[i], i, err);
	return ret;
}

/*
 * Whether @at is the second slot of a wide load, in a program whose first
 * slots have been checked: what follows a first slot always is.
 */
static bool is_second_slot(const struct bpf_insn *insns, s64 at)
{
	return at > 0 && isa_is_wide(&insns[at - 1]) && second_slot_ok(&insns[at]);
}

static int check_target(const struct bpf_insn *insns, u32 cnt, u32 i, struct isa_error *err)
{
	s64 target = isa_target(&insns[i], i);

	if (!isa_is_jump(&insns[i]) && !isa_is_local_call(&insns[i]) && !isa_is_func_ref(&insns[i]))
		return 0;
	if (target < 0 || target >= cnt)
		return fail(err, i, "jump out of range from insn %u to %lld", i, (long long)target);
	if (is_second_slot(insns, target))
		return fail(err, i, "jump into the middle of ldimm64 insn %lld",
			    (long long)target - 1);
	return 0;
}

int isa_check(const struct bpf_insn *insns, u32 cnt, struct isa_error *err)
{
	if (cnt == 0)
		return fail(err, 0, "program has no instructions");
	if (!isa_is_exit(&insns[cnt - 1]) && !isa_is_goto(&insns[cnt - 1]))
		return fail(err, cnt - 1, "last insn is not an exit or jmp");
	for (u32 i = 0; i < cnt; i += isa_slots(&insns[i])) {
		int ret = isa_check_insn(insns, cnt, i, err);

		if (!ret)
			ret = check_target(insns, cnt, i, err);
		if (ret)
			return ret;
	}
	return 0;
}
