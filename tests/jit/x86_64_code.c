/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What small functions of the intermediate form become on x86-64, from
 * lowering over register allocation to bytes. x86_64/code.txt holds the cases:
 *
 *	== what is shown, a processor with everything
 *	== what is shown | baseline
 *	the function, see jit/ir/print.c
 *	=>
 *	bytes	the same in words, for readers
 *
 * Results are not run here: tests that compare with the interpreter do that.
 * With --print the bytes of each case are printed instead.
 */
#include "jit/x86_64/x86_64.h"

#include "base/bytes.h"
#include "tap.h"

struct scene {
	struct arena arena;
	struct jit_options options;
	struct jit_unit unit;
	struct ir_fn fn;
	struct jit_code code;
	struct err err;
};

static void scene_open(struct scene *s, u32 features)
{
	*s = (struct scene){.options = {.passes = JIT_PASSES_ALL}};
	arena_init(&s->arena, &mem_libc);
	s->unit = (struct jit_unit){
		.options = &s->options, .mem = &mem_libc, .err = &s->err, .features = features};
	s->code = (struct jit_code){.unit = &s->unit};
	buf_init(&s->code.buf, &mem_libc);
}

static void scene_close(struct scene *s)
{
	code_free(&s->code);
	arena_free(&s->arena);
}

static bool compile(struct scene *s, const char *text)
{
	if (ir_fn_init(&s->fn, &s->unit, &s->arena, 0) || ir_parse(&s->fn, text, &s->err)) {
		tap_fail("%s", s->err.text);
		return false;
	}
	ir_clean(&s->fn);
	ir_cfg(&s->fn);
	jit_x86_64.lower(&s->fn);
	ir_clean(&s->fn);
	ir_cfg(&s->fn);
	if (jit_regalloc(&jit_x86_64, &s->fn) || jit_x86_64.emit(&s->code, &s->fn)) {
		tap_fail("no code: %s", s->err.text);
		return false;
	}
	return true;
}

/* ---- cases ---- */

static void to_hex(const struct buf *code, char *out, size_t size)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < code->len && n + 3 < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%02x", code->data[i]);
}

/* The bytes of all lines, without what stands behind them. */
static void expected_hex(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		for (const char *p = text; *p && *p != '\t' && *p != '\n' && n + 1 < size; p++) {
			if (*p != ' ')
				out[n++] = *p;
		}
	}
	out[n] = 0;
}

/* @text: the title's line, the function, "=>", the bytes; it is cut there. */
static void run_case(char *text, bool print)
{
	char *body = strchr(text, '\n'), *bytes = strstr(text, "\n=>\n");
	char want[4096], got[4096];
	struct scene s;

	if (!body || !bytes) {
		tap_begin(text);
		tap_fail("no '=>'");
		tap_end();
		return;
	}
	*body++ = 0;
	*bytes = 0;
	bytes += strlen("\n=>\n");
	tap_begin(text);
	scene_open(&s, strstr(text, "| baseline") ? 0 : BIT(X86_FEATURE_CNT) - 1);
	if (compile(&s, body)) {
		to_hex(&s.code.buf, got, sizeof(got));
		expected_hex(bytes, want, sizeof(want));
		if (print)
			printf("%s\n", got);
		else if (strcmp(got, want))
			tap_fail("%s, not %s", got, want);
	}
	scene_close(&s);
	if (!print)
		tap_end();
}

static void run_cases(char *text, bool print)
{
	char *at = strstr(text, "== "), *next;

	for (; at; at = next) {
		next = strstr(at, "\n== ");
		if (next) {
			*next = 0;
			next++;
		}
		run_case(at + strlen("== "), print);
	}
}

static char *read_cases(void)
{
	const char *data = getenv("ANYBPF_TEST_DATA");
	static char text[65536];
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/x86_64/code.txt", data ? data : "tests/jit");
	file = fopen(path, "r");
	if (!file)
		return NULL;
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	return text;
}

/* ---- places in a file's code that are filled in when it is loaded ---- */

static void test_ahead_of_time(void)
{
	static const char text[] = "fn 0, frame 0\n"
				   "b0:\n"
				   "\t%1 = param 0\n"
				   "\t%2 = call helper:5 (%1, @map:1)\n"
				   "\t%3 = add.d %2, @map:1\n"
				   "\tret %3\n";
	struct scene s;

	scene_open(&s, 0);
	s.unit.aot = true;
	if (compile(&s, text)) {
		check_eq(s.code.pool.len, 2);
		check_eq(s.code.pool_uses.len, 3);
		check_eq(s.code.pool.at[0].kind, SYM_MAP);
		check_eq(s.code.pool.at[1].kind, SYM_HELPER);
		check_eq(s.code.pool.at[1].index, 5);
		vec_each (&s.code.pool_uses, use) {
			u8 *at = s.code.buf.data + use->at;

			check(use->at + 4 <= s.code.buf.len);
			check_eq(get_le32(at), 0);
			jit_x86_64.link_pool(at, use->at, 0x1000 + 8ull * use->entry);
			check_eq(use->at + 4 + get_le32(at), 0x1000 + 8ull * use->entry);
		}
	}
	scene_close(&s);
}

int main(int argc, char **argv)
{
	char *text = read_cases();
	bool print = argc > 1 && !strcmp(argv[1], "--print");

	if (!text)
		return 1;
	run_cases(text, print);
	if (print)
		return 0;
	run_test(test_ahead_of_time);
	return tap_done();
}
