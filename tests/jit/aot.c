/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code by way of a file: it does what it should, is refused when anything that
 * it was made from is another one, and no damage to the file is more than a
 * refusal.
 */
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "helper/helper.h"
#include "jit/aot/digest.h"
#include "jit/target.h"
#include "map/map.h"

#include "aot_code.h"
#include "engine.h"

/* An allocator that fails at its n-th call and knows what is still allocated. */
static struct {
	u32 until_failure; /* 0: never */
	_Atomic s32 live;
} failing;

static void *failing_realloc(void *ctx __unused, void *p, size_t size)
{
	if (!size) {
		failing.live -= p != NULL;
		free(p);
		return NULL;
	}
	if (failing.until_failure && !--failing.until_failure)
		return NULL;
	failing.live += p == NULL;
	return realloc(p, size);
}

static const struct mem failing_mem = {.realloc = failing_realloc};
static struct host *host;

/* ---- a program with something of everything that a file holds ---- */

#define ELEMENT	 1234
#define MISSING	 77
#define ROUNDS	 1000000 /* too many to be unrolled */
#define STACK	 16
#define MAP_LOAD 3
#define CALLBACK 12 /* the load of its address */

struct scene {
	struct prog *prog;
	struct map *map;
	struct insn_fact facts[32];
	struct jit_options options;
};

static struct map *new_map(u32 type, u32 value_size, u32 entries)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = entries,
	};
	struct map *map = NULL;

	if (map_create(host, &attr, NULL, &map, NULL))
		abort();
	return map;
}

static void set_facts(struct scene *s, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++)
		s->facts[i] = (struct insn_fact){
			.flags = FACT_SEEN, .map = FACT_NO_MAP, .umax = UINT64_MAX};
	s->facts[0].mem = MEM_STACK;
	s->facts[MAP_LOAD].map = s->facts[MAP_LOAD + 2].map = 0;
	s->facts[MAP_LOAD + 4].mem = MEM_MAP_VALUE;
}

/*
 * Element @key of the map if it is there, else what a bad load, which gives 0,
 * and as many calls back as ROUNDS make of it.
 */
static void scene_open(struct scene *s, struct map *map, u32 key)
{
	const struct bpf_insn insns[] = {
		RAW_INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, key),
		MOV64_X(2, 10),
		ALU64_K(BPF_ADD, 2, -4),
		WIDE(1, ptr_to_u64(map)),
		HELPER_CALL(map_lookup_elem),
		JUMP_K(BPF_JEQ, 0, 0, 2),
		LOAD(BPF_DW, 0, 0, 0),
		EXIT(),
		MOV64_K(1, 8),
		RAW_INSN(BPF_LDX | BPF_PROBE_MEM | BPF_W, 6, 1, 0, 0),
		MOV64_K(1, 5),
		RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 7),
		RAW_INSN(0, 0, 0, 0, 0),
		MOV64_K(3, 0),
		MOV64_K(4, 0),
		HELPER_CALL(loop),
		ALU64_X(BPF_ADD, 0, 6),
		ALU64_K(BPF_ADD, 0, MISSING - 5),
		EXIT(),
		MOV64_K(0, 0),
		EXIT(),
	};
	const u32 cnt = ARRAY_SIZE(insns);

	*s = (struct scene){.map = map};
	s->prog = engine_prog(host, insns, cnt, STACK);
	s->prog->orig[MAP_LOAD].src_reg = BPF_PSEUDO_MAP_FD;
	s->prog->maps = &s->map;
	s->prog->map_cnt = 1;
	strcpy(s->prog->name, "sample");
	memcpy(s->prog->tag, "\1\2\3\4\5\6\7\10", 8);
	set_facts(s, cnt);
	s->options = (struct jit_options){.facts = s->facts, .passes = JIT_PASSES_ALL};
}

static void scene_close(struct scene *s)
{
	jit_free(s->prog);
	object_put(&s->prog->obj);
	object_put(&s->map->obj);
}

static struct map *array_map(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_ARRAY, 8, 4);
	const u32 key = 2;
	const u64 value = ELEMENT;

	if (map_user_update(map, &key, &value, BPF_ANY))
		abort();
	return map;
}

/* A file of the sample, for a processor with nothing. */
static void sample_file(struct buf *bytes)
{
	struct err err = {0};
	struct scene s;

	scene_open(&s, array_map(), 2);
	buf_init(bytes, &mem_libc);
	check_eq(aot_make(s.prog, &s.options, 0, bytes, &err), 0);
	check_str(err.text, "");
	scene_close(&s);
}

static u64 run_of(const struct scene *s)
{
	return engine_run(jit_run, s->prog, NULL, NULL);
}

/* ---- what it should do ---- */

static void check_runs(u32 key, u64 passes, u64 want)
{
	struct err err = {0};
	struct scene s;

	scene_open(&s, array_map(), key);
	s.options.passes = passes;
	check_eq(aot_compile(s.prog, &s.options, &err), 0);
	check_str(err.text, "");
	check(s.prog->jit != NULL);
	if (s.prog->jit)
		check_eq(run_of(&s), want);
	scene_close(&s);
}

static void test_runs(void)
{
	check_runs(2, JIT_PASSES_ALL, ELEMENT);
	check_runs(9, JIT_PASSES_ALL, MISSING);
	check_runs(2, 0, ELEMENT);
	check_runs(9, 0, MISSING);
}

/* The file was made with one map and one program; others by the same description use it at once. */
static void test_several_at_once(void)
{
	struct scene s[3];
	struct buf bytes;

	sample_file(&bytes);
	for (u32 i = 0; i < ARRAY_SIZE(s); i++) {
		const u32 key = 2;
		const u64 value = 100 + i;
		struct err err = {0};

		scene_open(&s[i], new_map(BPF_MAP_TYPE_ARRAY, 8, 4), 2);
		map_user_update(s[i].map, &key, &value, BPF_ANY);
		check_eq(aot_load_bytes(s[i].prog, &s[i].options, &bytes, &err), 0);
		check_str(err.text, "");
	}
	for (u32 i = 0; i < ARRAY_SIZE(s); i++) {
		if (s[i].prog->jit)
			check_eq(run_of(&s[i]), 100 + i);
		scene_close(&s[i]);
	}
	buf_free(&bytes);
}

/* Of the mapping that holds @addr; false where there is no /proc. */
static bool permissions(const void *addr, char perms[5])
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		found = sscanf(line, "%lx-%lx %4s", &from, &to, perms) == 3 &&
			(uintptr_t)addr >= from && (uintptr_t)addr < to;
	}
	if (f)
		fclose(f);
	return found;
}

static void test_pages(void)
{
	struct scene s;
	size_t size = 0;
	const u8 *code;
	char perms[5];

	scene_open(&s, array_map(), 2);
	check_eq(aot_compile(s.prog, &s.options, NULL), 0);
	code = jit_code(s.prog, &size);
	if (!permissions(code, perms)) {
		tap_skip("no /proc/self/maps");
	} else {
		check_str(perms, "r-xp");
		check(permissions(code + ROUND_UP(size, jit_native->page_size), perms));
		check_str(perms, "r--p"); /* the pool */
	}
	scene_close(&s);
}

/* ---- refusals ---- */

static void other_entries(struct scene *s)
{
	object_put(&s->map->obj);
	s->map = new_map(BPF_MAP_TYPE_ARRAY, 8, 5);
}

static void other_value_size(struct scene *s)
{
	object_put(&s->map->obj);
	s->map = new_map(BPF_MAP_TYPE_ARRAY, 16, 4);
}

static void other_type(struct scene *s)
{
	object_put(&s->map->obj);
	s->map = new_map(BPF_MAP_TYPE_HASH, 8, 4);
}

static void no_map(struct scene *s)
{
	s->prog->map_cnt = 0;
}

static void other_fact(struct scene *s)
{
	s->facts[MAP_LOAD + 4].umax = 5;
}

static void no_facts(struct scene *s)
{
	s->options.facts = NULL;
}

/* With the same tag: what the prepared form is made of, such as a context's fields. */
static void other_insn(struct scene *s)
{
	s->prog->insns[0].off = -8;
}

static void other_tag(struct scene *s)
{
	s->prog->tag[0]++;
}

static void other_name(struct scene *s)
{
	strcpy(s->prog->name, "another");
}

static void other_prog_type(struct scene *s)
{
	s->prog->type = BPF_PROG_TYPE_XDP;
}

static void with_budget(struct scene *s)
{
	s->options.limited = true;
}

static void with_blinding(struct scene *s)
{
	s->options.blind = true;
}

static const struct {
	const char *name;
	void (*change)(struct scene *s);
	const char *why;
} refusals[] = {
	{"entries", other_entries, "it is for a map \"\" with max_entries 4, not 5"},
	{"value size", other_value_size, "it is for a map \"\" with value_size 8, not 16"},
	{"map type", other_type, "it is for a map \"\" of type array, which is of type hash"},
	{"no map", no_map, "it is for 1 maps, not 0"},
	{"fact", other_fact,
	 "the verifier has proven something else of the program than when its code was made: "
	 "read-only data, capabilities or the kernel's types are not the same"},
	{"no facts", no_facts,
	 "the verifier has proven something else of the program than when its code was made: "
	 "read-only data, capabilities or the kernel's types are not the same"},
	{"instruction", other_insn,
	 "the verifier has proven something else of the program than when its code was made: "
	 "read-only data, capabilities or the kernel's types are not the same"},
	{"tag", other_tag, "its code was made from other instructions"},
	{"name", other_name, "there is no code for a program \"another\""},
	{"program type", other_prog_type, "its code is for another type of programs"},
	{"budget", with_budget,
	 "its code does not count steps, and executions here have a budget (anybpf compile "
	 "--limits)"},
	{"blinding", with_blinding, "constants appear in its code, and here they must not"},
};

/* The text without the file's name. */
static void check_reason(const struct err *err, const char *why)
{
	const char *text = strstr(err->text, ": ");

	check_str(text ? text + 2 : err->text, why);
}

static void test_refusals(void)
{
	struct buf bytes;

	sample_file(&bytes);
	for (u32 i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct err err = {0};
		struct scene s;

		scene_open(&s, array_map(), 2);
		refusals[i].change(&s);
		check_eq(aot_load_bytes(s.prog, &s.options, &bytes, &err), -ENOEXEC);
		check_reason(&err, refusals[i].why);
		check(!s.prog->jit);
		scene_close(&s);
	}
	buf_free(&bytes);
}

/* Code for a processor that has something which this one has not. */
static void test_missing_feature(void)
{
	char why[256];
	struct err err = {0};
	struct buf bytes;
	struct scene s;
	u32 features = 0;

	scene_open(&s, array_map(), 2);
	check_eq(aot_features_parse(jit_native->feature_names[1], &features, &err), 0);
	check_eq(features, 2);
	buf_init(&bytes, &mem_libc);
	check_eq(aot_make(s.prog, &s.options, features, &bytes, &err), 0);
	s.options.features_off = features;
	check_eq(aot_load_bytes(s.prog, &s.options, &bytes, &err), -ENOEXEC);
	snprintf(why, sizeof(why), "it is for processors with %s, which this one has not",
		 jit_native->feature_names[1]);
	check_reason(&err, why);
	check_eq(aot_features_parse("no,such", &features, &err), -EINVAL);
	buf_free(&bytes);
	scene_close(&s);
}

/* ---- the file itself ---- */

static struct aot_header *header_in(const struct buf *bytes)
{
	const u64 magic = AOT_MAGIC;
	u8 *at = memmem(bytes->data, bytes->len, &magic, sizeof(magic));

	return (struct aot_header *)(void *)at;
}

/* As whoever made it would have written the section. */
static void seal(struct aot_header *h)
{
	struct sha1 sha1;

	sha1_init(&sha1);
	sha1_add(&sha1, (u8 *)h + AOT_SUMMED_FROM, h->size - AOT_SUMMED_FROM);
	sha1_final(&sha1, h->checksum);
}

static int load_sample(const struct buf *bytes, struct err *err)
{
	struct scene s;
	int ret;

	scene_open(&s, array_map(), 2);
	ret = aot_load_bytes(s.prog, &s.options, bytes, err);
	scene_close(&s);
	return ret;
}

static void check_bytes_refused(const struct buf *bytes, const char *why)
{
	struct err err = {0};

	check_eq(load_sample(bytes, &err), -ENOEXEC);
	check_reason(&err, why);
}

static void test_other_makers(void)
{
	struct aot_header *h;
	struct buf bytes;
	char *strings;

	sample_file(&bytes);
	h = header_in(&bytes);
	strings = (char *)h + h->strings.off;
	check_eq(load_sample(&bytes, NULL), 0);
	h->format++;
	check_bytes_refused(&bytes, "its description is of version 2, and this library reads "
				    "version 1");
	h->format--;
	h->abi[7] ^= 1;
	seal(h);
	check_bytes_refused(&bytes, "it was made by another build of anybpf 0.1.0, whose "
				    "structures or helpers are not these");
	h->abi[7] ^= 1;
	strings[h->version] = '9';
	seal(h);
	check_bytes_refused(&bytes, "it was made by anybpf 9.1.0, and this is 0.1.0");
	strings[h->version] = '0';
	seal(h);
	check_eq(load_sample(&bytes, NULL), 0);
	buf_free(&bytes);
}

static const struct aot_prog *first_prog(const struct buf *bytes)
{
	const struct aot_header *h = header_in(bytes);

	return (const void *)((const u8 *)h + h->progs.off);
}

static bool in_code(const struct buf *bytes, size_t at)
{
	const struct aot_prog *p = first_prog(bytes);

	return at >= p->text && at < p->text + p->text_size;
}

static bool in_section(const struct buf *bytes, size_t at)
{
	const struct aot_header *h = header_in(bytes);
	size_t start = (size_t)((const u8 *)h - bytes->data);

	return at >= start && at < start + h->size;
}

/* Between the parts, of which there are many. */
static bool is_padding(const struct buf *bytes, size_t at)
{
	return !in_section(bytes, at) && !bytes->data[at] && at % 61;
}

/*
 * Every byte but those of the code is changed; in the section .anybpf with a
 * checksum that says that it must be so. Nothing crashes, and what is loaded
 * nevertheless is as it was as far as it is looked at.
 */
static void test_damage(void)
{
	static const u8 changes[] = {1, 0x80, 0xff};
	struct aot_header *h, before;
	u32 refused = 0;
	struct buf bytes;
	struct scene s;
	s32 live;

	sample_file(&bytes);
	h = header_in(&bytes);
	before = *h;
	scene_open(&s, array_map(), 2);
	live = failing.live;
	for (size_t i = 0; i < bytes.len; i++) {
		bool section = in_section(&bytes, i);

		for (u32 k = 0;
		     k < ARRAY_SIZE(changes) && !in_code(&bytes, i) && !is_padding(&bytes, i);
		     k++) {
			u8 was = bytes.data[i];

			bytes.data[i] ^= changes[k];
			if (section && k && h->size == before.size)
				seal(h);
			refused += aot_load_bytes(s.prog, &s.options, &bytes, NULL) != 0;
			jit_free(s.prog);
			bytes.data[i] = was;
			memcpy(h->checksum, before.checksum, sizeof(h->checksum));
		}
	}
	check(refused > h->size);
	check_eq(failing.live, live);
	scene_close(&s);
	check_eq(load_sample(&bytes, NULL), 0);
	/* Code cannot be checked, but that it is what was written can. */
	bytes.data[first_prog(&bytes)->text] ^= 1;
	check_bytes_refused(&bytes, "the code of program \"sample\" is damaged");
	buf_free(&bytes);
}

/* A number of the section, of 4 bytes, becomes one that is near others or at an edge. */
static u32 odd_number(u64 *state, u32 was)
{
	u64 r = random_next(state);

	switch (r % 5) {
	case 0:
		return was + (u32)(r >> 8 & 15) - 8;
	case 1:
		return (u32)(r >> 8 & 255) * 8;
	case 2:
		return UINT32_MAX - (u32)(r >> 8 & 15);
	case 3:
		return was ^ 1u << (r >> 8 & 31);
	default:
		return (u32)(r >> 32);
	}
}

/* Several numbers at once, in a section that is sealed: what one check lets through meets others.
 */
static void test_damage_at_random(void)
{
	struct aot_header *h, before;
	u64 state = 1;
	struct buf bytes, copy;
	struct scene s;
	s32 live;

	sample_file(&bytes);
	h = header_in(&bytes);
	before = *h;
	buf_init(&copy, &mem_libc);
	buf_add(&copy, bytes.data, bytes.len);
	scene_open(&s, array_map(), 2);
	live = failing.live;
	for (u32 i = 0; i < 4000; i++) {
		u32 *numbers = (u32 *)(void *)h, cnt = before.size / 4;

		for (u32 k = 0; k < 1 + i % 4; k++) {
			u32 at = (u32)(random_next(&state) % cnt);

			numbers[at] = odd_number(&state, numbers[at]);
		}
		h->magic = before.magic;
		h->format = before.format;
		h->size = before.size;
		seal(h);
		aot_load_bytes(s.prog, &s.options, &bytes, NULL);
		jit_free(s.prog);
		memcpy(bytes.data, copy.data, bytes.len);
	}
	check_eq(failing.live, live);
	check_eq(aot_load_bytes(s.prog, &s.options, &bytes, NULL), 0);
	scene_close(&s);
	buf_free(&copy);
	buf_free(&bytes);
}

static void test_cut_off(void)
{
	struct buf bytes, part;

	sample_file(&bytes);
	part = bytes;
	for (part.len = 0; part.len < bytes.len; part.len += 1 + part.len % 7)
		check(load_sample(&part, NULL) != 0);
	buf_free(&bytes);
}

/* Every allocation fails in turn: nothing leaks, and -ENOMEM says so. */
static void test_out_of_memory(void)
{
	struct scene s;
	s32 live;
	u32 n = 1;
	int ret;

	scene_open(&s, array_map(), 2);
	live = failing.live;
	for (;; n++) {
		failing.until_failure = n;
		ret = aot_compile(s.prog, &s.options, NULL);
		if (!ret)
			break;
		check_eq(ret, -ENOMEM);
		check_eq(failing.live, live);
		check(!s.prog->jit);
	}
	failing.until_failure = 0;
	check(n > 10);
	check_eq(run_of(&s), ELEMENT);
	scene_close(&s);
}

/* ---- where no memory can be made executable ---- */

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

/* System calls that would make memory without a file executable fail, for good. */
static bool refuse_executable(void)
{
	const struct sock_filter filter[] = {
		{0x20, 0, 0, offsetof(struct seccomp_data, nr)},
		{0x15, 0, 4, SYS_mmap},
		{0x20, 0, 0, offsetof(struct seccomp_data, args[3])}, /* flags */
		{0x45, 1, 0, MAP_ANONYMOUS},
		{0x06, 0, 0, SECCOMP_RET_ALLOW},
		{0x05, 0, 0, 1},
		{0x15, 0, 3, SYS_mprotect},
		{0x20, 0, 0, offsetof(struct seccomp_data, args[2])}, /* protection */
		{0x45, 0, 1, PROT_EXEC},
		{0x06, 0, 0, SECCOMP_RET_ERRNO | EACCES},
		{0x06, 0, 0, SECCOMP_RET_ALLOW},
	};
	const struct {
		u16 len;
		const struct sock_filter *filter;
	} program = {ARRAY_SIZE(filter), filter};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static bool refuse_by_kernel(void)
{
	return !prctl(PR_SET_MDWE, 1, 0, 0, 0);
}

enum { CHILD_FINE, CHILD_WRONG, CHILD_SKIP };

/* In a process of its own: the compiler gets no pages, the file's code runs. */
static int run_refused(bool (*refuse)(void), const struct buf *bytes)
{
	struct scene s;
	bool fine;

	scene_open(&s, array_map(), 9);
	if (!refuse())
		return CHILD_SKIP;
	fine = jit_compile(s.prog, &s.options, NULL) != 0 && !s.prog->jit;
	scene_close(&s);
	scene_open(&s, array_map(), 2);
	fine = fine && !aot_load_bytes(s.prog, &s.options, bytes, NULL) && run_of(&s) == ELEMENT;
	scene_close(&s);
	return fine ? CHILD_FINE : CHILD_WRONG;
}

static void check_where_refused(bool (*refuse)(void), const char *what)
{
	struct buf bytes;
	int status = 0;
	pid_t pid;

	sample_file(&bytes);
	pid = fork();
	if (!pid)
		_exit(run_refused(refuse, &bytes));
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP)
		tap_skip(what);
	else
		check_eq(status, 0);
	buf_free(&bytes);
}

static void test_seccomp(void)
{
	check_where_refused(refuse_executable, "seccomp is not there");
}

static void test_mdwe(void)
{
	check_where_refused(refuse_by_kernel, "PR_SET_MDWE is not there");
}

int main(void)
{
	struct host_options options;

	host_options_init(&options);
	options.mem = &failing_mem;
	if (host_new(&options, &host))
		return 1;
	if (jit_present()) {
		run_test(test_runs);
		run_test(test_several_at_once);
		run_test(test_pages);
		run_test(test_refusals);
		run_test(test_missing_feature);
		run_test(test_other_makers);
		run_test(test_damage);
		run_test(test_damage_at_random);
		run_test(test_cut_off);
		run_test(test_out_of_memory);
		run_test(test_seccomp);
		run_test(test_mdwe);
	} else {
		tap_begin("code in files");
		tap_skip("no JIT for this machine");
		tap_end();
	}
	host_free(host);
	return tap_done();
}
