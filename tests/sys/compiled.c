/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which programs of a host get machine code, and what becomes of the others:
 * they are interpreted, say why, and go on as programs with machine code and
 * the other way round.
 */
#include "tap.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/bytes.h"
#include "hook/hook.h"
#include "jit/jit.h"
#include "sys/engine.h"

#define PACKET 64

static struct engine *engine;

#define RAW(c, d, s, o, i)                                                                         \
	((struct bpf_insn){.code = (u8)(c),                                                        \
			   .dst_reg = (d)&0xf,                                                     \
			   .src_reg = (s)&0xf,                                                     \
			   .off = (s16)(o),                                                        \
			   .imm = (s32)(i)})
#define MOV(d, i)	    RAW(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define EXIT()		    RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define CALL(src, i)	    RAW(BPF_JMP | BPF_CALL, 0, src, 0, i)
#define MAP(d, fd)	    RAW(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_FD, 0, fd), RAW(0, 0, 0, 0, 0)
#define TAIL_CALL(fd, slot) MAP(2, fd), MOV(3, slot), CALL(0, BPF_FUNC_tail_call)

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(engine, cmd, attr, sizeof(*attr));
}

static int load_as(enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt)
{
	union bpf_attr attr = {0};

	attr.prog_type = type;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	return call(BPF_PROG_LOAD, &attr);
}

#define LOAD_XDP(insns) load_as(BPF_PROG_TYPE_XDP, insns, ARRAY_SIZE(insns))

static int make_array(u32 slots)
{
	union bpf_attr attr = {0};

	attr.map_type = BPF_MAP_TYPE_PROG_ARRAY;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = slots;
	return call(BPF_MAP_CREATE, &attr);
}

static int put_slot(int array, u32 slot, int prog)
{
	union bpf_attr attr = {0};

	attr.map_fd = (u32)array;
	attr.key = ptr_to_u64(&slot);
	attr.value = ptr_to_u64(&prog);
	return call(BPF_MAP_UPDATE_ELEM, &attr);
}

static u32 code_bytes(int prog)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)prog;
	attr.info.info = ptr_to_u64(&info);
	attr.info.info_len = sizeof(info);
	check_eq(call(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info.jited_prog_len;
}

static const char *why(int prog)
{
	static char text[PROG_WHY];

	check_eq(engine_why_interpreted(engine, prog, text, sizeof(text)), 0);
	return text;
}

static u32 verdict(int prog)
{
	u8 buf[PACKET] = {0};
	struct hook_frame frame = {.buf = buf, .size = PACKET, .len = PACKET};

	check_eq(engine->ops->run_frames(engine, prog, &frame, 1, NULL), 0);
	return frame.verdict;
}

static struct host *host; /* of the engine */

static void start(const struct host_options *opts)
{
	if (host_new(opts, &host) || engine_user_new(host, &engine))
		abort();
}

/* ---- reasons ---- */

static const struct bpf_insn returns_2[] = {MOV(0, 2), EXIT()};

static void test_by_default(void)
{
	int prog;

	start(NULL);
	prog = LOAD_XDP(returns_2);
	check_eq(!code_bytes(prog), !jit_present());
	check_str(why(prog), jit_present() ? "" : "no JIT compiler for this machine");
	check_eq(verdict(prog), 2);
	check_eq(engine_why_interpreted(engine, 999, (char[8]){0}, 8), (u64)-EBADF);
	engine_free(engine);
}

static void test_interpreting_host(void)
{
	struct host_options opts;
	int prog;

	host_options_init(&opts);
	opts.interpret = true;
	start(&opts);
	prog = LOAD_XDP(returns_2);
	check_eq(code_bytes(prog), 0);
	check_str(why(prog), "the host interprets");
	check_eq(verdict(prog), 2);
	engine_free(engine);
}

/* ---- whose numbers are hidden ---- */

static u32 bytes_hardened(u8 level, u32 caps)
{
	static const struct bpf_insn insns[] = {MOV(0, 0x41424344), EXIT()};
	struct host_options opts;
	u32 bytes;
	int prog;

	host_options_init(&opts);
	opts.jit.harden = level;
	opts.caps = caps;
	opts.unprivileged_bpf_disabled = false;
	start(&opts);
	prog = load_as(BPF_PROG_TYPE_SOCKET_FILTER, insns, ARRAY_SIZE(insns));
	host->caps = HOST_CAP_ALL; /* others are not told of code */
	bytes = code_bytes(prog);
	check_eq(verdict(prog), 0x41424344);
	engine_free(engine);
	return bytes;
}

/* Code that puts a number together is longer. */
static void test_harden(void)
{
	u32 plain = bytes_hardened(0, HOST_CAP_ALL), hidden = bytes_hardened(2, HOST_CAP_ALL);

	check(plain < hidden);
	check_eq(bytes_hardened(1, HOST_CAP_ALL), plain);
	check_eq(bytes_hardened(0, 0), plain);
	check_eq(bytes_hardened(1, 0), hidden);
	check_eq(bytes_hardened(2, 0), hidden);
}

/* ---- out of memory ---- */

struct failing {
	u64 calls, first; /* the one that fails */
	s64 held;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *mem = ctx;
	void *moved;

	if (!size) {
		mem->held -= p != NULL;
		free(p);
		return NULL;
	}
	if (++mem->calls == mem->first)
		return NULL;
	moved = realloc(p, size);
	mem->held += !p && moved;
	return moved;
}

/* One load with the @n-th of its allocations failing: whether it got so far. */
static bool load_failing(struct failing *mem, u64 n, u32 *fell_back)
{
	u64 before = mem->calls;
	int prog;

	mem->first = before + n;
	prog = LOAD_XDP(returns_2);
	mem->first = 0;
	if (mem->calls < before + n) {
		engine->ops->close(engine, prog);
		return false;
	}
	if (prog < 0) {
		check_eq(prog, -ENOMEM);
		return true;
	}
	check_eq(verdict(prog), 2);
	check_eq(!code_bytes(prog), !!why(prog)[0]);
	if (!code_bytes(prog)) {
		check_str(why(prog), strerror(ENOMEM));
		++*fell_back;
	}
	engine->ops->close(engine, prog);
	return true;
}

/* Without memory for the compiler a program is interpreted; without memory for itself it is not. */
static void test_out_of_memory(void)
{
	struct failing failing = {0};
	const struct mem mem = {.realloc = failing_realloc, .ctx = &failing};
	struct host_options opts;
	u32 fell_back = 0;
	u64 n = 1;

	host_options_init(&opts);
	opts.mem = &mem;
	start(&opts);
	while (load_failing(&failing, n, &fell_back))
		n++;
	check(n > 20);
	check(fell_back > 4 && fell_back < n - 1);
	engine_free(engine);
	check_eq(failing.held, 0);
}

/* ---- no executable memory ---- */

/* From here on no memory of this process becomes executable, as under systemd's
 * MemoryDenyWriteExecute. */
static bool refuse_executable(void)
{
	enum {
		SECCOMP_ALLOW = 0x7fff0000,
		SECCOMP_ERRNO = 0x50000,
		NR_AT = 0,
		PROT_AT = 32,
		EXEC = 4
	};
	struct sock_filter filter[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, NR_AT},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 3, __NR_mprotect},
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, PROT_AT + (HOST_BIG_ENDIAN ? 4 : 0)},
		{BPF_JMP | BPF_JSET | BPF_K, 0, 1, EXEC},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_ERRNO | EACCES},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_ALLOW},
	};
	struct {
		u16 len;
		const struct sock_filter *filter;
	} prog = {ARRAY_SIZE(filter), filter};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, 2, &prog);
}

/*
 * 0 is compiled and goes on as 1, which is interpreted and goes on as 2, which is
 * compiled.
 */
static void test_no_executable_memory(void)
{
	int array, progs[3];

	start(NULL);
	array = make_array(3);
	{
		const struct bpf_insn first[] = {TAIL_CALL(array, 1), MOV(0, 0), EXIT()};
		const struct bpf_insn second[] = {TAIL_CALL(array, 2), MOV(0, 0), EXIT()};
		const struct bpf_insn last[] = {MOV(0, 33), EXIT()};

		progs[0] = LOAD_XDP(first);
		progs[2] = LOAD_XDP(last);
		if (!refuse_executable()) {
			tap_skip("seccomp is not to be had");
			engine_free(engine);
			return;
		}
		progs[1] = LOAD_XDP(second);
	}
	check(progs[0] >= 0 && progs[1] >= 0 && progs[2] >= 0);
	check(code_bytes(progs[0]) && !code_bytes(progs[1]) && code_bytes(progs[2]));
	check_str(why(progs[1]), "executable memory is refused: Permission denied");
	for (u32 i = 0; i < 3; i++)
		check_eq(put_slot(array, i, progs[i]), 0);
	for (u32 i = 0; i < 3; i++)
		check_eq(verdict(progs[i]), 33);
	/* Round and round through both: ends with the limit, in the second. */
	check_eq(put_slot(array, 2, progs[0]), 0);
	check_eq(verdict(progs[0]), 0);
	engine_free(engine);
}

int main(void)
{
	run_test(test_by_default);
	run_test(test_interpreting_host);
	if (jit_present()) {
		run_test(test_harden);
		run_test(test_out_of_memory);
		run_test(test_no_executable_memory); /* last: there is no way back */
	}
	return tap_done();
}
