/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrong calls of bpf(), one table: what we answer, and what the running kernel
 * answers to the very same call where it allows bpf().
 */
#include "tap.h"

#include <errno.h>
#include <time.h>

#include "sys/engine.h"

/* What a case may refer to, opened once per engine. */
struct fixture {
	struct engine *engine;
	int array, hash, prog;
	u32 key, missing;
	u64 value;
	struct bpf_insn insns[2];
	char log[8];
	u8 info[512];
	u8 packet[64];
	u8 bytes[64];
};

struct wrong_call {
	const char *name;
	u32 cmd;
	int want; /* errno, positive; 0: succeeds */
	void (*set)(union bpf_attr *attr, struct fixture *f);
	u32 size; /* 0: of union bpf_attr */
};

static void set_map_create(union bpf_attr *attr, u32 type, u32 key, u32 value, u32 entries)
{
	attr->map_type = type;
	attr->key_size = key;
	attr->value_size = value;
	attr->max_entries = entries;
}

static void set_load(union bpf_attr *attr, struct fixture *f)
{
	attr->prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr->insn_cnt = 2;
	attr->insns = ptr_to_u64(f->insns);
	attr->license = ptr_to_u64("GPL");
}

#define CASE(id) static void id(union bpf_attr *attr __unused, struct fixture *f __unused)
#define ELEM(m, k)                                                                                 \
	(attr->map_fd = (u32)(m), attr->key = ptr_to_u64(k), attr->value = ptr_to_u64(&f->value))

CASE(nothing)
{
}
CASE(lookup_trailing)
{
	ELEM(f->array, &f->key);
	((u8 *)attr)[100] = 1;
}
CASE(create_type_unknown)
{
	set_map_create(attr, 1000, 4, 4, 1);
}
CASE(create_no_key)
{
	set_map_create(attr, BPF_MAP_TYPE_HASH, 0, 4, 1);
}
CASE(create_no_value)
{
	set_map_create(attr, BPF_MAP_TYPE_HASH, 4, 0, 1);
}
CASE(create_no_entries)
{
	set_map_create(attr, BPF_MAP_TYPE_ARRAY, 4, 4, 0);
}
CASE(create_array_key)
{
	set_map_create(attr, BPF_MAP_TYPE_ARRAY, 8, 4, 1);
}
CASE(create_flags)
{
	set_map_create(attr, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	attr->map_flags = 1u << 31;
}
CASE(create_name)
{
	set_map_create(attr, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	memcpy(attr->map_name, "a b", 3);
}
CASE(create_name_long)
{
	set_map_create(attr, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	memset(attr->map_name, 'a', BPF_OBJ_NAME_LEN);
}
CASE(create_btf_fd)
{
	set_map_create(attr, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	attr->btf_fd = 9999;
	attr->btf_key_type_id = 1;
	attr->btf_value_type_id = 1;
}
CASE(create_ringbuf_size)
{
	set_map_create(attr, BPF_MAP_TYPE_RINGBUF, 0, 0, 1000);
}
CASE(lookup_fd)
{
	ELEM(9999, &f->key);
}
CASE(lookup_prog)
{
	ELEM(f->prog, &f->key);
}
CASE(lookup_no_key)
{
	ELEM(f->array, NULL);
}
CASE(lookup_missing)
{
	ELEM(f->hash, &f->missing);
}
CASE(lookup_beyond)
{
	ELEM(f->array, &f->missing);
}
CASE(lookup_flags)
{
	ELEM(f->array, &f->key);
	attr->flags = 8;
}
CASE(update_flags)
{
	ELEM(f->array, &f->key);
	attr->flags = 99;
}
CASE(update_noexist)
{
	ELEM(f->array, &f->key);
	attr->flags = BPF_NOEXIST;
}
CASE(update_exist)
{
	ELEM(f->hash, &f->missing);
	attr->flags = BPF_EXIST;
}
CASE(update_beyond)
{
	ELEM(f->array, &f->missing);
}
CASE(update_no_value)
{
	ELEM(f->array, &f->key);
	attr->value = 0;
}
CASE(delete_array)
{
	attr->map_fd = (u32)f->array;
	attr->key = ptr_to_u64(&f->key);
}
CASE(delete_missing)
{
	attr->map_fd = (u32)f->hash;
	attr->key = ptr_to_u64(&f->missing);
}
CASE(next_empty)
{
	attr->map_fd = (u32)f->hash;
	attr->next_key = ptr_to_u64(&f->value);
}
CASE(next_last)
{
	attr->map_fd = (u32)f->array;
	attr->key = ptr_to_u64(&f->key);
	attr->next_key = ptr_to_u64(&f->value);
}
CASE(load_empty)
{
	set_load(attr, f);
	attr->insn_cnt = 0;
}
CASE(load_large)
{
	set_load(attr, f);
	attr->insn_cnt = 1000001;
}
CASE(load_no_insns)
{
	set_load(attr, f);
	attr->insns = 0;
}
CASE(load_no_license)
{
	set_load(attr, f);
	attr->license = 0;
}
CASE(load_type)
{
	set_load(attr, f);
	attr->prog_type = 9999;
}
CASE(load_flags)
{
	set_load(attr, f);
	attr->prog_flags = 1u << 31;
}
CASE(load_name)
{
	set_load(attr, f);
	memcpy(attr->prog_name, "a-b", 3);
}
CASE(load_log_without_buffer)
{
	set_load(attr, f);
	attr->log_level = 1;
	attr->log_size = 100;
}
CASE(load_log_level)
{
	set_load(attr, f);
	attr->log_level = 64;
	attr->log_size = sizeof(f->log);
	attr->log_buf = ptr_to_u64(f->log);
}
CASE(load_log_short)
{
	set_load(attr, f);
	attr->log_level = 2;
	attr->log_size = sizeof(f->log);
	attr->log_buf = ptr_to_u64(f->log);
}
CASE(load_btf_fd)
{
	set_load(attr, f);
	attr->prog_btf_fd = 9999;
	attr->func_info_cnt = 1;
	attr->func_info_rec_size = sizeof(struct bpf_func_info);
	attr->func_info = ptr_to_u64(f->info);
}
CASE(load_ifindex)
{
	set_load(attr, f);
	attr->prog_ifindex = 9999;
}
CASE(info_fd)
{
	attr->info.bpf_fd = 9999;
	attr->info.info = ptr_to_u64(f->info);
	attr->info.info_len = sizeof(struct bpf_prog_info);
}
CASE(info_null)
{
	attr->info.bpf_fd = (u32)f->prog;
	attr->info.info_len = sizeof(struct bpf_prog_info);
}
CASE(info_tail)
{
	attr->info.bpf_fd = (u32)f->prog;
	attr->info.info = ptr_to_u64(f->info);
	attr->info.info_len = sizeof(f->info);
	f->info[sizeof(f->info) - 1] = 1;
}
CASE(prog_id)
{
	attr->prog_id = 0x7fffff00;
}
CASE(next_id)
{
	attr->start_id = 0x7ffffff0;
}
CASE(next_id_range)
{
	attr->start_id = 0xffffffff;
}
CASE(test_run_fd)
{
	attr->test.prog_fd = 9999;
}
CASE(test_run_map)
{
	attr->test.prog_fd = (u32)f->array;
}
CASE(test_run_short)
{
	attr->test.prog_fd = (u32)f->prog;
	attr->test.data_in = ptr_to_u64(f->packet);
	attr->test.data_size_in = 13;
	attr->test.repeat = 1;
}
CASE(test_run_ctx)
{
	attr->test.prog_fd = (u32)f->prog;
	attr->test.data_in = ptr_to_u64(f->packet);
	attr->test.data_size_in = sizeof(f->packet);
	attr->test.ctx_size_in = 8;
}
CASE(btf_null)
{
	attr->btf_size = 24;
}
CASE(btf_magic)
{
	attr->btf = ptr_to_u64(f->bytes);
	attr->btf_size = sizeof(f->bytes);
}
CASE(btf_large)
{
	attr->btf = ptr_to_u64(f->bytes);
	attr->btf_size = 1u << 30;
}
CASE(btf_flags)
{
	attr->btf = ptr_to_u64(f->bytes);
	attr->btf_size = sizeof(f->bytes);
	attr->btf_flags = 1;
}
CASE(freeze_fd)
{
	attr->map_fd = 9999;
}
CASE(freeze)
{
	attr->map_fd = (u32)f->hash;
}

/* An address that is nobody's, and not 0. */
#define NOWHERE 64

CASE(lookup_bad_key)
{
	ELEM(f->array, &f->key);
	attr->key = NOWHERE;
}
CASE(update_bad_value)
{
	ELEM(f->array, &f->key);
	attr->value = NOWHERE;
}
CASE(load_bad_insns)
{
	set_load(attr, f);
	attr->insns = NOWHERE;
}
CASE(load_bad_license)
{
	set_load(attr, f);
	attr->license = NOWHERE;
}
CASE(load_bad_fd_array)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_IDX},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};

	set_load(attr, f);
	attr->insns = ptr_to_u64(insns);
	attr->insn_cnt = ARRAY_SIZE(insns);
	attr->fd_array = NOWHERE;
}
CASE(btf_bad_data)
{
	attr->btf = NOWHERE;
	attr->btf_size = 64;
}
CASE(info_bad_address)
{
	attr->info.bpf_fd = (u32)f->array;
	attr->info.info = NOWHERE;
	attr->info.info_len = sizeof(struct bpf_map_info);
}

static const struct wrong_call calls[] = {
	{"command that does not exist", 200, EINVAL, nothing, 0},
	{"attributes of more than a page", BPF_MAP_CREATE, E2BIG, nothing, 5000},
	{"lookup: bytes behind the last field", BPF_MAP_LOOKUP_ELEM, EINVAL, lookup_trailing, 0},
	{"map create: unknown type", BPF_MAP_CREATE, EINVAL, create_type_unknown, 0},
	{"map create: hash without key", BPF_MAP_CREATE, EINVAL, create_no_key, 0},
	{"map create: hash without value", BPF_MAP_CREATE, EINVAL, create_no_value, 0},
	{"map create: array without entries", BPF_MAP_CREATE, EINVAL, create_no_entries, 0},
	{"map create: array with a key of 8", BPF_MAP_CREATE, EINVAL, create_array_key, 0},
	{"map create: unknown flags", BPF_MAP_CREATE, EINVAL, create_flags, 0},
	{"map create: blank in the name", BPF_MAP_CREATE, EINVAL, create_name, 0},
	{"map create: name without end", BPF_MAP_CREATE, EINVAL, create_name_long, 0},
	{"map create: no such BTF", BPF_MAP_CREATE, EBADF, create_btf_fd, 0},
	{"map create: ring buffer of odd size", BPF_MAP_CREATE, EINVAL, create_ringbuf_size, 0},
	{"lookup: no such fd", BPF_MAP_LOOKUP_ELEM, EBADF, lookup_fd, 0},
	{"lookup: fd of a program", BPF_MAP_LOOKUP_ELEM, EINVAL, lookup_prog, 0},
	{"lookup: no key", BPF_MAP_LOOKUP_ELEM, EFAULT, lookup_no_key, 0},
	{"lookup: key that is not there", BPF_MAP_LOOKUP_ELEM, ENOENT, lookup_missing, 0},
	{"lookup: index out of range", BPF_MAP_LOOKUP_ELEM, ENOENT, lookup_beyond, 0},
	{"lookup: unknown flags", BPF_MAP_LOOKUP_ELEM, EINVAL, lookup_flags, 0},
	{"update: unknown flags", BPF_MAP_UPDATE_ELEM, EINVAL, update_flags, 0},
	{"update: array element is always there", BPF_MAP_UPDATE_ELEM, EEXIST, update_noexist, 0},
	{"update: key must exist", BPF_MAP_UPDATE_ELEM, ENOENT, update_exist, 0},
	{"update: index out of range", BPF_MAP_UPDATE_ELEM, E2BIG, update_beyond, 0},
	{"update: no value", BPF_MAP_UPDATE_ELEM, EFAULT, update_no_value, 0},
	{"delete: of an array", BPF_MAP_DELETE_ELEM, EINVAL, delete_array, 0},
	{"delete: key that is not there", BPF_MAP_DELETE_ELEM, ENOENT, delete_missing, 0},
	{"next key: of an empty hash", BPF_MAP_GET_NEXT_KEY, ENOENT, next_empty, 0},
	{"next key: after the last", BPF_MAP_GET_NEXT_KEY, ENOENT, next_last, 0},
	{"load: no instructions", BPF_PROG_LOAD, E2BIG, load_empty, 0},
	{"load: too many instructions", BPF_PROG_LOAD, E2BIG, load_large, 0},
	{"load: instructions at NULL", BPF_PROG_LOAD, EFAULT, load_no_insns, 0},
	{"load: licence at NULL", BPF_PROG_LOAD, EFAULT, load_no_license, 0},
	{"load: unknown type", BPF_PROG_LOAD, EINVAL, load_type, 0},
	{"load: unknown flags", BPF_PROG_LOAD, EINVAL, load_flags, 0},
	{"load: dash in the name", BPF_PROG_LOAD, EINVAL, load_name, 0},
	{"load: log size without buffer", BPF_PROG_LOAD, EINVAL, load_log_without_buffer, 0},
	{"load: unknown log level", BPF_PROG_LOAD, EINVAL, load_log_level, 0},
	{"load: log that does not fit", BPF_PROG_LOAD, ENOSPC, load_log_short, 0},
	{"load: no such BTF", BPF_PROG_LOAD, EBADF, load_btf_fd, 0},
	{"load: for a device", BPF_PROG_LOAD, EINVAL, load_ifindex, 0},
	{"info: no such fd", BPF_OBJ_GET_INFO_BY_FD, EBADFD, info_fd, 0},
	{"info: to NULL", BPF_OBJ_GET_INFO_BY_FD, EFAULT, info_null, 0},
	{"info: bytes behind what is known", BPF_OBJ_GET_INFO_BY_FD, E2BIG, info_tail, 0},
	{"by id: no such program", BPF_PROG_GET_FD_BY_ID, ENOENT, prog_id, 0},
	{"next id: after the last", BPF_PROG_GET_NEXT_ID, ENOENT, next_id, 0},
	{"next id: out of range", BPF_MAP_GET_NEXT_ID, EINVAL, next_id_range, 0},
	{"test run: no such fd", BPF_PROG_TEST_RUN, EBADF, test_run_fd, 0},
	{"test run: fd of a map", BPF_PROG_TEST_RUN, EINVAL, test_run_map, 0},
	{"test run: less than an Ethernet header", BPF_PROG_TEST_RUN, EINVAL, test_run_short, 0},
	{"test run: context size without context", BPF_PROG_TEST_RUN, EINVAL, test_run_ctx, 0},
	{"btf: at NULL", BPF_BTF_LOAD, EFAULT, btf_null, 0},
	{"btf: wrong magic", BPF_BTF_LOAD, EINVAL, btf_magic, 0},
	{"btf: too large", BPF_BTF_LOAD, E2BIG, btf_large, 0},
	{"btf: unknown flags", BPF_BTF_LOAD, EINVAL, btf_flags, 0},
	{"lookup: bad address of the key", BPF_MAP_LOOKUP_ELEM, EFAULT, lookup_bad_key, 0},
	{"update: bad address of the value", BPF_MAP_UPDATE_ELEM, EFAULT, update_bad_value, 0},
	{"load: bad address of the instructions", BPF_PROG_LOAD, EFAULT, load_bad_insns, 0},
	{"load: bad address of the license", BPF_PROG_LOAD, EFAULT, load_bad_license, 0},
	{"load: bad address of the fds", BPF_PROG_LOAD, EFAULT, load_bad_fd_array, 0},
	{"btf: bad address", BPF_BTF_LOAD, EFAULT, btf_bad_data, 0},
	{"info: bad address", BPF_OBJ_GET_INFO_BY_FD, EFAULT, info_bad_address, 0},
	{"freeze: no such fd", BPF_MAP_FREEZE, EBADF, freeze_fd, 0},
	{"freeze: once is fine", BPF_MAP_FREEZE, 0, freeze, 0},
	{"freeze: twice is not", BPF_MAP_FREEZE, EPERM, freeze, 0},
	{"update: of a frozen map", BPF_MAP_UPDATE_ELEM, EPERM, update_exist, 0},
};

static int fixture_map(struct engine *engine, u32 type)
{
	union bpf_attr attr = {0};

	set_map_create(&attr, type, 4, 8, 1);
	return engine_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void fixture_init(struct fixture *f, struct engine *engine)
{
	union bpf_attr attr = {0};

	*f = (struct fixture){
		.engine = engine,
		.missing = 77,
		.insns = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}},
	};
	f->array = fixture_map(engine, BPF_MAP_TYPE_ARRAY);
	f->hash = fixture_map(engine, BPF_MAP_TYPE_HASH);
	set_load(&attr, f);
	f->prog = engine_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int do_call(const struct wrong_call *call, struct fixture *f)
{
	union {
		union bpf_attr attr;
		u8 room[8192];
	} u;
	int ret;

	memset(&u, 0, sizeof(u));
	memset(f->info, 0, sizeof(f->info));
	call->set(&u.attr, f);
	ret = engine_bpf(f->engine, (enum bpf_cmd)call->cmd, &u.attr,
			 call->size ? call->size : (u32)sizeof(u.attr));
	if (ret > 0)
		f->engine->ops->close(f->engine, ret);
	return ret;
}

static void run_cases(struct engine *engine, const char *name)
{
	struct fixture f;

	fixture_init(&f, engine);
	for (u32 i = 0; i < ARRAY_SIZE(calls); i++) {
		char text[128];
		int ret;

		snprintf(text, sizeof(text), "%s: %s", name, calls[i].name);
		tap_begin(text);
		ret = do_call(&calls[i], &f);
		if ((ret < 0 ? -ret : 0) != calls[i].want)
			tap_fail("%d (%s), not %d (%s)", -ret, strerror(-ret), calls[i].want,
				 strerror(calls[i].want));
		tap_end();
	}
}

int main(void)
{
	struct engine *engine;
	struct host *host;

	if (host_new(NULL, &host) || engine_user_new(host, &engine))
		return 1;
	run_cases(engine, "user");
	engine_free(engine);
	if (engine_kernel_new(&mem_libc, &engine)) {
		tap_begin("kernel");
		tap_skip("this kernel refuses bpf()");
		tap_end();
	} else {
		run_cases(engine, "kernel");
		engine_free(engine);
	}
	return tap_done();
}
