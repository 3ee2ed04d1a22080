/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every load of a number in a context gives: each field, each part of it,
 * each size, with zeros and with signs above, compared with the kernel's after
 * the program has set what it may set to numbers whose every byte has a sign.
 */
#include "tap.h"

#include "base/bytes.h"
#include "hook/pair.h"

#define ACCESSES 1024

struct access {
	s32 off;
	u32 size;
	bool sign;
};

struct subject {
	enum bpf_prog_type type;
	const char *name;
};

static const struct subject subjects[] = {
	{BPF_PROG_TYPE_SOCKET_FILTER, "socket_filter"},
	{BPF_PROG_TYPE_SCHED_CLS, "sched_cls"},
	{BPF_PROG_TYPE_XDP, "xdp"},
};

static struct bpf_insn load_insn(const struct access *a)
{
	return INSN(BPF_LDX | (a->sign ? BPF_MEMSX : BPF_MEM) | pair_size_code(a->size), 0,
		    PAIR_CTX, a->off, 0);
}

static bool accepted(enum bpf_prog_type type, const struct access *a)
{
	const struct bpf_insn insns[] = {
		MOV_REG(PAIR_CTX, 1),
		load_insn(a),
		MOV_IMM(0, 0),
		EXIT(),
	};
	const struct verify_input input = {
		.mem = &mem_libc,
		.insns = insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.type = type,
		.rules = hook_find(type)->rules,
		.gpl_compatible = true,
		.caps = HOST_CAP_ALL,
	};
	struct verify_result result;
	int error = verify(&input, &result);

	if (!error) {
		error = result.error;
		verify_result_free(&result);
	}
	return !error;
}

/* Loads of numbers; addresses differ from run to run. */
static u32 list_accesses(enum bpf_prog_type type, struct access *list)
{
	const struct prog_rules *rules = hook_find(type)->rules;
	u32 n = 0;

	for (u32 off = 0; off < rules->ctx_size; off++) {
		for (u32 how = 0; how < 8; how++) {
			struct access a = {(s32)off, 1u << how / 2, how % 2};
			const struct ctx_field *field = ctx_field_find(rules, off, a.size);

			if ((a.size == 8 && a.sign) || !field || field->value != CTX_SCALAR ||
			    !accepted(type, &a) || n == ACCESSES)
				continue;
			list[n++] = a;
		}
	}
	return n;
}

/*
 * Every byte of what can be written is 0x80 or more, and no two are the same.
 * Linux does not store what is no queue's number; here it is cut.
 */
static void add_stores(struct pair_prog *p)
{
	const struct prog_rules *rules = hook_find(p->type)->rules;
	u8 byte = 0x81;

	for (u32 i = 0; i < rules->field_cnt; i++) {
		const struct ctx_field *field = &rules->fields[i];

		if (!(field->flags & CTX_WRITE))
			continue;
		for (u32 at = 0; at < field->size; at += field->elem) {
			u64 value = 0;

			for (u32 k = 0; k < field->elem; k++)
				value = value << 8 | byte++;
			if (field->off == offsetof(struct __sk_buff, queue_mapping))
				value &= 0xffff;
			pair_add_imm(p, 0, value);
			PAIR_ADD(p,
				 STORE(pair_size_code(field->elem), PAIR_CTX, field->off + at, 0));
		}
	}
}

static void make_program(struct pair_prog *p, enum bpf_prog_type type, const struct access *list,
			 u32 n)
{
	*p = (struct pair_prog){.type = type};
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(p, 7);
	add_stores(p);
	for (u32 i = 0; i < n; i++)
		PAIR_ADD(p, load_insn(&list[i]), STORE(BPF_DW, 7, i * 8, 0));
	PAIR_ADD(p, MOV_IMM(0, 0), EXIT());
}

static void set_attr(union bpf_attr *attr, const u8 *packet, u32 size)
{
	memset(attr, 0, sizeof(*attr));
	attr->test.data_in = ptr_to_u64(packet);
	attr->test.data_size_in = size;
}

static void compare(struct host *host, enum bpf_prog_type type, const struct access *list, u32 n)
{
	static const u8 packet[64] = {[12] = 0x86, 0xdd, 0x60};
	u64 here[PAIR_RESULTS] = {0}, there[PAIR_RESULTS] = {0};
	struct pair_prog p;
	union bpf_attr attr;
	static char log[1 << 17];
	int error;

	make_program(&p, type, list, n);
	set_attr(&attr, packet, sizeof(packet));
	error = pair_run_kernel(&p, there, &attr, log, sizeof(log));
	if (error) {
		tap_fail("the kernel: %d %s", error, log);
		return;
	}
	set_attr(&attr, packet, sizeof(packet));
	error = pair_run_here(host, &p, here, &attr, log, sizeof(log));
	if (error)
		tap_fail("%d %s", error, log);
	for (u32 i = 0; i < n && !error; i++)
		if (here[i] != there[i])
			tap_fail("%u bytes at %d%s: %#llx, the kernel: %#llx", list[i].size,
				 list[i].off, list[i].sign ? ", signed" : "",
				 (unsigned long long)here[i], (unsigned long long)there[i]);
}

static void test_subject(const struct subject *s, bool interpret)
{
	static struct access list[ACCESSES];
	struct host_options opts;
	struct host *host;
	u32 n = list_accesses(s->type, list);

	host_options_init(&opts);
	opts.interpret = interpret;
	check(n > 0 && n < ACCESSES);
	if (host_new(&opts, &host))
		abort();
	for (u32 i = 0; i < n; i += PAIR_RESULTS)
		compare(host, s->type, list + i, n - i < PAIR_RESULTS ? n - i : PAIR_RESULTS);
	host_free(host);
}

int main(void)
{
	bool kernel = kernel_usable();

	for (u32 i = 0; i < ARRAY_SIZE(subjects); i++) {
		for (int interpret = 0; interpret < 2; interpret++) {
			char name[64];

			snprintf(name, sizeof(name), "%s, %s", subjects[i].name,
				 interpret ? "interpreted" : "compiled");
			tap_begin(name);
			if (kernel)
				test_subject(&subjects[i], interpret);
			else
				tap_skip("bpf() is refused");
			tap_end();
		}
	}
	return tap_done();
}
