/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_PROG_LOAD and BPF_PROG_TEST_RUN. */
#include <errno.h>
#include <string.h>

#include "hook/deliver.h"
#include "hook/hook.h"
#include "sys/command.h"

#define KNOWN_PROG_FLAGS                                                                           \
	(BPF_F_STRICT_ALIGNMENT | BPF_F_ANY_ALIGNMENT | BPF_F_TEST_STATE_FREQ | BPF_F_SLEEPABLE |  \
	 BPF_F_TEST_RND_HI32 | BPF_F_XDP_HAS_FRAGS | BPF_F_XDP_DEV_BOUND_ONLY |                    \
	 BPF_F_TEST_REG_INVARIANTS)

#define LICENSE_LEN	128
#define MAX_RECORD_SIZE 252

/* Types that there are none of fail later, as in Linux. */
static u32 type_caps(enum bpf_prog_type type)
{
	const struct hook *hook = hook_find(type);

	return hook ? hook->rules->caps : HOST_CAP_BPF;
}

/* What Linux checks before it looks at the program itself. */
static int check_permission(const struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	bool bpf_cap = host_capable(call->host, HOST_CAP_BPF);

	if (attr->prog_flags & ~KNOWN_PROG_FLAGS)
		return -EINVAL;
	if (call->host->unprivileged_bpf_disabled && !bpf_cap)
		return -EPERM;
	if (!attr->insn_cnt ||
	    attr->insn_cnt > (bpf_cap ? BPF_COMPLEXITY_LIMIT_INSNS : BPF_MAXINSNS))
		return -E2BIG;
	if (!host_capable(call->host, type_caps((enum bpf_prog_type)attr->prog_type)))
		return -EPERM;
	return 0;
}

/* Everything of a load that has to be released when the call ends. */
struct load_call {
	struct call *call;
	struct prog_load_args args;
	struct bpf_insn *insns;
	struct bpf_func_info *func_info;
	struct bpf_line_info *line_info;
	char license[LICENSE_LEN];
	char name[BPF_OBJ_NAME_LEN];
	struct log log;
};

static void load_call_free(struct load_call *load)
{
	const struct mem *mem = load->call->host->mem;

	mem_free(mem, load->insns);
	mem_free(mem, load->func_info);
	mem_free(mem, load->line_info);
	if (load->args.btf)
		object_put(&load->args.btf->obj);
	if (load->args.attach_btf)
		object_put(&load->args.attach_btf->obj);
	if (load->args.target)
		object_put(&load->args.target->obj);
	log_free(&load->log);
}

static int read_insns(struct load_call *load)
{
	const union bpf_attr *attr = &load->call->attr;

	load->insns = mem_zalloc_array(load->call->host->mem, attr->insn_cnt, sizeof(*load->insns));
	if (!load->insns)
		return -ENOMEM;
	load->args.insns = load->insns;
	load->args.insn_cnt = attr->insn_cnt;
	return client_read(load->insns, attr->insns, attr->insn_cnt * sizeof(*load->insns));
}

static int read_license(struct load_call *load)
{
	load->args.license = load->license;
	return client_read_string(load->license, load->call->attr.license, sizeof(load->license));
}

/*
 * Copies records whose size in the client's ABI may differ: shorter ones are
 * filled up with zeros, what is longer must be zero.
 */
static int read_records(struct load_call *load, u64 addr, u32 n, u32 rec_size, u32 min, u32 want,
			void **records)
{
	u8 from[MAX_RECORD_SIZE];
	u8 *to;

	if (!n)
		return 0;
	if (rec_size < min || rec_size > MAX_RECORD_SIZE || rec_size % sizeof(u32))
		return -EINVAL;
	if (n > load->call->attr.insn_cnt)
		return -EINVAL;
	to = mem_zalloc_array(load->call->host->mem, n, want);
	if (!to)
		return -ENOMEM;
	*records = to;
	for (u32 i = 0; i < n; i++) {
		if (client_read(from, addr + (u64)i * rec_size, rec_size))
			return -EFAULT;
		memcpy(to + (size_t)i * want, from, rec_size < want ? rec_size : want);
		for (u32 b = want; b < rec_size; b++) {
			if (from[b]) {
				log_printf(&load->log, "nonzero tailing record in func_info");
				return -E2BIG;
			}
		}
	}
	return 0;
}

static int read_btf(struct load_call *load)
{
	const union bpf_attr *attr = &load->call->attr;
	struct object *obj;
	void *records = NULL;
	int err;

	if (!attr->func_info_cnt && !attr->line_info_cnt && !attr->prog_btf_fd)
		return 0;
	err = handle_get_kind(load->call->host, (int)attr->prog_btf_fd, OBJECT_BTF, &obj);
	if (err)
		return err;
	load->args.btf = btf_object_of(obj);
	err = read_records(load, attr->func_info, attr->func_info_cnt, attr->func_info_rec_size,
			   sizeof(struct bpf_func_info), sizeof(struct bpf_func_info), &records);
	load->func_info = records;
	if (err)
		return err;
	records = NULL;
	err = read_records(load, attr->line_info, attr->line_info_cnt, attr->line_info_rec_size,
			   sizeof(struct bpf_line_info), sizeof(struct bpf_line_info), &records);
	load->line_info = records;
	load->args.func_info = load->func_info;
	load->args.func_info_cnt = attr->func_info_cnt;
	load->args.line_info = load->line_info;
	load->args.line_info_cnt = attr->line_info_cnt;
	return err;
}

/* The object behind a handle, or behind a position in the client's fd array. */
static int object_by_fd(struct call *call, s32 fd, bool by_index, enum object_kind kind,
			struct object **obj)
{
	int err;

	if (by_index) {
		if (!call->attr.fd_array)
			return -EPROTO;
		err = client_read(&fd, call->attr.fd_array + (u64)(u32)fd * sizeof(fd), sizeof(fd));
		if (err)
			return err;
	}
	return handle_get_kind(call->host, fd, kind, obj);
}

static int map_by_fd(void *arg, s32 fd, bool by_index, struct map **map)
{
	struct object *obj;
	int err = object_by_fd(arg, fd, by_index, OBJECT_MAP, &obj);

	if (!err)
		*map = map_of(obj);
	return err;
}

static int btf_by_fd(void *arg, s32 fd, bool by_index, struct btf_object **btf)
{
	struct object *obj;
	int err = object_by_fd(arg, fd, by_index, OBJECT_BTF, &obj);

	if (!err)
		*btf = btf_object_of(obj);
	return err;
}

/* ---- what it is to be attached to ---- */

/* attach_prog_fd and attach_btf_obj_fd are one field: a program, or the kernel's BTF. */
static int find_attach_fd(struct load_call *load)
{
	struct call *call = load->call;
	int fd = (int)call->attr.attach_prog_fd;
	struct object *obj;

	if (!handle_get_kind(call->host, fd, OBJECT_PROG, &obj)) {
		load->args.target = prog_of(obj);
		load->args.target_rules = load->args.target->hook->rules;
		return 0;
	}
	if (handle_get_kind(call->host, fd, OBJECT_BTF, &obj))
		return -EINVAL;
	load->args.attach_btf = btf_object_of(obj);
	return load->args.attach_btf->kernel_btf ? 0 : -ENOTSUPP;
}

static int find_attach_target(struct load_call *load)
{
	const union bpf_attr *attr = &load->call->attr;
	int err;

	load->args.attach_btf_id = attr->attach_btf_id;
	if (attr->attach_prog_fd)
		return find_attach_fd(load);
	if (!attr->attach_btf_id)
		return 0;
	err = host_vmlinux(load->call->host, &load->args.attach_btf);
	if (err == -ENOENT) {
		log_printf(&load->log,
			   "attach_btf_id needs the kernel's BTF, which the host has not\n");
		return -EINVAL;
	}
	if (!err)
		object_get(&load->args.attach_btf->obj);
	return err;
}

/* Which program types take a target, and what goes together. */
static int check_attach_target(const struct load_call *load)
{
	const struct prog_load_args *args = &load->args;
	u32 type = load->call->attr.prog_type;

	if (args->attach_btf_id) {
		if (args->attach_btf_id > BTF_MAX_TYPE || (!args->attach_btf && !args->target))
			return -EINVAL;
		if (type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_LSM &&
		    type != BPF_PROG_TYPE_STRUCT_OPS && type != BPF_PROG_TYPE_EXT)
			return -EINVAL;
	}
	if (args->attach_btf && (!args->attach_btf_id || args->target))
		return -EINVAL;
	if (args->target && type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_EXT)
		return -EINVAL;
	return 0;
}

static int find_hook(struct load_call *load)
{
	const union bpf_attr *attr = &load->call->attr;
	const struct hook *hook = hook_find((enum bpf_prog_type)attr->prog_type);
	u32 attach = attr->expected_attach_type;

	if (!hook || attr->prog_ifindex)
		return -EINVAL;
	if (!attach)
		attach = hook->rules->attach_default;
	load->args.hook = hook;
	load->args.stopped_verdict = hook->stopped;
	load->args.rules = hook->rules;
	load->args.expected_attach_type = attach;
	return rules_fit_attach(hook->rules, attach) ? 0 : -EINVAL;
}

static int do_load(struct load_call *load)
{
	struct call *call = load->call;
	const union bpf_attr *attr = &call->attr;
	struct prog *prog;
	int err;

	err = find_attach_target(load);
	if (!err)
		err = check_attach_target(load);
	if (!err)
		err = find_hook(load);
	if (!err)
		err = read_insns(load);
	if (!err)
		err = read_license(load);
	if (err)
		return err;
	memcpy(load->name, attr->prog_name, sizeof(load->name));
	if (check_object_name(load->name) < 0)
		return -EINVAL;
	err = read_btf(load);
	if (err)
		return err;
	load->args.type = attr->prog_type;
	load->args.name = load->name;
	load->args.prog_flags = attr->prog_flags;
	load->args.map_by_fd = map_by_fd;
	load->args.btf_by_fd = btf_by_fd;
	load->args.fd_arg = call;
	err = prog_load(call->host, &load->args, &load->log, call->result, &prog);
	return err ? err : handle_open(&prog->obj);
}

int sys_prog_load(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct load_call load = {.call = call};
	u32 true_size;
	int fd, err;

	err = check_permission(call);
	if (!err)
		err = log_attr_check(attr->log_level, attr->log_buf, attr->log_size);
	if (err)
		return err;
	log_init(&load.log, call->host->mem, attr->log_level);
	load.log.limit = attr->log_size;
	fd = do_load(&load);
	err = log_copy_out(&load.log, attr->log_buf, attr->log_size, &true_size);
	call_result(call, log_true_size, true_size);
	load_call_free(&load);
	if (err && fd >= 0)
		handle_close(call->host, fd);
	return err ? err : fd;
}

int sys_prog_test_run(struct call *call)
{
	struct object *obj;
	struct prog *prog;
	int err = handle_get_kind(call->host, (int)call->attr.test.prog_fd, OBJECT_PROG, &obj);

	if (err)
		return err;
	prog = prog_of(obj);
	if (!prog->runnable)
		err = -EOPNOTSUPP;
	else if (!prog->hook->test_run)
		err = -ENOTSUPP;
	else
		err = prog->hook->test_run(call->host, prog, &call->attr);
	/* What the program has sent elsewhere by bpf_clone_redirect(). */
	deliver_all(call->host);
	object_put(obj);
	if (err && err != -ENOSPC)
		return err;
	call_result(call, test.retval, call->attr.test.retval);
	call_result(call, test.duration, call->attr.test.duration);
	call_result(call, test.data_size_out, call->attr.test.data_size_out);
	call_result(call, test.ctx_size_out, call->attr.test.ctx_size_out);
	return err;
}
