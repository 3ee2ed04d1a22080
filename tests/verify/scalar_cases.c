/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neither less nor more is known than Linux 6.12 knows, by scalar_cases.txt:
 * which programs are accepted hangs on it. Where random comparison with a
 * newer kernel must leave room, these lines leave none.
 */
#include "isa/uapi.h"
#include "tap.h"
#include "verify/scalar.h"
#include "verify/scalar_text.h"

#define MAX_OPERANDS 2

struct operation {
	const char *name;
	u8 op;
};

static const struct operation alu_ops[] = {
	{"add", BPF_ADD}, {"sub", BPF_SUB}, {"mul", BPF_MUL},	{"div", BPF_DIV},
	{"mod", BPF_MOD}, {"and", BPF_AND}, {"or", BPF_OR},	{"xor", BPF_XOR},
	{"lsh", BPF_LSH}, {"rsh", BPF_RSH}, {"arsh", BPF_ARSH},
};

static const struct operation jump_ops[] = {
	{"jeq", BPF_JEQ},   {"jne", BPF_JNE},	{"jgt", BPF_JGT},   {"jge", BPF_JGE},
	{"jlt", BPF_JLT},   {"jle", BPF_JLE},	{"jset", BPF_JSET}, {"jsgt", BPF_JSGT},
	{"jsge", BPF_JSGE}, {"jslt", BPF_JSLT}, {"jsle", BPF_JSLE},
};

/* "add64": the operation, and whether it is one on 64 bits. */
static bool find_op(const struct operation *ops, size_t cnt, const char *word, u8 *op, bool *is64)
{
	for (size_t i = 0; i < cnt; i++) {
		size_t len = strlen(ops[i].name);

		if (strncmp(word, ops[i].name, len))
			continue;
		*op = ops[i].op;
		*is64 = !strncmp(word + len, "64", 2);
		if (*is64 || !strncmp(word + len, "32", 2))
			return true;
	}
	return false;
}

static void text_of(const struct scalar *a, char *text, size_t size)
{
	struct buf buf;

	buf_init(&buf, &mem_libc);
	if (scalar_is_const(a)) {
		scalar_print_s64((s64)a->var_off.value, &buf);
	} else {
		buf_puts(&buf, "scalar(");
		scalar_print(a, "", &buf);
		buf_putc(&buf, ')');
	}
	snprintf(text, size, "%s", buf_str(&buf));
	buf_free(&buf);
}

static void do_sync(const char *word, struct scalar *a)
{
	(void)word;
	scalar_sync(a);
}

static void do_mov32(const char *word, struct scalar *a)
{
	(void)word;
	*a = scalar_mov32(*a);
}

static void do_zext(const char *word, struct scalar *a)
{
	*a = scalar_zext(*a, (u8)(word[4] - '0'));
}

static void do_sext(const char *word, struct scalar *a)
{
	*a = scalar_sext(*a, (u8)(word[4] - '0'), !strncmp(word + 5, "_64", 3));
}

static const struct unary {
	const char *name;
	void (*fn)(const char *word, struct scalar *a);
} unaries[] = {{"sync", do_sync}, {"mov32", do_mov32}, {"zext", do_zext}, {"sext", do_sext}};

static bool run_unary(const char *word, struct scalar *a, char *got, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(unaries); i++) {
		if (strncmp(word, unaries[i].name, strlen(unaries[i].name)))
			continue;
		unaries[i].fn(word, a);
		text_of(a, got, size);
		return true;
	}
	return false;
}

/* "always", "never", or both sides on the branch that the line asks for. */
static void run_jump(const char *word, u8 op, bool is64, struct scalar v[2], char *got, size_t size)
{
	int decided = scalar_branch(op, is64, &v[0], &v[1]);
	bool taken = strstr(word, " taken") != NULL;
	size_t len;

	if (decided >= 0) {
		snprintf(got, size, "%s", decided ? "always" : "never");
	} else if (!scalar_refine(op, is64, taken, &v[0], &v[1])) {
		snprintf(got, size, "impossible");
	} else {
		text_of(&v[0], got, size);
		len = strlen(got);
		snprintf(got + len, size - len, " | ");
		text_of(&v[1], got + len + 3, size - len - 3);
	}
}

static bool run_case(const char *word, struct scalar v[2], char *got, size_t size)
{
	struct scalar r;
	bool is64;
	u8 op;

	if (run_unary(word, &v[0], got, size))
		return true;
	if (find_op(jump_ops, ARRAY_SIZE(jump_ops), word, &op, &is64)) {
		run_jump(word, op, is64, v, got, size);
		return true;
	}
	if (!find_op(alu_ops, ARRAY_SIZE(alu_ops), word, &op, &is64))
		return false;
	r = scalar_alu(op, is64, 0, v[0], v[1]);
	text_of(&r, got, size);
	return true;
}

static void test_line(char *line)
{
	struct scalar v[MAX_OPERANDS] = {{.smin = 0}};
	char *want = strstr(line, " => "), *operand = strstr(line, " | ");
	char got[1024] = "";
	u32 cnt = 0;

	if (!want || !operand || operand > want) {
		tap_fail("malformed: %s", line);
		return;
	}
	*want = 0;
	want += strlen(" => ");
	while (operand && cnt < MAX_OPERANDS) {
		char *next = strstr(operand + 1, " | ");

		*operand = 0;
		if (next)
			*next = 0;
		if (!parse_scalar(operand + 3, &v[cnt++]))
			tap_fail("%s: not a number: %s", line, operand + 3);
		operand = next;
	}
	if (!run_case(line, v, got, sizeof(got)))
		tap_fail("no such operation: %s", line);
	else if (strcmp(got, want))
		tap_fail("%s of %s gives %s, not %s", line, line + strlen(line) + 3, got, want);
}

int main(void)
{
	const char *dir = getenv("ANYBPF_TEST_DATA");
	char path[1024], line[1024], name[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/scalar_cases.txt", dir ? dir : "tests/verify");
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' || !line[0])
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, "|") - 1, line);
		tap_begin(name);
		test_line(line);
		tap_end();
	}
	if (f)
		fclose(f);
	tap_begin("scalar_cases.txt is there");
	check(tap.n > 0);
	tap_end();
	return tap_done();
}
