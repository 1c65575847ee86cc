#include "data/augment/augment.h"
Status augmenter_new(Augmenter **out, const AugmentOptions *o) { (void)o; *out = NULL; return OK; }
void augmenter_free(Augmenter *a) { (void)a; }
Status augment_work_new(AugmentWork **out) { *out = NULL; return OK; }
void augment_work_free(AugmentWork *w) { (void)w; }
Status augment_text(const Augmenter *a, AugmentWork *w, const char *text, size_t n, size_t *marks, size_t n_marks,
                    uint32_t seed, int64_t copy, const char **out, size_t *n_out)
{ (void)a, (void)w, (void)marks, (void)n_marks, (void)seed, (void)copy; *out = text; *n_out = n; return OK; }
