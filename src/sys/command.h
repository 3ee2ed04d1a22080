/* SPDX-License-Identifier: BSD-2-Clause */
/* The user engine's bpf(): one call, and the functions that serve the commands. */
#ifndef ANYBPF_SYS_COMMAND_H
#define ANYBPF_SYS_COMMAND_H

#include "base/log.h"
#include "object/btf_object.h"
#include "map/map.h"
#include "hook/hook.h"
#include "prog/prog.h"

/* One bpf() call. The attributes were copied and checked; results go to .user, which may be
 * shorter. */
struct call {
	struct host *host;
	union bpf_attr attr;
	union bpf_attr *user;
	u32 size;
	struct verify_result *result; /* of PROG_LOAD: gets what the verifier found, or NULL */
	/* Of MAP_CREATE: NULL, or where the map's memory is, see sys_bpf_share(). */
	int *region;
	struct err *err; /* gets more than a number, or NULL */
};

typedef int (*command_fn)(struct call *call);

int sys_prog_attach(struct call *call);
/* The same where the target is a control group, and likewise below. */
int sys_group_attach(struct call *call);
int sys_group_detach(struct call *call);
int sys_group_query(struct call *call);
int sys_prog_detach(struct call *call);
int sys_prog_query(struct call *call);
int sys_map_create(struct call *call);
int sys_map_lookup(struct call *call);
int sys_map_update(struct call *call);
int sys_map_delete(struct call *call);
int sys_map_next_key(struct call *call);
int sys_map_lookup_and_delete(struct call *call);
int sys_map_freeze(struct call *call);
int sys_map_lookup_batch(struct call *call);
int sys_map_lookup_and_delete_batch(struct call *call);
int sys_map_update_batch(struct call *call);
int sys_map_delete_batch(struct call *call);
int sys_prog_load(struct call *call);
int sys_prog_test_run(struct call *call);
int sys_btf_load(struct call *call);
int sys_prog_next_id(struct call *call);
int sys_map_next_id(struct call *call);
int sys_btf_next_id(struct call *call);
int sys_prog_by_id(struct call *call);
int sys_map_by_id(struct call *call);
int sys_btf_by_id(struct call *call);
int sys_link_next_id(struct call *call);
int sys_link_by_id(struct call *call);
int sys_info(struct call *call);
int sys_link_create(struct call *call);
int sys_link_update(struct call *call);
int sys_link_detach(struct call *call);
int sys_raw_tracepoint_open(struct call *call);
int sys_iter_create(struct call *call);

/* The whole call, with Linux's checks of command, size and attributes. */
int sys_bpf(struct host *host, u32 cmd, union bpf_attr *attr, u32 size);

/* BPF_PROG_LOAD that hands out what the verifier found; the caller frees it, also on failure. */
int sys_bpf_load(struct host *host, union bpf_attr *attr, u32 size, struct verify_result *result);

/*
 * BPF_MAP_CREATE of a map in a region that processes share. *@region negative: a
 * new one, and the descriptor is written there, which is the map's; else the
 * descriptor of the one to attach. A handle or -errno, told of in @err.
 */
int sys_bpf_share(struct host *host, union bpf_attr *attr, u32 size, int *region, struct err *err);

/*
 * A client's memory, in this process. Reading where there is none is -EFAULT,
 * as it is in Linux: an index into fd_array comes from the program that is
 * being loaded. What is written to has to be there, except that NULL is -EFAULT
 * too. Nothing is at fault with a size of 0.
 */
int client_read(void *dst, u64 addr, size_t size);
/* A string, cut to @size with its terminator: 0 or -EFAULT. */
int client_read_string(char *dst, u64 addr, size_t size);
int client_write(u64 addr, const void *src, size_t size);

/* Writes one field of the result, where the client's attributes reach that far. */
#define call_result(call, field, value)                                                            \
	do {                                                                                       \
		if (offsetof(union bpf_attr, field) + sizeof((call)->user->field) <= (call)->size) \
			(call)->user->field = (value);                                             \
	} while (0)

/*
 * Object names: letters, digits, '_' and '.', NUL-terminated and zero behind.
 * The length, or -EINVAL.
 */
int check_object_name(const char name[BPF_OBJ_NAME_LEN]);

/* The attributes of a log, checked as Linux does: 0 or -EINVAL. */
int log_attr_check(u32 level, u64 buf, u32 size);
/*
 * Copies a log out: NUL-terminated, cut to @size from the front (or with
 * LOG_FIXED at the end). Gives the size that it would have taken; 0, -ENOSPC
 * when it was cut, -EFAULT.
 */
int log_copy_out(const struct log *log, u64 buf, u32 size, u32 *true_size);

#endif
