/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the text form of print.c, for tests: values may be numbered in any way,
 * block 0 is the entry. Phis are filled in at the end, when all edges are known.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "jit/ir/text.h"

struct phi_operand {
	ir_ref phi;
	u32 pred;
	ir_ref value;
};

struct parse {
	struct ir_fn *fn;
	struct err *err;
	const char *at;
	u32 line;
	u32 block; /* that instructions go to, UINT32_MAX before the first */
	const struct mem *mem;
	VEC(ir_ref) values; /* by number in the text */
	VEC(struct phi_operand) phis;
};

static int fail(struct parse *p, const char *what)
{
	return err_set(p->err, -EINVAL, "line %u: %s at '%.30s'", p->line, what, p->at);
}

static void skip_space(struct parse *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

/* Takes @text if it comes next. */
static bool take(struct parse *p, const char *text)
{
	size_t n = strlen(text);

	skip_space(p);
	if (strncmp(p->at, text, n))
		return false;
	if (isalnum((unsigned char)text[n - 1]) && isalnum((unsigned char)p->at[n]))
		return false; /* the beginning of a longer word */
	p->at += n;
	return true;
}

static bool take_number(struct parse *p, u64 *value)
{
	char *end;

	skip_space(p);
	if (*p->at != '-' && *p->at != '+' && !isdigit((unsigned char)*p->at))
		return false;
	*value = *p->at == '-' ? (u64)strtoll(p->at, &end, 0) : strtoull(p->at, &end, 0);
	if (end == p->at)
		return false;
	p->at = end;
	return true;
}

/* The index of the word that comes next in a table, or -1. */
static int take_word(struct parse *p, const char *const *words, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (words[i] && take(p, words[i]))
			return (int)i;
	return -1;
}

/* The value that the text calls %@number; made when it is named first. */
static int value_of(struct parse *p, u64 number, ir_ref *ref)
{
	while (p->values.len <= number)
		if (number > UINT16_MAX || !vec_push(&p->values, p->mem, 0))
			return fail(p, "too many values");
	if (!p->values.at[number])
		p->values.at[number] = ir_reserve(p->fn);
	*ref = p->values.at[number];
	return 0;
}

static int take_block(struct parse *p, u32 *block)
{
	u64 number;

	skip_space(p);
	if (*p->at != 'b' || (p->at++, !take_number(p, &number)) || number > UINT16_MAX)
		return fail(p, "expected a block");
	while (p->fn->nblocks <= number && !p->fn->failed)
		ir_new_block(p->fn);
	*block = (u32)number;
	return p->fn->failed ? -ENOMEM : 0;
}

static int take_sym(struct parse *p, u32 *sym)
{
	int kind = take_word(p, ir_sym_names, IR_SYM_CNT);
	u64 index, addend = 0;

	if (kind < 0 || !take(p, ":") || !take_number(p, &index))
		return fail(p, "expected a symbol");
	if (*p->at == '+' || *p->at == '-')
		take_number(p, &addend);
	*sym = ir_sym(p->fn, (enum ir_sym_kind)kind, (u32)index, (s64)addend,
		      0x10000 + index * 0x1000 + addend);
	return 0;
}

static int take_ref(struct parse *p, ir_ref *ref)
{
	u64 number;
	u32 sym;
	int ret;

	skip_space(p);
	if (*p->at == '%') {
		p->at++;
		return take_number(p, &number) ? value_of(p, number, ref)
					       : fail(p, "expected a value's number");
	}
	if (*p->at == '@') {
		const struct ir_sym *s;

		p->at++;
		ret = take_sym(p, &sym);
		if (ret)
			return ret;
		s = &p->fn->syms[sym];
		*ref = ir_addr(p->fn, s->kind, s->index, s->addend, s->addr);
		return 0;
	}
	if (*p->at == '-' && !isdigit((unsigned char)p->at[1])) {
		p->at++;
		*ref = 0;
		return 0;
	}
	if (!take_number(p, &number))
		return fail(p, "expected a value");
	*ref = ir_const(p->fn, number);
	return 0;
}

static int take_address(struct parse *p, struct ir_insn *insn)
{
	u64 number;
	bool minus;
	int ret;

	if (!take(p, "["))
		return fail(p, "expected an address");
	ret = take_ref(p, &insn->arg[0]);
	if (ret)
		return ret;
	skip_space(p);
	if (p->at[0] == '+' && p->at[2] == '%') {
		take(p, "+");
		ret = take_ref(p, &insn->arg[1]);
		if (ret || !take(p, "*") || !take_number(p, &number) || !number)
			return ret ? ret : fail(p, "expected a scale");
		insn->scale = (u8)__builtin_ctzll(number);
	}
	minus = take(p, "-");
	if ((!minus && !take(p, "+")) || !take_number(p, &number) || !take(p, "]"))
		return fail(p, "expected a displacement");
	insn->disp = minus ? (s32) - (s64)number : (s32)number;
	return 0;
}

static int take_suffix(struct parse *p, struct ir_insn *insn)
{
	u16 flags = ir_flags(insn);
	int cc;

	insn->width = 8;
	if (flags & IR_OP_MEM && insn->op != IR_LEA) {
		u64 size;

		if (*p->at != '.' || (p->at++, !take_number(p, &size)))
			return fail(p, "expected a size");
		insn->size = (u8)size;
	}
	if (*p->at == '.') {
		insn->width = p->at[1] == 'w' ? 4 : 8;
		insn->flags |= insn->op == IR_LOAD ? IR_SEXT : 0;
		p->at += 2;
	}
	if (!(flags & IR_OP_CC))
		return 0;
	for (cc = 0; cc < IR_CC_CNT; cc++) {
		size_t n = strlen(ir_cc_names[cc]);

		skip_space(p);
		if (!strncmp(p->at, ir_cc_names[cc], n) && p->at[n] == '.')
			break;
	}
	if (cc == IR_CC_CNT)
		return fail(p, "expected a condition");
	p->at += strlen(ir_cc_names[cc]) + 1;
	insn->cc = (u8)cc;
	insn->cmp_width = *p->at++ == 'w' ? 4 : 8;
	return 0;
}

static int take_call(struct parse *p, struct ir_insn *insn)
{
	u64 number = 0;
	int ret = 0;

	if (insn->op == IR_CALL)
		ret = take_sym(p, &insn->sym);
	else if (!take_number(p, &number))
		ret = fail(p, "expected a subprogram");
	insn->imm = (s64)number;
	if (ret || !take(p, "("))
		return ret ? ret : fail(p, "expected arguments");
	while (!take(p, ")")) {
		if (insn->nargs == IR_MAX_ARGS || (insn->nargs && !take(p, ",")))
			return fail(p, "expected the end of the arguments");
		ret = take_ref(p, &insn->arg[insn->nargs++]);
		if (ret)
			return ret;
	}
	return 0;
}

static int take_phi(struct parse *p, ir_ref ref)
{
	do {
		struct phi_operand operand = {.phi = ref};
		int ret = take_block(p, &operand.pred);

		if (!ret)
			ret = take_ref(p, &operand.value);
		if (ret)
			return ret;
		if (!vec_push(&p->phis, p->mem, operand))
			return -ENOMEM;
	} while (take(p, ","));
	return 0;
}

static int take_operands(struct parse *p, struct ir_insn *insn)
{
	u32 first = ir_flags(insn) & IR_OP_MEM ? 2 : 0;
	int ret = first ? take_address(p, insn) : 0;

	for (u32 i = first; !ret && i < ir_ops[insn->op].args; i++) {
		if (i > first || first) {
			if (!take(p, ",") && !take(p, "="))
				return fail(p, "expected another operand");
		}
		ret = take_ref(p, &insn->arg[i]);
	}
	return ret;
}

/* What may follow an instruction: memory, flags, range. */
static int take_tail(struct parse *p, struct ir_insn *insn)
{
	u64 number;
	int word;

	insn->map = FACT_NO_MAP;
	if (ir_flags(insn) & IR_OP_MEM) {
		word = take_word(p, ir_mem_names, IR_MEM_CNT);
		insn->mem = word > 0 ? (u8)word : MEM_NONE;
		if (word > 0 && *p->at == ':' && (p->at++, take_number(p, &number)))
			insn->map = (u16)number;
	}
	while ((word = take_word(p, ir_flag_names, 8)) >= 0)
		insn->flags |= (u8)BIT(word);
	insn->umax = UINT64_MAX;
	if (take(p, "{")) {
		if (!take_number(p, &insn->umin) || !take(p, "..") ||
		    !take_number(p, &insn->umax) || !take(p, "}"))
			return fail(p, "expected a range");
	}
	skip_space(p);
	return *p->at && *p->at != ';' ? fail(p, "unexpected text") : 0;
}

static int take_op(struct parse *p, enum ir_op *op)
{
	size_t n = 0;

	skip_space(p);
	while (isalnum((unsigned char)p->at[n]))
		n++;
	for (u32 i = 0; i < IR_OP_CNT; i++) {
		if (strlen(ir_ops[i].text) == n && !strncmp(p->at, ir_ops[i].text, n)) {
			p->at += n;
			*op = (enum ir_op)i;
			return 0;
		}
	}
	return fail(p, "no such operation");
}

static int parse_term(struct parse *p, struct ir_insn *insn)
{
	u32 to[2] = {0};
	u32 n = insn->op == IR_BR ? 2 : insn->op == IR_JMP;
	int ret = insn->op == IR_JMP ? 0 : take_operands(p, insn);
	ir_ref ref;

	for (u32 i = 0; !ret && i < n; i++) {
		if (insn->op == IR_BR && !take(p, ","))
			return fail(p, "expected a block");
		ret = take_block(p, &to[i]);
	}
	if (!ret)
		ret = take_tail(p, insn);
	if (ret)
		return ret;
	if (insn->op == IR_JMP) {
		ir_jmp(p->fn, p->block, to[0]);
	} else if (insn->op == IR_BR) {
		ref = ir_br(p->fn, p->block, insn->cc, insn->cmp_width, insn->arg[0], insn->arg[1],
			    to[0], to[1]);
		ir_at(p->fn, ref)->flags = insn->flags;
	} else {
		ir_append(p->fn, p->block, *insn);
	}
	return 0;
}

static int parse_insn(struct parse *p)
{
	struct ir_insn insn = {0};
	ir_ref ref = 0;
	enum ir_op op = IR_UNDEF;
	u64 number;
	int ret;

	if (p->block == UINT32_MAX)
		return fail(p, "an instruction before the first block");
	skip_space(p);
	if (*p->at == '%') {
		p->at++;
		if (!take_number(p, &number) || value_of(p, number, &ref) || !take(p, "="))
			return fail(p, "expected a value and =");
	}
	ret = take_op(p, &op);
	if (ret)
		return ret;
	insn.op = (u8)op;
	if (!ref == !(ir_flags(&insn) & IR_OP_VOID))
		return fail(p, "a result where there is none, or none where there is one");
	ret = take_suffix(p, &insn);
	if (ret)
		return ret;
	if (ir_flags(&insn) & IR_OP_TERM)
		return parse_term(p, &insn);
	if (op == IR_PARAM || op == IR_FRAME || op == IR_ATOMIC) {
		if (!take_number(p, &number))
			return fail(p, "expected a number");
		insn.imm = (s64)number;
	}
	if (op == IR_CALL || op == IR_CALL_SUB)
		ret = take_call(p, &insn);
	else if (op == IR_PHI)
		ret = take_phi(p, ref);
	else
		ret = take_operands(p, &insn);
	if (!ret)
		ret = take_tail(p, &insn);
	if (!ret)
		ir_append_as(p->fn, p->block, ref, insn);
	return ret;
}

static int parse_header(struct parse *p)
{
	u64 subprog, frame;

	if (!take_number(p, &subprog) || !take(p, ",") || !take(p, "frame") ||
	    !take_number(p, &frame))
		return fail(p, "expected 'fn N, frame N'");
	p->fn->subprog = (u32)subprog;
	p->fn->frame_size = (u32)frame;
	return 0;
}

static int parse_line(struct parse *p)
{
	const char *colon;
	int ret;

	skip_space(p);
	if (!*p->at || *p->at == ';')
		return 0;
	if (take(p, "fn"))
		return parse_header(p);
	colon = strchr(p->at, ':');
	if (*p->at != 'b' || !colon || !isdigit((unsigned char)p->at[1]))
		return parse_insn(p);
	ret = take_block(p, &p->block);
	if (!ret && !take(p, ":"))
		ret = fail(p, "expected ':'");
	p->fn->blocks[p->block]->cold = take(p, "cold");
	return ret;
}

static int fill_phis(struct parse *p)
{
	vec_each (&p->phis, operand) {
		struct ir_insn *phi = ir_at(p->fn, operand->phi);
		u32 index = ir_pred_index(p->fn, phi->block, operand->pred);

		if (index == UINT32_MAX)
			return err_set(p->err, -EINVAL,
				       "a phi names a block that does not go to its own");
		phi->phi[index] = operand->value;
	}
	return 0;
}

int ir_parse(struct ir_fn *fn, const char *text, struct err *err)
{
	struct parse p = {.fn = fn, .err = err, .block = UINT32_MAX, .mem = fn->arena->mem};
	int ret = 0;

	while (!ret && *text) {
		const char *end = text + strcspn(text, "\n");
		char line[512];

		if ((size_t)(end - text) >= sizeof(line)) {
			ret = err_set(err, -EINVAL, "line %u is too long", p.line + 1);
			break;
		}
		memcpy(line, text, (size_t)(end - text));
		line[end - text] = '\0';
		p.at = line;
		p.line++;
		ret = parse_line(&p);
		text = *end ? end + 1 : end;
	}
	if (!ret)
		ret = fill_phis(&p);
	if (!ret && fn->failed)
		ret = -ENOMEM;
	vec_free(&p.values, p.mem);
	vec_free(&p.phis, p.mem);
	return ret;
}
