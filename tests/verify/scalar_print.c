/* SPDX-License-Identifier: BSD-2-Clause */
/* How scalars look in the verifier's log, by scalar_print.txt. */
#include "tap.h"
#include "verify/scalar.h"

struct field {
	const char *name;
	size_t offset, size;
};

#define FIELD(name, member)                                                                        \
	{                                                                                          \
		name, offsetof(struct scalar, member), sizeof(((struct scalar *)0)->member)        \
	}

static const struct field fields[] = {
	FIELD("smin", smin),	     FIELD("smax", smax),      FIELD("umin", umin),
	FIELD("umax", umax),	     FIELD("s32min", s32_min), FIELD("s32max", s32_max),
	FIELD("u32min", u32_min),    FIELD("u32max", u32_max), FIELD("value", var_off.value),
	FIELD("mask", var_off.mask),
};

/* "name=number", onto the scalar. */
static bool set_field(struct scalar *a, const char *word)
{
	size_t i, len = strcspn(word, "=");
	u64 v;
	u32 half;

	v = word[len + 1] == '-' ? (u64)strtoll(word + len + 1, NULL, 0)
				 : strtoull(word + len + 1, NULL, 0);
	half = (u32)v;
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strlen(fields[i].name) != len || strncmp(fields[i].name, word, len))
			continue;
		memcpy((char *)a + fields[i].offset, fields[i].size == 4 ? (void *)&half : &v,
		       fields[i].size);
		return true;
	}
	return false;
}

/* "name: fields => text" */
static void test_line(char *line)
{
	char *name = line, *words = strstr(line, ":"), *text = strstr(line, "=>"), *word, *save;
	struct scalar a = scalar_unknown();
	struct buf buf;

	*words++ = 0;
	*text = 0;
	text += strlen("=>");
	text += *text == ' ';
	tap_begin(name);
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		check(set_field(&a, word));
	buf_init(&buf, &mem_libc);
	scalar_print(&a, "", &buf);
	check_str(buf_str(&buf), text);
	buf_free(&buf);
	tap_end();
}

static void test_file(void)
{
	const char *dir = getenv("ANYBPF_TEST_DATA");
	char path[1024], line[256];
	u32 cases = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/scalar_print.txt", dir ? dir : "tests/verify");
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' || !line[0])
			continue;
		test_line(line);
		cases++;
	}
	if (f)
		fclose(f);
	tap_begin("scalar_print.txt");
	check(cases > 0);
	tap_end();
}

static void print_one(struct buf *buf, void (*print)(s64 v, struct buf *out), s64 v,
		      const char *want)
{
	buf_reset(buf);
	print(v, buf);
	check_str(buf_str(buf), want);
}

static void print_u64(s64 v, struct buf *out)
{
	scalar_print_u64((u64)v, out);
}

static void test_numbers(void)
{
	struct buf buf;

	buf_init(&buf, &mem_libc);
	print_one(&buf, scalar_print_s64, 0, "0");
	print_one(&buf, scalar_print_s64, -1, "-1");
	print_one(&buf, scalar_print_s64, 32767, "32767");
	print_one(&buf, scalar_print_s64, 32768, "0x8000");
	print_one(&buf, scalar_print_s64, -32768, "-32768");
	print_one(&buf, scalar_print_s64, -32769, "0xffffffffffff7fff");
	print_one(&buf, print_u64, 65535, "65535");
	print_one(&buf, print_u64, 65536, "0x10000");
	print_one(&buf, print_u64, -1, "0xffffffffffffffff");
	buf_free(&buf);
}

/* What the caller printed before is followed by its separator, if anything is. */
static void test_separator(void)
{
	struct scalar a = scalar_unknown();
	struct buf buf;

	buf_init(&buf, &mem_libc);
	scalar_print(&a, ",", &buf);
	check_str(buf_str(&buf), "");
	a.umin = 1;
	scalar_print(&a, ",", &buf);
	check_str(buf_str(&buf), ",umin=1");
	buf_free(&buf);
}

int main(void)
{
	test_file();
	run_test(test_numbers);
	run_test(test_separator);
	return tap_done();
}
