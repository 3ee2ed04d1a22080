/* SPDX-License-Identifier: BSD-2-Clause */
/* Files, and what they are reached by. */
#ifndef ANYBPF_KERNEL_TYPES_FS_H
#define ANYBPF_KERNEL_TYPES_FS_H

#include "kernel/types/base.h"

struct bpf_local_storage;
struct cred;
struct dentry;
struct file_operations;
struct inode_operations;
struct super_block;
struct user_namespace;

struct qstr {
	union {
		struct {
			u32 hash;
			u32 len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};

struct file_system_type {
	const char *name;
	int fs_flags;
};

struct super_block {
	u32 s_dev;
	unsigned char s_blocksize_bits;
	unsigned long s_blocksize;
	s64 s_maxbytes;
	struct file_system_type *s_type;
	unsigned long s_flags;
	unsigned long s_iflags;
	unsigned long s_magic;
	struct dentry *s_root;
	char s_id[32];
};

struct inode {
	umode_t i_mode;
	unsigned short i_opflags;
	kuid_t i_uid;
	kgid_t i_gid;
	unsigned int i_flags;
	const struct inode_operations *i_op;
	struct super_block *i_sb;
	unsigned long i_ino;
	union {
		const unsigned int i_nlink;
		unsigned int __i_nlink;
	};
	u32 i_rdev;
	s64 i_size;
	time64_t i_atime_sec;
	time64_t i_mtime_sec;
	time64_t i_ctime_sec;
	u32 i_atime_nsec;
	u32 i_mtime_nsec;
	u32 i_ctime_nsec;
	u32 i_generation;
	u8 i_blkbits;
	u64 i_blocks;
	atomic_t i_count;
	atomic_t i_writecount;
	const struct file_operations *i_fop;
	void *i_private;

	struct kernel_object host_object;
};

struct dentry {
	unsigned int d_flags;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	unsigned char d_iname[40];
	struct super_block *d_sb;
	unsigned long d_time;
	void *d_fsdata;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	int mnt_flags;
};

/* What a vfsmount is in. */
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	int mnt_id;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	fmode_t f_mode;
	const struct file_operations *f_op;
	void *private_data;
	struct inode *f_inode;
	unsigned int f_flags;
	const struct cred *f_cred;
	struct path f_path;
	s64 f_pos;
	atomic_long_t f_count;

	struct kernel_object host_object;
};

struct fdtable {
	unsigned int max_fds;
	struct file __rcu **fd;
};

struct files_struct {
	atomic_t count;
	struct fdtable __rcu *fdt;
	struct fdtable fdtab;
	unsigned int next_fd;
};

struct fs_struct {
	int users;
	int umask;
	struct path root;
	struct path pwd;
};

#endif
