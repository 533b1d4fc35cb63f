//! The stages as the stream numbers them.

use crate::stage::Stage;
use proto::v1::EventStage;

/// The stage's number in the stream.
#[must_use]
pub const fn number(stage: Stage) -> EventStage {
    match stage {
        Stage::Extract => EventStage::Extract,
        Stage::Transform => EventStage::Transform,
        Stage::Load => EventStage::Load,
    }
}
