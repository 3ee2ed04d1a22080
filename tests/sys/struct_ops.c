/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structures of functions: test runs of bpf_dummy_ops' members as Linux makes them,
 * and maps of tcp_congestion_ops, written, registered by themselves or by links.
 */
#include "tap.h"

#include <errno.h>

#include "kernel/btf.h"
#include "kernel/types/struct_ops.h"
#include "sys/engine.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

static struct engine *engine;
static const struct btf *btf;

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(engine, cmd, attr, sizeof(*attr));
}

static void close_fd(int fd)
{
	engine->ops->close(engine, fd);
}

static u32 find_struct(const char *name)
{
	s32 id = btf_find(btf, BTF_KIND_STRUCT, name);

	return id > 0 ? (u32)id : 0;
}

static u32 member_of(const char *structure, const char *name)
{
	const struct btf_type *t = btf_type_by_id(btf, find_struct(structure));
	const struct btf_member *members = btf_tail(t);

	for (u32 i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf_str(btf, members[i].name_off), name))
			return i;
	return UINT32_MAX;
}

static int load(const char *structure, const char *member, const struct bpf_insn *insns, u32 n)
{
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_STRUCT_OPS};
	int fd;

	attr.expected_attach_type = member_of(structure, member);
	attr.attach_btf_id = find_struct(structure);
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = n;
	attr.license = ptr_to_u64("GPL");
	fd = call(BPF_PROG_LOAD, &attr);
	return fd;
}

#define LOAD(structure, member, ...)                                                               \
	({                                                                                         \
		const struct bpf_insn load_insns_[] = {__VA_ARGS__};                               \
		load(structure, member, load_insns_, ARRAY_SIZE(load_insns_));                     \
	})
#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define LDX(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STW(d, o, i)	   INSN(BPF_ST | BPF_MEM | BPF_W, d, 0, o, i)
#define MOV(d, i)	   INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, s)	   INSN(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define IF_NOT_0(d, o)	   INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, 0)
#define EXIT		   INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int run(int fd, const u64 *args, u32 size, u32 *retval)
{
	union bpf_attr attr = {
		.test = {.prog_fd = (u32)fd, .ctx_in = ptr_to_u64(args), .ctx_size_in = size}};
	int err = call(BPF_PROG_TEST_RUN, &attr);

	*retval = attr.test.retval;
	return err;
}

static void test_dummy(void)
{
	struct bpf_dummy_ops_state state = {.val = 5};
	int one, two;
	u32 retval;

	/* A state that may be missing, which it changes. */
	one = LOAD("bpf_dummy_ops", "test_1", LDX(BPF_DW, 1, 1, 0), IF_NOT_0(1, 2), MOV(0, 99),
		   EXIT, LDX(BPF_W, 0, 1, 0), STW(1, 0, 0x5a), EXIT);
	check(one >= 0);
	check_eq(run(one, (u64[]){ptr_to_u64(&state)}, 8, &retval), 0);
	check_eq(retval, 5);
	check_eq(state.val, 0x5a);
	check_eq(run(one, (u64[]){0}, 8, &retval), 0);
	check_eq(retval, 99);
	check_eq(run(one, (u64[]){0, 0}, 16, &retval), -EINVAL);
	check_eq(run(one, (u64[]){1}, 8, &retval), -EFAULT);
	check_eq(run(one, NULL, 8, &retval), -EFAULT);
	two = LOAD("bpf_dummy_ops", "test_2", LDX(BPF_DW, 2, 1, 0), LDX(BPF_W, 0, 2, 0),
		   LDX(BPF_DW, 3, 1, 8), ADD(0, 3), LDX(BPF_DW, 3, 1, 32), ADD(0, 3), EXIT);
	check(two >= 0);
	check_eq(run(two, (u64[]){ptr_to_u64(&state), 100, 1, 1, 1000}, 40, &retval), 0);
	check_eq(retval, 0x5a + 1100);
	check_eq(run(two, (u64[]){0, 100, 1, 1, 1000}, 40, &retval), -EINVAL);
	close_fd(one);
	close_fd(two);
}

static int create(const char *value, u32 size, u32 flags)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_STRUCT_OPS,
			       .key_size = 4,
			       .value_size = size,
			       .max_entries = 1,
			       .map_flags = flags,
			       .btf_vmlinux_value_type_id = find_struct(value)};

	return call(BPF_MAP_CREATE, &attr);
}

#define TCP_VALUE "bpf_struct_ops_tcp_congestion_ops"
#define TCP_SIZE  sizeof(struct bpf_struct_ops_tcp_congestion_ops)

static void test_create(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_STRUCT_OPS,
			       .key_size = 4,
			       .value_size = 8,
			       .max_entries = 1};
	int fd;

	check_eq(call(BPF_MAP_CREATE, &attr), -EINVAL);
	attr.btf_vmlinux_value_type_id = find_struct("bpf_dummy_ops");
	check_eq(call(BPF_MAP_CREATE, &attr), -ENOTSUPP);
	attr.btf_vmlinux_value_type_id = 1u << 30;
	check_eq(call(BPF_MAP_CREATE, &attr), -ENOTSUPP);
	check_eq(create(TCP_VALUE, 8, 0), -EINVAL);
	check_eq(create(TCP_VALUE, TCP_SIZE, BPF_F_NO_PREALLOC), -EINVAL);
	fd = create(TCP_VALUE, TCP_SIZE, BPF_F_LINK);
	check(fd >= 0);
	close_fd(fd);
}

static int write_map(int map, const struct bpf_struct_ops_tcp_congestion_ops *value)
{
	u32 key = 0;
	union bpf_attr attr = {.map_fd = (u32)map, .key = ptr_to_u64(&key)};

	attr.value = ptr_to_u64(value);
	return call(BPF_MAP_UPDATE_ELEM, &attr);
}

static int read_map(int map, struct bpf_struct_ops_tcp_congestion_ops *value)
{
	u32 key = 0;
	union bpf_attr attr = {.map_fd = (u32)map, .key = ptr_to_u64(&key)};

	attr.value = ptr_to_u64(value);
	return call(BPF_MAP_LOOKUP_ELEM, &attr);
}

static int delete_from(int map)
{
	u32 key = 0;
	union bpf_attr attr = {.map_fd = (u32)map, .key = ptr_to_u64(&key)};

	return call(BPF_MAP_DELETE_ELEM, &attr);
}

struct cong {
	int ssthresh, avoid, undo;
	struct bpf_struct_ops_tcp_congestion_ops value;
};

static int load_cong(const char *member)
{
	return LOAD("tcp_congestion_ops", member, MOV(0, 0), EXIT);
}

#define SET(field, fd) memcpy(&(field), &(u64){(u64)(fd)}, sizeof(u64))

static void make(struct cong *c, const char *name)
{
	memset(c, 0, sizeof(*c));
	c->ssthresh = load_cong("ssthresh");
	c->avoid = load_cong("cong_avoid");
	c->undo = load_cong("undo_cwnd");
	check(c->ssthresh >= 0 && c->avoid >= 0 && c->undo >= 0);
	SET(c->value.data.ssthresh, c->ssthresh);
	SET(c->value.data.cong_avoid, c->avoid);
	SET(c->value.data.undo_cwnd, c->undo);
	snprintf(c->value.data.name, sizeof(c->value.data.name), "%s", name);
}

static void drop(struct cong *c)
{
	close_fd(c->ssthresh);
	close_fd(c->avoid);
	close_fd(c->undo);
}

static void test_map(void)
{
	struct bpf_struct_ops_tcp_congestion_ops seen;
	int map = create(TCP_VALUE, TCP_SIZE, 0), other = create(TCP_VALUE, TCP_SIZE, 0);
	struct cong c;

	make(&c, "bpf_test");
	check_eq(read_map(map, &seen), 0);
	check_eq(seen.common.state, BPF_STRUCT_OPS_STATE_INIT);
	check_eq(delete_from(map), -ENOENT);
	/* What does not fit. */
	c.value.data.flags = 4;
	check_eq(write_map(map, &c.value), -EINVAL);
	c.value.data.flags = 2;
	c.value.data.key = 1;
	check_eq(write_map(map, &c.value), -EINVAL);
	c.value.data.key = 0;
	SET(c.value.data.undo_cwnd, c.avoid);
	check_eq(write_map(map, &c.value), -EINVAL);
	SET(c.value.data.undo_cwnd, 9999);
	check_eq(write_map(map, &c.value), -EBADF);
	SET(c.value.data.undo_cwnd, 0);
	check_eq(write_map(map, &c.value), -EINVAL);
	SET(c.value.data.undo_cwnd, c.undo);
	c.value.common.state = BPF_STRUCT_OPS_STATE_READY;
	check_eq(write_map(map, &c.value), -EINVAL);
	c.value.common.state = BPF_STRUCT_OPS_STATE_INIT;
	check_eq(write_map(map, &c.value), 0);
	check_eq(write_map(map, &c.value), -EBUSY);
	check_eq(write_map(other, &c.value), -EEXIST);
	check_eq(read_map(map, &seen), 0);
	check_eq(seen.common.state, BPF_STRUCT_OPS_STATE_INUSE);
	check(!strcmp(seen.data.name, "bpf_test") && seen.data.flags == 2);
	check(seen.data.ssthresh != NULL && seen.common.refcnt.refs.counter > 0);
	check_eq(delete_from(map), 0);
	check_eq(delete_from(map), -EINPROGRESS);
	check_eq(write_map(other, &c.value), 0);
	close_fd(map);
	/* Who closes it leaves it registered. */
	close_fd(other);
	map = create(TCP_VALUE, TCP_SIZE, 0);
	check_eq(write_map(map, &c.value), -EEXIST);
	close_fd(map);
	drop(&c);
}

static int link_map(int map)
{
	union bpf_attr attr = {.link_create = {.prog_fd = (u32)map, .attach_type = BPF_STRUCT_OPS}};

	return call(BPF_LINK_CREATE, &attr);
}

static int update_link(int link, int map, int old)
{
	union bpf_attr attr = {.link_update = {.link_fd = (u32)link, .new_map_fd = (u32)map}};

	if (old >= 0) {
		attr.link_update.flags = BPF_F_REPLACE;
		attr.link_update.old_map_fd = (u32)old;
	}
	return call(BPF_LINK_UPDATE, &attr);
}

static void test_link(void)
{
	struct bpf_struct_ops_tcp_congestion_ops seen;
	int one = create(TCP_VALUE, TCP_SIZE, BPF_F_LINK);
	int two = create(TCP_VALUE, TCP_SIZE, BPF_F_LINK);
	int none = create(TCP_VALUE, TCP_SIZE, 0), link;
	union bpf_attr attr = {0};
	struct bpf_link_info info = {0};
	struct cong c;

	make(&c, "bpf_linked");
	check_eq(link_map(one), -EINVAL);
	check_eq(link_map(none), -EINVAL);
	check_eq(link_map(9999), -EBADF);
	check_eq(write_map(one, &c.value), 0);
	check_eq(read_map(one, &seen), 0);
	check_eq(seen.common.state, BPF_STRUCT_OPS_STATE_READY);
	check_eq(delete_from(one), -EOPNOTSUPP);
	link = link_map(one);
	check(link >= 0);
	check_eq(link_map(one), -EEXIST);
	check_eq(update_link(link, two, -1), -EINVAL);
	check_eq(write_map(two, &c.value), 0);
	check_eq(update_link(link, two, two), -EPERM);
	check_eq(update_link(link, two, one), 0);
	attr.info.bpf_fd = (u32)link;
	attr.info.info = ptr_to_u64(&info);
	attr.info.info_len = sizeof(info);
	check_eq(call(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	check_eq(info.type, BPF_LINK_TYPE_STRUCT_OPS);
	check(info.struct_ops.map_id);
	attr = (union bpf_attr){.link_detach.link_fd = (u32)link};
	check_eq(call(BPF_LINK_DETACH, &attr), 0);
	check_eq(call(BPF_LINK_DETACH, &attr), 0);
	check_eq(update_link(link, one, -1), -ENOLINK);
	close_fd(link);
	link = link_map(one);
	check(link >= 0);
	close_fd(link);
	close_fd(one);
	close_fd(two);
	close_fd(none);
	drop(&c);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{"bpf_dummy_ops", test_dummy},
		{"maps are created", test_create},
		{"a map registers itself", test_map},
		{"links register maps", test_link},
	};
	struct host_options opts;
	struct btf_object *object;
	struct host *host;

	host_options_init(&opts);
	opts.own_btf = kernel_btf_data;
	opts.own_btf_size = kernel_btf_size;
	if (!kernel_btf_size) {
		printf("1..0 # SKIP built without the host's own type information\n");
		return 0;
	}
	if (host_new(&opts, &host) || engine_user_new(host, &engine) || host_vmlinux(host, &object))
		return 1;
	btf = object->btf;
	for (u32 i = 0; i < ARRAY_SIZE(tests); i++) {
		tap_begin(tests[i].name);
		tests[i].run();
		tap_end();
	}
	engine_free(engine);
	return tap_done();
}
