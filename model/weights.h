/* model/weights.h: parameters <-> named arrays in a file, with the spellings that published checkpoints use. */
#ifndef MODEL_WEIGHTS_H
#define MODEL_WEIGHTS_H

#include "io/array_file.h"
#include "model/model.h"

/* What loading found out. Names are borrowed from the model. */
typedef struct LoadReport {
    int64_t n_loaded;                  /* parameters */
    int64_t n_new;                     /* heads that the file does not have: they keep their initial values */
    int64_t n_unused;                  /* arrays of the file that this model has no place for */
    char    first_new[128], first_unused[128];
} LoadReport;

/* Fills the parameters from arrays named group + NAME, also without or with the base model's prefix and in old
 * spellings (gamma and beta). A wrong shape is an error that names both. With allow_new_head, parameters past the last
 * block may be absent or of another shape; everything else must be there. */
Status weights_load(Model *m, ArrayFile *f, const char *group, bool allow_new_head, LoadReport *report) MUST_USE;

/* Declares every parameter (weights_declare, before the first write), then writes (weights_write). with_prefix: names
 * keep the base model's prefix ("bert."), as checkpoints with a head do. */
Status weights_declare(const Model *m, ArrayFile *f, const char *group, bool with_prefix) MUST_USE;
Status weights_write(const Model *m, ArrayFile *f, const char *group, bool with_prefix) MUST_USE;

#endif
