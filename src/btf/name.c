/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types as C spells them. C declares a name from the inside out: what a
 * pointer, array or function adds stands partly before and partly after the
 * name, so that a type has a left part and a right part.
 */
#include "btf/impl.h"

#define NAME_MAX_DEPTH 32
#define NAME_MAX_STEPS 512 /* prototypes that take prototypes grow without bound */

struct namer {
	const struct btf *btf;
	struct buf *out;
	u32 steps;
};

static void left_part(struct namer *n, u32 id, u32 depth);
static void right_part(struct namer *n, u32 id, u32 depth);

static bool is_too_deep(struct namer *n, u32 depth)
{
	return depth == NAME_MAX_DEPTH || n->steps >= NAME_MAX_STEPS;
}

/* A pointer to these needs parentheses: (*)[4], (*)(int). */
static bool binds_tighter(const struct namer *n, u32 id)
{
	enum btf_kind kind = btf_kind(btf_skip_quals(n->btf, id, NULL));

	return kind == BTF_KIND_ARRAY || kind == BTF_KIND_FUNC_PROTO;
}

static const char *qualifier(enum btf_kind kind)
{
	switch (kind) {
	case BTF_KIND_CONST:
		return "const";
	case BTF_KIND_VOLATILE:
		return "volatile";
	case BTF_KIND_RESTRICT:
		return "restrict";
	default:
		return NULL;
	}
}

/* A qualifier stands before a name and after a star: const int, int *const. */
static void left_of_qualifier(struct namer *n, const struct btf_type *t, u32 depth)
{
	const char *word = qualifier(btf_kind(t));

	if (btf_kind(btf_skip_quals(n->btf, t->type, NULL)) != BTF_KIND_PTR) {
		buf_printf(n->out, "%s ", word);
		left_part(n, t->type, depth + 1);
		return;
	}
	left_part(n, t->type, depth + 1);
	if (n->out->len && n->out->data[n->out->len - 1] != '*')
		buf_putc(n->out, ' ');
	buf_puts(n->out, word);
}

static void left_of_pointer(struct namer *n, const struct btf_type *t, u32 depth)
{
	left_part(n, t->type, depth + 1);
	if (!n->out->len || n->out->data[n->out->len - 1] != '*')
		buf_putc(n->out, ' ');
	buf_puts(n->out, binds_tighter(n, t->type) ? "(*" : "*");
}

static void tagged(struct namer *n, const char *word, const struct btf_type *t)
{
	const char *name = btf_name(n->btf, t);

	buf_printf(n->out, "%s %s", word, *name ? name : "{...}");
}

static void left_part(struct namer *n, u32 id, u32 depth)
{
	const struct btf_type *t = btf_type_by_id(n->btf, id);

	if (is_too_deep(n, depth)) {
		buf_puts(n->out, "...");
		return;
	}
	n->steps++;
	switch (btf_kind(t)) {
	case BTF_KIND_UNKN:
		buf_puts(n->out, "void");
		break;
	case BTF_KIND_PTR:
		left_of_pointer(n, t, depth);
		break;
	case BTF_KIND_ARRAY:
		left_part(n, ((const struct btf_array *)btf_tail(t))->type, depth + 1);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
		left_of_qualifier(n, t, depth);
		break;
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_FUNC_PROTO:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
		left_part(n, t->type, depth + 1);
		break;
	case BTF_KIND_STRUCT:
		tagged(n, "struct", t);
		break;
	case BTF_KIND_UNION:
		tagged(n, "union", t);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		tagged(n, "enum", t);
		break;
	case BTF_KIND_FWD:
		tagged(n, btf_kflag(t) ? "union" : "struct", t);
		break;
	default:
		buf_puts(n->out, *btf_name(n->btf, t) ? btf_name(n->btf, t) : "{...}");
	}
}

static void params(struct namer *n, const struct btf_type *t, u32 depth)
{
	const struct btf_param *p = btf_tail(t);
	u32 cnt = btf_vlen(t);

	buf_putc(n->out, '(');
	if (!cnt)
		buf_puts(n->out, "void");
	for (u32 i = 0; i < cnt; i++) {
		buf_puts(n->out, i ? ", " : "");
		if (is_too_deep(n, depth) || (!p[i].type && i == cnt - 1)) {
			buf_puts(n->out, "...");
			break;
		}
		left_part(n, p[i].type, depth + 1);
		right_part(n, p[i].type, depth + 1);
	}
	buf_putc(n->out, ')');
}

static void right_part(struct namer *n, u32 id, u32 depth)
{
	const struct btf_type *t = btf_type_by_id(n->btf, id);

	if (is_too_deep(n, depth))
		return;
	n->steps++;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		if (binds_tighter(n, t->type))
			buf_putc(n->out, ')');
		break;
	case BTF_KIND_ARRAY: {
		const struct btf_array *a = btf_tail(t);

		buf_printf(n->out, "[%u]", a->nelems);
		right_part(n, a->type, depth + 1);
		return;
	}
	case BTF_KIND_FUNC_PROTO:
		params(n, t, depth);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
		break;
	default:
		return;
	}
	right_part(n, t->type, depth + 1);
}

void btf_type_name(const struct btf *btf, u32 id, struct buf *out)
{
	struct namer n = {.btf = btf, .out = out};

	if (id >= btf_type_cnt(btf)) {
		buf_printf(out, "{type %u}", id);
		return;
	}
	left_part(&n, id, 0);
	right_part(&n, id, 0);
}
