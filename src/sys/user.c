/* SPDX-License-Identifier: BSD-2-Clause */
/* The user engine: struct engine_ops over a host of this process. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/os.h"
#include "base/vec.h"
#include "hook/deliver.h"
#include "jit/jit.h"
#include "map/ringbuf.h"
#include "object/stream.h"
#include "map/user_ringbuf.h"
#include "sys/command.h"
#include "sys/engine.h"

/* Memory that a client has mapped keeps its map, whose own memory it is. */
struct mapping {
	void *addr;
	size_t size;
	bool writable;
	struct map *map;
};

struct user_engine {
	struct engine engine;
	struct host *host;
	pthread_mutex_t lock;
	VEC(struct mapping) mappings;
};

static struct user_engine *user_of(struct engine *engine)
{
	return container_of(engine, struct user_engine, engine);
}

static struct host *host_of(struct engine *engine)
{
	return user_of(engine)->host;
}

static int user_bpf(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr, u32 size)
{
	return sys_bpf(host_of(engine), cmd, attr, size);
}

static int user_close(struct engine *engine, int fd)
{
	return handle_close(host_of(engine), fd);
}

static int map_by_handle(struct engine *engine, int fd, struct map **map)
{
	struct object *obj;
	int err = handle_get_kind(host_of(engine), fd, OBJECT_MAP, &obj);

	if (!err)
		*map = map_of(obj);
	return err;
}

static bool keep_mapping(struct user_engine *user, struct mapping mapping)
{
	bool kept;

	pthread_mutex_lock(&user->lock);
	kept = vec_push(&user->mappings, user->host->mem, mapping);
	pthread_mutex_unlock(&user->lock);
	return kept;
}

static void drop_mapping(const struct mapping *mapping)
{
	map_user_munmap(mapping->map, mapping->writable);
	object_put(&mapping->map->obj);
}

static int user_mmap(struct engine *engine, int fd, u64 offset, size_t size, bool writable,
		     void **addr)
{
	struct mapping mapping = {.size = size, .writable = writable};
	int err = map_by_handle(engine, fd, &mapping.map);

	if (err)
		return err;
	err = map_user_mmap(mapping.map, offset, size, writable, &mapping.addr);
	if (err) {
		object_put(&mapping.map->obj);
		return err;
	}
	if (!keep_mapping(user_of(engine), mapping)) {
		drop_mapping(&mapping);
		return -ENOMEM;
	}
	*addr = mapping.addr;
	return 0;
}

static int user_munmap(struct engine *engine, void *addr, size_t size)
{
	struct user_engine *user = user_of(engine);
	struct mapping found = {0};

	pthread_mutex_lock(&user->lock);
	for (size_t i = 0; i < user->mappings.len && !found.map; i++) {
		struct mapping *at = &user->mappings.at[i];

		if (at->addr != addr || at->size != size)
			continue;
		found = *at;
		*at = user->mappings.at[--user->mappings.len];
	}
	pthread_mutex_unlock(&user->lock);
	if (!found.map)
		return -EINVAL;
	drop_mapping(&found);
	return 0;
}

static int user_poll(struct engine *engine, int fd, int timeout_ms)
{
	struct map *map;
	int err = map_by_handle(engine, fd, &map);

	if (err)
		return err;
	if (map->desc.type == BPF_MAP_TYPE_RINGBUF)
		err = ringbuf_wait(map, timeout_ms);
	else if (map->desc.type == BPF_MAP_TYPE_USER_RINGBUF)
		err = user_ringbuf_wait(map, timeout_ms);
	else
		err = -EOPNOTSUPP;
	object_put(&map->obj);
	return err;
}

static ssize_t user_read(struct engine *engine, int fd, void *buf, size_t size)
{
	struct object *obj;
	ssize_t ret = handle_get_kind(host_of(engine), fd, OBJECT_STREAM, &obj);

	if (ret)
		return ret;
	ret = stream_of(obj)->read(stream_of(obj), buf, size);
	object_put(obj);
	return ret;
}

static int user_run_frames(struct engine *engine, int prog_fd, struct hook_frame *frames, u32 n,
			   u64 *duration_ns)
{
	struct host *host = host_of(engine);
	struct object *obj;
	struct prog *prog;
	struct run run;
	u64 start;
	int err = handle_get_kind(host, prog_fd, OBJECT_PROG, &obj);

	if (err)
		return err;
	prog = prog_of(obj);
	if (!prog->runnable || !prog->hook->run_frames) {
		err = prog->runnable ? -EINVAL : -EOPNOTSUPP;
		object_put(obj);
		return err;
	}
	run_begin(&run, host);
	start = duration_ns ? os_clock_ns(CLOCK_MONOTONIC) : 0;
	prog->hook->run_frames(&run, prog, frames, n);
	if (duration_ns)
		*duration_ns = os_clock_ns(CLOCK_MONOTONIC) - start;
	run_end(&run);
	deliver_all(host);
	object_put(obj);
	return 0;
}

static void user_free(struct engine *engine)
{
	struct user_engine *user = user_of(engine);
	const struct mem *mem = user->host->mem;

	vec_each (&user->mappings, mapping)
		drop_mapping(mapping);
	vec_free(&user->mappings, mem);
	pthread_mutex_destroy(&user->lock);
	host_free(user->host);
	mem_free(mem, user);
}

static const struct engine_ops user_ops = {
	.name = "user",
	.bpf = user_bpf,
	.close = user_close,
	.mmap = user_mmap,
	.munmap = user_munmap,
	.poll = user_poll,
	.read = user_read,
	.run_frames = user_run_frames,
	.free = user_free,
};

int engine_user_new(struct host *host, struct engine **engine)
{
	struct user_engine *user = mem_zalloc(host->mem, sizeof(*user));

	if (!user)
		return -ENOMEM;
	user->engine.ops = &user_ops;
	user->host = host;
	host->sys_bpf = sys_bpf;
	pthread_mutex_init(&user->lock, NULL);
	*engine = &user->engine;
	return 0;
}

struct host *engine_user_host(struct engine *engine)
{
	return engine->ops == &user_ops ? host_of(engine) : NULL;
}

int engine_user_load(struct engine *engine, union bpf_attr *attr, u32 size,
		     struct verify_result *result)
{
	*result = (struct verify_result){0};
	if (engine->ops != &user_ops)
		return -EOPNOTSUPP;
	return sys_bpf_load(host_of(engine), attr, size, result);
}

int engine_map_share(struct engine *engine, union bpf_attr *attr, u32 size, int *region,
		     struct err *err)
{
	if (engine->ops != &user_ops)
		return err_set(err, -EOPNOTSUPP, "maps of this engine cannot be shared so");
	return sys_bpf_share(host_of(engine), attr, size, region, err);
}

int engine_why_interpreted(struct engine *engine, int prog_fd, char *text, size_t size)
{
	struct object *obj;
	int err;

	text[0] = '\0';
	if (engine->ops != &user_ops)
		return 0;
	err = handle_get_kind(host_of(engine), prog_fd, OBJECT_PROG, &obj);
	if (err)
		return err;
	snprintf(text, size, "%s", prog_of(obj)->interpreted);
	object_put(obj);
	return 0;
}

struct map *engine_user_map(struct engine *engine, int fd)
{
	struct object *obj;

	if (engine->ops != &user_ops || handle_get_kind(host_of(engine), fd, OBJECT_MAP, &obj))
		return NULL;
	return map_of(obj);
}

u32 engine_code_lines(struct engine *engine, int prog_fd, struct jit_code_line *lines, u32 most)
{
	struct object *obj;
	u32 n;

	if (engine->ops != &user_ops ||
	    handle_get_kind(host_of(engine), prog_fd, OBJECT_PROG, &obj))
		return 0;
	n = jit_code_lines(prog_of(obj), lines, most);
	object_put(obj);
	return n;
}

void engine_free(struct engine *engine)
{
	if (engine)
		engine->ops->free(engine);
}
