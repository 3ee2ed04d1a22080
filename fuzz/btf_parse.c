/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as BTF: a verdict with its words; when accepted, every query and
 * the printed value of every type, of whatever data and however little of it.
 */
#include <errno.h>
#include <string.h>

#include "btf/fields.h"
#include "fuzz.h"

/* ---- JSON, as strict as RFC 8259; each returns what follows, or NULL ---- */

static const char *json_value(const char *s);

static const char *json_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if ((u8)*s < 0x20)
			return NULL;
		if (*s != '\\')
			continue;
		s++;
		if (*s == 'u' && strspn(s + 1, "0123456789abcdef") >= 4)
			s += 4;
		else if (!*s || !strchr("\"\\/bfnrt", *s))
			return NULL;
	}
	return s + 1;
}

static const char *json_number(const char *s)
{
	size_t n;

	s += *s == '-';
	n = strspn(s, "0123456789");
	if (!n || (*s == '0' && n > 1))
		return NULL;
	s += n;
	if (*s == '.') {
		n = strspn(++s, "0123456789");
		if (!n)
			return NULL;
		s += n;
	}
	if (*s != 'e')
		return s;
	s += 1 + (s[1] == '+' || s[1] == '-');
	n = strspn(s, "0123456789");
	return n ? s + n : NULL;
}

static const char *json_space(const char *s)
{
	return s ? s + strspn(s, " \t\n") : NULL;
}

/* Behind the bracket at @s. */
static const char *json_list(const char *s, bool named, char close)
{
	s = json_space(s + 1);
	if (*s == close)
		return s + 1;
	for (;; s = json_space(s + 1)) {
		if (named) {
			s = json_string(s);
			if (!s || *s++ != ':')
				return NULL;
			s = json_space(s);
		}
		s = json_space(json_value(s));
		if (!s || *s == close)
			return s ? s + 1 : NULL;
		if (*s != ',')
			return NULL;
	}
}

static const char *json_value(const char *s)
{
	static const char *const words[] = {"null", "true", "false"};

	if (*s == '{')
		return json_list(s, true, '}');
	if (*s == '[')
		return json_list(s, false, ']');
	if (*s == '"')
		return json_string(s);
	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	return json_number(s);
}

static bool is_json(const struct buf *text)
{
	const char *end = json_value(buf_str(text));

	return end && !*end && end == buf_str(text) + text->len;
}

/* ---- a BTF that is accepted ---- */

static void print(const struct btf *btf, u32 id, const u8 *data, size_t size)
{
	static const struct btf_value_options options[] = {
		{.compact = true},
		{.json = true},
		{.zero_fields = true},
	};

	for (u32 i = 0; i < ARRAY_SIZE(options); i++) {
		struct buf text;
		int ret;

		buf_init(&text, &mem_libc);
		ret = btf_print_value(btf, id, data, size, &options[i], &text);
		fuzz_check(ret == (btf_size(btf, id) < 0 ? -EINVAL : 0));
		fuzz_check(ret || !options[i].json || is_json(&text));
		buf_free(&text);
	}
}

static void query(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);
	struct buf name;
	u32 to;

	fuzz_check(t);
	if (*btf_name(btf, t) && strlen(btf_name(btf, t)) <= 512) {
		s32 found = btf_find(btf, btf_kind(t), btf_name(btf, t));

		fuzz_check(found > 0 && (u32)found <= id);
	}
	fuzz_check(btf_skip_mods(btf, id, &to) == btf_type_by_id(btf, to));
	fuzz_check(btf_skip_quals(btf, id, &to) == btf_type_by_id(btf, to));
	fuzz_check(btf_size(btf, id) < 0 || btf_align(btf, id) > 0);
	buf_init(&name, &mem_libc);
	btf_type_name(btf, id, &name);
	fuzz_check(name.len);
	buf_free(&name);
}

/* Special fields are in the value, in order and not over each other. */
static void fields(const struct btf *btf, const struct btf *kernel, u32 id)
{
	struct btf_fields found;
	s64 size = btf_size(btf, id);
	u32 next = 0;

	if (size < 0 || btf_find_fields(btf, kernel, id, BTF_FIELDS_OF_MAPS, (u32)size, &found))
		return;
	for (u32 i = 0; i < found.cnt; i++) {
		fuzz_check(found.at[i].offset >= next);
		next = found.at[i].offset + found.at[i].size;
		fuzz_check(btf_fields_at(&found, found.at[i].offset, found.mask) == &found.at[i]);
	}
	fuzz_check(next <= size);
	fuzz_check(!found.cnt == !found.mask);
}

/* What has been read is BTF again, and the same. */
static void again(const struct btf *btf)
{
	struct btf *copy = NULL;
	u32 size, copy_size;
	const void *raw = btf_raw(btf, &size), *copy_raw;

	fuzz_check(btf_parse(&mem_libc, raw, size, NULL, &copy, NULL, NULL) == 0);
	copy_raw = btf_raw(copy, &copy_size);
	fuzz_check(copy_size == size && !memcmp(raw, copy_raw, size));
	fuzz_check(btf_type_cnt(copy) == btf_type_cnt(btf));
	btf_free(copy);
}

/* The same bytes as BTF that goes on from one that is accepted. */
static void split(const uint8_t *data, size_t size, const struct btf *base)
{
	struct btf *btf;

	if (btf_parse(&mem_libc, data, size, base, &btf, NULL, NULL))
		return;
	for (u32 id = btf_type_cnt(base); id < btf_type_cnt(btf); id++)
		query(btf, id);
	btf_free(btf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct btf *btf;
	struct log log;
	int ret;

	log_init(&log, &mem_libc, 1);
	ret = btf_parse(&mem_libc, data, size, NULL, &btf, &log, &err);
	fuzz_check(err.code == ret && (!ret || err.text[0]));
	log_free(&log);
	if (ret)
		return 0;
	again(btf);
	for (u32 id = 0; id < btf_type_cnt(btf) && id < 256; id++) {
		query(btf, id);
		print(btf, id, data, size < 256 ? size : 256);
		print(btf, id, data, id % 16);
	}
	split(data, size, btf);
	for (u32 id = 0; id < btf_type_cnt(btf) && id < 256; id++)
		fields(btf, id % 2 ? btf : NULL, id);
	(void)btf_add_struct_fields(btf, size % 2 ? btf : NULL);
	btf_free(btf);
	return 0;
}
