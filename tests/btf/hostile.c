/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF of the full 16 MB, each made so that something that is quick for what
 * compilers write would take quadratic time or more. A case that takes longer
 * than any machine needs for linear work has failed.
 */
#include <time.h>

#include "btf/btf.h"
#include "text.h"

#define SIZE	(16u << 20)
#define SECONDS 60.0
#define CHAIN	600000u

static u32 *words; /* the types */
static u32 n;
static u8 *raw;

static void add(u32 a, u32 info, u32 b)
{
	words[n++] = a;
	words[n++] = info;
	words[n++] = b;
}

static u32 head(enum btf_kind kind, u32 vlen)
{
	return (u32)kind << 24 | vlen;
}

static void add_int(u32 name)
{
	add(name, head(BTF_KIND_INT, 0), 4);
	words[n++] = 32;
}

/* The types and @strs bytes of strings: a NUL, then x, y, z and a last NUL. */
static struct btf *parse(u32 strs)
{
	struct btf_header h = {BTF_MAGIC, BTF_VERSION, 0, sizeof(h), 0, 4 * n, 4 * n, strs};
	u8 *s = raw + sizeof(h) + 4 * (size_t)n;
	struct btf *btf = NULL;
	struct err err = {0};

	memcpy(raw, &h, sizeof(h));
	memcpy(raw + sizeof(h), words, 4 * (size_t)n);
	memset(s, 'x', strs);
	s[0] = s[strs - 1] = 0;
	if (btf_load(&mem_libc, raw, sizeof(h) + 4 * (size_t)n + strs, &btf, NULL))
		tap_fail("%s", err.text);
	return btf;
}

/* Typedefs of typedefs, and arrays of the last. */
static struct btf *typedefs(void)
{
	add_int(1);
	for (u32 id = 1; id < CHAIN; id++)
		add(1, head(BTF_KIND_TYPEDEF, 0), id);
	for (u32 i = 0; i < 300000; i++) {
		add(0, head(BTF_KIND_ARRAY, 0), 0);
		words[n++] = CHAIN;
		words[n++] = 1;
		words[n++] = 1;
	}
	return parse(3);
}

/* Functions of one prototype with as many parameters as there can be. */
static struct btf *functions(void)
{
	add_int(1);
	add(0, head(BTF_KIND_FUNC_PROTO, 0xffff), 1);
	for (u32 i = 0; i < 0xffff; i++) {
		words[n++] = 1;
		words[n++] = 1;
	}
	for (u32 i = 0; i < 900000; i++)
		add(1, head(BTF_KIND_FUNC, 0), 2);
	return parse(3);
}

/* Names of megabytes, each a little shorter than the one before. */
static struct btf *names(void)
{
	for (u32 i = 0; i < 500000; i++)
		add_int(1 + i);
	return parse(SIZE - 4 * n - 24);
}

/* Structs, each in the next: deeper than any stack. */
static struct btf *structs(void)
{
	add_int(1);
	for (u32 id = 1; id < 500000; id++) {
		add(1, head(BTF_KIND_STRUCT, 1), 4);
		words[n++] = 1;
		words[n++] = id;
		words[n++] = 0;
	}
	return parse(3);
}

/* Unions with the one before twice: 2^60 values in four bytes. */
static struct btf *unions(void)
{
	add_int(1);
	for (u32 id = 1; id < 60; id++) {
		add(1, head(BTF_KIND_UNION, 2), 4);
		for (u32 i = 0; i < 2; i++) {
			words[n++] = 1;
			words[n++] = id;
			words[n++] = 0;
		}
	}
	return parse(3);
}

/* Prototypes that take the one before twice. */
static struct btf *prototypes(void)
{
	add(0, head(BTF_KIND_FUNC_PROTO, 0), 0);
	for (u32 id = 1; id < 120; id += 2) {
		add(0, head(BTF_KIND_PTR, 0), id);
		add(0, head(BTF_KIND_FUNC_PROTO, 2), 0);
		for (u32 i = 0; i < 4; i++)
			words[n++] = i % 2 ? id + 1 : 1;
	}
	return parse(3);
}

/* The last type in all ways. */
static void use(const struct btf *btf)
{
	static const struct btf_value_options json = {.json = true, .compact = true};
	u32 id = btf_type_cnt(btf) - 1;
	const u8 value[4] = {1, 2, 3, 4};
	struct buf text;

	buf_init(&text, &mem_libc);
	btf_type_name(btf, id, &text);
	btf_print_value(btf, id, value, sizeof(value), NULL, &text);
	btf_print_value(btf, id, value, sizeof(value), &json, &text);
	check(text.len && text.len < 1u << 30);
	check(btf_find(btf, btf_kind(btf_type_by_id(btf, id)), "x") != 0);
	buf_free(&text);
}

int main(void)
{
	static const struct {
		const char *name;
		struct btf *(*make)(void);
	} cases[] = {
		{"typedefs", typedefs}, {"functions", functions}, {"names", names},
		{"structs", structs},	{"unions", unions},	  {"prototypes", prototypes},
	};

	words = malloc(SIZE);
	raw = malloc(SIZE + 64);
	for (u32 i = 0; i < ARRAY_SIZE(cases) && words && raw; i++) {
		clock_t start = clock();
		struct btf *btf;

		tap_begin(cases[i].name);
		n = 0;
		btf = cases[i].make();
		if (btf)
			use(btf);
		btf_free(btf);
		printf("# %.2f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
		check((double)(clock() - start) / CLOCKS_PER_SEC < SECONDS);
		tap_end();
	}
	free(words);
	free(raw);
	return tap_done();
}
