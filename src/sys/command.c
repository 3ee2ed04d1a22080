/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of commands, and what all of them share: the check of attributes
 * and the client's memory.
 */
#include "sys/command.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "hook/functions.h"

struct command {
	const char *name;
	u32 end; /* offset behind the last field that the command knows */
	command_fn run;
};

#define END_OF(field) (offsetof(union bpf_attr, field) + sizeof(((union bpf_attr *)0)->field))

static const struct command commands[] = {
#define CMD(name, last, fn) {#name, END_OF(last), fn},
#include "sys/cmd.def"
#undef CMD
};

_Static_assert(ARRAY_SIZE(commands) == __MAX_BPF_CMD, "one row per command");

#define MAX_ATTR_SIZE 4096

static bool all_zero(const u8 *p, size_t size)
{
	while (size--)
		if (*p++)
			return false;
	return true;
}

/* Copies the attributes in; bytes that are newer than this ABI must be zero. */
static int call_init(struct call *call, struct host *host, union bpf_attr *attr, u32 size)
{
	u32 known = size < sizeof(call->attr) ? size : (u32)sizeof(call->attr);

	if (size > MAX_ATTR_SIZE)
		return -E2BIG;
	if (!attr && size)
		return -EFAULT;
	memset(call, 0, sizeof(*call));
	call->host = host;
	call->user = attr;
	call->size = size;
	if (known)
		memcpy(&call->attr, attr, known);
	if (size > known && !all_zero((const u8 *)attr + known, size - known))
		return -E2BIG;
	return 0;
}

/* @more: what calls have besides attributes. */
static int run_command(struct host *host, u32 cmd, union bpf_attr *attr, u32 size,
		       const struct call *more)
{
	const struct command *command;
	struct call call;
	int err = call_init(&call, host, attr, size);

	if (err)
		return err;
	call.result = more->result;
	call.region = more->region;
	call.err = more->err;
	if (cmd >= ARRAY_SIZE(commands))
		return -EINVAL;
	command = &commands[cmd];
	if (!all_zero((const u8 *)&call.attr + command->end, sizeof(call.attr) - command->end))
		return -EINVAL;
	err = lsm_call(host, "bpf_lsm_bpf", (u64[]){cmd, ptr_to_u64(&call.attr), size});
	if (err)
		return err;
	if (!command->run)
		return -EOPNOTSUPP;
	return command->run(&call);
}

int sys_bpf(struct host *host, u32 cmd, union bpf_attr *attr, u32 size)
{
	return run_command(host, cmd, attr, size, &(struct call){0});
}

int sys_bpf_load(struct host *host, union bpf_attr *attr, u32 size, struct verify_result *result)
{
	return run_command(host, BPF_PROG_LOAD, attr, size, &(struct call){.result = result});
}

int sys_bpf_share(struct host *host, union bpf_attr *attr, u32 size, int *region, struct err *err)
{
	return run_command(host, BPF_MAP_CREATE, attr, size,
			   &(struct call){.region = region, .err = err});
}

int client_read(void *dst, u64 addr, size_t size)
{
	return size ? fault_read(dst, u64_to_ptr(addr), size) : 0;
}

int client_read_string(char *dst, u64 addr, size_t size)
{
	/* Byte by byte: what lies behind the string may not be there. */
	for (size_t i = 0; i + 1 < size; i++) {
		if (client_read(dst + i, addr + i, 1))
			return -EFAULT;
		if (!dst[i])
			return 0;
	}
	dst[size - 1] = 0;
	return 0;
}

int client_write(u64 addr, const void *src, size_t size)
{
	if (!size)
		return 0;
	if (!addr)
		return -EFAULT;
	memcpy(u64_to_ptr(addr), src, size);
	return 0;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

int check_object_name(const char name[BPF_OBJ_NAME_LEN])
{
	u32 len = 0;

	while (len < BPF_OBJ_NAME_LEN && name[len]) {
		if (!name_char(name[len]))
			return -EINVAL;
		len++;
	}
	if (len == BPF_OBJ_NAME_LEN || !all_zero((const u8 *)name + len, BPF_OBJ_NAME_LEN - len))
		return -EINVAL;
	return (int)len;
}

int log_attr_check(u32 level, u64 buf, u32 size)
{
	if (!!buf != !!size || (buf && !level))
		return -EINVAL;
	if (level & ~(LOG_LEVEL1 | LOG_LEVEL2 | LOG_STATS | LOG_FIXED) || size > UINT32_MAX >> 2)
		return -EINVAL;
	return 0;
}

int log_copy_out(const struct log *log, u64 buf, u32 size, u32 *true_size)
{
	const char *text = buf_str(&log->text);
	size_t len = log_written(log) + 1, keep;
	int err;

	*true_size = log->level ? (u32)u64_min(len, UINT32_MAX) : 0;
	if (!buf)
		return 0;
	if (len <= size)
		return client_write(buf, text, len);
	/* Without room for all of it, the end matters most, unless the client asked otherwise. */
	keep = (size_t)u64_min(log->text.len, size - 1);
	if (!(log->level & LOG_FIXED))
		text += log->text.len - keep;
	err = client_write(buf, text, keep);
	if (!err)
		err = client_write(buf + keep, "", 1);
	return err ? err : -ENOSPC;
}
