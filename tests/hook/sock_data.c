/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data of sockets in a map: what programs let pass, hold back, change, drop and
 * send elsewhere is found in the queues of the sockets. Events and choices, too.
 */
#include <errno.h>

#include "tap.h"

#include "helper/asm.h"
#include "hook/hook.h"
#include "hook/sock_data.h"
#include "kernel/psock.h"
#include "map/sock_map.h"

#define MAP_FD 7 /* any number: there is one map */

static struct host *host;
static struct map *map;
static struct sock *a, *b;
static char log_text[65536];

static int map_by_fd(void *arg, s32 fd, bool by_index, struct map **to)
{
	(void)fd;
	(void)by_index;
	*to = arg;
	object_get(&(*to)->obj);
	return 0;
}

static struct prog *load(enum bpf_prog_type type, u32 attach, const struct bpf_insn *insns, u32 cnt,
			 struct map *with)
{
	const struct hook *hook = hook_find(type);
	struct prog_load_args args = {.type = type,
				      .expected_attach_type = attach,
				      .name = "",
				      .license = "GPL",
				      .insns = insns,
				      .insn_cnt = cnt,
				      .map_by_fd = map_by_fd,
				      .fd_arg = with,
				      .hook = hook,
				      .rules = hook->rules};
	struct prog *prog = NULL;
	struct log log;

	log_init(&log, &mem_libc, LOG_LEVEL1);
	if (prog_load(host, &args, &log, NULL, &prog)) {
		snprintf(log_text, sizeof(log_text), "%s", buf_str(&log.text));
		tap_fail("%s", log_text);
	}
	log_free(&log);
	return prog;
}
#define LOAD_PROG(type, attach, insns, with)                                                       \
	load(BPF_PROG_TYPE_##type, attach, insns, ARRAY_SIZE(insns), with)

/* The first byte of the data is in register 7 then; a program without one goes on at @end. */
#define FIRST_BYTE(ctx, width, at, end)                                                            \
	MOV_REG(6, 1), LOAD(width, 2, 6, offsetof(struct ctx, data)),                              \
		LOAD(width, 3, 6, offsetof(struct ctx, data_end)), MOV_REG(4, 2),                  \
		ALU_IMM(BPF_ADD, 4, (at) + 1), JUMP_REG(BPF_JGT, 4, 3, (end)-6),                   \
		LOAD(BPF_B, 7, 2, at)

/* What messages ask for with their first byte. */
static struct prog *by_letter(void)
{
	const struct bpf_insn insns[] = {FIRST_BYTE(sk_msg_md, BPF_DW, 0, 46),
					 /* 7: drop */
					 JUMP_IMM(BPF_JNE, 7, 'd', 2), MOV_IMM(0, SK_DROP), EXIT(),
					 /* 10: the verdict is for two bytes */
					 JUMP_IMM(BPF_JNE, 7, 'a', 3), MOV_REG(1, 6), MOV_IMM(2, 2),
					 CALL(BPF_FUNC_msg_apply_bytes),
					 /* 14: wait for six bytes */
					 JUMP_IMM(BPF_JNE, 7, 'c', 3), MOV_REG(1, 6), MOV_IMM(2, 6),
					 CALL(BPF_FUNC_msg_cork_bytes),
					 /* 18: two more behind the first */
					 JUMP_IMM(BPF_JNE, 7, 'p', 5), MOV_REG(1, 6), MOV_IMM(2, 1),
					 MOV_IMM(3, 2), MOV_IMM(4, 0), CALL(BPF_FUNC_msg_push_data),
					 /* 24: without the first two */
					 JUMP_IMM(BPF_JNE, 7, 'o', 5), MOV_REG(1, 6), MOV_IMM(2, 0),
					 MOV_IMM(3, 2), MOV_IMM(4, 0), CALL(BPF_FUNC_msg_pop_data),
					 /* 30: out of the other socket */
					 JUMP_IMM(BPF_JNE, 7, 'r', 7), MOV_REG(1, 6),
					 LOAD_IMM64(2, BPF_PSEUDO_MAP_FD, MAP_FD, 0), MOV_IMM(3, 1),
					 MOV_IMM(4, 0), CALL(BPF_FUNC_msg_redirect_map), EXIT(),
					 /* 38: into the other socket */
					 JUMP_IMM(BPF_JNE, 7, 'i', 7), MOV_REG(1, 6),
					 LOAD_IMM64(2, BPF_PSEUDO_MAP_FD, MAP_FD, 0), MOV_IMM(3, 1),
					 MOV_IMM(4, BPF_F_INGRESS), CALL(BPF_FUNC_msg_redirect_map),
					 EXIT(),
					 /* 46 */
					 MOV_IMM(0, SK_PASS), EXIT()};

	return LOAD_PROG(SK_MSG, 0, insns, map);
}

/* The first byte is the length. */
static struct prog *by_length(void)
{
	const struct bpf_insn insns[] = {FIRST_BYTE(__sk_buff, BPF_W, 0, 9), MOV_REG(0, 7), EXIT(),
					 MOV_IMM(0, 0), EXIT()};

	return LOAD_PROG(SK_SKB, 0, insns, NULL);
}

/* The second says where to: 'd' nowhere, 'r' out of the other socket. */
static struct prog *by_second(void)
{
	const struct bpf_insn insns[] = {FIRST_BYTE(__sk_buff, BPF_W, 1, 18),
					 JUMP_IMM(BPF_JNE, 7, 'd', 2),
					 MOV_IMM(0, SK_DROP),
					 EXIT(),
					 JUMP_IMM(BPF_JNE, 7, 'r', 7),
					 MOV_REG(1, 6),
					 LOAD_IMM64(2, BPF_PSEUDO_MAP_FD, MAP_FD, 0),
					 MOV_IMM(3, 1),
					 MOV_IMM(4, 0),
					 CALL(BPF_FUNC_sk_redirect_map),
					 EXIT(),
					 MOV_IMM(0, SK_PASS),
					 EXIT()};

	return LOAD_PROG(SK_SKB, 0, insns, map);
}

static struct sock *make(u16 port, bool listens)
{
	struct sock_spec spec = {.family = AF_INET,
				 .type = SOCK_STREAM,
				 .state = listens ? BPF_TCP_LISTEN : BPF_TCP_ESTABLISHED,
				 .local_port = port,
				 .remote_port = 1};
	struct sock *sk = NULL;

	check_eq(sock_create(host, &spec, &sk), 0);
	check_eq(sock_hash(sk), 0);
	return sk;
}

static void begin(void)
{
	union bpf_attr attr;

	check_eq(host_new(NULL, &host), 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_SOCKMAP;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 4;
	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	a = make(100, false);
	b = make(101, false);
}

static void put(u32 key, struct sock *sk)
{
	check_eq(sock_map_update(map, &key, sk, BPF_ANY), 0);
}

static void end(void)
{
	sock_close(a);
	sock_close(b);
	sock_put(a);
	sock_put(b);
	/* Programs of a map that use the map: its last handle is what goes first. */
	map->ops->closed(map);
	object_put(&map->obj);
	host_free(host);
}

static void attach(struct prog *prog, u32 which)
{
	check_eq(sock_map_attach(map, prog, NULL, which), 0);
	object_put(&prog->obj);
}

static void has(struct sock_queue *queue, const char *want, u32 len, int line)
{
	char got[256];
	u32 n = sock_queue_take(queue, got, sizeof(got));

	if (n != len || memcmp(got, want, len))
		tap_fail("line %d: %u bytes, not %u: '%.*s'", line, n, len, (int)n, got);
}
#define HAS(queue, want) has(&(queue), want, sizeof(want) - 1, __LINE__)

static void sends(const char *data, u32 len, s64 want, int line)
{
	s64 n = sock_send(a, data, len);

	if (n != want)
		tap_fail("line %d: send gives %lld", line, (long long)n);
}
#define SENDS(data)	   sends(data, sizeof(data) - 1, sizeof(data) - 1, __LINE__)
#define REFUSES(data, err) sends(data, sizeof(data) - 1, err, __LINE__)

static void test_messages(void)
{
	begin();
	SENDS("before");
	HAS(a->host_sent, "before");
	attach(by_letter(), BPF_SK_MSG_VERDICT);
	put(0, a);
	put(1, b);
	SENDS("hello");
	HAS(a->host_sent, "hello");
	REFUSES("dropped", -EACCES);
	HAS(a->host_sent, "");
	SENDS("redirected");
	HAS(a->host_sent, "");
	HAS(b->host_sent, "redirected");
	SENDS("into");
	HAS(b->host_received, "into");
	/* Two bytes pass, then the program is asked about what is left. */
	SENDS("abrest");
	HAS(a->host_sent, "ab");
	HAS(b->host_sent, "rest");
	/* A verdict for two bytes holds for the second message, too. */
	SENDS("a");
	HAS(a->host_sent, "a");
	SENDS("dx");
	HAS(a->host_sent, "dx");
	/* What comes before what is dropped has been sent. */
	REFUSES("aydrop", 2);
	HAS(a->host_sent, "ay");
	SENDS("c12");
	HAS(a->host_sent, "");
	SENDS("34");
	HAS(a->host_sent, "");
	SENDS("5678");
	HAS(a->host_sent, "c12345678");
	SENDS("push");
	HAS(a->host_sent, "p\0\0ush");
	SENDS("out");
	HAS(a->host_sent, "t");
	SENDS("ou");
	HAS(a->host_sent, "");
	SENDS("again");
	HAS(a->host_sent, "again");
	end();
}

/* Where a redirect leads nowhere, the message is dropped. */
static void test_no_target(void)
{
	begin();
	attach(by_letter(), BPF_SK_MSG_VERDICT);
	put(0, a);
	REFUSES("r", -EACCES);
	put(1, b);
	SENDS("r");
	sock_close(b);
	REFUSES("r", -EACCES);
	end();
}

static void test_streams(void)
{
	begin();
	attach(by_length(), BPF_SK_SKB_STREAM_PARSER);
	attach(by_second(), BPF_SK_SKB_STREAM_VERDICT);
	put(0, a);
	check_eq(sock_receive(a, "\3pass", 5), 0);
	HAS(a->host_received, "\3pa");
	/* What is left begins with 's', the length of 115 bytes, which do not come. */
	sock_close(a);
	sock_put(a);
	a = make(102, false);
	put(0, a);
	check_eq(sock_receive(a, "\5x", 2), 0);
	HAS(a->host_received, "");
	check_eq(sock_receive(a, "yzw\4dro\3", 8), 0);
	HAS(a->host_received, "\5xyzw");
	check_eq(sock_receive(a, "xx\2y", 4), 0);
	HAS(a->host_received, "\3xx\2y");
	check_eq(sock_receive(a, "\2r", 2), 0);
	HAS(a->host_received, "");
	put(2, b);
	check_eq(sock_receive(b, "\2q", 2), 0);
	HAS(b->host_received, "\2q");
	end();
}

static void test_redirected_stream(void)
{
	begin();
	put(1, b);
	attach(by_second(), BPF_SK_SKB_VERDICT);
	put(0, a);
	check_eq(sock_receive(a, "xr-elsewhere", 12), 0);
	HAS(a->host_received, "");
	HAS(b->host_sent, "xr-elsewhere");
	check_eq(sock_receive(a, "stays", 5), 0);
	HAS(a->host_received, "stays");
	end();
}

/* Two programs of one kind, or two verdicts. */
static void test_conflicts(void)
{
	struct prog *verdict;
	u32 key = 1, id = 0;

	begin();
	verdict = by_second();
	check_eq(sock_map_attach(map, verdict, NULL, BPF_SK_SKB_VERDICT), 0);
	check_eq(sock_map_attach(map, verdict, NULL, BPF_SK_SKB_STREAM_VERDICT), -EBUSY);
	check_eq(sock_map_attach(map, NULL, verdict, BPF_SK_MSG_VERDICT), -ENOENT);
	check_eq(sock_map_query(map, BPF_SK_SKB_VERDICT, &id), 0);
	check_eq(id, verdict->obj.id);
	put(0, a);
	check_eq(sock_map_update(map, &key, a, BPF_ANY), -EBUSY);
	check_eq(sock_map_attach(map, NULL, verdict, BPF_SK_SKB_VERDICT), 0);
	check_eq(sock_map_update(map, &key, a, BPF_ANY), 0);
	object_put(&verdict->obj);
	end();
}

/* Replies with the event's number and its argument, and asks for calls on changes of state. */
static struct prog *on_event(void)
{
	const struct bpf_insn insns[] = {
		MOV_REG(6, 1),
		MOV_IMM(2, 0x104),
		CALL(BPF_FUNC_sock_ops_cb_flags_set),
		MOV_REG(7, 0),
		LOAD(BPF_W, 8, 6, offsetof(struct bpf_sock_ops, op)),
		LOAD(BPF_W, 2, 6, offsetof(struct bpf_sock_ops, args[1])),
		ALU_REG(BPF_ADD, 7, 8),
		ALU_REG(BPF_ADD, 7, 2),
		LOAD(BPF_W, 2, 6, offsetof(struct bpf_sock_ops, local_port)),
		ALU_REG(BPF_ADD, 7, 2),
		STORE(BPF_W, 6, offsetof(struct bpf_sock_ops, reply), 7),
		MOV_REG(1, 6),
		LOAD_IMM64(2, BPF_PSEUDO_MAP_FD, MAP_FD, 0),
		STORE_IMM(BPF_W, 10, -4, 3),
		MOV_REG(3, 10),
		ALU_IMM(BPF_ADD, 3, -4),
		MOV_IMM(4, BPF_ANY),
		CALL(BPF_FUNC_sock_map_update),
		MOV_IMM(0, 1),
		EXIT()};

	return LOAD_PROG(SOCK_OPS, BPF_CGROUP_SOCK_OPS, insns, map);
}

static void test_events(void)
{
	u32 args[4] = {0, 50}, key = 3;
	struct prog *prog;
	struct sock *sk;
	s32 reply;

	begin();
	prog = on_event();
	check_eq(sock_ops_event(prog, a, BPF_SOCK_OPS_STATE_CB, args, &reply), 1);
	check_eq(reply, 0x100 + BPF_SOCK_OPS_STATE_CB + 50 + 100);
	check_eq(tcp_sk(a)->bpf_sock_ops_cb_flags, 4);
	check(!sock_map_get(map, &key));
	check_eq(sock_ops_event(prog, a, BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, args, &reply), 1);
	sk = sock_map_get(map, &key);
	check(sk == a);
	sock_put(sk);
	object_put(&prog->obj);
	end();
}

/* Chooses what is at the key that the first byte says. */
static struct prog *choose(void)
{
	const struct bpf_insn insns[] = {FIRST_BYTE(sk_reuseport_md, BPF_DW, 0, 17),
					 STORE(BPF_W, 10, -4, 7),
					 MOV_REG(1, 6),
					 LOAD_IMM64(2, BPF_PSEUDO_MAP_FD, MAP_FD, 0),
					 MOV_REG(3, 10),
					 ALU_IMM(BPF_ADD, 3, -4),
					 MOV_IMM(4, 0),
					 CALL(BPF_FUNC_sk_select_reuseport),
					 MOV_IMM(0, SK_PASS),
					 EXIT(),
					 MOV_IMM(0, SK_DROP),
					 EXIT()};

	return LOAD_PROG(SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT, insns, map);
}

static struct sock *shared(u16 port)
{
	struct sock_spec spec = {
		.family = AF_INET, .type = SOCK_DGRAM, .local_port = port, .reuseport = true};
	struct sock *sk = NULL;

	check_eq(sock_create(host, &spec, &sk), 0);
	check_eq(sock_hash(sk), 0);
	return sk;
}

static void test_choice(void)
{
	struct sock *one, *two, *other, *sk;
	struct prog *prog;
	bool chosen;

	begin();
	one = shared(5);
	two = shared(5);
	other = shared(6);
	prog = choose();
	put(0, one);
	put(1, two);
	put(2, other);
	sk = sock_reuseport_choose(prog, one, "\1", 1, 0, &chosen);
	check(sk == two && chosen);
	sock_put(sk);
	sk = sock_reuseport_choose(prog, two, "\0", 1, 0, &chosen);
	check(sk == one && chosen);
	sock_put(sk);
	/* Of another group, or nobody: the hash chooses. */
	sk = sock_reuseport_choose(prog, one, "\2", 1, 0, &chosen);
	check((sk == one || sk == two) && !chosen);
	sock_put(sk);
	sk = sock_reuseport_choose(prog, one, "\3", 1, 0, &chosen);
	check(sk && !chosen);
	sock_put(sk);
	check(!sock_reuseport_choose(prog, one, "", 0, 0, &chosen));
	object_put(&prog->obj);
	sock_put(one);
	sock_put(two);
	sock_put(other);
	end();
}

int main(void)
{
	run_test(test_messages);
	run_test(test_no_target);
	run_test(test_streams);
	run_test(test_redirected_stream);
	run_test(test_conflicts);
	run_test(test_events);
	run_test(test_choice);
	return tap_done();
}
