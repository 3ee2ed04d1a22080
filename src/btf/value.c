/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values by type: a walk over structs, arrays and sections that hands what
 * they are made of to value_scalar.c. Offsets are from the start of the data;
 * nothing is read that value_has() has not said to be there.
 *
 * Text is what C would take for an initializer: {.a = 1, .b = "x"}. What has
 * no place in C stands in a comment: missing bytes, zeros at an array's end.
 * Members of anonymous structs and unions appear in the struct around them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "btf/value.h"

/* A { } or [ ] that is being printed. */
struct list {
	bool on_line, any;
	char close;
};

static void newline(struct printer *p)
{
	buf_putc(p->out, '\n');
	for (u32 i = 0; i < p->level; i++)
		buf_putc(p->out, '\t');
}

static struct list list_open(struct printer *p, bool array, bool on_line)
{
	bool square = array && p->opts.json;

	buf_putc(p->out, square ? '[' : '{');
	p->level++;
	return (struct list){.on_line = on_line || p->opts.compact, .close = square ? ']' : '}'};
}

static void list_item(struct printer *p, struct list *list)
{
	if (list->any)
		buf_putc(p->out, ',');
	if (!list->on_line)
		newline(p);
	else if (list->any)
		buf_putc(p->out, ' ');
	list->any = true;
}

static void list_close(struct printer *p, const struct list *list)
{
	p->level--;
	if (list->any && !list->on_line)
		newline(p);
	buf_putc(p->out, list->close);
}

static void comment(struct printer *p, struct list *list, u64 n, const char *what)
{
	list_item(p, list);
	buf_printf(p->out, "/* %" PRIu64 " %s */", n, what);
}

/* False where the walk has to end: the types are nested or repeated beyond reason. */
static bool enter(struct printer *p)
{
	if (!p->left || p->depth == VALUE_MAX_DEPTH) {
		buf_puts(p->out, p->opts.json ? "null" : "/* ... */");
		return false;
	}
	p->left--;
	p->depth++;
	return true;
}

static void print(struct printer *p, u32 id, u64 off, bool tail);

static const struct btf_type *value_type(const struct btf *btf, u32 id, u32 *out_id)
{
	const struct btf_type *t = btf_skip_mods(btf, id, out_id);

	return btf_kind(t) == BTF_KIND_VAR ? btf_skip_mods(btf, t->type, out_id) : t;
}

/* ---- arrays ---- */

static bool is_zero(struct printer *p, u64 off, u64 len)
{
	p->left -= u64_min(p->left, 1 + len / 64);
	if (!value_has(p, off, len))
		return false;
	for (u64 i = 0; i < len; i++)
		if (p->data[off + i])
			return false;
	return true;
}

/* Elements in the data: all, or as many as there are bytes for in a flexible array. */
static u64 array_len(const struct printer *p, const struct btf_array *a, u64 off, bool tail)
{
	s64 size = btf_size(p->btf, a->type);

	if (a->nelems || !tail || size <= 0 || off > p->size)
		return a->nelems;
	return (p->size - off) / (u64)size;
}

static u64 zeros_at_end(struct printer *p, u64 off, u64 n, u64 size)
{
	u64 zeros = 0;

	if (p->opts.json || p->opts.zero_fields)
		return 0;
	while (zeros < n && is_zero(p, off + (n - zeros - 1) * size, size))
		zeros++;
	return zeros < 4 ? 0 : zeros; /* a few are shorter than the words for them */
}

static bool is_aggregate(enum btf_kind kind)
{
	return btf_is_struct(kind) || kind == BTF_KIND_ARRAY;
}

static void print_elements(struct printer *p, const struct btf_array *a, u64 off, u64 n)
{
	enum btf_kind kind = btf_kind(value_type(p->btf, a->type, NULL));
	struct list list = list_open(p, true, !is_aggregate(kind));
	u64 size = (u64)btf_size(p->btf, a->type);
	u64 there = !size ? 0 : off > p->size ? 0 : u64_min(n, (p->size - off + size - 1) / size);
	u64 zeros = there == n && size ? zeros_at_end(p, off, n, size) : 0;

	for (u64 i = 0; i < there - zeros; i++) {
		bool last = !p->left;

		list_item(p, &list);
		print(p, a->type, off + i * size, false);
		if (last)
			break;
	}
	if (zeros)
		comment(p, &list, zeros, "zero");
	if (there < n && size && p->opts.json) {
		list_item(p, &list);
		buf_puts(p->out, "null");
	} else if (there < n && !p->opts.json) {
		comment(p, &list, n - there, size ? "missing" : "empty");
	}
	list_close(p, &list);
}

static void print_array(struct printer *p, const struct btf_array *a, u64 off, bool tail)
{
	const struct btf_type *elem = value_type(p->btf, a->type, NULL);
	u64 n = array_len(p, a, off, tail);

	if (value_has(p, off, n) && value_is_char(p->btf, elem))
		value_chars(p, off, n);
	else if (value_has(p, off, n) && value_is_byte(p->btf, elem))
		value_bytes(p, off, n);
	else
		print_elements(p, a, off, n);
}

/* ---- structs ---- */

static void print_name(struct printer *p, struct list *list, const char *name)
{
	list_item(p, list);
	if (p->opts.json) {
		value_json_string(p->out, name, strlen(name));
		buf_puts(p->out, ": ");
	} else {
		buf_printf(p->out, ".%s = ", name);
	}
}

static void print_members(struct printer *p, const struct btf_type *t, u64 off, bool tail,
			  struct list *list);

/* Whether text leaves the member out. */
static bool is_left_out(struct printer *p, const struct btf_type *type, u32 id, u64 bit_off,
			u32 bits, bool tail)
{
	u64 size;

	if (p->opts.json || p->opts.zero_fields)
		return false;
	if (bits)
		return value_bits_are_zero(p, bit_off, bits);
	size = (u64)btf_size(p->btf, id);
	if (btf_kind(type) == BTF_KIND_ARRAY && !size) {
		const struct btf_array *a = btf_tail(type);

		size = array_len(p, a, bit_off / 8, tail) * (u64)btf_size(p->btf, a->type);
	}
	return is_zero(p, bit_off / 8, size);
}

static void print_member(struct printer *p, const struct btf_type *t, u32 i, u64 off, bool tail,
			 struct list *list)
{
	const struct btf_member *m = btf_members(t) + i;
	u64 bit_off = 8 * off + btf_member_bit_offset(t, i);
	u32 bits = btf_member_bitfield_size(t, i), id;
	const struct btf_type *type = value_type(p->btf, m->type, &id);
	const char *name = btf_str(p->btf, m->name_off);

	if (!*name) {
		if (btf_is_struct(btf_kind(type)) && p->left && p->depth < VALUE_MAX_DEPTH) {
			p->left--;
			p->depth++;
			print_members(p, type, bit_off / 8, tail, list);
			p->depth--;
		}
		return;
	}
	/* An INT of old may tell bits of its own and begin within a byte. */
	if (!bits && btf_kind(type) == BTF_KIND_INT && !check_int_is_regular(type)) {
		bits = btf_int_bits(type);
		bit_off += btf_int_offset(type);
	}
	if (is_left_out(p, type, id, bit_off, bits, tail))
		return;
	print_name(p, list, name);
	if (bits)
		value_bitfield(p, type, bit_off, bits);
	else
		print(p, id, bit_off / 8, tail);
}

static void print_members(struct printer *p, const struct btf_type *t, u64 off, bool tail,
			  struct list *list)
{
	u32 n = btf_vlen(t);

	for (u32 i = 0; i < n && p->left; i++)
		print_member(p, t, i, off, tail && (i == n - 1 || btf_kind(t) == BTF_KIND_UNION),
			     list);
}

static void print_struct(struct printer *p, const struct btf_type *t, u64 off, bool tail)
{
	struct list list;

	if (t->size && off >= p->size) {
		value_missing(p);
		return;
	}
	list = list_open(p, false, false);
	print_members(p, t, off, tail, &list);
	list_close(p, &list);
}

static void print_datasec(struct printer *p, const struct btf_type *t, u64 off)
{
	const struct btf_var_secinfo *v = btf_tail(t);
	struct list list = list_open(p, false, false);

	for (u32 i = 0; i < btf_vlen(t) && p->left; i++) {
		const struct btf_type *var = btf_type_by_id(p->btf, v[i].type);

		if (!p->opts.json && !p->opts.zero_fields &&
		    is_zero(p, off + v[i].offset, v[i].size))
			continue;
		print_name(p, &list, btf_name(p->btf, var));
		print(p, v[i].type, off + v[i].offset, false);
	}
	list_close(p, &list);
}

/* ---- any type ---- */

/* @tail: nothing of the value follows, so that a flexible array takes what is left. */
static void print(struct printer *p, u32 id, u64 off, bool tail)
{
	const struct btf_type *t = value_type(p->btf, id, NULL);

	if (!enter(p))
		return;
	switch (btf_kind(t)) {
	case BTF_KIND_ARRAY:
		print_array(p, btf_tail(t), off, tail);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		print_struct(p, t, off, tail);
		break;
	case BTF_KIND_DATASEC:
		print_datasec(p, t, off);
		break;
	default:
		value_scalar(p, t, off);
	}
	p->depth--;
}

int btf_print_value(const struct btf *btf, u32 id, const void *data, size_t size,
		    const struct btf_value_options *opts, struct buf *out)
{
	struct printer p = {
		.btf = btf,
		.data = data ? data : (const void *)"",
		.size = size,
		.out = out,
		.left = (1u << 20) + 8 * (u64)size,
	};

	if (btf_size(btf, id) < 0)
		return -EINVAL;
	if (opts)
		p.opts = *opts;
	p.level = p.opts.indent;
	print(&p, id, 0, true);
	return buf_error(out);
}
