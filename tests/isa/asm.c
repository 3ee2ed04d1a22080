/* SPDX-License-Identifier: BSD-2-Clause */
/* The assembler: what it reads (tests/isa/asm.txt) and refuses (asm_errors.txt), memory failure. */
#include "tap.h"

#include "isa/asm.h"
#include "isa/data.h"
#include "isa/isa.h"

static int helper_id(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "map_lookup_elem") ? -1 : 1;
}

static bool kfunc(void *ctx, const char *name, s32 *btf_id, s16 *fd_index)
{
	(void)ctx;
	*btf_id = 321;
	*fd_index = 0;
	return !strcmp(name, "bpf_rcu_read_lock");
}

static bool map(void *ctx, const char *name, s32 *fd)
{
	(void)ctx;
	*fd = 42;
	return !strcmp(name, "counters");
}

static const struct asm_options options = {.helper_id = helper_id, .kfunc = kfunc, .map = map};

/* Bars that stand between blanks divide lines. */
static void make_lines(const char *in, char *out, size_t size)
{
	snprintf(out, size, "%s", in);
	for (char *p = out; (p = strstr(p, " | ")) != NULL; p++)
		memcpy(p, "\n  ", 3);
}

static void read_case(const char *left, const char *right)
{
	struct bpf_insn want[16] = {0}, *got;
	struct err err = {0};
	char text[1024];
	u32 cnt, n;

	make_lines(left, text, sizeof(text));
	n = data_insns(right, want, ARRAY_SIZE(want));
	if (isa_assemble(NULL, text, &options, &got, &cnt, &err))
		tap_fail("\"%s\": %s", left, err.text);
	else if (cnt != n || (n && memcmp(got, want, n * sizeof(*got))))
		tap_fail("\"%s\": other bytes", left);
	mem_free(&mem_libc, got);
}

static void error_case(const char *left, const char *right)
{
	struct bpf_insn *got;
	struct err err = {0};
	char text[1024];
	u32 cnt;

	/* Keep the columns: a line after a bar begins where its text does. */
	snprintf(text, sizeof(text), "%s", left);
	for (char *p = text, *bar; (bar = strstr(p, " | ")) != NULL; p = bar + 1) {
		*bar = '\n';
		memmove(bar + 1, bar + 3, strlen(bar + 3) + 1);
	}
	check_eq(isa_assemble(NULL, text, &options, &got, &cnt, &err), -EINVAL);
	check_str(err.text, right);
	check(!got && !cnt);
}

static void test_reads(void)
{
	data_each("asm.txt", " -> ", read_case);
}

static void test_errors(void)
{
	data_each("asm_errors.txt", " -> ", error_case);
}

/* ---- out of memory at each allocation in turn ---- */

struct failing {
	u32 left;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;

	if (size && f->left-- == 0) {
		f->left = 0;
		return NULL;
	}
	return mem_libc.realloc(mem_libc.ctx, p, size);
}

static void test_memory_failure(void)
{
	static const char text[] = "a: r1 = 5 ll\nif r1 == 1 goto a\nb: goto b\nc: goto c\nexit\n";
	int ret = -ENOMEM;

	for (u32 i = 0; ret == -ENOMEM && i < 100; i++) {
		struct failing f = {.left = i};
		struct mem mem = {.realloc = failing_realloc, .ctx = &f};
		struct bpf_insn *insns;
		u32 cnt;

		ret = isa_assemble(&mem, text, NULL, &insns, &cnt, NULL);
		check(i > 0 || ret == -ENOMEM);
		check(ret ? !insns : cnt == 6);
		mem_free(&mem, insns);
	}
	check_eq(ret, 0);
}

/* A jump over the reach of 16 bits, and gotol over it. */
static void test_far_labels(void)
{
	static char text[400000];
	struct bpf_insn *insns;
	struct err err = {0};
	size_t n = 0;
	u32 cnt;

	n += (size_t)sprintf(text, "gotol out\n");
	for (u32 i = 0; i < 32768; i++)
		n += (size_t)sprintf(text + n, "r0 = 1\n");
	sprintf(text + n, "out: exit\n");
	check_eq(isa_assemble(NULL, text, NULL, &insns, &cnt, &err), 0);
	check_eq(cnt, 32770);
	check_eq(insns[0].imm, 32768);
	mem_free(&mem_libc, insns);

	memcpy(text, "goto  out", 9);
	check_eq(isa_assemble(NULL, text, NULL, &insns, &cnt, &err), -EINVAL);
	check_str(err.text, "line 1, column 7: label is too far away: \"out\"");
}

int main(void)
{
	run_test(test_reads);
	run_test(test_errors);
	run_test(test_memory_failure);
	run_test(test_far_labels);
	return tap_done();
}
