/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts and messages, from *.txt: each case is a program, what the verifier
 * must say of it, and is given to the running kernel as well, which must say
 * the same. The format is explained in basic.txt.
 */
#include <dirent.h>

#include "isa/asm.h"
#include "verify/oracle.h"

#define MAX_TEXT 65536

/* ---- BTF for programs with several functions: all take and return what the case says ---- */

struct btf_builder {
	u32 types[512];
	u32 type_len;
	char strs[1024];
	u32 str_len;
	u32 ids;
	u8 raw[8192];
	u32 raw_len;
};

static u32 add_str(struct btf_builder *b, const char *s)
{
	u32 off = b->str_len;

	strcpy(b->strs + off, s);
	b->str_len += (u32)strlen(s) + 1;
	return off;
}

static u32 add_type(struct btf_builder *b, const char *name, u32 kind, u32 vlen, u32 size)
{
	b->types[b->type_len++] = *name ? add_str(b, name) : 0;
	b->types[b->type_len++] = kind << 24 | vlen;
	b->types[b->type_len++] = size;
	return ++b->ids;
}

static void finish_btf(struct btf_builder *b)
{
	struct btf_header head = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(head),
		.type_len = b->type_len * 4,
		.str_off = b->type_len * 4,
		.str_len = b->str_len,
	};

	memcpy(b->raw, &head, sizeof(head));
	memcpy(b->raw + sizeof(head), b->types, b->type_len * 4);
	memcpy(b->raw + sizeof(head) + b->type_len * 4, b->strs, b->str_len);
	b->raw_len = (u32)(sizeof(head) + b->type_len * 4 + b->str_len);
}

/* ---- cases ---- */

struct test_case {
	char file[64];
	char name[160];
	char type[32];
	char expect[1024]; /* "" accepted, else "-EACCES" and the message's lines */
	char log[2048];	   /* lines that the log must have, at log_level */
	u32 log_level;
	char skip[160];	 /* why the kernel's answer is not compared */
	char funcs[256]; /* "main global:ctx,int static" */
	u32 caps, flags;
	bool not_gpl;
	struct {
		u32 insn;
		u64 min, max;
	} facts[8];
	u32 fact_cnt;
	char text[MAX_TEXT];
};

static const struct {
	const char *name;
	int code;
} errors[] = {
	{"EACCES", EACCES}, {"EINVAL", EINVAL}, {"EPERM", EPERM},	    {"E2BIG", E2BIG},
	{"EFAULT", EFAULT}, {"EBADF", EBADF},	{"EOPNOTSUPP", EOPNOTSUPP}, {"EPROTO", EPROTO},
	{"ENOTSUPP", 524},  {"EBUSY", EBUSY},	{"ERANGE", ERANGE},
};

struct program {
	struct bpf_insn *insns;
	u32 cnt;
	struct bpf_func_info info[16];
	u32 info_cnt;
	struct btf_builder builder;
	struct btf *btf;
};

/* An argument's type: "int", "ctx", "void", "dynptr" or "mem16". */
static u32 arg_type(struct btf_builder *b, const struct test_case *c, const char *arg)
{
	u32 to;

	if (!strcmp(arg, "int"))
		return 1;
	if (!strcmp(arg, "ctx"))
		to = add_type(b, strcmp(c->type, "xdp") ? "__sk_buff" : "xdp_md", BTF_KIND_STRUCT,
			      0, 4);
	else if (!strcmp(arg, "void"))
		to = 0;
	else if (!strcmp(arg, "dynptr"))
		to = add_type(b, "bpf_dynptr", BTF_KIND_STRUCT, 0, 16);
	else
		to = add_type(b, "mem", BTF_KIND_STRUCT, 0, (u32)atoi(arg + 3));
	return add_type(b, "", BTF_KIND_PTR, 0, to);
}

/* "nonnull!trusted": tags of an argument of the last function. */
static void add_tags(struct program *p, u32 arg, char *tags)
{
	struct btf_builder *b = &p->builder;
	u32 func = p->info[p->info_cnt - 1].type_id;
	char *save, name[64];

	for (char *t = tags ? strtok_r(tags, "!", &save) : NULL; t;
	     t = strtok_r(NULL, "!", &save)) {
		snprintf(name, sizeof(name), "arg:%s", t);
		add_type(b, name, BTF_KIND_DECL_TAG, 0, func);
		b->types[b->type_len++] = arg;
	}
}

static void add_func(struct program *p, const struct test_case *c, const char *word, u32 start)
{
	struct btf_builder *b = &p->builder;
	bool global = !strncmp(word, "global", 6);
	const char *colon = strchr(word, ':');
	char args[128] = "", *save, name[32];
	char *tags[5] = {0};
	u32 ids[5], n = 0, proto;

	if (colon)
		snprintf(args, sizeof(args), "%s", colon + 1);
	for (char *a = strtok_r(args, ",", &save); a && n < 5; a = strtok_r(NULL, ",", &save)) {
		tags[n] = strchr(a, '!');
		if (tags[n])
			*tags[n]++ = 0;
		ids[n++] = arg_type(b, c, a);
	}
	proto = add_type(b, "", BTF_KIND_FUNC_PROTO, n, 1);
	for (u32 i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		b->types[b->type_len++] = add_str(b, name);
		b->types[b->type_len++] = ids[i];
	}
	snprintf(name, sizeof(name), "f%u", p->info_cnt);
	p->info[p->info_cnt++] = (struct bpf_func_info){
		start, add_type(b, name, BTF_KIND_FUNC, global || !start, proto)};
	for (u32 i = 0; i < n; i++)
		add_tags(p, i, tags[i]);
}

/* Where each subprogram starts: the targets of calls and references, in order. */
static u32 find_starts(const struct program *p, u32 *starts, u32 max)
{
	u32 n = 0;

	for (u32 at = 0; at < p->cnt && n < max; at++) {
		bool start = !at;

		for (u32 i = 0; i < p->cnt && !start; i++) {
			const struct bpf_insn *insn = &p->insns[i];
			bool call = insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 1;
			bool ref = insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == 4;

			start = (call || ref) && (s64)i + 1 + insn->imm == at;
		}
		if (start)
			starts[n++] = at;
	}
	return n;
}

static bool make_btf(struct program *p, const struct test_case *c)
{
	struct btf_builder *b = &p->builder;
	u32 starts[16], n = find_starts(p, starts, 16);
	char words[256], *save, *word;
	struct err err;

	memset(b, 0, sizeof(*b));
	b->str_len = 1;
	add_type(b, "int", BTF_KIND_INT, 0, 4);
	b->types[b->type_len++] = BTF_INT_SIGNED << 24 | 32;
	snprintf(words, sizeof(words), "%s", c->funcs);
	word = strtok_r(words, " ", &save);
	for (u32 i = 0; i < n && word; i++, word = strtok_r(NULL, " ", &save))
		add_func(p, c, word, starts[i]);
	finish_btf(b);
	if (p->info_cnt != n)
		tap_fail("%u functions, %u in the case", n, p->info_cnt);
	if (btf_parse(&mem_libc, b->raw, b->raw_len, NULL, &p->btf, NULL, &err)) {
		tap_fail("BTF: %s", err.text);
		return false;
	}
	return true;
}

static bool make_program(struct program *p, const struct test_case *c)
{
	const struct asm_options opts = {.map = map_by_name, .helper_id = helper_by_name};
	struct err err;

	memset(p, 0, sizeof(*p));
	if (isa_assemble(&mem_libc, c->text, &opts, &p->insns, &p->cnt, &err)) {
		tap_fail("%s", err.text);
		return false;
	}
	return !c->funcs[0] || make_btf(p, c);
}

static const char *error_text(int error, const char *message)
{
	static char text[2048];

	if (!error)
		return "ok";
	for (u32 i = 0; i < ARRAY_SIZE(errors); i++) {
		if (errors[i].code == -error) {
			snprintf(text, sizeof(text), "%s\n%s", errors[i].name, message);
			return text;
		}
	}
	snprintf(text, sizeof(text), "%d\n%s", error, message);
	return text;
}

static int type_index(const struct test_case *c)
{
	for (u32 i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].rules.name, c->type))
			return (int)i;
	return -1;
}

static void check_log(const struct test_case *c, const char *log, const char *whose)
{
	char want[2048], *save;

	snprintf(want, sizeof(want), "%s", c->log);
	for (char *line = strtok_r(want, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strstr(log, line))
			tap_fail("%s log has no \"%s\":\n%s", whose, line, log);
}

static void check_facts(const struct test_case *c, const struct verify_result *result)
{
	for (u32 i = 0; i < c->fact_cnt; i++) {
		const struct insn_fact *fact = &result->facts[c->facts[i].insn];

		if (fact->umin != c->facts[i].min || fact->umax != c->facts[i].max)
			tap_fail("fact of insn %u: %#llx to %#llx", c->facts[i].insn,
				 (unsigned long long)fact->umin, (unsigned long long)fact->umax);
	}
}

static void run_ours(const struct test_case *c, const struct program *p)
{
	int type = type_index(c);
	struct verify_result result;
	struct log log;
	struct verify_input input = {
		.mem = &mem_libc,
		.insns = p->insns,
		.insn_cnt = p->cnt,
		.type = types[type].type,
		.prog_flags = c->flags,
		.rules = &types[type].rules,
		.gpl_compatible = !c->not_gpl,
		.caps = c->caps,
		.btf = p->btf,
		.func_info = p->info,
		.func_info_cnt = p->btf ? p->info_cnt : 0,
		.resolve_map = resolve_map,
		.log = &log,
	};

	log_init(&log, &mem_libc, c->log_level);
	if (verify(&input, &result))
		tap_fail("out of memory");
	if (strcmp(error_text(result.error, result.message), c->expect))
		tap_fail("got %s, not %s\n%s", error_text(result.error, result.message), c->expect,
			 buf_str(&log.text));
	check_log(c, buf_str(&log.text), "our");
	if (!result.error)
		check_facts(c, &result);
	if (p->cnt && result.memory < p->cnt * sizeof(*result.facts) + 2000)
		tap_fail("it says that it took %zu bytes", result.memory);
	if (getenv("VERIFY_LOG"))
		printf("%s", buf_str(&log.text));
	log_free(&log);
	verify_result_free(&result);
}

/* ---- the same for the kernel ---- */

static int kernel_load_btf(const struct program *p)
{
	union bpf_attr attr = {0};

	attr.btf = ptr_to_u64(p->builder.raw);
	attr.btf_size = p->builder.raw_len;
	return kernel_bpf(BPF_BTF_LOAD, &attr);
}

static int kernel_load(const struct test_case *c, const struct program *p, char *log, u32 size)
{
	union bpf_attr attr = {0};
	int fd;

	attr.prog_type = types[type_index(c)].type;
	attr.insns = ptr_to_u64(p->insns);
	attr.insn_cnt = p->cnt;
	attr.license = ptr_to_u64(c->not_gpl ? "Proprietary" : "GPL");
	attr.prog_flags = c->flags;
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = size;
	attr.log_level = c->log_level;
	if (p->btf) {
		int btf_fd = kernel_load_btf(p);

		if (btf_fd < 0) {
			tap_fail("kernel refuses the BTF: %d", btf_fd);
			return btf_fd;
		}
		attr.prog_btf_fd = (u32)btf_fd;
		attr.func_info = ptr_to_u64(p->info);
		attr.func_info_cnt = p->info_cnt;
		attr.func_info_rec_size = sizeof(p->info[0]);
	}
	fd = kernel_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close(fd);
	if (p->btf)
		close((int)attr.prog_btf_fd);
	return fd < 0 ? fd : 0;
}

static void run_kernel(const struct test_case *c, struct program *p)
{
	static char log[1 << 24];
	char want[2048], *save, *line;
	const char *code;
	int err;

	if (c->skip[0])
		return;
	if (!kernel_usable() || c->caps != HOST_CAP_ALL)
		return;
	patch_maps(p->insns, p->cnt);
	log[0] = 0;
	err = kernel_load(c, p, log, sizeof(log));
	snprintf(want, sizeof(want), "%s", c->expect);
	line = strtok_r(want, "\n", &save);
	code = error_text(err, "");
	if (strncmp(code, line, strcspn(code, "\n")) || code[strlen(line)] > '\n') {
		tap_fail("the kernel says %.20s: %s", code, log);
		return;
	}
	while ((line = strtok_r(NULL, "\n", &save)))
		if (!strstr(log, line))
			tap_fail("the kernel's log has no \"%s\": %s", line, log);
}

/* ---- reading cases ---- */

static void add_line(char *to, size_t size, const char *line)
{
	size_t len = strlen(to);

	snprintf(to + len, size - len, "%s%s", len ? "\n" : "", line);
}

/* "INSN MIN MAX" or "INSN any" */
static void add_fact(struct test_case *c, char *value)
{
	u64 min = 0, max = UINT64_MAX;
	char *end;
	u32 insn = (u32)strtoul(value, &end, 10);

	if (strcmp(end, " any")) {
		min = strtoull(end, &end, 0);
		max = strtoull(end, &end, 0);
	}
	if (c->fact_cnt == ARRAY_SIZE(c->facts))
		tap_fail("%s: too many facts", c->name);
	else
		c->facts[c->fact_cnt++] = (__typeof__(c->facts[0])){insn, min, max};
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
	else if (!strcmp(line, "expect"))
		add_line(c->expect, sizeof(c->expect), value);
	else if (!strcmp(line, "log"))
		add_line(c->log, sizeof(c->log), value);
	else if (!strcmp(line, "level"))
		c->log_level = (u32)atoi(value);
	else if (!strcmp(line, "no-kernel"))
		snprintf(c->skip, sizeof(c->skip), "%s", value);
	else if (!strcmp(line, "funcs"))
		snprintf(c->funcs, sizeof(c->funcs), "%s", value);
	else if (!strcmp(line, "unpriv"))
		c->caps = 0;
	else if (!strcmp(line, "strict"))
		c->flags |= BPF_F_STRICT_ALIGNMENT;
	else if (!strcmp(line, "state-freq"))
		c->flags |= BPF_F_TEST_STATE_FREQ;
	else if (!strcmp(line, "fact"))
		add_fact(c, value);
	else if (!strcmp(line, "not-gpl"))
		c->not_gpl = true;
	else
		tap_fail("%s: unknown attribute %s", c->file, line);
}

static void run_case(struct test_case *c)
{
	struct program p;

	tap_begin(c->name);
	if (!c->expect[0])
		snprintf(c->expect, sizeof(c->expect), "ok");
	if (type_index(c) < 0) {
		tap_fail("unknown type %s", c->type);
	} else if (make_program(&p, c)) {
		run_ours(c, &p);
		run_kernel(c, &p);
		mem_free(&mem_libc, p.insns);
		if (p.btf)
			btf_free(p.btf);
	}
	tap_end();
}

static void reset_case(struct test_case *c, const char *name)
{
	char file[64];

	memcpy(file, c->file, sizeof(file));
	memset(c, 0, sizeof(*c));
	memcpy(c->file, file, sizeof(file));
	snprintf(c->name, sizeof(c->name), "%s: %.80s", file, name);
	snprintf(c->type, sizeof(c->type), "socket_filter");
	c->caps = HOST_CAP_ALL;
	c->log_level = 1;
}

/* "== name", then "- attribute value" lines, then the program. */
static void run_file(const char *dir, const char *file)
{
	static struct test_case c;
	char path[4096], line[1024];
	bool open = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	if (!f) {
		tap_begin(file);
		tap_fail("cannot open %s", path);
		tap_end();
		return;
	}
	snprintf(c.file, sizeof(c.file), "%s", file);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "== ", 3)) {
			if (open)
				run_case(&c);
			reset_case(&c, line + 3);
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

int main(int argc, char **argv)
{
	const char *dir = getenv("ANYBPF_TEST_DATA");
	struct dirent **list;
	int n;

	if (!dir)
		dir = "tests/verify";
	if (argc > 1) {
		run_file(dir, argv[1]);
		return tap_done();
	}
	n = scandir(dir, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(list[i]->d_name);

		if (len > 4 && !strcmp(list[i]->d_name + len - 4, ".txt"))
			run_file(dir, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (!kernel_usable()) {
		tap_begin("the running kernel says the same");
		tap_skip("bpf() is refused");
		tap_end();
	}
	return tap_done();
}
