/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eBPF as an extension engine: runs xdp_count on one packet and reads what it
 * counted from its map.
 *
 *	clang -O2 -g -target bpf -c xdp_count.bpf.c
 *	cc embed.c -o embed $(pkg-config --cflags --libs anybpf)
 *	./embed xdp_count.bpf.o
 */
#include <stdio.h>

#include <anybpf/anybpf.h>

#define HEADROOM 256 /* for programs that put headers in front */

struct counter {
	unsigned long long packets, bytes;
};

int main(int argc, char **argv)
{
	unsigned char buffer[HEADROOM + 64] = {[HEADROOM + 12] = 0x08, 0x06}; /* ARP, else zeros */
	ANYBPF_OPTS(anybpf_run, run, .buffer = buffer, .buffer_size = sizeof(buffer),
		    .data_offset = HEADROOM, .data_size = 64);
	struct anybpf_object *object = NULL;
	struct anybpf_map *map = NULL;
	struct counter counters[1024]; /* of each CPU */
	struct anybpf *ctx = NULL;
	unsigned int arp = 0;
	int ret;

	if (argc != 2 || anybpf_new(NULL, &ctx))
		return 2;
	ret = anybpf_object_open(ctx, argv[1], &object);
	if (!ret)
		ret = anybpf_object_load(object);
	if (ret)
		fprintf(stderr, "%s\n", anybpf_error(ctx));
	else if (!(map = anybpf_object_find_map(object, "protocols")) ||
		 anybpf_program_run(anybpf_object_find_program(object, "xdp_count"), &run) ||
		 anybpf_map_lookup(map, &arp, sizeof(arp), counters,
				   sizeof(*counters) * anybpf_nr_cpus(ctx), 0))
		ret = -1;
	for (unsigned int cpu = 0; !ret && cpu < anybpf_nr_cpus(ctx); cpu++)
		printf("cpu %u: %llu ARP packets, %llu bytes; verdict %u\n", cpu,
		       counters[cpu].packets, counters[cpu].bytes, run.verdict);
	anybpf_object_close(object);
	anybpf_free(ctx);
	return ret != 0;
}
