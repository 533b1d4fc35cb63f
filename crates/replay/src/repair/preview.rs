//! What a repair would do to the letters that a filter means, before anything is moved.

use super::{Assignment, Repair};
use crate::{
    browse::{browser::Taken, filter::Filter},
    error::Result,
    letter::{Letter, body, reveal::mask_json},
    workspace::Workspace,
};
use pipeline::form::FormReading;
use serde::Serialize;
use serde_json::Value;
use std::ops::ControlFlow;

/// What a repair would do.
#[derive(Debug, Default, Serialize)]
pub struct Preview {
    /// Letters that it fits.
    pub fitting: u64,
    /// Letters that would stay as they are.
    pub misfits: u64,
    /// Some of the first, before and after.
    pub samples: Vec<Sample>,
    /// Some of the second.
    pub unfit: Vec<Misfit>,
}

/// A letter before and after.
#[derive(Debug, Serialize)]
pub struct Sample {
    /// Its id.
    pub letter: String,
    /// What becomes of it.
    #[serde(flatten)]
    pub change: Shown,
}

/// What becomes of a letter.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// It is handled once more.
    Anew {
        /// With what.
        from: Origin,
    },
    /// Its values change.
    Cells {
        /// The body as it is.
        before: Value,
        /// The body as it would be.
        after: Value,
    },
}

/// What a letter is handled with once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A fresh detail.
    Fetch,
    /// The snapshot that the letter holds.
    Letter,
    /// The snapshot that is kept of its customer.
    Kept,
}

/// A letter that the repair does not fit.
#[derive(Debug, Serialize)]
pub struct Misfit {
    /// Its id.
    pub letter: String,
    /// Why.
    pub problem: String,
}

impl Repair {
    /// Changes of values; the form, as the loader has read it last, says what empty cells take.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn of_changes(workspace: &Workspace, changes: Vec<Assignment>) -> Result<Self> {
        let form = FormReading::last(&workspace.rt.store, &workspace.rt.namespace).await?;
        Ok(Self::Set(match form {
            Some(form) => changes.into_iter().map(|change| change.typed(&form)).collect(),
            None => changes,
        }))
    }
}

/// Looks what the repair would do, with at most `samples` examples of each kind, masked unless `reveal`.
///
/// # Errors
/// When the broker is away, or another operator browses for too long.
pub async fn preview(
    workspace: &Workspace,
    filter: &Filter,
    repair: &Repair,
    samples: usize,
    reveal: bool,
) -> Result<Preview> {
    let mut found = Preview::default();
    let browser = workspace.browse("preview").await?;
    let visit = async |Taken { letter, .. }: Taken| {
        if filter.matches(&letter) {
            let kept = repair.kept(&workspace.rt, [&letter]).await?;
            match repair.body_from(&letter, &kept) {
                Ok(repaired) => {
                    found.fitting += 1;
                    if found.samples.len() < samples {
                        found.samples.push(sample(&letter, &repaired, repair, reveal));
                    }
                }
                Err(problem) => {
                    found.misfits += 1;
                    if found.unfit.len() < samples {
                        let problem = problem.to_string();
                        found.unfit.push(Misfit {
                            letter: letter.record.id,
                            problem,
                        });
                    }
                }
            }
        }
        // All are the same to a mapping; but not of everybody a snapshot is kept.
        Ok(
            if repair.is_anew() && *repair != Repair::Kept && found.samples.len() == samples {
                ControlFlow::Break(())
            } else {
                filter.go_on(found.fitting + found.misfits)
            },
        )
    };
    browser.walk(visit).await?;
    Ok(found)
}

fn sample(letter: &Letter, repaired: &[u8], repair: &Repair, reveal: bool) -> Sample {
    let shown = |bytes: &[u8]| {
        let mut json = body::to_json(letter.kind(), bytes).unwrap_or_default();
        if !reveal {
            mask_json(&mut json);
        }
        json
    };
    let change = match repair.is_anew() {
        true => Shown::Anew {
            from: match repair {
                Repair::Kept => Origin::Kept,
                repair if repair.fetches(letter) => Origin::Fetch,
                _ => Origin::Letter,
            },
        },
        false => Shown::Cells {
            before: shown(&letter.body),
            after: shown(repaired),
        },
    };
    Sample {
        letter: letter.record.id.clone(),
        change,
    }
}
