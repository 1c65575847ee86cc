/* tests/fuzz/safetensors_fuzz.c: any bytes as a safetensors file: a sentence or arrays, and both entry points agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/array_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void read_everything(ArrayFile *f)
{
    for (size_t i = 0; i < array_file_count(f); i++) {
        const ArrayInfo *a = array_file_at(f, i);
        size_t           size = dtype_size(a->dtype);
        char            *p = malloc((size_t)a->count * size + 1);
        REAL            *r = malloc(((size_t)a->count + 1) * sizeof *r);
        BUG_ON(!p || !r);
        BUG_ON(array_file_find(f, a->name) != a);
        BUG_ON(array_file_read(f, a, 0, a->count, p) != OK);
        BUG_ON(a->count && memcmp(p, array_file_data(f, a), (size_t)a->count * size) != 0);
        BUG_ON(array_file_read(f, a, 1, a->count, p) != ERR_SHAPE);
        (void)!array_file_read_real(f, a, 0, a->count, r);
        free(p);
        free(r);
    }
    for (size_t i = 0; i < array_file_text_count(f); i++) BUG_ON(!array_file_text(f, array_file_text_key(f, i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    Status header = safetensors_parse_header((const char *)bytes, n, "fuzz");
    BUG_ON(header != OK && status_fact()[0] == '\0');

    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    BUG_ON(fd < 0 || write(fd, bytes, n) != (ssize_t)n);
    char       path[40];
    ArrayFile *f;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    Status file = array_file_open(&f, path);
    if (n > 8 && bytes[8] == '{') BUG_ON(file != header);      /* that byte is how it is known, without a suffix */
    if (file == OK) read_everything(f);
    if (file == OK) array_file_close(f);
    close(fd);
    return 0;
}
