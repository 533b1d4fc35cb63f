//! The vendor simulator: OKKI and Jiandaoyun as one real HTTP server that also judges the result from outside.
//!
//! OKKI answers under `/v1/`, Jiandaoyun under `/api/`, and `/sim/` is the control side (see [`CONTROL_HELP`]).
//! Everything is counted: calls, answers, arrivals in every sliding second, violations of limits, requests in flight.
//!
//! ```text
//! settings, faults ─► call ─► okki (token, list, info)  ◄── world (generate, change)
//!                       └───► jdy (auth, create, …)     ──► forms ─► judge ◄── expected ◄── world
//! ```
//!
//! Cleaning is part of the truth: before mapping, control characters other than line feed and tab are dropped from
//! every text, then Unicode white space is trimmed from both ends. The generator makes texts that need it, and the
//! judge expects it done. An empty, null or missing cell are the same to the judge.
//!
//! Tests use it in process: [`Simulator::start`], then the methods of [`Simulator`]; processes and people use the
//! control side. Both do the same things.

mod call;
mod churn;
mod clock;
mod control;
mod customer;
pub mod dice;
mod expected;
mod faults;
mod generate;
mod handle;
mod jdy;
mod judge;
mod limits;
mod okki;
mod process;
mod reply;
mod server;
mod settings;
mod stalls;
mod state;
mod traffic;
mod vocabulary;
mod world;

pub use churn::Churn;
pub use control::CONTROL_HELP;
pub use customer::{Contact, Customer, Loose};
pub use expected::{Cells, LABELS};
pub use faults::{Fault, FaultKind, Ids, Oddity, Vendor};
pub use handle::{Options, Simulator};
pub use jdy::{
    APP_ID, ENTRY_ID, FormSpec, KEY_WIDGET, PushReport, TransactionReport, WidgetSpec, cell_widget, sign_push,
};
pub use judge::{Example, Examples, JudgeOptions, Judgement, Overruns, Stats, Tie};
pub use limits::Violation;
pub use okki::WebhookReport;
pub use process::SimulatorProcess;
pub use settings::{
    Allowance, AppSpec, AuthAnswer, Concurrent, FieldList, JdySettings, KeyRule, LifetimeFrom, LimitAnswer,
    Limiter, ListingSettings, OkkiSettings, Order, Poison, PushForm, PushSettings, Rewrite, Settings,
    SuccessCode, TelList, TimeForm, Totals, WebhookSettings,
};
pub use traffic::{CallReport, VendorReport};
pub use world::WorldError;

#[cfg(test)]
mod tests;
