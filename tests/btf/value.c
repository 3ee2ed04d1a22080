/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Printed values, names, sizes: the cases of value.txt. Every value is printed
 * a second time with each of its last bytes missing, from memory of just that
 * size, so that a sanitizer sees a read beyond it.
 *
 *	data TOKENS	u8:n u16:n u32:n u64:n pad:n hex:... "text"/size f32:x f64:x
 *			bits32:off/len=n,...	bitfields of one 32-bit unit
 *	text|json|full ID EXPECTED	compact; full has zero members too
 *	lines ID, then "| ..." lines	not compact
 *	name ID EXPECTED, size ID SIZE ALIGN, find KIND NAME ID
 */
#include <errno.h>

#include "btf/btf.h"
#include "text.h"

static struct text_btf btf_text;
static struct btf *btf;
static u8 data[4096];
static u32 data_len;
static char title[200];

static void add_bytes(const void *p, u32 len)
{
	if (data_len + len > sizeof(data))
		return;
	memcpy(data + data_len, p, len);
	data_len += len;
}

static void add_number(u64 n, u32 size)
{
	const u8 *p = (const u8 *)&n;

	add_bytes(HOST_BIG_ENDIAN ? p + sizeof(n) - size : p, size);
}

/* A unit of bitfields as this machine's compilers lay it out. */
static void add_bits(char *spec)
{
	u32 unit = 0;

	for (char *s = strtok(spec, ","); s; s = strtok(NULL, ",")) {
		u32 off = (u32)strtoul(s, &s, 10), len = (u32)strtoul(s + 1, &s, 10);
		u32 n = (u32)text_number(s + 1) & (len < 32 ? (1u << len) - 1 : ~0u);

		unit |= n << (HOST_BIG_ENDIAN ? 32 - off - len : off);
	}
	add_number(unit, 4);
}

static void add_string(char *s)
{
	char *end = strrchr(s, '"');
	u32 size = (u32)text_number(end + 2), len;
	char copy[512] = {0};

	*end = 0;
	snprintf(copy, sizeof(copy), "%s", s + 1);
	len = text_unescape(copy);
	memset(copy + len, 0, sizeof(copy) - len);
	add_bytes(copy, size);
}

static void add_token(char *s)
{
	char *colon = strchr(s, ':'), *arg = colon ? colon + 1 : s;
	double d;
	float f;

	if (*s == '"') {
		add_string(s);
	} else if (!strncmp(s, "pad:", 4)) {
		for (u64 n = text_number(arg); n; n--)
			add_bytes("", 1);
	} else if (!strncmp(s, "hex:", 4)) {
		for (; arg[0] && arg[1]; arg += 2) {
			char hex[3] = {arg[0], arg[1], 0};

			add_number(strtoul(hex, NULL, 16), 1);
		}
	} else if (!strncmp(s, "f32:", 4)) {
		f = strtof(arg, NULL);
		add_bytes(&f, sizeof(f));
	} else if (!strncmp(s, "f64:", 4)) {
		d = strtod(arg, NULL);
		add_bytes(&d, sizeof(d));
	} else if (!strncmp(s, "bits32:", 7)) {
		add_bits(arg);
	} else if (*s == 'u') {
		add_number(text_number(arg), (u32)strtoul(s + 1, NULL, 10) / 8);
	} else {
		tap_fail("unknown data %s", s);
	}
}

/* Tokens are apart by spaces, which a string writes as \x20. */
static void read_data(char *s)
{
	char *word[64];
	u32 n = text_split(s, word, ARRAY_SIZE(word));

	data_len = 0;
	for (u32 i = 0; i < n; i++)
		add_token(word[i]);
}

static void print(u32 id, u32 len, const struct btf_value_options *opts, struct buf *out)
{
	u8 *copy = malloc(len ? len : 1);

	memcpy(copy, data, len);
	buf_init(out, &mem_libc);
	check_eq(btf_print_value(btf, id, copy, len, opts, out), 0);
	free(copy);
}

static void print_cut(u32 id, const struct btf_value_options *opts)
{
	for (u32 len = 0; len < data_len; len++) {
		struct buf out;

		print(id, len, opts, &out);
		buf_free(&out);
	}
}

static void check_value(char *arg, const struct btf_value_options *opts)
{
	char *want;
	u32 id = (u32)strtoul(arg, &want, 10);
	struct buf out;

	print(id, data_len, opts, &out);
	check_str(buf_str(&out), want + 1);
	buf_free(&out);
	print_cut(id, opts);
}

static void check_name(char *arg)
{
	char *want;
	u32 id = (u32)strtoul(arg, &want, 10);
	struct buf out;

	buf_init(&out, &mem_libc);
	btf_type_name(btf, id, &out);
	check_str(buf_str(&out), want + 1);
	buf_free(&out);
}

static void check_size(char *arg)
{
	char *word[3];

	if (text_split(arg, word, 3) != 3) {
		tap_fail("size takes three numbers");
		return;
	}
	check_eq(btf_size(btf, (u32)text_number(word[0])), text_number(word[1]));
	check_eq(btf_align(btf, (u32)text_number(word[0])), text_number(word[2]));
}

static void check_find(char *arg)
{
	char *word[3];
	u32 kind = 0;

	if (text_split(arg, word, 3) != 3)
		return;
	while (kind < BTF_KINDS && (!text_kinds[kind] || strcmp(text_kinds[kind], word[0])))
		kind++;
	check_eq(btf_find(btf, (enum btf_kind)kind, word[1]), text_number(word[2]));
}

/* The types are complete with the first line that is none. */
static void need_btf(void)
{
	struct err err = {0};

	if (btf)
		return;
	text_end(&btf_text);
	tap_begin(title);
	if (btf_parse(&mem_libc, btf_text.raw, btf_text.size, NULL, &btf, NULL, &err))
		tap_fail("%s", err.text);
}

static void end_case(void)
{
	if (btf)
		tap_end();
	btf_free(btf);
	btf = NULL;
}

static struct {
	bool open;
	u32 id;
	char want[4096];
} lines;

static void end_lines(void)
{
	static const struct btf_value_options opts = {0};
	struct buf out;

	if (!lines.open)
		return;
	lines.open = false;
	print(lines.id, data_len, &opts, &out);
	buf_putc(&out, '\n');
	check_str(buf_str(&out), lines.want);
	buf_free(&out);
}

static void directive(const char *word, char *arg)
{
	static const struct btf_value_options text = {.compact = true},
					      json = {.compact = true, .json = true},
					      full = {.compact = true, .zero_fields = true};

	if (!strcmp(word, "data")) {
		read_data(arg);
	} else if (!strcmp(word, "text")) {
		check_value(arg, &text);
	} else if (!strcmp(word, "json")) {
		check_value(arg, &json);
	} else if (!strcmp(word, "full")) {
		check_value(arg, &full);
	} else if (!strcmp(word, "name")) {
		check_name(arg);
	} else if (!strcmp(word, "size")) {
		check_size(arg);
	} else if (!strcmp(word, "find")) {
		check_find(arg);
	} else if (!strcmp(word, "lines")) {
		lines.open = true;
		lines.id = (u32)text_number(arg);
		lines.want[0] = 0;
	} else {
		tap_fail("unknown line: %s %s", word, arg);
	}
}

static void case_line(char *line)
{
	char word[32];
	int len = 0;

	if (lines.open && line[1] == '|') {
		strncat(lines.want, line[2] ? line + 3 : "", sizeof(lines.want) - 2);
		strcat(lines.want, "\n");
		return;
	}
	end_lines();
	if (!btf && text_line(&btf_text, line))
		return;
	need_btf();
	if (btf && sscanf(line, " %31s %n", word, &len) == 1)
		directive(word, line + len);
}

static void run_file(FILE *f)
{
	char line[4096];

	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' || !line[0])
			continue;
		if (line[0] == '\t') {
			case_line(line);
			continue;
		}
		end_lines();
		end_case();
		snprintf(title, sizeof(title), "%.199s", line);
		text_begin(&btf_text);
	}
	end_lines();
	end_case();
	fclose(f);
}

int main(void)
{
	FILE *f = text_open("value.txt");

	if (f)
		run_file(f);
	return tap_done();
}
