/* model/arch/arch.h: the rows of the registry, one architecture a file. */
#ifndef MODEL_ARCH_ARCH_H
#define MODEL_ARCH_ARCH_H

#include "model/model.h"

extern const ArchDef arch_bert;       /* bert.c */

#endif
