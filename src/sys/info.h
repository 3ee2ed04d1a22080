/* SPDX-License-Identifier: BSD-2-Clause */
/* OBJ_GET_INFO_BY_FD: what its kinds of objects share. */
#ifndef ANYBPF_SYS_INFO_H
#define ANYBPF_SYS_INFO_H

#include "sys/command.h"

/* Reads the client's structure, of which newer parts than ours must be zero. */
int info_read(const struct call *call, void *info, u32 size);
int info_write(struct call *call, const void *info, u32 size);
/* Byte lengths of dumps are in bytes; a client without room gets the length alone. */
int info_put_dump(u64 addr, u32 *len, const void *data, size_t size);

/* Of a program; prog_info.c. */
int sys_prog_info(struct call *call, struct prog *prog);
/* cmd_link.c */
int sys_link_info(struct call *call, struct link *link);

#endif
