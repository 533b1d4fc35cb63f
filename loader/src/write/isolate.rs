//! A batch that did not land as a whole: completed, or divided until what is wrong with it stands alone.

use std::time::{Duration, Instant};

use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{MemberEnd, all};
use super::find::{Rows, Sighted};
use super::give_up::Refused;
use super::groups::{Groups, History};
use crate::failpoint;
use crate::jdy::codes::{self, Class};
use crate::jdy::types::Refusal;
use crate::ledger::{Kind, Member};

/// How often a batch that answers with fewer rows is sent again, the documented cure (docs/jiandaoyun-api.md §2.4).
const COMPLETIONS: u32 = 3;
/// Between two sends of rows that cannot be looked up, because there is no key widget.
const UNDIVIDED: Duration = Duration::from_secs(30);

impl Writer {
    /// Fewer rows than were sent: the same again, and when that does not help, each missing row on its own.
    pub(super) async fn incomplete(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        history: History,
    ) {
        let partial = history.partial + 1;
        metrics::counter!(names::LOADER_INCOMPLETE_BATCHES).increment(1);
        if partial <= COMPLETIONS {
            let wait = Duration::from_millis(200) * partial;
            if !work.patience.sleep(wait, &self.vendor.stopping).await {
                return groups.done(all(&members, &MemberEnd::Held));
            }
            let history = History {
                sent: true,
                partial,
                ..history
            };
            return groups.again(members, history);
        }
        let Some(recognition) = &work.recognition else {
            let why =
                words::text!("not all rows were stored, and without a key widget nobody can tell which");
            let ends = self.give_up(work, &members, "batch-incomplete", why).await;
            return groups.done(ends);
        };
        // One of the sends may be at work yet; what it stores must not be made a second time.
        if !work.patience.sleep(self.lateness(), &self.vendor.stopping).await {
            return groups.done(all(&members, &MemberEnd::Held));
        }
        let Sighted { members, rows, ended } = match self.find(work, recognition, members).await {
            Ok(sighted) => sighted,
            Err(members) => return groups.done(all(&members, &MemberEnd::Held)),
        };
        groups.done(ended);
        self.only_these(work, groups, members, history, &rows).await;
    }

    /// The vendor says that all rows are there, and these are all that can be seen: the others are sent once more, alone.
    pub(super) async fn only_these(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        mut history: History,
        found: &Rows,
    ) {
        let all = members.len();
        let missing = self.commit_found(work, groups, members, found).await;
        if let [alone] = &missing[..]
            && all == 1
        {
            let refused = Refused {
                refusal: &Refusal::not_stored(),
                first: history.refused_at(),
                last: Instant::now(),
                times: history.times + 1,
                unknown: false,
            };
            return groups.done(self.give_up_alone(work, alone, refused).await);
        }
        history.refused_at();
        let singles = missing.into_iter().map(|member| vec![member]).collect();
        self.divide(work, groups, singles, history, false).await;
    }

    /// A definite refusal: once more if it had no reason, else in halves until the bad row stands alone.
    pub(super) async fn rejected(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        mut history: History,
        refusal: &Refusal,
    ) {
        let (first, last) = (history.refused_at(), Instant::now());
        if members.len() > 1 {
            let companies = members.iter().map(|member| member.company.as_str());
            self.vendor.breaker.refused_together(Kind::Create, companies);
        }
        history.suspect |= refusal.class != Class::Row;
        history.times += refusal.times;
        if refusal.code == codes::SUBMISSION_FAILED && !history.retried {
            let history = History {
                retried: true,
                ..history
            };
            return groups.again(members, history);
        }
        if history.sent && work.recognition.is_some() {
            // An earlier send of the same rows may have got through.
            return match refusal.class {
                Class::Row => self.reconcile_late(work, groups, members, history).await,
                _ => {
                    self.look_and_divide(work, groups, members, history, refusal)
                        .await
                }
            };
        }
        if history.sent && !refusal.is_answer() {
            // Nobody can tell what has landed, so the rows cannot be sent in other company.
            return match work.patience.sleep(UNDIVIDED, &self.vendor.stopping).await {
                true => groups.again(members, history),
                false => groups.done(all(&members, &MemberEnd::Held)),
            };
        }
        let stood_alone = members.len() == 1;
        let Some(members) = self.unless_stored(work, groups, members).await else {
            return;
        };
        let refused = Refused {
            refusal,
            first,
            last,
            times: history.times,
            unknown: history.sent,
        };
        match &members[..] {
            [alone] if stood_alone => groups.done(self.give_up_alone(work, alone, refused).await),
            // All others are stored: it was refused in company, and has not been sent alone yet.
            [_] => self.divide(work, groups, vec![members], history, true).await,
            _ => self.halve(work, groups, members, history).await,
        }
    }

    /// The halves of a group that holds at least one bad row are sent next.
    pub(super) async fn halve(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        mut left: Vec<Member>,
        history: History,
    ) {
        metrics::counter!(names::LOADER_SPLITS).increment(1);
        let right = left.split_off(left.len().div_ceil(2));
        self.divide(work, groups, vec![left, right], history, true).await;
    }

    /// The parts are sent next, each under a new id. `refused`: there is a bad row among them.
    pub(super) async fn divide(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        mut parts: Vec<Vec<Member>>,
        history: History,
        refused: bool,
    ) {
        failpoint::hit("regroup-before").await;
        let live = work.live;
        if let Err(error) = self.ledger.regroup(&live.batch, &live.fence, &mut parts).await {
            let end = self.ledger_failed(&error);
            return groups.done(parts.iter().flat_map(|part| all(part, &end)).collect());
        }
        failpoint::hit("regroup-after").await;
        groups.split(parts, history, refused);
    }
}
