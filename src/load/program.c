/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of an object: loading, the verifier's log, running. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/object.h"

#define LOG_SIZE_FIRST (1u << 16)
#define LOG_SIZE_MAX   (1u << 26)

void program_init(struct anybpf_program *prog, struct anybpf_object *obj,
		  const struct spec_func *func)
{
	prog->object = obj;
	prog->spec = func;
	prog->fd = -1;
	prog->autoload = func->autoload;
	if (!func->def)
		return;
	prog->type = func->def->type;
	prog->attach_type = func->def->attach_type;
	if (func->def->flags & SEC_SLEEPABLE)
		prog->prog_flags |= BPF_F_SLEEPABLE;
	if (func->def->flags & SEC_XDP_FRAGS)
		prog->prog_flags |= BPF_F_XDP_HAS_FRAGS;
}

static void drop_log(struct anybpf_program *prog)
{
	mem_free(prog->object->ctx->mem, prog->log);
	prog->log = NULL;
}

void program_destroy(struct anybpf_program *prog)
{
	struct engine *engine = prog->object->ctx->engine;

	if (prog->fd >= 0)
		engine->ops->close(engine, prog->fd);
	prog->fd = -1;
	drop_log(prog);
}

/* ---- loading ---- */

static void fill_attr(const struct anybpf_program *prog, union bpf_attr *attr)
{
	const struct anybpf_object *obj = prog->object;

	*attr = (union bpf_attr){0};
	attr->prog_type = prog->type;
	attr->expected_attach_type = prog->attach_type;
	attr->prog_flags = prog->prog_flags;
	attr->attach_btf_id = prog->attach_btf_id;
	attr->attach_prog_fd = (u32)prog->attach_prog_fd;
	attr->insns = ptr_to_u64(prog->insns);
	attr->insn_cnt = prog->insn_cnt;
	attr->license = ptr_to_u64(obj->spec->license);
	attr->kern_version = obj->spec->kern_version;
	memcpy(attr->prog_name, prog->spec->name,
	       strnlen(prog->spec->name, sizeof(attr->prog_name) - 1));
	if (obj->btf_fd < 0)
		return;
	attr->prog_btf_fd = (u32)obj->btf_fd;
	attr->func_info = ptr_to_u64(prog->func_info);
	attr->func_info_cnt = prog->func_info_cnt;
	attr->func_info_rec_size = sizeof(*prog->func_info);
	attr->line_info = ptr_to_u64(prog->line_info);
	attr->line_info_cnt = prog->line_info_cnt;
	attr->line_info_rec_size = sizeof(*prog->line_info);
	if (!prog->core_relo_cnt)
		return;
	attr->core_relos = ptr_to_u64(prog->core_relos);
	attr->core_relo_cnt = prog->core_relo_cnt;
	attr->core_relo_rec_size = sizeof(*prog->core_relos);
}

static int call_load(struct anybpf_program *prog, union bpf_attr *attr)
{
	struct engine *engine = prog->object->ctx->engine;

	if (!prog->result || !engine_user_host(engine))
		return engine_bpf(engine, BPF_PROG_LOAD, attr, sizeof(*attr));
	verify_result_free(prog->result);
	return engine_user_load(engine, attr, sizeof(*attr), prog->result);
}

/* How much room the log needs: newer kernels say so, others are given four times as much. */
static u32 next_log_size(const union bpf_attr *attr)
{
	u32 size = attr->log_size;

	if (size == LOG_SIZE_MAX)
		return 0;
	size = attr->log_true_size > size ? attr->log_true_size : size * 4;
	return size < LOG_SIZE_MAX ? size : LOG_SIZE_MAX;
}

/* What was found out in spite of a log that is longer than any buffer. */
static int load_without_log(struct anybpf_program *prog, union bpf_attr *attr)
{
	attr->log_level = 0;
	attr->log_buf = 0;
	attr->log_size = 0;
	return call_load(prog, attr);
}

/*
 * Loads with a log, in a buffer that grows until it fits; of what is too long
 * for any the end is kept. The fd or -errno; a program that was not accepted
 * without a log may be with one, as in Linux.
 */
static int load_with_log(struct anybpf_program *prog, union bpf_attr *attr, u32 level)
{
	struct anybpf *ctx = prog->object->ctx;
	int fd = -ENOSPC;

	for (u32 size = LOG_SIZE_FIRST; fd == -ENOSPC && size; size = next_log_size(attr)) {
		drop_log(prog);
		prog->log = mem_zalloc(ctx->mem, size);
		if (!prog->log)
			return -ENOMEM;
		attr->log_level = level;
		attr->log_buf = ptr_to_u64(prog->log);
		attr->log_size = size;
		fd = call_load(prog, attr);
	}
	return fd == -ENOSPC ? load_without_log(prog, attr) : fd;
}

static int check_loadable(struct anybpf_program *prog)
{
	struct anybpf_object *obj = prog->object;
	const struct spec_func *func = prog->spec;

	if (!prog->type)
		return object_fail(obj, -EINVAL,
				   "program \"%s\": the section's name \"%s\" is not known",
				   func->name, func->section);
	if (func->def->flags & SEC_ATTACH_BTF && !prog->attach_prog_fd && program_find_target(prog))
		return object_fail(obj, -EOPNOTSUPP,
				   "program \"%s\": SEC(\"%s\") needs the type information of what "
				   "it attaches to, which is not supported yet",
				   func->name, func->section);
	if (prog->type == BPF_PROG_TYPE_STRUCT_OPS)
		return object_fail(obj, -EOPNOTSUPP,
				   "program \"%s\": struct_ops programs are not supported yet",
				   func->name);
	return 0;
}

/* The last line of the log that says why, not the statistics that may follow. */
static void copy_reason(const char *log, char *to, size_t size)
{
	const char *line = log, *reason = "";
	size_t len = 0;

	while (*line) {
		size_t n = strcspn(line, "\n");

		if (n && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17)) {
			reason = line;
			len = n;
		}
		line += n + (line[n] == '\n');
	}
	len = len < size ? len : size - 1;
	memcpy(to, reason, len);
	to[len] = 0;
}

/* The name behind "invalid func unknown#<number>", or NULL. */
static const char *missing_kfunc(const struct anybpf_program *prog, const char *reason)
{
	const char *number = strstr(reason, "invalid func unknown#");
	unsigned long value = number ? strtoul(strchr(number, '#') + 1, NULL, 10) : 0;

	if (value < MISSING_KFUNC || value - MISSING_KFUNC >= prog->missing_kfunc_cnt)
		return NULL;
	return prog->missing_kfuncs[value - MISSING_KFUNC];
}

static int rejected(struct anybpf_program *prog)
{
	char reason[512] = "";
	const char *missing;

	if (prog->log)
		copy_reason(prog->log, reason, sizeof(reason));
	if (prog->load_error == -ENOEXEC)
		return object_fail(prog->object, -ENOEXEC, "program \"%s\" gets no code: %s",
				   prog->spec->name, reason);
	missing = missing_kfunc(prog, reason);
	if (missing)
		return object_fail(prog->object, prog->load_error,
				   "program \"%s\" is rejected: it calls the kernel function "
				   "\"%s\", which is not supported yet",
				   prog->spec->name, missing);
	return object_fail(prog->object, prog->load_error, "program \"%s\" is rejected: %s%s%s",
			   prog->spec->name, strerror(-prog->load_error), *reason ? ": " : "",
			   reason);
}

int object_load_program(struct anybpf_program *prog, u32 log_level)
{
	union bpf_attr attr;
	int ret;

	if (prog->fd >= 0)
		return 0;
	drop_log(prog);
	prog->load_error = check_loadable(prog);
	if (!prog->load_error && !prog->insns)
		prog->load_error = program_link(prog);
	if (prog->load_error)
		return prog->load_error;
	fill_attr(prog, &attr);
	if (log_level)
		ret = load_with_log(prog, &attr, log_level);
	else
		ret = call_load(prog, &attr);
	if (ret < 0 && !log_level && ret != -EPERM)
		ret = load_with_log(prog, &attr, 1);
	if (ret >= 0) {
		prog->fd = ret;
		return 0;
	}
	prog->load_error = ret;
	return rejected(prog);
}

/* ---- what clients ask ---- */

const char *anybpf_program_name(const struct anybpf_program *prog)
{
	return prog->spec->name;
}

const char *anybpf_program_section(const struct anybpf_program *prog)
{
	return prog->spec->section;
}

uint32_t anybpf_program_type(const struct anybpf_program *prog)
{
	return prog->type;
}

int anybpf_program_set_autoload(struct anybpf_program *prog, bool autoload)
{
	if (prog->fd >= 0)
		return -EBUSY;
	prog->autoload = autoload;
	return 0;
}

const char *anybpf_program_log(const struct anybpf_program *prog)
{
	return prog->log ? prog->log : "";
}

int anybpf_program_fd(const struct anybpf_program *prog)
{
	return prog->fd;
}

static int read_info(struct engine *engine, int fd, struct anybpf_program_info *out)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {0};
	int ret;

	attr.info.bpf_fd = (u32)fd;
	attr.info.info = ptr_to_u64(&info);
	attr.info.info_len = sizeof(info);
	ret = engine_bpf(engine, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info));
	out->id = info.id;
	out->insns = info.xlated_prog_len / (u32)sizeof(struct bpf_insn);
	out->code_bytes = info.jited_prog_len;
	return ret;
}

int anybpf_program_get_info(const struct anybpf_program *prog, struct anybpf_program_info *info)
{
	struct engine *engine = prog->object->ctx->engine;
	struct anybpf_program_info full = {.size = info->size};
	int ret;

	if (info->size < sizeof(info->size))
		return -EINVAL;
	if (prog->fd < 0)
		return -EBADF;
	ret = read_info(engine, prog->fd, &full);
	if (!ret)
		ret = engine_why_interpreted(engine, prog->fd, full.interpreted,
					     sizeof(full.interpreted));
	/* An older caller's structure is shorter. */
	if (!ret)
		memcpy(info, &full, info->size < sizeof(full) ? info->size : sizeof(full));
	return ret;
}

int anybpf_program_run(struct anybpf_program *prog, struct anybpf_run *run)
{
	struct engine *engine = prog->object->ctx->engine;
	struct hook_frame frame;
	u64 duration = 0;
	int ret;

	if (run->size < sizeof(*run))
		return -EINVAL;
	if (prog->fd < 0)
		return -EBADF;
	if (!run->buffer || run->data_offset > run->buffer_size ||
	    run->data_size > run->buffer_size - run->data_offset)
		return -EINVAL;
	frame = (struct hook_frame){
		.buf = run->buffer,
		.size = run->buffer_size,
		.off = run->data_offset,
		.len = run->data_size,
		.ifindex = run->ifindex,
		.rx_queue = run->rx_queue,
	};
	ret = engine->ops->run_frames(engine, prog->fd, &frame, 1, &duration);
	if (!ret)
		ret = frame.error;
	if (ret)
		return ret;
	run->data_offset = frame.off;
	run->data_size = frame.len;
	run->verdict = frame.verdict;
	run->duration_ns = duration;
	return 0;
}

static void give_results(struct anybpf_test_run *run, const union bpf_attr *attr)
{
	run->data_size_out = attr->test.data_size_out;
	run->ctx_size_out = attr->test.ctx_size_out;
	run->retval = attr->test.retval;
	run->duration_ns = attr->test.duration;
}

int anybpf_program_test_run(struct anybpf_program *prog, struct anybpf_test_run *run)
{
	union bpf_attr attr = {0};
	int ret;

	if (run->size < sizeof(*run))
		return -EINVAL;
	if (prog->fd < 0)
		return -EBADF;
	attr.test.prog_fd = (u32)prog->fd;
	attr.test.data_in = ptr_to_u64(run->data_in);
	attr.test.data_size_in = run->data_size_in;
	attr.test.data_out = ptr_to_u64(run->data_out);
	attr.test.data_size_out = run->data_size_out;
	attr.test.ctx_in = ptr_to_u64(run->ctx_in);
	attr.test.ctx_size_in = run->ctx_size_in;
	attr.test.ctx_out = ptr_to_u64(run->ctx_out);
	attr.test.ctx_size_out = run->ctx_size_out;
	attr.test.repeat = run->repeat;
	attr.test.flags = run->flags;
	attr.test.cpu = run->cpu;
	ret = engine_bpf(prog->object->ctx->engine, BPF_PROG_TEST_RUN, &attr, sizeof(attr.test));
	if (!ret || ret == -ENOSPC)
		give_results(run, &attr);
	return ret;
}
