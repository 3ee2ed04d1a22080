/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where libbpf's system calls go. The loader is linked with --wrap for each
 * function of route.c, so that libbpf, unchanged, speaks to the user engine
 * and sees another kernel's BTF, configuration and symbols.
 */
#ifndef ANYBPF_CONFORMANCE_ROUTE_H
#define ANYBPF_CONFORMANCE_ROUTE_H

#include <stdbool.h>

struct route {
	bool user;	     /* bpf() goes to the user engine */
	const char *btf;     /* for /sys/kernel/btf/vmlinux */
	const char *symbols; /* for /proc/kallsyms; NULL: the real one */
	const char *config;  /* for /boot/config-*; NULL: the real one */
	const char *release; /* of uname(); NULL: the real one */
};

/* Reads the BTF. 0 or a negative errno. */
int route_set(const struct route *route);

/* Of one load: what is told apart of its failures. */
struct route_load {
	const char *program; /* the one that is watched */
	bool tried;	     /* it came to BPF_PROG_LOAD, */
	int result;	     /* with this result: a descriptor or a negative errno */
	int failed_command;  /* the last other command that failed, or -1 */
	int failed_errno;
	unsigned int failed_type; /* of the map or program that it would have made */
};

/* Starts to watch; the answer is kept up to date. */
void route_watch(struct route_load *load);

#endif
