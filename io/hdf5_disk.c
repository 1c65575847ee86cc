/* io/hdf5_disk.c: the driver through which the HDF5 library reads and writes.
 *
 * The library's own driver would open the path again, so that what was hashed need not be what is read; and when the
 * disk is full it cannot close a file without trying to write once more. This one reads from the mapping that was
 * hashed. When writing, it keeps the system's first refusal and drops everything after it: the library closes in
 * peace, and the caller finds the errno in Hdf5Disk.error. */
#include <errno.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

#include "io/hdf5_internal.h"

#define ADDRESS_MAX ((haddr_t)INT64_MAX)

typedef struct DiskFile {
    H5FD_t    pub;                /* first: the library's part */
    Hdf5Disk *disk;
    haddr_t   eoa, eof;           /* end of what the library uses, and of what the file has */
} DiskFile;

typedef struct DriverInfo { Hdf5Disk *disk; } DriverInfo;

static H5FD_t *disk_open(const char *name, unsigned flags, hid_t access, haddr_t max_address)
{
    (void)name;
    (void)max_address;
    const DriverInfo *info = H5Pget_driver_info(access);
    DiskFile         *f = info ? calloc(1, sizeof *f) : NULL;
    if (!f) return NULL;
    f->disk = info->disk;
    off_t size = f->disk->map.data ? (off_t)f->disk->map.size : lseek(f->disk->fd, 0, SEEK_END);
    if ((flags & H5F_ACC_TRUNC) && ftruncate(f->disk->fd, size = 0) != 0) f->disk->error = errno;
    f->eof = size > 0 ? (haddr_t)size : 0;
    return &f->pub;
}

static herr_t disk_close(H5FD_t *file)
{
    free(file);
    return 0;
}

static herr_t disk_query(const H5FD_t *file, unsigned long *flags)
{
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t disk_get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const DiskFile *)(const void *)file)->eoa;
}

static herr_t disk_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((DiskFile *)(void *)file)->eoa = address;
    return 0;
}

static haddr_t disk_get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const DiskFile *)(const void *)file)->eof;
}

/* What lies behind the end of the file reads as zeros, as from the library's own driver. */
static herr_t disk_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t n, void *buffer)
{
    (void)type;
    (void)transfer;
    const Hdf5Disk *d = ((DiskFile *)(void *)file)->disk;
    char           *p = buffer;
    if (d->map.data) {
        size_t have = address < d->map.size ? d->map.size - (size_t)address : 0, k = n < have ? n : have;
        if (k) memcpy(p, d->map.data + address, k);
        memset(p + k, 0, n - k);
        return 0;
    }
    while (n > 0) {
        ssize_t k = pread(d->fd, p, n, (off_t)address);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return -1;
        if (k == 0) break;
        p += k;
        n -= (size_t)k;
        address += (haddr_t)k;
    }
    memset(p, 0, n);
    return 0;
}

static herr_t disk_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t n, const void *buffer)
{
    (void)type;
    (void)transfer;
    DiskFile   *f = (DiskFile *)(void *)file;
    const char *p = buffer;
    while (n > 0 && !f->disk->error && !f->disk->discard) {
        ssize_t k = pwrite(f->disk->fd, p, n, (off_t)address);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            f->disk->error = k < 0 ? errno : ENOSPC;
            break;
        }
        p += k;
        n -= (size_t)k;
        address += (haddr_t)k;
    }
    if (address + n > f->eof) f->eof = address + n;          /* dropped bytes count: the library is not to notice */
    return 0;
}

static herr_t disk_truncate(H5FD_t *file, hid_t transfer, hbool_t closing)
{
    (void)transfer;
    (void)closing;
    DiskFile *f = (DiskFile *)(void *)file;
    if (f->eoa == f->eof) return 0;
    if (!f->disk->map.data && !f->disk->error && !f->disk->discard && ftruncate(f->disk->fd, (off_t)f->eoa) != 0)
        f->disk->error = errno;
    f->eof = f->eoa;
    return 0;
}

static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 13, 2)
    .version = H5FD_CLASS_VERSION, .value = (H5FD_class_value_t)600,
#endif
    .name = "whet", .maxaddr = ADDRESS_MAX, .fc_degree = H5F_CLOSE_STRONG, .fapl_size = sizeof(DriverInfo),
    .open = disk_open, .close = disk_close, .query = disk_query,
    .get_eoa = disk_get_eoa, .set_eoa = disk_set_eoa, .get_eof = disk_get_eof,
    .read = disk_read, .write = disk_write, .truncate = disk_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

int64_t hdf5_disk_access(Hdf5Disk *disk)
{
    static hid_t registered = -1;              /* under hdf5.c's lock */
    if (registered < 0) registered = H5FDregister(&driver);
    hid_t      access = H5Pcreate(H5P_FILE_ACCESS);
    DriverInfo info = { disk };
    if (registered < 0 || access < 0 || H5Pset_driver(access, registered, &info) < 0 ||
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0) {
        if (access >= 0) H5Pclose(access);
        return -1;
    }
    return access;
}
