//! Making a plan: browsing once freezes the set and counts what an operator has to know before the replay.
//!
//! Redis gets only the digits of the letters; this process's memory does not grow with their number.

use super::{
    Plan,
    in_hand::InHand,
    maker::{Facts, Maker},
    options::Options,
    rate::Rate,
    start::Start,
    state::State,
};

use crate::{
    browse::{browser::Taken, filter::Filter, groups::Group, guarded::GuardedBrowser},
    error::{Error, Result},
    operation::{lease, new_id},
    repair::Repair,
    workspace::Workspace,
};
use pipeline::{stage::Stage, store};
use serde::Serialize;

/// Letters written down in one round trip.
const CHUNK: usize = 500;
/// Rows that one call of the form's interface takes.
const ROWS_PER_CALL: u64 = 100;

/// What a plan would do, before it does it.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
    /// What the letters died of.
    pub groups: Vec<Group>,
    /// Customers, estimated within 1 %.
    pub customers: u64,
    /// Letters whose customer has gone on in a newer state since, as far as is known.
    pub superseded: u64,
    /// Letters that stay where they are, because no snapshot of their customers is kept from which they could be mapped.
    pub not_kept: u64,
    /// Oldest and newest death, unix milliseconds.
    pub died_between: (i64, i64),
    /// What it will cost.
    pub cost: Cost,
    /// Who may hold letters that could not be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

/// Vendor calls that a replay causes when nothing turns out to be unchanged or superseded.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    /// Calls for the details of customers.
    pub detail_calls: u64,
    /// Write calls if every row is new.
    pub write_calls_at_least: u64,
    /// Write calls if every row is there already.
    pub write_calls_at_most: u64,
    /// Seconds at the given rate; `None`: as fast as the quotas allow.
    pub seconds: Option<u64>,
}

impl Cost {
    fn of(stage: Stage, repair: Option<&Repair>, letters: u64, rate: Option<Rate>) -> Self {
        let fetches = Start::of(stage, repair).fetches(stage);
        Self {
            detail_calls: if fetches { letters } else { 0 },
            write_calls_at_least: letters.div_ceil(ROWS_PER_CALL),
            write_calls_at_most: letters,
            seconds: rate.map(|rate| rate.time_for(letters).as_secs()),
        }
    }
}

/// Freezes the letters that the filter matches; `None` when there are none, and then nothing is left behind.
///
/// # Errors
/// When the broker or Redis is away; when the operator wants to stop, and then nothing is left behind.
pub async fn make(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
    progress: impl FnMut(u64),
) -> Result<Option<Preview>> {
    make_as(workspace, id(), filter, reason, repair, options, progress).await
}

/// The same with the letters still in hand, for who runs the plan at once: returning and taking them again costs seconds where
/// there are many. `None` beside the plan: they were too many, and are back.
///
/// # Errors
/// As [`make`].
pub async fn make_in_hand(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
    progress: impl FnMut(u64),
) -> Result<Option<(Preview, Option<GuardedBrowser>)>> {
    let mut in_hand = InHand::wanted();
    let made = make_with(
        &mut in_hand,
        workspace,
        id(),
        filter,
        (reason, repair, options),
        progress,
    )
    .await;
    let in_hand = in_hand
        .unless_failed(made.as_ref().is_ok_and(Option::is_some))
        .await;
    Ok(made?.map(|preview| (preview, in_hand)))
}

/// An id for a plan that is going to be made.
#[must_use]
pub fn id() -> String {
    new_id('p')
}

/// The same under an id of [`id`], for who has to name the plan before it is made.
///
/// # Errors
/// As [`make`].
pub async fn make_as(
    workspace: &Workspace,
    id: String,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
    progress: impl FnMut(u64),
) -> Result<Option<Preview>> {
    let how = (reason, repair, options);
    make_with(&mut InHand::default(), workspace, id, filter, how, progress).await
}

async fn make_with(
    in_hand: &mut InHand,
    workspace: &Workspace,
    id: String,
    filter: &Filter,
    (reason, repair, options): (&str, Option<Repair>, Options),
    progress: impl FnMut(u64),
) -> Result<Option<Preview>> {
    let lease = lease(workspace, &id).await?;
    let maker = Maker::begin(workspace, id, filter, reason, repair.as_ref(), &options).await?;
    let made = freeze(maker, filter, repair.as_ref(), &options, in_hand, progress).await;
    lease.release().await;
    made
}

/// Goes on with a plan whose making was interrupted: its filter is applied again, to the letters of now.
///
/// # Errors
/// As [`make`]; when somebody is making it.
pub async fn complete(
    workspace: &Workspace,
    plan: &Plan,
    progress: impl FnMut(u64),
) -> Result<Option<Preview>> {
    let Some(filter) = plan.chosen.clone().filter(|_| plan.belongs_to(workspace.stage)) else {
        let problem = words::tr!(
            "plan {} cannot be completed here; cancel it and make a new one",
            plan.id
        );
        return Err(Error::NotNow(problem));
    };
    let lease = lease(workspace, &plan.id).await?;
    workspace.plans().empty(&plan.id).await?;
    let maker = Maker::again(workspace, plan.id.clone());
    let in_hand = &mut InHand::default();
    let made = freeze(
        maker,
        &filter,
        plan.repair.as_ref(),
        &plan.options,
        in_hand,
        progress,
    )
    .await;
    lease.release().await;
    made
}

async fn freeze(
    mut maker: Maker<'_>,
    filter: &Filter,
    repair: Option<&Repair>,
    options: &Options,
    in_hand: &mut InHand,
    mut progress: impl FnMut(u64),
) -> Result<Option<Preview>> {
    let workspace = maker.workspace;
    maker.fetches = Start::of(workspace.stage, repair).fetches(workspace.stage);
    maker.from_kept = repair == Some(&Repair::Kept);
    let (mut seen, mut superseded) = (0, 0);
    let mut chunk = Vec::with_capacity(CHUNK);
    let browser = workspace.browse(words::text!("make a plan")).await?;
    let withheld = browser.withheld();
    let there = u64::from(browser.unseen());
    let mut visit = async |taken: Taken| {
        seen += 1;
        if !filter.is_full(maker.total + chunk.len() as u64) && filter.matches(&taken.letter) {
            maker.count(&taken.letter);
            chunk.push(Facts::of(&taken.letter));
        }
        if chunk.len() == CHUNK {
            superseded += maker.write(&mut chunk).await?;
            progress(seen);
        }
        // What lies behind the plan's last letter is not looked at.
        Ok(filter.go_on(maker.total + chunk.len() as u64))
    };
    let walked = in_hand.walk(browser, filter, &mut visit).await;
    if let Err(Error::Interrupted(_)) = &walked {
        workspace.plans().forget(&maker.id).await?;
    }
    walked?;
    superseded += maker.write(&mut chunk).await?;
    let Maker {
        id,
        groups,
        between,
        total,
        not_kept,
        ..
    } = maker;
    let unlooked = if filter.is_full(total) { there } else { 0 };
    let Some(plan) = ready(workspace, &id, total, unlooked.max(seen) - total).await? else {
        return Ok(None);
    };
    Ok(Some(Preview {
        cost: Cost::of(workspace.stage, repair, total, options.rate),
        customers: customers(workspace, &id).await?,
        plan,
        groups: groups.into_sorted(),
        superseded,
        not_kept,
        died_between: between,
        withheld,
    }))
}

/// The plan as it is from now on; `None`: it would have no letters, and is forgotten.
async fn ready(workspace: &Workspace, id: &str, total: u64, unmatched: u64) -> Result<Option<Plan>> {
    let plans = workspace.plans();
    if total == 0 {
        plans.forget(id).await?;
        return Ok(None);
    }
    let fields = [("total", total.to_string()), ("unmatched", unmatched.to_string())];
    plans.write(id, &fields).await?;
    plans.change(id, State::Planned, "", &[State::Making]).await?;
    let lost =
        || Error::NotNow(words::text!("the plan was lost while it was made; is Redis full?").to_owned());
    plans.load(id).await?.map(Some).ok_or_else(lost)
}

async fn customers(workspace: &Workspace, id: &str) -> std::result::Result<u64, store::Error> {
    let mut connection = workspace.rt.store.connection().await?;
    let key = workspace.rt.namespace.plan_keys(id).customers;
    let count = redis::cmd("PFCOUNT")
        .arg(key)
        .query_async(&mut *connection)
        .await?;
    Ok(count)
}
