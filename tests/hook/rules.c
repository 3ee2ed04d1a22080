/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What program types make of the same instructions: attach types, results,
 * sleeping, sockets and their references, maps. From rules.txt: each case is a
 * program, the verdict and its words, and is given to the running kernel too.
 */
#include <stdlib.h>

#include "tap.h"

#include "hook/maps.h"
#include "isa/asm.h"

struct test_case {
	char name[160];
	char type[32], attach[64];
	char expect[512]; /* "" accepted, else the errno's name and the message's lines */
	char skip[160];	  /* why the kernel is not asked */
	bool sleepable;
	u32 caps;
	char text[4096];
};

static const struct {
	const char *name;
	int code;
} errors[] = {
	{"ok", 0},	    {"EACCES", EACCES}, {"EINVAL", EINVAL},
	{"EFAULT", EFAULT}, {"EPERM", EPERM},	{"ENOTSUPP", ENOTSUPP},
};

static bool map_by_name(void *ctx, const char *name, s32 *fd)
{
	(void)ctx;
	for (u32 i = 0; i < ARRAY_SIZE(maps); i++) {
		if (strcmp(maps[i].name, name))
			continue;
		*fd = FAKE_FD + (s32)i;
		return true;
	}
	return false;
}

static int helper_by_name(void *ctx, const char *name)
{
	(void)ctx;
	return helper_id_by_name(name);
}

/* ---- the two verifiers ---- */

static u32 number_of(const char *name, const char *(*name_of)(u32), u32 cnt)
{
	for (u32 i = 0; i < cnt; i++)
		if (name_of(i) && !strcmp(name_of(i), name))
			return i;
	return UINT32_MAX;
}

static u32 type_of(const struct test_case *c)
{
	return number_of(c->type, prog_type_name, __MAX_BPF_PROG_TYPE);
}

static u32 attach_of(const struct test_case *c)
{
	return c->attach[0] ? number_of(c->attach, attach_type_name, __MAX_BPF_ATTACH_TYPE) : 0;
}

static const char *error_name(int error)
{
	for (u32 i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == -error)
			return errors[i].name;
	return "another error";
}

/* The errno's name, and each further line somewhere in the words. */
static void compare(const struct test_case *c, const char *who, int error, const char *words)
{
	char want[sizeof(c->expect)], *save, *line;

	snprintf(want, sizeof(want), "%s", c->expect[0] ? c->expect : "ok");
	line = strtok_r(want, "\n", &save);
	if (strcmp(error_name(error), line)) {
		tap_fail("%s: %s (%d), not %s: %.400s", who, error_name(error), error, line, words);
		return;
	}
	while ((line = strtok_r(NULL, "\n", &save)))
		if (!strstr(words, line))
			tap_fail("%s: no \"%s\" in: %.400s", who, line, words);
}

static void run_here(const struct test_case *c, const struct bpf_insn *insns, u32 cnt)
{
	const struct verify_input input = {
		.mem = &mem_libc,
		.insns = insns,
		.insn_cnt = cnt,
		.type = (enum bpf_prog_type)type_of(c),
		.attach_type = (enum bpf_attach_type)attach_of(c),
		.prog_flags = c->sleepable ? BPF_F_SLEEPABLE : 0,
		.rules = hook_find((enum bpf_prog_type)type_of(c))->rules,
		.gpl_compatible = true,
		.caps = c->caps,
		.resolve_map = resolve_map,
		.vmlinux = give_vmlinux,
	};
	struct verify_result result;

	if (verify(&input, &result))
		abort();
	compare(c, "here", result.error, result.message);
	verify_result_free(&result);
}

static void run_kernel(const struct test_case *c, struct bpf_insn *insns, u32 cnt)
{
	static char log[1 << 16];
	union bpf_attr attr;
	int fd;

	use_kernel_maps(insns, cnt);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type_of(c);
	attr.expected_attach_type = attach_of(c);
	attr.prog_flags = c->sleepable ? BPF_F_SLEEPABLE : 0;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	log[0] = 0;
	fd = kernel_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close(fd);
	compare(c, "the kernel", fd < 0 ? fd : 0, log);
}

static void run_case(const struct test_case *c)
{
	const struct asm_options opts = {.helper_id = helper_by_name, .map = map_by_name};
	struct bpf_insn *insns;
	struct err err = {0};
	u32 cnt;

	tap_begin(c->name);
	if (type_of(c) == UINT32_MAX || attach_of(c) == UINT32_MAX) {
		tap_fail("unknown type %s or attach type %s", c->type, c->attach);
	} else if (isa_assemble(&mem_libc, c->text, &opts, &insns, &cnt, &err)) {
		tap_fail("%s", err.text);
	} else {
		run_here(c, insns, cnt);
		if (!c->skip[0] && c->caps == HOST_CAP_ALL && kernel_usable())
			run_kernel(c, insns, cnt);
		mem_free(&mem_libc, insns);
	}
	tap_end();
}

/* ---- reading ---- */

static void add_line(char *to, size_t size, const char *line)
{
	size_t len = strlen(to);

	snprintf(to + len, size - len, "%s%s", len ? "\n" : "", line);
}

static void read_attribute(struct test_case *c, char *line)
{
	char *value = strchr(line, ' ');

	if (value)
		*value++ = 0;
	else
		value = line + strlen(line);
	if (!strcmp(line, "type"))
		snprintf(c->type, sizeof(c->type), "%s", value);
	else if (!strcmp(line, "attach"))
		snprintf(c->attach, sizeof(c->attach), "%s", value);
	else if (!strcmp(line, "expect"))
		add_line(c->expect, sizeof(c->expect), value);
	else if (!strcmp(line, "no-kernel"))
		snprintf(c->skip, sizeof(c->skip), "%s", value);
	else if (!strcmp(line, "sleepable"))
		c->sleepable = true;
	else if (!strcmp(line, "unpriv"))
		c->caps = 0;
	else
		tap_fail("unknown attribute %s", line);
}

static void start_case(struct test_case *c, const char *name)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "%.150s", name);
	c->caps = HOST_CAP_ALL;
}

static void run_file(const char *dir)
{
	static struct test_case c;
	char path[4096], line[1024];
	bool open = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/rules.txt", dir);
	f = fopen(path, "r");
	if (!f) {
		tap_begin(path);
		tap_fail("cannot be opened");
		tap_end();
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "== ", 3)) {
			if (open)
				run_case(&c);
			start_case(&c, line + 3);
			open = true;
		} else if (open && !strncmp(line, "- ", 2)) {
			read_attribute(&c, line + 2);
		} else if (open) {
			add_line(c.text, sizeof(c.text), line);
		}
	}
	if (open)
		run_case(&c);
	fclose(f);
}

int main(void)
{
	const char *dir = getenv("ANYBPF_TEST_DATA");

	read_vmlinux();
	if (kernel_usable())
		make_kernel_maps();
	run_file(dir ? dir : "tests/hook");
	if (!kernel_usable()) {
		tap_begin("the running kernel says the same");
		tap_skip("bpf() is refused");
		tap_end();
	}
	btf_free(vmlinux);
	return tap_done();
}
