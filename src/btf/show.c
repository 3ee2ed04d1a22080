/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks a value once to see whether anything in it would be shown, and once
 * more to show it: an aggregate of zeros is left out as a zero is.
 */
#include "btf/show.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

#define MAX_DEPTH  32 /* of aggregates; the kernel's are far from it */
#define MAX_SUFFIX 10 /* of pointers and arrays in the name of a type */
#define NAME_SIZE  80 /* longer ones are cut, as Linux cuts them */

struct show {
	const struct btf *btf;
	const struct btf_memory *memory;
	u32 flags;
	char *text;
	size_t size, len;
	int error;

	u32 depth;
	bool looking; /* nothing is written: is there anything to show? */
	bool found;

	/* About the value at hand. */
	const struct btf_member *member; /* NULL: an element, or the whole */
	u32 type_id;			 /* as declared */
	bool element;			 /* of an array: its name is the array's */
	bool chars, ended;		 /* of an array of characters, whose end was seen */
};

static void show_type(struct show *s, const struct btf_type *t, u32 id, u64 off);

/* ---- writing ---- */

__printf(2, 3) static void put(struct show *s, const char *fmt, ...)
{
	size_t room = s->len < s->size ? s->size - s->len : 0;
	va_list args;
	int n;

	if (s->looking)
		return;
	va_start(args, fmt);
	n = vsnprintf(room ? s->text + s->len : NULL, room, fmt, args);
	va_end(args);
	s->len += n > 0 ? (size_t)n : 0;
}

static void indent(struct show *s)
{
	if (!(s->flags & BTF_SHOW_COMPACT))
		put(s, "%*s", (int)s->depth, "");
}

static void end_line(struct show *s)
{
	put(s, "%s%s", s->depth ? "," : "", s->flags & BTF_SHOW_COMPACT ? "" : "\n");
}

/* ---- names ---- */

/* What is collected on the way from a declared type to what is behind it. */
struct type_name {
	const char *name;
	bool by_typedef;
	u32 pointers, arrays;
	const struct btf_type *last;
};

static bool collect_name(const struct btf *btf, u32 id, struct type_name *n)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	for (u32 i = 0; i < MAX_SUFFIX; i++) {
		n->last = t;
		switch (btf_kind(t)) {
		case BTF_KIND_TYPEDEF:
			n->name = n->name ? n->name : btf_name(btf, t);
			n->by_typedef = true;
			id = t->type;
			break;
		case BTF_KIND_ARRAY:
			n->arrays++;
			id = ((const struct btf_array *)btf_tail(t))->type;
			break;
		case BTF_KIND_PTR:
			n->pointers++;
			id = t->type;
			break;
		default:
			return true;
		}
		if (!id)
			return true;
		t = btf_skip_quals(btf, id, NULL);
	}
	return false;
}

static const char *keyword(const struct type_name *n)
{
	if (n->by_typedef)
		return "";
	switch (btf_kind(n->last)) {
	case BTF_KIND_STRUCT:
		return "struct";
	case BTF_KIND_UNION:
		return "union";
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return "enum";
	default:
		return "";
	}
}

/* How an aggregate begins; "" for all else. */
static const char *opening(const struct type_name *n)
{
	enum btf_kind kind = btf_kind(n->last);

	if (n->pointers)
		return "";
	if (n->arrays)
		return "[";
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION ? "{" : "";
}

static void put_name(struct show *s)
{
	const char *member = s->member ? btf_str(s->btf, s->member->name_off) : "";
	struct type_name n = {0};
	char text[NAME_SIZE];

	if (s->element || !collect_name(s->btf, s->member ? s->member->type : s->type_id, &n))
		return;
	if (!n.name)
		n.name = btf_name(s->btf, n.last);
	if (s->flags & BTF_SHOW_NONAME)
		snprintf(text, sizeof(text), "%s", opening(&n));
	else
		snprintf(text, sizeof(text), "%s%s%s(%s%s%s%s%.*s%.*s)%s", *member ? "." : "",
			 member, *member ? " = " : "", keyword(&n),
			 *keyword(&n) && *n.name ? " " : "", n.name, n.pointers ? " " : "",
			 (int)n.pointers, "**********", 2 * (int)n.arrays, "[][][][][][][][][][]",
			 opening(&n));
	put(s, "%s", text);
}

/* ---- plain values ---- */

/* Whether a value is shown, and all before what it is. */
static bool begin_value(struct show *s, bool zero)
{
	if (zero && s->depth && !(s->flags & BTF_SHOW_ZERO))
		return false;
	s->found = true;
	indent(s);
	put_name(s);
	return true;
}

static bool load(struct show *s, u64 off, void *to, size_t size)
{
	if (!s->error)
		s->error = s->memory->read(s->memory->ctx, to, s->memory->addr + off, size);
	return !s->error;
}

static void show_wide(struct show *s, unsigned __int128 value)
{
	u64 high = (u64)(value >> 64), low = (u64)value;

	if (!begin_value(s, !value))
		return;
	if (high)
		put(s, "0x%llx%016llx", (unsigned long long)high, (unsigned long long)low);
	else
		put(s, "0x%llx", (unsigned long long)low);
	end_line(s);
}

static void show_bits(struct show *s, u64 bit_off, u32 bits)
{
	u32 first = bit_off % 8, bytes = (first + bits + 7) / 8;
	unsigned __int128 value = 0;
	u8 data[16] = {0};

	if (!bits || bytes > sizeof(data) || !load(s, bit_off / 8, data, bytes))
		return;
	for (u32 i = 0; i < bytes; i++) {
		u32 at = HOST_BIG_ENDIAN ? bytes - 1 - i : i;

		value |= (unsigned __int128)data[at] << 8 * i;
	}
	value >>= HOST_BIG_ENDIAN ? 8 * bytes - first - bits : first;
	if (bits < 128)
		value &= ((unsigned __int128)1 << bits) - 1;
	show_wide(s, value);
}

/* By the machine's type of that size; sign-extended or not. */
static u64 load_number(struct show *s, u64 off, u32 size, bool sign)
{
	union {
		u8 u8;
		u16 u16;
		u32 u32;
		u64 u64;
	} v = {0};

	if (!load(s, off, &v, size))
		return 0;
	switch (size) {
	case 1:
		return sign ? (u64)(s64)(s8)v.u8 : v.u8;
	case 2:
		return sign ? (u64)(s64)(s16)v.u16 : v.u16;
	case 4:
		return sign ? (u64)(s64)(s32)v.u32 : v.u32;
	default:
		return v.u64;
	}
}

static void show_number(struct show *s, u64 value, bool sign)
{
	if (!begin_value(s, !value))
		return;
	if (sign)
		put(s, "%lld", (long long)value);
	else
		put(s, "%llu", (unsigned long long)value);
	end_line(s);
}

/* An element of an array of characters: true where it is shown as one, or ends the string. */
static bool show_char(struct show *s, u8 c)
{
	if (!c)
		s->ended = true;
	/* What Latin-1 has is printable to Linux. */
	if (!c || !(isprint(c) || c >= 0xa0))
		return !c;
	if (begin_value(s, false)) {
		put(s, "'%c'", c);
		end_line(s);
	}
	return true;
}

static void show_int(struct show *s, const struct btf_type *t, u64 off)
{
	u32 bits = btf_int_bits(t);
	bool sign = btf_int_encoding(t) & BTF_INT_SIGNED;
	u64 value;

	if (btf_int_offset(t) || (bits != 8 && bits != 16 && bits != 32 && bits != 64)) {
		show_bits(s, off * 8 + btf_int_offset(t), bits);
		return;
	}
	value = load_number(s, off, bits / 8, sign);
	if (s->error || (bits == 8 && s->chars && show_char(s, (u8)value)))
		return;
	show_number(s, value, sign);
}

static void show_enum(struct show *s, const struct btf_type *t, u64 off)
{
	bool wide = btf_kind(t) == BTF_KIND_ENUM64;
	const struct btf_enum64 *large = btf_tail(t);
	const struct btf_enum *small = btf_tail(t);
	u64 value = load_number(s, off, wide ? 8 : 4, !wide);

	if (s->error)
		return;
	for (u32 i = 0; i < btf_vlen(t); i++) {
		u64 is = wide ? large[i].val_lo32 | (u64)large[i].val_hi32 << 32
			      : (u64)(s64)small[i].val;

		if (is != value)
			continue;
		/* Linux looks whether the name is there, which it always is. */
		if (begin_value(s, false)) {
			put(s, "%s", btf_str(s->btf, wide ? large[i].name_off : small[i].name_off));
			end_line(s);
		}
		return;
	}
	show_number(s, wide || btf_kflag(t) ? value : (u32)value, btf_kflag(t));
}

static void show_pointer(struct show *s, u64 off)
{
	u64 value = load_number(s, off, sizeof(value), false);

	if (s->error || !begin_value(s, !value))
		return;
	if (!(s->flags & BTF_SHOW_PTR_RAW) && value)
		value = hash_bytes(&value, sizeof(value), 0);
	put(s, "0x%016llx", (unsigned long long)value);
	end_line(s);
}

/* ---- aggregates ---- */

static void begin_aggregate(struct show *s, u32 id)
{
	s->type_id = id;
	indent(s);
	put_name(s);
	if (!(s->flags & BTF_SHOW_COMPACT))
		put(s, "\n");
	s->depth++;
}

static void end_aggregate(struct show *s, const char *closing)
{
	s->depth--;
	indent(s);
	put(s, "%s", closing);
	end_line(s);
}

static void show_members(struct show *s, const struct btf_type *t, u32 id, u64 off)
{
	const struct btf_member *members = btf_tail(t);

	begin_aggregate(s, id);
	for (u32 i = 0; i < btf_vlen(t) && !s->error; i++) {
		u32 bits = btf_member_bitfield_size(t, i), at = btf_member_bit_offset(t, i);

		s->member = &members[i];
		s->type_id = members[i].type;
		if (bits)
			show_bits(s, off * 8 + at, bits);
		else
			show_type(s, btf_skip_mods(s->btf, members[i].type, NULL), members[i].type,
				  off + at / 8);
		s->member = NULL;
	}
	end_aggregate(s, "}");
}

static void show_elements(struct show *s, const struct btf_type *t, u32 id, u64 off)
{
	const struct btf_array *array = btf_tail(t);
	const struct btf_type *of = btf_skip_mods(s->btf, array->type, NULL);
	s64 size = btf_size(s->btf, array->type);

	s->chars = btf_kind(of) == BTF_KIND_INT && size == 1;
	s->ended = false;
	begin_aggregate(s, id);
	for (u32 i = 0; i < array->nelems && size > 0 && !s->ended && !s->error; i++) {
		s->element = true;
		s->member = NULL;
		show_type(s, of, array->type, off + i * (u64)size);
		s->element = false;
	}
	s->chars = s->ended = false;
	end_aggregate(s, "]");
}

static void walk_aggregate(struct show *s, const struct btf_type *t, u32 id, u64 off)
{
	if (btf_kind(t) == BTF_KIND_ARRAY)
		show_elements(s, t, id, off);
	else
		show_members(s, t, id, off);
}

/* Whether anything in it would be shown; what is known of the value at hand is as before. */
static bool has_something(struct show *s, const struct btf_type *t, u32 id, u64 off)
{
	const struct btf_member *member = s->member;
	bool found;

	s->looking = true;
	s->found = false;
	walk_aggregate(s, t, id, off);
	found = s->found;
	s->looking = false;
	s->member = member;
	return found;
}

static void show_aggregate(struct show *s, const struct btf_type *t, u32 id, u64 off)
{
	if (s->depth == MAX_DEPTH)
		s->error = -EINVAL;
	else if (s->looking || !s->depth || s->flags & BTF_SHOW_ZERO ||
		 has_something(s, t, id, off))
		walk_aggregate(s, t, id, off);
}

static void show_type(struct show *s, const struct btf_type *t, u32 id, u64 off)
{
	s->type_id = id;
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		show_int(s, t, off);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		show_enum(s, t, off);
		break;
	case BTF_KIND_PTR:
		show_pointer(s, off);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ARRAY:
		show_aggregate(s, t, id, off);
		break;
	default:
		put(s, "<unsupported kind:%u>", btf_kind(t));
	}
}

s64 btf_show(const struct btf *btf, u32 id, const struct btf_memory *memory, u32 flags, char *text,
	     size_t size)
{
	struct show s = {
		.btf = btf,
		.memory = memory,
		.flags = flags,
		.text = text,
		.size = size,
	};

	if (btf_size(btf, id) < 0)
		return -EINVAL;
	if (size)
		text[0] = '\0';
	show_type(&s, btf_skip_mods(btf, id, NULL), id, 0);
	return s.error ? s.error : (s64)s.len;
}
