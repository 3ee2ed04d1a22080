/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every access to a context of every hook: each offset, size and kind of load
 * and store, accepted or refused as the kernel does it.
 */
#include "tap.h"

#include "base/os.h"
#include "btf/btf.h"
#include "helper/asm.h"
#include "helper/kernel.h"
#include "hook/hook.h"

enum access { LOAD_ZERO, LOAD_SIGN, STORE_REG, STORE_NUMBER, ACCESS_KINDS };

static const char *const kinds[] = {"load", "signed load", "store", "store of a constant"};

struct context {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
};

static const struct context contexts[] = {
	{BPF_PROG_TYPE_SOCKET_FILTER, 0},
	{BPF_PROG_TYPE_SCHED_CLS, 0},
	{BPF_PROG_TYPE_SCHED_ACT, 0},
	{BPF_PROG_TYPE_XDP, 0},
	{BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP},
	{BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP},
	{BPF_PROG_TYPE_KPROBE, 0},
	{BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_SESSION},
	{BPF_PROG_TYPE_TRACEPOINT, 0},
	{BPF_PROG_TYPE_PERF_EVENT, 0},
	{BPF_PROG_TYPE_RAW_TRACEPOINT, 0},
	{BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0},
	{BPF_PROG_TYPE_SYSCALL, 0},
	{BPF_PROG_TYPE_LIRC_MODE2, 0},
	{BPF_PROG_TYPE_NETFILTER, BPF_NETFILTER},
	{BPF_PROG_TYPE_LWT_IN, 0},
	{BPF_PROG_TYPE_LWT_OUT, 0},
	{BPF_PROG_TYPE_LWT_XMIT, 0},
	{BPF_PROG_TYPE_LWT_SEG6LOCAL, 0},
	{BPF_PROG_TYPE_SK_SKB, 0},
	{BPF_PROG_TYPE_SK_MSG, 0},
	{BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP},
	{BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT},
	{BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT_OR_MIGRATE},
	{BPF_PROG_TYPE_FLOW_DISSECTOR, 0},
	{BPF_PROG_TYPE_SOCK_OPS, 0},
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS},
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET6_POST_BIND},
	{BPF_PROG_TYPE_CGROUP_DEVICE, 0},
	{BPF_PROG_TYPE_CGROUP_SYSCTL, 0},
	{BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT},
	{BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_CONNECT},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_SENDMSG},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_RECVMSG},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_RECVMSG},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_RECVMSG},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETPEERNAME},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETSOCKNAME},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_GETSOCKNAME},
};

static u32 flags_of(const struct context *c)
{
	return hook_find(c->type)->rules->sleepable_only ? BPF_F_SLEEPABLE : 0;
}

static struct btf *vmlinux;

static void read_vmlinux(void)
{
	size_t size;
	void *data;

	if (os_read_file(&mem_libc, "/sys/kernel/btf/vmlinux", &data, &size))
		return;
	if (btf_parse(&mem_libc, data, size, NULL, &vmlinux, NULL, NULL))
		vmlinux = NULL;
	mem_free(&mem_libc, data);
}

static u32 size_code(u32 size)
{
	return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

static u32 write_program(enum access access, s32 off, u32 size, struct bpf_insn *insns)
{
	struct bpf_insn one = INSN(0, 0, 0, 0, 0);

	switch (access) {
	case LOAD_ZERO:
		one = LOAD(size_code(size), 2, 1, off);
		break;
	case LOAD_SIGN:
		one = INSN(BPF_LDX | BPF_MEMSX | size_code(size), 2, 1, off, 0);
		break;
	case STORE_REG:
		one = STORE(size_code(size), 1, off, 0);
		break;
	default:
		one = STORE_IMM(size_code(size), 1, off, 5);
	}
	/* What every type may return. */
	insns[0] = MOV_IMM(0, 1);
	insns[1] = one;
	insns[2] = EXIT();
	return 3;
}

static int ask_kernel(const struct context *c, const struct bpf_insn *insns, u32 cnt)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = c->type;
	attr.expected_attach_type = c->attach;
	attr.prog_flags = flags_of(c);
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	fd = kernel_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int get_vmlinux(void *arg, const struct btf **btf)
{
	(void)arg;
	*btf = vmlinux;
	return vmlinux ? 0 : -ENOENT;
}

static int ask_here(const struct context *c, const struct bpf_insn *insns, u32 cnt, char *why,
		    size_t size)
{
	struct verify_input input = {
		.mem = &mem_libc,
		.insns = insns,
		.insn_cnt = cnt,
		.type = c->type,
		.attach_type = c->attach,
		.prog_flags = flags_of(c),
		.vmlinux = get_vmlinux,
		.rules = hook_find(c->type)->rules,
		.gpl_compatible = true,
		.caps = HOST_CAP_ALL,
	};
	struct verify_result result;
	int error = verify(&input, &result);

	if (!error) {
		error = result.error;
		snprintf(why, size, "%s", result.message);
		verify_result_free(&result);
	}
	return error;
}

static void test_access(const struct context *c, enum access access, s32 off, u32 size, bool kernel)
{
	struct bpf_insn insns[4];
	u32 cnt = write_program(access, off, size, insns);
	char why[512] = "";
	int here = ask_here(c, insns, cnt, why, sizeof(why)), there;

	if (!kernel)
		return;
	/* Linux lets tracepoint programs read what lies before the context. */
	if (c->type == BPF_PROG_TYPE_TRACEPOINT && off < 0)
		return;
	there = ask_kernel(c, insns, cnt);
	if (here != there)
		tap_fail("%s of %u bytes at %d: %d (%.200s), the kernel: %d", kinds[access], size,
			 off, here, why, there);
}

/* The kernel has no such programs: they are not built in. */
static bool is_absent(const struct context *c)
{
	const struct bpf_insn insns[] = {MOV_IMM(0, 1), EXIT()};

	return ask_kernel(c, insns, ARRAY_SIZE(insns)) != 0;
}

/* Large contexts are the same all over; instructions reach no further than 32 KiB. */
static s32 next_offset(s32 off, s32 end)
{
	return off == 400 && end > 1000 ? end - 32 : off + 1;
}

static void test_context(const struct context *c, enum access access, bool kernel)
{
	s32 end = (s32)hook_find(c->type)->rules->ctx_size + 16;
	char name[128];

	snprintf(name, sizeof(name), "%s, %s: each %s", prog_type_name(c->type),
		 attach_type_name(c->attach), kinds[access]);
	tap_begin(name);
	if (!kernel)
		tap_skip("bpf() is refused");
	else if (is_absent(c))
		tap_skip("the kernel does not load such programs");
	if (end > INT16_MAX)
		end = INT16_MAX;
	for (s32 off = -8; !tap.skip && off < end; off = next_offset(off, end)) {
		for (u32 size = 1; size <= 8; size *= 2) {
			if (access == LOAD_SIGN && size == 8)
				continue;
			test_access(c, access, off, size, kernel);
		}
	}
	tap_end();
}

/* Rows do not overlap, lie within the context, and fit their host's fields. */
static void test_tables(void)
{
	for (u32 t = 0; t < __MAX_BPF_PROG_TYPE; t++) {
		const struct hook *hook = hook_find((enum bpf_prog_type)t);
		const struct prog_rules *rules = hook ? hook->rules : NULL;

		for (u32 i = 0; rules && i < rules->field_cnt; i++) {
			const struct ctx_field *f = &rules->fields[i];

			check((u32)f->off + f->size <= rules->ctx_size);
			check(f->elem && f->size % f->elem == 0);
			check(i == 0 || f->off >= f[-1].off + f[-1].size ||
			      hook->type == BPF_PROG_TYPE_XDP ||
			      hook->type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE);
			check(f->host_size <= f->elem || f->value != CTX_SCALAR);
			if (f->value != CTX_SCALAR && !hook->rules_only)
				check_eq(f->host_size, sizeof(void *));
		}
	}
}

int main(void)
{
	bool kernel = kernel_usable();

	read_vmlinux();
	run_test(test_tables);
	for (u32 i = 0; i < ARRAY_SIZE(contexts); i++) {
		for (enum access access = 0; access < ACCESS_KINDS; access++)
			test_context(&contexts[i], access, kernel);
	}
	btf_free(vmlinux);
	return tap_done();
}
