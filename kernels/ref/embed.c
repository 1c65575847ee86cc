/* kernels/ref/embed.c: sum of word, position and segment rows, and its gradient. */
#include "kernels/ref/ref.h"

Status ref_embed_fwd(void *dev, const EmbedArgs *a)
{
    (void)dev;
    const REAL *word = a->word, *position = a->position, *segment = a->segment;
    REAL       *y = a->y;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t c = 0; c < a->cols; c++) {
            double sum = word[a->ids[i] * a->cols + c];
            if (position) sum += position[a->positions[i] * a->cols + c];
            if (segment) sum += segment[a->segments[i] * a->cols + c];
            y[i * a->cols + c] = (REAL)sum;
        }
    return OK;
}

Status ref_embed_bwd(void *dev, const EmbedArgs *a)
{
    (void)dev;
    const REAL *dy = a->dy;
    REAL       *dword = a->dword, *dposition = a->dposition, *dsegment = a->dsegment;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t c = 0; c < a->cols; c++) {
            REAL g = dy[i * a->cols + c];
            if (dword) dword[a->ids[i] * a->cols + c] += g;
            if (dposition) dposition[a->positions[i] * a->cols + c] += g;
            if (dsegment) dsegment[a->segments[i] * a->cols + c] += g;
        }
    return OK;
}
