//! The form's widgets: read at start and every ten minutes, and compared with what is going to be written.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::form::FormReading;
use pipeline::gate::Pause;
use pipeline::retry::Backoff;
use pipeline::service::Runtime;
use proto::v1::FormRecord;
use serde_json::json;
use tokio::sync::{Notify, watch};

use crate::jdy::form::{Form, Misfit};
use crate::jdy::types::Widget;
use crate::vendor::{Patience, Tried, Vendor};

/// A form changes when a person edits it.
const READ_EVERY: Duration = Duration::from_secs(600);
/// One reading may take this long before it is given up and begun again.
const READ_PATIENCE: Duration = Duration::from_secs(120);

/// What is known before the first record: the mapped widgets with their captions, and the widget of removals.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    /// Holds the company id.
    pub(crate) key_widget: Option<String>,
    /// Widget and caption of every mapped field.
    pub(crate) fields: Vec<(String, String)>,
    /// Marks removed customers.
    pub(crate) mark: Option<String>,
}

/// The form's widgets, read again and again.
pub(crate) struct FormWatch {
    runtime: Runtime,
    vendor: Vendor,
    expected: Expected,
    current: watch::Sender<Option<Arc<Form>>>,
    wanted: Notify,
    /// A record that did not fit; the stage goes on when it does.
    unfit: Mutex<Option<FormRecord>>,
    /// The first reading of the form showed a key widget that cannot hold the key.
    unusable: watch::Sender<Option<Misfit>>,
}

impl FormWatch {
    /// Nothing is read before [`FormWatch::watch`] or [`FormWatch::read`].
    pub(crate) fn new(runtime: Runtime, vendor: Vendor, expected: Expected) -> Arc<Self> {
        let current = watch::Sender::new(None);
        Arc::new(Self {
            runtime,
            vendor,
            expected,
            current,
            wanted: Notify::new(),
            unfit: Mutex::default(),
            unusable: watch::Sender::new(None),
        })
    }

    /// The form, once it has been read and fits.
    pub(crate) fn current(&self) -> Option<Arc<Form>> {
        self.current.borrow().clone()
    }

    /// Completes when the first reading shows a key widget that cannot hold the key: a setting is wrong, and no waiting
    /// mends that. When somebody changes the widget later, the stage pauses.
    pub(crate) async fn unusable_key(&self) -> Misfit {
        let mut unusable = self.unusable.subscribe();
        match unusable
            .wait_for(Option::is_some)
            .await
            .map(|misfit| misfit.clone())
        {
            Ok(Some(misfit)) => misfit,
            // The sender lives in `self`.
            _ => std::future::pending().await,
        }
    }

    /// There is a record and no form: pauses until there is one.
    pub(crate) fn want(&self) {
        self.runtime
            .gate
            .close(Pause::Configuration, "the form has not been read yet");
        self.wanted.notify_one();
    }

    /// A record does not fit the form: pauses until it does.
    pub(crate) fn misfit(self: &Arc<Self>, misfit: Misfit, record: FormRecord) {
        *self.unfit.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
        self.pause(&misfit);
    }

    /// Reads the form until the process ends; nothing is written before it fits.
    pub(crate) async fn watch(self: Arc<Self>) {
        self.runtime
            .gate
            .close(Pause::Configuration, "the form has not been read yet");
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        let mut first = true;
        loop {
            let read = self.read().await;
            if let Some(Err(misfit)) = &read
                && first
                && misfit.is_about_key()
            {
                self.unusable.send_replace(Some(misfit.clone()));
            }
            first &= read.is_none();
            let wait = match read {
                Some(Ok(())) if self.fits_again() => {
                    self.runtime.gate.open(Pause::Configuration);
                    backoff.reset();
                    READ_EVERY
                }
                Some(Ok(())) => backoff.next_delay(),
                Some(Err(misfit)) => {
                    self.pause(&misfit);
                    backoff.next_delay()
                }
                None => backoff.next_delay(),
            };
            tokio::select! {
                going = self.runtime.shutdown.sleep(wait) => if !going { return },
                () = self.wanted.notified() => {}
            }
        }
    }

    /// Reads the form once and compares it; `None` when it cannot be had.
    pub(crate) async fn read(&self) -> Option<Result<(), Misfit>> {
        let client = &self.vendor.client;
        let tried = self
            .vendor
            .insist_paused(&Patience::new(READ_PATIENCE), move || client.widgets())
            .await;
        let widgets = match tried {
            Tried::Done(widgets, _) => widgets,
            Tried::Refused(refusal, _) => {
                // The caller reads again; no probe could say more.
                let why = format!(
                    "the form cannot be read: Jiandaoyun answers {}",
                    refusal.describe()
                );
                self.runtime
                    .status
                    .set("form", json!({"fits": false, "problem": why}));
                self.runtime.gate.close(Pause::Configuration, why);
                return None;
            }
            Tried::Lost | Tried::Held => return None,
        };
        self.share_reading(&widgets).await;
        Some(
            Form::new(widgets, self.expected.key_widget.clone()).and_then(|form| {
                for (widget, label) in &self.expected.fields {
                    form.check_exists(widget, label)?;
                }
                if let Some(mark) = &self.expected.mark {
                    form.check_text(mark, "mark of removed customers")?;
                }
                self.runtime
                    .status
                    .set("form", json!({"widgets": form.len(), "fits": true}));
                self.current.send_replace(Some(Arc::new(form)));
                Ok(())
            }),
        )
    }

    /// For `transformer mapping check --live`; nothing here depends on it, so a Redis that is away is no reason to stop.
    async fn share_reading(&self, widgets: &[Widget]) {
        let (app_id, entry_id) = self.vendor.client.form();
        let reading = FormReading {
            app_id: app_id.to_owned(),
            entry_id: entry_id.to_owned(),
            read_at_ms: jiff::Timestamp::now().as_millisecond(),
            widgets: widgets.iter().map(Widget::neutral).collect(),
        };
        if let Err(error) = reading.keep(&self.runtime.store, &self.runtime.namespace).await {
            tracing::debug!(%error, "the form's reading is not kept for others");
        }
    }

    fn fits_again(&self) -> bool {
        let mut unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = match (&*unfit, self.current()) {
            (Some(record), Some(form)) => form.check(record).is_ok(),
            _ => true,
        };
        if fits {
            *unfit = None;
        }
        fits
    }

    fn pause(self: &Arc<Self>, misfit: &Misfit) {
        tracing::error!(problem = %misfit, "the form does not fit the mapping, nothing is written");
        self.runtime
            .status
            .set("form", json!({"fits": false, "problem": misfit.to_string()}));
        self.current.send_replace(None);
        let watch = Arc::clone(self);
        self.runtime
            .gate
            .close_until(Pause::Configuration, misfit.to_string(), move || {
                let watch = Arc::clone(&watch);
                async move { matches!(watch.read().await, Some(Ok(()))) && watch.fits_again() }
            });
    }
}
