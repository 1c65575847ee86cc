/* model/arch/registry.c: the architectures. Adding one: a file beside this, a line here. */
#include <string.h>

#include "model/arch/arch.h"

static const ArchDef *const archs[] = { &arch_bert };

const ArchDef *arch_find(const char *name)
{
    for (size_t i = 0; i < COUNT(archs); i++)
        if (strcmp(archs[i]->name, name) == 0) return archs[i];
    return NULL;
}
