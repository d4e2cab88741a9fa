/* The names that the engine itself gives: thresholds, reasons, rules, templates of the facts. Rules
 * of the policy file (s0.19, k4 and so on) are named after their source; their words are those of
 * the category.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/explain_words.h"

#include "base/assert.h"

struct named_words {
    const char *name;
    struct words words;
};

static const struct named_words checks[] = {
    {"confirm.score",
     {"사람 없이 확정하기 위한 라벨 점수", "label score to confirm without a person"}},
    {"confirm.reporters",
     {"사람 없이 확정하기 위한 신고자 수", "reporters to confirm without a person"}},
    {"hold.score", {"잠정 제한을 위한 라벨 점수", "label score to hold provisionally"}},
    {"hold.reporters", {"잠정 제한을 위한 신고자 수", "reporters to hold provisionally"}},
    {"ask.score", {"사람의 검토를 요청하기 위한 라벨 점수", "label score to ask a person"}},
    {"ask.reporters", {"사람의 검토를 요청하기 위한 신고자 수", "reporters to ask a person"}},
    {"burst.targets", {"하루 동안의 대상자 수", "people targeted within a day"}},
    {"burst.reporters", {"그 행위를 신고한 사람 수", "reporters of these acts"}},
    {"cluster.rooms", {"비슷한 메시지가 신고된 채팅방 수", "rooms with similar messages"}},
    {"cluster.reporters", {"비슷한 메시지의 신고자 수", "reporters of similar messages"}},
    {"requests.reporters",
     {"방에 대한 조치를 요청한 신고자 수", "reporters who ask for a measure"}},
    {"requests.institutions", {"조치를 요청한 기관 수", "institutions that ask for a measure"}},
    {"accumulation.reporters",
     {"기간 안에 신고한 서로 다른 신고자 수", "different reporters within the window"}},
    {"protection.reports",
     {"보호조치 중 접수된 서로 다른 신고자 수", "different reporters during the protection"}},
    {"protection.friend-adds", {"기간 안의 친구 추가 수", "friends added within the window"}},
    {"protection.joins", {"기간 안의 채팅방 참여 수", "rooms joined within the window"}},
    {"protection.rooms", {"기간 안에 만든 채팅방 수", "rooms created within the window"}},
    {"reporter.groundless", {"근거 없는 신고의 수", "groundless reports"}},
    {"reporter.permille",
     {"처리된 신고 중 근거 없는 신고의 비율(천분율)", "groundless per thousand decided reports"}},
    {"breaker.applied",
     {"이 유형에서 이번 시간에 이미 적용한 조치 수(이 수부터 보류)",
      "measures of this category applied this hour (from this many on they are held)"}},
};

static const struct named_words smaller_scopes[] = {
    {"none",
     {"새로 이용을 제한하지 않는 결정이므로 비교할 더 작은 범위가 없습니다.",
      "This decision takes no further function away, so there is no smaller scope to compare."}},
    {"none.given", /* none, of a measure */
     {"요청받은 조치나 앞선 조치를 그대로 따르므로 범위를 고를 여지가 없었습니다.",
      "The measure follows a request, or an earlier measure, as it stood: there was no scope to "
      "choose."}},
    {"smallest",
     {"해당 단계에서 가능한 가장 작은 조치입니다.", "This is the smallest measure that there is."}},
    {"active-strikes",
     {"유효한 이전 위반이 있어 그 다음 단계가 적용되었습니다. 더 작은 단계는 이미 거쳤습니다.",
      "Earlier violations still count, so the next step of the ladder applies; the smaller ones "
      "were "
      "taken already."}},
    {"severity",
     {"위반의 심각도 때문에 더 높은 단계에서 시작합니다.",
      "The severity of the violation starts at a higher step of the ladder."}},
    {"one-strike",
     {"명백한 불법 행위로서 한 번의 위반으로 전체 서비스를 영구 제한하는 유형입니다.",
      "A category of clearly illegal acts: one violation permanently closes the whole service."}},
    {"accumulation",
     {"다수의 신고가 누적되어 정책이 정한 범위만 제한하였습니다.",
      "Many reports came together; just the scopes that the policy sets for that are taken away."}},
    {"hold-until-person",
     {"사람이 확인할 때까지만 짧게 제한하며, 확인이 없으면 저절로 해제됩니다.",
      "It lasts only until a person has looked at it, and lifts by itself if nobody does."}},
    {"content",
     {"계정이 아니라 해당 게시물에만 조치하였습니다.",
      "It concerns the content alone and takes nothing from the account."}},
    {"ordered",
     {"기관이 명한 범위 그대로이며, 엔진이 범위를 고르지 않았습니다.",
      "The functions are those that the authority ordered; the engine did not choose them."}},
    {"protection",
     {"이용자를 보호하기 위한 조치로, 정책이 정한 최소한의 기능만 제한합니다.",
      "A protective measure: just the functions that the policy sets for protection."}},
    {"reduced",
     {"이의신청에 따라 사람이 조치를 줄였습니다.", "A person made the measure smaller on appeal."}},
    {"recomputed",
     {"유효한 위반이 달라져 단계를 다시 계산하였습니다.",
      "The violations that count have changed, so the step was worked out anew."}},
    {"memorial",
     {"추모 계정이므로 위반으로 세지 않았습니다.", "A memorial account: no strike is counted."}},
    {"no-ladder",
     {"이 영역에는 적용할 단계가 없어 위반으로 세지 않았습니다.",
      "No ladder applies to this area, so no strike is counted."}},
    {"no-weight",
     {"심각도에 따른 가중치가 없어 위반으로 세지 않았습니다.",
      "The severity carries no weight, so no strike is counted."}},
    {"stale",
     {"행위가 너무 오래되어 위반으로 세지 않았습니다.",
      "The act lies too far back, so no strike is counted."}},
    {"struck-before",
     {"같은 행위에 대하여 이미 위반을 세었습니다.",
      "The same act was counted as a strike before."}},
};

static const struct named_words rules[] = {
    {"e7", {"정책의 기본 규칙", "default rule of the policy"}},
    {"e7.wait",
     {"기다리는 기간 안에 근거가 모이지 않아 사건을 닫음",
      "the case closes: not enough came together while it waited"}},
    {"s0.9", {"이 운영정책의 적용 영역이 아님", "the area is not one that this policy covers"}},
    {"s0.15",
     {"사적인 대화에서 친구의 메시지는 신고 대상이 아님",
      "a friend's message in a private chat cannot be reported"}},
    {"s0.49",
     {"권리침해 신고: 게시물을 먼저 조치함",
      "a claim of infringed rights: the content comes first"}},
    {"s3.18",
     {"당사자 본인의 증빙이 있어야 하는 유형", "the proof of the person concerned is needed"}},
    {"f2", {"신고 없는 내용 판단은 하지 않음", "content is judged only where it was reported"}},
    {"f9",
     {"친구의 신고는 당사자의 증빙을 기다림",
      "a friend's report waits for the person's own proof"}},
    {"f15",
     {"이의신청 동안 조치를 멈추거나 다시 이어감",
      "the measure waits while an appeal is open, or goes on after it"}},
    {"f17", {"접수가 제한된 신고자의 신고", "the reporter's reports are not taken in"}},
    {"f25",
     {"도용이 증명된 계정의 보호", "the account is proved stolen and is held for its owner"}},
    {"f25.identity",
     {"도용된 계정의 본인이 확인됨", "the owner of the stolen account proved his identity"}},
    {"g1.subject",
     {"이 종류의 대상에는 의미가 없는 기록", "the record means nothing for a subject of this kind"}},
    {"i.4",
     {"이미 처리한 행위에 대한 신고", "the act was decided before: the report gets that outcome"}},
    {"i.7",
     {"판단의 처리 규칙: 해당하는 진행 중 사건이나 결정이 없음",
      "how verdicts are dealt with: there is no such open case or decision"}},
    {"i.9", {"선의의 신고임을 밝히지 않음", "the statement of good faith is missing"}},
    {"confirmed",
     {"사람이 위반을 확인하여 다른 조치로 이어짐",
      "the violation was confirmed and another measure takes its place"}},
    {"confirmed.no-strike",
     {"위반은 확인되었으나 더 제한하지 않음",
      "the violation was confirmed, but it restricts nothing"}},
    {"appeal.not-owner",
     {"방에 대한 이의신청은 현재 방장만 할 수 있음", "only the room's present owner may appeal for it"}},
    {"appeal.unknown",
     {"이의신청이 가리키는 결정이 없음", "the appeal names no decision that is kept"}},
    {"appeal.of-another",
     {"신고자는 자신의 신고 결과에 대해서만 이의를 신청할 수 있고, 다른 사람에 대한 결정은 다툴 수 없음",
      "a reporter appeals against the outcome of his report, not against a decision on somebody else"}},
    {"appeal.late", {"이의신청 기간이 지남", "the appeal came too late"}},
    {"appeal.repeated", {"같은 결정에 대한 두 번째 이의신청", "the decision was appealed before"}},
    {"appeal.reject", {"이의신청을 받아들이지 않음", "the appeal is rejected: the decision stays"}},
    {"appeal.overturn",
     {"이의신청을 받아들여 결정을 취소함", "the appeal is granted: the decision is reversed"}},
    {"b2.44-2",
     {"임시조치에 대한 게시자의 이의(정보통신망법 제44조의2)",
      "the poster objects to a temporary measure (Network Act 44-2)"}},
    {"b2.82-4",
     {"기관 요청 조치에 대한 이의(공직선거법 제82조의4)",
      "an objection to a measure of an authority (Election Act 82-4)"}},
    {"dispute.reversed", {"분쟁조정에서 결정이 취소됨", "the decision was reversed in a dispute"}},
    {"limit.appeals",
     {"진행 중인 이의신청 수가 상한에 이름", "as many appeals are open as may be kept"}},
    {"limit.reports",
     {"한 대상의 신고 수가 상한에 이름", "the subject has as many reports as may be kept"}},
    {"not-implemented",
     {"이 대상에는 의미가 없는 기록", "the record means nothing for this subject"}},
    {"expired", {"정해진 기간이 끝남", "the measure has reached its end"}},
    {"hold-expired",
     {"사람의 판단 없이 잠정 제한 기간이 끝남",
      "the provisional hold ran out before a person decided"}},
    {"proof-missing",
     {"기간 안에 증빙이 제출되지 않음", "no proof came within the time of the hold"}},
    {"not-established", {"확인 결과 위반이 인정되지 않음", "the violation was not established"}},
    {"recomputed",
     {"유효한 위반이 달라져 조치가 더는 필요하지 않음",
      "the violations that count have changed and no longer carry the measure"}},
    {"breaker",
     {"한 시간 동안의 조치 수가 상한에 이르러 사람의 확인을 기다림",
      "the cap on measures within an hour is reached: a person must look first"}},
    {"cause-reversed",
     {"원인이 된 방에 대한 결정이 취소됨", "the decision on the room behind it was reversed"}},
    {"claim-withdrawn", {"권리침해 신고가 철회됨", "the claim was withdrawn"}},
    {"authority-withdrawn", {"기관이 요청을 철회함", "the authority withdrew its request"}},
    {"objection-accepted", {"이의제기가 받아들여짐", "the objection was accepted"}},
    {"reviewer.lift", {"검토자가 해제함", "a reviewer lifted it"}},
    {"identity", {"본인 확인으로 보호조치를 완화함", "the identity was confirmed"}},
    {"protection.extended",
     {"보호조치 중 신고가 이어져 기간을 연장함", "reports went on during the protection"}},
    {"limit.restrictions",
     {"한 대상의 조치 수가 상한에 이르러 집행하지 않음",
      "the subject has as many restrictions as may be kept: not enforced"}},
    {"limit.strikes",
     {"한 대상의 위반 수가 상한에 이름", "the subject has as many strikes as may be kept"}},
    {"limit.cases",
     {"한 대상의 사건 수가 상한에 이름", "the subject has as many cases as may be kept"}},
    {"stale", {"행위가 너무 오래됨", "the act lies too far back"}},
    {"appeal.reduce", {"이의신청에 따라 조치를 줄임", "the measure is made smaller on appeal"}},
    {"dispute", {"분쟁조정에 따름", "a dispute was settled"}},
    {"content.measure", {"사람이 정한 게시물 조치", "a person's measure on content"}},
    {"proof.no-case",
     {"증빙에 해당하는 진행 중인 사건이 없음", "no open case is left for the proof"}},
    {"proof.no-measure",
     {"증빙으로 해제할 조치가 없음", "there is no measure that the proof could lift"}},
    {"k12.identity", {"본인 확인으로 해제함", "lifted: the identity was confirmed"}},
    {"k15", {"미성년자 보호조치 요청", "a requested protection of a minor"}},
    {"k15.end", {"미성년자 보호조치 종료 요청", "the protection of a minor was ended on request"}},
    {"f3", {"탈퇴에 따른 삭제", "erasure after withdrawal of the account"}},
    {"f3.rejoin",
     {"탈퇴 전의 제한을 재가입한 계정에 이어서 적용",
      "a restriction from before the withdrawal goes on after joining again"}},
    {"s3.30",
     {"문의 처리: 본인에게만 내용을 알림", "inquiry: only the person concerned is told anything"}},
    {"account.repeated", {"계정이 이미 그 상태임", "the account is in that state already"}},
    {"s3.48", {"추모 계정", "memorial account"}},
    {"s3.48.denied", {"추모 계정 전환이 받아들여지지 않음", "not made a memorial account"}},
    {"s4.7", {"장애·손해 접수", "report of an outage or damage"}},
    {"s3.18.unmasked",
     {"증빙의 개인정보가 가려지지 않음", "the proof shows personal data that must be masked"}},
    {"s3.18.not-own", {"본인이 요청한 증빙이 아님", "the proof is not the person's own"}},
    {"s3.18.not-accepted", {"증빙이 받아들여지지 않음", "the proof was not accepted"}},
    {"i.10", {"신고자 등급의 변경", "the reporter's class changes"}},
    {"i.15", {"사람이 영구 조치로 정함", "a person made the measure permanent"}},
    {"i.16", {"이의신청의 처리 규칙", "how appeals are dealt with"}},
    {"i.20", {"권리침해 신고의 처리 규칙", "how claims of rights are dealt with"}},
    {"i.21", {"기관 요청의 처리 규칙", "how requests of authorities are dealt with"}},
    {"i.24", {"미성년자 보호조치의 갱신 규칙", "how the protection of minors is renewed"}},
};

static const struct named_words facts[] = {
    {"facts.reported", {"신고된 내용을 근거로 함", "rests on what was reported"}},
    {"facts.reviewed", {"검토자의 확인을 근거로 함", "rests on what a reviewer found"}},
    {"facts.behaviour",
     {"내용이 아닌 이용 행태를 근거로 함", "rests on behaviour, not on content"}},
    {"facts.ordered", {"기관의 문서를 근거로 함", "rests on the document of an authority"}},
    {"facts.claimed",
     {"고객센터가 받아들인 권리침해 신고를 근거로 함",
      "rests on a claim that customer service accepted"}},
    {"facts.proved", {"본인의 증빙을 근거로 함", "rests on the proof of the person concerned"}},
    {"facts.requested",
     {"본인 또는 보호자의 요청을 근거로 함", "rests on a request of the person or a guardian"}},
    {"facts.appealed",
     {"이의신청·문의·분쟁 기록을 근거로 함",
      "rests on an appeal, an inquiry, a dispute or a report of harm"}},
    {"facts.account", {"계정의 변동을 근거로 함", "rests on a change of the account"}},
    {"facts.caused",
     {"다른 대상에 대한 결정이나 결과에서 이어짐(신고와 기준값은 그 결정에 있음)",
      "follows from a decision on another subject, which has the reports and "
      "thresholds"}},
    {"facts.timer", {"기한이 되어 이루어짐", "happened because a time was up"}},
};

static const struct words *find(const struct named_words *table, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_is(name, table[i].name)) {
            return &table[i].words;
        }
    }
    return NULL;
}

const struct words *words_of_check(struct bytes name)
{
    return find(checks, COUNT_OF(checks), name);
}

const struct words *words_of_smaller_scope(struct bytes name)
{
    return find(smaller_scopes, COUNT_OF(smaller_scopes), name);
}

const struct words *words_of_rule(struct bytes name)
{
    return find(rules, COUNT_OF(rules), name);
}

const struct words *words_of_facts(struct bytes name)
{
    return find(facts, COUNT_OF(facts), name);
}
