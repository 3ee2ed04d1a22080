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
	/* To what the context leads to: its name, its size, and how to have its address in r6. */
	const char *what;
	u32 size;
	u32 (*path)(struct bpf_insn *insns);
};

static u32 put(struct bpf_insn *to, const struct bpf_insn *from, size_t size)
{
	memcpy(to, from, size);
	return (u32)(size / sizeof(*from));
}

#define END_IF_NULL(reg) JUMP_IMM(BPF_JNE, reg, 0, 2), MOV_IMM(0, 1), EXIT()
#define PATH(name, ...)                                                                            \
	static u32 name(struct bpf_insn *insns)                                                    \
	{                                                                                          \
		const struct bpf_insn path[] = {__VA_ARGS__};                                      \
                                                                                                   \
		return put(insns, path, sizeof(path));                                             \
	}
PATH(context_path, MOV_REG(6, 1))
PATH(sock_path, LOAD(BPF_DW, 6, 1, offsetof(struct sk_msg_md, sk)))
PATH(common_path, LOAD(BPF_DW, 6, 1, offsetof(struct __sk_buff, sk)), END_IF_NULL(6))
PATH(tcp_path, LOAD(BPF_DW, 1, 1, offsetof(struct __sk_buff, sk)), END_IF_NULL(1),
     CALL(BPF_FUNC_tcp_sock), END_IF_NULL(0), MOV_REG(6, 0))
PATH(flow_path, LOAD(BPF_DW, 6, 1, offsetof(struct __sk_buff, flow_keys)))

static const struct context contexts[] = {
	{BPF_PROG_TYPE_SK_MSG, 0, "sock", sizeof(struct bpf_sock), sock_path},
	{BPF_PROG_TYPE_SCHED_CLS, 0, "sock_common", sizeof(struct bpf_sock), common_path},
	{BPF_PROG_TYPE_SCHED_CLS, 0, "tcp_sock", sizeof(struct bpf_tcp_sock), tcp_path},
	{BPF_PROG_TYPE_FLOW_DISSECTOR, 0, "flow keys", sizeof(struct bpf_flow_keys), flow_path},
	{BPF_PROG_TYPE_SOCKET_FILTER, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_SCHED_CLS, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_SCHED_ACT, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_XDP, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, NULL, 0, NULL},
	{BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, NULL, 0, NULL},
	{BPF_PROG_TYPE_KPROBE, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_SESSION, NULL, 0, NULL},
	{BPF_PROG_TYPE_TRACEPOINT, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_PERF_EVENT, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_SYSCALL, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_LIRC_MODE2, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_NETFILTER, BPF_NETFILTER, NULL, 0, NULL},
	{BPF_PROG_TYPE_LWT_IN, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_LWT_OUT, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_LWT_XMIT, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_LWT_SEG6LOCAL, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_SK_SKB, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_SK_MSG, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, NULL, 0, NULL},
	{BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT, NULL, 0, NULL},
	{BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, NULL, 0, NULL},
	{BPF_PROG_TYPE_FLOW_DISSECTOR, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_SOCK_OPS, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET6_POST_BIND, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_DEVICE, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SYSCTL, 0, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_CONNECT, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_SENDMSG, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_RECVMSG, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_RECVMSG, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_RECVMSG, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETPEERNAME, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETSOCKNAME, NULL, 0, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_GETSOCKNAME, NULL, 0, NULL},
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

/* One access through r6, behind what brings the address there. */
static u32 write_program(const struct context *c, enum access access, s32 off, u32 size,
			 struct bpf_insn *insns)
{
	struct bpf_insn one = INSN(0, 0, 0, 0, 0);
	u32 n = c->path ? c->path(insns) : context_path(insns);

	switch (access) {
	case LOAD_ZERO:
		one = LOAD(size_code(size), 2, 6, off);
		break;
	case LOAD_SIGN:
		one = INSN(BPF_LDX | BPF_MEMSX | size_code(size), 2, 6, off, 0);
		break;
	case STORE_REG:
		one = STORE(size_code(size), 6, off, 0);
		break;
	default:
		one = STORE_IMM(size_code(size), 6, off, 5);
	}
	/* What every type may return. */
	insns[n++] = MOV_IMM(0, 1);
	insns[n++] = one;
	insns[n++] = EXIT();
	return n;
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
	struct bpf_insn insns[32];
	u32 cnt = write_program(c, access, off, size, insns);
	char why[512] = "";
	int here = ask_here(c, insns, cnt, why, sizeof(why)), there;

	if (!kernel)
		return;
	/* Linux lets tracepoint programs read what lies before the context. */
	if (c->type == BPF_PROG_TYPE_TRACEPOINT && off < 0)
		return;
	there = ask_kernel(c, insns, cnt);
	/* Halves of the 64-bit counters: it says yes and then does not know what to load. */
	if (c->path == tcp_path && (there == -EFAULT || there == -EINVAL) && here == -EACCES)
		return;
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
	s32 end = (s32)(c->path ? c->size : hook_find(c->type)->rules->ctx_size) + 16;
	char name[128];

	snprintf(name, sizeof(name), "%s, %s%s%s: each %s", prog_type_name(c->type),
		 attach_type_name(c->attach), c->what ? ", " : "", c->what ? c->what : "",
		 kinds[access]);
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
			if (f->value != CTX_SCALAR)
				check_eq(f->host_size, sizeof(void *));
		}
	}
}

/* Machines with more registers than x86_64: the kernel's BTF tells how many bytes they are. */
static void test_registers(void)
{
	static const struct {
		struct btf_header head;
		u32 type[3];
		char strs[12]; /* a multiple of 4: no padding behind it */
	} raw = {
		.head = {.magic = BTF_MAGIC,
			 .version = BTF_VERSION,
			 .hdr_len = sizeof(struct btf_header),
			 .type_len = sizeof(raw.type),
			 .str_off = sizeof(raw.type),
			 .str_len = sizeof(raw.strs)},
		.type = {1, BTF_KIND_STRUCT << 24, 336},
		.strs = "\0pt_regs",
	};
	const struct context c = {.type = BPF_PROG_TYPE_KPROBE};
	struct btf *real = vmlinux;
	struct bpf_insn insns[32];
	char why[512];
	u32 cnt;

	if (btf_parse(&mem_libc, &raw, sizeof(raw), NULL, &vmlinux, NULL, NULL))
		abort();
	cnt = write_program(&c, LOAD_ZERO, 328, 8, insns);
	check_eq(ask_here(&c, insns, cnt, why, sizeof(why)), 0);
	cnt = write_program(&c, LOAD_ZERO, 336, 8, insns);
	check_eq(ask_here(&c, insns, cnt, why, sizeof(why)), -EACCES);
	btf_free(vmlinux);
	vmlinux = NULL;
	cnt = write_program(&c, LOAD_ZERO, 160, 8, insns);
	check_eq(ask_here(&c, insns, cnt, why, sizeof(why)), 0);
	cnt = write_program(&c, LOAD_ZERO, 328, 8, insns);
	check_eq(ask_here(&c, insns, cnt, why, sizeof(why)), -EACCES);
	vmlinux = real;
}

int main(void)
{
	bool kernel = kernel_usable();

	read_vmlinux();
	run_test(test_tables);
	run_test(test_registers);
	for (u32 i = 0; i < ARRAY_SIZE(contexts); i++) {
		for (enum access access = 0; access < ACCESS_KINDS; access++)
			test_context(&contexts[i], access, kernel);
	}
	btf_free(vmlinux);
	return tap_done();
}
