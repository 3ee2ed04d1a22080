/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts, their execution slots, and waiting for programs to be done. */
#include "object/host.h"

#include <errno.h>
#include <string.h>

#include "base/os.h"
#include "object/btf_object.h"

void host_options_init(struct host_options *opts)
{
	*opts = (struct host_options){
		.caps = HOST_CAP_ALL,
		.unprivileged_bpf_disabled = true,
		.jit = {.harden = 1},
	};
}

static const struct mem *mem_or_default(const struct mem *mem)
{
	return mem ? mem : &mem_libc;
}

static int host_init_slots(struct host *host)
{
	u32 n = host->env.nr_cpus;

	/* Pages rather than mem: slots are cache-line aligned and touched by many threads. */
	host->slots = os_pages_alloc(n * sizeof(*host->slots));
	host->limbos = os_pages_alloc(n * sizeof(*host->limbos));
	if (!host->slots || !host->limbos)
		return -ENOMEM;
	for (u32 i = 0; i < n; i++)
		host->slots[i].cpu = i;
	return 0;
}

static void free_slots(struct host *host)
{
	u32 n = host->env.nr_cpus;

	if (host->slots)
		os_pages_free(host->slots, n * sizeof(*host->slots));
	if (host->limbos)
		os_pages_free(host->limbos, n * sizeof(*host->limbos));
}

static void host_drop(struct host *host)
{
	free_slots(host);
	mem_free(host->mem, host->vmlinux_path);
	mem_free(host->mem, host);
}

int host_new(const struct host_options *opts, struct host **out)
{
	struct host_options defaults;
	struct host *host;

	if (!opts) {
		host_options_init(&defaults);
		opts = &defaults;
	}
	host = mem_zalloc(mem_or_default(opts->mem), sizeof(*host));
	if (!host)
		return -ENOMEM;
	host->mem = mem_or_default(opts->mem);
	host->caps = opts->caps;
	host->unprivileged_bpf_disabled = opts->unprivileged_bpf_disabled;
	host->interpret = opts->interpret;
	host->jit = opts->jit;
	host->limits = opts->limits;
	host->verify_only = opts->verify_only;
	host->own_btf = opts->own_btf;
	host->own_btf_size = opts->own_btf_size;
	if (opts->vmlinux) {
		host->vmlinux_path = mem_dup(host->mem, opts->vmlinux, strlen(opts->vmlinux) + 1);
		if (!host->vmlinux_path) {
			mem_free(host->mem, host);
			return -ENOMEM;
		}
	}
	if (opts->env)
		host->env = *opts->env;
	else
		environment_init(&host->env);
	if (!host->env.nr_cpus || host->env.nr_cpus > HOST_MAX_CPUS) {
		host_drop(host);
		return -EINVAL;
	}
	if (host_init_slots(host)) {
		host_drop(host);
		return -ENOMEM;
	}
	pthread_mutex_init(&host->lock, NULL);
	pthread_mutex_init(&host->vmlinux_lock, NULL);
	timers_init(&host->timers, opts->manual_timers);
	*out = host;
	return 0;
}

struct host_part *host_part(struct host *host, enum host_part_id id,
			    struct host_part *(*make)(struct host *host))
{
	struct host_part *part = atomic_load_explicit(&host->parts[id], memory_order_acquire);
	struct host_part *made;

	if (part)
		return part;
	made = make(host);
	if (!made || atomic_compare_exchange_strong(&host->parts[id], &part, made))
		return made;
	made->free(host, made);
	return part;
}

static void free_parts(struct host *host)
{
	for (u32 id = 0; id < HOST_PARTS; id++) {
		struct host_part *part = atomic_exchange(&host->parts[id], NULL);

		if (part)
			part->free(host, part);
	}
}

void host_free(struct host *host)
{
	if (!host)
		return;
	handle_close_all(host);
	timers_free(host);
	free_parts(host);
	host_defer_finish(host);
	if (host->vmlinux)
		object_put(&host->vmlinux->obj);
	vec_free(&host->handles, host->mem);
	for (u32 kind = 0; kind < OBJECT_KINDS; kind++)
		vec_free(&host->ids[kind].objects, host->mem);
	pthread_mutex_destroy(&host->lock);
	pthread_mutex_destroy(&host->vmlinux_lock);
	host_drop(host);
}

bool host_capable(const struct host *host, u32 caps)
{
	/* As in Linux, CAP_SYS_ADMIN stands for all of the newer, narrower ones. */
	return (host->caps & HOST_CAP_SYS_ADMIN) || (host->caps & caps) == caps;
}

static bool slot_try(struct host *host, struct slot *slot)
{
	u32 idle = 0, busy = SLOT_BUSY(atomic_load_explicit(&host->epoch, memory_order_relaxed));

	if (atomic_load_explicit(&slot->busy, memory_order_relaxed) ||
	    !atomic_compare_exchange_strong(&slot->busy, &idle, busy))
		return false;
	/*
	 * Against the fence of host_synchronize(): either it sees us busy, or we
	 * see what was unlinked before it looked. The exchange alone does not
	 * order what the program loads after it on every machine.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	return true;
}

static void start(struct run *run, struct host *host, u32 at)
{
	run->host = host;
	run->slot = &host->slots[at];
	run->cpu = at;
	run->tail_calls = 0;
	run->legacy_load = NULL;
	run->tracer = NULL;
	run->storages = NULL;
	run->own_retval = 0;
	run->retval = &run->own_retval;
	run->trace = NULL;
	budget_begin(run);
}

void run_begin(struct run *run, struct host *host)
{
	u32 n = host->env.nr_cpus;
	u32 at = os_current_cpu() % n;

	for (u32 tries = 0; !slot_try(host, &host->slots[at]);) {
		at = at + 1 == n ? 0 : at + 1;
		if (++tries % n == 0)
			os_yield();
	}
	start(run, host, at);
}

void run_begin_on(struct run *run, struct host *host, u32 cpu)
{
	while (!slot_try(host, &host->slots[cpu]))
		os_yield();
	start(run, host, cpu);
}

void run_end(struct run *run)
{
	struct slot *slot = run->slot;

	/* Both release: host_synchronize() may see either first. */
	atomic_fetch_add_explicit(&slot->passes, 1, memory_order_release);
	atomic_store_explicit(&slot->busy, 0, memory_order_release);
}

void host_syscall_begin(struct run *run)
{
	atomic_store_explicit(&run->slot->caller, os_thread_id(), memory_order_relaxed);
}

void host_syscall_end(struct run *run)
{
	atomic_store_explicit(&run->slot->caller, 0, memory_order_relaxed);
}

void host_synchronize(struct host *host)
{
	u32 me = os_thread_id();

	atomic_thread_fence(memory_order_seq_cst);
	for (u32 i = 0; i < host->env.nr_cpus; i++) {
		struct slot *slot = &host->slots[i];
		u64 passes = atomic_load(&slot->passes);

		if (atomic_load_explicit(&slot->caller, memory_order_relaxed) == me)
			continue;
		while (atomic_load(&slot->busy) && atomic_load(&slot->passes) == passes)
			os_yield();
	}
}
