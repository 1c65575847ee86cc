#include "data/tokenizer/train/train_internal.h"
Status unigram_train(Trainer *t) { (void)t; return fail(ERR_UNSUPPORTED, "unigram"); }
