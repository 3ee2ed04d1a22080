/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the array tests of Linux's selftests on an engine: each is loaded with
 * the capabilities that its runner has, and, where the program's type allows
 * that, without any. Verdict and message must be the expected ones.
 *
 *	arrays [--engine user|kernel] [--only privileged|unprivileged] [--match TEXT]
 *	       [--btf FILE] [--json FILE] [--verbose]
 *
 * The last line is the figures; the exit status is 1 when a case disagrees.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arrays.h"
#include "../../tool/json.h"
#include "helper/kernel.h"
#include "sys/engine.h"

#define LOG_SIZE    (16u << 20)
#define PROG_LOOP   1  /* where programs stand in the program arrays */
#define TEST_INDEX  28 /* what the arrays hold: an index within the value, and a number there */
#define TEST_NUMBER 0xabcdef12

enum verdict {
	AGREES,
	DISAGREES,
	FALSE_ACCEPT,
	UNUSABLE,
};

static const char *const verdict_names[] = {"agrees", "disagrees", "false accept", "unusable"};

struct tally {
	u32 usable, agree, false_accepts, messages, messages_agree, excluded, unusable;
};

struct runner {
	struct engine *engine; /* at work */
	struct engine *privileged, *unprivileged;
	bool kernel, verbose;
	bool unprivileged_disabled; /* by the kernel's sysctl */
	const char *only, *match, *btf;
	struct btf *vmlinux;
	FILE *json;
	char *log;
	struct tally tally;
};

/* One load at work. */
struct trial {
	struct runner *r;
	const struct array_case *c;
	bool unprivileged;
	int maps[ARRAY_MAPS];
	int btf;
	u32 attach_btf_id;
};

static int call(struct trial *t, enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(t->r->engine, cmd, attr, sizeof(*attr));
}

static void close_fd(struct trial *t, int fd)
{
	if (fd >= 0)
		t->r->engine->ops->close(t->r->engine, fd);
}

/* ---- capabilities of a caller of the kernel ---- */

/* As Linux's runner: never CAP_SYS_ADMIN. */
static void set_caps(struct runner *r, bool unprivileged)
{
	u64 admin = BIT_ULL(CAP_NUM_NET_ADMIN) | BIT_ULL(CAP_NUM_PERFMON) | BIT_ULL(CAP_NUM_BPF);
	u64 sys = BIT_ULL(CAP_NUM_SYS_ADMIN);

	r->engine = unprivileged ? r->unprivileged : r->privileged;
	if (!r->kernel)
		return;
	if (kernel_change_caps(unprivileged ? sys | admin : sys, unprivileged ? 0 : admin)) {
		fprintf(stderr, "arrays: cannot change capabilities\n");
		exit(2);
	}
}

/* ---- BTF ---- */

static int load_btf(struct trial *t, const u32 *types, u32 types_len, const char *strings,
		    u32 strings_len)
{
	struct btf_header head = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(head),
		.type_len = types_len,
		.str_off = types_len,
		.str_len = strings_len,
	};
	size_t size = sizeof(head) + types_len + strings_len;
	u8 *raw = malloc(size);
	union bpf_attr attr = {
		.btf = ptr_to_u64(raw),
		.btf_size = (u32)size,
		.btf_log_level = LOG_STATS,
		.btf_log_buf = ptr_to_u64(t->r->log),
		.btf_log_size = LOG_SIZE,
	};
	int fd;

	if (!raw)
		return -ENOMEM;
	memcpy(raw, &head, sizeof(head));
	memcpy(raw + sizeof(head), types, types_len);
	memcpy(raw + sizeof(head) + types_len, strings, strings_len);
	fd = call(t, BPF_BTF_LOAD, &attr);
	free(raw);
	return fd;
}

/* The kernel gives a page at a time. */
static u8 *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	u8 *data = NULL;
	struct stat st;

	*size = 0;
	if (fd >= 0 && !fstat(fd, &st) && (data = malloc((size_t)st.st_size))) {
		ssize_t n = 1;

		while (*size < (size_t)st.st_size && n > 0) {
			n = read(fd, data + *size, (size_t)st.st_size - *size);
			*size += n > 0 ? (size_t)n : 0;
		}
	}
	if (fd >= 0)
		close(fd);
	return data;
}

static struct btf *read_vmlinux(const char *path)
{
	struct btf *btf = NULL;
	struct err err;
	size_t size;
	u8 *data = read_file(path, &size);

	if (data)
		(void)btf_parse(&mem_libc, data, size, NULL, &btf, NULL, &err);
	free(data);
	return btf;
}

/* What a program of this type attaches to, by the name that its runner gives. */
static u32 find_attach_func(const struct runner *r, const struct array_case *c)
{
	const char *prefix = "";
	char name[128];
	s32 id;

	if (!c->attach_func || !r->vmlinux ||
	    (c->prog_type != BPF_PROG_TYPE_TRACING && c->prog_type != BPF_PROG_TYPE_LSM))
		return 0;
	if (c->attach_type == BPF_TRACE_RAW_TP)
		prefix = "btf_trace_";
	else if (c->attach_type == BPF_LSM_MAC)
		prefix = "bpf_lsm_";
	else if (c->attach_type == BPF_TRACE_ITER)
		prefix = "bpf_iter_";
	snprintf(name, sizeof(name), "%s%s", prefix, c->attach_func);
	id = btf_find(r->vmlinux,
		      c->attach_type == BPF_TRACE_RAW_TP ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC, name);
	return id > 0 ? (u32)id : 0;
}

/* ---- maps ---- */

static const struct map_row {
	u32 type, key, value, entries, flags, value_type;
} map_rows[ARRAY_MAPS] = {
#define MAP(field, type, key, value, entries, flags, value_type)                                   \
	[ARRAY_MAP_##field] = {BPF_MAP_TYPE_##type, key, value, entries, flags, value_type},
#include "arrays_maps.def"
#undef MAP
};

static int create_map(struct trial *t, const struct map_row *row, int inner)
{
	union bpf_attr attr = {
		.map_type = row->type,
		.key_size = row->key,
		.value_size = row->value,
		.max_entries = row->entries,
		.map_flags = row->flags,
	};
	u32 types_len, strings_len;
	const char *strings;
	const u32 *types;
	int btf = -1, fd;

	if (inner >= 0)
		attr.inner_map_fd = (u32)inner;
	if (row->value_type) {
		array_map_btf(&types, &types_len, &strings, &strings_len);
		btf = load_btf(t, types, types_len, strings, strings_len);
		if (btf < 0)
			return btf;
		attr.btf_fd = (u32)btf;
		attr.btf_key_type_id = 1;
		attr.btf_value_type_id = row->value_type;
	}
	fd = call(t, BPF_MAP_CREATE, &attr);
	close_fd(t, btf);
	return fd;
}

static int update_map(struct trial *t, int map, u32 key, const void *value)
{
	union bpf_attr attr = {
		.map_fd = (u32)map,
		.key = ptr_to_u64(&key),
		.value = ptr_to_u64(value),
	};

	return call(t, BPF_MAP_UPDATE_ELEM, &attr);
}

static int load_insns(struct trial *t, const struct bpf_insn *insns, u32 cnt)
{
	union bpf_attr attr = {
		.prog_type = t->c->prog_type,
		.insns = ptr_to_u64(insns),
		.insn_cnt = cnt,
		.license = ptr_to_u64("GPL"),
	};

	return call(t, BPF_PROG_LOAD, &attr);
}

static int load_constant(struct trial *t, s32 value)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load_insns(t, insns, ARRAY_SIZE(insns));
}

/* Calls itself until the limit of tail calls. */
static int load_tail_caller(struct trial *t, int map)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = PROG_LOOP},
		{.code = BPF_LD | BPF_IMM | BPF_DW,
		 .dst_reg = BPF_REG_2,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map},
		{0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 41},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load_insns(t, insns, ARRAY_SIZE(insns));
}

static void fill_prog_array(struct trial *t, int map, u32 first)
{
	int progs[] = {load_constant(t, 42), load_tail_caller(t, map), load_constant(t, 24)};
	const u32 keys[] = {first, PROG_LOOP, 2};

	for (u32 i = 0; i < ARRAY_SIZE(progs); i++) {
		if (progs[i] >= 0)
			update_map(t, map, keys[i], &progs[i]);
		close_fd(t, progs[i]);
	}
}

static void fill_map(struct trial *t, u32 kind, int map)
{
	struct {
		u32 index;
		u32 numbers[11];
	} value = {.index = TEST_INDEX};

	value.numbers[6] = TEST_NUMBER;
	switch (kind) {
	case ARRAY_MAP_fixup_prog1:
		fill_prog_array(t, map, 0);
		break;
	case ARRAY_MAP_fixup_prog2:
		fill_prog_array(t, map, 7);
		break;
	case ARRAY_MAP_fixup_map_array_48b:
	case ARRAY_MAP_fixup_map_array_ro:
	case ARRAY_MAP_fixup_map_array_wo:
	case ARRAY_MAP_fixup_map_array_small:
		update_map(t, map, 0, &value);
		break;
	}
}

static int open_map(struct trial *t, u32 kind)
{
	static const struct map_row inner_row = {BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, 0};
	int inner = -1, fd;

	if (kind == ARRAY_MAP_fixup_map_in_map)
		inner = create_map(t, &inner_row, -1);
	fd = create_map(t, &map_rows[kind], inner);
	close_fd(t, inner);
	if (fd >= 0)
		fill_map(t, kind, fd);
	return fd;
}

/* As Linux's runner: what cannot be made is an invalid fd, which is the test's to expect. */
static void open_maps(struct trial *t)
{
	struct bpf_insn *insns = t->c->insns;

	for (u32 i = 0; i < ARRAY_MAPS; i++) {
		t->maps[i] = -1;
		if (!*t->c->fixups[i])
			continue;
		t->maps[i] = open_map(t, i);
		if (t->maps[i] < 0 && t->r->verbose)
			printf("# %s: map %u: %s\n", t->c->name, i, strerror(-t->maps[i]));
		for (const int *at = t->c->fixups[i]; *at; at++)
			insns[*at].imm = t->maps[i] < 0 ? -1 : t->maps[i];
	}
}

static void set_kfuncs(struct trial *t)
{
	struct bpf_insn *insns = t->c->insns;

	for (u32 i = 0; i < ARRAY_KFUNCS && t->c->kfuncs[i].name; i++) {
		s32 id = t->r->vmlinux
				 ? btf_find(t->r->vmlinux, BTF_KIND_FUNC, t->c->kfuncs[i].name)
				 : 0;

		insns[t->c->kfuncs[i].insn].imm = id > 0 ? id : 0;
	}
}

/* ---- expectations ---- */

static enum array_result expected_result(const struct trial *t)
{
	return t->unprivileged && t->c->result_unpriv != ARRAY_UNDEF ? t->c->result_unpriv
								     : t->c->result;
}

static const char *expected_message(const struct trial *t)
{
	const char *text =
		t->unprivileged && t->c->message_unpriv ? t->c->message_unpriv : t->c->message;

	return expected_result(t) == ARRAY_ACCEPT ? NULL : text;
}

/* All parts of @expected, which tabs separate, stand in the log in this order. */
static bool has_message(const char *log, const char *expected)
{
	while (*expected) {
		char part[256];
		size_t n = strcspn(expected, "\t");

		if (n >= sizeof(part))
			return false;
		memcpy(part, expected, n);
		part[n] = '\0';
		log = strstr(log, part);
		if (!log)
			return false;
		log += n;
		expected += n + (expected[n] == '\t');
	}
	return true;
}

/* Functions of Linux's test module are in no kernel. */
static bool needs_test_module(const struct array_case *c)
{
	for (u32 i = 0; i < ARRAY_KFUNCS && c->kfuncs[i].name; i++)
		if (!strncmp(c->kfuncs[i].name, "bpf_kfunc_call_", 15))
			return true;
	/* Pointers to the module's structures, in maps. */
	return *c->fixups[ARRAY_MAP_fixup_map_kptr];
}

/* ---- one load ---- */

static int load(struct trial *t)
{
	const struct array_case *c = t->c;
	union bpf_attr attr = {
		.prog_type = c->prog_type,
		.expected_attach_type = c->attach_type,
		.insns = ptr_to_u64(c->insns),
		.insn_cnt = c->insn_cnt,
		.license = ptr_to_u64("GPL"),
		.prog_flags = c->prog_flags,
		.attach_btf_id = t->attach_btf_id,
		.log_level = expected_result(t) == ARRAY_VERBOSE_ACCEPT ? LOG_LEVEL2 : LOG_STATS,
		.log_buf = ptr_to_u64(t->r->log),
		.log_size = LOG_SIZE,
	};

	t->r->log[0] = '\0';
	if (c->btf_types) {
		t->btf = load_btf(t, c->btf_types, c->btf_types_len, c->btf_strings,
				  c->btf_strings_len);
		if (t->btf < 0)
			return t->btf;
		attr.prog_btf_fd = (u32)t->btf;
	}
	if (c->func_info_cnt) {
		attr.func_info = ptr_to_u64(c->func_info);
		attr.func_info_cnt = c->func_info_cnt;
		attr.func_info_rec_size = sizeof(struct bpf_func_info);
	}
	return call(t, BPF_PROG_LOAD, &attr);
}

static enum verdict judge(const struct trial *t, int fd)
{
	bool accepts = expected_result(t) != ARRAY_REJECT;

	if (fd == -ENOTSUPP || (t->unprivileged && t->r->kernel && t->r->unprivileged_disabled))
		return UNUSABLE;
	if (fd == -EOPNOTSUPP)
		return DISAGREES;
	if (fd >= 0)
		return accepts ? AGREES : FALSE_ACCEPT;
	return accepts ? DISAGREES : AGREES;
}

/* The log's last line that is not statistics. */
static const char *last_words(char *log, size_t *len)
{
	char *end = strstr(log, "processed "), *line;

	for (char *next; end && (next = strstr(end + 1, "\nprocessed "));)
		end = next + 1;
	if (!end || (end != log && end[-1] != '\n'))
		end = log + strlen(log);
	while (end > log && end[-1] == '\n')
		end--;
	line = end;
	while (line > log && line[-1] != '\n')
		line--;
	*len = (size_t)(end - line);
	return line;
}

static void write_json(struct trial *t, int fd, enum verdict verdict, bool message_ok)
{
	struct buf line;
	struct json json = {.out = &line};
	const char *message = expected_message(t);
	char words[512];
	size_t len;
	const char *last = last_words(t->r->log, &len);

	if (!t->r->json)
		return;
	snprintf(words, sizeof(words), "%.*s", (int)len, last);
	buf_init(&line, &mem_libc);
	json_open(&json, NULL, '{');
	json_string(&json, "file", t->c->file);
	json_string(&json, "test", t->c->name);
	json_string(&json, "mode", t->unprivileged ? "unprivileged" : "privileged");
	json_string(&json, "engine", t->r->kernel ? "kernel" : "user");
	json_string(&json, "expected", expected_result(t) == ARRAY_REJECT ? "reject" : "accept");
	json_string(&json, "verdict", fd >= 0 ? "accept" : "reject");
	json_u64(&json, "errno", fd < 0 ? (u64)-fd : 0);
	json_string(&json, "result", verdict_names[verdict]);
	if (message) {
		json_string(&json, "message", message);
		json_bool(&json, "message_agrees", message_ok);
	}
	json_string(&json, "log", words);
	json_close(&json, '}');
	fprintf(t->r->json, "%s\n", buf_str(&line));
	buf_free(&line);
}

static void report(struct trial *t, int fd, enum verdict verdict, bool message_ok)
{
	const char *message = expected_message(t);
	size_t len;
	const char *last = last_words(t->r->log, &len);

	write_json(t, fd, verdict, message_ok);
	if (verdict == UNUSABLE || (verdict == AGREES && message_ok))
		return;
	printf("%s %s: %s (%s): expected %s%s%s%s, got %s: %.*s\n",
	       verdict == AGREES ? "message" : verdict_names[verdict], t->c->file, t->c->name,
	       t->unprivileged ? "unprivileged" : "privileged",
	       expected_result(t) == ARRAY_REJECT ? "reject" : "accept", message ? " '" : "",
	       message ? message : "", message ? "'" : "", fd >= 0 ? "accept" : strerror(-fd),
	       (int)len, last);
}

static void count(struct trial *t, int fd)
{
	struct tally *tally = &t->r->tally;
	enum verdict verdict = judge(t, fd);
	const char *message = expected_message(t);
	bool message_ok = !message || has_message(t->r->log, message);

	if (verdict == UNUSABLE) {
		tally->unusable++;
	} else {
		tally->usable++;
		tally->agree += verdict == AGREES;
		tally->false_accepts += verdict == FALSE_ACCEPT;
		if (message && *message) {
			tally->messages++;
			tally->messages_agree += message_ok;
		}
	}
	report(t, fd, verdict, message_ok);
}

static void run_one(struct runner *r, const struct array_case *c, bool unprivileged)
{
	struct trial t = {.r = r, .c = c, .unprivileged = unprivileged, .btf = -1};
	int fd;

	if (r->only && strcmp(r->only, unprivileged ? "unprivileged" : "privileged"))
		return;
	if (needs_test_module(c)) {
		r->tally.excluded++;
		return;
	}
	set_caps(r, unprivileged);
	t.attach_btf_id = find_attach_func(r, c);
	open_maps(&t);
	set_kfuncs(&t);
	fd = load(&t);
	count(&t, fd);
	close_fd(&t, fd);
	close_fd(&t, t.btf);
	for (u32 i = 0; i < ARRAY_MAPS; i++)
		close_fd(&t, t.maps[i]);
}

static int run_case(struct runner *r, u32 index)
{
	struct array_case c;

	if (array_case_open(index, &c))
		return -ENOMEM;
	if (!r->match || strstr(c.name, r->match) || strstr(c.file, r->match)) {
		if (c.unprivileged)
			run_one(r, &c, true);
		run_one(r, &c, false);
	}
	array_case_close(&c);
	return 0;
}

/* ---- the whole ---- */

/* Asks for verdicts alone: tests of program types and helpers that cannot run here count, too. */
static int open_user(const struct runner *r, u32 caps, struct engine **engine)
{
	struct host_options opts;
	struct host *host;
	int err;

	host_options_init(&opts);
	opts.caps = caps;
	opts.unprivileged_bpf_disabled = false;
	opts.verify_only = true;
	opts.vmlinux = r->vmlinux ? r->btf : NULL;
	err = host_new(&opts, &host);
	return err ? err : engine_user_new(host, engine);
}

static char read_sysctl(void)
{
	char value = '0';
	int fd = open("/proc/sys/kernel/unprivileged_bpf_disabled", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return value;
	if (read(fd, &value, 1) != 1)
		value = '0';
	close(fd);
	return value;
}

static int open_engines(struct runner *r)
{
	int err;

	if (r->kernel) {
		r->unprivileged_disabled = read_sysctl() != '0';
		err = engine_kernel_new(&mem_libc, &r->privileged);
		r->unprivileged = r->privileged;
		return err;
	}
	err = open_user(r, HOST_CAP_BPF | HOST_CAP_PERFMON | HOST_CAP_NET_ADMIN, &r->privileged);
	return err ? err : open_user(r, 0, &r->unprivileged);
}

static void usage(void)
{
	fprintf(stderr, "usage: arrays [--engine user|kernel] [--only privileged|unprivileged] "
			"[--match TEXT] [--btf FILE] [--json FILE] [--verbose]\n");
	exit(2);
}

static void read_options(struct runner *r, int argc, char **argv)
{
	r->btf = "/sys/kernel/btf/vmlinux";
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--verbose")) {
			r->verbose = true;
			continue;
		}
		if (!value)
			usage();
		i++;
		if (!strcmp(argv[i - 1], "--engine"))
			r->kernel = !strcmp(value, "kernel");
		else if (!strcmp(argv[i - 1], "--only"))
			r->only = value;
		else if (!strcmp(argv[i - 1], "--match"))
			r->match = value;
		else if (!strcmp(argv[i - 1], "--btf"))
			r->btf = value;
		else if (!strcmp(argv[i - 1], "--json"))
			r->json = fopen(value, "w");
		else
			usage();
	}
	r->vmlinux = read_vmlinux(r->btf);
}

int main(int argc, char **argv)
{
	struct runner r = {0};
	const struct tally *t = &r.tally;
	int err;

	read_options(&r, argc, argv);
	r.log = malloc(LOG_SIZE);
	err = r.log ? open_engines(&r) : -ENOMEM;
	if (err) {
		fprintf(stderr, "arrays: %s\n", strerror(-err));
		return 2;
	}
	for (u32 i = 0; !err && i < array_case_count(); i++)
		err = run_case(&r, i);
	if (t->excluded || t->unusable)
		printf("excluded: %u need Linux's test module, %u the kernel cannot do\n",
		       t->excluded, t->unusable);
	printf("arrays: %u usable, %u agree, %u false accepts, messages %u of %u\n", t->usable,
	       t->agree, t->false_accepts, t->messages_agree, t->messages);
	if (r.json)
		fclose(r.json);
	if (r.vmlinux)
		btf_free(r.vmlinux);
	if (!r.kernel)
		engine_free(r.unprivileged);
	engine_free(r.privileged);
	free(r.log);
	return err || t->agree != t->usable;
}
