/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that look at a kernel by its BTF: attach targets, contexts, walks.
 * The kernel is btf/vmlinux.c, the cases are btf/<name>.txt: "== name", then
 * attributes, then the program. Attributes:
 *
 *	- type lsm		tracing without
 *	- attach fentry NAME	what it is to be attached to: a function, typedef or
 *				structure; with struct_ops the first is the member's number
 *	- no-perfmon		without CAP_PERFMON
 *	- expect, log, sleepable, not-gpl	as in ../basic.txt, where <name> is
 *				the number of a type
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>

#include "isa/asm.h"
#include "object/environment.h"
#include "tap.h"
#include "verify/verify.h"

#define MAX_TEXT 16384

#define RULES(name_, prog)                                                                         \
	{                                                                                          \
		.type = BPF_PROG_TYPE_##prog, .name = name_, .ctx_by_btf = true,                   \
		.sleepable = ~(BIT_ULL(BPF_TRACE_RAW_TP) | BIT_ULL(BPF_LSM_CGROUP))                \
	}

static const struct {
	enum bpf_prog_type type;
	struct prog_rules rules;
} types[] = {
	{BPF_PROG_TYPE_TRACING, RULES("tracing", TRACING)},
	{BPF_PROG_TYPE_LSM, RULES("lsm", LSM)},
	{BPF_PROG_TYPE_STRUCT_OPS, RULES("struct_ops", STRUCT_OPS)},
	{BPF_PROG_TYPE_EXT, {.type = BPF_PROG_TYPE_EXT, .name = "ext"}},
};

static const struct {
	const char *name;
	enum bpf_attach_type type;
} attach_types[] = {
	{"fentry", BPF_TRACE_FENTRY},	{"fexit", BPF_TRACE_FEXIT}, {"fmod_ret", BPF_MODIFY_RETURN},
	{"tp_btf", BPF_TRACE_RAW_TP},	{"iter", BPF_TRACE_ITER},   {"lsm", BPF_LSM_MAC},
	{"lsm_cgroup", BPF_LSM_CGROUP},
};

static const struct {
	const char *name;
	int code;
} errors[] = {
	{"EACCES", EACCES}, {"EINVAL", EINVAL},		{"EPERM", EPERM},
	{"ENOENT", ENOENT}, {"EOPNOTSUPP", EOPNOTSUPP}, {"ENOTSUPP", 524},
};

struct test_case {
	char name[160], type[32], attach[32], target[64];
	char expect[1024], log[1024];
	bool sleepable, not_gpl;
	u32 caps;
	char text[MAX_TEXT];
};

/* ---- the kernel ---- */

static struct btf *vmlinux;

static const Elf64_Shdr *section(const u8 *file, const char *name)
{
	const Elf64_Ehdr *head = (const void *)file;
	const Elf64_Shdr *sec = (const void *)(file + head->e_shoff);
	const char *names = (const char *)file + sec[head->e_shstrndx].sh_offset;

	for (u32 i = 0; i < head->e_shnum; i++)
		if (!strcmp(names + sec[i].sh_name, name))
			return &sec[i];
	return NULL;
}

/* A compiler leaves it to the linker to lay out variables: one after the other. */
static void lay_out_variables(u8 *btf)
{
	const struct btf_header *head = (const void *)btf;
	u32 *t = (void *)(btf + head->hdr_len + head->type_off);
	const u32 *end = t + head->type_len / 4;
	static const u8 words[BTF_KINDS] = {
		[BTF_KIND_INT] = 1,
		[BTF_KIND_ARRAY] = 3,
		[BTF_KIND_VAR] = 1,
		[BTF_KIND_DECL_TAG] = 1,
	};
	static const u8 words_each[BTF_KINDS] = {
		[BTF_KIND_STRUCT] = 3, [BTF_KIND_UNION] = 3,	  [BTF_KIND_ENUM] = 2,
		[BTF_KIND_ENUM64] = 3, [BTF_KIND_FUNC_PROTO] = 2, [BTF_KIND_DATASEC] = 3,
	};

	while (t < end) {
		u32 kind = t[1] >> 24 & 31, vlen = t[1] & 0xffff;

		for (u32 i = 0; kind == BTF_KIND_DATASEC && i < vlen; i++) {
			struct btf_var_secinfo *var = (struct btf_var_secinfo *)(t + 3) + i;

			var->offset = t[2];
			t[2] += ROUND_UP(var->size, 8u);
		}
		t += 3 + words[kind] + words_each[kind] * vlen;
	}
}

/* The object is our own compiler's, so that it need not be checked. */
static bool read_vmlinux(void)
{
	static _Alignas(8) u8 file[1 << 20];
	const char *dir = getenv("ANYBPF_TEST_OBJECTS");
	const Elf64_Shdr *sec;
	char path[4096];
	struct err err;
	FILE *f;

	snprintf(path, sizeof(path), "%s/../verify/vmlinux.o", dir ? dir : "build/tests/elf");
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fread(file, 1, sizeof(file), f))
		file[0] = 0;
	fclose(f);
	sec = section(file, ".BTF");
	if (sec)
		lay_out_variables(file + sec->sh_offset);
	if (!sec ||
	    btf_parse(&mem_libc, file + sec->sh_offset, sec->sh_size, NULL, &vmlinux, NULL, &err)) {
		tap_begin("a kernel's BTF");
		tap_fail("there is none: %s", sec ? err.text : "no section");
		tap_end();
		return false;
	}
	return true;
}

/* ---- a case ---- */

static u32 find_target(const char *name)
{
	static const enum btf_kind kinds[] = {BTF_KIND_FUNC, BTF_KIND_STRUCT, BTF_KIND_TYPEDEF,
					      BTF_KIND_VAR};

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		s32 id = btf_find(vmlinux, kinds[i], name);

		if (id > 0)
			return (u32)id;
	}
	return (u32)atoi(name);
}

static u32 attach_type(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(attach_types); i++)
		if (!strcmp(attach_types[i].name, name))
			return attach_types[i].type;
	return (u32)atoi(name);
}

static const char *error_text(int error, const char *message)
{
	static char text[2048];

	for (u32 i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == -error)
			snprintf(text, sizeof(text), "%s%s%s", errors[i].name, *message ? "\n" : "",
				 message);
	return error ? text : "ok";
}

static void check_log(const struct test_case *c, const char *log)
{
	char want[1024], *save;

	snprintf(want, sizeof(want), "%s", c->log);
	for (char *line = strtok_r(want, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strstr(log, line))
			tap_fail("the log has no \"%s\":\n%s", line, log);
}

static int give_vmlinux(void *arg, const struct btf **btf)
{
	(void)arg;
	*btf = vmlinux;
	return 0;
}

static void run_program(const struct test_case *c, const struct bpf_insn *insns, u32 cnt)
{
	struct verify_result result;
	struct log log;
	struct verify_input input = {
		.mem = &mem_libc,
		.insns = insns,
		.insn_cnt = cnt,
		.attach_type = (enum bpf_attach_type)attach_type(c->attach),
		.prog_flags = c->sleepable ? BPF_F_SLEEPABLE : 0,
		.gpl_compatible = !c->not_gpl,
		.caps = c->caps,
		.vmlinux = give_vmlinux,
		.attach_btf = vmlinux,
		.attach_btf_id = find_target(c->target),
		.log = &log,
	};

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].rules.name, c->type))
			continue;
		input.type = types[i].type;
		input.rules = &types[i].rules;
	}
	log_init(&log, &mem_libc, LOG_LEVEL2);
	if (verify(&input, &result))
		tap_fail("out of memory");
	if (strcmp(error_text(result.error, result.message), c->expect))
		tap_fail("got %s, not %s\n%s", error_text(result.error, result.message), c->expect,
			 buf_str(&log.text));
	check_log(c, buf_str(&log.text));
	log_free(&log);
	verify_result_free(&result);
}

static int helper_by_name(void *ctx, const char *name)
{
	(void)ctx;
	return helper_id_by_name(name);
}

static void run_case(struct test_case *c)
{
	const struct asm_options opts = {.helper_id = helper_by_name};
	struct bpf_insn *insns;
	struct err err;
	u32 cnt;

	if (!c->name[0])
		return;
	tap_begin(c->name);
	if (!c->expect[0])
		snprintf(c->expect, sizeof(c->expect), "ok");
	if (isa_assemble(&mem_libc, c->text, &opts, &insns, &cnt, &err)) {
		tap_fail("%s", err.text);
	} else {
		run_program(c, insns, cnt);
		mem_free(&mem_libc, insns);
	}
	tap_end();
}

/* ---- reading cases ---- */

static void add_line(char *to, size_t size, const char *line)
{
	size_t len = strlen(to);

	snprintf(to + len, size - len, "%s%s", len ? "\n" : "", line);
}

/* With the numbers of types for their names. */
static void add_text(char *to, size_t size, const char *line)
{
	const char *open = strchr(line, '<'), *close = open ? strchr(open, '>') : NULL;
	char name[64], text[1024];

	if (!close) {
		add_line(to, size, line);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(close - open - 1), open + 1);
	snprintf(text, sizeof(text), "%.*s%u%s", (int)(open - line), line, find_target(name),
		 close + 1);
	add_line(to, size, text);
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
		sscanf(value, "%31s %63s", c->attach, c->target);
	else if (!strcmp(line, "expect"))
		add_text(c->expect, sizeof(c->expect), value);
	else if (!strcmp(line, "log"))
		add_text(c->log, sizeof(c->log), value);
	else if (!strcmp(line, "sleepable"))
		c->sleepable = true;
	else if (!strcmp(line, "not-gpl"))
		c->not_gpl = true;
	else if (!strcmp(line, "no-perfmon"))
		c->caps = HOST_CAP_BPF;
	else
		tap_fail("unknown attribute %s", line);
}

static void run_file(const char *dir, const char *file)
{
	static struct test_case c;
	char path[4096], line[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	if (!f)
		return;
	memset(&c, 0, sizeof(c));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "== ", 3)) {
			run_case(&c);
			memset(&c, 0, sizeof(c));
			snprintf(c.name, sizeof(c.name), "%s: %.80s", file, line + 3);
			snprintf(c.type, sizeof(c.type), "tracing");
			c.caps = HOST_CAP_ALL;
		} else if (!strncmp(line, "- ", 2)) {
			read_attribute(&c, line + 2);
		} else if (c.name[0]) {
			add_text(c.text, sizeof(c.text), line);
		}
	}
	run_case(&c);
	fclose(f);
}

int main(void)
{
	const char *data = getenv("ANYBPF_TEST_DATA");
	struct dirent **list;
	char dir[4096];
	int n;

	snprintf(dir, sizeof(dir), "%s/btf", data ? data : "tests/verify");
	if (!read_vmlinux()) {
		tap_begin("a kernel's BTF");
		tap_skip("there is no clang-19 to make it");
		tap_end();
		return tap_done();
	}
	n = scandir(dir, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(list[i]->d_name, '.');

		if (dot && !strcmp(dot, ".txt"))
			run_file(dir, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	btf_free(vmlinux);
	return tap_done();
}
