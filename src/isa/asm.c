/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The assembler: tries the text of every row of isa.def on a line, the
 * kernel's and llvm's, and takes the first that fits. So it knows exactly
 * the instructions that the disassembler knows. When none fits, the place
 * where the longest attempt ended is what the error names.
 *
 * Labels are collected with the fixed-up places and resolved at the end.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "isa/asm.h"
#include "isa/isa.h"

/* A piece of the text. */
struct word {
	const char *at;
	size_t len;
};

struct label {
	struct word name;
	u32 insn; /* the instruction that it precedes */
	u32 order;
	u32 line, column;
};

/* A jump, call or reference whose distance is that to a label. */
struct fixup {
	struct word name;
	u32 insn;
	u32 line, column;
};

struct assembler {
	const struct mem *mem;
	const struct asm_options *opts;
	struct err *err;
	VEC(struct bpf_insn) insns;
	VEC(struct label) labels;
	VEC(struct fixup) fixups;
	const char *line_start;
	u32 line;
};

/* One attempt at one instruction. */
struct attempt {
	const struct asm_options *opts;
	const struct isa_row *row;
	const char *p;
	struct bpf_insn insn[2];
	bool has_dst, has_src;
	struct word label;
	const char *why; /* what is wrong at p, NULL: nothing special */
};

/* ---- characters ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Kernel tests write l0_%=, compilers .LBB0_1 and foo$1. */
static bool is_label(char c)
{
	return is_word(c) || c == '.' || c == '$' || c == '%' || c == '=';
}

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

static bool at_end(const char *p)
{
	return *p == 0 || *p == '\n' || *p == ';' || *p == '#' || (p[0] == '/' && p[1] == '/');
}

static struct word take_word(const char **p, bool (*belongs)(char))
{
	struct word w = {.at = *p};

	while (belongs(**p))
		(*p)++;
	w.len = (size_t)(*p - w.at);
	return w;
}

static bool word_is(struct word w, const char *s)
{
	return w.len == strlen(s) && !memcmp(w.at, s, w.len);
}

/* ---- numbers ---- */

struct number {
	bool negative;
	u64 abs;
};

static const char no_number[] = "expected a number";

/* Advances *@p past a number; NULL, or what is wrong with it. */
static const char *take_number(const char **p, struct number *n)
{
	const char *s = *p;
	u64 base = 10;
	bool any = false, over = false;

	n->negative = *s == '-';
	n->abs = 0;
	if (*s == '-' || *s == '+')
		s = skip_blanks(s + 1);
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isxdigit((unsigned char)s[2])) {
		base = 16;
		s += 2;
	}
	for (; isxdigit((unsigned char)*s); s++) {
		char c = (char)tolower((unsigned char)*s);
		u64 digit = c <= '9' ? (u64)(c - '0') : (u64)(c - 'a') + 10;

		if (digit >= base)
			break;
		over |= __builtin_mul_overflow(n->abs, base, &n->abs);
		over |= __builtin_add_overflow(n->abs, digit, &n->abs);
		any = true;
	}
	if (!any || is_word(*s))
		return no_number;
	if (over)
		return "number does not fit in 64 bits";
	*p = s;
	return NULL;
}

/* Whether the number lies in [-@below, @above]. */
static bool within(struct number n, u64 below, u64 above)
{
	return n.abs <= (n.negative ? below : above);
}

static u64 value_of(struct number n)
{
	return n.negative ? -n.abs : n.abs;
}

/* ---- fields ---- */

static bool take_reg(struct attempt *a, const char *kinds, bool is_dst)
{
	const char *s = a->p;
	u32 reg = 0;
	bool *has = is_dst ? &a->has_dst : &a->has_src;

	if (!*s || !strchr(kinds, *s) || !isdigit((unsigned char)s[1]))
		return false;
	reg = (u32)(s[1] - '0');
	s += 2;
	if (reg == 1 && *s == '0') {
		reg = 10;
		s++;
	}
	if (is_word(*s))
		return false;
	if (*has && (is_dst ? a->insn[0].dst_reg : a->insn[0].src_reg) != reg)
		return false;
	if (is_dst)
		a->insn[0].dst_reg = reg & 15u;
	else
		a->insn[0].src_reg = reg & 15u;
	*has = true;
	a->p = s;
	return true;
}

/* 32-bit operations and the comparisons that the kernel prints in hex also take unsigned ones. */
static bool takes_unsigned(const struct isa_row *row)
{
	u8 class = BPF_CLASS(row->code);

	return class != BPF_ALU64 && row->code != (BPF_ST | BPF_MEM | BPF_DW);
}

static bool take_imm(struct attempt *a, u64 below, u64 above, const char *why)
{
	struct number n;
	const char *p = a->p;

	a->why = take_number(&p, &n);
	if (a->why)
		return false;
	if (!within(n, below, above)) {
		a->why = why;
		return false;
	}
	a->insn[0].imm = (s32)(u32)value_of(n);
	a->p = p;
	return true;
}

static bool take_imm32(struct attempt *a, bool is_unsigned)
{
	return take_imm(a, 1ull << 31, is_unsigned ? UINT32_MAX : INT32_MAX,
			"number does not fit in 32 bits");
}

/* "+4", "- 0x4" or nothing. */
static bool take_offset(struct attempt *a)
{
	const char *p = skip_blanks(a->p);
	struct number n;

	if (*p != '+' && *p != '-')
		return true;
	a->p = p;
	a->why = take_number(&p, &n);
	if (!a->why && !within(n, 1u << 15, INT16_MAX))
		a->why = "offset does not fit in 16 bits";
	if (a->why)
		return false;
	a->insn[0].off = (s16)(u16)value_of(n);
	a->p = p;
	return true;
}

/* pc+3, +3, a label, 1f or 1b. */
static bool take_target(struct attempt *a, bool in_imm)
{
	const char *p = a->p;
	struct number n;

	if (p[0] == 'p' && p[1] == 'c' && (p[2] == '+' || p[2] == '-'))
		p += 2;
	if (*p != '+' && *p != '-') {
		a->label = take_word(&p, is_label);
		if (!a->label.len)
			return false;
		a->p = p;
		return true;
	}
	a->why = take_number(&p, &n);
	if (!a->why && !within(n, in_imm ? 1ull << 31 : 1u << 15, in_imm ? INT32_MAX : INT16_MAX))
		a->why = in_imm ? "distance does not fit in 32 bits"
				: "distance does not fit in 16 bits";
	if (a->why)
		return false;
	if (in_imm)
		a->insn[0].imm = (s32)(u32)value_of(n);
	else
		a->insn[0].off = (s16)(u16)value_of(n);
	a->p = p;
	return true;
}

/* A copy with a terminator for callbacks; false when it is too long to be any name. */
static bool copy_name(struct word w, char *name, size_t size)
{
	if (w.len >= size)
		return false;
	memcpy(name, w.at, w.len);
	name[w.len] = 0;
	return true;
}

static int helper_number(const struct asm_options *opts, struct word w)
{
	char name[128];

	if (!opts->helper_id || !copy_name(w, name, sizeof(name)))
		return -1;
	return opts->helper_id(opts->ctx, strncmp(name, "bpf_", 4) ? name : name + 4);
}

/* 1, map_lookup_elem, bpf_map_lookup_elem#1, unknown#999. */
static bool take_helper(struct attempt *a)
{
	const char *p = a->p;
	struct word name;
	int id;

	if (isdigit((unsigned char)*p))
		return take_imm32(a, false);
	name = take_word(&p, is_word);
	if (!name.len)
		return false;
	id = helper_number(a->opts, name);
	if (*p == '#') {
		/* Of a name that is no helper's it is a kfunc's number. */
		if (id < 0 && a->opts->helper_id && !word_is(name, "unknown"))
			return false;
		a->p = p + 1;
		return take_imm32(a, false);
	}
	if (id < 0)
		return false;
	a->insn[0].imm = id;
	a->p = p;
	return true;
}

/* kernel-function#7, kernel-function#7@2, name#7, name. */
static bool take_kfunc(struct attempt *a)
{
	static const char generic[] = "kernel-function";
	const char *p = a->p;
	char name[128];
	struct word w;

	if (!strncmp(p, generic, sizeof(generic) - 1))
		p += sizeof(generic) - 1;
	w = take_word(&p, is_word);
	if (*p == '#') {
		a->p = p + 1;
		if (!take_imm32(a, false))
			return false;
		if (*a->p == '@') {
			s32 imm = a->insn[0].imm;

			a->p++;
			if (!take_imm(a, 1u << 15, INT16_MAX, "index does not fit in 16 bits"))
				return false;
			a->insn[0].off = (s16)a->insn[0].imm;
			a->insn[0].imm = imm;
		}
		return true;
	}
	a->p = p;
	return w.len && a->opts->kfunc && copy_name(w, name, sizeof(name)) &&
	       a->opts->kfunc(a->opts->ctx, name, &a->insn[0].imm, &a->insn[0].off);
}

static bool take_map(struct attempt *a)
{
	const char *p = a->p;
	char name[128];
	struct word w;

	if (isdigit((unsigned char)*p) || *p == '-')
		return take_imm32(a, false);
	w = take_word(&p, is_label);
	if (!w.len || !a->opts->map || !copy_name(w, name, sizeof(name)) ||
	    !a->opts->map(a->opts->ctx, name, &a->insn[0].imm)) {
		a->why = w.len ? "unknown map" : NULL;
		return false;
	}
	a->p = p;
	return true;
}

/* "+16" or nothing, into the second slot. */
static bool take_value_offset(struct attempt *a)
{
	s32 imm = a->insn[0].imm;

	if (*a->p != '+')
		return true;
	if (!take_imm(a, 0, UINT32_MAX, "offset does not fit in 32 bits"))
		return false;
	a->insn[1].imm = a->insn[0].imm;
	a->insn[0].imm = imm;
	return true;
}

static bool take_literal(struct attempt *a, const char *s)
{
	size_t len = strlen(s);

	if (strncmp(a->p, s, len))
		return false;
	a->p += len;
	return true;
}

/* id:5 or id:5,fd:7 */
static bool take_btf(struct attempt *a)
{
	s32 id;

	if (!take_literal(a, "id:") || !take_imm32(a, false))
		return false;
	id = a->insn[0].imm;
	if (*a->p == ',') {
		a->p = skip_blanks(a->p + 1);
		if (!take_literal(a, "fd:") || !take_imm32(a, false))
			return false;
		a->insn[1].imm = a->insn[0].imm;
	}
	a->insn[0].imm = id;
	return true;
}

static bool take_wide(struct attempt *a)
{
	struct number n;
	const char *p = a->p;
	u64 v;

	a->why = take_number(&p, &n);
	if (!a->why && !within(n, 1ull << 63, UINT64_MAX))
		a->why = "number does not fit in 64 bits";
	if (a->why)
		return false;
	v = value_of(n);
	a->insn[0].imm = (s32)(u32)v;
	a->insn[1].imm = (s32)(u32)(v >> 32);
	a->p = skip_blanks(p);
	if (a->p[0] == 'l' && a->p[1] == 'l' && !is_word(a->p[2]))
		a->p += 2;
	return true;
}

/* Halves of imm: the upper comes first. */
static bool take_half(struct attempt *a, bool upper)
{
	u32 before = (u32)a->insn[0].imm;

	if (!take_imm(a, 0, UINT16_MAX, "address space does not fit in 16 bits"))
		return false;
	if (upper)
		a->insn[0].imm = (s32)((u32)a->insn[0].imm << 16);
	else
		a->insn[0].imm = (s32)(before | (u32)a->insn[0].imm);
	return true;
}

static bool take_field(struct attempt *a, char field)
{
	switch (field) {
	case 'd':
		return take_reg(a, "r", true);
	case 'e':
		return take_reg(a, "w", true);
	case 'D':
		return take_reg(a, "rw", true);
	case 's':
		return take_reg(a, "r", false);
	case 't':
		return take_reg(a, "w", false);
	case 'S':
		return take_reg(a, "rw", false);
	case 'i':
		return take_imm32(a, takes_unsigned(a->row));
	case 'x':
		return take_imm32(a, true);
	case 'o':
		return take_offset(a);
	case 'j':
		return take_target(a, false);
	case 'l':
	case 'c':
	case 'f':
		return take_target(a, true);
	case 'h':
		return take_helper(a);
	case 'k':
		return take_kfunc(a);
	case 'w':
		return take_wide(a);
	case 'm':
		return take_map(a);
	case 'n':
		return take_value_offset(a);
	case 'b':
		return take_btf(a);
	case 'A':
		return take_half(a, true);
	case 'B':
		return take_half(a, false);
	default:
		return *a->p == field && a->p++;
	}
}

/* ---- one instruction ---- */

/* Blanks may stand around brackets and commas, besides where the text has them. */
static bool blanks_allowed(char before, char here)
{
	return strchr("()[]*,", here) || (before && strchr("()[]*,", before));
}

static bool match_text(struct attempt *a, const char *text)
{
	const char *start = a->p;
	char before = 0;

	for (; *text; before = *text++) {
		if (*text == ' ') {
			const char *p = skip_blanks(a->p);

			if (p == a->p && p > start && is_word(p[-1]) && is_word(*p))
				return false;
			a->p = p;
			continue;
		}
		if (blanks_allowed(before, *text))
			a->p = skip_blanks(a->p);
		if (*text == '%') {
			if (!take_field(a, *++text))
				return false;
		} else if (*a->p++ != *text) {
			a->p--;
			return false;
		}
	}
	/* llvm adds the symbol of a target: goto +3 <f+0x18> */
	a->p = skip_blanks(a->p);
	if (*a->p == '<' && a->row->kind <= ISA_KIND_CALL && a->row->kind >= ISA_KIND_IF)
		a->p += strcspn(a->p, "\n");
	return at_end(a->p);
}

static bool try_row(struct attempt *a, const struct isa_row *row, const char *text, const char *p,
		    const struct asm_options *opts)
{
	*a = (struct attempt){.opts = opts, .row = row, .p = p};
	a->insn[0].code = row->code;
	switch (row->selector) {
	case ISA_BY_OFF:
		a->insn[0].off = (s16)row->value;
		break;
	case ISA_BY_IMM:
		a->insn[0].imm = row->value;
		break;
	case ISA_BY_SRC:
		a->insn[0].src_reg = (u32)row->value & 15u;
		break;
	default:
		break;
	}
	return match_text(a, text);
}

static int fail_at(struct assembler *as, u32 line, u32 column, const char *why, struct word w)
{
	return err_set(as->err, -EINVAL, "line %u, column %u: %s%s%.*s%s", line, column, why,
		       w.len ? " \"" : "", (int)w.len, w.len ? w.at : "", w.len ? "\"" : "");
}

static u32 column_of(const struct assembler *as, const char *p)
{
	return (u32)(p - as->line_start) + 1;
}

/* What stands at @p, for an error: a word, a number, or one character. */
static struct word word_at(const char *p)
{
	struct word w = {.at = p};

	if (*p == '-' || *p == '+') {
		const char *digits = skip_blanks(p + 1);

		if (isdigit((unsigned char)*digits) && digits - p < 8)
			w.len = (size_t)(digits - p);
	}
	while (is_label(p[w.len]) && w.len < 64)
		w.len++;
	if (!w.len && !at_end(p))
		w.len = 1;
	return w;
}

/* r11, w99 or r1x; not r0 to r10, which are known but may be out of place. */
static bool looks_like_register(struct word w)
{
	if (w.len < 2 || (*w.at != 'r' && *w.at != 'w') || !isdigit((unsigned char)w.at[1]))
		return false;
	return w.len > 2 && !(w.len == 3 && w.at[1] == '1' && w.at[2] == '0');
}

/* Describes the attempt that came furthest. */
static int fail_attempt(struct assembler *as, const struct attempt *best, const char *start)
{
	const char *p = best->p;
	struct word w;

	/* The whole word that a part did not fit in. */
	while (p > start && is_word(*p) && is_word(p[-1]))
		p--;
	w = word_at(p);
	if (best->why && p == best->p)
		return fail_at(as, as->line, column_of(as, p), best->why, w);
	if (looks_like_register(w))
		return fail_at(as, as->line, column_of(as, p), "unknown register", w);
	if (p == start)
		return fail_at(as, as->line, column_of(as, p), "unknown instruction", w);
	if (!w.len)
		return fail_at(as, as->line, column_of(as, p), "unexpected end of line", w);
	return fail_at(as, as->line, column_of(as, p), "unexpected", w);
}

/* Further, or as far with more to say. */
static bool better(const struct attempt *a, const struct attempt *best)
{
	if (a->p != best->p)
		return a->p > best->p;
	return a->why && a->why != no_number && (!best->why || best->why == no_number);
}

static int emit(struct assembler *as, const struct attempt *a)
{
	u32 at = (u32)as->insns.len;

	if (at >= BPF_COMPLEXITY_LIMIT_INSNS)
		return err_set(as->err, -EINVAL, "line %u: more than %d instructions", as->line,
			       BPF_COMPLEXITY_LIMIT_INSNS);
	if (!vec_push(&as->insns, as->mem, a->insn[0]) ||
	    (isa_is_wide(a->insn) && !vec_push(&as->insns, as->mem, a->insn[1])))
		return -ENOMEM;
	if (a->label.len &&
	    !vec_push(&as->fixups, as->mem,
		      (struct fixup){a->label, at, as->line, column_of(as, a->label.at)}))
		return -ENOMEM;
	return 0;
}

/* Most rows are out of the question by their first character. */
static bool may_begin(const char *text, char c)
{
	if (*text != '%')
		return *text == c;
	switch (text[1]) {
	case 'd':
	case 's':
		return c == 'r';
	case 'e':
	case 't':
		return c == 'w';
	default:
		return c == 'r' || c == 'w';
	}
}

static int parse_insn(struct assembler *as, const char *p)
{
	struct attempt a, best = {.p = p};

	for (u32 form = ISA_NONE + 1; form < ISA_FORMS; form++) {
		const struct isa_row *row = &isa_rows[form];

		for (u32 t = 0; t < ARRAY_SIZE(row->text) && row->text[t]; t++) {
			if (!may_begin(row->text[t], *p))
				continue;
			if (try_row(&a, row, row->text[t], p, as->opts))
				return emit(as, &a);
			if (better(&a, &best))
				best = a;
		}
	}
	return fail_attempt(as, &best, p);
}

/* ---- directives ---- */

/* .insn opcode, dst, src, off, imm */
static int parse_raw(struct assembler *as, const char *p)
{
	static const struct {
		u64 below, above;
	} range[] = {{0, 255}, {0, 15}, {0, 15}, {1u << 15, INT16_MAX}, {1ull << 31, UINT32_MAX}};
	struct bpf_insn insn = {0};
	u64 v[ARRAY_SIZE(range)];

	for (u32 i = 0; i < ARRAY_SIZE(range); i++) {
		struct number n;
		const char *start = p = skip_blanks(p), *why;

		why = take_number(&p, &n);
		if (!why && !within(n, range[i].below, range[i].above))
			why = "number does not fit in the field";
		if (why)
			return fail_at(as, as->line, column_of(as, start), why, word_at(start));
		v[i] = value_of(n);
		p = skip_blanks(p);
		if (i + 1 < ARRAY_SIZE(range) && *p++ != ',')
			return fail_at(as, as->line, column_of(as, p - 1), "expected a comma",
				       (struct word){0});
	}
	if (!at_end(p))
		return fail_at(as, as->line, column_of(as, p), "unexpected", word_at(p));
	insn.code = (u8)v[0];
	insn.dst_reg = v[1] & 15u;
	insn.src_reg = v[2] & 15u;
	insn.off = (s16)(u16)v[3];
	insn.imm = (s32)(u32)v[4];
	return vec_push(&as->insns, as->mem, insn) ? 0 : -ENOMEM;
}

/* ---- lines ---- */

/* Advances *@p past "label:", or the "0000000000000018 <label>:" of a listing. */
static struct word take_label(const char **p)
{
	const char *q = *p;
	struct word name = take_word(&q, is_label);

	if (name.len == 16 && q[0] == ' ' && q[1] == '<') {
		q += 2;
		name = take_word(&q, is_label);
		if (*q++ != '>')
			return (struct word){0};
	}
	if (!name.len || *q != ':')
		return (struct word){0};
	*p = q + 1;
	return name;
}

/* Any number of labels. */
static int parse_labels(struct assembler *as, const char **p)
{
	for (;;) {
		struct word name;

		*p = skip_blanks(*p);
		name = take_label(p);
		if (!name.len)
			return 0;
		if (!vec_push(&as->labels, as->mem,
			      (struct label){name, (u32)as->insns.len, (u32)as->labels.len,
					     as->line, column_of(as, name.at)}))
			return -ENOMEM;
	}
}

static bool is_hex_byte(const char *p)
{
	return isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1]) && is_blank(p[2]);
}

/* "(b7) " of a log, "b7 01 00 00 05 00 00 00 " of a listing. */
static const char *skip_opcode(const char *p)
{
	const char *q = p;
	u32 n = 0;

	if (*p == '(' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]) &&
	    p[3] == ')')
		return skip_blanks(p + 4);
	while (is_hex_byte(q)) {
		q += 3;
		n++;
	}
	return n == 8 || n == 16 ? skip_blanks(q) : p;
}

static int parse_line(struct assembler *as, const char *p)
{
	int ret = parse_labels(as, &p);

	if (ret)
		return ret;
	p = skip_opcode(p);
	if (at_end(p))
		return 0;
	if (!strncmp(p, ".insn", 5) && is_blank(p[5]))
		return parse_raw(as, p + 5);
	return parse_insn(as, p);
}

/* ---- labels ---- */

static int compare_words(struct word a, struct word b)
{
	int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_labels(const void *x, const void *y)
{
	const struct label *a = x, *b = y;
	int order = compare_words(a->name, b->name);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static bool is_numbered(struct word w)
{
	for (size_t i = 0; i < w.len; i++)
		if (!isdigit((unsigned char)w.at[i]))
			return false;
	return w.len > 0;
}

static int check_duplicates(struct assembler *as)
{
	for (size_t i = 1; i < as->labels.len; i++) {
		const struct label *a = &as->labels.at[i - 1], *b = &as->labels.at[i];

		if (!compare_words(a->name, b->name) && !is_numbered(a->name))
			return fail_at(as, b->line, b->column, "label is defined twice:", b->name);
	}
	return 0;
}

/* The first label that sorts behind (@name, instruction @insn). */
static size_t upper_bound(const struct assembler *as, struct word name, u32 insn)
{
	size_t low = 0, high = as->labels.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct label *l = &as->labels.at[mid];
		int order = compare_words(l->name, name);

		if (order < 0 || (order == 0 && l->insn <= insn))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct label *find_label(const struct assembler *as, const struct fixup *f)
{
	struct word name = f->name;
	char direction = name.at[name.len - 1];
	u32 insn = UINT32_MAX;
	size_t i;

	if (isdigit((unsigned char)*name.at)) {
		/* 1b and 1f; a numbered label cannot be named without a direction. */
		name.len--;
		if (!is_numbered(name) || (direction != 'b' && direction != 'f'))
			return NULL;
		insn = f->insn;
	}
	i = upper_bound(as, name, insn);
	if (insn != UINT32_MAX && direction == 'f') {
		if (i == as->labels.len || compare_words(as->labels.at[i].name, name))
			return NULL;
		return &as->labels.at[i];
	}
	if (i == 0 || compare_words(as->labels.at[i - 1].name, name))
		return NULL;
	return &as->labels.at[i - 1];
}

static int resolve(struct assembler *as, const struct fixup *f)
{
	struct bpf_insn *insn = &as->insns.at[f->insn];
	const struct label *label = find_label(as, f);
	s64 distance;

	if (!label)
		return fail_at(as, f->line, f->column,
			       isa_is_call(insn) ? "no such helper, kfunc or label:"
						 : "no such label:",
			       f->name);
	distance = (s64)label->insn - f->insn - 1;
	if (isa_is_jump(insn) && insn->code != (BPF_JMP32 | BPF_JA)) {
		if (distance < INT16_MIN || distance > INT16_MAX)
			return fail_at(as, f->line, f->column, "label is too far away:", f->name);
		insn->off = (s16)distance;
	} else {
		insn->imm = (s32)distance;
	}
	return 0;
}

static int resolve_labels(struct assembler *as)
{
	int ret;

	if (as->labels.len > 1)
		qsort(as->labels.at, as->labels.len, sizeof(*as->labels.at), compare_labels);
	ret = check_duplicates(as);
	vec_each (&as->fixups, f) {
		if (ret)
			break;
		ret = resolve(as, f);
	}
	return ret;
}

static int parse_text(struct assembler *as, const char *text)
{
	while (*text) {
		int ret;

		as->line++;
		as->line_start = text;
		ret = parse_line(as, text);
		if (ret)
			return ret;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}

int isa_assemble(const struct mem *mem, const char *text, const struct asm_options *opts,
		 struct bpf_insn **insns, u32 *cnt, struct err *err)
{
	static const struct asm_options defaults = {0};
	struct assembler as = {
		.mem = mem ? mem : &mem_libc, .opts = opts ? opts : &defaults, .err = err};
	int ret = parse_text(&as, text);

	*insns = NULL;
	*cnt = 0;
	if (!ret)
		ret = resolve_labels(&as);
	if (ret == -ENOMEM)
		err_set(err, ret, "out of memory");
	vec_free(&as.labels, as.mem);
	vec_free(&as.fixups, as.mem);
	if (ret) {
		vec_free(&as.insns, as.mem);
		return ret;
	}
	*insns = as.insns.at;
	*cnt = (u32)as.insns.len;
	return 0;
}
