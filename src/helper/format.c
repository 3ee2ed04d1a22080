/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting for programs. Two steps: the format is parsed into at most
 * twelve conversions and everything that arguments point to is fetched, then
 * the text is written from that alone. A format that lies in a map and is
 * changed meanwhile can therefore garble its own text and nothing else.
 *
 * What is fetched goes into a budget of FETCH_SIZE bytes that is accounted as
 * in Linux, where numbers take room as well, so that long strings are cut at
 * the same byte.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "helper/format.h"
#include "helper/probe.h"

#define FETCH_SIZE  512
#define FIELD_WIDTH ((1u << 23) - 1) /* the widest field of Linux's printf */

enum conversion_kind {
	CONV_SIGNED,
	CONV_UNSIGNED,
	CONV_HEX,
	CONV_HEX_UPPER,
	CONV_CHAR,
	CONV_STRING,
	CONV_RAW,     /* text without padding: an address, a string of %pks */
	CONV_POINTER, /* %p: hashed */
	CONV_ADDRESS, /* %px: as it is */
	CONV_SYMBOL,  /* %ps */
};

struct conversion {
	const char *literal; /* what comes before it */
	size_t literal_len;
	enum conversion_kind kind;
	bool left, zero, plus, space;
	u32 width; /* 0: none */
	u64 value;
	const char *text;
};

struct parser {
	const struct run *run; /* NULL: the format alone is checked, nothing is fetched */
	const char *at, *end;  /* of the format; *end is its terminator when it was measured */
	const u8 *args;
	u32 arg_cnt, cnt;
	struct conversion conv[FORMAT_MAX_ARGS];
	const char *tail;
	size_t used;
	char fetch[FETCH_SIZE];
};

/* ---- ASCII classes, whatever the locale ---- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_print(char c)
{
	return c >= ' ' && c <= '~';
}

static bool is_punct(char c)
{
	return is_print(c) && c != ' ' && !is_alnum(c);
}

static char peek(const struct parser *p, size_t n)
{
	return (size_t)(p->end - p->at) > n ? p->at[n] : 0;
}

static bool ends_word(char c)
{
	return !c || is_space(c) || is_punct(c);
}

/* ---- fetching ---- */

static int fetch_number(struct parser *p, struct conversion *conv, size_t size)
{
	if (!p->run)
		return 0;
	p->used = ROUND_UP(p->used, sizeof(u32));
	if (p->used + size > FETCH_SIZE)
		return -ENOSPC;
	p->used += size;
	if (size == sizeof(u32)) {
		conv->value = (u32)conv->value;
		if (conv->kind == CONV_SIGNED)
			conv->value = (u64)(s64)(s32)conv->value;
	}
	return 0;
}

static int fetch_string(struct parser *p, struct conversion *conv)
{
	char *dst = p->fetch + p->used;
	long n;

	if (!p->run)
		return 0;
	if (p->used >= FETCH_SIZE)
		return -ENOSPC;
	n = probe_read_str(&p->run->host->env, dst, FETCH_SIZE - p->used, conv->value);
	if (n < 0) {
		*dst = 0;
		n = 1;
	}
	conv->text = dst;
	p->used += (size_t)n;
	return 0;
}

/* Keeps a text that was made here; what does not fit is cut, yet counted. */
static void fetch_text(struct parser *p, struct conversion *conv, const char *text)
{
	size_t room = p->used < FETCH_SIZE ? FETCH_SIZE - p->used : 0;
	size_t len = strlen(text);

	conv->kind = CONV_RAW;
	conv->text = "";
	if (room) {
		size_t n = (size_t)u64_min(len, room - 1);

		memcpy(p->fetch + p->used, text, n);
		p->fetch[p->used + n] = 0;
		conv->text = p->fetch + p->used;
	}
	p->used += len + 1;
}

static int fetch_address(struct parser *p, struct conversion *conv, char variant, char family)
{
	const struct environment *env;
	size_t size = family == '4' ? 4 : 16;
	char text[40];
	size_t len = 0;
	u8 ip[16];

	if (!p->run)
		return 0;
	env = &p->run->host->env;
	if (p->used > FETCH_SIZE || FETCH_SIZE - p->used < size)
		return -ENOSPC;
	if (env->read_memory(env->ctx, ip, conv->value, size))
		memset(ip, 0, size);
	for (size_t i = 0; i < size; i += family == '4' ? 1 : 2) {
		if (i && (family == '4' || variant == 'I'))
			text[len++] = family == '4' ? '.' : ':';
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					family == '6'	 ? "%04x"
					: variant == 'i' ? "%03u"
							 : "%u",
					family == '6' ? get_be16(ip + i) : ip[i]);
	}
	text[len] = 0;
	fetch_text(p, conv, text);
	return 0;
}

/* ---- parsing ---- */

static int parse_string(struct parser *p, struct conversion *conv)
{
	p->at++;
	if (!ends_word(peek(p, 0)))
		return -EINVAL;
	return fetch_string(p, conv);
}

/* Linux's printer takes every letter and digit behind a %p as part of it. */
static void skip_word(struct parser *p)
{
	while (is_alnum(peek(p, 0)))
		p->at++;
}

static int parse_pointer(struct parser *p, struct conversion *conv)
{
	char c, next;
	int error;

	p->at++;
	c = peek(p, 0);
	next = c ? peek(p, 1) : 0;
	conv->kind = CONV_POINTER;
	if (ends_word(c))
		return fetch_number(p, conv, sizeof(u64));
	if ((c == 'k' || c == 'u') && next == 's') {
		p->at++;
		conv->kind = CONV_RAW;
		return parse_string(p, conv);
	}
	if (c == 'B') {
		char text[24];

		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)conv->value);
		fetch_text(p, conv, text);
		error = 0;
	} else if ((c == 'i' || c == 'I') && (next == '4' || next == '6')) {
		error = fetch_address(p, conv, c, next);
	} else if (c == 'K' || c == 'x' || c == 's' || c == 'S') {
		conv->kind = c == 'K' ? CONV_POINTER : c == 'x' ? CONV_ADDRESS : CONV_SYMBOL;
		error = fetch_number(p, conv, sizeof(u64));
	} else {
		error = -EINVAL;
	}
	if (!error)
		skip_word(p);
	return error;
}

static int parse_number(struct parser *p, struct conversion *conv)
{
	size_t size = sizeof(u32);

	for (int i = 0; i < 2 && peek(p, 0) == 'l'; i++) {
		size = sizeof(u64);
		p->at++;
	}
	switch (peek(p, 0)) {
	case 'd':
	case 'i':
		conv->kind = CONV_SIGNED;
		break;
	case 'u':
		conv->kind = CONV_UNSIGNED;
		break;
	case 'x':
		conv->kind = CONV_HEX;
		break;
	case 'X':
		conv->kind = CONV_HEX_UPPER;
		break;
	default:
		return -EINVAL;
	}
	p->at++;
	return fetch_number(p, conv, size);
}

static void parse_flags(struct parser *p, struct conversion *conv)
{
	for (;; p->at++) {
		switch (peek(p, 0)) {
		case '-':
			conv->left = true;
			continue;
		case '0':
			conv->zero = true;
			continue;
		case '+':
			conv->plus = true;
			continue;
		case ' ':
			conv->space = true;
			continue;
		}
		break;
	}
	for (; is_digit(peek(p, 0)); p->at++) {
		conv->width = conv->width * 10 + (u32)(peek(p, 0) - '0');
		if (conv->width > FIELD_WIDTH)
			conv->width = FIELD_WIDTH;
	}
}

static int parse_conversion(struct parser *p, const char *literal)
{
	struct conversion *conv;
	char c;

	if (p->cnt >= p->arg_cnt)
		return -EINVAL;
	/* What is only checked may be more than can be printed. */
	conv = &p->conv[p->run ? p->cnt : 0];
	*conv = (struct conversion){
		.literal = literal,
		.literal_len = (size_t)(p->at - literal),
		.value = p->run ? get_u64(p->args + (size_t)p->cnt * sizeof(u64)) : 0,
	};
	p->cnt++;
	p->at++;
	parse_flags(p, conv);
	c = peek(p, 0);
	if (c == 'p')
		return parse_pointer(p, conv);
	if (c == 's') {
		conv->kind = CONV_STRING;
		return parse_string(p, conv);
	}
	if (c == 'c') {
		if (p->run && p->used >= FETCH_SIZE)
			return -ENOSPC;
		conv->kind = CONV_CHAR;
		p->used++;
		p->at++;
		return 0;
	}
	return parse_number(p, conv);
}

static int parse(struct parser *p)
{
	const char *literal = p->at;

	while (p->at < p->end) {
		char c = *p->at;
		int error;

		/* Bytes above ASCII pass, so that UTF-8 text can be printed. */
		if (!(c & 0x80) && !is_print(c) && !is_space(c))
			return -EINVAL;
		if (c != '%') {
			p->at++;
		} else if (peek(p, 1) == '%') {
			p->at += 2;
		} else {
			error = parse_conversion(p, literal);
			if (error)
				return error;
			literal = p->at;
		}
	}
	p->tail = literal;
	return 0;
}

/* ---- writing ---- */

struct output {
	char *buf;
	size_t size;
	size_t room; /* with that of the terminator */
	size_t len;  /* of the whole text, also of what did not fit */
};

static void put(struct output *out, const char *text, size_t len)
{
	if (out->len < out->size)
		memcpy(out->buf + out->len, text, (size_t)u64_min(len, out->size - out->len));
	out->len += len;
}

static void fill(struct output *out, char c, size_t len)
{
	if (out->len < out->size)
		memset(out->buf + out->len, c, (size_t)u64_min(len, out->size - out->len));
	out->len += len;
}

static void put_padded(struct output *out, const struct conversion *conv, const char *text,
		       size_t len)
{
	size_t pad = conv->width > len ? conv->width - len : 0;

	if (!conv->left)
		fill(out, ' ', pad);
	put(out, text, len);
	if (conv->left)
		fill(out, ' ', pad);
}

static size_t digits(char *buf, u64 value, u32 base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char reversed[24];
	size_t n = 0;

	do {
		reversed[n++] = set[value % base];
		value /= base;
	} while (value);
	for (size_t i = 0; i < n; i++)
		buf[i] = reversed[n - 1 - i];
	return n;
}

static void put_number(struct output *out, const struct conversion *conv)
{
	bool is_signed = conv->kind == CONV_SIGNED;
	bool negative = is_signed && (s64)conv->value < 0;
	bool hex = conv->kind == CONV_HEX || conv->kind == CONV_HEX_UPPER;
	char text[24];
	size_t len;
	char sign = 0;
	size_t pad;

	if (negative)
		sign = '-';
	else if (is_signed && (conv->plus || conv->space))
		sign = conv->plus ? '+' : ' ';
	len = digits(text, negative ? 0 - conv->value : conv->value, hex ? 16 : 10,
		     conv->kind == CONV_HEX_UPPER);
	pad = conv->width > len + !!sign ? conv->width - len - !!sign : 0;
	if (!conv->left && !conv->zero)
		fill(out, ' ', pad);
	if (sign)
		put(out, &sign, 1);
	if (!conv->left && conv->zero)
		fill(out, '0', pad);
	put(out, text, len);
	if (conv->left)
		fill(out, ' ', pad);
}

/* Sixteen digits unless a width was given. */
static void put_address(struct output *out, struct conversion *conv, u64 value)
{
	conv->kind = CONV_HEX;
	conv->value = value;
	if (!conv->width) {
		conv->width = 16;
		conv->zero = true;
	}
	put_number(out, conv);
}

/* Linux does not tell addresses, but the same one always has the same name. */
static u64 pointer_name(const struct run *run, u64 value)
{
	/* NULL and error numbers are no addresses. */
	if (!value || value >= (u64)-4095)
		return value;
	return hash_bytes(&value, sizeof(value), ptr_to_u64(run->host));
}

static void put_literal(struct output *out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *percent = memchr(text, '%', (size_t)(end - text));

		if (!percent) {
			put(out, text, (size_t)(end - text));
			return;
		}
		put(out, text, (size_t)(percent - text) + 1);
		text = percent + 2;
	}
}

static void put_conversion(struct output *out, const struct run *run, struct conversion *conv)
{
	char c = (char)conv->value;
	char text[24];

	switch (conv->kind) {
	case CONV_CHAR:
		put_padded(out, conv, &c, 1);
		break;
	case CONV_STRING:
		put_padded(out, conv, conv->text, strlen(conv->text));
		break;
	case CONV_RAW:
		/* As in Linux, where there is no room for any of it, its length does not count. */
		if (out->len < out->room)
			put(out, conv->text, strlen(conv->text));
		break;
	case CONV_POINTER:
		put_address(out, conv, pointer_name(run, conv->value));
		break;
	case CONV_ADDRESS:
		put_address(out, conv, conv->value);
		break;
	case CONV_SYMBOL:
		text[0] = '0';
		text[1] = 'x';
		put_padded(out, conv, text, 2 + digits(text + 2, conv->value, 16, false));
		break;
	default:
		put_number(out, conv);
	}
}

static int parse_format(struct parser *p, const struct run *run, const char *fmt, size_t fmt_size,
			const void *args, u32 arg_cnt)
{
	p->end = memchr(fmt, 0, fmt_size);
	if (!p->end || (run && arg_cnt > FORMAT_MAX_ARGS))
		return -EINVAL;
	p->run = run;
	p->at = fmt;
	p->args = args;
	p->arg_cnt = arg_cnt;
	p->cnt = 0;
	p->used = 0;
	return parse(p);
}

int format_check(const char *fmt, size_t fmt_size, u32 arg_cnt)
{
	struct parser p;

	return parse_format(&p, NULL, fmt, fmt_size, NULL, arg_cnt);
}

long format_text(const struct run *run, char *out_buf, size_t size, const char *fmt,
		 size_t fmt_size, const void *args, u32 arg_cnt)
{
	struct output out = {out_buf, size ? size - 1 : 0, size, 0};
	struct parser p;
	int error = parse_format(&p, run, fmt, fmt_size, args, arg_cnt);

	if (error)
		return error;
	for (u32 i = 0; i < p.cnt; i++) {
		put_literal(&out, p.conv[i].literal, p.conv[i].literal_len);
		put_conversion(&out, run, &p.conv[i]);
	}
	put_literal(&out, p.tail, (size_t)(p.end - p.tail));
	if (size)
		out_buf[u64_min(out.len, size - 1)] = 0;
	return (long)out.len;
}
