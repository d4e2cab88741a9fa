/* The words: one table per enum, one per kind of name.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/explain_words.h"

#include "base/assert.h"

static const struct words subject_kinds[SUBJECT_KIND_COUNT] = {
    [SUBJECT_KIND_USER] = {"이용자", "user"},
    [SUBJECT_KIND_ROOM] = {"오픈채팅방", "open chat room"},
    [SUBJECT_KIND_OPEN_PROFILE] = {"오픈프로필", "open profile"},
    [SUBJECT_KIND_REPORTER] = {"신고자", "reporter"},
};

static const struct words actor_kinds[ACTOR_KIND_COUNT] = {
    [ACTOR_KIND_ENGINE] = {"엔진", "the engine"},
    [ACTOR_KIND_TIMER] = {"기한 도래(타이머)", "a timer that fell due"},
    [ACTOR_KIND_REVIEWER] = {"검토자", "a reviewer"},
    [ACTOR_KIND_CUSTOMER_SERVICE] = {"고객센터", "customer service"},
    [ACTOR_KIND_AUTHORITY] = {"기관", "an authority"},
};

static const struct words actions[AUDIT_ACTION_COUNT] = {
    [AUDIT_ACTION_DECIDE] = {"결정", "decided"},
    [AUDIT_ACTION_END] = {"조치 종료", "ended a measure"},
    [AUDIT_ACTION_HOLD] = {"집행 보류: 사람의 확인을 기다림",
                           "held back until a person looks at it"},
    [AUDIT_ACTION_REFUSE] = {"받아들이지 않음", "refused"},
    [AUDIT_ACTION_OUTCOME] = {"신고·사건 처리 결과 확정", "settled how a report or case ended"},
    [AUDIT_ACTION_APPEAL] = {"이의신청·문의 처리", "dealt with an appeal or inquiry"},
    [AUDIT_ACTION_ERASE] = {"대상의 정보 삭제", "erased what is held of the subject"},
};

static const struct words lanes[LANE_COUNT] = {
    [LANE_ONE_STRIKE] = {"한 번의 위반으로 영구 제한",
                         "one strike: permanent at the first violation"},
    [LANE_LADDER] = {"단계적 제한", "ladder: step by step"},
    [LANE_AUTHORITY] = {"기관 요청", "on request of an authority"},
    [LANE_PROOF] = {"증빙 필요", "needs proof"},
    [LANE_CONTENT_FIRST] = {"게시물 우선 조치", "content first"},
    [LANE_PROTECTION] = {"이용자 보호", "user protection"},
    [LANE_HUMAN] = {"사람만 결정", "a person decides"},
    [LANE_NONE] = {"해당 없음", "none"},
};

static const struct words severities[SEVERITY_COUNT] = {
    [SEVERITY_LIGHT] = {"가벼움", "light"},
    [SEVERITY_SEVERE] = {"무거움", "severe"},
    [SEVERITY_CRITICAL] = {"매우 무거움", "critical"},
    [SEVERITY_NONE] = {"해당 없음", "none"},
};

static const struct words ledgers[LEDGER_COUNT] = {
    [LEDGER_CHAT] = {"채팅", "chat"},          [LEDGER_OPEN_CHAT] = {"오픈채팅", "open chat"},
    [LEDGER_PROFILE] = {"프로필", "profile"},  [LEDGER_BOARD] = {"게시판", "board"},
    [LEDGER_CHANNEL] = {"채널", "channel"},    [LEDGER_ROOM] = {"방", "room"},
    [LEDGER_REPORTER] = {"신고", "reporting"}, [LEDGER_NONE] = {"해당 없음", "none"},
};

static const struct words operations[RESTRICTION_OP_COUNT] = {
    [RESTRICTION_OP_APPLY] = {"적용", "applied"},
    [RESTRICTION_OP_CHANGE] = {"변경", "changed"},
    [RESTRICTION_OP_SHORTEN] = {"단축", "shortened"},
    [RESTRICTION_OP_EXTEND] = {"연장", "extended"},
    [RESTRICTION_OP_LIFT] = {"해제", "lifted"},
    [RESTRICTION_OP_REVERSE] = {"취소", "reversed"},
};

static const struct words states[DECISION_STATE_COUNT] = {
    [DECISION_STATE_SHADOW] = {"시험 실행(집행하지 않음)", "shadow run, not enforced"},
    [DECISION_STATE_HELD] = {"보류: 집행하지 않음", "held, not enforced"},
    [DECISION_STATE_PROVISIONAL] = {"잠정", "provisional"},
    [DECISION_STATE_IN_FORCE] = {"효력 있음", "in force"},
    [DECISION_STATE_SUSPENDED_BY_APPEAL] = {"이의신청으로 정지", "suspended by an appeal"},
    [DECISION_STATE_LIFTED] = {"해제됨", "lifted"},
    [DECISION_STATE_EXPIRED] = {"기간 만료", "expired"},
    [DECISION_STATE_REVERSED] = {"취소됨", "reversed"},
    [DECISION_STATE_SUPERSEDED] = {"다른 조치로 대체됨", "superseded"},
    [DECISION_STATE_FROZEN_MEMORIAL] = {"추모 계정으로 동결", "frozen, memorial account"},
    [DECISION_STATE_ERASED] = {"삭제됨", "erased"},
};

static const struct words sources[SOURCE_KIND_COUNT] = {
    [SOURCE_KIND_USER_REPORT_ILLEGAL] = {"이용자의 불법 정보 신고",
                                         "a user's report of something illegal"},
    [SOURCE_KIND_RIGHTS_CLAIM] = {"권리침해 신고", "a claim of infringed rights"},
    [SOURCE_KIND_IDENTITY_PROOF] = {"본인 확인 증빙", "a proof of identity"},
    [SOURCE_KIND_TRUSTED_FLAGGER] = {"신뢰할 수 있는 신고자", "a trusted flagger"},
    [SOURCE_KIND_USER_REPORT_POLICY] = {"이용자의 운영정책 위반 신고",
                                        "a user's report of a breach of the policy"},
    [SOURCE_KIND_BLOCK_REPORT] = {"차단과 함께 한 신고", "a report made when blocking"},
    [SOURCE_KIND_INSTITUTION_REPORT] = {"기관의 신고", "an institution's report"},
    [SOURCE_KIND_AUTHORITY_ORDER] = {"기관의 명령·요청", "an order or request of an authority"},
    [SOURCE_KIND_BEHAVIOUR_SIGNAL] = {"이용 행태 신호", "a signal of behaviour"},
    [SOURCE_KIND_INTERNAL_DETECTION] = {"내부 탐지", "internal detection"},
    [SOURCE_KIND_NONE] = {"없음", "none"},
};

static const struct words automations[AUTOMATION_COUNT] = {
    [AUTOMATION_FULL] = {"자동: 사람이 관여하지 않음", "automatic: no person took part"},
    [AUTOMATION_PARTIAL] = {"일부 자동: 사람이 확인함", "partly automatic: a person confirmed it"},
    [AUTOMATION_NONE] = {"수동: 사람이 조치를 정함", "not automatic: a person chose it"},
};

static const struct words forms[CONTENT_FORM_COUNT] = {
    [CONTENT_FORM_TEXT] = {"글", "text"},
    [CONTENT_FORM_IMAGE] = {"사진", "image"},
    [CONTENT_FORM_VIDEO] = {"동영상", "video"},
    [CONTENT_FORM_AUDIO] = {"음성", "audio"},
    [CONTENT_FORM_PRODUCT] = {"상품", "product"},
    [CONTENT_FORM_SYNTHETIC_MEDIA] = {"합성 미디어", "synthetic media"},
    [CONTENT_FORM_APP] = {"앱", "app"},
    [CONTENT_FORM_PROFILE] = {"프로필", "profile"},
    [CONTENT_FORM_ROOM] = {"방", "room"},
    [CONTENT_FORM_OTHER] = {"기타", "other"},
    [CONTENT_FORM_UNKNOWN] = {"알 수 없음", "unknown"},
};

static const struct words acts[ACT_KIND_COUNT] = {
    [ACT_KIND_CONSULT] = {"상담", "consulting"},
    [ACT_KIND_PROMOTE] = {"홍보", "promoting"},
    [ACT_KIND_ADVERTISE] = {"광고", "advertising"},
    [ACT_KIND_TRADE] = {"거래", "trading"},
    [ACT_KIND_OTHER] = {"기타", "other"},
    [ACT_KIND_UNKNOWN] = {"알 수 없음", "unknown"},
};

static const struct words answers[TRI_COUNT] = {
    [TRI_YES] = {"예", "yes"},
    [TRI_NO] = {"아니요", "no"},
    [TRI_UNKNOWN] = {"알 수 없음", "unknown"},
};

static const struct words languages[LANGUAGE_COUNT] = {
    [LANGUAGE_KO] = {"한국어", "Korean"},
    [LANGUAGE_EN] = {"영어", "English"},
    [LANGUAGE_OTHER] = {"그 밖의 언어", "another language"},
    [LANGUAGE_UNKNOWN] = {"알 수 없음", "unknown"},
};

static const struct words scopes[SCOPE_COUNT] = {
    [SCOPE_SEARCH_EXPOSURE] = {"검색 노출", "being found by search"},
    [SCOPE_RECOMMEND_EXPOSURE] = {"추천 노출", "being recommended"},
    [SCOPE_ID_QR_EXPOSURE] = {"ID·QR 노출", "being found by ID or QR code"},
    [SCOPE_PROFILE_DEFAULT_IMAGE] = {"프로필 사진 표시(기본 이미지로 변경)",
                                     "showing a profile picture (default shown instead)"},
    [SCOPE_COVER_HIDDEN] = {"커버 표시(숨김)", "showing a cover (hidden)"},
    [SCOPE_SEND] = {"메시지 보내기", "sending messages"},
    [SCOPE_SEND_TO_STRANGER] = {"친구가 아닌 이용자에게 보내기", "sending to non-friends"},
    [SCOPE_BULK_SEND] = {"대량 보내기", "sending in bulk"},
    [SCOPE_RECEIVE] = {"메시지 받기", "receiving messages"},
    [SCOPE_POST] = {"글쓰기", "posting"},
    [SCOPE_COMMENT] = {"댓글 쓰기", "commenting"},
    [SCOPE_CREATE_ROOM] = {"방 만들기", "creating rooms"},
    [SCOPE_CREATE_GROUP] = {"그룹채팅 만들기", "creating group chats"},
    [SCOPE_INVITE] = {"초대하기", "inviting others"},
    [SCOPE_BE_INVITED] = {"초대받기", "being invited"},
    [SCOPE_JOIN] = {"채팅방 참여", "joining rooms"},
    [SCOPE_OPEN_CHAT_USE] = {"오픈채팅 이용", "using open chat"},
    [SCOPE_FRIEND_ADD] = {"친구 추가", "adding friends"},
    [SCOPE_FRIEND_SEARCH] = {"친구 검색", "searching for friends"},
    [SCOPE_LIKE] = {"좋아요", "liking"},
    [SCOPE_CALL] = {"통화", "calling"},
    [SCOPE_CALENDAR_WRITE] = {"캘린더 쓰기", "writing to calendars"},
    [SCOPE_SUB_DEVICE] = {"보조 기기 이용", "using further devices"},
    [SCOPE_SIGNUP_VERIFY] = {"가입 인증", "verifying a sign-up"},
    [SCOPE_APP_RUN] = {"앱 실행", "running the app"},
    [SCOPE_LINKED_SERVICES] = {"연결된 서비스 이용", "using linked services"},
    [SCOPE_ALL] = {"전체 서비스 이용", "using the whole service"},
};

const struct words *words_of_symbol(const struct enum_type *type, int32_t value)
{
    const struct {
        const struct enum_type *type;
        const struct words *words;
    } tables[] = {
        {&enum_subject_kind, subject_kinds},
        {&enum_actor_kind, actor_kinds},
        {&enum_audit_action, actions},
        {&enum_lane, lanes},
        {&enum_severity, severities},
        {&enum_ledger, ledgers},
        {&enum_restriction_op, operations},
        {&enum_decision_state, states},
        {&enum_source_kind, sources},
        {&enum_automation, automations},
        {&enum_content_form, forms},
        {&enum_language, languages},
        {&enum_act_kind, acts},
        {&enum_tri, answers},
        {&enum_scope, scopes},
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        if (tables[i].type == type && value >= 0 && (uint32_t)value < type->count) {
            const struct words *words = &tables[i].words[value];
            return words->en == NULL ? NULL : words;
        }
    }
    return NULL;
}
