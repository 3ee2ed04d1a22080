/* SPDX-License-Identifier: BSD-2-Clause */
/* Files, inodes and where they are; see fs.h. */
#include "kernel/fs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sync.h"

#define INODE_BUCKETS 64
#define MAX_DEPTH     2048 /* names in a path of PATH_MAX bytes */

/* An inode, and the number of the device that it is on. */
struct host_inode {
	struct inode inode;
	struct host_inode *next; /* in its bucket */
	u32 dev;
};

/* One per device, as long as the host. */
struct device {
	struct super_block sb;
	struct device *next;
	struct dentry root;
};

struct files {
	struct host_part part;
	struct spinlock lock;
	struct host_inode *inodes[INODE_BUCKETS]; /* no references */
	struct device *devices;
	struct file_system_type type;
	struct mount mount;
};

/* What a file has that is not shared: entries from the root on, and their names. */
struct host_file {
	struct file file;
	u32 depth;
	struct dentry entries[];
};

/* ---- the host's part ---- */

static void files_free(struct host *host, struct host_part *part)
{
	struct files *files = container_of(part, struct files, part);
	struct device *next;

	for (struct device *d = files->devices; d; d = next) {
		next = d->next;
		mem_free(host->mem, d);
	}
	mem_free(host->mem, files);
}

static void init_root(struct dentry *root, struct super_block *sb)
{
	root->d_parent = root;
	root->d_iname[0] = '/';
	root->d_name.name = root->d_iname;
	root->d_name.len = 1;
	root->d_sb = sb;
	sb->s_root = root;
}

static struct device *add_device(struct host *host, struct files *files, u32 dev)
{
	struct device *d = mem_zalloc(host->mem, sizeof(*d));

	if (!d)
		return NULL;
	d->sb.s_dev = dev;
	d->sb.s_blocksize_bits = 12;
	d->sb.s_blocksize = 4096;
	d->sb.s_type = &files->type;
	snprintf(d->sb.s_id, sizeof(d->sb.s_id), "%u:%u", dev >> 20, dev & 0xfffff);
	init_root(&d->root, &d->sb);
	d->next = files->devices;
	files->devices = d;
	return d;
}

static struct host_part *files_make(struct host *host)
{
	struct files *files = mem_zalloc(host->mem, sizeof(*files));
	struct device *root;

	if (!files)
		return NULL;
	files->part.free = files_free;
	files->type.name = "hostfs";
	root = add_device(host, files, 0);
	if (!root) {
		mem_free(host->mem, files);
		return NULL;
	}
	files->mount.mnt_parent = &files->mount;
	files->mount.mnt_mountpoint = &root->root;
	files->mount.mnt.mnt_root = &root->root;
	files->mount.mnt.mnt_sb = &root->sb;
	files->mount.mnt_id = 1;
	return &files->part;
}

static struct files *host_files(struct host *host)
{
	struct host_part *part = host_part(host, HOST_PART_FILES, files_make);

	return part ? container_of(part, struct files, part) : NULL;
}

/* Under the lock. */
static struct super_block *device_sb(struct host *host, struct files *files, u32 dev)
{
	struct device *d;

	for (d = files->devices; d; d = d->next)
		if (d->sb.s_dev == dev)
			return &d->sb;
	d = add_device(host, files, dev);
	return d ? &d->sb : NULL;
}

/* ---- inodes ---- */

static struct host_inode *host_inode_of(struct kernel_object *kobj)
{
	return container_of(kobj, struct host_inode, inode.host_object);
}

static void inode_unlink(struct kernel_object *kobj)
{
	struct host_part *part = atomic_load(&kobj->obj.host->parts[HOST_PART_FILES]);
	struct host_inode *inode = host_inode_of(kobj);
	struct files *files;

	if (!part)
		return;
	files = container_of(part, struct files, part);
	spin_lock(&files->lock);
	for (struct host_inode **at = &files->inodes[inode->inode.i_ino % INODE_BUCKETS]; *at;
	     at = &(*at)->next) {
		if (*at == inode) {
			*at = inode->next;
			break;
		}
	}
	spin_unlock(&files->lock);
}

static void inode_free(struct kernel_object *kobj)
{
	mem_free(kobj->obj.host->mem, host_inode_of(kobj));
}

static const struct kernel_object_ops inode_ops = {
	.object = {.kind = OBJECT_FILE, .free = kernel_object_release},
	.unlink = inode_unlink,
	.free = inode_free,
};

static void fill_inode(struct inode *inode, const struct env_file *spec)
{
	inode->i_mode = (umode_t)spec->mode;
	inode->i_uid.val = spec->uid;
	inode->i_gid.val = spec->gid;
	inode->__i_nlink = spec->nlink;
	inode->i_rdev = spec->rdev;
	inode->i_size = (s64)spec->size;
	inode->i_blocks = spec->blocks;
	inode->i_blkbits = spec->blksize ? (u8)__builtin_ctz(spec->blksize) : 12;
	inode->i_atime_sec = spec->atime.sec;
	inode->i_atime_nsec = spec->atime.nsec;
	inode->i_mtime_sec = spec->mtime.sec;
	inode->i_mtime_nsec = spec->mtime.nsec;
	inode->i_ctime_sec = spec->ctime.sec;
	inode->i_ctime_nsec = spec->ctime.nsec;
}

/* Under the lock; a reference. */
static struct inode *find_inode(struct files *files, const struct env_file *spec)
{
	for (struct host_inode *at = files->inodes[spec->ino % INODE_BUCKETS]; at; at = at->next)
		if (at->inode.i_ino == spec->ino && at->dev == spec->dev &&
		    kernel_object_try_get(&at->inode.host_object))
			return &at->inode;
	return NULL;
}

/* Under the lock. */
static struct inode *add_inode(struct host *host, struct files *files, const struct env_file *spec)
{
	struct host_inode **bucket = &files->inodes[spec->ino % INODE_BUCKETS];
	struct super_block *sb = device_sb(host, files, spec->dev);
	struct host_inode *added = sb ? mem_zalloc(host->mem, sizeof(*added)) : NULL;

	if (!added)
		return NULL;
	kernel_object_init(&added->inode.host_object, &inode_ops, host);
	added->inode.i_sb = sb;
	added->inode.i_ino = spec->ino;
	added->dev = spec->dev;
	added->next = *bucket;
	*bucket = added;
	return &added->inode;
}

static struct inode *get_inode(struct host *host, struct files *files, const struct env_file *spec)
{
	struct inode *inode;

	spin_lock(&files->lock);
	inode = find_inode(files, spec);
	if (!inode)
		inode = add_inode(host, files, spec);
	if (inode && spec->mode)
		fill_inode(inode, spec);
	spin_unlock(&files->lock);
	return inode;
}

/* ---- files ---- */

static void file_free(struct kernel_object *kobj)
{
	struct host_file *f = container_of(kobj, struct host_file, file.host_object);

	if (f->file.f_inode)
		kernel_object_put(&f->file.f_inode->host_object);
	mem_free(kobj->obj.host->mem, f);
}

/* A file keeps its inode; NULL where it has none. */
static struct kernel_object *file_holder(struct kernel_object *kobj)
{
	struct host_file *f = container_of(kobj, struct host_file, file.host_object);

	return f->file.f_inode ? &f->file.f_inode->host_object : NULL;
}

static const struct kernel_object_ops file_ops = {
	.object = {.kind = OBJECT_FILE, .free = kernel_object_release},
	.holder = file_holder,
	.free = file_free,
};

/* Names between slashes; of what is no path there is one, itself. */
static u32 count_names(const char *path)
{
	u32 n = path[0] != '/';

	for (const char *at = path; *at; at++)
		n += at[0] == '/' && at[1] && at[1] != '/';
	return n;
}

static void set_name(struct dentry *dentry, char *copy, const char *name, size_t len)
{
	memcpy(copy, name, len);
	copy[len] = '\0';
	snprintf((char *)dentry->d_iname, sizeof(dentry->d_iname), "%s", copy);
	dentry->d_name.name =
		len < sizeof(dentry->d_iname) ? dentry->d_iname : (const unsigned char *)copy;
	dentry->d_name.len = (u32)len;
}

/* Entries of the path's names, each in the one before; of no path one that is its own parent. */
static void fill_entries(struct host_file *f, struct dentry *root, const char *path, char *names)
{
	const char *at = path;
	bool rooted = *path == '/';

	for (u32 i = 0; i < f->depth; i++) {
		struct dentry *dentry = &f->entries[i];
		size_t len;

		at += rooted ? strspn(at, "/") : 0;
		len = rooted ? strcspn(at, "/") : strlen(at);
		set_name(dentry, names, at, len);
		names += len + 1;
		at += len;
		dentry->d_parent = i ? dentry - 1 : rooted ? root : dentry;
		dentry->d_sb = f->file.f_inode->i_sb;
	}
}

/* As Linux: reading and writing are bits here, and values in open(). */
static fmode_t file_mode(u32 flags)
{
	return ((flags & 3) + 1) & 3;
}

struct file *file_create(struct host *host, const struct env_file *spec)
{
	struct files *files = host_files(host);
	u32 depth = count_names(spec->path);
	size_t entries = depth * sizeof(struct dentry);
	struct host_file *f;

	if (!files)
		return NULL;
	f = mem_zalloc(host->mem, sizeof(*f) + entries + strlen(spec->path) + 1);
	if (!f)
		return NULL;
	kernel_object_init(&f->file.host_object, &file_ops, host);
	f->depth = depth;
	f->file.f_inode = get_inode(host, files, spec);
	if (!f->file.f_inode) {
		file_put(&f->file);
		return NULL;
	}
	fill_entries(f, files->mount.mnt.mnt_root, spec->path, (char *)&f->entries[depth]);
	f->file.f_path.mnt = &files->mount.mnt;
	f->file.f_path.dentry = depth ? &f->entries[depth - 1] : files->mount.mnt.mnt_root;
	if (depth)
		f->entries[depth - 1].d_inode = f->file.f_inode;
	f->file.f_flags = spec->flags;
	f->file.f_mode = file_mode(spec->flags);
	f->file.f_pos = (s64)spec->pos;
	f->file.f_count.counter = 1;
	return &f->file;
}

/* ---- names ---- */

static bool read_unknown(const struct host *host, void *to, const void *from, size_t size)
{
	return !host->env.read_memory(host->env.ctx, to, ptr_to_u64(from), size);
}

int path_print(const struct host *host, const struct path *path, char *buf, size_t size)
{
	const struct dentry *at = path->dentry;
	struct dentry dentry;
	size_t start = size;
	u32 depth = 0;

	if (!size)
		return -ENAMETOOLONG;
	buf[--start] = '\0';
	for (; at && depth <= MAX_DEPTH; at = dentry.d_parent, depth++) {
		size_t len;
		bool top;

		if (!read_unknown(host, &dentry, at, sizeof(dentry)))
			return -EFAULT;
		top = dentry.d_parent == at;
		len = dentry.d_name.len;
		/* The root's name is the slash before the first one. */
		if (top && depth && len == 1)
			break;
		if (len + !top > start)
			return -ENAMETOOLONG;
		start -= len;
		if (!read_unknown(host, buf + start, dentry.d_name.name, len))
			return -EFAULT;
		if (top)
			break;
		buf[--start] = '/';
	}
	memmove(buf, buf + start, size - start);
	return (int)(size - start);
}
