/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of every helper, with right and wrong arguments, here and in the running
 * kernel: the same verdict at loading, the same result, the same memory, the same
 * packet, the same fields of the context.
 *
 *	helpers [-lv] [COUNT [SEED [HELPER]]]
 *
 * makes COUNT (200) calls of each prototype in each type of program that both can
 * run a test of. -l lists what was compared, for docs/coverage.md; -v tells what is not compared
 *and why. The last line is the figures. `known` says where Linux differs from 6.12.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/os.h"
#include "btf/btf.h"
#include "cases.h"
#include "isa/disasm.h"
#include "linux_oracle.h"
#include "packets.h"
#include "sys/engine.h"
#include "tap.h"

#define F(field) (u16)(offsetof(struct __sk_buff, field) + 1)
#define SKB_FIELDS                                                                                 \
	F(len), F(pkt_type), F(mark), F(queue_mapping), F(protocol), F(vlan_present), F(vlan_tci), \
		F(vlan_proto), F(priority)

static const struct runner runners[] = {
	{.type = BPF_PROG_TYPE_XDP, .packet = true, .direct = true},
	{.type = BPF_PROG_TYPE_SCHED_CLS,
	 .packet = true,
	 .direct = true,
	 .fields = {SKB_FIELDS, F(tc_index), F(tc_classid), F(gso_size), F(gso_segs)}},
	{.type = BPF_PROG_TYPE_SCHED_ACT,
	 .packet = true,
	 .direct = true,
	 .fields = {SKB_FIELDS, F(tc_index), F(tc_classid), F(gso_size), F(gso_segs)}},
	{.type = BPF_PROG_TYPE_SOCKET_FILTER, .packet = true, .fields = {SKB_FIELDS}},
	/* Linux gives them no data in test runs, so that there is nothing to pass of it. */
	{.type = BPF_PROG_TYPE_CGROUP_SKB,
	 .attach = BPF_CGROUP_INET_INGRESS,
	 .packet = true,
	 .fields = {SKB_FIELDS}},
	{.type = BPF_PROG_TYPE_LWT_IN, .packet = true, .direct = true, .fields = {SKB_FIELDS}},
	{.type = BPF_PROG_TYPE_LWT_OUT, .packet = true, .direct = true, .fields = {SKB_FIELDS}},
	{.type = BPF_PROG_TYPE_LWT_XMIT, .packet = true, .direct = true, .fields = {SKB_FIELDS}},
	{.type = BPF_PROG_TYPE_RAW_TRACEPOINT, .ctx_size = 64},
	{.type = BPF_PROG_TYPE_SYSCALL, .sleepable = true, .ctx_size = 64},
	{.type = BPF_PROG_TYPE_FLOW_DISSECTOR,
	 .attach = BPF_FLOW_DISSECTOR,
	 .packet = true,
	 .direct = true},
};

enum mask { MASK_NONE, MASK_NEVER, MASK_RESULT, MASK_ALL, MASK_FAILS, MASK_LOW, MASK_CHANGED };

static const struct {
	u32 id;
	enum mask mask;
	const char *why;
} masks[] = {
#define MASK(name, what, reason) {BPF_FUNC_##name, MASK_##what, reason},
#include "masks.def"
#undef MASK
};

#define OUT_SIZE 4096

struct side {
	struct engine *engine;
	struct case_maps maps;
	int btf; /* of the program's functions */
	struct results after;
	int load, run;
	u32 retval, out_size;
	u8 out[OUT_SIZE], ctx[64];
};

/* What became of the calls of a helper. */
struct tally {
	u32 equal, refused, different;
};

static struct {
	struct side side[2];
	struct tally of[__BPF_FUNC_MAX_ID];
	bool ran[__MAX_BPF_PROG_TYPE];
	u32 absent, cases;
	bool verbose;
	bool newer;  /* Linux is, than 6.12 */
	u8 user[64]; /* what programs may read of this process */
} t;

static const char *const side_names[] = {"here", "Linux"};

/* ---- maps ---- */

static const union bpf_attr test_maps[TEST_MAP_CNT] = {
#define MAP(at, id, key, value, entries, ...)                                                      \
	[at] = {.map_type = BPF_MAP_TYPE_##id,                                                     \
		.key_size = key,                                                                   \
		.value_size = value,                                                               \
		.max_entries = entries,                                                            \
		##__VA_ARGS__}
	MAP(TEST_HASH, HASH, 4, 16, 4),
	MAP(TEST_ARRAY, ARRAY, 4, 16, 4),
	MAP(TEST_PERCPU_ARRAY, PERCPU_ARRAY, 4, 16, 4),
	MAP(TEST_LPM, LPM_TRIE, 8, 16, 4, .map_flags = BPF_F_NO_PREALLOC),
	MAP(TEST_QUEUE, QUEUE, 0, 16, 4),
	MAP(TEST_STACK, STACK, 0, 16, 4),
	MAP(TEST_BLOOM, BLOOM_FILTER, 0, 16, 4, .map_flags = BPF_F_ZERO_SEED),
	MAP(TEST_RINGBUF, RINGBUF, 0, 0, 4096),
	MAP(TEST_PERF, PERF_EVENT_ARRAY, 4, 4, 4),
	MAP(TEST_MAPS, ARRAY_OF_MAPS, 4, 4, 4),
	MAP(TEST_STACK_TRACE, STACK_TRACE, 4, 80, 4),
	MAP(TEST_CGROUPS, CGROUP_ARRAY, 4, 4, 4),
	MAP(TEST_DEVMAP, DEVMAP, 4, 4, 4),
#undef MAP
};

static int call(struct side *s, enum bpf_cmd cmd, union bpf_attr attr)
{
	return engine_bpf(s->engine, cmd, &attr, sizeof(attr));
}

static int update(struct side *s, int map, const void *key, const void *value)
{
	return call(s, BPF_MAP_UPDATE_ELEM,
		    (union bpf_attr){.map_fd = (u32)map,
				     .key = key ? ptr_to_u64(key) : 0,
				     .value = ptr_to_u64(value)});
}

static void close_handle(struct side *s, int *handle)
{
	if (*handle >= 0)
		s->engine->ops->close(s->engine, *handle);
	*handle = -1;
}

/* Maps as they are before each case: with a few elements. */
static void fill_map(struct side *s, enum test_map which)
{
	u8 value[64 * 64] = {1, 2, 3}, key[8] = {16, 0, 0, 0, 1};
	u32 zero = 0;

	switch (which) {
	case TEST_HASH:
	case TEST_ARRAY:
	case TEST_PERCPU_ARRAY:
		update(s, s->maps.test[which], &zero, value);
		break;
	case TEST_LPM:
		update(s, s->maps.test[which], key, value);
		break;
	case TEST_QUEUE:
	case TEST_STACK:
	case TEST_BLOOM:
		update(s, s->maps.test[which], NULL, value);
		break;
	case TEST_MAPS:
		update(s, s->maps.test[which], &zero, &s->maps.test[TEST_HASH]);
		break;
	default:
		break;
	}
}

static void new_map(struct side *s, enum test_map which)
{
	union bpf_attr attr = test_maps[which];

	close_handle(s, &s->maps.test[which]);
	if (which == TEST_MAPS)
		attr.inner_map_fd = (u32)s->maps.test[TEST_HASH];
	s->maps.test[which] = call(s, BPF_MAP_CREATE, attr);
	if (s->maps.test[which] >= 0)
		fill_map(s, which);
}

enum { BTF_INT = 1, BTF_PROTO, BTF_MAIN, BTF_CALLBACK };

/* int main(void) and a callback of the same shape, whose arguments nobody looks at. */
static int load_btf(struct side *s)
{
	static const char strings[] = "\0int\0main\0callback";
	const u32 types[] = {
		1,
		BTF_KIND_INT << 24,
		4,
		BTF_INT_SIGNED << 24 | 32,
		0,
		BTF_KIND_FUNC_PROTO << 24,
		BTF_INT,
		5,
		BTF_KIND_FUNC << 24,
		BTF_PROTO,
		10,
		BTF_KIND_FUNC << 24,
		BTF_PROTO,
	};
	struct {
		struct btf_header header;
		u32 types[ARRAY_SIZE(types)];
		char strings[sizeof(strings)];
	} btf = {.header = {.magic = BTF_MAGIC,
			    .version = BTF_VERSION,
			    .hdr_len = sizeof(struct btf_header),
			    .type_len = sizeof(types),
			    .str_off = sizeof(types),
			    .str_len = sizeof(strings)}};

	memcpy(btf.types, types, sizeof(types));
	memcpy(btf.strings, strings, sizeof(strings));
	return call(s, BPF_BTF_LOAD,
		    (union bpf_attr){.btf = ptr_to_u64(&btf),
				     .btf_size = offsetof(typeof(btf), strings) + sizeof(strings)});
}

static void open_maps(struct side *s)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = sizeof(struct results),
			       .max_entries = 1};
	u32 zero = 0;

	s->maps.results = call(s, BPF_MAP_CREATE, attr);
	attr.value_size = sizeof(case_strings);
	attr.map_flags = BPF_F_RDONLY_PROG;
	s->maps.strings = call(s, BPF_MAP_CREATE, attr);
	update(s, s->maps.strings, &zero, case_strings);
	call(s, BPF_MAP_FREEZE, (union bpf_attr){.map_fd = (u32)s->maps.strings});
	s->btf = load_btf(s);
	for (u32 i = 0; i < TEST_MAP_CNT; i++) {
		s->maps.test[i] = -1;
		new_map(s, (enum test_map)i);
	}
}

/* ---- a case on one side ---- */

static int load(struct side *s, const struct helper_case *c, char *log, u32 log_size)
{
	struct bpf_insn insns[CASE_INSNS];
	struct bpf_func_info functions[2] = {{0, BTF_MAIN}, {0, BTF_CALLBACK}};
	union bpf_attr attr;

	/* Not an initialiser, which may leave what is behind the member that it is for. */
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = c->runner->type;
	attr.expected_attach_type = c->runner->attach;
	attr.insn_cnt = case_program(c, &s->maps, insns, &functions[1].insn_off);
	attr.insns = ptr_to_u64(insns);
	attr.license = ptr_to_u64("GPL");
	attr.prog_flags = c->runner->sleepable ? BPF_F_SLEEPABLE : 0;
	attr.log_level = log ? 1 : 0;
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = log_size;
	if (functions[1].insn_off) {
		attr.prog_btf_fd = (u32)s->btf;
		attr.func_info = ptr_to_u64(functions);
		attr.func_info_cnt = ARRAY_SIZE(functions);
		attr.func_info_rec_size = sizeof(*functions);
	}
	return call(s, BPF_PROG_LOAD, attr);
}

static void run_on(struct side *s, const struct helper_case *c)
{
	union bpf_attr attr = {.test.prog_fd = (u32)s->load};
	u32 zero = 0;

	update(s, s->maps.results, &zero, &c->before);
	memset(s->out, 0, sizeof(s->out));
	if (c->runner->packet) {
		attr.test.data_in = ptr_to_u64(packets[c->packet].data);
		attr.test.data_size_in = packets[c->packet].size;
		attr.test.data_out = ptr_to_u64(s->out);
		attr.test.data_size_out = sizeof(s->out);
	}
	if (c->runner->ctx_size) {
		memset(s->ctx, 0x11, sizeof(s->ctx));
		attr.test.ctx_in = ptr_to_u64(s->ctx);
		attr.test.ctx_size_in = c->runner->ctx_size;
	}
	s->run = engine_bpf(s->engine, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	s->retval = attr.test.retval;
	s->out_size = attr.test.data_size_out;
	call(s, BPF_MAP_LOOKUP_ELEM,
	     (union bpf_attr){.map_fd = (u32)s->maps.results,
			      .key = ptr_to_u64(&zero),
			      .value = ptr_to_u64(&s->after)});
}

/* ---- comparison ---- */

static enum mask mask_of(u32 id)
{
	for (u32 i = 0; i < ARRAY_SIZE(masks); i++)
		if (masks[i].id == id)
			return masks[i].mask;
	return MASK_NONE;
}

static void unmask(struct results *after, enum mask mask)
{
	if (mask == MASK_RESULT)
		after->r0 = 0;
	if (mask == MASK_LOW)
		after->r0 = (u32)after->r0;
	if (mask == MASK_FAILS)
		after->r0 = (s64)after->r0 < 0;
}

/* What differs, in words, or NULL. */
static const char *difference(const struct helper_case *c)
{
	struct side *a = &t.side[0], *b = &t.side[1];
	enum mask mask = mask_of(c->proto->id);
	static char text[200];

	if (mask == MASK_ALL || (mask == MASK_CHANGED && t.newer))
		return NULL;
	unmask(&a->after, mask);
	unmask(&b->after, mask);
	if (a->run != b->run)
		snprintf(text, sizeof(text), "the test run gives %d here, %d in Linux", a->run,
			 b->run);
	else if (a->after.r0 != b->after.r0)
		snprintf(text, sizeof(text), "the result is %lld here, %lld in Linux",
			 (long long)a->after.r0, (long long)b->after.r0);
	else if (a->after.found != b->after.found || a->after.callbacks != b->after.callbacks)
		snprintf(text, sizeof(text),
			 "it finds %llu here, %llu in Linux; calls back %llu, %llu",
			 (unsigned long long)a->after.found, (unsigned long long)b->after.found,
			 (unsigned long long)a->after.callbacks,
			 (unsigned long long)b->after.callbacks);
	else if (memcmp(a->after.stack, b->after.stack,
			sizeof(a->after) - offsetof(struct results, stack))) {
		size_t at = offsetof(struct results, stack);

		while (((u8 *)&a->after)[at] == ((u8 *)&b->after)[at])
			at++;
		snprintf(text, sizeof(text), "memory differs at %zu of %zu: %#x here, %#x in Linux",
			 (at - offsetof(struct results, stack)) % 128, sizeof(a->after),
			 ((u8 *)&a->after)[at], ((u8 *)&b->after)[at]);
	} else if (a->out_size != b->out_size)
		snprintf(text, sizeof(text), "the packet has %u bytes here, %u in Linux",
			 a->out_size, b->out_size);
	else if (memcmp(a->out, b->out, sizeof(a->out))) {
		u32 at = 0;

		while (a->out[at] == b->out[at])
			at++;
		snprintf(text, sizeof(text), "the packet differs at %u: %#x here, %#x in Linux", at,
			 a->out[at], b->out[at]);
	} else {
		for (u32 i = 0; i < ARRAY_SIZE(a->after.fields); i++) {
			if (a->after.fields[i] == b->after.fields[i])
				continue;
			snprintf(text, sizeof(text), "field %u is %#llx here, %#llx in Linux", i,
				 (unsigned long long)a->after.fields[i],
				 (unsigned long long)b->after.fields[i]);
			return text;
		}
		return NULL;
	}
	return text;
}

static void print_log(const struct helper_case *c)
{
	static char log[1 << 16];

	for (u32 i = 0; i < 2; i++) {
		int fd = load(&t.side[i], c, log, sizeof(log));
		size_t len = strlen(log);
		const char *end = log;

		if (fd >= 0)
			close_handle(&t.side[i], &fd);
		/* The line before the count of instructions says why. */
		for (const char *line = log; line < log + len; line += strcspn(line, "\n") + 1)
			if (strncmp(line, "processed ", 10) && *line != '\n')
				end = line;
		printf("#     %s: %.*s\n", side_names[i], (int)strcspn(end, "\n"), end);
	}
}

static void print_program(const struct helper_case *c)
{
	struct bpf_insn insns[CASE_INSNS];
	u32 callback, n = case_program(c, &t.side[1].maps, insns, &callback);
	struct buf text;

	buf_init(&text, &mem_libc);
	for (u32 i = 0; i < n;) {
		u32 slots;

		text.len = 0;
		slots = isa_disasm(&text, &insns[i], n - i, NULL);
		printf("#     %3u: %.*s\n", i, (int)text.len, (const char *)text.data);
		i += slots;
	}
	buf_free(&text);
}

static void differs(const struct helper_case *c, u64 number, u64 seed, const char *what)
{
	if (t.of[c->proto->id].different++ < 3 || t.verbose) {
		printf("# %s in %s, case %llu of seed %llu, packet %u: %s\n", c->proto->name,
		       prog_type_name(c->runner->type), (unsigned long long)number,
		       (unsigned long long)seed, c->packet, what);
		case_print(c);
		if (t.side[0].load < 0 || t.side[1].load < 0)
			print_log(c);
		if (t.verbose)
			print_program(c);
	}
}

static bool takes_map(const struct helper_case *c)
{
	for (u32 i = 0; i < 5; i++)
		if (c->arg[i].how == PASS_MAP)
			return true;
	return false;
}

static void one_case(struct helper_case *c, u64 number, u64 seed)
{
	struct side *a = &t.side[0], *b = &t.side[1];
	struct tally *tally = &t.of[c->proto->id];
	const char *what = NULL;
	char verdicts[80];

	t.cases++;
	if (takes_map(c) && a->maps.test[c->map] < 0) {
		t.absent++;
		return;
	}
	for (u32 i = 0; i < 2; i++)
		t.side[i].load = load(&t.side[i], c, NULL, 0);
	if (a->load == -EOPNOTSUPP && b->load != -EOPNOTSUPP) {
		t.absent++;
	} else if ((a->load < 0 || b->load < 0) &&
		   (a->load < 0 ? a->load : 0) != (b->load < 0 ? b->load : 0)) {
		snprintf(verdicts, sizeof(verdicts), "loading gives %d here, %d in Linux",
			 a->load < 0 ? a->load : 0, b->load < 0 ? b->load : 0);
		differs(c, number, seed, verdicts);
	} else if (a->load < 0) {
		tally->refused++;
	} else {
		run_on(a, c);
		run_on(b, c);
		t.ran[c->runner->type] = true;
		what = difference(c);
		if (what)
			differs(c, number, seed, what);
		else
			tally->equal++;
	}
	for (u32 i = 0; i < 2; i++) {
		close_handle(&t.side[i], &t.side[i].load);
		if (takes_map(c) && (what || number % 16 == 15))
			new_map(&t.side[i], c->map);
	}
}

/* ---- all of it ---- */

static bool may_call(const struct runner *runner, const struct helper_proto *proto)
{
	struct helper_caller caller = {.type = runner->type,
				       .attach_type = runner->attach,
				       .sleepable = runner->sleepable,
				       .caps = HOST_CAP_ALL};

	return helper_find(&caller, proto->id) == proto;
}

static void calls_of(const struct helper_proto *proto, const struct runner *runner, u64 count,
		     u64 seed)
{
	for (u64 n = 0; n < count; n++) {
		u64 random = (seed * 1000003 + helper_index(proto)) * 64 + runner->type;
		struct helper_case c = {.proto = proto, .runner = runner};

		random = (random << 20 | n) * 0x9e3779b97f4a7c15;
		c.packet = (u32)(random >> 40) % ARRAY_SIZE(packets);
		case_draw(&c, &random, packets[c.packet].size, t.user);
		one_case(&c, n, seed);
	}
}

static const char *why_not(const struct helper_proto *proto)
{
	for (u32 i = 0; i < ARRAY_SIZE(masks); i++)
		if (masks[i].id == proto->id && masks[i].mask == MASK_NEVER)
			return masks[i].why;
	return case_impossible(proto);
}

static void all_calls(u64 count, u64 seed, const char *only)
{
	for (u32 p = 0; p < HELPER_CNT; p++) {
		const struct helper_proto *proto = &helper_protos[p];
		const char *why = why_not(proto);

		if (!proto->fn || (only && strcmp(only, proto->name)))
			continue;
		if (why && t.verbose)
			printf("# %s is not called: %s\n", proto->name, why);
		for (u32 i = 0; i < ARRAY_SIZE(runners) && !why; i++)
			if (may_call(&runners[i], proto))
				calls_of(proto, &runners[i], count, seed);
	}
}

static u32 possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	u32 from = 0, to = 0;
	int n = f ? fscanf(f, "%u-%u", &from, &to) : 0;

	if (f)
		fclose(f);
	return n == 2 ? to + 1 : 1;
}

static bool is_newer(void)
{
	struct utsname name;
	unsigned int major = 0, minor = 0;

	uname(&name);
	return sscanf(name.release, "%u.%u", &major, &minor) == 2 && major * 1000 + minor > 6012;
}

static void open_engines(void)
{
	struct host_options opts;
	struct environment env;
	struct host *host;

	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = possible_cpus();
	opts.env = &env;
	if (host_new(&opts, &host) || engine_user_new(host, &t.side[0].engine) ||
	    engine_kernel_new(&mem_libc, &t.side[1].engine))
		abort();
}

static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(os_current_cpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static bool is_compared(u32 id)
{
	enum mask mask = mask_of(id);

	return mask != MASK_ALL && (mask != MASK_CHANGED || !t.newer);
}

/* For compared.py. */
static void list_compared(void)
{
	for (u32 id = 1; id < __BPF_FUNC_MAX_ID; id++)
		if (t.of[id].equal && !t.of[id].different && is_compared(id))
			printf("# helper %s: compared\n", helper_name(id));
	for (u32 i = 0; i < ARRAY_SIZE(runners); i++)
		if (t.ran[runners[i].type])
			printf("# program %s: compared\n", prog_type_name(runners[i].type));
}

static u32 figures(void)
{
	struct tally sum = {0};
	u32 helpers = 0;

	for (u32 id = 1; id < __BPF_FUNC_MAX_ID; id++) {
		sum.equal += t.of[id].equal;
		sum.refused += t.of[id].refused;
		sum.different += t.of[id].different;
		helpers += t.of[id].equal && !t.of[id].different;
		if (t.of[id].different)
			printf("# %s: %u of %u calls differ\n", helper_name(id), t.of[id].different,
			       t.of[id].different + t.of[id].equal);
		else if (t.verbose && t.of[id].equal)
			printf("# %s: %u calls, %u refused by both\n", helper_name(id),
			       t.of[id].equal, t.of[id].refused);
	}
	printf("# helpers: %u calls: %u the same, %u refused by both, %u differ, %u not here yet; "
	       "%u "
	       "helpers\n",
	       t.cases, sum.equal, sum.refused, sum.different, t.absent, helpers);
	return sum.different;
}

int main(int argc, char **argv)
{
	bool list = false;
	u64 count, seed;
	u32 different = 0;

	for (int option; (option = getopt(argc, argv, "lv")) != -1;) {
		if (option == '?')
			return 2;
		t.verbose |= option == 'v';
		list |= option == 'l';
	}
	argv += optind - 1, argc -= optind - 1;
	count = argc > 1 ? strtoull(argv[1], NULL, 0) : 200;
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	tap_begin("calls of helpers");
	if (!oracle_present()) {
		tap_skip("the kernel does not allow bpf()");
	} else {
		stay_on_this_cpu();
		open_engines();
		t.newer = is_newer();
		for (u32 i = 0; i < 2; i++)
			open_maps(&t.side[i]);
		strcpy((char *)t.user, "what a process has");
		all_calls(count, seed, argc > 3 ? argv[3] : NULL);
		different = figures();
		for (u32 i = 0; i < 2; i++)
			engine_free(t.side[i].engine);
		if (different)
			tap_fail("%u calls differ", different);
		if (list)
			list_compared();
	}
	tap_end();
	return tap_done();
}
