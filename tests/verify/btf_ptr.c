/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that look at a kernel by its BTF: attach targets, contexts, walks.
 * The kernel is btf/vmlinux.c, the cases are btf/<name>.txt: "== name", then
 * attributes, then the program. Attributes:
 *
 *	- type lsm		tracing without
 *	- attach fentry NAME	what it is to be attached to: a function, typedef or
 *				structure; with struct_ops the first is the member's number
 *	- target xdp NAME ...	attach to a function of a program of that type instead; of
 *				that function or program: unreliable exception dead changes
 *				traced fentry no-jit
 *	- func NAME		what the program itself is in BTF
 *	- no-perfmon		without CAP_PERFMON
 *	- btf			with the types of btf/program.c
 *	- map TYPE		an array whose values are that struct of btf/program.c;
 *				the first is map[fd:0], the next map[fd:1]
 *	- ring			a ring buffer
 *	- global N		a global function int f(u64) begins there
 *	- handler N		the exception callback begins at that instruction
 *	- expect, log, sleepable, not-gpl	as in ../basic.txt, where <name> is
 *				the number of a type, <.name> of one of btf/program.c
 *
 * Kernel functions are called by name.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>

#include "btf/fields.h"
#include "isa/asm.h"
#include "isa/isa.h"
#include "object/environment.h"
#include "tap.h"
#include "verify/verify.h"

#define MAX_TEXT 16384
#define MAX_MAPS 2

static const struct ret_rule iter_rets[] = {{BIT_ULL(BPF_TRACE_ITER), {0, 1}}};

#define RULES(name_, prog)                                                                         \
	{                                                                                          \
		.type = BPF_PROG_TYPE_##prog, .name = name_, .ctx_by_btf = true,                   \
		.rets = iter_rets, .ret_cnt = ARRAY_SIZE(iter_rets),                               \
		.sleepable = ~(BIT_ULL(BPF_TRACE_RAW_TP) | BIT_ULL(BPF_LSM_CGROUP))                \
	}

static const struct {
	enum bpf_prog_type type;
	struct prog_rules rules;
} types[] = {
	{BPF_PROG_TYPE_TRACING, RULES("tracing", TRACING)},
	{BPF_PROG_TYPE_LSM, RULES("lsm", LSM)},
	{BPF_PROG_TYPE_STRUCT_OPS, RULES("struct_ops", STRUCT_OPS)},
	{BPF_PROG_TYPE_XDP,
	 {.type = BPF_PROG_TYPE_XDP, .name = "xdp", .ctx_name = "xdp_md", .ctx_size = 4}},
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
	{"EACCES", EACCES},	    {"EINVAL", EINVAL}, {"EPERM", EPERM},   {"ENOENT", ENOENT},
	{"EOPNOTSUPP", EOPNOTSUPP}, {"ENOTSUPP", 524},	{"EPROTO", EPROTO},
};

struct test_case {
	char name[160], type[32], attach[32], target[64];
	char prog[32], prog_flags[128], func[64]; /* a target that is a program, and itself */
	char expect[1024], log[1024];
	bool sleepable, not_gpl, btf;
	char maps[MAX_MAPS][64];
	u32 map_cnt;
	u32 handler, global;
	u32 caps;
	char text[MAX_TEXT];
};

/* ---- the kernel ---- */

static struct btf *vmlinux, *program;

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
static bool read_btf(const char *name, struct btf **btf)
{
	static _Alignas(8) u8 file[1 << 20];
	const char *dir = getenv("ANYBPF_TEST_OBJECTS");
	const Elf64_Shdr *sec;
	char path[4096];
	struct err err;
	FILE *f;

	snprintf(path, sizeof(path), "%s/../verify/%s", dir ? dir : "build/tests/elf", name);
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
	    btf_parse(&mem_libc, file + sec->sh_offset, sec->sh_size, NULL, btf, NULL, &err)) {
		tap_begin(name);
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
	const struct btf *btf = *name == '.' ? program : vmlinux;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		s32 id = btf_find(btf, kinds[i], name + (*name == '.'));

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

static bool refused_vmlinux;

static int refuse_vmlinux(void *arg, const struct btf **btf)
{
	(void)arg;
	(void)btf;
	refused_vmlinux = true;
	return -ENOMEM;
}

/* Where there is no memory for the kernel's BTF, there is no verdict. */
static void check_no_memory(struct verify_input input)
{
	struct verify_result result;
	int err;

	input.log = NULL;
	input.vmlinux = refuse_vmlinux;
	refused_vmlinux = false;
	err = verify(&input, &result);
	if (err != (refused_vmlinux ? -ENOMEM : 0))
		tap_fail("without memory for the kernel's BTF: %d, verdict %s", err,
			 error_text(result.error, result.message));
	verify_result_free(&result);
}

/* ---- maps ---- */

struct test_maps {
	struct map_desc desc[MAX_MAPS];
	struct btf_fields fields[MAX_MAPS];
	u32 cnt;
};

static void make_array(struct map_desc *desc, struct btf_fields *fields, const char *type)
{
	s32 id = btf_find(program, BTF_KIND_STRUCT, type);
	int err;

	if (id < 0) {
		tap_fail("there is no struct %s", type);
		return;
	}
	*desc = (struct map_desc){
		.type = BPF_MAP_TYPE_ARRAY,
		.id = 1,
		.key_size = 4,
		.value_size = (u32)btf_size(program, (u32)id),
		.max_entries = 1,
		.direct_size = (u32)btf_size(program, (u32)id),
		.btf = program,
		.btf_value_type_id = (u32)id,
	};
	snprintf(desc->name, sizeof(desc->name), "%.15s", type);
	err = btf_find_fields(program, vmlinux, (u32)id, BTF_FIELDS_OF_MAPS, desc->value_size,
			      fields);
	if (!err)
		err = btf_check_roots(program, fields);
	if (err)
		tap_fail("struct %s: %d", type, err);
	if (!err && fields->cnt)
		desc->fields = fields;
}

static void make_map(struct test_maps *maps, const char *type)
{
	struct map_desc *desc = &maps->desc[maps->cnt];
	struct btf_fields *fields = &maps->fields[maps->cnt++];

	if (!strcmp(type, "ring")) {
		*desc = (struct map_desc){.type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096};
		return;
	}
	make_array(desc, fields, type);
}

static int give_map(void *arg, s32 fd, bool by_index, const struct map_desc **desc, u16 *index)
{
	struct test_maps *maps = arg;

	if (by_index || fd < 0 || (u32)fd >= maps->cnt)
		return -EBADF;
	*desc = &maps->desc[fd];
	*index = (u16)fd;
	return 0;
}

/* A program with types needs records of its functions where it has more than one. */
static u32 make_func_info(const struct test_case *c, const struct bpf_insn *insns, u32 cnt,
			  struct bpf_func_info *info)
{
	if (c->handler || c->global) {
		info[0] = (struct bpf_func_info){
			0, find_target(c->handler ? ".thrower" : ".main_function")};
		info[1] = (struct bpf_func_info){c->handler + c->global, find_target(".handler")};
		return 2;
	}
	for (u32 i = 0; i < cnt; i += isa_slots(&insns[i])) {
		if (!isa_is_func_ref(&insns[i]))
			continue;
		info[0].insn_off = 0;
		info[0].type_id = find_target(".main_function");
		info[1].insn_off = (u32)isa_target(&insns[i], i);
		info[1].type_id = find_target(".callback");
		return 2;
	}
	return 0;
}

static u32 type_index(const char *name)
{
	u32 i = 0;

	while (i + 1 < ARRAY_SIZE(types) && strcmp(types[i].rules.name, name))
		i++;
	return i;
}

/* The program that a case is attached to: of one function, with the kernel's BTF. */
static struct verify_target make_target(const struct test_case *c, struct bpf_func_info *info,
					struct verify_subprog *sub)
{
	u32 type = type_index(c->prog);

	*info = (struct bpf_func_info){0, find_target(c->target)};
	*sub = (struct verify_subprog){
		.end = 2,
		.is_global = true,
		.unreliable = strstr(c->prog_flags, "unreliable"),
		.is_exception_callback = strstr(c->prog_flags, "exception"),
		.dead = strstr(c->prog_flags, "dead"),
		.changes_packet = strstr(c->prog_flags, "changes"),
	};
	return (struct verify_target){
		.type = types[type].type,
		.attach_type = strstr(c->prog_flags, "fentry") ? BPF_TRACE_FENTRY : 0,
		.rules = &types[type].rules,
		.jited = !strstr(c->prog_flags, "no-jit"),
		.traced = strstr(c->prog_flags, "traced"),
		.btf = vmlinux,
		.func_info = info,
		.func_info_cnt = 1,
		.subprogs = sub,
	};
}

static void run_program(const struct test_case *c, const struct bpf_insn *insns, u32 cnt)
{
	struct test_maps maps = {.cnt = 0};
	struct bpf_func_info func_info[2];
	struct bpf_func_info own = {0, find_target(c->func)}, info;
	struct verify_subprog sub;
	struct verify_target target = make_target(c, &info, &sub);
	struct verify_result result;
	struct log log;
	struct verify_input input = {
		.mem = &mem_libc,
		.func_info = func_info,
		.func_info_cnt = c->btf ? make_func_info(c, insns, cnt, func_info) : 0,
		.btf = c->btf ? program : NULL,
		.resolve_map = give_map,
		.resolve_arg = &maps,
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

	for (u32 i = 0; i < c->map_cnt; i++)
		make_map(&maps, c->maps[i]);
	input.type = types[type_index(c->type)].type;
	input.rules = &types[type_index(c->type)].rules;
	if (c->prog[0])
		input.target = &target;
	if (c->func[0]) {
		input.btf = vmlinux;
		input.func_info = &own;
		input.func_info_cnt = 1;
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
	check_no_memory(input);
}

static bool find_kfunc(void *ctx, const char *name, s32 *imm, s16 *off)
{
	(void)ctx;
	*imm = btf_find(vmlinux, BTF_KIND_FUNC, name);
	*off = 0;
	return *imm > 0;
}

static int helper_by_name(void *ctx, const char *name)
{
	(void)ctx;
	return helper_id_by_name(name);
}

static void run_case(struct test_case *c)
{
	const struct asm_options opts = {.kfunc = find_kfunc, .helper_id = helper_by_name};
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
	else if (!strcmp(line, "target"))
		sscanf(value, "%31s %63s %127[^\n]", c->prog, c->target, c->prog_flags);
	else if (!strcmp(line, "func"))
		snprintf(c->func, sizeof(c->func), "%s", value);
	else if (!strcmp(line, "expect"))
		add_text(c->expect, sizeof(c->expect), value);
	else if (!strcmp(line, "log"))
		add_text(c->log, sizeof(c->log), value);
	else if (!strcmp(line, "sleepable"))
		c->sleepable = true;
	else if (!strcmp(line, "not-gpl"))
		c->not_gpl = true;
	else if (!strcmp(line, "btf"))
		c->btf = true;
	else if (!strcmp(line, "map") && c->map_cnt < MAX_MAPS)
		snprintf(c->maps[c->map_cnt++], sizeof(c->maps[0]), "%s", value);
	else if (!strcmp(line, "ring") && c->map_cnt < MAX_MAPS)
		snprintf(c->maps[c->map_cnt++], sizeof(c->maps[0]), "ring");
	else if (!strcmp(line, "handler"))
		c->handler = (u32)atoi(value);
	else if (!strcmp(line, "global"))
		c->global = (u32)atoi(value);
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
	if (!read_btf("vmlinux.o", &vmlinux) || !read_btf("program.o", &program) ||
	    btf_add_struct_fields(program, vmlinux)) {
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
	btf_free(program);
	btf_free(vmlinux);
	return tap_done();
}
