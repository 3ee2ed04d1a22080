/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only the operating system and its C library know of a process: stacks,
 * the files behind its code, signals.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"

u32 os_backtrace(u64 *ips, u32 max)
{
	int n = backtrace((void **)(void *)ips, (int)max);

	return n > 0 ? (u32)n : 0;
}

void (*os_unwinder_function(const char *name))(void)
{
	/* Kept open, as the C library keeps it. */
	void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
	void (*fn)(void) = NULL;
	void *symbol = library ? dlsym(library, name) : NULL;

	memcpy(&fn, &symbol, sizeof(fn));
	return fn;
}

/* ---- build ids ---- */

struct wanted {
	u64 addr;
	u8 *id;
	size_t size;
	u64 offset;
	bool found;
};

/* A note's name is "GNU" with its terminator, and so as long as its alignment. */
static bool note_id(const u8 *at, size_t left, struct wanted *w)
{
	while (left >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)at;
		size_t name = ROUND_UP((size_t)note->n_namesz, 4u);
		size_t desc = ROUND_UP((size_t)note->n_descsz, 4u);

		at += sizeof(*note);
		left -= sizeof(*note);
		if (name > left || desc > left - name)
			return false;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    !memcmp(at, "GNU", 4)) {
			size_t n = note->n_descsz < w->size ? note->n_descsz : w->size;

			memcpy(w->id, at + name, n);
			memset(w->id + n, 0, w->size - n);
			return n;
		}
		at += name + desc;
		left -= name + desc;
	}
	return false;
}

static bool covers(const struct dl_phdr_info *info, struct wanted *w)
{
	for (u32 i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		u64 off = w->addr - info->dlpi_addr - ph->p_vaddr;

		if (ph->p_type != PT_LOAD || off >= ph->p_memsz)
			continue;
		w->offset = ph->p_offset + off;
		return true;
	}
	return false;
}

static int look_at_file(struct dl_phdr_info *info, size_t size __unused, void *arg)
{
	struct wanted *w = arg;

	if (!covers(info, w))
		return 0;
	for (u32 i = 0; i < info->dlpi_phnum && !w->found; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_NOTE)
			w->found =
				note_id(u64_to_ptr(info->dlpi_addr + ph->p_vaddr), ph->p_memsz, w);
	}
	return 1;
}

bool os_build_id(u64 addr, u8 *id, size_t size, u64 *offset)
{
	struct wanted w = {.addr = addr, .id = id, .size = size};

	dl_iterate_phdr(look_at_file, &w);
	*offset = w.offset;
	return w.found;
}

/* ---- signals ---- */

int os_send_signal(int sig, bool thread)
{
	long err;

	if (thread)
		err = syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
	else
		err = kill(getpid(), sig);
	return err ? -errno : 0;
}
