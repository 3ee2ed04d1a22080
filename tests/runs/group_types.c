/* SPDX-License-Identifier: BSD-2-Clause */
/* Test runs of programs of control groups, which Linux has none of, on each of the own engines. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "anybpf/anybpf.h"
#include "base/bytes.h"
#include "isa/uapi_structs.h"
#include "tap.h"

static struct anybpf_object *object;

/* The object's global variables. */
struct globals {
	u64 seen[16];
	char name[32], base[16], current_value[8], new_value[8];
};

static struct globals globals(void)
{
	struct globals g = {0};
	u32 key = 0;

	check_eq(anybpf_map_lookup(anybpf_object_find_map(object, ".bss"), &key, sizeof(key), &g,
				   sizeof(g), 0),
		 0);
	return g;
}

static int run(const char *name, struct anybpf_test_run *run)
{
	struct anybpf_program *prog = anybpf_object_find_program(object, name);

	check(prog);
	return anybpf_program_test_run(prog, run);
}

#define RUN_CTX(ctx, ...)                                                                          \
	ANYBPF_OPTS(anybpf_test_run, opts, .ctx_in = &(ctx), .ctx_size_in = sizeof(ctx),           \
		    .ctx_out = &(ctx), .ctx_size_out = sizeof(ctx), ##__VA_ARGS__)

#define AF_INET	 2
#define AF_INET6 10

static void test_sock_create(void)
{
	struct bpf_sock sk = {
		.family = AF_INET, .type = 1, .protocol = 6, .mark = 5, .priority = 2};
	RUN_CTX(sk, .repeat = 3);
	struct globals g;

	check_eq(run("sock_create", &opts), 0);
	check_eq(opts.retval, 1);
	g = globals();
	check_eq(g.seen[0], AF_INET | 1 << 8 | 6 << 16);
	check_eq(g.seen[1], 77 + 4);
	check_eq(g.seen[2], 1);
	check(g.seen[3] == 3 && g.seen[4] == 3);
	check(sk.mark == 77 && sk.priority == 5 && sk.bound_dev_if == 3);
	/* The next run is another socket, and for another group. */
	opts.repeat = 1;
	check_eq(run("sock_create", &opts), 0);
	check_eq(globals().seen[3], 1);
	check_eq(globals().seen[4], 1);
}

static void test_post_bind(void)
{
	struct bpf_sock sk = {.family = AF_INET, .type = 2, .src_port = 53};
	RUN_CTX(sk);
	struct globals g;

	memcpy(&sk.src_ip4, "\x0a\x01\x02\x03", 4);
	sk.dst_port = 0x1234;
	check_eq(run("post_bind", &opts), 0);
	check_eq(opts.retval, 0);
	g = globals();
	check_eq(g.seen[0], sk.src_ip4);
	check_eq(g.seen[1], 53);
	check_eq(g.seen[2], 0x1234);
	check_eq(g.seen[3], 3);
}

static void test_addresses(void)
{
	struct bpf_sock_addr addr = {
		.user_family = AF_INET, .family = AF_INET, .type = 1, .protocol = 6};
	RUN_CTX(addr);
	struct globals g;

	addr.user_ip4 = 99;
	put_be16(&addr.user_port, 80);
	check_eq(run("connect4", &opts), 0);
	check_eq(opts.retval, 1);
	g = globals();
	check(g.seen[0] == 99 && g.seen[1] == 80);
	check_eq(g.seen[2], AF_INET | 1 << 8 | 6 << 16);
	check(!memcmp(&addr.user_ip4, "\x7f\0\0\x01", 4));
	check_eq(get_be16(&addr.user_port), 4242);
	check(!addr.sk);

	addr = (struct bpf_sock_addr){.user_family = AF_INET6, .family = AF_INET6, .type = 2};
	addr.user_ip6[3] = 8;
	check_eq(run("sendmsg6", &opts), 0);
	check_eq(opts.retval, 0);
	check(addr.msg_src_ip6[0] == 1 && addr.msg_src_ip6[3] == 8);
	/* Pointers are nobody's to hand in. */
	memset(&addr.sk, 1, sizeof(addr.sk));
	check_eq(run("sendmsg6", &opts), -EINVAL);
}

static void test_getsockopt(void)
{
	struct bpf_sockopt opt = {.level = 1, .optname = 2, .optlen = 4, .retval = -92};
	u8 in[4] = {3, 4, 5, 6}, out[8] = {0};
	RUN_CTX(opt, .data_in = in, .data_size_in = sizeof(in), .data_out = out,
		.data_size_out = sizeof(out));
	struct globals g;

	check_eq(run("getsockopt", &opts), 0);
	check_eq(opts.retval, 1);
	g = globals();
	check(g.seen[0] == 1 && g.seen[1] == 2 && g.seen[2] == 4 && g.seen[4] == 4);
	check_eq(g.seen[3], -92);
	check_eq(g.seen[5], 0);
	check_eq(opts.data_size_out, 4);
	check(out[0] == 7 && out[3] == 6);
	check(opt.optlen == 1 && !opt.retval && !opt.optval && !opt.optval_end);
	/* Without a value the program sees that there is none. */
	opts.data_in = NULL;
	opts.data_size_in = 0;
	check_eq(run("getsockopt", &opts), 0);
	check_eq(opts.retval, 0);
	check_eq(globals().seen[4], 0);
	opt.optval = (void *)in;
	check_eq(run("getsockopt", &opts), -EINVAL);
}

static void test_setsockopt(void)
{
	struct bpf_sockopt opt = {.level = 41, .optname = 9, .optlen = 0};
	RUN_CTX(opt);

	check_eq(run("setsockopt", &opts), 0);
	check_eq(opts.retval, 1);
	check(opt.level == 6 && opt.optname == 1 && opt.optlen == -1);
	check_eq(globals().seen[0], 6);
}

static void test_sysctl_write(void)
{
	static const char data[] = "net/ipv4/tcp_mem\0001 2 3 4 5\0008";
	struct bpf_sysctl ctx = {.write = 1, .file_pos = 4};
	char out[8] = {0};
	RUN_CTX(ctx, .data_in = data, .data_size_in = sizeof(data), .data_out = out,
		.data_size_out = sizeof(out));
	struct globals g;

	check_eq(run("sysctl", &opts), 0);
	check_eq(opts.retval, 1);
	g = globals();
	check(g.seen[0] == 1 && g.seen[1] == 4);
	check_eq(g.seen[2], strlen("net/ipv4/tcp_mem"));
	check_str(g.name, "net/ipv4/tcp_mem");
	check_eq(g.seen[3], strlen("tcp_mem"));
	check_eq(g.seen[4], -E2BIG);
	check(!memcmp(g.base, "tcp", 4));
	check_eq(g.seen[5], -E2BIG);
	check_eq(g.seen[7], -E2BIG);
	check(!memcmp(g.current_value, "1 ", 3));
	check_eq(g.seen[6], 1);
	check_str(g.new_value, "8");
	check_eq(g.seen[8], 0);
	check_eq(opts.data_size_out, 5);
	check(!memcmp(out, "12 34", 5));
	check_eq(ctx.file_pos, 9);
}

static void test_sysctl_read(void)
{
	static const char data[] = "kernel/pid_max\00042";
	struct bpf_sysctl ctx = {0};
	char out[8] = {0};
	RUN_CTX(ctx, .data_in = data, .data_size_in = sizeof(data), .data_out = out,
		.data_size_out = sizeof(out));
	struct globals g;

	check_eq(run("sysctl", &opts), 0);
	g = globals();
	check_eq(g.seen[5], 2);
	check_eq(g.seen[6], -EINVAL);
	check(!g.new_value[0]);
	check_eq(g.seen[8], -EINVAL);
	check_str(out, "42");
	/* More strings than there are places. */
	opts.data_in = "a\0b\0c\0d";
	opts.data_size_in = 8;
	check_eq(run("sysctl", &opts), -EINVAL);
	opts.data_size_in = 5000;
	check_eq(run("sysctl", &opts), -EINVAL);
}

static void run_all(const char *path, bool interpret)
{
	ANYBPF_OPTS(anybpf_options, options, .interpret = interpret);
	struct anybpf *ctx;

	if (anybpf_new(&options, &ctx))
		return;
	if (anybpf_object_open(ctx, path, &object) || anybpf_object_load(object)) {
		tap_begin("load");
		tap_fail("%s", anybpf_error(ctx));
		tap_end();
	} else {
		run_test(test_sock_create);
		run_test(test_post_bind);
		run_test(test_addresses);
		run_test(test_getsockopt);
		run_test(test_setsockopt);
		run_test(test_sysctl_write);
		run_test(test_sysctl_read);
	}
	anybpf_object_close(object);
	anybpf_free(ctx);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		printf("1..0 # SKIP there is no clang for BPF\n");
		return 0;
	}
	run_all(argv[1], false);
	run_all(argv[1], true);
	return tap_done();
}
