#include "data/report_read.h"

double report_number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

const char *report_string(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

double report_sum(const cJSON *o)
{
    double       sum = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, o) if (cJSON_IsNumber(v)) sum += v->valuedouble;
    return sum;
}

double report_share(double part, double whole) { return whole > 0 ? part / whole : 0; }

LabelRange report_label_range(const cJSON *labels)
{
    LabelRange   r = { .rarest = "" };
    const cJSON *l;
    cJSON_ArrayForEach(l, labels) {
        if (r.n == 0 || l->valuedouble < r.least) {
            r.least = l->valuedouble;
            r.rarest = l->string ? l->string : "";
        }
        if (l->valuedouble > r.most) r.most = l->valuedouble;
        r.n++;
    }
    return r;
}

/* [a, b], [a, b, {"similarity"}] or {"a", "b", "similarity"}; a and b are {"file", "line"}. */
bool report_finding(const cJSON *example, Finding *out)
{
    const cJSON *rows[2], *about = example;
    for (int i = 0; i < 2; i++) {
        rows[i] = cJSON_IsArray(example) ? cJSON_GetArrayItem(example, i)
                                         : cJSON_GetObjectItemCaseSensitive(example, i ? "b" : "a");
        if (!cJSON_IsObject(rows[i])) return false;
        out->files[i] = report_string(rows[i], "file");
        out->lines[i] = report_number(rows[i], "line");
    }
    if (cJSON_IsArray(example)) about = cJSON_GetArrayItem(example, 2);
    double similarity = cJSON_IsNumber(about) ? about->valuedouble : report_number(about, "similarity");
    out->similarity = similarity > 0 ? similarity : 1;
    return true;
}
