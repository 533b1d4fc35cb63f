//! The life of one vendor call: outage, quota, scripted fault, the work itself, the answer. Both vendors go this way;
//! what differs sits behind `okki` and `jdy`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, Method, Uri, header, request::Parts};
use bytes::Bytes;

use super::faults::{FaultKind, Vendor};
use super::reply::{Ending, Reply};
use super::state::{State, lock};
use super::{jdy, okki};

/// A request as the vendors see it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub method: Method,
    uri: Uri,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    pub(super) fn new(parts: Parts, body: Bytes) -> Call {
        Call {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
        }
    }

    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    pub(super) fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// One parameter of the query string.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = url::form_urlencoded::parse(self.query().as_bytes());
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(super) fn authorization(&self) -> Option<&str> {
        self.headers.get(header::AUTHORIZATION)?.to_str().ok()
    }

    pub(super) fn is_form(&self) -> bool {
        let kind = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    }
}

/// Counts a request as in flight until it ends, also when the client goes away.
struct InFlight {
    state: Arc<State>,
    vendor: Vendor,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.state.traffic(self.vendor).leave();
    }
}

/// Answers one call to a vendor that arrived `now`.
pub(super) async fn serve_vendor(state: &Arc<State>, vendor: Vendor, call: Call, now: Instant) -> Ending {
    if lock(&state.faults).outage(vendor, now) {
        return Ending::Reset;
    }
    let operation = match vendor {
        Vendor::Okki => okki::operation(&call),
        Vendor::Jdy => jdy::operation(&call),
    };
    let in_flight = state.traffic(vendor).enter();
    let _guard = InFlight {
        state: state.clone(),
        vendor,
    };
    let arrival = state.stalls.arrival(now);
    let limited = match vendor {
        Vendor::Okki => okki::limit(state, &operation, arrival),
        Vendor::Jdy => jdy::limit(state, &call, &operation, in_flight, arrival),
    };
    let noted = (vendor == Vendor::Jdy)
        .then(|| jdy::note(state, &call, &operation))
        .flatten();
    let ending = match limited {
        Some(reply) => Ending::Answer(reply),
        None => {
            let text = || format!("{} {}", call.query(), String::from_utf8_lossy(&call.body));
            let fault = {
                let mut faults = lock(&state.faults);
                if faults.is_empty() {
                    None
                } else {
                    faults.decide(vendor, &operation, &text(), now)
                }
            };
            match state.strange.refusal(&operation, &call) {
                Some(code) => Ending::Answer(jdy::refuse(code, "")),
                None => perform(state, vendor, call, &operation, fault).await,
            }
        }
    };
    state.traffic(vendor).answered(&operation, &name(&ending));
    match ending {
        Ending::Answer(mut reply) => {
            let allowance = state.settings().okki.allowance.filter(|_| vendor == Vendor::Okki);
            let left = allowance.map(|allowance| state.traffic(vendor).left(allowance, Instant::now()));
            reply.left = left.or(reply.left);
            if let Some(note) = noted.filter(|_| reply.status == 400) {
                jdy::forget(state, &note);
            }
            Ending::Answer(reply)
        }
        Ending::Reset => Ending::Reset,
        // still in flight: ends with the client's patience, or with the simulator
        Ending::Hang => {
            state.stop.cancelled().await;
            Ending::Reset
        }
    }
}

fn name(ending: &Ending) -> Cow<'static, str> {
    match ending {
        Ending::Answer(reply) if reply.code == 0 && reply.status < 300 => "ok".into(),
        Ending::Answer(reply) if reply.code != 0 => reply.code.to_string().into(),
        Ending::Answer(reply) => reply.status.to_string().into(),
        Ending::Hang => "hang".into(),
        Ending::Reset => "reset".into(),
    }
}

/// How a fault bends the work itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bend {
    /// Write only so many rows of a batch.
    pub rows: Option<usize>,
    /// Wait between taking the request up and doing it.
    pub delay_ms: u64,
}

async fn perform(
    state: &Arc<State>,
    vendor: Vendor,
    call: Call,
    operation: &str,
    fault: Option<FaultKind>,
) -> Ending {
    let work = |bend| execute(state.clone(), vendor, call.clone(), bend);
    let plain = Bend::default();
    match fault {
        None => Ending::Answer(timed(state, vendor, call).await),
        Some(FaultKind::Status { status, commit }) => {
            if commit {
                work(plain).await;
            }
            Ending::Answer(Reply::gateway(status))
        }
        Some(FaultKind::Hang { commit }) => {
            if commit {
                work(plain).await;
            }
            Ending::Hang
        }
        Some(FaultKind::Reset { commit }) => {
            if commit {
                work(plain).await;
            }
            Ending::Reset
        }
        Some(FaultKind::Slow { ms }) => Ending::Answer(
            finished(work(Bend {
                delay_ms: ms,
                ..plain
            }))
            .await,
        ),
        Some(FaultKind::Malformed) => Ending::Answer(work(plain).await.cut()),
        Some(FaultKind::Partial { rows }) => Ending::Answer(
            work(Bend {
                rows: Some(rows),
                ..plain
            })
            .await,
        ),
        Some(FaultKind::Code {
            code,
            message,
            status,
        }) => {
            let mut reply = match vendor {
                Vendor::Okki => okki::refuse(&state.settings().okki, code, &message),
                Vendor::Jdy => jdy::refuse(code, &message),
            };
            reply.status = status.unwrap_or(reply.status);
            Ending::Answer(reply)
        }
        Some(FaultKind::LateCommit { ms }) => {
            tokio::spawn(work(Bend {
                delay_ms: ms,
                ..plain
            }));
            Ending::Hang
        }
        Some(FaultKind::Outage) => Ending::Reset,
        Some(FaultKind::Withheld) => {
            let mut released = state.strange.withheld();
            let work = work(plain);
            tokio::spawn(async move {
                if released.changed().await.is_ok() {
                    work.await;
                }
            });
            Ending::Hang
        }
        Some(FaultKind::LateAfterRefusal { ms, code }) => {
            state.strange.refuse_next(operation, &call, code);
            tokio::spawn(work(Bend {
                delay_ms: ms,
                ..plain
            }));
            Ending::Hang
        }
        Some(FaultKind::RefusedButDone { rows, code }) => {
            let rows = Some(rows);
            work(Bend { rows, ..plain }).await;
            Ending::Answer(jdy::refuse(code, ""))
        }
        Some(FaultKind::BentIds { ids }) => Ending::Answer(work(plain).await.with_ids(ids)),
        Some(FaultKind::BentCount { by }) => Ending::Answer(work(plain).await.with_count(by)),
        Some(FaultKind::Older { by_s }) => Ending::Answer(work(plain).await.older(by_s)),
        Some(FaultKind::Member { name, value }) => {
            Ending::Answer(work(plain).await.with_member(&name, &value))
        }
        Some(FaultKind::RetryLater {
            status,
            after_s,
            date,
        }) => Ending::Answer(Reply::retry_later(status, after_s, date)),
        Some(FaultKind::Odd { how }) => Ending::Answer(work(plain).await.odd(&how)),
    }
}

/// The work at the vendor's ordinary speed: half of the latency before it, half after.
async fn timed(state: &Arc<State>, vendor: Vendor, call: Call) -> Reply {
    let settings = state.settings();
    let latency = match vendor {
        Vendor::Okki => settings.okki.latency_ms,
        Vendor::Jdy => settings.jdy.latency_ms,
    };
    let work = execute(
        state.clone(),
        vendor,
        call,
        Bend {
            delay_ms: latency / 2,
            rows: None,
        },
    );
    if latency == 0 {
        return work.await;
    }
    finished(async move {
        let reply = work.await;
        tokio::time::sleep(Duration::from_millis(latency - latency / 2)).await;
        reply
    })
    .await
}

/// Work that is not stopped by a client that has gone: a real server would finish it too.
async fn finished(work: impl Future<Output = Reply> + Send + 'static) -> Reply {
    tokio::spawn(work).await.unwrap_or_else(|_| Reply::gateway(500))
}

async fn execute(state: Arc<State>, vendor: Vendor, call: Call, bend: Bend) -> Reply {
    match vendor {
        Vendor::Okki => {
            if bend.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(bend.delay_ms)).await;
            }
            okki::execute(&state, &call).await
        }
        Vendor::Jdy => jdy::execute(&state, &call, bend).await,
    }
}
