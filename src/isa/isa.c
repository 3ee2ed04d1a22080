/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the tables that isa.def expands to, and the register sets of instructions. */
#include "isa/isa.h"

#define D    ISA_D
#define S    ISA_S
#define O    ISA_O
#define I    ISA_I
#define R0   ISA_R0
#define R6   ISA_R6
#define ARGS ISA_ARGS

#define ROW(name_, code_, selector_, value_, kind_, fields_, reads_, writes_, ...)                 \
	[ISA_##name_] = {                                                                          \
		.code = (code_),                                                                   \
		.selector = ISA_BY_##selector_,                                                    \
		.kind = ISA_KIND_##kind_,                                                          \
		.fields = (fields_),                                                               \
		.reads = (reads_),                                                                 \
		.writes = (writes_),                                                               \
		.value = (value_),                                                                 \
		.name = #name_,                                                                    \
		.text = {__VA_ARGS__},                                                             \
	},

const struct isa_row isa_rows[ISA_FORMS + 1] = {
#define INSN ROW
#define FORM ROW
#include "isa/isa.def"
#undef INSN
#undef FORM
};

const u16 isa_first[256] = {
#define INSN(name, code, ...) [code] = ISA_##name,
#define FORM(...)
#include "isa/isa.def"
#undef INSN
#undef FORM
};

static u16 reg_set(u8 what, const struct bpf_insn *insn)
{
	u32 set = 0;

	if (what & ISA_D)
		set |= BIT(insn->dst_reg);
	if (what & ISA_S)
		set |= BIT(insn->src_reg);
	if (what & ISA_R0)
		set |= BIT(BPF_REG_0);
	if (what & ISA_R6)
		set |= BIT(BPF_REG_6);
	if (what & ISA_ARGS)
		set |= BIT(BPF_REG_1) | BIT(BPF_REG_2) | BIT(BPF_REG_3) | BIT(BPF_REG_4) |
		       BIT(BPF_REG_5);
	return (u16)set;
}

u16 isa_regs_read(const struct bpf_insn *insn)
{
	return reg_set(isa_rows[isa_form(insn)].reads, insn);
}

u16 isa_regs_written(const struct bpf_insn *insn)
{
	return reg_set(isa_rows[isa_form(insn)].writes, insn);
}
