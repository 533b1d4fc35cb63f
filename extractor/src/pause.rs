//! From an OKKI error to a pause of the whole stage: for which reason, with which message, and with which probe.
//!
//! "An outage is not a failure": what would refuse every customer alike closes the gate, and a probe does what the work
//! needs until it succeeds: it lists, or fetches a detail. A refusal is confirmed before it counts as work for a person,
//! since a token may be refused for a second; then it is said once as an error.

use crate::{
    failure_scope::FailureScope,
    okki::{Client, Error, PageRequest, chain},
};
use futures::future::BoxFuture;
use pipeline::{gate::Pause, quota::Lane, service::Runtime};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// A refusal that stands for so long is not over by itself.
const CONFIRMED_AFTER: Duration = Duration::from_secs(5);

/// However long OKKI wants no calls, it is asked again after this time: the answer may have been one record's, or some proxy's.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// A refusal that stands may be followed by something else once, by chance.
const OTHERWISE: u32 = 2;

/// Asks whether the work could be done again.
type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// What could not be done, and how to find out that it can.
#[derive(Clone)]
struct Cause {
    what: &'static str,
    /// It is about customers that are listed.
    details: bool,
    probe: Probe,
}

#[derive(Clone)]
pub(crate) struct Pauses {
    rt: Runtime,
    client: Arc<Client>,
    /// Workers meet the same refusal together; one of them reports it.
    reporting: Arc<Mutex<()>>,
    /// OKKI wants no calls before.
    closed_until: Arc<Mutex<Option<Instant>>>,
}

impl Pauses {
    /// Starts without a pause.
    #[must_use]
    pub(crate) fn new(rt: Runtime, client: Arc<Client>) -> Self {
        Self {
            rt,
            client,
            reporting: Arc::default(),
            closed_until: Arc::default(),
        }
    }

    /// Pauses the stage because of `error`, which the listing ran into when it asked for a page of a part. Until that can be
    /// asked for again: another request may be answered all the time.
    pub(crate) fn pause(&self, what: &'static str, error: &Error, asked: Option<&(PageRequest, usize)>) {
        let client = Arc::clone(&self.client);
        let asked = asked.map(|(request, part)| (request.of_nobody(), *part));
        let is_unbounded = matches!(error, Error::Unbounded);
        let probe: Probe = Arc::new(move || {
            let (client, asked) = (Arc::clone(&client), asked.clone());
            Box::pin(async move {
                if let Some((request, part)) = asked {
                    let page = client.page_of(Lane::Live, &request, part).await?;
                    // That it answers is not what the work has failed for.
                    if is_unbounded && page.rows() > 0 {
                        return Err(Error::Unbounded);
                    }
                }
                client.answers().await
            })
        });
        let details = false;
        self.close(error, Cause { what, details, probe });
    }

    /// Pauses the stage because everybody's detail ends in `error`.
    pub(crate) fn pause_details(&self, error: &Error, scope: &Arc<FailureScope>) {
        let (scope, is_older) = (Arc::clone(scope), matches!(error, Error::Older { .. }));
        let probe: Probe = Arc::new(move || {
            let scope = Arc::clone(&scope);
            Box::pin(async move {
                match is_older {
                    true => scope.somebody_is_as_listed().await,
                    false => scope.somebody_is_answered().await,
                }
            })
        });
        let (what, details) = (words::text!("fetch a detail"), true);
        self.close(error, Cause { what, details, probe });
    }

    fn close(&self, error: &Error, cause: Cause) {
        // A limited rate is kept by the quota that all replicas share, which lets a call through now and then.
        if let (Error::Outage(_), Some(wait)) = (error, error.retry_after()) {
            let client = Arc::clone(&self.client);
            tokio::spawn(async move {
                if let Err(error) = client.keep_off(wait).await {
                    let error = pipeline::cause::logged(&error);
                    tracing::debug!(error, "shared quota does not know for how long nobody calls");
                }
            });
            let mut until = lock(&self.closed_until);
            *until = (*until).max(Instant::now().checked_add(wait));
        }
        match error {
            Error::Store(error) => self.rt.redis_lost(error),
            // Live work goes on.
            Error::Quota(error) if error.live_goes_on_until().is_some() => {}
            Error::Quota(pipeline::quota::Error::Store(error)) => self.rt.redis_lost(error),
            error if error.is_definite() => self.needs_person(Pause::Credentials, error, cause),
            Error::Auth { .. } | Error::Permission { .. } => self.suspect(error, cause),
            // Listed and not shown: a privilege that was lost.
            Error::NotFound { .. } if cause.details => self.suspect(error, cause),
            Error::Business { .. } => self.needs_person(Pause::Configuration, error, cause),
            Error::RateLimited { .. } | Error::Closed { .. } | Error::Quota(_) => {
                self.until_answered(Pause::Quota, error, cause, None);
            }
            Error::Outage(_)
            | Error::Garbled(_)
            | Error::Shape(_)
            | Error::Unnamed(_)
            | Error::Unbounded
            | Error::Another { .. }
            | Error::Older { .. }
            | Error::NotFound { .. } => {
                self.until_answered(Pause::Outage, error, cause, None);
            }
        }
    }

    /// An outage at first; work for a person when it stands.
    fn suspect(&self, error: &Error, cause: Cause) {
        if self.stands(Pause::Credentials) {
            self.needs_person(Pause::Credentials, error, cause);
        } else {
            self.until_answered(Pause::Outage, error, cause, Some(Instant::now()));
        }
    }

    fn needs_person(&self, reason: Pause, error: &Error, cause: Cause) {
        let _one_at_a_time = lock(&self.reporting);
        let detail = cause.detail(error);
        if !self.stands(reason) {
            tracing::error!(
                reason = reason.name(),
                error = detail,
                "cannot {} until a person acts",
                cause.what
            );
        }
        let (pauses, others) = (self.clone(), Arc::new(AtomicU32::new(0)));
        self.rt.gate.close_until(reason, detail, move || {
            let (pauses, cause, others) = (pauses.clone(), cause.clone(), Arc::clone(&others));
            async move {
                match pauses.try_again(&cause, true).await {
                    Ok(()) => true,
                    Err(error) if cause.is_refusal(&error) || matches!(error, Error::Business { .. }) => {
                        others.store(0, Ordering::Relaxed);
                        pauses.rt.gate.tell(reason, cause.detail(&error));
                        false
                    }
                    Err(error) => {
                        let is_so = others.fetch_add(1, Ordering::Relaxed) + 1 >= OTHERWISE;
                        is_so && pauses.fails_now(reason, &error, &cause)
                    }
                }
            }
        });
    }

    /// A probe fails in this way: whoever reads why nothing goes on has to read the way of now. `true`: another pause stands
    /// for it.
    fn fails_now(&self, reason: Pause, error: &Error, cause: &Cause) -> bool {
        let now = match error {
            // Those have pauses of their own, or none.
            Error::Store(_) | Error::Quota(pipeline::quota::Error::Store(_)) => return false,
            Error::Quota(error) if error.live_goes_on_until().is_some() => return false,
            Error::RateLimited { .. } | Error::Closed { .. } | Error::Quota(_) => Pause::Quota,
            _ => Pause::Outage,
        };
        if now == reason {
            self.rt.gate.tell(reason, cause.detail(error));
            return false;
        }
        self.until_answered(now, error, cause.clone(), None);
        true
    }

    /// Until the probe succeeds, or meets nothing but refusals for long enough, since `refused`.
    fn until_answered(&self, reason: Pause, error: &Error, cause: Cause, refused: Option<Instant>) {
        let (pauses, refused) = (self.clone(), Arc::new(Mutex::new(refused)));
        self.rt.gate.close_until(reason, cause.detail(error), move || {
            let (pauses, cause, refused) = (pauses.clone(), cause.clone(), Arc::clone(&refused));
            async move {
                let renew = lock(&refused).is_some();
                match pauses.try_again(&cause, renew).await {
                    Ok(()) => true,
                    Err(error) if cause.is_refusal(&error) => {
                        let since = *lock(&refused).get_or_insert_with(Instant::now);
                        let confirmed = since.elapsed() >= CONFIRMED_AFTER;
                        match confirmed {
                            true => pauses.needs_person(Pause::Credentials, &error, cause),
                            false => pauses.rt.gate.tell(reason, cause.detail(&error)),
                        }
                        confirmed
                    }
                    Err(error) => {
                        *lock(&refused) = None;
                        pauses.fails_now(reason, &error, &cause)
                    }
                }
            }
        });
    }

    /// One probe, not before OKKI wants calls again.
    async fn try_again(&self, cause: &Cause, renew: bool) -> Result<(), Error> {
        let silent_until = Instant::now() + LONGEST_SILENCE;
        while let Some(until) = self.closed_until()
            && until.min(silent_until) > Instant::now()
        {
            tokio::time::sleep_until(until.min(silent_until)).await;
        }
        let answered = async {
            if renew {
                // A scope that was granted meanwhile is in new tokens only.
                self.client.renew_token().await?;
            }
            (cause.probe)().await
        };
        let answered = answered.await;
        match &answered {
            Ok(()) => *lock(&self.closed_until) = None,
            Err(error) => tracing::debug!(error = pipeline::cause::logged(error), "okki probe"),
        }
        answered
    }

    fn closed_until(&self) -> Option<Instant> {
        *lock(&self.closed_until)
    }

    fn stands(&self, reason: Pause) -> bool {
        self.rt.gate.pauses().iter().any(|pause| pause.reason == reason)
    }
}

impl Cause {
    fn detail(&self, error: &Error) -> String {
        match error {
            Error::NotFound { message } if self.details => words::tr!(
                "{}: okki lists customers and shows none of them: {message} (has the application lost its privilege?)",
                self.what
            ),
            error => format!("{}: {}", self.what, chain(error)),
        }
    }

    fn is_refusal(&self, error: &Error) -> bool {
        error.needs_person() || (self.details && matches!(error, Error::NotFound { .. }))
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
