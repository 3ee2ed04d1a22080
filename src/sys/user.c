/* SPDX-License-Identifier: BSD-2-Clause */
/* The user engine: struct engine_ops over a host of this process. */
#include <errno.h>
#include <time.h>

#include "base/os.h"
#include "map/ringbuf.h"
#include "sys/command.h"
#include "sys/engine.h"

struct user_engine {
	struct engine engine;
	struct host *host;
};

static struct host *host_of(struct engine *engine)
{
	return container_of(engine, struct user_engine, engine)->host;
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

/*
 * The memory is the map's own and lives as long as the map: a client that
 * keeps the address must keep the handle open.
 */
static int user_mmap(struct engine *engine, int fd, u64 offset, size_t size, bool writable,
		     void **addr)
{
	struct map *map;
	int err = map_by_handle(engine, fd, &map);

	if (err)
		return err;
	if (map->ops->mmap)
		err = map->ops->mmap(map, offset, size, writable, addr);
	else
		err = -EOPNOTSUPP;
	object_put(&map->obj);
	return err;
}

static int user_munmap(struct engine *engine __unused, void *addr __unused, size_t size __unused)
{
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
	else
		err = -EOPNOTSUPP;
	object_put(&map->obj);
	return err;
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
	if (!prog->hook->run_frames) {
		object_put(obj);
		return -EINVAL;
	}
	run_begin(&run, host);
	start = duration_ns ? os_clock_ns(CLOCK_MONOTONIC) : 0;
	prog->hook->run_frames(&run, prog, frames, n);
	if (duration_ns)
		*duration_ns = os_clock_ns(CLOCK_MONOTONIC) - start;
	run_end(&run);
	object_put(obj);
	return 0;
}

static void user_free(struct engine *engine)
{
	struct user_engine *user = container_of(engine, struct user_engine, engine);
	const struct mem *mem = user->host->mem;

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
	*engine = &user->engine;
	return 0;
}

struct host *engine_user_host(struct engine *engine)
{
	return engine->ops == &user_ops ? host_of(engine) : NULL;
}

void engine_free(struct engine *engine)
{
	if (engine)
		engine->ops->free(engine);
}
