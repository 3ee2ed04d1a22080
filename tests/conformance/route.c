/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf's system calls, routed. The user engine gives handles; libbpf wants
 * descriptors that it can duplicate and place. So each handle gets a real
 * descriptor (of /dev/null) and a table says which handle is behind it; the
 * descriptors in the attributes of a command become handles on the way in.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "route.h"
#include "user.h"

#define MAX_FDS	 65536
#define NO_ENTRY 0x7fffffff /* what no handle is */

/* What the linker gives for --wrap. */
long __real_syscall(long number, ...);
int __real_close(int fd);
int __real_fcntl(int fd, int cmd, ...);
void *__real_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
int __real_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__real_fopen64(const char *path, const char *mode);
int __real_uname(struct utsname *name);
void __real_btf__free(struct btf *btf);
struct btf *__real_btf__load_vmlinux_btf(void);
int __real_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			 const struct bpf_insn *insns, size_t count,
			 struct bpf_prog_load_opts *options);

struct entry {
	int handle;
	unsigned int map_type; /* of a map, else BPF_MAP_TYPE_UNSPEC */
	unsigned int descriptors;
};

static struct route route;
static struct btf *vmlinux;
static struct route_load *watched;
static struct entry *behind[MAX_FDS];

int route_set(const struct route *want)
{
	route = *want;
	vmlinux = btf__parse(route.btf, NULL);
	return vmlinux ? 0 : -errno;
}

void route_watch(struct route_load *load)
{
	load->tried = false;
	load->failed_command = -1;
	watched = load;
}

/* ---- descriptors ---- */

static struct entry *entry_of(int fd)
{
	return fd >= 0 && fd < MAX_FDS ? behind[fd] : NULL;
}

static void forget(int fd)
{
	struct entry *entry = entry_of(fd);

	if (!entry)
		return;
	behind[fd] = NULL;
	if (--entry->descriptors)
		return;
	user_close(entry->handle);
	free(entry);
}

static int remember(int fd, struct entry *entry)
{
	if (fd < 0 || fd >= MAX_FDS)
		return fd;
	forget(fd);
	behind[fd] = entry;
	entry->descriptors++;
	return fd;
}

static int new_descriptor(int handle, unsigned int map_type)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	entry->handle = handle;
	entry->map_type = map_type;
	return remember(__real_open("/dev/null", O_RDONLY | O_CLOEXEC), entry);
}

static uint32_t handle_of(uint32_t fd)
{
	struct entry *entry = entry_of((int)fd);

	if (fd <= STDERR_FILENO)
		return fd; /* none, wherever it may be, or wrong in any case */
	return entry ? (uint32_t)entry->handle : NO_ENTRY;
}

/* ---- commands ---- */

#define FD(field) (attr->field = handle_of(attr->field))

static bool is_map_of_fds(unsigned int type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS ||
	       type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
	       type == BPF_MAP_TYPE_CGROUP_ARRAY;
}

static void translate_insns(struct bpf_insn *insns, uint32_t count, uint32_t *indexes)
{
	for (uint32_t i = 0; i < count; i++) {
		struct bpf_insn *insn = &insns[i];

		if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL &&
		    insn->off > 0 && (uint32_t)insn->off >= *indexes)
			*indexes = (uint32_t)insn->off + 1;
		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			insn->imm = (int32_t)handle_of((uint32_t)insn->imm);
		if ((insn->src_reg == BPF_PSEUDO_MAP_IDX ||
		     insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE) &&
		    insn->imm >= 0 && (uint32_t)insn->imm >= *indexes)
			*indexes = (uint32_t)insn->imm + 1;
		i++;
	}
}

static int load_program(union bpf_attr *attr, unsigned int size)
{
	size_t bytes = (size_t)attr->insn_cnt * sizeof(struct bpf_insn);
	struct bpf_insn *insns = malloc(bytes ? bytes : 1);
	uint32_t indexes = 0, *fds = NULL;
	int result;

	memcpy(insns, (void *)(uintptr_t)attr->insns, bytes);
	translate_insns(insns, attr->insn_cnt, &indexes);
	attr->insns = (uintptr_t)insns;
	if (attr->fd_array && indexes) {
		fds = malloc(indexes * sizeof(*fds));
		for (uint32_t i = 0; i < indexes; i++)
			fds[i] = handle_of(((uint32_t *)(uintptr_t)attr->fd_array)[i]);
		attr->fd_array = (uintptr_t)fds;
	}
	FD(prog_btf_fd);
	FD(attach_prog_fd);
	result = user_bpf(BPF_PROG_LOAD, attr, size);
	free(insns);
	free(fds);
	return result;
}

static int update_map(union bpf_attr *attr, unsigned int size)
{
	struct entry *entry = entry_of((int)attr->map_fd);
	uint32_t value;

	if (entry && is_map_of_fds(entry->map_type)) {
		value = handle_of(*(uint32_t *)(uintptr_t)attr->value);
		attr->value = (uintptr_t)&value;
	}
	FD(map_fd);
	return user_bpf(BPF_MAP_UPDATE_ELEM, attr, size);
}

static int create_map(union bpf_attr *attr, unsigned int size)
{
	FD(inner_map_fd);
	FD(btf_fd);
	if (attr->map_flags & BPF_F_VTYPE_BTF_OBJ_FD)
		attr->value_type_btf_obj_fd = (int)handle_of((uint32_t)attr->value_type_btf_obj_fd);
	return user_bpf(BPF_MAP_CREATE, attr, size);
}

static bool makes_descriptor(long cmd)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_BTF_LOAD:
	case BPF_OBJ_GET:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_ITER_CREATE:
		return true;
	default:
		return false;
	}
}

static int translated(long cmd, union bpf_attr *attr, unsigned int size)
{
	switch (cmd) {
	case BPF_PROG_LOAD:
		return load_program(attr, size);
	case BPF_MAP_CREATE:
		return create_map(attr, size);
	case BPF_MAP_UPDATE_ELEM:
		return update_map(attr, size);
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_GET_NEXT_KEY:
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
	case BPF_MAP_FREEZE:
		FD(map_fd);
		break;
	case BPF_OBJ_GET_INFO_BY_FD:
		FD(info.bpf_fd);
		break;
	case BPF_PROG_BIND_MAP:
		FD(prog_bind_map.prog_fd);
		FD(prog_bind_map.map_fd);
		break;
	case BPF_PROG_TEST_RUN:
		FD(test.prog_fd);
		break;
	case BPF_LINK_CREATE:
		FD(link_create.prog_fd);
		break;
	case BPF_RAW_TRACEPOINT_OPEN:
		FD(raw_tracepoint.prog_fd);
		break;
	default:
		break;
	}
	return user_bpf((int)cmd, attr, size);
}

/* What the engine writes into the attributes goes back but for the descriptors in them. */
static void give_back(long cmd, union bpf_attr *attr, const union bpf_attr *copy)
{
	switch (cmd) {
	case BPF_PROG_LOAD:
		attr->log_true_size = copy->log_true_size;
		break;
	case BPF_BTF_LOAD:
		attr->btf_log_true_size = copy->btf_log_true_size;
		break;
	case BPF_OBJ_GET_INFO_BY_FD:
		attr->info.info_len = copy->info.info_len;
		break;
	case BPF_PROG_GET_NEXT_ID:
	case BPF_MAP_GET_NEXT_ID:
	case BPF_BTF_GET_NEXT_ID:
	case BPF_LINK_GET_NEXT_ID:
		attr->next_id = copy->next_id;
		break;
	default:
		break;
	}
}

static int bpf_user(long cmd, union bpf_attr *attr, unsigned int size)
{
	union bpf_attr copy = {0};
	unsigned int map_type = cmd == BPF_MAP_CREATE ? attr->map_type : BPF_MAP_TYPE_UNSPEC;
	int result;

	memcpy(&copy, attr, size < sizeof(copy) ? size : sizeof(copy));
	result = translated(cmd, &copy, size < sizeof(copy) ? size : (unsigned int)sizeof(copy));
	give_back(cmd, attr, &copy);
	if (result >= 0 && makes_descriptor(cmd))
		result = new_descriptor(result, map_type);
	return result;
}

static void note_failure(long cmd, const union bpf_attr *attr, int error)
{
	if (!watched || cmd == BPF_TOKEN_CREATE || cmd == BPF_BTF_GET_NEXT_ID ||
	    cmd == BPF_BTF_GET_FD_BY_ID)
		return;
	watched->failed_command = (int)cmd;
	watched->failed_errno = error;
	watched->failed_type = cmd == BPF_MAP_CREATE  ? attr->map_type
			       : cmd == BPF_PROG_LOAD ? attr->prog_type
						      : 0;
}

static long bpf_call(long cmd, union bpf_attr *attr, unsigned int size)
{
	long result;

	if (route.user) {
		result = bpf_user(cmd, attr, size);
		if (result < 0) {
			errno = (int)-result;
			result = -1;
		}
	} else {
		result = __real_syscall(__NR_bpf, cmd, attr, size);
	}
	if (result < 0)
		note_failure(cmd, attr, errno);
	return result;
}

/* ---- what libbpf calls ---- */

long __wrap_syscall(long number, ...)
{
	struct entry *entry;
	long a[6], result;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == __NR_bpf)
		return bpf_call((int)a[0], (union bpf_attr *)a[1], (unsigned int)a[2]);
	result = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == __NR_dup3 && result >= 0) {
		entry = entry_of((int)a[0]);
		forget((int)result);
		if (entry)
			remember((int)result, entry);
	}
	return result;
}

int __wrap_close(int fd)
{
	forget(fd);
	return __real_close(fd);
}

static int fcntl_any(int fd, int cmd, long arg)
{
	struct entry *entry = entry_of(fd);
	int result = __real_fcntl(fd, cmd, arg);

	if (entry && result >= 0 && (cmd == F_DUPFD_CLOEXEC || cmd == F_DUPFD))
		remember(result, entry);
	return result;
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	va_list list;
	long arg;

	va_start(list, cmd);
	arg = va_arg(list, long);
	va_end(list);
	return fcntl_any(fd, cmd, arg);
}

int __wrap_fcntl64(int fd, int cmd, ...)
{
	va_list list;
	long arg;

	va_start(list, cmd);
	arg = va_arg(list, long);
	va_end(list);
	return fcntl_any(fd, cmd, arg);
}

/* What is in the memory of a map does not matter: nothing runs. */
void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	if (!entry_of(fd))
		return __real_mmap(addr, size, prot, flags, fd, offset);
	flags = (flags & MAP_FIXED) | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	return __real_mmap(addr, size, prot, flags, -1, 0);
}

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	return __wrap_mmap(addr, size, prot, flags, fd, offset);
}

static const char *instead_of(const char *path)
{
	if (route.btf && !strcmp(path, "/sys/kernel/btf/vmlinux"))
		return route.btf;
	if (route.symbols && !strcmp(path, "/proc/kallsyms"))
		return route.symbols;
	if (route.config && !strncmp(path, "/boot/config-", 13))
		return route.config;
	return path;
}

#define MODE_OF(flags, list) ((flags)&O_CREAT ? va_arg(list, int) : 0)

int __wrap_open(const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = MODE_OF(flags, list);
	va_end(list);
	return __real_open(instead_of(path), flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = MODE_OF(flags, list);
	va_end(list);
	return __real_open64(instead_of(path), flags, mode);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	return __real_fopen(instead_of(path), mode);
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	return __real_fopen64(instead_of(path), mode);
}

int __wrap_uname(struct utsname *name)
{
	int err = __real_uname(name);

	if (!err && route.release)
		snprintf(name->release, sizeof(name->release), "%s", route.release);
	return err;
}

/* Read once, for all loads. */
struct btf *__wrap_btf__load_vmlinux_btf(void)
{
	return vmlinux ? vmlinux : __real_btf__load_vmlinux_btf();
}

void __wrap_btf__free(struct btf *btf)
{
	if (btf != vmlinux)
		__real_btf__free(btf);
}

int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			 const struct bpf_insn *insns, size_t count,
			 struct bpf_prog_load_opts *options)
{
	int result = __real_bpf_prog_load(type, name, license, insns, count, options);

	if (watched && name && !strcmp(name, watched->program)) {
		watched->tried = true;
		watched->result = result;
	}
	return result;
}
