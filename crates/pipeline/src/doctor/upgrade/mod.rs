//! `doctor --upgrade`: what stands in the way of another version, before, while and after it is brought out.

mod kept;
mod order;
mod replicas;
mod waiting;

use super::{config::DoctorArgs, examine::in_time, finding::Finding};
use crate::{
    heartbeat::{self, Replica},
    service::Runtime,
    stage::Stage,
};

/// Examines what another version has to do with; nothing unless that was asked for.
pub async fn upgrade(rt: &Runtime, stage: Stage, args: DoctorArgs) -> Vec<Finding> {
    if !args.upgrade {
        return Vec::new();
    }
    let late = |what: &'static str| {
        move || {
            vec![Finding::risk(
                what,
                words::tr!("no answer in time"),
                words::tr!("repair what stands above, then ask again"),
            )]
        }
    };
    let (mut findings, messages, kept) = tokio::join!(
        in_time(who_runs(rt), late(words::mark!("versions"))),
        in_time(waiting::examine(rt, stage), late(words::mark!("messages"))),
        in_time(kept::examine(rt), late(words::mark!("kept in Redis"))),
    );
    findings.extend(messages);
    findings.extend(kept);
    findings
}

/// Which replicas run, what of them may not run at the same time, and who is next.
async fn who_runs(rt: &Runtime) -> Vec<Finding> {
    let heard = match heartbeat::replicas(&rt.store, &rt.namespace).await {
        Ok(heard) => heard.replicas,
        Err(error) => return vec![kept::unread(words::mark!("versions"), &error)],
    };
    let (silent, heard): (Vec<Replica>, Vec<_>) = heard.into_iter().partition(Replica::is_silent);
    let mut findings = vec![replicas::versions(&heard, &silent)];
    findings.extend(replicas::unheard(rt, &heard).await);
    findings.extend(order::mixed(&heard));
    findings.push(order::next(&heard));
    findings
}
