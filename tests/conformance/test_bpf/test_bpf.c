/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the tests of Linux's lib/test_bpf.c on the interpreter and as machine
 * code. As that module does, it gives programs to the engines without a
 * verifier in between, in prepared form: classic ones through our translation
 * for the host's packets, tail calls through a program array.
 *
 *	test_bpf [--tap] [-v] [NAME]
 *
 * NAME: only tests whose name contains it; -v prints those programs. Its last
 * line is the figures; with --tap it is a test of the test command.
 */
#include <errno.h>

#include "engine.h"
#include "helper/classic.h"
#include "helper/helper.h"
#include "hook/skb.h"
#include "interp/interp.h"
#include "isa/disasm.h"
#include "jit/jit.h"
#include "vectors.h"

#define TIMES 3 /* each program runs on each input: what it leaves behind must not matter */

enum engine_kind { INTERPRETER, JIT, ENGINES };

static const struct {
	const char *name;
	engine_fn run;
} engines[ENGINES] = {{"interpreter", interp_run}, {"JIT", jit_run}};

static struct {
	struct host *host;
	const char *match;
	bool verbose;
	u32 tests, passed[ENGINES];
	const char *name; /* of the test at work */
	bool failed[ENGINES];
} bench;

__printf(2, 3) static void fail(enum engine_kind engine, const char *fmt, ...)
{
	char why[512];
	va_list args;

	if (bench.failed[engine])
		return;
	bench.failed[engine] = true;
	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	printf("# %s: %s: %s\n", bench.name, engines[engine].name, why);
	tap_fail("%s: %s: %s", bench.name, engines[engine].name, why);
}

__printf(1, 2) static void fail_all(const char *fmt, ...)
{
	char why[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	for (u32 i = 0; i < ENGINES; i++)
		fail(i, "%s", why);
}

static bool begin(const char *name)
{
	if (bench.match && !strstr(name, bench.match))
		return false;
	bench.name = name;
	bench.tests++;
	bench.failed[INTERPRETER] = false;
	bench.failed[JIT] = !jit_present();
	return true;
}

static void end(void)
{
	for (u32 i = 0; i < ENGINES; i++)
		bench.passed[i] += !bench.failed[i];
}

static bool can_run(const struct prog *prog, enum engine_kind engine)
{
	return !bench.failed[engine] && (engine != JIT || prog->jit);
}

/* ---- programs ---- */

static void print(const struct prog *prog)
{
	const struct disasm_options opts = {.form = DISASM_ASM};
	struct buf text;

	buf_init(&text, &mem_libc);
	for (u32 i = 0; i < prog->insn_cnt;) {
		u32 slots;

		buf_reset(&text);
		slots = isa_disasm(&text, &prog->insns[i], prog->insn_cnt - i, &opts);
		printf("# %5u: %s\n", i, buf_str(&text));
		i += slots;
	}
	buf_free(&text);
}

/* In machine code as well where there is a JIT. */
static struct prog *make(const struct bpf_insn *insns, u32 cnt, u32 stack)
{
	struct prog *prog = engine_prog(bench.host, insns, cnt, ROUND_UP(stack, 8));
	struct err err = {0};
	int ret = interp_check(prog, &err);

	if (bench.verbose)
		print(prog);
	if (ret) {
		fail_all("%s", err.text);
		return prog;
	}
	ret = jit_present() ? jit_compile(prog, NULL, &err) : -EOPNOTSUPP;
	if (ret)
		fail(JIT, "not compiled: %d %s", ret, err.text);
	return prog;
}

static void drop(struct prog *prog)
{
	jit_free(prog);
	object_put(&prog->obj);
}

/*
 * Linux refuses this one, because its translation is too long for the jump over
 * it. Ours is shorter: what it must return the table says all the same.
 */
static bool fits_here(const struct vector *v)
{
	return !strcmp(v->name, "BPF_MAXINSNS: jump over MSH");
}

/* NULL when it was refused, which the test may want. */
static struct prog *make_vector(const struct vector *v)
{
	struct bpf_insn *insns = NULL;
	struct prog *prog = NULL;
	struct err err = {0};
	u32 cnt;
	int ret;

	if (!v->classic)
		return make(v->insns, v->cnt, v->stack_depth);
	ret = cbpf_translate(NULL, v->filter, v->cnt, &cbpf_host_skb, &insns, &cnt, &err);
	if (ret != (v->must_fail && !fits_here(v) ? v->error : 0))
		fail_all("cbpf_translate() gives %d %s", ret, err.text);
	else if (!ret)
		prog = make(insns, cnt, 4 * BPF_MEMWORDS);
	mem_free(&mem_libc, insns);
	return prog;
}

/* ---- classic and extended tests ---- */

/* What a program sees: the host's packets are linear, so a fragment follows the rest at once. */
struct packet {
	struct sk_buff skb;
	u8 bytes[2 * VECTOR_DATA];
};

static void packet_init(struct packet *p, const struct vector *v, u32 size)
{
	u32 fragment = v->fragment ? VECTOR_DATA : 0;

	memset(p, 0, sizeof(*p));
	memcpy(p->bytes, v->data, size);
	memcpy(p->bytes + size, v->fragment_data, fragment);
	p->skb = (struct sk_buff){
		.data = p->bytes,
		.head = p->bytes,
		.data_end = p->bytes + size + fragment,
		.end = p->bytes + sizeof(p->bytes),
		.len = size + fragment,
		.network_header = size < ETH_HLEN ? size : ETH_HLEN,
		.protocol = host_to_be16(ETH_P_IP),
		/* The numbers that the tables expect. */
		.pkt_type = 3,
		.mark = 0x1234aaaa,
		.hash = 0x1234aaab,
		.queue_mapping = 123,
		.vlan_tci = 0xffff,
		.vlan_present = 1,
		.vlan_proto = host_to_be16(ETH_P_IP),
		.ifindex = 577,
		.dev_type = 588,
	};
}

static void setup_packet(struct run *run)
{
	run->legacy_load = skb_legacy_load;
}

static u32 run_once(const struct prog *prog, const struct vector *v, u32 size, engine_fn engine)
{
	struct packet packet;
	void *memory;
	u32 r0;

	if (v->no_data)
		return (u32)engine_run(engine, prog, NULL, NULL);
	if (v->large_memory) {
		memory = malloc(size);
		r0 = (u32)engine_run(engine, prog, memory, NULL);
		free(memory);
		return r0;
	}
	packet_init(&packet, v, size);
	return (u32)engine_run(engine, prog, &packet.skb, setup_packet);
}

static void run_on(const struct prog *prog, const struct vector *v, enum engine_kind engine)
{
	for (u32 i = 0; i < v->runs; i++) {
		for (u32 n = 0; n < TIMES; n++) {
			u32 r0 = run_once(prog, v, v->run[i].size, engines[engine].run);

			if (r0 != v->run[i].result)
				fail(engine, "%#x for %u bytes, not %#x", r0, v->run[i].size,
				     v->run[i].result);
		}
	}
}

static void run_vector(const struct vector *v)
{
	struct prog *prog = make_vector(v);

	if (!prog)
		return;
	for (u32 i = 0; i < ENGINES; i++) {
		if (can_run(prog, i))
			run_on(prog, v, i);
	}
	drop(prog);
}

static void run_vectors(void)
{
	static struct vector v;

	for (u32 i = 0; i < vector_cnt; i++) {
		bool filled = vector_get(i, &v);

		if (begin(v.name)) {
			if (filled)
				run_vector(&v);
			else
				fail_all("its program cannot be made");
			end();
		}
		vector_free(&v);
	}
}

/* ---- tail calls ---- */

static struct map *new_prog_array(u32 entries)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_PROG_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = entries,
	};
	struct map *map = NULL;

	return map_create(bench.host, &attr, NULL, &map, NULL) ? NULL : map;
}

/* Linux runs a C function of the module that uses many registers; any helper is one. */
static struct bpf_insn call_insn(s32 what)
{
	static const u32 helpers[] = {
		[VECTOR_NUMA_NODE] = HELPER_get_numa_node_id,
		[VECTOR_KTIME] = HELPER_ktime_get_ns,
		[VECTOR_BOOT_TIME] = HELPER_ktime_get_boot_ns,
		[VECTOR_COARSE_TIME] = HELPER_ktime_get_coarse_ns,
		[VECTOR_JIFFIES] = HELPER_jiffies64,
		[VECTOR_C_FUNCTION] = HELPER_get_prandom_u32,
	};

	return RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helpers[what]);
}

/* The marked instructions become the array and indexes; the array has one free entry at its end. */
static void resolve(struct bpf_insn *insns, u32 cnt, u32 which, const struct map *map)
{
	const struct bpf_insn array[] = {WIDE(2, ptr_to_u64(map))};

	for (u32 i = 0; i < cnt; i++) {
		struct bpf_insn *insn = &insns[i];

		if (insn->code == (BPF_JMP | BPF_CALL)) {
			*insn = call_insn(insn->imm);
		} else if (insn->imm != VECTOR_TAIL_MARK) {
			continue;
		} else if (insn->code == array->code) {
			insn[0].imm = array[0].imm;
			insn[1].imm = array[1].imm;
			i++;
		} else {
			insn->imm = insn->off == VECTOR_TAIL_NULL      ? (s32)tail_vector_cnt
				    : insn->off == VECTOR_TAIL_INVALID ? (s32)tail_vector_cnt + 1
								       : (s32)which + insn->off;
			insn->off = 0;
		}
	}
}

static struct prog *make_tail_vector(const struct tail_vector *v, u32 which, struct map *map)
{
	struct bpf_insn *insns = calloc(v->cnt, sizeof(*insns));
	struct prog *prog;
	int handle;

	memcpy(insns, v->insns, v->cnt * sizeof(*insns));
	resolve(insns, v->cnt, which, map);
	prog = make(insns, v->cnt, v->stack_depth);
	free(insns);
	object_get(&prog->obj);
	handle = handle_open(&prog->obj);
	if (map->ops->write(map, &which, &handle, BPF_ANY))
		fail_all("it cannot be put into a program array");
	handle_close(bench.host, handle);
	return prog;
}

static void run_tail_vector(const struct tail_vector *v, const struct prog *prog,
			    enum engine_kind engine)
{
	u32 state = 0, got = 0;

	for (u32 i = 0; i < v->times; i++)
		got = (u32)engine_run(engines[engine].run, prog, v->has_state ? &state : NULL,
				      NULL);
	if (v->result_in_state)
		got = state;
	if (got != v->result)
		fail(engine, "%u, not %u", got, v->result);
}

static void run_tail_vectors(void)
{
	struct map *map = new_prog_array(tail_vector_cnt + 1);
	struct prog **progs = calloc(tail_vector_cnt, sizeof(struct prog *));
	bool compiled = true;
	struct tail_vector v;

	for (u32 i = 0; i < tail_vector_cnt; i++) {
		tail_vector_get(i, &v);
		bench.name = v.name;
		progs[i] = make_tail_vector(&v, i, map);
		compiled &= progs[i]->jit != NULL;
	}
	for (u32 i = 0; i < tail_vector_cnt; i++) {
		tail_vector_get(i, &v);
		if (!begin(v.name))
			continue;
		for (u32 e = 0; e < ENGINES; e++) {
			if (can_run(progs[i], e) && (e != JIT || compiled))
				run_tail_vector(&v, progs[i], e);
		}
		end();
	}
	for (u32 i = 0; i < tail_vector_cnt; i++) {
		map->ops->delete (map, &i);
		drop(progs[i]);
	}
	free(progs);
	object_put(&map->obj);
}

int main(int argc, char **argv)
{
	bool as_tap = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--tap"))
			as_tap = true;
		else if (!strcmp(argv[i], "-v"))
			bench.verbose = true;
		else
			bench.match = argv[i];
	}
	if (host_new(NULL, &bench.host))
		return 1;
	tap_begin("Linux's lib/test_bpf.c");
	run_vectors();
	run_tail_vectors();
	if (!bench.match && bench.tests < 1000)
		tap_fail("only %u tests", bench.tests);
	host_free(bench.host);
	if (as_tap) {
		tap_end();
		tap_done();
	}
	printf("%stest_bpf: %u tests, %u pass on interpreter, ", as_tap ? "# " : "", bench.tests,
	       bench.passed[INTERPRETER]);
	if (jit_present())
		printf("%u on JIT", bench.passed[JIT]);
	else
		printf("no JIT for this machine");
	printf("; %u tests of skb_segment() left out, which run no programs\n", segment_vector_cnt);
	return !tap.ok;
}
