/* data/clean/stopwords.c: words that say little by themselves, left out. The lists are ours: the words that only hold a
 * sentence together (articles, pronouns, prepositions, conjunctions, auxiliaries, particles), not what is frequent in
 * some collection; negations stay, as they turn a meaning round. */
#include <string.h>

#include "data/clean/clean_internal.h"

static const char *const english[] = {
    "a", "about", "above", "after", "again", "all", "also", "am", "among", "an", "and", "any", "are", "as", "at",
    "be", "because", "been", "before", "being", "below", "between", "both", "but", "by", "can", "could", "did", "do",
    "does", "doing", "down", "during", "each", "either", "else", "ever", "every", "few", "for", "from", "further",
    "had", "has", "have", "having", "he", "he'd", "he'll", "he's", "her", "here", "here's", "hers", "herself", "him",
    "himself", "his", "how", "how's", "i", "i'd", "i'll", "i'm", "i've", "if", "in", "into", "is", "it", "it's",
    "its", "itself", "just", "let's", "may", "me", "might", "more", "most", "must", "my", "myself", "of", "off", "on",
    "once", "only", "onto", "or", "other", "ought", "our", "ours", "ourselves", "out", "over", "own", "same", "shall",
    "she", "she'd", "she'll", "she's", "should", "since", "so", "some", "such", "than", "that", "that's", "the",
    "their", "theirs", "them", "themselves", "then", "there", "there's", "these", "they", "they'd", "they'll",
    "they're", "they've", "this", "those", "though", "through", "to", "too", "under", "until", "up", "upon", "us",
    "very", "was", "we", "we'd", "we'll", "we're", "we've", "were", "what", "what's", "when", "when's", "where",
    "where's", "whether", "which", "while", "who", "who's", "whom", "whose", "why", "why's", "will", "with", "within",
    "would", "yet", "you", "you'd", "you'll", "you're", "you've", "your", "yours", "yourself", "yourselves",
};

static const char *const chinese[] = {
    "一", "一些", "一个", "一种", "一样", "一直", "上", "下", "与", "与其", "且", "个", "中", "为", "为了", "为什么", "之", "之一", "也",
    "也是", "了", "于", "于是", "些", "人家", "什么", "仅", "从", "他", "他们", "他的", "以", "以及", "以便", "们", "但", "但是", "你", "你们",
    "你的", "使", "便", "俺", "倘若", "借", "假如", "先", "其", "其中", "其他", "其它", "再", "几", "则", "别的", "到", "即", "即使", "却",
    "又", "及", "及其", "只", "只是", "只有", "只要", "可", "可以", "可是", "各", "各个", "各自", "吗", "吧", "向", "否则", "呀", "呢",
    "和", "咱", "咱们", "哇", "哈", "哎", "哦", "哪", "哪个", "哪些", "哪里", "啊", "啦", "喂", "嗯", "嘛", "因", "因为", "因此", "在",
    "她", "她们", "她的", "如", "如何", "如果", "它", "它们", "它的", "宁可", "对", "对于", "将", "就", "就是", "尽管", "岂", "已", "已经",
    "并", "并且", "当", "很", "得", "怎", "怎么", "怎样", "总之", "或", "或者", "所", "所以", "才", "打", "把", "按", "按照", "据", "故",
    "既", "既然", "时", "是", "是的", "曾", "替", "有", "有些", "有的", "朝", "来", "极", "某", "某个", "某些", "此", "每", "每个", "比",
    "沿", "然后", "然而", "照", "由", "由于", "甚至", "用", "由此", "的", "的话", "着", "等", "等等", "管", "给", "经", "经过", "而",
    "而且", "而是", "能", "自", "自己", "至", "若", "虽", "虽然", "被", "要", "要是", "让", "许多", "诸", "该", "谁", "谁的", "起", "跟",
    "较", "过", "还", "还有", "还是", "这", "这个", "这些", "这儿", "这样", "这里", "连", "连同", "通过", "那", "那个", "那些", "那么", "那儿",
    "那样", "那里", "都", "除", "除了", "随", "随着", "非常", "靠", "顺", "首先", "地", "我", "我们", "我的", "您", "您的", "更", "最", "会",
    /* Two of them that the dictionary has as one word. */
    "我在", "你在", "他在", "她在", "我是", "你是", "他是", "她是", "这是", "那是", "都是", "我也", "我就", "我都", "你就", "他就", "有了", "到了",
    "是在", "是我", "是你", "是他", "都在", "也在", "还在", "会在", "就在", "都有", "也有", "我有", "你有", "他有", "我会", "你会", "他会", "我要",
    "你要", "他要", "我能", "你能", "我把", "我被", "我和", "你和", "他和",
};

typedef struct StopList { const char *name; const char *const *words; size_t n; } StopList;

static const StopList lists[] = {
    { "en", english, COUNT(english) },
    { "zh", chinese, COUNT(chinese) },
};

Status stopwords_parse(Step *s, const char *argument)
{
    for (const char *p = argument; *p;) {
        size_t n = strcspn(p, " ,"), i = 0;
        while (i < COUNT(lists) && !(strlen(lists[i].name) == n && memcmp(lists[i].name, p, n) == 0)) i++;
        if (n > 0 && i == COUNT(lists))
            return hint(fail(ERR_CONFIG, "%s: there is no list of stop words for \"%.*s\"", s->where, (int)n, p),
                        "en and zh are there; \"replace:\\\\b(?:these|those)\\\\b=>\" leaves out words of your own");
        if (n > 0) s->languages |= 1u << i;
        p += n + (p[n] != '\0');
    }
    if (s->languages) return OK;
    return hint(fail(ERR_CONFIG, "%s: stopwords names no language", s->where), "write \"stopwords:en zh\"");
}

/* Lower-case ASCII and a plain apostrophe; 0 when the word is longer than any of the lists. */
static size_t fold(const char *word, size_t n, char out[16])
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        bool curly = n - i >= 3 && memcmp(word + i, "\xE2\x80\x99", 3) == 0;
        if (m == 15) return 0;
        out[m++] = curly ? '\'' : word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] | 0x20) : word[i];
        if (curly) i += 2;
    }
    out[m] = '\0';
    return m;
}

static bool is_stop_word(uint32_t languages, const char *word, size_t n)
{
    char folded[16];
    if (!fold(word, n, folded)) return false;
    for (size_t l = 0; l < COUNT(lists); l++)
        for (size_t i = 0; (languages >> l & 1) && i < lists[l].n; i++)
            if (lists[l].words[i][0] == folded[0] && strcmp(lists[l].words[i], folded) == 0) return true;
    return false;
}

Status stopwords_run(const Step *s, StepWork *w)
{
    Rewrite *r = &w->rewrite;
    TRY(segmenter_start(&w->segmenter, r->text, r->n));
    for (Segment word = { 0 }; segmenter_next(&w->segmenter, &word);)
        if (word.word && is_stop_word(s->languages, r->text + word.begin, word.end - word.begin))
            TRY(rewrite_remove_word(r, word.begin, word.end));
    return OK;
}
