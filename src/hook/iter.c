/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links of iterator programs, and reading from them. A read goes through objects
 * until the reader's buffer is full, as Linux's does: what a program prints
 * for one object comes whole or, where it is more than there is room for, as
 * -E2BIG; a program that returns 1 wants to see the object again.
 */
#include "hook/iter.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "hook/attach.h"
#include "hook/tracing.h"

#define SEQ_SIZE     (8 * 4096)
#define MOST_OBJECTS 1000000 /* of one read */

#define ITER_SOURCE(name) extern const struct iter_source iter_source_##name;
#include "hook/iter.def"
#undef ITER_SOURCE

static const struct iter_source *const sources[] = {
#define ITER_SOURCE(name) &iter_source_##name,
#include "hook/iter.def"
#undef ITER_SOURCE
};

static const struct iter_source *find_source(const struct prog *prog)
{
	static const char prefix[] = "bpf_iter_";
	const char *name = prog_attach_name(prog);

	if (!name || strncmp(name, prefix, sizeof(prefix) - 1))
		return NULL;
	for (u32 i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(sources[i]->name, name + sizeof(prefix) - 1))
			return sources[i];
	return NULL;
}

/* ---- one call ---- */

/* Without an object it is the last call, which has null pointers. */
static int call(struct iter *iter, bool object)
{
	struct trace_ctx ctx = {.nargs = iter->source->nargs + 1};
	u64 r0;

	iter->meta.seq = &iter->seq;
	ctx.args[0] = ptr_to_u64(&iter->meta);
	if (object)
		memcpy(ctx.args + 1, iter->args, iter->source->nargs * sizeof(u64));
	trampoline_run(iter->stream.obj.host, NULL, iter->prog, &ctx, &r0);
	return (u32)r0 ? -EAGAIN : 0;
}

static bool overflowed(const struct seq_file *seq)
{
	return seq->count == seq->size;
}

/* The next object, for which the program was not called yet. */
static int advance(struct iter *iter)
{
	int ret = iter->source->next(iter, iter->args);

	if (ret < 0)
		return ret;
	if (ret && iter->where == ITER_AT_OBJECT)
		iter->meta.seq_num++;
	iter->where = ret ? ITER_AT_OBJECT : ITER_AT_END;
	return 0;
}

/* ---- one read ---- */

/* What is printed for an object, or not at all; 1: there is room for more. */
static int show(struct iter *iter)
{
	u64 before = iter->seq.count;
	int err = call(iter, true);

	if (!err && !overflowed(&iter->seq))
		return 1;
	iter->seq.count = before;
	if (before)
		return 0;
	return err ? err : -E2BIG;
}

static int finish(struct iter *iter)
{
	u64 before = iter->seq.count;

	call(iter, false);
	if (!overflowed(&iter->seq)) {
		iter->where = ITER_DONE;
		return 0;
	}
	iter->seq.count = before;
	return before ? 0 : -E2BIG;
}

/* Prints until @size bytes are there or there is no more room. */
static int fill(struct iter *iter, size_t size)
{
	int ret = iter->where == ITER_FRESH ? advance(iter) : 0;

	for (u32 n = 0; !ret && iter->where == ITER_AT_OBJECT && n < MOST_OBJECTS; n++) {
		if (n && iter->seq.count >= size)
			return 0;
		ret = show(iter);
		if (ret <= 0)
			return ret;
		ret = advance(iter);
	}
	if (!ret && iter->where == ITER_AT_OBJECT && !iter->seq.count)
		return -EAGAIN;
	return !ret && iter->where == ITER_AT_END ? finish(iter) : ret;
}

static ssize_t read_locked(struct iter *iter, void *buf, size_t size)
{
	struct seq_file *seq = &iter->seq;
	size_t n;
	int err = 0;

	if (seq->from == seq->count) {
		seq->from = seq->count = 0;
		err = fill(iter, size);
	}
	if (err)
		return err;
	n = (size_t)u64_min(seq->count - seq->from, size);
	memcpy(buf, seq->buf + seq->from, n);
	seq->from += n;
	return (ssize_t)n;
}

static ssize_t iter_read(struct stream *stream, void *buf, size_t size)
{
	struct iter *iter = container_of(stream, struct iter, stream);
	ssize_t ret;

	pthread_mutex_lock(&iter->lock);
	ret = read_locked(iter, buf, size);
	pthread_mutex_unlock(&iter->lock);
	return ret;
}

/* ---- readers ---- */

static void iter_free(struct object *obj)
{
	struct iter *iter = container_of(stream_of(obj), struct iter, stream);
	const struct mem *mem = obj->host->mem;

	if (iter->source->close)
		iter->source->close(iter);
	object_put(iter->target.obj);
	object_put((struct object *)&iter->prog->obj);
	pthread_mutex_destroy(&iter->lock);
	mem_free(mem, iter->seq.buf);
	mem_free(mem, iter);
}

static const struct object_ops iter_object_ops = {
	.kind = OBJECT_STREAM,
	.free = iter_free,
};

static int iter_new(struct host *host, struct prog *prog, const struct iter_source *source,
		    const struct iter_target *target, struct iter **out)
{
	struct iter *iter = mem_zalloc(host->mem, sizeof(*iter) + source->state_size);

	if (!iter)
		return -ENOMEM;
	iter->seq.size = SEQ_SIZE;
	iter->seq.buf = mem_alloc(host->mem, SEQ_SIZE);
	if (!iter->seq.buf) {
		mem_free(host->mem, iter);
		return -ENOMEM;
	}
	object_init(&iter->stream.obj, &iter_object_ops, host);
	iter->stream.read = iter_read;
	iter->source = source;
	iter->prog = prog;
	object_get(&prog->obj);
	iter->target = *target;
	if (target->obj)
		object_get(target->obj);
	iter->meta.session_id = trace_session(host);
	pthread_mutex_init(&iter->lock, NULL);
	*out = iter;
	return 0;
}

/* ---- links ---- */

struct iter_link {
	struct link link;
	const struct iter_source *source;
	struct iter_target target;
};

static void iter_link_free(struct link *link)
{
	struct iter_link *iter = container_of(link, struct iter_link, link);

	object_put(iter->target.obj);
	mem_free(link->obj.host->mem, iter);
}

static int iter_link_update(struct link *link, struct prog *prog, const struct prog *old)
{
	const struct iter_link *iter = container_of(link, struct iter_link, link);
	int err = 0;

	if (old && link->prog != old)
		err = -EPERM;
	else if (link->prog->type != prog->type ||
		 link->prog->expected_attach_type != prog->expected_attach_type ||
		 link->prog->attach_btf_id != prog->attach_btf_id)
		err = -EINVAL;
	if (!err && iter->source->fits)
		err = iter->source->fits(prog, &iter->target);
	if (!err)
		link_set_prog(link, prog);
	return err;
}

static int iter_link_fill_info(const struct link *link, struct bpf_link_info *info)
{
	const struct iter_link *iter = container_of(link, struct iter_link, link);
	u64 addr = info->iter.target_name;
	int err = link_info_text(addr, &info->iter.target_name_len, iter->source->name);

	if (!err && iter->source->fill_info)
		iter->source->fill_info(&iter->target, info);
	return err;
}

static int iter_link_open(struct link *link, struct object **stream)
{
	struct iter_link *from = container_of(link, struct iter_link, link);
	struct prog *prog = link_get_prog(link);
	struct iter *iter;
	int err = iter_new(link->obj.host, prog, from->source, &from->target, &iter);

	if (!err)
		*stream = &iter->stream.obj;
	object_put(&prog->obj);
	return err;
}

static const struct link_ops iter_link_ops = {
	.free = iter_link_free,
	.update = iter_link_update,
	.fill_info = iter_link_fill_info,
	.open = iter_link_open,
};

/* What user space says of the target: longer than ours only where that is zero. */
static int read_info(u64 addr, u32 len, union bpf_iter_link_info *info)
{
	u8 byte;

	if (!addr != !len)
		return -EINVAL;
	for (u32 i = sizeof(*info); i < len; i++) {
		if (fault_read(&byte, u64_to_ptr(addr + i), 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	len = (u32)u64_min(len, sizeof(*info));
	return len && fault_read(info, u64_to_ptr(addr), len) ? -EFAULT : 0;
}

static int find_target(struct host *host, const struct prog *prog, u64 addr, u32 len,
		       const struct iter_source **source, struct iter_target *target)
{
	int err = read_info(addr, len, &target->info);

	if (err)
		return err;
	*source = find_source(prog);
	if (!*source)
		return -EOPNOTSUPP;
	return (*source)->attach ? (*source)->attach(host, prog, target) : 0;
}

int iter_link(struct host *host, struct prog *prog, const struct link_request *request,
	      struct link **link)
{
	const union bpf_attr *attr = request->create;
	const struct iter_source *source;
	struct iter_target target = {0};
	struct iter_link *iter;
	int err;

	if (!attr || attr->link_create.target_fd || attr->link_create.flags)
		return -EINVAL;
	err = find_target(host, prog, attr->link_create.iter_info, attr->link_create.iter_info_len,
			  &source, &target);
	if (err)
		return err;
	iter = mem_zalloc(host->mem, sizeof(*iter));
	if (!iter) {
		object_put(target.obj);
		return -ENOMEM;
	}
	iter->source = source;
	iter->target = target;
	link_init(&iter->link, BPF_LINK_TYPE_ITER, &iter_link_ops, host, prog);
	*link = &iter->link;
	return 0;
}

/* ---- test runs ---- */

/* All that there is to read, as far as there is room; *size is then what there was. */
static int read_all(struct iter *iter, u8 *to, u32 room, u32 *size)
{
	u8 text[4096];
	ssize_t n;

	*size = 0;
	while ((n = iter_read(&iter->stream, text, sizeof(text))) > 0) {
		if (*size < room)
			memcpy(to + *size, text, (size_t)u64_min((u64)n, room - *size));
		*size += (u32)n;
	}
	return (int)n;
}

/*
 * What Linux has not: the program iterates over what ctx_in, a union
 * bpf_iter_link_info, says, and data_out gets what it prints.
 */
int iter_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	const struct iter_source *source;
	struct iter_target target = {0};
	u32 room = attr->test.data_out ? attr->test.data_size_out : 0;
	struct iter *iter;
	int err = find_target(host, prog, attr->test.ctx_in, attr->test.ctx_size_in, &source,
			      &target);

	if (err)
		return err;
	err = iter_new(host, prog, source, &target, &iter);
	object_put(target.obj);
	if (err)
		return err;
	err = read_all(iter, u64_to_ptr(attr->test.data_out), room, &attr->test.data_size_out);
	object_put(&iter->stream.obj);
	attr->test.retval = 0;
	if (!err && attr->test.data_out && attr->test.data_size_out > room)
		err = -ENOSPC;
	return err;
}
