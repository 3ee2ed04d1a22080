/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF as text that a person can read, for the data files of this folder: one
 * type a line in the order of ids, what a type consists of on the lines
 * below it. "-" is no name. Numbers are as in the raw BTF.
 *
 *	INT name size bits [encoding [offset]]	SIGNED CHAR BOOL or a number
 *	PTR - type	also CONST VOLATILE RESTRICT TYPEDEF TYPE_TAG
 *	FUNC name type, FUNC_PROTO - type, FWD name, FLOAT name size
 *	ARRAY - elem index nelems
 *	STRUCT name size, UNION name size, ENUM, ENUM64, DATASEC
 *	VAR name type linkage, DECL_TAG name type component
 *	. name type bit_offset [bits]	a member; bits where the struct has kflag=1
 *	. name value			an enumerator
 *	. name type			a parameter
 *	. type offset size		a variable of a DATASEC
 *	WORDS n...			raw words
 *	HEADER field=n field=+n ...	magic version flags hdr_len type_off type_len
 *					str_off str_len; extra=n longer by zero bytes,
 *					tail=n zero bytes at the end, size=n cut to
 *	STRINGS "..."			instead of the names' own; \0 for NUL
 *
 * Any type line may end in kflag=1 vlen=n info=n name_off=n. A name may be @n:
 * a raw offset; \xnn in it is a byte.
 */
#ifndef ANYBPF_TESTS_BTF_TEXT_H
#define ANYBPF_TESTS_BTF_TEXT_H

#include "base/bytes.h"
#include "btf/btf.h"
#include "tap.h"

#define TEXT_MAX 65536

struct text_btf {
	u8 types[TEXT_MAX];
	char strs[TEXT_MAX];
	u32 type_len, str_len;
	u32 last; /* offset of the type whose items follow */
	char header[256];
	u8 raw[2 * TEXT_MAX];
	u32 size;
};

static const char *const text_kinds[] = {
	[BTF_KIND_INT] = "INT",
	[BTF_KIND_PTR] = "PTR",
	[BTF_KIND_ARRAY] = "ARRAY",
	[BTF_KIND_STRUCT] = "STRUCT",
	[BTF_KIND_UNION] = "UNION",
	[BTF_KIND_ENUM] = "ENUM",
	[BTF_KIND_FWD] = "FWD",
	[BTF_KIND_TYPEDEF] = "TYPEDEF",
	[BTF_KIND_VOLATILE] = "VOLATILE",
	[BTF_KIND_CONST] = "CONST",
	[BTF_KIND_RESTRICT] = "RESTRICT",
	[BTF_KIND_FUNC] = "FUNC",
	[BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
	[BTF_KIND_VAR] = "VAR",
	[BTF_KIND_DATASEC] = "DATASEC",
	[BTF_KIND_FLOAT] = "FLOAT",
	[BTF_KIND_DECL_TAG] = "DECL_TAG",
	[BTF_KIND_TYPE_TAG] = "TYPE_TAG",
	[BTF_KIND_ENUM64] = "ENUM64",
};

static inline void text_begin(struct text_btf *b)
{
	b->type_len = 0;
	b->str_len = 1;
	b->strs[0] = 0;
	b->header[0] = 0;
}

static inline void text_word(struct text_btf *b, u32 word)
{
	if (b->type_len + 4 > sizeof(b->types))
		return;
	put_u32(b->types + b->type_len, word);
	b->type_len += 4;
}

/* A number, which may be negative or of 64 bits. */
static inline u64 text_number(const char *s)
{
	return *s == '-' ? -strtoull(s + 1, NULL, 0) : strtoull(s, NULL, 0);
}

/* Undoes \0, \xnn and \\ in place; the length. */
static inline u32 text_unescape(char *s)
{
	char *out = s;
	char *start = s;

	while (*s) {
		if (*s != '\\') {
			*out++ = *s++;
		} else if (s[1] == 'x') {
			char hex[3] = {s[2], s[3], 0};

			*out++ = (char)strtoul(hex, NULL, 16);
			s += 4;
		} else {
			*out++ = s[1] == '0' ? 0 : s[1];
			s += 2;
		}
	}
	return (u32)(out - start);
}

static inline u32 text_name(struct text_btf *b, const char *name)
{
	u32 off = b->str_len, len;
	char copy[2048];

	if (!strcmp(name, "-"))
		return 0;
	if (*name == '@')
		return (u32)text_number(name + 1);
	snprintf(copy, sizeof(copy), "%s", name);
	len = text_unescape(copy);
	memcpy(b->strs + off, copy, len);
	b->strs[off + len] = 0;
	b->str_len = off + len + 1;
	return off;
}

static inline u32 text_encoding(const char *word)
{
	if (!strcmp(word, "SIGNED"))
		return BTF_INT_SIGNED;
	if (!strcmp(word, "CHAR"))
		return BTF_INT_CHAR;
	if (!strcmp(word, "BOOL"))
		return BTF_INT_BOOL;
	return (u32)text_number(word);
}

/* kflag=1 and the like: changes the head of the last type. */
static inline void text_attribute(struct text_btf *b, const char *word)
{
	const char *eq = strchr(word, '=');
	u32 n = (u32)text_number(eq + 1), info = get_u32(b->types + b->last + 4);

	if (!strncmp(word, "kflag", 5))
		put_u32(b->types + b->last + 4, info | n << 31);
	else if (!strncmp(word, "vlen", 4))
		put_u32(b->types + b->last + 4, (info & ~0xffffu) | n);
	else if (!strncmp(word, "info", 4))
		put_u32(b->types + b->last + 4, n);
	else if (!strncmp(word, "name_off", 8))
		put_u32(b->types + b->last, n);
	else
		tap_fail("unknown attribute %s", word);
}

static inline void text_type(struct text_btf *b, enum btf_kind kind, char **word, u32 n)
{
	u32 size = n > 2 ? (u32)text_number(word[2]) : 0;

	b->last = b->type_len;
	text_word(b, n > 1 ? text_name(b, word[1]) : 0);
	text_word(b, (u32)kind << 24);
	text_word(b, kind == BTF_KIND_ARRAY ? 0 : size);
	if (kind == BTF_KIND_INT) {
		text_word(b, (n > 4 ? text_encoding(word[4]) : 0) << 24 |
				     (n > 5 ? (u32)text_number(word[5]) : 0) << 16 |
				     (u32)text_number(word[3]));
	} else if (kind == BTF_KIND_ARRAY) {
		for (u32 i = 2; i < 5; i++)
			text_word(b, (u32)text_number(word[i]));
	} else if (kind == BTF_KIND_VAR || kind == BTF_KIND_DECL_TAG) {
		text_word(b, (u32)text_number(word[3]));
	}
}

static inline void text_item(struct text_btf *b, char **word, u32 n)
{
	u32 info = get_u32(b->types + b->last + 4);
	enum btf_kind kind = (enum btf_kind)(info >> 24 & 0x1f);

	put_u32(b->types + b->last + 4, info + 1);
	if (kind == BTF_KIND_DATASEC)
		text_word(b, (u32)text_number(word[1]));
	else
		text_word(b, text_name(b, word[1]));
	text_word(b, (u32)text_number(word[2]));
	if (kind == BTF_KIND_ENUM64)
		text_word(b, (u32)(text_number(word[2]) >> 32));
	else if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_DATASEC)
		text_word(b, (u32)text_number(word[3]) |
				     (n > 4 ? (u32)text_number(word[4]) << 24 : 0));
}

static inline u32 text_split(char *line, char **word, u32 max)
{
	u32 n = 0;

	for (char *s = strtok(line, " \t"); s && n < max; s = strtok(NULL, " \t"))
		word[n++] = s;
	return n;
}

/* Takes a line of the description; false when it is none. */
static inline bool text_line(struct text_btf *b, const char *text)
{
	char line[4096], *word[64];
	u32 n, plain = 0;

	snprintf(line, sizeof(line), "%s", text + strspn(text, "\t "));
	if (!strncmp(line, "HEADER ", 7)) {
		snprintf(b->header, sizeof(b->header), "%.255s", line + 7);
		return true;
	}
	if (!strncmp(line, "STRINGS \"", 9)) {
		line[strlen(line) - 1] = 0;
		b->str_len = text_unescape(line + 9);
		memcpy(b->strs, line + 9, b->str_len);
		return true;
	}
	n = text_split(line, word, ARRAY_SIZE(word));
	while (plain < n && (!strchr(word[plain], '=') || word[plain][0] == '='))
		plain++;
	if (!n)
		return false;
	if (!strcmp(word[0], ".")) {
		text_item(b, word, plain);
		return true;
	}
	if (!strcmp(word[0], "WORDS")) {
		for (u32 i = 1; i < n; i++)
			text_word(b, (u32)text_number(word[i]));
		return true;
	}
	for (u32 kind = 1; kind < ARRAY_SIZE(text_kinds); kind++) {
		if (strcmp(word[0], text_kinds[kind]))
			continue;
		text_type(b, (enum btf_kind)kind, word, plain);
		for (u32 i = plain; i < n; i++)
			text_attribute(b, word[i]);
		return true;
	}
	return false;
}

static inline void text_header_field(struct text_btf *b, struct btf_header *h, const char *word,
				     u32 *extra, u32 *tail)
{
	const char *eq = strchr(word, '=');
	bool delta = eq[1] == '+' || eq[1] == '-';
	u32 n = (u32)text_number(eq[1] == '+' ? eq + 2 : eq + 1);
	u32 *const fields[] = {&h->hdr_len, &h->type_off, &h->type_len, &h->str_off,
			       &h->str_len, extra,	  tail,		&b->size};
	static const char *const names[] = {"hdr_len", "type_off", "type_len", "str_off",
					    "str_len", "extra",	   "tail",     "size"};

	if (!strncmp(word, "magic=", 6))
		h->magic = (u16)n;
	else if (!strncmp(word, "version=", 8))
		h->version = (u8)n;
	else if (!strncmp(word, "flags=", 6))
		h->flags = (u8)n;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(word, names[i], (size_t)(eq - word)) && !names[i][eq - word])
			*fields[i] = n + (delta ? *fields[i] : 0);
}

/* The bytes, in b->raw. */
static inline void text_end(struct text_btf *b)
{
	struct btf_header h = {.magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h)};
	u32 extra = 0, tail = 0, at = sizeof(h);
	char *word[16];
	u32 n = text_split(b->header, word, ARRAY_SIZE(word));

	h.type_len = h.str_off = b->type_len;
	h.str_len = b->str_len;
	b->size = UINT32_MAX;
	for (u32 i = 0; i < n; i++)
		text_header_field(b, &h, word[i], &extra, &tail);
	memset(b->raw, 0, sizeof(b->raw));
	memcpy(b->raw, &h, sizeof(h));
	at += extra;
	memcpy(b->raw + at, b->types, b->type_len);
	at += b->type_len;
	memcpy(b->raw + at, b->strs, b->str_len);
	at += b->str_len + tail;
	b->size = at < b->size ? at : b->size;
}

/* The same BTF in the other byte order: all but the strings are numbers. */
static inline void text_swap(u8 *raw, u32 size, u32 type_off, u32 type_len)
{
	u16 magic = __builtin_bswap16(get_u16(raw));

	put_u16(raw, magic);
	for (u32 at = 4; at + 4 <= size && at < sizeof(struct btf_header); at += 4)
		put_u32(raw + at, __builtin_bswap32(get_u32(raw + at)));
	for (u32 at = type_off; at + 4 <= size && at < type_off + type_len; at += 4)
		put_u32(raw + at, __builtin_bswap32(get_u32(raw + at)));
}

static inline FILE *text_open(const char *name)
{
	const char *dir = getenv("ANYBPF_TEST_DATA");
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/btf", name);
	f = fopen(path, "r");
	if (!f) {
		tap_begin(name);
		tap_fail("%s cannot be opened", path);
		tap_end();
	}
	return f;
}

#endif
