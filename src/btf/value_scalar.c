/* SPDX-License-Identifier: BSD-2-Clause */
/* Integers up to 128 bits, bitfields, enums, floats, pointers and strings as text and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "btf/value.h"

struct int128 {
	u64 hi, lo;
};

void value_missing(struct printer *p)
{
	buf_puts(p->out, p->opts.json ? "null" : "/* missing */");
}

/* ---- reading ---- */

/* Bit @i from the first of a field: the lowest on little endian, the highest on big endian. */
static u32 bit_at(const struct printer *p, u64 at)
{
	u32 in_byte = (u32)(at & 7);

	return p->data[at >> 3] >> (HOST_BIG_ENDIAN ? 7 - in_byte : in_byte) & 1;
}

static bool has_bits(const struct printer *p, u64 off, u32 bits)
{
	return value_has(p, off >> 3, ((off & 7) + bits + 7) >> 3);
}

static struct int128 read_bits(const struct printer *p, u64 off, u32 bits)
{
	struct int128 v = {0};

	for (u32 i = 0; i < bits; i++) {
		u64 bit = bit_at(p, off + (HOST_BIG_ENDIAN ? i : bits - 1 - i));

		v.hi = v.hi << 1 | v.lo >> 63;
		v.lo = v.lo << 1 | bit;
	}
	return v;
}

/* Whole bytes, @size of 1, 2, 4, 8. */
static u64 read_uint(const struct printer *p, u64 off, u32 size)
{
	const u8 *at = p->data + off;

	switch (size) {
	case 1:
		return *at;
	case 2:
		return get_u16(at);
	case 4:
		return get_u32(at);
	default:
		return get_u64(at);
	}
}

static struct int128 sign_extend(struct int128 v, u32 bits)
{
	if (!bits || bits >= 128)
		return v;
	if (bits > 64) {
		v.hi = (u64)((s64)(v.hi << (128 - bits)) >> (128 - bits));
	} else {
		v.lo = (u64)((s64)(v.lo << (64 - bits)) >> (64 - bits));
		v.hi = (s64)v.lo < 0 ? UINT64_MAX : 0;
	}
	return v;
}

bool value_bits_are_zero(const struct printer *p, u64 off, u32 bits)
{
	struct int128 v;

	if (!has_bits(p, off, bits))
		return false;
	v = read_bits(p, off, bits);
	return !v.hi && !v.lo;
}

/* ---- integers ---- */

static void print_decimal(struct buf *out, struct int128 v, bool is_signed)
{
	u32 limbs[4];
	char digits[41];
	u32 n = sizeof(digits);

	if (is_signed && (s64)v.hi < 0) {
		buf_putc(out, '-');
		v.lo = -v.lo;
		v.hi = ~v.hi + !v.lo;
	}
	if (!v.hi) {
		buf_printf(out, "%" PRIu64, v.lo);
		return;
	}
	limbs[0] = (u32)(v.hi >> 32);
	limbs[1] = (u32)v.hi;
	limbs[2] = (u32)(v.lo >> 32);
	limbs[3] = (u32)v.lo;
	while (limbs[0] | limbs[1] | limbs[2] | limbs[3]) {
		u64 rem = 0;

		for (u32 i = 0; i < 4; i++) {
			rem = rem << 32 | limbs[i];
			limbs[i] = (u32)(rem / 10);
			rem %= 10;
		}
		digits[--n] = (char)('0' + rem);
	}
	buf_add(out, digits + n, sizeof(digits) - n);
}

static void print_char(struct buf *out, u8 c)
{
	if (c == '\'' || c == '\\')
		buf_printf(out, "'\\%c'", c);
	else if (c >= 0x20 && c < 0x7f)
		buf_printf(out, "'%c'", c);
	else
		buf_printf(out, "%d", (s8)c);
}

static void print_int(struct printer *p, const struct btf_type *t, struct int128 v)
{
	u32 encoding = btf_int_encoding(t);

	if (encoding & BTF_INT_BOOL && !v.hi && v.lo <= 1)
		buf_puts(p->out, v.lo ? "true" : "false");
	else if (!p->opts.json && value_is_char(p->btf, t))
		print_char(p->out, (u8)v.lo);
	else
		print_decimal(p->out, v, encoding & BTF_INT_SIGNED);
}

bool value_is_char(const struct btf *btf, const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_INT && t->size == 1 && btf_int_bits(t) == 8 &&
	       !(btf_int_encoding(t) & BTF_INT_BOOL) &&
	       (btf_int_encoding(t) & BTF_INT_CHAR || !strcmp(btf_name(btf, t), "char"));
}

bool value_is_byte(const struct btf *btf, const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_INT && t->size == 1 && btf_int_bits(t) == 8 &&
	       !btf_int_encoding(t) && !value_is_char(btf, t);
}

/* ---- enums ---- */

static const char *enum_name(const struct btf *btf, const struct btf_type *t, u64 value, u32 bits)
{
	const struct btf_enum *e = btf_tail(t);
	const struct btf_enum64 *e64 = btf_tail(t);
	u64 mask = bits < 64 ? BIT_ULL(bits) - 1 : UINT64_MAX;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		bool wide = btf_kind(t) == BTF_KIND_ENUM64;
		u64 v = wide ? btf_enum64_value(e64 + i) : (u64)(s64)e[i].val;

		if (!((v ^ value) & mask))
			return btf_str(btf, wide ? e64[i].name_off : e[i].name_off);
	}
	return NULL;
}

static void print_enum(struct printer *p, const struct btf_type *t, u64 value, u32 bits)
{
	const char *name = enum_name(p->btf, t, value, bits);
	struct int128 v = {0, value};

	p->left -= u64_min(p->left, btf_vlen(t) / 64);
	if (name && p->opts.json)
		value_json_string(p->out, name, strlen(name));
	else if (name)
		buf_puts(p->out, name);
	else
		print_decimal(p->out, btf_kflag(t) ? sign_extend(v, bits) : v, btf_kflag(t));
}

/* ---- floats ---- */

static double half_to_double(u16 h)
{
	u64 sign = (u64)(h >> 15) << 63, exp = h >> 10 & 0x1f, frac = h & 0x3ff;
	u64 bits;
	double d;

	if (!exp) { /* subnormal: units of 2^-24 */
		d = (double)frac / (1 << 24);
		return sign ? -d : d;
	}
	bits = sign | (exp == 0x1f ? 0x7ffull : exp + 1023 - 15) << 52 | frac << 42;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* The text of a float, "" where the host has no such type: 80 or 128 bits. */
static void format_float(const u8 *at, u32 size, char *text, size_t len)
{
	long double wide;
	double d;
	float f;

	*text = 0;
	if (size == 2) {
		snprintf(text, len, "%.5g", half_to_double(get_u16(at)));
	} else if (size == 4) {
		memcpy(&f, at, sizeof(f));
		snprintf(text, len, "%.9g", (double)f);
	} else if (size == 8) {
		memcpy(&d, at, sizeof(d));
		snprintf(text, len, "%.17g", d);
	} else if (size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		snprintf(text, len, "%.*Lg", __LDBL_DECIMAL_DIG__, wide);
	}
}

static void print_float(struct printer *p, const struct btf_type *t, u64 off)
{
	char text[64];
	bool is_number = true;

	format_float(p->data + off, t->size, text, sizeof(text));
	for (char *c = text; *c; c++) {
		if (*c == ',') /* the locale's */
			*c = '.';
		if (*c == 'n') /* inf, nan */
			is_number = false;
	}
	if (!*text) {
		buf_puts(p->out, p->opts.json ? "\"0x" : "0x");
		for (u32 i = 0; i < t->size; i++)
			buf_printf(p->out, "%02x",
				   p->data[off + (HOST_BIG_ENDIAN ? i : t->size - 1 - i)]);
		buf_puts(p->out, p->opts.json ? "\"" : "");
	} else if (p->opts.json && !is_number) {
		buf_printf(p->out, "\"%s\"", text);
	} else {
		buf_puts(p->out, text);
	}
}

/* ---- scalars ---- */

static void print_pointer(struct printer *p, u64 off)
{
	buf_printf(p->out, p->opts.json ? "\"0x%" PRIx64 "\"" : "0x%" PRIx64,
		   read_uint(p, off, BTF_PTR_SIZE));
}

void value_bitfield(struct printer *p, const struct btf_type *t, u64 off, u32 bits)
{
	struct int128 v;

	if (!has_bits(p, off, bits)) {
		value_missing(p);
		return;
	}
	v = read_bits(p, off, bits);
	if (btf_kind(t) == BTF_KIND_INT)
		print_int(p, t, btf_int_encoding(t) & BTF_INT_SIGNED ? sign_extend(v, bits) : v);
	else
		print_enum(p, t, v.lo, bits);
}

static void print_whole_int(struct printer *p, const struct btf_type *t, u64 off)
{
	u32 bits = btf_int_bits(t);
	struct int128 v = {0};

	if (!bits || btf_int_offset(t) || bits != 8 * t->size || bits > 64 || (bits & (bits - 1))) {
		value_bitfield(p, t, 8 * off + btf_int_offset(t), bits);
		return;
	}
	v.lo = read_uint(p, off, t->size);
	print_int(p, t, btf_int_encoding(t) & BTF_INT_SIGNED ? sign_extend(v, bits) : v);
}

void value_scalar(struct printer *p, const struct btf_type *t, u64 off)
{
	u32 size = btf_kind(t) == BTF_KIND_PTR ? BTF_PTR_SIZE : t->size;

	if (!value_has(p, off, size)) {
		value_missing(p);
		return;
	}
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		print_whole_int(p, t, off);
		break;
	case BTF_KIND_FLOAT:
		print_float(p, t, off);
		break;
	case BTF_KIND_PTR:
		print_pointer(p, off);
		break;
	default:
		print_enum(p, t, read_uint(p, off, size), 8 * size);
	}
}

/* ---- strings ---- */

/* Bytes of the UTF-8 sequence at @s, 0 where it is none. */
static u32 utf8_len(const u8 *s, size_t left)
{
	static const u32 least[] = {0, 0, 0x80, 0x800, 0x10000};
	u32 n = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
	u32 c = *s & (0xff >> (n + 1));

	if (n <= 1)
		return n;
	if (n > left)
		return 0;
	for (u32 i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

/* Escapes that C and JSON share; 0 where there is none. */
static char escape_of(u8 c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\t':
		return 't';
	case '\r':
		return 'r';
	case '"':
	case '\\':
		return (char)c;
	}
	return 0;
}

/* Bytes that are no UTF-8 are escaped by their number, as if they were ISO 8859-1. */
void value_json_string(struct buf *out, const char *s, size_t len)
{
	buf_putc(out, '"');
	while (len) {
		u8 c = (u8)*s;
		u32 n = utf8_len((const u8 *)s, len);

		if (escape_of(c))
			buf_printf(out, "\\%c", escape_of(c));
		else if (!n || c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_add(out, s, n);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
	buf_putc(out, '"');
}

static bool is_text(const u8 *s, size_t len)
{
	while (len) {
		u32 n = utf8_len(s, len);

		if (!n || ((*s < 0x20 || *s == 0x7f) && !escape_of(*s)))
			return false;
		s += n;
		len -= n;
	}
	return true;
}

/* Of @n bytes those that are printed one by one, and the zeros at their end that are not. */
static u64 shown(const struct printer *p, u64 off, u64 n)
{
	u64 last = n;

	while (last && !p->data[off + last - 1])
		last--;
	return p->opts.json || p->opts.zero_fields || n - last < 4 ? n : last;
}

static void print_list(struct printer *p, u64 off, u64 n, bool chars)
{
	u64 last = shown(p, off, n);

	buf_putc(p->out, p->opts.json ? '[' : '{');
	for (u64 i = 0; i < last; i++) {
		u8 c = p->data[off + i];

		buf_puts(p->out, i ? ", " : "");
		if (p->opts.json)
			buf_printf(p->out, "%u", c);
		else if (chars)
			print_char(p->out, c);
		else
			buf_printf(p->out, "0x%02x", c);
	}
	if (last < n)
		buf_printf(p->out, "%s/* %" PRIu64 " zero */", last ? ", " : "", n - last);
	buf_putc(p->out, p->opts.json ? ']' : '}');
}

void value_chars(struct printer *p, u64 off, u64 n)
{
	const u8 *s = p->data + off;
	const u8 *nul = n ? memchr(s, 0, (size_t)n) : NULL;
	size_t len = nul ? (size_t)(nul - s) : (size_t)n;

	if (p->opts.json) {
		value_json_string(p->out, (const char *)s, len);
	} else if (!nul || !is_text(s, len)) {
		print_list(p, off, n, true);
	} else {
		buf_putc(p->out, '"');
		for (size_t i = 0; i < len; i++) {
			if (escape_of(s[i]))
				buf_printf(p->out, "\\%c", escape_of(s[i]));
			else
				buf_putc(p->out, (char)s[i]);
		}
		buf_putc(p->out, '"');
	}
}

void value_bytes(struct printer *p, u64 off, u64 n)
{
	print_list(p, off, n, false);
}
