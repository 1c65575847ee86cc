/* data/input.h: one file as a stream of UTF-8 bytes, however it is packed and written.
 *
 *     bytes on the disk --libarchive--> unpacked --ICU--> UTF-8 without a byte order mark --window--> reader
 *
 * A plain UTF-8 file is mapped and its window is the mapping itself: nothing is copied, seeking is free. gzip, zstd, xz,
 * bzip2 and the members of zip and tar archives are unpacked on the way, UTF-16 and GB18030 (GBK, GB2312) converted; the
 * window is then a buffer, and what lies behind the reader is dropped. Seeking back there begins again at the start.
 *
 * Bytes that their encoding does not have come through as the byte 0xFF, which no UTF-8 has: the row that holds them is
 * then refused by whoever checks it, with its line. */
#ifndef DATA_INPUT_H
#define DATA_INPUT_H

#include "core/options.h"

/* The window never grows further, so neither does what is held of a row. Compressed bombs only cost time. */
enum { INPUT_MAX_WINDOW = 64 << 20 };

/* One file to read. Strings are owned by the list. */
typedef struct InputFile {
    char   *path;                  /* on the disk */
    char   *name;                  /* as errors name it: path, or "archive.zip//member" */
    char   *key;                   /* what follows '#': a list inside a JSON file; NULL: none */
    int64_t member;                /* which entry of the archive; -1: the file itself */
    int64_t bytes;                 /* on the disk; a member's share of its archive */
    int32_t given;                 /* which of the paths it came from */
} InputFile;

typedef struct InputList {
    InputFile *items;
    size_t     n, cap;
    char      *note;               /* what was left out, in a sentence; NULL: nothing */
} InputList;

/* Which files of a folder or archive are data: those whose name ends so ("|.csv|.tsv|"), in this order of preference;
 * all files when there is none. Compressed ones count by the name within ("a.csv.gz"). */
typedef struct InputSuffixes { const char *first, *second; } InputSuffixes;

/* Files, folders (recursive; byte order of their paths), globs, archives (in their own order) -> files. Hidden files are
 * left out. ERR_IO or ERR_DATA with a remedy when a path gives nothing. */
Status input_expand(InputList *out, const StringList *paths, InputSuffixes suffixes) MUST_USE;
void   input_list_release(InputList *l);
/* The file's name without .gz and the like, for looking at its suffix. */
size_t input_name_length(const char *name);
bool   input_has_suffix(const char *name, const char *suffixes);     /* one of ".csv|.tsv"; case does not matter */

typedef struct InputState InputState;

typedef struct Input {             /* zero-initialise */
    const char *data;              /* the window: decoded bytes from `at` on; moves with input_more, input_skip */
    size_t      n;
    bool        end;               /* the window reaches the end of the file */
    int64_t     at;
    InputState *state;
} Input;

/* Opens the file, leaving the one that was open; the next member of the same archive is reached without beginning
 * again. encoding: a name as ICU knows it, or NULL to detect it. */
Status input_open(Input *in, const InputFile *file, const char *encoding) MUST_USE;
void   input_close(Input *in);
/* A longer window, or `end`. ERR_DATA when it would outgrow INPUT_MAX_WINDOW. */
Status input_more(Input *in) MUST_USE;
void   input_skip(Input *in, size_t n);                       /* n of the window's bytes; the rest stays where it is */
Status input_seek(Input *in, int64_t at) MUST_USE;
int64_t     input_bytes_read(const Input *in);                /* on the disk */
const char *input_encoding(const Input *in);                  /* "UTF-8", "UTF-16LE", ... */

#endif
