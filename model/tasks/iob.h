/* model/tasks/iob.h: tags that mark entities: "B-PER", "I-PER", "O".
 *
 * Read as the CoNLL scorer (Tjong Kim Sang & De Meulder 2003) and seqeval's default mode read them: an entity begins at B
 * or S, at I or E after O, and wherever the type changes; it ends at E or S, and before what begins another. L and U
 * are other spellings of E and S. So IOB1, IOB2 and IOBES all work, and a model's tags need not be consistent. */
#ifndef MODEL_TASKS_IOB_H
#define MODEL_TASKS_IOB_H

#include "core/options.h"

typedef enum IobMark { IOB_O, IOB_B, IOB_I, IOB_E, IOB_S } IobMark;

typedef struct Iob {
    StringList     types;              /* of entities, in the order of the tags that name them */
    unsigned char *marks;              /* (tags) IobMark */
    int32_t       *type_of;            /* (tags) -1 for O */
} Iob;

typedef struct IobEntity { int32_t type; int64_t begin, end; } IobEntity;      /* words begin .. end - 1 */

bool    iob_is(const StringList *tags);                /* every tag is O or has a prefix, and some has */
Status  iob_init(Iob *iob, const StringList *tags) MUST_USE;      /* of tags for which iob_is() holds */
void    iob_release(Iob *iob);
/* The entities of one sequence into out (n places); gives how many. */
int64_t iob_entities(const Iob *iob, const int32_t *tags, int64_t n, IobEntity *out);

#endif
