#include "common/policy/evidence.h"

#include <string.h>

#include "common/policy/condition.h"

/* Whoever is one of these to a record must not learn the code: it is to prove what the owner thinks of their work. */
#define WORKS_ON_IT                                                                                                    \
    (UINT32_C(1) << GJ_RELATION_ASSIGNEE | UINT32_C(1) << GJ_RELATION_WORKER | UINT32_C(1) << GJ_RELATION_SUBMITTER)

static const struct gj_field *code_of(const struct gj_kind *kind, const struct gj_transition *transition)
{
    for (size_t i = 0; i < transition->means_count; i++) {
        uint16_t at = transition->means[i].evidence_at;
        if (at != GJ_NO_INDEX && kind->fields[at].one_time) {
            return &kind->fields[at];
        }
    }
    return NULL;
}

const struct gj_field *gj_evidence_code(const struct gj_kind *kind, const struct gj_view *view)
{
    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *transition = &kind->transitions[i];
        const struct gj_field *code = code_of(kind, transition);
        if (code != NULL && ((transition->from >> view->state) & 1u) != 0 &&
            gj_conditions_broken(&transition->when, kind, view, NULL, NULL, 0) == NULL) {
            return code;
        }
    }
    return NULL;
}

bool gj_evidence_reader(const struct gj_field *code, const struct gj_view *view, const struct gj_actor *actor)
{
    return gj_who_matches(&code->open_to, view, actor) && (gj_view_relations(view, actor->user) & WORKS_ON_IT) == 0;
}

const struct gj_field *gj_evidence_field(
    const struct gj_kind *kind, const struct gj_transition *transition, const char *means)
{
    for (size_t i = 0; i < transition->means_count; i++) {
        if (strcmp(transition->means[i].code, means) == 0 && transition->means[i].evidence_at != GJ_NO_INDEX) {
            return &kind->fields[transition->means[i].evidence_at];
        }
    }
    return NULL;
}

bool gj_evidence_is(const struct gj_kind *kind, uint16_t field_at)
{
    for (size_t i = 0; i < kind->transition_count; i++) {
        for (size_t j = 0; j < kind->transitions[i].means_count; j++) {
            if (kind->transitions[i].means[j].evidence_at == field_at) {
                return true;
            }
        }
    }
    return false;
}

bool gj_evidence_media(const struct gj_field *field, const char *media_type)
{
    static const struct {
        uint8_t bit;
        const char *type;
    } known[] = {{GJ_MEDIA_IMAGE, "image/"}, {GJ_MEDIA_AUDIO, "audio/"}, {GJ_MEDIA_VIDEO, "video/"},
        {GJ_MEDIA_PDF, "application/pdf"}};
    uint8_t wanted = field->media == 0 ? GJ_MEDIA_IMAGE : field->media;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        bool family = known[i].type[strlen(known[i].type) - 1] == '/';
        bool same = family ? strncmp(media_type, known[i].type, strlen(known[i].type)) == 0
                           : strcmp(media_type, known[i].type) == 0;
        if ((wanted & known[i].bit) != 0 && same) {
            return true;
        }
    }
    return false;
}
