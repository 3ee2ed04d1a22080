/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the checker says. Linux logs every type as it is first seen and again
 * where an error is found in it; the words are those of its btf_log_buf. The
 * same message, with the place put before it, becomes the caller's error.
 */
#include <errno.h>
#include <stdio.h>

#include "btf/impl.h"
#include "btf/kinds.h"

bool check_logs(const struct checker *c)
{
	return c->log && c->log->level;
}

void check_log(struct checker *c, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_printf(c->log, "%s", text);
}

const char *check_name(const struct checker *c, u32 name_off)
{
	const char *name;

	if (!name_off)
		return "(anon)";
	name = btf_str_or_null(c->btf, name_off);
	return name ? name : "(invalid-name-offset)";
}

static const char *int_encoding_name(u32 encoding)
{
	switch (encoding) {
	case 0:
		return "(none)";
	case BTF_INT_SIGNED:
		return "SIGNED";
	case BTF_INT_CHAR:
		return "CHAR";
	case BTF_INT_BOOL:
		return "BOOL";
	}
	return "UNKN";
}

static void log_params(struct checker *c, const struct btf_type *t)
{
	const struct btf_param *p = btf_tail(t);
	u32 n = btf_vlen(t);

	check_log(c, "return=%u args=(%s", t->type, n ? "" : "void");
	for (u32 i = 0; i < n; i++) {
		check_log(c, "%s", i ? ", " : "");
		/* Only the last may be the dots; Linux prints others as they are. */
		if (!p[i].type && i == n - 1)
			check_log(c, "vararg");
		else
			check_log(c, "%u %s", p[i].type, check_name(c, p[i].name_off));
	}
	check_log(c, ")");
}

static void log_array(struct checker *c, const struct btf_type *t)
{
	const struct btf_array *a = btf_tail(t);

	check_log(c, "type_id=%u index_type_id=%u nr_elems=%u", a->type, a->index_type, a->nelems);
}

static void log_details(struct checker *c, const struct btf_type *t)
{
	switch (btf_kinds[btf_kind(t)].details) {
	case DETAILS_INT:
		check_log(c, "size=%u bits_offset=%u nr_bits=%u encoding=%s", t->size,
			  btf_int_offset(t), btf_int_bits(t),
			  int_encoding_name(btf_int_encoding(t)));
		break;
	case DETAILS_TYPE_ID:
		check_log(c, "type_id=%u", t->type);
		break;
	case DETAILS_ARRAY:
		log_array(c, t);
		break;
	case DETAILS_SIZE_VLEN:
		check_log(c, "size=%u vlen=%u", t->size, btf_vlen(t));
		break;
	case DETAILS_SIZE:
		check_log(c, "size=%u", t->size);
		break;
	case DETAILS_FWD:
		check_log(c, "%s", btf_kflag(t) ? "union" : "struct");
		break;
	case DETAILS_PROTO:
		log_params(c, t);
		break;
	case DETAILS_VAR:
		check_log(c, "type_id=%u linkage=%u", t->type, *(const u32 *)btf_tail(t));
		break;
	case DETAILS_DECL_TAG:
		check_log(c, "type=%u component_idx=%d", t->type, *(const s32 *)btf_tail(t));
		break;
	}
}

static void log_head(struct checker *c, const struct btf_type *t, bool details)
{
	check_log(c, "[%u] %s %s%s", c->id, btf_kinds[btf_kind(t)].name, check_name(c, t->name_off),
		  details ? " " : "");
	if (details)
		log_details(c, t);
}

void check_log_type(struct checker *c, const struct btf_type *t)
{
	if (!check_logs(c))
		return;
	log_head(c, t, true);
	check_log(c, "\n");
}

static void log_member(struct checker *c, const struct btf_type *t, const struct btf_member *m)
{
	/* The first phase has printed the struct just above. */
	if (c->in_types)
		check_log_type(c, t);
	check_log(c, "\t%s type_id=%u", check_name(c, m->name_off), m->type);
	if (btf_kflag(t))
		check_log(c, " bitfield_size=%u bits_offset=%u", m->offset >> 24,
			  m->offset & 0xffffff);
	else
		check_log(c, " bits_offset=%u", m->offset);
}

void check_log_member(struct checker *c, const struct btf_type *t, const struct btf_member *m)
{
	if (!check_logs(c))
		return;
	log_member(c, t, m);
	check_log(c, "\n");
}

void check_log_var(struct checker *c, const struct btf_var_secinfo *v)
{
	if (check_logs(c))
		check_log(c, "\t type_id=%u offset=%u size=%u\n", v->type, v->offset, v->size);
}

int check_fail(struct checker *c, int code, const char *fmt, ...)
{
	va_list args;
	char text[256];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (check_logs(c))
		check_log(c, "%s", text);
	return err_set(c->err, code, "%s", text);
}

/* The error of type @t, in its part @part ("" when the type itself). */
static int set_err(struct checker *c, const struct btf_type *t, int code, const char *part,
		   const char *text)
{
	return err_set(c->err, code, "[%u] %s %s%s%s: %s", c->id, btf_kinds[btf_kind(t)].name,
		       check_name(c, t->name_off), *part ? "." : "", part, text);
}

static int fail_type(struct checker *c, const struct btf_type *t, int code, bool details,
		     const char *fmt, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, args);
	if (check_logs(c)) {
		log_head(c, t, details);
		check_log(c, " %s\n", text);
	}
	return set_err(c, t, code, "", text);
}

int check_fail_type(struct checker *c, const struct btf_type *t, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_type(c, t, code, true, fmt, args);
	va_end(args);
	return code;
}

int check_fail_basic(struct checker *c, const struct btf_type *t, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_type(c, t, code, false, fmt, args);
	va_end(args);
	return code;
}

int check_fail_member(struct checker *c, const struct btf_type *t, const struct btf_member *m,
		      const char *fmt, ...)
{
	va_list args;
	char text[256];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (check_logs(c)) {
		log_member(c, t, m);
		check_log(c, " %s\n", text);
	}
	return set_err(c, t, -EINVAL, check_name(c, m->name_off), text);
}

int check_fail_var(struct checker *c, const struct btf_type *t, const struct btf_var_secinfo *v,
		   const char *text)
{
	char part[32];

	if (check_logs(c)) {
		if (c->in_types)
			check_log_type(c, t);
		check_log(c, "\t type_id=%u offset=%u size=%u %s\n", v->type, v->offset, v->size,
			  text);
	}
	snprintf(part, sizeof(part), "[%u]", v->type);
	return set_err(c, t, -EINVAL, part, text);
}
