/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expressions in lines of C, by the column that line information gives:
 * what is marked, which pointer is followed, what gets the value. The columns
 * are those that clang writes.
 */
#include "explain/source.h"
#include "tap.h"

static const struct {
	const char *line;
	const char *at; /* where the column points: the first occurrence of this */
	enum expr_role role;
	const char *marked;
	const char *pointer, *variable; /* NULL: none */
} cases[] = {
	/* members: the column is at the member's name, or at the start */
	{"\tvoid *data = (void *)(long)ctx->data;", "data;", EXPR_VALUE, "ctx->data", "ctx",
	 "data"},
	{"\tval->packets++;", "val", EXPR_VALUE, "val->packets", "val", NULL},
	{"\tx = a->b->c;", "c;", EXPR_VALUE, "a->b->c", "a->b", "x"},
	{"\tx.y = s.list[i].next->id;", "id", EXPR_VALUE, "s.list[i].next->id", "s.list[i].next",
	 "x.y"},
	{"\treturn skb->cb[skb->mark & 3];", "skb->cb", EXPR_VALUE, "skb->cb[skb->mark & 3]",
	 "skb->cb", NULL},
	/* subscripts and dereferences */
	{"\treturn data[12] ? 1 : 2;", "data", EXPR_VALUE, "data[12]", "data", NULL},
	{"\tu8 b = *p;", "*p", EXPR_VALUE, "*p", "p", "b"},
	{"\tu8 b = *(u8 *)(p + 1);", "*(", EXPR_VALUE, "*(u8 *)(p + 1)", NULL, "b"},
	{"\tif (!*p)", "*p", EXPR_VALUE, "*p", "p", NULL},
	/* calls */
	{"\tstruct v *v = bpf_map_lookup_elem(&m, &k);", "bpf_map", EXPR_VALUE,
	 "bpf_map_lookup_elem(&m, &k)", NULL, "v"},
	{"\tif (!(e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0)))", "bpf_ring", EXPR_VALUE,
	 "bpf_ringbuf_reserve(&rb, sizeof(*e), 0)", NULL, "e"},
	{"\tn = f(g(x), 1) + 2;", "f(", EXPR_VALUE, "f(g(x), 1)", NULL, NULL},
	{"\tn = f(g(x), 1);", "g(", EXPR_VALUE, "g(x)", NULL, NULL},
	/* stores: what is stored to */
	{"\tbuf[i] = 3;", "=", EXPR_STORE, "buf[i]", "buf", NULL},
	{"\t*e = 5;", "=", EXPR_STORE, "*e", "e", NULL},
	{"\tval->n += len;", "+=", EXPR_STORE, "val->n", "val", NULL},
	{"\tval->n |= 1;", "|=", EXPR_STORE, "val->n", "val", NULL},
	/* conditions */
	{"\tif (data + 14 > end)", "data", EXPR_CONDITION, "data + 14 > end", NULL, NULL},
	{"\tif (a && p + n <= end && b)", "<=", EXPR_CONDITION, "p + n <= end", NULL, NULL},
	{"\treturn x == 3 ? 1 : 2;", "==", EXPR_CONDITION, "x == 3", NULL, NULL},
	{"\twhile (i < 10)", "while", EXPR_CONDITION, "while (i < 10)", NULL, NULL},
	{"\tfor (i = 0; i < n; i++)", "for", EXPR_VALUE, "for (i = 0; i < n; i++)", NULL, NULL},
	/* arithmetic */
	{"\tp = data + off;", "+", EXPR_VALUE, "data + off", NULL, "p"},
	{"\tx = a->b * (c + 1);", "*", EXPR_VALUE, "a->b * (c + 1)", NULL, "x"},
	{"\treturn -x;", "-", EXPR_VALUE, "-x", NULL, NULL},
	{"\ti++;", "++", EXPR_VALUE, "i++", NULL, NULL},
	{"\treturn f(a);", "return", EXPR_VALUE, "return f(a)", NULL, NULL},
	/* declarations */
	{"\tint n = a->len, m = b->len;", "len, m", EXPR_VALUE, "a->len", "a", "n"},
	{"\tint n = a->len, m = b->len;", "len;", EXPR_VALUE, "b->len", "b", "m"},
	/* lines that end within an expression */
	{"\tx = f(a,", "f(", EXPR_VALUE, "f", NULL, NULL},
	{"\tif (a[i", "a[", EXPR_VALUE, "a", NULL, NULL},
	{"}", "}", EXPR_VALUE, "}", NULL, NULL},
};

struct text_btf {
	struct bpf_line_info line;
	struct btf *btf;
};

/* Line information whose text is @line. */
static bool make(struct text_btf *t, const char *line, u32 column)
{
	static const char start[] = "\0file.c";
	const u32 type[4] = {0, (u32)BTF_KIND_INT << 24, 4, 32};
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = sizeof(type),
		.str_off = sizeof(type),
		.str_len = (u32)(sizeof(start) + strlen(line) + 1),
	};
	struct buf raw;
	int err;

	buf_init(&raw, &mem_libc);
	buf_add(&raw, &header, sizeof(header));
	buf_add(&raw, type, sizeof(type));
	buf_add(&raw, start, sizeof(start));
	buf_add(&raw, line, strlen(line) + 1);
	err = btf_parse(&mem_libc, raw.data, raw.len, NULL, &t->btf, NULL, NULL);
	buf_free(&raw);
	t->line = (struct bpf_line_info){
		.file_name_off = 1,
		.line_off = sizeof(start),
		.line_col = 7u << 10 | column,
	};
	return !err;
}

static void check_span(const char *what, bool found, struct span got, const char *want)
{
	if (found != (want != NULL) || (want && !span_is(got, want)))
		tap_fail("%s: got `%.*s`, not `%s`", what, found ? (int)got.len : 4,
			 found ? got.at : "none", want ? want : "none");
}

static void check_case(u32 i)
{
	const char *at = strstr(cases[i].line, cases[i].at);
	struct explain_input in = {.line_info_cnt = 1};
	struct explain_place place;
	struct text_btf t;
	struct span span = {"", 0};

	if (!at || !make(&t, cases[i].line, (u32)(at - cases[i].line) + 1)) {
		tap_fail("cannot be set up");
		return;
	}
	in.btf = t.btf;
	in.line_info = &t.line;
	source_place(&in, 0, cases[i].role, &place);
	check_span("marked", place_expression(&place, &span), span, cases[i].marked);
	if (cases[i].role != EXPR_CONDITION) {
		check_span("pointer", place_pointer(&place, &span), span, cases[i].pointer);
		if (cases[i].role == EXPR_VALUE)
			check_span("variable", place_variable(&in, &place, &span), span,
				   cases[i].variable);
	}
	btf_free(t.btf);
}

static void test_arguments(void)
{
	struct explain_input in = {.line_info_cnt = 1};
	struct explain_place place;
	struct span argument;
	struct text_btf t;

	if (!make(&t, "\tn = f(&a, g(b, c), sizeof(d));", 6)) {
		tap_fail("cannot be set up");
		return;
	}
	in.btf = t.btf;
	in.line_info = &t.line;
	source_place(&in, 0, EXPR_VALUE, &place);
	check(place_argument(&place, 1, &argument) && span_is(argument, "&a"));
	check(place_argument(&place, 2, &argument) && span_is(argument, "g(b, c)"));
	check(place_argument(&place, 3, &argument) && span_is(argument, "sizeof(d)"));
	check(!place_argument(&place, 4, &argument));
	btf_free(t.btf);
}

int main(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s at %s", cases[i].line + (*cases[i].line == '\t'),
			 cases[i].at);
		tap_begin(name);
		check_case(i);
		tap_end();
	}
	run_test(test_arguments);
	return tap_done();
}
