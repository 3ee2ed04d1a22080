/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of the host's kernel; see vars.h. */
#include "kernel/vars.h"

#include <string.h>

#include "kernel/types/vars.h"
#include "object/owned.h"

static void fill_runqueues(void *copy, u32 cpu)
{
	struct rq *rq = copy;

	rq->cpu = (int)cpu;
	rq->online = 1;
}

static void fill_cpu_number(void *copy, u32 cpu)
{
	*(int *)copy = (int)cpu;
}

static const struct {
	const char *name;
	u32 size;
	void (*fill)(void *copy, u32 cpu); /* NULL: zeros */
} rows[] = {
	{"runqueues", sizeof(struct rq), fill_runqueues},
	{"bpf_prog_active", sizeof(int), NULL},
	{"cpu_number", sizeof(int), fill_cpu_number},
};

struct vars {
	struct host_part part;
	void *copies[ARRAY_SIZE(rows)];
};

static void vars_free(struct host *host, struct host_part *part)
{
	struct vars *vars = container_of(part, struct vars, part);

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (vars->copies[i])
			owned_drop(host, 0, vars->copies[i], NULL);
	mem_free(host->mem, vars);
}

static bool make_copies(struct host *host, struct vars *vars, u32 i)
{
	const struct obj_type type = {.size = rows[i].size};

	vars->copies[i] = owned_new(host, &type, true);
	for (u32 cpu = 0; vars->copies[i] && rows[i].fill && cpu < host->env.nr_cpus; cpu++)
		rows[i].fill(owned_cpu(host, vars->copies[i], cpu), cpu);
	return vars->copies[i];
}

static struct host_part *vars_make(struct host *host)
{
	struct vars *vars = mem_zalloc(host->mem, sizeof(*vars));

	if (!vars)
		return NULL;
	vars->part.free = vars_free;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!make_copies(host, vars, i)) {
			vars_free(host, &vars->part);
			return NULL;
		}
	}
	return &vars->part;
}

void *kernel_var(struct host *host, const char *name)
{
	struct host_part *part = host_part(host, HOST_PART_VARS, vars_make);

	for (u32 i = 0; part && i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return container_of(part, struct vars, part)->copies[i];
	return NULL;
}
