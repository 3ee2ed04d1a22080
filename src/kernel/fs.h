/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files. A file's directory entries are its own, from the root to it, so that
 * d_parent leads there; its inode is shared by all that the device has under
 * the number, and stays as long as one of them. There is one mount.
 */
#ifndef ANYBPF_KERNEL_FS_H
#define ANYBPF_KERNEL_FS_H

#include "kernel/kernel.h"
#include "kernel/types/fs.h"

struct env_file;

/* A reference, or NULL without memory. */
struct file *file_create(struct host *host, const struct env_file *spec);
/*
 * What d_path() says, from the root: how many bytes with the terminator are at
 * the start of @buf, or -ENAMETOOLONG. The path may be made by a program's
 * pointers: it is read as unknown memory is.
 */
int path_print(const struct host *host, const struct path *path, char *buf, size_t size);

static inline void file_get(struct file *file)
{
	kernel_object_get(&file->host_object);
}

/* NULL is allowed. */
static inline void file_put(struct file *file)
{
	if (file)
		kernel_object_put(&file->host_object);
}

#endif
