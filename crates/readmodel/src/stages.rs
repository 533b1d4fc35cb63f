//! Stages as the file numbers them, which is as the stream does.

use pipeline::{events::stage_number, stage::Stage};

pub(crate) fn number(stage: Stage) -> i64 {
    i64::from(i32::from(stage_number(stage)))
}

pub(crate) fn of_number(number: i64) -> Option<Stage> {
    Stage::ALL
        .into_iter()
        .find(|stage| self::number(*stage) == number)
}
