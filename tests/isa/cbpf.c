/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF. Structure: tests/isa/cbpf.txt and cbpf_errors.txt. Meaning:
 * random filters run by the plain interpreter below, and their translation run
 * by the kernel, must return the same; and what a socket takes as a filter is
 * what the check takes.
 */
#include <sys/socket.h>

#include "tap.h"

#include "isa/asm.h"
#include "isa/cbpf.h"
#include "isa/data.h"
#include "isa/disasm.h"
#include "isa/kernel.h"

/* ---- data files ---- */

static u32 parse_filter(const char *text, struct sock_filter *filter, u32 max)
{
	u32 cnt = 0;
	unsigned int code, jt, jf, k;
	int used;

	while (cnt < max && sscanf(text, "%u %u %u %u%n", &code, &jt, &jf, &k, &used) == 4) {
		filter[cnt++] = (struct sock_filter){(u16)code, (u8)jt, (u8)jf, k};
		text += used;
		text += *text == ',';
	}
	return cnt;
}

static void translate_case(const char *left, const char *right)
{
	struct sock_filter filter[32];
	struct bpf_insn *insns, *want;
	u32 len = parse_filter(left, filter, 32), cnt, want_cnt;
	struct err err = {0};
	char text[1024];

	snprintf(text, sizeof(text), "%s", right);
	for (char *p = text; (p = strchr(p, '|')) != NULL;)
		*p = '\n';
	if (isa_assemble(NULL, text, NULL, &want, &want_cnt, &err)) {
		tap_fail("%s: %s", right, err.text);
		return;
	}
	if (cbpf_translate(NULL, filter, len, NULL, &insns, &cnt, &err))
		tap_fail("\"%s\": %s", left, err.text);
	else if (cnt != want_cnt || memcmp(insns, want, cnt * sizeof(*insns)))
		tap_fail("\"%s\" is translated otherwise", left);
	mem_free(&mem_libc, want);
	mem_free(&mem_libc, insns);
}

static void error_case(const char *left, const char *right)
{
	struct sock_filter filter[32];
	struct bpf_insn *insns;
	u32 len = parse_filter(left, filter, 32), cnt;
	struct err err = {0};
	char got[ERR_TEXT + 16];
	int ret = cbpf_translate(NULL, filter, len, NULL, &insns, &cnt, &err);

	snprintf(got, sizeof(got), "%d %s", ret, err.text);
	check_str(got, right);
	check(!insns);
}

static void test_translations(void)
{
	data_each("cbpf.txt", " -> ", translate_case);
}

static void test_errors(void)
{
	data_each("cbpf_errors.txt", " -> ", error_case);
}

static void test_length(void)
{
	static struct sock_filter filter[BPF_MAXINSNS + 1];

	for (u32 i = 0; i <= BPF_MAXINSNS; i++)
		filter[i].code = BPF_RET | BPF_K;
	check_eq(cbpf_check(NULL, filter, 0, NULL), -EINVAL);
	check_eq(cbpf_check(NULL, filter, BPF_MAXINSNS, NULL), 0);
	check_eq(cbpf_check(NULL, filter, BPF_MAXINSNS + 1, NULL), -EINVAL);
}

/* ---- classic BPF as it was defined: the reference ---- */

struct packet {
	const u8 *data;
	u32 len;
};

struct machine {
	u32 a, x, m[BPF_MEMWORDS];
	struct packet pkt;
	bool stop; /* a load outside the packet, a division by zero: the filter returns 0 */
};

static u32 load(struct machine *m, u64 at, u32 size)
{
	u32 v = 0;

	if (at + size > m->pkt.len) {
		m->stop = true;
		return 0;
	}
	for (u32 i = 0; i < size; i++)
		v = v << 8 | m->pkt.data[at + i];
	return v;
}

static u32 size_of(u16 code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

static u32 compute(struct machine *m, u16 op, u32 a, u32 b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
	case BPF_MOD:
		m->stop |= b == 0;
		return b == 0 ? 0 : op == BPF_DIV ? a / b : a % b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	default:
		return -a;
	}
}

static bool compare(u16 op, u32 a, u32 b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:
		return (a & b) != 0;
	}
}

static u32 load_a(struct machine *m, const struct sock_filter *f)
{
	switch (BPF_MODE(f->code)) {
	case BPF_ABS:
		return load(m, f->k, size_of(f->code));
	case BPF_IND:
		return load(m, (u32)(m->x + f->k), size_of(f->code));
	case BPF_LEN:
		return m->pkt.len;
	case BPF_MEM:
		return m->m[f->k];
	default:
		return f->k;
	}
}

static u32 load_x(struct machine *m, const struct sock_filter *f)
{
	if (BPF_MODE(f->code) == BPF_MSH)
		return (load(m, f->k, 1) & 15) * 4;
	return load_a(m, f);
}

static u32 reference(const struct sock_filter *f, struct packet pkt)
{
	struct machine m = {.pkt = pkt};

	for (u32 pc = 0; !m.stop; pc++) {
		const struct sock_filter *i = &f[pc];
		u32 b = BPF_SRC(i->code) == BPF_X ? m.x : i->k;

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			m.a = load_a(&m, i);
			break;
		case BPF_LDX:
			m.x = load_x(&m, i);
			break;
		case BPF_ST:
			m.m[i->k] = m.a;
			break;
		case BPF_STX:
			m.m[i->k] = m.x;
			break;
		case BPF_ALU:
			m.a = compute(&m, BPF_OP(i->code), m.a, b);
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				pc += i->k;
			else
				pc += compare(BPF_OP(i->code), m.a, b) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return i->code == (BPF_RET | BPF_A) ? m.a : i->k;
		default:
			if (i->code == (BPF_MISC | BPF_TAX))
				m.x = m.a;
			else
				m.a = m.x;
		}
	}
	return 0;
}

/* ---- random filters ---- */

static u64 random_state = 0x2545f4914f6cdd1dull;

static u32 rnd(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 32) % n;
}

static const u16 codes[] = {
	0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x80, 0x00, 0x60, 0x81, 0xb1, 0x01, 0x61,
	0x02, 0x03, 0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x94, 0x9c, 0x54,
	0x5c, 0x44, 0x4c, 0xa4, 0xac, 0x64, 0x6c, 0x74, 0x7c, 0x84, 0x05, 0x15, 0x1d,
	0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16, 0x07, 0x87,
};

static u32 random_filter(struct sock_filter *f)
{
	u32 len = 2 + rnd(24);

	for (u32 i = 0; i < len; i++) {
		static const u32 ks[] = {0, 1, 2, 4, 15, 16, 31, 32, 60, 0xff, 0x80000000, ~0u};

		f[i].code = codes[rnd(ARRAY_SIZE(codes))];
		f[i].jt = (u8)rnd(4);
		f[i].jf = (u8)rnd(4);
		f[i].k = rnd(3) ? rnd(20) : ks[rnd(ARRAY_SIZE(ks))];
		/* Fewer early ends, and scratch words that have mostly been written. */
		if (BPF_CLASS(f[i].code) == BPF_RET && rnd(3))
			f[i].code = BPF_ALU | BPF_ADD | BPF_X;
		if (i < 4)
			f[i] = (struct sock_filter){i & 1 ? BPF_ST : BPF_LD | BPF_B | BPF_ABS, 0, 0,
						    i};
	}
	f[len - 1].code = BPF_RET | (rnd(4) ? BPF_A : BPF_K);
	return len;
}

/* What Linux's socket says of a filter: 0 or -EINVAL. */
static int kernel_attach(int sock, const struct sock_filter *f, u32 len)
{
	struct {
		unsigned short len;
		const struct sock_filter *filter;
	} prog = {(unsigned short)len, f};

#ifdef SO_ATTACH_FILTER
	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
#else
	return -ENOPROTOOPT;
#endif
}

static void test_check_as_kernel(void)
{
	static const struct sock_filter all = {BPF_RET | BPF_K, 0, 0, 0};
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	u32 taken = 0;

	if (sock < 0 || kernel_attach(sock, &all, 1)) {
		tap_skip("sockets here take no filters");
		goto out;
	}
	for (u32 code = 0; code < 0x120; code++) {
		struct sock_filter f[2] = {{(u16)code, 0, 0, 1}, {BPF_RET | BPF_K, 0, 0, 0}};

		check_eq(cbpf_check(NULL, f, 2, NULL), kernel_attach(sock, f, 2));
	}
	for (u32 k = 0; k < 80; k++) {
		struct sock_filter f[2] = {{BPF_LD | BPF_ABS, 0, 0, (u32)SKF_AD_OFF - 4 + k},
					   {BPF_RET | BPF_K, 0, 0, 0}};

		check_eq(cbpf_check(NULL, f, 2, NULL), kernel_attach(sock, f, 2));
	}
	for (u32 i = 0; i < 20000; i++) {
		struct sock_filter f[32];
		u32 len = random_filter(f);
		int ours = cbpf_check(NULL, f, len, NULL), theirs = kernel_attach(sock, f, len);

		taken += !theirs;
		if (ours != theirs)
			tap_fail("filter %u: %d, the kernel says %d", i, ours, theirs);
	}
	check(taken > 1000);
out:
	if (sock >= 0)
		close(sock);
}

/* ---- the translation, run by the kernel ---- */

#define ETH_HLEN 14

static int kernel_run(const struct bpf_insn *insns, u32 cnt, const u8 *frame, u32 size, u32 *retval)
{
	static char log[65536];
	union bpf_attr attr;
	int fd = kernel_open(BPF_PROG_TYPE_SOCKET_FILTER, insns, cnt, 1, log, sizeof(log)), ret;

	if (fd < 0) {
		tap_fail("the kernel refuses a translation: %s", log);
		return fd;
	}
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = ptr_to_u64(frame);
	attr.test.data_size_in = size;
	ret = kernel_bpf(BPF_PROG_TEST_RUN, &attr);
	*retval = attr.test.retval;
	close(fd);
	return ret;
}

/* How many ran, and returned something: the test is nothing if they are few. */
static u32 ran, meaningful;

static void run_one(u32 number)
{
	u8 frame[ETH_HLEN + 40];
	struct sock_filter f[32];
	u32 len = random_filter(f), size = ETH_HLEN + 1 + rnd(40), cnt, got = 0, want;
	struct bpf_insn *insns;

	if (cbpf_translate(NULL, f, len, NULL, &insns, &cnt, NULL))
		return;
	for (u32 i = 0; i < size; i++)
		frame[i] = (u8)rnd(256);
	/* The kernel shows socket filters what follows the link layer's header. */
	want = reference(f, (struct packet){frame + ETH_HLEN, size - ETH_HLEN});
	if (!kernel_run(insns, cnt, frame, size, &got)) {
		ran++;
		meaningful += got != 0;
	}
	if (got != want)
		tap_fail("filter %u returns %u, not %u", number, got, want);
	mem_free(&mem_libc, insns);
}

static void test_meaning_by_kernel(void)
{
	if (!kernel_answers()) {
		tap_skip("no kernel to ask: bpf() is refused");
		return;
	}
	for (u32 i = 0; i < 3000; i++)
		run_one(i);
	check(ran > 500);
	check(meaningful > 200);
}

int main(void)
{
	run_test(test_translations);
	run_test(test_errors);
	run_test(test_length);
	run_test(test_check_as_kernel);
	run_test(test_meaning_by_kernel);
	return tap_done();
}
