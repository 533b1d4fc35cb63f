//! The form's widgets: read at start and every ten minutes, and compared with what is going to be written.

mod gap;
mod records;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::form::FormReading;
use pipeline::gate::Pause;
use pipeline::retry::Backoff;
use pipeline::service::Runtime;
use proto::v1::FormRecord;
use serde_json::json;
use tokio::sync::{Notify, watch};

pub(crate) use self::records::Blame;
use crate::jdy::form::{Form, Misfit};
use crate::jdy::types::Widget;
use crate::ledger::Ledger;
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
    ledger: Ledger,
    vendor: Vendor,
    expected: Expected,
    current: watch::Sender<Option<Arc<Form>>>,
    wanted: Notify,
    /// The stage is paused because of the form, and not for another reason of the same name.
    paused: AtomicBool,
    /// A record that did not fit; the stage goes on when it does, or another one.
    unfit: Mutex<Option<(Misfit, FormRecord)>>,
    /// What has fitted the form as it is.
    fitting: Mutex<records::Fitting>,
    judged: Notify,
    /// The first reading of the form showed a key widget that cannot hold the key.
    unusable: watch::Sender<Option<Misfit>>,
    /// Rows were written while it was not right.
    gap: AtomicBool,
    suspected: gap::Suspected,
}

impl FormWatch {
    /// Nothing is read before [`FormWatch::watch`] or [`FormWatch::read`].
    pub(crate) fn new(runtime: Runtime, ledger: Ledger, vendor: Vendor, expected: Expected) -> Arc<Self> {
        let current = watch::Sender::new(None);
        Arc::new(Self {
            runtime,
            ledger,
            vendor,
            expected,
            current,
            wanted: Notify::new(),
            paused: AtomicBool::new(false),
            unfit: Mutex::default(),
            fitting: Mutex::default(),
            judged: Notify::new(),
            unusable: watch::Sender::new(None),
            gap: AtomicBool::new(false),
            suspected: gap::Suspected::default(),
        })
    }

    /// The form, once it has been read and fits.
    pub(crate) fn current(&self) -> Option<Arc<Form>> {
        self.current.borrow().clone()
    }

    /// Widget and caption of every mapped field, as a document names them.
    pub(crate) fn mapped(&self) -> &[(String, String)] {
        &self.expected.fields
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
        self.not_read();
        self.wanted.notify_one();
    }

    /// The form, read again when one of these records does not fit: it may have been changed together with the mapping.
    /// `None` when it cannot be had, or does not fit any record.
    pub(crate) async fn that_fits<'a>(
        &self,
        records: impl Iterator<Item = &'a FormRecord>,
    ) -> Option<Arc<Form>> {
        let form = self.current()?;
        let mut records = records;
        if records.all(|record| form.check(record).is_ok()) {
            return Some(form);
        }
        match self.read().await {
            Some(Ok(())) => self.current(),
            _ => None,
        }
    }

    /// Reads the form until the process ends; nothing is written before it fits.
    pub(crate) async fn watch(self: Arc<Self>) {
        self.not_read();
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
                    if self.paused.swap(false, Ordering::AcqRel) {
                        self.runtime.gate.open(Pause::Configuration);
                    }
                    backoff.reset();
                    READ_EVERY
                }
                Some(Ok(())) => {
                    self.note(self.clock().await, false).await;
                    backoff.next_delay()
                }
                Some(Err(misfit)) => {
                    self.current.send_replace(None);
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
        let began_ms = self.clock().await;
        let client = &self.vendor.client;
        let tried = self
            .vendor
            .insist_paused(&Patience::new(READ_PATIENCE), move || client.widgets())
            .await;
        let widgets = match tried {
            Tried::Done(widgets, _) => widgets,
            Tried::Refused(refusal, _) => {
                // The caller reads again; no probe could say more.
                let why = words::tr!(
                    "the form cannot be read: Jiandaoyun answers {}",
                    refusal.describe()
                );
                self.runtime
                    .status
                    .set("form", json!({"fits": false, "problem": why}));
                self.runtime.gate.close(Pause::Configuration, why);
                return None;
            }
            Tried::Lost | Tried::Held | Tried::Aside => return None,
        };
        self.share_reading(&widgets).await;
        let compared = self.compared(widgets);
        self.note(began_ms, compared.is_ok()).await;
        Some(compared.map(|form| {
            self.runtime
                .status
                .set("form", json!({"widgets": form.len(), "fits": true}));
            self.learn(form);
        }))
    }

    /// The form of these widgets, if it is as the mapping needs it.
    pub(crate) fn compared(&self, widgets: Vec<Widget>) -> Result<Form, Misfit> {
        let form = Form::new(widgets, self.expected.key_widget.clone())?;
        for (widget, label) in &self.expected.fields {
            form.check_exists(widget, label)?;
        }
        if let Some(mark) = &self.expected.mark {
            form.check_text(mark, words::text!("mark of removed customers"))?;
        }
        Ok(form)
    }

    /// For `transformer mapping check --live`; nothing here depends on it, so a Redis that is away is no reason to stop.
    async fn share_reading(&self, widgets: &[Widget]) {
        let (app_id, entry_id) = self.vendor.client.form();
        let reading = FormReading {
            app_id: app_id.to_owned(),
            entry_id: entry_id.to_owned(),
            read_at_ms: jiff::Timestamp::now().as_millisecond(),
            row_page: self.vendor.client.row_page(),
            widgets: widgets.iter().map(Widget::neutral).collect(),
        };
        if let Err(error) = reading.keep(&self.runtime.store, &self.runtime.namespace).await {
            tracing::debug!(%error, "the form's reading is not kept for others");
        }
    }

    /// What fitted another form proves nothing.
    fn learn(&self, form: Form) {
        let form = Arc::new(form);
        if self.current.send_replace(Some(Arc::clone(&form))) != Some(form) {
            *self.fitting.lock().unwrap_or_else(PoisonError::into_inner) = records::Fitting::default();
        }
    }

    fn not_read(&self) {
        self.runtime.gate.close(
            Pause::Configuration,
            words::text!("the form has not been read yet"),
        );
        // Only now: the watch opens what it finds closed, and would otherwise have looked before it was.
        self.paused.store(true, Ordering::Release);
    }

    fn fits_again(&self) -> bool {
        let mut unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = match (&*unfit, self.current()) {
            (Some((_, record)), Some(form)) => form.check(record).is_ok(),
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
        self.paused.store(true, Ordering::Relaxed);
        let watch = Arc::clone(self);
        self.runtime
            .gate
            .close_until(Pause::Configuration, misfit.to_string(), move || {
                let watch = Arc::clone(&watch);
                async move { watch.probe().await }
            });
    }

    /// Reads the form; when it does not fit the record, others may: some are taken to see.
    async fn probe(&self) -> bool {
        if !matches!(self.read().await, Some(Ok(()))) {
            return false;
        }
        if !self.fits_again() {
            let judged = self.judged.notified();
            self.runtime.gate.try_out(Pause::Configuration, true);
            judged.await;
            self.runtime.gate.try_out(Pause::Configuration, false);
            return false;
        }
        self.paused.store(false, Ordering::Relaxed);
        true
    }
}
