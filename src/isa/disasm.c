/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disassembler: walks the text of an instruction's row in isa.def and
 * fills in its fields. What Linux prints of an instruction that it is about
 * to refuse has no row, and is in kernel_only().
 */
#include <inttypes.h>

#include "isa/disasm.h"
#include "isa/isa.h"

struct printer {
	struct buf *out;
	const struct bpf_insn *insn;
	const struct isa_row *row;
	const struct disasm_options *opts;
	u64 wide; /* of a wide load */
};

static bool llvm(const struct printer *p)
{
	return p->opts->form == DISASM_LLVM;
}

/* As llvm writes numbers: the sign before the 0x. */
static void put_number(const struct printer *p, s64 v, bool plus)
{
	const char *sign = v < 0 ? "-" : plus ? "+" : "";
	u64 abs = v < 0 ? -(u64)v : (u64)v;

	if (p->opts->hex)
		buf_printf(p->out, "%s0x%" PRIx64, sign, abs);
	else
		buf_printf(p->out, "%s%" PRIu64, sign, abs);
}

static void put_imm(const struct printer *p)
{
	if (llvm(p))
		put_number(p, p->insn->imm, false);
	else
		buf_printf(p->out, "%d", p->insn->imm);
}

static void put_compared(const struct printer *p)
{
	if (llvm(p))
		put_number(p, p->insn->imm, false);
	else
		buf_printf(p->out, "0x%x", (u32)p->insn->imm);
}

static void put_offset(const struct printer *p)
{
	s16 off = p->insn->off;

	if (!llvm(p)) {
		buf_printf(p->out, " %+d", off);
		return;
	}
	buf_puts(p->out, off < 0 ? " - " : " + ");
	put_number(p, off < 0 ? -(s64)off : off, false);
}

static void put_jump(const struct printer *p, s32 distance)
{
	if (llvm(p))
		put_number(p, distance, true);
	else
		buf_printf(p->out, "pc%+d", distance);
}

static void put_helper(const struct printer *p)
{
	const struct disasm_options *opts = p->opts;
	const char *name = NULL;

	if (opts->helper_name)
		name = opts->helper_name(opts->ctx, (u32)p->insn->imm);
	if (llvm(p))
		put_number(p, p->insn->imm, false);
	else if (name || opts->form == DISASM_KERNEL || p->insn->imm < 0)
		buf_printf(p->out, "%s#%d", name ? name : "unknown", p->insn->imm);
	else
		buf_printf(p->out, "%d", p->insn->imm);
}

static void put_kfunc(const struct printer *p)
{
	const struct disasm_options *opts = p->opts;
	const char *name = NULL;

	if (opts->kfunc_name && opts->form != DISASM_ASM)
		name = opts->kfunc_name(opts->ctx, p->insn->imm, p->insn->off);
	buf_printf(p->out, "%s#%d", name ? name : "kernel-function", p->insn->imm);
	if (p->insn->off && opts->form == DISASM_ASM)
		buf_printf(p->out, "@%d", p->insn->off);
}

static void put_wide(const struct printer *p)
{
	if (!llvm(p)) {
		buf_printf(p->out, "0x%" PRIx64, p->wide);
		if (p->opts->form == DISASM_ASM)
			buf_puts(p->out, " ll");
		return;
	}
	put_number(p, (s64)p->wide, false);
	buf_puts(p->out, " ll");
}

static void put_btf(const struct printer *p)
{
	u32 fd = (u32)(p->wide >> 32);

	buf_printf(p->out, "id:%d", p->insn->imm);
	if (fd)
		buf_printf(p->out, ",fd:%d", (s32)fd);
}

static void put_half(const struct printer *p, u32 half)
{
	if (llvm(p))
		put_number(p, half, false);
	else
		buf_printf(p->out, "%u", half);
}

static void put_reg(const struct printer *p, char kind, u8 number)
{
	buf_printf(p->out, "%c%u", kind, number);
}

/* A register that llvm calls w in loads and stores when it is told to. */
static char memory_reg(const struct printer *p)
{
	return llvm(p) && p->opts->w_memory ? 'w' : 'r';
}

static void put_field(const struct printer *p, char field)
{
	const struct bpf_insn *insn = p->insn;

	switch (field) {
	case 'd':
		put_reg(p, 'r', insn->dst_reg);
		break;
	case 'e':
		put_reg(p, 'w', insn->dst_reg);
		break;
	case 'D':
		put_reg(p, memory_reg(p), insn->dst_reg);
		break;
	case 's':
		put_reg(p, 'r', insn->src_reg);
		break;
	case 't':
		put_reg(p, 'w', insn->src_reg);
		break;
	case 'S':
		put_reg(p, memory_reg(p), insn->src_reg);
		break;
	case 'i':
		put_imm(p);
		break;
	case 'x':
		put_compared(p);
		break;
	case 'o':
		put_offset(p);
		break;
	case 'j':
		put_jump(p, insn->off);
		break;
	case 'l':
		put_jump(p, insn->imm);
		break;
	case 'c':
		buf_printf(p->out, "pc%+d", insn->imm);
		break;
	case 'h':
		put_helper(p);
		break;
	case 'k':
		put_kfunc(p);
		break;
	case 'f':
		buf_printf(p->out, "%+d", insn->imm);
		break;
	case 'w':
		put_wide(p);
		break;
	case 'm':
		buf_printf(p->out, "%d", insn->imm);
		break;
	case 'n':
		buf_printf(p->out, "+%u", (u32)(p->wide >> 32));
		break;
	case 'b':
		put_btf(p);
		break;
	case 'A':
		put_half(p, (u32)insn->imm >> 16);
		break;
	case 'B':
		put_half(p, (u32)insn->imm & 0xffff);
		break;
	default:
		buf_putc(p->out, field);
	}
}

static void put_text(const struct printer *p, const char *text)
{
	for (; *text; text++) {
		if (*text == '%')
			put_field(p, *++text);
		else
			buf_putc(p->out, *text);
	}
}

static const char *text_of(const struct printer *p)
{
	const struct isa_row *row = p->row;
	bool second = llvm(p) && row->text[1];

	/* llvm leaves the immediate of an indirect packet load out; we do so only where it is 0. */
	if (row->kind == ISA_KIND_SKB && p->insn->imm)
		second = false;
	return row->text[second];
}

/* A wide load in the kernel's log is a number, whatever its source. */
static void put_wide_load(struct printer *p)
{
	static const char prefix[] = "%d = "; /* of every wide load's text */
	const struct disasm_options *opts = p->opts;
	const char *text = p->row->text[0];

	put_text(p, prefix);
	if (p->insn->src_reg && opts->wide_name && opts->wide_name(opts->ctx, p->out, p->insn))
		return;
	if (opts->form == DISASM_KERNEL)
		text = isa_rows[ISA_LD_IMM64].text[0];
	if (opts->hide_wide && p->insn->src_reg && !isa_is_func_ref(p->insn))
		p->wide = 0;
	put_text(p, text + sizeof(prefix) - 1);
}

/*
 * How Linux prints an opcode that it knows with a selector that it does not:
 * the first form's text mostly. NULL: as any unknown instruction.
 */
static const char *kernel_only(const struct bpf_insn *insn, const struct isa_row *base)
{
	switch (base->kind) {
	case ISA_KIND_END:
		if (BPF_CLASS(insn->code) == BPF_ALU64)
			return "%d = bswap%i %d";
		return BPF_SRC(insn->code) == BPF_TO_BE ? "%d = be%i %d" : "%d = le%i %d";
	case ISA_KIND_MOV:
		if (insn->off == 32)
			return "%e = (s32)%t";
		if (insn->off == -1 && BPF_CLASS(insn->code) == BPF_ALU64)
			return "%d = &(void __percpu *)(%s)";
		return base->text[0];
	case ISA_KIND_ATOMIC:
		return NULL;
	case ISA_KIND_CALL:
		return "call unknown#%i";
	case ISA_KIND_MAY_GOTO:
		return "if %d (null) %x goto %j";
	default:
		return base->text[0];
	}
}

static void put_unknown(const struct printer *p)
{
	const struct bpf_insn *insn = p->insn;

	switch (p->opts->form) {
	case DISASM_KERNEL:
		buf_printf(p->out, "BUG_%02x", insn->code);
		break;
	case DISASM_LLVM:
		buf_puts(p->out, "<unknown>");
		break;
	case DISASM_ASM:
		buf_printf(p->out, ".insn 0x%02x, %u, %u, %d, %d", insn->code, insn->dst_reg,
			   insn->src_reg, insn->off, insn->imm);
		break;
	}
}

/* Whether the text of its row says all that the instruction is. */
static bool text_is_exact(const struct bpf_insn *insn, u32 left)
{
	struct isa_error err;
	u16 regs = isa_regs_read(insn) | isa_regs_written(insn);

	if (isa_is_wide(insn) && isa_check_opcode(insn, left, 0, &err))
		return false;
	if (isa_check_fields(insn, 0, &err) && !isa_is_may_goto(insn) &&
	    isa_form(insn) != ISA_ADDR_SPACE_CAST)
		return false;
	if (isa_is_may_goto(insn) && (insn->dst_reg || insn->src_reg || insn->imm))
		return false;
	if (isa_is_exit(insn) && insn->off)
		return false;
	if (isa_is_func_ref(insn) && insn[1].imm)
		return false;
	return regs < 1 << MAX_BPF_REG;
}

/* The text to fill in, or NULL for an unknown instruction. */
static const char *choose_text(const struct printer *p)
{
	const struct isa_row *base = &isa_rows[isa_first[p->insn->code]];

	if (p->row)
		return text_of(p);
	if (p->opts->form != DISASM_KERNEL || !base->text[0] || base->kind == ISA_KIND_WIDE)
		return NULL;
	return kernel_only(p->insn, base);
}

u32 isa_disasm(struct buf *out, const struct bpf_insn *insn, u32 left,
	       const struct disasm_options *opts)
{
	static const struct disasm_options kernel_form = {0};
	struct printer p = {.out = out, .insn = insn, .opts = opts ? opts : &kernel_form};
	bool wide = isa_is_wide(insn), exact = true;
	const char *text;

	if (p.opts->form == DISASM_ASM)
		exact = text_is_exact(insn, left);
	if (exact && (!wide || left > 1))
		p.row = isa_row(insn);
	if (wide && p.row)
		p.wide = isa_wide_imm(insn);

	text = choose_text(&p);
	if (text && p.opts->opcode)
		buf_printf(out, "(%02x) ", insn->code);
	if (!text)
		put_unknown(&p);
	else if (wide)
		put_wide_load(&p);
	else
		put_text(&p, text);
	return wide && p.row ? 2 : 1;
}
